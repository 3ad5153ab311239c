"""The frame of an SCP-ECG file: the record's length and checksum, and its sections.

Standard: EN 1064:2005+A1:2007 and ISO 11073-91064:2009, clauses 5.2 and 5.3.  A record starts with
six bytes (checksum, length); each section starts with sixteen (checksum, number, length, section
version, protocol version, reserved).  Section 0 points at the others.  All numbers are
little-endian.
"""

import binascii
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import join_words

PREAMBLE_BYTES = 6
HEADER_BYTES = 16
POINTER_BYTES = 10
MAX_POINTERS = 512
MAX_SECTION = 1023  # numbers above are reserved for manufacturers and never needed here
MARK = b"SCPECG"
_NO_CRC = (0x0000, 0xFFFF)
_HEADER = struct.Struct("<HHIBB6s")
_POINTER = struct.Struct("<HII")


@dataclass(frozen=True)
class Section:
    """One section of the record.

    Attributes
    ----------
    number : int
    version, protocol : int
        As the section's header says: 13 is version 1.3, 20 is 2.0, 30 is 3.0.
    body : bytes
        What follows the section's header, up to the length it declares.
    spare : bytes
        What follows ``body`` up to the next section: used only if the length announced turns out
        too small.
    missing_bytes : int
        How many bytes the file lacks of what the section announces.
    """

    number: int
    version: int
    protocol: int
    body: bytes
    spare: bytes = b""
    missing_bytes: int = 0


@dataclass(frozen=True)
class Container:
    """The sections of a record.

    Attributes
    ----------
    sections : mapping of int to Section
    version : int
        Of the standard that the record follows, times ten; 0 where the file does not tell.
    lost : frozenset of int
        Sections that the record announces and that are not where it says.
    """

    sections: Mapping[int, Section]
    version: int
    lost: frozenset[int] = frozenset()

    def body(self, number: int) -> bytes:
        """Return the body of a section, empty where there is none."""
        section = self.sections.get(number)
        return b"" if section is None else section.body


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an SCP-ECG record.

    Section 0 carries ``SCPECG`` from version 1.3 on.  Older devices leave it out: there the
    first pointer, which describes section 0 itself, must agree with that section's own header.
    """
    if len(head) < PREAMBLE_BYTES + HEADER_BYTES + POINTER_BYTES:
        return False
    if head[16:22] == MARK:
        return True
    _, number, length, version, _, _ = _HEADER.unpack_from(head, PREAMBLE_BYTES)
    first, first_length, first_index = _POINTER.unpack_from(head, PREAMBLE_BYTES + HEADER_BYTES)
    whole = (length - HEADER_BYTES) % POINTER_BYTES == 0
    return (
        number == first == 0
        and length == first_length
        and whole
        and HEADER_BYTES < length <= HEADER_BYTES + POINTER_BYTES * MAX_POINTERS
        and first_index in (PREAMBLE_BYTES, PREAMBLE_BYTES + 1)
        and version < 100
    )


def parse_container(data: bytes, notes: list[str]) -> Container:
    """Return the sections of a record.

    Sections are found through section 0; those it does not reach are looked for one behind the
    other.  What does not agree goes into ``notes``.

    Raises
    ------
    ReadError
        If there is no section 0, or neither lead definition nor rhythm data.
    """
    if len(data) < PREAMBLE_BYTES + HEADER_BYTES:
        raise ReadError(f"The SCP-ECG file has only {len(data)} bytes; it is truncated.")
    places, announced = _follow_pointers(data)
    if not (3 in places and 6 in places) and 12 not in places:
        chained = _follow_chain(data)
        places = {**chained, **places}
        if chained:
            notes.append(
                "The table of sections is incomplete; the sections were looked for in the file."
            )
    sections = _cut_sections(data, places, notes)
    _note_checksums(data, places, notes)
    head = _HEADER.unpack_from(data, PREAMBLE_BYTES)
    lost = frozenset(announced - places.keys())
    return Container(sections, _read_version(head[3], head[4], sections), lost)


@dataclass(frozen=True)
class _Place:
    """Where a section lies: its first byte, and its length by pointer and by its own header."""

    at: int
    pointed: int
    announced: int

    def length(self, ends: Collection[int]) -> int:
        """Return the length that leads to where something else starts; else the smaller one."""
        possible = sorted({self.pointed, self.announced})
        possible = [n for n in possible if n >= HEADER_BYTES]
        return next((n for n in possible if self.at + n in ends), possible[0])


def _parse_section_header(data: bytes, at: int, number: int) -> tuple[int, ...] | None:
    """Return the section's header if the section of this number starts here."""
    if not PREAMBLE_BYTES <= at <= len(data) - HEADER_BYTES:
        return None
    header = _HEADER.unpack_from(data, at)
    return header[:5] if header[1] == number and header[2] >= HEADER_BYTES else None


def _follow_pointers(data: bytes) -> tuple[dict[int, _Place], set[int]]:
    """Return where sections are, and the numbers of all that the table names."""
    header = _HEADER.unpack_from(data, PREAMBLE_BYTES)
    if header[1] != 0 or header[2] < HEADER_BYTES:
        raise ReadError("The SCP-ECG file has no table of its sections; it is damaged.")
    length = min(header[2], len(data) - PREAMBLE_BYTES)
    n_pointers = min((length - HEADER_BYTES) // POINTER_BYTES, MAX_POINTERS)
    places = {0: _Place(PREAMBLE_BYTES, header[2], header[2])}
    announced: set[int] = set()
    for i in range(n_pointers):
        at = PREAMBLE_BYTES + HEADER_BYTES + POINTER_BYTES * i
        number, pointed, index = _POINTER.unpack_from(data, at)
        if number in places or number > MAX_SECTION or pointed == 0:
            continue
        announced.add(number)
        # The first byte of the file is number 1; a few devices count from 0.
        for start in (index - 1, index):
            found = _parse_section_header(data, start, number)
            if found is not None:
                places[number] = _Place(start, pointed, found[2])
                break
    return places, announced


def _follow_chain(data: bytes) -> dict[int, _Place]:
    """Follow the sections one behind the other."""
    places: dict[int, _Place] = {}
    at = PREAMBLE_BYTES
    while at <= len(data) - HEADER_BYTES:
        number, length = _HEADER.unpack_from(data, at)[1:3]
        if length < HEADER_BYTES or number > MAX_SECTION or number in places:
            break
        places[number] = _Place(at, length, length)
        at += length
    places.pop(0, None)
    return places


def _cut_sections(
    data: bytes, places: Mapping[int, _Place], notes: list[str]
) -> dict[int, Section]:
    starts = sorted(place.at for place in places.values())
    ends = {*starts, len(data), struct.unpack_from("<I", data, 2)[0]}
    sections: dict[int, Section] = {}
    for number, place in places.items():
        end = place.at + place.length(ends)
        following = next((start for start in starts if start >= end), len(data))
        header = _HEADER.unpack_from(data, place.at)
        sections[number] = Section(
            number=number,
            version=header[3],
            protocol=header[4],
            body=data[place.at + HEADER_BYTES : end],
            spare=data[end:following],
            missing_bytes=max(0, end - len(data)),
        )
    differing = [n for n, place in sorted(places.items()) if place.pointed != place.announced]
    if differing:
        notes.append(
            f"The length of section {_list_numbers(differing)} is written in two ways in the file; "
            "the one that fits was used."
        )
    return sections


def _list_numbers(numbers: list[int]) -> str:
    return join_words(str(number) for number in numbers)


def _note_checksums(data: bytes, places: Mapping[int, _Place], notes: list[str]) -> None:
    """Compare the checksums; a wrong one is a warning, for many devices write wrong ones."""
    length = struct.unpack_from("<I", data, 2)[0]
    whole = PREAMBLE_BYTES + HEADER_BYTES <= length <= len(data)
    if not whole:
        notes.append(
            f"The file declares {length} bytes and contains {len(data)}; parts may be missing."
        )
    elif any(data[length:]):
        notes.append(f"The {len(data) - length} bytes after the end of the record were not read.")
    wrong = [n for n, p in sorted(places.items()) if not _agrees(data[p.at : p.at + p.announced])]
    if wrong:
        notes.append(
            f"The checksum of section {_list_numbers(wrong)} does not agree with its content: the "
            "file may have been changed or damaged."
        )
    elif whole and not _agrees(data[:length]):
        notes.append(
            "The file's checksum does not agree with its content: it may have been changed or "
            "damaged."
        )


def compute_crc_ccitt(data: bytes) -> int:
    """Return the checksum of the standard: CRC-CCITT, x^16 + x^12 + x^5 + 1, from 0xFFFF."""
    return binascii.crc_hqx(data, 0xFFFF)


def _agrees(block: bytes) -> bool:
    stored = int.from_bytes(block[:2], "little")
    computed = compute_crc_ccitt(block[2:])
    swapped = (stored >> 8) | (stored & 0xFF) << 8
    return stored in _NO_CRC or computed in (stored, swapped)


def _read_version(section: int, protocol: int, sections: Mapping[int, Section]) -> int:
    """Return the version of the standard, times ten; 0 where the file does not state."""
    rhythm = sections.get(6) or sections.get(12)
    found = [protocol, section] + ([rhythm.protocol, rhythm.version] if rhythm else [])
    return next((version for version in found if 10 <= version <= 40), 0)
