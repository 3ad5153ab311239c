"""Write docs/licences.md and the LICENSE files of weights/.

    .venv/bin/python -m scripts.licences

Package licences are what the installed packages say of themselves, in SPDX's words; those of the
networks follow from their cards. Exit status 1 where a package is under a GPL or AGPL.
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from ecgcore.evaluation.model_folder import weights_licence, write_licence
from ecgcore.inference.card import CARD_FILE, ModelCard, read_card
from scripts.pins import APP, CUDA, DEV, ROOT, TORCH, Pin, read_pins

DOCUMENT = ROOT / "docs" / "licences.md"
WEIGHTS = ROOT / "weights"
_TABLE = Path(__file__).with_suffix(".toml")
_STRONG = re.compile(r"A?GPL(-|v|$)", re.IGNORECASE)
_WEAK = re.compile(r"\b(LGPL|MPL|EPL|CDDL)-", re.IGNORECASE)
_HEAD = "| Package | Version | Licence |\n| --- | --- | --- |"


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


def licence_of(pin: Pin) -> str:
    """Return a package's licence as an SPDX expression.

    Raises
    ------
    LookupError
        If neither the installed package nor the table says it.
    """
    stated = _table()["stated"]
    found = stated.get(pin.name) or stated.get(pin.name.partition("-")[0])
    if found is not None:
        return found
    try:
        told = metadata(pin.name)
    except PackageNotFoundError:
        raise LookupError(f"{pin.name} is not installed, and no licence is stated.") from None
    given = [told.get("License-Expression"), (told.get("License") or "").strip()]
    given += [c.split(" :: ")[-1] for c in told.get_all("Classifier", []) if "License ::" in c]
    # What older tools write where a package names no licence.
    for words in given:
        if words in (None, "", "UNKNOWN"):
            continue
        spdx = _table()["words"].get(words, words)
        if re.fullmatch(r"[A-Za-z0-9.+() -]+", spdx) and len(spdx) < 120:
            return spdx
    raise LookupError(f"{pin.name} states no licence that is known here.")


def is_forbidden(licence: str) -> bool:
    """Say whether a licence would put this project under the GPL or AGPL."""
    alternatives = re.split(r"\s+OR\s+|\s+AND\s+", licence.replace("(", "").replace(")", ""))
    return any(_STRONG.match(one) and " WITH " not in one for one in alternatives)


def is_weak_copyleft(licence: str) -> bool:
    """Say whether changes of that package itself must be published."""
    return _WEAK.search(licence) is not None


def cards() -> list[ModelCard]:
    """Return the cards of all networks in the repository, by name."""
    return [read_card(path.parent) for path in sorted(WEIGHTS.glob(f"*/{CARD_FILE}"))]


def document() -> str:
    """Return the text of docs/licences.md."""
    app = sorted([*read_pins(APP), *read_pins(TORCH)], key=lambda pin: pin.name)
    dev, cuda = read_pins(DEV), read_pins(CUDA)
    parts = [
        "# Licences",
        "Made by `make licences` from what the packages say of themselves; not edited by hand. "
        "This project is under the MIT licence. No package is under the GPL or AGPL.",
        _weak_words([*app, *dev]),
        "## What the app needs",
        _rows(app),
        "Libraries inside these wheels:",
        "\n".join(f"- {name}: {words}" for name, words in sorted(_table()["inside"].items())),
        "The viewer uses `plotly.min.js` out of plotly's own wheel (MIT).",
        "## What a CUDA build of torch brings",
        "NVIDIA's own licence lets them be used and passed on with software that needs them.",
        _rows(cuda),
        "## What tests and checks need",
        _rows(dev),
        "## Networks",
        "Under the MIT licence, or, where one learned from Brugada-HUCA, under CC BY-SA 4.0: "
        "its folder has a `LICENSE` that says so.",
        _networks(),
        "## Small tables in the code",
        _table()["fitted"]["words"],
    ]
    return "\n\n".join(parts) + "\n"


def _weak_words(pins: Sequence[Pin]) -> str:
    weak = [f"{pin.name} ({licence_of(pin)})" for pin in pins if is_weak_copyleft(licence_of(pin))]
    return (
        f"Changes of the package itself must be published for: {', '.join(weak)}. None is changed."
    )


def _rows(pins: Sequence[Pin]) -> str:
    return "\n".join([_HEAD, *(f"| {p.name} | {p.version} | {licence_of(p)} |" for p in pins)])


def _networks() -> str:
    lines = ["| Folder | Licence | Learned from |", "| --- | --- | --- |"]
    for card in cards():
        sources = "; ".join(f"{source.title} ({source.licence})" for source in card.data)
        lines.append(f"| {card.full_name} | {weights_licence(card)} | {sources} |")
    return "\n".join(lines)


def main() -> int:
    """Write the files; say what is forbidden."""
    every = [pin for lock in (APP, TORCH, DEV, CUDA) for pin in read_pins(lock)]
    bad = [f"{pin.name}: {licence_of(pin)}" for pin in every if is_forbidden(licence_of(pin))]
    for card in cards():
        write_licence(card, WEIGHTS / card.full_name)
    DOCUMENT.write_text(document(), encoding="utf-8")
    for line in bad:
        print(f"forbidden: {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
