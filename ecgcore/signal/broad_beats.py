"""Broad beats that a detector of steep complexes did not find.

A ventricular beat can be as high as the heart's own complexes and hold next to nothing of what such
a detector looks for.  Where three and more broad waves follow one another that are alike in all
leads together, as high as complexes and as close as in a tachycardia, they are beats.  T waves do
not: between two of them stands a complex that was found.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

from ecgcore.signal.filters import butterworth
from ecgcore.signal.marching import is_marching
from ecgcore.signal.quantiles import median
from ecgcore.signal.rr import rr_before

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

BAND_HZ = (1.2, 28.0)
# Half of a broad complex, and how far two are moved to be compared.
REACH_S, PLAY_S = 0.12, 0.032
CENTRE_S = 0.1
# Two beats of a tachycardia.
APART_S = (0.22, 0.7)
# A wave this near to a beat is that beat's own.
OWN_S = 0.18
# As high as a complex, in most leads.
HIGH_SHARE = 0.5
# One lead counts for no more than this times its complexes.
MOST = 2.0
# Likeness of two waves; of few leads it is by chance more often.
ALIKE, FEW_LEADS, ALIKE_FEW = 0.8, 3, 0.9
LEAST = 3
# Beats on either side that a wave is compared with.
NEAR = 12
# Waves on either side that a chain may pass by: T waves stand in between.
NEIGHBOURS = 4
# A rhythm that goes on: RR of no more than this times those around.
GOES_ON = 1.2
# What follows so many of the beats at one distance, and is unlike the beat before, is their T.
T_WAVE_S, T_SHARE = 0.5, 0.25


@dataclass(frozen=True, eq=False)
class _Waves:
    """Beats and broad waves in order of time: samples, heights, which are beats, their shapes."""

    at: Numbers
    share: Array
    is_beat: NDArray[np.bool_]
    windows: Array


def find_broad_beats(low: Array, fs_hz: float, r_s: Array) -> Array:
    """Return the times in seconds of broad beats that are not among those found, ascending.

    Parameters
    ----------
    low : array, shape (n_leads, n)
        :attr:`ecgcore.signal.beats.Traces.low`.
    fs_hz : float
        Of ``low``.
    r_s : array, shape (n_beats,)
        The beats found.
    """
    if r_s.size < 2 or low.shape[1] < fs_hz:
        return np.empty(0)
    wave = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(low, round(fs_hz))
    alike = ALIKE if len(low) > FEW_LEADS else ALIKE_FEW
    waves = _find_waves(wave, fs_hz, r_s, alike)
    if waves is None:
        return np.empty(0)
    added: list[float] = []
    for chain in _find_chains(waves, fs_hz, alike):
        first, last = (waves.at[chain[end]] / fs_hz for end in (0, -1))
        if _fits_between(r_s, first, last):
            continue
        if not is_marching(low, fs_hz, r_s, first - REACH_S, last + REACH_S):
            added += [waves.at[at] / fs_hz for at in chain if not waves.is_beat[at]]
    return np.sort(np.array(added))


def _fits_between(r_s: Array, first_s: float, last_s: float) -> bool:
    """Tell whether waves stand between two beats that are as far apart as those around."""
    before, after = np.searchsorted(r_s, (first_s - REACH_S, last_s + REACH_S))
    if before != after or not 0 < before < r_s.size:
        return False
    rr_s = rr_before(r_s)
    around = rr_s[max(0, before - NEAR) + 1 : before + NEAR]
    return bool(rr_s[before] <= GOES_ON * np.median(around))


def _find_waves(wave: Array, fs_hz: float, r_s: Array, alike: float) -> _Waves | None:
    reach, n = round(REACH_S * fs_hz), wave.shape[1]
    beats = np.clip(np.round(r_s * fs_hz).astype(int), 0, n - 1)
    around = np.arange(-reach, reach + 1)
    size = median(np.ptp(wave[:, np.clip(beats[:, None] + around, 0, n - 1)], axis=-1))
    moving = size > 1e-9
    if not moving.any():
        return None
    scaled = np.clip(wave[moving] / size[moving, None], -MOST, MOST)
    power = np.square(scaled).mean(axis=0)
    peaks, _ = sps.find_peaks(power, distance=max(1, round(APART_S[0] * fs_hz / 2)))
    peaks = peaks[(peaks >= reach) & (peaks < n - reach)]
    share = np.median(np.ptp(scaled[:, peaks[:, None] + around], axis=-1), axis=0)
    near = np.abs(peaks[:, None] - beats).min(axis=1) < OWN_S * fs_hz
    high = (share >= HIGH_SHARE) & ~near
    for which in np.flatnonzero(high):
        high[which] = not _is_t_wave(scaled, int(peaks[which]), beats, fs_hz, alike)
    if not high.any():
        return None
    # The R peak of a broad complex is its steepest place; it is compared by its highest.
    play = round(CENTRE_S * fs_hz)
    cut = power[np.clip(beats[:, None] + np.arange(-play, play + 1), 0, n - 1)]
    at = np.concatenate((np.clip(beats + cut.argmax(axis=1) - play, 0, n - 1), peaks[high]))
    order = np.argsort(at, kind="stable")
    shares = np.concatenate((np.ones(beats.size), share[high]))[order]
    play = round(PLAY_S * fs_hz)
    wide = np.arange(-reach - play, reach + play + 1)
    cut = scaled[:, np.clip(at[order][:, None] + wide, 0, n - 1)].transpose(1, 0, 2)
    return _Waves(at[order], shares, (np.arange(at.size) < beats.size)[order], cut)


def _is_t_wave(scaled: Array, at: int, beats: Numbers, fs_hz: float, alike: float) -> bool:
    """Tell whether a wave follows other beats too, and is unlike the beat that it follows."""
    reach, n = round(REACH_S * fs_hz), scaled.shape[1]
    around = np.arange(-reach, reach + 1)
    before = int(np.searchsorted(beats, at)) - 1
    if before < 0 or at - beats[before] > T_WAVE_S * fs_hz:
        return False
    near = beats[max(0, before - NEAR) : before + NEAR + 1]
    others = near[near != beats[before]] + (at - beats[before])
    own = np.array([at, beats[before]])
    places = np.clip(np.concatenate((own, others))[:, None] + around, 0, n - 1)
    units = _as_units(scaled[:, places].transpose(1, 0, 2))
    like = units[1:] @ units[0]
    return bool(like[0] < alike and like[1:].size and (like[1:] >= ALIKE).mean() >= T_SHARE)


def _likeness(windows: Array, by: int, play: int) -> Array:
    """Return how alike each wave and the one so many later are, at the best shift."""
    size = windows.shape[2] - 2 * play
    fixed = _as_units(windows[:-by, :, play : play + size])
    best = np.full(len(fixed), -1.0)
    for shift in range(2 * play + 1):
        moved = _as_units(windows[by:, :, shift : shift + size])
        best = np.maximum(best, np.einsum("ij,ij->i", fixed, moved))
    return best


def _as_units(windows: Array) -> Array:
    flat = windows - windows.mean(axis=2, keepdims=True)
    flat = flat.reshape(len(flat), -1)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


def _find_chains(waves: _Waves, fs_hz: float, alike: float) -> list[list[int]]:
    """Return chains of waves that are alike, each the numbers of its waves in order of time."""
    low, high = (round(s * fs_hz) for s in APART_S)
    count, play = waves.at.size, round(PLAY_S * fs_hz)
    score, length, back = waves.share.copy(), np.ones(count, int), np.full(count, -1)
    like = {
        by: _likeness(waves.windows, by, play) for by in range(1, min(NEIGHBOURS, count - 1) + 1)
    }
    # Complexes that were found stand between: what is linked over one is no tachycardia.
    count_until = np.cumsum(waves.is_beat)
    for j in range(1, count):
        for by, values in like.items():
            i = j - by
            if i < 0 or not low <= waves.at[j] - waves.at[i] <= high or values[i] < alike:
                continue
            passed = count_until[j - 1] - count_until[i]
            if passed == 0 and score[i] + waves.share[j] > score[j]:
                score[j], length[j], back[j] = score[i] + waves.share[j], length[i] + 1, i
    return _take_best(waves, score, length, back)


def _take_best(waves: _Waves, score: Array, length: Numbers, back: Numbers) -> list[list[int]]:
    """Take the highest chains; where two stand at one time, the T waves are in the lower one."""
    taken = np.zeros(waves.at.size, dtype=bool)
    out: list[list[int]] = []
    for end in np.argsort(-score, kind="stable"):
        if length[end] < LEAST:
            continue
        chain = [int(end)]
        while back[chain[-1]] >= 0:
            chain.append(int(back[chain[-1]]))
        span = slice(chain[-1], chain[0] + 1)
        if not taken[span].any():
            taken[span] = True
            out.append(chain[::-1])
    return out
