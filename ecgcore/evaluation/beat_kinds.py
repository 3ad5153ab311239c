"""Beat classification figures, counted as in AAMI EC57.

A found beat belongs to the reference beat within 150 ms.  For ventricular beats, fusion (F) and
unknown (Q) beats count neither way; for supraventricular beats, only unknown ones.  A beat that was
not found is missed; one that nobody marked is a false one, except in ventricular flutter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.mitdb import MarkedBeats
from ecgcore.evaluation.waves import match_times

Array = NDArray[np.float64]
Text = NDArray[np.str_]

# Kind as measured -> its AAMI group, and the groups that count neither way.
CLASSES = {"ventricular": ("V", ("F", "Q")), "supraventricular": ("S", ("Q",))}
# What a choice of limits weighs: two leads first, then one, then ten seconds.
F1_WEIGHTS = {"both": 1.0, "first": 0.5, "both 10 s": 0.25}
MATCH_S = 0.15


@dataclass(frozen=True)
class Counts:
    """True, missed and false beats of each kind of ``CLASSES``, in its order."""

    true: tuple[int, ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]

    @classmethod
    def none(cls) -> "Counts":
        """Return counts of nothing."""
        zero = (0,) * len(CLASSES)
        return cls(zero, zero, zero)

    def __add__(self, other: "Counts") -> "Counts":
        """Add up two records."""

        def both(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(x + y for x, y in zip(a, b, strict=True))

        return Counts(
            both(self.true, other.true),
            both(self.missed, other.missed),
            both(self.false, other.false),
        )

    def figures(self, kind: str) -> dict[str, float]:
        """Return sensitivity, ppv and f1 (NaN where there is nothing to divide by)."""
        at = list(CLASSES).index(kind)
        true, missed, false = self.true[at], self.missed[at], self.false[at]
        return {
            "sensitivity": _share(true, true + missed),
            "ppv": _share(true, true + false),
            "f1": _share(2 * true, 2 * true + missed + false),
            "n": true + missed,
        }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def groups_of(marks: MarkedBeats, r_s: Array) -> tuple[Text, dict[str, int]]:
    """Return the AAMI group of each found beat, and the reference beats that were not found.

    "-" is a beat that nobody marked; within ventricular flutter, where nothing is marked, it is Q.
    """
    at, mine = match_times(marks.r_s, r_s)
    groups = np.full(r_s.size, "-")
    reference = np.array(marks.groups)
    groups[mine] = reference[at]
    for start_s, stop_s in marks.unmarked_s:
        inside = (r_s > start_s - MATCH_S) & (r_s < stop_s + MATCH_S)
        groups[inside & (groups == "-")] = "Q"
    rest = np.delete(reference, at)
    return groups, {kind: int((rest == kind).sum()) for kind in np.unique(reference).tolist()}


def count(groups: Text, said: Sequence[str] | Text, missed: dict[str, int]) -> Counts:
    """Return the counts of one record."""
    kinds = np.asarray(said)
    true, lost, false = [], [], []
    for kind, (group, ignored) in CLASSES.items():
        right = groups == group
        true.append(int((right & (kinds == kind)).sum()))
        lost.append(int((right & (kinds != kind)).sum()) + missed.get(group, 0))
        false.append(int((~right & ~np.isin(groups, ignored) & (kinds == kind)).sum()))
    return Counts(tuple(true), tuple(lost), tuple(false))
