"""Where a long computation may be left: between two batches, never in the middle of one.

Whoever waits for a map says what is to be called there (:func:`pausing`).  What it raises ends the
computation; nothing is kept of it, and no lock is left held.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ASKED: ContextVar[Callable[[], object] | None] = ContextVar("asked", default=None)


@contextmanager
def pausing(ask: Callable[[], object]) -> Iterator[None]:
    """Let ``ask`` be called in the pauses of what is computed in this thread meanwhile."""
    before = _ASKED.set(ask)
    try:
        yield
    finally:
        _ASKED.reset(before)


def pause() -> None:
    """Call what is to be called in a pause; what it raises is not caught."""
    ask = _ASKED.get()
    if ask is not None:
        ask()
