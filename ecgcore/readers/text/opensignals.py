"""OpenSignals text files of biosignalsplux and BITalino: a header in JSON, then A/D counts.

Written from files and the public description of the format (header keys ``column``, ``sensor``,
``label``, ``sampling rate``, ``resolution``).  What a sensor's counts are in volts depends on its
gain, which the header does not state: without the caller's word the samples stay without voltage.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ecgcore.errors import ReadError
from ecgcore.readers.base import HEAD_BYTES, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.channels import Kind, classify_channel, describe_left_out
from ecgcore.readers.text.column_leads import read_columns
from ecgcore.readers.text.columns import Columns, parse_rate
from ecgcore.readers.text.layout import decode, find_layout, take_data, take_first_lines
from ecgcore.readers.text_values import parse_iso_time
from ecgcore.recording import Recording
from ecgcore.units import NU

_FIRST_LINE = re.compile(r"#\s*OpenSignals Text File", re.IGNORECASE)
_MAX_HEADER = 60_000
_DAMAGED = "The header of the OpenSignals file is damaged; export it from OpenSignals again."


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an OpenSignals text file."""
    text = decode(head[:200])
    return bool(text and _FIRST_LINE.match(text))


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the ECG sensors; other sensors, counters and digital inputs are left out by name.

    Raises
    ------
    MissingInformationError
        Where no sensor is an ECG and the channels are not named.
    ReadError
        If the header is damaged or does not fit the rows.
    """
    text = decode(source.data)
    devices = _parse_devices(text or "")
    names: list[str] = []
    sensors: list[str] = []
    analog: list[int] = []
    for device in devices:  # their columns stand side by side
        own, kinds = _take_list(device, "column"), _take_list(device, "sensor")
        analog += [len(names) + i for i in _find_analog(device, own, len(kinds))]
        names, sensors = names + own, sensors + kinds
    header = devices[0]
    rows = _read_rows(text or "", len(names))
    notes = describe_left_out(
        [n for i, n in enumerate(names) if i not in analog], "not an analog input"
    )
    unit = _find_unit(header, notes)
    found = Columns(
        "OpenSignals",
        _make_titles([names[i] for i in analog], sensors),
        [rows[:, i] for i in analog],
        fs_hz=parse_rate(header.get("sampling rate")),
        unit=unit,
        start=parse_iso_time(str(header.get("date", "")), str(header.get("time", ""))),
        device=str(header.get("device", "")),
        notes=notes,
    )
    return read_columns(found, source, options)


def _parse_devices(text: str) -> list[Mapping[str, Any]]:
    """Return the header of each device."""
    lines = text[:_MAX_HEADER].splitlines()[:20]
    line = next((line for line in lines if re.match(r"#\s*\{", line)), "")
    with guard_library(_DAMAGED):
        content = json.loads(line.lstrip("# "))
        devices: list[Mapping[str, Any]] = [d for d in content.values() if isinstance(d, dict)]
        if not devices:
            raise ReadError(_DAMAGED)
        if any(d.get("sampling rate") != devices[0].get("sampling rate") for d in devices):
            raise ReadError(
                "The OpenSignals file contains devices of different rates; export them one by one."
            )
    return devices


def _take_list(header: Mapping[str, Any], key: str) -> list[str]:
    value = header.get(key)
    if not isinstance(value, list) or not value:
        raise ReadError(_DAMAGED)
    return [str(item) for item in value]


def _read_rows(text: str, width: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    layout = find_layout(take_first_lines(text, HEAD_BYTES + _MAX_HEADER))
    if layout is None:
        raise ReadError("The OpenSignals file contains no samples.")
    with guard_library("The rows of the OpenSignals file are damaged; export it again."):
        table = pd.read_csv(
            io.StringIO(take_data(text, layout)),
            sep=r"\s+",
            decimal=layout.decimal,
            header=None,
            dtype=np.float64,
            engine="c",
        ).to_numpy(dtype=np.float64)
    if table.shape[1] != width:
        raise ReadError(
            f"The header of the OpenSignals file names {width} columns, the rows have "
            f"{table.shape[1]}; export it again."
        )
    return table


def _find_analog(header: Mapping[str, Any], names: Sequence[str], n_sensors: int) -> list[int]:
    """Return the columns of the sensors: by their labels, else the last ones."""
    labels = [str(label) for label in header.get("label") or []]
    if len(labels) == n_sensors and len(set(labels)) == n_sensors and set(labels) <= set(names):
        return [names.index(label) for label in labels]
    if n_sensors > len(names):
        raise ReadError(_DAMAGED)
    return list(range(len(names) - n_sensors, len(names)))


def _make_titles(labels: Sequence[str], sensors: Sequence[str]) -> list[str]:
    """Return each channel's sensor; with its label where there are several, or it tells nothing."""
    titles = []
    for label, sensor in zip(labels, sensors, strict=True):
        plain = classify_channel(sensor) in (Kind.ECG, Kind.OTHER) and sensors.count(sensor) == 1
        bare = sensor.strip().upper() in ("", "RAW", "CUSTOM")
        titles.append(sensor if plain else label if bare else f"{sensor} ({label})")
    return titles


def _find_unit(header: Mapping[str, Any], notes: list[str]) -> str:
    """Return NU for counts; nothing, so that it is asked for, where values were converted."""
    if header.get("convertedValues") in (1, "1", True):
        return ""
    device = clean_text(str(header.get("device", "")), 24)
    notes.append(
        f"The samples are A/D counts{f' of a {device}' if device else ''} and not a voltage; they "
        "are shown in normalised units, and no amplitude is measured."
    )
    return NU
