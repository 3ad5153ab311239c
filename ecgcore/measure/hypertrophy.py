"""Voltage criteria of left ventricular hypertrophy.

Sources: Sokolow and Lyon, Am Heart J 37:161 (1949); Casale et al. (Cornell), Circulation 75:565
(1987); both as listed in AHA/ACCF/HRS 2009 Part V (Hancock et al., Circulation 119:e251).
"""

from collections.abc import Mapping

from ecgcore.recording import Patient
from ecgcore.results import VoltageCriterion
from ecgcore.statements import ADULT_YEARS

SOKOLOW_MV = 3.5
# Part V: not in younger adults.
SOKOLOW_YEARS = 35.0
CORNELL_MV = {"male": 2.8, "female": 2.0}
_SOURCE = {
    "sokolow_lyon": "Sokolow and Lyon, Am Heart J 37:161 (1949)",
    "cornell": "Casale et al., Circulation 75:565 (1987)",
}
Table = Mapping[str, Mapping[str, float | None]]


def lvh_criteria(
    table: Table, patient: Patient, *, bad_leads: tuple[str, ...] = (), reason: str = ""
) -> tuple[VoltageCriterion, ...]:
    """Return Sokolow-Lyon (S in V1 and the larger R of V5, V6) and Cornell (R in aVL, S in V3).

    Parameters
    ----------
    table : mapping
        As from :func:`ecgcore.measure.median_beat.amplitudes`, in mV.
    reason : str
        Why nothing is measured at all, if so.

    Notes
    -----
    An R or S that is not there counts as 0; a QS counts as S.  Made on adults; with bundle branch
    block they say little.
    """
    age = patient.age_years
    if age is not None and age < ADULT_YEARS:
        reason = reason or "The criteria apply to adults."
    sokolow = _sum(table, ("V1",), ("V5", "V6"), bad_leads, reason)
    cornell = _sum(table, ("V3",), ("aVL",), bad_leads, reason)
    limit = CORNELL_MV.get(patient.sex or "")
    young = age is not None and age < SOKOLOW_YEARS
    too_young = "Voltage alone says little under 35 years." if young else ""
    unknown_sex = "" if limit is not None else "The threshold depends on the sex."
    return (
        _criterion(
            "sokolow_lyon", sokolow, None if young else SOKOLOW_MV, too_young, reached_at=True
        ),
        _criterion("cornell", cornell, limit, unknown_sex, reached_at=False),
    )


def _sum(
    table: Table,
    s_leads: tuple[str, ...],
    r_leads: tuple[str, ...],
    bad: tuple[str, ...],
    reason: str,
) -> tuple[float | None, str]:
    if reason:
        return None, reason
    for name in (*s_leads, *r_leads):
        if name not in table:
            return None, f"Lead {name} is missing."
        if name in bad or table[name].get("J") is None:
            return None, f"Lead {name} is not readable."
    s = max(_depth(table[name]) for name in s_leads)
    r = max(_height(table[name]) for name in r_leads)
    return s + r, ""


def _depth(row: Mapping[str, float | None]) -> float:
    s, q, r = row.get("S"), row.get("Q"), row.get("R")
    if s is not None:
        return -s
    return -q if q is not None and r is None else 0.0


def _height(row: Mapping[str, float | None]) -> float:
    return max(row.get("R") or 0.0, row.get("R'") or 0.0)


def _criterion(
    name: str, found: tuple[float | None, str], limit: float | None, why: str, *, reached_at: bool
) -> VoltageCriterion:
    value, reason = found
    met = None
    if value is not None and limit is not None:
        met = value >= limit if reached_at else value > limit
    return VoltageCriterion(name, value, limit, met, _SOURCE[name], reason or why)
