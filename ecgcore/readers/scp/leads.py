"""Lead definitions, QRS locations and protected areas of an SCP-ECG record (sections 3 and 4)."""

import struct
from dataclasses import dataclass

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import join_words, was_or_were
from ecgcore.readers.scp.container import Container
from ecgcore.recording import MAX_LEADS

# Lead identification codes: EN 1064, table 3; from 86 on ISO 11073-10102, used since version 3.0.
_MEASURED = (
    *("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V2R", "V3R", "V4R", "V5R", "V6R"),
    *("V7R", "X", "Y", "Z", "CC5", "CM5", "LA electrode", "RA electrode", "LL electrode"),
    *(f"Frank {name}" for name in ("I", "E", "C", "A", "M", "F", "H")),
)
_FURTHER = (
    *("III", "aVR", "aVL", "aVF", "-aVR", "V8", "V9", "V8R", "V9R"),
    *("Nehb D", "Nehb A", "Nehb J", "defibrillator", "external pacing", "A1", "A2", "A3", "A4"),
)
_FURTHER_CALCULATED = ("V8", "V9", "V8R", "V9R", "Nehb D", "Nehb A", "Nehb J")
_SINCE_3 = (
    *("chest", "V", "VR", "VL", "VF", "MCL", "MCL1", "MCL2", "MCL3", "MCL4", "MCL5", "MCL6"),
    *("CC", "CC1", "CC2", "CC3", "CC4", "CC6", "CC7", "CM", "CM1", "CM2", "CM3", "CM4", "CM6"),
)
_SINCE_3_CALCULATED = ("III", "aVR", "aVL", "aVF")
_FIRST_CALCULATED, _FIRST_FURTHER, _FIRST_SINCE_3 = 31, 61, 86
_NAMES: dict[int, str] = {
    **dict(enumerate(_MEASURED, start=1)),
    **dict(enumerate(_FURTHER, start=_FIRST_FURTHER)),
}
_CALCULATED: dict[int, str] = {
    **dict(enumerate(_MEASURED, start=_FIRST_CALCULATED)),
    **dict(enumerate(_FURTHER_CALCULATED, start=79)),
}
_LEAD = struct.Struct("<IIB")
_ZONE = struct.Struct("<HIII")
_AREA = struct.Struct("<II")
MAX_RANGE = 2**31
MAX_BEATS = 10_000


@dataclass(frozen=True)
class Lead:
    """A lead's code and its samples, numbered from 1 and counted in both ends."""

    code: int
    first: int
    last: int

    @property
    def n_samples(self) -> int:
        """Number of samples; 0 where the file gives no range."""
        return max(0, self.last - self.first + 1)


@dataclass(frozen=True)
class LeadTable:
    """Section 3.

    Attributes
    ----------
    leads : tuple of Lead
    beat_subtracted : bool
        Whether the reference beat was subtracted from the rhythm data.
    n_simultaneous : int
        How many leads were recorded at the same time, as the file tells; 0 if it does not.
    """

    leads: tuple[Lead, ...]
    beat_subtracted: bool
    n_simultaneous: int


def parse_leads(container: Container, n_leads: int | None = None) -> LeadTable:
    """Read section 3.

    Parameters
    ----------
    container : Container
    n_leads : int, optional
        Read that many leads, where the number in the file turns out wrong.

    Raises
    ------
    ReadError
        If there is no lead, or the section is cut off.
    """
    body = container.body(3)
    if len(body) < 2:
        raise ReadError("The SCP-ECG file does not define its leads (section 3 is missing).")
    count = body[0] if n_leads is None else n_leads
    room = count_leads(container)
    if count == 0:
        raise ReadError("The SCP-ECG file defines no lead; it contains no recording.")
    if count > room:
        raise ReadError(
            f"The SCP-ECG file declares {count} leads and defines {room}; it is damaged."
        )
    if count > MAX_LEADS:
        raise ReadError(f"The SCP-ECG file has {count} leads; 1 to {MAX_LEADS} can be read.")
    leads = []
    for i in range(count):
        first, last, code = _LEAD.unpack_from(body, 2 + _LEAD.size * i)
        if max(first, last) >= MAX_RANGE:
            raise ReadError(
                f"Lead {i + 1} of the SCP-ECG file has the samples {first} to {last}, which cannot "
                "be."
            )
        leads.append(Lead(code, first, last))
    flags = body[1]
    n_simultaneous = count if flags & 0x04 else flags >> 3
    return LeadTable(tuple(leads), bool(flags & 0x01), n_simultaneous)


def count_leads(container: Container) -> int:
    """Return how many leads section 3 has room for."""
    return max(0, (len(container.body(3)) - 2) // _LEAD.size)


def name_leads(leads: tuple[Lead, ...], version: int, notes: list[str]) -> list[str]:
    """Return the leads' names; what the recording device calculated goes into ``notes``."""
    known = dict(_NAMES)
    calculated = dict(_CALCULATED)
    if version >= 30:
        known |= dict(enumerate(_SINCE_3, start=_FIRST_SINCE_3))
        calculated |= dict(enumerate(_SINCE_3_CALCULATED, start=_FIRST_SINCE_3 + len(_SINCE_3)))
    measured = {known[lead.code] for lead in leads if lead.code in known}
    names: list[str] = []
    marked: list[str] = []
    for lead in leads:
        if lead.code in known:
            names.append(known[lead.code])
        elif lead.code in calculated:
            name = calculated[lead.code]
            marked.append(name)
            names.append(f"{name} (calculated)" if name in measured else name)
        else:
            names.append(f"lead code {lead.code}" if lead.code else "unspecified lead")
    if marked:
        notes.append(
            f"{join_words(marked)} {was_or_were(marked)} calculated by the device, not recorded."
        )
    return names


@dataclass(frozen=True)
class Beat:
    """One QRS complex: its type, its subtraction zone and its fiducial sample (from 1)."""

    kind: int
    first: int
    fiducial: int
    last: int


@dataclass(frozen=True)
class BeatTable:
    """Section 4.

    Attributes
    ----------
    length_ms : int
        Length of the reference beat.
    fiducial : int
        Its fiducial sample, from 1.
    beats : tuple of Beat
    areas : tuple of (int, int)
        Protected areas, first and last sample, from 1: there no sample was left out.
    """

    length_ms: int = 0
    fiducial: int = 0
    beats: tuple[Beat, ...] = ()
    areas: tuple[tuple[int, int], ...] = ()


def parse_beats(container: Container) -> BeatTable:
    """Read section 4; in versions before 1.3 it has no protected areas but the zones are these."""
    body = container.body(4)
    if len(body) < 6:
        return BeatTable()
    length_ms, fiducial, count = struct.unpack_from("<HHH", body)
    if count > MAX_BEATS:
        raise ReadError(
            f"The SCP-ECG file names {count} QRS complexes; up to {MAX_BEATS} can be read."
        )
    at = 6
    count = min(count, (len(body) - at) // _ZONE.size)
    beats = [Beat(*_ZONE.unpack_from(body, at + _ZONE.size * i)) for i in range(count)]
    at += count * _ZONE.size
    if len(body) >= at + count * _AREA.size:
        areas = [_AREA.unpack_from(body, at + _AREA.size * i) for i in range(count)]
    else:
        areas = [(beat.first, beat.last) for beat in beats]
    good = tuple((first, last) for first, last in areas if 0 < first <= last < MAX_RANGE)
    return BeatTable(length_ms, fiducial, tuple(beats), good)
