"""Names of files given together: a second file of one name stands in a folder of its own.

That folder is called ``"2:"``, as no file may be called.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

_NUMBER = re.compile(r"\d+:")
_COPY = re.compile(r"(?<![^/])(\d+):/([^/]+)")


def number_equal_names(given: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return files by unique names; what has both name and content of another is left out.

    Parameters
    ----------
    given : iterable of (str, bytes)
        Names may stand more than once; folders are separated by ``/``.
    """
    files: dict[str, bytes] = {}
    for name, data in given:
        key = next(k for k in list_copies(name) if k not in files or files[k] == data)
        files.setdefault(key, data)
    return files


def drop_folder(name: str) -> str:
    """Return the name of an uploaded file: what looks like a path is none."""
    return name.replace("\\", "/").rsplit("/", 1)[-1] or "file"


def format_name(key: str) -> str:
    """Return a name of :func:`number_equal_names` for people: ``"2:/a.dcm"`` is ``"a.dcm (2)"``."""
    return _COPY.sub(r"\2 (\1)", key)


def is_copy(key: str) -> bool:
    """Return whether another file has the same name and stands before this one."""
    return _COPY.search(key) is not None


def list_copies(name: str) -> Iterator[str]:
    """Yield where files of one name are kept: the name, then ``"2:/name"`` and so on."""
    path = PurePosixPath(name)
    yield name
    for number in itertools.count(2):
        yield (path.parent / f"{number}:" / path.name).as_posix()


def split_place(key: str) -> tuple[str, str]:
    """Return the folder without a copy's number, and the plain name."""
    path = PurePosixPath(key)
    numbered = _NUMBER.fullmatch(path.parent.name) is not None
    return (path.parent.parent if numbered else path.parent).as_posix(), path.name


def join_place(key: str, name: str) -> str:
    """Return the name of a file in the folder of another."""
    return (PurePosixPath(key).parent / name).as_posix()
