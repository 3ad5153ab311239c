"""LUDB: the cardiologists' remarks in the header comments onto the nine core statements.

Source: Kalyakulina et al., LUDB, IEEE Access 8:186181 (2020).
"""

from collections.abc import Sequence
from pathlib import Path

from ecgcore.datasets.entry import Annotation, age_or_none, core_targets
from ecgcore.datasets.files import comment_value, header_comments, sex_or_none
from ecgcore.datasets.further import from_remarks

# Beginning of a remark (lower case) -> project code.  "STEMI" begins no "supp.NSTEMI" remark.
PRESENT = {
    "rhythm: atrial fibrillation": "AF",
    "i degree av block": "IAVB",
    "complete left bundle branch block": "LBBB",
    "complete right bundle branch block": "RBBB",
    "atrial extrasystole": "PAC",
    "ventricular extrasystole": "PVC",
    "stemi": "STE",
}
# Words anywhere in a remark (lower case) -> what a missing statement then cannot be told of.
MASKED_BY = {
    "atrial flutter": ("AF",),
    "incomplete right bundle branch block": ("RBBB",),
    "incomplete left bundle branch block": ("LBBB",),
    "ischemia": ("STD",),
    "nstemi": ("STD", "STE"),
    "overload": ("STD",),
    "repolarization": ("STD",),
    "early repolarization": ("STE",),
    "pacing": ("LBBB", "STD", "STE"),
}
NORMAL = {"rhythm: sinus rhythm", "electric axis of the heart: normal"}


def targets(remarks: Sequence[str]) -> tuple[float, ...]:
    """Return the nine targets of a record with these remarks (a full stop at the end or not)."""
    lines = {remark.lower().rstrip(". ") for remark in remarks}
    present = {code for line in lines for start, code in PRESENT.items() if line.startswith(start)}
    masked = {
        code for line in lines for words, codes in MASKED_BY.items() if words in line
        for code in codes
    }  # fmt: skip
    if lines == NORMAL:
        present.add("SNR")
    return core_targets(present, masked)


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records named ``data/N``, read from their headers.

    Raises
    ------
    DatasetError
        If a header is missing.
    """
    return [_annotation(folder / record) for record in records]


def _annotation(path: Path) -> Annotation:
    comments = header_comments(path)
    remarks = [line for line in comments if line and not line.startswith("<")]
    return Annotation(
        targets(remarks),
        age_or_none(comment_value(comments, "<age>")),
        sex_or_none(comment_value(comments, "<sex>")),
        from_remarks(remarks),
    )
