"""Recipe files: one TOML file each, read here, made into typed parts where each kind is known."""

import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecgcore.checks import one_of
from ecgcore.errors import InvalidArgumentError


def says(path: Path, entry: str, value: str) -> bool:
    """Return whether a recipe file has this entry with this value; a broken file has not."""
    try:
        return read_toml(path).get(entry) == value
    except InvalidArgumentError:
        return False


def read_toml(path: Path, entries: Collection[str] = ()) -> dict[str, Any]:
    """Return what a recipe file holds.

    Parameters
    ----------
    path : Path
    entries : collection of str
        Names that may stand at its top; none given: any.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or has an unknown entry.
    """
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgumentError(f"The recipe {path} cannot be read: {error}.") from None
    for key in raw if entries else ():
        one_of("an entry of the recipe", key, entries)
    return raw


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Turn a missing entry, or one of the wrong type, into one sentence about the file.

    Raises
    ------
    InvalidArgumentError
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        raise InvalidArgumentError(f"The recipe {path} does not fit: {error}.") from None
