"""In quiz mode nothing says what a demonstration case is until the reader asks."""

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.simulate.cases import DEMONSTRATION_CASES, DemoCase
from tests.ui.desk_app import (
    LIST,
    RAIL,
    READ,
    STRIP,
    VIEWER,
    WORKLIST,
    act,
    everything,
    payloads,
    press,
    study,
)
from ui.desk.overlays import OVERLAYS

KEYS = (
    *({"name": "overlay", "id": name} for name in OVERLAYS),
    *({"name": name} for name in ("next", "previous", "confirm", "show_anyway")),
    *({"name": name} for name in ("next_place", "previous_place")),
)


def quiz(app: AppTest) -> AppTest:
    next(t for t in app.toggle if t.label == "Quiz mode").set_value(True).run()
    assert not app.exception
    return app


def open_number(app: AppTest, number: int) -> AppTest:
    app.button(key=f"demo_{number}").click().run()
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
    open_number(quiz(app), number)
    found = payloads(app)
    assert found[VIEWER]["choices"] == []
    assert found[VIEWER]["layers"] == {}
    assert not found.keys() & {RAIL, STRIP, LIST}
    assert not app.error
    assert "quiz mode" in everything(app)
    for view in ("methods", "single-lead"):
        study(app, view)
        tells_nothing(app, case)
        assert "quiz mode" in everything(app)
    app.switch_page(READ).run()
    tells_nothing(app, case)
    assert not app.session_state["open_case"].study.is_measured
    press(app, "Show the answer")
    assert payloads(app)[RAIL]["rows"]
    assert payloads(app)[STRIP]["values"]
    assert case.title.lower() in everything(app)


def test_no_key_says_it_before_it_is_asked_for(app: AppTest) -> None:
    number, case = next(
        (i, c) for i, c in enumerate(DEMONSTRATION_CASES, 1) if c.key == "complete-av-block"
    )
    open_number(quiz(app), number)
    opened = app.session_state["open_case"]
    before = payloads(app)[VIEWER]
    for given in KEYS:
        after = act(app, **given)
        assert after[VIEWER] == before, given
        assert not after.keys() & {RAIL, STRIP, LIST}
    tells_nothing(app, case)
    assert (opened.overlay, opened.selected, opened.event) == ("none", None, None)
    assert not opened.study.is_measured
    # From case to case the quiz goes on.
    act(app, "next_case")
    assert app.session_state["open_case"] is not opened
    assert app.session_state["open_case"].quiz


def tells_nothing(app: AppTest, case: DemoCase) -> None:
    shown = everything(app)
    assert case.title.lower() not in shown
    assert case.what_to_see.lower() not in shown


def test_quiz_mode_stays_from_case_to_case_and_can_be_left(app: AppTest) -> None:
    open_number(quiz(app), 1)
    assert app.session_state["open_case"].quiz
    app.switch_page(WORKLIST).run()
    toggle = next(t for t in app.toggle if t.label == "Quiz mode")
    assert toggle.value
    toggle.set_value(False).run()
    assert DEMONSTRATION_CASES[0].title in " ".join(m.value for m in app.markdown)
    open_number(app, 2)
    assert not app.session_state["open_case"].quiz
