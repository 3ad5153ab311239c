"""What one lead can carry, statement by statement, and what it cannot.

Definitions, not probabilities: a network answers anything.  Sources: AHA/ACC/HRS 2009 Part III
(bundle branch and fascicular block), Part V (hypertrophy) and Part VI (ischaemia); the fourth
universal definition of myocardial infarction, 2018; HRS/EHRA/APHRS 2013 (Brugada).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecgcore.leads import STAND_INS

# Below this area under the curve on that lead, on records not learned from, nothing is said.
LEAST_AREA = 0.80


@dataclass(frozen=True)
class OneLead:
    """Where a statement may be made on one lead.

    Attributes
    ----------
    leads : tuple of str or None
        Leads that can carry it; None: any.
    reason : str
        Why not on others.
    """

    leads: tuple[str, ...] | None
    reason: str = ""


_ANY = OneLead(None)
_BLOCK = OneLead(("V1",), "Bundle branch block is read in V1, and its definition uses I and V6 too")
_ST = OneLead((), "An ST deviation counts where two neighbouring leads show it")
_INFARCTION = OneLead((), "Infarction is read in two or more neighbouring leads")
ONE_LEAD: dict[str, OneLead] = {
    "SNR": OneLead((), "Whether an ECG is normal is read in all twelve leads"),
    "AF": _ANY,
    "IAVB": _ANY,
    "LBBB": _BLOCK,
    "RBBB": _BLOCK,
    "PAC": _ANY,
    "PVC": _ANY,
    "STD": _ST,
    "STE": _ST,
    "SBRAD": _ANY,
    "STACH": _ANY,
    "SARRH": _ANY,
    "AFLT": OneLead(("II", "III", "aVF", "V1"), "Flutter waves are read in II, III, aVF or V1"),
    "LVH": OneLead((), "Its criteria add voltages of several leads"),
    "LAFB": OneLead((), "An axis needs two leads"),
    "IRBBB": _BLOCK,
    "AMI": _INFARCTION,
    "IMI": _INFARCTION,
    "PACE": OneLead((), "Pacing spikes lie above the network's band"),
    "418818005": OneLead((), "Brugada's pattern is read in V1 and V2"),
}
_MONITORING = "a monitoring lead, which gives no axis and no ST statement"


def blocked_on(code: str, lead: str, out_of_fold: Mapping[str, Any]) -> str:
    """Return why a statement is not made on one lead, or an empty string.

    Parameters
    ----------
    code : str
    lead : str
        The recording's name of it, such as MLII.
    out_of_fold : mapping
        Of the model card; ``by_lead``: {``"auc"``: {lead: {code: area or None}}}.

    Returns
    -------
    str
        A sentence; where the definition needs more, and where the model was found to tell it
        too poorly on this lead.
    """
    stands_for = STAND_INS.get(lead, lead)
    rule = ONE_LEAD.get(code, _ANY)
    if rule.leads is not None and stands_for not in rule.leads:
        more = f" ({lead} is {_MONITORING})" if lead in STAND_INS else ""
        return f"{rule.reason}; used here: {lead}{more}."
    area = out_of_fold.get("by_lead", {}).get("auc", {}).get(stands_for, {}).get(code)
    if area is not None and area < LEAST_AREA:
        return (
            f"On lead {stands_for} the model tells it too poorly (area {area:.2f} on records that "
            "it did not learn from)."
        )
    return ""


def can_and_cannot(
    lead: str, codes: tuple[str, ...], out_of_fold: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the statements that a lead can carry, and those that it cannot with their reasons."""
    reasons = {code: blocked_on(code, lead, out_of_fold) for code in codes}
    can = tuple(code for code, reason in reasons.items() if not reason)
    return can, {code: reason for code, reason in reasons.items() if reason}
