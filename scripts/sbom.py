"""Write the bill of materials: everything this software is made of, as CycloneDX 1.6 in JSON.

    .venv/bin/python -m scripts.sbom --out build/sbom.cdx.json

Packages with version, licence and the hashes of the locks; the networks with the digest and the
licences of their cards; the viewer's plotly.min.js. The same tree gives the same bytes. Exit
status 1 where the result does not fit the schema.
"""

import argparse
import hashlib
import sys
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from ecgcore.evaluation.model_folder import weights_licence
from ecgcore.inference.card import WEIGHTS_FILE, ModelCard
from scripts.licences import WEIGHTS, cards, licence_of
from scripts.pins import APP, CUDA, DEV, ROOT, TORCH, Pin, read_pins

_SPACE = uuid.UUID("5c0ae0f4-6f0c-5d5a-9d0a-3b1f3f1d6f3e")
_SCOPES = {
    APP: ComponentScope.REQUIRED,
    TORCH: ComponentScope.REQUIRED,
    CUDA: ComponentScope.OPTIONAL,
    DEV: ComponentScope.EXCLUDED,
}
_licences = LicenseFactory()


def bill() -> Bom:
    """Return the bill of materials of this tree."""
    itself = _project()
    parts = [*_packages(), *map(_network, cards()), _viewer()]
    bom = Bom(components=parts, metadata=BomMetaData(component=itself))
    bom.register_dependency(itself, parts)
    return bom


def rendered(bom: Bom) -> str:
    """Return the JSON text; neither time nor chance is in it.

    The serial number is made from the content, and CycloneDX asks for no time.
    """
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.serial_number = uuid.UUID(int=0)
    content = JsonV1Dot6(bom).output_as_string(indent=1)
    bom.serial_number = uuid.uuid5(_SPACE, content)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def faults(text: str) -> list[str]:
    """Return what does not fit the schema of CycloneDX 1.6."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return [] if found is None else [str(found)]


def _project() -> Component:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Component(
        name=told["name"],
        version=told["version"],
        description=told["description"],
        type=ComponentType.APPLICATION,
        bom_ref="ecgcore",
        licenses=_licence(told["license"]),
    )


def _packages() -> Iterator[Component]:
    for lock, scope in _SCOPES.items():
        for pin in read_pins(lock):
            yield _package(pin, scope)


def _package(pin: Pin, scope: ComponentScope) -> Component:
    purl = PackageURL("pypi", None, pin.name, pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        scope=scope,
        licenses=_licence(licence_of(pin)),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def _network(card: ModelCard) -> Component:
    """Return the component of one model folder; the card's digest is the file's."""
    actual = hashlib.sha256((WEIGHTS / card.full_name / WEIGHTS_FILE).read_bytes()).hexdigest()
    if actual != card.weights_sha256:
        raise SystemExit(
            f"{card.full_name}: {WEIGHTS_FILE} is not the file that its card describes."
        )
    return Component(
        name=card.full_name,
        version=card.version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"weights/{card.full_name}",
        description=card.intended_use,
        licenses=_licence(weights_licence(card).replace(" ", "-")),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=actual)],
        properties=[
            Property(name=f"data:{source.name}", value=f"{source.title} ({source.licence})")
            for source in card.data
        ],
    )


def _viewer() -> Component:
    """Return the component of the JavaScript that the page loads: it lies in plotly's wheel."""
    content = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    banner = content[:200].decode("utf-8")
    version = banner.partition("plotly.js v")[2].split()[0]
    purl = PackageURL("npm", None, "plotly.js", version)
    return Component(
        name="plotly.min.js",
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=_licence("MIT"),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())],
    )


def _licence(expression: str) -> list[License]:
    return [_licences.make_from_string(expression)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the bill and check it against the schema."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "sbom.cdx.json")
    out = parser.parse_args(arguments).out
    text = rendered(bill())
    wrong = faults(text)
    for fault in wrong:
        print(fault)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    print(f"{out}: {text.count('bom-ref')} components")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
