"""How much of an attribution lies where a textbook looks for the statement."""

from dataclasses import dataclass

import numpy as np

from ecgcore.explain.waves import WAVES
from ecgcore.explain.words import Shares
from ecgcore.statements import Place


@dataclass(frozen=True)
class Overlap:
    """How much of an attribution lies where the textbook looks.

    Attributes
    ----------
    share : float or None
        None where none of the textbook's leads, or no beat of its type, is there.
    expected : float
        What an attribution spread evenly over the recording would have there.
    reason : str
        Why ``share`` is None.
    """

    share: float | None
    expected: float = 0.0
    reason: str = ""


def overlap(place: Place, shares: Shares) -> Overlap:
    """Return how much of an attribution lies in a place."""
    rows = [row for row, lead in enumerate(shares.leads) if lead in place.leads]
    if not rows:
        return Overlap(None, reason=f"None of {', '.join(place.leads)} is in the recording.")
    beats = [b for b, kind in enumerate(shares.types) if not place.beats or kind == place.beats]
    if not beats:
        return Overlap(None, reason=f"No {place.beats} beat was measured.")
    waves = [WAVES.index(name) for name in place.waves]
    inside = np.ix_(rows, waves, beats)
    return Overlap(float(shares.values[inside].sum()), float(shares.even[inside].sum()))
