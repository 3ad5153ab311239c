"""Rule-based signal quality: is each lead readable, and is the recording as a whole.

Every lead is cut into windows of one second; a rule looks at each window and the lead is bad
where too many windows fail.  The rules follow the causes that Clifford et al. (Physiol Meas
33:1419, 2012) and Xia et al. (Comput Cardiol 38:441, 2011) list for the CinC Challenge 2011:
flat, saturated, disconnected, noisy.  Limits were set on that challenge's training half.

Where the voltage is lost (unit ``"NU"``) the limits in millivolts are replaced by ratios to the
lead's own QRS complexes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.results import Quality
from ecgcore.units import MV

Array = NDArray[np.float64]

WINDOW_S = 1.0
# A lead with less than this much signal shows fewer than two beats of a resting heart.
MIN_PRESENT_S = 2.0
# A printed 3x4 sheet holds a quarter of each lead and is read every day; below it is a scrap.
MAX_MISSING_SHARE = 0.8
# Absent samples are worth a remark from here on.
REMARK_MISSING_SHARE = 0.05
# A lead is bad where more windows than this fail one rule: about three beats of a 10 s sheet.
MAX_BAD_SHARE = 0.25
# One excursion off the paper spoils a 10 s sheet; in a long recording it is an incident.
MAX_JUMP_SHARE = 0.05
# The smallest complexes a reader can see are about half a small square: 50 µV.
FLAT_MV = 0.02
# In normalised units a window is flat when it moves less than this part of the lead's own range.
FLAT_RELATIVE = 0.005
# Energy from 5 to 20 Hz is QRS; real low-voltage leads keep 60 µV of it (PTB-XL, 1st percentile).
NO_QRS_MV = 0.04
# How beats stand out between 5 and 20 Hz: peak to peak over median size, and kurtosis.  White and
# brown noise have 8 and 2.8 (99 % below 10.1 and 3.2), an ECG 13 and 4.5 or more (99 %).
NO_QRS_PEAKINESS = 10.0
NO_QRS_KURTOSIS = 3.3
# Flutter waves fill the same band without a gap, but nothing above it: noise above 40 Hz is at
# least this part of what lies between 5 and 20 Hz (white noise: more; brown noise: 0.4).
NO_QRS_FAST_SHARE = 0.25
# No surface ECG reaches 10 mV; an amplifier's rail or an open electrode does.
IMPLAUSIBLE_MV = 10.0
# A rail: the extreme value itself, held without any change.
CLIPPED_RUN_S = 0.04
CLIPPED_SHARE = 0.02
# Wander of 4 mV leaves the 40 mm that a row has on paper.
DRIFT_MV = 4.0
DRIFT_RELATIVE = 8.0
# A baseline step between two seconds that is larger than any complex: an electrode moved.
STEP_MV = 2.0
STEP_RELATIVE = 3.0
# Median size of what lies above 40 Hz; 30 µV is a trace a millimetre thick.
NOISE_MV = 0.03
NOISE_RELATIVE = 0.08
# Mains in the trace: a remark from half a small square, bad from two millimetres.
MAINS_REMARK_MV = 0.05
MAINS_BAD_MV = 0.2
MAINS_REMARK_RELATIVE = 0.1
MAINS_BAD_RELATIVE = 0.4
MAINS_HZ = (50.0, 60.0)
# The median of a sine's magnitude: what mains of amplitude 1 adds to the noise figure.
MAINS_IN_NOISE = 0.71
# The challenge's readers refused most sheets on which one lead of twelve was lost.
MAX_BAD_LEADS_12 = 0


@dataclass(frozen=True)
class _Windows:
    """Figures of every lead and window, shape (n_leads, n_windows); NaN where samples miss."""

    span: Array
    mean: Array
    qrs_span: Array
    qrs_median: Array
    qrs_kurtosis: Array
    noise: Array
    mains: Array
    mains_hz: Array
    clipped: Array
    extreme: Array


@dataclass(frozen=True)
class _Rule:
    """One thing that can be wrong: what fails it by lead, and how it is said."""

    words: str
    share: Callable[[_Windows, bool], Array]
    bad: bool = True
    limit: float = MAX_BAD_SHARE


def assess(recording: Recording) -> Quality:
    """Say whether each lead, and the recording as a whole, can be read.

    Parameters
    ----------
    recording : Recording
        Of any rate, length, leads and unit.

    Returns
    -------
    Quality
        ``bad_leads`` in the recording's order.  ``reasons`` holds one sentence for each thing
        found, remarks that make no lead bad (mains, some absent samples) included.
        ``acceptable`` follows the challenge: a full 12-lead sheet with a lost lead should be
        repeated (what remains may still be read: see ``bad_leads``); a strip of fewer leads is
        acceptable while one of them can be read.
    """
    signal = recording.signal
    present = np.isfinite(signal)
    missing = 1.0 - present.mean(axis=1)
    bad = (missing > MAX_MISSING_SHARE) | (
        present.sum(axis=1) < min(MIN_PRESENT_S * recording.fs_hz, recording.n_samples)
    )
    reasons = _said(
        recording.leads, missing > REMARK_MISSING_SHARE, missing, "samples are missing ({share})."
    )
    windows = _windows(_filled(signal, present), present, recording.fs_hz)
    explained = bad.copy()
    for rule in RULES:
        share = rule.share(windows, recording.unit == MV)
        hit = (share > rule.limit) & ~explained
        reasons += _said(recording.leads, hit, share, rule.words)
        if rule.bad:
            bad |= hit
            # One cause is enough: a lead that is flat is not also said to lack QRS complexes.
            explained |= hit
    bad_leads = tuple(name for name, is_bad in zip(recording.leads, bad, strict=True) if is_bad)
    return Quality(_acceptable(recording.leads, bad_leads), bad_leads, tuple(reasons))


def _acceptable(leads: tuple[str, ...], bad_leads: tuple[str, ...]) -> bool:
    if set(STANDARD_12) <= set(leads):
        return len(set(bad_leads) & set(STANDARD_12)) <= MAX_BAD_LEADS_12
    return len(bad_leads) < len(leads)


def _said(leads: tuple[str, ...], hit: NDArray[np.bool_], share: Array, words: str) -> list[str]:
    if not hit.any():
        return []
    names = [name for name, is_hit in zip(leads, hit, strict=True) if is_hit]
    low, high = (round(100 * float(f(share[hit]))) for f in (np.min, np.max))
    text = f"{low} %" if low == high else f"{low} to {high} %"
    subject = "All leads" if len(names) == len(leads) > 1 else ", ".join(names)
    return [f"{subject}: {words.format(share=text)}"]


def _filled(signal: NDArray[np.float32], present: NDArray[np.bool_]) -> Array:
    """Return samples as float64, gaps bridged by straight lines, each lead's median removed."""
    out = signal.astype(np.float64)
    at = np.arange(signal.shape[1])
    for row, known in zip(out, present, strict=True):
        if not known.any():
            row[:] = 0.0
        elif not known.all():
            row[:] = np.interp(at, at[known], row[known])
    return out - np.median(out, axis=1, keepdims=True)


def _windows(x: Array, present: NDArray[np.bool_], fs_hz: float) -> _Windows:
    size = min(max(2, round(WINDOW_S * fs_hz)), x.shape[1])
    qrs = _cut(_sos(x, (5.0, 20.0), fs_hz), size)
    high = _cut(_sos(x, (40.0,), fs_hz), size)
    mains, mains_hz = _mains(_cut(x, size), fs_hz)
    cut = _cut(x, size)
    # Windows that are mostly bridged say nothing about the signal.
    known = _cut(present, size).mean(axis=-1) > 0.5

    def seen(values: Array) -> Array:
        return np.where(known, values, np.nan)

    return _Windows(
        span=seen(np.ptp(cut, axis=-1)),
        mean=seen(cut.mean(axis=-1)),
        qrs_span=seen(np.ptp(qrs, axis=-1)),
        qrs_median=seen(np.median(np.abs(qrs), axis=-1)),
        qrs_kurtosis=seen(_kurtosis(qrs)),
        noise=seen(np.median(np.abs(high), axis=-1)),
        mains=seen(mains),
        mains_hz=mains_hz,
        clipped=seen(_cut(_at_rail(x, fs_hz), size).mean(axis=-1)),
        extreme=seen(np.abs(cut).max(axis=-1)),
    )


def _kurtosis(cut: Array) -> Array:
    square = cut * cut
    return np.asarray((square * square).mean(-1) / np.maximum(square.mean(-1) ** 2, 1e-30))


def _cut(values: NDArray, size: int) -> NDArray:
    n = values.shape[1] // size
    return values[:, : n * size].reshape(values.shape[0], n, size)


def _sos(x: Array, corners_hz: tuple[float, ...], fs_hz: float) -> Array:
    """Band-pass between two corners, or high-pass above one, forward only."""
    if max(corners_hz) >= 0.49 * fs_hz:
        # The rate cannot carry this band: nothing of it is there.
        return np.zeros_like(x)
    kind: Literal["bandpass", "highpass"] = "bandpass" if len(corners_hz) > 1 else "highpass"
    sos = sps.butter(2, np.squeeze(corners_hz), kind, fs=fs_hz, output="sos")
    # Started in the steady state of the first sample: no transient from its offset.
    state = sps.sosfilt_zi(sos)[:, None, :] * x[None, :, :1]
    out, _ = sps.sosfilt(sos, x, axis=-1, zi=state)
    return np.asarray(out)


def _mains(cut: Array, fs_hz: float) -> tuple[Array, Array]:
    """Return amplitude (n_leads, n_windows) and frequency (n_leads,) of the stronger mains."""
    best = np.zeros(cut.shape[:2])
    which = np.full(cut.shape[0], MAINS_HZ[0])
    taper = np.hanning(cut.shape[2])
    at = np.arange(cut.shape[2]) / fs_hz
    for hz in MAINS_HZ:
        if hz >= 0.49 * fs_hz or cut.shape[2] < 8:
            continue
        size = [
            2 * np.abs(cut @ (taper * np.exp(2j * np.pi * f * at))) / taper.sum()
            for f in (hz, hz - 5.0, hz + 5.0)
        ]
        # What stands out above its neighbours: QRS and muscle noise are broad, mains is a line.
        line = size[0] - np.maximum(size[1], size[2])
        better = np.median(line, axis=1) > np.median(best, axis=1)
        best[better], which[better] = line[better], hz
    return best, which


def _at_rail(x: Array, fs_hz: float) -> NDArray[np.bool_]:
    """Mark runs of the highest or lowest value that do not change for ``CLIPPED_RUN_S``."""
    run = max(3, round(CLIPPED_RUN_S * fs_hz))
    top = x.max(axis=1, keepdims=True)
    low = x.min(axis=1, keepdims=True)
    held = ((x == top) | (x == low)) & (top > low)
    out = np.zeros_like(held)
    for row, target in zip(held, out, strict=True):
        if np.count_nonzero(row) >= run:
            edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
            for start, stop in zip(edges[::2], edges[1::2], strict=True):
                target[start:stop] = stop - start >= run
    return out


def _share(failed: NDArray[np.bool_], figures: Array) -> Array:
    known = np.isfinite(figures).sum(axis=1)
    return np.asarray(failed.sum(axis=1) / np.maximum(known, 1), dtype=np.float64)


def _typical(figures: Array) -> Array:
    """Return each lead's median over windows, shape (n_leads, 1); 0 where it has none."""
    out = np.zeros((figures.shape[0], 1))
    for row, target in zip(figures, out, strict=True):
        known = row[np.isfinite(row)]
        target[0] = np.median(known) if known.size else 0.0
    return out


def _limit(w: _Windows, in_mv: bool, mv: float, relative: float) -> float | Array:
    return mv if in_mv else relative * _typical(w.qrs_span)


def _around(figures: Array) -> Array:
    """Return the highest of each window and its neighbours: slow beats are two seconds apart."""
    out = figures.copy()
    out[:, 1:] = np.fmax(out[:, 1:], figures[:, :-1])
    out[:, :-1] = np.fmax(out[:, :-1], figures[:, 1:])
    return np.where(np.isfinite(figures), out, np.nan)


def _flat(w: _Windows, in_mv: bool) -> Array:
    span = _around(w.span)
    whole = np.where(np.isfinite(span), span, 0.0).max(axis=1, keepdims=True)
    limit = FLAT_MV if in_mv else FLAT_RELATIVE * whole
    return _share((span < limit) | (span == 0), span)


def _clipped(w: _Windows, in_mv: bool) -> Array:
    at_rail = w.clipped > CLIPPED_SHARE
    return _share(at_rail, w.clipped)


def _implausible(w: _Windows, in_mv: bool) -> Array:
    # In normalised units there is no size that could be implausible.
    return _share((w.extreme > IMPLAUSIBLE_MV) & in_mv, w.extreme)


def _drift(w: _Windows, in_mv: bool) -> Array:
    mean = np.where(np.isfinite(w.mean), w.mean, 0.0)
    away = np.abs(mean - np.median(mean, axis=1, keepdims=True))
    return _share(away > np.asarray(_limit(w, in_mv, DRIFT_MV, DRIFT_RELATIVE)) / 2, w.mean)


def _steps(w: _Windows, in_mv: bool) -> Array:
    step = np.abs(np.diff(np.where(np.isfinite(w.mean), w.mean, 0.0), axis=1))
    return _share(step > _limit(w, in_mv, STEP_MV, STEP_RELATIVE), w.mean)


def _no_qrs(w: _Windows, in_mv: bool) -> Array:
    span = _around(w.qrs_span)
    return _share((span < NO_QRS_MV) & in_mv, span)


def _unpeaked(w: _Windows, in_mv: bool) -> Array:
    span = _typical(_around(w.qrs_span))
    ratio = span / np.maximum(_typical(w.qrs_median), 1e-9)
    broad = (ratio < NO_QRS_PEAKINESS) & (_typical(w.qrs_kurtosis) < NO_QRS_KURTOSIS)
    broad &= _typical(w.noise) > NO_QRS_FAST_SHARE * _typical(w.qrs_median)
    return (broad & (span > 0))[:, 0].astype(np.float64)


def _noisy(w: _Windows, in_mv: bool) -> Array:
    return _share(
        w.noise - MAINS_IN_NOISE * w.mains > _limit(w, in_mv, NOISE_MV, NOISE_RELATIVE), w.noise
    )


def _mains_bad(w: _Windows, in_mv: bool) -> Array:
    return _share(w.mains > _limit(w, in_mv, MAINS_BAD_MV, MAINS_BAD_RELATIVE), w.mains)


def _mains_remark(w: _Windows, in_mv: bool) -> Array:
    over = w.mains > _limit(w, in_mv, MAINS_REMARK_MV, MAINS_REMARK_RELATIVE)
    strong = _mains_bad(w, in_mv) > MAX_BAD_SHARE
    return np.where(strong, 0.0, _share(over, w.mains))


RULES = (
    _Rule("the trace is flat ({share} of the time).", _flat),
    _Rule("the trace is cut off at the amplifier's limit ({share} of the time).", _clipped),
    _Rule(
        "the trace is out of any range an ECG can have ({share} of the time).",
        _implausible,
        limit=MAX_JUMP_SHARE,
    ),
    _Rule("the baseline drifts far away ({share} of the time).", _drift),
    _Rule("the baseline jumps, as with a loose electrode.", _steps, limit=MAX_JUMP_SHARE),
    _Rule("there are no QRS complexes to see ({share} of the time).", _no_qrs),
    _Rule("muscle or other fast noise hides small waves ({share} of the time).", _noisy),
    _Rule("mains interference hides small waves ({share} of the time).", _mains_bad),
    _Rule("no complexes stand out from the noise.", _unpeaked),
    _Rule("mains interference is visible ({share} of the time).", _mains_remark, bad=False),
)
