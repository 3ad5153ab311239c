"""Stretches that a focus leads: in the ventricles, the AV junction or the atria, and re-entry."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.simulate import library
from ecgcore.simulate.planning import (
    NORMAL,
    OWN,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    PlannedBeat,
    PlannedP,
    Waves,
)
from ecgcore.simulate.rhythm_shapes import name_blend
from ecgcore.simulate.rhythms import RETROGRADE_S
from ecgcore.simulate.stretches import Amount, Course, Timed

# A sinus beat conducts within a tachycardia where the ventricles have had this long, and fuses with
# the focus's next beat where both arrive together (Dressler and Roesler, Am Heart J 44:485, 1952).
_RECOVERED_S, _RECOVERED_SHARE = 0.28, 0.62
_FUSES_S = 0.045
_TRIES, _HELD = 60, 3
ECTOPIC = "ectopic"


@dataclass(frozen=True, kw_only=True)
class Focus(Timed):
    """A regular focus below the atria, which go on by themselves.

    Attributes
    ----------
    rate_bpm : figure or range
    shapes : tuple of str
        One is chosen; ``OWN`` is narrow and comes from the junction.
    kind, origin : str
        Of its beats.
    beats : int
        How many, instead of a length.
    coupling_s : figure or range, optional
        From the last QRS; one cycle if not given.
    jitter_share : figure
        Standard deviation of RR over RR.
    capture_share : figure
        How many of the sinus beats that could reach the ventricles do.
    sinus_bpm : figure or range, optional
    p_waves : bool
        Whether the atria are sinus atria at all; else no P is seen.
    shows : tuple of str
        Origins of beats that must come within the record: drawn again until they do.
    """

    rate_bpm: Amount
    shapes: tuple[str, ...]
    kind: str = VENTRICULAR
    origin: str = ECTOPIC
    beats: int = 0
    coupling_s: Amount | None = None
    jitter_share: float = 0.012
    capture_share: float = 0.0
    sinus_bpm: Amount | None = None
    p_waves: bool = True
    shows: tuple[str, ...] = ()

    def plan(self, course: Course) -> None:
        """Lay beat after beat; a capture resets the focus."""
        for _ in range(_TRIES):
            trial = replace(course, beats=[*course.beats], lone_p=[*course.lone_p])
            trial.starts = [*course.starts]
            self._lay(trial)
            inside = [b.origin for b in trial.beats if 0.5 < b.qrs_s < course.duration_s - 0.5]
            if set(self.shows) <= set(inside):
                break
        vars(course).update(vars(trial))

    def _lay(self, course: Course) -> None:
        course.set_sinus(self.sinus_bpm)
        cycle_s = 60 / course.draw(self.rate_bpm)
        shape = self.shapes[int(course.rng.integers(len(self.shapes)))]
        next_s = self._find_first(course, cycle_s)
        course.now_s = next_s - 0.05 if course.beats else course.now_s
        _, end_s = self.open_span(course)
        left = self.beats or 10**9
        while left and next_s < end_s:
            reached_s = self._pass_sinus(course, next_s, shape, cycle_s)
            if reached_s is None:
                self._add_beat(course, next_s, shape)
                reached_s = next_s
            left -= 1
            step = self.jitter_share * float(np.clip(course.rng.standard_normal(), -2, 2))
            next_s = reached_s + cycle_s * (1 + step)
        course.now_s = course.last_qrs_s + 0.2 if self.beats else end_s
        if not self.p_waves:
            course.silence_sinus(course.now_s + 0.5)

    def _find_first(self, course: Course, cycle_s: float) -> float:
        if not course.beats:
            return course.now_s + float(course.rng.uniform(0, cycle_s))
        if self.coupling_s is not None:
            return course.last_qrs_s + course.draw(self.coupling_s)
        return max(course.last_qrs_s + cycle_s, course.now_s)

    def _add_beat(self, course: Course, time_s: float, shape: str) -> None:
        course.beats.append(PlannedBeat(time_s, None, self.kind, OWN, shape, self.origin))

    def _pass_sinus(
        self, course: Course, next_s: float, shape: str, cycle_s: float
    ) -> float | None:
        """Plan the P waves before the next beat; return the QRS of one that conducts."""
        early_s = course.last_qrs_s + max(_RECOVERED_S, _RECOVERED_SHARE * cycle_s)
        while self.p_waves and course.next_p_s < next_s:
            p_s = course.take_p()
            arrives_s = p_s + course.pr_s
            # After one sinus beat the focus holds for a while: the AV node has been entered.
            held = all(beat.origin == self.origin for beat in course.beats[-_HELD:])
            luck = float(course.rng.random()) + (not held)
            if luck < self.capture_share and early_s <= arrives_s <= next_s - _FUSES_S:
                course.conduct(p_s, "capture")
                return arrives_s
            meets = shape != OWN and abs(arrives_s - next_s) <= _FUSES_S
            if luck < self.capture_share and meets:
                mixed = name_blend(shape, 0.35 + 0.4 * float(course.rng.random()))
                course.beats.append(PlannedBeat(next_s, p_s, self.kind, OWN, mixed, "fusion"))
                return next_s
            course.lone_p.append(PlannedP(p_s, OWN, "dissociated"))
        return None


@dataclass(frozen=True, kw_only=True)
class Twisting(Focus):
    """A polymorphic tachycardia: the axis turns from beat to beat.

    Attributes
    ----------
    turn_deg : figure or range
        From one beat to the next.
    steady : bool
        It turns one way and swells and shrinks, as torsades de pointes does; else at random.
    """

    jitter_share: float = 0.05
    turn_deg: Amount = (18.0, 30.0)
    steady: bool = True
    p_waves: bool = False

    def _add_beat(self, course: Course, time_s: float, shape: str) -> None:
        before = course.beats[-1] if course.beats else None
        angle = before.turn_deg[0] if before and before.origin == self.origin else 0.0
        step = course.draw(self.turn_deg)
        if self.steady:
            angle += step
            # Half a turn of the axis is one spindle (Dessertenne, Arch Mal Coeur 59:263, 1966).
            size = 0.55 + 0.55 * float(np.sin(np.radians(angle)) ** 2)
        else:
            angle += step * float(course.rng.choice((-1.0, 1.0)))
            size = float(course.rng.uniform(0.6, 1.2))
        turn = (angle, angle if self.steady else 0.6 * angle)
        one = PlannedBeat(time_s, None, self.kind, OWN, self._choose(course, shape), self.origin)
        course.beats.append(PlannedBeat(*_head(one), turn, size))

    def _choose(self, course: Course, shape: str) -> str:
        if self.steady:
            return shape
        return self.shapes[int(course.rng.integers(len(self.shapes)))]


def _head(beat: PlannedBeat) -> tuple[float, float | None, str, str, str, str]:
    return (beat.qrs_s, beat.p_s, beat.kind, beat.atrial, beat.ventricular, beat.origin)


@dataclass(frozen=True, kw_only=True)
class Junction(Timed):
    """The AV junction leads and activates the atria backwards.

    Attributes
    ----------
    rate_bpm : figure or range
    retrograde : str
        ``"before"`` QRS by less than 120 ms, ``"after"`` it, or ``"hidden"`` in it; drawn if empty.
    """

    rate_bpm: Amount
    retrograde: str = ""
    jitter_share: float = 0.01

    def plan(self, course: Course) -> None:
        """Lay narrow beats, each with its retrograde P."""
        cycle_s = 60 / course.draw(self.rate_bpm)
        where = self.retrograde or ("before", "after", "hidden")[int(course.rng.integers(3))]
        start_s, end_s = self.open_span(course)
        time_s = max(start_s + float(course.rng.uniform(0, cycle_s)), course.last_qrs_s + cycle_s)
        lead_s, lag_s = float(course.rng.uniform(0.09, 0.11)), float(course.rng.uniform(0.09, 0.14))
        name = library.P_RETROGRADE.name
        while time_s < end_s:
            p_s = time_s - lead_s if where == "before" else None
            course.beats.append(PlannedBeat(time_s, p_s, NORMAL, name, OWN, ECTOPIC))
            if where == "after":
                course.lone_p.append(PlannedP(time_s + lag_s, name, "retrograde"))
            time_s += cycle_s * (1 + self.jitter_share * float(course.rng.standard_normal()))
        course.silence_sinus(course.last_qrs_s + cycle_s)
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class AtrialFocus(Timed):
    """One or several foci in the atria.

    Attributes
    ----------
    rate_bpm : figure or range
        Of the atria.
    p_shapes : tuple of str
        One is kept, or where ``wandering`` each P has one of them.
    wandering : bool
        P, PR and RR change from beat to beat.
    jitter_share : figure
        Standard deviation of PP over PP.
    ratio : int
        P waves a QRS.
    """

    rate_bpm: Amount
    p_shapes: tuple[str, ...]
    wandering: bool = False
    jitter_share: float = 0.008
    ratio: int = 1
    pr_s: Amount = (0.13, 0.17)

    def plan(self, course: Course) -> None:
        """Lay P after P; every ``ratio``-th conducts."""
        rng, cycle_s = course.rng, 60 / course.draw(self.rate_bpm)
        start_s, end_s = self.open_span(course)
        pr_s, which = course.draw(self.pr_s), int(rng.integers(len(self.p_shapes)))
        p_s = max(start_s, course.last_qrs_s + min(0.34, 0.75 * cycle_s))
        count = 0
        while p_s < end_s:
            if self.wandering:
                # Never the same focus for long: all of them come within a few beats.
                which = (which + int(rng.integers(1, 3))) % len(self.p_shapes)
                pr_s = course.draw(self.pr_s)
            name = self.p_shapes[which]
            if count % self.ratio:
                course.lone_p.append(PlannedP(p_s, name, "blocked"))
            else:
                kind = SUPRAVENTRICULAR if cycle_s < 0.6 else NORMAL
                qrs_s = max(p_s + pr_s, course.last_qrs_s + 0.30)
                course.beats.append(PlannedBeat(qrs_s, p_s, kind, name, OWN, ECTOPIC))
            count += 1
            step = self.jitter_share * float(np.clip(rng.standard_normal(), -1.6, 2.2))
            p_s += cycle_s * (1 + step)
        course.silence_sinus(course.last_qrs_s + 0.9)
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class Reentry(Timed):
    """A regular tachycardia of the AV node, with or without a bundle branch block.

    Attributes
    ----------
    rate_bpm : figure or range
    shape : str
        Of the ventricles.
    """

    rate_bpm: Amount = (150.0, 215.0)
    shape: str = OWN
    code: str = "SVTAC"

    def plan(self, course: Course) -> None:
        """Lay beats with a retrograde P at the end of each QRS."""
        cycle_s = 60 / course.draw(self.rate_bpm)
        start_s, end_s = self.open_span(course)
        time_s = max(start_s + float(course.rng.uniform(0, cycle_s)), course.last_qrs_s + cycle_s)
        if course.beats:
            # An early atrial beat with a long PR starts it.
            p_s = max(course.last_qrs_s + 0.26, time_s - 0.24)
            first = PlannedBeat(
                p_s + 0.24, p_s, SUPRAVENTRICULAR, library.P_ECTOPIC.name, self.shape, "premature"
            )
            course.beats.append(first)
            time_s = first.qrs_s + cycle_s
        while time_s < end_s:
            course.beats.append(
                PlannedBeat(time_s, None, SUPRAVENTRICULAR, OWN, self.shape, ECTOPIC)
            )
            p_s = time_s + RETROGRADE_S
            course.lone_p.append(PlannedP(p_s, library.P_RETROGRADE.name, "retrograde"))
            time_s += cycle_s + 0.0015 * float(course.rng.standard_normal())
        course.silence_sinus(course.last_qrs_s + float(course.rng.uniform(0.9, 1.3)))
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class Block(Timed):
    """Second-degree AV block: groups of P waves, of which the first conduct.

    Attributes
    ----------
    conducted, blocked : tuple of int
        How many of a group are conducted and how many then are not; drawn from these.
    """

    rate_bpm: Amount | None = None
    pr_s: Amount | None = None
    conducted: tuple[int, ...] = (1,)
    blocked: tuple[int, ...] = (1,)

    def plan(self, course: Course) -> None:
        """Conduct some, block some."""
        course.set_sinus(self.rate_bpm, self.pr_s)
        _, end_s = self.open_span(course)
        for _ in range(int(course.rng.integers(3))):
            course.lone_p.append(PlannedP(course.take_p()))
        while course.next_p_s < end_s:
            for _ in range(int(course.rng.choice(self.conducted))):
                course.conduct(course.take_p())
            for _ in range(int(course.rng.choice(self.blocked))):
                course.lone_p.append(PlannedP(course.take_p()))
        course.now_s = end_s


@dataclass(frozen=True, kw_only=True)
class Fibrillating(Timed):
    """Atrial fibrillation whose ventricles do something of their own.

    Attributes
    ----------
    rate_bpm : figure or range
    irregularity : figure
        Standard deviation of RR over its mean; 0 for an escape behind a complete block.
    shapes : tuple of str
        Each beat has one of them.
    kind, origin : str
    shortest_s : figure
        RR.
    """

    code: str = "AF"
    rate_bpm: Amount
    irregularity: float = 0.0
    shapes: tuple[str, ...] = (OWN,)
    kind: str = NORMAL
    origin: str = ""
    shortest_s: float = 0.2
    size: Amount = 1.0

    def plan(self, course: Course) -> None:
        """Add fibrillatory waves, and beats."""
        mean_s = 60 / course.draw(self.rate_bpm)
        start_s, end_s = self.open_span(course)
        size = course.draw(self.size)
        course.waves.append(Waves("atrial", start_s, end_s, course.draw_seed(), size))
        time_s = max(start_s + float(course.rng.uniform(0, mean_s)), course.last_qrs_s + mean_s)
        while time_s < end_s:
            shape = self.shapes[int(course.rng.integers(len(self.shapes)))]
            course.beats.append(PlannedBeat(time_s, None, self.kind, OWN, shape, self.origin))
            time_s += self._draw_rr_s(mean_s, course.rng)
        course.silence_sinus(end_s)
        course.now_s = end_s

    def _draw_rr_s(self, mean_s: float, rng: np.random.Generator) -> float:
        if not self.irregularity:
            return mean_s * (1 + 0.005 * float(rng.standard_normal()))
        k = 1 / self.irregularity**2
        return max(self.shortest_s, float(rng.gamma(k, mean_s / k)))
