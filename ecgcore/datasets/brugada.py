"""Brugada-HUCA: the pattern on the resting ECG; none of the nine statements is labelled.

Source: Costa Cortez and Garcia Iglesias, Brugada-HUCA, PhysioNet (2024), ``metadata.csv``.
"""

from collections.abc import Sequence
from pathlib import Path

from ecgcore.datasets.entry import Annotation, annotation_of
from ecgcore.datasets.files import read_rows
from ecgcore.datasets.further import from_brugada


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records named ``files/PATIENT/PATIENT``.

    Raises
    ------
    DatasetError
        If the label file is missing, or lacks a column or a record.
    """
    rows = read_rows(folder / "metadata.csv", ("patient_id", "basal_pattern", "brugada"))
    found = {
        f"files/{row['patient_id']}/{row['patient_id']}": Annotation(
            further=from_brugada(row["basal_pattern"], row["brugada"])
        )
        for row in rows
    }
    return [annotation_of(found, "brugada", record, "metadata.csv") for record in records]
