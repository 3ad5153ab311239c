"""Whether peaks that a beat detector found are P waves: smooth, alone, without a T wave.

Where ventricles stand still, P waves are the largest thing there is.  A QRS complex is steeper, or
it is broad and then a T wave follows; a P wave is neither (Chou, 6th ed., chapters 1 and 19).
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.filters import butterworth
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]

# The wave itself, and what is looked at around it for a T wave.
WAVE_S = 0.06
BEFORE_S, AFTER_S = 0.12, 0.34
BESIDE_S = 0.10
WAVE_BAND_HZ = (1.0, 30.0)
# Typical frequency within 6 to 28 Hz: P waves 8 to 10 Hz, narrow QRS 11 Hz and more.
SMOOTH_HZ = 10.8
# Beside a P wave there is less than this part of it.
BESIDE_SHARE = 0.30
MAX_GROUP = 60


def typical_hz(banded: Array, slope: Array, at: NDArray[np.intp], fs_hz: float) -> Array:
    """Return the typical frequency of each peak over all leads, shape (n_peaks,).

    Parameters
    ----------
    banded, slope : array, shape (n_leads, n_samples)
        Band-passed, and its derivative over 2 pi: in units per cycle.
    at : array of int, shape (n_peaks,)
    fs_hz : float
    """
    within = np.arange(-round(WAVE_S * fs_hz), round(WAVE_S * fs_hz) + 1)
    index = np.clip(at[:, None] + within, 0, banded.shape[1] - 1)
    size = np.square(banded[:, index]).sum(axis=(0, 2))
    steep = np.square(slope[:, index]).sum(axis=(0, 2))
    return np.asarray(np.sqrt(steep / np.maximum(size, 1e-30)))


def typical_wave(rows: Array, at: NDArray[np.intp], fs_hz: float) -> Array:
    """Return the median of the peaks and what is around them, (n_leads, n), its ends levelled."""
    before, after = round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz)
    chosen = at[np.linspace(0, at.size - 1, min(at.size, MAX_GROUP)).astype(int)]
    smooth = butterworth("bandpass", WAVE_BAND_HZ, fs_hz).run_both_ways(rows, round(fs_hz))
    index = np.clip(chosen[:, None] + np.arange(-before, after + 1), 0, rows.shape[1] - 1)
    return median(smooth[:, index], axis=1)


def stands_alone(wave: Array, fs_hz: float, share: float = BESIDE_SHARE) -> bool:
    """Say whether a median wave has nothing beside it, no ST and no T, above this share of it."""
    centre, reach = round(BEFORE_S * fs_hz), round(BESIDE_S * fs_hz)
    size = np.abs(wave).max(axis=0)
    beside = np.concatenate((size[: max(1, centre - reach)], size[centre + reach :]))
    return bool(beside.max() < share * size[centre - reach : centre + reach].max())
