"""P waves that no QRS follows, looked for where the next one is due.

In a fast atrial rhythm each P wave stands at one time after the last QRS complex, within its T;
nothing then tells it from T but that it also stands there where no QRS follows.  What precedes the
conducted complexes is compared with what stands in each pause, one PP after the last P wave.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.stretch import FEW_LEADS, Stretch
from ecgcore.signal.beats import FEATURE_HZ
from ecgcore.signal.filters import butterworth
from ecgcore.signal.quantiles import median
from ecgcore.signal.rr import rr_before

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

BAND_HZ = (1.0, 20.0)
# From P onset: what is compared.
WAVE_S = (-0.03, 0.12)
# A P wave comes within this part of PP of its time, and the next QRS within this part of whole PP.
PLAY, OFF_TIME = 0.07, 0.12
# Of few leads more has to be alike: a premature P wave on T resets the sinus node and is none.
ALIKE_FEW = 0.92
ALIKE, LEAST_GAIN, MOST_GAIN = 0.8, 0.5, 2.0
# Conducted in a row, so many intervals tell PP; this steady.
LEAST_ONES, LEAST_SHARE, STEADY = 2, 0.35, 0.12
PAUSE, MOST_CYCLES = 1.5, 5


@dataclass(frozen=True, eq=False)
class Dropped:
    """Pauses in which P waves stand at their time.

    Attributes
    ----------
    before : array of int, shape (n,)
        Numbers of the complexes before the pauses.
    cycles : array of int, shape (n,)
        How many PP each pause is long: 2 for one P wave not conducted.
    cycle_s : float
    """

    before: Numbers
    cycles: Numbers
    cycle_s: float


def find_dropped(stretch: Stretch) -> Dropped | None:
    """Return the pauses with P waves that are not conducted; None where there is none.

    Parameters
    ----------
    stretch : Stretch
        With P waves before most of its QRS complexes.
    """
    p_s, r_s, own = stretch.beats.p_onset_s, stretch.beats.r_s, stretch.own
    follows = np.diff(stretch.index) == 1
    pp = np.diff(p_s)
    usable = np.isfinite(pp) & own[1:] & own[:-1] & follows
    if usable.sum() < LEAST_ONES + 1:
        return None
    cycle_s = _usual(pp[usable])
    if cycle_s is None:
        return None
    rr = rr_before(r_s)[1:]
    times = pp / cycle_s
    pauses = np.flatnonzero(
        usable & (rr > PAUSE * cycle_s) & (np.abs(times - np.round(times)) <= OFF_TIME)
    )
    pauses = pauses[np.round(times[pauses]) <= MOST_CYCLES]
    found = [at for at in pauses if _has_p(stretch, int(at), cycle_s, round(float(times[at])))]
    if not found:
        return None
    before = np.array(found, dtype=np.intp)
    return Dropped(before, np.round(times[before]).astype(np.intp), cycle_s)


def _usual(pp: Array) -> float | None:
    """Return PP of the conducted P waves in a row: of the shorter intervals, where these agree."""
    short = pp[pp < PAUSE * pp.min()]
    middle = float(np.median(short))
    steady = np.ptp(short) <= 2 * STEADY * middle
    # A few short intervals before atrial premature complexes are not PP.
    most = short.size >= max(LEAST_ONES, LEAST_SHARE * pp.size)
    return middle if most and steady else None


def _has_p(stretch: Stretch, at: int, cycle_s: float, cycles: int) -> bool:
    """Tell whether each P wave that is due in a pause stands there."""
    p_s = stretch.beats.p_onset_s
    low = stretch.search.traces.low
    wave = butterworth("bandpass", BAND_HZ, FEATURE_HZ).run_both_ways(low, round(FEATURE_HZ))
    known = p_s[np.isfinite(p_s) & stretch.own] - stretch.start_s
    usual = median(_cut(wave, known), axis=1)
    usual = usual - usual.mean(axis=1, keepdims=True)
    first, last = p_s[at] - stretch.start_s, p_s[at + 1] - stretch.start_s
    step_s = (last - first) / cycles
    reach = round(PLAY * cycle_s * FEATURE_HZ)
    for number in range(1, cycles):
        due_s = first + number * step_s + np.arange(-reach, reach + 1) / FEATURE_HZ
        if not _is_like(_cut(wave, due_s), usual):
            return False
    return True


def _cut(wave: Array, onset_s: Array) -> Array:
    """Return windows from P onset on, shape (n_leads, n, m)."""
    around = np.arange(round(WAVE_S[0] * FEATURE_HZ), round(WAVE_S[1] * FEATURE_HZ) + 1)
    at = np.round(onset_s * FEATURE_HZ).astype(int)[:, None] + around
    return np.asarray(wave[:, np.clip(at, 0, wave.shape[1] - 1)])


def _is_like(cut: Array, usual: Array) -> bool:
    cut = cut - cut.mean(axis=2, keepdims=True)
    both = np.einsum("lnm,lm->n", cut, usual)
    power = np.square(cut).sum(axis=(0, 2)) * np.square(usual).sum()
    like = both / np.maximum(np.sqrt(power), 1e-12)
    gain = both / max(float(np.square(usual).sum()), 1e-12)
    least = ALIKE if len(cut) > FEW_LEADS else ALIKE_FEW
    return bool(((like >= least) & (gain >= LEAST_GAIN) & (gain <= MOST_GAIN)).any())
