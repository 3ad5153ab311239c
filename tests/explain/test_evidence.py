"""Where the evidence of a statement lies: the waves, leads and stretches that it rests on."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgcore.explain.evidence import _find_waves, _waves_of, highlight_evidence
from ecgcore.explain.waves import WAVES, places
from ecgcore.interpret import interpret
from ecgcore.recording import Recording
from ecgcore.results import Call, Evidence
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study


@cache
def study_of(key: str, *leads: str) -> Study:
    recording = make_demonstration_case(key).recording
    return Study(recording.select(leads) if leads else recording)


def evidence(*names: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(name=name, value=1.0) for name in names)


def marked_waves(study: Study, mask: NDArray[np.float32]) -> set[str]:
    """Return the waves that a mask touches."""
    recording = study.recording
    found = places(study.measured.beats, recording.leads, recording.n_samples, recording.fs_hz).wave
    return {wave for at, wave in enumerate(WAVES) if mask[found == at].any()}


@pytest.mark.parametrize(
    ("name", "waves"),
    [
        ("QRS", ("QRS",)),
        ("QRS in V1", ("QRS",)),
        ("QTcF", ("QRS", "ST", "T")),
        ("QT", ("QRS", "ST", "T")),
        ("JTc", ("ST", "T")),
        ("PR", ("P", "PR")),
        ("P axis", ("P",)),
        ("P-wave axis", ("P",)),
        ("J in V2", ("ST", "T")),
        ("J80 in V2", ("ST", "T")),
        ("ST in II", ("ST", "T")),
        ("T in V5", ("T",)),
        ("R′ in V1", ("QRS",)),
        ("S in V6", ("QRS",)),
        ("RV1", ("QRS",)),
        ("Ventricular rate", ()),
        ("Rate", ()),
        ("Pauses", ()),
        ("Sokolow-Lyon", ()),
        ("", ()),
    ],
)
def test_a_value_names_the_waves_that_it_is_measured_on(name: str, waves: tuple[str, ...]) -> None:
    assert _waves_of(Evidence(name=name, value=1.0)) == waves


def test_waves_of_several_values_stand_in_the_order_of_a_beat() -> None:
    call = Call(code="RBBB", evidence=evidence("T in V1", "PR", "QRS"))
    assert _find_waves(call) == ("P", "PR", "QRS", "T")


def test_without_a_wave_in_its_values_the_textbook_place_counts_but_not_for_an_arrhythmia() -> None:
    assert _find_waves(Call(code="RBBB")) == ("QRS",)
    assert _find_waves(Call(code="PVC", spans=((1.0, 2.0),))) == ()


def test_only_the_waves_and_leads_of_the_statement_are_marked() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    call = Call(code="RBBB", evidence=evidence("QRS"), leads=("V1", "V6"))
    mask = highlight_evidence(study, call)
    assert mask is not None
    assert mask.shape == study.recording.signal.shape
    assert mask.dtype == np.float32
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert mask.any(axis=1).tolist() == [False, False, True, True]
    assert marked_waves(study, mask) == {"QRS"}
    # About as much of the time as QRS complexes take.
    qrs = study.measured.measurement("qrs")
    rate = study.measured.measurement("heart_rate")
    assert qrs is not None
    assert rate is not None
    expected = qrs.value / 1000 * rate.value / 60
    assert mask[2].mean() == pytest.approx(expected, rel=0.25)


def test_a_statement_of_all_leads_marks_all_of_them() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    mask = highlight_evidence(study, Call(code="LNGQT", evidence=evidence("QTcF")))
    assert mask is not None
    assert mask.any(axis=1).all()
    assert {"QRS", "T"} <= marked_waves(study, mask)
    assert "P" not in marked_waves(study, mask)


def test_an_arrhythmia_marks_its_stretches_in_whole() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    fs_hz = study.recording.fs_hz
    call = Call(code="PVC", spans=((1.0, 2.0), (9.5, 99.0)), leads=("II",))
    mask = highlight_evidence(study, call)
    assert mask is not None
    marked = np.flatnonzero(mask[1]) / fs_hz
    assert mask[[0, 2, 3]].sum() == 0
    assert marked[0] == pytest.approx(1.0, abs=2 / fs_hz)
    assert mask[1, round(1.5 * fs_hz)] == 1
    assert mask[1, round(5 * fs_hz)] == 0
    assert mask[1, -1] == 1


def test_stretches_before_or_after_the_recording_mark_nothing() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    assert highlight_evidence(study, Call(code="PVC", spans=((100.0, 101.0),))) is None


def test_a_rate_is_about_the_whole_recording() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    assert highlight_evidence(study, Call(code="STACH", evidence=evidence("Rate"))) is None


def test_leads_that_are_not_recorded_leave_nothing_to_mark() -> None:
    study = study_of("rbbb", "I", "II", "V1", "V6")
    call = Call(code="RBBB", evidence=evidence("QRS"), leads=("V3",))
    assert highlight_evidence(study, call) is None


def test_a_recording_without_beats_marks_no_waves_of_them() -> None:
    flat = Study(Recording(np.zeros((2, 5000)), 500.0, ("I", "II")))
    assert highlight_evidence(flat, Call(code="RBBB", evidence=evidence("QRS"))) is None
    asystole = Call(code="PVC", evidence=evidence("QRS complexes"), spans=((1.0, 2.0),))
    mask = highlight_evidence(flat, asystole)
    assert mask is not None
    assert mask.mean() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("key", ["rbbb", "long-qt", "pvc", "complete-av-block"])
def test_what_is_stated_of_a_simulated_ecg_can_be_shown_or_is_of_the_whole(key: str) -> None:
    study = study_of(key)
    shapes = set()
    for call in interpret(study).statements:
        mask = highlight_evidence(study, call)
        if mask is not None:
            assert 0 < mask.mean() < 1
            shapes.add(mask.shape)
    assert shapes == {study.recording.signal.shape}
