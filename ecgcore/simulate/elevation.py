"""How high J stands, against the limits of the fourth universal definition of infarction.

Thygesen et al., Circulation 138:e618 (2018): new elevation at J in two contiguous leads of 0.1 mV,
in V2 and V3 of 0.2 mV in men of 40 years and over, 0.25 mV in younger men, 0.15 mV in women.
"""

import numpy as np

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.simulate.heart import Heart
from ecgcore.simulate.vector import Array, Component, compute_course, derive_twelve

CONTIGUOUS = (
    ("aVL", "I"), ("II", "aVF"), ("aVF", "III"),
    ("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6"),
)  # fmt: skip
_LARGEST = 12.0


def limit_mv(lead: str, patient: Patient) -> float:
    """Return the limit of J in a lead at this age and sex."""
    if lead not in {"V2", "V3"}:
        return 0.1
    if patient.sex == "female":
        return 0.15
    return 0.25 if patient.age_years is not None and patient.age_years < 40 else 0.2


def find_times(j_mv: dict[str, float], patient: Patient) -> float:
    """Return J as a multiple of its limit, of the two contiguous leads where it is largest."""
    return max(min(j_mv[lead] / limit_mv(lead, patient) for lead in pair) for pair in CONTIGUOUS)


def find_st_share(heart: Heart, matrix: Array, patient: Patient, times: float) -> float:
    """Return by what ST must be multiplied for J to stand at ``times`` its limit."""
    qrs = heart.bounds.qrs
    at = np.array([qrs.onset_ms, qrs.offset_ms])

    def rise(parts: tuple[Component, ...]) -> Array:
        leads = derive_twelve(matrix @ compute_course(parts, at)).astype(np.float64)
        return np.asarray(leads[:, 1] - leads[:, 0])

    plain, st = rise(heart.shape.qrs + heart.shape.t), rise(heart.shape.st)
    low, high = 0.0, _LARGEST
    for _ in range(40):
        middle = (low + high) / 2
        j_mv = dict(zip(STANDARD_12, (plain + middle * st).tolist(), strict=True))
        low, high = (middle, high) if find_times(j_mv, patient) < times else (low, middle)
    return high
