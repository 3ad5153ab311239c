"""The text of a report, what policies add, and P waves of rhythms that have none."""

from dataclasses import replace
from functools import cache

import pytest

from ecgcore.inference import load_model
from ecgcore.interpret import withhold_p
from ecgcore.interpret.consistency import make_consistent
from ecgcore.interpret.decide import POLICIES, SENSITIVE, SPECIFIC, add_network, threshold_of
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.text import evidence_words, long_text, rhythm_sentences, short_text
from ecgcore.results import Call, Episode, Evidence, Finding, Prediction, Quality
from tests.interpret.made_facts import facts_of, study_of


@cache
def model():
    return load_model()


def test_a_pause_in_another_rhythm_is_in_the_text():
    facts = Facts(study_of("normal"))
    pause = Call(code="5609005", urgent=True)
    calls = [Call(code="SR"), pause]
    assert long_text(calls, facts, False).count("Sinus pause or arrest.") == 1
    assert short_text(calls, facts).startswith("Sinus pause or arrest; Sinus rhythm")


def test_a_network_names_a_rhythm_that_measurement_leaves_uncertain():
    both = [Call(code="AHA27"), Call(code="AF", decided_by="network", probability=0.9)]
    assert [call.code for call in make_consistent(both)] == ["AF"]


def test_a_wider_policy_only_adds():
    card = model().card
    low, high = threshold_of(card, "AMI", SENSITIVE), threshold_of(card, "IMI", SPECIFIC)
    weak, strong = (Finding(c, c, p, True, 0.5, True) for c, p in (("AMI", low), ("IMI", high)))
    said = Prediction("x", ("I",), (weak, strong), False, "", Quality(True))
    for policy, codes in ((SENSITIVE, ["IMI", "AMI"]), (SPECIFIC, ["IMI"])):
        calls, _ = add_network([], [], [], card, said, policy=policy)
        assert [call.code for call in calls] == codes


def test_what_a_network_supports_does_not_depend_on_the_policy():
    card = model().card
    between = (threshold_of(card, "PVC", SENSITIVE) + threshold_of(card, "PVC")) / 2
    finding = Finding("PVC", "x", between, True, 0.5, True, "")
    said = Prediction("x", ("I",), (finding,), False, "", Quality(True))
    found = [add_network([Call(code="PVC")], [], [], card, said, policy=p)[0] for p in POLICIES]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("code", "without"),
    [
        ("AF", {"pr", "p_duration", "p_axis"}),
        ("AHA71", {"pr", "p_duration", "p_axis"}),
        ("3AVB", {"pr"}),
        ("SR", set()),
    ],
)
def test_a_rhythm_without_p_waves_has_no_measurement_of_them(code, without):
    measured = study_of("normal").measured
    found = withhold_p(measured, [Episode(code=code, start_s=0.0, stop_s=10.0)])
    changed = [a for a, b in zip(found.measurements, measured.measurements, strict=True) if a != b]
    assert {one.name for one in changed} == without
    assert all(one.value is None and "No conducted P waves: " in one.reason for one in changed)


def test_they_stay_where_one_stretch_has_p_waves_or_a_reader_marked_them():
    measured = study_of("normal").measured
    both = [
        Episode(code="AF", start_s=0.0, stop_s=5.0),
        Episode(code="SR", start_s=5.0, stop_s=10.0),
    ]
    assert withhold_p(measured, both) is measured
    assert withhold_p(measured, []) is measured


def test_a_readers_marks_are_not_withheld():
    measured = study_of("normal").measured
    rows = tuple(replace(m, edited_by="reader") for m in measured.measurements)
    marked = replace(measured, measurements=rows)
    found = withhold_p(marked, [Episode(code="AF", start_s=0.0, stop_s=10.0)])
    assert found is marked


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Evidence(name="PR", value=232.4, unit="ms", limit="> 200"), "PR 232 ms (limit > 200)"),
        (Evidence(name="J", value=0.128, unit="mV", limit=">= 0.10"), "J 0.13 mV (limit ≥ 0.10)"),
        (Evidence(name="Q", value=-0.2, unit="mV", limit="<= -0.10"), "Q -0.20 mV (limit ≤ -0.10)"),
        (Evidence(name="Axis", value=-51.4, unit="°"), "Axis -51°"),
        (Evidence(name="Rate", value=152.2, unit="/min"), "Rate 152/min"),
        (Evidence(name="QRS in V1", value="rSR'"), "QRS in V1 rSR'"),
        (Evidence(name="RR", value=3.24, unit="s", limit="> 3"), "RR 3.2 s (limit > 3)"),
        (Evidence(name="fit", value=0.12345), "fit 0.123"),
        (Evidence(name="QT", value=None, unit="ms"), "QT not measured"),
    ],
)
def test_evidence_is_printed_with_its_limit(one, words):
    assert evidence_words(one) == words


def test_rhythms_one_after_the_other_say_when():
    first = Episode(code="SR", start_s=0.0, stop_s=30.0, rate_bpm=71.6)
    second = Episode(
        code="AF", start_s=30.0, stop_s=62.0, words="AF, ventricular rate 120", rate_bpm=120
    )
    assert rhythm_sentences([first]) == ["Sinus rhythm, rate 72."]
    assert rhythm_sentences([first, second]) == [
        "Sinus rhythm, rate 72 from 0:00 to 0:30.",
        "AF, ventricular rate 120 from 0:30 to 1:02.",
    ]
    assert rhythm_sentences([Episode(code="", start_s=0.0, stop_s=9.0)]) == [
        "Rhythm not determined."
    ]


def test_a_networks_rhythm_stands_in_place_of_one_that_is_not_stated():
    facts = facts_of("normal", rhythms=("AHA27",))
    af = Call(code="AF", decided_by="network", probability=0.9)
    assert long_text([af], facts, False) == "Atrial fibrillation. Abnormal ECG."
    assert long_text([Call(code="AHA27"), af], facts, False).startswith(
        "Uncertain supraventricular"
    )


def test_the_verdict_ends_the_text():
    facts = facts_of("normal", rhythms=("SR",))
    calls = [Call(code="SR")]
    assert long_text(calls, facts, True) == "Sinus rhythm. Normal ECG."
    assert long_text(calls, facts, None, ("PR not measured",)) == "Sinus rhythm."
    four = tuple("abcd")
    assert long_text(calls, facts, False, four).endswith("Outside normal limits: a; b; c.")
    assert long_text([*calls, Call(code="LBBB")], facts, False, four).endswith("Abnormal ECG.")
    assert short_text([*calls, Call(code="LBBB")], facts) == "Sinus rhythm; LBBB"
