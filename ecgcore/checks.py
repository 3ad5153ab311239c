"""Argument checks with one wording: the name, what was got, what is possible."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ecgcore.errors import InvalidArgumentError


def check_option(name: str, value: str, options: Collection[str]) -> str:
    """Return ``value`` if it is one of ``options``.

    Raises
    ------
    InvalidArgumentError
        Naming the argument, the value and the possible values.
    """
    if value not in options:
        possible = ", ".join(sorted(options))
        raise InvalidArgumentError(f"{name} is {value!r}; possible values are {possible}.")
    return value


def check_range(name: str, value: float, low: float, high: float, unit: str = "") -> float:
    """Return ``value`` as a float if ``low <= value <= high``.

    Raises
    ------
    InvalidArgumentError
        Also for NaN and for what is not a number.
    """
    suffix = f" {unit}" if unit else ""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"{name} is {value!r}; a number from {low:g} to {high:g}{suffix} is needed."
        ) from None
    if not isfinite(number) or not low <= number <= high:
        raise InvalidArgumentError(
            f"{name} is {value!r}; it must be from {low:g} to {high:g}{suffix}."
        )
    return number


@dataclass(frozen=True)
class Within:
    """A number from ``low`` to ``high``; of several, each."""

    low: float
    high: float
    unit: str = ""

    def check(self, name: str, value: Any) -> None:
        """Raise where a value does not fit."""
        check_range(name, value, self.low, self.high, self.unit)


@dataclass(frozen=True)
class Among:
    """One of some values; of several, each."""

    options: Collection[Any]

    def check(self, name: str, value: Any) -> None:
        """Raise where a value does not fit."""
        if value not in self.options:
            check_option(name, str(value), [str(option) for option in self.options])
