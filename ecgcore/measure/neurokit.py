"""The one adapter to NeuroKit2: it never raises, and every wave stands at its own beat.

NeuroKit2 returns lists of waves that can be shorter than the list of R peaks, can raise on single
leads, and warns.  Here each time it gives is put to the beat it lies next to; what it cannot do
is NaN, and its exceptions and warnings end as words in the answer.
"""

import importlib
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.checks import one_of
from ecgcore.results import FIDUCIALS

Array = NDArray[np.float64]

METHODS = ("prominence", "dwt", "peak", "cwt")
# Everything that NeuroKit2 0.2.13 and the libraries under it were seen to raise on odd input.
RAISED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    UnboundLocalError,
    ValueError,
)
# NeuroKit2's name -> ours, and how far from the R peak it may lie (s; before is negative).
_KEYS = {
    "ECG_P_Onsets": ("p_onset", -0.45, -0.02),
    "ECG_P_Peaks": ("p_peak", -0.42, -0.02),
    "ECG_P_Offsets": ("p_offset", -0.40, 0.0),
    "ECG_R_Onsets": ("qrs_onset", -0.20, 0.0),
    "ECG_R_Offsets": ("qrs_offset", 0.0, 0.25),
    "ECG_T_Onsets": ("t_onset", 0.02, 0.60),
    "ECG_T_Peaks": ("t_peak", 0.05, 0.70),
    "ECG_T_Offsets": ("t_offset", 0.08, 0.85),
}


# What warnings are recorded by is the process's, not the thread's.
_ALONE = threading.Lock()


@dataclass(frozen=True, eq=False)
class NeurokitWaves:
    """What NeuroKit2 found in one lead.

    Attributes
    ----------
    values : array, shape (9, n_beats)
        Seconds, rows as ``FIDUCIALS``; NaN where it gave nothing.
    error : str
        What it raised, or empty.
    warned : tuple of str
        What it warned of.
    """

    values: Array
    error: str = ""
    warned: tuple[str, ...] = ()


def neurokit_waves(
    samples: ArrayLike, fs_hz: float, r_s: ArrayLike, *, method: str = "prominence"
) -> NeurokitWaves:
    """Delineate one lead with NeuroKit2.

    Parameters
    ----------
    samples : array, shape (n_samples,)
        Any unit; absent samples are bridged.
    fs_hz : float
    r_s : array, shape (n_beats,)
        R peaks in seconds, ascending.
    method : str
        ``"prominence"``, ``"dwt"``, ``"peak"`` or ``"cwt"``.

    Returns
    -------
    NeurokitWaves

    Raises
    ------
    InvalidArgumentError
        For an unknown method only.
    """
    one_of("method", method, METHODS)
    row = np.asarray(samples, dtype=np.float64).ravel()
    beats = np.asarray(r_s, dtype=np.float64).ravel()
    out = np.full((len(FIDUCIALS), beats.size), np.nan)
    peaks = np.unique(np.round(beats * fs_hz).astype(int))
    peaks = peaks[(peaks > 0) & (peaks < row.size - 1)]
    present = np.isfinite(row)
    if peaks.size < 2 or not present.any() or np.ptp(row[present]) == 0:
        return NeurokitWaves(out, "too little signal or too few beats")
    at = np.arange(row.size)
    filled = np.interp(at, at[present], row[present])
    error, found = "", {}
    # Imported at first use: it brings a second's worth of other packages.
    neurokit2 = importlib.import_module("neurokit2")
    # Recorded, not silenced: the words go into the answer.
    with _ALONE, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            clean = neurokit2.ecg_clean(filled, sampling_rate=fs_hz)
            _, found = neurokit2.ecg_delineate(
                clean, peaks, sampling_rate=round(fs_hz), method=method
            )
        except RAISED as raised:
            error = f"{type(raised).__name__}: {raised}"
    for key, (name, low, high) in _KEYS.items():
        out[FIDUCIALS.index(name)] = _at_beats(found.get(key, ()), fs_hz, beats, low, high)
    out[FIDUCIALS.index("r_peak")] = beats
    return NeurokitWaves(out, error, tuple(dict.fromkeys(str(w.message) for w in caught)))


def _at_beats(given: ArrayLike, fs_hz: float, beats: Array, low: float, high: float) -> Array:
    """Return for each beat the given time that lies within (low, high) s of it, else NaN."""
    out = np.full(beats.size, np.nan)
    times = np.asarray(given, dtype=np.float64).ravel() / fs_hz
    times = times[np.isfinite(times)]
    middle = (low + high) / 2
    for beat, r in enumerate(beats):
        near = times[(times - r >= low) & (times - r <= high)]
        if near.size:
            out[beat] = near[np.argmin(np.abs(near - r - middle))]
    return out
