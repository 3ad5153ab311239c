"""From columns of numbers to a recording: what MATLAB, NumPy, JSON and Parquet files share.

A column is a lead, time, or something else; rate, unit and names come from the file or from the
caller and are never guessed from the samples.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import canonical_lead
from ecgcore.readers.assemble import (
    chosen_names,
    finish,
    is_other_signal,
    listed,
    make_patient,
    parse_age,
    parse_sex,
    were,
)
from ecgcore.readers.base import Draft, ReadOptions, Source, shown
from ecgcore.readers.csv_header import SECONDS, Column, parse_column
from ecgcore.readers.csv_time import is_progression, rate_from_time
from ecgcore.recording import MAX_FS_HZ, MAX_LEADS, Provenance, Recording
from ecgcore.units import MV, NU, is_normalised, is_voltage, mv_per

MAX_TIME = 1e30  # in any unit; beyond it differences overflow
Row = NDArray[Any]  # numbers of any kind, one dimension

_FS_KEYS = (
    "fs", "fs_hz", "fshz", "sfreq", "freq", "frequency", "hz", "rate", "rate_hz", "samplerate",
    "sample_rate", "sample_rate_hz", "samplingrate", "sampling_rate", "sampling_rate_hz",
    "samplefrequency", "sample_frequency", "samplingfrequency", "sampling_frequency",
    "sampling_frequency_hz", "samples_per_second", "abtastrate", "frecuencia_muestreo",
)  # fmt: skip
_UNIT_KEYS = ("unit", "units", "amplitude_unit", "signal_unit", "voltage_unit", "physical_unit")
_LEAD_KEYS = (
    "leads", "lead", "lead_names", "leadnames", "lead_name", "lead_labels", "channels", "channel",
    "channel_names", "ch_names", "sig_name", "sig_names", "signal_names", "labels", "names",
    "columns", "ableitungen", "description",
)  # fmt: skip
_AGE_KEYS = ("age", "age_years", "patient_age")
_SEX_KEYS = ("sex", "gender", "patient_sex")
_DEVICE_KEYS = ("device", "device_name", "recorder", "manufacturer_model")
_START_KEYS = ("start", "start_time", "start_datetime", "recorded_at", "recording_time", "datetime")


@dataclass
class Columns:
    """What a file holds, before it is known which columns are leads.

    Attributes
    ----------
    format : str
    names : list of str
        One a column; empty where the file does not name it.  May carry a unit: ``"I (mV)"``.
    rows : sequence of arrays, each of shape (n_samples,)
    fs_hz : float or None
    unit : str
        Of all columns that do not name their own.
    units : list of str, optional
        One a column.
    age, sex : str
        As the file writes them.
    device : str
    start : datetime or None
    notes : list of str
    """

    format: str
    names: list[str]
    rows: Sequence[Row]
    fs_hz: float | None = None
    unit: str = ""
    units: list[str] = field(default_factory=list)
    age: str = ""
    sex: str = ""
    device: str = ""
    start: datetime | None = None
    notes: list[str] = field(default_factory=list)


def key_of(name: str) -> str:
    """Return a name for comparing: ``"Sampling Rate"`` and ``"sampling-rate"`` are one."""
    return re.sub(r"[\s\-.]+", "_", str(name).strip().lower())


def apply_facts(columns: Columns, facts: Mapping[str, Any]) -> None:
    """Take rate, unit, age and sex from a file's named values, where they can be such.

    Parameters
    ----------
    columns : Columns
        Changed in place; what it knows already stays.
    facts : mapping of str to object
        Names as the file writes them; numbers, texts or arrays of one.
    """
    values = {key_of(name): _single(value) for name, value in facts.items()}
    for key in _FS_KEYS:
        if columns.fs_hz is None and key in values:
            columns.fs_hz = parse_rate(values[key])
    for key in _UNIT_KEYS:
        text = _common_text(values.get(key)).strip()
        if not columns.unit and (is_voltage(text) or is_normalised(text)):
            columns.unit = text
    for key in _AGE_KEYS:
        columns.age = columns.age or _text(values.get(key))
    for key in _SEX_KEYS:
        columns.sex = columns.sex or _text(values.get(key))
    for key in _DEVICE_KEYS:
        columns.device = columns.device or _text(values.get(key))
    for key in _START_KEYS:
        columns.start = columns.start or _moment(values.get(key))


def lead_names_in(facts: Mapping[str, Any]) -> list[str] | None:
    """Return the list of lead names among a file's named values, or None."""
    by_key = {key_of(name): value for name, value in facts.items()}
    for key in _LEAD_KEYS:
        names = _name_list(by_key.get(key))
        if names:
            return names
    return None


def refuse_long_layout(names: Iterable[str]) -> None:
    """Refuse a table that names the lead in each row: its leads would run into one another.

    Parameters
    ----------
    names : iterable of str
        Of the columns that hold texts.

    Raises
    ------
    ReadError
    """
    if any(key_of(name) in ("lead", "leads", "channel", "lead_name") for name in names):
        raise ReadError(
            "The table has one row for each lead and sample; save it with one column a lead."
        )


def is_fact(name: str) -> bool:
    """Return whether a name is one of a rate, unit, list of leads, age or sex."""
    return key_of(name) in {*_FS_KEYS, *_UNIT_KEYS, *_LEAD_KEYS, *_AGE_KEYS, *_SEX_KEYS}


def is_rate(name: str) -> bool:
    """Return whether a name is one of a sampling rate."""
    return key_of(name) in _FS_KEYS


def parse_rate(value: object) -> float | None:
    """Return a rate in Hz from a number or a text (``500``, ``"500 Hz"``, ``"0.5 kHz"``)."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e\d{1,2})?)\s*(k?hz|hertz)?\s*", str(value), re.I)
    if match is None:
        return None
    rate = float(match[1]) * (1000 if (match[2] or "").lower() == "khz" else 1)
    return rate if 0 < rate <= MAX_FS_HZ else None


def _single(value: object) -> object:
    while True:
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        elif isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        else:
            break
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _common_text(value: object) -> str:
    """Return a text, or the one that a list of texts holds again and again."""
    texts = {value} if isinstance(value, str) else set(_name_list(value) or ())
    return texts.pop() if len(texts) == 1 else ""


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, np.number)):
        return ""
    return "" if isinstance(value, float) and not math.isfinite(value) else str(value)


def _moment(value: object) -> datetime | None:
    """Return the moment that an ISO 8601 text with date and time names (the clock at the place)."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _name_list(value: object) -> list[str] | None:
    if isinstance(value, str):
        parts = [part.strip() for part in re.split(r"[,;|\s]+", value) if part.strip()]
        return parts if parts and all(canonical_lead(part) for part in parts) else None
    if not isinstance(value, (list, tuple, np.ndarray)):
        return None
    items = list(value.ravel()) if isinstance(value, np.ndarray) else list(value)
    texts = [_single(item) for item in items[: 4 * MAX_LEADS]]
    return [str(text).strip() for text in texts] if _are_texts(texts) else None


def _are_texts(items: Sequence[object]) -> bool:
    return bool(items) and all(isinstance(item, str) for item in items)


def rows_of_matrix(values: NDArray[Any], n_names: int | None, notes: list[str]) -> NDArray[Any]:
    """Return an array as leads x samples.

    Parameters
    ----------
    values : array
        Leads x samples or samples x leads, or the samples of one lead.
    n_names : int or None
        How many leads are named; it settles which axis they are, else the shorter one is.
    notes : list of str

    Raises
    ------
    ReadError
        For another number of axes, or if it stays open which axis the leads are.
    """
    shape = " x ".join(str(n) for n in values.shape)
    values = np.squeeze(values)
    if values.ndim == 1:
        return values[np.newaxis]
    if values.ndim != 2:
        raise ReadError(
            f"The array has the shape {shape or 'of one number'}; leads x samples or samples x "
            "leads is needed."
        )
    rows, cols = values.shape
    if rows == cols:
        raise ReadError(
            f"The array has the shape {shape}, so it cannot be told which axis the leads are; "
            "store leads x samples of unlike numbers."
        )
    by_names = n_names in (rows, cols)
    turned = cols == n_names if by_names else rows > cols
    result = values.T if turned else values
    if result.shape[0] > MAX_LEADS:
        raise ReadError(
            f"The array has the shape {shape}; one of its axes must be the leads, at most "
            f"{MAX_LEADS}."
        )
    if result.shape[1] <= MAX_LEADS and not by_names:
        notes.append(
            f"The array has the shape {shape}; it was read as {result.shape[0]} leads of "
            f"{result.shape[1]} samples."
        )
    return result


def read_columns(found: Columns, source: Source, options: ReadOptions) -> Recording:
    """Make the recording of a file's columns.

    Raises
    ------
    MissingInformationError
        Where rate, unit or names are neither in the file nor given.
    ReadError
        If no column is a lead.
    """
    notes = found.notes
    columns, rows = _split_units(found), list(found.rows)
    if options.lead_names is not None:
        columns, rows, from_time = _as_wished(columns, rows, options, notes)
    else:
        columns, rows, from_time = _without_others(columns, rows, notes)
    if not rows:
        raise ReadError("The file holds no column of samples that could be an ECG lead.")
    if len(rows) == 1 and not columns[0].name:
        columns = [Column("ECG", columns[0].unit)]
    fs_hz = _rate(from_time or found.fs_hz, options, notes)
    units = _units(columns, found.unit, options, notes)
    if fs_hz is None or not all(units) or not all(column.name for column in columns):
        raise missing(fs_hz, units, [column.name for column in columns])
    columns = [Column(c.name, unit) for c, unit in zip(columns, units, strict=True)]
    return finish(_draft(found, columns, rows, fs_hz, options), source)


def _split_units(found: Columns) -> list[Column]:
    columns = [parse_column(" ".join(str(name).split())) for name in found.names]
    if len(found.units) == len(columns):
        columns = [
            Column(c.name, str(u).strip() or c.unit)
            for c, u in zip(columns, found.units, strict=True)
        ]
    return columns


def _as_wished(
    columns: list[Column], rows: list[Row], options: ReadOptions, notes: list[str]
) -> tuple[list[Column], list[Row], float | None]:
    """Name the columns as the caller does: all of them, or those that are left without time."""
    wished = options.lead_names or ()
    from_time = None
    if len(wished) != len(columns):
        columns, rows, from_time = _without_others(columns, rows, notes)
    names = chosen_names([column.name for column in columns], options)
    kept = [i for i, name in enumerate(names) if name is not None]
    return (
        [Column(str(names[i]), columns[i].unit) for i in kept],
        [rows[i] for i in kept],
        from_time,
    )


def _without_others(
    columns: list[Column], rows: list[Row], notes: list[str]
) -> tuple[list[Column], list[Row], float | None]:
    """Take out time, counts and other signals; return what is left and the rate of time."""
    fs_hz: float | None = None
    kept: list[int] = []
    other: list[str] = []
    for i, (column, row) in enumerate(zip(columns, rows, strict=True)):
        lead = canonical_lead(column.name)
        if lead is None and column.is_time and len(columns) > 1:
            fs_hz = rate_from_time(_times(row), SECONDS.get(column.unit.lower()), notes) or fs_hz
        elif lead is None and column.name and column.is_index and rises_evenly(row):
            continue
        elif is_other_signal(column.name) or _is_other_unit(column.unit):
            other.append(shown(column.name))
        else:
            kept.append(i)
    if other:
        notes.append(f"{listed(other)} {were(other)} left out: no ECG.")
    return [columns[i] for i in kept], [rows[i] for i in kept], fs_hz


def _times(row: Row) -> NDArray[np.float64]:
    times = _doubles(row)
    if not (np.abs(times) < MAX_TIME).all():
        raise ReadError("The time column has empty or impossible values; every sample needs one.")
    return times


def _doubles(row: Row) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # what signals "no number" is one
        return np.asarray(row, dtype=np.float64)


def rises_evenly(row: Row) -> bool:
    """Return whether values rise evenly, as a count or a clock does and no ECG."""
    values = _doubles(row)
    return bool((np.abs(values) < MAX_TIME).all()) and is_progression(values)


def _is_other_unit(unit: str) -> bool:
    return bool(unit) and not is_voltage(unit) and not is_normalised(unit)


def _rate(stated: float | None, options: ReadOptions, notes: list[str]) -> float | None:
    if stated is None and options.fs_hz is not None:
        notes.append(f"The sampling rate, {options.fs_hz:g} Hz, was given by the user.")
        return options.fs_hz
    if stated is not None and options.fs_hz not in (None, stated):
        notes.append(
            f"The rate given, {options.fs_hz:g} Hz, was not used: the file says {stated:g} Hz."
        )
    return stated


def _units(
    columns: Sequence[Column], stated: str, options: ReadOptions, notes: list[str]
) -> list[str]:
    units = [column.unit or stated or options.unit or "" for column in columns]
    told = {column.unit or stated for column in columns} - {"", options.unit}
    if options.unit is not None and told:
        found = listed(sorted(shown(unit, 16) for unit in told))
        notes.append(f"The unit given, {options.unit}, was not used where the file says {found}.")
    elif options.unit is not None:
        notes.append(f"The unit, {options.unit}, was given by the user.")
    return units


def missing(
    fs_hz: float | None, units: Sequence[str], names: Sequence[str]
) -> MissingInformationError:
    """Return the error that asks for everything that is missing at once."""
    asked = {
        "fs_hz": ("its sampling rate", fs_hz is None),
        "unit": ("the unit of its samples", not all(units)),
        "lead_names": (f"the names of its {len(names)} leads", not all(names)),
    }
    needs = tuple(key for key, (_, lacks) in asked.items() if lacks)
    what = listed(asked[key][0] for key in needs)
    return MissingInformationError(
        f"The file does not tell {what}; what is missing must be given, it is never guessed.", needs
    )


def _draft(
    found: Columns,
    columns: Sequence[Column],
    rows: Sequence[Row],
    fs_hz: float,
    options: ReadOptions,
) -> Draft:
    """Scale to mV; columns without voltage are kept only where none has one."""
    units = [column.unit for column in columns]
    volts = [i for i, unit in enumerate(units) if is_voltage(unit)]
    used = volts or list(range(len(units)))
    left = [shown(column.name) for i, column in enumerate(columns) if i not in used]
    if left:
        found.notes.append(f"{listed(left)} {were(left)} left out: no voltage.")
    signal = np.empty((len(used), len(rows[0])), dtype=np.float32)
    # Infinite values are found and noted when assembled; what signals "no number" is one.
    with np.errstate(over="ignore", invalid="ignore"):
        for at, i in enumerate(used):
            scale = mv_per(units[i]) if volts else 1.0
            signal[at] = np.asarray(rows[i], dtype=np.float64) * scale
    age = parse_age(found.age, found.notes) if found.age else None
    return Draft(
        names=[columns[i].name for i in used],
        signal=signal,
        fs_hz=fs_hz,
        unit=MV if volts else NU,
        provenance=Provenance(
            format=found.format,
            original_fs_hz=fs_hz,
            original_unit=listed(dict.fromkeys(units[i] for i in used)),
            device=shown(found.device),
        ),
        start=found.start,
        patient=make_patient(age, parse_sex(found.sex), {}, options),
        notes=found.notes,
    )
