"""Every demonstration case on the desk: drawn, measured and reported, its diagnosis not printed."""

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.ui.desk_app import RAIL, STRIP, VIEWER, demo, html_of, read, texts

# Long ones are read by processes of their own: see test_running and test_events.
SHORT_CASES = [case.key for case in DEMONSTRATION_CASES if "holter" not in case.key]


@pytest.mark.parametrize("key", SHORT_CASES)
def test_every_demonstration_case_is_drawn_with_its_statements(app: AppTest, key: str) -> None:
    case = demo(key)
    found = read(app, case)
    viewer = found[VIEWER]
    assert viewer["case_id"] == case.case_id
    assert "SIMULATED" in texts(viewer, "footer")
    assert "Not a medical device" in texts(viewer, "footer")
    (head,) = [words for words in html_of(app) if 'class="ecg-who"><b>' in words]
    assert case.title in head
    assert case.demo is not None
    assert case.demo.title not in head + texts(viewer, "header")
    rail = found[RAIL]
    assert rail["text"]
    assert rail["rows"] or rail["not_assessed"]
    assert [value["label"] for value in found[STRIP]["values"]][:4] == ["Rate", "PR", "QRS", "QT"]
