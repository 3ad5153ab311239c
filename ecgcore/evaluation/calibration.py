"""Calibration of logits: probability = sigmoid(logit / temperature + bias).

Fitted on out-of-fold logits.  Three forms are compared by their log loss in patient-wise
cross-validation, and the best is kept for all statements: one temperature for all, one for each
statement, or a temperature and a bias for each statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from ecgcore.checks import check_option
from ecgcore.datasets import patient_folds
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.arrays import Floats, check_names, check_pair

OUT_OF_FOLD = "out-of-fold logits"
MIN_POSITIVES = 30
ONE_TEMPERATURE = "one temperature for all statements"
TEMPERATURES = "a temperature for each statement"
TEMPERATURES_AND_BIASES = "a temperature and a bias for each statement"
FORMS = (ONE_TEMPERATURE, TEMPERATURES, TEMPERATURES_AND_BIASES)

# Standard deviations of the priors on log(1 / temperature) and bias: far wider than a network's
# usual error, so that they matter only where there are few positives.
_PRIOR_LOG_SLOPE = 1.0
_PRIOR_BIAS = 3.0
_PROBABILITY_FLOOR = 1e-12


@dataclass(frozen=True)
class Calibration:
    """Calibration of one statement.

    Attributes
    ----------
    temperature, bias : float
        probability = sigmoid(logit / temperature + bias); temperature is above 0.
    calibrated : bool
        False with fewer than ``MIN_POSITIVES`` positives: show words, not the number.
    n_positive : int
        Out-of-fold positives it was fitted on.
    """

    temperature: float
    bias: float
    calibrated: bool
    n_positive: int


@dataclass(frozen=True)
class CalibrationSet:
    """Calibrations of all statements, in the order of the logits' columns.

    Attributes
    ----------
    statements : tuple of Calibration
    form : str
        The one of ``FORMS`` that was kept.
    log_loss : dict of str to float
        Mean over statements in cross-validation, for every form and ``"uncalibrated"``.
    words : str
        How it was made, for the model card.
    """

    statements: tuple[Calibration, ...]
    form: str
    log_loss: dict[str, float]
    words: str

    def apply(self, logits: ArrayLike) -> Floats:
        """Return probabilities of logits, shape (..., n_statements).

        Raises
        ------
        InvalidArgumentError
            If the last axis does not have one logit a statement.
        """
        z = np.asarray(logits, dtype=np.float64)
        if z.ndim < 1 or z.shape[-1] != len(self.statements):
            raise InvalidArgumentError(
                f"Logits have shape {z.shape}; the last axis needs {len(self.statements)}."
            )
        temperatures = np.array([c.temperature for c in self.statements])
        biases = np.array([c.bias for c in self.statements])
        return np.asarray(expit(z / temperatures + biases))


def to_logits(probabilities: ArrayLike, *, floor: float = 1e-7) -> Floats:
    """Return logits of probabilities, kept ``floor`` away from 0 and 1."""
    return np.asarray(logit(np.clip(np.asarray(probabilities, np.float64), floor, 1 - floor)))


def fit_calibration(
    targets: ArrayLike,
    logits: ArrayLike,
    *,
    groups: ArrayLike,
    n_folds: int = 5,
    seed: int = 0,
    origin: str = OUT_OF_FOLD,
) -> CalibrationSet:
    """Choose a form of calibration by cross-validation and fit it on all records.

    Parameters
    ----------
    targets : array, shape (n, n_statements)
        1, 0 or NaN (left out).
    logits : array, shape (n, n_statements)
        Made by networks that did not learn from the record.
    groups : array of str, shape (n,)
        Patients.
    n_folds, seed : int
    origin : str
        Where the logits come from, for the words.

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit, or there are fewer patients than folds.

    Notes
    -----
    Temperature scaling: Guo et al., ICML 2017.  With bias: Platt 1999, with his smoothed targets
    (N+ + 1)/(N+ + 2) and 1/(N- + 2).  Deviation: normal priors on log(1/temperature), deviation
    1, and on the bias, deviation 3, hold a statement with few positives near the identity.
    """
    y, z = check_pair(targets, logits, ndim=2)
    names = check_names("groups", groups, len(y))
    folds = patient_folds(names, y, n_folds, seed=seed)
    losses = {"uncalibrated": _mean_log_loss(y, expit(z))}
    for form in FORMS:
        losses[form] = _mean_log_loss(y, _hold_out(form, y, z, folds))
    form = min(FORMS, key=losses.__getitem__)
    slopes, biases = _fit(form, y, z)
    statements = tuple(
        _calibration(slope, bias, int((column == 1).sum()))
        for slope, bias, column in zip(slopes, biases, y.T, strict=True)
    )
    return CalibrationSet(statements, form, losses, _words(form, losses, n_folds, origin))


def held_out_probabilities(
    targets: ArrayLike,
    logits: ArrayLike,
    form: str,
    *,
    groups: ArrayLike,
    n_folds: int = 5,
    seed: int = 0,
) -> Floats:
    """Return probabilities, shape (n, n_statements), whose calibration never saw the record.

    What reliability is honestly drawn from; arguments as :func:`fit_calibration`.

    Parameters
    ----------
    form : str
        One of ``FORMS``.

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit, or there are fewer patients than folds.
    """
    check_option("form", form, FORMS)
    y, z = check_pair(targets, logits, ndim=2)
    names = check_names("groups", groups, len(y))
    return _hold_out(form, y, z, patient_folds(names, y, n_folds, seed=seed))


def _hold_out(form: str, y: Floats, z: Floats, folds: NDArray[np.int64]) -> Floats:
    held_out = np.zeros_like(z)
    for fold in np.unique(folds):
        inside = folds == fold
        slopes, biases = _fit(form, y[~inside], z[~inside])
        held_out[inside] = expit(z[inside] * slopes + biases)
    return held_out


def _calibration(slope: float, bias: float, n_positive: int) -> Calibration:
    return Calibration(float(1 / slope), float(bias), n_positive >= MIN_POSITIVES, n_positive)


def _words(form: str, losses: dict[str, float], n_folds: int, origin: str) -> str:
    return (
        f"{form[0].upper()}{form[1:]}, fitted on {origin}; of {len(FORMS)} forms the one with "
        f"the lowest mean log loss in {n_folds}-fold cross-validation by patient "
        f"({losses[form]:.4f}; uncalibrated {losses['uncalibrated']:.4f}). Called calibrated from "
        f"{MIN_POSITIVES} positives on."
    )


def _fit(form: str, y: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Return slopes (1 / temperature) and biases, shape (n_statements,) each."""
    n_statements = y.shape[1]
    if form == ONE_TEMPERATURE:
        slope, _ = _fit_pair([(y[:, j], z[:, j]) for j in range(n_statements)], with_bias=False)
        return np.full(n_statements, slope), np.zeros(n_statements)
    with_bias = form == TEMPERATURES_AND_BIASES
    pairs = [_fit_pair([(y[:, j], z[:, j])], with_bias=with_bias) for j in range(n_statements)]
    return np.array([slope for slope, _ in pairs]), np.array([bias for _, bias in pairs])


def _fit_pair(columns: Sequence[tuple[Floats, Floats]], *, with_bias: bool) -> tuple[float, float]:
    known = [(y[~np.isnan(y)], z[~np.isnan(y)]) for y, z in columns]
    smooth = np.concatenate([_smooth_targets(y) for y, _ in known])
    z = np.concatenate([z for _, z in known])

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_slope, bias = parameters[0], parameters[1] if with_bias else 0.0
        slope = np.exp(log_slope)
        linear = slope * z + bias
        value = float((np.logaddexp(0, linear) - smooth * linear).sum())
        error = expit(linear) - smooth
        gradient = [slope * (error * z).sum() + log_slope / _PRIOR_LOG_SLOPE**2]
        value += 0.5 * (log_slope / _PRIOR_LOG_SLOPE) ** 2 + 0.5 * (bias / _PRIOR_BIAS) ** 2
        if with_bias:
            gradient.append(error.sum() + bias / _PRIOR_BIAS**2)
        return value, np.array(gradient)

    start = np.zeros(2 if with_bias else 1)
    bounds = [(-5.0, 5.0), (-20.0, 20.0)][: start.size]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(found[0])), float(found[1]) if with_bias else 0.0


def _smooth_targets(y: Floats) -> Floats:
    positive = y.sum()
    return np.where(y == 1, (positive + 1) / (positive + 2), 1 / (y.size - positive + 2))


def _mean_log_loss(y: Floats, p: Floats) -> float:
    losses = []
    for column, probability in zip(y.T, p.T, strict=True):
        known = ~np.isnan(column)
        if not known.any():
            continue
        q = np.clip(probability[known], _PROBABILITY_FLOOR, 1 - _PROBABILITY_FLOOR)
        losses.append(-np.mean(np.where(column[known] == 1, np.log(q), np.log1p(-q))))
    return float(np.mean(losses)) if losses else float("nan")
