"""Where a textbook looks for a statement, and how much of an attribution lies there."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ecgcore.explain.waves import WAVES
from ecgcore.explain.words import Shares

_FILE = Path(__file__).with_name("textbook.toml")


@dataclass(frozen=True)
class Place:
    """Waves and leads of one statement.

    Attributes
    ----------
    waves : tuple of str
        Of :data:`ecgcore.explain.waves.WAVES`.
    leads : tuple of str
    words, source : str
    beats : str
        Only beats of this type; "": all.
    """

    waves: tuple[str, ...]
    leads: tuple[str, ...]
    words: str
    source: str
    beats: str = ""


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


@cache
def textbook() -> dict[str, Place]:
    """Return the table, by statement code; a statement about the rate alone has no place."""
    with _FILE.open("rb") as stream:
        raw = tomllib.load(stream)
    return {
        code: Place(
            tuple(entry["waves"]),
            tuple(entry["leads"]),
            entry["words"],
            entry["source"],
            entry.get("beats", ""),
        )
        for code, entry in raw.items()
    }


def overlap(place: Place, shares: Shares) -> Overlap:
    """Return how much of an attribution lies in a place."""
    rows = [row for row, lead in enumerate(shares.leads) if lead in place.leads]
    if not rows:
        return Overlap(None, reason=f"None of {', '.join(place.leads)} is there.")
    beats = [b for b, kind in enumerate(shares.types) if not place.beats or kind == place.beats]
    if not beats:
        return Overlap(None, reason=f"No {place.beats} beat was found by the measurement.")
    waves = [WAVES.index(name) for name in place.waves]
    inside = np.ix_(rows, waves, beats)
    return Overlap(float(shares.values[inside].sum()), float(shares.even[inside].sum()))
