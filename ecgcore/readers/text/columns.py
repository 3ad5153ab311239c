"""Columns of numbers and the facts beside them: what tables, MATLAB, NumPy and JSON files share.

Rate, unit and names come from the file or from the caller and are never guessed from the samples;
:mod:`ecgcore.readers.text.column_leads` makes the recording.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.leads import canonical_lead
from ecgcore.recording import MAX_FS_HZ, MAX_LEADS
from ecgcore.units import is_normalised, is_voltage

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
    """What a file contains, before it is known which columns are leads.

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
    derived : tuple of str
        Leads that the file itself says were computed.
    simulated : bool
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
    derived: tuple[str, ...] = ()
    simulated: bool = False


def normalise_key(name: str) -> str:
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
    values = {normalise_key(name): _take_single(value) for name, value in facts.items()}
    for key in _FS_KEYS:
        if columns.fs_hz is None and key in values:
            columns.fs_hz = parse_rate(values[key])
    for key in _UNIT_KEYS:
        text = _take_common_text(values.get(key)).strip()
        if not columns.unit and (is_voltage(text) or is_normalised(text)):
            columns.unit = text
    for key in _AGE_KEYS:
        columns.age = columns.age or _take_text(values.get(key))
    for key in _SEX_KEYS:
        columns.sex = columns.sex or _take_text(values.get(key))
    for key in _DEVICE_KEYS:
        columns.device = columns.device or _take_text(values.get(key))
    for key in _START_KEYS:
        columns.start = columns.start or _parse_moment(values.get(key))


def find_lead_names(facts: Mapping[str, Any]) -> list[str] | None:
    """Return the list of lead names among a file's named values, or None."""
    by_key = {normalise_key(name): value for name, value in facts.items()}
    for key in _LEAD_KEYS:
        names = _parse_name_list(by_key.get(key))
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
    if any(normalise_key(name) in ("lead", "leads", "channel", "lead_name") for name in names):
        raise ReadError(
            "The table has one row for each lead and sample; save it with one column per lead."
        )


def is_fact(name: str) -> bool:
    """Return whether a name is one of a rate, unit, list of leads, age or sex."""
    return normalise_key(name) in {*_FS_KEYS, *_UNIT_KEYS, *_LEAD_KEYS, *_AGE_KEYS, *_SEX_KEYS}


def is_rate(name: str) -> bool:
    """Return whether a name is one of a sampling rate."""
    return normalise_key(name) in _FS_KEYS


def parse_rate(value: object) -> float | None:
    """Return a rate in Hz from a number or a text (``500``, ``"500 Hz"``, ``"0.5 kHz"``)."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e\d{1,2})?)\s*(k?hz|hertz)?\s*", str(value), re.I)
    if match is None:
        return None
    rate = float(match[1]) * (1000 if (match[2] or "").lower() == "khz" else 1)
    return rate if 0 < rate <= MAX_FS_HZ else None


def _take_single(value: object) -> object:
    while True:
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        elif isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        else:
            break
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _take_common_text(value: object) -> str:
    """Return a text, or the one that a list of texts contains again and again."""
    texts = {value} if isinstance(value, str) else set(_parse_name_list(value) or ())
    return texts.pop() if len(texts) == 1 else ""


def _take_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float, np.number)):
        return ""
    return "" if isinstance(value, float) and not math.isfinite(value) else str(value)


def _parse_moment(value: object) -> datetime | None:
    """Return the moment that an ISO 8601 text with date and time names (the clock at the place)."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", value):
        return None
    try:
        return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _parse_name_list(value: object) -> list[str] | None:
    if isinstance(value, str):
        parts = [part.strip() for part in re.split(r"[,;|\s]+", value) if part.strip()]
        return parts if parts and all(canonical_lead(part) for part in parts) else None
    if not isinstance(value, (list, tuple, np.ndarray)):
        return None
    items = list(value.ravel()) if isinstance(value, np.ndarray) else list(value)
    texts = [_take_single(item) for item in items[: 4 * MAX_LEADS]]
    return [str(text).strip() for text in texts] if _are_texts(texts) else None


def _are_texts(items: Sequence[object]) -> bool:
    return bool(items) and all(isinstance(item, str) for item in items)


def orient_matrix(values: NDArray[Any], n_names: int | None, notes: list[str]) -> NDArray[Any]:
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
            f"The array has the shape {shape}, so it is unclear which axis the leads are; "
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
