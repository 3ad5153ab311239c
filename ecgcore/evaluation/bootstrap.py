"""Intervals by resampling patients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ecgcore.checks import check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.arrays import Floats, check_names, check_pair
from ecgcore.evaluation.metrics import weighted_mean_auc

N_BOOT = 1000
_LOW, _HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % percentile interval.

    Attributes
    ----------
    value : float or None
        On the sample itself; None where it is undefined.
    low, high : float or None
        None where the value is, or where it was undefined in more than half of the resamples.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, float | None]:
        """Return ``{"value", "low", "high"}`` for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def patient_weights(groups: ArrayLike, *, n_boot: int = N_BOOT, seed: int = 0) -> Floats:
    """Return how often each record counts in each resample of the patients.

    Parameters
    ----------
    groups : array of str, shape (n,)
        Patients; all records of a patient come together.
    n_boot : int
    seed : int

    Returns
    -------
    array, shape (n_boot, n)

    Raises
    ------
    InvalidArgumentError
        If there is no record, or ``n_boot`` is not from 1 to 100,000.
    """
    check_range("n_boot", n_boot, 1, 100_000)
    names = np.asarray(groups, dtype=str)
    if names.ndim != 1 or names.size == 0:
        raise InvalidArgumentError(
            f"Groups have shape {names.shape}; (n,) with at least one record is needed."
        )
    _, patient = np.unique(names, return_inverse=True)
    n_patients = int(patient.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_patients, np.full(n_patients, 1 / n_patients), size=int(n_boot))
    return drawn[:, patient].astype(np.float64)


def interval(statistic: Callable[[Floats], Floats], weights: Floats) -> Interval:
    """Return a statistic on the sample with its interval over resamples.

    Parameters
    ----------
    statistic : callable
        (b, n) weights -> (b,) values, NaN where undefined.  The paired difference of two models
        is a statistic that subtracts under the same weights.
    weights : array, shape (n_boot, n)
        As from :func:`patient_weights`.
    """
    value = float(statistic(np.ones((1, weights.shape[1])))[0])
    return from_resamples(value, statistic(weights))


def from_resamples(value: float, resampled: Floats) -> Interval:
    """Return the interval of a figure from its values in the resamples (NaN: undefined)."""
    if not np.isfinite(value):
        return Interval(None)
    defined = resampled[np.isfinite(resampled)]
    if 2 * defined.size <= resampled.size:
        return Interval(float(value))
    low, high = np.percentile(defined, (_LOW, _HIGH))
    return Interval(float(value), float(low), float(high))


def mean_auc_interval(
    targets: ArrayLike,
    scores: ArrayLike,
    *,
    groups: ArrayLike,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> Interval:
    """Return the mean area under the ROC curve with its interval.

    Parameters
    ----------
    targets, scores : arrays, shape (n, n_statements)
    groups : array of str, shape (n,)

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit.
    """
    y, s = check_pair(targets, scores, ndim=2)
    weights = patient_weights(check_names("groups", groups, len(y)), n_boot=n_boot, seed=seed)
    return interval(lambda w: weighted_mean_auc(y, s, w), weights)


def mean_auc_difference(
    targets: ArrayLike,
    scores: ArrayLike,
    other_scores: ArrayLike,
    *,
    groups: ArrayLike,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> Interval:
    """Return by how much one model's mean area exceeds another's, on the same records.

    Both models are judged on the same resamples: the interval is that of the paired difference.

    Parameters
    ----------
    targets, scores, other_scores : arrays, shape (n, n_statements)
    groups : array of str, shape (n,)

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit.
    """
    y, s = check_pair(targets, scores, ndim=2)
    _, other = check_pair(targets, other_scores, ndim=2)
    weights = patient_weights(check_names("groups", groups, len(y)), n_boot=n_boot, seed=seed)

    def difference(w: Floats) -> Floats:
        return weighted_mean_auc(y, s, w) - weighted_mean_auc(y, other, w)

    return interval(difference, weights)
