"""ST deviation and its thresholds after the fourth universal definition of myocardial infarction.

Source: Thygesen et al., Circulation 138:e618 (2018).  New ST elevation at the J point in two
contiguous leads, 0.1 mV or more in all leads except V2 and V3, there 0.2 mV or more in men of 40
years and over, 0.25 mV in men under 40, 0.15 mV in women; in V7 to V9 0.05 mV (0.1 mV in men under
40), and in V3R and V4R 0.05 mV (0.1 mV in men under 30).  ST depression: horizontal or
down-sloping, 0.05 mV or more in two contiguous leads; an up-sloping one counts from 0.1 mV at J
(de Winter et al., N Engl J Med 359:2071, 2008).  "New" is for the reader: one ECG cannot tell.
"""

from collections.abc import Mapping

from ecgcore.recording import Patient
from ecgcore.results import StDeviation, StLead

DEPRESSION_MV = 0.05
UPSLOPING_MV = 0.10
ELEVATION_MV = 0.10
# Neighbours on the chest and in the frontal plane.
CONTIGUOUS = (
    ("V1", "V2"),
    ("V2", "V3"),
    ("V3", "V4"),
    ("V4", "V5"),
    ("V5", "V6"),
    ("V6", "V7"),
    ("V7", "V8"),
    ("V8", "V9"),
    ("V3R", "V4R"),
    ("aVL", "I"),
    ("II", "aVF"),
    ("aVF", "III"),
    ("II", "III"),
)
NAMED = {lead for pair in CONTIGUOUS for lead in pair}
WIDE_QRS_MS = 120.0
# Rounding of samples: a value that is 0.1 mV on paper is not lost to its last bit.
TOLERANCE_MV = 0.0005


def st_deviation(
    table: Mapping[str, Mapping[str, float | None]],
    patient: Patient,
    *,
    qrs_ms: float | None,
    bad_leads: tuple[str, ...] = (),
    reason: str = "",
) -> StDeviation:
    """Judge ST in every lead and in contiguous leads.

    Parameters
    ----------
    table : mapping
        As from :func:`ecgcore.measure.median_beat.amplitudes`, in mV.
    patient : Patient
    qrs_ms : float or None
        From 120 ms on, or unknown, nothing is judged: ST then follows the QRS.
    bad_leads : tuple of str
    reason : str
        Why nothing is judged at all, if so.
    """
    if not reason and (qrs_ms is None or qrs_ms >= WIDE_QRS_MS):
        reason = (
            "QRS could not be measured."
            if qrs_ms is None
            else "QRS is 120 ms or wider: secondary ST changes, the thresholds do not apply."
        )
    leads = tuple(
        _lead(name, row, patient, name in bad_leads, judged=not reason)
        for name, row in table.items()
        if name in NAMED or name == "aVR"
    )
    by_name = {lead.lead: lead for lead in leads}
    return StDeviation(
        leads, _together(by_name, "elevated"), _together(by_name, "depressed"), reason
    )


def _lead(
    name: str, row: Mapping[str, float | None], patient: Patient, bad: bool, *, judged: bool
) -> StLead:
    j_mv = row.get("J")
    low, high = thresholds_mv(name, patient)
    threshold = low if low == high else None
    if bad or j_mv is None:
        why = "The lead is not readable." if bad else "No J point was found in this lead."
        return StLead(name, None if bad else j_mv, threshold, None, None, why)
    if not judged:
        return StLead(name, j_mv, threshold, None, None)
    elevated = _reached(j_mv, low, high)
    why = "The threshold depends on age and sex." if elevated is None else ""
    return StLead(name, j_mv, threshold, elevated, _depressed(j_mv, row.get("J+80")), why)


def _depressed(j_mv: float, later_mv: float | None) -> bool:
    """Tell whether ST is depressed: horizontally or down-sloping, or up-sloping and deep."""
    stays = later_mv is None or later_mv <= -DEPRESSION_MV + TOLERANCE_MV
    return j_mv <= -(DEPRESSION_MV if stays else UPSLOPING_MV) + TOLERANCE_MV


def _reached(j_mv: float, low: float, high: float) -> bool | None:
    if j_mv >= high - TOLERANCE_MV:
        return True
    return False if j_mv < low - TOLERANCE_MV else None


def thresholds_mv(lead: str, patient: Patient) -> tuple[float, float]:
    """Return the lowest and highest elevation threshold that may hold for this lead and patient.

    They are one number where age and sex are known or do not matter.
    """
    age, sex = patient.age_years, patient.sex
    if lead in ("V2", "V3"):
        possible = {
            "female": [0.15],
            "male": [0.25 if age < 40 else 0.20] if age is not None else [0.20, 0.25],
        }
    elif lead in ("V7", "V8", "V9", "V3R", "V4R"):
        young = 30 if lead.endswith("R") else 40
        men = [0.10 if age < young else 0.05] if age is not None else [0.05, 0.10]
        possible = {"female": [0.05], "male": men}
    else:
        return ELEVATION_MV, ELEVATION_MV
    values = possible[sex] if sex is not None else [v for each in possible.values() for v in each]
    return min(values), max(values)


def _together(leads: Mapping[str, StLead], field: str) -> tuple[str, ...]:
    found: set[str] = set()
    for pair in CONTIGUOUS:
        if all(name in leads and getattr(leads[name], field) is True for name in pair):
            found.update(pair)
    return tuple(name for name in leads if name in found)
