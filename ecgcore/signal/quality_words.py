"""What a lost lead means for each statement: where textbooks look for it, and what remains.

A pause or an early beat is seen in any lead; a P wave is not, and a bundle branch block is defined
by V1 and the lateral leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ecgcore.leads import STANDARD_12

_PART_2 = "AHA/ACC/HRS 2007 Part II"
_PART_3 = "AHA/ACCF/HRS 2009 Part III"
_MI = "fourth universal definition of MI, 2018"


@dataclass(frozen=True)
class Reading:
    """Where a statement is read.

    Attributes
    ----------
    name : str
    leads : tuple of str
    what : str
        The wave or segment.
    source : str
    """

    name: str
    leads: tuple[str, ...]
    what: str
    source: str


READ_IN = {
    "AF": Reading("Atrial fibrillation", ("II", "V1"), "the baseline between beats", "ESC 2020"),
    "IAVB": Reading("First-degree AV block", ("II", "V1"), "the onset of P", _PART_2),
    "LBBB": Reading("LBBB", ("I", "aVL", "V1", "V5", "V6"), "QRS", _PART_3),
    "RBBB": Reading("RBBB", ("V1", "V2", "I", "V6"), "the end of QRS", _PART_3),
    "PAC": Reading("Premature atrial beats", ("II", "V1"), "the early P", _PART_2),
    "PVC": Reading("Premature ventricular beats", ("II", "V1"), "QRS and the pause", _PART_2),
    "STD": Reading("ST depression", STANDARD_12, "J to J+80 ms", _MI),
    "STE": Reading("ST elevation", STANDARD_12, "the J point", _MI),
}
# Leads that look at one wall; two of them that touch must agree on ST.
WALLS = {
    "inferior": ("II", "III", "aVF"),
    "septal and anterior": ("V1", "V2", "V3", "V4"),
    "lateral": ("I", "aVL", "V5", "V6"),
}
ST = ("STD", "STE")


def without(code: str, bad_leads: Sequence[str]) -> str:
    """Return what lost leads mean for a statement, in one sentence; empty if nothing.

    Parameters
    ----------
    code : str
        As in :mod:`ecgcore.statements`.
    bad_leads : sequence of str
        Leads that cannot be read.
    """
    read = READ_IN.get(code)
    if read is None:
        return ""
    lost = [lead for lead in read.leads if lead in bad_leads]
    if not lost:
        return ""
    if code in ST:
        walls = [wall for wall, leads in WALLS.items() if set(leads) & set(lost)]
        seen = f"; the {_and(walls)} wall is seen less well" if walls else ""
        return f"{_and(lost)} unusable: {read.name} is not looked for there{seen} ({read.source})."
    rest = [lead for lead in read.leads if lead not in lost]
    left = f"is read in {_and(rest)} alone" if rest else "is read in other leads than usual"
    return (
        f"{_and(lost)} unusable: {read.name} ({read.what}) {left} and is less certain "
        f"({read.source})."
    )


def lost_lead(lead: str) -> str:
    """Return what is read with less certainty without one lead, in one sentence."""
    names = [r.name for code, r in READ_IN.items() if lead in r.leads and code not in ST]
    walls = [wall for wall, leads in WALLS.items() if lead in leads]
    parts = []
    if names:
        verb = "is" if len(names) == 1 else "are"
        parts.append(f"{_and(names)} {verb} read without it and less certain")
    if walls:
        parts.append(f"no ST deviation is looked for in it ({_and(walls)} wall)")
    return f"{lead} unusable: {'; '.join(parts) or 'the other leads are read without it'}."


def _and(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
