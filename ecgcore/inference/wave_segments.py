"""From probabilities of P, QRS and T in one lead to the waves of each beat; numpy only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import FIDUCIALS

Array = NDArray[np.float64]

# Shorter runs are no wave (s); pieces closer than the gap are one wave.
SHORTEST_S = {"P": 0.030, "QRS": 0.024, "T": 0.050}
GAP_S = {"P": 0.024, "QRS": 0.048, "T": 0.070}
QRS_NEAR_S = 0.13
# The longest PR and QT that are looked for.
P_BEFORE_S = 0.46
T_AFTER_S = 0.78
_ROW = {name: row for row, name in enumerate(FIDUCIALS)}


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of one class: onset and offset in samples (fractions), and how sure (sum of margin)."""

    onset: Array
    offset: Array
    weight: Array


def beat_waves(probabilities: Array, samples: Array, fs_hz: float, r_s: Array) -> Array:
    """Return each beat's waves in one lead.

    Parameters
    ----------
    probabilities : array, shape (4, n)
        Of none, P, QRS, T.
    samples : array, shape (n,)
        The lead as the network saw it, for the peaks.
    fs_hz : float
        Of both.
    r_s : array, shape (n_beats,)
        Consensus R peaks in seconds, ascending.

    Returns
    -------
    array, shape (9, n_beats)
        Seconds, rows as ``FIDUCIALS``; NaN where this lead shows no such wave.
    """
    out = np.full((len(FIDUCIALS), r_s.size), np.nan)
    runs = {
        kind: _runs(probabilities, index, fs_hz, kind)
        for index, kind in enumerate(("P", "QRS", "T"), start=1)
    }
    r = r_s * fs_hz
    qrs = _nearest_qrs(runs["QRS"], r, fs_hz)
    found = np.isfinite(qrs[0])
    on = np.where(found, qrs[0], r - 0.04 * fs_hz)
    off = np.where(found, qrs[1], r + 0.05 * fs_hz)
    _put(out, ("qrs_onset", "r_peak", "qrs_offset"), qrs, samples)
    before = np.concatenate(([-np.inf], off[:-1]))
    after = np.concatenate((on[1:], [np.inf]))
    t = _largest(runs["T"], off - 0.02 * fs_hz, np.minimum(after, r + T_AFTER_S * fs_hz))
    _put(out, ("t_onset", "t_peak", "t_offset"), t, samples)
    # A P wave stands between the T before and its own QRS; the last one is the conducted one.
    low = np.maximum(before, on - P_BEFORE_S * fs_hz)
    p = _last(runs["P"], low, on + 0.012 * fs_hz)
    _put(out, ("p_onset", "p_peak", "p_offset"), p, samples)
    return out / fs_hz


def _runs(probabilities: Array, index: int, fs_hz: float, kind: str) -> _Runs:
    others = np.delete(probabilities, index, axis=0).max(axis=0)
    margin = probabilities[index] - others
    edges = np.diff(np.concatenate(([0], (margin > 0).astype(np.int8), [0])))
    start, stop = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    start, stop = _joined(start, stop, GAP_S[kind] * fs_hz)
    sure = np.concatenate(([0.0], np.cumsum(np.maximum(margin, 0))))
    keep = stop - start >= SHORTEST_S[kind] * fs_hz
    start, stop = start[keep], stop[keep]
    return _Runs(
        _crossing(margin, start, -1), _crossing(margin, stop - 1, +1), sure[stop] - sure[start]
    )


def _joined(
    start: NDArray[np.intp], stop: NDArray[np.intp], gap: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if start.size < 2:
        return start, stop
    apart = start[1:] - stop[:-1] > gap
    return start[np.concatenate(([True], apart))], stop[np.concatenate((apart, [True]))]


def _crossing(margin: Array, inside: NDArray[np.intp], step: int) -> Array:
    """Return where the margin crosses zero between a run's last sample and the one beyond."""
    beyond = np.clip(inside + step, 0, margin.size - 1)
    a, b = margin[inside], margin[beyond]
    share = np.where(a - b > 1e-9, a / np.maximum(a - b, 1e-9), 0.5)
    return np.asarray(inside + step * np.clip(share, 0, 1))


def _nearest_qrs(runs: _Runs, r: Array, fs_hz: float) -> Array:
    """Return onset and offset of the strongest run near each R, (2, n_beats)."""
    reach = QRS_NEAR_S * fs_hz
    return _chosen(
        runs,
        [np.flatnonzero((runs.onset < at + reach) & (runs.offset > at - reach)) for at in r],
        strongest=True,
    )


def _largest(runs: _Runs, low: Array, high: Array) -> Array:
    return _chosen(runs, _between(runs, low, high), strongest=True)


def _last(runs: _Runs, low: Array, high: Array) -> Array:
    return _chosen(runs, _between(runs, low, high), strongest=False)


def _between(runs: _Runs, low: Array, high: Array) -> list[NDArray[np.intp]]:
    middle = (runs.onset + runs.offset) / 2
    first = np.searchsorted(middle, low)
    last = np.searchsorted(middle, high)
    return [np.arange(a, b) for a, b in zip(first, last, strict=True)]


def _chosen(runs: _Runs, options: list[NDArray[np.intp]], *, strongest: bool) -> Array:
    out = np.full((2, len(options)), np.nan)
    for beat, some in enumerate(options):
        if some.size:
            best = some[np.argmax(runs.weight[some])]
            if not strongest:
                # The last of those that are not much weaker than the strongest.
                likely = some[runs.weight[some] >= 0.4 * runs.weight[best]]
                best = likely[-1]
            out[:, beat] = runs.onset[best], runs.offset[best]
    return out


def _put(out: Array, names: tuple[str, str, str], bounds: Array, samples: Array) -> None:
    onset, offset = bounds
    out[_ROW[names[0]]], out[_ROW[names[2]]] = onset, offset
    for beat in np.flatnonzero(np.isfinite(onset)):
        start = max(0, int(np.ceil(onset[beat])))
        stop = min(samples.size, int(offset[beat]) + 1)
        if stop - start < 1:
            continue
        part = samples[start:stop]
        # Against the line between both ends: a wave on a slope still peaks at its top.
        line = np.linspace(part[0], part[-1], part.size)
        out[_ROW[names[1]], beat] = start + int(np.argmax(np.abs(part - line)))
