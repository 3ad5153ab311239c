"""Sinus node, AV block, supraventricular rhythms and pacemakers meet their descriptions."""

from itertools import pairwise

import numpy as np
import pytest

from ecgcore.simulate import simulate
from ecgcore.simulate.cases_table import find_case

SEEDS = range(4)
FS = 500


def make(name, seed, **parameters):
    return simulate(find_case(name, **parameters), seed=seed, noise="none")


def level(made, lead, time_s):
    return float(made.recording.lead(lead)[round(time_s * FS)])


def rr(truth):
    return np.diff([b.qrs_onset for b in truth.beats])


def qrs_ms(beat):
    return 1e3 * (beat.qrs_offset - beat.qrs_onset)


@pytest.mark.parametrize(
    ("pause_s", "urgent"),
    [
        (2.2, ()),
        (2.9, ()),
        (3.1, ("5609005",)),
        (5.5, ("5609005",)),
        (6.5, ("397829000", "5609005")),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_pause_is_as_long_as_asked_for_and_urgent_from_three_seconds(pause_s, urgent, seed):
    truth = make("sinus-pause-3s", seed, pause_s=pause_s).truth
    assert rr(truth).max() == pytest.approx(pause_s, abs=0.01)
    assert truth.urgent == urgent
    start = truth.beats[int(rr(truth).argmax())].qrs_onset
    inside = [p for p in truth.p_waves if start < p.onset < start + pause_s - 0.3]
    assert not inside, "no P in a sinus arrest"


@pytest.mark.parametrize("seed", SEEDS)
def test_an_exit_block_is_two_cycles(seed):
    truth = make("sinoatrial-block", seed).truth
    pp = np.diff([p.onset for p in truth.p_waves])
    assert pp.max() == pytest.approx(2 * np.median(pp), rel=0.06)
    assert truth.urgent == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_paroxysmal_block_has_p_waves_in_its_pause(seed):
    truth = make("paroxysmal-av-block", seed).truth
    assert rr(truth).max() >= 3.4
    assert len([p for p in truth.lone_p if p.fate == "blocked"]) >= 3
    pp = np.diff([p.onset for p in truth.p_waves])
    assert pp.std() / pp.mean() < 0.06


@pytest.mark.parametrize("seed", SEEDS)
def test_blocked_beats_in_every_t_halve_the_rate(seed):
    made = make("pac-blocked-bigeminy", seed)
    for p in made.truth.lone_p[1:-1]:
        before = max(b.qrs_onset for b in made.truth.beats if b.qrs_onset < p.onset)
        assert p.onset - before < 0.35
    assert 40 < made.truth.heart_rate_bpm < 60


@pytest.mark.parametrize("seed", SEEDS)
def test_two_to_one_and_high_grade_block(seed):
    for name, most in (("2to1-av-block", 1), ("high-grade-av-block", 3)):
        truth = make(name, seed, **({} if most == 1 else {"blocked": (2, 3)})).truth
        fates = "".join(p.fate[0] for p in truth.p_waves)
        runs = [len(part) for part in fates.strip("b").split("c") if part]
        assert set(runs) <= ({1} if most == 1 else {2, 3})
        pr = [b.qrs_onset - b.p_onset for b in truth.beats if b.p_onset is not None]
        assert np.ptp(pr) < 0.002
        pp = np.diff([p.onset for p in truth.p_waves])
        assert pp.std() / pp.mean() < 0.06
    assert truth.urgent == ("AHA87",)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "low", "high", "broad"),
    [
        ("complete-block-wide", 25, 41, True),
        ("complete-block-narrow", 39, 59, False),
        ("complete-block-af", 33, 53, False),
    ],
)
def test_complete_block_has_a_regular_escape(name, low, high, broad, seed):
    truth = make(name, seed).truth
    assert low < truth.heart_rate_bpm < high
    assert rr(truth).std() / rr(truth).mean() < 0.02
    assert (truth.qrs_ms >= 120) == broad
    assert {b.origin for b in truth.beats} == {"escape"}
    assert all(b.p_onset is None for b in truth.beats)
    assert truth.urgent == ("3AVB",)


@pytest.mark.parametrize("seed", SEEDS)
def test_dissociation_without_block_has_fewer_p_than_qrs(seed):
    truth = make("av-dissociation", seed).truth
    assert len(truth.p_waves) < len(truth.beats)
    assert truth.qrs_ms < 110
    assert truth.urgent == ()
    for before, beat in pairwise(truth.beats):
        if beat.origin == "capture":
            assert beat.qrs_onset - before.qrs_onset < np.median(rr(truth)) + 0.01


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("rate", "code"), [(50, "29320008"), (80, "426664006"), (115, "426648003")]
)
@pytest.mark.parametrize("where", ["before", "after", "hidden"])
def test_a_junctional_rhythm_activates_the_atria_backwards(rate, code, where, seed):
    made = make("junctional", seed, rate_bpm=rate, retrograde=where)
    assert made.truth.labels == (code,)
    assert made.truth.heart_rate_bpm == pytest.approx(rate, rel=0.03)
    assert made.truth.qrs_ms < 110
    if where == "before":
        assert 60 < made.truth.pr_ms < 120
    assert bool(made.truth.p_waves) == (where != "hidden")
    for p in made.truth.p_waves[1:-1]:
        assert level(made, "II", p.peak) < level(made, "II", p.onset)


@pytest.mark.parametrize("seed", SEEDS)
def test_rate_names_an_atrial_focus_and_ratio_its_conduction(seed):
    for rate, code in ((80, "106068003"), (150, "713422000")):
        truth = make("ectopic-atrial", seed, rate_bpm=rate).truth
        assert truth.labels == (code,)
        assert rr(truth).std() / rr(truth).mean() < 0.02
    truth = make("atrial-tachycardia-2to1", seed).truth
    pp = np.diff([p.onset for p in truth.p_waves])
    assert np.median(rr(truth)) == pytest.approx(2 * np.median(pp), rel=0.03)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("multifocal-atrial", 60, 100), ("multifocal-tachycardia", 98, 145)],
)
def test_several_foci_change_p_pr_and_rr(name, low, high, seed):
    made = make(name, seed)
    truth = made.truth
    assert low < truth.heart_rate_bpm < high
    planned = made.made.beats.schedule.beats
    assert len({b.atrial for b in planned if 0 < b.qrs_s < 10}) >= 3
    pr = [b.qrs_onset - b.p_onset for b in truth.beats if b.p_onset is not None]
    assert np.ptp(pr) > 0.03
    assert rr(truth).std() / rr(truth).mean() > 0.09


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "broad"), [("svt-regular", False), ("svt-rbbb", True), ("svt-lbbb", True)]
)
def test_reentry_is_regular_whatever_its_width(name, broad, seed):
    truth = make(name, seed).truth
    assert 150 <= truth.heart_rate_bpm <= 216
    assert rr(truth).std() / rr(truth).mean() < 0.01
    assert (truth.qrs_ms >= 120) == broad
    assert truth.urgent == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_of_aberrant_tachycardia_begins_with_an_early_p(seed):
    truth = make("svt-run-lbbb", seed).truth
    fast = [b for b in truth.beats if b.type == "supraventricular"]
    assert len(fast) >= 4
    assert fast[0].origin == "premature"
    assert fast[0].p_onset is not None
    assert min(map(qrs_ms, fast)) >= 120
    assert max(qrs_ms(b) for b in truth.beats if b.type == "normal") < 110
    assert truth.urgent == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_preexcited_fibrillation_is_irregular_with_changing_width(seed):
    truth = make("preexcited-af", seed).truth
    assert 165 < truth.heart_rate_bpm < 260
    assert rr(truth).std() / rr(truth).mean() > 0.12
    assert rr(truth).min() >= 0.189
    widths = list(map(qrs_ms, truth.beats))
    assert np.ptp(widths) > 10
    assert truth.urgent == ("AF", "WPW")
    plain = make("af-fast-lbbb", seed).truth
    assert np.ptp(list(map(qrs_ms, plain.beats))) < 1
    assert plain.urgent == ()


def follows(beats, spike, field="qrs_onset"):
    return any(0 < getattr(b, field) - spike.time_s < 0.02 for b in beats if getattr(b, field))


@pytest.mark.parametrize("seed", SEEDS)
def test_failure_to_capture_has_spikes_that_nothing_follows(seed):
    made = make("failure-to-capture-ventricular", seed)
    truth = made.truth
    kept = [s for s in truth.spikes if 0.1 < s.time_s < 9.6]
    lost = [s for s in kept if not s.captured]
    assert 1 <= len(lost) < len(kept)
    assert all(follows(truth.beats, s) == s.captured for s in kept)
    assert all(s.timely for s in kept)
    assert {b.origin for b in truth.beats if b.type == "ventricular"} <= {"escape"}
    assert truth.urgent == ("AHA186",)
    slope = np.abs(np.diff(made.recording.lead("II").astype(float)))
    assert all(
        slope[round(s.time_s * FS) - 2 : round(s.time_s * FS) + 3].max() > 0.05 for s in lost
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_failure_to_capture_the_atrium_leaves_a_junctional_escape(seed):
    truth = make("failure-to-capture-atrial", seed).truth
    kept = [s for s in truth.spikes if 0.1 < s.time_s < 9.6]
    assert not all(s.captured for s in kept)
    assert all(follows(truth.p_waves, s, "onset") == s.captured for s in kept)
    assert any(b.origin == "escape" for b in truth.beats)
    assert truth.qrs_ms < 110


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("chamber", ["ventricular", "atrial"])
def test_failure_to_sense_has_spikes_at_one_interval_at_wrong_times(chamber, seed):
    truth = make(f"failure-to-sense-{chamber}", seed).truth
    times = np.array([s.time_s for s in truth.spikes])
    assert np.ptp(np.diff(times)) < 0.001
    assert any(not s.timely for s in truth.spikes)
    assert any(b.type == "normal" for b in truth.beats)


@pytest.mark.parametrize("seed", SEEDS)
def test_pacing_on_demand_waits_for_each_beat(seed):
    truth = make("paced-on-demand", seed).truth
    assert all(s.captured and s.timely for s in truth.spikes)
    assert {"normal", "paced"} == {b.type for b in truth.beats}
    wait = max(rr(truth))
    for spike in truth.spikes:
        since = spike.time_s - max(b.qrs_onset for b in truth.beats if b.qrs_onset < spike.time_s)
        assert since == pytest.approx(wait, abs=0.01)
    assert truth.urgent == ()
