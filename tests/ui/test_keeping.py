"""Work survives a reload, is its reader's alone, and no trouble of the store stops a page."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecgcore.recording import Patient
from ecgcore.reviews import Store, StoreBusyError, StoreError
from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.synthetic import recording
from ui import keeping
from ui.changes import list_changes
from ui.serving.media import COOKIE
from ui.state import OpenCase

PLACE = {"start_s": 1.0, "overlay": "why", "selected": "AF"}
CONFIRM = {"statement": "AF", "verdict": "confirmed"}
Visit = Callable[[str | None], None]


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Begin the page anew in a browser with this cookie, as a reload does."""
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "data"))
    opening = keeping._Opening()
    monkeypatch.setattr(keeping, "_opening", opening)

    def begin(token: str | None) -> None:
        cookies = {} if token is None else {COOKIE: token}
        monkeypatch.setattr(keeping.st, "session_state", {})
        monkeypatch.setattr(keeping.st, "context", SimpleNamespace(cookies=cookies))

    begin("a" * 43)
    yield begin
    if opening._store is not None:
        opening._store.close()


def upload(**fields: object) -> OpenCase:
    return OpenCase(title="Doe, Jane.csv", recording=replace(recording(2), **fields))


def test_a_reload_brings_the_case_back(visit: Visit) -> None:
    case = upload()
    case.quiz = True
    assert keeping.keep_case(case)
    done = (
        ("verdict", CONFIRM),
        ("statement_added", {"statement": "LAFB"}),
        ("comment", {"text": "compare with 2024"}),
        ("mark_moved", {"beat": 1, "fiducial": "r_peak", "time_s": 1.25}),
        ("place", PLACE),
    )
    assert all(keeping.note(case, kind, payload) for kind, payload in done)
    state = keeping.case_state(case)
    visit("a" * 43)
    (kept,) = keeping.list_cases()
    back = keeping.load_case(kept.id)
    assert back is not None
    assert (back.comment, back.overlay, back.added) == ("compare with 2024", "why", ["LAFB"])
    assert back.case_id == case.case_id
    assert (back.verdicts, back.selected, back.start_s) == ({"AF": "confirmed"}, "AF", 1.0)
    assert back.edits == {(1, "r_peak"): 1.25}
    assert back.quiz
    assert back.recording.signal.tobytes() == case.recording.signal.tobytes()
    assert keeping.case_state(back).seq == state.seq == 6
    assert keeping.notice() == ""


def test_patient_and_leads_come_back_as_they_were_entered(visit: Visit) -> None:
    case = upload(leads=("A", "B", *recording(2).leads[2:]))
    keeping.keep_case(case)
    for names in ({"A": "I"}, {"B": "II"}):
        case.name_leads(names)
        keeping.note(case, "lead_named", {"names": names})
    case.enter_patient(Patient(74, "male", pacemaker=True, indication="syncope"))
    entered = {"age_years": 74, "sex": "male", "pacemaker": True, "indication": "syncope"}
    keeping.note(case, "patient_entered", entered)
    visit("a" * 43)
    back = keeping.load_case(case.case_id)
    assert back is not None
    assert back.recording.leads == case.recording.leads
    assert back.recording.patient == case.recording.patient
    back.forget_leads()
    assert back.recording.leads[:2] == ("A", "B")


def test_a_demonstration_case_is_kept_by_its_key(visit: Visit, tmp_path: Path) -> None:
    demo = DEMONSTRATION_CASES[0]
    case = OpenCase(title="Case 1", recording=recording(2), demo=demo, shared=demo.key)
    assert keeping.keep_case(case)
    visit("a" * 43)
    back = keeping.load_case(case.case_id)
    assert back is not None
    assert (back.title, back.demo, back.shared) == ("Case 1", demo, demo.key)
    assert [path for path in (tmp_path / "data" / "recordings").rglob("*") if path.is_file()] == []


def test_a_files_name_is_not_kept(visit: Visit, tmp_path: Path) -> None:
    case = upload()
    keeping.keep_case(case)
    keeping.note(case, "verdict", CONFIRM)
    assert keeping.list_cases()[0].title == "ECG"
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"Doe" not in path.read_bytes()


def test_another_browser_finds_no_such_case(visit: Visit) -> None:
    case = upload()
    keeping.keep_case(case)
    visit("b" * 43)
    for case_id in (case.case_id, "c" * 32, "", "../x"):
        assert keeping.load_case(case_id) is None
        assert keeping.notice().startswith("No such case")
    assert keeping.list_cases() == ()
    assert not keeping.forget_case(case.case_id)
    visit("a" * 43)
    assert keeping.load_case(case.case_id) is not None
    assert keeping.forget_case(case.case_id)
    assert keeping.list_cases() == ()


@pytest.mark.parametrize("token", [None, "", "short"])
def test_without_a_cookie_all_goes_on_and_is_said(
    visit: Visit, tmp_path: Path, token: str | None
) -> None:
    visit(token)
    case = upload()
    assert not keeping.keep_case(case)
    assert not keeping.note(case, "verdict", CONFIRM)
    assert keeping.case_state(case).verdicts == {"AF": "confirmed"}
    assert not keeping.save_settings({"gain": 20})
    assert keeping.load_settings() == {"gain": 20}
    assert keeping.list_cases() == ()
    assert keeping.load_case(case.case_id) is None
    assert "not kept" in keeping.notice() or "takes no cookies" in keeping.notice()
    assert not list(tmp_path.rglob("*.ecg"))


def test_what_could_not_be_written_is_written_next(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = upload()
    assert keeping.note(case, "place", PLACE)  # keeps it by itself
    with monkeypatch.context() as patch:

        def refuse(*_args: object, **_options: object) -> None:
            raise StoreBusyError("Another program holds the database; try again in a moment.")

        patch.setattr(Store, "append", refuse)
        assert not keeping.note(case, "verdict", CONFIRM)
        assert not keeping.note(case, "comment", {"text": "waits"})
    assert keeping.notice().startswith("Not saved: Another program")
    assert keeping.case_state(case).comment == "waits"
    assert keeping.note(case, "revealed")
    assert keeping.notice() == ""
    visit("a" * 43)
    back = keeping.load_case(case.case_id)
    assert back is not None
    state = keeping.case_state(back)
    assert (state.seq, state.comment, state.verdicts) == (4, "waits", {"AF": "confirmed"})


def test_a_store_that_cannot_be_opened_stops_no_page(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ECG_DATA_DIR", str(tmp_path / "file" / "data"))
    case = upload()
    assert not keeping.note(case, "verdict", CONFIRM)
    assert "cannot be made; set ECG_DATA_DIR" in keeping.notice()
    tries: list[StoreError] = []
    monkeypatch.setattr(keeping, "_open_store", lambda: tries.append(StoreError("again")))
    assert keeping.current_session() is None
    assert keeping.case_state(case).verdicts == {"AF": "confirmed"}
    assert tries == []  # not at every click


def test_the_store_is_opened_beside_what_else_begins(visit: Visit, tmp_path: Path) -> None:
    keeping.warm_up()
    for thread in threading.enumerate():
        if thread.name == "open-store":
            thread.join()
    assert (tmp_path / "data" / "reviews.sqlite3").is_file()


def test_what_changed_is_noted_and_nothing_twice(visit: Visit) -> None:
    case = upload(leads=("A", *recording(2).leads[1:]))
    case.quiz = True
    keeping.keep_case(case)

    def kinds() -> list[str]:
        before = keeping.case_state(case).seq
        assert keeping.note_changes(case, model="a" * 64)
        assert list_changes(case, keeping.case_state(case)) == []
        events = keeping._opening.store().events(keeping.current_session(), case.case_id)
        assert all(event.model == "a" * 64 for event in events[before:])
        return [event.kind for event in events[before:]]

    assert kinds() == []
    case.verdicts |= {"AF": "confirmed", "LBBB": "dismissed"}
    case.added.append("LAFB")
    case.edits |= {(1, "r_peak"): 1.25, (0, "p_peak"): 0.2}
    case.comment, case.quiz, case.overlay, case.start_s = "new", False, "why", 1.0
    assert kinds() == [
        *("revealed", "verdict", "verdict", "statement_added", "comment"),
        *("mark_moved", "mark_moved", "place"),
    ]
    del case.verdicts["AF"], case.edits[(0, "p_peak")]
    case.added.clear()
    assert kinds() == ["verdict", "statement_removed", "mark_reset"]
    case.edits.clear()
    case.name_leads({"A": "I"})
    case.enter_patient(Patient(74, "male", indication="syncope"))
    assert kinds() == ["lead_named", "patient_entered", "mark_reset"]
    case.forget_leads()
    assert kinds() == ["lead_named"]
    visit("a" * 43)
    back = keeping.load_case(case.case_id)
    assert back is not None
    assert keeping.note_changes(back)
    assert keeping.case_state(back).seq == keeping.case_state(case).seq
    for name in ("verdicts", "added", "edits", "comment", "quiz", "overlay", "start_s"):
        assert getattr(back, name) == getattr(case, name), name
    assert back.recording.patient == case.recording.patient
    assert back.recording.leads == case.recording.leads


def test_what_is_refused_holds_nothing_else_back(visit: Visit) -> None:
    case = upload()
    case.comment, case.verdicts = "x" * 20_001, {"AF": "confirmed"}
    assert not keeping.note_changes(case)
    assert "text of 0 to 20000" in keeping.notice()
    assert keeping.case_state(case).verdicts == {"AF": "confirmed"}
    case.comment = "short"
    assert keeping.note_changes(case)
    assert keeping.notice() == ""


def test_what_no_event_says_is_said_and_not_written(visit: Visit) -> None:
    case = upload()
    assert not keeping.note(case, "comment", {"text": "x" * 20_001})
    assert "text of 0 to 20000" in keeping.notice()
    assert keeping.case_state(case).seq == 0


def test_settings_come_back_in_every_case(visit: Visit) -> None:
    assert keeping.load_settings() == {}
    assert keeping.save_settings({"layout": "12x1"})
    visit("a" * 43)
    assert keeping.load_settings() == {"layout": "12x1"}
    visit("b" * 43)
    assert keeping.load_settings() == {}
