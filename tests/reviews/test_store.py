"""What the store promises, in SQLite and in PostgreSQL alike."""

import hashlib
import re
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.origin import SOFTWARE
from ecgcore.recording import Patient, Recording
from ecgcore.reviews import Case, ConflictError, NoSuchCaseError, Session, Store, StoreError
from ecgcore.reviews.tables import EventRow, SessionRow
from tests.reviews.conftest import begin
from tests.synthetic import recording

CONFIRM = {"statement": "AF", "verdict": "confirmed"}


def small(seed: int = 0) -> Recording:
    return recording(1, 100, leads=("I", "II"), seed=seed)


def new_case(store: Store, reader: Session, seed: int = 0, **options: str) -> Case:
    return store.add_case(reader, recording_id=store.put_recording(small(seed)), **options)


def files(folder: Path) -> set[str]:
    return {path.name for path in (folder / "recordings").rglob("*") if path.is_file()}


# ---- sessions ------------------------------------------------------------------------------


def test_a_session_is_known_by_its_token_alone(store: Store, tmp_path: Path) -> None:
    token = store.begin_session()
    assert len(token) >= 43
    found = store.resume(token)
    assert found is not None
    assert store.resume(token) == found
    assert store.resume(store.begin_session()) != found
    for other in (
        "",
        "x" * 43,
        token[:-1],
        token + "x",
        hashlib.sha256(token.encode()).hexdigest(),
    ):
        assert store.resume(other) is None
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes()


def test_a_browsers_own_token_begins_one_session(store: Store) -> None:
    token = "t" * 43
    assert store.begin_session(token) == token
    first = store.resume(token)
    store.begin_session(token)
    assert store.resume(token) == first
    with pytest.raises(InvalidArgumentError, match="43 characters"):
        store.begin_session("short")


def test_settings_are_a_readers_own_and_the_last_ones_stand(store: Store, reader: Session) -> None:
    assert store.load_settings(reader) == {}
    store.save_settings(reader, {"layout": "3x4+1", "gain": 10.0})
    store.save_settings(reader, {"layout": "12x1"})
    assert store.load_settings(reader) == {"layout": "12x1"}
    assert store.load_settings(begin(store)) == {}
    for wrong in ({"a": float("nan")}, {"a": object()}, {"a": "x" * 70_000}):
        with pytest.raises(InvalidArgumentError, match="Settings"):
            store.save_settings(reader, wrong)


# ---- recordings ----------------------------------------------------------------------------


def test_a_recording_comes_back_as_it_was(store: Store) -> None:
    signal = small().signal.copy()
    signal[0, 3:9] = np.nan
    given = replace(small(), signal=signal, start=datetime(2026, 2, 13, 10, 5), notes=("repaired",))
    back = store.get_recording(store.put_recording(given))
    np.testing.assert_array_equal(back.signal, given.signal)
    for name in ("fs_hz", "leads", "unit", "start", "patient", "provenance", "notes"):
        assert getattr(back, name) == getattr(given, name), name
    assert not back.signal.flags.writeable


def test_the_same_recording_is_kept_once(store: Store, tmp_path: Path) -> None:
    first, again = store.put_recording(small()), store.put_recording(small())
    assert first == again == store.put_recording(store.get_recording(first))
    assert store.put_recording(small(seed=1)) != first
    assert len(files(tmp_path / "data")) == 2


def test_no_identity_is_kept(store: Store, tmp_path: Path) -> None:
    patient = Patient(50, "female", identity={"name": "Doe^Jane"})
    found = store.get_recording(store.put_recording(replace(small(), patient=patient)))
    assert found.patient == Patient(50, "female")
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"Doe" not in path.read_bytes()


@pytest.mark.parametrize("spoil", [lambda c: c[:-1], lambda c: c[:-4] + b"abcd", lambda _: b""])
def test_a_damaged_file_is_said_and_not_shown(store: Store, tmp_path: Path, spoil) -> None:
    recording_id = store.put_recording(small())
    (path,) = (tmp_path / "data" / "recordings").rglob(f"{recording_id}.ecg")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match="damaged on disk; upload its file again"):
        store.get_recording(recording_id)
    path.unlink()
    with pytest.raises(StoreError, match="not in the data folder; upload its file again"):
        store.get_recording(recording_id)
    # The very file makes it whole.
    assert store.put_recording(small()) == recording_id
    np.testing.assert_array_equal(store.get_recording(recording_id).signal, small().signal)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64])
def test_a_recordings_id_leads_nowhere_else(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="no such recording"):
        store.get_recording(name)


def test_the_folder_holds_no_more_than_it_may(url: str | None, tmp_path: Path) -> None:
    with closing(Store(url, tmp_path / "data", max_bytes=2**18)) as store:
        store.open()
        reader = begin(store)
        kept = new_case(store, reader)
        with pytest.raises(StoreError, match=r"data folder is full.*Delete cases, or raise"):
            store.put_recording(recording(30, 500))
        assert len(files(tmp_path / "data")) == 1
        assert store.get_recording(str(kept.recording_id)).n_leads == 2


# ---- cases ---------------------------------------------------------------------------------


def test_cases_stand_on_their_readers_list_newest_first(store: Store, reader: Session) -> None:
    first = new_case(store, reader, title="ECG of 2026-02-13\x00\n", source_digest="d" * 64)
    second = store.add_case(reader, demo_key="normal", title="Case 1", case_id="c" * 32)
    assert store.cases(reader) == (second, first)
    assert (first.title, first.source_digest) == ("ECG of 2026-02-13", "d" * 64)
    assert (second.id, second.recording_id, second.demo_key) == ("c" * 32, None, "normal")
    assert store.case(reader, first.id) == first
    assert first.created_at.tzinfo == UTC
    # Once more is the same case.
    assert store.add_case(reader, demo_key="normal", title="other", case_id="c" * 32) == second
    for wrong in ({}, {"demo_key": "a", "recording_id": "b"}, {"demo_key": "a", "case_id": "a b"}):
        with pytest.raises(InvalidArgumentError, match="A case has"):
            store.add_case(reader, **wrong)


def test_one_readers_case_is_no_case_to_another(store: Store, reader: Session) -> None:
    case, other = new_case(store, reader), begin(store)
    store.append(reader, case.id, "comment", {"text": "mine"})
    attempts = (
        lambda who: store.case(who, case.id),
        lambda who: store.events(who, case.id),
        lambda who: store.state(who, case.id),
        lambda who: store.append(who, case.id, "comment", {"text": "not mine"}),
        lambda who: store.delete_case(who, case.id),
        lambda who: store.add_case(who, demo_key="normal", case_id=case.id),
    )
    for attempt in attempts:
        with pytest.raises(NoSuchCaseError, match=r"^No such case") as refused:
            attempt(other)
        with pytest.raises(NoSuchCaseError) as missing:
            store.case(other, "z" * 32)
        assert str(refused.value) == str(missing.value)
    assert store.cases(other) == ()
    assert store.state(reader, case.id).comment == "mine"


@pytest.mark.parametrize("case_id", ["", "x", "\x00" * 32, "' OR 1=1 --" * 3, "é" * 32])
def test_what_is_no_cases_id_is_no_case(store: Store, reader: Session, case_id: str) -> None:
    with pytest.raises(NoSuchCaseError):
        store.case(reader, case_id)


def test_a_deleted_case_takes_its_recording_and_events_along(
    store: Store, reader: Session, tmp_path: Path
) -> None:
    other = begin(store)
    first, shared = new_case(store, reader), new_case(store, other)
    store.append(reader, first.id, "comment", {"text": "to be forgotten"})
    store.delete_case(reader, first.id)
    with pytest.raises(NoSuchCaseError):
        store.events(reader, first.id)
    # Another reader has the same recording.
    assert store.get_recording(str(shared.recording_id)).n_leads == 2
    store.delete_case(other, shared.id)
    assert files(tmp_path / "data") == set()
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or b"to be forgotten" not in path.read_bytes()
    # It can come again.
    assert store.cases(reader) == ()
    assert store.get_recording(str(new_case(store, reader).recording_id)).n_leads == 2


def test_a_recording_that_was_deleted_meanwhile_makes_no_case(
    store: Store, reader: Session
) -> None:
    recording_id = store.put_recording(small())
    case = store.add_case(reader, recording_id=recording_id)
    store.delete_case(reader, case.id)
    with pytest.raises(StoreError, match="deleted meanwhile; upload its file again"):
        store.add_case(reader, recording_id=recording_id)


def test_who_does_not_come_back_is_forgotten(
    store: Store, url: str | None, reader: Session, tmp_path: Path
) -> None:
    token = store.begin_session()
    stays, goes = store.resume(token), reader
    assert stays is not None
    new_case(store, goes, seed=1)
    kept = new_case(store, stays, seed=2)
    long_ago = datetime.now(UTC) - timedelta(days=91)
    with store._database.writing() as session:
        theirs = update(SessionRow).where(SessionRow.person_id == goes.person_id)
        session.execute(theirs.values(seen_at=long_ago))
    with closing(Store(url, tmp_path / "data")) as again:
        again.open()
        assert again.cases(goes) == ()
        assert again.cases(stays) == (kept,)
        assert files(tmp_path / "data") == {f"{kept.recording_id}.ecg"}
        assert again.resume(token) == stays


def test_a_session_that_is_too_old_is_not_resumed(store: Store) -> None:
    token = store.begin_session()
    with store._database.writing() as session:
        late = datetime.now(UTC) - timedelta(days=89)
        session.execute(update(SessionRow).values(seen_at=late))
    assert store.resume(token) is not None  # and it was seen now
    with store._database.reading() as session:
        assert session.query(SessionRow).one().seen_at > datetime.now(UTC) - timedelta(minutes=5)
    with store._database.writing() as session:
        session.execute(update(SessionRow).values(seen_at=datetime.now(UTC) - timedelta(days=91)))
    assert store.resume(token) is None


# ---- events --------------------------------------------------------------------------------


def test_events_are_numbered_and_say_who_when_and_by_what(store: Store, reader: Session) -> None:
    case = new_case(store, reader)
    store.append(reader, case.id, "opened", {"blind": False})
    event = store.append(reader, case.id, "verdict", CONFIRM, model="a" * 64)
    assert (event.seq, event.case_id, event.person_id) == (2, case.id, reader.person_id)
    assert (event.software, event.model) == (SOFTWARE, "a" * 64)
    assert event.at is not None
    assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.events(reader, case.id)[1] == event
    assert store.state(reader, case.id).verdicts == {"AF": "confirmed"}
    other = new_case(store, reader, seed=1)
    assert store.append(reader, other.id, "verdict", CONFIRM).seq == 1


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("erased", {}, "There is no event 'erased'"),
        ("verdict", {"statement": "AF"}, "it needs statement, verdict"),
        ("verdict", CONFIRM | {"more": 1}, "it needs statement, verdict"),
        ("verdict", {"statement": "AF", "verdict": "maybe"}, "one of confirmed, dismissed, none"),
        ("verdict", {"statement": "", "verdict": "none"}, "a text of 1 to"),
        ("place", {"start_s": float("nan"), "overlay": "", "selected": None}, "a number from"),
        ("mark_moved", {"beat": True, "fiducial": "r_peak", "time_s": 1}, "the number of a beat"),
        ("opened", {"blind": 1}, "True or False"),
        ("lead_named", {"names": {"a": 1}}, "a text of 1 to"),
    ],
)
def test_what_no_event_says_is_refused(
    store: Store, reader: Session, kind: str, payload: dict[str, object], words: str
) -> None:
    case = new_case(store, reader)
    with pytest.raises(InvalidArgumentError, match=re.escape(words)):
        store.append(reader, case.id, kind, payload)
    assert store.events(reader, case.id) == ()


@pytest.mark.parametrize("words", ["", "Größe 5 µV ✓ 🫀", "a\x00b", "\ud800", "x" * 20_000])
def test_any_words_come_back(store: Store, reader: Session, words: str) -> None:
    case = new_case(store, reader)
    store.append(reader, case.id, "comment", {"text": words})
    store.save_settings(reader, {"words": words})
    assert store.state(reader, case.id).comment == words
    assert store.load_settings(reader) == {"words": words}


def test_no_event_is_ever_changed(store: Store, reader: Session) -> None:
    case = new_case(store, reader)
    event = store.append(reader, case.id, "comment", {"text": "as it was"})
    changes = (
        update(EventRow).values(kind="verdict"),
        text("UPDATE events SET payload = '{}'"),
        text("UPDATE events SET seq = seq + 1"),
    )
    for change in changes:
        with pytest.raises(StoreError) as refused, store._database.writing() as session:
            session.execute(change)
        assert isinstance(refused.value.__cause__, DBAPIError)
        assert "an event is never changed" in str(refused.value.__cause__)
    assert store.events(reader, case.id) == (event,)


def test_a_late_writer_sees_both_words(store: Store, reader: Session) -> None:
    case = new_case(store, reader)
    first = store.append(reader, case.id, "comment", {"text": "one"}, expected_seq=0)
    with pytest.raises(ConflictError, match="changed elsewhere") as conflict:
        store.append(reader, case.id, "comment", {"text": "two"}, expected_seq=0)
    assert conflict.value.refused.payload == {"text": "two"}
    assert conflict.value.stored == (first,)
    assert store.state(reader, case.id).comment == "one"
    store.append(reader, case.id, "comment", {"text": "two"}, expected_seq=1)


def test_of_two_writers_at_once_neither_is_lost(
    store: Store, url: str | None, reader: Session, tmp_path: Path
) -> None:
    """Each through a store of its own, as two servers would."""
    case = new_case(store, reader)
    troubles: list[EcgError] = []

    def write(name: str) -> None:
        with closing(Store(url, tmp_path / "data")) as own:
            try:
                own.open()
                for number in range(25):
                    own.append(reader, case.id, "comment", {"text": f"{name}{number}"})
            except EcgError as error:
                troubles.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    events = store.events(reader, case.id)
    assert [event.seq for event in events] == list(range(1, 51))
    for name in "ab":
        said = [e.payload["text"] for e in events if e.payload["text"].startswith(name)]
        assert said == [f"{name}{number}" for number in range(25)]
