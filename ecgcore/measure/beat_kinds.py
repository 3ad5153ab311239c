"""Whether a beat is normal, supraventricular or ventricular: two small sets of trees.

The first set says how likely a beat is ventricular, the second how likely one that is not
ventricular is supraventricular.  Both were fitted by ``ecgcore.training.fits.beat_kinds`` and may
only go the way physiology does: a beat is never less likely ectopic for coming earlier, or
ventricular for being wider.  They are read from JSON and evaluated here.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ModelError
from ecgcore.measure.beat_features import NAMES, BeatFeatures

Array = NDArray[np.float64]

FILE = Path(__file__).with_name("beat_kinds.json")


@dataclass(frozen=True, eq=False)
class Trees:
    """Boosted trees of two outcomes.

    Attributes
    ----------
    start : float
        The log odds before any tree.
    feature, left, right : array of int, shape (n_trees, n_nodes)
        A node asks whether its feature is at most ``limit``, and goes left if so.  A leaf leads
        to itself.
    limit, value : array, shape (n_trees, n_nodes)
        ``value`` counts at the leaves.
    depth : int
    """

    start: float
    feature: NDArray[np.intp]
    limit: Array
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    value: Array
    depth: int

    def probability(self, features: Array) -> Array:
        """Return the probability of the outcome of each row."""
        tree = np.arange(self.left.shape[0])
        at = np.zeros((features.shape[0], tree.size), dtype=np.intp)
        row = np.arange(features.shape[0])[:, None]
        for _ in range(self.depth):
            below = features[row, self.feature[tree, at]] <= self.limit[tree, at]
            at = np.where(below, self.left[tree, at], self.right[tree, at])
        return np.asarray(1.0 / (1.0 + np.exp(-self.start - self.value[tree, at].sum(axis=1))))


@dataclass(frozen=True, eq=False)
class KindModel:
    """The two sets of trees, and from which probability each kind is said."""

    ventricular: Trees
    supraventricular: Trees
    ventricular_from: float
    supraventricular_from: float

    def kinds(self, features: BeatFeatures) -> tuple[str, ...]:
        """Return the kind of each beat; none is supraventricular where the atria fibrillate."""
        v = self.ventricular.probability(features.values)
        s = (1 - v) * self.supraventricular.probability(features.values)
        v, s = v / self.ventricular_from, s / self.supraventricular_from
        s[features.fibrillating] = 0.0
        kind = np.where(s >= 1, "supraventricular", "normal")
        return tuple(np.where((v >= 1) & (v > s), "ventricular", kind).tolist())


def trees_from(plain: dict[str, Any]) -> Trees:
    """Return trees from their plain form: for each tree its nodes' five values."""
    most = max(len(tree) for tree in plain["trees"])
    rows = np.zeros((len(plain["trees"]), most, 5))
    for number, tree in enumerate(plain["trees"]):
        rows[number, : len(tree)] = tree
    feature, limit, left, right, value = np.moveaxis(rows, -1, 0)
    whole = (array.astype(np.intp) for array in (feature, left, right))
    feature_n, left_n, right_n = whole
    return Trees(plain["start"], feature_n, limit, left_n, right_n, value, plain["depth"])


@cache
def kind_model() -> KindModel:
    """Return the fitted model.

    Raises
    ------
    ModelError
        If its file is missing, or was made for other features.
    """
    try:
        plain = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{FILE.name}: the model of the kinds of beats is missing.") from None
    if tuple(plain["features"]) != NAMES:
        raise ModelError(f"{FILE.name} was made for other features; fit it again.")
    return KindModel(
        trees_from(plain["ventricular"]),
        trees_from(plain["supraventricular"]),
        plain["ventricular_from"],
        plain["supraventricular_from"],
    )
