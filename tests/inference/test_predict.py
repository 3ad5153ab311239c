"""Findings: every probability given, a word only where it can stand."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError
from ecgcore.inference import load_model, predict
from ecgcore.inference.abstain import POOR_QUALITY, handheld_shares, limits_of
from ecgcore.inference.distance import Strangeness
from ecgcore.inference.findings import combine_windows, conclude
from ecgcore.inference.prepare import known_paced, samples_of, to_recording, windows_of
from ecgcore.inference.runner import Heard, read_for
from ecgcore.leads import STANDARD_12
from ecgcore.models import HANDHELD
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.results import NotAssessed
from ecgcore.signal.beats import detect_beats
from ecgcore.statements import CORE_CODES
from tests.synthetic import (
    beats,
    recording,
    tiny_attention_model,
    tiny_card,
    tiny_model,
    write_tiny_model,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny-1")


def by_code(prediction):
    return {finding.code: finding for finding in prediction.findings}


def probabilities(prediction):
    return np.array([finding.probability for finding in prediction.findings])


def test_twelve_leads_give_every_statement_with_a_word(model):
    found = predict(model, recording())
    assert tuple(f.code for f in found.findings) == CORE_CODES
    assert found.leads_used == STANDARD_12
    assert not found.abstained
    assert found.abstain_reason == ""
    for finding in found.findings:
        assert 0 <= finding.probability <= 1
        assert finding.finding == (finding.probability >= finding.threshold)


def test_too_few_positives_are_never_called_calibrated(model):
    findings = by_code(predict(model, recording()))
    assert not findings["STE"].calibrated
    assert findings["AF"].calibrated


def test_statements_about_voltage_say_that_the_network_sees_none(model):
    findings = by_code(predict(model, recording()))
    assert "not voltage" in findings["STD"].reason
    assert "not voltage" in findings["STE"].reason
    assert findings["AF"].reason == ""


@pytest.mark.parametrize("gain", [0.2, 5.0])
def test_gain_offset_and_unit_do_not_matter(model, gain):
    plain = recording()
    changed = Recording(
        plain.signal * gain + 0.3, 500, plain.leads, unit="NU", patient=plain.patient
    )
    a, b = predict(model, plain), predict(model, changed)
    assert b.leads_used == a.leads_used
    np.testing.assert_allclose(probabilities(a), probabilities(b), atol=2e-3)


def test_another_sampling_rate_gives_nearly_the_same(model):
    a = predict(model, Recording(beats(10, 500), 500, STANDARD_12))
    signal = beats(10, 500)
    # 1000 Hz by straight lines between samples: the same ECG within the model's band.
    fine = np.stack([np.interp(np.arange(10_000) / 1000, np.arange(5000) / 500, r) for r in signal])
    b = predict(model, Recording(fine, 1000, STANDARD_12))
    np.testing.assert_allclose(probabilities(a), probabilities(b), atol=0.02)


def test_the_order_of_leads_in_the_file_does_not_matter(model):
    plain = recording()
    turned = Recording(plain.signal[::-1], plain.fs_hz, plain.leads[::-1], patient=plain.patient)
    np.testing.assert_allclose(
        probabilities(predict(model, plain)), probabilities(predict(model, turned)), atol=1e-4
    )


def test_selected_leads_are_all_that_is_used(model):
    plain = recording()
    alone = plain.select(("I", "II"))
    chosen = predict(model, plain, leads=("I", "II"))
    assert chosen.leads_used == ("I", "II")
    np.testing.assert_allclose(
        probabilities(chosen), probabilities(predict(model, alone)), atol=1e-6
    )


@pytest.mark.parametrize(
    ("leads", "assessed"),
    [
        (("I",), set()),
        (("II", "V5"), {"PVC"}),
        (("I", "II", "V5"), {"AF", "IAVB", "PAC", "PVC"}),
        (("I", "II", "V1"), {"AF", "IAVB", "PAC", "PVC", "LBBB", "RBBB"}),
    ],
)
def test_on_few_leads_only_what_was_shown_to_hold_is_said(model, leads, assessed):
    found = predict(model, recording(leads=leads))
    findings = by_code(found)
    assert {code for code, f in findings.items() if f.finding is not None} == assessed
    assert all(f.reason for f in findings.values())
    assert all("twelve leads" in findings[code].reason for code in assessed)
    assert not any(f.calibrated for f in findings.values())
    assert found.abstained == (not assessed)
    if not assessed:
        assert "3 complete leads" in found.abstain_reason


def test_eight_leads_are_as_good_as_twelve(model):
    leads = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    findings = by_code(predict(model, recording(leads=leads)))
    assert all(f.finding is not None for f in findings.values())
    assert findings["AF"].calibrated


def test_a_lead_present_for_a_quarter_of_the_time_counts_as_a_quarter(model):
    plain = recording()
    signal = plain.signal.copy()
    for row in range(12):
        keep = slice(1250 * (row // 3), 1250 * (row // 3 + 1))
        signal[row, : keep.start] = np.nan
        signal[row, keep.stop :] = np.nan
    sheet = Recording(signal, 500, STANDARD_12, patient=plain.patient)
    findings = by_code(predict(model, sheet))
    assert findings["STD"].finding is None
    assert findings["AF"].finding is not None
    assert not findings["AF"].calibrated


def test_a_monitoring_lead_stands_in_for_rhythm_and_says_so(model):
    findings = by_code(predict(model, recording(leads=("MLII", "V5"))))
    assert findings["STD"].finding is None
    assert findings["PVC"].finding is not None
    assert "MLII was read as II" in findings["PVC"].reason


def test_a_monitoring_lead_is_left_out_where_the_real_lead_is(model):
    assert predict(model, recording(leads=("II", "MLII"))).leads_used == ("II",)


def test_unknown_leads_cannot_be_assessed(model):
    with pytest.raises(CannotAssessError, match="Leads 'X', 'Y' are not recognised"):
        predict(model, recording(leads=("X", "Y")))


def test_a_selected_lead_that_is_not_there_is_named(model):
    with pytest.raises(CannotAssessError, match="V6"):
        predict(model, recording(leads=("I", "II")), leads=("V6",))


def test_under_five_seconds_cannot_be_assessed(model):
    with pytest.raises(CannotAssessError, match=r"4\.0 s"):
        predict(model, recording(4.0))
    assert len(predict(model, recording(5.0)).findings) == 9


def test_under_eighteen_nothing_is_said_but_every_probability_given(model):
    found = predict(model, recording(age_years=17))
    assert found.abstained
    assert "under 18 years" in found.abstain_reason
    assert all(f.finding is None and 0 <= f.probability <= 1 for f in found.findings)
    assert not predict(model, recording(age_years=18)).abstained


def test_an_unknown_age_is_mentioned(model):
    found = predict(model, recording(age_years=None))
    assert not found.abstained
    assert "Age unknown" in by_code(found)["SNR"].reason


@pytest.mark.parametrize(
    ("statement", "paced"),
    [
        ("Ventricular paced rhythm", True),
        ("Schrittmacherrhythmus", True),
        ("electronic pacemaker", True),
        ("no pacemaker", False),
        ("Spaced leads", False),
        ("Sinus rhythm", False),
    ],
)
def test_pacing_is_read_from_the_machines_own_words(model, statement, paced):
    plain = recording()
    told = Recording(
        plain.signal,
        plain.fs_hz,
        plain.leads,
        patient=plain.patient,
        provenance=Provenance(machine_statements=(statement,)),
    )
    assert bool(known_paced(told)) == paced
    findings = by_code(predict(model, told))
    assert (findings["LBBB"].finding is None) == paced
    assert findings["AF"].finding is not None


def test_an_unreadable_lead_is_left_out(model):
    plain = recording()
    signal = plain.signal.copy()
    signal[4] = 0.5
    found = predict(model, Recording(signal, 500, STANDARD_12, patient=plain.patient))
    assert "aVL" in found.quality.bad_leads
    assert "aVL" not in found.leads_used
    without = plain.select(tuple(n for n in STANDARD_12 if n != "aVL"))
    np.testing.assert_allclose(
        probabilities(found), probabilities(predict(model, without)), atol=1e-6
    )


def test_where_no_lead_is_readable_nothing_is_said(model):
    signal = np.zeros((12, 5000), np.float32)
    found = predict(model, Recording(signal, 500, STANDARD_12, patient=Patient(50)))
    assert found.abstained
    assert "readable" in found.abstain_reason
    assert np.isfinite(probabilities(found)).all()


def test_absent_samples_are_not_read(model):
    plain = recording()
    spoiled = plain.signal.copy()
    spoiled[3, 1000:1500] = np.nan
    found = predict(model, Recording(spoiled, 500, STANDARD_12, patient=plain.patient))
    assert np.isfinite(probabilities(found)).all()
    assert found.leads_used == STANDARD_12


def test_the_readers_word_on_a_pacemaker_counts_before_the_machines():
    plain = recording()
    told = replace(plain, provenance=Provenance(machine_statements=("Paced rhythm",)))
    assert known_paced(told.with_patient(replace(told.patient, pacemaker=False))) == ""
    assert (
        known_paced(plain.with_patient(replace(plain.patient, pacemaker=True)))
        == "The patient has a pacemaker"
    )


def test_a_recording_is_as_normal_as_its_least_normal_window():
    logits = np.array([[2.0, -3.0], [-4.0, 1.0]])
    np.testing.assert_array_equal(combine_windows(logits, ("SNR", "AF")), [-4.0, 1.0])


@pytest.fixture(scope="module")
def partly_assessed(tmp_path_factory):
    model = tiny_attention_model(tmp_path_factory.mktemp("models") / "tiny-2")
    far, near = (Strangeness("distance", value, 2.0) for value in (9.0, 1.0))

    class Stub:
        def judge_windows(self, *_):
            return (near, near, far, far, near, near, near)

    return predict(replace(model, distance=Stub()), recording(65.0, 100), windows=True)


class TestWindowsOutsideTheModelsScope:
    """Of seven windows the third and fourth are unlike what the model learned from."""

    def test_the_stretch_is_named(self, partly_assessed):
        assert [(n.start_s, n.end_s) for n in partly_assessed.not_assessed] == [(20.0, 40.0)]
        assert "outside the model's scope" in partly_assessed.not_assessed[0].reason

    def test_the_recording_is_not_called_normal(self, partly_assessed):
        normal = partly_assessed.finding("SNR")
        assert normal.finding is None
        assert "0:20 to 0:40" in normal.reason

    def test_findings_are_those_of_the_other_windows(self, partly_assessed):
        kept = [w for w in partly_assessed.windows if w.findings[1].finding is not None]
        assert len(kept) == 5
        best = max(w.findings[1].probability for w in kept)
        assert partly_assessed.finding("AF").probability == pytest.approx(best)
        assert partly_assessed.finding("AF").finding is not None

    def test_it_is_no_abstention(self, partly_assessed):
        assert not partly_assessed.abstained


def test_windows_that_hold_a_second_of_what_is_not_to_be_read_are_left_out(model):
    spans = [(12.0, 12.9), (39.0, 41.0), (41.0, 44.0)]
    unread = [NotAssessed(a, b, "Ventricular fibrillation.") for a, b in spans]
    found = predict(model, recording(65.0, 100), windows=True, unread=unread)
    assert [(n.start_s, n.end_s) for n in found.not_assessed] == [(30.0, 50.0)]
    assert found.not_assessed[0].reason == "Ventricular fibrillation."
    said = [window.findings[1].finding is not None for window in found.windows]
    assert said == [True, True, True, False, False, True, True]
    assert found.finding("SNR").finding is None


def test_shares_of_hand_held_classes_are_the_mean_of_the_pieces():
    logits = np.log([[1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]])
    np.testing.assert_allclose(handheld_shares(logits), [0.175, 0.225, 0.275, 0.325])
    shifted = handheld_shares(logits[:1], np.log([4.0, 3.0, 2.0, 1.0]))
    np.testing.assert_allclose(shifted, [0.4, 0.3, 0.2, 0.1])


def test_a_window_without_samples_is_not_assessed(model):
    signal = recording(90.0, 100).signal.copy()
    signal[:, 2000:5000] = np.nan
    plain = recording(90.0, 100)
    found = predict(model, replace(plain, signal=signal))
    assert [(n.start_s, n.end_s) for n in found.not_assessed] == [(20.0, 50.0)]
    assert found.finding("SNR").finding is None


def test_spikes_that_were_found_set_the_paced_statement(tmp_path):
    labels = (*tiny_card().labels[:-1], replace(tiny_card().labels[-1], code="PACE"))
    model = load_model(write_tiny_model(tmp_path / "paced-1", labels=labels))
    plain = recording(leads=STANDARD_12, fs_hz=500)
    signal = np.array(plain.signal)
    at = np.round((detect_beats(signal, 500.0) - 0.08) * 500.0).astype(int)
    signal[:, at[at > 0]] += 3.0
    spiked = replace(plain, signal=signal)
    found = predict(model, spiked).finding("PACE")
    assert found.finding is True
    assert not found.calibrated
    assert "Pacing spikes" in found.reason
    assert not predict(model, plain).finding("PACE").reason
    # The reader knows of no pacemaker: the spikes are something else.
    assert (
        not predict(model, spiked.with_patient(replace(spiked.patient, pacemaker=False)))
        .finding("PACE")
        .reason
    )


def test_a_long_recording_gives_its_highest_window(model):
    found = predict(model, recording(65.0, 100), windows=True)
    assert [(w.start_s, w.end_s) for w in found.windows] == [
        *((10.0 * i, 10.0 * i + 10) for i in range(6)),
        (55.0, 65.0),
    ]
    each = np.array([[f.probability for f in w.findings] for w in found.windows])
    expected = np.concatenate([each[:, :1].min(axis=0), each[:, 1:].max(axis=0)])
    np.testing.assert_allclose(probabilities(found), expected, rtol=1e-6)
    assert not any(f.calibrated for f in found.findings)
    assert "7 windows" in found.findings[0].reason


def concluded(model, logits, *, leads=STANDARD_12, duration_s=95.0, **heard):
    """What is said where the network gives these logits for every window of SNR and AF."""
    given = recording(duration_s, 100, leads=leads)
    reading = read_for(model, given)
    limits = limits_of(given, reading.given, reading.lead_names, reading.quality, model.card)
    rows = np.full((len(reading.pieces), len(CORE_CODES)), -9.0)
    rows[:, :2] = logits
    return conclude(model, reading, limits, Heard(rows, **heard))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "Flagged in 1 of 10 windows, from 0:00. "),
        (6, "Flagged in 6 of 10 windows, from 0:00, 0:10, 0:20, 0:30, 0:40, 0:50. "),
        (8, "Flagged in 8 of 10 windows, from 0:00, 0:10, 0:20, 0:30, 0:40, 0:50 and 2 more. "),
    ],
)
def test_the_windows_that_a_finding_was_flagged_in_are_named(model, count, words):
    # A logit of 0 is a probability of one half, the threshold: flagged from there on.
    logits = [[3.0, 0.0 if i < count else -4.0] for i in range(10)]
    found = concluded(model, logits).finding("AF")
    assert (found.finding, found.probability, found.calibrated) == (True, 0.5, False)
    assert found.reason.startswith(words)
    assert "The highest of 10 windows" in found.reason


def test_what_is_not_flagged_and_normal_name_no_window(model):
    found = concluded(model, [[3.0, -4.0]] * 9 + [[0.5, -4.0]])
    assert found.finding("AF").finding is False
    assert found.finding("AF").reason.startswith("The highest of 10 windows")
    normal = found.finding("SNR")
    assert normal.finding is True
    assert normal.probability == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert "Flagged" not in normal.reason
    assert "The lowest of 10 windows" in normal.reason


def test_one_lead_that_the_network_calls_noise_is_not_read(model):
    noise = np.eye(len(HANDHELD))[[HANDHELD.index("~")]] * 5
    rhythm = np.eye(len(HANDHELD))[[HANDHELD.index("~") - 1]] * 5
    said = {
        "noise": concluded(model, [[0.0, 9.0]], leads=("II",), duration_s=30.0, handheld=noise),
        "rhythm": concluded(model, [[0.0, 9.0]], leads=("II",), duration_s=30.0, handheld=rhythm),
        "many": concluded(model, [[0.0, 9.0]], duration_s=30.0, handheld=noise),
    }
    assert said["noise"].abstain_reason == POOR_QUALITY
    assert POOR_QUALITY not in said["rhythm"].abstain_reason
    assert said["many"].finding("AF").finding is True


def test_up_to_a_minute_is_read_as_a_whole_and_windows_only_on_request(model):
    given = recording(30.0, 100)
    assert predict(model, given).windows == ()
    found = predict(model, given, windows=True)
    assert len(found.windows) == 3
    assert found.findings == predict(model, given).findings
    first = Recording(given.signal[:, :1000], 100, given.leads, patient=given.patient)
    # Filtered with what follows, so not quite as if cut out before.
    np.testing.assert_allclose(
        [f.probability for f in found.windows[0].findings],
        probabilities(predict(model, first)),
        atol=0.05,
    )


def test_windows_without_samples_are_left_out(model):
    signal = recording(90.0, 100).signal.copy()
    signal[:, 2000:5000] = np.nan
    reading = read_for(model, Recording(signal, 100, STANDARD_12))
    starts = [w.start for w in windows_of(reading.given, tiny_card().input)]
    assert starts == [0, 1000, 5000, 6000, 7000, 8000]


def test_two_threads_give_the_same_as_one(model):
    given = [recording(seed=i) for i in range(4)]
    alone = [probabilities(predict(model, r)) for r in given]
    together = [None] * 8

    def work(k):
        together[k] = probabilities(predict(model, given[k % 4]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(8):
        np.testing.assert_array_equal(together[k], alone[k % 4])


def test_calibration_is_a_sigmoid_of_the_scaled_logit():
    rule = tiny_card().labels[0]
    assert rule.probability(0.0) == 0.5
    assert rule.probability(1e9) <= 1.0
    assert rule.probability(-1e9) >= 0.0
    assert rule.probability(2.0) == pytest.approx(1 / (1 + np.exp(-2)))


@pytest.mark.parametrize("fs_hz", [100.0, 360.0, 500.0, 257.0, 1000.0])
def test_a_map_comes_back_to_the_samples_it_was_made_from(model, fs_hz):
    given = recording(10.0, fs_hz)
    reading = read_for(model, given)
    window = reading.pieces[0]
    # A ramp in time: its value is the time itself.
    ramp = np.tile(4 * np.arange(250) / 100, (12, 1)).astype(np.float32)
    back = to_recording(ramp, window, 4, reading.given, given)
    inside = samples_of(window, reading.given, given)
    assert inside == slice(0, given.n_samples)
    times = np.arange(given.n_samples) / fs_hz
    np.testing.assert_allclose(back[0], np.minimum(times, 9.96), atol=1e-4)
