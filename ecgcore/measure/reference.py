"""Reference ranges by age and sex, each with its source; where there is none, nothing is marked.

Adults only: for children the published percentiles run by age groups that this table does not
hold yet, so no value of a child is marked.
"""

from dataclasses import dataclass

from ecgcore.recording import Patient

ADULT_YEARS = 18.0
AHA_QT = "AHA/ACCF/HRS 2009 Part IV (Rautaharju et al., Circulation 119:e241)"
AHA_QRS = "AHA/ACCF/HRS 2009 Part III (Surawicz et al., Circulation 119:e235)"
AHA_AXIS = AHA_QRS
PR_LIMITS = (
    "200 ms: ACC/AHA/HRS 2018 (Kusumoto et al., Circulation 140:e382); "
    "120 ms: WHO/ISFC task force (Willems et al., J Am Coll Cardiol 5:1261)"
)
RATE = "ACC/AHA/HRS 2006 key data elements (Buxton et al., Circulation 114:2534)"
QTC_NAMES = ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges")


@dataclass(frozen=True)
class ReferenceRange:
    """Limits of one measurement; None where one side has no limit."""

    low: float | None
    high: float | None
    unit: str
    source: str

    def judge(self, value: float) -> str:
        """Return ``"low"``, ``"high"`` or ``"within"``."""
        if self.low is not None and value < self.low:
            return "low"
        if self.high is not None and value > self.high:
            return "high"
        return "within"


_ADULT = {
    "heart_rate": ReferenceRange(60, 100, "bpm", RATE),
    "pr": ReferenceRange(120, 200, "ms", PR_LIMITS),
    "qrs": ReferenceRange(None, 110, "ms", AHA_QRS),
    "qrs_axis": ReferenceRange(-30, 90, "deg", AHA_AXIS),
}
# Prolonged from 460 ms in women and 450 ms in men, short to 390 ms, whatever the formula.
_QTC = {"female": (390.0, 460.0), "male": (390.0, 450.0)}


def reference_range(name: str, patient: Patient) -> ReferenceRange | None:
    """Return the range of a measurement for this patient, or None where there is none.

    Parameters
    ----------
    name : str
        As in ``Measurement.name``.
    patient : Patient
        Without an age, or under 18, nothing has a range; QTc needs the sex too.
    """
    if patient.age_years is None or patient.age_years < ADULT_YEARS:
        return None
    if name in QTC_NAMES:
        if patient.sex is None:
            return None
        low, high = _QTC[patient.sex]
        return ReferenceRange(low, high, "ms", AHA_QT)
    return _ADULT.get(name)
