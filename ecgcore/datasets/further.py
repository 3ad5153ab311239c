"""Targets beyond the nine core statements: further statements, and PTB-XL's super-classes.

Sources: Wagner et al., Scientific Data 7:154 (2020), ``scp_statements.csv``; Reyna et al.,
Computing in Cardiology 2021; Kalyakulina et al., IEEE Access 8:186181 (2020).
"""

from collections.abc import Collection, Sequence
from math import nan

from ecgcore.statements import FURTHER_CODES, SUPERCLASSES, codes_of, statements

FURTHER_MASKED: tuple[float, ...] = (nan,) * len(FURTHER_CODES)
SUPERCLASSES_MASKED: tuple[float, ...] = (nan,) * len(SUPERCLASSES)
BRUGADA = "418818005"

_BY_SCP = codes_of(FURTHER_CODES, "scp")
_BY_SNOMED = codes_of(FURTHER_CODES, "snomed")
# Project code -> SCP codes beside which a missing statement means "cannot tell".
_MASKED_BY_SCP: dict[str, tuple[str, ...]] = {
    "LVH": ("VCLVH", "SEHYP", "HVOLT"),
    "LAFB": ("CLBBB", "PACE"),
    "IRBBB": ("CRBBB", "PACE"),
    "AMI": ("CLBBB", "PACE", "QWAVE", "INJAS", "INJAL"),
    "IMI": ("CLBBB", "PACE", "QWAVE", "INJIN", "INJIL"),
    "SARRH": ("AFIB", "AFLT", "PAC", "SVARR"),
}
# SCP statement -> super-class, for all that have one (``diagnostic_class``).
SUPERCLASS_OF = {
    scp: one.superclass for one in statements().values() if one.superclass for scp in one.scp
}
_BY_REMARK = {
    "rhythm: sinus bradycardia": "SBRAD",
    "rhythm: sinus tachycardia": "STACH",
    "rhythm: sinus arrhythmia": "SARRH",
    "rhythm: irregular sinus rhythm": "SARRH",
    "rhythm: atrial flutter": "AFLT",
    "left anterior hemiblock": "LAFB",
    "incomplete right bundle branch block": "IRBBB",
}
_ANTERIOR = ("anterior wall", "septal", "apical")


def from_scp(codes: Collection[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the further targets and the super-classes of PTB-XL statements."""
    given = set(codes)
    present = {_BY_SCP[code] for code in given if code in _BY_SCP}
    masked = {code for code, by in _MASKED_BY_SCP.items() if given.intersection(by)}
    if not given <= {"NORM", "SR", "SBRAD", "STACH", "SARRH"}:
        # PTB-XL has no word for it, and it would be coded as something else.
        masked.add(BRUGADA)
    classes = {SUPERCLASS_OF[code] for code in given if code in SUPERCLASS_OF}
    known = tuple(float(name in classes) for name in SUPERCLASSES)
    return further_targets(present, masked), known if classes else SUPERCLASSES_MASKED


def from_snomed(codes: Collection[str], *, complete: bool) -> tuple[float, ...]:
    """Return the further targets of SNOMED CT codes.

    Parameters
    ----------
    complete : bool
        False where what is not coded may still be there: then nothing is known to be absent.
    """
    given = set(codes)
    present = {_BY_SNOMED[code] for code in given if code in _BY_SNOMED}
    masked = {BRUGADA}
    if given & {"164865005", "164867002", "164861001"}:  # infarction without its place
        masked |= {"AMI", "IMI"}
    return further_targets(present, masked if complete else FURTHER_CODES)


def from_remarks(remarks: Sequence[str]) -> tuple[float, ...]:
    """Return the further targets of LUDB's remarks.

    LUDB's left ventricular hypertrophy (half of all records) follows other criteria than PTB-XL's
    and is masked; infarction counts where a scar or an ST-elevation infarct is placed.
    """
    lines = [remark.lower().rstrip(". ") for remark in remarks]
    present = {
        code for line in lines for start, code in _BY_REMARK.items() if line.startswith(start)
    }
    if any("pacing" in line for line in lines):
        present.add("PACE")
    masked = {"LVH", BRUGADA}
    for line in lines:
        if line.startswith(("scar formation", "stemi")):
            present |= {"AMI"} if line.endswith(_ANTERIOR) else set()
            present |= {"IMI"} if line.endswith("inferior wall") else set()
        elif "nstemi" in line or line.startswith("ischemia"):
            masked |= {"AMI", "IMI"}
    return further_targets(present, masked)


def from_brugada(pattern: str, diagnosis: str) -> tuple[float, ...]:
    """Return the further targets of a Brugada-HUCA record.

    Only a pathological resting ECG of a person with the diagnosis is the pattern, only a normal
    one of a healthy person is its absence: the diagnosis alone is the person's, not the ECG's.
    """
    known = {("1", "1"): 1.0, ("0", "0"): 0.0}.get((pattern, diagnosis), nan)
    return tuple(known if code == BRUGADA else nan for code in FURTHER_CODES)


def further_targets(present: Collection[str], masked: Collection[str]) -> tuple[float, ...]:
    """Return one target for each of ``FURTHER_CODES``: 1 if present, else NaN if masked, else 0."""
    return tuple(
        1.0 if code in present else nan if code in masked else 0.0 for code in FURTHER_CODES
    )
