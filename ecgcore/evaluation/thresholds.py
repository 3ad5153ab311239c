"""Thresholds from out-of-fold predictions; each says in words where it comes from.

A record is flagged where its score is the threshold or above, here and wherever it is applied.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from ecgcore.checks import check_range
from ecgcore.errors import CannotAssessError
from ecgcore.evaluation.arrays import Floats, check_pair, known_only
from ecgcore.evaluation.metrics import at_threshold


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it attains on the records it was chosen on.

    Attributes
    ----------
    value : float
        On the scale of the scores given.
    origin : str
        How it was chosen, in words.
    f1, sensitivity, specificity : float
        On the records it was chosen on: flattering, never to be reported as performance.
    n, n_positive : int
    """

    value: float
    origin: str
    f1: float
    sensitivity: float
    specificity: float
    n: int
    n_positive: int


def best_f1(targets: ArrayLike, scores: ArrayLike, *, source: str = "") -> Threshold:
    """Return the observed score that gives the highest F1; of several, the highest score.

    Parameters
    ----------
    targets, scores : arrays, shape (n,)
        One statement; NaN targets are left out.
    source : str
        What the scores are, for ``origin``: ``"out-of-fold predictions on train and val"``.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ or a score is not finite.
    CannotAssessError
        If there is no positive.
    """
    y, s = _with_positives(targets, scores)
    order = np.argsort(-s, kind="stable")
    true_positive = np.cumsum(y[order])
    flagged = np.arange(1, y.size + 1)
    f1 = 2 * true_positive / (y.sum() + flagged)
    # Only the last record of equal scores: a threshold flags all of them or none.
    last = np.concatenate((np.diff(s[order]) < 0, [True]))
    best = int(np.argmax(np.where(last, f1, -1)))
    return _threshold(y, s, float(s[order][best]), _words("highest F1", source))


def for_sensitivity(
    targets: ArrayLike, scores: ArrayLike, wanted: float = 0.95, *, source: str = ""
) -> Threshold:
    """Return the highest threshold at which the sensitivity is at least ``wanted``.

    Parameters
    ----------
    targets, scores, source
        As :func:`best_f1`.
    wanted : float
        From 0.01 to 1.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ, a score is not finite, or ``wanted`` is out of range.
    CannotAssessError
        If there is no positive.
    """
    check_range("wanted", wanted, 0.01, 1.0)
    y, s = _with_positives(targets, scores)
    positive = np.sort(s[y == 1])[::-1]
    # Rounded first: 0.95 * 20 must be 19, not 19.000000000000004.
    needed = ceil(round(wanted * positive.size, 9))
    words = _words(f"sensitivity of at least {wanted:.0%}", source)
    return _threshold(y, s, float(positive[needed - 1]), words)


def for_specificity(
    targets: ArrayLike, scores: ArrayLike, wanted: float = 0.95, *, source: str = ""
) -> Threshold:
    """Return the lowest threshold, just above a score, at which the specificity is ``wanted``.

    Parameters
    ----------
    targets, scores, source
        As :func:`best_f1`.
    wanted : float
        From 0.01 to 1; reached or exceeded.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ, a score is not finite, or ``wanted`` is out of range.
    CannotAssessError
        If there is no positive or no negative.
    """
    check_range("wanted", wanted, 0.01, 1.0)
    y, s = _with_positives(targets, scores)
    if not (y == 0).any():
        raise CannotAssessError("There is no negative record to choose a threshold on.")
    value = within_false_alarms(s[y == 0], 1.0 - wanted)
    return _threshold(y, s, value, _words(f"specificity of at least {wanted:.0%}", source))


def within_false_alarms(scores: ArrayLike, share: float) -> float:
    """Return the lowest threshold, just above a score, that at most ``share`` of scores reach.

    Parameters
    ----------
    scores : array, shape (n,)
        Of records that should not be flagged; at least one.
    share : float
        From 0 to 0.99.
    """
    check_range("share", share, 0.0, 0.99)
    ascending = np.sort(np.asarray(scores, dtype=np.float64))
    # Rounded first: 0.95 * 20 must be 19, not 19.000000000000004.
    kept = ceil(round((1.0 - share) * ascending.size, 9))
    return float(np.nextafter(ascending[kept - 1], np.inf))


def _with_positives(targets: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    y, s = known_only(*check_pair(targets, scores, ndim=1))
    if not (y == 1).any():
        raise CannotAssessError("There is no positive record to choose a threshold on.")
    return y, s


def _words(rule: str, source: str) -> str:
    return f"{rule} on {source}" if source else rule


def _threshold(y: Floats, s: Floats, value: float, origin: str) -> Threshold:
    attained = at_threshold(y, s, value)
    return Threshold(
        value=value,
        origin=origin,
        f1=attained["f1"],
        sensitivity=attained["sensitivity"],
        specificity=attained["specificity"],
        n=int(y.size),
        n_positive=int(y.sum()),
    )
