""" "Normal ECG" is said only alone, and ST elevation that was measured is flagged."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.interpret import assess
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.normal import anomaly_objection, judge_normal
from ecgcore.interpret.reconcile import reconcile
from ecgcore.measure import measure
from ecgcore.recording import Patient
from ecgcore.results import (
    AnomalyMap,
    Call,
    ClassifierScore,
    Finding,
    Interpretation,
    MaskedStretch,
    Prediction,
    Quality,
    Reversal,
    RhythmAlarm,
    StDeviation,
    VoltageCriterion,
    Window,
)
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study
from ecgcore.units import NU
from tests.synthetic import recording, tiny_model

ADULT = Patient(50.0, "female")
CODES = ("SNR", "AF", "STE")


def finding(code, flagged, reason=""):
    probability = 0.9 if flagged else 0.1
    return Finding(code, code, probability, True, 0.5, flagged, reason)


def prediction(*flagged, windows=()):
    findings = tuple(finding(code, code in flagged) for code in CODES)
    return Prediction("tiny-1", ("I", "II"), findings, False, "", Quality(True), windows)


@pytest.fixture(scope="module")
def normal():
    """Everything measured on a simulated normal ECG."""
    return measure(make_demonstration_case("normal").recording)


def study_with(measured, patient, *, in_mv=True):
    made = make_demonstration_case("normal").recording.with_patient(patient)
    return Study(made if in_mv else replace(made, unit=NU)).with_measured(measured)


def judge(given, measured, patient, *, in_mv=True, anomaly=None, calls=()):
    facts = Facts(study_with(measured, patient, in_mv=in_mv))
    return judge_normal(facts, calls, given, anomaly)


def settle(given, measured, patient, *, in_mv=True, anomaly=None, calls=()):
    """Findings reconciled with what is measured, and with these statements."""
    verdict, why = judge(given, measured, patient, in_mv=in_mv, anomaly=anomaly, calls=calls)
    reported = Interpretation(normal=verdict, normal_reasons=why)
    return reconcile(given, study_with(measured, patient, in_mv=in_mv), reported)


def changed_value(measured, name, value):
    rows = tuple(replace(m, value=value) if m.name == name else m for m in measured.measurements)
    return replace(measured, measurements=rows)


def anomaly(abnormal):
    return AnomalyMap(np.zeros((1, 1), np.float32), ("I",), 100.0, 0.9, 0.95, abnormal)


def test_where_nothing_disagrees_it_stands(normal):
    given = prediction("SNR")
    assert settle(given, normal, ADULT, anomaly=lambda: anomaly(False)) == given


def test_another_statement_contradicts_it(normal):
    calls = (Call(code="SR"), Call(code="AF"))
    found = settle(prediction("SNR", "AF"), normal, ADULT, calls=calls).finding("SNR")
    assert found.finding is False
    assert not found.calibrated
    assert found.probability == 0.9
    assert found.reason == "Withheld: Atrial fibrillation."


def test_what_is_flagged_and_not_stated_leaves_it_open(normal):
    found = settle(prediction("SNR", "AF"), normal, ADULT).finding("SNR")
    assert found.finding is None
    assert "AF is suggested by the network" in found.reason


def test_a_technical_statement_leaves_it_open(normal):
    calls = (Call(code="AHA12", words="Missing leads: V3"),)
    assert judge(prediction("SNR"), normal, ADULT, calls=calls) == (None, ("Missing leads: V3",))


def test_without_a_network_it_is_not_said(normal):
    assert judge(None, normal, ADULT) == (None, ("no network was asked",))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("heart_rate", 49.0, "heart rate 49 bpm"),
        ("heart_rate", 101.0, "heart rate 101 bpm"),
        ("pr", 208.0, "PR interval 208 ms"),
        ("pr", 110.0, "PR interval 110 ms"),
        ("qrs", 120.0, "QRS duration 120 ms"),
        ("qtc_fridericia", 465.0, "QTc (Fridericia) 465 ms"),
        ("qtc_fridericia", 349.0, "QTc (Fridericia) 349 ms"),
        ("qrs_axis", -40.0, "QRS axis -40°"),
    ],
)
def test_a_measurement_out_of_its_limits_contradicts_it(normal, name, value, words):
    found = settle(prediction("SNR"), changed_value(normal, name, value), ADULT)
    assert found.finding("SNR").finding is False
    assert words in found.finding("SNR").reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("heart_rate", 50.0),
        ("heart_rate", 52.0),
        ("qtc_fridericia", 350.0),
        ("qtc_fridericia", 380.0),
        ("pr", 206.0),
        ("pr", 114.0),
        ("qrs", 118.0),
    ],
)
def test_what_is_common_in_the_healthy_does_not(normal, name, value):
    found = settle(prediction("SNR"), changed_value(normal, name, value), ADULT)
    assert found.finding("SNR").finding is True


@pytest.mark.parametrize("name", ["heart_rate", "pr", "qrs", "qtc_fridericia", "qrs_axis"])
def test_what_was_not_measured_leaves_it_open(normal, name):
    found = settle(prediction("SNR"), changed_value(normal, name, None), ADULT)
    assert found.finding("SNR").finding is None
    assert "not measured" in found.finding("SNR").reason


def test_without_an_age_no_measurement_has_limits(normal):
    fast = changed_value(normal, "heart_rate", 130.0)
    found = judge(prediction("SNR"), fast, Patient(None, "male"))
    assert found == (None, ("age or sex unknown",))


INVERTED = {"V4": {"T": -0.1}, "V5": {"T": -0.09}, "V6": {"T": None}, "aVR": {"T": -0.3}}
DISAGREE = {
    "ST depression in V2, V3": {"st": StDeviation(depression_in=("V2", "V3"))},
    "QRS voltage 3.9 mV": {"lvh": (VoltageCriterion("sokolow_lyon", 3.9, 3.5, True, ""),)},
    "T inversion in V4": {"amplitudes": INVERTED},
    "lead reversal (RA-LA)": {"reversal": Reversal("RA-LA", 1.0, 0.5, "")},
    "irregular": {"rhythm": "irregular"},
    "asystole from 0:12": {"alarms": (RhythmAlarm("asystole", 12.0, 16.0, ""),)},
}
UNKNOWN = {
    "not available or not readable: V3": {"quality": Quality(True, ("V3",))},
    "V2 not readable from 3 to 5 s": {
        "quality": Quality(True, masked=(MaskedStretch(3.0, 5.0, ("V2",), "noise"),))
    },
    "V3 not readable from 1 to 2 s": {
        "quality": Quality(True, masked=(MaskedStretch(1.0, 1.6, ("V3",), "noise"),))
    },
    "I, V2, V3 not readable from 1": {
        "quality": Quality(True, masked=(MaskedStretch(1.0, 2.5, ("I", "V2", "V3"), "noise"),))
    },
    "4 leads not readable from 1": {
        "quality": Quality(True, masked=(MaskedStretch(1.0, 2.5, ("I", "II", "V2", "V3"), ""),))
    },
    "signal quality is poor": {"quality": Quality(False)},
    "ST level not assessed": {"st": StDeviation(reason="The voltage is lost.")},
    "rhythm could not be assessed": {"rhythm": "unknown"},
}


@pytest.mark.parametrize(
    ("words", "change", "verdict"),
    [(w, c, False) for w, c in DISAGREE.items()] + [(w, c, None) for w, c in UNKNOWN.items()],
)
def test_whatever_else_was_found_or_could_not_be_looked_at(normal, words, change, verdict):
    found = settle(prediction("SNR"), replace(normal, **change), ADULT).finding("SNR")
    assert found.finding is verdict
    assert words in found.reason


def test_voltage_alone_says_little_about_the_young(normal):
    high = replace(normal, **DISAGREE["QRS voltage 3.9 mV"])
    assert settle(prediction("SNR"), high, Patient(34.0, "male")).finding("SNR").finding is True
    for age in (35.0, None):
        found = settle(prediction("SNR"), high, Patient(age, "male")).finding("SNR")
        assert found.finding is False


def test_st_elevation_contradicts_it_where_the_model_has_no_such_statement(normal):
    st = StDeviation(elevation_in=("II", "III"))
    alone = replace(prediction("SNR"), findings=prediction("SNR").findings[:2])
    found = settle(alone, replace(normal, st=st), ADULT).finding("SNR")
    assert found.finding is False
    assert "ST elevation in II, III" in found.reason


def test_where_the_voltage_is_lost_normal_says_what_was_not_assessed(normal):
    lost = replace(changed_value(normal, "qrs_axis", None), st=StDeviation(reason="lost"))
    assert settle(prediction("SNR"), lost, ADULT).finding("SNR").finding is None
    found = settle(prediction("SNR"), lost, ADULT, in_mv=False).finding("SNR")
    assert found.finding is True
    assert not found.calibrated
    assert "ST level and QRS voltage were not assessed" in found.reason


def test_one_jump_of_the_baseline_hides_no_beat(normal):
    masked = Quality(True, masked=(MaskedStretch(3.0, 3.2, ("I", "II", "V1", "V2"), "a jump"),))
    found = settle(prediction("SNR"), replace(normal, quality=masked), ADULT)
    assert found.finding("SNR").finding is True


def test_an_ectopic_beat_contradicts_it(normal):
    kinds = ("ventricular", *normal.beats.types[1:])
    found = settle(
        prediction("SNR"), replace(normal, beats=replace(normal.beats, types=kinds)), ADULT
    )
    assert found.finding("SNR").finding is False
    assert "ventricular beats: 1" in found.finding("SNR").reason


def test_voltage_is_looked_at_unless_it_is_lost(normal):
    lost = replace(normal, st=StDeviation(reason="lost"))
    assert judge(prediction("SNR"), lost, ADULT) == (None, ("ST level not assessed",))
    assert judge(prediction("SNR"), lost, ADULT, in_mv=False) == (True, ())


def test_the_anomaly_score_is_asked_only_where_nothing_else_speaks_against_it(normal):
    found = settle(prediction("SNR"), normal, ADULT, anomaly=lambda: anomaly(True))
    assert found.finding("SNR").finding is False
    assert "anomaly score" in found.finding("SNR").reason

    def never():
        raise AssertionError

    settle(prediction("SNR", "AF"), normal, ADULT, anomaly=never)
    settle(prediction(), normal, ADULT, anomaly=never)


@pytest.mark.parametrize(
    ("flagged", "verdict"), [((True, True), True), ((True, False), False), ((True, None), None)]
)
def test_a_recording_is_its_worst_window(normal, flagged, verdict):
    windows = tuple(
        Window(10.0 * i, 10.0 * i + 10, (finding("SNR", each),)) for i, each in enumerate(flagged)
    )
    found = settle(prediction("SNR", windows=windows), normal, ADULT)
    assert found.finding("SNR").finding is verdict


def test_four_reasons_are_named_and_more_are_counted(normal):
    worse = normal
    for name in ("heart_rate", "pr", "qrs", "qtc_fridericia"):
        worse = changed_value(worse, name, None)
    four = settle(prediction("SNR"), worse, ADULT).finding("SNR").reason
    assert four.count("not measured") == 4
    assert "more" not in four
    worse = changed_value(worse, "qrs_axis", None)
    assert "and 1 more" in settle(prediction("SNR"), worse, ADULT).finding("SNR").reason


class TestMeasuredStElevation:
    ST = StDeviation(elevation_in=("II", "III", "aVF"))

    @pytest.mark.parametrize("flagged", [False, None])
    def test_it_is_flagged_whatever_the_network_says(self, normal, flagged):
        given = prediction()
        rows = tuple(replace(f, finding=flagged) if f.code == "STE" else f for f in given.findings)
        found = settle(replace(given, findings=rows), replace(normal, st=self.ST), ADULT)
        assert found.finding("STE").finding is True
        assert not found.finding("STE").calibrated
        assert "Measured: ST elevation in II, III, aVF" in found.finding("STE").reason
        assert found.findings[:2] == given.findings[:2]

    @pytest.mark.parametrize(("flagged", "kept"), [(False, True), (True, True), (None, False)])
    def test_what_was_said_beside_it_stays_unless_it_was_why_nothing_was_said(
        self, normal, flagged, kept
    ):
        given = prediction()
        rows = (*given.findings[:2], finding("STE", flagged, "Read in few leads."))
        found = settle(replace(given, findings=rows), replace(normal, st=self.ST), ADULT)
        assert ("Read in few leads." in found.finding("STE").reason) is kept

    def test_an_unknown_age_keeps_the_warning(self, normal):
        found = settle(prediction(), replace(normal, st=self.ST), Patient(None, None))
        assert found.finding("STE").finding is True

    def test_its_limits_are_those_of_adults(self, normal):
        for age, flagged in ((6.0, False), (17.9, False), (18.0, True)):
            found = settle(prediction(), replace(normal, st=self.ST), Patient(age, "male"))
            assert found.finding("STE").finding is flagged


def test_from_the_recording_to_findings(tmp_path):
    model = tiny_model(tmp_path / "tiny-1")
    found = assess(model, Study(recording(30.0, 250)))
    assert found.windows == ()
    assert len(assess(model, Study(recording(30.0, 250)), windows=True).windows) == 3
    alone = assess(model, Study(recording(10.0, 250), leads=("I", "II", "V5")))
    assert alone.leads_used == ("I", "II", "V5")


def test_of_two_anomaly_scores_the_one_with_the_classifier_speaks():
    for own, other in ((True, False), (False, True)):
        found = replace(anomaly(own), with_classifier=ClassifierScore(0.9, other, {}))
        assert bool(anomaly_objection(found)) is other
    assert anomaly_objection(anomaly(True))
