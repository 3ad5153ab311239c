"""The leads' names on the sheet: where the trace leaves room, so that neither hides the other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.render.paper import Cell, Sheet

# A capital letter and a line of the font that figure and PDF use for names.
_LETTER_MM, _HALF_LINE_MM = 1.8, 1.9
_SHORTEST = 3
_ASIDE_MM = 0.6
# From the band's upper edge to the middle of a name; the lowest leave room for words on beats.
_FIRST_MM, _STEP_MM, _LOWEST_MM = 3.4, 1.0, 5.0


class Label(NamedTuple):
    """A name and where the middle of its left edge stands."""

    x_mm: float
    y_mm: float
    text: str


def clock(time_s: float) -> str:
    """Return a time within a recording as ``m:ss`` (``h:mm:ss`` from one hour)."""
    whole = int(time_s)
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def cell_samples(recording: Recording, cell: Cell) -> tuple[int, NDArray[np.float32]]:
    """Return the first sample's index and the samples (with the cell's sign) a cell shows."""
    fs_hz = recording.fs_hz
    first = int(np.ceil(round(cell.start_s * fs_hz, 6)))
    last = int(np.floor(round(cell.end_s * fs_hz, 6)))
    row = recording.lead(cell.lead)[first : last + 1]
    return first, row * np.float32(cell.sign)


def place_labels(recording: Recording, sheet: Sheet, mm_per_unit: float) -> list[Label]:
    """Return one label a cell, each at the height of its band that fewest traces cross.

    A name that is longer than its cell is shortened in its middle.

    Parameters
    ----------
    recording : Recording
    sheet : Sheet
    mm_per_unit : float
        Millimetres of paper for one unit of the recording.
    """
    traces = [_trace(recording, cell, sheet, mm_per_unit) for cell in sheet.cells]
    return [_place(cell, sheet, traces) for cell in sheet.cells]


_Trace = tuple[float, float, NDArray[np.float64]]


def _trace(recording: Recording, cell: Cell, sheet: Sheet, mm_per_unit: float) -> _Trace:
    first, samples = cell_samples(recording, cell)
    x0 = sheet.x_mm(cell, first / recording.fs_hz)
    step = sheet.settings.mm_per_s / recording.fs_hz
    return x0, step, cell.baseline_mm + samples.astype(np.float64) * mm_per_unit


def _place(cell: Cell, sheet: Sheet, traces: list[_Trace]) -> Label:
    width = (cell.end_s - cell.start_s) * sheet.settings.mm_per_s
    text = _shortened(_words(cell, sheet), max(_SHORTEST, int((width - _ASIDE_MM) / _LETTER_MM)))
    left = cell.x_mm + _ASIDE_MM
    lows, highs = _extents(left, left + _LETTER_MM * len(text), traces)
    heights = np.arange(cell.top_mm - _FIRST_MM, cell.bottom_mm + _LOWEST_MM, -_STEP_MM)
    crossed = [
        int(((lows <= y + _HALF_LINE_MM) & (highs >= y - _HALF_LINE_MM)).sum()) for y in heights
    ]
    # The first of the least: as high as can be.
    return Label(left, float(heights[int(np.argmin(crossed))]), text)


def _words(cell: Cell, sheet: Sheet) -> str:
    return (
        f"{cell.label}  {clock(cell.start_s)}" if sheet.settings.layout == "wrapped" else cell.label
    )


def _shortened(text: str, most: int) -> str:
    """Return the text, or its beginning and end: names that differ often differ in the end."""
    if len(text) <= most:
        return text
    tail = most // 2
    return f"{text[: most - tail - 1]}…{text[-tail:]}"


def _extents(
    left: float, right: float, traces: list[_Trace]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest point of each piece of any trace between two places."""
    lows, highs = [], []
    for x0, step, y in traces:
        start = max(0, int((left - x0) / step) - 1)
        part = y[start : max(0, int((right - x0) / step) + 2)]
        lows.append(np.fmin(part[:-1], part[1:]))
        highs.append(np.fmax(part[:-1], part[1:]))
    return np.concatenate(lows), np.concatenate(highs)
