"""In quiz mode nothing says what a demonstration case is until the reader asks."""

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.ui.desk_app import payloads, walk

TIMEOUT_S = 120
PAGES = ("explain", "measure", "single_lead", "waveform_attention", "anomaly")


def everything(app: AppTest) -> str:
    """Return all that the page sends to the browser."""
    nodes = (getattr(node, "proto", None) for node in walk(app._tree))
    return " ".join(str(proto) for proto in nodes if proto is not None).lower()


def quiz(app: AppTest) -> AppTest:
    app.run()
    next(t for t in app.toggle if t.label == "Quiz mode").set_value(True).run()
    assert not app.exception
    return app


def read(app: AppTest, number: int) -> AppTest:
    app.button(key=f"demo_{number}").click().run(timeout=TIMEOUT_S)
    assert not app.exception
    return app


def test_the_cards_say_age_and_sex_alone(app: AppTest) -> None:
    shown = everything(quiz(app))
    for case in DEMONSTRATION_CASES:
        assert case.title.lower() not in shown
        assert f"demo_{case.key}" not in shown
        assert case.history.partition(". ")[2].lower() not in shown
        assert case.what_to_see.lower() not in shown


@pytest.mark.parametrize("key", ["atrial-fibrillation", "complete-av-block"])
def test_no_page_says_it_before_it_is_asked_for(app: AppTest, key: str) -> None:
    number = next(i for i, c in enumerate(DEMONSTRATION_CASES, 1) if c.key == key)
    case = DEMONSTRATION_CASES[number - 1]
    read(quiz(app), number)
    found = payloads(app)
    assert found["ecg.viewer"]
    assert "ecg.findings" not in found
    assert not app.error
    for page in ("review", *PAGES):
        app.switch_page(f"pages/{page}.py").run(timeout=TIMEOUT_S)
        shown = everything(app)
        assert case.title.lower() not in shown
        assert case.what_to_see.lower() not in shown
        assert "quiz mode" in shown
    opened = app.session_state["open_case"]
    assert not opened.study.is_measured
    app.switch_page("pages/review.py").run(timeout=TIMEOUT_S)
    next(b for b in app.button if b.label == "Show the answer").click().run(timeout=TIMEOUT_S)
    assert payloads(app)["ecg.findings"]["rows"]
    assert case.title.lower() in everything(app)


def test_quiz_mode_stays_from_case_to_case_and_can_be_left(app: AppTest) -> None:
    read(quiz(app), 1)
    assert app.session_state["open_case"].quiz
    app.switch_page("pages/open.py").run()
    toggle = next(t for t in app.toggle if t.label == "Quiz mode")
    assert toggle.value
    toggle.set_value(False).run()
    assert DEMONSTRATION_CASES[0].title in " ".join(m.value for m in app.markdown)
    read(app, 2)
    assert not app.session_state["open_case"].quiz
