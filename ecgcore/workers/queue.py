"""Who gets a process: fair to sessions, not to requests.  No threads, no clock of its own.

A process is memory; whose turn it is to compute is decided by :mod:`ecgcore.turns`, for all.  The
more urgent gets a process first.  A session that has had much waits behind those that had little.
Work that is known to be long (its session has had much lately, or it was stopped once to let others
pass) never takes the last worker, and no session takes them all.
"""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from ecgcore.turns import Priority
from ecgcore.workers.framing import Parts

# What a session has had is forgotten by half in this time.
HALF_LIFE_S = 60.0
# More than this, lately, and a session's work counts as long.
MUCH_S = 3.0
# Work that is running for longer lets others pass, once, where every worker is taken by such.
QUANTUM_S = 2.0
# A page asks several times a second; what nobody has asked for in this time is dropped.
FORGOTTEN_S = 20.0


@dataclass(eq=False)
class Job:
    """One request and where it stands.

    Attributes
    ----------
    session, key : hashable
        Equal requests of one session have one key, if not None.
    request : sequence of messages, each in parts
    function : str
        What the worker calls with it.
    number : int
        In the order of their coming.
    priority : Priority
        Of its turns.
    asked_s : float
        When somebody last asked for it.
    started_s : float or None
        When it began, while it runs, later by as long as it was halted; infinity while it has a
        process and waits for its first turn.
    passed : bool
        Whether it was stopped once to let others pass.
    """

    session: Hashable
    key: Hashable
    request: list[Parts]
    function: str
    number: int
    asked_s: float
    priority: Priority = Priority.FINDINGS
    started_s: float | None = None
    passed: bool = False
    cancelled: bool = False


@dataclass(eq=False)
class FairQueue:
    """Waiting and running work of ``size`` workers.

    Attributes
    ----------
    size : int
    now : callable
        Returns seconds; never goes back.
    waiting, running : list of Job
    """

    size: int
    now: Callable[[], float]
    waiting: list[Job] = field(default_factory=list)
    running: list[Job] = field(default_factory=list)
    _had: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    def start_next(self) -> Job | None:
        """Move the next job from waiting to running and return it; None where none may start."""
        may = [job for job in self.waiting if self._may_start(job)]
        if not may or len(self.running) >= self.size:
            return None
        at = self.now()
        job = min(may, key=lambda each: self._rank(each, at))
        self.waiting.remove(job)
        job.started_s = math.inf
        self.running.append(job)
        return job

    def begin(self, job: Job) -> None:
        """Note that a job that has a process computes from now on."""
        job.started_s = self.now()

    def finish(self, job: Job) -> None:
        """Count what a running job took, and let it go."""
        if job in self.running:
            self.running.remove(job)
            took = max(0.0, self.now() - (job.started_s or 0.0))
            self._had[job.session] = (self.had_s(job.session) + took, self.now())
            job.started_s = None
        self._had = {s: had for s, had in self._had.items() if self.had_s(s) > 0.01}

    def put_back(self, job: Job) -> None:
        """Let a running job wait again, behind whoever it was stopped for."""
        self.finish(job)
        job.passed = True
        self.waiting.append(job)

    def should_pass(self, job: Job) -> bool:
        """Return whether a running job must let others pass.

        So it is where short work of another session waits while every worker is taken by what
        runs for long; the last one that came passes, and each only once.
        """
        if job.passed or not self._runs_long(job) or len(self.running) < self.size:
            return False
        if not all(self._runs_long(other) for other in self.running):
            return False
        others = [j for j in self.waiting if j.session != job.session and not self._is_long(j)]
        free = [other for other in self.running if not other.passed]
        return bool(others) and job is max(free, key=lambda other: other.started_s or 0.0)

    def drop_forgotten(self) -> list[Job]:
        """Remove and return the waiting jobs that nobody asks for any more."""
        lost = [job for job in self.waiting if self.is_forgotten(job)]
        self.waiting = [job for job in self.waiting if job not in lost]
        return lost

    def is_forgotten(self, job: Job) -> bool:
        """Return whether nobody has asked for a job for long."""
        return self.now() - job.asked_s > FORGOTTEN_S

    def ahead(self, job: Job) -> int:
        """Return how many are before a waiting job: those that run, if it waits for them."""
        if job not in self.waiting:
            return 0
        at = self.now()
        own = self._place(job, at)
        before = sum(self._place(other, at) < own for other in self.waiting)
        return before + len(self.running)

    def had_s(self, session: Hashable, at: float | None = None) -> float:
        """Return the seconds of work that a session has had lately, seen from ``at`` or now."""
        seconds, then = self._had.get(session, (0.0, 0.0))
        return seconds * 0.5 ** (((self.now() if at is None else at) - then) / HALF_LIFE_S)

    def _may_start(self, job: Job) -> bool:
        most = max(1, self.size - 1)
        if sum(other.session == job.session for other in self.running) >= most:
            return False
        return not self._is_long(job) or sum(map(self._is_long, self.running)) < most

    def _rank(self, job: Job, at: float) -> tuple[int, int, float, int]:
        # At one moment for all: what is forgotten between two looks must not decide.
        running = sum(other.session == job.session for other in self.running)
        return job.priority, running + job.passed, self.had_s(job.session, at), job.number

    def _place(self, job: Job, at: float) -> tuple[int, int, float, int]:
        """Return a job's place among those that wait: each session's first before any second."""
        earlier = sum(o.session == job.session and o.number < job.number for o in self.waiting)
        priority, running, had_s, number = self._rank(job, at)
        return priority, running + earlier, had_s, number

    def _is_long(self, job: Job) -> bool:
        return job.passed or self.had_s(job.session) > MUCH_S or self._runs_long(job)

    def _runs_long(self, job: Job) -> bool:
        return job.started_s is not None and self.now() - job.started_s > QUANTUM_S
