"""Reading and long analyses as the page shows them: the place in the queue, Cancel, and again."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import RhythmAlarm
from ecgcore.results.wire import encode
from ecgcore.signal.quality import assess
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ecgcore.workers import Pool, WorkerSpec
from ui import analysis, reading
from ui.state import OpenCase
from ui.working import progress_words

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60
JOBS = "tests.workers.jobs"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    spec = WorkerSpec((f"{JOBS}:sleep", f"{JOBS}:end"), max_seconds=60.0, max_memory_bytes=2**28)
    made = Pool(spec, size=2)
    made.start()
    yield made
    made.close()


def waiting_page(folder: str) -> None:
    import streamlit as st

    from ecgcore.errors import CancelledError
    from ui.working import forget_work, run_work

    request = [[b"page"], [f"{folder}/go".encode()], [f"{folder}/log".encode()]]
    try:
        answer = run_work(
            st.session_state["pool"], lambda: request, slot="s", key="k", words="Reading"
        )
        st.text(f"done {bytes(answer[0]).decode()}")
    except CancelledError as error:
        st.text(str(error))
        st.button("Read again", on_click=forget_work, args=("s",))


def words_of(app: AppTest) -> str:
    return " ".join(element.value for element in app.text)


@pytest.mark.parametrize(
    ("ahead", "seconds", "words"),
    [
        (2, 9.0, "Reading … 2 before you"),
        (None, 0.2, "Reading …"),
        (None, 5.2, "Reading … 5 s"),
        (0, 5.2, "Reading … 5 s"),
    ],
)
def test_how_work_stands_is_one_line(ahead: int | None, seconds: float, words: str) -> None:
    assert progress_words("Reading", ahead, seconds) == words


def test_an_answer_is_shown_when_it_is_there(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    app = AppTest.from_function(waiting_page, args=(str(tmp_path),), default_timeout=TIMEOUT_S)
    app.session_state["pool"] = pool
    app.run()
    assert not app.exception
    assert words_of(app) == "done page"
    assert not app.button


def test_waiting_is_cancelled_and_done_again(pool: Pool, tmp_path: Path) -> None:
    app = AppTest.from_function(waiting_page, args=(str(tmp_path),), default_timeout=2)
    app.session_state["pool"] = pool
    with pytest.raises(RuntimeError, match="timed out"):
        app.run()
    slot = app.session_state["work_s"]
    assert slot.ticket.ahead() is None  # it is being done
    app = AppTest.from_function(waiting_page, args=(str(tmp_path),), default_timeout=TIMEOUT_S)
    app.session_state["pool"], app.session_state["work_s"] = pool, slot
    slot.cancelled = True
    slot.ticket.cancel()
    app.run()
    assert "cancelled" in words_of(app)
    (tmp_path / "go").touch()
    app.button[0].click().run()
    assert words_of(app) == "done page"
    assert slot.ticket.done.wait(30)
    assert (tmp_path / "log").read_text() == "page\n"


# ---- analyses ---------------------------------------------------------------------------------


def long_recording(copies: int) -> Recording:
    made = make_demonstration_case(DEMONSTRATION_CASES[0].key).recording
    return Recording(np.tile(made.signal, copies), made.fs_hz, made.leads, patient=made.patient)


@pytest.fixture(scope="module", autouse=True)
def ends_workers() -> Iterator[None]:
    yield
    for made in (reading.reader, analysis.analysts):
        made().close()
        made.clear()


def analysed_page() -> None:
    import streamlit as st

    from ui.analysis import measured, quality_of

    recording = st.session_state["recording"]
    st.session_state["quality"] = quality_of(recording)
    st.session_state["measured"] = measured(recording)
    st.text("done")


def test_a_long_recording_is_analysed_apart_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = long_recording(3)
    expected = assess(recording), measure(recording)
    monkeypatch.setattr(analysis, "LONG_SAMPLES", recording.signal.size - 1)
    monkeypatch.setattr(analysis, "assess", lambda _: pytest.fail("it was done here"))
    monkeypatch.setattr(analysis, "measure", lambda _: pytest.fail("it was done here"))
    app = AppTest.from_function(analysed_page, default_timeout=TIMEOUT_S)
    app.session_state["recording"] = recording
    app.run()
    assert not app.exception
    assert words_of(app).endswith("done")
    assert b"".join(encode(app.session_state["quality"])) == b"".join(encode(expected[0]))
    assert b"".join(encode(app.session_state["measured"])) == b"".join(encode(expected[1]))


def test_a_short_recording_is_analysed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "run_work", lambda *_, **__: pytest.fail("it was sent away"))
    app = AppTest.from_function(analysed_page, default_timeout=TIMEOUT_S)
    app.session_state["recording"] = long_recording(1)
    app.run()
    assert not app.exception
    assert words_of(app) == "done"


def failing_page() -> None:
    import streamlit as st

    from ui.analysis import analyse_apart

    recording = st.session_state["recording"]
    analyse_apart(
        recording,
        "tests.workers.jobs:end",
        slot="x",
        words="Measuring",
        pool=st.session_state["pool"],
    )


def test_an_analysis_that_fails_says_so_once_and_can_be_tried_again(pool: Pool) -> None:
    app = AppTest.from_function(failing_page, default_timeout=TIMEOUT_S)
    app.session_state["pool"] = pool
    app.session_state["recording"] = long_recording(1)
    app.run()
    assert not app.exception
    assert "ended its process" in app.info[0].value
    begun = time.monotonic()
    app.run()  # a click elsewhere does not do it again
    assert "ended its process" in app.info[0].value
    app.button[0].click().run()
    assert "ended its process" in app.info[0].value
    assert time.monotonic() - begun < TIMEOUT_S


def test_findings_that_fail_leave_the_urgent_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever comes of the network, what cannot wait has been said."""
    recording = long_recording(1)
    case = OpenCase("Case", recording)
    alarms = (RhythmAlarm("pause", 1.0, 5.0, "No QRS complex for 4 s."),)
    case.take_measured(replace(measure(recording), alarms=alarms))
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(analysis, "FINDINGS", "none:none")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S)
    app.run()
    monkeypatch.setattr(analysis, "LONG_SAMPLES", case.recording.signal.size - 1)
    app.session_state["open_case"] = case
    app.switch_page("pages/review.py").run()
    assert not app.exception
    assert "No QRS complex for 4 s" in app.error[0].value
    assert "ended its process" in app.info[0].value
    assert "Try again" in [button.label for button in app.button]
