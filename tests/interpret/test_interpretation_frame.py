"""How rulings become a report: networks, policies, consistency, text."""

from dataclasses import replace

import pytest

from ecgcore.inference import load_model
from ecgcore.interpret import interpret
from ecgcore.interpret.consistency import excluded_pairs, make_consistent
from ecgcore.interpret.decide import (
    BALANCED,
    POLICIES,
    SENSITIVE,
    SPECIFIC,
    add_network,
    threshold_of,
)
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.text import long_text
from ecgcore.results import (
    Against,
    Call,
    Evidence,
    Finding,
    Interpretation,
    Prediction,
    Quality,
    Unable,
)
from ecgcore.simulate import simulate
from ecgcore.statements import statement
from ecgcore.study import Study


@pytest.fixture(scope="module")
def card():
    return load_model().card


def finding(code: str, probability: float, *, said: bool | None = True) -> Finding:
    return Finding(code, code, probability, True, 0.3, said, "" if said is not None else "Why not.")


def prediction(*findings: Finding) -> Prediction:
    return Prediction("diagnostic-1", ("I",), findings, False, "", Quality(True))


def test_a_policy_orders_the_thresholds(card):
    for rule in card.labels:
        limits = [threshold_of(card, rule.code, policy) for policy in POLICIES]
        if rule.calibrated:
            balanced, sensitive, specific = limits
            assert sensitive <= balanced <= specific
        else:
            assert limits == [None, None, None]
    assert {BALANCED, SENSITIVE, SPECIFIC} == set(POLICIES)


def test_balanced_raises_a_threshold_whose_precision_is_below_one_half(card):
    known = card.out_of_fold["classes"]["PAC"]
    assert known["ppv"]["value"] < 0.5
    assert threshold_of(card, "PAC") >= 0.5


def test_the_network_supports_what_was_measured(card):
    call = Call(code="PVC", evidence=(Evidence(name="Count", value=3.0),))
    calls, unable = add_network([call], [], [], card, prediction(finding("PVC", 0.97)))
    assert unable == []
    assert calls[0].probability == 0.97
    assert calls[0].decided_by == "both"
    assert calls[0].evidence == call.evidence


def test_the_network_states_nothing_that_measurement_excludes_or_decides(card):
    said = prediction(finding("AF", 0.99), finding("STE", 0.99))
    against = [Against(code="AF", reason="P waves before each QRS.")]
    calls, _ = add_network([], against, [], card, said)
    assert calls == []
    calls, _ = add_network([], [], [], card, said)
    assert [call.code for call in calls] == ["AF"]
    assert calls[0].decided_by == "network"


def test_what_the_network_cannot_assess_is_named_with_its_reason(card):
    _, unable = add_network([], [], [], card, prediction(finding("LBBB", 0.2, said=None)))
    assert unable == [Unable(code="LBBB", reason="Why not.")]


def test_exclusive_statements_do_not_stand_together():
    both = [Call(code="AF", decided_by="network"), Call(code="SR")]
    assert excluded_pairs(both) == [("AF", "SR")]
    assert [call.code for call in make_consistent(both)] == ["SR"]
    apart = [replace(both[0], spans=((0.0, 10.0),)), replace(both[1], spans=((10.0, 20.0),))]
    assert len(make_consistent(apart)) == 2


def test_a_kind_of_a_statement_makes_the_wider_one_needless():
    wide = Call(code="2AVB", decided_by="network")
    calls = make_consistent([wide, Call(code="426183003")])
    assert [call.code for call in calls] == ["426183003"]


def test_a_normal_ecg_is_read_as_one():
    found = interpret(Study(simulate("normal", seed=1).recording))
    assert isinstance(found, Interpretation)
    assert found.urgent == ()
    assert found.normal in (True, None)
    assert set(found.as_json()) == {
        "urgent",
        "statements",
        "not_assessed",
        "normal",
        "text",
        "short",
    }


def test_the_rhythm_is_said_once():
    found = interpret(Study(simulate("complete-av-block", seed=1).recording))
    assert found.text.lower().count("complete") == 1
    assert found.urgent


def test_two_statements_of_one_code_both_stand(card):
    both = [
        Call(code="PVC", spans=((0.0, 1.0),), urgent=True),
        Call(code="PVC", spans=((5.0, 6.0),)),
    ]
    calls, _ = add_network(both, [], [], card, prediction(finding("PVC", 0.97)))
    assert len(calls) == 2


def test_what_could_not_be_measured_is_not_said_to_be_below_its_criteria(card):
    unread = [Unable(code="LVH", reason="Amplitude not calibrated.")]
    calls, _ = add_network([], [], unread, card, prediction(finding("LVH", 0.97)))
    assert calls[0].agreement == "not assessed by measurement"


def test_fibrillation_that_ends_in_asystole_is_both():
    found = interpret(Study(simulate("asystole-after-vf", seed=7).recording))
    assert {"164896001", "397829000"} <= {call.code for call in found.urgent}
    first, second = found.rhythms
    assert first.stop_s <= second.start_s


def test_the_worst_stands_first():
    case = "complete-av-block-junctional+inferior-stemi"
    found = interpret(Study(simulate(case, seed=2).recording))
    ranks = [statement(call.code).urgency or 3 for call in found.urgent]
    assert len(ranks) > 1
    assert ranks == sorted(ranks)


def test_what_is_outside_its_limits_is_named_where_no_statement_is_abnormal():
    facts = Facts(Study(simulate("normal", seed=1).recording))
    words = long_text([Call(code="SR")], facts, False, ("QRS duration 118 ms",))
    assert words.endswith("Outside normal limits: QRS duration 118 ms.")
    assert "Abnormal" not in words
