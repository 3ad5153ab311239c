"""Pacing: chambers, failure to capture, failure to sense."""

from collections.abc import Callable, Iterable

from ecgcore.interpret.facts import Facts
from ecgcore.results.interpreted import Ruling

RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = ()
