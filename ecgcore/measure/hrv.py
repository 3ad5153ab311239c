"""Heart rate variability for recordings of five minutes and more.

Source: Task Force of the ESC and NASPE, Circulation 93:1043 (1996).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps
from scipy.interpolate import PchipInterpolator

from ecgcore.results import Beats, Measurement

Array = NDArray[np.float64]

MIN_S = 300.0
# Fewer normal intervals than this part of all: the rhythm, not the nerves, decides.
MIN_NORMAL_SHARE = 0.8
RESAMPLE_HZ = 4.0
SEGMENT_S = 256.0
# An interval or two are lost at the ends of a stretch.
NEAR_SEGMENT_S = 6.0
BANDS_HZ = {"vlf": (0.0033, 0.04), "lf": (0.04, 0.15), "hf": (0.15, 0.40)}
TIME_METHOD = "intervals between normal beats"
POWER_METHOD = "Welch periodogram of normal intervals at 4 Hz, 256 s segments"


def hrv(beats: Beats, duration_s: float) -> tuple[Measurement, ...]:
    """Return time- and frequency-domain measures; empty for less than five minutes.

    Returns
    -------
    tuple of Measurement
        ``hrv_mean_nn, hrv_sdnn, hrv_rmssd`` (ms), ``hrv_pnn50`` (%), ``hrv_vlf, hrv_lf, hrv_hf``
        (ms²), ``hrv_lf_hf``; all with a reason instead of a value where ectopic beats or atrial
        fibrillation leave too few normal intervals.
    """
    if duration_s < MIN_S:
        return ()
    at, nn, successive = _normal_intervals(beats)
    share = nn.size / max(1, int(np.isfinite(beats.rr_s).sum()))
    if nn.size < 100 or share < MIN_NORMAL_SHARE:
        reason = f"Only {100 * share:.0f} % of the intervals lie between two normal beats."
        return tuple(Measurement(name, None, unit, reason=reason) for name, unit in _UNITS.items())
    values = _time_domain(nn, successive)
    whole = _longest_whole(at, beats)
    reason = ""
    if np.ptp(at[whole]) < SEGMENT_S - NEAR_SEGMENT_S:
        reason = f"No {SEGMENT_S:.0f} s without absent or unreadable signal."
    else:
        values |= _frequency_domain(at[whole], nn[whole])
    return tuple(_measurement(name, values, reason) for name in _UNITS)


_TIME = ("hrv_mean_nn", "hrv_sdnn", "hrv_rmssd", "hrv_pnn50")
_UNITS = {
    "hrv_mean_nn": "ms",
    "hrv_sdnn": "ms",
    "hrv_rmssd": "ms",
    "hrv_pnn50": "%",
    "hrv_vlf": "ms²",
    "hrv_lf": "ms²",
    "hrv_hf": "ms²",
    "hrv_lf_hf": "",
}


def _measurement(name: str, values: dict[str, float], reason: str) -> Measurement:
    method = TIME_METHOD if name in _TIME else POWER_METHOD
    if name not in values:
        return Measurement(name, None, _UNITS[name], method=method, reason=reason)
    return Measurement(name, values[name], _UNITS[name], method=method)


def _longest_whole(at: Array, beats: Beats) -> NDArray[np.bool_]:
    """Mark the intervals, by their ends, of the longest stretch that no absent signal breaks."""
    # The first beat begins a stretch, and each after something absent.
    starts_s = beats.consensus.r_peak[~np.isfinite(beats.rr_s)]
    stretch = np.searchsorted(starts_s, at)
    lengths = [np.ptp(at[stretch == number]) for number in np.unique(stretch)]
    return np.asarray(stretch == np.unique(stretch)[int(np.argmax(lengths))])


def _normal_intervals(beats: Beats) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return time (s) and length (ms) of NN intervals, and which follow another directly."""
    r = beats.consensus.r_peak
    normal = np.array([kind == "normal" for kind in beats.types], dtype=bool)
    rr = beats.rr_s[1:] * 1e3
    known = rr[np.isfinite(rr)]
    usual = np.median(known) if known.size else 0.0
    # An interval across a missed beat is none.
    plain = normal[1:] & normal[:-1] & (rr > 300) & (rr < min(2200, 1.8 * usual))
    index = np.flatnonzero(plain)
    follows = np.concatenate(([False], np.diff(index) == 1)) if index.size else np.zeros(0, bool)
    return r[1:][index], rr[index], follows


def _time_domain(nn: Array, follows: NDArray[np.bool_]) -> dict[str, float]:
    change = np.diff(nn)[follows[1:]]
    return {
        "hrv_mean_nn": float(nn.mean()),
        "hrv_sdnn": float(nn.std(ddof=1)),
        "hrv_rmssd": float(np.sqrt(np.mean(change**2))) if change.size else float("nan"),
        "hrv_pnn50": float(100 * np.mean(np.abs(change) > 50)) if change.size else float("nan"),
    }


def _frequency_domain(at: Array, nn: Array) -> dict[str, float]:
    grid = np.arange(at[0], at[-1], 1 / RESAMPLE_HZ)
    even = sps.detrend(PchipInterpolator(at, nn)(grid))
    size = min(even.size, round(SEGMENT_S * RESAMPLE_HZ))
    hz, power = sps.welch(even, RESAMPLE_HZ, nperseg=size)
    step = hz[1] - hz[0]
    out = {
        f"hrv_{name}": float(power[(hz >= low) & (hz < high)].sum() * step)
        for name, (low, high) in BANDS_HZ.items()
    }
    out["hrv_lf_hf"] = out["hrv_lf"] / out["hrv_hf"] if out["hrv_hf"] > 0 else float("nan")
    return out
