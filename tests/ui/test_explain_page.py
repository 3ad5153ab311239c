"""The page Explain, through Streamlit's own test harness."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Recording
from ecgcore.simulate.cases import demonstration_case
from tests.ui.test_pages import TIMEOUT_S, _walk, app, texts
from ui.state import OpenCase

__all__ = ["app"]
PAGE = "pages/explain.py"


def shown(app: AppTest, case: OpenCase) -> list[dict]:
    app.session_state["open_case"] = case
    app.switch_page(PAGE).run(timeout=TIMEOUT_S)
    assert not app.exception
    return viewers(app)


def viewers(app: AppTest) -> list[dict]:
    protos = [getattr(node, "proto", None) for node in _walk(app._tree)]
    return [json.loads(p.json) for p in protos if getattr(p, "component_name", "") == "ecg.viewer"]


def html(app: AppTest) -> str:
    return " ".join(node.proto.body for node in app.get("html"))


def said(app: AppTest) -> str:
    return " ".join(m.value for m in [*app.markdown, *app.caption]).replace("\\", "")


def test_without_a_case_it_says_what_to_do(app: AppTest) -> None:
    app.run()
    app.switch_page(PAGE).run()
    assert "No ECG is open" in app.info[0].value


def test_two_maps_stand_on_the_same_paper_with_words_and_checks(app: AppTest) -> None:
    app.run()
    case = OpenCase("x", demonstration_case("rbbb").recording, selected="RBBB")
    left, right = shown(app, case)
    assert left["sheet"] == right["sheet"]
    assert texts(left, "header") == texts(right, "header")
    maps = [[t for t in v["figure"]["data"] if t["meta"]["role"] == "heat"] for v in (left, right)]
    assert all(maps)
    assert maps[0] != maps[1]
    words = said(app)
    assert "% of what speaks for “Right bundle branch block”" in words
    assert "Textbook: terminal R' in V1 or V2" in words
    assert "lies there; spread evenly" in words
    assert "faithful to the model" in html(app).lower()
    assert "correct" in html(app)
    charts = [json.loads(p.proto.spec) for p in app.get("plotly_chart")]
    bars = {
        t["meta"]["lead"]: t["meta"]["value"]
        for chart in charts
        for t in chart["data"]
        if (t.get("meta") or {}).get("role") == "bar"
    }
    assert set(bars) == {"I", "II", "V1", "V2", "V3", "V4", "V5", "V6"}
    assert max(bars, key=bars.get) in ("V1", "V2")


def test_a_dropped_lead_moves_the_probability_at_once(app: AppTest) -> None:
    app.run()
    case = OpenCase("x", demonstration_case("pvc").recording, selected="PVC")
    shown(app, case)
    before = html(app)
    key = f"what_if_beats_{case.case_id}"
    labels = next(b for b in app.get("button_group") if b.proto.label == "Without beats")
    early = [i for i, o in enumerate(labels.proto.options) if " V" in o.content]
    assert early
    app.session_state[key] = early
    app.run(timeout=TIMEOUT_S)
    assert not app.exception
    assert html(app) != before


def test_a_map_that_fails_is_hidden_until_asked_for(app: AppTest) -> None:
    app.run()
    case = OpenCase("x", demonstration_case("first-degree-av-block").recording, selected="IAVB")
    app.session_state["explain_left_IAVB"] = "gradcam"
    left, _ = shown(app, case)
    failed = [t for t in app.toggle if t.key == "explain_failed_left"]
    if not failed:
        pytest.skip("this model's Grad-CAM passes on this case")
    assert not [t for t in left["figure"]["data"] if t["meta"]["role"] == "heat"]
    failed[0].set_value(True).run(timeout=TIMEOUT_S)
    assert [t for t in viewers(app)[0]["figure"]["data"] if t["meta"]["role"] == "heat"]


@pytest.mark.parametrize("key", ["hand-held-af", "lead-off"])
def test_one_lead_and_missing_leads_are_explained(app: AppTest, key: str) -> None:
    app.run()
    assert shown(app, OpenCase("x", demonstration_case(key).recording))


def test_a_long_recording_is_explained_window_by_window(app: AppTest) -> None:
    app.run()
    source = demonstration_case("holter-pvc").recording
    rows = source.signal[:, : round(90 * source.fs_hz)]
    case = OpenCase("x", Recording(rows, source.fs_hz, source.leads), selected="PVC")
    shown(app, case)
    slider = next(s for s in app.slider if s.label == "Window explained")
    assert slider.max == 9
    slider.set_value(2).run(timeout=TIMEOUT_S)
    assert not app.exception
    assert viewers(app)[0]["sheet"]["start_s"] == pytest.approx(10)
