"""Fewer samples of the same trace: every extreme keeps its height."""

import numpy as np
from numpy.typing import NDArray

# More than this is finer than any screen at the largest zoom shows.
MOST_HZ = 500.0


def thin_trace(samples: NDArray[np.floating], fs_hz: float) -> tuple[NDArray[np.floating], float]:
    """Return a trace with at most :data:`MOST_HZ` points a second, and its new rate.

    Of each stretch the lowest and the highest sample are kept, in the order in which they come,
    so that a spike of a single sample keeps its height.  A stretch without a sample stays absent.

    Parameters
    ----------
    samples : array, shape (n_samples,)
    fs_hz : float

    Returns
    -------
    samples : array, shape (n_points,)
    fs_hz : float
        Points a second; as given where nothing was left out.
    """
    width = 2 * int(np.ceil(fs_hz / MOST_HZ))
    if fs_hz <= MOST_HZ or samples.size < width:
        return samples, fs_hz
    short = -samples.size % width
    padded = np.pad(samples, (0, short), constant_values=np.nan) if short else samples
    parts = padded.reshape(-1, width)
    lowest = np.where(np.isnan(parts), np.inf, parts).argmin(axis=1)
    highest = np.where(np.isnan(parts), -np.inf, parts).argmax(axis=1)
    places = np.sort(np.stack([lowest, highest], axis=1), axis=1)
    return np.take_along_axis(parts, places, axis=1).ravel(), fs_hz * 2 / width
