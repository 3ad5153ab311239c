"""Whether the heart's own complexes march on through waves that look like a tachycardia.

An arm that shakes, or a tooth brushed, draws waves like those of ventricular tachycardia or
fibrillation; the steep complexes of the rhythm before and after stand in them at their usual
distance (Knight et al., N Engl J Med 341:1270, 1999).
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.filters import butterworth
from ecgcore.signal.quantiles import median
from ecgcore.signal.rr import rr_before

Array = NDArray[np.float64]

# Steep parts of QRS, and next to nothing of broad waves.
BAND_HZ = (12.0, 40.0)
REACH_S = 0.06
# Beats around that the usual complex is made of, how many at least, and how steady.
AROUND_S, LEAST_BEATS, STEADY = 12.0, 3, 0.12
# The next complex stands within this part of RR of its time, this alike; so many are found.
PLAY, ALIKE, FOUND_SHARE, LEAST_FOUND = 0.15, 0.7, 0.8, 2


def is_marching(low: Array, fs_hz: float, r_s: Array, start_s: float, stop_s: float) -> bool:
    """Tell whether the complexes around a stretch go on within it, at their usual distance.

    Parameters
    ----------
    low : array, shape (n_leads, n)
        :attr:`ecgcore.signal.beats.Traces.low`.
    fs_hz : float
    r_s : array, shape (n_beats,)
        The beats found, seconds.
    start_s, stop_s : float
        The stretch.
    """
    outside = (r_s < start_s - REACH_S) | (r_s > stop_s + REACH_S)
    near = outside & (r_s > start_s - AROUND_S) & (r_s < stop_s + AROUND_S)
    apart = rr_before(r_s)[1:][near[1:] & near[:-1] & ~_spans(r_s, start_s, stop_s)]
    if near.sum() < LEAST_BEATS or apart.size < LEAST_BEATS - 1:
        return False
    rr = float(np.median(apart))
    steady = (np.abs(apart / rr - 1) <= STEADY).mean() >= FOUND_SHARE
    if not steady or stop_s - start_s < LEAST_FOUND * rr / 2:
        return False
    first = max(0, round((start_s - AROUND_S) * fs_hz))
    last = min(low.shape[1], round((stop_s + AROUND_S) * fs_hz))
    steep = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(
        low[:, first:last], min(round(fs_hz), last - first - 1)
    )
    like = _likeness(steep, np.round(r_s[near] * fs_hz).astype(int) - first, round(REACH_S * fs_hz))
    zero = first / fs_hz
    return _goes_on(like, fs_hz, rr, r_s[near] - zero, (start_s - zero, stop_s - zero))


def count_own(low: Array, fs_hz: float, r_s: Array, start_s: float, stop_s: float) -> int:
    """Return how many beats within a stretch are like those around it, by their steep parts.

    Takes what :func:`is_marching` takes.
    """
    inside = (r_s > start_s) & (r_s < stop_s)
    if not inside.any() or (~inside).sum() < LEAST_BEATS:
        return 0
    steep = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(
        low, min(round(fs_hz), low.shape[1] - 1)
    )
    at = np.clip(np.round(r_s * fs_hz).astype(int), 0, low.shape[1] - 1)
    reach = round(REACH_S * fs_hz)
    like = _likeness(steep, at[~inside], reach)
    near = np.clip(at[inside][:, None] + np.arange(-reach, reach + 1), 0, like.size - 1)
    return int((like[near].max(axis=1) >= ALIKE).sum())


def _spans(r_s: Array, start_s: float, stop_s: float) -> NDArray[np.bool_]:
    """Mark the intervals that the stretch lies in."""
    return np.asarray((r_s[:-1] < start_s) & (r_s[1:] > stop_s))


def _likeness(steep: Array, at: NDArray[np.intp], reach: int) -> Array:
    """Return how alike each place and the usual complex are, shape (n,)."""
    around = np.arange(-reach, reach + 1)
    usual = median(steep[:, np.clip(at[:, None] + around, 0, steep.shape[1] - 1)], axis=1)
    size = np.maximum(np.ptp(usual, axis=1, keepdims=True), 1e-9)
    usual, rows = usual / size, steep / size
    both = np.sum([np.correlate(row, one, "same") for row, one in zip(rows, usual, strict=True)], 0)
    power = np.convolve(np.square(rows).sum(axis=0), np.ones(around.size), "same")
    return np.asarray(both / np.maximum(np.sqrt(power * np.square(usual).sum()), 1e-9))


def _goes_on(
    like: Array, fs_hz: float, rr: float, around_s: Array, span_s: tuple[float, float]
) -> bool:
    """Tell whether complexes stand at their time, counted from the beat before or after."""
    before, after = around_s[around_s < span_s[0]], around_s[around_s > span_s[1]]
    if before.size:
        at, step, end = float(before[-1]), rr, span_s[1]
    elif after.size:
        at, step, end = float(after[0]), -rr, span_s[0]
    else:
        return False
    found = count = 0
    while (at + step * (1 - PLAY) - end) * step < 0:
        low, high = sorted((at + (1 - PLAY) * step, at + (1 + PLAY) * step))
        first, last = max(0, round(low * fs_hz)), min(like.size, round(high * fs_hz) + 1)
        if last <= first:
            break
        place = first + int(np.argmax(like[first:last]))
        is_one = like[place] >= ALIKE
        at = place / fs_hz if is_one else at + step
        found, count = found + is_one, count + 1
    return bool(count >= LEAST_FOUND and found >= FOUND_SHARE * count)
