"""One clean beat of a drawn heart in twelve leads, as criteria look at it."""

import numpy as np

from ecgcore.leads import STANDARD_12
from ecgcore.simulate.heart import Heart
from ecgcore.simulate.vector import Array, compute_course, derive_limbs

STEP_MS = 2.0
_SPAN_MS = 520.0
ROW = {name: i for i, name in enumerate(STANDARD_12)}
# How far a beat of a record may fall short of the beat that was checked.
MARGIN = 1.1


class Beat:
    """One clean beat from QRS onset on, in mV, less its level there."""

    def __init__(self, heart: Heart, matrix: Array) -> None:
        shape, self.bounds = heart.shape, heart.bounds
        at = self.bounds.qrs.onset_ms + np.arange(0.0, _SPAN_MS, STEP_MS)
        independent = matrix @ compute_course(shape.qrs + shape.st + shape.t, at)
        limbs = derive_limbs(independent)
        leads = np.concatenate([independent[:2], limbs, independent[2:]])
        self.leads = leads - leads[:, :1]
        self.qrs_ms = self.bounds.qrs.offset_ms - self.bounds.qrs.onset_ms
        self._end = round(self.qrs_ms / STEP_MS) + 1
        self._j = round((self.qrs_ms + 10) / STEP_MS)
        self._t = round((self.bounds.t.peak_ms - self.bounds.qrs.onset_ms) / STEP_MS)

    def qrs(self, lead: str) -> Array:
        """Return one lead's samples within QRS, every 2 ms."""
        return np.asarray(self.leads[ROW[lead], : self._end])

    def j(self, lead: str) -> float:
        """Return the level 10 ms after QRS."""
        return float(self.leads[ROW[lead], self._j])

    def t(self, lead: str) -> float:
        """Return the level at the largest T."""
        return float(self.leads[ROW[lead], self._t])

    def axis_deg(self) -> float:
        """Return the frontal axis of the net area of QRS."""
        one, avf = self.qrs("I").sum(), self.qrs("aVF").sum() * 2 / np.sqrt(3)
        return float(np.degrees(np.arctan2(avf, one)))

    def q_ms(self, lead: str, depth_mv: float = 0.1) -> float:
        """Return the length of a Q, 0 where it is not as deep as asked for."""
        samples = self.qrs(lead)
        up = np.flatnonzero(samples > 0.02)
        first = int(up[0]) if up.size else samples.size
        start = samples[:first]
        return (
            float((start < -0.02).sum() * STEP_MS)
            if start.size and start.min() <= -depth_mv
            else 0.0
        )
