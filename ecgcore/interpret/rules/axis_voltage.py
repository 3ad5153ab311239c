"""Axis, low and high voltage, R-wave progression."""

from collections.abc import Callable, Iterable

from ecgcore.interpret.facts import Facts
from ecgcore.results.interpreted import Ruling

RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = ()
