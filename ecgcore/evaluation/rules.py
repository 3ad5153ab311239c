"""Thresholds and calibration of a card, from out-of-fold logits."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import CannotAssessError
from ecgcore.evaluation import (
    CalibrationSet,
    Threshold,
    best_f1,
    fit_calibration,
    for_specificity,
    within_false_alarms,
)
from ecgcore.inference.abstain import NORMAL
from ecgcore.inference.card import MAX_FALSE_ALARMS, LabelRule

# With so few records that have it, the highest F1 is one record's score.
BY_SPECIFICITY = ("STE",)
WANTED_SPECIFICITY = 0.95
SOURCE = "calibrated out-of-fold probabilities"
THRESHOLD_RULE = (
    "highest F1 on calibrated out-of-fold probabilities, statement by statement; "
    "STE: a specificity of 95 % there; higher where over one in ten normal ECGs would be flagged"
)


def label_rules(
    codes: Sequence[str],
    targets: NDArray[np.float32],
    logits: NDArray[np.float64],
    groups: NDArray[np.str_],
    min_leads: Mapping[str, float],
) -> tuple[tuple[LabelRule, ...], CalibrationSet]:
    """Return each statement's calibration and threshold.

    Parameters
    ----------
    targets, logits : arrays, shape (n, n_labels)
        Logits of networks that never saw the record's patient; NaN targets are left out.
    groups : array of str, shape (n,)
        Patients.
    min_leads : mapping of str to float
        See :class:`ecgcore.inference.LabelRule`.

    Raises
    ------
    CannotAssessError
        If a statement has no positive.
    """
    made = fit_calibration(targets, logits, groups=groups)
    probabilities = made.apply(logits)
    normal = targets[:, list(codes).index(NORMAL)] == 1 if NORMAL in codes else None
    rules = []
    for j, (code, calibration) in enumerate(zip(codes, made.statements, strict=True)):
        try:
            threshold = _threshold(code, targets[:, j], probabilities[:, j])
            cut, alarms = _within_limit(code, threshold.value, probabilities[:, j], normal)
        except CannotAssessError:
            raise CannotAssessError(
                f"{code} has no positive record to choose a threshold on; leave it out of the "
                "recipe or add data."
            ) from None
        rules.append(
            LabelRule(
                code=code,
                threshold=cut,
                temperature=calibration.temperature,
                bias=calibration.bias,
                calibrated=calibration.calibrated,
                positives=calibration.n_positive,
                min_leads=min_leads[code],
                origin=threshold.origin,
                false_alarms=alarms,
            )
        )
    return tuple(rules), made


def _threshold(
    code: str, targets: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> Threshold:
    if code in BY_SPECIFICITY:
        return for_specificity(targets, probabilities, WANTED_SPECIFICITY, source=SOURCE)
    return best_f1(targets, probabilities, source=SOURCE)


def _within_limit(
    code: str,
    threshold: float,
    probabilities: NDArray[np.float64],
    normal: NDArray[np.bool_] | None,
) -> tuple[float, float | None]:
    """Return a threshold at which few normal records are flagged, and their share."""
    if code == NORMAL or normal is None or not normal.any():
        return threshold, None
    cut = max(threshold, within_false_alarms(probabilities[normal], MAX_FALSE_ALARMS))
    return cut, float((probabilities[normal] >= cut).mean())
