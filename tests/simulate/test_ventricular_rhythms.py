"""Ventricular rhythms and arrest meet their descriptions, in the truth and in the samples."""

from itertools import pairwise

import numpy as np
import pytest

from ecgcore.simulate import simulate
from ecgcore.simulate.cases_table import find_case

SEEDS = range(4)
FS = 500


def make(name, seed, **parameters):
    return simulate(find_case(name, **parameters), seed=seed, noise="none")


def cut(made, start_s, stop_s, lead=None):
    rows = made.recording.signal if lead is None else made.recording.lead(lead)
    return rows[..., round(start_s * FS) : round(stop_s * FS)].astype(float)


def qrs_ms(beat):
    return 1e3 * (beat.qrs_offset - beat.qrs_onset)


def main_hz(made, start_s, stop_s, lead="II"):
    part = cut(made, start_s, stop_s, lead)
    power = np.abs(np.fft.rfft((part - part.mean()) * np.hanning(part.size))) ** 2
    return float(np.fft.rfftfreq(part.size, 1 / FS)[power.argmax()])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("vt", 130, 210), ("vt-slow", 100, 130), ("aivr", 50, 100), ("vt-outflow", 130, 210)],
)
def test_a_ventricular_focus_is_regular_broad_and_apart_from_the_atria(name, low, high, seed):
    truth = make(name, seed).truth
    own = [b for b in truth.beats if b.origin == "ectopic"]
    rr = [
        b.qrs_onset - a.qrs_onset
        for a, b in pairwise(truth.beats)
        if a.origin == b.origin == "ectopic"
    ]
    assert low < 60 / np.mean(rr) < high
    assert np.std(rr) / np.mean(rr) < 0.03
    assert min(map(qrs_ms, own)) >= 120
    assert all(b.p_onset is None for b in own)
    p = np.array([p.onset for p in truth.p_waves])
    assert np.std(np.diff(p)) / np.mean(np.diff(p)) < 0.05, "the atria keep their rhythm"
    onsets = np.array([b.qrs_onset for b in truth.beats])
    before = [q - p[p < q].max() for q in onsets if (p < q).any()]
    assert np.ptp(before) > 0.15, "P to QRS takes every length"


@pytest.mark.parametrize("seed", SEEDS)
def test_origin_decides_axis_and_first_chest_lead(seed):
    outflow, left = make("vt-outflow", seed), make("vt-left", seed)
    assert 45 < outflow.truth.qrs_axis_deg < 120
    for made, sign in ((outflow, -1), (left, 1)):
        beat = next(b for b in made.truth.beats[2:] if b.origin == "ectopic")
        one = cut(made, beat.qrs_onset, beat.qrs_offset, "V1")
        assert sign * one[np.abs(one).argmax()] > 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_capture_is_narrow_and_early_and_fusion_lies_between(seed):
    truth = make("vt-capture", seed).truth
    kinds = [b.origin for b in truth.beats]
    assert "capture" in kinds
    assert "fusion" in kinds
    cycle = np.median(np.diff([b.qrs_onset for b in truth.beats]))
    for before, beat in pairwise(truth.beats):
        if beat.origin == "capture":
            assert beat.p_onset is not None
            assert qrs_ms(beat) < 115
            assert beat.qrs_onset - before.qrs_onset < 1.1 * cycle


@pytest.mark.parametrize("beats", [3, 5, 6, 10])
def test_a_run_has_its_beats_and_sinus_rhythm_around_it(beats):
    truth = make(f"vt-run-{beats}", 2).truth
    kinds = "".join("v" if b.type == "ventricular" else "n" for b in truth.beats)
    assert kinds.count("v") == beats
    assert "v" * beats in kinds
    assert kinds[0] == kinds[-1] == "n"
    assert truth.urgent == ("164895002",)
    (span,) = [r for r in truth.rhythms if r.code == "164895002"]
    assert all(
        (span.start_s < b.qrs_onset < span.end_s) == (b.type == "ventricular") for b in truth.beats
    )


def test_a_sustained_episode_lies_within_a_long_record():
    truth = make("vt-sustained", 1).truth
    (span,) = [r for r in truth.rhythms if r.code == "164895002"]
    assert 30 < span.end_s - span.start_s < 50
    assert [r.code for r in truth.rhythms] == ["SR", "164895002", "SR"]


@pytest.mark.parametrize(
    ("rate", "code", "urgent"),
    [(45, "49260003", False), (95, "61277005", False), (101, "164895002", True)],
)
def test_its_rate_names_a_ventricular_rhythm(rate, code, urgent):
    truth = make("vt", 1, rate_bpm=rate, capture_share=0).truth
    assert truth.labels == (code,)
    assert truth.urgent == ((code,) if urgent else ())
    assert truth.heart_rate_bpm == pytest.approx(rate, rel=0.02)
    assert ("61277005" in truth.uncertain) == urgent, "up to 120 a record cannot tell"


@pytest.mark.parametrize("seed", SEEDS)
def test_torsades_begins_after_a_pause_on_a_long_qt_and_turns(seed):
    made = make("torsades", seed)
    beats = made.truth.beats
    first = next(i for i, b in enumerate(beats) if b.origin == "ectopic")
    pause = beats[first - 1].qrs_onset - beats[first - 2].qrs_onset
    assert beats[first - 2].origin == "premature"
    assert pause > 1.1
    qt = [b.t_offset - b.qrs_onset for b in beats[:first] if b.type == "normal" and b.t_offset]
    assert min(qt) > 0.48
    assert made.truth.qt_ms > 480
    assert made.truth.qtc_ms > 480
    assert made.truth.qrs_ms < 115, "of the basic rhythm"
    assert beats[first].qrs_onset < beats[first - 1].t_offset + 0.08, "it begins on T"
    turning = beats[first + 1 : -1]
    rate = 60 / np.mean(np.diff([b.qrs_onset for b in turning]))
    assert 190 < rate < 265
    for lead in ("II", "V4"):
        peaks = []
        for beat in turning:
            one = cut(made, beat.qrs_onset, beat.qrs_offset, lead)
            peaks.append(one[np.abs(one).argmax()])
        signs = np.sign(peaks)
        assert 2 <= (np.diff(signs) != 0).sum() <= 0.6 * signs.size, "several beats one way"


@pytest.mark.parametrize("seed", SEEDS)
def test_polymorphic_beats_differ_from_each_other(seed):
    made = make("polymorphic-vt", seed)
    own = [b for b in made.truth.beats if b.origin == "ectopic"][:-1]
    shapes = [cut(made, b.qrs_onset, b.qrs_onset + 0.12).ravel() for b in own]
    alike = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(shapes)]
    assert np.median(alike) < 0.85
    assert 200 < 60 / np.mean(np.diff([b.qrs_onset for b in own])) < 290
    assert 1e3 * (made.truth.beats[1].t_offset - made.truth.beats[1].qrs_onset) < 450


@pytest.mark.parametrize("seed", SEEDS)
def test_fibrillation_has_no_beats_and_is_coarse_or_fine(seed):
    for name, low, high in (("vf-coarse", 0.4, 2.0), ("vf-fine", 0.08, 0.3)):
        made = make(name, seed)
        assert made.truth.beats == made.truth.p_waves == ()
        assert made.truth.heart_rate_bpm is None
        assert low < np.median(np.ptp(made.recording.signal, axis=1)) < high
        assert 3 < main_hz(made, 0, 10) < 9
        pieces = [main_hz(made, t, t + 2, lead) for t in (0, 3, 6) for lead in ("II", "V2")]
        assert len(set(pieces)) > 1, "its frequency drifts"


@pytest.mark.parametrize("seed", SEEDS)
def test_fibrillation_may_begin_with_a_beat_on_t(seed):
    made = make("vf-onset", seed)
    *_, before, early = made.truth.beats
    assert early.origin == "premature"
    assert before.t_onset < early.qrs_onset < before.t_offset
    (sinus, vf) = made.truth.rhythms
    assert (sinus.code, vf.code) == ("SR", "164896001")
    assert np.ptp(cut(made, vf.start_s + 1, 9.5, "V2")) > 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_ventricular_flutter_is_one_regular_wave(seed):
    made = make("ventricular-flutter", seed, rate_bpm=270)
    assert main_hz(made, 0, 10) == pytest.approx(4.5, abs=0.11)
    assert np.ptp(cut(made, 0, 10, "II")) > 0.8


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["asystole", "asystole-after-sinus", "asystole-after-vf"])
def test_asystole_is_a_line(name, seed):
    made = make(name, seed)
    last = made.truth.rhythms[-1]
    assert last.code == "397829000"
    assert last.end_s - last.start_s > 4
    after = max(last.start_s, max((b.t_offset or 0 for b in made.truth.beats), default=0)) + 0.4
    assert np.abs(cut(made, after, 10)).max() < 0.01
    assert all(b.qrs_onset < last.start_s for b in made.truth.beats)
    assert np.ptp(simulate(name, seed=seed).recording.lead("II")[-2000:]) > 0.004, "not dead"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["standstill", "standstill-after-sinus"])
def test_standstill_has_p_waves_alone(name, seed):
    made = make(name, seed)
    last = made.truth.rhythms[-1]
    assert (last.code, made.truth.urgent) == ("397829000", ("397829000",))
    p = [p for p in made.truth.p_waves if p.onset > last.start_s + 0.1]
    assert {x.fate for x in p} == {"blocked"}
    assert len(p) >= 5
    assert np.ptp(cut(made, last.start_s + 0.9, 10, "II")) < 0.25
    for one in p[1:-1]:
        assert cut(made, one.onset, one.offset, "II").max() > 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_leads_are_dead_lines_and_no_asystole(seed):
    made = simulate("leads-off", seed=seed)
    (off,) = made.truth.artifacts
    assert made.truth.urgent == ()
    assert set(off.leads) == set(made.recording.leads)
    assert not cut(made, off.start_s + 0.01, 10).any()
    made = simulate("limb-leads-off", seed=seed)
    after = made.truth.artifacts[0].start_s + 0.01
    assert not cut(made, after, 10, "II").any()
    assert np.ptp(cut(made, after, 10, "V3")) > 0.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "least"), [("motion-vt", 0.7), ("motion-vf", 0.7), ("tremor-flutter", 0.12)]
)
def test_motion_leaves_one_limb_lead_and_every_qrs(name, least, seed):
    made = make(name, seed)
    (moved,) = made.truth.artifacts
    free = {"I", "II", "III"} - set(moved.leads)
    assert len(free) == 1
    assert made.truth.urgent == ()
    plain = simulate(find_case(name, size_mv=0.01), seed=seed, noise="none")
    added = made.recording.signal - plain.recording.signal
    rows = dict(zip(made.recording.leads, np.ptp(added, axis=1), strict=True))
    assert max(rows[lead] for lead in moved.leads) > least
    assert rows[free.pop()] < 1e-5
    assert [b.qrs_onset for b in made.truth.beats] == [b.qrs_onset for b in plain.truth.beats]
    rr = np.diff([b.qrs_onset for b in made.truth.beats])
    assert rr.std() / rr.mean() < 0.06, "the QRS march through"
