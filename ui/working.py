"""Work in other processes, as a page shows it: the place in the queue, the time, and Cancel."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from ecgcore.errors import CancelledError
from ecgcore.workers import Pool, Ticket
from ecgcore.workers.framing import Parts
from ui.state import session_name

# What is done sooner shows nothing of a queue.
_QUIET_S, _LOOK_S = 0.4, 0.3
_CANCELLED = "This was cancelled before it was done."


@dataclass
class _Slot:
    """What a session waits for in one place of its pages."""

    key: str
    ticket: Ticket | None = None
    cancelled: bool = False


def run_work(
    pool: Pool,
    request: Callable[[], Sequence[Parts]],
    *,
    slot: str,
    key: str,
    words: str,
    function: str = "",
) -> list[bytearray]:
    """Have something done by a pool, and show how it stands until it is done.

    A rerun of the page in between goes on waiting for the same; another key gives up the one
    before.

    Parameters
    ----------
    pool : Pool
    request : callable
        Makes the messages; called once a key.
    slot : str
        One piece of work is waited for at a time in each.
    key : str
        Tells equal requests of this session.
    words : str
        What is being done, such as "Reading".
    function : str
        What the worker calls; default the pool's first.

    Raises
    ------
    CancelledError
        Where the reader cancelled it, until :func:`forget_work`.
    EcgError, WorkerError
        Why there is no answer.
    """
    found = _slot(slot)
    if found is None or found.key != key:
        forget_work(slot)
        found = st.session_state[_name(slot)] = _Slot(key)
    if found.cancelled:
        raise CancelledError(_CANCELLED)
    if found.ticket is None:
        found.ticket = pool.submit(request(), session=session_name(), key=key, function=function)
    _show_until_done(found.ticket, slot, words)
    st.session_state.pop(_name(slot), None)
    return found.ticket.result()


def forget_work(slot: str) -> None:
    """Give up what is waited for in a slot."""
    found = _slot(slot)
    if found is not None and found.ticket is not None:
        found.ticket.cancel()
    st.session_state.pop(_name(slot), None)


def progress_words(words: str, ahead: int | None, seconds: float) -> str:
    """Return how work stands in one line."""
    if ahead:
        return f"{words} … {ahead} before you"
    return f"{words} … {seconds:.0f} s" if seconds >= 1 else f"{words} …"


def _show_until_done(ticket: Ticket, slot: str, words: str) -> None:
    if ticket.wait(_QUIET_S):
        return
    began = time.monotonic()
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        line = st.empty()
        st.button("Cancel", key=f"cancel_{slot}", on_click=_cancel, args=(slot,))
    while not ticket.done.is_set():
        # Where something is written, Streamlit leaves a run that the reader has ended.
        line.text(progress_words(words, ticket.ahead(), time.monotonic() - began))
        ticket.wait(_LOOK_S)
    place.empty()


def _cancel(slot: str) -> None:
    found = _slot(slot)
    if found is not None:
        found.cancelled = True
        if found.ticket is not None:
            found.ticket.cancel()


def _slot(slot: str) -> _Slot | None:
    found: _Slot | None = st.session_state.get(_name(slot))
    return found


def _name(slot: str) -> str:
    return f"work_{slot}"


def inherited(*names: str) -> dict[str, str]:
    """Return these variables of the server's environment, where they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}
