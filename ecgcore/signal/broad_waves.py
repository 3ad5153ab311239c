"""Broad waves in rapid succession, looked for without any QRS detector.

Where a tachycardia of wide complexes holds a few narrow ones (captured beats), a detector of steep
complexes finds these alone.  Here waves of any breadth are looked for that repeat themselves 85 to
300 times a minute, nearly as large as the complexes that were found.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ecgcore.signal.filters import butterworth, stretches

Array = NDArray[np.float64]

BAND_HZ = (1.2, 15.0)
WINDOW_S, STEP_S = 4.0, 1.0
CYCLES_S = (0.2, 0.72)
# Likeness of what follows one cycle later, in three leads of four: an arm that shakes moves fewer.
LEAST_LIKENESS, LEAD_QUANTILE = 0.55, 0.25
# Of the shortest cycle that is nearly as alike as the best.
NEARLY = 0.88
# So many of the waves were found as beats: then there is nothing to add.
FOUND_SHARE = 0.7
# Away from the baseline, by a fifth of the highest, for this part of the time.
AWAY, MIN_AWAY_SHARE = 0.2, 0.42


def find_missed_waves(low: Array, fs_hz: float, r_s: Array) -> list[tuple[float, float, float]]:
    """Return stretches in which broad waves repeat that were not found as beats.

    Parameters
    ----------
    low : array, shape (n_leads, n)
        Without gaps.
    fs_hz : float
    r_s : array, shape (n_beats,)
        The beats found, seconds.

    Returns
    -------
    list of (start_s, stop_s, cycle_s)
    """
    size, step = round(WINDOW_S * fs_hz), round(STEP_S * fs_hz)
    if low.shape[1] < size:
        return []
    wave = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(low, round(fs_hz))
    count = (low.shape[1] - size) // step + 1
    marked = np.zeros(count + round(WINDOW_S) - 1, dtype=bool)
    cycles = np.full(count, np.nan)
    for at in range(count):
        start_s = at * STEP_S
        found = int(((r_s >= start_s) & (r_s < start_s + WINDOW_S)).sum())
        # At 85 a minute there are five and more.
        if found >= FOUND_SHARE * WINDOW_S / CYCLES_S[0]:
            continue
        cycle = _repeats(wave[:, at * step : at * step + size], fs_hz)
        if cycle is not None and found < FOUND_SHARE * WINDOW_S / cycle:
            marked[at : at + round(WINDOW_S)] = True
            cycles[at] = cycle
    out = []
    for start, stop in stretches(marked):
        inside = cycles[max(0, start) : stop]
        out.append((start * STEP_S, stop * STEP_S, float(np.nanmedian(inside))))
    return out


def _repeats(x: Array, fs_hz: float) -> float | None:
    """Return the cycle at which a window repeats itself, or None."""
    x = x - x.mean(axis=1, keepdims=True)
    size = np.abs(x)
    away = (size > AWAY * size.max(axis=1, keepdims=True)).mean(axis=1)
    if np.median(away) < MIN_AWAY_SHARE:
        return None
    n = x.shape[1]
    length = fft.next_fast_len(2 * n)
    power = np.square(np.abs(np.fft.rfft(x, length)))
    acf = np.fft.irfft(power, length)[:, : round(CYCLES_S[1] * fs_hz) + 1]
    acf /= np.maximum(acf[:, :1], 1e-12) * (1 - np.arange(acf.shape[1]) / n)
    joint = np.quantile(acf, LEAD_QUANTILE, axis=0)
    first = round(CYCLES_S[0] * fs_hz)
    inner = joint[first:-1]
    peaks = np.flatnonzero((inner >= joint[first - 1 : -2]) & (inner >= joint[first + 1 :])) + first
    if peaks.size == 0:
        return None
    best = float(joint[peaks].max())
    if best < LEAST_LIKENESS:
        return None
    return float(peaks[joint[peaks] >= NEARLY * best][0] / fs_hz)
