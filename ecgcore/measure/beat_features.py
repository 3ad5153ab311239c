"""What is known of each beat before its kind is decided: shape, timing, width and P, by name.

Every feature compares a beat with the heart's own beats around it, so that it means the same in
one lead and in twelve, in millivolts and without a scale, in ten seconds and in a day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import Fiducials
from ecgcore.signal.quantiles import median, quantile

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]

# Seconds from the R peak (QRS, ST-T) and from the QRS onset (P).
QRS_S = (-0.12, 0.16)
ST_T_S = (0.12, 0.40)
P_S = (-0.24, -0.02)
SHIFTS = (0, -2, -1, 1, 2)
# Over leads and samples.
BOTH = (-2, -1)
# Beats on either side that count as "around": ten seconds, half a minute, two minutes.
NEAR, FAR, LONG = 6, 20, 60
# Runs of early beats shorten the median; the slower fifth of the rhythm is still its own.
SLOW = 0.8
# A run goes on while RR stays this much shorter than the slow rhythm, and does not lengthen.
RUN = 0.93
# A rhythm without order: RR differs from each of the three before it by this part.
DISORDER = 0.05
# P waves that belong to the rhythm: on this part of the own beats, at a distance this steady.
P_SHARE, P_STEADY_MS = 0.5, 30.0
NAMES = (
    "rr_before",
    "rr_after",
    "rr_step",
    "run_step",
    "rr_pair",
    "rr_far",
    "rr_slow",
    "rr_after_step",
    "disorder",
    "likeness",
    "least_likeness",
    "previous_likeness",
    "next_likeness",
    "own_shape",
    "width",
    "whole_width",
    "size",
    "st_t_likeness",
    "p_likeness",
    "usual_p_likeness",
    "p_distance",
    "p_found",
    "p_share",
    "pr_change",
    "p_size",
)


@dataclass(frozen=True, eq=False)
class BeatFeatures:
    """Features of every beat, and what was learned of the rhythm on the way.

    Attributes
    ----------
    values : array, shape (n_beats, len(NAMES))
        Columns as ``NAMES``; finite everywhere: what is not known is what an own beat has.
    fibrillating : array of bool, shape (n_beats,)
        Where RR has no order and no P belongs to the beats around.
    """

    values: Array
    fibrillating: Flags


def beat_features(
    low: Array, fs_hz: float, beats: Fiducials, rr_s: Array, shape: Numbers
) -> BeatFeatures:
    """Return the features of every beat.

    Parameters
    ----------
    low : array, shape (n_leads, n_samples)
        Filtered leads, each divided by its own size.
    fs_hz : float
        Of ``low``.
    beats : Fiducials
        The consensus.
    rr_s : array, shape (n_beats,)
        RR before each beat; NaN where it is not known.
    shape : array of int, shape (n_beats,)
        Which of the heart's own shapes each beat has (0 the commonest), or -1.
    """
    own = shape >= 0
    timing = _timing(rr_s, own)
    form = _form(low, fs_hz, beats, shape)
    atria, share, steady = _atria(low, fs_hz, beats, own)
    width_ms = 1e3 * (beats.qrs_offset - beats.qrs_onset)
    columns = timing | form | atria
    columns["width"] = np.nan_to_num((width_ms - _around(width_ms, own, FAR)) / 40.0)
    columns["whole_width"] = np.nan_to_num(width_ms / 40.0 - 2.5)
    columns["own_shape"] = own.astype(float)
    columns["p_share"] = share
    lawless = (columns["disorder"] > DISORDER) & ~steady
    values = np.stack([columns[name] for name in NAMES], axis=1)
    return BeatFeatures(np.nan_to_num(values), lawless)


# ---- timing --------------------------------------------------------------------------------


def _timing(rr: Array, own: Flags) -> dict[str, Array]:
    """Return the features of RR, natural logarithms of ratios."""
    known = np.isfinite(rr)
    between_own = own & np.concatenate(([False], own[:-1])) & known
    plain = between_own if between_own.any() else known
    usual, far = _around(rr, plain, NEAR), _around(rr, plain, FAR)
    slow = _around(rr, plain, LONG, q=SLOW)
    after, before = np.append(rr[1:], np.nan), np.concatenate(([np.nan], rr[:-1]))
    # Against the shorter of the usual and the one before: after a pause all is a step down.
    step = _log(rr / np.fmin(before, usual))
    return {
        "rr_before": _log(rr / usual),
        "rr_after": _log(after / usual),
        "rr_step": step,
        "run_step": _run_step(step, rr, slow),
        "rr_pair": _log((rr + after) / (2 * usual)),
        "rr_far": _log(rr / far),
        "rr_slow": _log(rr / slow),
        "rr_after_step": _log(after / rr),
        "disorder": _disorder(rr, between_own),
    }


def _log(ratio: Array) -> Array:
    known = np.isfinite(ratio) & (ratio > 0)
    return np.clip(np.log(np.where(known, ratio, 1.0)), -1.2, 1.2)


def _run_step(step: Array, rr: Array, slow: Array) -> Array:
    """Return the step down that began the run a beat is in: carried on until RR is slow again."""
    out = step.copy()
    for beat in range(2, step.size):
        if rr[beat] < RUN * slow[beat] and rr[beat] < rr[beat - 1] / RUN:
            out[beat] = min(out[beat], out[beat - 1])
    return out


def _disorder(rr: Array, plain: Flags) -> Array:
    """Return how far RR differs from the nearest of the three before it, as a part of itself.

    In sinus rhythm, and in bigeminy and trigeminy too, one of them is nearly the same.
    """
    differences = np.stack(
        [np.abs(rr - np.concatenate((np.full(k, np.nan), rr))[: rr.size]) for k in (1, 2, 3)]
    )
    least = quantile(differences, 0.0) / rr
    return np.nan_to_num(_around(least, plain & np.isfinite(least), FAR))


def _around(values: Array, chosen: Flags, reach: int, *, q: float = 0.5) -> Array:
    """Return a quantile of the chosen values within so many beats, or of all of them."""
    known = np.where(chosen & np.isfinite(values), values, np.nan)
    overall = float(quantile(known[:, None], q)[0]) if np.isfinite(known).any() else np.nan
    wide = np.pad(known, reach, constant_values=np.nan)
    near = np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1)
    enough = np.isfinite(near).sum(axis=1) >= min(3, values.size)
    return np.where(enough, quantile(near.T, q), overall)


# ---- shape ---------------------------------------------------------------------------------


def _form(low: Array, fs_hz: float, beats: Fiducials, shape: Numbers) -> dict[str, Array]:
    own = shape >= 0
    qrs = np.stack([_windows(low, fs_hz, beats.r_peak, QRS_S, shift) for shift in SHIFTS])
    st_t = _windows(low, fs_hz, beats.r_peak, ST_T_S)
    models = [shape == number for number in np.unique(shape[own])]
    each = _best([_correlation(qrs, qrs[0][m].mean(axis=0), (-1,)).max(axis=0) for m in models])
    joint = _best([_correlation(qrs, qrs[0][m].mean(axis=0), BOTH).max(axis=0) for m in models])
    late = _best([_correlation(st_t, st_t[m].mean(axis=0), BOTH) for m in models])
    size = _norm(qrs[0], BOTH)
    return {
        "likeness": joint,
        "least_likeness": each.min(axis=1),
        "previous_likeness": np.concatenate(([1.0], joint[:-1])),
        "next_likeness": np.append(joint[1:], 1.0),
        "size": _log(size / median(size[own])),
        "st_t_likeness": late,
    }


def _best(scores: list[Array]) -> Array:
    return np.asarray(np.max(scores, axis=0))


def _windows(
    low: Array, fs_hz: float, at_s: Array, span_s: tuple[float, float], shift: int = 0
) -> Array:
    """Return (n_beats, n_leads, m), each lead without its mean."""
    reach = np.arange(round(span_s[0] * fs_hz), round(span_s[1] * fs_hz))
    centre = np.round(at_s * fs_hz).astype(int)[:, None]
    at = np.clip(centre + shift + reach, 0, low.shape[1] - 1)
    found = low[:, at].transpose(1, 0, 2)
    return np.asarray(found - found.mean(axis=-1, keepdims=True))


def _norm(values: Array, axes: tuple[int, ...]) -> Array:
    return np.asarray(np.sqrt((values**2).sum(axis=axes)))


def _correlation(values: Array, model: Array, axes: tuple[int, ...]) -> Array:
    size = np.maximum(_norm(values, axes) * _norm(model, axes), 1e-9)
    return np.asarray((values * model).sum(axis=axes) / size)


# ---- atria ---------------------------------------------------------------------------------


def _atria(
    low: Array, fs_hz: float, beats: Fiducials, own: Flags
) -> tuple[dict[str, Array], Array, Flags]:
    """Return the features of the P wave, the share of own beats around with one, and its order."""
    onset = np.where(np.isfinite(beats.qrs_onset), beats.qrs_onset, beats.r_peak - 0.04)
    before = _windows(low, fs_hz, onset, P_S)
    model = median(before[own], axis=0)
    found = np.isfinite(beats.p_onset)
    pr_ms = 1e3 * (beats.qrs_onset - beats.p_onset)
    usual_pr = _around(pr_ms, own & found, FAR)
    share = _share(found, own)
    apart = np.abs(pr_ms - usual_pr)
    spread = 1.4826 * _around(apart, own & found, FAR)
    scale = max(float(_norm(model, BOTH)), 1e-9)
    likeness = _correlation(before, model, BOTH)
    columns = {
        "p_likeness": likeness,
        "usual_p_likeness": _around(likeness, own, LONG),
        "p_distance": np.log1p(_norm(before - model, BOTH) / scale),
        "p_found": found.astype(float),
        "pr_change": np.clip(np.nan_to_num(pr_ms - usual_pr) / 40.0, -3, 3),
        "p_size": _log(_norm(before, BOTH) / scale),
    }
    steady = (share >= P_SHARE) & (np.nan_to_num(spread, nan=np.inf) <= P_STEADY_MS)
    return columns, share, steady


def _share(found: Flags, own: Flags) -> Array:
    kernel = np.ones(2 * FAR + 1)
    n = np.convolve(own, kernel)[FAR:-FAR]
    with_p = np.convolve(own & found, kernel)[FAR:-FAR]
    return np.asarray(with_p / np.maximum(n, 1))
