"""Finding the recordings among files: in a folder, in an upload, in an archive."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from ecgcore.errors import ReadError
from ecgcore.readers.base import HEAD_BYTES, first_bytes, shown
from ecgcore.readers.known import recognise_known
from ecgcore.readers.table import recognise
from ecgcore.readers.wfdb_header import looks_like_header, parse_header
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
    folder = Path(path)
    closed: list[str] = []
    try:
        if not folder.is_dir():
            raise ReadError("There is no such folder.")
        with os.scandir(folder):
            pass
        inside = sorted(_inside(folder, closed))
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise ReadError(f"The folder cannot be listed: {reason}.") from error
    names = _recordings(inside[:_MAX_FILES], lambda name: _head(folder / name))
    return [folder / name for name in sorted([*names, *closed])]


def _inside(folder: Path, closed: list[str]) -> Iterator[str]:
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


def recordings_in(files: Mapping[str, bytes]) -> list[str]:
    """Return the names of the recordings among files in memory, by the same rules, sorted.

    Parameters
    ----------
    files : mapping of str to bytes
        By name; folders inside an archive are separated by ``/``.
    """
    return _recordings(sorted(files), lambda name: files[name][:HEAD_BYTES])


def passed_over(files: Mapping[str, bytes]) -> list[str]:
    """Return the names of files in memory that are no recording by these rules, but may be meant.

    Files that belong to a WFDB record, and such as only hold words, are not among them.
    """
    found = set(recordings_in(files))
    used = {str(PurePosixPath(name).with_suffix("")) for name in files if name.endswith(".hea")}
    for name in files:
        if name.lower().endswith(".hea"):
            used |= _named_by(name, files[name][:HEAD_BYTES])
    meant = (_RECORDING_SUFFIXES | _OFTEN_OTHER) - {".txt"}
    return [
        name
        for name in sorted(files)
        if name not in found | used
        and str(PurePosixPath(name).with_suffix("")) not in used
        and PurePosixPath(name).suffix.lower() in meant
    ]


def _head(path: Path) -> bytes:
    try:
        return first_bytes(path, HEAD_BYTES)
    except OSError:
        return b""  # its reading will say why


def _recordings(names: Iterable[str], head_of: Callable[[str], bytes]) -> list[str]:
    order = list(names)
    headers = [name for name in order if name.lower().endswith(".hea")]
    named: set[str] = set()
    for name in headers:
        named |= _named_by(name, head_of(name))
    known = named.union(headers)
    others = [name for name in order if name not in known]
    found = [name for name in headers if name not in named]
    return sorted([*found, *(name for name in others if _is_recording(name, head_of(name)))])


def _named_by(name: str, head: bytes) -> set[str]:
    """Return the signal files and segments that a header names, as paths beside it."""
    if not looks_like_header(name, head):
        return set()
    try:
        header = parse_header(head)
    except ReadError:
        return set()  # the header is listed; reading it says what is wrong
    files = {_beside(name, signal.file) for signal in header.signals}
    return files | {_beside(name, f"{segment.name}.hea") for segment in header.segments}


def _beside(name: str, other: str) -> str:
    return (PurePosixPath(name).parent / other).as_posix()


def _is_recording(name: str, head: bytes) -> bool:
    if is_zip(head):
        return True
    entry = recognise(PurePosixPath(name).name, head)
    if entry is not None:
        return entry.listed is None or entry.listed(head)
    known = recognise_known(head)
    if known is not None:
        return known.is_ecg
    suffix = PurePosixPath(name).suffix.lower()
    # Text of another kind in a .csv is a list of cases, not a damaged recording.
    empty = not head.strip(b"\0 \r\n\t")
    return suffix in _RECORDING_SUFFIXES or (suffix in _OFTEN_OTHER and empty)


def describe(names: Iterable[str], limit: int = 5) -> str:
    """Return a short list of names for a message."""
    items = [shown(name) for name in names]
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
