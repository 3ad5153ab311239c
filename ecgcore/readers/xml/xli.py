"""XLI, the compression of Philips cardiographs: LZW with 10-bit codes over second differences.

One chunk a lead: four bytes of length, two of a constant, two of a first residual, then LZW data.
Decoded, the first half of the bytes are the high bytes of 16-bit residuals, the second half their
low bytes.  The layout was described by C. Watford (Sierra ECG Tools).
"""

import struct

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError

_HEADER = struct.Struct("<IHh")
_CODE_BITS = 10
_END_CODE = (1 << _CODE_BITS) - 1
_RESIDUAL_OFFSET = 64


def split_chunks(data: bytes, most: int) -> list[tuple[int, bytes]]:
    """Return first residual and compressed bytes of each lead.

    Parameters
    ----------
    data : bytes
    most : int
        How many leads are wanted; files carry empty channels after them.

    Raises
    ------
    ReadError
        If a chunk is longer than the data.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + _HEADER.size <= len(data) and len(found) < most:
        size, _, first = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        if size > len(data) - at:
            raise ReadError(
                f"The compressed samples are cut off: lead {len(found) + 1} needs {size} bytes, "
                f"{len(data) - at} are present."
            )
        found.append((first, data[at : at + size]))
        at += size
    return found


def expand_lzw(data: bytes, most: int) -> bytes:
    """Return the bytes of an LZW stream of 10-bit codes, highest bit first.

    Codes below 256 stand for themselves; 1023 ends the stream, and the table stays as it is once
    it is full.

    Parameters
    ----------
    data : bytes
    most : int
        Stop once this many bytes are out.

    Raises
    ------
    ReadError
        For a code that the stream has not defined.
    """
    table = [bytes([value]) for value in range(256)]
    out = bytearray()
    previous = b""
    bits = waiting = 0
    for byte in data:
        bits = (bits << 8 | byte) & 0x3FFFF
        waiting += 8
        if waiting < _CODE_BITS:
            continue
        waiting -= _CODE_BITS
        code = bits >> waiting & _END_CODE
        if code == _END_CODE or len(out) >= most:
            break
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise ReadError("The compressed samples are damaged; export the file again.")
        out += entry
        if previous and len(table) < _END_CODE:
            table.append(previous + entry[:1])
        previous = entry
    return bytes(out)


def decode_lead(first: int, data: bytes, n_samples: int) -> NDArray[np.int64]:
    """Return a lead's samples, shape (n_samples,) or fewer where the chunk contains fewer.

    Each residual is what is added to a straight line through the two samples before, taken one
    sample late and with an offset of 64; the first two are samples themselves.

    Parameters
    ----------
    first : int
        Residual of the third sample.
    data : bytes
        Compressed.
    n_samples : int
        How many to expect.
    """
    # The stream is filled up to whole codes: a few bytes more than two a sample.
    raw = expand_lzw(data, 2 * n_samples + 4096)
    half = (len(raw) + 1) // 2
    padded = np.frombuffer(raw.ljust(2 * half, b"\x00"), dtype=np.uint8).astype(np.uint16)
    words = (padded[:half] << 8 | padded[half:]).astype(np.uint16).view(np.int16)
    values: list[int] = words[:2].tolist()
    residual = first
    for word in words[2:].tolist():
        value = 2 * values[-1] - values[-2] - residual
        # Devices compute in 16 bits; damaged data would otherwise grow without end.
        values.append((value + 0x8000 & 0xFFFF) - 0x8000)
        residual = word - _RESIDUAL_OFFSET
    return np.array(values[:n_samples], dtype=np.int64)
