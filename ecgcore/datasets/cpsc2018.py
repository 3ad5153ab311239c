"""CPSC 2018, lead I: one class a record (folder cpsc2018_lead1).

The challenge's records can carry a second, rarer label that is lost here: a negative is likely,
not certain.

Source: Liu et al., J Med Imaging Health Inform 8:1368 (2018).
"""

from collections.abc import Sequence
from pathlib import Path

from ecgcore.datasets.challenge2021 import CLASSES
from ecgcore.datasets.entry import Annotation, annotation_of, core_targets
from ecgcore.datasets.files import read_rows
from ecgcore.errors import DatasetError


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records (``REFERENCE.csv``: record, label).

    Raises
    ------
    DatasetError
        If the label file is missing, or lacks a column or a record, or a class is unknown.
    """
    found = {
        row["record"]: Annotation(_targets(row["label"]))
        for row in read_rows(folder / "REFERENCE.csv", ("record", "label"))
    }
    return [annotation_of(found, "cpsc2018_lead1", r, "REFERENCE.csv") for r in records]


def _targets(label: str) -> tuple[float, ...]:
    if label not in CLASSES:
        raise DatasetError(
            f"REFERENCE.csv: the class {label!r} is unknown; possible are {', '.join(CLASSES)}."
        )
    return core_targets({CLASSES[label]}, ())
