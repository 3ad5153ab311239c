"""Needle-like spikes before the complexes, as a pacemaker leaves them.

A spike of a few milliseconds survives only at rates of 400 Hz and more, and only where the device
did not filter it away: none found says nothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.quantiles import quantile

Array = NDArray[np.float64]

MIN_FS_HZ = 400.0
# A pacing spike: half its width, and how many times it stands above what is usual in a lead
# (LUDB train: paced records 18 and more, others below 8; thin ones 90 against 26).
NEEDLE_S, NEEDLE = 0.004, 12.0
THIN_S, THIN_NEEDLE = 0.002, 50.0
# Of spikes in noise, where they are regular and outside of QRS.
FAINT = 7.0
NEEDLE_FLOOR = 0.005
# Where before (and, of a thin one, just after) the R peak it stands, in seconds.  Notches and Q
# waves of PTB-XL's unpaced records stand out as much, but 20 to 46 ms before R; the spikes of paced
# ones stood 56 to 151 ms before it (train and val).
BEFORE_S, AROUND_S = (-0.2, -0.05), (-0.16, 0.02)
# What stands nearer belongs to one spike.
ONE_SPIKE_S = 0.02
# Of the beats; fewer are an artefact, or pacing on demand that this rule does not claim.
SPIKE_SHARE = 0.4
MIN_SPIKES = 2


def spiked(signal: NDArray[np.float32], fs_hz: float, r_s: Array) -> NDArray[np.bool_]:
    """Tell which complexes follow a needle-like spike.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        NaN where absent; unfiltered.
    fs_hz : float
    r_s : array, shape (n_beats,)
        R peaks, seconds from the start.
    """
    if _cannot(signal, fs_hz):
        return np.zeros(r_s.size, dtype=bool)
    filled = np.nan_to_num(signal.astype(np.float64))
    early = _near_beats(_needles(filled, fs_hz, NEEDLE_S, NEEDLE), fs_hz, r_s, BEFORE_S)
    # A spike larger than its QRS is itself taken for the R peak: only a thinner, taller one counts.
    late = _near_beats(_needles(filled, fs_hz, THIN_S, THIN_NEEDLE), fs_hz, r_s, AROUND_S)
    return early | late


def find_stimuli(signal: NDArray[np.float32], fs_hz: float, *, faint: bool = False) -> Array:
    """Return the times of needle-like spikes, wherever they stand, in seconds.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        NaN where absent; unfiltered.
    fs_hz : float
        Below 400 Hz none is found.
    faint : bool
        Whether spikes that stand less out of the noise count too: they have to be regular.
    """
    if _cannot(signal, fs_hz):
        return np.empty(0)
    filled = np.nan_to_num(signal.astype(np.float64))
    some = np.union1d(
        _needles(filled, fs_hz, NEEDLE_S, FAINT if faint else NEEDLE),
        _needles(filled, fs_hz, THIN_S, THIN_NEEDLE),
    )
    if some.size == 0:
        return np.empty(0)
    groups = np.split(some, np.flatnonzero(np.diff(some) > ONE_SPIKE_S * fs_hz) + 1)
    return np.array([float(group.mean()) for group in groups]) / fs_hz


def enough(spikes: NDArray[np.bool_]) -> bool:
    """Tell whether so many beats follow a spike that the rhythm counts as paced."""
    return bool(spikes.sum() >= max(MIN_SPIKES, SPIKE_SHARE * spikes.size))


def paced_by_spikes(recording: Recording, find_r: Callable[[], Array] | None = None) -> bool:
    """Tell whether the complexes of a recording follow pacing spikes.

    Parameters
    ----------
    find_r : callable, optional
        Returns the R peaks, in seconds; default: found here, and in both cases only where needed.
    """
    signal, fs_hz = recording.signal, recording.fs_hz
    if _cannot(signal, fs_hz):
        return False
    filled = np.nan_to_num(signal.astype(np.float64))
    # Most recordings hold no needle at all: their beats need not be looked for.
    if _needles(filled, fs_hz, NEEDLE_S, NEEDLE).size == 0:
        return False
    r_s = detect_beats(signal, fs_hz) if find_r is None else find_r()
    return enough(spiked(signal, fs_hz, r_s))


def _cannot(signal: NDArray[np.float32], fs_hz: float) -> bool:
    return bool(fs_hz < MIN_FS_HZ or signal.shape[1] < 0.1 * fs_hz)


def _needles(x: Array, fs_hz: float, half_s: float, least: float) -> NDArray[np.intp]:
    """Return the samples at which a needle stands so many times above what is usual in its lead."""
    lag = max(1, round(half_s * fs_hz))
    middle = x[:, lag:-lag]
    up, down = middle - x[:, : -2 * lag], middle - x[:, 2 * lag :]
    needle = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0.0)
    usual = quantile(needle, 0.95, axis=1)[:, None] + NEEDLE_FLOOR
    needle /= usual
    some = np.flatnonzero(needle.max(axis=0) > least)
    top = min(3, len(needle))
    # The three leads that show it best: a spike is seen in many leads, an artefact in one.
    heights = np.sort(needle[:, some], axis=0)[-top:].mean(axis=0)
    return some[heights > least] + lag


def _near_beats(
    needles: NDArray[np.intp], fs_hz: float, r_s: Array, window_s: tuple[float, float]
) -> NDArray[np.bool_]:
    """Mark the beats with a needle within a window around their R peak."""
    low, high = (np.round((r_s + offset) * fs_hz).astype(int) for offset in window_s)
    return np.searchsorted(needles, low) < np.searchsorted(needles, high)
