"""A few workers for all sessions of a server; what they compute takes turns with all else there."""

import atexit
import contextlib
import logging
import os
import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from ecgcore import turns
from ecgcore.errors import CancelledError, EcgError, ResourceError, say_lack
from ecgcore.turns import Priority, acting_for, pause, pausing
from ecgcore.workers.framing import Parts
from ecgcore.workers.process import Worker, WorkerError, WorkerSpec
from ecgcore.workers.queue import FairQueue, Job

DEFAULT_WORKERS = 2
_LOOK_S = 1.0
_CLOSE_S = 10.0
_LOG = logging.getLogger(__name__)
Failure = WorkerError | EcgError


class _PassError(Exception):
    """A job was stopped to let others pass."""


class Ticket:
    """A place in the queue, and later the answer; made by :meth:`Pool.submit`."""

    def __init__(self, pool: "Pool", job: Job) -> None:
        self._pool = pool
        self.job = job
        self.answer: list[bytearray] | None = None
        self.error: Failure | None = None
        self.done = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the answer for so long; return whether it is there.

        Work that nobody waits for is dropped after a while.
        """
        self.job.asked_s = time.monotonic()
        return self.done.wait(timeout_s)

    def ahead(self) -> int | None:
        """Return how many are before this one, or None where it is being done."""
        return self._pool.ahead(self.job)

    def result(self) -> list[bytearray]:
        """Return the messages of the answer, waiting for them.

        Raises
        ------
        ResourceError, CancelledError
        WorkerCrashError, WorkerSlowError
        """
        while not self.wait(_LOOK_S):
            pass
        if self.error is not None:
            raise self.error
        return self.answer or []

    def cancel(self) -> None:
        """Take the request back; where it is being done, its worker is ended."""
        self._pool.cancel(self.job)

    def finish(self, answer: list[bytearray] | None, error: Failure | None) -> None:
        """Give the answer, or why there is none, to whoever waits."""
        self.answer, self.error = answer, error
        self.done.set()


class Pool:
    """Workers of one kind, shared by all sessions.

    Parameters
    ----------
    spec : WorkerSpec
    size : int, optional
        Number of processes; default :func:`default_size`.
    idle_s : float, optional
        A process that had nothing to do for so long is ended until it is needed; default never.
    """

    def __init__(
        self, spec: WorkerSpec, *, size: int | None = None, idle_s: float | None = None
    ) -> None:
        self.spec = spec
        self.size = default_size(spec.max_memory_bytes) if size is None else size
        self._idle_s = idle_s
        self._queue = FairQueue(self.size, time.monotonic)
        self._tickets: dict[Job, Ticket] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._ready = 0
        self._closed = False
        self._count = 0

    def start(self) -> None:
        """Start the workers, if they do not run, and wait until each is ready or has failed."""
        self.begin()
        with self._changed:
            self._changed.wait_for(lambda: self._ready >= self.size or self._closed)

    def close(self) -> None:
        """End the workers; what waits is cancelled."""
        with self._changed:
            self._closed = True
            for job in list(self._tickets):
                job.cancelled = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_CLOSE_S)
        atexit.unregister(self.close)
        for job in list(self._tickets):
            self._deliver(job, None, CancelledError(_CANCELLED))

    def submit(
        self,
        request: Sequence[Parts],
        *,
        session: Hashable,
        key: Hashable = None,
        function: str = "",
        priority: Priority = Priority.FINDINGS,
    ) -> Ticket:
        """Put a request into the queue; an equal one of the same session is joined.

        Parameters
        ----------
        request : sequence of messages, each in parts
        session : hashable
            Whom it is done for: fairness is among these.
        key : hashable, optional
            Tells equal requests; None is like no other.
        function : str
            One of the specification's; default the first.
        priority : Priority
            Of the turns that it takes; what takes long sinks by itself.
        """
        self.begin()
        with self._changed:
            for job, ticket in self._tickets.items():
                same = job.session == session and job.key == key
                if key is not None and same and not job.cancelled:
                    job.asked_s = time.monotonic()
                    return ticket
            self._count += 1
            now = time.monotonic()
            job = Job(session, key, list(request), function, self._count, now, priority)
            ticket = self._tickets[job] = Ticket(self, job)
            self._queue.waiting.append(job)
            self._changed.notify_all()
            return ticket

    def ahead(self, job: Job) -> int | None:
        """Return how many are before a job, or None where it does not wait."""
        with self._changed:
            if job in self._queue.waiting:
                return self._queue.ahead(job)
        return turns.TURNS.before(job.session)

    def cancel(self, job: Job) -> None:
        """Stop a job wherever it stands."""
        with self._changed:
            job.cancelled = True
            if job in self._queue.waiting:
                self._queue.waiting.remove(job)
                self._deliver(job, None, CancelledError(_CANCELLED))

    def begin(self) -> None:
        """Start the workers, if they do not run, and wait for nothing."""
        with self._changed:
            if self._threads or self._closed:
                return
            for number in range(self.size):
                thread = threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
            # Otherwise the folders of the workers stay when the server stops.
            atexit.register(self.close)

    # ---- in the threads: one worker each ------------------------------------------------------

    def _work(self) -> None:
        worker = Worker(self.spec)
        try:
            self._warm(worker)
            with self._changed:
                self._ready += 1
                self._changed.notify_all()
            while (job := self._next(worker)) is not None:
                self._do(worker, job)
                self._warm(worker)  # nobody waits for its start
        finally:
            worker.stop()

    @staticmethod
    def _warm(worker: Worker) -> None:
        # What hinders it (the end of the program is one such thing) is told to whoever asks next.
        with contextlib.suppress(WorkerError, ResourceError, RuntimeError):
            worker.start()

    def _next(self, worker: Worker) -> Job | None:
        with self._changed:
            while not self._closed:
                for lost in self._queue.drop_forgotten():
                    self._deliver(lost, None, CancelledError(_CANCELLED))
                job = self._queue.start_next()
                if job is not None:
                    return job
                # What runs becomes long, what a session had is forgotten: without any notice.
                heard = self._changed.wait(_LOOK_S if self._queue.waiting else self._idle_s)
                if not heard and not self._queue.waiting:
                    worker.stop()
            return None

    def _do(self, worker: Worker, job: Job) -> None:
        try:
            answer = self._ask(worker, job)
        except _PassError:
            with self._changed:
                self._queue.put_back(job)
                self._changed.notify_all()
        except (WorkerError, EcgError) as error:
            self._settle(job, None, error)
        except (RuntimeError, ValueError, TypeError, LookupError):
            # A fault of this program must not keep a reader waiting, nor end the thread.
            _LOG.exception("A worker could not be asked.")
            self._settle(job, None, say_lack("the worker process does not answer"))
        else:
            self._settle(job, answer, None)

    def _ask(self, worker: Worker, job: Job) -> list[bytearray]:
        """Ask a worker, in a turn of the server's own queue."""

        @contextlib.contextmanager
        def halted() -> Iterator[None]:
            with self._uncounted(job), worker.halted():
                yield

        with acting_for(job.session), pausing(lambda: self._look(job)), contextlib.ExitStack() as s:
            s.enter_context(turns.turn(job.priority, halted=halted))
            self._queue.begin(job)
            return worker.ask(job.request, function=job.function, on_tick=pause)

    @contextlib.contextmanager
    def _uncounted(self, job: Job) -> Iterator[None]:
        """Do not count what passes meanwhile as the job's own time."""
        began = time.monotonic()
        try:
            yield
        finally:
            with self._changed:
                job.started_s = (job.started_s or began) + time.monotonic() - began

    def _look(self, job: Job) -> None:
        """Stop a running job that is cancelled or forgotten, or must let others pass."""
        with self._changed:
            if job.cancelled or self._queue.is_forgotten(job):
                raise CancelledError(_CANCELLED)
            if self._queue.should_pass(job):
                raise _PassError

    def _settle(self, job: Job, answer: list[bytearray] | None, error: Failure | None) -> None:
        with self._changed:
            self._queue.finish(job)
            self._deliver(job, answer, error)
            self._changed.notify_all()

    def _deliver(self, job: Job, answer: list[bytearray] | None, error: Failure | None) -> None:
        ticket = self._tickets.pop(job, None)
        job.request = []
        if ticket is not None:
            ticket.finish(answer, error)


_CANCELLED = "This was cancelled before it was done."


def default_size(max_memory_bytes: int) -> int:
    """Return how many workers this machine bears: two, or one where cores or memory are few."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    room = _memory_bytes() // max_memory_bytes
    return max(1, min(DEFAULT_WORKERS, cores or 1, room))


def _memory_bytes() -> int:
    """Return the memory that this process may use at most, of its container or the machine."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            sizes.append(int(Path(path).read_text(encoding="ascii")))
    return min(sizes)
