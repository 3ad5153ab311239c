"""EDF, EDF+ and BDF files (Kemp et al. 1992, 2003; BioSemi): the ECG channels of one rate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import edfio
import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers.asking import ask_for_unit
from ecgcore.readers.assemble import assemble_draft, join_words, make_patient, parse_sex
from ecgcore.readers.base import (
    Draft,
    ReadOptions,
    Source,
    clean_text,
    guard_library,
    take_if_readable,
)
from ecgcore.readers.channels import (
    Kind,
    classify_channels,
    describe_left_out,
    is_other_signal,
    match_given_names,
)
from ecgcore.readers.edf import texts as edf_texts
from ecgcore.readers.edf.header import repair_numbers
from ecgcore.readers.text_values import limit_with_gaps, refuse_samples
from ecgcore.recording import MAX_FS_HZ, Patient, Provenance, Recording
from ecgcore.units import MV, is_voltage, mv_per

_DAMAGED = "The EDF header is damaged; a file as EDF, EDF+ or BDF define it is needed."
_TIMES_DAMAGED = "The file is discontinuous (EDF+D) and its times are damaged; export it again."
_ONSET = re.compile(rb"([+-]\d{1,12}(?:\.\d{0,12})?)\x14")
_MAX_SIGNALS = 2048
_NO_START = datetime(1985, 1, 1)
Edf = edfio.Edf | edfio.Bdf
Signal = edfio.EdfSignal | edfio.BdfSignal


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an EDF or BDF file."""
    if head.startswith(b"\xffBIOSEMI"):
        return True
    # Version 0 in 8 characters, and at 184 the header's size, 256 bytes a signal and 256 more.
    size = head[184:192].strip()
    return head.startswith(b"0       ") and len(head) >= 256 and size.isdigit()


@dataclass
class _Channel:
    """A channel that may be taken: the library's signal, its name and its unit."""

    signal: Signal
    name: str
    unit: str
    fs_hz: float


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the ECG channels of an EDF, EDF+ or BDF file.

    Channels whose label names a lead or an ECG are taken (or those that the caller names), in
    millivolts.  Where their rates differ, those of the highest rate are taken.  Gaps in time
    (EDF+D) are absent samples.

    Raises
    ------
    ReadError
        A damaged or truncated file, or one without ECG channels.
    MissingInformationError
        Where a channel has no unit.
    """
    notes: list[str] = []
    is_bdf = source.data.startswith(b"\xff")
    data = repair_numbers(source.data, notes)
    n_notes = len(notes)
    _check_length(data, is_bdf, notes)
    length_differs = len(notes) > n_notes
    with guard_library(_DAMAGED) as texts:
        reader = edfio.read_bdf if is_bdf else edfio.read_edf
        edf: Edf = reader(data, header_encoding="latin-1")
        channels = [
            _Channel(s, s.label, s.physical_dimension, float(s.sampling_frequency))
            for s in edf.signals
        ]
    if texts and not length_differs:
        notes.append("The header does not agree with the file's length; the samples were counted.")
    starts_s = _read_record_starts(data, edf, is_bdf)
    channels = _choose_channels(channels, options, notes)
    _check_size(channels, options)
    signal = np.stack([_scale_to_mv(channel, notes) for channel in channels])
    if starts_s is None:
        signal = edf_texts.mark_absent(edf, [c.signal.label for c in channels], signal)
    else:
        signal = _place_in_time(signal, starts_s, channels[0].fs_hz, options, notes)
    draft = Draft(
        names=[channel.name for channel in channels],
        signal=signal,
        fs_hz=channels[0].fs_hz,
        unit=MV,
        provenance=_make_provenance(edf, channels, is_bdf),
        start=_read_start(edf),
        patient=_read_patient(edf, options),
        notes=notes,
        derived=edf_texts.find_computed([channel.signal for channel in channels]),
    )
    return assemble_draft(draft, source)


def _read_field(data: bytes, start: int, length: int) -> str:
    return data[start : start + length].decode("latin-1").strip()


def _check_length(data: bytes, is_bdf: bool, notes: list[str]) -> None:
    """Compare the length with what the header declares, before anything is read.

    A recorder that was cut off leaves whole data records: these are read, with a note.  A file
    without a single whole one is refused.
    """
    try:
        n_signals = int(_read_field(data, 252, 4))
        announced = int(_read_field(data, 236, 8))
        header_bytes = int(_read_field(data, 184, 8))
        if not 0 < n_signals <= _MAX_SIGNALS or header_bytes != 256 * (n_signals + 1):
            raise ReadError(_DAMAGED)
        at = 256 + 216 * n_signals
        lengths = [int(_read_field(data, at + 8 * i, 8)) for i in range(n_signals)]
        float(_read_field(data, 244, 8))
    except ValueError:
        raise ReadError(_DAMAGED) from None
    record_bytes = sum(lengths) * (3 if is_bdf else 2)
    if min(lengths) < 0 or record_bytes == 0:
        raise ReadError(_DAMAGED)
    present = (len(data) - header_bytes) // record_bytes
    if present < 1:
        raise ReadError(
            f"The file is truncated: one data record takes {record_bytes} bytes, "
            f"{max(0, len(data) - header_bytes)} are present."
        )
    if announced > 0 and present < announced:
        notes.append(
            f"The file is truncated: the header declares {announced} data records, {present} are "
            "there and were read."
        )
    elif announced != present:
        notes.append(f"The header's number of data records is wrong; {present} are present.")


def _read_record_starts(data: bytes, edf: Edf, is_bdf: bool) -> NDArray[np.float64] | None:
    """Return when each data record starts, in s from the first, where there are gaps (EDF+D).

    Each record's first annotation tells its time (EDF+, Kemp 2003, section 2.2.4).
    """
    with guard_library(_TIMES_DAMAGED):
        if edf.reserved[3:5] != "+D" or edf.is_continuous:
            return None
        n = int(_read_field(data, 252, 4))
        sizes = [int(_read_field(data, 256 + 216 * n + 8 * i, 8)) for i in range(n)]
        labels = [_read_field(data, 256 + 16 * i, 16) for i in range(n)]
        width = 3 if is_bdf else 2
        at = labels.index("BDF Annotations" if is_bdf else "EDF Annotations")
        record, before = width * sum(sizes), width * sum(sizes[:at])
        starts = []
        for k in range(edf.num_data_records):
            place = 256 * (n + 1) + k * record + before
            match = _ONSET.match(data, place, place + width * sizes[at])
            starts.append(float(match[1]) if match else np.nan)
        return np.array(starts) - starts[0]


def _place_in_time(
    rows: NDArray[np.float32],
    starts_s: NDArray[np.float64],
    fs_hz: float,
    options: ReadOptions,
    notes: list[str],
) -> NDArray[np.float32]:
    """Put each data record at its own time, absent samples between them."""
    width = rows.shape[1] // starts_s.size
    if not (np.abs(starts_s) * fs_hz <= limit_with_gaps(options)).all():
        raise ReadError(_TIMES_DAMAGED)
    at = np.round(starts_s * fs_hz).astype(np.int64)
    # Printed with few digits, times may be one sample short of the record before.
    at = np.where(np.diff(at, prepend=-width) == width - 1, at + 1, at)
    if (np.diff(at) < width).any():
        raise ReadError(_TIMES_DAMAGED)
    n_samples = int(at[-1]) + width
    if n_samples * len(rows) > limit_with_gaps(options):
        raise refuse_samples(options)
    whole = np.full((len(rows), n_samples), np.nan, dtype=np.float32)
    for start, k in zip(at, range(starts_s.size), strict=True):
        whole[:, start : start + width] = rows[:, k * width : (k + 1) * width]
    count = int((np.diff(at) > width).sum())
    notes.append(
        f"The recording has {count} {'gap' if count == 1 else 'gaps'} in time (EDF+D), marked as "
        "absent samples."
    )
    return whole


def _choose_channels(
    channels: Sequence[_Channel], options: ReadOptions, notes: list[str]
) -> list[_Channel]:
    """Return the ECG channels of the highest rate among them, and note what was left out."""
    labels = [channel.name for channel in channels]
    likely = _find_ecg_labels(channels)
    given = match_given_names(labels, options, likely=likely)
    ecg = [
        replace(channel, name=given.get(i, channel.name), unit=channel.unit or options.unit or "")
        for i, channel in enumerate(channels)
        if given.get(i) or (i not in given and i in likely)
    ]
    if not ecg:
        raise _explain_no_ecg(channels)
    _check_units(ecg)
    voltages = [channel for channel in ecg if is_voltage(channel.unit)]
    highest = max(channel.fs_hz for channel in voltages)
    kept = [channel for channel in voltages if channel.fs_hz == highest]
    if not 0 < highest <= MAX_FS_HZ:
        raise ReadError(f"The sampling rate in the file is {highest:g} Hz; it must be above 0.")
    taken = {id(channel.signal) for channel in kept}
    slower = {id(channel.signal) for channel in voltages} - taken
    notes += describe_left_out(
        [c.name for c in channels if id(c.signal) in slower], "sampled at a lower rate"
    )
    notes += describe_left_out([c.name for c in channels if id(c.signal) not in taken | slower])
    return kept


def _find_ecg_labels(channels: Sequence[_Channel]) -> list[int]:
    """Return the channels whose labels name a lead or an ECG, else numbered inputs alone."""
    in_volts = [is_voltage(channel.unit) for channel in channels]
    kinds = classify_channels([channel.name for channel in channels], voltages=in_volts)
    named = [i for i, kind in enumerate(kinds) if kind in (Kind.LEAD, Kind.ECG)]
    inputs = [i for i, kind in enumerate(kinds) if kind is Kind.INPUT and channels[i].name]
    return named or (inputs if len(inputs) == len(channels) and all(in_volts) else [])


def _explain_no_ecg(channels: Sequence[_Channel]) -> ReadError:
    """Return the error for a file without ECG labels; it asks for names where one may be an ECG."""
    found = f"No channel is labelled as an ECG; the file contains {_describe_channels(channels)}."
    unclear = [c for c in channels if is_voltage(c.unit) and not is_other_signal(c.name)]
    if not unclear or any(is_other_signal(channel.name) for channel in channels):
        return ReadError(f"{found[:-1]}: choose a file with an ECG.")
    return MissingInformationError(
        f"{found} If some are ECG leads, enter their names in the file's order; an empty "
        "name leaves a channel out.",
        ("lead_names",),
    )


def _describe_channels(channels: Sequence[_Channel]) -> str:
    names = [clean_text(channel.name, 20) or "(no label)" for channel in channels]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _check_units(channels: Sequence[_Channel]) -> None:
    missing = [clean_text(channel.name) for channel in channels if not channel.unit]
    if missing:
        raise ask_for_unit(join_words(missing[:12]))
    if not any(is_voltage(channel.unit) for channel in channels):
        found = join_words(dict.fromkeys(clean_text(channel.unit) for channel in channels))
        raise ReadError(f"The ECG channels are in {found}; V, mV, uV or nV is needed.")


def _check_size(channels: Sequence[_Channel], options: ReadOptions) -> None:
    with guard_library(_DAMAGED):
        total = sum(int(channel.signal.digital.size) for channel in channels)
    if total > options.max_samples:
        raise ReadError(
            f"The file contains {total} samples; up to {options.max_samples} can be read at once."
        )


def _scale_to_mv(channel: _Channel, notes: list[str]) -> NDArray[np.float32]:
    signal = channel.signal
    name = clean_text(channel.name)
    with guard_library(f"The header's ranges for {name} are damaged; they must be numbers."):
        digital = signal.digital.astype(np.float64)
        low, high = float(signal.physical_min), float(signal.physical_max)
        first, last = int(signal.digital_min), int(signal.digital_max)
    if high == low or first == last or not np.isfinite([high, low]).all():
        raise ReadError(f"The header gives no range for {name}, so its voltage is unknown.")
    values = (digital - first) * ((high - low) / (last - first)) + low
    if low > high:
        notes.append(f"{name} is stored inverted, as its header states; it was inverted back.")
    with np.errstate(over="ignore"):  # infinite values are found and noted when assembled
        return (values * mv_per(channel.unit)).astype(np.float32)


def _make_provenance(edf: Edf, channels: Sequence[_Channel], is_bdf: bool) -> Provenance:
    filters = dict.fromkeys(
        " ".join(clean_text(c.signal.prefiltering, 80).split()) for c in channels
    )
    filters.pop("", None)
    plus = "+" if edf.reserved[3:4] == "+" else ""
    code = take_if_readable(lambda: edf.recording.equipment_code) or "X"
    return Provenance(
        format="BDF" if is_bdf else "EDF",
        original_fs_hz=channels[0].fs_hz,
        original_unit=join_words(dict.fromkeys(channel.unit for channel in channels)),
        original_gain="",
        device=clean_text(code) if plus and code != "X" else "",
        device_filter="; ".join(filters) if len(filters) <= 1 else "differs by lead",
        simulated=edf_texts.SIMULATED in edf.local_recording_identification.split(),
    )


def _read_start(edf: Edf) -> datetime | None:
    """Return the start, or None where the file leaves it out, as 1985-01-01 00:00:00 does."""
    start = take_if_readable(lambda: edf.startdatetime)
    return None if start == _NO_START else start


def _read_patient(edf: Edf, options: ReadOptions) -> Patient:
    """Return sex and age from the EDF+ patient field: code, sex, birth date, name."""
    field = edf.local_patient_identification
    parts = field.split()
    is_plus = len(parts) >= 4 and parts[1] in ("M", "F", "X")
    if not is_plus:
        return make_patient(None, None, {"name": field}, options)
    told = {"code": parts[0], "name": parts[3].replace("_", " ")}
    identity = {key: text for key, text in told.items() if text != "X"}  # X: left out
    age = _read_age(edf)
    age = edf_texts.find_age(parts[4:]) if age is None else age
    return make_patient(age, parse_sex(parts[1]), identity, options)


def _read_age(edf: Edf) -> float | None:
    start, born = _read_start(edf), take_if_readable(lambda: edf.patient.birthdate)
    if start is None or born is None:
        return None
    years = start.year - born.year - ((start.month, start.day) < (born.month, born.day))
    return float(years) if 0 <= years <= 130 else None
