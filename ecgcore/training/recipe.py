"""Recipes: one TOML file each, read into the frozen dataclasses that describe it.

A recipe's ``task`` says what it makes.  Types are checked as they are written; what else must hold
of a value stands beside its type (``Within`` and ``Among`` of :mod:`ecgcore.checks`), and what must
hold of several together in a method ``check``.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from ecgcore.checks import Among, Within, check_option
from ecgcore.datasets import DATASETS
from ecgcore.errors import InvalidArgumentError

_Recipe = TypeVar("_Recipe")


Share = Annotated[float, Within(0, 1)]
Rate = Annotated[float, Within(1e-7, 1)]
BatchSize = Annotated[int, Within(2, 4096)]
Epochs = Annotated[int, Within(1, 10_000)]
Seeds = Annotated[tuple[int, ...], Within(0, 2**31 - 1)]
Datasets = Annotated[tuple[str, ...], Among(DATASETS)]
Splits = Annotated[tuple[str, ...], Among(("train", "val"))]


@dataclass(frozen=True)
class TextPart:
    """What the card says in words."""

    intended_use: str
    limits: tuple[str, ...]


@dataclass(frozen=True)
class ModelPart:
    """Architecture (a key of ``ecgcore.models.ARCHITECTURES``) and its arguments."""

    architecture: str
    arguments: Mapping[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a recipe file holds.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgumentError(f"The recipe {path} cannot be read: {error}.") from None


def task_of(path: Path) -> str:
    """Return what a recipe file says that it makes; empty where it says nothing.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML.
    """
    return str(read_toml(path).get("task", ""))


def read_recipe(path: Path, kind: type[_Recipe]) -> _Recipe:
    """Read a recipe.

    Parameters
    ----------
    kind : type
        A frozen dataclass: one field an entry, a dataclass for a section.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, an entry is missing, unknown or of the wrong type, or
        a value is out of range.
    """
    return build_part("", kind, read_toml(path))


def build_part(section: str, kind: type[_Recipe], raw: Any) -> _Recipe:
    """Return a section as its dataclass; ``section`` is empty for the whole recipe."""
    where = f"[{section}] of the recipe" if section else "The recipe"
    if not isinstance(raw, dict):
        raise InvalidArgumentError(f"{where} must be a table.")
    hints = get_type_hints(kind, include_extras=True)
    known = {each.name: each for each in fields(kind) if each.init}  # type: ignore[arg-type]
    for key in raw:
        check_option(f"an entry of {f'[{section}]' if section else 'the recipe'}", key, known)
    for name, each in known.items():
        if name not in raw and each.default is MISSING and each.default_factory is MISSING:
            raise InvalidArgumentError(f"{where} has no entry {name!r}.")
    prefix = f"{section}." if section else ""
    made = kind(**{key: _value(f"{prefix}{key}", hints[key], raw[key]) for key in raw})
    check = getattr(made, "check", None)
    if check is not None:
        check()
    return made


def _value(name: str, wanted: Any, value: Any) -> Any:
    """Return a value as its type wants it; TOML knows numbers, texts, lists and tables."""
    origin, parts = get_origin(wanted), get_args(wanted)
    if origin is Annotated:
        made = _value(name, parts[0], value)
        for rule in parts[1:]:
            for each in _items(made):
                rule.check(name, each)
        return made
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidArgumentError(f"{name} must be a list.")
        return tuple(_value(name, parts[0], each) for each in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, dict):
            raise InvalidArgumentError(f"[{name}] of the recipe must be a table.")
        return {key: _value(f"{name}.{key}", parts[1], each) for key, each in value.items()}
    if isinstance(wanted, type) and is_dataclass(wanted):
        return build_part(name, wanted, value)
    return _plain(name, wanted, value)


def _items(value: Any) -> Collection[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, tuple) else (value,)


def _plain(name: str, wanted: Any, value: Any) -> Any:
    if wanted is Any:
        return value
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise InvalidArgumentError(f"{name} is {value!r}; it must be {words[wanted]}.")
    return value
