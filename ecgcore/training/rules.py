"""Thresholds and calibration of a card, from out-of-fold logits."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import CannotAssessError
from ecgcore.evaluation import CalibrationSet, Threshold, best_f1, fit_calibration, for_sensitivity
from ecgcore.inference.card import LabelRule

# A statement that must not be missed is flagged early: half of the flags may be wrong.
URGENT = ("STE",)
WANTED_SENSITIVITY = 0.95
SOURCE = "calibrated out-of-fold probabilities"
THRESHOLD_RULE = (
    "highest F1 on calibrated out-of-fold probabilities, statement by statement; "
    "STE: a sensitivity of 95 % there"
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
    codes : sequence of str
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
    rules = []
    for j, (code, calibration) in enumerate(zip(codes, made.statements, strict=True)):
        try:
            threshold = _threshold(code, targets[:, j], probabilities[:, j])
        except CannotAssessError:
            raise CannotAssessError(
                f"{code} has no positive record to choose a threshold on; leave it out of the "
                "recipe or add data."
            ) from None
        rules.append(
            LabelRule(
                code=code,
                threshold=threshold.value,
                temperature=calibration.temperature,
                bias=calibration.bias,
                calibrated=calibration.calibrated,
                positives=calibration.n_positive,
                min_leads=min_leads[code],
                origin=threshold.origin,
            )
        )
    return tuple(rules), made


def _threshold(
    code: str, targets: NDArray[np.float32], probabilities: NDArray[np.float64]
) -> Threshold:
    if code in URGENT:
        return for_sensitivity(targets, probabilities, WANTED_SENSITIVITY, source=SOURCE)
    return best_f1(targets, probabilities, source=SOURCE)
