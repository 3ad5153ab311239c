"""Who computes next: one fair queue for all heavy work, here and in the processes asked from here.

A computation takes a turn (:func:`turn`).  As many are under way as there are processor cores: more
threads on tensors this small wait for one another longer than they work.  Findings go before maps,
maps before work in the background; among equals whoever had fewer turns goes first, then whoever
came first.  While something urgent is computed nothing less urgent is: both would wait for Python's
lock.

A long computation is made in slices.  Between two of them it calls :func:`pause`: there it lets
urgent work go first, and there it may be left (:func:`pausing`).  Nobody waits for another's work,
or holds a lock, while holding a turn.

A process that computes for this one holds a turn here meanwhile (:func:`turn`, ``halted``).  It is
stopped where it stands while others go first, and after a while counts as less urgent: short work
goes before long.
"""

import os
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum

# Whoever was overtaken so often goes before all others, or findings could hold up maps for ever.
PATIENCE = 8
# A page asks for one finding after the other: so long after each, no map begins.
LINGER_S = 0.05
# While it waits, a request asks so often whether anybody still wants it.
ASK_S = 0.25


class Priority(IntEnum):
    """What goes before what."""

    FINDINGS = 0
    """Findings, measurements, and whatever else a click asks for in a fraction of a second."""
    MAPS = 1
    """Explanations and maps of anomalies: seconds."""
    BACKGROUND = 2
    """What nobody waits for."""


# Longer than this, and equals that wait take turns with it.
SLICE_S = {Priority.FINDINGS: 0.5, Priority.MAPS: 5.0, Priority.BACKGROUND: 0.5}
# Findings, or a reading, of another process that take longer go behind those that may be short.
SHORT_S = 2.0
Halt = Callable[[], AbstractContextManager[object]]


@dataclass(eq=False)
class _Request:
    priority: Priority
    who: Hashable
    number: int
    round: int
    halted: Halt | None = None
    overtaken: int = 0
    since: float = 0.0
    had_s: float = 0.0
    ready: threading.Event = field(default_factory=threading.Event)

    @property
    def urgency(self) -> int:
        return -1 if self.overtaken >= PATIENCE else self.priority

    @property
    def blocks(self) -> bool:
        """Whether nothing less urgent begins beside it: Python's lock is not held elsewhere."""
        return self.halted is None

    @property
    def order(self) -> tuple[int, int, int]:
        return self.urgency, self.round, self.number


_HELD: ContextVar["tuple[Turns, _Request] | None"] = ContextVar("held", default=None)
_WHO: ContextVar[Hashable] = ContextVar("who", default=None)
_ASKED: ContextVar[Callable[[], object] | None] = ContextVar("asked", default=None)


class Turns:
    """A fair queue before a number of places.

    Parameters
    ----------
    places : int
        How many computations are under way at once.
    clock : callable
        Seconds.
    """

    def __init__(self, places: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = places
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[_Request] = []
        self._under_way: list[_Request] = []
        self._lingers = 0
        self._numbers = 0
        # Rounds are counted by priority; a session that had its turn waits for the next round.
        self._round = dict.fromkeys(Priority, 0)
        self._had: dict[tuple[Priority, Hashable], int] = {}

    @contextmanager
    def turn(self, priority: Priority, *, halted: Halt | None = None) -> Iterator[None]:
        """Wait for a turn and hold it; within a turn, what is asked for belongs to it.

        What :func:`pausing` was given is asked while this waits, too: what it raises gives the
        place in the queue away.

        Parameters
        ----------
        halted : callable, optional
            Of what is computed by another process: a context in which that process stands still.
        """
        if _HELD.get() is not None:
            yield
            return
        request = self._enter(priority, _WHO.get() or threading.get_ident(), halted)
        self._wait(request)
        before = _HELD.set((self, request))
        try:
            yield
        finally:
            _HELD.reset(before)
            if request.ready.is_set():
                self._release(request)

    def before(self, who: Hashable) -> int | None:
        """Return how many requests go before this session's first; None where it does not wait."""
        with self._lock:
            own = min((r.order for r in self._waiting if r.who == who), default=None)
            return None if own is None else sum(r.order < own for r in self._waiting)

    def offer(self, request: _Request) -> None:
        """Let whoever is more urgent go first, and after a slice whoever is as urgent."""
        with self._lock:
            self._sink(request)
            waits = [r.urgency for r in self._waiting]
            best = min(
                [*waits, *(r.priority for r in self._blocking() if r is not request)], default=9
            )
            equal = request.priority in waits and best == request.priority
            long = self._clock() - request.since > SLICE_S[request.priority]
            if best >= request.priority and not (equal and long):
                return
            if equal:
                request.number, request.round = self._place(request.priority, request.who)
            self._step_back(request)
            self._waiting.append(request)
            self._serve()
        with nullcontext() if request.halted is None else request.halted():
            self._wait(request)

    def _sink(self, request: _Request) -> None:
        """Let what another process computes for long count as less urgent."""
        long = request.had_s + self._clock() - request.since > SHORT_S
        if request.halted is not None and request.priority is Priority.FINDINGS and long:
            request.priority = Priority.MAPS
            request.number, request.round = self._place(request.priority, request.who)

    def _enter(self, priority: Priority, who: Hashable, halted: Halt | None) -> _Request:
        with self._lock:
            request = _Request(priority, who, *self._place(priority, who), halted)
            self._waiting.append(request)
            self._serve()
        return request

    def _place(self, priority: Priority, who: Hashable) -> tuple[int, int]:
        """Return the number and the round of a new request."""
        self._numbers += 1
        earlier = [r.round for r in self._waiting if (r.priority, r.who) == (priority, who)]
        had = max([self._had.get((priority, who), -1), *earlier])
        return self._numbers, max(self._round[priority], had + 1)

    def _wait(self, request: _Request) -> None:
        ask = _ASKED.get()
        try:
            while not request.ready.wait(None if ask is None else ASK_S):
                if ask is not None:
                    ask()
        except BaseException:
            self._give_up(request)
            raise

    def _give_up(self, request: _Request) -> None:
        with self._lock:
            if request in self._waiting:
                self._waiting.remove(request)
                return
            # Served at the very moment it was given up.
            self._step_back(request)
            self._serve()

    def _release(self, request: _Request) -> None:
        with self._lock:
            self._step_back(request)
            if request.priority is Priority.FINDINGS and self._waiting:
                self._lingers += 1
                timer = threading.Timer(LINGER_S, self._end_linger)
                timer.daemon = True
                timer.start()
            self._serve()

    def _end_linger(self) -> None:
        with self._lock:
            self._lingers -= 1
            self._serve()

    def _step_back(self, request: _Request) -> None:
        request.ready.clear()
        request.had_s += self._clock() - request.since
        self._under_way.remove(request)
        self._free += 1

    def _serve(self) -> None:
        while self._free > 0 and self._waiting:
            request = min(self._waiting, key=lambda r: r.order)
            findings = self._lingers > 0 and request.urgency > Priority.FINDINGS
            if findings or any(r.priority < request.urgency for r in self._blocking()):
                return
            self._waiting.remove(request)
            for other in self._waiting:
                other.overtaken += other.number < request.number
            request.overtaken = 0
            request.since = self._clock()
            self._free -= 1
            self._under_way.append(request)
            self._note_round(request)
            request.ready.set()

    def _blocking(self) -> Iterator[_Request]:
        return (r for r in self._under_way if r.blocks)

    def _note_round(self, request: _Request) -> None:
        priority = request.priority
        self._round[priority] = max(self._round[priority], request.round)
        self._had[priority, request.who] = request.round
        # Whoever had no turn in this round is owed nothing and owes nothing.
        self._had = {k: v for k, v in self._had.items() if v >= self._round[k[0]]}


TURNS = Turns(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)


@contextmanager
def turn(priority: Priority, *, halted: Halt | None = None) -> Iterator[None]:
    """Hold a turn of this process meanwhile; a function may be decorated with it, too.

    Parameters as :meth:`Turns.turn`.
    """
    with TURNS.turn(priority, halted=halted):
        yield


@contextmanager
def acting_for(who: Hashable) -> Iterator[None]:
    """Count the turns that this thread takes meanwhile as those of one session."""
    before = _WHO.set(who)
    try:
        yield
    finally:
        _WHO.reset(before)


@contextmanager
def pausing(ask: Callable[[], object]) -> Iterator[None]:
    """Let ``ask`` be called in the pauses of what is computed in this thread, and while it waits.

    What it raises ends the computation; nothing is kept of it, and no turn is left held.
    """
    before = _ASKED.set(ask)
    try:
        yield
    finally:
        _ASKED.reset(before)


def pause() -> None:
    """Between two slices: see whether anybody still waits for this, and let urgent work go first.

    Never called while hooks are on a network that others use.
    """
    ask = _ASKED.get()
    if ask is not None:
        ask()
    held = _HELD.get()
    if held is not None:
        turns, request = held
        turns.offer(request)
