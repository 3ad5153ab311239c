"""The slim line of measurements above the paper on Review."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.measure import measure
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.test_pages import recording
from ui.state import OpenCase

TIMEOUT_S = 60


def line_of(case: OpenCase) -> str:
    def script() -> None:
        import streamlit as st

        from ui.desk.vitals import show_vitals

        show_vitals(st.session_state["open_case"])

    app = AppTest.from_function(script)
    app.session_state["open_case"] = case
    app.run(timeout=TIMEOUT_S)
    assert not app.exception
    return " ".join(node.proto.body for node in app.get("html"))


def test_rate_intervals_and_axis_stand_in_one_line() -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    line = line_of(case)
    found = measure(case.recording)
    for label, name, unit in (
        ("HR", "heart_rate", "/min"),
        ("PR", "pr", " ms"),
        ("QRS", "qrs", " ms"),
        ("QT", "qt", " ms"),
        ("QTcF", "qtc_fridericia", " ms"),
        ("Axis", "qrs_axis", "°"),
    ):
        value = found.measurement(name)
        assert value is not None
        assert value.value is not None
        assert f"<span>{label}</span> {value.value:.0f}{unit}" in line
    assert "<span>RR</span> regular" in line
    assert "<b" not in line


@pytest.mark.parametrize(("key", "arrow"), [("sinus-bradycardia", "↓"), ("long-qt", "↑")])
def test_what_is_out_of_range_is_bold_with_an_arrow_and_the_range(key: str, arrow: str) -> None:
    line = line_of(OpenCase("x", make_demonstration_case(key).recording))
    assert f"{arrow}</b>" in line
    assert "reference" in line


def test_what_is_not_stated_says_why_under_the_pointer() -> None:
    line = line_of(OpenCase("x", simulate("atrial-flutter-2to1", seed=1).recording))
    assert "No conducted P wave was identified" in line
    assert "too uncertain" in line
    flat = line_of(OpenCase("flat", recording(signal=np.zeros((12, 5000)))))
    assert flat.count("flat line") >= 6


def test_the_readers_marks_count_in_it() -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    end = float(measure(case.recording).beats.consensus.t_offset[4])
    case.edits[4, "t_offset"] = end + 0.02
    assert line_of(case).count("(edited)") == 2
