"""One preparation of samples for every model, used in training and in prediction alike."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.filters import band
from ecgcore.signal.resample import resample


def prepare(
    samples: NDArray[np.float32],
    fs_hz: float,
    *,
    to_fs_hz: float,
    high_pass_hz: float | None = 0.5,
    low_pass_hz: float | None = 40.0,
) -> NDArray[np.float32]:
    """Return samples at a model's rate and bandwidth, in the unit they came in.

    Parameters
    ----------
    samples : array, shape (n_leads, n_samples)
        NaN where absent.
    fs_hz, to_fs_hz : float
    high_pass_hz, low_pass_hz : float or None
        See :func:`ecgcore.signal.filters.band`.

    Returns
    -------
    array of float32, shape (n_leads, ceil(n_samples * to_fs_hz / fs_hz))
        NaN where the source is NaN.

    Raises
    ------
    InvalidArgumentError
        If ``samples`` is not two-dimensional, or a rate or corner is out of range.

    Notes
    -----
    Resampled first (anti-aliased), then filtered: at the lower rate the filter is cheaper, and
    unbroken stretches are filtered by themselves.
    """
    rows = np.asarray(samples, dtype=np.float32)
    if rows.ndim != 2:
        raise InvalidArgumentError(
            f"Samples have {rows.ndim} dimensions; two are needed: leads, then samples."
        )
    return band(
        resample(rows, fs_hz, to_fs_hz),
        to_fs_hz,
        high_pass_hz=high_pass_hz,
        low_pass_hz=low_pass_hz,
    )
