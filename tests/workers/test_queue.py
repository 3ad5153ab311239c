"""The order of work: fair to sessions, whatever one of them asks for.  No processes, no waiting."""

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.turns import Priority
from ecgcore.workers.queue import FORGOTTEN_S, HALF_LIFE_S, MUCH_S, QUANTUM_S, FairQueue, Job


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


class Bench:
    """A queue, its clock, and jobs by name."""

    def __init__(self, size: int = 2) -> None:
        self.clock = Clock()
        self.queue = FairQueue(size, self.clock)
        self.count = 0

    def ask(self, session: Hashable, priority: Priority = Priority.FINDINGS) -> Job:
        self.count += 1
        job = Job(session, None, [], "", self.count, self.clock(), priority)
        self.queue.waiting.append(job)
        return job

    def start(self) -> list[Hashable]:
        started = []
        while (job := self.queue.start_next()) is not None:
            self.queue.begin(job)
            started.append(job.session)
        return started

    def pass_time(self, seconds: float) -> None:
        self.clock.s += seconds
        for job in (*self.queue.waiting, *self.queue.running):
            job.asked_s = self.clock()

    def run(self, session: Hashable, seconds: float) -> None:
        job = self.ask(session)
        assert self.queue.start_next() is job
        self.queue.begin(job)
        self.pass_time(seconds)
        self.queue.finish(job)


def test_one_session_never_takes_all_workers() -> None:
    bench = Bench(2)
    for _ in range(5):
        bench.ask("hog")
    assert bench.start() == ["hog"]
    bench.ask("other")
    assert bench.start() == ["other"]


def test_who_had_much_waits_behind_who_had_little() -> None:
    bench = Bench(2)
    bench.run("hog", 10.0)
    bench.run("some", 1.0)
    for session in ("hog", "some", "new"):
        bench.ask(session)
    assert bench.start() == ["new", "some"]


def test_a_process_goes_to_findings_before_maps() -> None:
    bench = Bench(2)
    bench.ask("a", Priority.MAPS)
    last = bench.ask("b", Priority.MAPS)
    bench.ask("c")
    assert bench.queue.ahead(last) == 2
    assert bench.start() == ["c", "a"]


def test_what_waits_for_its_turn_is_not_long() -> None:
    bench = Bench(1)
    job = bench.ask("a")
    assert bench.queue.start_next() is job
    bench.pass_time(QUANTUM_S + 0.1)
    bench.ask("b")
    assert not bench.queue.should_pass(job)
    bench.queue.finish(job)
    assert bench.queue.had_s("a") == 0.0


def test_two_hogs_leave_a_worker_to_others() -> None:
    bench = Bench(2)
    bench.run("a", 20.0)
    bench.run("b", 20.0)
    bench.ask("a")
    bench.ask("b")
    assert bench.start() == ["b"] or bench.queue.running[0].session in ("a", "b")
    assert len(bench.queue.running) == 1
    bench.ask("new")
    assert bench.start() == ["new"]


def test_what_a_session_had_is_forgotten() -> None:
    bench = Bench(2)
    bench.run("hog", MUCH_S + 1)
    assert bench.queue.had_s("hog") == pytest.approx(MUCH_S + 1)
    bench.pass_time(HALF_LIFE_S)
    assert bench.queue.had_s("hog") == pytest.approx((MUCH_S + 1) / 2)
    bench.pass_time(20 * HALF_LIFE_S)
    bench.run("other", 0.1)
    assert bench.queue.had_s("hog") == 0.0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_long_work_of_unknown_sessions_lets_others_pass_once(size: int) -> None:
    """A hog that comes as a new session each time is known by how long its work runs."""
    bench = Bench(size)
    hogs = [bench.ask(f"hog {n}") for n in range(size)]
    bench.start()
    assert len(bench.queue.running) == size
    bench.pass_time(QUANTUM_S + 0.1)
    assert not any(bench.queue.should_pass(job) for job in hogs)
    bench.ask("new")
    passing = [job for job in hogs if bench.queue.should_pass(job)]
    assert len(passing) == 1
    bench.queue.put_back(passing[0])
    assert bench.start() == ["new"]
    bench.queue.finish(next(job for job in bench.queue.running if job.session == "new"))
    # It is done later, beside one worker that is left to others, and never stopped again.
    for job in list(bench.queue.running):
        bench.queue.finish(job)
    assert bench.start() == [passing[0].session]
    bench.pass_time(QUANTUM_S + 0.1)
    bench.ask("newer")
    assert not bench.queue.should_pass(passing[0])


def test_places_are_told_as_they_will_be_taken() -> None:
    bench = Bench(2)
    first = [bench.ask("a") for _ in range(3)]
    bench.ask("b")
    assert bench.start() == ["a", "b"]
    last = bench.ask("c")
    assert bench.queue.ahead(first[0]) == 0
    assert bench.queue.ahead(last) == 2
    assert bench.queue.ahead(first[1]) == 3
    assert bench.queue.ahead(first[2]) == 4


def test_what_nobody_waits_for_is_dropped() -> None:
    bench = Bench(1)
    left, kept = bench.ask("gone"), bench.ask("here")
    bench.clock.s += FORGOTTEN_S + 1
    kept.asked_s = bench.clock()
    assert bench.queue.drop_forgotten() == [left]
    assert bench.start() == ["here"]


@given(
    size=st.integers(1, 4),
    asked=st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0.0, 25.0)), max_size=25),
)
def test_nobody_starves_and_no_session_has_all(size: int, asked: list[tuple[str, float]]) -> None:
    bench = Bench(size)
    for session, _ in asked:
        bench.ask(session)
    done = 0
    for _, seconds in asked:
        bench.start()
        running = bench.queue.running
        assert 0 < len(running) <= size
        for session in {job.session for job in running}:
            assert sum(job.session == session for job in running) <= max(1, size - 1)
        bench.pass_time(seconds)
        bench.queue.finish(running[0])
        done += 1
    assert done == len(asked)
    assert not bench.queue.waiting
