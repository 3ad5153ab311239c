"""Waves that absent signal cuts are not measured."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import FIDUCIALS
from ecgcore.signal.rr import absent_spans

Array = NDArray[np.float64]

# A wave that ends this close to absent signal ends there because the signal does.
NEAR_S = 0.02
# From where to where a wave and its beat are seen: P to R, the QRS complex, R to the end of T.
_SEEN = {
    ("p_onset", "p_peak", "p_offset"): ("p_onset", "r_peak"),
    ("qrs_onset", "qrs_offset"): ("qrs_onset", "qrs_offset"),
    ("t_onset", "t_peak", "t_offset"): ("r_peak", "t_offset"),
}


def drop_cut_waves(waves: Array, signal: NDArray[np.float32], fs_hz: float) -> None:
    """Set waves to NaN in place where signal is absent within them or between them and R.

    Parameters
    ----------
    waves : array, shape (n_leads, 9, n_beats)
        Seconds, rows as ``FIDUCIALS``.
    signal : array, shape (n_leads, n_samples)
        NaN where absent or masked.
    fs_hz : float
    """
    for points, row in zip(waves, signal, strict=True):
        for absent_from_s, absent_to_s in absent_spans(row, fs_hz):
            for names, (first, last) in _SEEN.items():
                start_s, stop_s = (points[FIDUCIALS.index(name)] for name in (first, last))
                cut = start_s - NEAR_S <= absent_to_s
                cut &= stop_s + NEAR_S >= absent_from_s
                for name in names:
                    points[FIDUCIALS.index(name), cut] = np.nan
