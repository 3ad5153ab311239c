"""MFER's tags, lengths and codes (ISO 22077-1): a file as a list of definitions in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ecgcore.errors import ReadError

BYTE_ORDER, TEXT_CODE, BLOCK, CHANNELS, SEQUENCES, POINTER = 0x01, 0x03, 0x04, 0x05, 0x06, 0x07
WAVEFORM, LEAD, DATA_TYPE, INTERVAL, SENSITIVITY, OFFSET = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D
COMPRESSION, FILTER, NULL, MAKER, DATA = 0x0E, 0x11, 0x12, 0x17, 0x1E
ATTRIBUTES, PREAMBLE, GROUP, END = 0x3F, 0x40, 0x67, 0x80
NAME, IDENTIFIER, AGE, SEX, TIME = 0x81, 0x82, 0x83, 0x84, 0x85
# What a channel may have for itself.
OF_A_CHANNEL = frozenset(
    (BLOCK, SEQUENCES, WAVEFORM, LEAD, DATA_TYPE, INTERVAL, SENSITIVITY, OFFSET, NULL)
)
KNOWN = OF_A_CHANNEL | {
    *(BYTE_ORDER, 0x02, TEXT_CODE, CHANNELS, POINTER, COMPRESSION, 0x0F, FILTER, 0x15, 0x16),
    *(MAKER, DATA, ATTRIBUTES, PREAMBLE, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, GROUP),
    *(NAME, IDENTIFIER, AGE, SEX, TIME, 0x86, 0x87, 0x88),
}
TYPES = {0: "i2", 1: "u2", 2: "i4", 3: "u1", 5: "i1", 6: "u4", 7: "f4", 8: "f8"}
STATUS_TYPE, DIFFERENTIAL_TYPE = 4, 9
DOMINANT_BEAT = 9
ECG_WAVEFORMS = frozenset((*range(10), 20, 21))
LEADS = {
    **{1: "I", 2: "II", **{i + 2: f"V{i}" for i in range(1, 8)}},
    **{i + 8: f"V{i}R" for i in range(3, 8)},
    **{16: "X", 17: "Y", 18: "Z", 19: "CC5", 20: "CM5", 31: "NASA", 32: "CB4", 33: "CB5"},
    **{34: "CB6", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 65: "-aVR", 66: "V8", 67: "V9"},
    **{68: "V8R", 69: "V9R", 70: "D", 71: "A", 72: "J"},
    **{4166: "ECG1", 4167: "ECG2", 4168: "ECG3", 4169: "ECG4"},
}
OTHERS = {
    **{143: "blood pressure", 160: "impedance respiration", 175: "SpO2", 4160: "status"},
    **{4161: "body position", 4162: "body motion", 4163: "respiration"},
}
MAX_DEFINITIONS = 100_000
MAX_DEPTH = 4
_DAMAGED = "The MFER file is damaged or cut short inside its definitions."


@dataclass(frozen=True)
class Definition:
    """One definition: tag, channel (for attributes), content."""

    tag: int
    channel: int | None
    content: bytes
    cut: bool = False


def walk_definitions(data: bytes) -> Iterator[Definition]:
    """Yield the definitions in a block of bytes, until its end or the end mark.

    Samples that are cut short are yielded as far as they go, marked so.

    Raises
    ------
    ReadError
        If a length cannot be.
    """
    at = 0
    for _ in range(MAX_DEFINITIONS):
        while at < len(data) and data[at] == 0:
            at += 1  # a filler, or the end of an open-ended definition
        if at >= len(data) or data[at] == END:
            return
        tag, channel, at = _read_tag(data, at)
        length, at = _read_length(data, at)
        end = _find_open_end(data, at, 0) if length is None else at + length
        if end > len(data) and tag != DATA:
            raise ReadError(_DAMAGED)
        yield Definition(tag, channel, data[at:end], cut=end > len(data))
        at = end
    raise ReadError(f"The MFER file contains more than {MAX_DEFINITIONS} definitions.")


def _read_tag(data: bytes, at: int) -> tuple[int, int | None, int]:
    tag = data[at]
    at += 1
    if tag != ATTRIBUTES:
        return tag, None, at
    channel = 0
    for _ in range(3):
        if at >= len(data):
            break
        byte = data[at]
        channel, at = channel << 7 | byte & 0x7F, at + 1
        if not byte & 0x80:
            return tag, channel, at
    raise ReadError(_DAMAGED)


def _read_length(data: bytes, at: int) -> tuple[int | None, int]:
    """Return the length, None where the definition is open-ended, and where the content starts."""
    if at >= len(data):
        raise ReadError(_DAMAGED)
    first = data[at]
    n_bytes = first & 0x7F
    if first < 0x80:
        return first, at + 1
    if n_bytes > 4 or at + 1 + n_bytes > len(data):
        raise ReadError(_DAMAGED)
    length = int.from_bytes(data[at + 1 : at + 1 + n_bytes], "big") if n_bytes else None
    return length, at + 1 + n_bytes


def _find_open_end(data: bytes, at: int, depth: int) -> int:
    """Return where the content of an open-ended definition ends: at two null bytes."""
    if depth > MAX_DEPTH:
        raise ReadError("The MFER file nests its definitions too deeply.")
    while at + 1 < len(data):
        if data[at] == data[at + 1] == 0:
            return at
        if data[at] == 0:
            at += 1
            continue
        _, _, at = _read_tag(data, at)
        length, at = _read_length(data, at)
        at = _find_open_end(data, at, depth + 1) + 2 if length is None else at + length
    raise ReadError(_DAMAGED)


def looks_like_mfer(head: bytes) -> bool:
    """Return whether the content starts with the preamble, or with the byte order and a chain."""
    if head[:1] == bytes([PREAMBLE]) and head[2:5] == b"MFR":
        return True
    if head[:3] not in (b"\x01\x01\x00", b"\x01\x01\x01"):
        return False
    tags = []
    try:
        for definition in walk_definitions(head):
            tags.append(definition.tag)
            if definition.tag not in KNOWN:
                return False
            if definition.tag == DATA:
                break
    except ReadError:
        pass  # the head ends inside a definition
    return len(tags) >= 4 and {INTERVAL, SENSITIVITY} <= set(tags)


def parse_quantity(content: bytes, order: str) -> tuple[int, Fraction]:
    """Return unit code and value of an interval or sensitivity: unit, power of ten, mantissa.

    Raises
    ------
    ReadError
        If it has another length, or is 0 or negative.
    """
    if not 3 <= len(content) <= 10:
        raise ReadError(
            "The MFER file writes its rate or resolution in a form that is not supported."
        )
    power = int.from_bytes(content[1:2], "big", signed=True)
    mantissa = int.from_bytes(content[2:], "big" if order == ">" else "little", signed=True)
    if mantissa <= 0:
        raise ReadError("The MFER file gives a rate or resolution that is not above 0.")
    return content[0], Fraction(mantissa) * Fraction(10) ** power
