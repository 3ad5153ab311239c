"""Axis, voltage, R-wave progression, dextrocardia, alternans."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.axis_voltage import (
    axis_limits,
    judge_alternans,
    judge_axis,
    judge_dextrocardia,
    judge_low_voltage,
    judge_r_progression,
)
from ecgcore.leads import CHEST_6, LIMB_6
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Unable
from ecgcore.study import Study
from tests.interpret.made_facts import MAN, codes, facts_of, study_of


@pytest.mark.parametrize(
    ("axis", "code"),
    [
        (-30.0, None),
        (-31.0, "39732003"),
        (-90.0, "39732003"),
        (-91.0, "AHA122"),
        (-179.0, "AHA122"),
        (90.0, None),
        (91.0, "47665007"),
        (170.0, "47665007"),
    ],
)
def test_the_limits_of_the_axis_in_adults(axis, code):
    found = codes(judge_axis, facts_of("normal", patient=MAN, qrs_axis=axis))
    assert found == ({code} if code else set())


def test_a_childs_axis_has_the_limits_of_its_age():
    assert axis_limits(Patient(1.5, "male")) == (-4.0, 118.0)
    child = Patient(1.5, "male")
    assert not codes(judge_axis, facts_of("normal", patient=child, qrs_axis=110.0))
    assert codes(judge_axis, facts_of("normal", patient=child, qrs_axis=-10.0)) == {"39732003"}
    found = list(judge_axis(facts_of("normal", patient=Patient(17.0, "male"), qrs_axis=110.0)))
    assert {type(each) for each in found} == {Unable}


def test_right_bundle_branch_block_has_the_axis_of_its_first_part():
    assert not codes(judge_axis, facts_of("rbbb", qrs_axis=130.0))


def test_exchanged_arms_have_no_axis():
    assert not codes(judge_axis, facts_of("arm-reversal", qrs_axis=130.0))


def scaled(leads, limit_mv, factor):
    facts = facts_of("normal", patient=MAN)
    largest = max(facts.qrs_shapes[name].span for name in leads)
    return dict.fromkeys(leads, factor * limit_mv / largest)


@pytest.mark.parametrize(("factor", "stated"), [(0.99, True), (1.01, False)])
def test_low_voltage_is_under_half_a_millivolt_in_all_limb_leads(factor, stated):
    facts = facts_of("normal", patient=MAN, scale=scaled(LIMB_6, 0.5, factor))
    (call,) = list(judge_low_voltage(facts)) or [None]
    assert (call is not None) is stated
    if call is not None:
        assert call.words == "Low limb-lead voltage"


def test_and_under_one_in_the_chest_leads():
    factors = scaled(LIMB_6, 0.5, 0.9) | scaled(CHEST_6, 1.0, 0.9)
    (call,) = judge_low_voltage(facts_of("normal", patient=MAN, scale=factors))
    assert (call.code, call.words) == ("LVOLT", "")
    chest = facts_of("normal", patient=MAN, scale=scaled(CHEST_6, 1.0, 0.9))
    assert not codes(judge_low_voltage, chest)


@pytest.mark.parametrize("seed", [900, 901])
@pytest.mark.parametrize(
    ("case", "stated"),
    [("poor-r-progression", True), ("normal", False), ("lbbb", False), ("rvh", False)],
)
def test_r_progression(case, stated, seed):
    assert bool(codes(judge_r_progression, facts_of(case, seed=seed))) is stated


@pytest.mark.parametrize("seed", [900, 901])
@pytest.mark.parametrize(
    ("case", "stated"),
    [("dextrocardia", True), ("arm-reversal", False), ("normal", False), ("lateral-stemi", False)],
)
def test_dextrocardia_is_told_from_exchanged_arms(case, stated, seed):
    assert bool(codes(judge_dextrocardia, facts_of(case, seed=seed))) is stated


@pytest.mark.parametrize(
    ("case", "stated"),
    [("electrical-alternans", True), ("normal", False), ("pvc-bigeminy", False)],
)
def test_alternans(case, stated):
    assert bool(codes(judge_alternans, facts_of(case))) is stated


@pytest.mark.parametrize(("part", "stated"), [(0.04, False), (0.25, True)])
def test_alternans_needs_a_tenth(part, stated):
    """Every second beat of a normal ECG made larger by a part of it."""
    study = study_of("normal")
    recording, r_s = study.recording, study.measured.beats.consensus.r_peak
    beat = np.searchsorted((r_s[1:] + r_s[:-1]) / 2, np.arange(recording.n_samples) / 500.0)
    signal = (recording.signal * (1 + part * (beat % 2))).astype(np.float32)
    changed = Study(replace(recording, signal=signal)).with_measured(study.measured)
    assert bool(codes(judge_alternans, Facts(changed))) is stated


def test_a_flat_lead_has_no_r_wave_to_grow():
    made = study_of("normal").recording
    flat = made.signal.copy()
    flat[made.leads.index("V3")] = 0.0
    facts = Facts(Study(replace(made, signal=flat)))
    assert "V3" not in facts.median_leads
    assert not codes(judge_r_progression, facts)
