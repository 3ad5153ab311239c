"""Stretches with a pacemaker: on demand, and with faults of capture and of sensing.

A pacemaker counts from its last stimulus, or from the last beat it sensed; a stimulus while the
chamber is refractory captures nothing (Ellenbogen et al., Clinical Cardiac Pacing, Defibrillation
and Resynchronization Therapy, 5th ed., chapters on timing cycles and on troubleshooting).
"""

from dataclasses import dataclass, field

from ecgcore.simulate import library
from ecgcore.simulate.planning import NORMAL, OWN, PACED, PlannedBeat, PlannedP, Spike
from ecgcore.simulate.rhythms import CAPTURE_S
from ecgcore.simulate.stretches import Amount, Course, Timed

_REFRACTORY_S = {"atrial": 0.25, "ventricular": 0.30}
_NEVER = 1e9
# A paced beat enters the AV node from below: a P this soon after it is not conducted.
_CONCEALED_S = 0.32
# When the sinus node arrests, as a share of the record.
_ARREST_AT = (0.25, 0.4)


@dataclass
class _State:
    """Where a pacemaker and the chambers are."""

    wait_s: float
    spike_s: float
    escape_s: float
    since_s: float
    luck: list[bool] = field(default_factory=list)
    last_p_s: float = -_NEVER
    arrest_at_s: float = _NEVER
    # The QRS that a P has sent on its way, and that P.
    arrives_s: float = _NEVER
    from_p: tuple[float, str] = (0.0, OWN)


@dataclass(frozen=True, kw_only=True)
class Pacer(Timed):
    """A pacemaker of one chamber over a rhythm of its own.

    Attributes
    ----------
    chamber : str
    rate_bpm : figure or range
        Its lower rate.
    sinus_bpm : figure or range, optional
        Of the sinus node; it is still if not given.
    captures : tuple of int
        How many stimuli in a row capture, and how many then do not: lowest and highest of each.
        Empty where all do that meet a recovered chamber.
    senses : bool
        Whether the chamber's own beats reset it.
    conducts : bool
        Whether a P reaches the ventricles; else complete block.
    escape_bpm : figure or range
        Of the ventricles where nothing else reaches them.
    escape : str
        Shape of that escape; ``OWN`` is narrow, from the junction.
    arrest_s : figure or range, optional
        How long the sinus node is still, once.
    """

    code: str = "PACE"
    chamber: str = "ventricular"
    rate_bpm: Amount = (60.0, 74.0)
    sinus_bpm: Amount | None = (68.0, 94.0)
    captures: tuple[int, ...] = ()
    senses: bool = True
    conducts: bool = False
    escape_bpm: Amount = (30.0, 38.0)
    escape: str = library.ESCAPE.name
    arrest_s: Amount | None = None

    def plan(self, course: Course) -> None:
        """Let sinus node, pacemaker, AV node and escape act in order of time."""
        course.set_sinus(self.sinus_bpm)
        state = self._begin(course)
        _, end_s = self.open_span(course)
        if self.sinus_bpm is None:
            course.silence_sinus(_NEVER)
        acts = {
            "sinus": lambda: self._take_sinus(course, state),
            "arrival": lambda: self._arrive(course, state),
            "escape": lambda: self._escape(course, state),
            "spike": lambda: self._stimulate(course, state),
        }
        while True:
            due = {
                "sinus": course.next_p_s,
                "arrival": state.arrives_s,
                "escape": max(course.last_qrs_s, state.since_s) + state.escape_s,
                "spike": state.spike_s,
            }
            first = min(due, key=lambda name: due[name])
            if due[first] >= end_s:
                break
            acts[first]()
        if self.sinus_bpm is None:
            course.next_p_s = end_s
        course.now_s = end_s

    def _begin(self, course: Course) -> _State:
        wait_s, escape_s = 60 / course.draw(self.rate_bpm), 60 / course.draw(self.escape_bpm)
        first_s = course.now_s + float(course.rng.uniform(0, wait_s))
        if self.senses and self.conducts and self.chamber == "ventricular":
            first_s = course.next_p_s + course.pr_s + wait_s
        arrest_at_s = _NEVER
        if self.arrest_s is not None:
            arrest_at_s = course.duration_s * course.draw(_ARREST_AT)
        luck: list[bool] = []
        if self.captures:
            rows = ((True, self.captures[:2]), (False, self.captures[2:]))
            while len(luck) < 3 * course.end_s:
                for value, (low, high) in rows:
                    luck += [value] * int(course.rng.integers(low, high + 1))
        quiet_s = course.now_s - 0.5 * escape_s
        return _State(wait_s, first_s, escape_s, quiet_s, luck, arrest_at_s=arrest_at_s)

    def _take_sinus(self, course: Course, state: _State) -> None:
        p_s = course.take_p()
        if self.arrest_s is not None and p_s > state.arrest_at_s:
            course.silence_sinus(p_s + course.draw(self.arrest_s))
            state.arrest_at_s = _NEVER
        self._send(course, state, p_s, OWN)
        if self.chamber == "atrial" and self.senses:
            state.spike_s = p_s + state.wait_s

    def _send(self, course: Course, state: _State, p_s: float, atrial: str) -> None:
        """Let a P go to the AV node: it conducts, or it does not."""
        state.last_p_s = p_s
        arrives_s = p_s + course.pr_s
        recovered = arrives_s >= course.last_qrs_s + _REFRACTORY_S["ventricular"] + 0.06
        if course.beats and course.beats[-1].kind == PACED:
            recovered = p_s >= course.last_qrs_s + _CONCEALED_S
        if self.conducts and recovered and state.arrives_s == _NEVER:
            state.arrives_s, state.from_p = arrives_s, (p_s, atrial)
        else:
            course.lone_p.append(PlannedP(p_s, atrial, "dissociated"))

    def _arrive(self, course: Course, state: _State) -> None:
        p_s, atrial = state.from_p
        self._sense(state, state.arrives_s)
        course.beats.append(PlannedBeat(state.arrives_s, p_s, NORMAL, atrial))
        state.arrives_s = _NEVER

    def _escape(self, course: Course, state: _State) -> None:
        time_s = max(course.last_qrs_s, state.since_s) + state.escape_s
        kind = NORMAL if self.escape == OWN else "ventricular"
        course.beats.append(PlannedBeat(time_s, None, kind, OWN, self.escape, "escape"))
        self._sense(state, time_s)
        self._drop_arrival(course, state)

    def _sense(self, state: _State, time_s: float) -> None:
        if self.chamber == "ventricular" and self.senses:
            state.spike_s = time_s + state.wait_s

    def _drop_arrival(self, course: Course, state: _State) -> None:
        """Forestall a conducted beat that was on its way."""
        if state.arrives_s < _NEVER:
            course.lone_p.append(PlannedP(*state.from_p, "dissociated"))
            state.arrives_s = _NEVER

    def _stimulate(self, course: Course, state: _State) -> None:
        spike_s = state.spike_s
        state.spike_s += state.wait_s
        last_s = state.last_p_s if self.chamber == "atrial" else course.last_qrs_s
        strong = state.luck.pop(0) if state.luck else True
        captured = strong and spike_s - last_s >= _REFRACTORY_S[self.chamber]
        # A stimulus that leaves less than its interval after a beat has not sensed that beat.
        timely = self.senses or spike_s - last_s >= state.wait_s - 0.02
        course.spikes.append(Spike(spike_s, self.chamber, captured, timely))
        if not captured:
            return
        at_s = spike_s + CAPTURE_S[self.chamber]
        if self.chamber == "atrial":
            course.silence_sinus(at_s + 60 / course.rhythm.rate_bpm)
            self._send(course, state, at_s, library.P_PACED.name)
        else:
            self._drop_arrival(course, state)
            course.beats.append(PlannedBeat(at_s, None, PACED, OWN, library.PACED.name))
