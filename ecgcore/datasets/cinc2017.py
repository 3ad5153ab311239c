"""CinC Challenge 2017: hand-held single lead, N, A, O or ~ as targets of the nine statements.

The challenge's own four classes are a task of their own; ``~`` (unreadable) tells nothing here.

Source: Clifford et al., Computing in Cardiology 2017.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from ecgcore.datasets.entry import MASKED, Annotation, annotation_of, core_targets
from ecgcore.errors import DatasetError
from ecgcore.statements import CORE_CODES

_NOT_AF = tuple(code for code in CORE_CODES if code != "AF")

# Class -> targets.  LABELS: A = AF; N = no AF and SNR; O = no AF, everything else masked.
TARGETS = {
    "A": core_targets({"AF"}, tuple(code for code in _NOT_AF if code != "SNR")),
    "N": core_targets({"SNR"}, tuple(code for code in _NOT_AF if code != "SNR")),
    "O": core_targets((), _NOT_AF),
    "~": MASKED,
}


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records (``REFERENCE-v3.csv``, without a header line).

    Raises
    ------
    DatasetError
        If the label file is missing, or lacks a record, or a class is unknown.
    """
    name = "REFERENCE-v3.csv"
    try:
        with (folder / name).open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"The label file {name} cannot be read: {error}.") from None
    found: dict[str, Annotation] = {}
    for row in rows:
        if len(row) < 2 or row[1] not in TARGETS:
            raise DatasetError(
                f"{name}: the row {','.join(row)!r} has no class; a record and one of "
                f"{', '.join(TARGETS)} are needed."
            )
        found[row[0]] = Annotation(TARGETS[row[1]])
    return [annotation_of(found, "cinc2017", r, name) for r in records]
