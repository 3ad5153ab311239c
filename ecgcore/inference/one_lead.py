"""What one lead can carry, statement by statement, and what it cannot.

Definitions, not probabilities: a network answers anything.  Which leads can carry which statement
is in the table of statements.
"""

from collections.abc import Mapping
from typing import Any

from ecgcore.leads import STAND_INS
from ecgcore.statements import statement

# Below this area under the curve on that lead, on records not learned from, nothing is said.
LEAST_AREA = 0.80


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
        A sentence where the definition needs more leads, or the model is not accurate enough.
    """
    stands_for = STAND_INS.get(lead, lead)
    about = statement(code)
    if about.alone is not None and stands_for not in about.alone:
        more = f" ({lead} is {_MONITORING})" if lead in STAND_INS else ""
        return f"{about.alone_reason}; lead used: {lead}{more}."
    area = out_of_fold.get("by_lead", {}).get("auc", {}).get(stands_for, {}).get(code)
    if area is not None and area < LEAST_AREA:
        return (
            f"The model is not accurate enough on lead {stands_for} (AUC {area:.2f} on records not "
            "used for training)."
        )
    return ""


def can_and_cannot(
    lead: str, codes: tuple[str, ...], out_of_fold: Mapping[str, Any]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the statements that a lead can carry, and those that it cannot with their reasons."""
    reasons = {code: blocked_on(code, lead, out_of_fold) for code in codes}
    can = tuple(code for code, reason in reasons.items() if not reason)
    return can, {code: reason for code, reason in reasons.items() if reason}
