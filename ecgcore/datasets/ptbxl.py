"""PTB-XL: SCP statements onto the nine core statements (folders ptbxl and ptbxl_extra).

A statement is present when it is coded, whatever its likelihood.

Source: Wagner et al., PTB-XL, Scientific Data 7:154 (2020).
"""

import ast
from collections.abc import Collection, Sequence
from pathlib import Path

from ecgcore.datasets.entry import Annotation, age_or_none, annotation_of, core_targets
from ecgcore.datasets.files import read_rows
from ecgcore.datasets.further import from_scp
from ecgcore.errors import DatasetError
from ecgcore.statements import CORE_CODES, codes_of

# SCP code -> project code; NORM is left out, because SNR also asks what stands beside it.
PRESENT = codes_of((code for code in CORE_CODES if code != "SNR"), "scp")

ISCHAEMIA = ("ISC_", "ISCAL", "ISCAN", "ISCAS", "ISCIL", "ISCIN", "ISCLA")
INJURY = ("INJAL", "INJAS", "INJIL", "INJIN", "INJLA")
INFARCTION = ("AMI", "ALMI", "ASMI", "IMI", "ILMI", "IPLMI", "IPMI", "LMI", "PMI")

# Project code -> SCP codes beside which a missing statement means "cannot tell", not "absent".
MASKED_BY: dict[str, tuple[str, ...]] = {
    "AF": ("AFLT",),
    "IAVB": ("LPR",),
    "RBBB": ("IRBBB",),
    "LBBB": ("ILBBB", "PACE"),
    "PAC": ("BIGU", "TRIGU", "PRC(S)"),
    "PVC": ("BIGU", "TRIGU", "PRC(S)"),
    "STD": (*ISCHAEMIA, *INJURY, "NST_", "DIG", "EL", "NDT", "PACE"),
    "STE": (*INFARCTION, *INJURY, "NST_", "PACE"),
}

SEX = {"0": "male", "1": "female"}


def targets(scp_codes: Collection[str]) -> tuple[float, ...]:
    """Return the nine targets of a record with these SCP statements."""
    codes = set(scp_codes)
    present = {PRESENT[code] for code in codes if code in PRESENT}
    masked = {code for code, by in MASKED_BY.items() if codes.intersection(by)}
    if "NORM" in codes:
        (present if codes <= {"NORM", "SR"} else masked).add("SNR")
    return core_targets(present, masked)


def annotate(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of records named as in ``filename_hr`` (or ``filename_lr``).

    Raises
    ------
    DatasetError
        If the label file is missing, or lacks a column or a record.
    """
    needed = ("ecg_id", "age", "sex", "scp_codes", "filename_hr", "filename_lr")
    found: dict[str, Annotation] = {}
    for row in read_rows(folder / "ptbxl_database.csv", needed):
        annotation = _annotation(row, read_codes(row["scp_codes"], row["ecg_id"]))
        found[row["filename_hr"]] = found[row["filename_lr"]] = annotation
    return [annotation_of(found, "ptbxl", r, "ptbxl_database.csv") for r in records]


def annotate_extra(folder: Path, records: Sequence[str]) -> list[Annotation]:
    """Return the annotations of ptbxl_extra (``statements.csv``: codes joined by semicolons).

    Raises
    ------
    DatasetError
        If the label file is missing, or lacks a column or a record.
    """
    rows = read_rows(folder / "statements.csv", ("record", "age", "sex", "scp_codes"))
    found = {row["record"]: _annotation(row, row["scp_codes"].split(";")) for row in rows}
    return [annotation_of(found, "ptbxl_extra", r, "statements.csv") for r in records]


def _annotation(row: dict[str, str], codes: Collection[str]) -> Annotation:
    further, superclasses = from_scp(codes)
    age, sex = age_or_none(row["age"]), SEX.get(row["sex"])
    return Annotation(targets(codes), age, sex, further, superclasses)


def read_codes(text: str, ecg_id: str) -> Collection[str]:
    """Return the statements of a column that holds them with likelihoods: "{'NORM': 100.0}".

    Raises
    ------
    DatasetError
        If it is none, naming the record.
    """
    try:
        statements = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        statements = None
    if not isinstance(statements, dict):
        raise DatasetError(
            f"ptbxl_database.csv: scp_codes of ecg_id {ecg_id} is {text[:40]!r}; "
            "statements with likelihoods in braces are needed."
        )
    return [str(code) for code in statements]
