"""From one case to the next without going back to the list: by button and by key."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.ui.desk_app import READ, VIEWER, act, payloads, press, read, simulated
from ui.state import OpenCase
from ui.worklist.queue import find_queue


def opened(app: AppTest) -> OpenCase:
    case: OpenCase = app.session_state["open_case"]
    return case


def step_buttons(app: AppTest) -> list:
    return [button for button in app.button if str(button.key).startswith("desk_case_chevron_")]


def chooser(app: AppTest) -> Selectbox:
    return next(box for box in app.selectbox if box.label == "Case")


def places(app: AppTest) -> list[str]:
    return list(chooser(app).options)


def table(value: float) -> bytes:
    rng = np.random.default_rng(round(value * 100))
    rows = "\n".join(f"{v:.3f}" for v in rng.normal(0, 0.2, 3000))
    return f"# fs: 500\n# unit: mV\nII\n{rows}\n".encode()


@pytest.fixture
def uploads(app: AppTest) -> AppTest:
    """Three uploads, of which the second is opened."""
    for name, value in (("a.csv", 0.1), ("b.csv", 0.2), ("c.csv", 0.3)):
        app.file_uploader[0].upload(name, table(value))
    app.run()
    app.session_state["uploads"].chosen = app.session_state["uploads"].entries[1].key
    return press(app.run(), "Read this ECG")


def test_buttons_go_through_the_uploads_in_their_order(uploads: AppTest) -> None:
    app = uploads
    assert opened(app).title == "b.csv"
    assert places(app) == ["1/3  a.csv", "2/3  b.csv", "3/3  c.csv"]
    assert chooser(app).value == 2
    _, after = step_buttons(app)
    after.click().run()
    assert opened(app).title == "c.csv"
    assert payloads(app)[VIEWER]["case_id"] == opened(app).case_id
    before, after = step_buttons(app)
    assert after.disabled
    assert not before.disabled
    before.click().run()
    assert opened(app).title == "b.csv"


def test_keys_go_from_case_to_case_and_stop_at_the_ends(uploads: AppTest) -> None:
    app = uploads
    first = opened(app)
    first.verdicts["SR"] = "confirmed"
    found = act(app, "previous_case")
    assert opened(app).title == "a.csv"
    assert found[VIEWER]["case_id"] == opened(app).case_id != first.case_id
    act(app, "previous_case")
    assert opened(app).title == "a.csv"
    act(app, "next_case")
    assert opened(app) is first  # the same desk as it was left
    assert first.verdicts == {"SR": "confirmed"}


def test_a_case_is_chosen_from_the_list(uploads: AppTest) -> None:
    chooser(uploads).set_value(3).run()
    assert not uploads.exception
    assert opened(uploads).title == "c.csv"
    assert chooser(uploads).value == 3


def test_demonstration_cases_stand_in_their_order(app: AppTest) -> None:
    app.button(key="demo_1").click().run()
    case = opened(app)
    queue = find_queue(case)
    assert queue is not None
    assert (queue.number, len(queue.titles)) == (1, len(DEMONSTRATION_CASES))
    # Their diagnosis is not told beforehand.
    assert places(app)[1] == f"2/{len(DEMONSTRATION_CASES)}  Case 2"
    before, after = step_buttons(app)
    assert before.disabled
    assert not after.disabled
    act(app, "next_case")
    assert opened(app).title == "Case 2"
    assert opened(app).demo == DEMONSTRATION_CASES[1]


def test_a_case_by_itself_has_no_next(app: AppTest) -> None:
    case = simulated("rbbb", "II")
    read(app, case)
    assert not step_buttons(app)
    act(app, "next_case")
    assert opened(app) is case
    app.switch_page(READ).run()
    assert not app.exception
