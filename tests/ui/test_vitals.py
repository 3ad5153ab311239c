"""The strip of measurements above the paper."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.measure import measure
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import STRIP, TIMEOUT_S, act, payloads, read, recording
from ui.desk.vitals import format_vitals
from ui.state import OpenCase


def values_of(case: OpenCase) -> dict[str, dict]:
    """Return each value of the strip by its label."""

    def script() -> None:
        import streamlit as st

        from ui.desk.vitals import show_values

        show_values(st.session_state["open_case"], on_act=lambda _act: None)

    app = AppTest.from_function(script)
    app.session_state["open_case"] = case
    app.run(timeout=TIMEOUT_S)
    assert not app.exception
    return {value["label"]: value for value in payloads(app)[STRIP]["values"]}


def test_rate_intervals_and_axes_stand_in_one_strip() -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    values = values_of(case)
    found = measure(case.recording)
    assert list(values) == ["Rate", "PR", "QRS", "QT", "QTcF", "P axis", "QRS axis", "T axis"]
    for value in values.values():
        given = found.measurement(value["id"])
        assert given is not None
        assert given.value is not None
        assert value["text"].rstrip("°") == f"{given.value:.0f}"
        assert given.method in value["words"]
        assert value["words"].startswith("± ")
        assert value["arrow"] == ""
    assert values["Rate"]["unit"] == "/min"
    assert values["PR"]["unit"] == "ms"
    assert values["QRS axis"]["text"].endswith("°")
    assert "° ;" not in values["T axis"]["words"]
    assert "±  " not in values["T axis"]["words"]


@pytest.mark.parametrize(
    ("key", "label", "arrow"), [("sinus-bradycardia", "Rate", "↓"), ("long-qt", "QTcF", "↑")]
)
def test_what_is_out_of_range_has_an_arrow_and_the_range(key: str, label: str, arrow: str) -> None:
    case = OpenCase("x", make_demonstration_case(key).recording)
    value = values_of(case)[label]
    assert value["arrow"] == arrow
    assert "reference" in value["words"]
    assert f"{arrow}" in format_vitals(case)


def test_what_is_not_stated_says_why_under_the_pointer() -> None:
    values = values_of(OpenCase("x", simulate("atrial-flutter-2to1", seed=1).recording))
    assert values["PR"]["text"] == "–"
    assert "No conducted P wave was identified" in values["PR"]["words"]
    assert any("too uncertain" in value["words"] for value in values.values())
    flat = values_of(OpenCase("flat", recording(signal=np.zeros((12, 5000)))))
    assert sum("flat line" in value["words"] for value in flat.values()) >= 6
    assert {value["text"] for value in flat.values()} == {"–"}


def test_the_readers_marks_count_in_it() -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    end = float(measure(case.recording).beats.consensus.t_offset[4])
    case.edits[4, "t_offset"] = end + 0.02
    edited = {label for label, value in values_of(case).items() if value["edited"]}
    assert edited == {"QT", "QTcF"}
    assert format_vitals(case).count("(edited)") == 2


def test_a_value_that_is_pressed_shows_its_marks(app: AppTest) -> None:
    case = OpenCase("x", recording())
    read(app, case)
    act(app, "measurement", STRIP, id="qrs")
    assert case.overlay == "waves"
    assert payloads(app)["ecg.viewer"]["layers"]["waves"]["markers"]["lines"]
