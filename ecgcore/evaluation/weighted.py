"""Metrics of one statement under many weightings of its records at once.

``targets`` (n,) holds 0 and 1, ``scores`` (n,) anything finite, ``weights`` (b, n) one row for
each weighting: how often each record counts (a bootstrap resample is such a row, a row of ones
the sample itself).  Every function returns shape (b,), NaN where a figure is undefined.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ECE_BINS = 10


def roc_auc(targets: Floats, scores: Floats, weights: Floats) -> Floats:
    """Return the area under the ROC curve; a tie counts half (Mann-Whitney)."""
    positive, negative = _by_score(targets, scores, weights)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return _ratio((positive * below).sum(axis=1), pairs)


def average_precision(targets: Floats, scores: Floats, weights: Floats) -> Floats:
    """Return the average precision: precision times gain in recall, summed, not interpolated."""
    positive, negative = (part[:, ::-1] for part in _by_score(targets, scores, weights))
    true = np.cumsum(positive, axis=1)
    flagged = true + np.cumsum(negative, axis=1)
    precision = np.divide(true, flagged, out=np.zeros_like(true), where=flagged > 0)
    return _ratio((precision * positive).sum(axis=1), positive.sum(axis=1))


def at_threshold(
    targets: Floats, scores: Floats, weights: Floats, threshold: float
) -> dict[str, Floats]:
    """Return f1, sensitivity, specificity and ppv; a record is flagged from the threshold on."""
    flagged = (scores >= threshold).astype(np.float64)
    true_positive = weights @ (flagged * targets)
    false_positive = weights @ (flagged * (1 - targets))
    positive = weights @ targets
    negative = weights @ (1 - targets)
    all_flagged = true_positive + false_positive
    return {
        "f1": _ratio(2 * true_positive, positive + all_flagged),
        "sensitivity": _ratio(true_positive, positive),
        "specificity": _ratio(negative - false_positive, negative),
        "ppv": _ratio(true_positive, all_flagged),
    }


def brier(targets: Floats, probabilities: Floats, weights: Floats) -> Floats:
    """Return the mean squared difference of probability and target."""
    return _ratio(weights @ (probabilities - targets) ** 2, weights.sum(axis=1))


def calibration_error(targets: Floats, probabilities: Floats, weights: Floats) -> Floats:
    """Return the expected calibration error over bins of equal size.

    The records, in order of probability, are cut into ``ECE_BINS`` bins of (nearly) as many
    records each; equal probabilities share a bin.  The bins are those of the records themselves
    for every weighting.
    """
    n = targets.size
    if n == 0:
        return np.full(weights.shape[0], np.nan)
    edges = np.sort(probabilities)[(np.arange(1, ECE_BINS) * n) // ECE_BINS]
    bin_of = np.searchsorted(np.unique(edges), probabilities, side="right")
    member = (bin_of[:, None] == np.arange(ECE_BINS)).astype(np.float64)
    gap = np.abs(weights @ (member * (probabilities - targets)[:, None]))
    return _ratio(gap.sum(axis=1), weights.sum(axis=1))


def _by_score(targets: Floats, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weight of positives and of negatives at each distinct score, ascending."""
    if targets.size == 0:
        empty = np.zeros((weights.shape[0], 1))
        return empty, empty
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(np.concatenate(([True], np.diff(ordered) > 0)))
    sorted_weights = weights[:, order]
    positive = np.add.reduceat(sorted_weights * targets[order], first, axis=1)
    return positive, np.add.reduceat(sorted_weights, first, axis=1) - positive


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    out = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)
