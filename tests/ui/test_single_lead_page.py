"""The study of one lead on page Models, and the switch of models on the desk."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL, weights_root
from ecgcore.inference.card import InputContract
from ecgcore.results import Finding
from tests.synthetic import recording, write_tiny_model
from tests.ui.desk_app import payloads, read, study, words_of
from ui import model_answers
from ui.models.single_lead import _make_bar, compare_findings
from ui.state import OpenCase

VIEW = "single-lead"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student beside a model for any leads, both small."""
    one = InputContract(max_leads=1, min_leads_calibrated=1.0)
    write_tiny_model(tmp_path / SINGLE_LEAD_MODEL, name="single-lead", input=one)
    name, _, version = DEFAULT_MODEL.rpartition("-")
    write_tiny_model(tmp_path / DEFAULT_MODEL, name=name, version=version)
    # Findings are reconciled with measurements, which the shipped delineator makes.
    (tmp_path / "delineator-1").symlink_to(weights_root() / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    model_answers.model.clear()
    yield tmp_path
    model_answers.model.clear()


def test_without_a_student_it_says_so(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    assert "is not installed here" in words_of(study(app, VIEW, OpenCase("A", recording())))


def test_teacher_and_student_stand_beside_one_another(app: AppTest, weights: Path) -> None:
    study(app, VIEW, OpenCase("A", recording()))
    words = words_of(app)
    assert f"All leads: {DEFAULT_MODEL} on 12 leads" in words
    # One bar for all leads and one for each.
    assert words.count("<i>") == 13
    assert "I alone" in words
    app.selectbox(key="single_lead_lead").set_value("V1").run()
    app.selectbox(key="single_lead_statement").set_value("RBBB").run()
    assert not app.exception
    assert "V1 alone" in words_of(app)
    viewer = payloads(app)
    assert any("viewer" in name for name in viewer)


def test_a_statement_that_one_lead_cannot_carry_says_why(app: AppTest, weights: Path) -> None:
    study(app, VIEW, OpenCase("A", recording()))
    app.selectbox(key="single_lead_statement").set_value("STE").run()
    assert "two contiguous leads" in words_of(app)


def test_a_recording_of_one_lead_is_told_what_it_can_carry(app: AppTest, weights: Path) -> None:
    words = words_of(study(app, VIEW, OpenCase("A", recording(30, 512, leads=("MLII",)))))
    assert "Can be assessed on lead MLII" in words
    assert "Atrial fibrillation" in words
    assert "monitoring lead" in words


def test_the_desk_reads_one_lead_with_the_student_and_can_be_switched(
    app: AppTest, weights: Path
) -> None:
    case = OpenCase("A", recording(30, 300, leads=("I",)))
    read(app, case)
    assert case.answers.of(SINGLE_LEAD_MODEL).prediction.model == SINGLE_LEAD_MODEL
    assert "only rhythm and beats" in words_of(app)
    app.selectbox(key=f"read_by_{case.case_id}").set_value(DEFAULT_MODEL).run()
    assert not app.exception
    assert (
        app.session_state["open_case"].answers.of(DEFAULT_MODEL).prediction.model == DEFAULT_MODEL
    )


def test_the_desk_of_twelve_leads_offers_no_switch(app: AppTest, weights: Path) -> None:
    read(app, OpenCase("A", recording()))
    assert not [box for box in app.selectbox if box.label == "Read by"]


def found(finding: bool | None) -> Finding:
    return Finding("AF", "Atrial fibrillation", 0.5, True, 0.4, finding, "why")


@pytest.mark.parametrize(
    ("teacher", "student", "words"),
    [
        (True, True, "kept"),
        (True, False, "lost"),
        (False, True, "added"),
        (False, False, ""),
        (True, None, "not assessed on one lead"),
        (None, True, "not assessed on all leads"),
    ],
)
def test_what_is_kept_and_lost_is_a_word(teacher, student, words) -> None:
    assert compare_findings(found(teacher), found(student)) == words


def test_a_finding_that_the_student_does_not_know_cannot_be_said() -> None:
    assert compare_findings(found(True), None) == "not assessed on one lead"


def test_a_bar_has_a_height_only_where_its_number_can_be_trusted() -> None:
    sure = found(True)
    assert "height:50%" in _make_bar("I", sure, strong=False)
    unsure = _make_bar("I", replace(sure, calibrated=False), strong=False)
    assert "height:100%" in unsure
    assert "<u" not in unsure
    assert "height:0%" in _make_bar(
        "I", replace(sure, calibrated=False, finding=False), strong=False
    )
