"""Who computes next: order, priority, fairness, leaving, errors, and nobody waits for ever."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest

from ecgcore import turns as module
from ecgcore.turns import PATIENCE, SHORT_S, Priority, Turns, acting_for, pause, pausing

FINDINGS, MAPS, BACKGROUND = Priority
SECONDS = 30


class Left(BaseException):
    """What ends a run that nobody waits for."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Crowd:
    """Threads before one queue; each waits for its turn and writes its name down."""

    def __init__(self, places: int = 1) -> None:
        self.clock = Clock()
        self.turns = Turns(places, self.clock)
        self.served: list[str] = []
        self.threads: list[threading.Thread] = []

    def asks(
        self,
        name: str,
        priority: Priority = MAPS,
        *,
        who: str = "",
        work: Callable[[], object] = int,
    ) -> None:
        """Let a session ask for a turn; return once its request stands in the queue."""

        def ask() -> None:
            with acting_for(who or name), self.turns.turn(priority):
                self.served.append(name)
                work()

        count = self.waiting
        thread = threading.Thread(target=ask, daemon=True)
        self.threads.append(thread)
        thread.start()
        until(lambda: self.waiting > count)

    @property
    def waiting(self) -> int:
        return len(self.turns._waiting)

    def go_home(self) -> list[str]:
        for thread in self.threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
        # Whatever happened, every place is free again.
        assert (self.turns._free, self.waiting) == (1, 0)
        return self.served


def until(true: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(SECONDS * 200):
        if true():
            return
        tick.wait(0.005)
    pytest.fail("it did not come about")


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


@contextmanager
def held(crowd: Crowd, priority: Priority = MAPS) -> Iterator[None]:
    with acting_for("holder"), crowd.turns.turn(priority):
        yield


def test_equals_are_served_in_the_order_in_which_they_came(crowd: Crowd) -> None:
    with held(crowd):
        for name in "abcd":
            crowd.asks(name)
    assert crowd.go_home() == list("abcd")


def test_findings_go_before_maps_and_maps_before_background(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("background", BACKGROUND)
        crowd.asks("map", MAPS)
        crowd.asks("findings", FINDINGS)
    assert crowd.go_home() == ["findings", "map", "background"]


def test_a_session_that_asks_for_much_does_not_keep_others_waiting(crowd: Crowd) -> None:
    with held(crowd):
        for name in ("hog 1", "hog 2", "hog 3"):
            crowd.asks(name, who="hog")
        crowd.asks("other 1", who="other")
        crowd.asks("other 2", who="other")
    assert crowd.go_home() == ["hog 1", "other 1", "hog 2", "other 2", "hog 3"]


def test_whoever_had_a_turn_goes_behind_whoever_had_none(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("again", who="holder")
        crowd.asks("first")
    assert crowd.go_home() == ["first", "again"]


def test_as_many_run_at_once_as_there_are_places() -> None:
    crowd = Crowd(places=2)
    both = threading.Barrier(3, timeout=SECONDS)
    leave = threading.Event()
    for name in "ab":
        thread = threading.Thread(target=_meet, args=(crowd, name, both, leave), daemon=True)
        crowd.threads.append(thread)
        thread.start()
    both.wait()
    crowd.asks("c")
    assert sorted(crowd.served) == ["a", "b"]
    leave.set()
    for thread in crowd.threads:
        thread.join(SECONDS)
    assert crowd.served[2] == "c"


def _meet(crowd: Crowd, name: str, both: threading.Barrier, leave: threading.Event) -> None:
    with acting_for(name), crowd.turns.turn(MAPS):
        crowd.served.append(name)
        both.wait()
        leave.wait(SECONDS)


def test_a_turn_within_a_turn_is_the_same_turn(crowd: Crowd) -> None:
    with held(crowd), crowd.turns.turn(FINDINGS), crowd.turns.turn(MAPS):
        assert crowd.turns._free == 0
    assert crowd.turns._free == 1


def test_between_two_slices_findings_go_first_and_the_map_goes_on(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("another map", MAPS)
        crowd.asks("findings", FINDINGS)
        pause()
        crowd.served.append("slice")
        pause()
        crowd.served.append("slice")
    assert crowd.go_home() == ["findings", "slice", "slice", "another map"]


def test_after_a_long_slice_equals_take_turns(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("another map")
        crowd.clock.now += module.SLICE_S[MAPS] + 1
        pause()
        crowd.served.append("slice")
    assert crowd.go_home() == ["another map", "slice"]


def test_background_never_interrupts_a_map(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("background", BACKGROUND)
        crowd.clock.now += 1000
        pause()
        crowd.served.append("slice")
    assert crowd.go_home() == ["slice", "background"]


def test_findings_without_end_do_not_hold_a_map_up_for_ever(crowd: Crowd) -> None:
    with held(crowd):
        crowd.asks("map", MAPS)
        for number in range(2 * PATIENCE):
            crowd.asks(f"findings {number}", FINDINGS)
    assert crowd.go_home().index("map") == PATIENCE


def test_an_error_gives_the_turn_back(crowd: Crowd) -> None:
    with pytest.raises(ValueError, match="broken"), held(crowd):
        raise ValueError("broken")
    with held(crowd):
        pass
    assert crowd.go_home() == []


def test_whoever_leaves_the_queue_lets_the_place_go(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_S", 0.001)
    left = threading.Event()

    def leave() -> None:
        raise Left

    def ask() -> None:
        with pausing(leave), pytest.raises(Left), acting_for("x"), crowd.turns.turn(FINDINGS):
            crowd.served.append("x")
        left.set()

    with held(crowd):
        threading.Thread(target=ask, daemon=True).start()
        assert left.wait(SECONDS)
        crowd.asks("y")
    assert crowd.go_home() == ["y"]


def test_whoever_leaves_while_others_go_first_gives_nothing_back_twice(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ASK_S", 0.001)
    go_on = threading.Event()
    asked = []

    def ask() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise Left

    def compute() -> None:
        with held(crowd), pausing(ask):
            crowd.asks("findings", FINDINGS, work=lambda: go_on.wait(SECONDS))
            pause()

    with pytest.raises(Left):
        compute()
    go_on.set()
    assert crowd.go_home() == ["findings"]


def test_the_place_in_the_queue_is_told(crowd: Crowd) -> None:
    with held(crowd):
        for name in "ab":
            crowd.asks(name)
        crowd.asks("findings", FINDINGS)
        assert [crowd.turns.before(name) for name in ("findings", "a", "b", "holder")] == [
            0,
            1,
            2,
            None,
        ]
    crowd.go_home()


def test_what_is_remembered_of_sessions_does_not_grow(crowd: Crowd) -> None:
    for number in range(100):
        with acting_for(number), crowd.turns.turn(MAPS):
            pass
        with acting_for("often"), crowd.turns.turn(MAPS):
            pass
    assert len(crowd.turns._had) < 5


def test_a_pause_outside_a_turn_does_nothing_and_other_threads_are_not_asked() -> None:
    asked = []
    pause()
    with pausing(lambda: asked.append(1)):
        pause()
        thread = threading.Thread(target=pause)
        thread.start()
        thread.join()
    pause()
    assert asked == [1]


def in_thread(
    crowd: Crowd, name: str, priority: Priority, work: Callable[[], object] = int
) -> threading.Thread:
    """Let a session have a turn that is free; return once it has it."""

    def ask() -> None:
        with acting_for(name), crowd.turns.turn(priority):
            crowd.served.append(name)
            work()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    until(lambda: name in crowd.served)
    return thread


def test_nothing_less_urgent_begins_beside_findings() -> None:
    crowd = Crowd(places=2)
    with held(crowd, FINDINGS):
        crowd.asks("map")
        assert crowd.served == []
    crowd.threads[0].join(SECONDS)
    assert crowd.served == ["map"]
    assert crowd.turns._free == 2


def test_a_map_steps_back_while_findings_are_computed_beside_it() -> None:
    crowd = Crowd(places=2)
    paused = threading.Event()

    def make_map() -> None:
        until(lambda: "findings" in crowd.served)
        paused.set()
        pause()
        crowd.served.append("rest of the map")

    def find() -> None:
        paused.wait(SECONDS)
        until(lambda: crowd.waiting == 1)  # the map, though the other place was free
        crowd.served.append("end of findings")

    threads = [
        in_thread(crowd, "map", MAPS, make_map),
        in_thread(crowd, "findings", FINDINGS, find),
    ]
    for thread in threads:
        thread.join(SECONDS)
    assert crowd.served == ["map", "findings", "end of findings", "rest of the map"]
    assert crowd.turns._free == 2


def test_a_map_gets_its_slice_though_findings_never_end() -> None:
    crowd = Crowd(places=2)
    with held(crowd, FINDINGS):
        crowd.asks("map")
        for number in range(PATIENCE):
            assert "map" not in crowd.served
            in_thread(crowd, f"reader {number}", FINDINGS).join(SECONDS)
        until(lambda: crowd.served[-1] == "map")


def test_no_map_begins_between_two_findings_of_a_page(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINGER_S", 2.0)
    with held(crowd, FINDINGS):
        crowd.asks("map")
    in_thread(crowd, "more findings", FINDINGS)
    assert crowd.go_home() == ["more findings", "map"]


def test_maps_begin_beside_what_another_process_computes() -> None:
    """It does not hold Python's lock."""
    turns = Turns(2)
    begun = threading.Event()

    def begin() -> None:
        with turns.turn(MAPS):
            begun.set()

    with turns.turn(FINDINGS, halted=nullcontext):
        threading.Thread(target=begin, daemon=True).start()
        assert begun.wait(SECONDS)


def test_another_process_stands_still_for_what_may_be_short_once_it_took_long(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.SLICE_S, FINDINGS, 100.0)
    stood: list[str] = []

    @contextmanager
    def halted() -> Iterator[None]:
        stood.append("halted")
        yield
        stood.append("goes on")

    with acting_for("long"), crowd.turns.turn(FINDINGS, halted=halted):
        crowd.asks("short", FINDINGS)
        pause()
        assert (stood, crowd.served) == ([], [])
        crowd.clock.now += SHORT_S + 0.1
        pause()
        assert (stood, crowd.served) == (["halted", "goes on"], ["short"])
    crowd.go_home()
