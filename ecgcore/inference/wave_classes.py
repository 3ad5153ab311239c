"""One wave class for every sample of a recording: P, QRS, T or none, agreed on by its leads."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.inference.delineate import wave_probabilities
from ecgcore.inference.loading import LoadedModel

# The waves of a lead's better half are believed: a P wave that six leads show is there.
BELIEVED_SHARE = 0.5
SURE = 0.5
# Shorter runs are no wave (s).
SHORTEST_S = 0.03


def wave_classes(
    delineator: LoadedModel, signal: NDArray[np.float32], fs_hz: float, to_fs_hz: float
) -> NDArray[np.uint8]:
    """Return the consensus class of each sample.

    Parameters
    ----------
    delineator : LoadedModel
        Of the task ``"waves"``.
    signal : array, shape (n_leads, n_samples)
        Any unit; NaN where absent.
    fs_hz, to_fs_hz : float
        Of ``signal``, and of the result.

    Returns
    -------
    array of uint8, shape (ceil(n_samples * to_fs_hz / fs_hz),)
        Index into ``ecgcore.models.WAVE_LABELS``: none, P, QRS, T.

    Raises
    ------
    InvalidArgumentError
        If ``signal`` is not two-dimensional.

    Notes
    -----
    For each wave the mean probability of the half of the leads that show it best; the largest of
    the three where it is over one half.  With one lead this is that lead's own delineation.
    """
    n = int(np.ceil(signal.shape[1] * to_fs_hz / fs_hz))
    return classify_waves(agree_on_waves(delineator, signal, fs_hz), delineator, to_fs_hz, n)


def agree_on_waves(
    delineator: LoadedModel, signal: NDArray[np.float32], fs_hz: float
) -> NDArray[np.float64]:
    """Return what the leads agree on; as :func:`wave_classes` and :func:`agreed`."""
    shown = np.isfinite(signal).any(axis=1)
    if not shown.any():
        return np.zeros((3, 1))
    likely, _ = wave_probabilities(delineator, signal[shown], fs_hz)
    return agreed(likely)


def classify_waves(
    likely: NDArray[np.float64], delineator: LoadedModel, to_fs_hz: float, n: int
) -> NDArray[np.uint8]:
    """Return the class of each of ``n`` samples from what :func:`agree_on_waves` returns."""
    fs_hz = delineator.card.input.fs_hz
    made = _at_rate(likely, fs_hz, to_fs_hz, n)
    return without_short_runs(made, round(SHORTEST_S * to_fs_hz))


def agreed(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the leads' agreement for P, QRS and T, shape (3, n), from (n_leads, 4, n)."""
    n_believed = max(1, int(np.ceil(BELIEVED_SHARE * likely.shape[0])))
    # Sorted lead by lead at each sample: the better half of them.
    best = np.sort(likely[:, 1:], axis=0)[-n_believed:]
    return np.asarray(best.mean(axis=0))


def _at_rate(
    likely: NDArray[np.float64], fs_hz: float, to_fs_hz: float, n: int
) -> NDArray[np.uint8]:
    at = np.arange(n) * fs_hz / to_fs_hz
    own = np.arange(likely.shape[1])
    rows = np.stack([np.interp(at, own, row) for row in likely])
    return np.where(rows.max(axis=0) > SURE, rows.argmax(axis=0) + 1, 0).astype(np.uint8)


def without_short_runs(classes: NDArray[np.uint8], shortest: int) -> NDArray[np.uint8]:
    """Return classes with waves of fewer than ``shortest`` samples made none."""
    edges = np.flatnonzero(np.diff(classes)) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, classes.size]
    out = classes.copy()
    for start, stop in zip(starts, stops, strict=True):
        if stop - start < shortest:
            out[start:stop] = 0
    return out
