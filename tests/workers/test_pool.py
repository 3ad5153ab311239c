"""Several workers and sessions: in which order work is done, joined, and cancelled."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgcore import turns
from ecgcore.errors import CancelledError
from ecgcore.turns import Priority, Turns
from ecgcore.workers import Pool, Ticket, WorkerSlowError, WorkerSpec, default_size, queue

JOBS = "tests.workers.jobs"
SLEEP = f"{JOBS}:sleep"
NEVER = "never"


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    spec = WorkerSpec(
        (SLEEP, f"{JOBS}:echo", f"{JOBS}:spin"), max_seconds=60.0, max_memory_bytes=2**28
    )
    made = Pool(spec, size=2)
    made.start()
    yield made
    made.close()


class Desk:
    """Asks a pool for work that waits for a file to appear, and keeps the log of what was done."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool, self.folder = pool, folder
        self.log = folder / "log"

    def ask(self, session: str, name: str, until: str = "now", key: str | None = None) -> Ticket:
        request = [[name.encode()], [str(self.folder / until).encode()], [str(self.log).encode()]]
        return self.pool.submit(request, session=(self.folder, session), key=key)

    def let(self, until: str) -> None:
        (self.folder / until).touch()

    def done(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def desk(pool: Pool, tmp_path: Path) -> Desk:
    made = Desk(pool, tmp_path)
    made.let("now")
    return made


def wait_until_running(ticket: Ticket) -> None:
    end = time.monotonic() + 30
    while ticket.ahead() is not None and time.monotonic() < end:
        ticket.wait(0.02)


def test_others_are_served_while_one_session_asks_over_and_over(desk: Desk) -> None:
    hog = [desk.ask("hog", f"hog-{n}", "later") for n in range(6)]
    wait_until_running(hog[0])
    others = [desk.ask(f"other {n}", f"other-{n}") for n in range(4)]
    for ticket in others:
        ticket.result()
    assert desk.done() == [f"other-{n}" for n in range(4)]
    assert not any(ticket.done.is_set() for ticket in hog)
    assert hog[1].ahead() == 1
    desk.let("later")
    for ticket in hog:
        ticket.result()
    assert desk.done()[4:] == [f"hog-{n}" for n in range(6)]


def test_work_of_many_new_sessions_lets_others_pass(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "QUANTUM_S", 0.2)
    hogs = [desk.ask(f"hog {n}", f"hog-{n}", "later") for n in range(2)]
    for hog in hogs:
        wait_until_running(hog)
    desk.ask("new", "new").result()
    assert desk.done() == ["new"]
    desk.let("later")
    for hog in hogs:
        hog.result()
    assert sorted(desk.done()) == ["hog-0", "hog-1", "new"]


def test_equal_requests_of_one_session_are_done_once(desk: Desk) -> None:
    first = desk.ask("a", "once", "later", key="k")
    again = desk.ask("a", "once", "later", key="k")
    other = desk.ask("b", "once-more", "later", key="k")
    assert first is again
    assert other is not first
    desk.let("later")
    assert first.result() == [b"once"]
    assert other.result() == [b"once-more"]
    assert sorted(desk.done()) == ["once", "once-more"]


def test_waiting_and_running_work_can_be_cancelled(desk: Desk) -> None:
    running = desk.ask("a", "running", NEVER)
    waiting = desk.ask("a", "waiting", NEVER)
    wait_until_running(running)
    waiting.cancel()
    running.cancel()
    for ticket in (waiting, running):
        with pytest.raises(CancelledError):
            ticket.result()
    assert desk.ask("a", "next").result() == [b"next"]
    assert desk.done() == ["next"]


def test_what_nobody_waits_for_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "FORGOTTEN_S", 0.3)
    left = desk.ask("gone", "left", NEVER)
    assert left.done.wait(30)  # asks for nothing, as a page whose tab was closed
    with pytest.raises(CancelledError):
        left.result()


def test_a_worker_computes_in_a_turn_of_the_server(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURNS", queue := Turns(1))
    monkeypatch.setattr(turns, "SHORT_S", 0.0)
    with queue.turn(Priority.FINDINGS):
        ticket = desk.ask("a", "after")
        assert not ticket.wait(0.3)
        assert desk.done() == []
    assert ticket.result() == [b"after"]
    # And while findings are computed here, what runs for long stands still, and then goes on.
    long = desk.ask("a", "long", "later")
    wait_until_running(long)
    with queue.turn(Priority.FINDINGS):
        desk.let("later")
        assert not long.wait(0.3)
        assert long.ahead() == 0
    assert long.result() == [b"long"]
    assert desk.done() == ["after", "long"]


def test_a_slow_request_costs_its_session_one_message() -> None:
    spec = WorkerSpec((SLEEP, f"{JOBS}:echo"), max_seconds=0.5, max_memory_bytes=2**28)
    own = Pool(spec, size=1, idle_s=0.2)
    try:
        slow = own.submit([[b"x"], [b"/none"], [b"/none"]], session="a")
        with pytest.raises(WorkerSlowError):
            slow.result()
        assert own.submit([[b"x"]], session="a", function=f"{JOBS}:echo").result() == [b"x."]
        time.sleep(0.5)  # idle: the process is ended, and started anew when needed
        assert own.submit([[b"y"]], session="a", function=f"{JOBS}:echo").result() == [b"y."]
    finally:
        own.close()


def test_closing_gives_back_what_waits() -> None:
    own = Pool(WorkerSpec((SLEEP,), max_seconds=60.0, max_memory_bytes=2**28), size=1)
    tickets = [own.submit([[b"x"], [b"/none"], [b"/n"]], session=n) for n in range(3)]
    own.close()
    for ticket in tickets:
        with pytest.raises(CancelledError):
            ticket.result()


def test_the_machine_bounds_the_number_of_workers() -> None:
    assert 1 <= default_size(2**30) <= 2
    assert default_size(2**60) == 1
