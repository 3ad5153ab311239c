"""Which leads look at which wall, and which of them are neighbours."""

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise

# aVR inverted looks between I and II (Cabrera).
MINUS_AVR = "-aVR"
FRONTAL = ("aVL", "I", MINUS_AVR, "II", "aVF", "III")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9")
RIGHT = ("V3R", "V4R")
PAIRS = (
    *pairwise(FRONTAL),
    ("II", "III"),
    *pairwise(CHEST),
    RIGHT,
)
INFERIOR = ("II", "III", "aVF")
HIGH_LATERAL = ("I", "aVL")
LOW_LATERAL = ("V5", "V6")
ANTERIOR = ("V1", "V2", "V3", "V4")
POSTERIOR = ("V7", "V8", "V9")
RECIPROCAL: Mapping[str, tuple[str, ...]] = {
    "inferior": ("I", "aVL", "V1", "V2", "V3"),
    "lateral": ("III", "aVF", "V1"),
    "anterior": INFERIOR,
    "posterior": ANTERIOR,
    "right ventricular": ("I", "aVL"),
}
LEAST = 2


def contiguous(leads: Collection[str]) -> tuple[str, ...]:
    """Return those of the leads that have a neighbour among them, in the order of a sheet."""
    found = {lead for pair in PAIRS if set(pair) <= set(leads) for lead in pair}
    order = ("I", "II", "III", "aVR", MINUS_AVR, "aVL", "aVF", *CHEST, *RIGHT)
    return tuple(lead for lead in order if lead in found)


def count_in(leads: Collection[str], wall: Iterable[str]) -> int:
    """Return how many of a wall's leads are among the leads."""
    return len(set(leads).intersection(wall))


def name_walls(leads: Collection[str]) -> tuple[str, ...]:
    """Return the walls that contiguous leads look at, the chest leads' first.

    Returns
    -------
    tuple of str
        Of ``"anteroseptal"``, ``"anterior"``, ``"anterolateral"``, ``"extensive anterior"``,
        ``"lateral"``, ``"high lateral"``, ``"inferior"``, ``"inferolateral"``, ``"posterior"``,
        ``"right ventricular"``.
    """
    walls = [_front_wall(leads)] if count_in(leads, ANTERIOR) >= LEAST else []
    inferior = count_in(leads, INFERIOR) >= LEAST
    low = count_in(leads, LOW_LATERAL) >= LEAST
    high = count_in(leads, HIGH_LATERAL) >= LEAST
    if inferior:
        walls.append("inferolateral" if low and not walls else "inferior")
    elif not walls and (low or high):
        walls.append("lateral" if low else "high lateral")
    if count_in(leads, POSTERIOR) >= LEAST:
        walls.append("posterior")
    if count_in(leads, RIGHT) >= LEAST:
        walls.append("right ventricular")
    return tuple(walls) or _between(leads)


def _front_wall(leads: Collection[str]) -> str:
    lateral = count_in(leads, LOW_LATERAL)
    high = count_in(leads, HIGH_LATERAL)
    if lateral == LEAST and "V1" in leads:
        return "extensive anterior"
    if lateral == LEAST or (lateral and high):
        return "anterolateral"
    if "V1" in leads and not lateral:
        return "anteroseptal"
    return "anterior"


def _between(leads: Collection[str]) -> tuple[str, ...]:
    """Name what lies between two walls: V4 and V5, I and -aVR, -aVR and II."""
    if {"V4", "V5"} <= set(leads):
        return ("anterolateral",)
    if {"V6", "V7"} <= set(leads):
        return ("lateral",)
    if "II" in leads:
        return ("inferior",)
    return ("lateral",) if "I" in leads else ()


def join_walls(walls: Collection[str]) -> str:
    """Return walls as they stand before "infarction": joined by "and"."""
    return " and ".join(walls)


def find_reciprocal(walls: Iterable[str], depressed: Collection[str]) -> tuple[str, ...]:
    """Return the depressed leads that look at the walls from the other side."""
    seen = {lead for wall in walls for lead in _opposite(wall)}
    return tuple(lead for lead in depressed if lead in seen)


def _opposite(wall: str) -> tuple[str, ...]:
    kinds = ("inferior", "lateral", "anterior", "posterior", "right ventricular")
    words = wall.replace("antero", "anterior ").replace("infero", "inferior ")
    return tuple(lead for kind in kinds if kind in words for lead in RECIPROCAL[kind])
