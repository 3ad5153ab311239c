"""Recordings with more than twelve leads on the pages, and the paper of the next case."""

import json
from dataclasses import replace

import numpy as np
from streamlit.testing.v1 import AppTest

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import payloads, review, texts, walk
from ui.state import OpenCase

EXTRA = ("V3R", "V4R", "V7", "V8", "V9", "X")


def with_extra_leads(*names: str) -> Recording:
    """A simulated twelve-lead ECG with further leads made from its chest leads."""
    source = make_demonstration_case("normal").recording
    rows = [0.8 * source.lead(STANDARD_12[6 + i]) for i in range(len(names))]
    return replace(source, signal=np.vstack([source.signal, *rows]), leads=(*source.leads, *names))


def drawn_leads(viewer: dict) -> set[str]:
    return {t["meta"]["lead"] for t in viewer["figure"]["data"] if t["meta"]["role"] == "trace"}


def test_review_draws_fifteen_and_eighteen_leads(app: AppTest) -> None:
    app.run()
    for n_extra in (3, 6):
        recording = with_extra_leads(*EXTRA[:n_extra])
        viewer = review(app, OpenCase("x", recording))["ecg.viewer"]
        assert drawn_leads(viewer) == set(recording.leads)
        assert texts(viewer, "remark") == ""
        app.selectbox(key="choose_Layout").select("stacked").run()
        assert drawn_leads(payloads(app)["ecg.viewer"]) == set(recording.leads)


def test_one_lead_over_rows_names_the_others(app: AppTest) -> None:
    app.run()
    review(app, OpenCase("x", with_extra_leads("V3R")))
    app.selectbox(key="choose_Layout").select("wrapped").run()
    viewer = payloads(app)["ecg.viewer"]
    assert drawn_leads(viewer) == {"II"}
    assert "Not shown: I, III, aVR" in texts(viewer, "remark")
    assert "V6, V3R." in texts(viewer, "remark")


def test_one_lead_does_not_decide_how_the_next_case_is_drawn(app: AppTest) -> None:
    app.run()
    twelve = with_extra_leads()
    review(app, OpenCase("first", twelve))
    app.selectbox(key="choose_Layout").select("6x2").run()
    app.selectbox(key="choose_Speed").select(50.0).run()
    strip = OpenCase("strip", twelve.select(("I",)))
    assert drawn_leads(review(app, strip)["ecg.viewer"]) == {"I"}
    viewer = review(app, OpenCase("next", twelve))["ecg.viewer"]
    assert drawn_leads(viewer) == set(STANDARD_12)
    assert app.selectbox(key="choose_Layout").value == "6x2"
    assert app.selectbox(key="choose_Speed").value == 50.0
    app.selectbox(key="choose_Layout").select("wrapped").run()
    app.selectbox(key="choose_Lead").select("V6").run()
    assert drawn_leads(payloads(app)["ecg.viewer"]) == {"V6"}
    viewer = review(app, OpenCase("after", twelve))["ecg.viewer"]
    assert drawn_leads(viewer) == set(STANDARD_12)
    app.selectbox(key="choose_Layout").select("3x4").run()
    assert app.selectbox(key="choose_Rhythm strip").value == "II"


def test_a_choice_for_two_leads_is_not_one_for_twelve(app: AppTest) -> None:
    app.run()
    twelve = with_extra_leads()
    review(app, OpenCase("two", twelve.select(("II", "V1"))))
    assert app.selectbox(key="choose_Layout").value == "stacked"
    review(app, OpenCase("twelve", twelve))
    assert app.selectbox(key="choose_Layout").value == "3x4"
    app.selectbox(key="choose_Rhythm strip").select("V1").run()
    review(app, OpenCase("another", with_extra_leads("V7")))
    assert app.selectbox(key="choose_Rhythm strip").value == "V1"


def test_the_median_beat_shows_every_lead_and_no_line_for_an_absent_one(app: AppTest) -> None:
    app.run()
    recording = with_extra_leads(*EXTRA)
    signal = recording.signal.copy()
    signal[-1] = np.nan
    app.session_state["open_case"] = OpenCase("x", replace(recording, signal=signal))
    app.switch_page("pages/measure.py").run()
    assert not app.exception
    papers = [v for v in _viewers(app) if "Median of" in texts(v, "header")]
    assert len(papers) == 1
    traces = [t for t in papers[0]["figure"]["data"] if t["meta"]["role"] == "trace"]
    assert {t["meta"]["lead"] for t in traces} == set(recording.leads)
    absent = next(t for t in traces if t["meta"]["lead"] == "X")
    assert absent["y"]["dtype"] == "f4"


def _viewers(app: AppTest) -> list[dict]:
    found = [getattr(node, "proto", None) for node in walk(app._tree)]
    return [
        json.loads(proto.json)
        for proto in found
        if getattr(proto, "component_name", "") == "ecg.viewer"
    ]
