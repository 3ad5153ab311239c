"""T waves, QT, electrolytes, Brugada pattern and Osborn waves."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.t_qt import (
    judge_brugada,
    judge_hyperkalemia,
    judge_osborn,
    judge_qt,
    judge_t_amplitude,
    judge_u,
)
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Unable
from ecgcore.simulate import simulate
from ecgcore.study import Study
from tests.interpret.made_facts import MAN, WOMAN, calls, codes, facts_of

SEEDS = pytest.mark.parametrize("seed", [900, 901])


@pytest.mark.parametrize(
    ("patient", "qtc", "code", "urgent"),
    [
        (MAN, 449.0, None, False),
        (MAN, 450.0, "LNGQT", False),
        (WOMAN, 459.0, None, False),
        (WOMAN, 460.0, "LNGQT", False),
        (Patient(60.0, None), 452.0, "LNGQT", False),
        (MAN, 500.0, "LNGQT", False),
        (MAN, 501.0, "LNGQT", True),
        (MAN, 350.0, None, False),
        (MAN, 349.0, "77867006", False),
    ],
)
def test_qt_by_fridericia(patient, qtc, code, urgent):
    found = calls(judge_qt, facts_of("normal", patient=patient, qtc_fridericia=qtc))
    assert set(found) == ({code} if code else set())
    if code:
        assert found[code].urgent is urgent
        assert bool(found[code].rule) is urgent


def test_the_displayed_formula_changes_nothing():
    assert not codes(judge_qt, facts_of("normal", patient=MAN, qtc_bazett=560.0))


@pytest.mark.parametrize(
    ("jtc", "stated", "urgent"), [(349.0, False, False), (350.0, True, False), (401.0, True, True)]
)
def test_a_wide_qrs_is_judged_by_jt(jtc, stated, urgent):
    facts = facts_of("normal", patient=MAN, qrs=150.0, jtc_fridericia=jtc, qtc_fridericia=540.0)
    found = calls(judge_qt, facts)
    assert bool(found) is stated
    assert any(call.urgent for call in found.values()) is urgent


def test_what_is_not_measured_is_not_assessed():
    (found,) = judge_qt(facts_of("normal", qtc_fridericia=None))
    assert isinstance(found, Unable)
    (found,) = judge_qt(facts_of("normal", qt=860.0, qtc_fridericia=870.0))
    assert found.reason == "T runs into the next complex."


@SEEDS
@pytest.mark.parametrize(
    ("case", "stated", "urgent"),
    [
        ("hyperkalaemia", True, False),
        ("hyperkalaemia-moderate", True, True),
        ("hyperkalaemia-severe", True, True),
        ("hyperkalaemia-sine", True, True),
        ("normal", False, False),
        ("short-qt", False, False),
        ("lbbb", False, False),
        ("anterior-stemi", False, False),
        ("hyperacute-t", False, False),
        ("early-repolarisation", False, False),
        ("vt-slow", False, False),
        ("preexcited-af", False, False),
    ],
)
def test_hyperkalemia(case, stated, urgent, seed):
    found = calls(judge_hyperkalemia, facts_of(case, seed=seed))
    assert set(found) == ({"14140009"} if stated else set())
    assert any(call.urgent for call in found.values()) is urgent
    if urgent:
        assert "peaked T" in found["14140009"].rule


@pytest.mark.parametrize(
    ("case", "seed", "size", "snr_db"),
    [
        ("hyperkalaemia-moderate", 5001, 0.8, "none"),
        ("hyperkalaemia-moderate", 5107, 1.0, 15.0),
        ("hyperkalaemia-severe", 5001, 1.0, "none"),
        ("hyperkalaemia-severe", 5104, 0.8, 15.0),
        ("hyperkalaemia-sine", 5000, 1.0, "none"),
        ("hyperkalaemia-sine", 5106, 0.8, "none"),
    ],
)
def test_a_wide_qrs_with_a_smaller_t_is_hyperkalemia_too(case, seed, size, snr_db):
    recording = simulate(case, seed=seed, vary=1.0, noise=snr_db).recording
    sized = replace(recording, signal=(size * recording.signal).astype(np.float32))
    assert calls(judge_hyperkalemia, Facts(Study(sized)))["14140009"].urgent


@SEEDS
@pytest.mark.parametrize(
    ("case", "stated"),
    [
        ("hypokalaemia", {"AHA211", "AHA150"}),
        ("prominent-u", {"AHA150"}),
        ("normal", set()),
        ("atrial-flutter-4to1", set()),
    ],
)
def test_u_waves(case, stated, seed):
    assert codes(judge_u, facts_of(case, seed=seed)) == stated


@SEEDS
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("brugada", "Brugada pattern, type 1 (coved), prompt review"),
        ("brugada-type-2", "Brugada pattern, type 2 (saddleback: consider)"),
        ("normal", None),
        ("anterior-stemi", None),
        ("rbbb", None),
        ("early-repolarisation", None),
    ],
)
def test_brugada_types(case, words, seed):
    found = calls(judge_brugada, facts_of(case, seed=seed))
    assert [call.words for call in found.values()] == ([words] if words else [])


def test_a_coved_pattern_begins_at_0_2_mv():
    high = calls(judge_brugada, facts_of("brugada"))["418818005"].evidence[0].value
    lower = dict.fromkeys(("V1", "V2"), 0.15 / max(high, 0.5))
    assert not codes(judge_brugada, facts_of("brugada", scale=lower))


@SEEDS
@pytest.mark.parametrize(
    ("case", "stated"), [("osborn", True), ("early-repolarisation", False), ("rbbb", False)]
)
def test_osborn_waves(case, stated, seed):
    assert bool(codes(judge_osborn, facts_of(case, seed=seed))) is stated


def test_heights_of_t():
    leads = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    assert not codes(judge_t_amplitude, facts_of("normal", patient=MAN))
    tall = facts_of("normal", patient=MAN, scale=dict.fromkeys(leads, 2.5))
    assert codes(judge_t_amplitude, tall) == {"251259000"}
