"""Measured against the simulator's truth."""

import numpy as np
import pytest

from ecgcore.measure import measure
from ecgcore.simulate import simulate

# The simulator ends QRS where every lead is below 20 µV, and T at its tangent; readers, and so the
# delineator that learned from them, mark earlier onsets and later offsets (docs/measurements.md).
READERS_MARK_LATER_MS = {"pr": 0.0, "qrs": 12.0, "qt": 18.0}
SINUS = ("normal", "first-degree-av-block", "rbbb", "lbbb", "sinus-tachycardia", "pvc")


def value(found, name):
    return found.measurement(name).value


@pytest.mark.parametrize("case", SINUS)
def test_intervals_are_the_true_ones(case):
    errors = {name: [] for name in READERS_MARK_LATER_MS}
    for seed in (21, 22, 23):
        made = simulate(case, seed=seed)
        found = measure(made.recording, check=False)
        for name, given in errors.items():
            given.append(value(found, name) - getattr(made.truth, f"{name}_ms"))
        assert value(found, "heart_rate") == pytest.approx(made.truth.heart_rate_bpm, abs=0.7)
    for name, later in READERS_MARK_LATER_MS.items():
        assert np.median(errors[name]) == pytest.approx(later, abs=12)


def test_every_beat_is_found_where_it_is():
    made = simulate("pvc", seed=107)
    found = measure(made.recording, check=False).beats
    true = np.array([beat.r_peak for beat in made.truth.beats])
    # A beat cut by the record's edge is none of the truth's.
    r = found.consensus.r_peak
    whole = r[(r > 0.2) & (r < made.recording.duration_s - 0.2)]
    assert np.abs(whole[:, None] - true).min(axis=1).max() < 0.04
    assert np.abs(true[:, None] - r).min(axis=1).max() < 0.04


@pytest.mark.parametrize(("case", "kind"), [("pvc", "ventricular"), ("pac", "supraventricular")])
def test_early_beats_have_their_kind(case, kind):
    wrong = total = 0
    for seed in (56, 57, 58, 107):
        made = simulate(case, seed=seed)
        beats = measure(made.recording, check=False).beats
        for true in made.truth.beats:
            at = int(np.abs(beats.consensus.r_peak - true.r_peak).argmin())
            wrong += beats.types[at] != true.type
        total += sum(b.type == kind for b in made.truth.beats)
    assert total >= 4
    assert wrong <= 1


@pytest.mark.parametrize("seed", [0, 5, 6])
def test_fibrillation_has_no_p_and_says_why(seed):
    found = measure(simulate("atrial-fibrillation", seed=seed).recording, check=False)
    pr, p_axis = found.measurement("pr"), found.measurement("p_axis")
    assert pr.value is None
    assert "fibrillation" in pr.reason
    assert p_axis.value is None
    assert p_axis.reason == pr.reason
    assert found.rhythm == "irregular without P"
    assert np.isnan(found.beats.consensus.p_onset).all()
    assert "preceding RR" in found.measurement("qtc_fridericia").method


def test_wide_qrs_is_flagged_in_every_qtc_and_stops_the_st_thresholds():
    found = measure(simulate("lbbb", seed=3).recording, check=False)
    assert value(found, "qrs") > 120
    for name in ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges"):
        assert "confounded by wide QRS" in found.measurement(name).method
    assert "120 ms" in found.st.reason
    assert found.st.elevation_in == ()


def test_bazett_is_flagged_outside_60_to_100():
    fast = measure(simulate("sinus-tachycardia", seed=3).recording, check=False)
    slow = measure(simulate("sinus-bradycardia", seed=3).recording, check=False)
    usual = measure(simulate("normal", seed=3).recording, check=False)
    assert "overcorrects" in fast.measurement("qtc_bazett").method
    assert "undercorrects" in slow.measurement("qtc_bazett").method
    assert "corrects" not in usual.measurement("qtc_bazett").method


def test_axes_are_the_true_ones():
    for seed in (1, 2, 3):
        made = simulate("normal", seed=seed)
        found = measure(made.recording, check=False)
        for name in ("p", "qrs", "t"):
            true = getattr(made.truth, f"{name}_axis_deg")
            assert value(found, f"{name}_axis") == pytest.approx(true, abs=12)


def test_infarction_elevates_contiguous_leads():
    inferior = measure(simulate("inferior-stemi", seed=14).recording, check=False).st
    anterior = measure(simulate("anterior-stemi", seed=15).recording, check=False).st
    normal = measure(simulate("normal", seed=5).recording, check=False).st
    assert {"III", "aVF"} <= set(inferior.elevation_in)
    assert {"V2", "V3"} <= set(anterior.elevation_in)
    assert normal.elevation_in == normal.depression_in == ()


def test_hypertrophy_reaches_its_voltage():
    big = measure(simulate("lvh-strain", seed=1).recording, check=False).lvh
    usual = measure(simulate("normal", seed=5).recording, check=False).lvh
    assert any(c.met for c in big)
    assert not any(c.met for c in usual)
    assert all(c.value_mv is not None for c in (*big, *usual))


def test_a_second_opinion_widens_the_uncertainty():
    recording = simulate("normal", seed=4).recording
    alone, checked = measure(recording, check=False), measure(recording)
    for name in ("pr", "qrs", "qt"):
        assert value(alone, name) == value(checked, name)
        assert checked.measurement(name).uncertainty >= alone.measurement(name).uncertainty


def test_what_is_bad_is_left_out():
    found = measure(simulate("lead-off", seed=16).recording, check=False)
    assert "V3" in found.quality.bad_leads
    assert "V3" not in found.beats.leads
    assert set(found.amplitudes["V3"].values()) == {None}
    cornell = next(c for c in found.lvh if c.name == "cornell")
    assert cornell.met is None
    assert "V3" in cornell.reason
