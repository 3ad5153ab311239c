"""From probabilities of P, QRS and T in each lead to the waves of each beat; numpy only."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import FIDUCIALS

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

# Shorter runs are no wave (s); pieces closer than the gap are one wave.
SHORTEST_S = {"P": 0.030, "QRS": 0.024, "T": 0.050}
GAP_S = {"P": 0.024, "QRS": 0.048, "T": 0.070}
QRS_NEAR_S = 0.13
# The longest PR and QT that are looked for.
P_BEFORE_S = 0.46
T_AFTER_S = 0.78
# A P wave that weighs less than this part of the strongest is not the conducted one.
P_SHARE = 0.4
# Waves whose peaks are found at once: bounds memory in long recordings.
CHUNK = 4096
_ROW = {name: row for row, name in enumerate(FIDUCIALS)}


@dataclass(frozen=True, eq=False)
class _Runs:
    """Runs of one class in all leads, lead after lead, each in order of time.

    Onset and offset in samples (fractions), and how sure the run is (sum of margin).
    """

    lead: Numbers
    onset: Array
    offset: Array
    weight: Array
    shape: tuple[int, int]

    def first_after(self, values: Array, limit: Array, side: str = "left") -> Numbers:
        """Return, for limits of shape (n_leads, n_beats), where in a lead's runs each belongs."""
        n_leads, n = self.shape
        # Leads stand one behind the other on one axis, with room between them.
        step = n + 4
        axis = values + step * self.lead
        at = np.clip(limit, -1, n + 1) + step * np.arange(n_leads)[:, None]
        return np.asarray(np.searchsorted(axis, at, side=side))  # type: ignore[call-overload]


def beat_waves(probabilities: Array, samples: Array, fs_hz: float, r_s: Array) -> Array:
    """Return each beat's waves in each lead.

    Parameters
    ----------
    probabilities : array, shape (n_leads, 4, n)
        Of none, P, QRS, T.
    samples : array, shape (n_leads, n)
        The leads as the network saw them, for the peaks.
    fs_hz : float
        Of both.
    r_s : array, shape (n_beats,)
        Consensus R peaks in seconds, ascending.

    Returns
    -------
    array, shape (n_leads, 9, n_beats)
        Seconds, rows as ``FIDUCIALS``; NaN where a lead shows no such wave.
    """
    out = np.full((samples.shape[0], len(FIDUCIALS), r_s.size), np.nan)
    runs = {
        kind: _find_runs(probabilities, index, fs_hz, kind)
        for index, kind in enumerate(("P", "QRS", "T"), start=1)
    }
    r = np.broadcast_to(r_s * fs_hz, (samples.shape[0], r_s.size))
    qrs = _nearest_qrs(runs["QRS"], r, fs_hz)
    found = np.isfinite(qrs[0])
    on = np.where(found, qrs[0], r - 0.04 * fs_hz)
    off = np.where(found, qrs[1], r + 0.05 * fs_hz)
    _put(out, ("qrs_onset", "r_peak", "qrs_offset"), qrs, samples)
    beyond = np.full((r.shape[0], 1), np.inf)
    before = np.concatenate((-beyond, off[:, :-1]), axis=1)
    after = np.concatenate((on[:, 1:], beyond), axis=1)
    t = _largest(runs["T"], off - 0.02 * fs_hz, np.minimum(after, r + T_AFTER_S * fs_hz))
    _put(out, ("t_onset", "t_peak", "t_offset"), t, samples)
    # A P wave stands between the T before and its own QRS; the last one is the conducted one.
    low = np.maximum(before, on - P_BEFORE_S * fs_hz)
    p = _last(runs["P"], low, on + 0.012 * fs_hz)
    _put(out, ("p_onset", "p_peak", "p_offset"), p, samples)
    return out / fs_hz


def _find_runs(probabilities: Array, index: int, fs_hz: float, kind: str) -> _Runs:
    first, *rest = (probabilities[:, other] for other in range(4) if other != index)
    margin = probabilities[:, index] - functools.reduce(np.maximum, rest, first)
    inside = np.pad(margin > 0, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(inside, axis=1)
    (lead, start), (_, stop) = np.nonzero(edges == 1), np.nonzero(edges == -1)
    lead, start, stop = _join(lead, start, stop, GAP_S[kind] * fs_hz)
    keep = stop - start >= SHORTEST_S[kind] * fs_hz
    lead, start, stop = lead[keep], start[keep], stop[keep]
    sure = np.pad(np.cumsum(np.maximum(margin, 0), axis=1), ((0, 0), (1, 0)))
    return _Runs(
        lead,
        _crossing(margin, lead, start, -1),
        _crossing(margin, lead, stop - 1, +1),
        sure[lead, stop] - sure[lead, start],
        margin.shape,
    )


def _join(
    lead: Numbers, start: Numbers, stop: Numbers, gap: float
) -> tuple[Numbers, Numbers, Numbers]:
    """Join runs of a lead that stand no farther apart than the gap."""
    apart = (start[1:] - stop[:-1] > gap) | (lead[1:] != lead[:-1])
    first, last = np.ones(start.size, dtype=bool), np.ones(start.size, dtype=bool)
    first[1:] = last[:-1] = apart
    return lead[first], start[first], stop[last]


def _crossing(margin: Array, lead: Numbers, inside: Numbers, step: int) -> Array:
    """Return where the margin crosses zero between a run's last sample and the one beyond."""
    beyond = np.clip(inside + step, 0, margin.shape[1] - 1)
    a, b = margin[lead, inside], margin[lead, beyond]
    share = np.where(a - b > 1e-9, a / np.maximum(a - b, 1e-9), 0.5)
    return np.asarray(inside + step * np.clip(share, 0, 1))


def _nearest_qrs(runs: _Runs, r: Array, fs_hz: float) -> Array:
    """Return onset and offset of the strongest run near each R, (2, n_leads, n_beats)."""
    reach = QRS_NEAR_S * fs_hz
    first = runs.first_after(runs.offset, r - reach, "right")
    return _bounds(runs, *_strongest(runs, first, runs.first_after(runs.onset, r + reach)))


def _largest(runs: _Runs, low: Array, high: Array) -> Array:
    return _bounds(runs, *_strongest(runs, *_between(runs, low, high)))


def _last(runs: _Runs, low: Array, high: Array) -> Array:
    """Return the last of those that are not much weaker than the strongest."""
    first, stop = _between(runs, low, high)
    best, some = _strongest(runs, first, stop)
    least = P_SHARE * runs.weight[best] if some.any() else np.zeros(best.shape)
    chosen = best.copy()
    for at, inside in _candidates(first, stop):
        chosen = np.where(inside & (runs.weight[at] >= least), at, chosen)
    return _bounds(runs, chosen, some)


def _between(runs: _Runs, low: Array, high: Array) -> tuple[Numbers, Numbers]:
    """Return the numbers of the runs whose middle lies between, (n_leads, n_beats) each."""
    middle = (runs.onset + runs.offset) / 2
    return runs.first_after(middle, low), runs.first_after(middle, high)


def _strongest(runs: _Runs, first: Numbers, stop: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the number of the strongest run from first to stop, and whether there is any."""
    best = np.minimum(first, max(0, runs.weight.size - 1))
    for at, inside in _candidates(first, stop):
        best = np.where(inside & (runs.weight[at] > runs.weight[best]), at, best)
    return best, stop > first


def _candidates(first: Numbers, stop: Numbers) -> list[tuple[Numbers, NDArray[np.bool_]]]:
    """Return, one after the other, each beat's candidates and whether it has so many."""
    most = int((stop - first).max(initial=0))
    return [(np.where(first + k < stop, first + k, 0), first + k < stop) for k in range(most)]


def _bounds(runs: _Runs, chosen: Numbers, some: NDArray[np.bool_]) -> Array:
    if not some.any():
        return np.full((2, *chosen.shape), np.nan)
    return np.where(some, np.stack([runs.onset[chosen], runs.offset[chosen]]), np.nan)


def _put(out: Array, names: tuple[str, str, str], bounds: Array, samples: Array) -> None:
    onset, offset = bounds
    out[:, _ROW[names[0]]], out[:, _ROW[names[2]]] = onset, offset
    lead, beat = np.nonzero(np.isfinite(onset))
    start = np.maximum(np.ceil(onset[lead, beat]).astype(np.intp), 0)
    stop = np.minimum(offset[lead, beat].astype(np.intp) + 1, samples.shape[1])
    lead, beat, start, stop = (each[stop > start] for each in (lead, beat, start, stop))
    peaks = out[:, _ROW[names[1]]]
    for at in range(0, lead.size, CHUNK):
        part = slice(at, at + CHUNK)
        peaks[lead[part], beat[part]] = _peaks(samples, lead[part], start[part], stop[part])


def _peaks(samples: Array, lead: Numbers, start: Numbers, stop: Numbers) -> Numbers:
    """Return where each wave is farthest from the line between both its ends.

    A wave on a slope still peaks at its top.
    """
    size = (stop - start)[:, None]
    k = np.arange(size.max())
    inside = k < size
    part = samples[lead[:, None], np.where(inside, start[:, None] + k, start[:, None])]
    first, last = part[:, :1], samples[lead, stop - 1][:, None]
    line = k * ((last - first) / np.maximum(size - 1, 1)) + first
    away = np.where(inside & (k < size - 1), np.abs(part - line), 0.0)
    return np.asarray(start + away.argmax(axis=1))
