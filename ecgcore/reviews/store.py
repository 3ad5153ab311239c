"""The store: sessions, recordings, cases and events, in short transactions."""

import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session as OrmSession

from ecgcore.errors import InvalidArgumentError
from ecgcore.origin import SOFTWARE
from ecgcore.recording import Recording
from ecgcore.reviews.database import Database
from ecgcore.reviews.errors import ConflictError, NoSuchCaseError, StoreError
from ecgcore.reviews.events import Event, check_payload
from ecgcore.reviews.recordings import RecordingFiles, pack_plain
from ecgcore.reviews.state import CaseState, fold
from ecgcore.reviews.tables import CaseRow, EventRow, PersonRow, RecordingRow, SessionRow

TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43,128}")
_CASE_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
# Between two visits so short nothing is written.
_SEEN_EVERY = timedelta(minutes=5)
# A recording becomes a case's at once.
_LONE = timedelta(hours=1)
_MAX_TITLE, _MAX_SETTINGS = 300, 65_536
_MIB = 2**20


@dataclass(frozen=True)
class Session:
    """A browser that was known again.

    Attributes
    ----------
    person_id : str
        Whose cases it may see.
    """

    person_id: str


@dataclass(frozen=True)
class Case:
    """A case on a reader's list.

    Attributes
    ----------
    id : str
        Opaque.
    recording_id : str or None
        SHA-256 of the recording; None for a demonstration case.
    demo_key : str
        Of a demonstration case; otherwise empty.
    title : str
    source_digest : str
        SHA-256 of the file that it was read from; empty where there was none.
    created_at : datetime
        In UTC.
    """

    id: str
    recording_id: str | None
    demo_key: str
    title: str
    source_digest: str
    created_at: datetime


class Store:
    """What is kept of readers' work.

    Every function but :meth:`open` and those of sessions and recordings takes the reader's session,
    and knows that reader's cases alone.

    Parameters
    ----------
    url : str or None
        ``postgresql://…``; None: a SQLite file in ``folder``.
    folder : pathlib.Path
        Where recordings lie; made by :meth:`open`.
    max_bytes : int
        Most that the folder may hold.
    keep_days : int
        How long after their reader's last visit cases are kept.

    Raises
    ------
    StoreError
        By every function, if the database or the folder cannot be used.
    """

    def __init__(
        self,
        url: str | None,
        folder: Path,
        *,
        max_bytes: int = 10_000 * _MIB,
        keep_days: int = 90,
    ) -> None:
        self._folder = folder.absolute()
        self._max_bytes = max_bytes
        self._keep = timedelta(days=keep_days)
        self._database = Database(url, self._folder)
        self._files = RecordingFiles(self._folder)

    def open(self) -> None:
        """Make the folder and the tables, and end what was begun and what is too old."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files.open()
        except OSError as error:
            raise StoreError(
                f"The data folder {self._folder} cannot be made; set ECG_DATA_DIR to a folder that "
                "can be written."
            ) from error
        self._database.open()
        self._delete_expired()
        self._remove_leaving()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    # ---- sessions ---------------------------------------------------------------------------

    def begin_session(self, token: str | None = None) -> str:
        """Begin the session of a reader without a name; return its token, the only copy.

        Parameters
        ----------
        token : str, optional
            A random one of at least 256 bits that the browser has already.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES) if token is None else token
        if not _TOKEN.fullmatch(token):
            raise InvalidArgumentError("A session's token has 43 characters or more, at random.")
        now = datetime.now(UTC)
        with self._database.writing() as session:
            key = _digest_of(token)
            self._database.lock(session, key)
            if session.get(SessionRow, key) is None:
                person = PersonRow(id=uuid.uuid4().hex, created_at=now, settings={})
                session.add(person)
                session.flush()
                session.add(
                    SessionRow(token_sha256=key, person_id=person.id, created_at=now, seen_at=now)
                )
        return token

    def resume(self, token: str) -> Session | None:
        """Return the session with this token, or None where there is none or it is too old."""
        if not _TOKEN.fullmatch(token):
            return None
        key, now = _digest_of(token), datetime.now(UTC)
        with self._database.reading() as session:
            row = session.get(SessionRow, key)
            if row is None or row.seen_at < now - self._keep:
                return None
            found, seen_at = Session(row.person_id), row.seen_at
        if seen_at < now - _SEEN_EVERY:
            with self._database.writing() as session:
                row = session.get(SessionRow, key)
                if row is not None:
                    row.seen_at = now
        return found

    def load_settings(self, reader: Session) -> dict[str, Any]:
        """Return a reader's settings; empty at first."""
        with self._database.reading() as session:
            row = session.get(PersonRow, reader.person_id)
            return {} if row is None else dict(row.settings)

    def save_settings(self, reader: Session, settings: Mapping[str, Any]) -> None:
        """Keep a reader's settings; the last ones saved stand.

        Raises
        ------
        InvalidArgumentError
            If they are not plain JSON, or more than 64 KB of it.
        """
        try:
            content = json.dumps(dict(settings), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError("Settings must be plain JSON.") from error
        if len(content) > _MAX_SETTINGS:
            raise InvalidArgumentError("Settings take 64 KB at most.")
        with self._database.writing() as session:
            row = session.get(PersonRow, reader.person_id)
            if row is not None:
                row.settings = json.loads(content)

    # ---- recordings -------------------------------------------------------------------------

    def put_recording(self, recording: Recording) -> str:
        """Keep a recording without identity; return its id, the same for the same recording."""
        recording_id, content = pack_plain(recording)
        if self._has(recording_id):
            return recording_id
        with self._database.explaining():
            part = self._files.write(content)
        try:
            with self._database.writing() as session:
                self._database.lock(session, recording_id)
                self._take_recording(session, recording_id, len(content))
                self._files.settle(part, recording_id)
        finally:
            part.unlink(missing_ok=True)
        return recording_id

    def get_recording(self, recording_id: str) -> Recording:
        """Return a recording that is kept."""
        return self._files.read(recording_id)

    def _has(self, recording_id: str) -> bool:
        with self._database.reading() as session:
            row = session.get(RecordingRow, recording_id)
            return row is not None and not row.leaving and self._files.path(recording_id).is_file()

    def _take_recording(self, session: OrmSession, recording_id: str, n_bytes: int) -> None:
        row = session.get(RecordingRow, recording_id)
        if row is not None:
            row.leaving = False
            return
        held = session.scalar(select(func.coalesce(func.sum(RecordingRow.n_bytes), 0))) or 0
        if int(held) + self._database.n_bytes() + n_bytes > self._max_bytes:
            raise StoreError(
                f"The data folder is full: it holds {self._max_bytes // _MIB} MB at most. Delete "
                "cases, or raise ECG_DATA_MB."
            )
        session.add(RecordingRow(id=recording_id, n_bytes=n_bytes, created_at=datetime.now(UTC)))
        session.flush()

    def _remove_leaving(self) -> None:
        """Remove the recordings that no case needs: first the file, then its row."""
        with self._database.reading() as session:
            ids = session.scalars(select(RecordingRow.id).where(RecordingRow.leaving)).all()
        for recording_id in ids:
            with self._database.writing() as session:
                self._database.lock(session, recording_id)
                row = session.get(RecordingRow, recording_id)
                if row is not None and row.leaving:
                    self._files.remove(recording_id)
                    session.delete(row)

    # ---- cases ------------------------------------------------------------------------------

    def add_case(
        self,
        reader: Session,
        *,
        recording_id: str | None = None,
        demo_key: str = "",
        title: str = "",
        source_digest: str = "",
        case_id: str | None = None,
    ) -> Case:
        """Put a case on a reader's list; one that is there already stays as it is.

        Parameters
        ----------
        reader : Session
        recording_id : str, optional
            From :meth:`put_recording`.
        demo_key : str
            In place of a recording.
        title : str
            Without anything that names the patient.
        source_digest : str
            SHA-256 of the file.
        case_id : str, optional
            Random; default a new one.

        Raises
        ------
        InvalidArgumentError
            If it has both a recording and a key or none, or the id is not of that form.
        NoSuchCaseError
            If the id is another reader's.
        """
        case_id = secrets.token_urlsafe(TOKEN_BYTES) if case_id is None else case_id
        if (recording_id is None) == (not demo_key) or not _CASE_ID.fullmatch(case_id):
            raise InvalidArgumentError(
                "A case has an id, and either a recording or a demonstration case's key."
            )
        with self._database.writing() as session:
            self._database.lock(session, recording_id or case_id)
            row = session.get(CaseRow, case_id)
            if row is not None:
                return _case_of(_own(row, reader))
            if recording_id is not None:
                self._keep_recording(session, recording_id)
            row = CaseRow(
                id=case_id,
                person_id=reader.person_id,
                recording_id=recording_id,
                demo_key=demo_key,
                title=_plain(title),
                source_digest=source_digest,
                created_at=datetime.now(UTC),
            )
            session.add(row)
            session.flush()
            return _case_of(row)

    def _keep_recording(self, session: OrmSession, recording_id: str) -> None:
        row = session.get(RecordingRow, recording_id)
        if row is None or not self._files.path(recording_id).is_file():
            raise StoreError("The recording was deleted meanwhile; upload its file again.")
        row.leaving = False

    def cases(self, reader: Session) -> tuple[Case, ...]:
        """Return a reader's cases, the newest first."""
        mine = select(CaseRow).where(CaseRow.person_id == reader.person_id)
        with self._database.reading() as session:
            rows = session.scalars(mine.order_by(CaseRow.created_at.desc(), CaseRow.id)).all()
            return tuple(map(_case_of, rows))

    def case(self, reader: Session, case_id: str) -> Case:
        """Return one of a reader's cases.

        Raises
        ------
        NoSuchCaseError
            If there is none, or it is another reader's.
        """
        with self._database.reading() as session:
            return _case_of(_find_case(session, reader, case_id))

    def delete_case(self, reader: Session, case_id: str) -> None:
        """Delete a case with its events, and its recording where no other case needs it.

        Raises
        ------
        NoSuchCaseError
            If there is none, or it is another reader's.
        """
        with self._database.writing() as session:
            row = _find_case(session, reader, case_id)
            self._delete(session, [row])
        self._remove_leaving()
        self._database.drop_deleted()

    def _delete(self, session: OrmSession, rows: Sequence[CaseRow]) -> None:
        for row in rows:
            if row.recording_id is not None:
                self._database.lock(session, row.recording_id)
            session.execute(delete(EventRow).where(EventRow.case_id == row.id))
            session.delete(row)
            session.flush()
            recording = row.recording_id and session.get(RecordingRow, row.recording_id)
            if recording:
                recording.leaving = not session.scalar(
                    select(exists().where(CaseRow.recording_id == row.recording_id))
                )

    def _delete_expired(self) -> None:
        """Delete what belongs to readers who have not come back for too long, and to no case."""
        last = func.max(SessionRow.seen_at)
        gone = select(SessionRow.person_id).group_by(SessionRow.person_id)
        with self._database.writing() as session:
            limit = datetime.now(UTC) - self._keep
            persons = session.scalars(gone.having(last < limit)).all()
            for person in persons:
                theirs = select(CaseRow).where(CaseRow.person_id == person)
                self._delete(session, session.scalars(theirs).all())
                for table, owner in ((SessionRow, SessionRow.person_id), (PersonRow, PersonRow.id)):
                    session.execute(delete(table).where(owner == person))
            # Between a recording and its case a process can have ended.
            lone = ~exists().where(CaseRow.recording_id == RecordingRow.id)
            old = RecordingRow.created_at < datetime.now(UTC) - _LONE
            session.execute(update(RecordingRow).where(lone, old).values(leaving=True))

    # ---- events -----------------------------------------------------------------------------

    def append(
        self,
        reader: Session,
        case_id: str,
        kind: str,
        payload: Mapping[str, Any] | None = None,
        *,
        model: str = "",
        expected_seq: int | None = None,
    ) -> Event:
        """Add an event to a case; return it as it is stored.

        Parameters
        ----------
        reader : Session
        case_id : str
        kind : str
            One of :data:`ecgcore.reviews.KINDS`.
        payload : mapping, optional
            As the kind asks for.
        model : str
            SHA-256 of the weights whose findings the reader saw.
        expected_seq : int, optional
            ``seq`` of the last event that the caller knows.

        Raises
        ------
        InvalidArgumentError
            If there is no such kind, or the payload is not as it asks for.
        NoSuchCaseError
            If there is no such case, or it is another reader's.
        ConflictError
            If there are later events than ``expected_seq``.
        """
        event = Event(kind, check_payload(kind, payload or {}), model=model)
        with self._database.writing() as session:
            # Held to the end: two writers get two numbers.
            _find_case(session, reader, case_id, hold=True)
            last = session.scalar(
                select(func.coalesce(func.max(EventRow.seq), 0)).where(EventRow.case_id == case_id)
            )
            if expected_seq is not None and last != expected_seq:
                later = _events_of(session, case_id, EventRow.seq > expected_seq)
                raise ConflictError(event, later)
            row = EventRow(
                case_id=case_id,
                seq=int(last or 0) + 1,
                person_id=reader.person_id,
                at=datetime.now(UTC),
                kind=kind,
                payload=dict(event.payload),
                software=SOFTWARE,
                model=model,
            )
            session.add(row)
            session.flush()
            return _event_of(row)

    def events(self, reader: Session, case_id: str) -> tuple[Event, ...]:
        """Return the events of a case, in order.

        Raises
        ------
        NoSuchCaseError
            If there is no such case, or it is another reader's.
        """
        with self._database.reading() as session:
            _find_case(session, reader, case_id)
            return _events_of(session, case_id)

    def state(self, reader: Session, case_id: str) -> CaseState:
        """Return what a case looks like: the fold of its events.

        Raises
        ------
        NoSuchCaseError
            If there is no such case, or it is another reader's.
        """
        return fold(self.events(reader, case_id))


def _find_case(
    session: OrmSession, reader: Session, case_id: str, *, hold: bool = False
) -> CaseRow:
    if not _CASE_ID.fullmatch(case_id):
        raise NoSuchCaseError
    return _own(session.get(CaseRow, case_id, with_for_update=hold), reader)


def _own(row: CaseRow | None, reader: Session) -> CaseRow:
    if row is None or row.person_id != reader.person_id:
        raise NoSuchCaseError
    return row


def _events_of(session: OrmSession, case_id: str, *more: ColumnElement[bool]) -> tuple[Event, ...]:
    asked = select(EventRow).where(EventRow.case_id == case_id, *more).order_by(EventRow.seq)
    return tuple(map(_event_of, session.scalars(asked)))


def _event_of(row: EventRow) -> Event:
    return Event(
        row.kind, row.payload, row.seq, row.case_id, row.person_id, row.at, row.software, row.model
    )


def _case_of(row: CaseRow) -> Case:
    return Case(
        row.id, row.recording_id, row.demo_key, row.title, row.source_digest, row.created_at
    )


def _digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _plain(title: str) -> str:
    """Return a title as every database takes it: printable, and not too long."""
    return "".join(mark for mark in title if mark.isprintable())[:_MAX_TITLE]
