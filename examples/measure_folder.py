"""Measure every recording of a folder: one line of a CSV each, with a reason where there is none.

python examples/measure_folder.py FOLDER measured.csv
"""

import csv
import sys
from pathlib import Path

from ecgcore.errors import EcgError
from ecgcore.measure import measure
from ecgcore.readers import find_recordings, read

NAMES = ("heart_rate", "pr", "qrs", "qt", "qtc_fridericia", "qrs_axis")


def main(folder: str, out: str) -> None:
    with Path(out).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", *NAMES, "remark"])
        writer.writeheader()
        for path in find_recordings(folder):
            writer.writerow({"file": str(path), **row_of(str(path))})


def row_of(path: str) -> dict[str, str]:
    try:
        result = measure(read(path))
    except EcgError as error:
        return {"remark": str(error)}
    row, reasons = {}, []
    for name in NAMES:
        found = result.measurement(name)
        if found is None:
            continue
        if found.value is None:
            reasons.append(f"{name}: {found.reason}")
        else:
            row[name] = f"{found.value:.0f}"
    return row | {"remark": " ".join(reasons)}


if __name__ == "__main__":
    main(*sys.argv[1:])
