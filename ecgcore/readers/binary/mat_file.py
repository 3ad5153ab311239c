"""MATLAB files of level 4 and 5 (versions 4 to 7): numbers, texts, structs and cells, no more.

Format: MathWorks, "MAT-File Format", levels 4 and 5.  Every count is checked against the bytes
that are there before anything is made; objects and function handles are never looked into.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError

LEVEL_5 = b"MATLAB 5.0 MAT-file"
LEVEL_7_3 = b"MATLAB 7.3 MAT-file"
HEADER_BYTES = 128
MAX_VARIABLES = 1000
MAX_TEXT = 10_000
MAX_ELEMENTS = 100_000
MAX_DEPTH = 8
_DAMAGED = "The MATLAB file is damaged or cut short; save it again."

# Storage types of level 5.
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}  # noqa: E501  # fmt: skip
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC_CLASSES = range(6, 16)
# Level 4: thousands are the byte order, tens the storage type, ones the kind of matrix.
_NUMBERS_4 = ("f8", "f4", "i4", "i2", "u2", "u1")

Value = Any  # an array, a text, a dict (struct), a list (cell), or None for what is not read


@dataclass
class _Context:
    """The byte order, and how many elements may still be looked into."""

    order: str
    left: int = MAX_ELEMENTS

    def inside(self, depth: int) -> None:
        """Count one element.

        Raises
        ------
        ReadError
            If there are too many, or they are nested too deeply.
        """
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise ReadError("The MATLAB file contains too many or too deeply nested values.")


@dataclass(frozen=True)
class _Element:
    """One tagged element: its storage type and its bytes."""

    kind: int
    data: memoryview


def is_level_4(head: bytes) -> bool:
    """Return whether the content starts with a full matrix of level 4, which has no signature."""
    return _parse_header_4(memoryview(head[:200]), 0, strict=True) is not None


def read_variables(data: bytes, *, max_bytes: int) -> dict[str, Value]:
    """Return a file's variables by name.

    Parameters
    ----------
    data : bytes
    max_bytes : int
        Largest size that the variables together may expand to.

    Returns
    -------
    dict
        Arrays (matrices as MATLAB shows them), texts, dicts for structs, lists for cells and
        struct arrays; None for what is not read (objects, functions, sparse and complex arrays).

    Raises
    ------
    TooLargeError
        If compressed variables expand to more.
    ReadError
        If the file is damaged.
    """
    try:
        if data.startswith(LEVEL_5):
            return _read_level_5(memoryview(data), max_bytes)
        return _read_level_4(memoryview(data))
    except (struct.error, zlib.error, ValueError, IndexError, UnicodeDecodeError) as error:
        raise ReadError(_DAMAGED) from error


def _read_level_4(data: memoryview) -> dict[str, Value]:
    found: dict[str, Value] = {}
    at = 0
    while at < len(data) and len(found) < MAX_VARIABLES:
        header = _parse_header_4(data, at, strict=False)
        if header is None:
            raise ReadError(_DAMAGED)
        dtype, kind, rows, cols, imaginary, name, at = header
        size = rows * cols * dtype.itemsize
        if at + size * (1 + imaginary) > len(data):
            raise ReadError(
                f"The MATLAB file is truncated: {name} has {rows} x {cols} numbers, the file ends "
                "before them."
            )
        values = np.frombuffer(data, dtype, rows * cols, at).reshape(rows, cols, order="F")
        found[name] = values if kind == 0 and not imaginary else _decode_text_4(values, kind)
        at += size * (1 + imaginary)
    return found


def _decode_text_4(values: NDArray[Any], kind: int) -> str | None:
    if kind != 1 or values.size > MAX_TEXT:
        return None
    return "".join(chr(int(code)) for code in values.ravel() if 0 <= code < 0x110000)


def _parse_header_4(
    data: memoryview, at: int, *, strict: bool
) -> tuple[np.dtype[Any], int, int, int, int, str, int] | None:
    """Return storage type, kind, rows, columns, imaginary, name and where the numbers start."""
    if len(data) < at + 20:
        return None
    for order in "<>":
        kind, rows, cols, imaginary, n_name = struct.unpack_from(f"{order}5I", data, at)
        machine, rest = divmod(kind, 1000)
        storage, matrix = divmod(rest, 10)
        ordinary = machine == "<>".index(order) and storage < len(_NUMBERS_4) and matrix <= 2
        if not ordinary or imaginary > 1 or not 1 < n_name <= 64:
            continue
        if strict and (not rows or not cols):
            continue
        name = bytes(data[at + 20 : at + 20 + n_name])
        if re.fullmatch(rb"[A-Za-z]\w*\x00", name):
            dtype = np.dtype(order + _NUMBERS_4[storage])
            start = at + 20 + n_name
            return dtype, matrix, rows, cols, imaginary, name[:-1].decode("ascii"), start
    return None


def _read_level_5(data: memoryview, max_bytes: int) -> dict[str, Value]:
    order = {b"IM": "<", b"MI": ">"}.get(bytes(data[126:128]))
    if order is None:
        raise ReadError(_DAMAGED)
    found: dict[str, Value] = {}
    context = _Context(order)
    room = max_bytes
    for element in _walk_elements(data[HEADER_BYTES:], order):
        content = element
        if element.kind == _COMPRESSED:
            expanded = memoryview(_expand(element.data, room))
            room -= len(expanded)
            content = _take_next(_walk_elements(expanded, order))
        if content.kind == _MATRIX:
            name, value = _parse_matrix(content.data, context, 0)
            found[name] = value
        if len(found) >= MAX_VARIABLES:
            break
    return found


def find_first_name(head: bytes) -> str:
    """Return the name of the first variable, as far as the first bytes tell it."""
    try:
        if not head.startswith(LEVEL_5):
            header = _parse_header_4(memoryview(head), 0, strict=True)
            return header[5] if header else ""
        order = "<" if head[126:128] == b"IM" else ">"
        (kind,) = struct.unpack_from(f"{order}I", head, HEADER_BYTES)
        start = bytes(head[HEADER_BYTES + 8 :])
        if kind == _COMPRESSED:
            start = zlib.decompressobj().decompress(start, 512)[8:]
        parts = _walk_elements(memoryview(start[:512]), order)
        names = [bytes(part.data) for _, part in zip(range(3), parts, strict=False)]
        return names[2].decode("ascii")
    except (struct.error, zlib.error, ReadError, ValueError, IndexError):
        return ""


def _expand(data: memoryview, room: int) -> bytes:
    expander = zlib.decompressobj()
    content = expander.decompress(data, room + 1)
    if len(content) > room:
        raise TooLargeError(
            f"The MATLAB file expands to more than {room / 2**20:.0f} MB; save one recording a "
            "file."
        )
    return content


def _walk_elements(data: memoryview, order: str) -> Iterator[_Element]:
    """Yield the elements in a block of bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, n_bytes = struct.unpack_from(f"{order}2I", data, at)
        if kind >> 16:  # a small element: type, length and content in eight bytes
            n_bytes, kind = kind >> 16, kind & 0xFFFF
            if n_bytes > 4:
                raise ReadError(_DAMAGED)
            yield _Element(kind, data[at + 4 : at + 4 + n_bytes])
            at += 8
            continue
        if at + 8 + n_bytes > len(data):
            raise ReadError(_DAMAGED)
        yield _Element(kind, data[at + 8 : at + 8 + n_bytes])
        padding = 0 if kind == _COMPRESSED else -n_bytes % 8
        at += 8 + n_bytes + padding


def _parse_matrix(data: memoryview, context: _Context, depth: int) -> tuple[str, Value]:
    """Return name and value of a matrix element."""
    context.inside(depth)
    order = context.order
    parts = _walk_elements(data, order)
    flags_part = next(parts, None)
    if flags_part is None:
        return "", np.zeros((0, 0))  # an empty field of a struct
    flags = struct.unpack_from(f"{order}I", flags_part.data)[0] if len(flags_part.data) >= 8 else 0
    kind, is_complex = flags & 0xFF, bool(flags & 0x800)
    if kind not in (_CELL, _STRUCT, _CHAR, *_NUMERIC_CLASSES):
        return "", None  # an object, a function handle, a sparse matrix
    shape = tuple(_decode_numbers(_take_next(parts), order).tolist())
    name = bytes(_take_next(parts).data).split(b"\x00", 1)[0].decode("utf-8", "replace")
    if len(shape) > 8 or any(n < 0 for n in shape) or is_complex:
        return name, None
    return name, _parse_content(parts, kind, shape, context, depth)


def _parse_content(
    parts: Iterator[_Element], kind: int, shape: tuple[int, ...], context: _Context, depth: int
) -> Value:
    if kind == _CELL:
        return [_parse_matrix(part.data, context, depth + 1)[1] for part in parts]
    if kind == _STRUCT:
        return _parse_struct(parts, context, depth)
    if kind == _CHAR:
        return _decode_chars(_take_next(parts), shape, context.order)
    return _shape(_decode_numbers(_take_next(parts), context.order), shape)


def _take_next(parts: Iterator[_Element]) -> _Element:
    part = next(parts, None)
    if part is None:
        raise ReadError(_DAMAGED)
    return part


def _decode_numbers(part: _Element, order: str) -> NDArray[Any]:
    if part.kind not in _NUMBERS:
        raise ReadError(_DAMAGED)
    dtype = np.dtype(order + _NUMBERS[part.kind])
    return np.frombuffer(part.data, dtype, len(part.data) // dtype.itemsize)


def _shape(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    wanted = 1
    for n in shape:
        wanted *= n
    if wanted != values.size:
        raise ReadError(_DAMAGED)
    return values.reshape(shape, order="F")


def _decode_chars(part: _Element, shape: tuple[int, ...], order: str) -> Value:
    """Return a text, or a list of texts for a matrix of several rows."""
    if len(part.data) > 4 * MAX_TEXT:
        return None
    if part.kind in _TEXTS:
        codec = _TEXTS[part.kind]
        codec += "" if codec == "utf-8" else {"<": "-le", ">": "-be"}[order]
        text = bytes(part.data).decode(codec, "replace")
    else:
        text = "".join(map(chr, _decode_numbers(part, order).astype(np.uint16).tolist()))
    rows = shape[0] if shape else 1
    if rows > 1 and len(text) % rows == 0:
        return [text[i::rows].strip() for i in range(rows)]
    return text


def _parse_struct(parts: Iterator[_Element], context: _Context, depth: int) -> Value:
    """Return a dict, or a list of dicts for an array of structs."""
    (length,) = _decode_numbers(_take_next(parts), context.order).tolist()[:1] or (0,)
    names = bytes(_take_next(parts).data)
    if not 1 <= length <= 1024 or len(names) > MAX_TEXT * 64:
        raise ReadError(_DAMAGED)
    starts = range(0, len(names), length)
    fields = [names[i : i + length].split(b"\x00")[0].decode("utf-8", "replace") for i in starts]
    values = [_parse_matrix(part.data, context, depth + 1)[1] for part in parts]
    if not fields:
        return {}
    step = len(fields)
    records = [
        dict(zip(fields, values[i : i + step], strict=False)) for i in range(0, len(values), step)
    ]
    return records[0] if len(records) == 1 else records
