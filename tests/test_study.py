"""A study finds each thing once, shares what does not change, and forgets what does."""

import threading
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.explain import Explainer
from ecgcore.inference.anomaly import default_anomaly, find_anomalies
from ecgcore.inference.loading import shared_model
from ecgcore.inference.waveform import read_waveforms
from ecgcore.interpret import assess
from ecgcore.kept import Kept
from ecgcore.measure import measure
from ecgcore.recording import Patient, Recording
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study

MARK = (4, "qrs_offset")
# What is counted: module, function that everybody ends in, and what it does.
COUNTED = (
    ("ecgcore.signal.quality", "_graded", "graded"),
    ("ecgcore.signal.beats", "_feature", "beats found"),
    ("ecgcore.inference.delineate", "wave_probabilities", "delineated"),
    ("ecgcore.inference.wave_classes", "wave_probabilities", "delineated"),
    ("ecgcore.inference.prepare", "prepare", "prepared"),
    ("ecgcore.inference.runner", "hear", "statements asked"),
    ("ecgcore.inference.anomaly", "raw_scores", "restoration asked"),
    ("ecgcore.measure.measuring", "_result", "measured"),
)


@pytest.fixture(scope="module")
def normal() -> Recording:
    return make_demonstration_case("normal").recording


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each thing was done."""
    made: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **rest: Any) -> Any:
            made[name] += 1
            return function(*args, **rest)

        return call

    for path, function, name in COUNTED:
        module = import_module(path)
        monkeypatch.setattr(module, function, counted(name, getattr(module, function)))
    return made


def mark_at(study: Study, by_s: float) -> dict[tuple[int, str], float]:
    beat, name = MARK
    return {MARK: float(getattr(study.as_measured.beats.consensus, name)[beat]) + by_s}


def test_everything_of_a_recording_is_done_once(normal: Recording, counts: Counter[str]) -> None:
    model, anomaly = shared_model(), default_anomaly()
    counts.clear()
    study = Study(normal)
    assess(model, study)
    explainer = Explainer(model, study)
    explainer.logits()
    (window,) = explainer.reading.pieces
    explainer.map("attention", explainer.output("AF"), window)
    assert explainer.beats_of(window) is not None
    assert study.measured is study.measured
    study.anomaly(anomaly)
    assert counts == {
        "graded": 1,
        "beats found": 1,
        "delineated": 1,
        "measured": 1,
        "prepared": 2,  # for each of the two networks
        "statements asked": 1,
        "restoration asked": 1,
    }


@pytest.mark.parametrize("measured_first", [True, False])
def test_the_waves_of_a_case_serve_measurements_and_gain_curves(
    normal: Recording, counts: Counter[str], measured_first: bool
) -> None:
    study = Study(normal)
    if measured_first:
        _ = study.measured
    curves = [study.waveforms(disease).by_rule for disease in ("PAC", "PVC", "PAC")]
    _ = study.measured
    assert counts["delineated"] == 1
    np.testing.assert_array_equal(curves[0], read_waveforms(normal, "PAC").by_rule)
    np.testing.assert_array_equal(curves[0], curves[2])
    assert (curves[0] != curves[1]).any()


def test_the_waves_of_chosen_leads_are_found_once(normal: Recording, counts: Counter[str]) -> None:
    study = Study(normal, leads=("V1", "II"))
    found = [study.waveforms(disease) for disease in ("PAC", "PVC")]
    assert counts["delineated"] == 1
    alone = read_waveforms(normal, "PVC", leads=("V1", "II"))
    np.testing.assert_array_equal(found[1].by_rule, alone.by_rule)


def test_a_study_finds_what_each_function_finds_alone(normal: Recording) -> None:
    study, alone = Study(normal), measure(normal)
    assert study.measured.measurements == alone.measurements
    found, model = find_anomalies(default_anomaly(), normal), default_anomaly()
    np.testing.assert_array_equal(study.anomaly(model).values, found.values)
    assert study.anomaly(model).with_classifier == found.with_classifier


def test_a_moved_mark_reaches_the_explanations_and_nothing_is_measured_again(
    normal: Recording, counts: Counter[str]
) -> None:
    study = Study(normal)
    edits = mark_at(study, 0.02)
    moved = study.with_edits(edits)
    model = shared_model()
    explainer = Explainer(model, moved)
    beats = explainer.beats_of(explainer.reading.pieces[0])
    assert beats is not None
    assert beats.consensus.qrs_offset[4] == edits[MARK]
    assert beats.leads["II"].qrs_offset[4] == edits[MARK]
    assert study.measured.beats.consensus.qrs_offset[4] == pytest.approx(edits[MARK] - 0.02)
    assert moved.as_measured is study.as_measured
    assert moved.heard(model) is study.heard(model)
    assert counts["measured"] == counts["graded"] == counts["delineated"] == 1


def test_an_impossible_mark_is_refused(normal: Recording) -> None:
    with pytest.raises(InvalidArgumentError, match="no mark"):
        _ = Study(normal, edits={(99, "qrs_offset"): 1.0}).measured


def test_another_patient_is_measured_anew_on_the_same_signal(
    normal: Recording, counts: Counter[str]
) -> None:
    model, study = shared_model(), Study(normal)
    assert assess(model, study).finding("SNR").finding is True
    child = study.with_patient(Patient(6.0, "male"))
    assert assess(model, child).finding("SNR").finding is not True
    assert child.graded is study.graded
    assert child.heard(model) is study.heard(model)
    assert counts["graded"] == counts["statements asked"] == 1
    assert counts["measured"] == 2


def test_chosen_leads_are_read_alone_and_mapped_to_all(normal: Recording) -> None:
    model, study = shared_model(), Study(normal)
    two = study.with_leads(("II", "V5"))
    assert two.reading(model).given.leads == ("II", "V5")
    assert set(two.measured.beats.leads) == {"II", "V5"}
    assert two.recording is study.recording
    assert two.graded is study.graded
    assert two.with_leads(None).reading(model).given.leads == normal.leads
    with pytest.raises(CannotAssessError, match="no lead 'V9'"):
        assess(model, study.with_leads(("V9",)))


def test_what_was_measured_elsewhere_is_taken(normal: Recording, counts: Counter[str]) -> None:
    known = measure(normal)
    counts.clear()
    study = Study(normal).with_measured(known)
    assert study.is_measured
    assert study.measured is known
    assert not counts
    assert not Study(normal).is_measured


def test_a_stretch_of_a_long_recording_that_was_not_measured_is_measured_alone(
    normal: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgcore.study._WHOLE_S", 5.0)
    study = Study(normal)
    beats = study.beats_between(2.0, 6.0)
    assert beats is not None
    assert not study.is_measured
    assert beats.consensus.r_peak.max() < 4.0
    whole = Study(normal, measured=study.as_measured).beats_between(2.0, 6.0)
    assert whole is not None
    np.testing.assert_allclose(whole.consensus.r_peak, beats.consensus.r_peak, atol=0.01)
    assert study.beats_between(9.7, 10.0) is None


def test_threads_get_one_and_the_same(normal: Recording) -> None:
    study, found = Study(normal), [None] * 4

    def work(k: int) -> None:
        found[k] = study.measured  # type: ignore[call-overload]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each is study.measured for each in found)


def test_of_what_is_kept_the_oldest_goes() -> None:
    kept, made = Kept(2), []
    for key in (1, 2, 1, 3, 1, 2):
        kept.get(key, lambda key=key: made.append(key))  # type: ignore[misc]
    assert made == [1, 2, 3, 2]
    assert 1 in kept
    assert 3 not in kept
    assert kept.put(1, "other") is None
