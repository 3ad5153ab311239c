"""Recordings with more than twelve leads on the pages, and the paper of the next case."""

from dataclasses import replace

import numpy as np
from streamlit.testing.v1 import AppTest

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import VIEWER, act, drawn_leads, open_details, read, texts, viewers
from ui.state import OpenCase

EXTRA = ("V3R", "V4R", "V7", "V8", "V9", "X")


def with_extra_leads(*names: str) -> Recording:
    """A simulated twelve-lead ECG with further leads made from its chest leads."""
    source = make_demonstration_case("normal").recording
    rows = [0.8 * source.lead(STANDARD_12[6 + i]) for i in range(len(names))]
    return replace(source, signal=np.vstack([source.signal, *rows]), leads=(*source.leads, *names))


def choose(app: AppTest, field: str, value: str) -> dict:
    return act(app, "setting", id=field, value=value)[VIEWER]


def setting(viewer: dict, name: str) -> str:
    return next(field["value"] for field in viewer["menu"] if field["id"] == name)


def test_the_desk_draws_fifteen_and_eighteen_leads(app: AppTest) -> None:
    for n_extra in (3, 6):
        recording = with_extra_leads(*EXTRA[:n_extra])
        viewer = read(app, OpenCase("x", recording))[VIEWER]
        assert drawn_leads(viewer) == set(recording.leads)
        assert texts(viewer, "remark") == ""
        assert drawn_leads(choose(app, "layout", "stacked")) == set(recording.leads)


def test_one_lead_over_rows_names_the_others(app: AppTest) -> None:
    read(app, OpenCase("x", with_extra_leads("V3R")))
    viewer = choose(app, "layout", "wrapped")
    assert drawn_leads(viewer) == {"II"}
    assert "Not shown: I, III, aVR" in texts(viewer, "remark")
    assert "V6, V3R." in texts(viewer, "remark")


def test_one_lead_does_not_decide_how_the_next_case_is_drawn(app: AppTest) -> None:
    twelve = with_extra_leads()
    read(app, OpenCase("first", twelve))
    choose(app, "layout", "6x2")
    choose(app, "mm_per_s", "50.0")
    strip = OpenCase("strip", twelve.select(("I",)))
    assert drawn_leads(read(app, strip)[VIEWER]) == {"I"}
    viewer = read(app, OpenCase("next", twelve))[VIEWER]
    assert drawn_leads(viewer) == set(STANDARD_12)
    assert setting(viewer, "layout") == "6x2"
    assert setting(viewer, "mm_per_s") == "50.0"
    choose(app, "layout", "wrapped")
    assert drawn_leads(choose(app, "rhythm_lead", "V6")) == {"V6"}
    viewer = read(app, OpenCase("after", twelve))[VIEWER]
    assert drawn_leads(viewer) == set(STANDARD_12)
    assert setting(choose(app, "layout", "3x4"), "rhythm_lead") == "II"


def test_a_choice_for_two_leads_is_not_one_for_twelve(app: AppTest) -> None:
    twelve = with_extra_leads()
    two = read(app, OpenCase("two", twelve.select(("II", "V1"))))[VIEWER]
    assert setting(two, "layout") == "stacked"
    assert setting(read(app, OpenCase("twelve", twelve))[VIEWER], "layout") == "3x4"
    choose(app, "rhythm_lead", "V1")
    another = read(app, OpenCase("another", with_extra_leads("V7")))[VIEWER]
    assert setting(another, "rhythm_lead") == "V1"


def test_the_median_beat_shows_every_lead_and_no_line_for_an_absent_one(app: AppTest) -> None:
    recording = with_extra_leads(*EXTRA)
    signal = recording.signal.copy()
    signal[-1] = np.nan
    read(app, OpenCase("x", replace(recording, signal=signal), overlay="waves"))
    open_details(app, "waves")
    papers = [v for v in viewers(app) if "Median of" in texts(v, "header")]
    assert len(papers) == 1
    traces = [t for t in papers[0]["figure"]["data"] if t["meta"]["role"] == "trace"]
    assert {t["meta"]["lead"] for t in traces} == set(recording.leads)
    absent = next(t for t in traces if t["meta"]["lead"] == "X")
    assert absent["y"]["dtype"] == "f4"
