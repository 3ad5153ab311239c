"""How much a PDF expands to, found before its library may expand anything."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.base import MIB

# Of the file and all that its packed parts expand to.
MAX_EXPANDED_BYTES = 24 * MIB
# Of these, letters and digits: what drawing instructions are written in. Ten leads' worth of
# samples a millisecond take half of it; PDFium needs up to 50 bytes of memory for each.
MAX_WRITTEN_BYTES = 10 * MIB
# PDFium keeps a state for each "q" and each mark; in pictures the letter stands by chance.
MAX_SAVED = 400_000
_CHUNK = 65_536
_MAX_LAYERS = 3
_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_ASCII85 = re.compile(rb"[!-uz\s]{5,}~>")
_HEX = re.compile(rb"[0-9A-Fa-f\s]{8,}>")
_WRITTEN = bytes([9, 10, 13, *range(32, 127)])
_SAVING = (b"q", b"BMC", b"BDC")
_OLD = (b"/LZWDecode", b"/RunLengthDecode")


def check_expansion(data: bytes, limit_bytes: int) -> None:
    """Refuse a file whose packed parts expand to more than is read.

    Raises
    ------
    TooLargeError
    ReadError
        For compression whose expansion cannot be told beforehand.
    """
    if any(name in data for name in _OLD):
        raise ReadError(
            "The PDF is compressed in an old way (LZW or run length) that is not read; print it "
            "to a new PDF."
        )
    limit = min(MAX_EXPANDED_BYTES, limit_bytes)
    count = _Count()
    count.add(data)
    at = 0
    while count.within(limit) and (found := _STREAM.search(data, at)) is not None:
        at = found.end()
        for piece in _expand(_walk_chunks(data, at), layer=0):
            count.add(piece)
            if not count.within(limit):
                break
    if not count.within(limit):
        raise TooLargeError(
            f"The PDF is larger than is read ({limit / MIB:.0f} MB unpacked, "
            f"{MAX_WRITTEN_BYTES / MIB:.0f} MB of drawing instructions); an ECG drawn as lines "
            "needs far less, and a scan cannot be read. Give only the page of the ECG."
        )


@dataclass
class _Count:
    """What has been met so far."""

    size: int = 0
    written: int = 0
    saved: int = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.written += len(piece) - len(piece.translate(None, _WRITTEN))
        self.saved += sum(piece.count(word) for word in _SAVING)

    def within(self, limit: int) -> bool:
        fits = self.size <= limit and self.written <= MAX_WRITTEN_BYTES
        return fits and self.saved <= MAX_SAVED


def _walk_chunks(data: bytes, start: int) -> Iterator[bytes]:
    """Yield the stream that begins at ``start``, decoded from text where it is written so."""
    for pattern, decode in ((_ASCII85, _decode_ascii85), (_HEX, _decode_hex)):
        text = pattern.match(data, start)
        if text is not None:
            yield decode(text[0])
            return
    for at in range(start, len(data), _CHUNK):
        yield data[at : at + _CHUNK]


def _decode_ascii85(text: bytes) -> bytes:
    try:
        return base64.a85decode(text[:-2])
    except ValueError:
        return b""


def _decode_hex(text: bytes) -> bytes:
    digits = b"".join(text[:-1].split())
    return binascii.unhexlify(digits[: len(digits) // 2 * 2])


def _expand(chunks: Iterator[bytes], layer: int) -> Iterator[bytes]:
    """Yield what a stream expands to, piece by piece, through every layer of compression."""
    if layer > _MAX_LAYERS:
        raise TooLargeError("The PDF is compressed many times over; print it to a new PDF.")
    pieces = _inflate(chunks)
    first = next(pieces, b"")
    if not first:
        return
    yield first
    if _looks_packed(first):
        yield from _expand(_expand_again(first, pieces), layer + 1)
        return
    yield from pieces


def _expand_again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _looks_packed(head: bytes) -> bool:
    return len(head) > 2 and head[0] & 15 == 8 and (head[0] * 256 + head[1]) % 31 == 0


def _inflate(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacking = zlib.decompressobj()
    try:
        for chunk in chunks:
            rest = chunk
            while rest and not unpacking.eof:
                piece = unpacking.decompress(rest, _CHUNK)
                if piece:
                    yield piece
                rest = unpacking.unconsumed_tail
            if unpacking.eof:
                return
    except zlib.error:
        return  # not packed, or damaged: then nothing more comes out of it
