"""The database behind the store: connecting, transactions, and what its errors mean."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session as OrmSession

from ecgcore.reviews.errors import StoreBusyError, StoreError

FILE = "reviews.sqlite3"
# How long a page waits for another program, and for other threads of this one.
_WAIT_S, _TURN_S = 5, 10.0
# Another server may be bringing the tables to its version.
_OPENING_S = 15.0
_BUSY = "Another program holds the database; try again in a moment."
_LOCK = "lock"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Known to all servers that share a PostgreSQL database: one migrates, the others wait.
_MIGRATION_LOCK = 0x656367
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # what was saved survives a power cut
    "PRAGMA secure_delete = ON",  # what was deleted is overwritten
)
# Alembic works with what it keeps in its module.
_migrating = threading.Lock()
_CHOOSE = "set DATABASE_URL to postgresql://USER@HOST/NAME, or leave it out to use a file"


class Database:
    """One database, with short transactions.

    Parameters
    ----------
    url : str or None
        None: a SQLite file in ``folder``.
    folder : pathlib.Path

    Raises
    ------
    StoreError
        If the URL names no database that can be used here.
    """

    def __init__(self, url: str | None, folder: Path) -> None:
        self._folder = folder
        self.url = _parse(url) if url else URL.create("sqlite", database=str(folder / FILE))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        try:
            self._engine = create_engine(self.url, **_options(is_sqlite=self.is_sqlite))
        except ImportError as error:
            raise StoreError(
                "PostgreSQL needs the package psycopg; install ecgcore[postgres], or leave "
                "DATABASE_URL out to use a file."
            ) from error
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writer = self._engine.execution_options(writes=True)
        self._writing = threading.Lock()

    def open(self) -> None:
        """Bring the tables to this software's version, one process at a time."""
        with self.explaining(), _alone(self._folder), _migrating:
            if self.is_sqlite:
                _use_wal(self._engine)
            with self._writer.begin() as connection:
                if not self.is_sqlite:
                    lock = text("SELECT pg_advisory_xact_lock(:key)")
                    connection.execute(lock, {"key": _MIGRATION_LOCK})
                _migrate(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[OrmSession]:
        """Give a transaction that only reads."""
        with self.explaining(), OrmSession(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[OrmSession]:
        """Give a transaction that writes; nothing of it stays where it fails."""
        with self._turn(), self.explaining(), OrmSession(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread of this server write to SQLite at a time, which lets nobody queue."""
        if not self.is_sqlite:
            yield
        elif self._writing.acquire(timeout=_TURN_S):
            try:
                yield
            finally:
                self._writing.release()
        else:
            raise StoreBusyError(_BUSY)

    def lock(self, session: OrmSession, key: str) -> None:
        """Wait until no other transaction holds this key, and hold it to the end of this one.

        In SQLite a transaction that writes holds everything.
        """
        if not self.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})

    def n_bytes(self) -> int:
        """Return the bytes that the database takes in the folder."""
        return (self._folder / FILE).stat().st_size if self.is_sqlite else 0

    def drop_deleted(self) -> None:
        """Let what was deleted leave SQLite's log, too; where others read, it goes later."""
        if self.is_sqlite:
            with self.explaining(), self._engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise what the database and the disk cannot do as what a user may see."""
        try:
            yield
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise _explain(error, self.url, self._folder) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url.strip())
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreError(f"DATABASE_URL is not understood; {_CHOOSE}.") from error
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return parsed
    raise StoreError(f"DATABASE_URL names {backend}, which is not supported; {_CHOOSE}.")


def _options(*, is_sqlite: bool) -> dict[str, Any]:
    if is_sqlite:
        return {"connect_args": {"timeout": _WAIT_S}}
    limits = f"-c lock_timeout={_WAIT_S}s -c statement_timeout={6 * _WAIT_S}s"
    return {
        "connect_args": {"connect_timeout": _WAIT_S, "options": limits},
        "pool_pre_ping": True,
    }


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions, and not the driver, which would leave some statements out.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that is to write waits for its turn at once, not in its middle.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _use_wal(engine: Engine) -> None:
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder: of processes that open it at once, one goes after the other."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    end = time.monotonic() + _OPENING_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise StoreBusyError(_BUSY) from error
            time.sleep(0.05)
        else:
            return


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    now = MigrationContext.configure(connection).get_current_revision()
    if now == scripts.get_current_head():
        return
    if now is not None and now not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            "What is kept was written by a newer version of this software; install that version, "
            "or set ECG_DATA_DIR to another folder."
        )
    command.upgrade(config, "head")


def _explain(error: SQLAlchemyError | OSError, url: URL, folder: Path) -> StoreError:
    """Return what an error of the database means; its own words may hold what was stored."""
    said = str(getattr(error, "orig", None) or error).lower()
    if isinstance(error, PoolTimeoutError) or any(
        words in said for words in ("database is locked", "lock timeout", "deadlock detected")
    ):
        return StoreBusyError(_BUSY)
    if any(words in said for words in ("disk is full", "no space", "quota")):
        return StoreError(f"The disk of the data folder {folder} is full; make room on it.")
    if isinstance(error, OSError) or any(
        words in said for words in ("readonly", "read-only", "unable to open", "permission denied")
    ):
        return StoreError(
            f"The data folder {folder} cannot be written; make it writable, or set ECG_DATA_DIR "
            "to another folder."
        )
    if "malformed" in said or "not a database" in said:
        return StoreError(
            f"The database in {folder} is damaged; put a copy of it back, or set ECG_DATA_DIR to "
            "another folder."
        )
    if isinstance(error, DatabaseError) and url.get_backend_name() != "sqlite":
        return StoreError(
            f"The database at {url.host or 'this machine'} does not answer as it should; see that "
            "it runs, and that DATABASE_URL names it."
        )
    return StoreError(f"The database could not do it ({type(error).__name__}); try again.")
