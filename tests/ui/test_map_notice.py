"""A chosen finding either shades the paper, or a line above it says why not."""

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain.faithfulness import RED, Faithfulness
from ecgcore.render.paper import PaperSettings
from ecgcore.results import Attribution
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import TIMEOUT_S, payloads
from ui.desk.map_notice import find_densest_s, find_notice, turn_to_map
from ui.desk.paper import Paper
from ui.state import OpenCase


def made_map(at_s: float | None, label: str = "PVC") -> Attribution:
    case = make_demonstration_case("holter-pvc").recording
    values = np.full(case.signal.shape, -0.1, np.float32)
    if at_s is not None:
        first = round(at_s * case.fs_hz)
        values[:, first - 20 : first + 20] = 1.0
    return Attribution(values, case.leads, case.fs_hz, "gradcam", label, "m-1", ())


def long_case(**given: object) -> OpenCase:
    case = OpenCase("x", make_demonstration_case("holter-pvc").recording, selected="PVC")
    for name, value in given.items():
        setattr(case, name, value)
    return case


def paper(case: OpenCase) -> Paper:
    return Paper(case, PaperSettings())


def test_the_densest_place_is_where_most_speaks_for_the_statement() -> None:
    assert find_densest_s(made_map(100.6)) == pytest.approx(100.6, abs=0.25)
    assert find_densest_s(made_map(None)) is None


def test_a_long_recording_is_turned_to_a_chosen_map_once() -> None:
    case = long_case()
    turn_to_map(paper(case), made_map(100.6))
    assert case.start_s == pytest.approx(97.6, abs=0.3)
    assert find_notice(paper(case), made_map(100.6), style="heat") is None
    case.start_s = 0.0  # the reader goes elsewhere
    turn_to_map(paper(case), made_map(100.6))
    assert case.start_s == 0.0
    notice = find_notice(paper(case), made_map(100.6), style="heat")
    assert notice is not None
    assert "the map is at 1:40" in notice.words
    assert notice.go_to_s == pytest.approx(100.6, abs=0.25)


def test_a_map_near_the_end_does_not_turn_past_it() -> None:
    case = long_case()
    end_s = case.recording.duration_s
    turn_to_map(paper(case), made_map(end_s - 1))
    assert case.start_s == pytest.approx(end_s - 10)


@pytest.mark.parametrize(
    ("attribution", "style", "words"),
    [
        ("There are less than 5 s.", "heat", "No map: There are less than 5 s."),
        (made_map(None), "heat", "nothing in this recording supports it"),
        (made_map(5.0), "none", "the overlay is off"),
    ],
)
def test_every_reason_is_said(attribution: Attribution | str, style: str, words: str) -> None:
    notice = find_notice(paper(long_case()), attribution, style=style)
    assert notice is not None
    assert words in notice.words


def test_a_failed_map_is_hidden_until_asked_for_and_only_that_map(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    red = Faithfulness(RED, "Not faithful.")
    monkeypatch.setattr("ui.desk.maps.rate_faithfulness", lambda _checks: red)
    case = long_case()
    notice = find_notice(paper(case), made_map(5.0), style="heat")
    assert notice is not None
    assert notice.failed
    case.failed_maps_shown.add(("m-1", "PVC", "gradcam"))
    assert find_notice(paper(case), made_map(5.0), style="heat") is None
    other = replace(made_map(5.0), method="saliency")
    assert find_notice(paper(case), other, style="heat") is not None
    assert find_notice(paper(long_case()), made_map(5.0), style="heat") is not None


def test_on_the_page_the_reason_stands_above_the_paper_with_its_switch(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = Faithfulness(RED, "Not faithful: made for this test.")
    monkeypatch.setattr("ui.desk.review.rate_faithfulness", lambda _checks: red)
    monkeypatch.setattr("ui.desk.maps.rate_faithfulness", lambda _checks: red)
    app.run()
    source = make_demonstration_case("atrial-fibrillation").recording
    app.session_state["open_case"] = OpenCase("x", source.select(("II",)), selected="AF")
    app.switch_page("pages/review.py").run(timeout=TIMEOUT_S)
    assert not app.exception
    assert any("is hidden" in m.value for m in app.markdown)
    assert not heat(app)
    toggle = next(t for t in app.toggle if t.label == "Show anyway")
    toggle.set_value(True).run(timeout=TIMEOUT_S)
    assert heat(app)


def heat(app: AppTest) -> list[dict]:
    figure = payloads(app)["ecg.viewer"]["figure"]
    return [t for t in figure["data"] if t["meta"]["role"] == "heat"]


def test_what_was_allowed_of_a_map_goes_with_the_leads_and_the_model() -> None:
    case = long_case(turned_to="PVC")
    case.failed_maps_shown.add(("m-1", "PVC", "gradcam"))
    case.read_by("m-2")
    assert case.turned_to is None
    case.turned_to = "PVC"
    case.name_leads({case.recording.leads[0]: "V1"})
    assert case.turned_to is None
    assert not case.failed_maps_shown
