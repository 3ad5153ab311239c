"""Atrial enlargement and ventricular hypertrophy by named criteria."""

import pytest

from ecgcore.interpret.rules.hypertrophy import (
    cornell_limit,
    judge_left_atrium,
    judge_left_ventricle,
    judge_right_atrium,
    judge_right_ventricle,
    voltage_evidence,
)
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Against, Unable
from tests.interpret.made_facts import MAN, WOMAN, calls, codes, facts_of

YOUNG = Patient(24.0, "male")
CHILD = Patient(8.0, "female")
SEEDS = pytest.mark.parametrize("seed", [900, 901])


@SEEDS
@pytest.mark.parametrize(
    ("case", "code"), [("lvh-strain", "LVH"), ("lvh-voltage", "VCLVH"), ("normal", None)]
)
def test_the_left_ventricle_by_voltage_and_what_supports_it(case, code, seed):
    found = codes(judge_left_ventricle, facts_of(case, patient=MAN, seed=seed))
    assert found == ({code} if code else set())


def test_sokolow_lyon_is_reached_at_3_5_mv():
    facts = facts_of("normal", patient=MAN)
    reached = facts.qrs_shapes["V1"].depth + max(facts.qrs_shapes[n].top for n in ("V5", "V6"))
    for factor, met in ((0.995, False), (1.005, True)):
        factors = dict.fromkeys(("V1", "V5", "V6"), factor * 3.5 / reached)
        found = voltage_evidence(facts_of("normal", patient=MAN, scale=factors))
        assert any("Sokolow" in each.name for each in found) is met


def test_sokolow_lyon_says_nothing_under_35_years():
    assert any("Sokolow" in e.name for e in voltage_evidence(facts_of("lvh-voltage", patient=MAN)))
    young = voltage_evidence(facts_of("lvh-voltage", patient=YOUNG))
    assert not any("Sokolow" in each.name for each in young)


def test_cornells_limit_is_that_of_the_sex_or_the_lower_one():
    limits = [cornell_limit(facts_of("normal", patient=p)) for p in (MAN, WOMAN, Patient(60, None))]
    assert limits == [2.8, 2.0, 2.0]


@pytest.mark.parametrize("case", ["lbbb", "rbbb", "wpw"])
def test_with_a_block_no_hypertrophy_is_stated(case):
    (found,) = judge_left_ventricle(facts_of(case))
    assert (type(found), found.code) == (Against, "LVH")


@pytest.mark.parametrize(
    "rule", [judge_left_ventricle, judge_right_ventricle, judge_left_atrium, judge_right_atrium]
)
def test_children_are_not_assessed(rule):
    (found,) = rule(facts_of("lvh-voltage", patient=CHILD))
    assert isinstance(found, Unable)
    assert found.reason == "Not assessed under 18 years."


@SEEDS
def test_biventricular_hypertrophy(seed):
    facts = facts_of("biventricular-hypertrophy", seed=seed)
    assert codes(judge_left_ventricle, facts) == {"AHA144"}


@SEEDS
@pytest.mark.parametrize(
    ("case", "stated"), [("rvh", True), ("normal", False), ("rbbb", False), ("dextrocardia", False)]
)
def test_the_right_ventricle(case, stated, seed):
    found = codes(judge_right_ventricle, facts_of(case, seed=seed))
    assert found == ({"RVH"} if stated else set())


def test_a_normal_axis_speaks_against_it():
    assert not codes(judge_right_ventricle, facts_of("rvh", qrs_axis=60.0))


@SEEDS
def test_the_left_atrium(seed):
    call = calls(judge_left_atrium, facts_of("left-atrial-enlargement", seed=seed))["LAO/LAE"]
    assert {"P duration", "P terminal force in V1"} <= {each.name for each in call.evidence}
    assert not codes(judge_left_atrium, facts_of("normal", seed=seed))


@pytest.mark.parametrize(("duration", "stated"), [(119.0, False), (120.0, True)])
def test_a_long_p_begins_at_120_ms(duration, stated):
    facts = facts_of("left-atrial-enlargement", p_duration=duration)
    assert bool(codes(judge_left_atrium, facts)) is stated


def test_without_conducted_p_no_atrium_is_judged():
    assert not list(judge_left_atrium(facts_of("left-atrial-enlargement", pr=None)))


@SEEDS
def test_the_right_atrium(seed):
    facts = facts_of("right-atrial-enlargement", seed=seed)
    assert codes(judge_right_atrium, facts) == {"RAO/RAE"}
    assert not codes(judge_right_atrium, facts_of("normal", seed=seed))


def test_a_tall_p_is_over_0_25_mv():
    top = max(facts_of("normal").p_shapes[n].top for n in ("II", "III", "aVF"))
    for factor, stated in ((0.98, False), (1.02, True)):
        factors = dict.fromkeys(("II", "III", "aVF"), factor * 0.25 / top)
        found = codes(judge_right_atrium, facts_of("normal", patient=MAN, scale=factors))
        assert bool(found) is stated
