"""ISHNE Holter ECG files: a header of 522 bytes, a text block, 16-bit samples.

Format: F. Badilini, "The ISHNE Holter Standard Output File Format", A.N.E. 1998;3:263-266.
"""

import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.asking import ask_for_unit, note_unit, resolve_rate
from ecgcore.readers.assemble import assemble_draft, join_words, make_patient
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.building import choose_rows, same_or_differs
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.units import MV, is_normalised, mv_per

MAGIC = b"ISHNE1.0"
HEADER_BYTES = 522
MAX_LEADS = 12  # the header has room for no more
ABSENT = -32768
_FIXED = struct.Struct("<iiiih40s40s20shh3h3h3h3hh12h12h12hh40sh80s80s88s")
_LEADS = {
    **{1: "bipolar", 2: "Frank X", 3: "Frank Y", 4: "Frank Z", 5: "I", 6: "II", 7: "III"},
    **{8: "aVR", 9: "aVL", 10: "aVF", **{10 + i: f"V{i}" for i in range(1, 7)}},
    **{17: "EASI ES", 18: "EASI AS", 19: "EASI AI"},
}
_QUALITY = {
    2: "intermittent noise",
    3: "frequent noise",
    4: "intermittent disconnection",
    5: "frequent disconnection",
}
_PACEMAKER = {
    1: "a pacemaker of unknown type",
    2: "a single chamber unipolar pacemaker",
    3: "a dual chamber unipolar pacemaker",
    4: "a single chamber bipolar pacemaker",
    5: "a dual chamber bipolar pacemaker",
}


@dataclass(frozen=True)
class _Header:
    """The fixed part, as the standard names it."""

    text_bytes: int
    n_samples: int
    samples_at: int
    first_name: str
    last_name: str
    identifier: str
    sex: int
    born: tuple[int, int, int]
    day: tuple[int, int, int]
    clock: tuple[int, int, int]
    leads: tuple[int, ...]
    quality: tuple[int, ...]
    steps_nv: tuple[int, ...]
    pacemaker: int
    recorder: str
    fs_hz: int


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an ISHNE ECG file."""
    return head.startswith(MAGIC)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read an ISHNE file.

    The length is taken from the header and checked against the file; a header that counts the
    samples of all leads together, or none, is understood.  A last frame that is not whole is left
    out, with a note; so is every other repair.

    Raises
    ------
    MissingInformationError
        If the header has no sampling rate or no resolution.
    ReadError
        If the header cannot be, or there are no samples.
    """
    notes: list[str] = []
    header = _parse_header(source.data, notes)
    kept, names = choose_rows([_LEADS.get(code, "") for code in header.leads], options)
    fs_hz = resolve_rate(header.fs_hz if header.fs_hz > 0 else None, options, notes)
    frames = _read_frames(source.data, header, options, notes)
    scales = _find_scales(header, kept, options, notes)
    _note_state(header, notes)
    signal = np.empty((len(kept), frames.shape[0]), dtype=np.float32)
    for row, (i, scale) in enumerate(zip(kept, scales, strict=True)):
        # In double precision, so that the result is the nearest float32 to the exact value.
        values = frames[:, i].astype(np.float64) * scale
        values[frames[:, i] == ABSENT] = np.nan
        signal[row] = values
    start = _parse_start(header)
    draft = Draft(
        names=names,
        signal=signal,
        fs_hz=fs_hz,
        unit=MV,
        provenance=Provenance(
            format="ISHNE",
            original_fs_hz=fs_hz,
            original_unit="nV",
            original_gain=same_or_differs(f"{scale * 1e6:.6g} nV per step" for scale in scales),
            device=clean_text(header.recorder),
        ),
        start=start,
        patient=_make_patient(header, options, notes),
        notes=notes,
    )
    return assemble_draft(draft, source)


def _parse_header(data: bytes, notes: list[str]) -> _Header:
    if len(data) < HEADER_BYTES:
        raise ReadError(
            f"The file is truncated: an ISHNE header has {HEADER_BYTES} bytes, {len(data)} are "
            "there."
        )
    f = _FIXED.unpack_from(data, 10)
    n_leads = f[22]
    if not 1 <= n_leads <= MAX_LEADS:
        raise ReadError(f"The header declares {n_leads} leads; 1 to {MAX_LEADS} are possible.")
    text_bytes, samples_at = f[0], f[3]
    expected = HEADER_BYTES + max(0, text_bytes)
    if not HEADER_BYTES <= samples_at <= len(data):
        samples_at = expected
        notes.append(
            "The header does not state where the samples start; they were read from its end."
        )
    if samples_at > len(data):
        raise ReadError("The file is truncated: it ends inside its header.")
    (stated,) = struct.unpack_from("<H", data, 8)
    if binascii.crc_hqx(data[10:samples_at], 0xFFFF) != stated:
        notes.append("The header's checksum is wrong: it may have been changed or damaged.")
    return _Header(
        text_bytes=text_bytes,
        n_samples=f[1],
        samples_at=samples_at,
        first_name=_decode_text(f[5]),
        last_name=_decode_text(f[6]),
        identifier=_decode_text(f[7]),
        sex=f[8],
        born=f[10:13],
        day=f[13:16],
        clock=f[19:22],
        leads=f[23 : 23 + n_leads],
        quality=f[35 : 35 + n_leads],
        steps_nv=f[47 : 47 + n_leads],
        pacemaker=f[59],
        recorder=_decode_text(f[60]),
        fs_hz=f[61],
    )


def _decode_text(data: bytes) -> str:
    return data.split(b"\x00", 1)[0].decode("latin-1").strip()


def _read_frames(
    data: bytes, header: _Header, options: ReadOptions, notes: list[str]
) -> NDArray[np.int16]:
    """Return the samples as stored, shape (n_samples, n_leads)."""
    n_leads = len(header.leads)
    n_bytes = len(data) - header.samples_at
    present, rest = divmod(n_bytes, 2 * n_leads)
    if not present:
        raise ReadError("The file contains a header and no samples.")
    if present * n_leads > options.max_samples:
        raise ReadError(
            f"The file contains {present} samples in {n_leads} leads; up to {options.max_samples} "
            "together can be read, so cut out a part."
        )
    if rest:
        notes.append("The last frame is incomplete and was left out.")
    wanted = min(present, _count_announced(header, present, notes))
    frames = np.frombuffer(data, "<i2", wanted * n_leads, header.samples_at)
    return frames.reshape(wanted, n_leads)


def _count_announced(header: _Header, present: int, notes: list[str]) -> int:
    """Return the samples of each lead that the header means; note where the file has others."""
    announced, n_leads = header.n_samples, len(header.leads)
    if n_leads > 1 and 0 <= announced - present * n_leads < n_leads:
        return present  # some writers count the samples of all leads together
    if announced <= 0:
        notes.append(
            "The header does not state the number of samples; it was taken from its length."
        )
        return present
    if announced > present:
        notes.append(
            f"The file is truncated: the header declares {announced} samples for each lead, "
            f"{present} are present and were read."
        )
    if announced < present:
        notes.append(
            f"The file contains {present} samples for each lead, the header declares {announced}; "
            "only these were read."
        )
    return announced


def _find_scales(
    header: _Header, kept: Sequence[int], options: ReadOptions, notes: list[str]
) -> list[float]:
    """Return each kept lead's step in mV."""
    steps = [header.steps_nv[i] for i in kept]
    if all(step > 0 for step in steps):
        return [step * 1e-6 for step in steps]
    if options.unit is None or is_normalised(options.unit):
        raise ask_for_unit("every lead")
    note_unit(options.unit, notes)
    return [step * 1e-6 if step > 0 else mv_per(options.unit) for step in steps]


def _note_state(header: _Header, notes: list[str]) -> None:
    """Note what the header states of the leads' quality and of a pacemaker."""
    for code, what in _QUALITY.items():
        leads = [
            _LEADS.get(lead, "") or f"channel {i}"
            for i, (lead, quality) in enumerate(zip(header.leads, header.quality, strict=True), 1)
            if quality == code
        ]
        if leads:
            notes.append(f"The recorder marks {what} in {join_words(leads)}.")
    if header.pacemaker in _PACEMAKER:
        notes.append(f"The file states that the patient has {_PACEMAKER[header.pacemaker]}.")


def _parse_start(header: _Header) -> datetime | None:
    day = _parse_day(header.day)
    try:
        hour, minute, second = header.clock
        return datetime(day.year, day.month, day.day, hour, minute, second) if day else None
    except ValueError:
        return None


def _parse_day(stored: Sequence[int]) -> date | None:
    """Return a date stored as day, month, year; -9 and 0 say that it is unknown."""
    try:
        return date(stored[2], stored[1], stored[0])
    except (ValueError, OverflowError):
        return None


def _make_patient(header: _Header, options: ReadOptions, notes: list[str]) -> Patient:
    born, day = _parse_day(header.born), _parse_day(header.day)
    age: float | None = None
    if born and day:
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        age = float(years) if 0 <= years <= 130 else None
        if age is None:
            notes.append("Birth date and recording date contradict each other; no age was derived.")
    identity = {
        "name": f"{header.first_name} {header.last_name}".strip(),
        "identifier": header.identifier,
    }
    return make_patient(age, {1: "male", 2: "female"}.get(header.sex), identity, options)
