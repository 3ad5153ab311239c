"""A bounded store of what was made once, for several threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Kept:
    """What was made, by its key; of more than ``size`` the one asked for longest ago goes.

    Parameters
    ----------
    size : int
        At least 1.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what was made for ``key``; ``make`` it where it is not there.

        It is made outside the lock, since it may wait for a turn.  Where two threads make the same,
        both get what was made first.
        """
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                found: Value = self._made[key]
                return found
        return self.put(key, make())

    def put(self, key: Hashable, value: Value) -> Value:
        """Keep a value, unless there is one already; return the one that is kept."""
        with self._lock:
            kept: Value = self._made.setdefault(key, value)
            self._made.move_to_end(key)
            while len(self._made) > self._size:
                self._made.popitem(last=False)
            return kept

    def drop(self, key: Hashable) -> None:
        """Let what is kept under a key go."""
        with self._lock:
            self._made.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        """Return whether something is kept under a key."""
        with self._lock:
            return key in self._made
