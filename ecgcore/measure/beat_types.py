"""The kind of each beat, by shape, width, timing and the P wave before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ecgcore.results import Fiducials
from ecgcore.signal.prepare import prepare

Array = NDArray[np.float64]

SHAPE_HZ = 125.0
SHAPE_S = (-0.12, 0.16)
# Correlation over all leads from which two complexes are of one shape.
SAME_SHAPE = 0.88
# Between same and other: only timing decides.
LIKE = 0.75
MAX_SHAPES = 24
EARLY = 0.87
VERY_EARLY = 0.78
LATE = 1.25
WIDE_MS = 120.0
WIDER_MS = 22.0
IRREGULAR = 0.07
# P waves belong to the rhythm if most beats have one at a steady distance.
P_SHARE = 0.5
P_STEADY_MS = 28.0
SPIKE_SHARE = 0.6
# A pacing spike is over within this time, and stands out this many times from what surrounds it.
SPIKE_S = 0.004
SPIKE_STANDS_OUT = 12.0


@dataclass(frozen=True, eq=False)
class BeatTypes:
    """Types of the beats, which of them are of the dominant shape, and the rhythm.

    Attributes
    ----------
    types : tuple of str
    dominant : array of bool, shape (n_beats,)
        Beats that intervals and the median beat are made from.
    rhythm : str
        As ``MeasureResult.rhythm``.
    p_reason : str
        Why no P wave is reported, or empty.
    """

    types: tuple[str, ...]
    dominant: NDArray[np.bool_]
    rhythm: str
    p_reason: str


@dataclass(frozen=True, eq=False)
class _Timing:
    """RR before each beat over the usual RR, QRS widths, and whether the atria fibrillate."""

    rr_share: Array
    width_ms: Array
    fibrillating: bool


def beat_types(signal: NDArray[np.float32], fs_hz: float, beats: Fiducials) -> BeatTypes:
    """Say of each beat whether it is normal, supraventricular, ventricular, paced or unknown.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        Readable leads; NaN where absent.
    fs_hz : float
    beats : Fiducials
        The consensus.
    """
    n = beats.n_beats
    if n == 0:
        return BeatTypes((), np.zeros(0, dtype=bool), "unknown", "No beat was found.")
    shape, likeness = _shapes(signal, fs_hz, beats.r_peak)
    main = int(np.bincount(shape).argmax())
    own = shape == main
    rr = np.diff(beats.r_peak, prepend=np.nan)
    usual = _usual_rr(rr, own)
    width_ms = 1e3 * (beats.qrs_offset - beats.qrs_onset)
    irregular = _is_irregular(rr, own)
    p_reason = _p_reason(beats, own, irregular)
    if _paced(signal, fs_hz, beats):
        kinds = tuple("paced" if mine else "ventricular" for mine in own)
        return BeatTypes(kinds, own, "paced", p_reason)
    timing = _Timing(rr / usual, width_ms, irregular and bool(p_reason))
    kinds = _kinds(own, likeness, timing, beats)
    dominant = own & np.array([k == "normal" for k in kinds])
    if dominant.sum() < max(1, 0.2 * own.sum()):
        dominant = own
    rhythm = "irregular" if irregular else "regular"
    if n < 4:
        rhythm = "unknown"
    elif irregular and p_reason:
        rhythm = "irregular without P"
    return BeatTypes(kinds, dominant, rhythm, p_reason)


def _shapes(
    signal: NDArray[np.float32], fs_hz: float, r_s: Array
) -> tuple[NDArray[np.intp], Array]:
    """Return each beat's group of like shapes, and its likeness to the largest group."""
    low = np.nan_to_num(
        prepare(signal, fs_hz, to_fs_hz=SHAPE_HZ, high_pass_hz=1.0, low_pass_hz=35.0)
    ).astype(np.float64)
    scale = np.median(np.abs(low), axis=1, keepdims=True) + low.std(axis=1, keepdims=True)
    low = low / np.maximum(scale, 1e-6)
    reach = np.arange(round(SHAPE_S[0] * SHAPE_HZ), round(SHAPE_S[1] * SHAPE_HZ))
    at = np.clip(np.round(r_s * SHAPE_HZ).astype(int)[:, None] + reach, 0, low.shape[1] - 1)
    cut = low[:, at].transpose(1, 0, 2)
    # Two samples of play either way: the R peak of a notched complex jumps.
    flat = _unit(cut)
    groups: list[Array] = []
    members: list[int] = []
    out = np.zeros(r_s.size, dtype=np.intp)
    for beat in range(r_s.size):
        shifted = _shifted(low, at[beat])
        score = [float(np.max(shifted @ (g / np.linalg.norm(g)))) for g in groups]
        best = int(np.argmax(score)) if score else -1
        if best >= 0 and (score[best] >= SAME_SHAPE or len(groups) >= MAX_SHAPES):
            out[beat] = best
            groups[best] = groups[best] + flat[beat]
            members[best] += 1
        else:
            out[beat] = len(groups)
            groups.append(flat[beat].copy())
            members.append(1)
    leader = groups[int(np.argmax(members))]
    leader = leader / max(float(np.linalg.norm(leader)), 1e-9)
    likeness = np.array([float(np.max(_shifted(low, row) @ leader)) for row in at])
    # What was grouped apart while the groups were young, and is like the largest, joins it.
    out[likeness >= SAME_SHAPE] = int(np.argmax(members))
    return out, likeness


def _unit(cut: Array) -> Array:
    flat = cut.reshape(cut.shape[0], -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


def _shifted(low: Array, at: NDArray[np.intp]) -> Array:
    moved = np.clip(at[None] + np.arange(-2, 3)[:, None], 0, low.shape[1] - 1)
    return _unit(low[:, moved].transpose(1, 0, 2))


def _usual_rr(rr: Array, own: NDArray[np.bool_]) -> Array:
    """Return the usual RR around each beat: a median over intervals between two own beats."""
    plain = own & np.concatenate(([False], own[:-1]))
    known = np.where(plain & np.isfinite(rr), rr, np.nan)
    overall = np.nanmedian(known) if np.isfinite(known).any() else _median_or(rr, 1.0)
    filled = np.where(np.isfinite(known), known, overall)
    return np.asarray(ndimage.median_filter(filled, size=min(17, filled.size), mode="nearest"))


def _median_or(values: Array, default: float) -> float:
    some = values[np.isfinite(values)]
    return float(np.median(some)) if some.size else default


def _is_irregular(rr: Array, own: NDArray[np.bool_]) -> bool:
    """Tell whether intervals between own beats change from one to the next, not slowly."""
    plain = rr[own & np.concatenate(([False], own[:-1])) & np.isfinite(rr)]
    if plain.size < 4:
        return False
    return bool(np.median(np.abs(np.diff(plain))) > IRREGULAR * np.median(plain))


def _p_reason(beats: Fiducials, own: NDArray[np.bool_], irregular: bool) -> str:
    pr_ms = 1e3 * (beats.qrs_onset - beats.p_onset)[own]
    seen = pr_ms[np.isfinite(pr_ms)]
    share = seen.size / max(1, pr_ms.size)
    if seen.size == 0:
        return "No P wave was found" + (
            ", and RR intervals are irregular, as in atrial fibrillation." if irregular else "."
        )
    spread = 1.4826 * float(np.median(np.abs(seen - np.median(seen))))
    if irregular and (share < P_SHARE or spread > P_STEADY_MS):
        return (
            "No P wave belongs to most beats, and RR intervals are irregular, "
            "as in atrial fibrillation."
        )
    if share < P_SHARE / 2:
        return "A P wave was found in too few beats."
    return ""


def _kinds(
    own: NDArray[np.bool_], likeness: Array, timing: _Timing, beats: Fiducials
) -> tuple[str, ...]:
    width_ms, prematurity, fibrillating = timing.width_ms, timing.rr_share, timing.fibrillating
    usual_ms = _median_or(width_ms[own], 90.0)
    has_p = np.isfinite(beats.p_onset) & (beats.qrs_onset - beats.p_onset > 0.09)
    out = []
    for beat in range(own.size):
        early = prematurity[beat] < EARLY
        wide = width_ms[beat] > max(WIDE_MS - 10, usual_ms + WIDER_MS)
        other = likeness[beat] < LIKE
        if own[beat] or not (other or wide):
            supra = early and not fibrillating and (own[beat] or prematurity[beat] < VERY_EARLY)
            out.append("supraventricular" if supra else "normal")
        elif wide or (early and other):
            conducted = has_p[beat] and not wide
            out.append("supraventricular" if conducted and early else "ventricular")
        elif prematurity[beat] > LATE:
            out.append("ventricular")
        else:
            out.append("unknown")
    return tuple(out)


def _paced(signal: NDArray[np.float32], fs_hz: float, beats: Fiducials) -> bool:
    """Tell whether most complexes follow a needle-like spike.

    A spike of less than a few milliseconds survives only at rates of 400 Hz and more, and only
    where the device did not filter it away.
    """
    if fs_hz < 400 or beats.n_beats < 3:
        return False
    filled = np.nan_to_num(signal.astype(np.float64))
    lag = max(1, round(SPIKE_S * fs_hz))
    middle = filled[:, lag:-lag]
    # What goes up and down again within twice the spike's width.
    up, down = middle - filled[:, : -2 * lag], middle - filled[:, 2 * lag :]
    needle = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0.0).max(axis=0)
    usual = float(np.percentile(needle, 90)) + 1e-6
    start = np.where(np.isfinite(beats.qrs_onset), beats.qrs_onset, beats.r_peak - 0.05)
    hits = 0
    for onset in start:
        low, high = round((onset - 0.05) * fs_hz) - lag, round((onset + 0.012) * fs_hz) - lag
        part = needle[max(0, low) : max(0, high)]
        hits += bool(part.size and part.max() > SPIKE_STANDS_OUT * usual)
    return hits >= SPIKE_SHARE * beats.n_beats
