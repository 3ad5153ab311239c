"""The one way to have something computed: each thing once, its place in the queue, and Cancel.

What is computed here takes a turn (:mod:`ecgcore.turns`); what a worker computes (an
:class:`Errand`) takes a turn of the same queue.  The reader sees no difference.
"""

import contextlib
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitDuplicateElementKey

from ecgcore.errors import CancelledError, CannotAssessError, EcgError
from ecgcore.turns import Priority, pause, turn
from ecgcore.workers import Pool, WorkerError
from ecgcore.workers.framing import Parts
from ui.jobs import GRACE_S, Job, Jobs, Report
from ui.state import OpenCase, session_name
from ui.words import plain

Value = TypeVar("Value")
Key = tuple[Hashable, ...]
# No such key is ever set.
_NOTHING = "nothing"
_UPLOADS = "runs_of_uploads"
# What is done sooner shows nothing; what has to wait says so at once.
_QUIET_S = 1.0
_LOOK_S = 0.25
# A reader who looks at another page meanwhile finds long work going on.
_LONG_GRACE_S = 20.0
# Sooner than this is not counted down.
_SOON_S = 2.0
# Seconds a sample that a worker took for a function last; before that, on two cores.
_PACE_S = {"ecgcore.measure.answering:answer": 2.2e-5}
# An estimate never says that it is done.
_MOST_SHARE = 0.97
_AHEAD: ContextVar[bool] = ContextVar("ahead", default=False)
_CANCELLED = "Cancelled before it was done."


@dataclass(frozen=True)
class Errand(Generic[Value]):
    """Something that a worker does.

    Attributes
    ----------
    pool : Pool
    request : callable
        Makes the messages; called once.
    read : callable
        The messages of the answer to the result.
    explain : callable
        Why there is no answer: raises an :class:`EcgError`, or returns what stands for it.
    function : str
        What the worker calls; default the pool's first.
    samples : int
        How much it works on, by which the time that is left is estimated.
    """

    pool: Pool
    request: Callable[[], Sequence[Parts]]
    read: Callable[[list[bytearray]], Value]
    explain: Callable[[EcgError | WorkerError], Value]
    function: str = ""
    samples: int = 0

    @property
    def expected_s(self) -> float:
        """How long it takes, from how long the last one took; 0 where that is not known."""
        return _PACE_S.get(self.function, 0.0) * self.samples

    def run(self, job: Job, priority: Priority) -> Value:
        """Have it done, and let the job tell how many are before it."""
        ticket = self.pool.submit(
            self.request(), session=job.who, function=self.function, priority=priority
        )
        job.count_before = ticket.ahead
        began: float | None = None
        try:
            while not ticket.wait(_LOOK_S):
                pause()
                began = self._tell_share(job, began)
        except BaseException:
            ticket.cancel()
            raise
        try:
            made = self.read(ticket.result())
            if began is not None and self.samples:
                _PACE_S[self.function] = (time.monotonic() - began) / self.samples
            return made
        except (EcgError, WorkerError) as error:
            return self.explain(error)

    def _tell_share(self, job: Job, began: float | None) -> float | None:
        """Estimate which share is done, since it began to be computed."""
        if job.before is not None:
            return None
        began = time.monotonic() if began is None else began
        if self.expected_s:
            job.tell(min(_MOST_SHARE, (time.monotonic() - began) / self.expected_s))
        return began


@contextlib.contextmanager
def ahead() -> Iterator[None]:
    """Have what is computed within wait for whatever a reader has asked for."""
    before = _AHEAD.set(True)
    try:
        yield
    finally:
        _AHEAD.reset(before)


@dataclass
class _Uploads:
    """What was cancelled, or failed, of what belongs to no case yet."""

    cancelled: set[Key] = field(default_factory=set)
    failed: dict[Key, str] = field(default_factory=dict)


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return what is under way on this server, and what all readers share."""
    return Jobs()


def run(
    case: OpenCase | None,
    key: Key,
    work: Callable[[Report], Value] | Errand[Value],
    *,
    title: str,
    priority: Priority = Priority.FINDINGS,
) -> Value:
    """Return what is computed, once however often the page runs meanwhile.

    The page shows how it stands until then, and offers Cancel.

    Parameters
    ----------
    case : OpenCase or None
        Whose it is; None for what belongs to no case yet, such as reading an upload.
    key : tuple
        What it is, with all that it depends on beside the case.
    work : callable or Errand
        Computed here, in a thread that touches nothing of the page, or by a worker.
    title : str
        What is being done, such as "Reading".
    priority : Priority

    Raises
    ------
    CancelledError
        If the reader cancelled it; the page then offers to compute it after all.
    EcgError
        Why there is no result; after a worker's failure the page offers to try again.
    """
    if _AHEAD.get():
        priority = Priority.BACKGROUND
    owner = _owner(case)
    _refuse_ended(owner, case, key, title)
    notice = _Notice(case, key, title)

    def make(job: Job) -> Value:
        if isinstance(work, Errand):
            return work.run(job, priority)
        with turn(priority):
            return work(job.tell)

    try:
        made: Value = jobs().result(
            full_key(case, key),
            make,
            who=session_name(),
            keep=_is_shared(case),
            waiting=notice.look,
            grace_s=_LONG_GRACE_S if isinstance(work, Errand) else GRACE_S,
        )
    except EcgError as error:
        if isinstance(work, Errand):
            owner.failed[key] = str(error)
            _offer("Try again", case, key)
        raise
    finally:
        notice.end()
    return made


def run_or_stop(
    case: OpenCase,
    key: Key,
    work: Callable[[Report], Value] | Errand[Value],
    *,
    title: str,
    priority: Priority = Priority.FINDINGS,
) -> Value:
    """Return what :func:`run` does; where there is no result, say why, and end the page here."""
    try:
        return run(case, key, work, title=title, priority=priority)
    except EcgError as error:
        _stop(str(error))


def _stop(words: str) -> NoReturn:
    st.info(plain(words))
    st.stop()


def forget(case: OpenCase | None, key: Key) -> None:
    """Let what was cancelled, or failed, be computed after all."""
    owner = _owner(case)
    owner.cancelled.discard(key)
    owner.failed.pop(key, None)


def _refuse_ended(owner: OpenCase | _Uploads, case: OpenCase | None, key: Key, title: str) -> None:
    """Refuse what was cancelled or has failed, and offer to compute it after all."""
    if key in owner.cancelled:
        if case is not None:
            _offer(f"Compute: {title}", case, key)
        raise CancelledError(_CANCELLED)
    if key in owner.failed:
        _offer("Try again", case, key)
        raise CannotAssessError(owner.failed[key])


def _offer(label: str, case: OpenCase | None, key: Key) -> None:
    _show_button(label, "compute", forget, case, key)


def _show_button(
    label: str,
    what: str,
    act: Callable[[OpenCase | None, Key], None],
    case: OpenCase | None,
    key: Key,
) -> None:
    # A page may ask for the same in several places: one button does for all.
    with contextlib.suppress(StreamlitDuplicateElementKey):
        st.button(label, key=_widget(what, case, key), on_click=act, args=(case, key))


class _Notice:
    """What a page says while something is computed."""

    def __init__(self, case: OpenCase | None, key: Key, title: str) -> None:
        self._case, self._key, self._title = case, key, title
        self._began = time.monotonic()
        self._place: DeltaGenerator | None = None
        self._line: DeltaGenerator | None = None
        self._said: tuple[float, str] | None = None

    def look(self, job: Job) -> None:
        """Say how it stands."""
        # Where the session's state is read, Streamlit leaves a run that nobody waits for.
        st.session_state.get(_NOTHING)
        before, seconds = job.before, time.monotonic() - self._began
        if self._line is None and before is None and seconds < _QUIET_S:
            return
        said = job.share, progress_words(self._title, before, seconds, share=job.share)
        if self._line is None:
            self._line = self._draw()
        if said == self._said:
            return
        self._said = said
        if job.share and before is None:
            self._line.progress(*said)
        else:
            self._line.text(said[1])

    def end(self) -> None:
        """Take it off the page."""
        if self._place is not None:
            self._place.empty()

    def _draw(self) -> DeltaGenerator:
        self._place = st.empty()
        with self._place.container(horizontal=True, vertical_alignment="center"):
            line = st.empty()
            _show_button("Cancel", "cancel", _cancel, self._case, self._key)
        return line


def progress_words(title: str, before: int | None, seconds: float, *, share: float = 0.0) -> str:
    """Return how work stands in one line.

    Parameters
    ----------
    before : int or None
        How many go before it; None while it is computed.
    seconds : float
        Since it was asked for.
    share : float
        Of it that is done, 0 where it does not tell.
    """
    if before is not None:
        return f"{title} … {f'{before} before you' if before else 'you are next'}"
    if share:
        left = seconds / share - seconds
        return f"{title} … {100 * share:.0f} %" + (
            f", about {left:.0f} s left" if left >= 2 else ""
        )
    return f"{title} … {seconds:.0f} s" if seconds >= 1 else f"{title} …"


def _cancel(case: OpenCase | None, key: Key) -> None:
    _owner(case).cancelled.add(key)
    jobs().cancel(full_key(case, key))


def _owner(case: OpenCase | None) -> OpenCase | _Uploads:
    if case is not None:
        return case
    uploads: _Uploads = st.session_state.setdefault(_UPLOADS, _Uploads())
    return uploads


def _widget(what: str, case: OpenCase | None, key: Key) -> str:
    return f"{what}_{'upload' if case is None else case.case_id}_{key}"


def _is_shared(case: OpenCase | None) -> bool:
    return case is not None and case.shared is not None and not case.edits


def full_key(case: OpenCase | None, key: Key) -> Key:
    """Return a key that is the same on the whole server for the same result alone."""
    if case is None:
        return (session_name(), *key)
    if _is_shared(case):
        return ("shared", case.shared, *key)
    # What the reader enters or moves makes another study: its job holds the one it began with.
    return (case.case_id, id(case.study), *key)
