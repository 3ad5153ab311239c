"""DICOM waveforms: the rhythm of a 12-lead, general or ambulatory ECG (PS3.3 C.10.9)."""

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers import pdf
from ecgcore.readers.asking import ask_for_unit
from ecgcore.readers.assemble import (
    SIMULATED_COMMENT,
    assemble_draft,
    choose_names,
    join_words,
    make_patient,
    parse_age,
    parse_sex,
)
from ecgcore.readers.base import (
    MIB,
    Draft,
    ReadOptions,
    Source,
    clean_text,
    guard_library,
    take_if_readable,
)
from ecgcore.readers.building import describe_step, same_or_differs
from ecgcore.readers.dicom.codes import is_ecg_storage
from ecgcore.readers.dicom.groups import (
    Channel,
    Group,
    choose_rhythm,
    note_channels_left_out,
    parse_group,
)
from ecgcore.readers.text_values import compute_age
from ecgcore.readers.time_shift import align_leads, describe_skew
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, is_voltage, mv_per

_DAMAGED = "The DICOM file is damaged or cut off; export it again."
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_META_AT, _META_LENGTH_BYTES = 132, 12  # after preamble and DICM: (0002,0000) UL 4 and its value
_META_END = 4096
# A first element of group 8 (or 2) with its length: character set, class, instance or group length.
_BARE = re.compile(
    rb"(?:DICM)?(?:\x02\0\0\0UL\x04\0|\x08\0(?:\0\0|[\x05\x16\x18]\0)"
    rb"(?:(?:CS|UI|UL).\0|[\x04-\x40]\0\0\0))",
    re.DOTALL,
)
_DTYPES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4"}
Row = NDArray[np.float32]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a DICOM file, or a data set that lacks its preamble."""
    return head[128:132] == b"DICM" or bool(_BARE.match(head))


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm of a DICOM waveform object.

    The longest original group with ECG channels is read, together with groups of the same rate
    that hold other leads, each lead at its own time.  A median beat is never read as rhythm.

    Raises
    ------
    ReadError
        One sentence: no waveform, no ECG in it, only a median beat, truncated samples.
    """
    notes: list[str] = []
    data = _add_preamble(source.data, notes)
    if _DEFLATED in data[:_META_END]:
        _check_deflated(data, options)
    with guard_library(_DAMAGED) as texts:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        items = list(dataset.get("WaveformSequence") or [])
        storage = str(dataset.get("SOPClassUID", ""))
        groups = [parse_group(item, is_ecg_storage(storage), notes) for item in items]
        if not groups and not _find_pdf(dataset):
            raise ReadError(_explain_no_waveform(dataset))
    if not groups:
        return _read_pdf(dataset, source, options)
    if texts:
        # The warnings quote the fields, which may identify the patient: only their number is told.
        notes.append(f"{len(texts)} fields violate the DICOM standard and were read as written.")
    rhythm = choose_rhythm(groups, notes)
    parts = [_read_samples(group, dataset, options, notes) for group in rhythm]
    signal = _join_groups(rhythm, parts, options, notes)
    if not is_ecg_storage(storage):
        notes.append("The file is not a diagnostic ECG object (it also contains other waveforms).")
    channels = [channel for chosen, _ in parts for channel in chosen]
    draft = Draft(
        names=[channel.name for channel in channels],
        signal=signal,
        fs_hz=rhythm[0].fs_hz,
        unit=MV,
        provenance=_make_provenance(dataset, rhythm[0], channels),
        start=take_if_readable(lambda: _read_start(dataset)),
        patient=_read_patient(dataset, options, notes),
        notes=notes,
        derived=tuple(channel.name for channel in channels if channel.computed),
    )
    return assemble_draft(draft, source)


def _add_preamble(data: bytes, notes: list[str]) -> bytes:
    """Return the file as PS3.10 has it; some archives give it without its preamble."""
    if data[128:132] == b"DICM":
        return data
    notes.append("The DICOM preamble is missing; the file was read without it.")
    data = data.removeprefix(b"DICM")
    return bytes(128) + b"DICM" + data if data.startswith(b"\x02\0\0\0") else data


def _check_deflated(data: bytes, options: ReadOptions) -> None:
    """Expand a deflated data set under the limit; the library would expand it without one."""
    start = _META_AT + _META_LENGTH_BYTES
    length = int.from_bytes(data[start - 4 : start], "little")
    expanding = zlib.decompressobj(-zlib.MAX_WBITS)
    with guard_library(_DAMAGED):
        if data[_META_AT : _META_AT + 6] != b"\x02\0\0\0UL":
            raise ReadError("The deflated DICOM file has no regular header; export it again.")
        room, rest = options.max_expanded_bytes, data[start + length :]
        while rest and not expanding.eof and room > 0:
            room -= len(expanding.decompress(rest, MIB))
            rest = expanding.unconsumed_tail
    if room <= 0:
        raise TooLargeError(
            f"The deflated DICOM file expands to more than {options.max_expanded_bytes / MIB:.0f} "
            "MB; export it with an uncompressed syntax."
        )


def _join_groups(
    groups: Sequence[Group],
    parts: Sequence[tuple[list[Channel], list[Row]]],
    options: ReadOptions,
    notes: list[str],
) -> Row:
    """Return the groups' leads at their own time, absent samples before and after them."""
    fs_hz = groups[0].fs_hz
    channels = [channel for chosen, _ in parts for channel in chosen]
    starts = [
        (group.offset_ms / 1000 + channel.delay_s) * fs_hz
        for group, (chosen, _) in zip(groups, parts, strict=True)
        for channel in chosen
    ]
    rows = [row for _, some in parts for row in some]
    signal = align_leads(rows, starts, options)
    lengths = {group.n_samples for group in groups}
    if len({group.offset_ms for group in groups}) > 1 or len(lengths) > 1:
        notes.append(
            "Leads recorded at different times are placed at their own times; the rest is absent."
        )
    skew = describe_skew([c.name for c in channels], [c.delay_s for c in channels], fs_hz)
    notes += [skew] if skew else []
    return signal


def _find_pdf(dataset: Dataset) -> bytes:
    """Return the PDF that an object of another class carries, or nothing."""
    content = take_if_readable(lambda: bytes(dataset.get("EncapsulatedDocument") or b"")) or b""
    return content if content.startswith(b"%PDF") else b""


def _read_pdf(dataset: Dataset, source: Source, options: ReadOptions) -> Recording:
    """Read the traces drawn in an encapsulated PDF; the patient is the DICOM file's."""
    name = f"{source.name}.pdf"
    inside = Source(name, options, files={name: _find_pdf(dataset)})
    recording = pdf.read(inside, options)
    notes: list[str] = [
        "The DICOM file contains a PDF and no waveform; the traces drawn in it were read."
    ]
    patient = _read_patient(dataset, options, notes)
    known = patient.age_years is not None or patient.sex or patient.identity
    return replace(
        recording,
        patient=patient if known else recording.patient,
        start=take_if_readable(lambda: _read_start(dataset)) or recording.start,
        provenance=replace(recording.provenance, sha256=source.sha256),
        notes=(*notes, *recording.notes),
    )


def _explain_no_waveform(dataset: Dataset) -> str:
    modality = clean_text(str(dataset.get("Modality", "")), 16)
    kind = str(dataset.get("MIMETypeOfEncapsulatedDocument") or "")
    if "PixelData" in dataset or "NumberOfFrames" in dataset or "Rows" in dataset:
        what = "an image"
    elif "EncapsulatedDocument" in dataset:
        what = "a PDF" if kind.endswith("pdf") else "a document (such as a PDF)"
    else:
        what = "an object"
    of = f" of modality {modality}" if modality else ""
    return f"The DICOM file contains {what}{of}, not a waveform; export the ECG as DICOM waveform."


def _read_samples(
    group: Group, dataset: Dataset, options: ReadOptions, notes: list[str]
) -> tuple[list[Channel], list[Row]]:
    """Return a group's ECG channels and their samples in mV."""
    stored = _unpack_samples(group, dataset, options)
    names = _choose_names(group, options)
    rows, chosen = [], []
    padding = _find_padding(group, stored, notes)
    for channel, name in zip(group.channels, names, strict=True):
        if name is None:
            continue
        unit = channel.unit or options.unit or ""
        if not unit:
            raise ask_for_unit(clean_text(channel.name))
        if not is_voltage(unit):
            raise ReadError(
                f"{clean_text(channel.name)} is in {clean_text(unit)}; a voltage is needed."
            )
        raw = stored[:, channel.index]
        values = (raw.astype(np.float64) * channel.scale + channel.offset) * mv_per(unit)
        if padding is not None:
            values[raw == padding] = np.nan
        with np.errstate(over="ignore"):  # infinite values are found and noted when assembled
            rows.append(values.astype(np.float32))
        chosen.append(replace(channel, name=name, unit=unit))
    note_channels_left_out(group, names, notes)
    return chosen, rows


def _choose_names(group: Group, options: ReadOptions) -> list[str | None]:
    if options.lead_names is not None:
        names = choose_names([channel.name for channel in group.channels], options)
    else:
        names = [channel.name if channel.is_ecg else None for channel in group.channels]
    if not any(names):
        raise ReadError("All channels were left out; keep at least one.")
    return names


def _unpack_samples(group: Group, dataset: Dataset, options: ReadOptions) -> NDArray[np.integer]:
    """Return the samples as stored, shape (n_samples, n_channels)."""
    item = group.item
    with guard_library(_DAMAGED):
        interpretation = str(item.get("WaveformSampleInterpretation") or "")
        bits = int(item.get("WaveformBitsAllocated") or 0)
        data = bytes(item.get("WaveformData") or b"")
    if interpretation not in _DTYPES or bits != 8 * int(_DTYPES[interpretation][1]):
        raise ReadError(
            f"The samples are coded as {clean_text(interpretation) or 'nothing'} in {bits} bits; "
            "linear integers of 8, 16 or 32 bits can be read."
        )
    if not 1 <= group.n_channels <= 4 * MAX_LEADS:
        raise ReadError(f"The DICOM file has {group.n_channels} channels; that is too many.")
    if group.n_channels * group.n_samples > options.max_samples:
        raise ReadError(f"The file declares {group.n_samples} samples; that is too many to read.")
    order = "<" if _to_little_endian(dataset) else ">"
    dtype = np.dtype(order + _DTYPES[interpretation])
    needed = group.n_channels * group.n_samples * dtype.itemsize
    if len(data) < needed:
        raise ReadError(
            f"The file is truncated: {group.n_channels} channels of {group.n_samples} samples need "
            f"{needed} bytes, {len(data)} are present."
        )
    flat = np.frombuffer(data, dtype=dtype, count=group.n_channels * group.n_samples)
    return flat.reshape(group.n_samples, group.n_channels)


def _to_little_endian(dataset: Dataset) -> bool:
    _, little = dataset.original_encoding
    return little is not False


def _find_padding(group: Group, stored: NDArray[np.integer], notes: list[str]) -> int | None:
    """Return the stored value that marks absent samples, if the file names one.

    Some writers name 0, which the trace itself passes through: a value inside the range of the
    other samples marks nothing.
    """
    value = take_if_readable(lambda: group.item.get("WaveformPaddingValue"))
    size = stored.dtype.itemsize
    if isinstance(value, bytes) and len(value) >= size:
        value = int(np.frombuffer(value, dtype=stored.dtype, count=1)[0])
    if not isinstance(value, int) or not (stored == value).any():
        return None
    others = stored[stored != value]
    if others.size and int(others.min()) < value < int(others.max()):
        notes.append(
            f"The file names {value} as the mark of absent samples, but the trace passes through "
            "it; these were read as samples."
        )
        return None
    return value


def _make_provenance(dataset: Dataset, group: Group, channels: Sequence[Channel]) -> Provenance:
    maker = take_if_readable(lambda: str(dataset.get("Manufacturer") or "")) or ""
    model = take_if_readable(lambda: str(dataset.get("ManufacturerModelName") or "")) or ""
    statements, measurements = _read_annotations(dataset)
    return Provenance(
        format="DICOM",
        original_fs_hz=group.fs_hz,
        original_unit=join_words(dict.fromkeys(channel.unit for channel in channels)),
        original_gain=same_or_differs(describe_step(c.scale, c.unit) for c in channels),
        device=clean_text(" ".join(p for p in (maker, model) if p and p.lower() != "unknown")),
        device_filter=same_or_differs(channel.filter_text for channel in channels),
        machine_statements=statements,
        machine_measurements=measurements,
        simulated=take_if_readable(lambda: str(dataset.get("ImageComments"))) == SIMULATED_COMMENT,
    )


def _read_annotations(dataset: Dataset) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the machine's statements and its first value for each measurement."""
    statements: list[str] = []
    measurements: dict[str, str] = {}
    items = take_if_readable(lambda: list(dataset.get("WaveformAnnotationSequence") or [])) or []
    for item in items:
        text = take_if_readable(partial(_read_text, item))
        if text:
            statements.append(text)
        named = take_if_readable(partial(_read_measurement, item))
        if named:
            measurements.setdefault(*named)
    return tuple(dict.fromkeys(statements)), measurements


def _read_text(item: Dataset) -> str:
    return clean_text(str(item.get("UnformattedTextValue") or ""), 200)


def _read_measurement(item: Dataset) -> tuple[str, str] | None:
    value = item.get("NumericValue")
    if value is None or "ConceptNameCodeSequence" not in item:
        return None
    name = clean_text(str(item.ConceptNameCodeSequence[0].get("CodeMeaning") or ""))
    units = item.get("MeasurementUnitsCodeSequence") or [Dataset()]
    unit = clean_text(str(units[0].get("CodeValue") or ""), 16)
    number = value[0] if isinstance(value, MultiValue) else value
    return (name, f"{clean_text(str(number), 16)} {unit}".strip()) if name else None


def _read_start(dataset: Dataset) -> datetime | None:
    text = str(dataset.get("AcquisitionDateTime") or "")
    if not text:
        day = dataset.get("ContentDate") or dataset.get("StudyDate") or ""
        clock = dataset.get("ContentTime") or dataset.get("StudyTime") or ""
        text = f"{day}{clock}" if day and clock else ""
    match = re.match(r"(\d{14})(?:\.(\d{1,6}))?", text)
    if match is None:
        return None
    start = datetime.strptime(match[1], "%Y%m%d%H%M%S")
    return start.replace(microsecond=int((match[2] or "0").ljust(6, "0")))


def _read_patient(dataset: Dataset, options: ReadOptions, notes: list[str]) -> Patient:
    age = parse_age(take_if_readable(lambda: str(dataset.get("PatientAge") or "")) or "", notes)
    if age is None:
        age = take_if_readable(lambda: _compute_age(dataset))
    sex = parse_sex(take_if_readable(lambda: str(dataset.get("PatientSex") or "")) or "")
    identity = {
        "name": take_if_readable(lambda: str(dataset.get("PatientName") or "")) or "",
        "identifier": take_if_readable(lambda: str(dataset.get("PatientID") or "")) or "",
    }
    return make_patient(age, sex, identity, options)


def _compute_age(dataset: Dataset) -> float | None:
    born = datetime.strptime(str(dataset.get("PatientBirthDate") or ""), "%Y%m%d")
    day = _read_start(dataset) or datetime.strptime(str(dataset.get("StudyDate") or ""), "%Y%m%d")
    return compute_age(born.date(), day)
