"""What a rhythm is asked for, and the plan of activations it returns."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate.vector import Array

# Types of beats, as the measurements name them.
NORMAL = "normal"
SUPRAVENTRICULAR = "supraventricular"
VENTRICULAR = "ventricular"
PACED = "paced"
BEAT_TYPES = (NORMAL, SUPRAVENTRICULAR, VENTRICULAR, PACED)
OWN = ""

SINUS = "sinus"
FIBRILLATION = "atrial fibrillation"
FLUTTER = "atrial flutter"
REENTRY = "supraventricular tachycardia"
MOBITZ_1 = "second-degree AV block, Mobitz I"
MOBITZ_2 = "second-degree AV block, Mobitz II"
COMPLETE_BLOCK = "complete AV block"
PACEMAKER = "pacemaker"
STRETCHES = "stretches"
RHYTHM_NAMES = (
    SINUS,
    FIBRILLATION,
    FLUTTER,
    REENTRY,
    MOBITZ_1,
    MOBITZ_2,
    COMPLETE_BLOCK,
    PACEMAKER,
    STRETCHES,
)
ARTIFACTS = ("regular", "irregular", "tremor", "off")
CHAMBERS = ("", "atrial", "ventricular", "both")

# Time before and after the record in which beats are planned: a T wave may reach into it.
MARGIN_S = 2.0
# The ventricles do not follow faster than this, whatever the atria do.
SHORTEST_RR_S = 0.27


@dataclass(frozen=True)
class Ectopy:
    """Early beats within a rhythm.

    Attributes
    ----------
    kind : str
        ``SUPRAVENTRICULAR`` (resets the sinus node: pause shorter than two cycles) or
        ``VENTRICULAR`` (leaves it alone: pause of exactly two sinus cycles).
    shape : str
        Of the P wave (supraventricular) or of the ventricles (ventricular).
    others : tuple of str
        Further foci, taken in turn.
    count : int
        How many events within the record; where 0, ``per_minute`` decides.
    per_minute : float
    coupling : float
        From the beat before, as a share of the RR interval.
    in_a_row : int
        Ventricular: 2 for couplets, 3 and more for runs.
    every : int
        1 for bigeminy (each own beat is followed), 2 for trigeminy; 0 for single events.
    repeats : int
        How often an event of bigeminy repeats; 0: throughout the record.
    blocked : bool
        Supraventricular: the P is not conducted.
    """

    kind: str
    shape: str
    others: tuple[str, ...] = ()
    count: int = 0
    per_minute: float = 0.0
    coupling: float = 0.62
    in_a_row: int = 1
    every: int = 0
    repeats: int = 1
    blocked: bool = False

    def __post_init__(self) -> None:
        check_option("kind", self.kind, (SUPRAVENTRICULAR, VENTRICULAR))
        check_range("count", self.count, 0, 10_000)
        check_range("per_minute", self.per_minute, 0, 60)
        check_range("coupling", self.coupling, 0.3, 0.95)
        check_range("in_a_row", self.in_a_row, 1, 12)
        check_range("every", self.every, 0, 5)
        check_range("repeats", self.repeats, 0, 100)


class Stretch(ABC):
    """A part of a record with one rhythm: see :mod:`ecgcore.simulate.stretches`."""

    @abstractmethod
    def plan(self, course: Any) -> None:
        """Add this part's activations to a course, and move its end."""


@dataclass(frozen=True)
class Rhythm:
    """A rhythm and its parameters.

    Attributes
    ----------
    name : str
        One of :data:`RHYTHM_NAMES`.
    rate_bpm : float
        Mean rate of the sinus node or pacemaker, or of the ventricles in fibrillation and
        re-entry; in flutter the atrial rate divided by ``ratios`` decides.
    pr_ms : float
        Also the delay between the chambers of a pacemaker.
    sinus_arrhythmia : float
        Peak change of RR with respiration, as a share of RR.
    slow_change : float
        Peak change of RR over minutes, as a share (for long records).
    irregularity : float
        Standard deviation of RR over its mean in atrial fibrillation.
    atrial_bpm : float
        Flutter waves a minute.
    ratios : tuple of int
        Flutter: waves a ventricular beat; second-degree block: P waves a group; drawn from these.
    escape_bpm : float
        Complete block: rate of the escape.
    chambers : str
        Pacemaker: ``"atrial"``, ``"ventricular"`` or ``"both"``; with fibrillation,
        ``"ventricular"`` paces it.
    ectopy : tuple of Ectopy
    stretches : tuple of Stretch
        Rhythms one after the other, where ``name`` is :data:`STRETCHES`.
    """

    name: str = SINUS
    rate_bpm: float = 68.0
    pr_ms: float = 160.0
    sinus_arrhythmia: float = 0.035
    slow_change: float = 0.0
    irregularity: float = 0.21
    atrial_bpm: float = 300.0
    ratios: tuple[int, ...] = (4,)
    escape_bpm: float = 38.0
    chambers: str = ""
    ectopy: tuple[Ectopy, ...] = ()
    stretches: tuple[Stretch, ...] = ()

    def __post_init__(self) -> None:
        check_option("rhythm", self.name, RHYTHM_NAMES)
        check_range("rate_bpm", self.rate_bpm, 20, 250, "beats a minute")
        check_range("pr_ms", self.pr_ms, 60, 500, "ms")
        check_range("sinus_arrhythmia", self.sinus_arrhythmia, 0, 0.4)
        check_range("slow_change", self.slow_change, 0, 0.4)
        check_range("irregularity", self.irregularity, 0.05, 0.5)
        check_range("atrial_bpm", self.atrial_bpm, 200, 400, "a minute")
        check_range("escape_bpm", self.escape_bpm, 20, 70, "beats a minute")
        check_option("chambers", self.chambers, CHAMBERS)
        if not self.ratios or not all(2 <= ratio <= 8 for ratio in self.ratios):
            raise InvalidArgumentError(
                f"ratios is {self.ratios!r}; numbers from 2 to 8 are needed."
            )


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
        P onset; None without a P wave that is conducted.
    kind : str
        One of :data:`BEAT_TYPES`.
    atrial, ventricular : str
        Shape's name; ``OWN`` for the case's own.
    origin : str
        ``""``, ``"premature"``, ``"escape"``, ``"ectopic"`` (of a focus that leads for several
        beats), ``"capture"`` or ``"fusion"`` (a sinus beat reaches the ventricles meanwhile).
    turn_deg : tuple of float
        Turn in the frontal and horizontal plane, beside what every beat has.
    size : float
    """

    qrs_s: float
    p_s: float | None
    kind: str = NORMAL
    atrial: str = OWN
    ventricular: str = OWN
    origin: str = ""
    turn_deg: tuple[float, float] = (0.0, 0.0)
    size: float = 1.0


@dataclass(frozen=True)
class PlannedP:
    """A P wave that no QRS follows.

    Attributes
    ----------
    p_s : float
        Onset.
    atrial : str
        Shape's name.
    fate : str
        ``"blocked"`` (not conducted), ``"premature"`` (early and not conducted),
        ``"dissociated"`` (atria and ventricles apart) or ``"retrograde"``.
    """

    p_s: float
    atrial: str = OWN
    fate: str = "blocked"


class Spike(NamedTuple):
    """A pacing stimulus.

    Attributes
    ----------
    time_s : float
    chamber : str
        ``"atrial"`` or ``"ventricular"``.
    captured : bool
        Whether the chamber follows it.
    timely : bool
        Whether the pacemaker had sensed the chamber's own beats when it gave it.
    """

    time_s: float
    chamber: str
    captured: bool = True
    timely: bool = True


class Waves(NamedTuple):
    """Activity without beats: ``kind`` is ``"atrial"``, ``"coarse"``, ``"fine"`` or ``"flutter"``.

    ``size`` is in mV from peak to peak (atrial: 1 as usual), ``hz`` the flutter's rate.
    """

    kind: str
    start_s: float
    end_s: float
    seed: int
    size: float
    hz: float = 0.0


class Artifact(NamedTuple):
    """What an electrode adds or loses.

    Attributes
    ----------
    kind : str
        ``"regular"`` (as tachycardia), ``"irregular"`` (as fibrillation), ``"tremor"`` (as atrial
        flutter), or ``"off"``: nothing is recorded.
    electrodes : tuple of str
        Of :data:`ecgcore.simulate.noise.ELECTRODES`.
    start_s, end_s : float
    size : float
        Peak in mV.
    hz : float
    seed : int
    """

    kind: str
    electrodes: tuple[str, ...]
    start_s: float
    end_s: float
    size: float = 0.0
    hz: float = 5.0
    seed: int = 0


class RhythmSpan(NamedTuple):
    """A stretch of one rhythm: the code of its statement, and from when to when in seconds."""

    code: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Schedule:
    """The activations of a record and a margin on both sides, in order of time.

    Attributes
    ----------
    beats : tuple of PlannedBeat
    lone_p : tuple of PlannedP
    spikes : tuple of Spike
    first_wave_s : float
        Flutter: the time of one wave's steep rise.
    rhythms : tuple of RhythmSpan
        Where the rhythm changes; empty where one rhythm lasts throughout.
    waves : tuple of Waves
    artifacts : tuple of Artifact
    """

    beats: tuple[PlannedBeat, ...]
    lone_p: tuple[PlannedP, ...] = ()
    spikes: tuple[Spike, ...] = ()
    first_wave_s: float = 0.0
    rhythms: tuple[RhythmSpan, ...] = ()
    waves: tuple[Waves, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
