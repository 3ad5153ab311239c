"""Write the kept figures anew, and print what changes: old, new.

.venv/bin/python -m tests.golden.make [--write]
"""

import argparse
import gzip
import json
import math
from pathlib import Path

from tests.golden.figures import Figures, differences, figures_of
from tests.golden.records import CHECKED, RECORDS

KEPT = Path(__file__).parent / "figures.json.gz"
TOLERANCE = 1e-4


def main() -> None:
    """Make every record's figures, print the differences, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    old = load_kept() if KEPT.exists() else {}
    new = {}
    for name, make in RECORDS.items():
        new[name] = plain(figures_of(make(), checked=name in CHECKED))
        for line in differences(old.get(name, {}), new[name], TOLERANCE):
            print(f"{name}: {line}")  # noqa: T201 - a command
    if args.write:
        text = json.dumps(new, sort_keys=True, separators=(",", ":"))
        # Without a date, so that the same figures are the same file.
        KEPT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def load_kept() -> dict[str, Figures]:
    """Return the kept figures by record and name."""
    found: dict[str, Figures] = json.loads(gzip.decompress(KEPT.read_bytes()))
    return found


def plain(figures: Figures) -> Figures:
    """Return figures as they are kept: seven digits, None where not finite."""
    return {
        name: None if value is None or not math.isfinite(value) else float(f"{value:.7g}")
        for name, value in figures.items()
    }


if __name__ == "__main__":
    main()
