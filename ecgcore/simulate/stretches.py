"""Rhythms one after the other: a record as a course of stretches.

A stretch is told how long it lasts and how fast it is, as a figure or as a range that each seed
draws from.  The sinus node goes on beneath every stretch that does not reset it, so that P waves
march through a ventricular tachycardia and conduct where they find the ventricles recovered.

Sources
-------
Surawicz and Knilans, Chou's Electrocardiography in Clinical Practice, 6th ed., chapters 12 to 20;
Kusumoto et al., Circulation 140:e382 (2019), pauses and AV block; Al-Khatib et al., Circulation
138:e272 (2018), ventricular arrhythmias.  Figures of one rhythm have their source beside them.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate.planning import (
    ARTIFACTS,
    MARGIN_S,
    NORMAL,
    OWN,
    Artifact,
    Breathing,
    PlannedBeat,
    PlannedP,
    Rhythm,
    RhythmSpan,
    Schedule,
    Spike,
    Stretch,
    Waves,
)
from ecgcore.simulate.sinus import REFRACTORY_S, draw_sinus_cycle_s

# A figure, or the lowest and highest that a seed draws from.
Amount = float | tuple[float, float]
_RANGES = {"_bpm": (5.0, 400.0), "_s": (0.0, 36_000.0), "_share": (0.0, 1.0), "_mv": (0.01, 5.0)}


def draw_amount(amount: Amount, rng: np.random.Generator) -> float:
    """Return a figure as it is, or one from a range."""
    # Drawn in any case: asking for one figure leaves all others of a seed as they were.
    share = float(rng.random())
    low, high = amount if isinstance(amount, tuple) else (amount, amount)
    return low + share * (high - low)


@dataclass
class Course:
    """What has been planned so far, and the state of the sinus node.

    Attributes
    ----------
    rhythm : Rhythm
        Its rate and PR are the sinus node's.
    now_s : float
        Where the next stretch begins.
    next_p_s : float
        When the sinus node fires next.
    """

    rhythm: Rhythm
    duration_s: float
    breathing: Breathing
    rng: np.random.Generator
    now_s: float = -MARGIN_S
    next_p_s: float = -MARGIN_S
    beats: list[PlannedBeat] = field(default_factory=list)
    lone_p: list[PlannedP] = field(default_factory=list)
    spikes: list[Spike] = field(default_factory=list)
    waves: list[Waves] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    starts: list[tuple[str, float]] = field(default_factory=list)

    @property
    def end_s(self) -> float:
        """Where planning stops."""
        return self.duration_s + MARGIN_S

    @property
    def last_qrs_s(self) -> float:
        """Onset of the last QRS; long ago where there is none."""
        return self.beats[-1].qrs_s if self.beats else -1e3

    @property
    def pr_s(self) -> float:
        """PR of a conducted beat."""
        return self.rhythm.pr_ms / 1e3

    def draw(self, amount: Amount) -> float:
        """Return a figure as it is, or one from a range."""
        return draw_amount(amount, self.rng)

    def draw_seed(self) -> int:
        """Return a seed for what is drawn over time."""
        return int(self.rng.integers(2**31))

    def set_sinus(self, rate_bpm: Amount | None, pr_s: Amount | None = None) -> None:
        """Change the sinus node's rate and PR from here on."""
        if rate_bpm is not None:
            self.rhythm = replace(self.rhythm, rate_bpm=self.draw(rate_bpm))
        if pr_s is not None:
            self.rhythm = replace(self.rhythm, pr_ms=1e3 * self.draw(pr_s))

    def take_p(self) -> float:
        """Return the sinus node's next P, and let the node go on."""
        p_s = self.next_p_s
        self.next_p_s += draw_sinus_cycle_s(self.rhythm, p_s, self.breathing, self.rng)
        return p_s

    def conduct(self, p_s: float, origin: str = "") -> None:
        """Add a sinus P and the QRS that follows it."""
        self.beats.append(PlannedBeat(p_s + self.pr_s, p_s, origin=origin))

    def dissociate(self, until_s: float, fate: str = "dissociated") -> None:
        """Add the sinus node's P waves up to a time, without QRS."""
        while self.next_p_s < until_s:
            self.lone_p.append(PlannedP(self.take_p(), OWN, fate))

    def silence_sinus(self, until_s: float) -> None:
        """Let the sinus node be still up to a time."""
        self.next_p_s = max(self.next_p_s, until_s)

    def begin(self, code: str, start_s: float) -> None:
        """Note that a rhythm begins."""
        self.starts.append((code, start_s))

    def as_schedule(self) -> Schedule:
        """Return the plan, in order of time."""
        merged: list[tuple[str, float]] = []
        for code, start_s in self.starts:
            if not merged or merged[-1][0] != code:
                merged.append((code, start_s))
        ends = [start_s for _, start_s in merged[1:]] + [self.end_s]
        return Schedule(
            tuple(sorted(self.beats, key=lambda beat: beat.qrs_s)),
            tuple(sorted(self.lone_p, key=lambda p: p.p_s)),
            tuple(sorted(self.spikes)),
            rhythms=tuple(
                RhythmSpan(code, start_s, stop_s)
                for (code, start_s), stop_s in zip(merged, ends, strict=True)
            ),
            waves=tuple(self.waves),
            artifacts=tuple(self.artifacts),
        )


def plan_stretches(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan stretch after stretch until the record's end."""
    course = Course(rhythm, duration_s, breathing, rng)
    course.next_p_s += float(rng.uniform(0, 60 / rhythm.rate_bpm))
    for stretch in rhythm.stretches:
        if course.now_s < course.end_s:
            stretch.plan(course)
    return course.as_schedule()


@dataclass(frozen=True, kw_only=True)
class Timed(Stretch):
    """What all stretches have.

    Attributes
    ----------
    code : str
        Of the rhythm's statement.
    length_s : figure or range, optional
        To the record's end if not given.  The first stretch's counts from the record's start.
    """

    code: str
    length_s: Amount | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            limits = next((v for end, v in _RANGES.items() if one.name.endswith(end)), None)
            value = getattr(self, one.name)
            if limits and value is not None:
                ends = value if isinstance(value, tuple) else (value, value)
                for end in ends:
                    check_range(one.name, end, *limits)
                if len(ends) != 2 or ends[0] > ends[1]:
                    raise InvalidArgumentError(
                        f"{one.name} is {value!r}; a figure, or the lowest and the highest."
                    )

    def open_span(self, course: Course) -> tuple[float, float]:
        """Note the stretch's beginning; return it and its end."""
        start_s = course.now_s
        end_s = course.end_s
        if self.length_s is not None:
            end_s = max(start_s, 0.0) + course.draw(self.length_s)
        course.begin(self.code, start_s)
        return start_s, min(end_s, course.end_s)


@dataclass(frozen=True, kw_only=True)
class Sinus(Timed):
    """Sinus rhythm.

    Attributes
    ----------
    rate_bpm, pr_s : figure or range, optional
        As before this stretch if not given.
    beats : int
        How many beats, instead of a length.
    """

    code: str = "SR"
    rate_bpm: Amount | None = None
    pr_s: Amount | None = None
    beats: int = 0

    def plan(self, course: Course) -> None:
        """Conduct P after P."""
        course.set_sinus(self.rate_bpm, self.pr_s)
        _, end_s = self.open_span(course)
        left = self.beats or 10**9
        while left and course.next_p_s + course.pr_s < end_s:
            p_s = course.take_p()
            if p_s < course.last_qrs_s + REFRACTORY_S:
                course.lone_p.append(PlannedP(p_s, OWN, "dissociated"))
                continue
            course.conduct(p_s)
            left -= 1
        course.now_s = course.last_qrs_s + 0.1 if self.beats else end_s


@dataclass(frozen=True, kw_only=True)
class Pause(Timed):
    """A sinus node that is silent, from the last QRS to the next.

    Attributes
    ----------
    pause_s : figure or range
        RR.
    cycles : int
        Where not 0, the pause is this many sinus cycles from P to P: a sinoatrial exit block.
    p_waves : bool
        The sinus node goes on, and its P waves are not conducted.
    escape : bool
        The pause ends with a beat of the AV junction.
    """

    code: str = "5609005"
    pause_s: Amount = 3.0
    cycles: int = 0
    p_waves: bool = False
    escape: bool = False

    def plan(self, course: Course) -> None:
        """Leave a gap."""
        course.begin(self.code, course.last_qrs_s + 0.1)
        if self.cycles:
            for _ in range(self.cycles - 1):
                course.take_p()
            course.now_s = course.next_p_s - 0.02
            return
        end_s = course.last_qrs_s + course.draw(self.pause_s)
        if self.p_waves:
            course.dissociate(end_s - course.pr_s - 0.05, "blocked")
        if self.escape:
            course.beats.append(PlannedBeat(end_s, None, NORMAL, OWN, OWN, "escape"))
            if not self.p_waves:
                course.silence_sinus(end_s + 0.7)
        else:
            course.next_p_s = end_s - course.pr_s
        course.now_s = min(end_s - course.pr_s - 0.02, course.end_s)


@dataclass(frozen=True, kw_only=True)
class Silence(Timed):
    """Ventricles that do not beat.

    Attributes
    ----------
    code : str
    p_waves : bool
        Atria go on: ventricular standstill; else asystole.
    rate_bpm : figure or range, optional
        Of the atria.
    """

    code: str = "397829000"
    p_waves: bool = False
    rate_bpm: Amount | None = None

    def plan(self, course: Course) -> None:
        """Leave the ventricles alone."""
        course.set_sinus(self.rate_bpm)
        _, end_s = self.open_span(course)
        if self.p_waves:
            course.dissociate(end_s, "blocked")
        course.silence_sinus(end_s)
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class Disorder(Timed):
    """Ventricular fibrillation or flutter: no beats.

    Attributes
    ----------
    kind : str
        ``"coarse"``, ``"fine"`` or ``"flutter"``.
    size_mv : figure or range
        From peak to peak in the middle lead.
    rate_bpm : figure or range
        Flutter: waves a minute.
    coupling_s : figure or range, optional
        From the QRS before to the first wave.
    """

    code: str = "164896001"
    kind: str = "coarse"
    size_mv: Amount = (0.6, 1.3)
    rate_bpm: Amount = (240.0, 300.0)
    coupling_s: Amount | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("kind", self.kind, ("coarse", "fine", "flutter"))

    def plan(self, course: Course) -> None:
        """Add waves without order."""
        if self.coupling_s is not None and course.beats:
            course.now_s = course.last_qrs_s + course.draw(self.coupling_s)
        start_s, end_s = self.open_span(course)
        size, hz = course.draw(self.size_mv), course.draw(self.rate_bpm) / 60
        course.waves.append(Waves(self.kind, start_s, end_s, course.draw_seed(), size, hz))
        course.silence_sinus(end_s)
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class Distort(Stretch):
    """What electrodes add to the rhythm around it; takes no time of its own.

    Attributes
    ----------
    kind : str
        As of :class:`Artifact`.
    start_s, length_s : figure or range
    rate_bpm : figure or range
        Oscillations a minute.
    size_mv : figure or range
    electrodes : tuple of str
        Chosen among the limbs' if not given.
    """

    kind: str
    start_s: Amount = 0.0
    length_s: Amount = 36_000.0
    rate_bpm: Amount = (240.0, 330.0)
    size_mv: Amount = (0.5, 1.0)
    electrodes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_option("kind", self.kind, ARTIFACTS)

    def plan(self, course: Course) -> None:
        """Add the artifact."""
        start_s = course.draw(self.start_s)
        end_s = min(start_s + course.draw(self.length_s), course.duration_s)
        chosen = self.electrodes or (("RA", "LA", "LL")[int(course.rng.integers(3))],)
        hz, size = course.draw(self.rate_bpm) / 60, course.draw(self.size_mv)
        one = Artifact(self.kind, chosen, start_s, end_s, size, hz, course.draw_seed())
        if start_s < end_s:
            course.artifacts.append(one)
