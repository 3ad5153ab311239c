"""Conformal sets of one statement: yes, no, either or neither, right nine times in ten.

Class-conditional (Mondrian) split conformal prediction (Vovk, Machine Learning 92:349, 2013): those
who have the statement and those who have not are each covered with the level asked for, however
rare it is.  Scores are the out-of-fold probabilities; the network that is used was trained on all
of them, so that on new records the guarantee is a measured one, not a proven one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.checks import check_range
from ecgcore.datasets import patient_folds
from ecgcore.evaluation.arrays import Floats, check_pair, known_only
from ecgcore.evaluation.calibration import MIN_POSITIVES

LEVEL = 0.9
# A set that decides for fewer records than this is of no help to a reader.
USEFUL_DECIDED = 0.8
# Coverage that may be missed by chance, in cross-validation.
USEFUL_COVERAGE = 0.87


@dataclass(frozen=True)
class Cuts:
    """Where one statement's answers begin and end.

    Attributes
    ----------
    yes_from : float
        "Yes" belongs to the set from this probability on.
    no_to : float
        "No" belongs to the set up to this probability.
    """

    yes_from: float
    no_to: float

    def sets(self, probabilities: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether "yes" and whether "no" belongs to each set."""
        p = np.asarray(probabilities, dtype=np.float64)
        return p >= self.yes_from, p <= self.no_to


def fit_cuts(targets: ArrayLike, probabilities: ArrayLike, level: float = LEVEL) -> Cuts:
    """Return the cuts of one statement.

    Parameters
    ----------
    targets, probabilities : arrays, shape (n,)
        NaN targets are left out.
    level : float
        From 0.5 to 0.99.  With too few records of a class for the level, its answer belongs to
        every set.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ or the level is out of range.
    """
    check_range("level", level, 0.5, 0.99)
    y, p = known_only(*check_pair(targets, probabilities, ndim=1))
    return Cuts(1 - _quantile(1 - p[y == 1], level), _quantile(p[y == 0], level))


def _quantile(strange: Floats, level: float) -> float:
    """Return the (n + 1) level-th smallest of n scores; 1 where there are too few."""
    rank = ceil(round((strange.size + 1) * level, 9))
    return float(np.sort(strange)[rank - 1]) if rank <= strange.size else 1.0


def set_figures(targets: ArrayLike, probabilities: ArrayLike, cuts: Cuts) -> dict[str, Any]:
    """Return coverage and size of the sets of one statement.

    Returns
    -------
    dict
        ``coverage_positive``, ``coverage_negative`` (None without such records), ``size`` (mean
        number of answers), ``decided`` (share with exactly one), ``n``, ``n_positive``.
    """
    y, p = known_only(*check_pair(targets, probabilities, ndim=1))
    yes, no = cuts.sets(p)
    size = yes.astype(int) + no
    return {
        "n": int(y.size),
        "n_positive": int((y == 1).sum()),
        "coverage_positive": _mean(yes[y == 1]),
        "coverage_negative": _mean(no[y == 0]),
        "size": _mean(size),
        "decided": _mean(size == 1),
    }


def _mean(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if values.size else None


def conformal_sets(
    targets: ArrayLike,
    probabilities: ArrayLike,
    *,
    groups: ArrayLike,
    codes: Sequence[str],
    n_folds: int = 5,
    seed: int = 0,
) -> dict[str, Any]:
    """Return each statement's cuts, and by patient-wise cross-validation whether they help.

    Parameters
    ----------
    targets, probabilities : arrays, shape (n, n_statements)
        Out-of-fold.
    groups : array of str, shape (n,)
    codes : sequence of str

    Returns
    -------
    dict
        ``level``, ``useful_when`` in words, and ``classes``: {code: ``yes_from``, ``no_to``,
        ``useful``, ``cross_validated``: as :func:`set_figures`}.
    """
    y, p = check_pair(targets, probabilities, ndim=2)
    folds = patient_folds(np.asarray(groups, dtype=str), y, n_folds, seed=seed)
    classes = {}
    for j, code in enumerate(codes):
        cuts = fit_cuts(y[:, j], p[:, j])
        held = _cross_validate(y[:, j], p[:, j], folds)
        classes[code] = {
            "yes_from": cuts.yes_from,
            "no_to": cuts.no_to,
            "useful": _useful(held),
            "cross_validated": held,
        }
    return {
        "level": LEVEL,
        "useful_when": (
            f"from {MIN_POSITIVES} positives on, if by cross-validation both classes are covered "
            f"at {USEFUL_COVERAGE:.0%} or more and one answer alone is left in "
            f"{USEFUL_DECIDED:.0%} of the records or more"
        ),
        "classes": classes,
    }


def _cross_validate(y: Floats, p: Floats, folds: NDArray[np.int64]) -> dict[str, Any]:
    """Return the figures of sets whose cuts never saw the record."""
    kept = []
    for fold in np.unique(folds):
        inside = folds == fold
        if np.isfinite(y[inside]).any():
            cuts = fit_cuts(y[~inside], p[~inside])
            kept.append(set_figures(y[inside], p[inside], cuts))
    n, positive = (np.array([k[name] for k in kept]) for name in ("n", "n_positive"))
    weights = {"coverage_positive": positive, "coverage_negative": n - positive}
    found: dict[str, Any] = {"n": int(n.sum()), "n_positive": int(positive.sum())}
    for name in ("coverage_positive", "coverage_negative", "size", "decided"):
        weight = weights.get(name, n)
        values = np.array([0.0 if k[name] is None else k[name] for k in kept])
        found[name] = float((weight * values).sum() / weight.sum()) if weight.sum() else None
    return found


def _useful(held: dict[str, Any]) -> bool:
    covered = [held["coverage_positive"], held["coverage_negative"]]
    return bool(
        held["n_positive"] >= MIN_POSITIVES
        and all(each is not None and each >= USEFUL_COVERAGE for each in covered)
        and held["decided"] >= USEFUL_DECIDED
    )


def measure_sets(
    made: dict[str, Any], targets: ArrayLike, probabilities: ArrayLike, codes: Sequence[str]
) -> dict[str, Any]:
    """Return coverage and size on other records; ``made`` as :func:`conformal_sets` returns it."""
    y, p = check_pair(targets, probabilities, ndim=2)
    found = {}
    for j, code in enumerate(codes):
        cuts = Cuts(made["classes"][code]["yes_from"], made["classes"][code]["no_to"])
        found[code] = set_figures(y[:, j], p[:, j], cuts)
    return found
