"""What is computed for readers, beside the runs of their pages.

Streamlit ends a page's run whenever its reader touches anything, and with it whatever the run
computes.  A job goes on: the next run of the page joins it.  Nobody is left who waits, and after a
moment it ends too.  Readers who want the same thing wait for the same job; what may be shared by
all is kept for the next one.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from ecgcore import turns
from ecgcore.turns import acting_for, pausing

Value = TypeVar("Value")
Report = Callable[[float], None]

# A page that runs anew is back in less; a reader who has gone holds no place for longer.
GRACE_S = 2.0
# A waiting page looks so often whether its reader has gone, and how many are before it.
LOOK_S = 0.25
KEPT = 64


class _Abandoned(BaseException):
    """Ends a computation that nobody waits for."""


class Job:
    """Something that is computed once, however many wait for it.

    Attributes
    ----------
    share : float
        Of it that is done, 0 to 1, where it tells.
    who : hashable
        The session that asked first.
    count_before : callable
        Returns how many go before it; None while it is computed.
    """

    def __init__(
        self,
        make: "Make[Any]",
        who: Hashable,
        clock: Callable[[], float],
        grace_s: float = GRACE_S,
    ):
        self.share = 0.0
        self.who = who
        self.count_before: Callable[[], int | None] = lambda: turns.TURNS.before(who)
        self.done, self.taken = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.left_at: float | None = None
        self.waiters = 0
        self._make, self._clock, self._grace_s = make, clock, grace_s

    @property
    def before(self) -> int | None:
        """How many go before it; None while it is computed."""
        return self.count_before()

    @property
    def abandoned(self) -> bool:
        """Whether nobody has waited for it for a while, or it has ended for that."""
        if isinstance(self.error, _Abandoned):
            return True
        return self.left_at is not None and self._clock() - self.left_at >= self._grace_s

    def run(self) -> None:
        """Compute it."""
        try:
            with acting_for(self.who), pausing(self._leave):
                self.result = self._make(self)
        except BaseException as error:  # noqa: BLE001 - whoever waits raises it
            self.error = error

    def tell(self, share: float) -> None:
        """Note which share is done, 0 to 1."""
        self.share = share

    def _leave(self) -> None:
        if self.abandoned:
            raise _Abandoned


Make = Callable[[Job], Value]


class Jobs:
    """All jobs of a server.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, Job] = {}
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def result(
        self,
        key: Hashable,
        make: "Make[Value]",
        *,
        who: Hashable,
        keep: bool = False,
        grace_s: float = GRACE_S,
        waiting: Callable[[Job], object] = lambda _job: None,
    ) -> Value:
        """Return what ``make`` makes, by joining a job under way where there is one.

        Parameters
        ----------
        key : hashable
            The same for the same result; of a patient's recording it holds the session's name.
        make : callable
            Runs in a thread of its own with the job, to which it may tell which share is done.
        who : hashable
            The session, whose turn it takes.
        keep : bool
            Whether it may be given to everybody who asks later.
        grace_s : float
            So long it goes on, or is kept, while nobody waits.
        waiting : callable
            Called again and again meanwhile; what it raises is a reader who leaves.

        Raises
        ------
        BaseException
            Whatever ``make`` raises.
        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: Value = self._kept[key]
                return kept
            job = self._join(key, make, who, keep=keep, grace_s=grace_s)
        try:
            while not job.done.wait(LOOK_S):
                waiting(job)
        finally:
            self._leave(job)
        if isinstance(job.error, _Abandoned):
            # It ended at the very moment it was joined.
            return self.result(key, make, who=who, keep=keep, grace_s=grace_s, waiting=waiting)
        if job.error is not None:
            raise job.error
        made: Value = job.result
        return made

    def cancel(self, key: Hashable) -> None:
        """End a job at once, unless another reader waits for it."""
        with self._lock:
            job = self._under_way.get(key)
            if job is not None and job.waiters == 0:
                job.left_at = float("-inf")

    def _join(
        self, key: Hashable, make: "Make[Any]", who: Hashable, *, keep: bool, grace_s: float
    ) -> Job:
        job = self._under_way.get(key)
        if job is None or job.abandoned:
            job = self._under_way[key] = Job(make, who, self._clock, grace_s)
            work = threading.Thread(
                target=self._run, args=(key, job, keep), name="job", daemon=True
            )
            work.start()
        job.waiters += 1
        job.left_at = None
        return job

    def _leave(self, job: Job) -> None:
        with self._lock:
            job.waiters -= 1
            if job.waiters == 0:
                job.left_at = self._clock()
            if job.done.is_set():
                job.taken.set()

    def _run(self, key: Hashable, job: Job, keep: bool) -> None:
        job.run()
        with self._lock:
            if keep and job.error is None:
                self._kept[key] = job.result
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        job.done.set()
        if not job.abandoned:
            # It may have ended between two runs of the page that waits for it.
            job.taken.wait(GRACE_S)
        with self._lock:
            if self._under_way.get(key) is job:
                del self._under_way[key]
