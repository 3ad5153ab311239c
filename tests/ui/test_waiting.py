"""What waits says so; what is the same is computed once; what was cancelled is not computed."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain.defaults import default_methods
from ecgcore.interpret import assess
from ecgcore.recording import Patient
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study
from tests.conftest import ROOT
from tests.ui.test_explain_page import TIMEOUT_S, said
from tests.ui.test_pages import app
from ui import models, waiting
from ui.jobs import Jobs
from ui.state import OpenCase
from ui.waiting import queue_words

__all__ = ["app"]


@pytest.fixture(autouse=True)
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another test computed is at hand."""
    own = Jobs()
    monkeypatch.setattr(waiting, "jobs", lambda: own)


@pytest.fixture
def assessed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The recordings that were asked about, one entry a computation."""
    asked: list[object] = []

    def counted(model: object, study: Study) -> object:
        asked.append(study.recording)
        return assess(model, study)

    monkeypatch.setattr("ui.models.assess", counted)
    return asked


def review(case: OpenCase) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S).run()
    app.session_state["open_case"] = case
    app.switch_page("pages/review.py").run()
    assert not app.exception


def of_two_leads() -> OpenCase:
    recording = make_demonstration_case("pvc").recording.select(("II", "V1"))
    return OpenCase("x", recording, shared="pvc, two leads")


def test_two_sessions_on_a_demonstration_case_share_one_computation(assessed: list) -> None:
    for _ in range(2):
        review(of_two_leads())
    assert len(assessed) == 1


def test_nothing_of_an_upload_is_shared(assessed: list) -> None:
    for _ in range(2):
        review(replace(of_two_leads(), shared=None))
    assert len(assessed) == 2


def test_a_case_is_shared_no_longer_once_a_patient_is_entered(assessed: list) -> None:
    case = of_two_leads()
    review(case)
    case.enter_patient(Patient(age_years=12))
    assert case.shared is None
    review(case)
    assert len(assessed) == 2
    assert len({id(recording) for recording in assessed}) == 2


@pytest.mark.parametrize(
    ("before", "words"),
    [(2, "2 before you."), (1, "1 before you."), (0, "You are next."), (None, "Being computed.")],
)
def test_the_place_in_the_queue_in_words(before: int | None, words: str) -> None:
    assert queue_words(before) == words


def waits() -> None:
    """Show a page on which a map waits."""
    from types import SimpleNamespace

    import streamlit as st

    from ui.waiting import _Notice

    notice = _Notice(st.empty(), st.session_state["case"], ("map",))
    for before in (2, 2, 1):
        notice.look(SimpleNamespace(before=before))


def test_a_map_that_waits_says_how_many_are_before_it_and_can_be_cancelled() -> None:
    app = AppTest.from_function(waits)
    app.session_state["case"] = case = of_two_leads()
    app.run()
    assert not app.exception
    assert [m.value for m in app.markdown] == ["1 before you."]
    app.button[0].click().run()
    assert ("map",) in case.cancelled


def test_a_cancelled_map_is_not_computed_until_asked_for(app: AppTest) -> None:
    app.run()
    recording = make_demonstration_case("pvc").recording.select(("II",))
    case = OpenCase("x", recording, selected="PVC")
    model = models.model_of(case)
    for method in default_methods(model, "PVC"):
        case.cancelled.add(("attribution", model.name, "PVC", method, None))
    app.session_state["open_case"] = case
    app.switch_page("pages/explain.py").run(timeout=TIMEOUT_S)
    assert not app.exception
    assert "Cancelled: this map was not computed." in [i.value.replace("\\", "") for i in app.info]
    labels = [b.label for b in app.button if b.label.startswith("Compute")]
    assert len(labels) == 2
    assert "of what supports" not in said(app)
    next(b for b in app.button if b.label == labels[0]).click().run(timeout=TIMEOUT_S)
    assert "of what supports" in said(app)
    assert [b.label for b in app.button if b.label.startswith("Compute")] == labels[1:]
