"""The sample streams of SCP-ECG sections 5 and 6: one per lead, coded or not (EN 1064, 5.8)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.base import MIB
from ecgcore.readers.scp.container import Section
from ecgcore.readers.scp.huffman import Places, Table, decode

_HEAD = struct.Struct("<HHBB")
_LENGTH_WRAP = 1 << 16
# 64 leads of the 65,535 bytes that the standard can address, and what they may hold.
MAX_CODED_BYTES = 4 * MIB
MAX_CODED_SAMPLES = 8_000_000
# Sections and streams are padded to an even length.
PADDING_BYTES = 1


@dataclass(frozen=True)
class Head:
    """What section 5 or 6 says of all its streams.

    Attributes
    ----------
    step_nv : int
        Nanovolts a unit.
    interval_us : int
        Time from sample to sample.
    difference : int
        0: amplitudes, 1: first, 2: second differences.
    bimodal : bool
        Whether samples were left out between the protected areas.
    """

    step_nv: int
    interval_us: int
    difference: int
    bimodal: bool


def parse_head(section: Section) -> Head:
    """Read the first six bytes of section 5 or 6.

    Raises
    ------
    ReadError
        If they are missing, or the samples are stored in a way that the standard does not know.
    """
    if len(section.body) < _HEAD.size:
        raise ReadError(f"Section {section.number} of the SCP-ECG file is empty or truncated.")
    step_nv, interval_us, difference, flag = _HEAD.unpack_from(section.body)
    if difference > 2:
        raise ReadError(
            f"The samples of section {section.number} are coded by method {difference}; amplitudes "
            "(0), first (1) and second differences (2) can be read."
        )
    return Head(step_nv, interval_us, difference, flag == 1)


@dataclass(frozen=True)
class _Layout:
    """Where the streams lie: from which byte, and how long each is."""

    start: int
    sizes: tuple[int, ...]
    even: bool = False

    @property
    def end(self) -> int:
        return self.start + sum(size + (size % 2 if self.even else 0) for size in self.sizes)

    def cut(self, data: bytes) -> list[bytes]:
        streams = []
        at = self.start
        for size in self.sizes:
            streams.append(data[at : at + size])
            at += size + (size % 2 if self.even else 0)
        return streams


def _list_layouts(body: bytes, n_leads: int) -> list[_Layout]:
    """Return the layouts possible: lengths of two bytes, streams padded or not; of four bytes."""
    layouts = []
    for width, code in ((2, "H"), (4, "I")):
        start = _HEAD.size + width * n_leads
        if start <= len(body):
            sizes = struct.unpack_from(f"<{n_leads}{code}", body, _HEAD.size)
            layouts.append(_Layout(start, sizes))
            if width == 2:
                layouts.append(_Layout(start, sizes, even=True))
    return layouts


def fits(section: Section, n_leads: int) -> bool:
    """Return whether the section's length is that of so many leads."""
    length = len(section.body)
    return any(
        0 <= length - one.end <= PADDING_BYTES for one in _list_layouts(section.body, n_leads)
    )


def split_streams(
    section: Section, wanted: Sequence[int], tables: tuple[Table, ...], notes: list[str]
) -> list[bytes]:
    """Return the bytes of each lead's stream.

    Parameters
    ----------
    section : Section
    wanted : sequence of int
        Samples that section 3 announces, one a lead.
    tables : tuple of Table
        Empty where samples are not Huffman coded.
    notes : list of str

    Raises
    ------
    TooLargeError
        Where decoding would take too long.
    ReadError
        If the section is truncated.
    """
    if tables:
        _check_size(len(section.body), sum(wanted))
    layouts = _list_layouts(section.body, len(wanted))
    if not layouts:
        raise ReadError(f"Section {section.number} of the SCP-ECG file is truncated.")
    length = len(section.body)
    for layout in layouts:
        if 0 <= length - layout.end <= PADDING_BYTES:
            return layout.cut(section.body)
    first = layouts[0]
    if first.end <= length:
        if length - first.end >= _LENGTH_WRAP:
            first = _unwrap(section.body, first, wanted, tables)
        return first.cut(section.body)
    unlisted = _HEAD.size + 2 * sum(wanted)
    if not tables and 0 <= length - unlisted <= PADDING_BYTES:
        notes.append(f"Section {section.number} gives no length of its leads; they were counted.")
        return _Layout(_HEAD.size, tuple(2 * n for n in wanted)).cut(section.body)
    if first.end <= length + len(section.spare):
        notes.append(f"Section {section.number} is longer than the file says; it was read whole.")
        return first.cut(section.body + section.spare)
    raise ReadError(
        f"The SCP-ECG file is truncated: section {section.number} needs {first.end} bytes, "
        f"{length} are present."
    )


def _check_size(n_bytes: int, n_samples: int) -> None:
    if n_bytes > MAX_CODED_BYTES:
        raise TooLargeError(
            f"The SCP-ECG file contains more than {MAX_CODED_BYTES // MIB} MB of compressed "
            "samples; export it without compression."
        )
    if n_samples > MAX_CODED_SAMPLES:
        raise TooLargeError(
            f"The SCP-ECG file declares {n_samples} compressed samples; up to "
            f"{MAX_CODED_SAMPLES} are read."
        )


def _unwrap(
    body: bytes, layout: _Layout, wanted: Sequence[int], tables: tuple[Table, ...]
) -> _Layout:
    """Restore lengths above 65,535 bytes, of which two bytes hold only the remainder."""
    sizes: list[int] = []
    at = layout.start
    for size, count in zip(layout.sizes, wanted, strict=True):
        if tables:
            ends = decode(body[at : at + MAX_CODED_BYTES], count, tables, "a lead").end_bits
            needed = (int(ends[-1]) + 7) // 8 if len(ends) else 0
        else:
            needed = 2 * count
        turns = max(0, -(-(needed - size) // _LENGTH_WRAP))
        sizes.append(min(size + turns * _LENGTH_WRAP, len(body) - at))
        at += sizes[-1]
    return _Layout(layout.start, tuple(sizes))


@dataclass(frozen=True)
class Stream:
    """A stream's values, as they are stored: amplitudes or differences.

    Attributes
    ----------
    values : array of integers, shape (n,)
    size : int
        Bytes of the stream.
    end_bits : array of uint32, shape (n,), or None
        The place behind each value where they are Huffman coded.
    """

    values: NDArray[np.integer]
    size: int
    end_bits: Places | None = None

    def fits(self, count: int) -> bool:
        """Return whether the stream contains exactly so many values, but for padding."""
        if not 0 < count <= len(self.values):
            return False
        used = 2 * count
        if self.end_bits is not None:
            used = (int(self.end_bits[count - 1]) + 7) // 8
        return 0 <= self.size - used <= PADDING_BYTES


def read_streams(
    chunks: Sequence[bytes], wanted: Sequence[int], tables: tuple[Table, ...]
) -> list[Stream]:
    """Return the values in each stream, of Huffman coded ones not more than wanted.

    Raises
    ------
    ReadError
        Where bits are no code.
    """
    if not tables:
        return [
            Stream(np.frombuffer(chunk, dtype="<i2", count=len(chunk) // 2), len(chunk))
            for chunk in chunks
        ]
    streams: list[Stream] = []
    for i, (chunk, count) in enumerate(zip(chunks, wanted, strict=True), start=1):
        found = decode(chunk, count, tables, f"lead {i}")
        streams.append(Stream(found.values, len(chunk), found.end_bits))
    return streams


def undo_differences(values: NDArray[np.integer], difference: int) -> NDArray[np.integer]:
    """Return amplitudes from first or second differences.

    Samples are 16-bit numbers (clause 5.9): differences that overflow them wrap around, here as in
    the device.
    """
    if difference == 0 or len(values) < 2:
        return values
    steps = values.astype(np.int64)
    if difference == 2:
        steps[1] -= steps[0]
        steps[1:] = np.cumsum(steps[1:])
    return np.cumsum(steps).astype(np.int16)
