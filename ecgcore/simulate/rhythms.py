"""Rhythms: when atria and ventricles are activated, apart from how a beat looks.

A rhythm is a function from its parameters, a random generator and a span to a list of
:class:`PlannedBeat`; :data:`RHYTHMS` names them.

Sources
-------
McSharry et al., IEEE Trans Biomed Eng 50:289 (2003): RR variability from respiration (RSA) and
from Mayer waves at 0.1 Hz.  Task Force of ESC and NASPE, Circulation 93:1043 (1996).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgcore.checks import in_range, one_of
from ecgcore.simulate.vector import Array

NORMAL = "normal"
SUPRAVENTRICULAR = "supraventricular"
VENTRICULAR = "ventricular"
OWN = ""

SINUS = "sinus"
FIBRILLATION = "atrial fibrillation"
FLUTTER = "atrial flutter"

# Time before and after the record in which beats are planned: a T wave may reach into it.
MARGIN_S = 2.0
# The ventricles do not follow faster than this, whatever the atria do.
SHORTEST_RR_S = 0.30
MAYER_HZ = 0.1


@dataclass(frozen=True)
class Ectopy:
    """Early beats within a sinus rhythm.

    Attributes
    ----------
    kind : str
        ``SUPRAVENTRICULAR`` (resets the sinus node: pause shorter than two cycles) or
        ``VENTRICULAR`` (leaves it alone: pause of exactly two sinus cycles).
    count : int
        How many within the record; where 0, ``per_minute`` decides.
    per_minute : float
    coupling : float
        From the beat before, as a share of the RR interval.
    shape : str
        Of the P wave (supraventricular) or of the ventricles (ventricular).
    """

    kind: str
    shape: str
    count: int = 0
    per_minute: float = 0.0
    coupling: float = 0.62


@dataclass(frozen=True)
class Rhythm:
    """A rhythm and its parameters.

    Attributes
    ----------
    name : str
        A key of :data:`RHYTHMS`.
    rate_bpm : float
        Mean ventricular rate; in flutter the atrial rate divided by ``ratios`` decides.
    pr_ms : float
    sinus_arrhythmia : float
        Peak change of RR with respiration, as a share of RR.
    slow_change : float
        Peak change of RR over minutes, as a share (for long records).
    irregularity : float
        Standard deviation of RR over its mean in atrial fibrillation.
    atrial_bpm : float
        Flutter waves a minute.
    ratios : tuple of int
        Flutter: waves a ventricular beat, drawn from these.
    ectopy : tuple of Ectopy
    """

    name: str = SINUS
    rate_bpm: float = 68.0
    pr_ms: float = 160.0
    sinus_arrhythmia: float = 0.035
    slow_change: float = 0.0
    irregularity: float = 0.21
    atrial_bpm: float = 300.0
    ratios: tuple[int, ...] = (4,)
    ectopy: tuple[Ectopy, ...] = ()

    def __post_init__(self) -> None:
        one_of("rhythm", self.name, RHYTHM_NAMES)
        in_range("rate_bpm", self.rate_bpm, 20, 250, "beats a minute")
        in_range("pr_ms", self.pr_ms, 60, 500, "ms")
        in_range("sinus_arrhythmia", self.sinus_arrhythmia, 0, 0.4)
        in_range("slow_change", self.slow_change, 0, 0.4)
        in_range("irregularity", self.irregularity, 0.05, 0.5)
        in_range("atrial_bpm", self.atrial_bpm, 200, 400, "a minute")


@dataclass(frozen=True)
class Breathing:
    """One respiration for RR, axis, size and baseline alike."""

    hz: float
    phase: float

    def at(self, time_s: Array | float) -> Array:
        """Return the depth of breath, -1 to 1."""
        return np.asarray(np.sin(2 * np.pi * self.hz * np.asarray(time_s) + self.phase))


@dataclass(frozen=True)
class PlannedBeat:
    """One activation of the ventricles, and of the atria before it.

    Attributes
    ----------
    qrs_s : float
        QRS onset.
    p_s : float or None
        P onset; None without a P wave.
    kind : str
        ``NORMAL``, ``SUPRAVENTRICULAR`` or ``VENTRICULAR``.
    atrial, ventricular : str
        Shape's name; ``OWN`` for the case's own.
    """

    qrs_s: float
    p_s: float | None
    kind: str = NORMAL
    atrial: str = OWN
    ventricular: str = OWN


@dataclass(frozen=True)
class Schedule:
    """The beats of a record and a margin on both sides, in order of time.

    Attributes
    ----------
    beats : tuple of PlannedBeat
    first_wave_s : float
        Flutter: the time of one wave's steep rise.
    """

    beats: tuple[PlannedBeat, ...]
    first_wave_s: float = 0.0


def _cycle_s(
    rhythm: Rhythm, time_s: float, breathing: Breathing, rng: np.random.Generator
) -> float:
    change = rhythm.sinus_arrhythmia * float(breathing.at(time_s))
    change += 0.4 * rhythm.sinus_arrhythmia * float(np.sin(2 * np.pi * MAYER_HZ * time_s + 1.0))
    change += rhythm.slow_change * float(np.sin(2 * np.pi * time_s / 420.0))
    change += 0.006 * float(rng.standard_normal())
    return max(SHORTEST_RR_S, 60.0 / rhythm.rate_bpm * (1 + change))


def _ectopic_times(
    rhythm: Rhythm, duration_s: float, rng: np.random.Generator
) -> list[tuple[float, Ectopy]]:
    """Spread each kind over the record, one in each equal part, away from both ends."""
    # What precedes and the pause that follows must be on the sheet.
    first, last = min(1.6, duration_s / 4), max(duration_s - 2.2, duration_s / 2)
    times: list[tuple[float, Ectopy]] = []
    for ectopy in rhythm.ectopy:
        count = ectopy.count or round(ectopy.per_minute * duration_s / 60)
        parts = np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)
        times += [(float(t), ectopy) for t in first + (last - first) * parts / max(count, 1)]
    return sorted(times, key=lambda item: item[0])


def sinus(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan a sinus rhythm with its early beats."""
    waiting = _ectopic_times(rhythm, duration_s, rng)
    pr_s = rhythm.pr_ms / 1e3
    p_s = -MARGIN_S + float(rng.uniform(0, 60.0 / rhythm.rate_bpm))
    beats: list[PlannedBeat] = []
    while p_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(p_s + pr_s, p_s))
        cycle_s = _cycle_s(rhythm, p_s, breathing, rng)
        if waiting and waiting[0][0] <= p_s + cycle_s:
            _, ectopy = waiting.pop(0)
            early, p_s = _early(ectopy, p_s, pr_s, cycle_s, rng)
            beats.append(early)
        else:
            p_s += cycle_s
    return Schedule(tuple(beats))


def _early(
    ectopy: Ectopy, p_s: float, pr_s: float, cycle_s: float, rng: np.random.Generator
) -> tuple[PlannedBeat, float]:
    """Return an early beat after the P wave at ``p_s``, and when the sinus node fires next."""
    coupling_s = cycle_s * (ectopy.coupling + float(rng.uniform(-0.02, 0.02)))
    if ectopy.kind == VENTRICULAR:
        beat = PlannedBeat(p_s + pr_s + coupling_s, None, VENTRICULAR, OWN, ectopy.shape)
        return beat, p_s + 2 * cycle_s
    early_p_s = p_s + coupling_s
    beat = PlannedBeat(early_p_s + pr_s * 1.04, early_p_s, SUPRAVENTRICULAR, ectopy.shape, OWN)
    # The node is reset, and fires a little late after it: together less than two cycles.
    return beat, early_p_s + cycle_s * float(rng.uniform(1.06, 1.14))


def fibrillation(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan an irregular ventricular response without P waves."""
    mean_s = 60.0 / rhythm.rate_bpm
    shape = 1.0 / rhythm.irregularity**2
    shortest_s = max(SHORTEST_RR_S, 0.55 * mean_s)
    time_s = -MARGIN_S + float(rng.uniform(0, mean_s))
    beats = []
    while time_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(time_s, None))
        # The AV node's refractory time cuts the short side of the distribution.
        time_s += max(shortest_s, float(rng.gamma(shape, mean_s / shape)))
    return Schedule(tuple(beats))


def flutter(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan ventricular beats at a fixed delay after every second to fourth flutter wave."""
    cycle_s = 60.0 / rhythm.atrial_bpm
    first_s = float(rng.uniform(0, cycle_s))
    # The delay that a flutter wave takes through the AV node, about one cycle.
    time_s = first_s - round(MARGIN_S / cycle_s) * cycle_s + 0.62 * cycle_s
    beats = []
    while time_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(time_s + 0.004 * float(rng.standard_normal()), None))
        time_s += cycle_s * int(rng.choice(rhythm.ratios))
    return Schedule(tuple(beats), first_s)


Plan = Callable[[Rhythm, float, Breathing, np.random.Generator], Schedule]
RHYTHMS: dict[str, Plan] = {SINUS: sinus, FIBRILLATION: fibrillation, FLUTTER: flutter}
RHYTHM_NAMES = tuple(RHYTHMS)
