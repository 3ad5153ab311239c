"""Zip archives: expanded in memory under a limit; nothing is ever written under a member's name."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from ecgcore.errors import ReadError, TooLargeError, UnknownFormatError
from ecgcore.readers.base import MIB, ReadOptions, clean_text, guard_library, is_plain_name
from ecgcore.readers.known import recognise_archive
from ecgcore.readers.names import number_equal_names

MAX_MEMBERS = 2000
_CHUNK = MIB
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_zip(data: bytes) -> bool:
    """Return whether the content is a zip archive of files (and no NumPy archive)."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06") and not is_npz(data)


def is_npz(data: bytes) -> bool:
    """Return whether the content is a zip archive whose first member is a NumPy array."""
    n_name = int.from_bytes(data[26:28], "little")
    return data[:4] == b"PK\x03\x04" and data[30 : 30 + n_name].endswith(b".npy")


def expand(data: bytes, options: ReadOptions) -> dict[str, bytes]:
    """Return the files in a zip archive by their path in it, ``/`` between folders.

    A second member of one path is numbered as in :func:`ecgcore.readers.names.number_equal_names`.

    Parameters
    ----------
    data : bytes
    options : ReadOptions
        ``max_expanded_bytes`` bounds what all members together expand to.

    Raises
    ------
    TooLargeError
        When the limit is passed; what was expanded until then is dropped.
    ReadError
        A damaged, encrypted or nested archive, or too many members.
    """
    files: list[tuple[str, bytes]] = []
    room = options.max_expanded_bytes
    with (
        guard_library("The zip archive is damaged; zip the files again."),
        zipfile.ZipFile(io.BytesIO(data)) as archive,
    ):
        members = archive.infolist()
        document = recognise_archive(member.filename for member in members)
        if document is not None:
            raise UnknownFormatError(document)
        if len(members) > MAX_MEMBERS:
            raise ReadError(
                f"The zip archive has {len(members)} members; up to {MAX_MEMBERS} are read."
            )
        for member in members:
            name = _clean_member_name(member)
            if name is None:
                continue
            files.append((name, _expand_member(archive, member, room, options)))
            room -= len(files[-1][1])
    return number_equal_names(files)


def _clean_member_name(member: zipfile.ZipInfo) -> str | None:
    """Return a member's cleaned path, or None where it is no file to read."""
    parts = [
        p
        for p in PurePosixPath(member.filename.replace("\\", "/")).parts
        if p not in ("/", ".", "..")
    ]
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    if member.is_dir() or not parts or hidden or not all(map(is_plain_name, parts)):
        return None
    return "/".join(parts)


def _expand_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, room: int, options: ReadOptions
) -> bytes:
    name = clean_text(member.filename)
    if member.flag_bits & 0x1:
        raise ReadError(f"{name} in the zip archive is encrypted; zip it without a password.")
    if member.compress_type not in _METHODS:
        raise ReadError(
            f"{name} in the zip archive is packed by an unusual method; pack it as an ordinary zip."
        )
    expanded = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            expanded += chunk
            if len(expanded) > room:
                raise TooLargeError(
                    f"The zip archive expands to more than {options.max_expanded_bytes / MIB:.0f} "
                    "MB; zip one recording at a time."
                )
    if is_zip(bytes(expanded[:4])):
        raise ReadError(f"The zip archive contains another archive, {name}; unpack that first.")
    return bytes(expanded)


def expand_all(files: Mapping[str, bytes], options: ReadOptions) -> dict[str, bytes]:
    """Return uploaded files with every zip among them replaced by what is in it.

    Where an archive holds a name that is there already, all of its names begin with its own.
    """
    whole = {name: data for name, data in files.items() if not is_zip(data)}
    room = options.max_expanded_bytes
    for name, data in files.items():
        if not is_zip(data):
            continue
        inner = expand(data, options)
        room -= sum(map(len, inner.values()))
        if room < 0:
            raise TooLargeError("The zip archives together expand to more than is read.")
        whole |= inner if whole.keys().isdisjoint(inner) else put_in_folder(name, inner)
    return whole


def put_in_folder(archive: str, inner: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return an archive's files under its own name."""
    return {f"{archive}/{path}": data for path, data in inner.items()}
