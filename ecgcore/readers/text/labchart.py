"""LabChart text export (ADInstruments): lines of ``Key=`` values, then rows of one sample each.

Every block begins with its own lines; the names in ``ChannelTitle=`` have none for the column of
time before them, ``Range=`` (or ``UnitName=``) tells each channel's unit.  Written from the public
description of the export and sample files; comments in rows (``#* text``) are left out.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.base import ReadOptions, Source, guard_library
from ecgcore.readers.text.column_leads import read_columns, rises_evenly
from ecgcore.readers.text.columns import Columns
from ecgcore.readers.text.header import SECONDS
from ecgcore.readers.text.layout import decode
from ecgcore.readers.text_values import limit_with_gaps, parse_number, parse_rate_of_interval
from ecgcore.recording import Recording

_KEY = re.compile(r"([A-Za-z]{3,20})=")
_HEAD_LINES = 12
_COMMENT = re.compile(r"\t#[^\r\n]*")
_DAY_S = 86_400.0
# So many digits of a day's number tell the time to a hundredth of a second.
_DAY_DIGITS = 12
_MAX_BLOCKS = 1000


@dataclass(frozen=True)
class _Block:
    """One block: its header, its rows as text, and the number of its first line."""

    header: dict[str, list[str]]
    body: str
    line: int

    @property
    def titles(self) -> list[str]:
        """The channels' names."""
        return self.header.get("ChannelTitle", [])

    @property
    def start_s(self) -> float | None:
        """When it began, in s, or None where the file does not state it finely enough."""
        text = (self.header.get("ExcelDateTime") or [""])[0]
        digits = sum(c.isdigit() for c in re.split("[eE]", text)[0])
        days = parse_number(text)
        return None if days is None or digits < _DAY_DIGITS else days * _DAY_S


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a LabChart text export."""
    text = decode(head[: len(head) // 2 * 2]) or ""
    keys = {match[1] for line in text.splitlines()[:_HEAD_LINES] if (match := _KEY.match(line))}
    return {"Interval", "ChannelTitle"} <= keys


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the ECG channels of the blocks, each at its own time.

    Raises
    ------
    MissingInformationError
        Where the rate, a unit or a name is neither in the file nor given.
    ReadError
        If the rows do not fit the header.
    """
    notes: list[str] = []
    blocks = [block for block in _split_blocks(decode(source.data) or "") if block.body.strip()]
    if not blocks:
        raise ReadError("The LabChart file contains no samples.")
    values = [_read_values(block) for block in blocks]
    longest = max(range(len(blocks)), key=lambda i: values[i].shape[1])
    header = blocks[longest].header
    fs_hz = _read_rate(header)
    rows = values[longest]
    if len(blocks) > 1:
        joined = _join_blocks(blocks, values, fs_hz, options)
        rows = rows if joined is None else joined
        notes.append(
            f"The {len(blocks)} blocks of the file were joined, with absent samples between them."
            if joined is not None
            else f"The file contains {len(blocks)} blocks; the longest, number {longest + 1}, was "
            "read, and the others were left out."
        )
    titles = blocks[longest].titles
    found = Columns(
        "LabChart",
        titles,
        list(rows),
        fs_hz=fs_hz,
        units=_read_units(header, len(titles)),
        notes=notes,
    )
    return read_columns(found, source, options)


def _split_blocks(text: str) -> list[_Block]:
    lines = re.split(r"\r\n|\r|\n", text)
    starts = [i for i, line in enumerate(lines) if line.startswith("Interval=")]
    if len(starts) > _MAX_BLOCKS:
        raise ReadError(f"The LabChart file contains more than {_MAX_BLOCKS} blocks.")
    blocks = []
    ends = [*starts[1:], len(lines)]
    for start, end in zip(starts, ends, strict=False):  # one end more where there is no block
        header: dict[str, list[str]] = {}
        at = start
        while at < end and (match := _KEY.match(lines[at])):
            values = lines[at][match.end() :].rstrip().split("\t")[1:]
            header[match[1]] = [value.strip() for value in values]
            at += 1
        blocks.append(_Block(header, "\n".join(lines[at:end]), at))
    return blocks


def _read_rate(header: dict[str, list[str]]) -> float | None:
    text = " ".join(header.get("Interval", []))
    match = re.match(r"\s*([\d.,eE+-]+)\s*([a-zµμ]+)?", text)
    scale = SECONDS.get(match[2] or "s") if match else None
    return parse_rate_of_interval(match[1], scale) if match and scale else None


def _read_units(header: dict[str, list[str]], n: int) -> list[str]:
    """Return each channel's unit: as named, else that of its range ("5.0 mV")."""
    named = header.get("UnitName") or []
    ranges = [re.sub(r"^[^a-zµμ°%]*", "", r, flags=re.IGNORECASE) for r in header.get("Range", [])]
    units = named if any(named) else ranges
    return [(units[i] if i < len(units) else "").strip("* ") for i in range(n)]


def _read_values(block: _Block) -> NDArray[np.float64]:
    """Return the samples, shape (n_channels, n_samples)."""
    body = _COMMENT.sub("", block.body)
    first = next(line for line in body.splitlines() if line.strip())
    fields = first.removesuffix("\t").split("\t")
    n = len(block.titles)
    before = len(fields) - n
    numbers = [field for field in fields[:before] if parse_number(field) is not None]
    # A column of time, a number or a clock, and perhaps one of the date.
    if not n or not 0 <= before <= 2 or len(numbers) > 1:
        raise _explain_misfit(block, len(fields))
    comma = any("," in field for field in fields[before:])
    with guard_library("The rows of the LabChart file are damaged; export it again."):
        table = pd.read_csv(
            io.StringIO(body),
            sep="\t",
            decimal="," if comma else ".",
            header=None,
            names=list(range(max(line.count("\t") for line in body.split("\n")) + 1)),
            usecols=list(range(before, len(fields))),
            dtype=np.float64,
            skipinitialspace=True,
            engine="c",
            index_col=False,
        )
    rows = table.to_numpy(dtype=np.float64).T
    if before == 0 and len(rows) > 1 and rises_evenly(rows[0]):
        raise _explain_misfit(block, len(fields))
    return rows


def _explain_misfit(block: _Block, n_fields: int) -> ReadError:
    return ReadError(
        f"Line {block.line + 1} of the LabChart file has {n_fields} fields, and its header names "
        f"{len(block.titles)} channels; a column of time and one for each channel are needed."
    )


def _join_blocks(
    blocks: Sequence[_Block],
    values: Sequence[NDArray[Any]],
    fs_hz: float | None,
    options: ReadOptions,
) -> NDArray[np.float64] | None:
    """Return all blocks at their own times; None where these or the channels do not fit."""
    starts = [block.start_s for block in blocks]
    alike = all(
        block.titles == blocks[0].titles and _read_rate(block.header) == fs_hz for block in blocks
    )
    if fs_hz is None or not alike or any(start is None for start in starts):
        return None
    at = [round((start - (starts[0] or 0.0)) * fs_hz) for start in starts if start is not None]
    ends = [start + rows.shape[1] for start, rows in zip(at, values, strict=True)]
    if any(start < end for start, end in zip(at[1:], ends, strict=False)):
        return None
    if ends[-1] * len(values[0]) > limit_with_gaps(options):
        return None
    whole = np.full((len(values[0]), ends[-1]), np.nan)
    for start, end, rows in zip(at, ends, values, strict=True):
        whole[:, start:end] = rows
    return whole
