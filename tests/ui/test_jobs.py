"""What is computed for readers: once for all who wait, and not for those who have gone."""

import threading
from collections.abc import Iterator

import pytest

from ecgcore import turns
from ecgcore.errors import CannotAssessError
from ecgcore.turns import Priority, Turns, pause, turn
from tests.base.test_turns import SECONDS, Clock, until
from ui import jobs as module
from ui.jobs import GRACE_S, KEPT, Job, Jobs


class LeftError(Exception):
    """What ends the run of a page."""


class Work:
    """Something that takes as long as the test says."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.ended = (threading.Event() for _ in range(3))
        self.made = 0

    def __call__(self, _job: Job) -> str:
        self.made += 1
        self.begun.set()
        try:
            assert self.go_on.wait(SECONDS)
            pause()
        finally:
            self.ended.set()
        return "made"


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.go_on.set()


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.005)


def ask(jobs: Jobs, work: Work, found: list[object], *, who: str = "reader") -> threading.Thread:
    def wait() -> None:
        try:
            found.append(jobs.result("key", work, who=who))
        except CannotAssessError as error:
            found.append(str(error))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def leave(_job: Job) -> None:
    raise LeftError


def test_two_who_want_the_same_wait_for_one_computation(work: Work) -> None:
    jobs, found = Jobs(), []
    threads = [ask(jobs, work, found, who=who) for who in ("a", "b")]
    until(lambda: jobs._under_way["key"].waiters == 2)
    work.go_on.set()
    for thread in threads:
        thread.join(SECONDS)
    assert (found, work.made) == (["made", "made"], 1)


def test_a_page_that_runs_anew_joins_what_its_run_before_began(work: Work) -> None:
    jobs = Jobs()
    with pytest.raises(LeftError):
        jobs.result("key", work, who="reader", waiting=leave)
    found: list[object] = []
    again = ask(jobs, work, found)
    until(lambda: jobs._under_way["key"].waiters == 1)
    work.go_on.set()
    again.join(SECONDS)
    assert (found, work.made) == (["made"], 1)


def test_what_was_finished_between_two_runs_is_not_made_again(work: Work) -> None:
    jobs = Jobs()
    with pytest.raises(LeftError):
        jobs.result("key", work, who="reader", waiting=leave)
    work.go_on.set()
    assert work.ended.wait(SECONDS)
    assert jobs.result("key", work, who="reader") == "made"
    assert work.made == 1


def test_whoever_has_gone_leaves_nothing_computing(work: Work) -> None:
    clock = Clock()
    jobs = Jobs(clock)
    with pytest.raises(LeftError):
        jobs.result("key", work, who="reader", waiting=leave)
    job = jobs._under_way["key"]
    clock.now += GRACE_S
    work.go_on.set()
    assert job.done.wait(SECONDS)
    assert job.abandoned
    assert job.result is None
    # And a reader who comes back gets it made anew.
    assert jobs.result("key", work, who="reader") == "made"
    assert work.made == 2


def test_cancelling_ends_it_at_once_unless_another_waits(work: Work) -> None:
    jobs, found = Jobs(), []
    other = ask(jobs, work, found, who="other")
    assert work.begun.wait(SECONDS)
    with pytest.raises(LeftError):
        jobs.result("key", work, who="reader", waiting=leave)
    jobs.cancel("key")
    assert not jobs._under_way["key"].abandoned
    work.go_on.set()
    other.join(SECONDS)
    assert found == ["made"]
    second = Work()
    with pytest.raises(LeftError):
        jobs.result("second", second, who="reader", waiting=leave)
    job = jobs._under_way["second"]
    jobs.cancel("second")
    second.go_on.set()
    assert job.done.wait(SECONDS)
    assert job.result is None


def test_whoever_has_gone_lets_the_place_in_the_queue_go(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, clock = Turns(1), Clock()
    monkeypatch.setattr(turns, "TURNS", queue)
    monkeypatch.setattr(turns, "ASK_S", 0.005)
    jobs = Jobs(clock)

    def make(_job: Job) -> None:
        with turn(Priority.MAPS):
            pass

    def look(job: Job) -> None:
        if job.before == 0:
            raise LeftError

    with queue.turn(Priority.MAPS):
        with pytest.raises(LeftError):
            jobs.result("key", make, who="reader", waiting=look)
        assert len(queue._waiting) == 1
        clock.now += GRACE_S
        until(lambda: not queue._waiting)
    assert queue._free == 1


def test_an_error_reaches_all_who_wait() -> None:
    def fail(_job: Job) -> str:
        raise CannotAssessError("No lead is known.")

    with pytest.raises(CannotAssessError, match="No lead"):
        Jobs().result("key", fail, who="reader")


def test_only_what_may_be_shared_is_kept_and_not_without_end() -> None:
    jobs, made = Jobs(), []

    def make(_job: Job) -> int:
        made.append(1)
        return len(made)

    assert [jobs.result("shared", make, who=w, keep=True) for w in "ab"] == [1, 1]
    for number in range(2 * KEPT):
        jobs.result(number, make, who="a", keep=True)
    assert len(jobs._kept) == KEPT
    jobs.result("a patient's", make, who="a")
    assert "a patient's" not in jobs._kept
    until(lambda: not jobs._under_way)


def test_a_job_takes_its_turn_as_its_session_and_tells_how_far_it_is() -> None:
    jobs = Jobs()
    shares: list[float] = []
    seen = threading.Event()

    def make(job: Job) -> str:
        job.tell(0.5)
        assert seen.wait(SECONDS)
        with turn(Priority.MAPS):
            return "made"

    def look(job: Job) -> None:
        shares.append(job.share)
        if job.share:
            seen.set()

    assert jobs.result("key", make, who="reader", waiting=look) == "made"
    assert shares[-1] == 0.5
