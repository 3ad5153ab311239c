"""What is kept of a reader's work, so that it survives a reload: the desk's way to the store.

How a page uses it
------------------
``keep_case(case)``
    Once, when a case is opened and before anything is changed; it notes "opened". Then
    ``case.case_id`` may stand in the page's address.
``load_case(case_id)``
    The case of that id as its reader left it (leads named, patient, quiz, verdicts, added
    statements, comment, marks, overlay, chosen statement, place), or None: ``notice()`` says why
    ("No such case …", also for another reader's).
``note_changes(case)``
    After the reader did something, such as at the end of each run: whatever differs from what was
    noted so far becomes events, and nothing is written where nothing differs. ``model`` is the
    SHA-256 of the weights whose findings the reader saw. True: all of it is in the store, and
    survives a kill of the server.
``note(case, kind, payload)``
    One event, where a page would rather say it itself. Kinds and payloads:
    :data:`ecgcore.reviews.KINDS`::

        note(case, "verdict", {"statement": "AF", "verdict": "confirmed"})  # or dismissed, none
        note(case, "statement_added", {"statement": "LAFB"})          # statement_removed alike
        note(case, "comment", {"text": "the whole comment"})
        note(case, "mark_moved", {"beat": 3, "fiducial": "qrs_onset", "time_s": 2.31})
        note(case, "mark_reset", {"beat": None, "fiducial": None})    # None and None: all marks
        note(case, "lead_named", {"names": {"ECG": "II"}})            # {}: the file's own names
        note(case, "patient_entered",
             {"age_years": 74, "sex": "male", "pacemaker": None, "indication": ""})
        note(case, "place", {"start_s": 20.0, "overlay": "why", "selected": "AF"})
        note(case, "revealed")

``case_state(case)``
    The fold of the case's events (:class:`ecgcore.reviews.CaseState`); from memory, and also for
    work that is not kept.
``list_cases()``, ``forget_case(case_id)``
    The reader's cases, the newest first; deleting one with its recording and events.
``load_settings()``, ``save_settings(settings)``
    The reader's settings, plain JSON; the last ones saved stand, in every tab.
``notice()``, ``show_notice()``
    One line where work is not kept or not saved yet, and why; otherwise nothing.
``current_session()``
    Whose browser this is, or None where cookies are off.
``warm_up()``
    Opens the store (half a second), so that the first reader does not wait for it.

None of these raises what a user may see: what could not be written stays in this session, is
written with the next note, and ``notice()`` says so. What a case shows is the same either way.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.recording import Recording
from ecgcore.reviews import Case, CaseState, Event, Session, Store, StoreError, fold
from ecgcore.reviews.events import check_payload
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ui.changes import Change, apply_state, list_changes
from ui.serving.media import COOKIE
from ui.serving.settings import ServerSettings
from ui.state import OpenCase
from ui.words import plain

_KEPT = "kept_work"
# How long a session, or a store that could not be opened, is taken for what it was.
_AGAIN_S = 30.0
_NO_COOKIE = "This browser takes no cookies: work is gone when this page is closed or reloaded."
_LATER = "It is tried again with the next change."


class _Opening:
    """The server's one store, opened when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._failed: StoreError | None = None
        self._failed_at = 0.0

    def store(self) -> Store:
        """Return the store.

        Raises
        ------
        StoreError
            If it cannot be opened.
        """
        with self._lock:
            if self._store is None:
                if self._failed is not None and time.monotonic() < self._failed_at + _AGAIN_S:
                    raise self._failed
                try:
                    self._store = _open_store()
                except StoreError as error:
                    self._failed, self._failed_at = error, time.monotonic()
                    raise
            return self._store


def _open_store() -> Store:
    settings = ServerSettings.from_environment()
    store = Store(
        settings.database_url,
        settings.data_folder,
        max_bytes=settings.data_bytes,
        keep_days=settings.keep_days,
    )
    store.open()
    return store


_opening = _Opening()


@dataclass
class _Log:
    """A case's events in this session.

    Attributes
    ----------
    state : CaseState
        What all of them come to, written or not.
    recording : Recording or None
        As it was read, until it is in the store.
    title : str
        As it was given for the store.
    stored : bool
        Whether the case is in the store.
    waiting : list of Event
        Those that are not in the store yet, in order.
    """

    state: CaseState = field(default_factory=CaseState)
    recording: Recording | None = None
    title: str = ""
    stored: bool = False
    waiting: list[Event] = field(default_factory=list)


@dataclass
class _Work:
    """What this session knows of its reader's work."""

    session: Session | None = None
    asked_at: float = -_AGAIN_S
    logs: dict[str, _Log] = field(default_factory=dict)
    settings: dict[str, Any] | None = None
    trouble: str = ""


def _work() -> _Work:
    work: _Work = st.session_state.setdefault(_KEPT, _Work())
    return work


def warm_up() -> None:
    """Open the store beside whatever else begins."""

    def work() -> None:
        try:
            _opening.store()
        except StoreError:
            return  # said to the first reader who needs it

    threading.Thread(target=work, name="open-store", daemon=True).start()


# ---- whose work, and what is said of it ------------------------------------------------------


def current_session() -> Session | None:
    """Return the session of this browser, or None where work cannot be kept."""
    token = st.context.cookies.get(COOKIE)
    work = _work()
    if not isinstance(token, str) or not token:  # a page that is tested has no browser
        work.session, work.trouble = None, _NO_COOKIE
    elif time.monotonic() > work.asked_at + _AGAIN_S:
        work.asked_at = time.monotonic()
        try:
            store = _opening.store()
            work.session = store.resume(token) or store.resume(store.begin_session(token))
            work.trouble = ""
        except EcgError as error:
            work.trouble = f"Work is not kept: {error}"
    return work.session


def notice() -> str:
    """Return why work is not kept or not shown, in one line; empty where nothing is the matter."""
    return _work().trouble


def show_notice() -> None:
    """Show the line, if there is one."""
    if words := notice():
        st.warning(plain(words), icon=":material/save:")


# ---- cases -----------------------------------------------------------------------------------


def keep_case(case: OpenCase, *, title: str = "") -> bool:
    """Keep a case that was opened; return whether it is in the store.

    Parameters
    ----------
    case : OpenCase
    title : str
        Kept as it is; default the demonstration case's, or the date of the recording. A file's
        name may hold the patient's, and is kept only if it is given here.
    """
    log = _log_of(case)
    log.title = title
    if log.state.opened_at is None:
        return note(case, "opened", {"blind": case.quiz})
    return _write(case, log)


def list_cases() -> tuple[Case, ...]:
    """Return the reader's cases, the newest first."""
    session = current_session()
    if session is None:
        return ()
    try:
        return _opening.store().cases(session)
    except StoreError as error:
        _work().trouble = str(error)
        return ()


def load_case(case_id: str) -> OpenCase | None:
    """Return a case as its reader left it, or None: the notice says why."""
    session, work = current_session(), _work()
    if session is None:
        return None
    try:
        store = _opening.store()
        state = store.state(session, case_id)
        case = _restore(store.case(session, case_id), state)
    except EcgError as error:
        work.trouble = str(error)
        return None
    work.logs[case_id] = _Log(state, stored=True)
    work.trouble = ""
    return case


def forget_case(case_id: str) -> bool:
    """Delete a case with its recording and events; return whether it is gone."""
    session, work = current_session(), _work()
    log = work.logs.pop(case_id, None)
    if log is not None and not log.stored:
        return True
    if session is None:
        return False
    try:
        _opening.store().delete_case(session, case_id)
    except StoreError as error:
        work.trouble = str(error)
        return False
    return True


def case_state(case: OpenCase) -> CaseState:
    """Return what the reader did with a case: the fold of its events."""
    return _log_of(case).state


def _log_of(case: OpenCase) -> _Log:
    recording = case.unnamed or case.recording
    return _work().logs.setdefault(case.case_id, _Log(recording=recording))


def _restore(found: Case, state: CaseState) -> OpenCase:
    if found.recording_id is None:
        demo = next((one for one in DEMONSTRATION_CASES if one.key == found.demo_key), None)
        if demo is None:
            raise StoreError("This demonstration case is no longer there; choose another one.")
        recording = make_demonstration_case(demo.key).recording
    else:
        demo, recording = None, _opening.store().get_recording(found.recording_id)
    case = OpenCase(
        title=found.title,
        recording=recording,
        demo=demo,
        case_id=found.id,
        shared=found.demo_key or None,
    )
    apply_state(case, state)
    return case


# ---- events ----------------------------------------------------------------------------------


def note(
    case: OpenCase, kind: str, payload: Mapping[str, Any] | None = None, *, model: str = ""
) -> bool:
    """Note what the reader did with a case; return whether it is in the store.

    Parameters
    ----------
    case : OpenCase
    kind : str
        One of :data:`ecgcore.reviews.KINDS`.
    payload : mapping, optional
        As the kind asks for.
    model : str
        SHA-256 of the weights whose findings the reader saw.
    """
    return _take(case, [(kind, payload or {})], model)


def note_changes(case: OpenCase, *, model: str = "") -> bool:
    """Note whatever the reader changed since the last note; return whether it is in the store.

    Parameters
    ----------
    case : OpenCase
    model : str
        SHA-256 of the weights whose findings the reader saw.
    """
    return _take(case, list_changes(case, _log_of(case).state), model)


def _take(case: OpenCase, changes: Sequence[Change], model: str) -> bool:
    log, refused = _log_of(case), ""
    for kind, payload in changes:
        try:
            said = check_payload(kind, payload)
        except EcgError as error:
            refused = f"Not saved: {error}"
            continue
        event = Event(kind, said, seq=log.state.seq + 1, at=datetime.now(UTC), model=model)
        log.state = fold([event], log.state)
        log.waiting.append(event)
    written = _write(case, log)
    if refused:
        _work().trouble = refused
    return written and not refused


def _write(case: OpenCase, log: _Log) -> bool:
    """Write what is not in the store yet, in order; return whether all of it is there now."""
    session, work = current_session(), _work()
    if session is None:
        if work.trouble == _NO_COOKIE:
            log.waiting.clear()  # they will never be written
        return False
    try:
        store = _opening.store()
        if not log.stored:
            _add(store, session, case, log)
        while log.waiting:
            event = log.waiting[0]
            store.append(session, case.case_id, event.kind, event.payload, model=event.model)
            log.waiting.pop(0)
    except StoreError as error:
        work.trouble = f"Not saved: {error} {_LATER}"
        return False
    work.trouble = ""
    return True


def _add(store: Store, session: Session, case: OpenCase, log: _Log) -> None:
    recording = log.recording or case.unnamed or case.recording
    store.add_case(
        session,
        recording_id=None if case.demo else store.put_recording(recording),
        demo_key=case.demo.key if case.demo else "",
        title=log.title or (case.title if case.demo else _describe(recording)),
        source_digest=recording.provenance.sha256,
        case_id=case.case_id,
    )
    log.stored, log.recording = True, None


def _describe(recording: Recording) -> str:
    start = recording.start
    return "ECG" if start is None else f"ECG of {start:%Y-%m-%d %H:%M}"


# ---- settings --------------------------------------------------------------------------------


def load_settings() -> dict[str, Any]:
    """Return the reader's settings; empty at first."""
    work = _work()
    if work.settings is None:
        session = current_session()
        if session is None:
            return {}
        try:
            work.settings = _opening.store().load_settings(session)
        except StoreError as error:
            work.trouble = str(error)
            return {}
    return dict(work.settings)


def save_settings(settings: Mapping[str, Any]) -> bool:
    """Keep the reader's settings; return whether they are in the store."""
    work, given = _work(), dict(settings)
    if work.settings == given:
        return True
    session = current_session()
    if session is not None:
        try:
            _opening.store().save_settings(session, given)
        except EcgError as error:
            work.trouble = f"Settings were not saved: {error}"
            return False
    work.settings = given
    return session is not None
