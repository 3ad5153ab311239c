"""Change of sampling rate with an anti-alias filter; absent samples stay absent."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

from ecgcore.checks import check_range
from ecgcore.signal.filters import stretches


def resample(samples: NDArray[np.float32], fs_hz: float, new_fs_hz: float) -> NDArray[np.float32]:
    """Return samples at another rate (polyphase FIR, linear phase, anti-aliased).

    Parameters
    ----------
    samples : array, shape (n_leads, n_samples)
    fs_hz, new_fs_hz : float
        From 1 to 100,000 Hz.

    Returns
    -------
    array of float32, shape (n_leads, ceil(n_samples * new_fs_hz / fs_hz))
        NaN where the source is NaN; the gaps are bridged by straight lines while filtering.
    """
    check_range("fs_hz", fs_hz, 1, 100_000, "Hz")
    check_range("new_fs_hz", new_fs_hz, 1, 100_000, "Hz")
    ratio = Fraction(new_fs_hz / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return np.asarray(samples, dtype=np.float32)
    present = np.isfinite(samples)
    filled = samples if present.all() else np.stack([_bridged(r) for r in samples])
    # 'line' removes the straight line through the ends first: no edge transient from an offset.
    out = sps.resample_poly(
        filled, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    ).astype(np.float32)
    if not present.all():
        nearest = np.minimum(
            np.round(np.arange(out.shape[-1]) / float(ratio)).astype(int), samples.shape[-1] - 1
        )
        out[~present[:, nearest]] = np.nan
    return out


def _bridged(row: NDArray[np.float32]) -> NDArray[np.float32]:
    present = np.isfinite(row)
    if not present.any():
        return np.zeros_like(row)
    if len(stretches(present)) == 1 and present.all():
        return row
    at = np.flatnonzero(present)
    return np.interp(np.arange(row.size), at, row[at]).astype(np.float32)
