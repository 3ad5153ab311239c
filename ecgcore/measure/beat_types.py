"""The kind of each beat, by shape, width, timing and the P wave before it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ecgcore.measure.beat_features import BeatFeatures, beat_features
from ecgcore.measure.beat_kinds import kind_model
from ecgcore.measure.conduction import NO_P_IRREGULAR, NO_P_RELATION, no_conducted_p
from ecgcore.measure.rhythm import UNKNOWN, find_rhythm, is_steady
from ecgcore.results import Fiducials
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.filters import band
from ecgcore.signal.pacing import enough, spiked
from ecgcore.signal.quantiles import median
from ecgcore.signal.resample import resample

Array = NDArray[np.float64]

SHAPE_HZ = FEATURE_HZ
SHAPE_S = (-0.12, 0.16)
# Correlation over all leads from which two complexes are of one shape.
SAME_SHAPE = 0.88
# Less like the heart's own complexes than this, and of no kind: unknown.
UNLIKE = 0.45
# Beats of a record that has one rhythm.
SHORT = 60
MAX_SHAPES = 24
# A group this much smaller than the largest can still be the heart's own, if it is narrower.
NARROWER_COUNT = 0.3
EARLY = 0.87
# RR against all those around it, from which a group of beats does not come early.
TIMELY = 0.93
WIDER_MS = 22.0
IRREGULAR = 0.07


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
    likeness : array, shape (n_beats,)
        Correlation of each complex with the commonest of the heart's own.
    """

    types: tuple[str, ...]
    dominant: NDArray[np.bool_]
    rhythm: str
    p_reason: str
    likeness: Array = field(default_factory=lambda: np.zeros(0))


def beat_types(search: BeatSearch, beats: Fiducials, rr_s: Array) -> BeatTypes:
    """Say of each beat whether it is normal, supraventricular, ventricular, paced or unknown.

    Parameters
    ----------
    search : BeatSearch
        Of the readable leads.
    beats : Fiducials
        The consensus.
    rr_s : array, shape (n_beats,)
        RR before each beat, as :func:`ecgcore.signal.rr.rr_before` gives it.
    """
    n = beats.n_beats
    if n == 0:
        return BeatTypes((), np.zeros(0, dtype=bool), UNKNOWN, "No beat was found.", np.zeros(0))
    low = scale_leads(search)
    shape, likeness = own_shapes(low, beats, rr_s)
    own = shape == 0
    irregular = _is_irregular(rr_s, own)
    plain = own & np.concatenate(([False], own[:-1])) & np.isfinite(rr_s)
    p_reason = no_conducted_p(beats, own, irregular, uneven=not is_steady(rr_s[plain]))
    features = beat_features(low, SHAPE_HZ, beats, rr_s, shape)
    # Of a short record, what is said of all of it; in a long one fibrillation comes and goes.
    fibrillating = features.fibrillating | (n <= SHORT and irregular and bool(p_reason))
    kinds = tuple(
        "unknown" if kind == "normal" and number < 0 and alike < UNLIKE else kind
        for kind, number, alike in zip(
            kind_model().kinds(BeatFeatures(features.values, fibrillating)),
            shape,
            likeness,
            strict=True,
        )
    )
    paced = spiked(search.signal, search.fs_hz, beats.r_peak)
    without_p = irregular and p_reason in (NO_P_IRREGULAR, NO_P_RELATION)
    if enough(paced):
        kinds = tuple("paced" if s else k for s, k in zip(paced, kinds, strict=True))
        dominant = own & paced if (own & paced).any() else paced
    else:
        dominant = own & np.array([k == "normal" for k in kinds])
        if dominant.sum() < max(1, 0.2 * own.sum()):
            dominant = own
    rhythm = find_rhythm(kinds, rr_s, without_p=without_p, paced=enough(paced))
    return BeatTypes(kinds, dominant, rhythm, p_reason, likeness)


def scale_leads(search: BeatSearch) -> Array:
    """Return the leads at ``SHAPE_HZ``, 1 to 35 Hz, each divided by its own size."""
    whole = np.isfinite(search.signal).all()
    # Gaps stay gaps here; the search has bridged them.
    rows = search.traces.low if whole else resample(search.signal, search.fs_hz, SHAPE_HZ)
    low = np.nan_to_num(
        band(rows.astype(np.float32), SHAPE_HZ, high_pass_hz=1.0, low_pass_hz=35.0).astype(
            np.float64
        )
    )
    scale = median(np.abs(low), keepdims=True) + low.std(axis=1, keepdims=True)
    return np.asarray(low / np.maximum(scale, 1e-6))


def own_shapes(low: Array, beats: Fiducials, rr_s: Array) -> tuple[NDArray[np.intp], Array]:
    """Return which of the heart's own shapes each beat has, and its likeness to the main one.

    The main one is 0.  Others (1 and more) are groups of some size that are as narrow and do not
    come early: the same heart lying otherwise, or conducting otherwise for a while.  -1 is none.
    """
    width_ms = 1e3 * (beats.qrs_offset - beats.qrs_onset)
    windows = _windows_of(low, beats.r_peak)
    group, sums = _grouped(windows)
    main = _main_group(group, rr_s, width_ms)
    leader = sums[main] / max(float(np.linalg.norm(sums[main])), 1e-9)
    likeness = np.asarray((windows @ leader).max(axis=0))
    # What was grouped apart while the groups were young, and is like the main one, joins it.
    own = (group == main) | (likeness >= SAME_SHAPE)
    shape = np.where(own, 0, -1)
    known = np.where(np.isfinite(rr_s), rr_s, _median_or(rr_s, 1.0))
    share = rr_s / ndimage.median_filter(known, size=min(17, known.size), mode="nearest")
    limit_ms = _median_or(width_ms[own], 100.0) + WIDER_MS
    for number in np.argsort(-np.bincount(group)):
        mine = (group == number) & ~own
        timely = _median_or(share[mine], 1.0) >= TIMELY
        narrow = _median_or(width_ms[mine], 300.0) < limit_ms
        if mine.sum() >= max(3, 0.03 * own.sum()) and timely and narrow:
            shape[mine] = shape.max() + 1
    return shape, likeness


def group_shapes(low: Array, r_s: Array) -> NDArray[np.intp]:
    """Return the number of the QRS family that each beat belongs to, shape (n_beats,)."""
    return _grouped(_windows_of(low, r_s))[0]


def shape_agreement(low: Array, r_s: Array) -> float:
    """Return how alike complexes are, each beside their mean: 1 of one form, near 0 of any axis."""
    windows = _windows_of(low, r_s)
    mean = windows[0].mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    return float((windows @ mean).max(axis=0).mean())


def _windows_of(low: Array, r_s: Array) -> Array:
    """Return unit vectors of the joint complexes, shape (5, n_beats, m): five shifts of each."""
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


def _median_or(values: Array, default: float) -> float:
    some = values[np.isfinite(values)]
    return float(median(some)) if some.size else default


def _is_irregular(rr: Array, own: NDArray[np.bool_]) -> bool:
    """Tell whether intervals between own beats change from one to the next, not slowly."""
    plain = rr[own & np.concatenate(([False], own[:-1])) & np.isfinite(rr)]
    if plain.size < 4:
        return False
    return bool(median(np.abs(np.diff(plain))) > IRREGULAR * median(plain))
