"""Reference ranges by age and sex, each with its source; where there is none, nothing is marked.

Adults: the limits of the societies' recommendations, the same at all ages.  Children from 11 days
to 15 years: the 2nd and 98th percentiles of Rijnbeek et al., Eur Heart J 22:702 (2001), 1912
healthy children, table of heart rate, PR, QRS, QTc and QRS axis; four independent transcriptions of
it agree in every number below.  Its P axis is left out: the one transcription found has misprints.
At 16 and 17 years, under 11 days, and for T axis and amplitudes there is none here.
"""

from bisect import bisect_right
from dataclasses import dataclass

from ecgcore.recording import Patient
from ecgcore.statements import ADULT_YEARS

AHA_QT = "AHA/ACCF/HRS 2009 Part IV (Rautaharju et al., Circulation 119:e241)"
AHA_QRS = "AHA/ACCF/HRS 2009 Part III (Surawicz et al., Circulation 119:e235)"
AHA_AXIS = AHA_QRS
AHA_P = "AHA/ACCF/HRS 2009 Part V (Hancock et al., Circulation 119:e251)"
PR_LIMITS = (
    "200 ms: ACC/AHA/HRS 2018 (Kusumoto et al., Circulation 140:e382); "
    "120 ms: WHO/ISFC task force (Willems et al., J Am Coll Cardiol 5:1261)"
)
RATE = "ACC/AHA/HRS 2006 key data elements (Buxton et al., Circulation 114:2534)"
P_AXIS = "F. H. Zimmerman, ECG Core Curriculum (McGraw Hill 2023), sinus rhythms"
CHILDREN = "2nd to 98th percentile, Rijnbeek et al., Eur Heart J 22:702 (2001)"
QTC_NAMES = ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges")


@dataclass(frozen=True)
class ReferenceRange:
    """Limits of one measurement; None where one side has no limit."""

    low: float | None
    high: float | None
    unit: str
    source: str

    def judge(self, value: float) -> str:
        """Return ``"low"``, ``"high"`` or ``"within"``; an angle by the limit it is nearer to."""
        if self.unit == "deg" and self.low is not None and self.high is not None:
            over, under = (value - self.high) % 360, (self.low - value) % 360
            if (value - self.low) % 360 <= self.high - self.low:
                return "within"
            return "high" if over <= under else "low"
        if self.low is not None and value < self.low:
            return "low"
        if self.high is not None and value > self.high:
            return "high"
        return "within"


_ADULT = {
    "heart_rate": ReferenceRange(60, 100, "bpm", RATE),
    "pr": ReferenceRange(120, 200, "ms", PR_LIMITS),
    "p_duration": ReferenceRange(None, 120, "ms", AHA_P),
    "qrs": ReferenceRange(None, 110, "ms", AHA_QRS),
    "qrs_axis": ReferenceRange(-30, 90, "deg", AHA_AXIS),
    "p_axis": ReferenceRange(0, 75, "deg", P_AXIS),
}
# Prolonged from 460 ms in women and 450 ms in men, short to 390 ms, whatever the formula.
_QTC = {"female": (390.0, 460.0), "male": (390.0, 450.0)}

# Years from which each age group runs; the last one ends at CHILD_YEARS.
DAY, MONTH = 1 / 365.25, 1 / 12
GROUPS_FROM = (11 * DAY, MONTH, 3 * MONTH, 6 * MONTH, 1.0, 3.0, 5.0, 8.0, 12.0)
CHILD_YEARS = 16.0
# By name and sex: (2nd, 98th percentile) of each age group.
# fmt: off
_CHILD = {
    "heart_rate": ("bpm", {
        "male": ((129, 192), (126, 187), (112, 165), (106, 194), (97, 155), (73, 123),
                 (62, 113), (55, 101), (48, 99)),
        "female": ((136, 216), (126, 200), (122, 191), (106, 187), (95, 178), (78, 124),
                   (68, 115), (58, 110), (54, 107)),
    }),
    "pr": ("ms", {
        "male": ((77, 120), (85, 120), (87, 134), (82, 141), (86, 151), (98, 152),
                 (99, 160), (105, 174), (107, 178)),
        "female": ((91, 121), (78, 133), (84, 127), (88, 133), (78, 147), (99, 153),
                   (92, 156), (103, 163), (106, 176)),
    }),
    "qrs": ("ms", {
        "male": ((50, 85), (52, 77), (54, 85), (52, 86), (54, 88), (58, 92),
                 (63, 98), (67, 103), (78, 111)),
        "female": ((54, 79), (48, 77), (50, 78), (52, 80), (54, 85), (58, 88),
                   (59, 95), (66, 99), (72, 106)),
    }),
    "qtc_bazett": ("ms", {
        "male": ((378, 448), (396, 458), (391, 453), (379, 449), (383, 455), (377, 448),
                 (371, 443), (373, 440), (362, 449)),
        "female": ((379, 462), (381, 454), (386, 448), (381, 446), (381, 447), (388, 442),
                   (375, 449), (365, 447), (370, 457)),
    }),
    "qrs_axis": ("deg", {
        "male": ((75, 140), (37, 138), (-6, 107), (14, 122), (-4, 118), (7, 112),
                 (-10, 112), (-21, 114), (-9, 112)),
        "female": ((63, 155), (39, 121), (17, 108), (1, 102), (2, 121), (3, 106),
                   (27, 117), (5, 117), (5, 101)),
    }),
}
# fmt: on


def reference_range(name: str, patient: Patient) -> ReferenceRange | None:
    """Return the range of a measurement for this patient, or None where there is none.

    Parameters
    ----------
    name : str
        As in ``Measurement.name``.
    patient : Patient
        Without an age nothing has a range; a child's values and an adult's QTc need the sex too.
        A child of less than a year whose age is given as 0 years has none.
    """
    if patient.age_years is None:
        return None
    if patient.age_years < ADULT_YEARS:
        return _of_child(name, patient.age_years, patient.sex)
    if name in QTC_NAMES:
        if patient.sex is None:
            return None
        low, high = _QTC[patient.sex]
        return ReferenceRange(low, high, "ms", AHA_QT)
    return _ADULT.get(name)


def _of_child(name: str, age_years: float, sex: str | None) -> ReferenceRange | None:
    group = bisect_right(GROUPS_FROM, age_years) - 1
    if name not in _CHILD or sex is None or group < 0 or age_years >= CHILD_YEARS:
        return None
    unit, by_sex = _CHILD[name]
    low, high = by_sex[sex][group]
    return ReferenceRange(low, high, unit, CHILDREN)
