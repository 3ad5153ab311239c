"""Curves of one statement in few points, for a model card; no single records."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.checks import check_range
from ecgcore.evaluation.arrays import Floats, check_pair, check_probabilities, known_only
from ecgcore.evaluation.weighted import ECE_BINS

MAX_POINTS = 60
_Z_95 = 1.959964
_DIGITS = 4


def curve_points(
    targets: ArrayLike,
    probabilities: ArrayLike,
    threshold: float,
    *,
    max_points: int = MAX_POINTS,
) -> dict[str, Any]:
    """Return ROC, precision-recall and reliability curves and the confusion at the threshold.

    Parameters
    ----------
    targets : array, shape (n,)
        1, 0 or NaN (left out).
    probabilities : array, shape (n,)
        From 0 to 1.
    threshold : float
        Flagged from here on.
    max_points : int
        3 to 1,000; of each of the first two curves.

    Returns
    -------
    dict
        ``roc``: {``fpr``, ``tpr``}, or None without a positive or a negative; ``pr``:
        {``recall``, ``precision``}, or None without a positive; ``reliability``: {``mean``,
        ``observed``, ``low``, ``high``, ``n``} of the bins that the calibration error is made
        from, with Wilson's 95 % interval of the observed share; ``confusion``: {``tp``, ``fp``,
        ``fn``, ``tn``}.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ, a probability is not from 0 to 1, or ``max_points`` is out of range.
    """
    check_range("max_points", max_points, 3, 1000)
    y, p = known_only(*check_pair(targets, probabilities, ndim=1))
    check_probabilities(p)
    true, false = _counts_from_the_top(y, p)
    return {
        "roc": _roc(true, false, int(max_points)),
        "pr": _pr(true, false, int(max_points)),
        "reliability": _reliability(y, p),
        "confusion": _confusion(y, p >= threshold),
    }


def _counts_from_the_top(y: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Return positives and negatives flagged at each distinct probability, from the highest."""
    order = np.argsort(-p, kind="stable")
    # Only the last record of equal probabilities: a threshold flags all of them or none.
    last = np.flatnonzero(np.append(np.diff(p[order]) < 0, [True])[: y.size])
    true = np.cumsum(y[order])[last]
    return true, last + 1.0 - true


def _roc(true: Floats, false: Floats, most: int) -> dict[str, list[float]] | None:
    if true.size == 0 or true[-1] == 0 or false[-1] == 0:
        return None
    fpr = np.append(0.0, false / false[-1])
    tpr = np.append(0.0, true / true[-1])
    kept = _thin_points(fpr, tpr, most)
    return {"fpr": _round_points(fpr[kept]), "tpr": _round_points(tpr[kept])}


def _pr(true: Floats, false: Floats, most: int) -> dict[str, list[float]] | None:
    if true.size == 0 or true[-1] == 0:
        return None
    recall, precision = true / true[-1], true / (true + false)
    kept = _thin_points(recall, precision, most)
    return {"recall": _round_points(recall[kept]), "precision": _round_points(precision[kept])}


def _thin_points(x: Floats, y: Floats, most: int) -> NDArray[np.intp]:
    """Return at most ``most`` points, the ends among them, spread evenly along the curve."""
    inner = np.ones(x.size, dtype=bool)
    if x.size > 2:
        # What lies on the straight line between its neighbours adds nothing.
        cross = np.diff(x)[:-1] * np.diff(y)[1:] - np.diff(x)[1:] * np.diff(y)[:-1]
        inner[1:-1] = np.abs(cross) > 1e-12
    corners = np.flatnonzero(inner)
    if corners.size <= most:
        return corners
    steps = np.abs(np.diff(x[corners])) + np.abs(np.diff(y[corners]))
    along = np.append(0.0, np.cumsum(steps))
    at = np.searchsorted(along, np.linspace(0, along[-1], most))
    return np.unique(corners[np.minimum(at, corners.size - 1)])


def _reliability(y: Floats, p: Floats) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {"mean": [], "observed": [], "low": [], "high": [], "n": []}
    if y.size == 0:
        return out
    edges = np.sort(p)[(np.arange(1, ECE_BINS) * y.size) // ECE_BINS]
    bin_of = np.searchsorted(np.unique(edges), p, side="right")
    for number in np.unique(bin_of):
        inside = bin_of == number
        n, share = int(inside.sum()), float(y[inside].mean())
        low, high = wilson(share, n)
        row = (p[inside].mean(), share, low, high)
        for name, value in zip(("mean", "observed", "low", "high"), row, strict=True):
            # More digits than a picture needs: the calibration error can be made from them.
            out[name].append(round(float(value), 6))
        out["n"].append(n)
    return out


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of ``n`` (Wilson, J Am Stat Assoc 22:209, 1927)."""
    z2 = _Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z_95 * float(np.sqrt(share * (1 - share) / n + z2 / (4 * n**2))) / (1 + z2 / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def _confusion(y: Floats, flagged: NDArray[np.bool_]) -> dict[str, int]:
    positive = y == 1
    return {
        "tp": int((flagged & positive).sum()),
        "fp": int((flagged & ~positive).sum()),
        "fn": int((~flagged & positive).sum()),
        "tn": int((~flagged & ~positive).sum()),
    }


def _round_points(values: Floats) -> list[float]:
    return [round(float(v), _DIGITS) for v in values]
