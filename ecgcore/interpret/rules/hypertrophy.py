"""Atrial enlargement and ventricular hypertrophy."""

from collections.abc import Callable, Iterable

from ecgcore.interpret.facts import Facts
from ecgcore.results.interpreted import Ruling

RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = ()
