"""Waiting for what is computed: each thing once, its place in the queue, and a way out."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgcore.errors import CancelledError
from ui.jobs import Job, Jobs, Report
from ui.state import OpenCase, session_name

Value = TypeVar("Value")
# No such key is ever set.
_NOTHING = "nothing"
# Looks after which a map that is being computed can be cancelled, too: two seconds.
_LOOKS = 8


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """Return what is under way on this server, and what all readers share."""
    return Jobs()


def compute(
    case: OpenCase,
    key: tuple[Hashable, ...],
    make: Callable[[Report], Value],
    *,
    waiting: Callable[[Job], object] = lambda _job: None,
) -> Value:
    """Return what is computed for a case, once however often the page runs meanwhile.

    Parameters
    ----------
    key : tuple
        What it is, with all that it depends on beside the case.
    make : callable
        Touches nothing of the page: it runs beside it.
    waiting : callable
        Called again and again meanwhile.
    """

    def look(job: Job) -> None:
        # Where the session's state is read, Streamlit leaves a run that nobody waits for.
        st.session_state.get(_NOTHING)
        waiting(job)

    return jobs().result(
        _full(case, key), make, who=session_name(), keep=_is_shared(case), waiting=look
    )


def compute_map(
    case: OpenCase, key: tuple[Hashable, ...], name: str, make: Callable[[Report], Value]
) -> Value:
    """Return a map as :func:`compute` does; while it waits, the page says so and offers a way out.

    Parameters
    ----------
    name : str
        Of the map, for the reader.

    Raises
    ------
    CancelledError
        If the reader has cancelled it; the page then offers to compute it after all.
    """
    if key in case.cancelled:
        st.button(
            f"Compute: {name}",
            key=f"compute_{case.case_id}_{key}",
            on_click=case.cancelled.discard,
            args=(key,),
        )
        raise CancelledError("Cancelled: this map was not computed.")
    notice = _Notice(st.empty(), case, key)
    made = compute(case, key, make, waiting=notice.look)
    notice.place.empty()
    return made


class _Notice:
    """What a page says while a map waits."""

    def __init__(self, place: DeltaGenerator, case: OpenCase, key: tuple[Hashable, ...]) -> None:
        self.place = place
        self._case, self._key = case, key
        self._looks = 0
        self._line: DeltaGenerator | None = None
        self._said = ""

    def look(self, job: Job) -> None:
        """Say how many are before it."""
        self._looks += 1
        before = job.before
        if self._line is None and before is None and self._looks < _LOOKS:
            return
        words = queue_words(before)
        if self._line is None:
            self._line = self._draw()
        if words != self._said:
            self._line.write(words)
            self._said = words

    def _draw(self) -> DeltaGenerator:
        with self.place.container(horizontal=True, vertical_alignment="center"):
            line = st.empty()
            st.button(
                "Cancel",
                key=f"cancel_{self._case.case_id}_{self._key}",
                on_click=_cancel,
                args=(self._case, self._key),
            )
        return line


def queue_words(before: int | None) -> str:
    """Return in words how many go before a reader."""
    if before is None:
        return "Being computed."
    return "You are next." if before == 0 else f"{before} before you."


def _cancel(case: OpenCase, key: tuple[Hashable, ...]) -> None:
    case.cancelled.add(key)
    jobs().cancel(_full(case, key))


def _is_shared(case: OpenCase) -> bool:
    return case.shared is not None and not case.edits


def _full(case: OpenCase, key: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    if _is_shared(case):
        return ("shared", case.shared, *key)
    # What the reader enters or moves makes another study: its job holds the one it began with.
    return (case.case_id, id(case.study), *key)
