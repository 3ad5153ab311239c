"""The bill of materials: whole, valid, and the same from the same tree."""

import hashlib
import json

import pytest

from scripts.pins import APP, CUDA, DEV, ROOT, TORCH, read_pins

pytest.importorskip("cyclonedx", reason="locks/dev.txt is not installed")
from scripts import sbom


@pytest.fixture(scope="module")
def text() -> str:
    return sbom.rendered(sbom.bill())


@pytest.fixture(scope="module")
def components(text):
    return {part["bom-ref"]: part for part in json.loads(text)["components"]}


def test_it_fits_the_schema_and_does_not_depend_on_the_time(text):
    assert sbom.faults(text) == []
    assert sbom.rendered(sbom.bill()) == text
    assert "timestamp" not in json.loads(text)["metadata"]


def test_what_does_not_fit_is_told(text):
    broken = json.loads(text)
    broken["components"][0]["type"] = "poem"
    assert sbom.faults(json.dumps(broken))


def test_every_pinned_package_is_in_it_with_version_licence_and_hashes(components):
    for lock in (APP, TORCH, CUDA, DEV):
        for pin in read_pins(lock):
            part = components[f"pkg:pypi/{pin.name}@{pin.version}"]
            assert {h["content"] for h in part["hashes"]} == set(pin.hashes)
            assert part["licenses"]


def test_the_networks_are_in_it_with_the_digests_of_their_files(components):
    for folder in sorted((ROOT / "weights").iterdir()):
        part = components[f"weights/{folder.name}"]
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        assert part["hashes"] == [{"alg": "SHA-256", "content": digest}]
        sources = json.loads((folder / "card.json").read_text())["data"]
        assert {p["name"] for p in part["properties"]} == {f"data:{s['name']}" for s in sources}
        assert part["licenses"] == [
            {"license": {"id": "CC-BY-SA-4.0" if (folder / "LICENSE").exists() else "MIT"}}
        ]


def test_the_viewers_script_and_the_project_are_in_it(text, components):
    (script,) = [part for part in components.values() if part["name"] == "plotly.min.js"]
    assert script["version"] not in ("", "7.1.0")
    assert json.loads(text)["metadata"]["component"]["name"] == "ecgcore"


def test_the_command_writes_it(tmp_path, capsys):
    out = tmp_path / "deep" / "sbom.json"
    assert sbom.main(["--out", str(out)]) == 0
    assert json.loads(out.read_text())["specVersion"] == "1.6"
    assert "components" in capsys.readouterr().out
