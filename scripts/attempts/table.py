"""What an attempt is, and the table of them all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HELD, FAILED, NOT_TRIED = "held", "failed", "not tried"


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt.

    Attributes
    ----------
    verdict : str
        ``held``, ``failed`` or ``not tried``.
    seen : str
        What was observed, or why it could not be tried.
    """

    verdict: str
    seen: str

    @classmethod
    def of(cls, held: object, seen: str) -> "Outcome":
        """Return held or failed."""
        return cls(HELD if held else FAILED, seen)


class CannotTryError(Exception):
    """What the attempt needs is not there; no verdict follows."""


@dataclass(frozen=True)
class Attempt:
    """One way to attack the app.

    Attributes
    ----------
    group : str
        Attempts of a group are played against one server.
    name, how : str
        What is attacked, and how it is tried, for the table.
    test : str
        The test that proves it on every change.
    play : callable
        Given what the group needs, it returns an :class:`Outcome`.
    """

    group: str
    name: str
    how: str
    test: str
    play: Callable[[Any], Outcome]


ATTEMPTS: list[Attempt] = []
Play = Callable[[Any], Outcome]


def attempt(group: str, name: str, how: str, test: str) -> Callable[[Play], Play]:
    """Enter a function into the table."""

    def enter(play: Play) -> Play:
        ATTEMPTS.append(Attempt(group, name, how, test, play))
        return play

    return enter


def tried(one: Attempt, needs: Any) -> Outcome:
    """Play one attempt; its own trouble is neither held nor failed."""
    try:
        return one.play(needs)
    except CannotTryError as reason:
        return Outcome(NOT_TRIED, str(reason))
    except Exception as error:  # noqa: BLE001 - one that breaks must not end the others
        words = " ".join(f"{type(error).__name__}: {error}".split())
        return Outcome(NOT_TRIED, words[:200])
