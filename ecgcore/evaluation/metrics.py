"""Masked metrics: a record without a label for a statement is left out.

A figure that is undefined (no positive, no negative, nothing flagged) is NaN.
"""

import numpy as np
from numpy.typing import ArrayLike

from ecgcore.evaluation import weighted
from ecgcore.evaluation.arrays import (
    Floats,
    check_pair,
    check_probabilities,
    known_only,
)


def roc_auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve of one statement.

    Parameters
    ----------
    targets : array, shape (n,)
        1, 0 or NaN (left out).
    scores : array, shape (n,)
        Higher means more likely present; any scale.

    Returns
    -------
    float
        NaN without a positive or without a negative.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ, a target is neither 0, 1 nor NaN, or a score is not finite.
    """
    return float(weighted.roc_auc(*_one_statement(targets, scores))[0])


def average_precision(targets: ArrayLike, scores: ArrayLike) -> float:
    """Return the average precision of one statement; arguments as :func:`roc_auc`."""
    return float(weighted.average_precision(*_one_statement(targets, scores))[0])


def at_threshold(targets: ArrayLike, scores: ArrayLike, threshold: float) -> dict[str, float]:
    """Return ``f1``, ``sensitivity``, ``specificity`` and ``ppv`` of one statement.

    A record is flagged where its score is the threshold or above; arguments as :func:`roc_auc`.
    """
    found = weighted.at_threshold(*_one_statement(targets, scores), float(threshold))
    return {name: float(values[0]) for name, values in found.items()}


def brier(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the Brier score of one statement; probabilities from 0 to 1."""
    y, p, w = _one_statement(targets, probabilities)
    return float(weighted.brier(y, check_probabilities(p), w)[0])


def calibration_error(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the expected calibration error of one statement over ten bins of equal size.

    Notes
    -----
    Bins of equal size (adaptive bins, Nguyen and O'Connor 2015): with few positives, bins of
    equal width would hold nearly all records in the first.
    """
    y, p, w = _one_statement(targets, probabilities)
    return float(weighted.calibration_error(y, check_probabilities(p), w)[0])


def measurable(targets: ArrayLike) -> list[int]:
    """Return the columns of ``targets`` (n, n_statements) with a positive and a negative."""
    values = np.asarray(targets, dtype=np.float64)
    both = (values == 1).any(axis=0) & (values == 0).any(axis=0)
    return [int(column) for column in np.flatnonzero(both)]


def mean_auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Return the mean area under the ROC curve over the statements that have both outcomes.

    Parameters
    ----------
    targets, scores : arrays, shape (n, n_statements)

    Returns
    -------
    float
        NaN if no statement has both outcomes.
    """
    y, s = check_pair(targets, scores, ndim=2)
    return float(weighted_mean_auc(y, s, np.ones((1, len(y))))[0])


def weighted_mean_auc(targets: Floats, scores: Floats, weights: Floats) -> Floats:
    """Return the mean area under the ROC curve for each row of ``weights`` (b, n).

    A statement that lacks one outcome under a weighting is left out of that weighting's mean.
    """
    columns = [class_auc(targets[:, j], scores[:, j], weights) for j in measurable(targets)]
    return mean_of_defined(columns, weights.shape[0])


def class_auc(targets: Floats, scores: Floats, weights: Floats) -> Floats:
    """Return the area under the ROC curve of one masked statement for each row of ``weights``."""
    return weighted.roc_auc(*known_columns(targets, scores, weights))


def known_columns(
    targets: Floats, scores: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return targets (n,), scores (n,) and weights (b, n) without the records that cannot tell."""
    known = ~np.isnan(targets)
    return targets[known], scores[known], weights[:, known]


def mean_of_defined(columns: list[Floats], n_rows: int) -> Floats:
    """Return the mean over ``columns`` row by row, without NaN; NaN where none is left."""
    if not columns:
        return np.full(n_rows, np.nan)
    values = np.stack(columns)
    defined = np.isfinite(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(n_rows, np.nan), where=count > 0)


def _one_statement(targets: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats, Floats]:
    y, s = known_only(*check_pair(targets, scores, ndim=1))
    return y, s, np.ones((1, y.size))
