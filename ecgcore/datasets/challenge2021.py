"""PhysioNet Challenge 2020/21: the ``Dx:`` comment onto the nine core statements.

``Dx:`` holds SNOMED CT codes, or in many of the cpsc_2018 records the class name itself.

Source: Reyna et al., Computing in Cardiology 2021.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from ecgcore.datasets.entry import Annotation, age_or_none, core_targets
from ecgcore.datasets.files import comment_value, header_comments, sex_or_none
from ecgcore.datasets.further import from_snomed
from ecgcore.statements import CORE_CODES, codes_of

# Class name of CPSC 2018 -> project code.
CLASSES = {
    "Normal": "SNR",
    "AF": "AF",
    "I-AVB": "IAVB",
    "LBBB": "LBBB",
    "RBBB": "RBBB",
    "PAC": "PAC",
    "PVC": "PVC",
    "STD": "STD",
    "STE": "STE",
}
SINUS_RHYTHM = "426783006"
# SNOMED CT code -> project code; sinus rhythm is left out: SNR asks what stands beside it.
PRESENT = codes_of((code for code in CORE_CODES if code != "SNR"), "snomed")

AXIS = ("39732003", "47665007")  # left, right axis deviation
RATE = ("426177001", "427084000", "426627000", "3424008")  # slow and fast, sinus or unspecified
T_WAVE = ("164934002", "59931005", "251259000")  # abnormal, inverted, high T
REMARKS = (*AXIS, *RATE, *T_WAVE)

# Ischaemia: unspecified, acute, chronic, anterior, inferior, lateral.
ISCHAEMIA = ("164861001", "413444003", "413844008", "426434006", "425419005", "425623009")
NONSPECIFIC_ST_T = "428750005"
ST_CHANGE = "55930002"

# Project code -> SNOMED CT codes beside which a missing statement means "cannot tell".
MASKED_BY: dict[str, tuple[str, ...]] = {
    "AF": ("164890007",),  # atrial flutter
    "RBBB": ("713426002",),  # incomplete
    "LBBB": ("251120003",),  # incomplete
    "IAVB": ("164947007",),  # prolonged PR interval
    "STD": (*ISCHAEMIA, NONSPECIFIC_ST_T, ST_CHANGE),
    "STE": ("164865005", NONSPECIFIC_ST_T, ST_CHANGE),  # myocardial infarction
}


def targets(diagnoses: Collection[str], *, only_positives: bool = False) -> tuple[float, ...]:
    """Return the nine targets of a record.

    Parameters
    ----------
    diagnoses : collection of str
        SNOMED CT codes or CPSC class names.
    only_positives : bool
        True where what is not coded may still be there (the ptb folder): masked, not absent.
    """
    codes = set(diagnoses)
    named = {CLASSES[code] for code in codes if code in CLASSES}
    present = named | {PRESENT[code] for code in codes if code in PRESENT}
    masked = {code for code, by in MASKED_BY.items() if codes.intersection(by)}
    if SINUS_RHYTHM in codes:
        beside = codes - {SINUS_RHYTHM}
        if not beside:
            present.add("SNR")
        elif beside.issubset(REMARKS):
            masked.add("SNR")
    return core_targets(present, CORE_CODES if only_positives else masked)


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records named ``source/NAME``, read from their headers.

    Raises
    ------
    DatasetError
        If a header is missing.
    """
    return [_annotation(folder / record, record.split("/")[0]) for record in records]


def _annotation(path: Path, source: str) -> Annotation:
    comments = header_comments(path)
    diagnoses = [word.strip() for word in comment_value(comments, "Dx").split(",")]
    return Annotation(
        targets(diagnoses, only_positives=source == "ptb"),
        age_or_none(comment_value(comments, "Age")),
        sex_or_none(comment_value(comments, "Sex")),
        # CPSC's own folder knows nine classes and no more; ptb's codes are not complete.
        from_snomed(diagnoses, complete=source in ("ptb-xl", "cpsc_2018_extra")),
    )
