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
from scipy import signal as sps

from ecgcore.checks import check_option
from ecgcore.results import FIDUCIALS
from ecgcore.signal.filters import butterworth

Array = NDArray[np.float64]

METHODS = ("prominence", "dwt", "peak", "cwt")
# Samples by which SciPy extends a signal for the fifth-order high-pass of ecg_clean.
HIGH_PASS_PAD = 18
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
    check_option("method", method, METHODS)
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
    find = _find_by_prominence if method == "prominence" else _find
    # Recorded, not silenced: the words go into the answer.
    with _ALONE, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = find(filled, fs_hz, peaks, method)
        except RAISED as raised:
            error = f"{type(raised).__name__}: {raised}"
    for key, (name, low, high) in _KEYS.items():
        out[FIDUCIALS.index(name)] = _at_beats(found.get(key, ()), fs_hz, beats, low, high)
    out[FIDUCIALS.index("r_peak")] = beats
    return NeurokitWaves(out, error, tuple(dict.fromkeys(str(w.message) for w in caught)))


def _find(row: Array, fs_hz: float, peaks: NDArray[np.int_], method: str) -> dict[str, list]:
    """Return NeuroKit2's lists of samples, by its names."""
    # Imported at first use: it brings a second's worth of other packages.
    neurokit2 = importlib.import_module("neurokit2")
    clean = neurokit2.ecg_clean(row, sampling_rate=fs_hz)
    _, found = neurokit2.ecg_delineate(clean, peaks, sampling_rate=round(fs_hz), method=method)
    return dict(found)


def _find_by_prominence(
    row: Array, fs_hz: float, peaks: NDArray[np.int_], _method: str
) -> dict[str, list]:
    """Return the same as :func:`_find` for ``"prominence"``, in a third of the time.

    The method itself is asked, without the tables of every sample that are built around it; the
    filters of ``ecg_clean`` are made once, not at every call.
    """
    delineate = importlib.import_module("neurokit2.ecg.ecg_delineate")
    clean = _clean(row, fs_hz)
    found = delineate._prominence_ecg_delineator(clean, peaks, sampling_rate=round(fs_hz))
    return {name: [at for at in times if 0 < at < row.size] for name, times in found.items()}


def _clean(row: Array, fs_hz: float) -> Array:
    """Return a lead as ``neurokit2.ecg_clean`` does: above 0.5 Hz, without mains of 50 Hz."""
    sections = butterworth("highpass", (0.5,), fs_hz, order=5)
    if row.size <= HIGH_PASS_PAD:
        raise ValueError("the signal is shorter than the filter")
    clean = sections.run_both_ways(row, HIGH_PASS_PAD)
    period = int(fs_hz / 50) if fs_hz >= 100 else 2
    return np.asarray(sps.filtfilt(np.ones(period), [period], clean))


def _at_beats(given: ArrayLike, fs_hz: float, beats: Array, low: float, high: float) -> Array:
    """Return for each beat the given time that lies within (low, high) s of it, else NaN."""
    times = np.asarray(given, dtype=np.float64).ravel() / fs_hz
    times = np.sort(times[np.isfinite(times)])
    if times.size == 0:
        return np.full(beats.size, np.nan)
    # The nearest to the middle of the window: where that lies outside, none lies within.
    middle = beats + (low + high) / 2
    after = np.minimum(np.searchsorted(times, middle), times.size - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(times[before] - middle) <= np.abs(times[after] - middle)
    nearest = times[np.where(nearer, before, after)]
    within = (nearest - beats >= low) & (nearest - beats <= high)
    return np.where(within, nearest, np.nan)
