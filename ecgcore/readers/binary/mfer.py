"""MFER (Medical waveform Format Encoding Rules, ISO 22077-1): ECG files of Japanese devices.

A file is a list of definitions; each block of samples is laid out by those in force before it.
Compressed samples are not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.leads import canonical_lead
from ecgcore.readers.asking import ask_for_rate, ask_for_unit, note_rate, note_unit
from ecgcore.readers.assemble import (
    assemble_draft,
    choose_names,
    is_other_signal,
    join_words,
    make_patient,
    was_or_were,
)
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.binary import mfer_tags as tags
from ecgcore.recording import MAX_FS_HZ, Patient, Provenance, Recording
from ecgcore.units import MV, is_voltage, mv_per

MAX_CHANNELS = 256
MAX_DESCRIBED = 300_000
Given = dict[int, tuple[bytes, str]]  # tag -> content, byte order


@dataclass
class _State:
    """The definitions in force."""

    order: str = ">"
    codec: str = "ascii"
    n_channels: int = 1
    common: Given = field(default_factory=dict)
    own: dict[int, Given] = field(default_factory=dict)
    facts: Given = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)
    n_described: int = 0  # channels of all frames so far

    def of(self, channel: int) -> Given:
        """Return what holds for a channel."""
        common = self.common
        if channel:
            # A name for all is the name of the first.
            common = {tag: value for tag, value in common.items() if tag != tags.LEAD}
        return common | self.own.get(channel, {})


@dataclass(frozen=True)
class _Frame:
    """One block of samples: each channel's definitions and values (NaN where cut off)."""

    channels: tuple[Given, ...]
    values: tuple[NDArray[Any], ...]

    @property
    def layout(self) -> object:
        """What must be the same for two frames to follow each other."""
        skipped = (tags.BLOCK, tags.SEQUENCES)
        return [{t: v for t, v in given.items() if t not in skipped} for given in self.channels]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is MFER."""
    return tags.looks_like_mfer(head)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the ECG channels; frames of the same layout are joined, a dominant beat is left out.

    Raises
    ------
    MissingInformationError
        If the file has no sampling interval, no resolution, or no unit.
    ReadError
        Compressed samples, impossible counts, damaged definitions, no ECG.
    """
    notes: list[str] = []
    state = _State()
    frames = list(_read_frames(source.data, state, options, notes, 0))
    frames = _choose_rhythm(frames, notes)
    chosen = _choose_channels(frames[0].channels, options, notes)
    rates = {i: _read_rate(frames[0].channels[i], options) for i, _ in chosen}
    fs_hz = max(rates.values())
    slower = [(i, name) for i, name in chosen if rates[i] < fs_hz]
    chosen = [(i, name) for i, name in chosen if rates[i] == fs_hz]
    if slower:
        names = [name or f"channel {i + 1}" for i, name in slower]
        notes.append(f"{join_words(names)} {was_or_were(names)} left out: sampled at a lower rate.")
    if tags.INTERVAL not in frames[0].channels[chosen[0][0]]:
        note_rate(None, options, notes)
    rows = [_scale_channel(frames, i, options, notes) for i, _ in chosen]
    if len({len(row) for row in rows}) > 1:
        raise ReadError("The channels of the MFER file have different numbers of samples.")
    draft = Draft(
        names=[name for _, name in chosen],
        signal=np.stack(rows),
        fs_hz=fs_hz,
        unit=MV,
        provenance=Provenance(
            format="MFER",
            original_fs_hz=fs_hz,
            original_unit="V",
            device=_read_device(state),
            device_filter=clean_text(", ".join(state.filters), 120),
        ),
        start=_read_start(state),
        patient=_read_patient(state, options),
        notes=notes,
    )
    return assemble_draft(draft, source)


def _read_frames(
    data: bytes, state: _State, options: ReadOptions, notes: list[str], depth: int
) -> Iterator[_Frame]:
    """Walk through the definitions; yield a frame for each block of samples."""
    if depth > tags.MAX_DEPTH:
        raise ReadError("The MFER file nests its definitions too deeply.")
    for item in tags.walk_definitions(data):
        if item.tag == tags.GROUP:
            yield from _read_frames(item.content, state, options, notes, depth + 1)
        elif item.tag == tags.ATTRIBUTES:
            _define_channel(state, item.channel or 0, item.content)
        elif item.tag == tags.DATA:
            frame = _read_frame(item.content, state, options, notes, cut=item.cut)
            if frame is not None:
                yield frame
        else:
            _define(state, item.tag, item.content)


def _define_channel(state: _State, channel: int, content: bytes) -> None:
    own = state.own.setdefault(channel, {})
    if channel >= MAX_CHANNELS:
        raise ReadError(f"The MFER file describes channel {channel + 1}; that is too many.")
    for item in tags.walk_definitions(content):
        if item.tag in tags.OF_A_CHANNEL:
            _keep(own, item.tag, item.content, state.order)


def _keep(given: Given, tag: int, content: bytes, order: str) -> None:
    if content:
        given[tag] = (content, order)
    else:
        given.pop(tag, None)  # nothing brings back the default


def _define(state: _State, tag: int, content: bytes) -> None:
    if tag == tags.BYTE_ORDER:
        state.order = "<" if content == b"\x01" else ">"
    elif tag == tags.TEXT_CODE:
        state.codec = _find_codec(content)
    elif tag == tags.CHANNELS:
        state.n_channels = _parse_whole((content, state.order), 1)
        state.own = {}
        if not 1 <= state.n_channels <= MAX_CHANNELS:
            raise ReadError(
                f"The MFER file declares {state.n_channels} channels; 1 to {MAX_CHANNELS} are "
                "possible."
            )
    elif tag == tags.COMPRESSION:
        if any(content[:2]):
            raise ReadError(
                "The samples of the MFER file are compressed, which is not supported; export it "
                "without compression."
            )
    elif tag == tags.FILTER:
        state.filters = [*state.filters, _decode_text(content, state)] if content else []
    elif tag in tags.OF_A_CHANNEL:
        _keep(state.common, tag, content, state.order)
    else:
        _keep(state.facts, tag, content, state.order)


def _find_codec(content: bytes) -> str:
    name = content.decode("ascii", "replace").strip("\x00 ").lower()
    if "utf" in name or "unicode" in name:
        return "utf-8"
    if "jis" in name or "1468" in name or "2022" in name:
        return "iso2022_jp" if "0201" not in name else "shift_jis"
    return "latin-1"


def _decode_text(content: bytes, state: _State) -> str:
    return content.decode(state.codec, "replace").replace("\x00", " ").strip()


def _parse_whole(given: tuple[bytes, str] | None, default: int) -> int:
    if given is None or not given[0]:
        return default
    content, order = given
    if len(content) > 4:
        raise ReadError("The MFER file writes a count in more than four bytes.")
    return int.from_bytes(content, "big" if order == ">" else "little")


def _read_frame(
    data: bytes, state: _State, options: ReadOptions, notes: list[str], *, cut: bool
) -> _Frame | None:
    """Lay the samples out: for each sequence, each channel's block."""
    state.n_described += state.n_channels
    if state.n_described > MAX_DESCRIBED:
        raise TooLargeError("The MFER file has too many parts; cut a shorter recording out of it.")
    channels = tuple(state.of(i) for i in range(state.n_channels))
    dtypes = [_find_dtype(given, state.order) for given in channels]
    blocks = [_parse_whole(given.get(tags.BLOCK), 1) for given in channels]
    counts = {_parse_whole(given.get(tags.SEQUENCES), 0) for given in channels}
    if len(counts) > 1 or not all(blocks):
        raise ReadError("The MFER file arranges its samples in a way that is not supported.")
    sizes = [n * dtype.itemsize for n, dtype in zip(blocks, dtypes, strict=True)]
    per_sequence = sum(sizes)
    n_sequences = counts.pop() or len(data) // per_sequence
    if n_sequences * sum(blocks) > options.max_samples:
        raise TooLargeError(
            f"The MFER file declares {n_sequences * sum(blocks)} samples; up to "
            f"{options.max_samples} can be read."
        )
    wanted = n_sequences * per_sequence
    if not wanted or len(data) < wanted / 2:
        raise ReadError(
            f"The MFER file is truncated: {max(wanted, per_sequence)} bytes of samples are "
            f"announced, {len(data)} are present."
        )
    if cut or len(data) < wanted:
        notes.append("The file is truncated; the samples that are missing are marked as absent.")
    whole = np.frombuffer(data[:wanted].ljust(wanted, b"\x00"), np.uint8)
    whole = whole.reshape(n_sequences, per_sequence)
    values, at = [], 0
    for size, dtype in zip(sizes, dtypes, strict=True):
        part = np.ascontiguousarray(whole[:, at : at + size]).view(dtype)
        values.append(_mark_absent(part, at, per_sequence, len(data)).ravel())
        at += size
    return _Frame(channels, tuple(values))


def _find_dtype(given: Given, order: str) -> np.dtype[Any]:
    code = given[tags.DATA_TYPE][0][0] if tags.DATA_TYPE in given else 0
    if code == tags.DIFFERENTIAL_TYPE:
        raise ReadError(
            "The samples of the MFER file are stored as differences (AHA), which is not supported; "
            "export it without compression."
        )
    if code == tags.STATUS_TYPE:
        code = 1
    if code not in tags.TYPES:
        raise ReadError(
            f"The samples of the MFER file have the type {code}, which is not supported."
        )
    return np.dtype(order + tags.TYPES[code])


def _mark_absent(part: NDArray[Any], at: int, per_sequence: int, n_bytes: int) -> NDArray[Any]:
    """Mark what lies behind the end of the file as absent."""
    n_sequences, block = part.shape
    if n_sequences * per_sequence <= n_bytes:
        return part
    ends = at + (np.arange(block) + 1) * part.dtype.itemsize
    beyond = np.arange(n_sequences)[:, np.newaxis] * per_sequence + ends > n_bytes
    with np.errstate(invalid="ignore"):  # what signals "no number" is one
        return np.where(beyond, np.nan, part.astype(np.float64))


def _choose_rhythm(frames: Sequence[_Frame], notes: list[str]) -> list[_Frame]:
    """Return the first frames of one layout that are no averaged beat."""
    rhythm = [f for f in frames if _find_waveform(f.channels[0]) != tags.DOMINANT_BEAT]
    if len(rhythm) < len(frames):
        notes.append("A dominant beat in the file was left out.")
    if not rhythm:
        raise ReadError("The MFER file contains no samples of a rhythm.")
    kept = [rhythm[0]]
    for frame in rhythm[1:]:
        if frame.layout != kept[0].layout:
            break
        kept.append(frame)
    if len(kept) < len(rhythm):
        notes.append(
            f"{len(rhythm) - len(kept)} later parts of the file have other channels, rates or "
            "scales and were left out."
        )
    if len(kept) > 1:
        notes.append(f"The recording was joined from {len(kept)} parts of the file.")
    return kept


def _find_waveform(given: Given) -> int:
    value = given.get(tags.WAVEFORM)
    return _parse_whole((value[0][:2], value[1]), 0) if value else 0


def _choose_channels(
    channels: Sequence[Given], options: ReadOptions, notes: list[str]
) -> list[tuple[int, str]]:
    """Return index and name of the channels that are ECG leads, or those the caller names."""
    labels = [_name_lead(given) for given in channels]
    if options.lead_names is not None:
        wished = choose_names(labels, options)
        return [(i, name) for i, name in enumerate(wished) if name is not None]
    kept = [i for i, given in enumerate(channels) if _is_ecg(given, labels[i])]
    left = [
        clean_text(labels[i]) or f"channel {i + 1}" for i in range(len(channels)) if i not in kept
    ]
    if not kept:
        raise ReadError(
            f"The MFER file contains no ECG channel; it contains {join_words(left[:12])}."
        )
    if left:
        notes.append(f"{join_words(left[:20])} {was_or_were(left)} left out: not an ECG.")
    return [(i, labels[i]) for i in kept]


def _name_lead(given: Given) -> str:
    """Return a channel's lead by its code, else as its text says."""
    if tags.LEAD not in given:
        return ""
    content, order = given[tags.LEAD]
    code = _parse_whole((content[:2], order), 0)
    text = content[2:].decode("latin-1").replace("\x00", " ").strip()
    return (tags.LEADS | tags.OTHERS).get(code) or text or (f"code {code}" if code else "")


def _is_ecg(given: Given, label: str) -> bool:
    unit = given[tags.SENSITIVITY][0][0] if tags.SENSITIVITY in given else 0
    is_status = given.get(tags.DATA_TYPE, (b"\x00", ""))[0][0] == tags.STATUS_TYPE
    if unit != 0 or is_status or label in tags.OTHERS.values():
        return False
    lead = canonical_lead(label) is not None or label in tags.LEADS.values()
    return lead or (_find_waveform(given) in tags.ECG_WAVEFORMS and not is_other_signal(label))


def _read_rate(given: Given, options: ReadOptions) -> float:
    if tags.INTERVAL not in given:
        if options.fs_hz is None:
            raise ask_for_rate()
        return options.fs_hz
    unit, value = tags.parse_quantity(*given[tags.INTERVAL])
    if unit not in (0, 1):
        raise ReadError("The samples of the MFER file are not a time series.")
    rate = float(value if unit == 0 else 1 / value)
    if not 0 < rate <= MAX_FS_HZ:
        raise ReadError(f"The sampling rate in the MFER file is {rate:g} Hz, which is impossible.")
    return rate


def _scale_channel(
    frames: Sequence[_Frame], channel: int, options: ReadOptions, notes: list[str]
) -> NDArray[np.float32]:
    """Return a channel's samples in mV."""
    given = frames[0].channels[channel]
    stored = np.concatenate([frame.values[channel] for frame in frames])
    if tags.SENSITIVITY in given:
        unit, step_v = tags.parse_quantity(*given[tags.SENSITIVITY])
        if unit != 0:
            raise ReadError("A channel named as a lead is not a voltage in the MFER file.")
        scale = float(step_v * 1000)
    elif options.unit is not None and is_voltage(options.unit):
        note_unit(options.unit, notes)
        scale = mv_per(options.unit)
    else:
        raise ask_for_unit()
    offset = _read_typed(given, tags.OFFSET)
    null = _read_typed(given, tags.NULL)
    # Infinite values are found and noted when assembled; what signals "no number" is one.
    with np.errstate(over="ignore", invalid="ignore"):
        values = (stored.astype(np.float64) + (offset or 0.0)) * scale
        if null is not None:
            values[stored == null] = np.nan
        return values.astype(np.float32)


def _read_typed(given: Given, tag: int) -> float | None:
    """Return a value that is written like a sample."""
    if tag not in given:
        return None
    content, order = given[tag]
    dtype = _find_dtype(given, order)
    if len(content) < dtype.itemsize:
        raise ReadError("The MFER file writes an offset or null value that is too short.")
    return float(np.frombuffer(content, dtype, 1)[0])


def _read_device(state: _State) -> str:
    text = _decode_text(state.facts.get(tags.MAKER, (b"", ""))[0], state)
    return clean_text(" ".join(part.strip() for part in text.split("^")[:3] if part.strip()))


def _read_start(state: _State) -> datetime | None:
    content, order = state.facts.get(tags.TIME, (b"", ">"))
    if len(content) < 7:
        return None
    year = int.from_bytes(content[:2], "big" if order == ">" else "little")
    milli = int.from_bytes(content[7:9], "big" if order == ">" else "little")
    try:
        month, day, hour, minute, second = content[2:7]
        return datetime(year, month, day, hour, minute, second, milli % 1000 * 1000)
    except ValueError:
        return None


def _read_patient(state: _State, options: ReadOptions) -> Patient:
    facts: Mapping[int, tuple[bytes, str]] = state.facts
    content, order = facts.get(tags.AGE, (b"", ">"))
    years = float(content[0]) if content else None
    days = int.from_bytes(content[1:3], "big" if order == ">" else "little")
    if not years:
        years = days / 365.25 if 0 < days < 366 else None
    sex = {b"\x01": "male", b"\x02": "female"}.get(facts.get(tags.SEX, (b"", ""))[0])
    identity = {
        "name": _decode_text(facts.get(tags.NAME, (b"", ""))[0], state).replace("^", " "),
        "identifier": _decode_text(facts.get(tags.IDENTIFIER, (b"", ""))[0], state),
    }
    return make_patient(years if years is None or years <= 130 else None, sex, identity, options)
