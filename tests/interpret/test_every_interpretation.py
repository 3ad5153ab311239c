"""Nothing that is said of a simulated record contradicts itself, whatever is put together."""

from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ecgcore.errors import EcgError
from ecgcore.inference import load_model
from ecgcore.interpret import assess, assess_and_report, interpret, withhold_p
from ecgcore.interpret.consistency import make_consistent
from ecgcore.interpret.decide import POLICIES, SENSITIVE, SPECIFIC, add_network, threshold_of
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.text import long_text, short_text
from ecgcore.recording import Patient
from ecgcore.results import Call, Episode, Finding, Prediction, Quality
from ecgcore.simulate import CASES, STATEMENTS, compose_case, simulate
from ecgcore.study import Study
from tests.interpret.consistent import find_faults
from tests.interpret.made_facts import study_of

NAMED = st.sampled_from([name for name in CASES if not name.startswith("holter")])
COMPOSED = st.lists(st.sampled_from(list(STATEMENTS)), min_size=2, max_size=3, unique=True)
NOISES = st.sampled_from(["none", "usual", 15.0, 10.0])
UNKNOWN = (Patient(None, "male"), Patient(50.0, None), Patient(None, None), Patient(9.0, "male"))
PATIENTS = st.sampled_from([None, None, *UNKNOWN])
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
LEADS = st.sampled_from([None, None, None, EIGHT, ("I", "II", "V5"), ("II",)])


@cache
def model():
    return load_model()


def make_study(case, seed, noise, patient, leads):
    try:
        spec = case if isinstance(case, str) else compose_case(*case)
        made = simulate(spec, seed=seed, noise=noise, vary=1.0).recording
    except EcgError:  # these two are never seen together
        assume(False)
    made = made if patient is None else made.with_patient(patient)
    return Study(made.select(leads) if leads and set(leads) <= set(made.leads) else made)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(NAMED | COMPOSED, st.integers(5000, 9999), NOISES, PATIENTS, LEADS)
def test_nothing_contradicts_itself(case, seed, noise, patient, leads):
    assert find_faults(make_study(case, seed, noise, patient, leads), model()) == []


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    st.sampled_from(["normal", "pvc", "lead-off", "sinus-bradycardia", "lbbb"]), st.integers(0, 50)
)
def test_predict_the_page_and_interpret_say_the_same_of_normal(case, seed):
    study = Study(simulate(case, seed=5000 + seed).recording)
    predicted, reported = assess_and_report(model(), study)
    assert assess(model(), study) == predicted
    assert interpret(study, model()) == reported
    flagged = predicted.finding("SNR").finding is True
    assert flagged is (reported.normal is True) is reported.text.endswith(" Normal ECG.")


# ---- what these properties found ------------------------------------------------------------


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
