"""Lead reversal, missing leads, noise and calibration."""

from dataclasses import replace

import pytest

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.technical import (
    judge_calibration,
    judge_missing,
    judge_noise,
    judge_reversal,
)
from ecgcore.leads import STANDARD_12
from ecgcore.results import Quality, Reversal, RhythmAlarm
from tests.interpret.made_facts import MAN, calls, codes, facts_of, study_of


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("arm-reversal", "251139008"),
        ("ra-ll-reversal", "AHA10"),
        ("ra-rl-reversal", "AHA10"),
        ("v1-v3-reversal", "AHA11"),
        ("dextrocardia", None),
        ("normal", None),
    ],
)
def test_reversals(case, code):
    assert codes(judge_reversal, facts_of(case)) == ({code} if code else set())


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("RA-LA", "251139008", "Arm lead reversal"),
        ("LA-LL", "AHA10", "Extremity electrode reversal: left arm and left leg"),
        ("II flat", "AHA10", "Extremity electrode reversal: right arm and right leg"),
        ("V1-V2", "AHA11", "Misplaced precordial electrodes: V1 and V2"),
        ("V1 to V6 in reverse", "AHA11", "Misplaced precordial electrodes: V1 to V6 in reverse"),
    ],
)
def test_their_words(kind, code, words):
    study = study_of("normal")
    found = replace(study.measured, reversal=Reversal(kind, 5.0, 2.0, "x"))
    call = calls(judge_reversal, Facts(study.with_measured(found)))[code]
    assert call.printed == words


def facts_with(quality: Quality, *alarms: RhythmAlarm) -> Facts:
    study = study_of("normal")
    return Facts(study.with_measured(replace(study.measured, quality=quality, alarms=alarms)))


def test_a_flat_lead_is_missing_and_a_noisy_one_is_not():
    flat = facts_with(Quality(False, ("V3",), ("V3: the trace is flat (100 % of the time).",)))
    assert calls(judge_missing, flat)["AHA12"].printed == "Missing leads: V3"
    assert not codes(judge_noise, flat)
    noisy = facts_with(Quality(True, ("V3",), ("V3: muscle or other fast noise hides waves.",)))
    assert not codes(judge_missing, noisy)
    assert calls(judge_noise, noisy)["251143007"].printed == "Artifact: V3"


def test_poor_data_as_a_whole():
    for count, code in ((1, "251143007"), (5, "251143007"), (6, "AHA15"), (12, "AHA15")):
        names = STANDARD_12[:count]
        poor = facts_with(Quality(False, names, (f"{', '.join(names)}: the baseline jumps.",)))
        assert codes(judge_noise, poor) == {code}
    assert codes(judge_noise, facts_with(Quality(False, (), ("Noise.",)))) == {"AHA15"}
    alarm = RhythmAlarm("asystole", 0.0, 10.0, "No QRS complex.")
    assert not codes(judge_noise, facts_with(Quality(False, STANDARD_12, ("x",)), alarm))


def test_a_recording_of_few_leads_lacks_none():
    study = study_of("normal")
    for count, missing in ((2, False), (9, True)):
        recording = study.recording.select(STANDARD_12[:count])
        found = codes(judge_missing, Facts(study.__class__(recording)))
        assert found == ({"AHA12"} if missing else set())


@pytest.mark.parametrize(
    ("factor", "suspect"), [(0.04, True), (0.5, False), (1.0, False), (10.0, True)]
)
def test_calibration(factor, suspect):
    scale = dict.fromkeys(STANDARD_12, factor)
    found = codes(judge_calibration, facts_of("normal", patient=MAN, scale=scale))
    assert found == ({"CALIB"} if suspect else set())


def test_complexes_that_a_ventricular_rhythm_explains_are_no_artifact():
    why = "QRS complexes cannot be distinguished from noise."
    quality = Quality(False, ("I", "V6"), (f"I, V6: {why}",))
    study = study_of("vt")
    facts = Facts(study.with_measured(replace(study.measured, quality=quality)))
    assert not codes(judge_noise, facts)
    assert codes(judge_noise, facts_with(quality)) == {"251143007"}


def test_the_fit_is_printed_with_one_decimal():
    study = study_of("normal")
    found = replace(study.measured, reversal=Reversal("RA-LA", 5.26, 2.04, "x"))
    (evidence,) = calls(judge_reversal, Facts(study.with_measured(found)))["251139008"].evidence
    assert (evidence.value, evidence.limit) == (5.3, "> 2.0")
