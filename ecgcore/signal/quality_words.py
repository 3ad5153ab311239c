"""What a lost lead means for each statement: where textbooks look for it, and what remains.

A pause or an early beat is seen in any lead; a P wave is not, and a bundle branch block is defined
by V1 and the lateral leads.
"""

from collections.abc import Sequence

from ecgcore.statements import CORE_CODES, Statement, place_of, statement, statements

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

    Notes
    -----
    Where a statement cannot be made at all without them, abstention gives the reason.
    """
    about = statements().get(code)
    if about is None or about.place is None:
        return ""
    place = about.place
    read = place.leads if code in ST else place.first
    lost = [lead for lead in read if lead in bad_leads]
    rest = [lead for lead in place.leads if lead not in bad_leads]
    if not lost or not _can_be_read(about, rest):
        return ""
    cited = place.sources[0].short
    if code in ST:
        walls = [wall for wall, leads in WALLS.items() if set(leads) & set(lost)]
        seen = f"; limited assessment of the {_and(walls)} wall" if walls else ""
        return f"{_and(lost)} unusable: {about.short} is not assessed there{seen} ({cited})."
    rest = [lead for lead in read if lead not in lost]
    left = f"is read in {_and(rest)} alone" if rest else "is read in other leads than usual"
    return (
        f"{_and(lost)} unusable: {about.short} ({place.feature}) {left} and is less certain "
        f"({cited})."
    )


def _can_be_read(about: Statement, leads: Sequence[str]) -> bool:
    return all(need.is_met(leads) or need.has_stand_in(leads) for need in about.needs)


def lost_lead(lead: str) -> str:
    """Return what is read with less certainty without one lead, in one sentence."""
    names = [
        statement(code).short
        for code in CORE_CODES
        if code not in ST and (place := place_of(code)) and lead in place.first
    ]
    walls = [wall for wall, leads in WALLS.items() if lead in leads]
    parts = []
    if names:
        verb = "is" if len(names) == 1 else "are"
        parts.append(f"{_and(names)} {verb} less certain without it")
    if walls:
        parts.append(f"ST is not assessed in it ({_and(walls)} wall)")
    return f"{lead} unusable: {'; '.join(parts) or 'the other leads are read without it'}."


def _and(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
