"""What is too uncertain to be stated, and what is stated as "about"."""

import math
from collections.abc import Iterable
from dataclasses import replace

from ecgcore.measure.intervals import QTC_FORMULAS
from ecgcore.results import Measurement

# No rate, interval or duration is given whose uncertainty exceeds this part of it.
MAX_PART = 0.25
# Beyond these an axis or an amplitude is "about".
ABOUT_DEG, ABOUT_MV = 15.0, 0.05
# A spread that is small is well known although its relative error is large: of the mean RR.
SPREAD_PART = 0.02
RATES = ("heart_rate", "rr_mean")
WHY = {
    "heart_rate": "QRS complexes are",
    "rr_mean": "QRS complexes are",
    "rr_sd": "The spread of RR intervals is",
    "pr": "P onset or QRS onset is",
    "qrs": "QRS onset or QRS end is",
    "qt": "QRS onset or T end is",
    "p_duration": "P onset or P end is",
    **dict.fromkeys(QTC_FORMULAS, "QTc is"),
}


def withhold_uncertain(given: Iterable[Measurement]) -> list[Measurement]:
    """Return rates and intervals, those too uncertain without their value and with the reason.

    Where QT or the rate is withheld, so is QTc, for the same reason.

    Parameters
    ----------
    given : iterable of Measurement
        With one name each.
    """
    rows = list(given)
    found = {m.name: m for m in rows}
    mean_rr_ms = getattr(found.get("rr_mean"), "value", None) or 0.0
    reasons = {m.name: _reason(m) for m in rows if is_uncertain(m, mean_rr_ms)}
    for source in ("qt", *RATES):
        why = reasons.get(source, "")
        if why:
            reasons |= {name: why for name in QTC_FORMULAS if name in found}
    return [_without(m, reasons[m.name]) if m.name in reasons else m for m in rows]


def is_uncertain(m: Measurement, mean_rr_ms: float = 0.0) -> bool:
    """Tell whether a rate, interval or spread is too uncertain to be stated.

    Parameters
    ----------
    m : Measurement
    mean_rr_ms : float
        For ``rr_sd``.
    """
    if m.name not in WHY or m.value is None or m.uncertainty is None:
        return False
    least = SPREAD_PART * mean_rr_ms if m.name == "rr_sd" else 0.0
    within = m.uncertainty <= max(MAX_PART * abs(m.value), least)
    return not (within and math.isfinite(m.value))


def is_about(m: Measurement) -> bool:
    """Tell whether a value is to be read as approximate: an axis known to worse than 15 degrees."""
    return m.unit == "deg" and m.uncertainty is not None and m.uncertainty > ABOUT_DEG


def _reason(m: Measurement) -> str:
    return f"{WHY[m.name]} too uncertain: the error would exceed a quarter of the value."


def _without(m: Measurement, reason: str) -> Measurement:
    return m if m.value is None else replace(m, value=None, uncertainty=None, reason=reason)
