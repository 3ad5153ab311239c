"""Finding the recordings among files: in a folder, in an upload, in an archive."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ecgcore.errors import ReadError
from ecgcore.readers.base import HEAD_BYTES, clean_text, read_first_bytes
from ecgcore.readers.known import recognise_known
from ecgcore.readers.names import format_name, join_place
from ecgcore.readers.pairing import is_header, list_named_files
from ecgcore.readers.table import recognise
from ecgcore.readers.unread import SIGNAL_SUFFIXES, explain_not_recording
from ecgcore.readers.zip_ import is_zip

# Text tables that carry no lead in their header are more often lists of cases than recordings.
_TEXT = "CSV"
_MAX_FILES = 1_000_000
# An empty or damaged file of these names is listed, so that reading it says what is wrong.
_RECORDING_SUFFIXES = {
    ".edf", ".bdf", ".dcm", ".scp", ".atc", ".ecg", ".ishne", ".mwf", ".mfer", ".parquet", ".npy",
    ".npz", ".zip",
}  # fmt: skip
# Files of these names hold much else, too: an empty one is listed, and one that cannot be opened.
_OFTEN_OTHER = {".csv", ".txt", ".xml", ".json", ".mat", ".pdf"}


def find_recordings(path: str | Path) -> list[Path]:
    """Return the recordings in a folder and all folders below, sorted by their path inside it.

    A WFDB record is named by its header; its signal files, segments and annotations are not named
    again.  Other files are named if their content is a recording: of a format that is read, of
    one that is only recognised, or an archive; and if only their name says so (an empty or damaged
    ``.csv``, ``.edf``, ``.dcm`` ..., also one that cannot be opened, and a link that leads
    nowhere), so that no damaged file is dropped silently.  So is a folder inside that cannot be
    listed.  A text table counts if its header names a lead, or if it has no header and is all
    numbers.  Hidden files are passed over, links to folders not followed.

    Parameters
    ----------
    path : str or pathlib.Path

    Raises
    ------
    ReadError
        If there is no such folder, or it cannot be listed.
    """
    return survey_folder(path)[0]


def survey_folder(path: str | Path) -> tuple[list[Path], list[Path]]:
    """Return the recordings in a folder, and the files that are none and belong to none, sorted.

    Parameters
    ----------
    path : str or pathlib.Path

    Raises
    ------
    ReadError
        If there is no such folder, or it cannot be listed.
    """
    folder = Path(path)
    closed: list[str] = []
    try:
        if not folder.is_dir():
            raise ReadError("There is no such folder.")
        with os.scandir(folder):
            pass
        inside = sorted(_walk_folder(folder, closed))
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise ReadError(f"The folder cannot be listed: {reason}.") from error
    names, left = _separate_recordings(inside[:_MAX_FILES], lambda name: _read_head(folder / name))
    return [folder / name for name in sorted([*names, *closed])], [folder / name for name in left]


def explain_passed_over(path: Path) -> str:
    """Return in one sentence why a file in a folder is not among its recordings."""
    return explain_not_recording(path.name, _read_head(path))


def _walk_folder(folder: Path, closed: list[str]) -> Iterator[str]:
    """Yield the files below a folder, named from it; folders that cannot be listed are added."""

    def refuse(error: OSError) -> None:
        closed.append(Path(str(error.filename)).relative_to(folder).as_posix())

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(place, name)
            # Devices and pipes never; what cannot be looked at is told when it is read.
            if not name.startswith(".") and (_is_file(path) or _leads_nowhere(path)):
                yield path.relative_to(folder).as_posix()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def list_recordings(files: Mapping[str, bytes]) -> list[str]:
    """Return the names of the recordings among files in memory, by the same rules, sorted.

    Parameters
    ----------
    files : mapping of str to bytes
        By name; folders inside an archive are separated by ``/``.
    """
    return _separate_recordings(sorted(files), lambda name: files[name][:HEAD_BYTES])[0]


def explain_others(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files in memory that are no recording and belong to none, each with its reason.

    Parameters
    ----------
    files : mapping of str to bytes
    """
    left = _separate_recordings(sorted(files), lambda name: files[name][:HEAD_BYTES])[1]
    return {
        name: explain_not_recording(PurePosixPath(name).name, files[name][:HEAD_BYTES])
        for name in left
    }


def _read_head(path: Path) -> bytes:
    try:
        return read_first_bytes(path, HEAD_BYTES)
    except OSError:
        return b""  # its reading will say why


def _separate_recordings(
    names: Iterable[str], head_of: Callable[[str], bytes]
) -> tuple[list[str], list[str]]:
    """Return the recordings, and what is none and belongs to no WFDB record, both sorted."""
    order = list(names)
    headers = [name for name in order if is_header(name)]
    named = _list_named_by(headers, order, head_of)
    known = named.union(headers)
    others = [name for name in order if name not in known]
    found = {name for name in headers if name not in named}
    found |= {name for name in others if _is_recording(name, head_of(name))}
    records = {_drop_suffix(name) for name in headers}
    left = [name for name in others if name not in found and not _belongs(name, records)]
    return sorted(found), sorted(left)


def _list_named_by(
    headers: Iterable[str], order: Iterable[str], head_of: Callable[[str], bytes]
) -> set[str]:
    """Return the signal files and segments that headers name, in another case where need be."""
    named = {
        join_place(name, other)
        for name in headers
        for other in list_named_files(name, head_of(name))
    }
    there = {name for name in order if name in named}
    missing = {name.casefold() for name in named - there}
    return there | {name for name in order if name.casefold() in missing}


def _belongs(name: str, records: set[str]) -> bool:
    """Return whether a file stands beside a header of its name, and could be its annotations."""
    signals = PurePosixPath(name).suffix.lower() in SIGNAL_SUFFIXES
    return _drop_suffix(name) in records and not signals


def _drop_suffix(name: str) -> str:
    path = PurePosixPath(name)
    return (path.parent / path.stem).as_posix()


def _is_recording(name: str, head: bytes) -> bool:
    if is_zip(head):
        return True
    entry = recognise(PurePosixPath(name).name, head)
    if entry is not None:
        return entry.listed is None or entry.listed(head)
    known = recognise_known(PurePosixPath(name).name, head)
    if known is not None:
        return known.is_ecg
    suffix = PurePosixPath(name).suffix.lower()
    # Text of another kind in a .csv is a list of cases, not a damaged recording.
    empty = not head.strip(b"\0 \r\n\t")
    return suffix in _RECORDING_SUFFIXES or (suffix in _OFTEN_OTHER and empty)


def describe(names: Iterable[str], limit: int = 5) -> str:
    """Return a short list of names for a message."""
    items = [clean_text(format_name(name)) for name in names]
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
