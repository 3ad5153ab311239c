"""AliveCor ATC files (Kardia): a signature, then blocks with a length and a checksum.

Format: AliveCor, "ATC File Format Specification" 1.4 to 1.7.  Its text calls the checksum CRC32,
the vendor's own software writes the sum of the bytes: either is taken as right.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.asking import resolve_rate
from ecgcore.readers.assemble import assemble_draft, join_words, make_patient
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.building import choose_rows
from ecgcore.recording import Provenance, Recording
from ecgcore.units import MV

MAGIC = b"ALIVE\x00\x00\x00"
FIRST_BLOCK_AT = 12
_LEADS = dict(
    zip(
        (b"ecg ", *(b"ecg" + c.to_bytes() for c in b"23456789abc")),
        ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"),
        strict=True,
    )
)
_INFO = struct.Struct("<32s40s44s32s32s32s52s")
_FORMAT = struct.Struct("<BHHB")
_MAX_BLOCKS = 10_000


@dataclass
class _Blocks:
    """The blocks that are read; the rest (beats, averages, acceleration) is passed over."""

    format: bytes | None = None
    info: bytes = b""
    leads: dict[str, bytes] = field(default_factory=dict)


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an ATC file."""
    return head.startswith(MAGIC[:6])


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the recording; averaged beats, annotations and acceleration are not read.

    Raises
    ------
    MissingInformationError
        If the file has no sampling rate.
    ReadError
        A wrong checksum of the format or of samples, a block that is cut, no samples.
    """
    notes: list[str] = []
    blocks = _read_blocks(source.data, notes)
    if blocks.format is None or len(blocks.format) < _FORMAT.size:
        raise ReadError("The ATC file has no format block; its rate and scale are unknown.")
    if not blocks.leads:
        raise ReadError("The ATC file contains no ECG samples.")
    coding, rate, step_nv, flags = _FORMAT.unpack_from(blocks.format)
    if coding != 1:
        raise ReadError(f"The samples are coded as type {coding}; 16-bit samples (1) can be read.")
    if step_nv == 0:
        raise ReadError("The ATC file gives a resolution of 0 nV; its voltage is unknown.")
    fs_hz = resolve_rate(rate or None, options, notes)
    kept, names = choose_rows(list(blocks.leads), options)
    signal = _scale_leads(blocks, step_nv, options, notes)
    start, device, identity = _parse_info(blocks.info)
    draft = Draft(
        names=names,
        signal=signal[kept],
        fs_hz=fs_hz,
        unit=MV,
        provenance=Provenance(
            format="ATC",
            original_fs_hz=fs_hz,
            original_unit="nV",
            original_gain=f"{step_nv} nV per step",
            device=device,
            device_filter=_describe_filter(flags),
        ),
        start=start,
        patient=make_patient(None, None, identity, options),
        notes=notes,
    )
    return assemble_draft(draft, source)


def _read_blocks(data: bytes, notes: list[str]) -> _Blocks:
    found = _Blocks()
    for kind, content, good in _walk_blocks(data, notes):
        if not good and (kind == b"fmt " or kind in _LEADS):
            raise ReadError(
                f"The checksum of the block {clean_text(kind.decode('latin-1'))!r} is wrong: the "
                "file is damaged or was changed; export it again from the app."
            )
        if not good and kind == b"info":
            notes.append("The checksum of date and device is wrong; check both.")
        if kind == b"fmt ":
            found.format = content
        elif kind == b"info":
            found.info = content
        elif kind in _LEADS:
            found.leads.setdefault(_LEADS[kind], content)
    return found


def _walk_blocks(data: bytes, notes: list[str]) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield each block's identifier, content, and whether its checksum agrees."""
    at = FIRST_BLOCK_AT
    for _ in range(_MAX_BLOCKS):
        if at + 8 > len(data):
            break
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        end = at + 8 + length
        if end + 4 > len(data):
            if kind in _LEADS or kind in (b"fmt ", b"info"):
                raise ReadError(
                    f"The file is truncated: the block {clean_text(kind.decode('latin-1'))!r} "
                    f"declares {length} bytes, {max(0, len(data) - at - 8)} are present."
                )
            notes.append("The end of the file could not be read; it contains no samples.")
            break
        (stated,) = struct.unpack_from("<I", data, end)
        whole = data[at:end]
        yield kind, data[at + 8 : end], stated in (_sum_bytes(whole), zlib.crc32(whole))
        at = end + 4


def _sum_bytes(data: bytes) -> int:
    return int(np.frombuffer(data, np.uint8).sum(dtype=np.uint64)) & 0xFFFFFFFF


def _scale_leads(
    blocks: _Blocks, step_nv: int, options: ReadOptions, notes: list[str]
) -> NDArray[np.float32]:
    """Return the samples in mV; a lead that ends earlier is absent from there on."""
    counts = {name: len(content) // 2 for name, content in blocks.leads.items()}
    longest = max(counts.values())
    if not longest:
        raise ReadError("The ATC file contains no ECG samples.")
    if longest * len(counts) > options.max_samples:
        raise ReadError(f"The file contains {longest} samples per lead; that is too many to read.")
    short = [name for name, count in counts.items() if count < longest]
    if short:
        notes.append(f"{join_words(short)} end{'s' * (len(short) == 1)} before the other leads.")
    signal = np.full((len(counts), longest), np.nan, dtype=np.float32)
    for row, (name, content) in enumerate(blocks.leads.items()):
        stored = np.frombuffer(content, "<i2", counts[name])
        signal[row, : stored.size] = stored.astype(np.float64) * step_nv / 1e6
    return signal


def _describe_filter(flags: int) -> str:
    mains = "60 Hz" if flags & 2 else "50 Hz"
    names = {4: f"mains filter {mains}", 8: "low pass", 16: "baseline filter 0.1 Hz"}
    names |= {32: f"notch {mains}", 64: "enhanced filter"}
    return ", ".join(name for bit, name in names.items() if flags & bit)


def _parse_info(data: bytes) -> tuple[datetime | None, str, dict[str, str]]:
    """Return start (the clock at the place), device, and what identifies the recording."""
    fields = _INFO.unpack(data[: _INFO.size].ljust(_INFO.size, b"\x00"))
    day, recording, _, phone, software, hardware, _ = (
        part.split(b"\x00", 1)[0].decode("utf-8", "replace").strip() for part in fields
    )
    device = ", ".join(text for text in (hardware, software, phone) if text)
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=None)
    except ValueError:
        start = None
    return start, clean_text(device, 120), {"identifier": recording}
