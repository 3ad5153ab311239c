"""Patient, device and filters of an SCP-ECG record (section 1: EN 1064, clause 5.4 and annex A)."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ecgcore.readers.assemble import make_patient
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.recording import Patient

_END = 255
_MAX_TAGS = 2000
# Lengths that the standard fixes, for records whose lengths are wrong.
_FIXED = {
    **dict.fromkeys((4, 6, 7, 26), 3),
    **dict.fromkeys((5, 25), 4),
    **dict.fromkeys((8, 9, 24, 29), 1),
    **dict.fromkeys((11, 12, 27, 28, 33), 2),
}
_YEARS = {1: 1.0, 2: 1 / 12, 3: 7 / 365.25, 4: 1 / 365.25, 5: 1 / 8766}
_SEX = {1: "male", 2: "female"}
_MAINS = ((0x01, "60 Hz notch"), (0x02, "50 Hz notch"))
_FILTERS = (*_MAINS, (0x04, "artifact filter"), (0x08, "baseline filter"))
_MANUFACTURERS = (
    *("", "Burdick", "Cambridge", "Compumed", "Datamed", "Fukuda", "Hewlett-Packard"),
    *("Marquette", "Mortara", "Nihon Kohden", "Okin", "Quinton", "Siemens", "Spacelabs"),
    *("Telemed", "Hellige", "ESAOTE", "Schiller", "Picker Schwarzer", "et medical devices"),
    "Zwönitz",
)
# Language support code of the device (annex A): which single- or multi-byte characters it writes.
_CODECS = {
    **{0x03: "iso8859-2", 0x0B: "iso8859-4", 0x13: "iso8859-5", 0x1B: "iso8859-6"},
    **{0x23: "iso8859-7", 0x2B: "iso8859-8", 0x33: "iso8859-11", 0x3B: "iso8859-15"},
    **{0x07: "utf-16-le", 0x0F: "shift-jis", 0x17: "euc-jp", 0x1F: "euc-jp"},
    **{0x27: "gb2312", 0x2F: "cp949", 0x37: "utf-8"},
}


def decode_text(value: bytes, codec: str = "") -> str:
    """Return text up to its terminating null, as it may be shown.

    Parameters
    ----------
    value : bytes
    codec : str
        As the record's language code tells; if it tells none, UTF-8 where the bytes are that, else
        Latin-1.
    """
    if codec == "utf-16-le":
        text = value[: len(value) // 2 * 2].decode("utf-16-le", errors="replace")
        return clean_text(text.lstrip("\ufeff").split("\0", 1)[0], 200)
    plain = value.split(b"\0", 1)[0]
    if codec:
        return clean_text(plain.decode(codec, errors="replace"), 200)
    try:
        return clean_text(plain.decode("utf-8"), 200)
    except UnicodeDecodeError:
        return clean_text(plain.decode("latin-1"), 200)


@dataclass(frozen=True)
class Header:
    """What section 1 tells.

    Attributes
    ----------
    start : datetime or None
    patient : Patient
    device, device_filter : str
    codec : str
        For :func:`decode_text`, also in other sections.
    """

    start: datetime | None = None
    patient: Patient = field(default_factory=Patient)
    device: str = ""
    device_filter: str = ""
    codec: str = ""


def parse_header(body: bytes, options: ReadOptions, notes: list[str]) -> Header:
    """Read section 1; nothing in it is needed, so nothing wrong in it is an error."""
    tags = _parse_tags(body, fixed=False)
    if tags is None:
        tags = _parse_tags(body, fixed=True)
        notes.append("The header of the SCP-ECG file has wrong lengths; parts may be missing.")
    tags = tags or {}
    machine = tags.get(14, b"")
    codec = _CODECS.get(machine[16], "") if len(machine) > 16 else ""
    day = _parse_date(tags.get(25, b""), "recording", notes)
    clock = tags.get(26, b"")
    return Header(
        start=_read_start(day, clock, notes),
        patient=_read_patient(tags, day, codec, options, notes),
        device=_read_device(machine, codec),
        device_filter=_read_filters(tags),
        codec=codec,
    )


def _parse_tags(body: bytes, *, fixed: bool) -> dict[int, bytes] | None:
    """Return the first value of each tag, None where the lengths lead outside the section."""
    tags: dict[int, bytes] = {}
    at = 0
    for _ in range(_MAX_TAGS):
        if at + 3 > len(body) or body[at] == _END:
            break
        tag, length = struct.unpack_from("<BH", body, at)
        if fixed:
            length = _FIXED.get(tag, length)
        at += 3
        if at + length > len(body):
            return tags if fixed else None
        if length:
            tags.setdefault(tag, body[at : at + length])
        at += length
    return tags


def _parse_date(value: bytes, what: str, notes: list[str]) -> date | None:
    """Return a date; all zero means that none was entered."""
    if len(value) < 4 or not any(value[:4]):
        return None
    year = int.from_bytes(value[:2], "little")
    if not 1850 <= year <= 2200:
        year = int.from_bytes(value[:2], "big")  # some hand-held devices
    try:
        if not 1850 <= year <= 2200:
            raise ValueError(year)
        return date(year, value[2], value[3])
    except ValueError:
        notes.append(f"The date of {what} in the file is impossible; it was left out.")
        return None


def _read_start(day: date | None, clock: bytes, notes: list[str]) -> datetime | None:
    if day is None or len(clock) < 3:
        return None
    try:
        return datetime(day.year, day.month, day.day, clock[0], clock[1], clock[2])
    except ValueError:
        notes.append("The time of recording in the file is impossible; it was left out.")
        return None


def _read_patient(
    tags: Mapping[int, bytes],
    day: date | None,
    codec: str,
    options: ReadOptions,
    notes: list[str],
) -> Patient:
    born = _parse_date(tags.get(5, b""), "birth", notes)
    age = _read_age(tags.get(4, b""), notes)
    if age is None and born and day and born <= day:
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        age = float(years) if years >= 2 else round((day - born).days / 365.25, 2)
        age = age if age <= 130 else None
    sex = _SEX.get(tags.get(8, b"\0")[0])

    def text(tag: int) -> str:
        return decode_text(tags.get(tag, b""), codec)

    identity = {
        "name": " ".join(filter(None, (text(1), text(0), text(3)))),
        "identifier": text(2),
        "birth date": born.isoformat() if born else "",
    }
    return make_patient(age, sex, identity, options)


def _read_age(value: bytes, notes: list[str]) -> float | None:
    if len(value) < 3:
        return None
    number, unit = struct.unpack_from("<HB", value)
    if number == 0 or unit not in _YEARS:
        return None
    years = number * _YEARS[unit]
    if years > 130:
        notes.append(f"The age is given as {years:g} years, which is impossible; it was left out.")
        return None
    return float(years) if unit == 1 else round(years, 2)


def _read_device(machine: bytes, codec: str) -> str:
    """Return manufacturer and model of the recording device (tag 14)."""
    if len(machine) < 14:
        return ""
    model = decode_text(machine[8:14], codec)
    # From byte 37 on: program revision, serial number, two software names, manufacturer.
    strings = [decode_text(part, codec) for part in machine[36:].split(b"\0")]
    maker = strings[4] if len(strings) > 4 and codec != "utf-16-le" else ""
    if not maker and machine[7] < len(_MANUFACTURERS):
        maker = _MANUFACTURERS[machine[7]]
    parts = [part for part in (maker, model) if part and part.lower() != "unknown"]
    return clean_text(" ".join(dict.fromkeys(parts)))


def _read_filters(tags: Mapping[int, bytes]) -> str:
    """Return the filters that the device had switched on, in words."""
    parts: list[str] = []

    def add(tag: int, words: Callable[[int], str]) -> None:
        number = int.from_bytes(tags.get(tag, b"")[:2], "little")
        if 0 < number < 0xFFFF:
            parts.append(words(number))

    add(27, lambda n: f"high-pass {n / 100:g} Hz")
    add(28, lambda n: f"low-pass {n} Hz")
    bits = tags.get(29, b"\0")[0]
    parts += [words for bit, words in _FILTERS if bits & bit]
    return ", ".join(parts)
