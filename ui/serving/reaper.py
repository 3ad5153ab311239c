"""Closing sessions that nobody came back to, so that what they held is free again."""

import asyncio
import ctypes
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from streamlit import config
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession

from ui.serving.media import MediaOwners
from ui.serving.uploads import forget_refusals

_LOG = logging.getLogger(__name__)
_LONGEST_S, _SHORTEST_S = 15.0, 0.2
# The threads of a session that was closed may hold what it had a little longer.
_ROUNDS = 4


def close_expired(runtime: Runtime) -> list[AppSession]:
    """Close the sessions whose time to come back is over; return them.

    Streamlit drops them only when the next session is put away, which may be never.
    """
    storage = runtime._session_mgr._session_storage  # type: ignore[attr-defined]
    closed = [info.session for _, info in storage._cache.expire()]
    for session in closed:
        session.shutdown()
    if closed:
        # A download that nobody has is marked the first time, and dropped the second.
        for _ in range(2):
            runtime.media_file_mgr.remove_orphaned_files()
    return closed


def empty_closed(sessions: list[AppSession]) -> None:
    """Empty what closed sessions held.

    Streamlit's loop holds the session that it served last until it serves another one.
    """
    for session in sessions:
        state = session.session_state
        state.clear()
        # What callbacks were to be given, too.
        state._new_widget_state.widget_metadata.clear()
    sessions.clear()


def return_memory() -> None:
    """Free what circles of references still hold, and give the pages back to the system."""
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)


async def _reap(runtime: Runtime, owners: MediaOwners, every_s: float) -> None:
    rounds = 0
    emptied_next: list[AppSession] = []
    while True:
        await asyncio.sleep(every_s)
        try:
            # A round later: until then a page may still run that was told to stop.
            empty_closed(emptied_next)
            emptied_next = close_expired(runtime)
            owners.forget_closed()
            if emptied_next:
                forget_refusals([session.id for session in emptied_next])
                rounds = _ROUNDS
            if rounds > 0:
                rounds -= 1
                # Off the loop: others are being answered.
                await asyncio.to_thread(return_memory)
        except RuntimeError:
            _LOG.exception("Closing expired sessions failed; it is tried again")


@asynccontextmanager
async def reaping(runtime: Runtime, owners: MediaOwners) -> AsyncIterator[None]:
    """Close expired sessions while the server runs."""
    close_expired(runtime)  # fails here and now with a Streamlit that keeps sessions otherwise
    ttl_s = float(config.get_option("server.disconnectedSessionTTL"))
    every_s = min(_LONGEST_S, max(_SHORTEST_S, ttl_s / 8))
    task = asyncio.create_task(_reap(runtime, owners, every_s), name="ecg-reaper")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
