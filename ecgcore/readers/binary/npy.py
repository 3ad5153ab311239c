"""NumPy files: ``.npy`` (one array) and ``.npz`` (a zip of named arrays), never with objects.

Headers are looked at before anything is expanded: shape and type must fit the bytes that are
there, and pickled objects are refused.
"""

import io
import sys
import zipfile
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.leads import canonical_lead
from ecgcore.readers.base import MIB, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.binary.mat import SIGNAL_NAMES, read_named
from ecgcore.readers.text.columns import is_fact, normalise_key
from ecgcore.readers.zip_ import is_npz
from ecgcore.recording import MAX_LEADS, Recording

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
MAX_MEMBERS = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = "The NumPy file is damaged or cut short; save it again."


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an array or a zip archive of arrays."""
    return head.startswith(MAGIC) or is_npz(head)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read an array of leads x samples or samples x leads, or one array a lead.

    In an ``.npz``, arrays called ``fs``, ``unit`` and ``leads`` (or the like) tell the rest.

    Raises
    ------
    MissingInformationError
        Where rate, unit or lead names are neither in the file nor given.
    TooLargeError
        If the arrays expand to more than is read.
    ReadError
        If the file is damaged, holds pickled objects, or no array that could be samples.
    """
    notes: list[str] = []
    if source.data.startswith(MAGIC):
        values = {"val": _read_array(source.data, options)}
    else:
        values = _read_members(source.data, options, notes)
    return read_named(values, "NumPy", source, options, notes=notes)


def is_recording(head: bytes) -> bool:
    """Return whether a NumPy file in a folder is a recording: by its shape, or a member's name."""
    if is_npz(head):
        name = head[30 : 30 + int.from_bytes(head[26:28], "little")].decode("utf-8", "replace")
        stem = name.removesuffix(".npy")
        return (
            is_fact(stem) or normalise_key(stem) in SIGNAL_NAMES or canonical_lead(stem) is not None
        )
    try:
        with guard_library(_DAMAGED):
            stream = io.BytesIO(head)
            shape, _, dtype = _parse_header(stream)
    except ReadError:
        return True  # reading it says what is wrong
    longest = max(shape, default=0)
    return dtype.kind in "iuf" and longest >= 100 and prod(shape) <= longest * MAX_LEADS


def _read_members(data: bytes, options: ReadOptions, notes: list[str]) -> dict[str, NDArray[Any]]:
    values = {}
    refused: list[ReadError] = []
    for name, content in _expand(data, options).items():
        try:
            values[name] = _read_array(content, options)
        except _NoNumbersError as error:
            refused.append(error)
            notes.append(f"{clean_text(name)} was left out: not plain numbers.")
    if refused and not any(array.dtype.kind in "iuf" for array in values.values()):
        raise refused[0]
    return values


def _expand(data: bytes, options: ReadOptions) -> dict[str, bytes]:
    room = options.max_expanded_bytes
    contents = {}
    with guard_library(_DAMAGED), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
        if len(members) > MAX_MEMBERS:
            raise ReadError(
                f"The archive contains {len(members)} arrays; up to {MAX_MEMBERS} are read."
            )
        for member in members:
            if member.flag_bits & 0x1:
                raise ReadError("The archive is encrypted; save it without a password.")
            if member.compress_type not in _METHODS:
                # Those of other methods expand without any limit.
                raise ReadError("The archive uses an unusual compression; save it with NumPy.")
            with archive.open(member) as stream:
                content = stream.read(room + 1)
            room -= len(content)
            if room < 0:
                raise TooLargeError(
                    f"The archive expands to more than {options.max_expanded_bytes / MIB:.0f} MB; "
                    "save one recording per file."
                )
            contents[member.filename.removesuffix(".npy")] = content
    return contents


class _NoNumbersError(ReadError):
    """An array that is no plain array of numbers or texts."""


def _parse_header(stream: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and type of an ``.npy`` file; nothing else is read."""
    version = np.lib.format.read_magic(stream)
    reader = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    try:
        shape, fortran, dtype = reader(stream, max_header_size=MAX_HEADER_BYTES)
    except MemoryError:
        # The parser's own stack is full of brackets; so short a header fills no memory.
        raise ReadError(_DAMAGED) from None
    return shape, fortran, dtype


def _read_array(data: bytes, options: ReadOptions) -> NDArray[Any]:
    """Return the array in the bytes of an ``.npy`` file."""
    stream = io.BytesIO(data)
    with guard_library(_DAMAGED):
        shape, fortran, dtype = _parse_header(stream)
    if dtype.hasobject or dtype.kind not in "iufbUS" or dtype.itemsize == 0:
        raise _NoNumbersError(
            f"The array contains {clean_text(str(dtype), 24)}, not plain numbers; save it as a "
            "plain array (no pickled objects)."
        )
    if len(shape) > 8 or any(n < 0 for n in shape) or prod(shape) > options.max_samples:
        raise TooLargeError(
            f"The array has the shape {clean_text(' x '.join(map(str, shape)))}; up to "
            f"{options.max_samples} numbers can be read."
        )
    start, count = stream.tell(), prod(shape)
    if len(data) - start < count * dtype.itemsize:
        raise ReadError(
            f"The array is truncated: {count * dtype.itemsize} bytes are declared, "
            f"{len(data) - start} are present."
        )
    flat = np.frombuffer(data, dtype, count, start)
    if dtype.kind == "U" and flat.view(dtype.byteorder + "u4").max(initial=0) > sys.maxunicode:
        raise ReadError(_DAMAGED)  # NumPy would make texts of these that Python cannot hold
    return flat.reshape(shape, order="F" if fortran else "C")
