"""Stretches without organised QRS complexes: ventricular fibrillation, flutter and torsades.

Windows of four seconds are looked at in every lead.  Fibrillation has no baseline to return to, no
peaks above the rest, hardly anything above 10 Hz, and is so like a sine that a copy shifted by
half its mean period takes it away (Kuo and Dillman, Comput Cardiol 1978:347; further measures
compared by Amann et al., BioMed Eng OnLine 4:60, 2005).  A heart with QRS complexes, at any rate,
lacks one of these in some lead.  Limits lie between simulated fibrillation with record 207's
flutter, and everything else of MIT-BIH DS1, CinC 2017 train and the twelve-lead train records.
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.filters import butterworth, stretches

Array = NDArray[np.float64]

WORK_HZ = 125.0
BAND_HZ = (1.5, 28.0)
WINDOW_S = 4.0
STEP_S = 1.0
# Of the leads that are told most alike a sine, so many may be told otherwise.
LEAD_QUANTILE = 0.75
# What is left of a wave with its copy half a period later: sine 0, VF 0.2 to 0.4, QRS 0.5 to 0.9.
MAX_LEAK = 0.45
MAX_KURTOSIS = 4.0
FAST_HZ = 10.0
MAX_FAST_SHARE = 0.15
# Time spent away from the baseline, by more than a fifth of the highest deflection.
AWAY = 0.2
MIN_AWAY_SHARE = 0.4
# Fibrillation smaller than this cannot be told from a trembling baseline.
MIN_MV = 0.06
MIN_PRESENT = 0.9
# Windows worked on at once: bounds memory in long recordings.
CHUNK = 256


def unorganised_spans(
    low: Array, present: NDArray[np.bool_], fs_hz: float, *, in_mv: bool
) -> list[tuple[float, float]]:
    """Return where no organised QRS complexes can be made out in any lead.

    Parameters
    ----------
    low : array, shape (n_leads, n)
        Readable leads at ``WORK_HZ``, gaps bridged: :attr:`ecgcore.signal.beats.Traces.low`.
    present : array of bool, shape (n_leads, n_samples)
        Where they have samples.
    fs_hz : float
        Of ``present``.
    in_mv : bool
        Whether sizes are in mV.

    Returns
    -------
    list of (start_s, stop_s)
        Ascending and apart; in whole seconds but for the recording's end.  Nothing is said of
        less than four seconds.
    """
    size, step = round(WINDOW_S * WORK_HZ), round(STEP_S * WORK_HZ)
    duration_s = present.shape[1] / fs_hz
    if low.shape[0] == 0 or duration_s < WINDOW_S or low.shape[1] < size:
        return []
    wave = butterworth("bandpass", BAND_HZ, WORK_HZ).run_both_ways(low, round(WORK_HZ))
    windows = np.lib.stride_tricks.sliding_window_view(wave, size, axis=1)[:, ::step]
    count = windows.shape[1]
    found = np.zeros(count, dtype=bool)
    for start in range(0, count, CHUNK):
        part = windows[:, start : start + CHUNK]
        found[start : start + part.shape[1]] = _is_unorganised(part, in_mv=in_mv)
    anywhere = present.any(axis=0)
    seen = np.add.reduceat(anywhere, np.arange(0, anywhere.size, max(1, round(fs_hz))))
    marked = np.zeros(seen.size, dtype=bool)
    for at in np.flatnonzero(found):
        stop = min(at + round(WINDOW_S), marked.size)
        if seen[at:stop].sum() >= MIN_PRESENT * WINDOW_S * fs_hz:
            marked[at:stop] = True
    if marked.size > 1 and marked[-2] and duration_s % STEP_S > 0:
        marked[-1] = True
    return [(float(a), min(float(b), duration_s)) for a, b in stretches(marked)]


def _is_unorganised(windows: Array, *, in_mv: bool) -> NDArray[np.bool_]:
    """Judge windows, shape (n_leads, n_windows, n_samples)."""
    x = windows - windows.mean(axis=-1, keepdims=True)
    square = x * x
    power = np.maximum(square.mean(axis=-1), 1e-30)
    kurtosis = np.square(square).mean(axis=-1) / power**2
    found = np.median(kurtosis, axis=0) < MAX_KURTOSIS
    # Most windows have QRS complexes that stand out: only the others are looked at further.
    if found.any():
        found[found] = _is_wavelike(x[:, found], in_mv=in_mv)
    return np.asarray(found)


def _is_wavelike(x: Array, *, in_mv: bool) -> NDArray[np.bool_]:
    size = np.abs(x)
    away = (size > AWAY * size.max(axis=-1, keepdims=True)).mean(axis=-1)
    density = np.square(np.abs(np.fft.rfft(x * np.hanning(x.shape[-1]), axis=-1)))
    hz = np.fft.rfftfreq(x.shape[-1], 1 / WORK_HZ)
    fast = density[..., hz > FAST_HZ].sum(axis=-1) / np.maximum(density.sum(axis=-1), 1e-30)
    found = np.quantile(_leak(x, size), LEAD_QUANTILE, axis=0) < MAX_LEAK
    found &= np.median(fast, axis=0) < MAX_FAST_SHARE
    found &= np.median(away, axis=0) > MIN_AWAY_SHARE
    if in_mv:
        found &= np.median(np.ptp(x, axis=-1), axis=0) > MIN_MV
    return np.asarray(found)


def _leak(x: Array, size: Array) -> Array:
    """Return what is left of each window with its copy half a mean period later, 0 to 1."""
    n = x.shape[-1]
    steep = np.abs(np.diff(x, axis=-1)).sum(axis=-1)
    half = np.pi * size.sum(axis=-1) / np.maximum(steep, 1e-12) + 0.5
    shift = np.clip(half.astype(int), 1, n // 2)
    later = np.minimum(np.arange(n) + shift[..., None], n - 1)
    inside = np.arange(n) + shift[..., None] < n
    moved = np.take_along_axis(x, later, axis=-1)
    left = (np.abs(x + moved) * inside).sum(axis=-1)
    both = ((size + np.abs(moved)) * inside).sum(axis=-1)
    return np.asarray(left / np.maximum(both, 1e-12))
