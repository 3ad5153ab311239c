"""Rhythms beyond the sinus meet their criteria, in the truth and in the samples."""

from itertools import pairwise

import numpy as np
import pytest

from ecgcore.simulate import simulate

FS = 1000
SEEDS = range(4)


def make(name, seed, **options):
    return simulate(name, seed=seed, fs_hz=FS, noise="none", **options)


def at(made, lead, time_s):
    return float(made.recording.lead(lead)[round(time_s * FS)])


def conducted_pr(truth):
    return [1e3 * (b.qrs_onset - b.p_onset) for b in truth.beats if b.p_onset is not None]


def groups(truth):
    """PR intervals between dropped P waves, whole groups only."""
    drops = [p.onset for p in truth.lone_p]
    return [
        [
            1e3 * (b.qrs_onset - b.p_onset)
            for b in truth.beats
            if b.p_onset is not None and a < b.p_onset < z
        ]
        for a, z in pairwise(drops)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_sinus_arrhythmia_changes_rr_but_not_pr_or_p(seed):
    truth = make("sinus-arrhythmia", seed).truth
    rr = np.diff([b.qrs_onset for b in truth.beats])
    assert np.ptp(rr) > 0.12
    assert np.ptp(conducted_pr(truth)) < 2
    assert 50 < truth.heart_rate_bpm < 100


@pytest.mark.parametrize("seed", SEEDS)
def test_wenckebach_grows_most_at_first_and_is_shortest_after_the_drop(seed):
    truth = make("mobitz-1", seed, duration_s=30).truth
    whole = groups(truth)
    assert len(whole) >= 4
    for pr in whole:
        steps = np.diff(pr)
        assert (steps > 5).all(), "PR grows"
        assert (np.diff(steps) < 0).all(), "by less each time"
        assert pr[0] == min(pr)
    # RR shortens within a group: the increments fall.
    assert all(len(pr) in {3, 4} for pr in whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_mobitz_two_has_constant_pr_and_a_pause_of_two_cycles(seed):
    truth = make("mobitz-2", seed, duration_s=20).truth
    assert np.ptp(conducted_pr(truth)) < 2
    onsets = [b.p_onset for b in truth.beats if b.p_onset is not None]
    drops = [p.onset for p in truth.lone_p]
    assert drops
    pp = np.diff(sorted([*onsets, *drops]))
    assert pp.std() / pp.mean() < 0.06, "atria keep their rhythm"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "low", "high", "broad"),
    [("complete-av-block", 20, 42, True), ("complete-av-block-junctional", 40, 60, False)],
)
def test_complete_block_has_two_independent_regular_rhythms(name, low, high, broad, seed):
    truth = make(name, seed, duration_s=30).truth
    assert all(b.p_onset is None for b in truth.beats)
    p, qrs = (
        np.array([x.onset for x in truth.lone_p]),
        np.array([b.qrs_onset for b in truth.beats]),
    )
    assert np.diff(p).std() / np.diff(p).mean() < 0.06
    assert np.diff(qrs).std() / np.diff(qrs).mean() < 0.02
    assert low < truth.heart_rate_bpm < high < 60 / np.diff(p).mean()
    assert (truth.qrs_ms >= 120) == broad
    before = [q - p[p < q].max() for q in qrs if (p < q).any()]
    assert np.ptp(before) > 0.3, "P to QRS takes every length"
    assert {b.origin for b in truth.beats} == {"escape"}


@pytest.mark.parametrize(("name", "ratio"), [(f"atrial-flutter-{k}to1", k) for k in (2, 3, 4)])
def test_flutter_conducts_every_nth_wave(name, ratio):
    made = make(name, 1)
    rr = np.diff([b.r_peak for b in made.truth.beats])
    assert np.abs(rr * 292 / 60 - ratio).max() < 0.12
    assert made.truth.labels == ("AFLT",)
    assert "AF" in made.truth.uncertain


@pytest.mark.parametrize("seed", SEEDS)
def test_reentry_is_fast_regular_narrow_with_a_p_at_the_end_of_qrs(seed):
    made = make("svt", seed)
    truth = made.truth
    rr = np.diff([b.qrs_onset for b in truth.beats])
    assert 150 <= truth.heart_rate_bpm <= 220
    assert rr.std() / rr.mean() < 0.01
    assert truth.qrs_ms < 110
    assert truth.pr_ms is None
    assert {p.fate for p in truth.lone_p} == {"retrograde"}
    for beat, after in pairwise(truth.beats):
        p = [x for x in truth.lone_p if beat.qrs_onset < x.onset < after.qrs_onset]
        assert len(p) == 1
        assert abs(p[0].onset - beat.qrs_offset) < 0.04
        # Upright in V1 and negative in II against the same place without a retrograde P.
        assert at(made, "V1", p[0].peak) > at(made, "V1", after.qrs_onset - 0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_hidden_atrial_beats_deform_the_t_before_them(seed):
    made = make("pac-hidden", seed)
    beats = made.truth.beats
    early = [i for i, b in enumerate(beats) if b.type == "supraventricular"]
    assert len(early) == 2
    for i in early:
        before, beat = beats[i - 1], beats[i]
        assert before.t_onset < beat.p_peak < before.t_offset, "P lies within T"
        plain = beats[i - 2] if i >= 2 else beats[i + 2]
        height = at(made, "aVF", before.qrs_onset + (beat.p_peak - before.qrs_onset))
        usual = at(made, "aVF", plain.qrs_onset + (beat.p_peak - before.qrs_onset))
        assert height > usual + 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_blocked_atrial_beats_have_no_qrs_and_a_pause_below_two_cycles(seed):
    truth = make("pac-blocked", seed).truth
    blocked = [p for p in truth.lone_p if p.fate == "premature"]
    assert len(blocked) == 2
    onsets = np.array([b.qrs_onset for b in truth.beats])
    usual = np.median(np.diff(onsets))
    for p in blocked:
        before, after = onsets[onsets < p.onset].max(), onsets[onsets > p.onset].min()
        assert after - p.onset > 0.35, "it is not conducted"
        assert usual * 1.25 < after - before < usual * 1.97
    assert {b.type for b in truth.beats} == {"normal"}


@pytest.mark.parametrize("seed", SEEDS)
def test_bigeminy_couplets_and_foci(seed):
    kinds = [b.type[0] for b in make("pvc-bigeminy", seed).truth.beats]
    assert all({a, b} == {"n", "v"} for a, b in pairwise(kinds))
    kinds = "".join(b.type[0] for b in make("pvc-couplets", seed).truth.beats)
    assert kinds.count("vv") == 2
    assert "vvv" not in kinds
    made = make("pvc-multifocal", seed)
    shapes = [
        made.recording.signal[:, round(b.qrs_onset * FS) : round(b.qrs_onset * FS) + 120].ravel()
        for b in made.truth.beats
        if b.type == "ventricular"
    ]
    assert len(shapes) == 3
    assert all(np.corrcoef(a, b)[0, 1] < 0.8 for a, b in pairwise(shapes))


@pytest.mark.parametrize("seed", SEEDS)
def test_sinus_p_goes_on_through_a_ventricular_beat(seed):
    truth = make("pvc", seed).truth
    lone = [p for p in truth.lone_p if p.fate == "dissociated"]
    assert len(lone) == 2
    p = np.sort([*(b.p_onset for b in truth.beats if b.p_onset), *(x.onset for x in lone)])
    assert np.diff(p).std() / np.diff(p).mean() < 0.06


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["paced-atrial", "paced-ventricular", "paced-dual", "paced-af"])
def test_pacing_has_a_spike_before_what_it_paces(name, seed):
    made = make(name, seed)
    truth = made.truth
    chambers = {
        "paced-atrial": {"atrial"},
        "paced-dual": {"atrial", "ventricular"},
    }.get(name, {"ventricular"})
    assert {s.chamber for s in truth.spikes} == chambers
    for chamber in chambers:
        spikes = np.array([s.time_s for s in truth.spikes if s.chamber == chamber])
        field = "p_onset" if chamber == "atrial" else "qrs_onset"
        for beat in truth.beats[1:]:
            delay = getattr(beat, field) - spikes
            assert ((delay > 0) & (delay < 0.015)).any()
        slope = np.abs(np.diff(made.recording.lead("II").astype(float)))
        heights = [slope[round(t * FS) - 3 : round(t * FS) + 4].max() for t in spikes[1:-1]]
        assert min(heights) > 0.06, "a line on paper"
    if "ventricular" in chambers:
        assert {b.type for b in truth.beats} == {"paced"}
        assert truth.qrs_ms >= 120
        assert -90 < truth.qrs_axis_deg < -30
        # Against the QRS: negative QRS and upright T in II, III and aVF.
        beat = truth.beats[1]
        for lead in ("III", "aVF"):
            qrs = made.recording.lead(lead)[round(beat.r_peak * FS)]
            assert qrs < -0.5 < 0.1 < at(made, lead, beat.t_peak)
    if name == "paced-af":
        assert all(b.p_onset is None for b in truth.beats)
        assert np.ptp(np.diff([b.qrs_onset for b in truth.beats])) < 0.002


@pytest.mark.parametrize("seed", SEEDS)
def test_early_ventricular_beats_in_fibrillation(seed):
    truth = make("atrial-fibrillation+pvc", seed).truth
    assert truth.labels == ("AF", "PVC")
    early = [b for b in truth.beats if b.origin == "premature"]
    assert len(early) == 2
    assert all(1e3 * (b.qrs_offset - b.qrs_onset) >= 120 for b in early)


def test_long_strip_has_couplets_bigeminy_and_a_run():
    kinds = "".join(b.type[0] for b in simulate("holter-pvc", seed=18).truth.beats)
    assert "nvvvvn" in kinds
    assert kinds.count("nvvn") >= 5
    assert "nvnvnvnvnvn" in kinds
