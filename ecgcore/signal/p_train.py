"""P waves searched independently of QRS: a train with a rate of its own.

QRS and T of each family of beats are taken away by their median, what is left is joined over the
leads, and of all waves found a train is chosen whose intervals are alike; a P that falls into a
QRS complex may be missing.  So P waves are found before QRS, in T and dissociated (for cancelling
QRST see Slocum et al., Circulation 72:1038, 1985).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy import signal as sps

from ecgcore.signal.filters import butterworth
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# P waves hold little outside of this.
BAND_HZ = (1.5, 16.0)
# A wave of about 100 ms: what stands out of its surroundings.
WAVE_S, AROUND_S = 0.022, 0.075
# Taken away from QRS onset on, at most to this, and to this part of the way to the next beat.
QRST_S, QRST_SHARE = 0.56, 0.66
LEAST_QRST_S, AFTER_T_S, NEXT_S = 0.25, 0.10, 0.14
# A family of so few has no median: its QRST is left out.
MIN_FAMILY = 3
# QRS and this before and after it hide a P wave; of a family without median T as well.
LEAD_IN_S, EDGE_S, HIDDEN_T_S = 0.035, 0.02, 0.36
# Cycles looked for: 20 to 240/min.
CYCLES_S = np.geomspace(0.25, 3.0, 84)
# A P wave may come before or after its time by this part of the cycle.
PLAY = 0.11
# Two candidates stand no nearer.
APART_S = 0.16
# Not seen although nothing hides it; not seen within QRS or T.
MISSING, HIDDEN = 0.75, 0.12
MAX_MISSING = 3
# A wave outside of the train that is this high, against it, is counted against it; and what leaves
# it out pays this part of its gain.
OTHER_SHARE, SKIPPED = 0.6, 0.4
# Of the usual height and likeness to the others, at least, where a single P decides.
CLEAR_SHARE, CLEAR_LIKENESS = 0.5, 0.6
# Lower than this part of the usual is no candidate.
LOW_SHARE = 0.25
# Candidates that a train is looked for among, the highest, a second.
PER_SECOND = 5.0


@dataclass(frozen=True, eq=False)
class PTrain:
    """P waves of one stretch, of one rate.

    Attributes
    ----------
    peak_s : array, shape (n,)
        Of those seen, seconds from the stretch's start.
    cycle_s : float
        Median interval; NaN for fewer than two.
    share : float
        Seen, of those that nothing hides.
    contrast : float
        Their median height against what is usual where there is none.
    likeness : float
        Median correlation of each with their mean.
    others : float
        Further waves nearly as high, against their number.
    clear : array of bool, shape (n,)
        Which of them are high enough and like the others: not noise in a P wave's place.
    """

    peak_s: Array
    cycle_s: float
    share: float
    contrast: float
    likeness: float
    others: float
    clear: Flags

    @property
    def rate_bpm(self) -> float:
        """P waves a minute."""
        return 60.0 / self.cycle_s

    def moved(self, by_s: float) -> "PTrain":
        """Return the train with its times moved."""
        return replace(self, peak_s=self.peak_s + by_s)


NO_TRAIN = PTrain(np.empty(0), float("nan"), 0.0, 0.0, 0.0, 0.0, np.empty(0, dtype=bool))


@dataclass(frozen=True, eq=False)
class AtrialTrace:
    """Leads without QRS and T.

    Attributes
    ----------
    rows : array, shape (n_leads, n)
        In multiples of each lead's usual size there.
    hidden : array of bool, shape (n,)
        Where QRS hides what the atria do.
    fs_hz : float
    """

    rows: Array
    hidden: Flags
    fs_hz: float


def cancel_qrst(
    low: Array,
    fs_hz: float,
    times_s: tuple[Array, Array, Array],
    family: NDArray[np.intp],
) -> AtrialTrace:
    """Take the median QRST of each family of beats away.

    Parameters
    ----------
    low : array, shape (n_leads, n)
        Of any unit, without gaps.
    fs_hz : float
    times_s : tuple of arrays, each of shape (n_beats,)
        Onset and offset of QRS, finite, and end of T, NaN where that is not known; seconds.
    family : array of int, shape (n_beats,)
    """
    onset_s, offset_s, t_end_s = times_s
    x = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(low, round(fs_hz))
    n = x.shape[1]
    hidden = np.zeros(n, dtype=bool)
    following = np.append(onset_s[1:], n / fs_hz)
    for number in np.unique(family):
        mine = np.flatnonzero(family == number)
        few = mine.size < MIN_FAMILY
        length_s = _qrst_s(onset_s[mine], t_end_s[mine], following[mine])
        size = max(2, round((length_s + LEAD_IN_S) * fs_hz))
        start = np.round((onset_s[mine] - LEAD_IN_S) * fs_hz).astype(int)
        if not few:
            _take_away(x, start, size, np.round(following[mine] * fs_hz).astype(int))
        for at in mine:
            stop_s = onset_s[at] + max(HIDDEN_T_S, length_s) if few else offset_s[at]
            stop_s = min(stop_s, max(offset_s[at], following[at] - HIDDEN_T_S / 2))
            first, last = (onset_s[at] - LEAD_IN_S) * fs_hz, (stop_s + EDGE_S) * fs_hz
            hidden[max(0, round(first)) : max(0, round(last))] = True
    x[:, hidden] = 0.0
    seen = ~hidden
    usual = median(np.abs(x[:, seen])) if seen.any() else np.ones(len(x))
    least = 0.02 * np.abs(x).max() if x.size else 1.0
    return AtrialTrace(x / np.maximum(usual, max(least, 1e-9))[:, None], hidden, fs_hz)


def _qrst_s(onset_s: Array, t_end_s: Array, following_s: Array) -> float:
    """Return how long QRS and T of a family are, as far as the next beat allows."""
    usual = QRST_SHARE * float(np.median(following_s - onset_s))
    ends = t_end_s - onset_s
    known = ends[np.isfinite(ends)]
    if known.size < 0.5 * ends.size:
        return min(QRST_S, usual)
    most = float(np.median(following_s - onset_s)) - NEXT_S
    return max(LEAST_QRST_S, min(float(np.median(known)) + AFTER_T_S, most))


def _take_away(x: Array, start: NDArray[np.intp], size: int, stop: NDArray[np.intp]) -> None:
    at = start[:, None] + np.arange(size)
    inside = (at >= 0) & (at < x.shape[1])
    cut = x[:, np.clip(at, 0, x.shape[1] - 1)]
    typical = median(cut, axis=1)
    fade = np.ones(size)
    tail = max(1, size // 8)
    fade[-tail:] = np.linspace(1, 0, tail)
    for row, ok, end in zip(at, inside, stop, strict=True):
        left = ok & (row < end)
        x[:, row[left]] -= (typical * fade)[:, left]


def find_p_train(trace: AtrialTrace) -> PTrain:
    """Return the train of P waves that explains most of what the atria show."""
    joint = _join(trace)
    peaks = _candidates(joint, trace)
    if peaks.size < 2:
        return NO_TRAIN
    height = joint[peaks]
    best = _choose(peaks / trace.fs_hz, height, trace)
    if best.size < 2:
        return NO_TRAIN
    return _describe(joint, trace, best, peaks)


def _join(trace: AtrialTrace) -> Array:
    """Return one trace in which P waves stand upright, shape (n,)."""
    fs = trace.fs_hz
    wave = ndimage.gaussian_filter1d(trace.rows, WAVE_S * fs, axis=1)
    wave -= ndimage.gaussian_filter1d(trace.rows, AROUND_S * fs, axis=1)
    wave[:, trace.hidden] = 0.0
    power = np.square(wave).sum(axis=0)
    peaks, _ = sps.find_peaks(power, distance=max(1, round(APART_S * fs)))
    count = max(4, round(2.0 * power.size / fs))
    top = peaks[np.argsort(power[peaks])[-count:]]
    if top.size == 0:
        return np.zeros(power.size)
    # One giant artefact does not choose the direction.
    some = wave[:, top] / np.maximum(np.sqrt(power[top]), 1e-9) ** 0.5
    values, vectors = np.linalg.eigh(some @ some.T)
    joint = vectors[:, int(np.argmax(values))] @ wave
    return joint if np.sum(joint[top] ** 3) >= 0 else -joint


def _candidates(joint: Array, trace: AtrialTrace) -> NDArray[np.intp]:
    fs = trace.fs_hz
    peaks, _ = sps.find_peaks(joint, height=1e-9, distance=max(1, round(APART_S * fs)))
    count = max(6, round(PER_SECOND * joint.size / fs))
    peaks = np.sort(peaks[np.argsort(joint[peaks])[-count:]])
    if peaks.size == 0:
        return peaks
    return peaks[joint[peaks] >= LOW_SHARE * np.quantile(joint[peaks], 0.75)]


def _choose(at_s: Array, height: Array, trace: AtrialTrace) -> NDArray[np.intp]:
    """Return the samples of the best train of any cycle: the best chain of candidates."""
    count = at_s.size
    usual = float(np.quantile(height, 0.75)) or 1.0
    gain = np.clip(height / usual, 0.0, 1.3) - 0.35
    hidden = np.concatenate(([0.0], np.cumsum(trace.hidden) / trace.fs_hz))
    skipped = np.concatenate(([0.0], np.cumsum(SKIPPED * np.clip(gain, 0.0, 1.0))))
    cycles = CYCLES_S
    score = np.tile(gain[:, None], (1, cycles.size))
    back = np.full((count, cycles.size), -1)
    for j in range(1, count):
        first = np.searchsorted(at_s, at_s[j] - (MAX_MISSING + 1.1) * cycles[-1])
        before = at_s[first:j]
        if before.size == 0:
            continue
        gap = at_s[j] - before
        times = gap[:, None] / cycles
        steps = np.clip(np.round(times), 1, None)
        off = np.abs(times - steps) / np.sqrt(steps)
        lost = steps - 1
        dark = _dark_share(hidden, before, at_s[j], trace.fs_hz)
        # One step needs no explanation; each further one was hidden, or is missing.
        price = lost * (HIDDEN + (MISSING - HIDDEN) * np.clip(1.6 - 4.0 * dark, 0, 1)[:, None])
        passed = (skipped[j] - skipped[first + 1 : j + 1])[:, None]
        linked = score[first:j] - price - passed - 0.5 * np.square(off / PLAY)
        linked[(off > PLAY) | (steps > MAX_MISSING + 1)] = -np.inf
        chosen = np.argmax(linked, axis=0)
        value = linked[chosen, np.arange(cycles.size)]
        better = value > 0
        score[j] += np.where(better, value, 0.0)
        back[j] = np.where(better, first + chosen, -1)
    end, cycle = np.unravel_index(int(np.argmax(score)), score.shape)
    chain = [int(end)]
    while back[chain[-1], cycle] >= 0:
        chain.append(int(back[chain[-1], cycle]))
    return np.round(at_s[chain[::-1]] * trace.fs_hz).astype(np.intp)


def _dark_share(hidden: Array, before: Array, at_s: float, fs_hz: float) -> Array:
    first = np.round(before * fs_hz).astype(int)
    last = min(round(at_s * fs_hz), hidden.size - 1)
    return (hidden[last] - hidden[first]) / np.maximum(at_s - before, 1e-9)


def _describe(
    joint: Array, trace: AtrialTrace, waves: NDArray[np.intp], candidates: NDArray[np.intp]
) -> PTrain:
    fs = trace.fs_hz
    gaps = np.diff(waves) / fs
    cycle_s = float(np.median(gaps))
    steps = np.maximum(np.round(gaps / cycle_s), 1)
    cycle_s = float(np.median(gaps / steps))
    expected = _unseen(waves / fs, steps, trace, cycle_s)
    share = waves.size / (waves.size + expected)
    reach = round(0.06 * fs)
    near = np.zeros(joint.size, dtype=bool)
    for peak in waves:
        near[max(0, peak - 2 * reach) : peak + 2 * reach] = True
    rest = joint[~near & ~trace.hidden]
    noise = float(np.sqrt(np.mean(np.square(rest)))) if rest.size > reach else 0.0
    height = float(np.median(joint[waves]))
    index = np.clip(waves[:, None] + np.arange(-reach, reach + 1), 0, joint.size - 1)
    cut = trace.rows[:, index].transpose(1, 0, 2).reshape(waves.size, -1)
    cut = cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-9)
    mean = cut.mean(axis=0)
    alike = cut @ mean / max(float(np.linalg.norm(mean)), 1e-9)
    clear = (alike >= CLEAR_LIKENESS) & (joint[waves] >= CLEAR_SHARE * height)
    high = candidates[joint[candidates] > OTHER_SHARE * height]
    others = np.setdiff1d(high, waves).size / waves.size
    return PTrain(
        waves / fs,
        cycle_s,
        share,
        height / max(noise, 1e-9),
        float(np.median(alike)),
        others,
        clear,
    )


def _unseen(at_s: Array, steps: Array, trace: AtrialTrace, cycle_s: float) -> int:
    """Return how many P waves are missing although nothing hides their place."""
    count = 0
    for start, stop, step in zip(at_s[:-1], at_s[1:], steps, strict=True):
        for k in range(1, int(step)):
            count += _is_open(start + (stop - start) * k / step, trace)
    for edge, direction in ((at_s[0], -1), (at_s[-1], 1)):
        k = 1
        while 0.05 < edge + direction * k * cycle_s < trace.hidden.size / trace.fs_hz - 0.05:
            count += _is_open(edge + direction * k * cycle_s, trace)
            k += 1
    return count


def _is_open(at_s: float, trace: AtrialTrace) -> bool:
    reach = round(0.05 * trace.fs_hz)
    at = round(at_s * trace.fs_hz)
    return not trace.hidden[max(0, at - reach) : at + reach + 1].any()
