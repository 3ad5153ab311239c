"""Strips and stretches without QRS complexes: asystole, P waves alone, pauses.

Silence is a finding, not bad signal.  It is told from a lost electrode by what a body always adds,
a trembling of some microvolts: a line that does not move at all is no signal.
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal import p_waves
from ecgcore.signal.beats import FEATURE_HZ, Traces
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]

# AHA/ACC/HRS 2018 (bradycardia): a pause of 3 s and longer is looked into.
PAUSE_S = 3.0
# P waves are smaller than this peak to peak in every lead, QRS complexes larger in some.
P_MOST_MV = 0.45
# Without voltage only what is clearly smooth and alone is said to be P.
SMOOTH_HZ_NU = 9.3
BESIDE_NU = 0.12
# Noise, band-passed, is smaller than this in every second and most leads, peak to peak, and what
# a detector finds in it does not repeat: its median is less than this part of each.
SILENT_MV = 0.12
COHERENT = 0.75
# In a pause nothing is nearly as large as the complexes around.
PAUSE_SHARE = 0.5
EDGE_S = 0.35
NO_SIGNAL_S = 0.5


def straight_lines(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the leads that do not move at all, or have no samples, shape (n_leads,)."""
    return np.asarray(~(np.fmax.reduce(rows, axis=1) > np.fmin.reduce(rows, axis=1)))


def are_p_waves(traces: Traces, r_s: Array, *, in_mv: bool) -> bool:
    """Say whether all that was found in a strip are P waves.

    Parameters
    ----------
    traces : Traces
    r_s : array, shape (n_beats,)
        As :func:`ecgcore.signal.beats.find_beats` found them.
    in_mv : bool
    """
    at = _indices(traces, r_s)
    if at.size < 3:
        return False
    hz = float(np.median(p_waves.typical_hz(traces.banded, traces.slope, at, FEATURE_HZ)))
    wave = p_waves.typical_wave(traces.low, at, FEATURE_HZ)
    if in_mv:
        small = float(np.ptp(wave, axis=1).max()) < P_MOST_MV
        return small and hz < p_waves.SMOOTH_HZ and p_waves.stands_alone(wave, FEATURE_HZ)
    return hz < SMOOTH_HZ_NU and p_waves.stands_alone(wave, FEATURE_HZ, BESIDE_NU)


def is_asystole(traces: Traces, r_s: Array) -> bool:
    """Say whether a strip in mV holds nothing but a trembling line."""
    second = round(FEATURE_HZ)
    count = traces.banded.shape[1] // second
    if count < 2:
        return False
    cut = traces.banded[:, : count * second].reshape(-1, count, second)
    if float(median(np.ptp(cut, axis=-1).max(axis=1))) > SILENT_MV:
        return False
    at = _indices(traces, r_s)
    return at.size < 3 or _coherence(traces.banded, at) < COHERENT


def _indices(traces: Traces, r_s: Array) -> NDArray[np.intp]:
    return np.minimum(np.round(r_s * FEATURE_HZ).astype(np.intp), traces.low.shape[1] - 1)


def _coherence(banded: Array, at: NDArray[np.intp]) -> float:
    """Return the size of the median complex against the median size of each."""
    reach = round(p_waves.WAVE_S * FEATURE_HZ)
    index = np.clip(at[:, None] + np.arange(-reach, reach + 1), 0, banded.shape[1] - 1)
    cut = banded[:, index]
    each = np.sqrt(np.square(cut).sum(axis=(0, 2)))
    whole = np.sqrt(np.square(median(cut, axis=1)).sum())
    return float(whole / max(float(np.median(each)), 1e-12))


def find_pauses(traces: Traces, r_s: Array, absent_s: Array) -> list[tuple[float, float]]:
    """Return silences of ``PAUSE_S`` and longer, the first and last of the strip included.

    Parameters
    ----------
    traces : Traces
    r_s : array, shape (n_beats,)
    absent_s : array, shape (n, 2)
        Where samples are absent: what touches them is no pause.

    Returns
    -------
    list of (start_s, stop_s)
        From one complex, or the strip's start, to the next, or the strip's end.
    """
    end_s = traces.low.shape[1] / FEATURE_HZ
    marks = np.concatenate(([0.0], r_s, [end_s]))
    long = np.flatnonzero(np.diff(marks) >= PAUSE_S)
    if long.size == 0 or r_s.size == 0:
        return []
    size = _size(traces, r_s)
    out = []
    for at in long:
        start_s, stop_s = float(marks[at]), float(marks[at + 1])
        touches = (absent_s[:, 0] < stop_s) & (absent_s[:, 1] > start_s)
        if not touches.any() and _is_silent(traces, start_s, stop_s, size):
            out.append((start_s, stop_s))
    return out


def _size(traces: Traces, r_s: Array) -> Array:
    """Return each lead's usual complex, band-passed, peak to peak, shape (n_leads,)."""
    reach = round(p_waves.WAVE_S * FEATURE_HZ)
    index = _indices(traces, r_s)[:, None] + np.arange(-reach, reach + 1)
    cut = traces.banded[:, np.clip(index, 0, traces.banded.shape[1] - 1)]
    return median(np.ptp(cut, axis=-1))


def _is_silent(traces: Traces, start_s: float, stop_s: float, size: Array) -> bool:
    part = slice(round((start_s + EDGE_S) * FEATURE_HZ), round((stop_s - EDGE_S) * FEATURE_HZ))
    inside = traces.banded[:, part]
    if inside.shape[1] < FEATURE_HZ:
        return False
    still = (np.abs(np.diff(traces.low[:, part], axis=1)) < 1e-7).all(axis=0)
    if still.mean() > NO_SIGNAL_S:
        return False
    wide = round(0.2 * FEATURE_HZ)
    pieces = inside[:, : inside.shape[1] // wide * wide].reshape(inside.shape[0], -1, wide)
    share = np.ptp(pieces, axis=-1).max(axis=1) / np.maximum(size, 1e-12)
    return bool(np.median(share) < PAUSE_SHARE)
