"""PR, bundle branches, fascicles and pre-excitation by measurement."""

from dataclasses import replace

import pytest

from ecgcore.interpret.rules.conduction import (
    bundle_block,
    judge_bundles,
    judge_fascicles,
    judge_pr,
    judge_preexcitation,
    pr_limits,
    widths_ms,
)
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Against, Unable
from tests.interpret.made_facts import MAN, calls, codes, facts_of


@pytest.mark.parametrize(("pr_ms", "stated"), [(200.4, False), (201.0, True), (260.0, True)])
def test_first_degree_block_is_a_pr_over_200_ms(pr_ms, stated):
    facts = facts_of("normal", patient=MAN, pr=pr_ms)
    assert codes(judge_pr, facts) == ({"IAVB"} if stated else set())
    if stated:
        (evidence,) = calls(judge_pr, facts)["IAVB"].evidence
        assert (evidence.name, evidence.value, evidence.limit) == ("PR", round(pr_ms), "> 200")


@pytest.mark.parametrize(
    "code", ["AF", "AFLT", "3AVB", "54016002", "164895002", "29320008", "251266004"]
)
def test_there_is_no_first_degree_block_without_conducted_p(code):
    (found,) = judge_pr(facts_of("normal", patient=MAN, rhythms=(code,), pr=280.0))
    assert isinstance(found, Against)
    assert found.code == "IAVB"


def test_nor_without_a_pr():
    (found,) = judge_pr(facts_of("normal", patient=MAN, pr=None))
    assert (type(found), found.code) == (Against, "IAVB")


@pytest.mark.parametrize(("pr_ms", "stated"), [(120.0, False), (119.0, True), (90.0, True)])
def test_a_short_pr_is_one_under_120_ms(pr_ms, stated):
    facts = facts_of("normal", patient=MAN, pr=pr_ms)
    assert codes(judge_pr, facts) == ({"49578007"} if stated else set())
    junctional = facts_of("normal", patient=MAN, pr=pr_ms, rhythms=("29320008",))
    assert not codes(judge_pr, junctional)


def test_a_childs_pr_has_the_limits_of_its_age():
    assert pr_limits(Patient(4.0, "male")) == (98.0, 152.0)
    # Of an unknown sex the narrower ones.
    assert pr_limits(Patient(4.0, None)) == (99.0, 152.0)
    assert codes(judge_pr, facts_of("normal", patient=Patient(4.0, "male"), pr=160.0)) == {"IAVB"}
    found = list(judge_pr(facts_of("normal", patient=Patient(16.5, "male"), pr=160.0)))
    assert {type(each) for each in found} == {Unable}


@pytest.mark.parametrize("seed", [900, 901])
@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("lbbb", "LBBB"),
        ("rbbb", "RBBB"),
        ("irbbb", "IRBBB"),
        ("ilbbb", "ILBBB"),
        ("atrial-fibrillation+lbbb", "LBBB"),
        ("first-degree-av-block+rbbb", "RBBB"),
    ],
)
def test_bundle_branch_block_by_its_shape(case, code, seed):
    facts = facts_of(case, seed=seed)
    assert codes(judge_bundles, facts) == {code}
    call = calls(judge_bundles, facts)[code]
    assert call.leads == ("V1", "I", "V6")
    assert {"QRS", "QRS in V1"} <= {each.name for each in call.evidence}


@pytest.mark.parametrize(
    "case", ["normal", "lvh-strain", "old-anterior-infarct", "osborn", "early-repolarisation"]
)
def test_other_shapes_are_no_bundle_branch_block(case):
    assert not codes(judge_bundles, facts_of(case))


@pytest.mark.parametrize(("qrs_ms", "code"), [(121.0, "RBBB"), (118.0, "IRBBB"), (96.0, "")])
def test_a_block_is_complete_from_120_ms(qrs_ms, code):
    assert bundle_block(facts_of("rbbb", patient=MAN, qrs=qrs_ms)) == code


def test_in_children_from_less():
    assert widths_ms(3.0) == (80.0, 90.0)
    assert widths_ms(10.0) == (90.0, 100.0)
    assert widths_ms(None) == widths_ms(40.0) == (110.0, 120.0)
    assert bundle_block(facts_of("rbbb", patient=Patient(9.0, "male"), qrs=104.0)) == "RBBB"


def test_a_wide_complex_of_neither_shape_is_unspecified():
    wide = facts_of("hyperkalaemia-moderate", patient=MAN)
    assert codes(judge_bundles, wide) == {"IVCD"}
    narrow = facts_of("hyperkalaemia-moderate", patient=MAN, qrs=119.0)
    assert not codes(judge_bundles, narrow)


def test_a_qrs_that_ends_where_no_lead_shows_a_wave_is_not_wide():
    assert not codes(judge_bundles, facts_of("normal", patient=MAN, qrs=150.0))


@pytest.mark.parametrize("rhythm", ["164895002", "61277005", "81898007"])
def test_ventricular_rhythms_have_no_block_of_a_bundle(rhythm):
    found = list(judge_bundles(facts_of("lbbb", rhythms=(rhythm,))))
    assert {type(each) for each in found} == {Against}
    assert "LBBB" in {each.code for each in found}


def test_a_retrograde_p_is_no_r_prime():
    assert bundle_block(facts_of("irbbb")) == "IRBBB"
    assert bundle_block(facts_of("irbbb", rhythms=("SVTAC",))) == ""


@pytest.mark.parametrize("seed", [900, 901])
@pytest.mark.parametrize(
    ("case", "stated"),
    [
        ("lafb", {"LAFB"}),
        ("lpfb", {"LPFB"}),
        ("rbbb+lafb", {"LAFB", "445481009"}),
        ("normal", set()),
        ("rbbb", set()),
        ("lbbb", set()),
        ("rvh", set()),
    ],
)
def test_fascicular_blocks(case, stated, seed):
    assert codes(judge_fascicles, facts_of(case, seed=seed)) == stated


@pytest.mark.parametrize(("axis", "stated"), [(-44.0, False), (-45.0, True), (-90.0, True)])
def test_left_anterior_block_begins_at_minus_45_degrees(axis, stated):
    found = codes(judge_fascicles, facts_of("lafb", qrs_axis=axis))
    assert found == ({"LAFB"} if stated else set())


@pytest.mark.parametrize("seed", [900, 901, 902])
def test_preexcitation_is_a_short_pr_with_a_slow_start(seed):
    facts = facts_of("wpw", seed=seed, pr=112.0)
    assert codes(judge_preexcitation, facts) == {"WPW"}
    assert not codes(judge_bundles, facts)
    assert not codes(judge_pr, facts)


@pytest.mark.parametrize("case", ["normal", "lbbb", "short-pr", "rbbb"])
def test_a_steep_start_is_none(case):
    assert not codes(judge_preexcitation, facts_of(case, pr=112.0))


@pytest.mark.parametrize(
    ("axis", "excluded"),
    [(-31.0, False), (-30.0, False), (-29.0, True), (90.0, True), (91.0, False)],
)
def test_without_left_axis_deviation_there_is_no_left_anterior_fascicular_block(axis, excluded):
    found = list(judge_fascicles(facts_of("normal", patient=MAN, qrs_axis=axis)))
    assert [(type(one), one.code) for one in found] == ([(Against, "LAFB")] if excluded else [])


def test_an_incomplete_right_block_needs_an_r_prime():
    facts = facts_of("irbbb")
    assert bundle_block(facts) == "IRBBB"
    for lead in ("V1", "V2"):
        shape = facts.qrs_shape(lead)
        last = max((wave for wave in shape.waves if wave.height > 0), key=lambda w: w.peak_ms)
        first = replace(last, height=-0.2, start_ms=0.0, peak_ms=20.0, stop_ms=last.start_ms)
        facts.qrs_shapes[lead] = replace(shape, waves=(first, last))
    assert facts.qrs_shape("V1").letters in ("qR", "QR", "Qr")
    assert bundle_block(facts) != "IRBBB"


def test_the_s_that_is_printed_is_the_one_that_lasts_longest():
    facts = facts_of("rbbb")
    evidence = {e.name: e.value for e in calls(judge_bundles, facts)["RBBB"].evidence}
    lasts = {n: facts.qrs_shape(n).terminal_s.duration_ms for n in ("I", "V6")}
    longest = max(lasts, key=lambda name: (lasts[name], name))
    assert evidence[f"S in {longest}"] == round(lasts[longest])
    assert sum(name.startswith("S in ") for name in evidence) == 1
