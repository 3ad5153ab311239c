"""Huffman coding of SCP-ECG samples (EN 1064, clause 5.5 and annex C).

A code is a prefix, first bit first; where the entire code is longer than its prefix, the rest is a
two's complement number that is added to the code's base value.  A code may instead switch to
another table.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError

DEFAULT_TABLE = 19999
MAX_TABLES = 64
MAX_CODES = 4096
MAX_PREFIX_BITS = 32
_BLOCK_BITS, _MIN_BLOCK_BITS = 1 << 20, 1 << 11
_CODE = struct.Struct("<BBBhI")
Samples = NDArray[np.int32]
Places = NDArray[np.uint32]


@dataclass(frozen=True)
class Code:
    """One code structure.

    Attributes
    ----------
    prefix_bits, total_bits : int
    prefix : int
        The prefix as it stands in the stream, its first bit the most significant.
    value : int
        Base value, or the number of the table switched to (from 0).
    switches : bool
    """

    prefix_bits: int
    total_bits: int
    prefix: int
    value: int
    switches: bool = False


class Table:
    """A Huffman table, ready for looking up many places of a stream at once.

    Parameters
    ----------
    codes : list of Code

    Raises
    ------
    ReadError
        If one prefix begins another: such a table cannot be read in one way only.
    """

    def __init__(self, codes: list[Code]) -> None:
        ordered = sorted(codes, key=lambda c: c.prefix << (MAX_PREFIX_BITS - c.prefix_bits))
        shift = [MAX_PREFIX_BITS - c.prefix_bits for c in ordered]
        first = [c.prefix << s for c, s in zip(ordered, shift, strict=True)]
        last = [f + (1 << s) - 1 for f, s in zip(first, shift, strict=True)]
        if any(low <= high for low, high in zip(first[1:], last[:-1], strict=True)):
            raise ReadError("A Huffman table of the file is contradictory; it is damaged.")
        self._first = np.array(first, dtype=np.uint32)
        self._last = np.array(last, dtype=np.uint32)
        self._total = np.array([c.total_bits for c in ordered], dtype=np.int64)
        self._switch = np.array([c.switches for c in ordered])
        self.prefix_bits = np.array([c.prefix_bits for c in ordered], dtype=np.int64)
        self.value = np.array([c.value for c in ordered], dtype=np.int64)
        self.extra_bits = self._total - self.prefix_bits

    def at(self, windows: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the index of the code that each window of 32 bits begins with, -1 if none.

        Raises
        ------
        ReadError
            If the table holds no code.
        """
        if not self._first.size:
            raise ReadError("A Huffman table that the file uses is empty; the file is damaged.")
        index = np.searchsorted(self._first, windows, side="right") - 1
        found = (index >= 0) & (windows <= self._last[np.maximum(index, 0)])
        return np.where(found, index, -1)

    def steps(self, index: NDArray[np.int64]) -> list[int]:
        """Return how many bits each code takes: negative for a switch, 0 where there is none."""
        bits = np.where(self._switch[index], -self._total[index], self._total[index])
        return [int(b) for b in np.where(index < 0, 0, bits)]


def _make_default_codes() -> list[Code]:
    # Annex C: 0, then ever longer runs of ones with a sign bit, and two escapes.
    codes = [Code(1, 1, 0b0, 0)]
    for size in range(1, 9):
        run = (1 << size) - 1
        codes.append(Code(size + 2, size + 2, run << 2, size))
        codes.append(Code(size + 2, size + 2, run << 2 | 1, -size))
    return [*codes, Code(10, 18, 0b1111111110, 0), Code(10, 26, 0b1111111111, 0)]


DEFAULT_TABLES = (Table(_make_default_codes()),)


def parse_tables(body: bytes) -> tuple[Table, ...]:
    """Return the Huffman tables of section 2; none where samples are stored as they are.

    A single table with a single code (the standard's "dummy" table) codes nothing.

    Raises
    ------
    ReadError
        For tables that cannot be.
    """
    n_tables = int.from_bytes(body[:2], "little")
    if n_tables == DEFAULT_TABLE:
        return DEFAULT_TABLES
    if n_tables == 0:
        return ()
    if n_tables > MAX_TABLES:
        raise ReadError(f"The file has {n_tables} Huffman tables; up to {MAX_TABLES} are read.")
    rows: list[list[tuple[int, int, int, int, int]]] = []
    at = 2
    for _ in range(n_tables):
        n_codes = int.from_bytes(body[at : at + 2], "little")
        at += 2
        if n_codes > MAX_CODES or at + n_codes * _CODE.size > len(body):
            raise ReadError("The file's Huffman tables are truncated.")
        rows.append([_CODE.unpack_from(body, at + _CODE.size * i) for i in range(n_codes)])
        at += n_codes * _CODE.size
    if len(rows) == 1 and len(rows[0]) == 1:
        return ()
    return _parse_all(rows)


def _parse_all(rows: list[list[tuple[int, int, int, int, int]]]) -> tuple[Table, ...]:
    switched = [value for table in rows for _, _, mode, value, _ in table if mode == 0]
    base = 0 if 0 in switched else 1  # tables are numbered from 1; a few writers count from 0
    if any(not base <= value < len(rows) + base for value in switched):
        raise ReadError("A Huffman table of the file switches to a table that does not exist.")
    try:
        return tuple(
            Table([_parse_code(row, base, turned=True) for row in table]) for table in rows
        )
    except ReadError:
        # The standard stores the prefix with its first bit last; some store it as it is.
        return tuple(
            Table([_parse_code(row, base, turned=False) for row in table]) for table in rows
        )


def _parse_code(row: tuple[int, int, int, int, int], base: int, *, turned: bool) -> Code:
    prefix_bits, total_bits, mode, value, stored = row
    prefix_bits, total_bits = sorted((prefix_bits, total_bits))
    if not 1 <= prefix_bits <= MAX_PREFIX_BITS or total_bits - prefix_bits > MAX_PREFIX_BITS:
        raise ReadError(f"A Huffman code of the file has {total_bits} bits; it is damaged.")
    prefix = stored & ((1 << prefix_bits) - 1)
    if turned:
        prefix = int(f"{prefix:0{prefix_bits}b}"[::-1], 2)
    switches = mode == 0
    return Code(prefix_bits, total_bits, prefix, value - base if switches else value, switches)


@dataclass(frozen=True)
class Decoded:
    """Values of a Huffman stream.

    Attributes
    ----------
    values : array of int32, shape (n,)
        As many as asked for, or fewer where the stream ends before.
    end_bits : array of uint32, shape (n,)
        The place behind each value, in bits.
    """

    values: Samples
    end_bits: Places


def decode(data: bytes, count: int, tables: tuple[Table, ...], what: str) -> Decoded:
    """Return up to ``count`` values of a stream.

    Parameters
    ----------
    data : bytes
    count : int
    tables : tuple of Table
        The first is used first.
    what : str
        What is decoded, for messages.

    Raises
    ------
    ReadError
        If some bits are no code.
    """
    n_bits = 8 * len(data)
    values: list[Samples] = [np.empty(0, np.int32)]
    ends: list[Places] = [np.empty(0, np.uint32)]
    at, table, missing = 0, 0, count
    while 0 <= at < n_bits and missing > 0:
        # About as many bits as the rest will take: looking up each place is what costs time.
        length = min(_BLOCK_BITS, _MIN_BLOCK_BITS + 3 * missing)
        block = _Block(data, at, min(n_bits, at + length))
        starts: list[int] = []
        chosen: list[int] = []
        before = at
        at, table = _walk_codes(block, tables, (at, table), (starts, chosen), (missing, n_bits))
        found, behind = _read_values(block, tables, starts, chosen)
        values.append(found)
        ends.append(behind)
        missing -= len(found)
        if at == before:
            break  # the stream ends within a code
    if at < 0:
        raise ReadError(f"The compressed samples of {what} are damaged.")
    return Decoded(np.concatenate(values), np.concatenate(ends))


class _Block:
    """A stretch of the stream, with the 32 bits that follow each of its places."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.start, self.end = start, end
        # An extra value reaches up to 64 bits past the last place.
        part = data[start // 8 : (end + 7) // 8 + 16].ljust((end + 7) // 8 - start // 8 + 16, b"\0")
        octets = np.frombuffer(part, dtype=np.uint8).astype(np.uint64)
        n = len(octets) - 4
        five = np.zeros(n, dtype=np.uint64)
        for i in range(5):
            five = (five << np.uint64(8)) | octets[i : i + n]
        shifts = np.arange(8, 0, -1, dtype=np.uint64)
        every = ((five[:, None] >> shifts) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        self._windows = every.ravel()
        self._origin = 8 * (start // 8)
        self._codes: dict[int, tuple[NDArray[np.int64], list[int]]] = {}

    def windows(self, places: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return the 32 bits that follow each place (in bits from the stream's start)."""
        return self._windows[places - self._origin]

    def codes(self, number: int, table: Table) -> tuple[NDArray[np.int64], list[int]]:
        """Return, for each place of the block, the code there and how many bits it takes."""
        if number not in self._codes:
            low = self.start - self._origin
            index = table.at(self._windows[low : low + self.end - self.start])
            self._codes[number] = index, table.steps(index)
        return self._codes[number]


def _walk_codes(
    block: _Block,
    tables: tuple[Table, ...],
    state: tuple[int, int],
    out: tuple[list[int], list[int]],
    limits: tuple[int, int],
) -> tuple[int, int]:
    """Step from code to code to the block's end; return place and table, place -1 if damaged."""
    at, table = state
    starts, chosen = out
    count, n_bits = limits
    steps = block.codes(table, tables[table])[1]
    origin = block.start
    while at < block.end and len(starts) < count:
        step = steps[at - origin]
        if step > 0:
            if at + step > n_bits:
                return at, table
            starts.append(at)
            chosen.append(table)
            at += step
        elif step < 0 and at - step <= n_bits:
            index = int(block.codes(table, tables[table])[0][at - origin])
            table = int(tables[table].value[index])
            steps = block.codes(table, tables[table])[1]
            at -= step
        else:
            # Up to two bytes of padding behind the last code need not be one.
            return (at if n_bits - at < 16 else -1), table
    return at, table


def _read_values(
    block: _Block, tables: tuple[Table, ...], starts: list[int], chosen: list[int]
) -> tuple[Samples, Places]:
    """Return the values of the codes that start there, and the places behind them."""
    places = np.array(starts, dtype=np.int64)
    numbers = np.array(chosen, dtype=np.int64)
    values = np.empty(len(places), dtype=np.int64)
    ends = np.empty(len(places), dtype=np.int64)
    for number in np.unique(numbers):
        mine = numbers == number
        table = tables[int(number)]
        index = table.at(block.windows(places[mine]))
        extra = table.extra_bits[index]
        tail = block.windows(places[mine] + table.prefix_bits[index]).astype(np.int64)
        tail >>= MAX_PREFIX_BITS - np.maximum(extra, 1)
        negative = tail >= np.int64(1) << (np.maximum(extra, 1) - 1)
        signed = tail - np.where(negative, np.int64(1) << extra, 0)
        values[mine] = table.value[index] + np.where(extra > 0, signed, 0)
        ends[mine] = places[mine] + table.prefix_bits[index] + extra
    return values.astype(np.int32), ends.astype(np.uint32)
