"""Text tables (CSV, TXT): one column per lead, or one row per lead.

Rate and unit come from the file or from the caller; they are never guessed from the samples.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.leads import canonical_lead
from ecgcore.readers.assemble import SIMULATED_COMMENT, find_age_sex, find_computed_leads
from ecgcore.readers.base import HEAD_BYTES, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.channels import describe_left_out, names_ecg
from ecgcore.readers.text.column_leads import read_columns
from ecgcore.readers.text.columns import Columns
from ecgcore.readers.text.header import Column, find_columns, find_rate, find_unit, parse_column
from ecgcore.readers.text.layout import (
    Layout,
    cut_last_line,
    decode,
    find_layout,
    glue_units,
    is_clock,
    is_comment,
    is_number,
    is_value,
    parse_clock,
    split_fields,
    split_unit,
    take_data,
    take_first_lines,
    uses_comma_twice,
)
from ecgcore.readers.text.write import find_start
from ecgcore.recording import MAX_LEADS, Recording
from ecgcore.units import is_voltage

_LAYOUT_CHARACTERS = 1_000_000
_ABSENT = ["-", "--", "?", "na", "Na", "none", "None", "nil", "NAN", "Nan"]
_DAY_S = 86_400.0
Table = NDArray[np.float64]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a text table of numbers, and nothing that has its own name."""
    text = _decode_head(head)
    if text is None or name.lower().endswith(".hea") or text.lstrip()[:1] in ("<", "{"):
        return False
    lines = text.splitlines()[:400]
    return find_layout(lines) is not None or uses_comma_twice(lines)


def is_recording(head: bytes) -> bool:
    """Return whether a table in a folder is a recording rather than a list of cases.

    It is if its header names a lead or an ECG, if it states a rate, or if it has no header at all.
    """
    text = _decode_head(head)
    layout = find_layout(text.splitlines()[:400]) if text else None
    if layout is None:
        return False
    if not layout.header or find_rate(layout.comments) is not None:
        return True
    columns = find_columns(layout, len(layout.numeric)) or []
    if any(canonical_lead(c.name) or is_voltage(c.unit) for c in columns):
        return True
    # A row of a list may say "normal ECG" between its numbers.
    is_header = not any(is_number(c.name, layout.decimal) for c in columns)
    return is_header and any(names_ecg(c.name) for c in columns)


def _decode_head(head: bytes) -> str | None:
    text = decode(head[: len(head) // 2 * 2] if len(head) == HEAD_BYTES else head)
    return cut_last_line(text) if text and len(head) == HEAD_BYTES else text


@dataclass
class _Table:
    """The table's columns of numbers: what the header states of each, and the values."""

    columns: list[Column]
    values: Table  # (n_samples, n_columns)


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
    lines = take_first_lines(text, _LAYOUT_CHARACTERS) if text else []
    if uses_comma_twice(lines):
        raise ReadError(
            "The comma is both decimal sign and column separator, so it is not clear which "
            "numbers are meant; export the table with semicolons between the columns, or with "
            "decimal points."
        )
    layout = find_layout(lines)
    if text is None or layout is None:
        raise ReadError("The text contains no table of numbers.")
    notes: list[str] = []
    table = _load(text, layout, notes)
    stated = [*layout.comments, *layout.header]
    age, sex = find_age_sex(stated, notes)
    found = Columns(
        "CSV",
        [column.name for column in table.columns],
        list(table.values.T),
        fs_hz=find_rate(stated),
        unit=find_unit(stated) or "",
        units=[column.unit for column in table.columns],
        age="" if age is None else repr(age),
        sex=sex or "",
        notes=notes,
        derived=find_computed_leads(layout.comments),
        start=find_start(layout.comments),
        simulated=SIMULATED_COMMENT in layout.comments,
    )
    return read_columns(found, source, options)


def _load(text: str, layout: Layout, notes: list[str]) -> _Table:
    body = take_data(text, layout)
    n_rows = body.count("\n") + 1
    width = len(layout.numeric)
    if width > MAX_LEADS:
        if n_rows > MAX_LEADS + 1:
            raise ReadError(
                f"The table has {width} columns and {n_rows} rows; one of the two must be the "
                f"leads, at most {MAX_LEADS}."
            )
        return _load_rows(body, layout, notes)
    every = find_columns(layout, width) or [Column("")] * width
    if layout.units_in_cells:
        body, units = _strip_units(body, layout)
        every = [Column(c.name, c.unit or u) for c, u in zip(every, units, strict=True)]
    values = _parse(body, layout, notes)
    kept = [i for i in range(width) if layout.numeric[i]]
    # A delimiter at the end of each line makes a last column without name or value.
    filled = [bool(every[i].name) or not np.isnan(values[:, j]).all() for j, i in enumerate(kept)]
    kept, values = [i for i, full in zip(kept, filled, strict=True) if full], values[:, filled]
    columns = [every[i] for i in kept]
    for i in (i for i in range(width) if not layout.numeric[i]):
        times = _parse_clock_times(body, layout, i, len(values))
        if times is not None:
            columns.append(Column(every[i].name or "time", "s"))
            values = np.column_stack([values, times])
        else:
            notes += describe_left_out([every[i].name] if every[i].name else [], "not numbers")
    return _Table(columns, values)


def _parse_clock_times(body: str, layout: Layout, at: int, n_rows: int) -> Table | None:
    """Return a column of clock times in seconds, over midnight too; None if it is none."""
    rows = _walk_cells(body, layout)
    first = next(rows, (0, []))[1]
    if not is_clock(first[at]) or parse_clock(first[at]) is None:
        return None
    seconds = [parse_clock(fields[at]) for _, fields in _walk_cells(body, layout)]
    if len(seconds) < n_rows:
        return None
    times = np.array([np.nan if second is None else second for second in seconds[:n_rows]])
    with np.errstate(invalid="ignore"):
        days = np.cumsum(np.diff(times, prepend=times[0]) < -_DAY_S / 2)
    return times + _DAY_S * days


def _walk_cells(body: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Yield the index and the fields of each line of data."""
    for i, line in enumerate(re.split(r"\r\n|\r|\n", body)):
        if line.strip() and not is_comment(line.strip()):
            apart = layout.units_in_cells and layout.delimiter == " "
            bare = glue_units(line) if apart else line
            yield i, split_fields(bare, layout.delimiter)


def _strip_units(body: str, layout: Layout) -> tuple[str, list[str]]:
    """Return the data with bare numbers, and the unit that stood in each column's cells.

    Raises
    ------
    ReadError
        Where a column has cells in other units.
    """
    units = [""] * len(layout.numeric)
    lines = []
    for i, fields in _walk_cells(body, layout):
        for at, text in enumerate(fields[: len(units)]):
            found = split_unit(text, layout.decimal)
            if found is None:
                continue
            fields[at], unit = found
            if units[at] and unit != units[at]:
                raise ReadError(
                    f"Line {layout.first + i + 1}, column {at + 1} contains {clean_text(text)!r}, "
                    f"cells before it are in {units[at]}; write the unit once, in the header."
                )
            units[at] = unit
        lines.append((layout.delimiter or "\t").join(fields))
    return "\n".join(lines), units


def _load_rows(body: str, layout: Layout, notes: list[str]) -> _Table:
    """Load a table with one row per lead; a first field that is not a number is the lead's name."""
    rows, names = [], []
    for _, fields in _walk_cells(body, layout):
        label = "" if is_value(fields[0], layout.decimal) else fields.pop(0)
        names.append(label)
        rows.append([_parse_number(item, layout.decimal) for item in fields])
    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise ReadError(
            f"The table has one row per lead, but the rows have {min(lengths)} to {max(lengths)} "
            "values; all must have the same number."
        )
    notes.append("The table has one row per lead; it was transposed.")
    return _Table([parse_column(name) for name in names], np.array(rows, dtype=np.float64).T)


def _parse_number(text: str, decimal: str) -> float:
    if not text:
        return np.nan
    try:
        return float(text.replace(",", ".") if decimal == "," else text)
    except ValueError:
        if is_value(text, decimal):
            return np.nan
        raise ReadError(
            f"The table contains {clean_text(text)!r} where a number is needed."
        ) from None


def _parse(body: str, layout: Layout, notes: list[str]) -> Table:
    """Parse the columns of numbers; pandas does it, a slow look finds the row it stumbles at."""
    columns = [i for i, numeric in enumerate(layout.numeric) if numeric]
    body = body.rstrip("\r\n\t ")
    try:
        if not _is_even(body, layout):
            raise ReadError("The rows do not agree with each other.")
        return _parse_fast(body, layout, columns)
    except ReadError:
        bad = _find_bad_row(body, layout)
        shorter = cut_last_line(body)
        if bad is None or bad[0] < body.count("\n") or shorter == body:
            raise ReadError(_explain_bad_row(bad, layout)) from None
    notes.append("The last row is incomplete and was left out.")
    return _parse_fast(shorter, layout, columns)


def _parse_fast(body: str, layout: Layout, columns: list[int]) -> Table:
    with guard_library("The table cannot be read."):
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
    return _find_bad_row(body, layout) is None


def _find_bad_row(body: str, layout: Layout) -> tuple[int, str] | None:
    """Return index and what is wrong of the first row that does not fit, or None."""
    for i, fields in _walk_cells(body, layout):
        if len(fields) != len(layout.numeric):
            return i, f" has {len(fields)} fields, {len(layout.numeric)} are needed"
        for at, (text, numeric) in enumerate(zip(fields, layout.numeric, strict=True), start=1):
            if numeric and not is_value(text, layout.decimal):
                return i, f", column {at} contains {clean_text(text)!r} where a number is needed"
    return None


def _explain_bad_row(bad: tuple[int, str] | None, layout: Layout) -> str:
    if bad is None:
        return "The table cannot be read: its rows do not agree with each other."
    return f"Line {layout.first + bad[0] + 1}{bad[1]}."
