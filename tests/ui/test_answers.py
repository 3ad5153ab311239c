"""Answers belong to one recording, model and set of marks: nothing of another stays on a page."""

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.errors import CannotAssessError
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL
from ecgcore.inference.loading import shared_model
from ecgcore.inference.runner import hear
from ecgcore.measure.measuring import measure
from ecgcore.recording import Patient, Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import RAIL, VIEWER, act, heat, read, study, viewers, words_of
from ui import model_answers
from ui.desk.overlays import OVERLAYS
from ui.state import OpenCase


@pytest.fixture(scope="module")
def strip() -> Recording:
    return make_demonstration_case("atrial-fibrillation").recording.select(("II",))


def move(case: OpenCase, by_s: float = 0.02) -> float:
    """Move the end of the fifth QRS; return where it stands now."""
    at = float(case.study.as_measured.beats.consensus.qrs_offset[4]) + by_s
    case.edits[4, "qrs_offset"] = at
    return at


def test_another_model_has_answers_of_its_own(strip: Recording) -> None:
    """Its hand-held class, what-if values and maps are not those of the model before."""
    case = OpenCase("x", strip)
    assert model_answers.model_name(case) == SINGLE_LEAD_MODEL
    before = model_answers.answers_of(case)
    said = model_answers.findings_of(case)
    before.unchanged["AF"] = {"AF": 0.5}
    case.read_by(DEFAULT_MODEL)
    after = model_answers.answers_of(case)
    assert after is not before
    assert after.prediction is None
    assert after.unchanged == {}
    assert model_answers.findings_of(case).model != said.model
    case.read_by(SINGLE_LEAD_MODEL)
    assert model_answers.findings_of(case) is said


def test_a_patient_a_lead_name_and_a_mark_each_give_new_answers(strip: Recording) -> None:
    case = OpenCase("x", strip)
    seen = [model_answers.answers_of(case)]
    move(case)
    seen.append(model_answers.answers_of(case))
    case.enter_patient(Patient(age_years=50.0))
    seen.append(model_answers.answers_of(case))
    case.name_leads({"II": "V1"})
    seen.append(model_answers.answers_of(case))
    assert len({id(answers) for answers in seen}) == len(seen)
    assert case.recording.leads == ("V1",)


def test_a_moved_mark_reaches_the_explanation_and_the_words_of_anomalies(strip: Recording) -> None:
    case = OpenCase("x", strip)
    case.answers.anomalies.places[0.99] = ()
    moved_to = move(case)
    explainer = model_answers.explainer_of(case)
    beats = explainer.beats_of(explainer.reading.pieces[0])
    assert beats is not None
    assert beats.consensus.qrs_offset[4] == moved_to
    assert not case.answers.anomalies.places


def test_the_job_of_other_marks_is_not_joined(strip: Recording) -> None:
    from ui.running import full_key

    case = OpenCase("x", strip, shared="af")
    shared = full_key(case, ("map",))
    move(case)
    own = full_key(case, ("map",))
    move(case, 0.03)
    assert len({shared, own, full_key(case, ("map",))}) == 3
    assert "shared" not in own


def test_pages_measure_and_ask_once(
    app: AppTest, strip: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk with all of its overlays and the pages: one delineation, one answer a network."""
    made: list[str] = []

    def counted(name: str, function: Any) -> Any:
        def call(*args: Any, **rest: Any) -> Any:
            made.append(name)
            return function(*args, **rest)

        return call

    monkeypatch.setattr("ecgcore.study.measure", counted("measured", measure))

    monkeypatch.setattr("ecgcore.inference.runner.hear", counted("asked", hear))
    case = OpenCase("x", strip, selected="AF")
    read(app, case)
    for name in OVERLAYS:
        act(app, "overlay", id=name)
    study(app, "methods", case)
    # The single-lead model, and the classifier behind the second score of anomaly.
    assert sorted(made) == ["asked", "asked", "measured"]
    assert case.study.heard(shared_model(SINGLE_LEAD_MODEL)).handheld is not None


@pytest.mark.parametrize("page", ["desk", "methods"])
def test_a_finding_that_cannot_be_assessed_has_no_map(
    app: AppTest, strip: Recording, page: str
) -> None:
    case = OpenCase("x", strip, selected="LVH", overlay="why")
    finding = model_answers.findings_of(case).finding("LVH")
    assert finding is not None
    assert finding.finding is None
    with pytest.raises(CannotAssessError, match="cannot be assessed here"):
        model_answers.attribution_of(case, "LVH")
    if page == "desk":
        found = read(app, case)
        assert heat(found[VIEWER]["layers"]["why"]) == []
        why = {aside["code"]: aside["words"] for aside in found[RAIL]["not_assessed"]}
        assert finding.reason.split(".")[0] in why["LVH"]
    else:
        study(app, page, case)
        assert finding.reason.split(".")[0] in words_of(app)
    for viewer in viewers(app):
        assert not [t for t in viewer["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert "cannot be assessed here" in words_of(app)


def test_a_case_that_is_replaced_lets_go_of_what_was_found(strip: Recording) -> None:
    case = replace(OpenCase("x", strip))
    measured = case.study.measured
    case.close()
    assert case.study.measured is not measured
