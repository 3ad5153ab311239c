"""What waits says so; what is the same is computed once; what was cancelled is not computed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.errors import CannotAssessError
from ecgcore.explain import Explainer
from ecgcore.explain.defaults import default_methods
from ecgcore.interpret import assess_and_report
from ecgcore.measure import measure
from ecgcore.recording import Patient, Recording
from ecgcore.results import Attribution, RhythmAlarm
from ecgcore.results.wire import encode
from ecgcore.signal.quality import assess as assess_quality
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ecgcore.study import Study
from ecgcore.workers import Pool, WorkerSpec
from tests.base.test_turns import until
from tests.conftest import ROOT
from tests.ui.desk_app import TIMEOUT_S, read
from tests.ui.desk_app import study as study_page
from tests.ui.desk_app import words_of as words_of_page
from ui import analysis, model_answers, reading, running
from ui.jobs import Jobs
from ui.running import progress_words
from ui.state import OpenCase


@pytest.fixture(autouse=True)
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another test computed is at hand."""
    own = Jobs()
    monkeypatch.setattr(running, "jobs", lambda: own)


@pytest.fixture
def assessed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The recordings that were asked about, one entry a computation."""
    asked: list[object] = []

    def counted(model: object, study: Study, **given: object) -> object:
        asked.append(study.recording)
        return assess_and_report(model, study, **given)

    monkeypatch.setattr("ui.model_answers.assess_and_report", counted)
    return asked


def review(case: OpenCase) -> None:
    read(AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S).run(), case)


def of_two_leads() -> OpenCase:
    recording = make_demonstration_case("pvc").recording.select(("II", "V1"))
    return OpenCase("x", recording, shared="pvc, two leads")


def test_two_sessions_on_a_demonstration_case_share_one_computation(assessed: list) -> None:
    for _ in range(2):
        review(of_two_leads())
    assert len(assessed) == 1


def test_nothing_of_an_upload_is_shared(assessed: list) -> None:
    for _ in range(2):
        review(replace(of_two_leads(), shared=None))
    assert len(assessed) == 2


def test_a_case_is_shared_no_longer_once_a_patient_is_entered(assessed: list) -> None:
    case = of_two_leads()
    review(case)
    case.enter_patient(Patient(age_years=12))
    assert case.shared is None
    review(case)
    assert len(assessed) == 2
    assert len({id(recording) for recording in assessed}) == 2


@pytest.mark.parametrize(
    ("before", "seconds", "share", "words"),
    [
        (2, 9.0, 0.0, "Reading … 2 before you"),
        (0, 5.2, 0.5, "Reading … you are next"),
        (None, 0.2, 0.0, "Reading …"),
        (None, 5.2, 0.0, "Reading … 5 s"),
        (None, 5.2, 0.4, "Reading … 40 %, about 8 s left"),
        (None, 5.2, 0.9, "Reading … 90 %"),
    ],
)
def test_how_work_stands_is_one_line(
    before: int | None, seconds: float, share: float, words: str
) -> None:
    assert progress_words("Reading", before, seconds, share=share) == words


def waits() -> None:
    """Show a page on which a map waits."""
    from types import SimpleNamespace

    import streamlit as st

    from ui.running import _Notice

    notice = _Notice(st.session_state["case"], ("map",), "Map")
    for before in (2, 2, 1):
        notice.look(SimpleNamespace(before=before, share=0.0))


def test_what_waits_says_how_many_are_before_it_and_can_be_cancelled() -> None:
    app = AppTest.from_function(waits)
    app.session_state["case"] = case = of_two_leads()
    app.run()
    assert not app.exception
    assert words_of(app) == "Map … 1 before you"
    app.button[0].click().run()
    assert ("map",) in case.cancelled


def waits_twice() -> None:
    """Show a page that asks for the same in two places."""
    from types import SimpleNamespace

    import streamlit as st

    from ui.running import _Notice

    for _ in range(2):
        _Notice(st.session_state["case"], ("map",), "Map").look(
            SimpleNamespace(before=1, share=0.0)
        )


def test_the_same_asked_for_twice_on_a_page_has_one_cancel() -> None:
    app = AppTest.from_function(waits_twice)
    app.session_state["case"] = of_two_leads()
    app.run()
    assert not app.exception
    assert words_of(app) == "Map … 1 before you Map … 1 before you"
    assert [button.label for button in app.button] == ["Cancel"]


def test_a_cancelled_map_is_not_computed_until_asked_for(app: AppTest) -> None:
    recording = make_demonstration_case("pvc").recording.select(("II",))
    case = OpenCase("x", recording, selected="PVC")
    model = model_answers.model_of(case)
    for method in default_methods(model, "PVC"):
        case.cancelled.add(("attribution", model.name, "PVC", method, None))
    study_page(app, "methods", case)
    assert "Cancelled before it was done." in [i.value.replace("\\", "") for i in app.info]
    labels = [b.label for b in app.button if b.label.startswith("Compute")]
    assert len(labels) == 2
    assert "of what supports" not in words_of_page(app)
    next(b for b in app.button if b.label == labels[0]).click().run(timeout=TIMEOUT_S)
    assert "of what supports" in words_of_page(app)
    assert [b.label for b in app.button if b.label.startswith("Compute")] == labels[1:]


# ---- by a worker --------------------------------------------------------------------------------


JOBS = "tests.workers.jobs"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    spec = WorkerSpec((f"{JOBS}:sleep", f"{JOBS}:end"), max_seconds=60.0, max_memory_bytes=2**28)
    made = Pool(spec, size=2)
    made.start()
    yield made
    made.close()


def working_page(folder: str) -> None:
    import streamlit as st

    from ecgcore.errors import CancelledError
    from ui.running import Errand, forget, run

    request = [[b"page"], [f"{folder}/go".encode()], [f"{folder}/log".encode()]]
    pool = st.session_state["pool"]
    errand = Errand(pool, lambda: request, lambda answer: bytes(answer[0]).decode(), str)
    try:
        st.text(f"done {run(None, ('k',), errand, title='Reading')}")
    except CancelledError as error:
        st.text(str(error))
        st.button("Read again", on_click=forget, args=(None, ("k",)))


def words_of(app: AppTest) -> str:
    return " ".join(element.value for element in app.text)


def test_an_answer_is_shown_when_it_is_there(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    app = AppTest.from_function(working_page, args=(str(tmp_path),), default_timeout=TIMEOUT_S)
    app.session_state["pool"] = pool
    app.run()
    assert not app.exception
    assert words_of(app) == "done page"
    assert not app.button


def test_work_is_cancelled_and_done_again(pool: Pool, tmp_path: Path) -> None:
    app = AppTest.from_function(working_page, args=(str(tmp_path),), default_timeout=2)
    app.session_state["pool"], app.session_state["session_name"] = pool, "a"
    with pytest.raises(RuntimeError, match="timed out"):
        app.run()
    ((key, job),) = running.jobs()._under_way.items()
    assert job.before is None  # it is being done
    assert key == ("a", "k")
    app = AppTest.from_function(working_page, args=(str(tmp_path),), default_timeout=TIMEOUT_S)
    app.session_state["pool"], app.session_state["session_name"] = pool, "a"
    app.session_state["runs_of_uploads"] = running._Uploads(cancelled={("k",)})
    job.left_at = float("-inf")
    app.run()
    assert "Cancelled" in words_of(app)
    assert job.done.wait(30)
    until(lambda: not pool._queue.running)
    (tmp_path / "go").touch()
    app.button[0].click().run()
    assert words_of(app) == "done page"
    assert (tmp_path / "log").read_text() == "page\n"


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

    from ui.analysis import measure_case, quality_of

    case = st.session_state["case"]
    st.session_state["quality"] = quality_of(case)
    st.session_state["measured"] = measure_case(case)
    st.text("done")


def test_a_long_recording_is_analysed_apart_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = long_recording(3)
    expected = assess_quality(recording), measure(recording)
    monkeypatch.setattr(analysis, "LONG_SAMPLES", recording.signal.size - 1)
    monkeypatch.setattr(analysis, "assess", lambda _: pytest.fail("it was done here"))
    monkeypatch.setattr(analysis, "measure", lambda _: pytest.fail("it was done here"))
    app = AppTest.from_function(analysed_page, default_timeout=TIMEOUT_S)
    app.session_state["case"] = OpenCase("x", recording)
    app.run()
    assert not app.exception
    assert words_of(app).endswith("done")
    assert b"".join(encode(app.session_state["quality"])) == b"".join(encode(expected[0]))
    assert b"".join(encode(app.session_state["measured"])) == b"".join(encode(expected[1]))


def map_page() -> None:
    import streamlit as st

    from ui import model_answers

    case = st.session_state["case"]
    st.session_state["found"] = model_answers.findings_of(case)
    st.session_state["map"] = model_answers.attribution_of(case, "PVC", "hirescam")


def test_findings_and_maps_of_a_long_recording_are_made_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recording = long_recording(3)
    monkeypatch.chdir(ROOT)
    found: list[tuple[object, Attribution]] = []
    for apart in (False, True):
        if apart:
            monkeypatch.setattr(analysis, "LONG_SAMPLES", recording.signal.size - 1)
            for name in ("study.Study._measure", "inference.prepare.prepare"):
                monkeypatch.setattr(f"ecgcore.{name}", lambda *_, **__: pytest.fail("done here"))
            monkeypatch.setattr(Explainer, "explain", lambda *_, **__: pytest.fail("done here"))
        app = AppTest.from_function(map_page, default_timeout=TIMEOUT_S)
        app.session_state["case"] = OpenCase("x", recording)
        app.run()
        assert not app.exception
        found.append((app.session_state["found"], app.session_state["map"]))
    (here, map_here), (there, map_there) = found
    assert b"".join(encode(here)) == b"".join(encode(there))
    np.testing.assert_allclose(map_there.values, map_here.values, atol=1e-5)
    assert [c.passed for c in map_there.self_check] == [c.passed for c in map_here.self_check]


def test_a_short_recording_is_analysed_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "analyse_apart", lambda *_, **__: pytest.fail("sent away"))
    app = AppTest.from_function(analysed_page, default_timeout=TIMEOUT_S)
    app.session_state["case"] = OpenCase("x", long_recording(1))
    app.run()
    assert not app.exception
    assert words_of(app) == "done"


def failing_page() -> None:
    import streamlit as st

    from ui.analysis import analyse_apart
    from ui.running import run_or_stop

    case, pool = st.session_state["case"], st.session_state["pool"]
    errand = analyse_apart(case.recording, "tests.workers.jobs:end", pool=pool)
    run_or_stop(case, ("x",), errand, title="Measuring")


def test_an_analysis_that_fails_says_so_once_and_can_be_tried_again(pool: Pool) -> None:
    app = AppTest.from_function(failing_page, default_timeout=TIMEOUT_S)
    app.session_state["pool"] = pool
    app.session_state["case"] = OpenCase("x", long_recording(1))
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

    def fail(*_given: object) -> None:
        raise CannotAssessError("The analysis ended its process.")

    monkeypatch.setattr("ui.model_answers.interpret_apart", fail)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S)
    app.run()
    monkeypatch.setattr(analysis, "LONG_SAMPLES", case.recording.signal.size - 1)
    read(app, case)
    assert any("No QRS complex for 4 s" in block.proto.body for block in app.get("html"))
    assert "ended its process" in app.info[0].value
    assert "Try again" in [button.label for button in app.button]
