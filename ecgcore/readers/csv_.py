"""Text tables (CSV, TXT): one column a lead, or one row a lead.

Rate and unit come from the file or from the caller; they are never guessed from the samples.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import canonical_lead
from ecgcore.readers.assemble import (
    SIMULATED_COMMENT,
    chosen_names,
    computed_leads,
    find_age_sex,
    finish,
    is_other_signal,
    listed,
    make_patient,
    were,
)
from ecgcore.readers.base import HEAD_BYTES, Draft, ReadOptions, Source, library, shown
from ecgcore.readers.csv_header import (
    SECONDS,
    Column,
    find_columns,
    find_rate,
    find_unit,
    parse_column,
)
from ecgcore.readers.csv_text import (
    Layout,
    cut_last_line,
    data_text,
    decode,
    find_layout,
    first_lines,
    is_comment,
    is_value,
    split,
)
from ecgcore.readers.csv_time import is_progression, rate_from_time
from ecgcore.readers.csv_write import written_start
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_normalised, is_voltage, mv_per

_LAYOUT_CHARACTERS = 1_000_000
_ABSENT = ["-", "--", "?", "na", "Na", "none", "None", "nil", "NAN", "Nan"]
_SINGLE_NAME = "ECG"
Table = NDArray[np.float64]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a text table of numbers."""
    return _layout_of_head(head) is not None


def listed_in_folder(head: bytes) -> bool:
    """Return whether a table in a folder is a recording rather than a list of cases.

    It is if its header names a lead, or if it has no header at all.
    """
    layout = _layout_of_head(head)
    if layout is None:
        return False
    if not layout.header:
        return True
    columns = find_columns(layout, len(layout.numeric)) or []
    return any(canonical_lead(c.name) or is_voltage(c.unit) for c in columns)


def _layout_of_head(head: bytes) -> Layout | None:
    text = decode(head[: len(head) // 2 * 2] if len(head) == HEAD_BYTES else head)
    if text and len(head) == HEAD_BYTES:
        text = cut_last_line(text)
    return find_layout(text.splitlines()[:400]) if text else None


@dataclass
class _Columns:
    """The table's columns of numbers: what the header says of each, and the values."""

    columns: list[Column]
    values: Table  # (n_samples, n_columns)
    named: bool


def read(source: Source, options: ReadOptions) -> Recording:
    """Read a text table.

    Raises
    ------
    MissingInformationError
        Where rate, unit or lead names are neither in the file nor given.
    ReadError
        One sentence: no table, ragged rows, irregular time.
    """
    text = decode(source.data)
    layout = find_layout(first_lines(text, _LAYOUT_CHARACTERS)) if text else None
    if text is None or layout is None:
        raise ReadError("The text holds no table of numbers.")
    notes: list[str] = []
    table = _load(text, layout, notes)
    if options.lead_names is not None and len(options.lead_names) == len(table.columns):
        table = _renamed(table, options.lead_names)
        options = replace(options, lead_names=None)
    stated = [*layout.comments, *layout.header]
    time_fs_hz, leads = _split_time(table, options, notes)
    if not leads.columns:
        raise ReadError("The table holds no column of samples beside time.")
    fs_hz = _rate(time_fs_hz, find_rate(stated), options, notes)
    leads = _chosen(leads, options)
    units = _units(leads.columns, find_unit(stated), options, notes)
    names = [column.name for column in leads.columns]
    if fs_hz is None or not all(units) or not all(names):
        raise _missing(fs_hz, units, names)
    patient = make_patient(*find_age_sex(stated, notes), {}, options)
    draft = _draft(leads, units, fs_hz, patient, notes)
    draft.derived = computed_leads(layout.comments)
    draft.start = written_start(layout.comments)
    if SIMULATED_COMMENT in layout.comments:
        draft.provenance = replace(draft.provenance, simulated=True)
    return finish(draft, source)


def _load(text: str, layout: Layout, notes: list[str]) -> _Columns:
    body = data_text(text, layout)
    n_rows = body.count("\n") + 1
    width = len(layout.numeric)
    if width > MAX_LEADS:
        if n_rows > MAX_LEADS + 1:
            raise ReadError(
                f"The table has {width} columns and {n_rows} rows; one of the two must be the "
                f"leads, at most {MAX_LEADS}."
            )
        return _load_rows(body, layout, notes)
    values = _parse(body, layout, notes)
    columns = find_columns(layout, width)
    every = columns or [Column("")] * width
    kept = [i for i in range(width) if layout.numeric[i]]
    # A delimiter at the end of each line makes a last column without name or value.
    filled = [bool(every[i].name) or not np.isnan(values[:, j]).all() for j, i in enumerate(kept)]
    kept, values = [i for i, full in zip(kept, filled, strict=True) if full], values[:, filled]
    text_columns = [shown(every[i].name) for i in range(width) if not layout.numeric[i]]
    text_columns = [name for name in text_columns if name]
    if text_columns:
        notes.append(f"{listed(text_columns)} {were(text_columns)} left out: not numbers.")
    return _Columns([every[i] for i in kept], values, columns is not None)


def _load_rows(body: str, layout: Layout, notes: list[str]) -> _Columns:
    """Load a table with one row a lead; a first field that is no number is the lead's name."""
    rows, names = [], []
    for line in re.split(r"\r\n|\r|\n", body):
        if not line.strip() or is_comment(line.strip()):
            continue
        fields = split(line, layout.delimiter)
        label = "" if is_value(fields[0], layout.decimal) else fields.pop(0)
        names.append(label)
        rows.append([_number(item, layout.decimal) for item in fields])
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise ReadError(
            f"The table has one row a lead, but the rows have {min(lengths)} to {max(lengths)} "
            "values; all must have the same number."
        )
    notes.append("The table has one row a lead; it was turned.")
    values = np.array(rows, dtype=np.float64).T
    return _Columns([parse_column(name) for name in names], values, any(names))


def _number(text: str, decimal: str) -> float:
    if not text:
        return np.nan
    try:
        return float(text.replace(",", ".") if decimal == "," else text)
    except ValueError:
        if is_value(text, decimal):
            return np.nan
        raise ReadError(f"The table holds {shown(text)!r} where a number is needed.") from None


def _parse(body: str, layout: Layout, notes: list[str]) -> Table:
    """Parse the columns of numbers; pandas does it, a slow look finds the row it stumbles at."""
    columns = [i for i, numeric in enumerate(layout.numeric) if numeric]
    body = body.rstrip("\r\n\t ")
    try:
        if not _is_even(body, layout):
            raise ReadError("The rows do not agree with each other.")
        return _parse_fast(body, layout, columns)
    except ReadError:
        bad = _bad_row(body, layout)
        shorter = cut_last_line(body)
        if bad is None or bad[0] < body.count("\n") or shorter == body:
            raise ReadError(_bad_row_sentence(bad, layout)) from None
    notes.append("The last row is incomplete and was left out.")
    return _parse_fast(shorter, layout, columns)


def _parse_fast(body: str, layout: Layout, columns: list[int]) -> Table:
    with library("The table cannot be read."):
        frame = pd.read_csv(
            io.StringIO(body),
            sep={"": "\t", " ": r"\s+"}.get(layout.delimiter, layout.delimiter),
            decimal=layout.decimal,
            header=None,
            usecols=columns,
            dtype=np.float64,
            na_values=_ABSENT,
            comment="#",
            skipinitialspace=True,
            skip_blank_lines=len(layout.numeric) > 1,
            engine="c",
            low_memory=False,
        )
    return frame.to_numpy(dtype=np.float64)


def _is_even(body: str, layout: Layout) -> bool:
    """Return whether every row has the same number of fields, which pandas does not ask for."""
    width = len(layout.numeric)
    if layout.delimiter not in ("", " "):
        n_rows = body.count("\n") + 1 if "\n" in body else body.count("\r") + 1
        if body.count(layout.delimiter) == n_rows * (width - 1):
            return True
    elif not layout.delimiter:
        return True
    return _bad_row(body, layout) is None


def _bad_row(body: str, layout: Layout) -> tuple[int, str] | None:
    """Return index and what is wrong of the first row that does not fit, or None."""
    for i, line in enumerate(re.split(r"\r\n|\r|\n", body)):
        if not line.strip() or is_comment(line.strip()):
            continue
        fields = split(line, layout.delimiter)
        if len(fields) != len(layout.numeric):
            return i, f"has {len(fields)} fields, {len(layout.numeric)} are needed"
        for text, numeric in zip(fields, layout.numeric, strict=True):
            if numeric and not is_value(text, layout.decimal):
                return i, f"holds {shown(text)!r} where a number is needed"
    return None


def _bad_row_sentence(bad: tuple[int, str] | None, layout: Layout) -> str:
    if bad is None:
        return "The table cannot be read: its rows do not agree with each other."
    return f"Line {layout.first + bad[0] + 1} {bad[1]}."


def _renamed(table: _Columns, names: Sequence[str]) -> _Columns:
    """Give every column, time included, the caller's name; a column without one is left out."""
    kept = [i for i, name in enumerate(names) if name not in ("", "-")]
    columns = []
    for i in kept:
        column = parse_column(names[i])
        columns.append(Column(column.name, column.unit or table.columns[i].unit))
    return _Columns(columns, table.values[:, kept], named=True)


def _split_time(
    table: _Columns, options: ReadOptions, notes: list[str]
) -> tuple[float | None, _Columns]:
    """Take time and index columns out; return the rate that time gives, and the rest."""
    fs_hz: float | None = None
    keep: list[int] = []
    other: list[str] = []
    for i, column in enumerate(table.columns):
        values = table.values[:, i]
        if column.is_time and len(table.columns) > 1:
            scale = SECONDS.get(column.unit.lower())
            if options.fs_hz is None or scale:
                fs_hz = rate_from_time(values, scale, notes) or fs_hz
        elif _is_index(column, values, first=i == 0, alone=len(table.columns) == 1):
            if not column.name:
                fs_hz = rate_from_time(values, None, notes, name_it=True) or fs_hz
        elif is_other_signal(column.name) or _is_other_unit(column.unit):
            other.append(shown(column.name))
        else:
            keep.append(i)
    if other:
        notes.append(f"{listed(other)} {were(other)} left out: no ECG.")
    return fs_hz, _Columns([table.columns[i] for i in keep], table.values[:, keep], table.named)


def _is_index(column: Column, values: Table, *, first: bool, alone: bool) -> bool:
    """Return whether a column counts samples or seconds: by its name, or evenly rising."""
    if alone or canonical_lead(column.name):
        return False
    if column.name:
        return column.is_index and is_progression(values)
    return first and is_progression(values)


def _is_other_unit(unit: str) -> bool:
    return bool(unit) and not is_voltage(unit) and not is_normalised(unit)


def _rate(
    from_time: float | None, from_header: float | None, options: ReadOptions, notes: list[str]
) -> float | None:
    stated = from_time or from_header
    if from_time and from_header and abs(from_time - from_header) > 0.01 * from_time:
        notes.append(
            f"The header says {from_header:g} Hz, the time column {from_time:g} Hz; the time "
            "column was followed."
        )
    if stated is None and options.fs_hz is not None:
        notes.append(f"The sampling rate, {options.fs_hz:g} Hz, was given by the user.")
        return options.fs_hz
    if stated is not None and options.fs_hz not in (None, stated):
        notes.append(
            f"The rate given, {options.fs_hz:g} Hz, was not used: the file says {stated:g} Hz."
        )
    return stated


def _chosen(leads: _Columns, options: ReadOptions) -> _Columns:
    """Name the columns as the caller wishes; a name still empty has to be asked for."""
    columns = leads.columns
    if options.lead_names is not None:
        names = chosen_names([column.name for column in columns], options)
        keep = [i for i, name in enumerate(names) if name is not None]
        columns = [Column(names[i] or "", columns[i].unit) for i in keep]
        return _Columns(columns, leads.values[:, keep], named=True)
    if len(columns) == 1 and not columns[0].name:
        return _Columns([Column(_SINGLE_NAME, columns[0].unit)], leads.values, leads.named)
    return leads


def _units(
    columns: Sequence[Column], stated: str | None, options: ReadOptions, notes: list[str]
) -> list[str]:
    """Return each column's unit; "" where it has to be asked for."""
    units = [column.unit or stated or options.unit or "" for column in columns]
    if options.unit is not None:
        told = {column.unit or stated for column in columns} - {None, options.unit}
        if told:
            notes.append(
                f"The unit given, {options.unit}, was not used where the file says "
                f"{listed(sorted(shown(str(unit)) for unit in told))}."
            )
        else:
            notes.append(f"The unit, {options.unit}, was given by the user.")
    return units


def _missing(
    fs_hz: float | None, units: Sequence[str], names: Sequence[str]
) -> MissingInformationError:
    """Return the error that asks for everything that is missing at once."""
    asked = {
        "fs_hz": ("its sampling rate", fs_hz is None),
        "unit": ("the unit of its samples", not all(units)),
        "lead_names": (f"the names of its {len(names)} columns", not all(names)),
    }
    needs = tuple(key for key, (_, missing) in asked.items() if missing)
    what = listed(asked[key][0] for key in needs)
    return MissingInformationError(
        f"The file does not tell {what}; what is missing must be given, it is never guessed.", needs
    )


def _draft(
    leads: _Columns,
    units: Sequence[str],
    fs_hz: float,
    patient: Patient,
    notes: list[str],
) -> Draft:
    """Scale to mV; columns without voltage are kept only where none has one."""
    names = [column.name for column in leads.columns]
    volts = [i for i, unit in enumerate(units) if is_voltage(unit)]
    used = volts or list(range(len(units)))
    left = [shown(name) for i, name in enumerate(names) if i not in used]
    if left:
        notes.append(f"{listed(left)} {were(left)} left out: no voltage.")
    scale = np.array([mv_per(units[i]) if volts else 1.0 for i in used])
    values = leads.values[:, used] * scale
    with np.errstate(over="ignore"):  # infinite values are found and noted when assembled
        signal = np.ascontiguousarray(values.T).astype(np.float32)
    return Draft(
        names=[names[i] for i in used],
        signal=signal,
        fs_hz=fs_hz,
        unit=MV if volts else NU,
        provenance=Provenance(
            format="CSV",
            original_fs_hz=fs_hz,
            original_unit=listed(dict.fromkeys(units[i] for i in used)),
        ),
        patient=patient,
        notes=notes,
    )
