"""What finds the waves: the learned delineator, or NeuroKit2; one signature for both.

Each is imported when it is first asked for.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option

Array = NDArray[np.float64]
# (signal (n_leads, n_samples), fs_hz, r_s (n_beats,)) -> waves (n_leads, 9, n_beats), seconds.
Delineator = Callable[[NDArray[np.float32], float, Array], Array]

LEARNED = "learned"
NEUROKIT = "neurokit"
NEUROKIT_DWT = "neurokit-dwt"
NAMES = (LEARNED, NEUROKIT, NEUROKIT_DWT)
# LUDB val: see benchmarks/measure.py.
DEFAULT = LEARNED
WORDS = {
    LEARNED: "learned delineator delineator-1",
    NEUROKIT: "NeuroKit2, prominence method",
    NEUROKIT_DWT: "NeuroKit2, wavelet method",
}


def delineator(name: str) -> Delineator:
    """Return a delineator by name.

    Raises
    ------
    InvalidArgumentError
        Naming the possible names.
    """
    check_option("delineator", name, NAMES)
    if name == LEARNED:
        return _learned
    return _neurokit if name == NEUROKIT else _neurokit_dwt


def _learned(signal: NDArray[np.float32], fs_hz: float, r_s: Array) -> Array:
    from ecgcore.inference.delineate import default_delineator, delineate

    return delineate(default_delineator(), signal, fs_hz, r_s)


def _neurokit(signal: NDArray[np.float32], fs_hz: float, r_s: Array) -> Array:
    from ecgcore.measure.neurokit import neurokit_waves

    return np.stack([neurokit_waves(row, fs_hz, r_s).values for row in signal])


def _neurokit_dwt(signal: NDArray[np.float32], fs_hz: float, r_s: Array) -> Array:
    from ecgcore.measure.neurokit import neurokit_waves

    return np.stack([neurokit_waves(row, fs_hz, r_s, method="dwt").values for row in signal])
