"""The comparison of methods on page Models, through Streamlit's own test harness."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain.faithfulness import RED, Faithfulness
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import html_of, study, texts, viewers, words_of
from ui.state import OpenCase


def shown(app: AppTest, case: OpenCase) -> list[dict]:
    return viewers(study(app, "methods", case))


def html(app: AppTest) -> str:
    return " ".join(html_of(app))


def test_two_maps_stand_on_the_same_paper_with_words_and_checks(app: AppTest) -> None:
    leads = ("I", "II", "V1", "V2", "V6")
    source = make_demonstration_case("rbbb").recording
    case = OpenCase("x", source.select(leads), selected="RBBB")
    left, right = shown(app, case)
    assert left["sheet"] == right["sheet"]
    assert texts(left, "header") == texts(right, "header")
    maps = [[t for t in v["figure"]["data"] if t["meta"]["role"] == "heat"] for v in (left, right)]
    assert all(maps)
    assert maps[0] != maps[1]
    words = words_of(app)
    assert "% of what supports “Right bundle branch block”" in words
    assert "Textbook: terminal R' in V1 or V2" in words
    assert "if spread evenly" in words
    assert "faithful to the model" in html(app).lower()
    charts = [json.loads(p.proto.spec) for p in app.get("plotly_chart")]
    bars = {
        t["meta"]["lead"]: t["meta"]["value"]
        for chart in charts
        for t in chart["data"]
        if (t.get("meta") or {}).get("role") == "bar"
    }
    assert set(bars) == set(leads)
    assert max(bars, key=bars.get) in ("V1", "V2")


def test_a_dropped_beat_moves_the_probability_at_once(app: AppTest) -> None:
    source = make_demonstration_case("pvc").recording
    case = OpenCase("x", source.select(("II", "V1")), selected="PVC")
    shown(app, case)
    before = html(app)
    labels = next(b for b in app.get("button_group") if b.proto.label == "Without beats")
    early = [i for i, o in enumerate(labels.proto.options) if " V" in o.content]
    assert early == [4, 8]
    app.session_state[f"what_if_beats_{case.case_id}"] = early
    app.run()
    assert not app.exception
    assert html(app) != before


def test_a_map_that_fails_is_hidden_until_asked_for(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = Faithfulness(RED, "Not faithful to the model: made for this test.")
    monkeypatch.setattr("ui.desk.explain.rate_faithfulness", lambda _checks: red)
    monkeypatch.setattr("ui.desk.maps.rate_faithfulness", lambda _checks: red)
    source = make_demonstration_case("atrial-fibrillation").recording
    (left, _) = shown(app, OpenCase("x", source.select(("II",)), selected="AF"))
    assert not [t for t in left["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert "made for this test" in html(app)
    toggle = next(t for t in app.toggle if t.key.startswith("failed_map_left"))
    toggle.set_value(True).run()
    left, right = viewers(app)
    assert [t for t in left["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert not [t for t in right["figure"]["data"] if t["meta"]["role"] == "heat"]


def test_a_long_recording_is_explained_window_by_window(app: AppTest) -> None:
    source = make_demonstration_case("holter-pvc").recording
    rows = source.signal[:1, : round(65 * source.fs_hz)]
    case = OpenCase("x", Recording(rows, source.fs_hz, source.leads[:1]), selected="PVC")
    shown(app, case)
    assert "Not applicable to a single lead." in words_of(app)
    slider = next(s for s in app.slider if s.label == "Window explained")
    assert slider.max == 7
    slider.set_value(2).run()
    assert not app.exception
    assert "the maps explain 10 to 20 s" in words_of(app)
    # The paper shows 60 of the 65 s: it cannot begin later than 5 s.
    assert viewers(app)[0]["sheet"]["start_s"] == pytest.approx(5)
