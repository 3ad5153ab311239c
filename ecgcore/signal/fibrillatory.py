"""Fibrillatory waves: what the line between T and QRS holds of 4 to 10 Hz."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Fibrillatory waves; P, T and a wandering line below; noise above.
WAVES_HZ, SLOW_HZ, NOISE_HZ = (4.0, 10.0), 3.0, (14.0, 30.0)
LEAST_S = 0.3
BEST = 4
SIZE = 256


def compare_waves(low: Array, fs_hz: float, spans_s: Sequence[tuple[float, float]]) -> Array:
    """Return how far waves of 4 to 10 Hz exceed noise, and what is slower, between complexes.

    Parameters
    ----------
    low : array, shape (n_leads, n)
    fs_hz : float
    spans_s : sequence of (start_s, stop_s)
        From T to the next QRS; shorter ones than 0.3 s are left out.

    Returns
    -------
    array, shape (2,)
        Power against that of noise, mean of the four leads that show it best, and against that
        of slower waves, median over the leads; zeros where nothing can be told.
    """
    hz = np.fft.rfftfreq(SIZE, 1 / fs_hz)
    power = np.zeros((len(low), hz.size))
    for start_s, stop_s in spans_s:
        part = low[:, max(0, round(start_s * fs_hz)) : round(stop_s * fs_hz)]
        if part.shape[1] < LEAST_S * fs_hz:
            continue
        at = np.arange(part.shape[1])
        line = np.polynomial.polynomial.polyfit(at, part.T, 1)
        rest = part - np.polynomial.polynomial.polyval(at, line)
        power += np.square(np.abs(np.fft.rfft(rest * np.hanning(at.size), SIZE, axis=1)))
    if not power.any():
        return np.zeros(2)
    waves = power[:, (hz >= WAVES_HZ[0]) & (hz < WAVES_HZ[1])].mean(axis=1)
    noise = power[:, (hz >= NOISE_HZ[0]) & (hz < NOISE_HZ[1])].mean(axis=1)
    slow = power[:, hz < SLOW_HZ].mean(axis=1)
    least = max(1e-9 * float(power.max()), 1e-30)
    over_noise = np.sort(waves / np.maximum(noise, least))[-BEST:].mean()
    return np.array([over_noise, np.median(waves / np.maximum(slow, least))])
