"""Needle-like spikes before the complexes, as a pacemaker leaves them.

A spike of a few milliseconds survives only at rates of 400 Hz and more, and only where the device
did not filter it away: none found says nothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.signal.beats import detect_beats

Array = NDArray[np.float64]

MIN_FS_HZ = 400.0
# A pacing spike: half its width, and how many times it stands above what is usual in a lead
# (LUDB train: paced records 18 and more, others below 8; thin ones 90 against 26).
NEEDLE_S, NEEDLE = 0.004, 12.0
THIN_S, THIN_NEEDLE = 0.002, 50.0
NEEDLE_FLOOR = 0.005
# Where before (and, of a thin one, just after) the R peak it stands, in seconds.  Notches and Q
# waves of PTB-XL's unpaced records stand out as much, but 20 to 46 ms before R; the spikes of paced
# ones stood 56 to 151 ms before it (train and val).
BEFORE_S, AROUND_S = (-0.2, -0.05), (-0.16, 0.02)
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
    early = _at_beats(_heights(filled, fs_hz, NEEDLE_S), fs_hz, r_s, NEEDLE_S, BEFORE_S) > NEEDLE
    # A spike larger than its QRS is itself taken for the R peak: only a thinner, taller one counts.
    late = _at_beats(_heights(filled, fs_hz, THIN_S), fs_hz, r_s, THIN_S, AROUND_S) > THIN_NEEDLE
    return np.asarray(early | late)


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
    if _heights(filled, fs_hz, NEEDLE_S).max(initial=0) <= NEEDLE:
        return False
    r_s = detect_beats(signal, fs_hz) if find_r is None else find_r()
    return enough(spiked(signal, fs_hz, r_s))


def _cannot(signal: NDArray[np.float32], fs_hz: float) -> bool:
    return bool(fs_hz < MIN_FS_HZ or signal.shape[1] < 0.1 * fs_hz)


def _heights(x: Array, fs_hz: float, half_s: float) -> Array:
    """Return how high a needle stands at each sample above what is usual in its lead."""
    lag = max(1, round(half_s * fs_hz))
    middle = x[:, lag:-lag]
    up, down = middle - x[:, : -2 * lag], middle - x[:, 2 * lag :]
    needle = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0.0)
    usual = np.percentile(needle, 95, axis=1, keepdims=True) + NEEDLE_FLOOR
    top = min(3, len(needle))
    # The three leads that show it best: a spike is seen in many leads, an artefact in one.
    return np.asarray(np.partition(needle / usual, -top, axis=0)[-top:].mean(axis=0))


def _at_beats(
    heights: Array, fs_hz: float, r_s: Array, half_s: float, window_s: tuple[float, float]
) -> Array:
    """Return each beat's tallest needle within a window around its R peak."""
    lag = max(1, round(half_s * fs_hz))
    out = np.zeros(r_s.size)
    for beat, r in enumerate(r_s):
        low, high = (round((r + offset) * fs_hz) - lag for offset in window_s)
        part = heights[max(0, low) : max(0, high)]
        out[beat] = part.max() if part.size else 0.0
    return out
