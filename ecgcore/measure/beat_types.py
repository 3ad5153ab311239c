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
UNLIKE = 0.45
MAX_SHAPES = 24
# A group this much smaller than the largest can still be the heart's own, if it is narrower.
NARROWER_COUNT = 0.3
EARLY = 0.87
# Early against the interval just before, too: a rate that rises slowly is no ectopy.
SUDDEN = 0.88
WIDE_MS = 120.0
WIDER_MS = 22.0
IRREGULAR = 0.07
# P waves belong to the rhythm if most beats have one at a steady distance.
P_SHARE = 0.5
P_MOST = 0.8
P_STEADY_MS = 28.0
P_LOOSE_MS = 34.0
SPIKE_SHARE = 0.4
# A pacing spike: half its width, and how many times it stands above what is usual in a lead
# (LUDB train: paced records 18 and more, others below 8; thin ones 90 against 26).
NEEDLE_S, NEEDLE = 0.004, 12.0
THIN_S, THIN_NEEDLE = 0.002, 50.0
NEEDLE_FLOOR = 0.005


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
    """RR over the usual RR, whether it fell suddenly, QRS widths, whether the atria fibrillate."""

    rr_share: Array
    sudden: NDArray[np.bool_]
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
    rr = np.diff(beats.r_peak, prepend=np.nan)
    width_ms = 1e3 * (beats.qrs_offset - beats.qrs_onset)
    own, likeness = _own_beats(_windows_of(signal, fs_hz, beats.r_peak), rr, width_ms)
    usual = _usual_rr(rr, own)
    irregular = _is_irregular(rr, own)
    p_reason = _p_reason(beats, own, irregular)
    timing = _Timing(
        rr / usual,
        rr < SUDDEN * np.concatenate(([np.nan], rr[:-1])),
        width_ms,
        irregular and bool(p_reason),
    )
    kinds = _kinds(own, likeness, timing, beats)
    spiked = _spikes(signal, fs_hz, beats)
    if spiked.sum() >= max(2, SPIKE_SHARE * n):
        kinds = tuple("paced" if s else k for s, k in zip(spiked, kinds, strict=True))
        return BeatTypes(kinds, own & spiked if (own & spiked).any() else spiked, "paced", p_reason)
    dominant = own & np.array([k == "normal" for k in kinds])
    if dominant.sum() < max(1, 0.2 * own.sum()):
        dominant = own
    rhythm = "irregular" if irregular else "regular"
    if n < 4:
        rhythm = "unknown"
    elif irregular and "fibrillation" in p_reason:
        rhythm = "irregular without P"
    return BeatTypes(kinds, dominant, rhythm, p_reason)


def _windows_of(signal: NDArray[np.float32], fs_hz: float, r_s: Array) -> Array:
    """Return unit vectors of the joint complexes, shape (5, n_beats, m): five shifts of each."""
    low = np.nan_to_num(
        prepare(signal, fs_hz, to_fs_hz=SHAPE_HZ, high_pass_hz=1.0, low_pass_hz=35.0)
    ).astype(np.float64)
    scale = np.median(np.abs(low), axis=1, keepdims=True) + low.std(axis=1, keepdims=True)
    low = low / np.maximum(scale, 1e-6)
    reach = np.arange(round(SHAPE_S[0] * SHAPE_HZ), round(SHAPE_S[1] * SHAPE_HZ))
    centre = np.round(r_s * SHAPE_HZ).astype(int)[:, None]
    out = []
    # Two samples of play either way: the R peak of a notched complex jumps.
    for shift in (0, -2, -1, 1, 2):
        at = np.clip(centre + shift + reach, 0, low.shape[1] - 1)
        flat = low[:, at].transpose(1, 0, 2).reshape(r_s.size, -1)
        flat = flat - flat.mean(axis=1, keepdims=True)
        out.append(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))
    return np.stack(out)


def _own_beats(windows: Array, rr: Array, width_ms: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return which beats are of the heart's own shape, and each beat's likeness to it."""
    shape, groups = _grouped(windows)
    main = _main_group(shape, rr, width_ms)
    leader = groups[main] / max(float(np.linalg.norm(groups[main])), 1e-9)
    likeness = np.asarray((windows @ leader).max(axis=0))
    # What was grouped apart while the groups were young, and is like the main one, joins it.
    return (shape == main) | (likeness >= SAME_SHAPE), likeness


def _grouped(windows: Array) -> tuple[NDArray[np.intp], list[Array]]:
    groups: list[Array] = []
    out = np.zeros(windows.shape[1], dtype=np.intp)
    for beat in range(windows.shape[1]):
        if groups:
            means = np.stack([g / np.linalg.norm(g) for g in groups])
            score = (windows[:, beat] @ means.T).max(axis=0)
            best = int(np.argmax(score))
            if score[best] >= SAME_SHAPE or len(groups) >= MAX_SHAPES:
                out[beat] = best
                groups[best] = groups[best] + windows[0, beat]
                continue
        out[beat] = len(groups)
        groups.append(windows[0, beat].copy() + 1e-12)
    return out, groups


def _main_group(shape: NDArray[np.intp], rr: Array, width_ms: Array) -> int:
    """Return the largest group, or a narrower one of some size that does not come early."""
    counts = np.bincount(shape)
    usual = _median_or(rr, 1.0)
    best = int(counts.argmax())
    width = _median_or(width_ms[shape == best], 100.0)
    for group in np.flatnonzero(counts >= NARROWER_COUNT * counts.max()):
        mine = shape == group
        narrow = _median_or(width_ms[mine], 300.0)
        timely = _median_or(rr[mine], usual) >= EARLY * usual
        if timely and narrow < width - WIDER_MS:
            best, width = int(group), narrow
    return best


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
    if irregular and (share < P_SHARE or (share < P_MOST and spread > P_STEADY_MS)):
        return (
            "No P wave belongs to most beats, and RR intervals are irregular, "
            "as in atrial fibrillation."
        )
    if share < P_SHARE / 2:
        return "A P wave was found in too few beats."
    if seen.size >= 4 and spread > P_LOOSE_MS:
        low, high = np.percentile(seen, [10, 90])
        return (
            f"P waves stand at changing distances before QRS ({low:.0f} to {high:.0f} ms): "
            "one PR interval cannot be stated."
        )
    return ""


def _kinds(
    own: NDArray[np.bool_], likeness: Array, timing: _Timing, beats: Fiducials
) -> tuple[str, ...]:
    width_ms, prematurity, fibrillating = timing.width_ms, timing.rr_share, timing.fibrillating
    usual_ms = _median_or(width_ms[own], 90.0)
    has_p = np.isfinite(beats.p_onset) & (beats.qrs_onset - beats.p_onset > 0.09)
    out = []
    for beat in range(own.size):
        # After an ectopic beat the interval says nothing about this one.
        after_own = beat > 0 and bool(own[beat - 1])
        early = prematurity[beat] < EARLY
        wide = width_ms[beat] > max(WIDE_MS - 10, usual_ms + WIDER_MS)
        other = likeness[beat] < LIKE
        if own[beat] or not (other or wide):
            supra = early and after_own and not fibrillating and timing.sudden[beat]
            out.append("supraventricular" if supra else "normal")
        elif wide and (early or other):
            out.append("ventricular")
        elif early and other:
            out.append("supraventricular" if has_p[beat] else "ventricular")
        else:
            out.append("normal" if likeness[beat] > UNLIKE else "unknown")
    return tuple(out)


def _spikes(signal: NDArray[np.float32], fs_hz: float, beats: Fiducials) -> NDArray[np.bool_]:
    """Tell which complexes follow a needle-like spike.

    A spike of a few milliseconds survives only at rates of 400 Hz and more, and only where the
    device did not filter it away.
    """
    if fs_hz < 400 or signal.shape[1] < 0.1 * fs_hz:
        return np.zeros(beats.n_beats, dtype=bool)
    filled = np.nan_to_num(signal.astype(np.float64))
    early = _needles(filled, fs_hz, beats.r_peak, NEEDLE_S, (-0.16, -0.02)) > NEEDLE
    # A spike larger than its QRS is itself taken for the R peak: only a thinner, taller one counts.
    late = _needles(filled, fs_hz, beats.r_peak, THIN_S, (-0.16, 0.02)) > THIN_NEEDLE
    return np.asarray(early | late)


def _needles(
    x: Array, fs_hz: float, r_s: Array, half_s: float, window_s: tuple[float, float]
) -> Array:
    """Return how high each beat's tallest needle stands above what is usual in its lead."""
    lag = max(1, round(half_s * fs_hz))
    middle = x[:, lag:-lag]
    up, down = middle - x[:, : -2 * lag], middle - x[:, 2 * lag :]
    needle = np.where(up * down > 0, np.minimum(np.abs(up), np.abs(down)), 0.0)
    usual = np.percentile(needle, 95, axis=1, keepdims=True) + NEEDLE_FLOOR
    # The three leads that show it best: a spike is seen in many leads, an artefact in one.
    height = np.sort(needle / usual, axis=0)[-3:].mean(axis=0)
    out = np.zeros(r_s.size)
    for beat, r in enumerate(r_s):
        low, high = (round((r + offset) * fs_hz) - lag for offset in window_s)
        part = height[max(0, low) : max(0, high)]
        out[beat] = part.max() if part.size else 0.0
    return out
