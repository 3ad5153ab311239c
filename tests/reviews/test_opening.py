"""How a store opens: from nothing, again, by two at once, and what it says where it cannot."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from ecgcore.recording import Recording
from ecgcore.reviews import Session, Store, StoreBusyError, StoreError
from ecgcore.reviews.tables import Base
from tests.conftest import ROOT
from tests.reviews.conftest import begin
from tests.reviews.test_store import files, new_case


def test_the_revisions_make_the_tables_of_the_code(store: Store) -> None:
    with store._database._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {
            *Base.metadata.tables,
            "alembic_version",
        }


def test_opening_again_changes_nothing(url: str | None, store: Store, tmp_path: Path) -> None:
    reader = begin(store)
    case = new_case(store, reader)
    store.append(reader, case.id, "comment", {"text": "kept"})
    store.open()
    with closing(Store(url, tmp_path / "data")) as again:
        again.open()
        assert again.cases(reader) == (case,)
        assert again.state(reader, case.id).comment == "kept"


def test_several_processes_start_at_once(url: str | None, tmp_path: Path) -> None:
    made = tmp_path / "data"
    start = (
        "import sys; from pathlib import Path; from ecgcore.reviews import Store; "
        "Store(sys.argv[2] or None, Path(sys.argv[1])).open()"
    )
    command = [sys.executable, "-c", start, str(made), url or ""]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for run in runs:
        _, said = run.communicate(timeout=120)
        assert run.returncode == 0, said


def test_the_folder_is_the_readers_alone_and_its_log_is_ahead(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    with closing(Store(None, folder)) as store:
        store.open()
        assert folder.stat().st_mode & 0o777 == 0o700
        with store._database.reading() as session:
            asked = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in (
                "journal_mode", "foreign_keys", "busy_timeout", "secure_delete", "synchronous",
            )}  # fmt: skip
    assert asked == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
        "synchronous": 2,
    }


# ---- a process that ends in the middle -----------------------------------------------------

DYING = """
import os, signal, sys
from pathlib import Path
from ecgcore.recording import Recording
from ecgcore.reviews import Store
from ecgcore.reviews.recordings import RecordingFiles

settle = RecordingFiles.settle

def die(*given):
    if sys.argv[3] == "after":
        settle(*given)
    os.kill(os.getpid(), signal.SIGKILL)

store = Store(sys.argv[2] or None, Path(sys.argv[1]))
store.open()
RecordingFiles.settle = die
store.put_recording(Recording([[0.0, 0.5, 1.0]], 100, ("I",)))
"""


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_process_that_dies_while_saving_loses_nothing(
    store: Store, url: str | None, reader: Session, tmp_path: Path, place: str
) -> None:
    """Before the temporary name becomes the last one, and after it, before the row is there."""
    folder = tmp_path / "data"
    case = new_case(store, reader)
    store.append(reader, case.id, "comment", {"text": "kept"})
    store.close()
    died = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), url or "", place], cwd=ROOT, check=False
    )
    assert died.returncode == -signal.SIGKILL
    store.open()
    assert store.state(reader, case.id).comment == "kept"
    assert store.get_recording(str(case.recording_id)).n_leads == 2
    # Saved again it is whole, and what was left unfinished goes.
    again = store.put_recording(Recording([[0.0, 0.5, 1.0]], 100, ("I",)))
    assert store.get_recording(again).signal.tolist() == [[0.0, 0.5, 1.0]]
    left = list((folder / "recordings").glob("*.part"))
    assert len(left) == (place == "before")
    for path in left:
        long_ago = time.time() - 7200
        os.utime(path, (long_ago, long_ago))
    store.open()
    assert files(folder) == {f"{one}.ecg" for one in (case.recording_id, again)}


def test_a_deletion_that_was_interrupted_is_ended(
    store: Store, reader: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = new_case(store, reader)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_remove_leaving", lambda: None)
        store.delete_case(reader, case.id)
    assert len(files(tmp_path / "data")) == 1
    store.open()
    assert files(tmp_path / "data") == set()


# ---- what cannot be --------------------------------------------------------------------------


def test_a_newer_schema_is_left_alone(store: Store) -> None:
    with store._database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version of this software; install that version"):
        store.open()
    with store._database.reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made; set ECG_DATA_DIR"):
        Store(None, tmp_path / "file" / "data").open()


def test_a_database_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with closing(Store(None, tmp_path)) as store:
        (tmp_path / "reviews.sqlite3").mkdir()
        with pytest.raises(StoreError, match="cannot be written; make it writable, or set"):
            store.open()


def test_a_file_that_is_no_database_is_said_and_left(tmp_path: Path) -> None:
    path = tmp_path / "reviews.sqlite3"
    path.write_bytes(b"something else" * 1000)
    found = Store(None, tmp_path)
    with closing(found), pytest.raises(StoreError, match="is damaged; put a copy of it back"):
        found.open()
    assert path.read_bytes() == b"something else" * 1000


def test_a_database_that_is_held_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecgcore.reviews.database._WAIT_S", 0.05)
    with (
        closing(Store(None, tmp_path)) as store,
        closing(sqlite3.connect(tmp_path / "reviews.sqlite3", isolation_level=None)) as other,
    ):
        store.open()
        reader = begin(store)
        case = new_case(store, reader)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match="try again in a moment"):
            store.append(reader, case.id, "comment", {"text": "a"})
        assert store.events(reader, case.id) == ()  # reading goes on
        other.execute("ROLLBACK")
        store.append(reader, case.id, "comment", {"text": "a"})


def test_who_writes_too_long_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgcore.reviews.database._TURN_S", 0.05)
    with closing(Store(None, tmp_path)) as store:
        store.open()
        with store._database.writing(), pytest.raises(StoreBusyError, match="try again"):
            store.begin_session()
        store.begin_session()


def test_a_folder_that_another_server_is_opening_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgcore.reviews.database._OPENING_S", 0.1)
    with closing(Store(None, tmp_path)) as store:
        with (tmp_path / "lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(StoreBusyError, match="try again in a moment"):
                store.open()
        store.open()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with closing(Store(None, tmp_path)) as store:
        store.open()
        reader = begin(store)
        case = new_case(store, reader)
        with store._database.reading() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar()
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
        kept = []

        def fill() -> None:
            while len(kept) < 50:
                kept.append(store.append(reader, case.id, "comment", {"text": "x" * 20_000}))

        with pytest.raises(StoreError, match="is full; make room on it"):
            fill()
        # What was said to be kept is kept.
        assert store.events(reader, case.id) == tuple(kept)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://a@b/c", "names mysql, which is not supported; set DATABASE_URL"),
        ("nonsense", "is not understood; set DATABASE_URL"),
        ("", None),
    ],
)
def test_another_database_is_said(tmp_path: Path, url: str, words: str | None) -> None:
    if words is None:
        assert Store(url, tmp_path)._database.is_sqlite
        return
    with pytest.raises(StoreError, match=words):
        Store(url, tmp_path)


def test_a_server_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    store = Store("postgres://ecg:secret@127.0.0.1:9/ecg", tmp_path)
    with closing(store), pytest.raises(StoreError, match="does not answer as it") as said:
        store.open()
    assert "127.0.0.1" in str(said.value)
    assert "secret" not in f"{said.value} {said.value.__cause__}"
