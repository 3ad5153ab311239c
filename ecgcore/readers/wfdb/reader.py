"""WFDB records (PhysioNet): a header and its signal files.

The wfdb package decodes the samples.  It opens whatever name it is given, over the network too,
so it only ever sees a private temporary folder with a header and file names made here.
"""

import io
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import wfdb
from numpy.typing import NDArray

from ecgcore.errors import EcgError, ReadError
from ecgcore.readers.asking import note_rate
from ecgcore.readers.assemble import (
    SIMULATED_COMMENT,
    assemble_draft,
    find_age_sex,
    find_computed_leads,
    join_words,
    make_patient,
    parse_age,
    parse_sex,
)
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.building import same_or_differs
from ecgcore.readers.channels import (
    describe_left_out,
    find_likely_ecg,
    match_given_names,
    names_ecg,
)
from ecgcore.readers.text_values import is_amplitude
from ecgcore.readers.wfdb.header import (
    FLAC_FORMATS,
    FORMATS,
    NO_FILE,
    Header,
    SignalSpec,
    looks_like_header,
    parse_header,
)
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_normalised, is_voltage, mv_per

FloatRows = NDArray[np.float32]
_WRONG_SUM = "does not agree with the header"


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a WFDB header."""
    return looks_like_header(name, head)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read a WFDB record from its header and the signal files beside it.

    Signals are in the header's units (mV where it names none, as WFDB defines).  Samples that
    carry the format's "absent" value are NaN.  Where signals have different rates, those of the
    highest rate are read.

    Raises
    ------
    ReadError
        One sentence: a missing, truncated or damaged signal file, a header that cannot be.
    """
    header = parse_header(source.data)
    notes = list(header.notes)
    rows = _read_segmented(source, header, options, notes) if header.segments else None
    if rows is None:
        rows = _read_single(source, header, options, notes)
    rows = _keep_ecg(rows, notes)
    unit = MV if is_voltage(rows[0].unit) else NU
    fs_hz = _resolve_rate(header, options, notes) * rows[0].samples_per_frame
    draft = Draft(
        names=[row.name for row in rows],
        signal=np.stack([row.values for row in rows]),
        fs_hz=fs_hz,
        unit=unit,
        provenance=Provenance(
            format="WFDB",
            original_fs_hz=fs_hz,
            original_unit=join_words(dict.fromkeys(row.unit for row in rows)),
            original_gain=_describe_gains(rows),
            simulated=SIMULATED_COMMENT in header.comments,
        ),
        start=header.start,
        patient=_read_patient(header, options, notes),
        notes=notes,
        derived=find_computed_leads(header.comments),
    )
    return assemble_draft(draft, source)


def measure_fit(source: Source, options: ReadOptions) -> int:
    """Return how well the signal files beside a header fit it.

    Returns
    -------
    int
        0: not at all, 1: they are longer than announced, 2: by length, 3: by checksum.
    """
    try:
        notes = read(source, replace(options, fs_hz=None, unit=None, lead_names=None)).notes
        headers = _read_headers(source)
    except EcgError:
        return 0
    if any(_WRONG_SUM in note for note in notes):
        return 0
    if any(spec.checksum is not None for header in headers for spec in header.signals):
        return 3
    return 2 if all(_is_whole(header, source) for header in headers) else 1


def _read_headers(source: Source) -> list[Header]:
    """Return the header that describes the signals, or those of all segments."""
    header = parse_header(source.data)
    names = [s.name for s in header.segments if s.name != NO_FILE and s.n_samples]
    found = [source.beside(f"{name}.hea") for name in names]
    return [parse_header(source.take(name)) for name in found if name] if names else [header]


def _is_whole(header: Header, source: Source) -> bool:
    """Return whether each signal file is as long as its header says."""
    for file in {spec.file for spec in header.signals} - {NO_FILE}:
        group = [spec for spec in header.signals if spec.file == file]
        if header.n_frames != _count_frames_in(group, source.take(source.beside(file) or file)):
            return False
    return True


@dataclass
class _Row:
    """One signal in physical units, mV where ``unit`` is a voltage."""

    name: str
    unit: str
    gain: float
    samples_per_frame: int
    values: FloatRows
    given: bool = False


def _read_single(
    source: Source, header: Header, options: ReadOptions, notes: list[str]
) -> list[_Row]:
    specs = [spec for spec in header.signals if spec.file != NO_FILE]
    if len(specs) < len(header.signals):
        notes.append("Signals that the header lists without a file were left out.")
    if not specs:
        raise ReadError("The header names no signal file; it contains no recording.")
    files = {spec.file: _read_signal_file(source, spec.file, notes) for spec in specs}
    n_frames = _count_frames(header, specs, files)
    if n_frames * sum(spec.samples_per_frame for spec in specs) > options.max_samples:
        raise ReadError(
            f"The header declares {n_frames} samples in {len(specs)} signals; up to "
            f"{options.max_samples} together can be read."
        )
    names = [spec.name for spec in specs]
    likely = [
        i for i in find_likely_ecg(names, voltages=_in_volts(specs)) if is_amplitude(specs[i].unit)
    ]
    given = match_given_names(names, options, likely=likely)
    digital = _decode(specs, files, n_frames, header.fs_hz, notes)
    _check_sums(specs, digital, notes)
    _note_skews(specs, notes)
    rows = []
    for i, spec in enumerate(specs):
        values = digital.pop(0)  # each is let go once it is converted: a long record is large
        name = given.get(i, spec.name)
        if name or i not in given:
            scaled = _scale_row(spec, values)
            spf = spec.samples_per_frame
            rows.append(_Row(name, spec.unit, spec.gain, spf, scaled, i in given))
    return rows


def _in_volts(signals: Sequence[SignalSpec | _Row]) -> list[bool]:
    return [is_voltage(signal.unit) for signal in signals]


def _read_signal_file(source: Source, name: str, notes: list[str]) -> bytes:
    found = source.beside(name)
    if found is None:
        raise ReadError(
            f"The signal file {clean_text(name)} that the header names is missing; give it "
            "together with the header."
        )
    if found != name:
        notes.append(f"The header names {clean_text(name)}; {clean_text(found)} was read.")
    return source.take(found)


def _count_frames(header: Header, specs: Sequence[SignalSpec], files: dict[str, bytes]) -> int:
    """Return the number of frames, checked against every file's length."""
    wanted = header.n_frames
    for file in dict.fromkeys(spec.file for spec in specs):
        group = [spec for spec in specs if spec.file == file]
        present = _count_frames_in(group, files[file])
        wanted = present if wanted is None else wanted
        if present < wanted:
            raise ReadError(
                f"{clean_text(file)} is truncated: the header declares {wanted} samples for each "
                f"signal, the file contains {present}."
            )
    if not wanted:
        raise ReadError("The record contains no samples.")
    for spec in specs:
        if spec.skew >= wanted:
            raise ReadError(
                f"A signal is shifted by {spec.skew} samples in a record of {wanted}; the header "
                "is wrong."
            )
        if spec.skew and FORMATS[spec.fmt][1] is None:
            raise ReadError(
                f"A signal in format {spec.fmt} is shifted by {spec.skew} samples; this format has "
                "no mark for absent ones, so save the record in format 16."
            )
    return wanted


def _count_frames_in(group: Sequence[SignalSpec], data: bytes) -> int:
    """Return how many whole frames a signal file contains."""
    first = group[0]
    per_frame = sum(spec.samples_per_frame for spec in group)
    if len({(spec.fmt, spec.byte_offset) for spec in group}) > 1:
        raise ReadError(
            f"The signals in {clean_text(first.file)} have different formats in the header."
        )
    if first.fmt not in FLAC_FORMATS:
        n_bytes = max(0, len(data) - first.byte_offset)
        # 212 packs 2 samples into 3 bytes, 310 and 311 pack 3 into 4; a half-filled pack counts.
        samples = int(n_bytes / FORMATS[first.fmt][0] + 1e-6)
        return samples // per_frame
    file = clean_text(first.file)
    if not data.startswith(b"fLaC"):
        # The library would try any other sound format on it.
        raise ReadError(f"{file} is not a FLAC file, as format {first.fmt} needs.")
    with guard_library(f"{file} is damaged or not a FLAC file, as format {first.fmt} needs."):
        info = soundfile.info(io.BytesIO(data))
    if info.channels != len(group):
        raise ReadError(
            f"{file} contains {info.channels} signals; the header describes {len(group)} in it."
        )
    return max(0, int(info.frames) - first.byte_offset) // first.samples_per_frame


def _decode(
    specs: Sequence[SignalSpec],
    files: dict[str, bytes],
    n_frames: int,
    fs_hz: float,
    notes: list[str],
) -> list[NDArray[np.int32]]:
    """Return each signal's samples as stored, decoded by the wfdb package."""
    numbered = {file: f"s{i}.dat" for i, file in enumerate(files)}
    lines = [f"r {len(specs)} {fs_hz:.10g} {n_frames}"]
    for i, spec in enumerate(specs):
        fmt = "16" if spec.fmt == "61" else spec.fmt
        layout = f"{fmt}x{spec.samples_per_frame}:{spec.skew}+{spec.byte_offset}"
        lines.append(f"{numbered[spec.file]} {layout} 1(0)/mV 0 0 {spec.initial} 0 0 c{i}")
    sentence = (
        f"The signal files are truncated or damaged: not all of the {n_frames} samples of each "
        "signal could be decoded."
    )
    with tempfile.TemporaryDirectory(prefix="ecgcore-") as folder:
        for file, name in numbered.items():
            first = next(spec for spec in specs if spec.file == file)
            (Path(folder) / name).write_bytes(_to_little_endian(first, files[file]))
        (Path(folder) / "r.hea").write_text("\n".join(lines) + "\n", encoding="ascii")
        with guard_library(sentence) as texts:
            record = wfdb.rdrecord(
                str(Path(folder) / "r"), physical=False, smooth_frames=False, return_res=32
            )
            digital: list[NDArray[np.int32]] = record.e_d_signal
    if texts:
        notes.append("The signal files do not follow their format everywhere; check the trace.")
    for spec, values in zip(specs, digital, strict=True):
        if values.shape != (n_frames * spec.samples_per_frame,):
            raise ReadError(sentence)
    return digital


def _to_little_endian(spec: SignalSpec, data: bytes) -> bytes:
    """Return the file with format 61 (format 16, bytes swapped) turned into format 16.

    The wfdb package reads format 61 only into floating point.
    """
    if spec.fmt != "61":
        return data
    end = spec.byte_offset + (len(data) - spec.byte_offset) // 2 * 2
    swapped = np.frombuffer(data[spec.byte_offset : end], dtype=">i2").astype("<i2")
    return data[: spec.byte_offset] + swapped.tobytes()


def _check_sums(
    specs: Sequence[SignalSpec], digital: Sequence[NDArray[np.int32]], notes: list[str]
) -> None:
    wrong = [
        clean_text(spec.name) or "a signal without name"
        for spec, values in zip(specs, digital, strict=True)
        if spec.checksum is not None
        and not spec.skew
        and (int(values.sum(dtype=np.int64)) - spec.checksum) % 65536
    ]
    if wrong:
        notes.append(
            f"The checksum of {join_words(wrong)} {_WRONG_SUM}: samples may have been changed or "
            "damaged."
        )


def _note_skews(specs: Sequence[SignalSpec], notes: list[str]) -> None:
    moved = [
        f"{clean_text(s.name, 16) or 'a signal without name'} by {s.skew}" for s in specs if s.skew
    ]
    if moved:
        notes.append(
            "The skew in the header moves signals to an earlier time: "
            f"{join_words(moved)} samples; what is missing at their end is absent."
        )


def _scale_row(spec: SignalSpec, digital: NDArray[np.int32]) -> FloatRows:
    scale = mv_per(spec.unit) if is_voltage(spec.unit) else 1.0
    # In double precision, so that the result is the nearest float32 to the exact value.
    with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is refused later
        values = ((digital.astype(np.float64) - spec.baseline) / spec.gain) * scale
    absent = FORMATS[spec.fmt][1]
    if absent is not None:
        values[digital == absent] = np.nan
    with np.errstate(over="ignore"):  # infinite values are found and noted when assembled
        return values.astype(np.float32)


def _keep_ecg(rows: list[_Row], notes: list[str]) -> list[_Row]:
    """Keep the ECG's signals: voltages (or, if there are none, NU), at one rate."""
    likely = find_likely_ecg([row.name for row in rows], voltages=_in_volts(rows))
    ecg = [row for i, row in enumerate(rows) if row.given or i in likely]
    kept = [row for row in ecg if is_voltage(row.unit)]
    kept = kept or [row for row in ecg if is_normalised(row.unit)]
    if not kept:
        found = ", ".join(f"{clean_text(row.name)} in {clean_text(row.unit)}" for row in rows[:20])
        raise ReadError(
            f"The record contains no ECG signal in mV, uV, V or NU; it contains {found}: "
            "choose the record of an ECG."
        )
    named = [row for row in kept if row.given or names_ecg(row.name)]
    highest = max(row.samples_per_frame for row in named or kept)
    slower = [row for row in kept if row.samples_per_frame < highest]
    kept = [row for row in kept if row.samples_per_frame == highest]
    left = [row for row in rows if all(row is not other for other in (*kept, *slower))]
    notes += describe_left_out(
        [f"{clean_text(row.name) or 'no name'} ({clean_text(row.unit)})" for row in left]
    )
    notes += describe_left_out([row.name for row in slower], "sampled at a lower rate")
    return kept


def _resolve_rate(header: Header, options: ReadOptions, notes: list[str]) -> float:
    rate = note_rate(header.fs_hz if header.fs_given else None, options, notes)
    if rate is not None:
        return rate
    notes.append(
        f"The header gives no sampling rate; WFDB's default, {header.fs_hz:g} Hz, was used."
    )
    return header.fs_hz


def _describe_gains(rows: Sequence[_Row]) -> str:
    return same_or_differs(f"{row.gain:g}/{clean_text(row.unit)}" for row in rows)


_MITBIH = re.compile(r"^(-?\d{1,3})\s+([MF])\b(?:\s+\d+\s+\d+|\s*$)")


def _read_patient(header: Header, options: ReadOptions, notes: list[str]) -> Patient:
    """Read age and sex from comments: Challenge, LUDB, PTB ("Age: 56") and MIT-BIH ("69 M")."""
    age, sex = find_age_sex(header.comments, notes)
    for match in filter(None, map(_MITBIH.match, header.comments)):
        age = parse_age(match[1], notes) if age is None else age
        sex = sex or parse_sex(match[2])
    return make_patient(age, sex, {"record": header.name}, options)


def _read_segmented(
    source: Source, header: Header, options: ReadOptions, notes: list[str]
) -> list[_Row]:
    """Read a multi-segment record into one; gaps and absent signals are NaN.

    In a fixed layout every segment has the same signals; in a variable one the first segment is
    a layout of length 0, and signals are matched by name.
    """
    lengths = [segment.n_samples for segment in header.segments]
    if sum(lengths) > options.max_samples:
        raise ReadError(f"The header declares {sum(lengths)} samples; that is too many to read.")
    rows: dict[str, _Row] = {}
    offset = 0
    for segment in header.segments:
        if segment.name != NO_FILE and segment.n_samples:
            for row in _read_segment(source, segment.name, segment.n_samples, options, notes):
                _place_rows(rows, row, offset, sum(lengths), options)
        offset += segment.n_samples
    if not rows:
        raise ReadError("All segments of the record are gaps; it contains no samples.")
    notes.append(f"The record was joined from {len(header.segments)} segments.")
    return list(rows.values())


def _read_segment(
    source: Source, name: str, n_samples: int, options: ReadOptions, notes: list[str]
) -> list[_Row]:
    found = source.beside(f"{name}.hea")
    if found is None:
        raise ReadError(f"The segment {clean_text(name)}.hea that the header names is missing.")
    header = parse_header(source.take(found))
    if header.segments or (header.n_frames not in (None, n_samples)):
        raise ReadError(f"The length of segment {clean_text(name)} differs from the header.")
    rows = _read_single(source, header, options, notes)
    if any(row.values.shape[0] != n_samples * row.samples_per_frame for row in rows):
        raise ReadError(f"The length of segment {clean_text(name)} differs from the header.")
    return rows


def _place_rows(
    rows: dict[str, _Row], part: _Row, offset: int, total: int, options: ReadOptions
) -> None:
    """Put a segment's signal at its place in the whole record."""
    spf = part.samples_per_frame
    if part.name not in rows:
        if (len(rows) + 1) * total * spf > options.max_samples:
            raise ReadError(f"The record has more than {options.max_samples} samples.")
        values = np.full(total * spf, np.nan, dtype=np.float32)
        rows[part.name] = replace(part, values=values)
    whole = rows[part.name]
    if whole.samples_per_frame != spf or is_voltage(whole.unit) != is_voltage(part.unit):
        raise ReadError(f"{clean_text(part.name)} has another rate or unit in one of the segments.")
    whole.values[offset * spf : offset * spf + part.values.shape[0]] = part.values
