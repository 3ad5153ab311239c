"""Figures of one label table: the area under the ROC curve of each class, and their mean.

What published figures on PTB-XL call macro AUC is the plain mean over all classes on fold 10.
Deviation from the benchmark of Strodthoff et al. (2020): its interval resamples records and draws
again until every class has a positive; here patients are resampled, and a class that lacks one
outcome in a resample is left out of that resample's mean.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.arrays import check_names, check_pair
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc, mean_of_defined, measurable


def task_report(
    targets: ArrayLike,
    scores: ArrayLike,
    *,
    groups: ArrayLike,
    codes: Sequence[str],
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the macro AUC of a task and the AUC of each class, with 95 % intervals.

    Parameters
    ----------
    targets : array, shape (n, n_codes)
        1, 0 or NaN (left out).
    scores : array, shape (n, n_codes)
        Higher means more likely present; any scale.
    groups : array of str, shape (n,)
        Patients, who are resampled.
    codes : sequence of str
    n_boot, seed : int

    Returns
    -------
    dict
        ``n``, ``n_patients``, ``n_boot``, ``macro_auc``; ``not_measured``: the classes without
        a positive or without a negative, which the mean leaves out; ``classes``: {code: {``n``,
        ``n_positive``, ``auc``}}.  Figures are {``value``, ``low``, ``high``}, null if undefined.

    Raises
    ------
    InvalidArgumentError
        If shapes do not fit or a score is not finite.
    """
    y, s = check_pair(targets, scores, ndim=2)
    if len(codes) != y.shape[1]:
        raise InvalidArgumentError(
            f"There are {y.shape[1]} columns of targets and {len(codes)} codes; "
            "as many of each are needed."
        )
    names = check_names("groups", groups, len(y))
    # Row 0 is the sample itself, the others are resamples of it.
    rows = np.concatenate([np.ones((1, len(y))), patient_weights(names, n_boot=n_boot, seed=seed)])
    areas = {j: class_auc(y[:, j], s[:, j], rows) for j in measurable(y)}
    mean = mean_of_defined(list(areas.values()), rows.shape[0])
    classes = {}
    for j, code in enumerate(codes):
        area = from_resamples(float(areas[j][0]), areas[j][1:]) if j in areas else Interval(None)
        known = ~np.isnan(y[:, j])
        classes[code] = {
            "n": int(known.sum()),
            "n_positive": int((y[:, j] == 1).sum()),
            "auc": area.as_dict(),
        }
    return {
        "n": len(y),
        "n_patients": len(np.unique(names)),
        "n_boot": int(n_boot),
        "macro_auc": from_resamples(float(mean[0]), mean[1:]).as_dict(),
        "not_measured": [code for j, code in enumerate(codes) if j not in areas],
        "classes": classes,
    }


def task_table(report: Mapping[str, Any]) -> str:
    """Return the figures as a Markdown table, the mean in the last row."""
    lines = ["| Class | Records | Positive | AUC |", "| --- | --- | --- | --- |"]
    for code, figures in report["classes"].items():
        counts = f"{figures['n']} | {figures['n_positive']}"
        lines.append(f"| {code} | {counts} | {_words(figures['auc'])} |")
    measured = len(report["classes"]) - len(report["not_measured"])
    lines.append(f"| mean of {measured} | {report['n']} | | {_words(report['macro_auc'])} |")
    return "\n".join(lines) + "\n"


def _words(figure: Mapping[str, float | None]) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
