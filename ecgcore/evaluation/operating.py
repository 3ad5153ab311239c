"""Operating points of a statement: possible thresholds and their figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ecgcore.evaluation import weighted
from ecgcore.evaluation.arrays import check_names, check_pair
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples, patient_weights
from ecgcore.evaluation.metrics import known_columns
from ecgcore.evaluation.thresholds import best_f1, for_sensitivity, for_specificity

WANTED = 0.95
HIGHEST_F1 = "highest F1"
SENSITIVE = "sensitivity 95 %"
SPECIFIC = "specificity 95 %"
FIGURES = ("sensitivity", "specificity", "ppv", "f1")


def operating_points(
    targets: ArrayLike, probabilities: ArrayLike, codes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the thresholds of each statement that has both outcomes.

    Parameters
    ----------
    targets, probabilities : arrays, shape (n, n_statements)
        Out-of-fold.

    Returns
    -------
    dict
        {code: {one of the three names: threshold}}.
    """
    y, p = check_pair(targets, probabilities, ndim=2)
    found = {}
    for j, code in enumerate(codes):
        if (y[:, j] == 1).any() and (y[:, j] == 0).any():
            found[code] = {
                HIGHEST_F1: best_f1(y[:, j], p[:, j]).value,
                SENSITIVE: for_sensitivity(y[:, j], p[:, j], WANTED).value,
                SPECIFIC: for_specificity(y[:, j], p[:, j], WANTED).value,
            }
    return found


def measure_points(
    points: Mapping[str, Mapping[str, float]],
    targets: ArrayLike,
    probabilities: ArrayLike,
    *,
    groups: ArrayLike,
    codes: Sequence[str],
    n_boot: int = N_BOOT,
) -> dict[str, dict[str, Any]]:
    """Return what thresholds that were chosen elsewhere do on these records, with intervals.

    Parameters
    ----------
    points : mapping
        As :func:`operating_points` returns.
    """
    y, p = check_pair(targets, probabilities, ndim=2)
    names = check_names("groups", groups, len(y))
    rows = np.concatenate([np.ones((1, len(y))), patient_weights(names, n_boot=n_boot)])
    found: dict[str, dict[str, Any]] = {}
    for j, code in enumerate(codes):
        truth, probability, weights = known_columns(y[:, j], p[:, j], rows)
        found[code] = {}
        for name, threshold in points.get(code, {}).items():
            each = weighted.at_threshold(truth, probability, weights, threshold)
            figures = {k: from_resamples(float(each[k][0]), each[k][1:]).as_dict() for k in FIGURES}
            found[code][name] = {"threshold": threshold, **figures}
    return found
