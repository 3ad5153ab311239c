"""Rhythms: when atria and ventricles are activated, apart from how a beat looks.

A rhythm is a function from its parameters, a random generator and a span to a
:class:`Schedule`; :data:`RHYTHMS` names them.

Sources
-------
Chou's Electrocardiography in Clinical Practice, 6th ed., chapters 15 to 19 and 26, for the
order of events in each rhythm; Kusumoto et al., Circulation 140:e382 (2019), for the definitions
of AV block.
"""

from collections.abc import Callable

import numpy as np

from ecgcore.simulate.library import ESCAPE, P_PACED, P_RETROGRADE, PACED
from ecgcore.simulate.planning import (
    COMPLETE_BLOCK,
    FIBRILLATION,
    FLUTTER,
    MARGIN_S,
    MOBITZ_1,
    MOBITZ_2,
    NORMAL,
    OWN,
    PACEMAKER,
    REENTRY,
    SHORTEST_RR_S,
    SINUS,
    STRETCHES,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    Breathing,
    PlannedBeat,
    PlannedP,
    Rhythm,
    Schedule,
    Spike,
)
from ecgcore.simulate.planning import PACED as PACED_BEAT
from ecgcore.simulate.sinus import draw_sinus_cycle_s, plan_sinus
from ecgcore.simulate.stretches import plan_stretches

# An escape from the bundle of His is narrow and faster than one from the ventricles.
JUNCTIONAL_FROM_BPM = 42.0
# From a stimulus to the first sign of its chamber.
CAPTURE_S = {"atrial": 0.006, "ventricular": 0.004}
# Mobitz I: the first PR after a pause grows by this much, each later one by a share of it.
WENCKEBACH_STEP_S = 0.085
WENCKEBACH_SHARE = 0.42
# Re-entry in the AV node: the atria are reached again while QRS ends.
RETROGRADE_S = 0.068


def plan_fibrillation(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan an irregular ventricular response without P waves, or a paced one."""
    mean_s = 60.0 / rhythm.rate_bpm
    if rhythm.chambers == "ventricular":
        times = np.arange(-MARGIN_S + float(rng.uniform(0, mean_s)), duration_s + MARGIN_S, mean_s)
        return _plan_paced_ventricles([float(t) for t in times], [None] * times.size)
    shape = 1.0 / rhythm.irregularity**2
    shortest_s = max(SHORTEST_RR_S, 0.55 * mean_s)
    time_s = -MARGIN_S + float(rng.uniform(0, mean_s))
    beats = []
    early = _plan_early_beats(rhythm, duration_s, rng)
    while time_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(time_s, None))
        # The AV node's refractory time cuts the short side of the distribution.
        rr_s = max(shortest_s, float(rng.gamma(shape, mean_s / shape)))
        if early and early[0][0] <= time_s + rr_s:
            _, focus = early.pop(0)
            time_s += float(rng.uniform(0.42, 0.47))
            beats.append(PlannedBeat(time_s, None, VENTRICULAR, OWN, focus, "premature"))
            rr_s = max(1.15 * mean_s, rr_s)
        time_s += rr_s
    return Schedule(tuple(beats))


def _plan_early_beats(
    rhythm: Rhythm, duration_s: float, rng: np.random.Generator
) -> list[tuple[float, str]]:
    """Return when ventricular beats are due, and from which focus."""
    due: list[tuple[float, str]] = []
    for ectopy in rhythm.ectopy:
        count = ectopy.count or round(ectopy.per_minute * duration_s / 60)
        foci = (ectopy.shape, *ectopy.others)
        parts = np.arange(count) + 0.5 + rng.uniform(-0.3, 0.3, count)
        due += [
            (float(1.0 + (duration_s - 2.6) * part / max(count, 1)), foci[i % len(foci)])
            for i, part in enumerate(parts)
        ]
    return sorted(due)


def plan_flutter(
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
    return Schedule(tuple(beats), first_wave_s=first_s)


def plan_reentry(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan a regular tachycardia of the AV node: the atria are activated backwards."""
    rr_s = 60.0 / rhythm.rate_bpm
    time_s = -MARGIN_S + float(rng.uniform(0, rr_s))
    beats, lone_p = [], []
    while time_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(time_s, None, SUPRAVENTRICULAR))
        lone_p.append(PlannedP(time_s + RETROGRADE_S, P_RETROGRADE.name, "retrograde"))
        time_s += rr_s + 0.0015 * float(rng.standard_normal())
    return Schedule(tuple(beats), tuple(lone_p))


def _plan_second_degree(
    rhythm: Rhythm,
    duration_s: float,
    breathing: Breathing,
    rng: np.random.Generator,
    delays_s: Callable[[int], list[float]],
) -> Schedule:
    """Plan groups of P waves; the last of each is dropped, the others conduct after a delay."""
    p_s = -MARGIN_S - float(rng.uniform(0, 2.0))
    beats: list[PlannedBeat] = []
    lone_p: list[PlannedP] = []
    while p_s < duration_s + MARGIN_S:
        for delay_s in delays_s(int(rng.choice(rhythm.ratios))):
            beats.append(PlannedBeat(p_s + delay_s, p_s))
            p_s += draw_sinus_cycle_s(rhythm, p_s, breathing, rng)
        lone_p.append(PlannedP(p_s))
        p_s += draw_sinus_cycle_s(rhythm, p_s, breathing, rng)
    return Schedule(tuple(beats), tuple(lone_p))


def plan_mobitz_one(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan Wenckebach periods: PR grows, most at first, until a P is dropped."""

    def delays(group: int) -> list[float]:
        steps = WENCKEBACH_STEP_S * WENCKEBACH_SHARE ** np.arange(max(group - 2, 0))
        return [rhythm.pr_ms / 1e3 + float(x) for x in np.concatenate([[0.0], np.cumsum(steps)])]

    return _plan_second_degree(rhythm, duration_s, breathing, rng, delays)


def plan_mobitz_two(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan a constant PR, and now and then a P that is dropped."""

    def delays(group: int) -> list[float]:
        return [rhythm.pr_ms / 1e3] * (group - 1)

    return _plan_second_degree(rhythm, duration_s, breathing, rng, delays)


def plan_complete_block(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan atria and a regular escape that know nothing of each other."""
    p_s = -MARGIN_S + float(rng.uniform(0, 0.8))
    lone_p = []
    while p_s < duration_s + MARGIN_S:
        lone_p.append(PlannedP(p_s, OWN, "dissociated"))
        p_s += draw_sinus_cycle_s(rhythm, p_s, breathing, rng)
    junctional = rhythm.escape_bpm >= JUNCTIONAL_FROM_BPM
    kind, shape = (NORMAL, OWN) if junctional else (VENTRICULAR, ESCAPE.name)
    escape_s = 60.0 / rhythm.escape_bpm
    time_s = -MARGIN_S + float(rng.uniform(0, escape_s))
    beats = []
    while time_s < duration_s + MARGIN_S:
        beats.append(PlannedBeat(time_s, None, kind, OWN, shape, "escape"))
        time_s += escape_s + 0.006 * float(rng.standard_normal())
    return Schedule(tuple(beats), tuple(lone_p))


def plan_pacemaker(
    rhythm: Rhythm, duration_s: float, breathing: Breathing, rng: np.random.Generator
) -> Schedule:
    """Plan stimuli: in the atrium, in the ventricle after each sinus P, or in both."""
    pr_s = rhythm.pr_ms / 1e3
    paces_atria = rhythm.chambers in {"atrial", "both"}
    p_s = -MARGIN_S + float(rng.uniform(0, 60.0 / rhythm.rate_bpm))
    times: list[float] = []
    while p_s < duration_s + MARGIN_S:
        times.append(p_s)
        regular_s = 60.0 / rhythm.rate_bpm
        p_s += regular_s if paces_atria else draw_sinus_cycle_s(rhythm, p_s, breathing, rng)
    atrial = P_PACED.name if paces_atria else OWN
    spikes = [Spike(t - CAPTURE_S["atrial"], "atrial") for t in times] if paces_atria else []
    if rhythm.chambers == "atrial":
        beats = tuple(PlannedBeat(t + pr_s, t, NORMAL, atrial) for t in times)
        return Schedule(beats, spikes=tuple(spikes))
    paced = _plan_paced_ventricles([t + pr_s for t in times], list(times), atrial)
    return Schedule(paced.beats, spikes=tuple(sorted([*spikes, *paced.spikes])))


def _plan_paced_ventricles(
    qrs_s: list[float], p_s: list[float | None], atrial: str = OWN
) -> Schedule:
    beats = tuple(
        PlannedBeat(qrs, p, PACED_BEAT, atrial, PACED.name)
        for qrs, p in zip(qrs_s, p_s, strict=True)
    )
    spikes = tuple(Spike(qrs - CAPTURE_S["ventricular"], "ventricular") for qrs in qrs_s)
    return Schedule(beats, spikes=spikes)


Plan = Callable[[Rhythm, float, Breathing, np.random.Generator], Schedule]
RHYTHMS: dict[str, Plan] = {
    SINUS: plan_sinus,
    FIBRILLATION: plan_fibrillation,
    FLUTTER: plan_flutter,
    REENTRY: plan_reentry,
    MOBITZ_1: plan_mobitz_one,
    MOBITZ_2: plan_mobitz_two,
    COMPLETE_BLOCK: plan_complete_block,
    PACEMAKER: plan_pacemaker,
    STRETCHES: plan_stretches,
}
