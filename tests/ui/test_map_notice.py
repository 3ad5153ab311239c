"""A chosen statement either shades the paper, or a line under it says why not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain.faithfulness import RED, Faithfulness
from ecgcore.recording import Recording
from ecgcore.render.paper import PaperSettings
from ecgcore.results import Attribution
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import VIEWER, act, heat, payloads, read
from ui.desk.map_notice import describe_absence, find_densest_s, turn_to
from ui.desk.maps import may_show
from ui.desk.paper import Paper
from ui.state import OpenCase


@cache
def holter() -> Recording:
    return make_demonstration_case("holter-pvc").recording


def made_map(at_s: float | None, label: str = "PVC") -> Attribution:
    case = holter()
    values = np.full(case.signal.shape, -0.1, np.float32)
    if at_s is not None:
        first = round(at_s * case.fs_hz)
        values[:, first - 20 : first + 20] = 1.0
    return Attribution(values, case.leads, case.fs_hz, "gradcam", label, "m-1", ())


def long_case(**given: object) -> OpenCase:
    case = OpenCase("x", holter(), selected="PVC")
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
    turn(case, 100.6)
    assert case.start_s == pytest.approx(97.6, abs=0.3)
    assert describe_absence(paper(case), made_map(100.6)) == ""
    case.start_s = 0.0  # the reader goes elsewhere
    turn(case, 100.6)
    assert case.start_s == 0.0
    assert "the map is at 1:40" in describe_absence(paper(case), made_map(100.6))


def turn(case: OpenCase, at_s: float) -> None:
    turn_to(paper(case), "PVC", find_densest_s(made_map(at_s)))


def test_a_map_near_the_end_does_not_turn_past_it() -> None:
    case = long_case()
    end_s = case.recording.duration_s
    turn(case, end_s - 1)
    assert case.start_s == pytest.approx(end_s - 10)


def test_a_map_of_nothing_says_so() -> None:
    words = describe_absence(paper(long_case()), made_map(None))
    assert "nothing in this recording supports it" in words


def test_a_failed_map_is_hidden_until_asked_for_and_only_that_map(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    red = Faithfulness(RED, "Not faithful.")
    monkeypatch.setattr("ui.desk.maps.rate_faithfulness", lambda _checks: red)
    case = long_case()
    assert not may_show(case, made_map(5.0))
    case.failed_maps_shown.add(("m-1", "PVC", "gradcam"))
    assert may_show(case, made_map(5.0))
    assert not may_show(case, replace(made_map(5.0), method="saliency"))
    assert not may_show(long_case(), made_map(5.0))
    by_key = long_case(show_failed="PVC")
    assert may_show(by_key, made_map(5.0))
    assert not may_show(by_key, made_map(5.0, "AF"))


@pytest.mark.usefixtures("one_method")
def test_on_the_desk_the_reason_stands_under_the_paper_with_its_switch_beside(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = Faithfulness(RED, "Not faithful: made for this test.")
    for module in ("overlays.why", "maps"):
        monkeypatch.setattr(f"ui.desk.{module}.rate_faithfulness", lambda _checks: red)
    source = make_demonstration_case("atrial-fibrillation").recording
    case = OpenCase("x", source.select(("II",)), selected="AF", overlay="why")
    layer = read(app, case)[VIEWER]["layers"]["why"]
    assert "made for this test" in layer["note"]
    toggle = next(t for t in app.toggle if t.label == "Show anyway")
    toggle.set_value(True).run()
    shown = payloads(app)[VIEWER]["layers"]["why"]
    assert shown["warning"]
    assert heat(shown)
    # What was allowed is drawn from now on where layers are ready, and no longer once it is taken
    # back.
    next(t for t in app.toggle if t.label == "Show anyway").set_value(False).run()
    assert not act(app, "overlay", id="none")[VIEWER]["layers"]["why"]["warning"]


def test_what_was_allowed_of_a_map_goes_with_the_leads_and_the_model() -> None:
    case = long_case(turned_to="PVC")
    case.failed_maps_shown.add(("m-1", "PVC", "gradcam"))
    case.read_by("m-2")
    assert case.turned_to is None
    case.turned_to = "PVC"
    case.name_leads({case.recording.leads[0]: "V1"})
    assert case.turned_to is None
    assert not case.failed_maps_shown
