"""Heart beats: where each QRS complex is, from any number of leads at any rate.

A detector of the energy kind (band-pass, slope, short integration; Pan and Tompkins, IEEE Trans
Biomed Eng 32:230, 1985) with three changes: levels are local medians looking both ways, since a
recording is at hand as a whole; leads are joined before the decision, each weighted by how
clearly its complexes stand out at that time; and a gap in the rhythm is searched again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy import signal as sps

from ecgcore.signal import p_waves
from ecgcore.signal.filters import butterworth, stretches
from ecgcore.signal.quantiles import median, quantile
from ecgcore.signal.resample import resample

Array = NDArray[np.float64]

FEATURE_HZ = 125.0
# QRS energy without P, T and muscle; broad ventricular beats keep enough of it.
BAND_HZ = (6.0, 28.0)
USUAL_HZ = 12.0
INTEGRATE_S = 0.10
# Two ventricles cannot be activated anew sooner.
REFRACTORY_S = 0.20
# In a tachycardia of 240 and more a minute they stand as close as this.
FAST_RR_S = 0.25
FAST_REFRACTORY_S = 0.16
FAST_BEATS = 7
FAST_STEADY_S = 0.012
BLOCK_S = 1.5
LEVEL_BLOCKS = 7
# Complexes may become this much smaller than the strong ones of two minutes, and no smaller:
# below it there are P waves and noise.
WIDE_BLOCKS = 81
WIDE_QUANTILE = 0.9
WIDE_SHARE = 0.35
# The joint strength is relative to that level already.
JOINT_SHARE = 0.7
# In silence a complex stands out from what is around by this; noise alone stays below it, and
# its highest second by second below this part more.
NOISE_TIMES = 2.2
ABOVE_NOISE = 1.35
SILENT_SHARE = 0.65
# Against strong complexes, P waves are weaker than this.
WEAK_SHARE = 0.45
# And they are no higher than this part of them; a broad premature beat is weak, but high.
P_MOST_SHARE = 0.4
# Accept from this part of the way from the noise to the complexes around.
ACCEPT = 0.30
SEARCH_BACK = 0.18
GAP = 1.55
# A T wave follows within this time and is less steep than its QRS.
T_WAVE_S = 0.36
T_WAVE_SHARE = 0.45
# Noise between two beats of a steady rhythm: weaker than both, and the rhythm goes on without it.
INTRUDER_SHARE = 0.75
INTRUDER_RR = 1.25
# An interpolated ventricular beat stands half way too, but clearly out of what is around it
# (DS1: 24 of 26 true beats that would be left out, and 14 of 115 false ones).
INTERPOLATED_PLACE = (0.36, 0.66)
INTERPOLATED_TIMES = 4.0
INTERPOLATED_SHARE = 0.5
# Beats smaller than this part of the second largest within half a minute are noise.
TINY_SHARE, NEAR_S, NOISE_REACH_S = 0.12, 30.0, 0.06
# T waves are smoother within the detector's band.
T_WAVE_HZ = 9.0
# Some devices write their 1 mV pulse into the record.
HELD_LEADS, HELD_S = 3, 0.08
# Below this a stretch cannot be judged.
MIN_S = 0.6


@dataclass(frozen=True, eq=False)
class _Feature:
    """QRS strength (n,) at ``FEATURE_HZ``; its local level at complexes and between them.

    ``share`` is the strength against the strong complexes of two minutes; ``noise`` is what a
    complex must exceed where there is silence, 0 elsewhere.
    """

    strength: Array
    level: Array
    floor: Array
    share: Array
    noise: Array


@dataclass(frozen=True, eq=False)
class Traces:
    """Leads at ``FEATURE_HZ``, ready to be searched.

    Attributes
    ----------
    low, banded, slope : array, shape (n_leads, n)
        As they are, band-passed, and the derivative of that over 2 pi.
    known : array of bool, shape (n_leads, n)
        Where there were samples.
    """

    low: Array
    banded: Array
    slope: Array
    known: NDArray[np.bool_]


def detect_beats(signal: NDArray[np.float32], fs_hz: float) -> Array:
    """Return the times of the QRS complexes.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        Any unit; NaN where absent.  Leads of bad quality are best left out, but a lead that is
        flat, clipped or full of noise for a while only loses its weight.
    fs_hz : float
        100 Hz or more.

    Returns
    -------
    array of float64, shape (n_beats,)
        Seconds from the start, ascending: the largest deflection of the joint band-passed leads.
        Empty where there is nothing like a beat.
    """
    rows = np.atleast_2d(np.asarray(signal, dtype=np.float32))
    if rows.shape[1] < MIN_S * fs_hz or not np.isfinite(rows).any():
        return np.empty(0)
    return BeatSearch(rows, fs_hz).r_s


class BeatSearch:
    """Leads, and the beats found in them: each step is done once, when it is first asked for.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        Any unit; NaN where absent.
    fs_hz : float
        100 Hz or more.
    """

    def __init__(self, signal: NDArray[np.float32], fs_hz: float) -> None:
        self.signal, self.fs_hz = signal, fs_hz

    @cached_property
    def traces(self) -> Traces:
        """The leads, ready to be searched."""
        return make_traces(self.signal, self.fs_hz)

    @cached_property
    def r_s(self) -> Array:
        """The times of the QRS complexes, as from :func:`detect_beats`."""
        return find_beats(self.traces)

    def on(self, signal: NDArray[np.float32]) -> "BeatSearch":
        """Return the search of this signal: itself where that is its own."""
        return self if signal is self.signal else BeatSearch(signal, self.fs_hz)

    def among(self, signal: NDArray[np.float32], rows: Sequence[bool]) -> "BeatSearch":
        """Return the search of some rows of a signal: itself where these are all of its own."""
        return self.on(signal if all(rows) else signal[np.asarray(rows)])


def make_traces(rows: NDArray[np.float32], fs_hz: float) -> Traces:
    """Return leads, shape (n_leads, n_samples), NaN where absent, ready to be searched."""
    present = np.isfinite(rows) & ~_held(rows, fs_hz)
    low = _bridged(resample(rows, fs_hz, FEATURE_HZ))
    banded = _band(low)
    # One sample has no slope.
    each = np.gradient(banded, axis=-1) if banded.shape[-1] > 1 else np.zeros_like(banded)
    slope = each * FEATURE_HZ / (2 * np.pi)
    known = np.stack([_nearest(row, low.shape[1], fs_hz) for row in present])
    return Traces(low, banded, slope, known)


def find_beats(traces: Traces) -> Array:
    """Return the times of the QRS complexes, as :func:`detect_beats` does, from traces."""
    feature = _feature(traces)
    peaks = _with_fast(feature, _candidates(feature, REFRACTORY_S))
    chosen = _without_t_waves(feature, peaks[_accepted(feature, peaks)])
    chosen = _without_p_waves(traces, feature, chosen)
    chosen = _searched(feature, peaks, chosen)
    chosen = _without_p_waves(traces, feature, chosen)
    chosen = _without_intruders(traces, feature, chosen)
    chosen = _without_noise(traces, chosen)
    return _refined(traces.banded, chosen) / FEATURE_HZ


def _held(rows: NDArray[np.float32], fs_hz: float) -> NDArray[np.bool_]:
    """Mark where all of several leads stand still at once: a calibration pulse, no heart."""
    out = np.zeros(rows.shape[1], dtype=bool)
    rows = rows[np.isfinite(rows).any(axis=1)]
    if rows.shape[0] < HELD_LEADS:
        return out
    still = (np.diff(rows, axis=1) == 0).all(axis=0)
    for start, stop in stretches(still):
        if stop - start >= HELD_S * fs_hz:
            out[start : stop + 1] = True
    return out


def _nearest(present: NDArray[np.bool_], n: int, fs_hz: float) -> NDArray[np.bool_]:
    if present.all():
        return np.ones(n, dtype=bool)
    at = np.minimum(np.round(np.arange(n) * fs_hz / FEATURE_HZ).astype(int), present.size - 1)
    # What touches a gap carries the bridge's edges.
    return ndimage.binary_erosion(present[at], np.ones(13, dtype=bool), border_value=1)


def _bridged(rows: NDArray[np.float32]) -> Array:
    out = rows.astype(np.float64)
    at = np.arange(rows.shape[1])
    for row in out:
        present = np.isfinite(row)
        if not present.any():
            row[:] = 0
        elif not present.all():
            row[:] = np.interp(at, at[present], row[present])
    return out - median(out, keepdims=True)


def _band(rows: Array) -> Array:
    return butterworth("bandpass", BAND_HZ, FEATURE_HZ).run_both_ways(rows, int(FEATURE_HZ))


def _feature(traces: Traces) -> _Feature:
    known = traces.known
    # Band and slope together: no zero where a broad complex turns, none at its steep flank.
    size = max(3, round(INTEGRATE_S * FEATURE_HZ))
    window = np.hanning(size + 2)[1:-1]
    both = traces.banded**2 + (traces.slope / USUAL_HZ) ** 2
    power = ndimage.convolve1d(both, window / window.sum(), axis=-1)
    strength = np.sqrt(np.maximum(power, 0)) * known
    blocks = _blocks(strength, np.max, known)
    wide = np.maximum(_spread(_wide(blocks), strength.shape[1]), 1e-9)
    local = _between(blocks, strength.shape[1])
    level = np.maximum(local, WIDE_SHARE * wide)
    floor = _between(_blocks(strength, median, known), strength.shape[1])
    # One beat of giant size next to a normal one: it counts for little more than the normal.
    scaled = np.minimum(strength / level, 2.0)
    weight = np.clip(level / np.maximum(floor, 0.02 * level) - 2.0, 0.02, 12.0) * known
    total = np.maximum(weight.sum(axis=0), 1e-9)
    joint = (scaled * weight).sum(axis=0) / total
    everywhere = np.asarray(known.any(axis=0))[None]
    blocks = _blocks(joint[None], np.max, everywhere)
    own = _between(blocks, joint.size)[0]
    between = _between(_blocks(joint[None], median, everywhere), joint.size)[0]
    size = (local / wide * weight).sum(axis=0) / total
    noise = np.where(size < WIDE_SHARE, NOISE_TIMES * between, 0.0)
    even = (size < SILENT_SHARE) & (own < NOISE_TIMES * between)
    return _Feature(
        joint,
        np.maximum(own, JOINT_SHARE * _spread(_wide(blocks), joint.size)[0]),
        between,
        (strength / wide * weight).sum(axis=0) / total,
        np.where(even, np.maximum(noise, ABOVE_NOISE * own), noise),
    )


def _blocks(rows: Array, statistic: Callable[..., Array], known: NDArray[np.bool_]) -> Array:
    """Return a statistic of each block, shape (n_rows, n_blocks); NaN where most is absent."""
    n = rows.shape[1]
    size = min(n, round(BLOCK_S * FEATURE_HZ))
    count = max(1, n // size)
    blocks = rows[:, : count * size].reshape(rows.shape[0], count, size)
    seen = known[:, : count * size].reshape(known.shape[0], count, size).mean(axis=-1) > 0.5
    return np.where(seen, statistic(blocks, axis=-1), np.nan)


def _between(blocks: Array, n: int) -> Array:
    """Return the running median over blocks at every one of ``n`` samples."""
    half = LEVEL_BLOCKS // 2
    padded = np.pad(blocks, ((0, 0), (half, half)), constant_values=np.nan)
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, LEVEL_BLOCKS, axis=1))
    # NaN stands last: the median of what is known lies in the middle of the rest.
    known = np.isfinite(ordered).sum(axis=-1)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    high = np.minimum(high, LEVEL_BLOCKS - 1)
    both = [np.take_along_axis(ordered, at[..., None], axis=-1)[..., 0] for at in (low, high)]
    return _spread(np.where(known > 0, (both[0] + both[1]) / 2, 0.0), n)


def _wide(blocks: Array) -> Array:
    """Return the strongest blocks' value of a minute on either side, shape as ``blocks``.

    A beat every six seconds stands in every fourth block.  One artefact stands in one: of a short
    strip the second strongest apart from it counts at most.
    """
    out = np.zeros_like(blocks)
    usual = quantile(blocks, WIDE_QUANTILE, axis=1)
    for row, target, high in zip(blocks, out, usual, strict=True):
        known = np.flatnonzero(np.isfinite(row))
        if known.size == 0:
            continue
        values = row[known]
        if known.size <= WIDE_BLOCKS:
            top = int(values.argmax())
            apart = np.delete(values, slice(max(0, top - 1), top + 2))
            second = apart.max() if apart.size else values[top]
            target[:] = min(high, second)
            continue
        windows = np.lib.stride_tricks.sliding_window_view(values, WIDE_BLOCKS)
        strongest = np.quantile(windows, WIDE_QUANTILE, axis=1)
        first = np.clip(np.searchsorted(known, np.arange(row.size)) - WIDE_BLOCKS // 2, 0, None)
        target[:] = strongest[np.minimum(first, strongest.size - 1)]
    return out


def _spread(blocks: Array, n: int) -> Array:
    size = min(n, round(BLOCK_S * FEATURE_HZ))
    centres = (np.arange(blocks.shape[1]) + 0.5) * size
    return np.stack([np.interp(np.arange(n), centres, row) for row in blocks])


def _candidates(feature: _Feature, apart_s: float) -> NDArray[np.intp]:
    padded = np.concatenate(([0.0], feature.strength, [0.0]))
    peaks, _ = sps.find_peaks(padded, distance=max(1, round(apart_s * FEATURE_HZ)))
    return np.asarray(peaks - 1)


def _with_fast(feature: _Feature, peaks: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return candidates that stand closer where the rhythm is as fast as a heart can be."""
    close = _candidates(feature, FAST_REFRACTORY_S)
    beats = close[_accepted(feature, close)]
    if beats.size <= FAST_BEATS:
        return peaks
    rr = np.diff(beats).astype(float)
    usual = ndimage.median_filter(rr, size=FAST_BEATS, mode="mirror")
    apart = ndimage.median_filter(np.abs(rr - usual), size=FAST_BEATS, mode="mirror")
    fast = (usual < FAST_RR_S * FEATURE_HZ) & (apart <= FAST_STEADY_S * FEATURE_HZ)
    if not fast.any():
        return peaks
    within = np.append(fast, fast[-1])
    here, there = (
        within[np.clip(np.searchsorted(beats, at), 0, beats.size - 1)] for at in (close, peaks)
    )
    return np.union1d(close[here], peaks[~there])


def _threshold(feature: _Feature, peaks: NDArray[np.intp], share: float) -> Array:
    floor = feature.floor[peaks]
    usual = floor + share * np.maximum(feature.level[peaks] - floor, 0.05)
    return np.maximum(usual, feature.noise[peaks])


def _accepted(feature: _Feature, peaks: NDArray[np.intp]) -> NDArray[np.bool_]:
    return np.asarray(feature.strength[peaks] > _threshold(feature, peaks, ACCEPT))


def _without_t_waves(feature: _Feature, peaks: NDArray[np.intp]) -> NDArray[np.intp]:
    kept: list[int] = []
    for peak in peaks:
        if kept and peak - kept[-1] < T_WAVE_S * FEATURE_HZ:
            if feature.strength[peak] < T_WAVE_SHARE * feature.strength[kept[-1]]:
                continue
            if feature.strength[kept[-1]] < T_WAVE_SHARE * feature.strength[peak]:
                kept.pop()
        kept.append(int(peak))
    return np.asarray(kept, dtype=np.intp)


def _without_p_waves(
    traces: Traces, feature: _Feature, peaks: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Take the weak peaks away where their median is a P wave: smooth, and nothing beside it."""
    weak = feature.share[peaks] < WEAK_SHARE
    some = peaks[weak]
    if some.size == 0 or weak.all():
        return peaks
    smooth = p_waves.typical_hz(traces.banded, traces.slope, some, FEATURE_HZ)
    if np.median(smooth) > p_waves.SMOOTH_HZ:
        return peaks
    wave, strong = (p_waves.typical_wave(traces.low, at, FEATURE_HZ) for at in (some, peaks[~weak]))
    size = np.ptp(wave, axis=1) / np.maximum(np.ptp(strong, axis=1).max(), 1e-9)
    small = size.max() < P_MOST_SHARE
    return peaks[~weak] if small and p_waves.stands_alone(wave, FEATURE_HZ) else peaks


def _searched(
    feature: _Feature, peaks: NDArray[np.intp], chosen: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Add the highest candidate of each gap that the rhythm around does not explain."""
    if chosen.size < 3:
        return chosen
    rr = np.diff(chosen)
    local = ndimage.median_filter(rr.astype(float), size=min(9, rr.size), mode="nearest")
    added: list[int] = []
    for start, stop, usual in zip(chosen[:-1], chosen[1:], local, strict=True):
        if stop - start <= GAP * usual:
            continue
        clear = max(0.30 * FEATURE_HZ, 0.4 * usual)
        inside = peaks[(peaks > start + clear) & (peaks < stop - clear)]
        if inside.size:
            best = inside[np.argmax(feature.strength[inside])]
            one = np.array([best])
            if feature.strength[best] > _threshold(feature, one, SEARCH_BACK)[0]:
                added.append(int(best))
    return np.sort(np.concatenate((chosen, np.asarray(added, dtype=np.intp))))


def _without_intruders(
    traces: Traces, feature: _Feature, peaks: NDArray[np.intp]
) -> NDArray[np.intp]:
    if peaks.size < 8:
        return peaks
    steep = p_waves.typical_hz(traces.banded, traces.slope, peaks, FEATURE_HZ) > T_WAVE_HZ
    local = ndimage.median_filter(np.diff(peaks).astype(float), size=9, mode="nearest")
    kept = [int(peaks[0])]
    for i in range(1, peaks.size - 1):
        strength = feature.strength[peaks[i]]
        before, after = feature.strength[kept[-1]], feature.strength[peaks[i + 1]]
        weak = strength < INTRUDER_SHARE * min(before, after)
        close = peaks[i + 1] - kept[-1] < INTRUDER_RR * local[i]
        clear = steep[i] and _is_interpolated(feature, kept[-1], peaks[i], peaks[i + 1])
        if not (weak and close) or clear:
            kept.append(int(peaks[i]))
    kept.append(int(peaks[-1]))
    return np.asarray(kept, dtype=np.intp)


def _without_noise(traces: Traces, peaks: NDArray[np.intp]) -> NDArray[np.intp]:
    """Take away what is tiny beside the complexes around: noise of an arrest after a few beats."""
    if peaks.size < 3:
        return peaks
    reach = round(NOISE_REACH_S * FEATURE_HZ)
    index = np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, traces.banded.shape[1] - 1)
    size = np.sqrt(np.square(np.ptp(traces.banded[:, index], axis=-1)).sum(axis=0))
    near = np.searchsorted(peaks, peaks - NEAR_S * FEATURE_HZ)
    far = np.searchsorted(peaks, peaks + NEAR_S * FEATURE_HZ)
    second = np.array(
        [
            np.partition(size[a:b], -2)[-2] if b - a > 1 else 0.0
            for a, b in zip(near, far, strict=True)
        ]
    )
    return peaks[size >= TINY_SHARE * second]


def _is_interpolated(feature: _Feature, before: int, peak: int, after: int) -> bool:
    """Say whether a weak peak is a premature beat without a pause: clear, and half way."""
    place = (peak - before) / (after - before)
    strength = feature.strength[peak]
    usual = min(feature.strength[before], feature.strength[after])
    return bool(
        INTERPOLATED_PLACE[0] <= place <= INTERPOLATED_PLACE[1]
        and strength > INTERPOLATED_TIMES * feature.floor[peak]
        and strength > INTERPOLATED_SHARE * usual
    )


def _refined(banded: Array, peaks: NDArray[np.intp]) -> Array:
    """Move each beat to the largest joint deflection within 70 ms."""
    joint = np.sqrt((banded**2).sum(axis=0))
    reach = round(0.07 * FEATURE_HZ)
    out = np.empty(peaks.size)
    for i, peak in enumerate(peaks):
        start = max(0, peak - reach)
        out[i] = start + int(np.argmax(joint[start : peak + reach + 1]))
    return np.unique(out)
