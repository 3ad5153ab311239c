"""Sinus rhythm with its variability and its early beats.

Sources
-------
McSharry et al., IEEE Trans Biomed Eng 50:289 (2003): RR variability from respiration (RSA) and
from Mayer waves at 0.1 Hz.  Task Force of ESC and NASPE, Circulation 93:1043 (1996).  The
compensatory pause: the sinus node is not reset by a ventricular beat (Langendorf et al., Am
Heart J 50:208, 1955); it is by an atrial one (Klein et al., Circulation 48:316, 1973, about
the pause after the return).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

from ecgcore.simulate.planning import (
    MARGIN_S,
    OWN,
    SHORTEST_RR_S,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    Breathing,
    Ectopy,
    PlannedBeat,
    PlannedP,
    Rhythm,
    Schedule,
)

MAYER_HZ = 0.1
# A sinus P this soon after a ventricular beat finds the AV node refractory.
REFRACTORY_S = 0.30
# Between the ventricular beats of a couplet or run, as a share of the sinus cycle.
_RUN_SHARE = (0.46, 0.54)
_RUN_RR_S = (0.34, 0.52)


def draw_sinus_cycle_s(
    rhythm: Rhythm, time_s: float, breathing: Breathing, rng: np.random.Generator
) -> float:
    """Return the sinus node's next interval."""
    change = rhythm.sinus_arrhythmia * float(breathing.at(time_s))
    change += 0.4 * rhythm.sinus_arrhythmia * float(np.sin(2 * np.pi * MAYER_HZ * time_s + 1.0))
    change += rhythm.slow_change * float(np.sin(2 * np.pi * time_s / 420.0))
    change += 0.006 * float(rng.standard_normal())
    return max(SHORTEST_RR_S, 60.0 / rhythm.rate_bpm * (1 + change))


@dataclass
class _Event:
    """One kind of early beats that is due at some time."""

    due_s: float
    ectopy: Ectopy
    foci: Iterator[str]
    left: int = 1
    own_beats: int = 0


@dataclass
class _Plan:
    """What has been planned so far."""

    beats: list[PlannedBeat] = field(default_factory=list)
    lone_p: list[PlannedP] = field(default_factory=list)


def _plan_events(rhythm: Rhythm, duration_s: float, rng: np.random.Generator) -> list[_Event]:
    """Spread each kind over the record, one in each equal part, away from both ends."""
    # What precedes and the pause that follows must be on the sheet.
    first, last = min(1.6, duration_s / 4), max(duration_s - 2.6, duration_s / 2)
    events: list[_Event] = []
    for ectopy in rhythm.ectopy:
        foci = cycle((ectopy.shape, *ectopy.others))
        if ectopy.every and not ectopy.repeats:
            events.append(_Event(-MARGIN_S, ectopy, foci, left=10**9))
            continue
        count = ectopy.count or round(ectopy.per_minute * duration_s / 60)
        parts = np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)
        for time_s in first + (last - first) * parts / max(count, 1):
            events.append(_Event(float(time_s), ectopy, foci, left=max(ectopy.repeats, 1)))
    return sorted(events, key=lambda event: event.due_s)


def plan_sinus(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan a sinus rhythm with its early beats."""
    waiting = _plan_events(rhythm, duration_s, rng)
    pr_s = rhythm.pr_ms / 1e3
    p_s = -MARGIN_S + float(rng.uniform(0, 60.0 / rhythm.rate_bpm))
    plan = _Plan()
    while p_s < duration_s + MARGIN_S:
        plan.beats.append(PlannedBeat(p_s + pr_s, p_s))
        cycle_s = draw_sinus_cycle_s(rhythm, p_s, breathing, rng)
        event = _take_next(waiting, p_s + cycle_s)
        p_s = _plan_early(plan, event, (p_s, pr_s, cycle_s), rng) if event else p_s + cycle_s
    return Schedule(tuple(plan.beats), tuple(plan.lone_p))


def _take_next(waiting: list[_Event], until_s: float) -> _Event | None:
    """Return the event that is due now, and forget it once it has come as often as it should."""
    if not waiting or waiting[0].due_s > until_s:
        return None
    event = waiting[0]
    event.own_beats += 1
    # In bigeminy each own beat is followed, in trigeminy every second one.
    if event.own_beats < max(event.ectopy.every, 1):
        return None
    event.own_beats = 0
    event.left -= 1
    if event.left <= 0:
        waiting.pop(0)
    return event


def _plan_early(
    plan: _Plan, event: _Event, last: tuple[float, float, float], rng: np.random.Generator
) -> float:
    """Plan early beats after a P wave (``last``: its onset, PR, cycle); return the next P."""
    p_s, pr_s, cycle_s = last
    ectopy, focus = event.ectopy, next(event.foci)
    coupling_s = cycle_s * (ectopy.coupling + float(rng.uniform(-0.02, 0.02)))
    if ectopy.kind == VENTRICULAR:
        last_s = p_s + pr_s + max(coupling_s, SHORTEST_RR_S + 0.06)
        _add_ventricular(plan, last_s, focus)
        for _ in range(ectopy.in_a_row - 1):
            last_s += float(np.clip(cycle_s * rng.uniform(*_RUN_SHARE), *_RUN_RR_S))
            _add_ventricular(plan, last_s, next(event.foci) if ectopy.others else focus)
        return _plan_after_ventricular(plan, last_s, p_s, cycle_s)
    early_p_s = p_s + coupling_s
    # The earlier, the less the AV node has recovered: PR grows.
    delay_s = pr_s * (1.04 + 1.2 * max(0.0, 0.62 - ectopy.coupling))
    if ectopy.blocked:
        plan.lone_p.append(PlannedP(early_p_s, focus, "premature"))
    else:
        # At a fast rate the ventricles set the limit.
        qrs_s = max(early_p_s + delay_s, p_s + pr_s + SHORTEST_RR_S + 0.05)
        plan.beats.append(PlannedBeat(qrs_s, early_p_s, SUPRAVENTRICULAR, focus, OWN, "premature"))
    # The node is reset, and fires a little late after it: together less than two cycles.
    return early_p_s + cycle_s * float(rng.uniform(1.06, 1.14))


def _add_ventricular(plan: _Plan, qrs_s: float, focus: str) -> None:
    plan.beats.append(PlannedBeat(qrs_s, None, VENTRICULAR, OWN, focus, "premature"))


def _plan_after_ventricular(plan: _Plan, last_s: float, p_s: float, cycle_s: float) -> float:
    """Leave the sinus node alone: its P waves go on, and the first that finds a way conducts."""
    skipped = 1
    while skipped < 2 or p_s + skipped * cycle_s < last_s + REFRACTORY_S:
        plan.lone_p.append(PlannedP(p_s + skipped * cycle_s, OWN, "dissociated"))
        skipped += 1
    return p_s + skipped * cycle_s
