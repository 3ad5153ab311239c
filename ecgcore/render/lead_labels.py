"""The leads' names on the sheet: where the trace leaves room, so that neither hides the other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.render.paper import Cell, Sheet
from ecgcore.units import format_clock

# A capital letter and a line of the font that figure and PDF use for names.
LETTER_MM, _HALF_LINE_MM = 1.8, 1.9
_SHORTEST = 3
# So far from an upright line that II beside it is not read as III.
_ASIDE_MM, _CLEAR_MM = 2.0, 1.2
# From the band's upper edge to the middle of a name; the lowest leave room for words on beats.
_FIRST_MM, _STEP_MM, _LOWEST_MM = 3.4, 1.0, 5.0
# A name moves behind the first QRS of its cell, no further.
_FURTHEST_MM = 14.0


class Label(NamedTuple):
    """A name and where the middle of its left edge stands."""

    x_mm: float
    y_mm: float
    text: str


def cut_cell_samples(recording: Recording, cell: Cell) -> tuple[int, NDArray[np.float32]]:
    """Return the first sample's index and the samples (with the cell's sign) a cell shows."""
    fs_hz = recording.fs_hz
    first = int(np.ceil(round(cell.start_s * fs_hz, 6)))
    last = int(np.floor(round(cell.end_s * fs_hz, 6)))
    row = recording.lead(cell.lead)[first : last + 1]
    return first, row * np.float32(cell.sign)


def place_labels(recording: Recording, sheet: Sheet, mm_per_unit: float) -> list[Label]:
    """Return one label a cell, each where fewest traces cross it.

    A name that is longer than its cell is shortened in its middle.

    Parameters
    ----------
    recording : Recording
    sheet : Sheet
    mm_per_unit : float
        Millimetres of paper for one unit of the recording.
    """
    traces = [_place_trace(recording, cell, sheet, mm_per_unit) for cell in sheet.cells]
    return [_place_label(cell, sheet, traces) for cell in sheet.cells]


_Trace = tuple[float, float, NDArray[np.float64]]


def _place_trace(recording: Recording, cell: Cell, sheet: Sheet, mm_per_unit: float) -> _Trace:
    first, samples = cut_cell_samples(recording, cell)
    x0 = sheet.x_mm(cell, first / recording.fs_hz)
    step = sheet.settings.mm_per_s / recording.fs_hz
    return x0, step, cell.baseline_mm + samples.astype(np.float64) * mm_per_unit


def _place_label(cell: Cell, sheet: Sheet, traces: list[_Trace]) -> Label:
    room = (cell.end_s - cell.start_s) * sheet.settings.mm_per_s - _ASIDE_MM
    text = _shorten(_write_label(cell, sheet), max(_SHORTEST, int(room / LETTER_MM)))
    length = LETTER_MM * len(text)
    left = cell.x_mm + _ASIDE_MM
    across = np.arange(0.0, max(0.0, min(_FURTHEST_MM, room - length)) + 0.5, _STEP_MM)
    down = np.arange(0.0, cell.top_mm - cell.bottom_mm - _FIRST_MM - _LOWEST_MM, _STEP_MM)
    heights = cell.top_mm - _FIRST_MM - down[:, None]
    at, low, high = _cut_pieces(left - _CLEAR_MM, left + across[-1] + length, cell, traces)
    hidden = (low <= heights + _HALF_LINE_MM) & (high >= heights - _HALF_LINE_MM)
    crossed = np.stack(
        [
            hidden[:, (at >= left + dx - _CLEAR_MM) & (at <= left + dx + length)].sum(axis=1)
            for dx in across
        ]
    )
    # Of the places that fewest pieces of trace cross, the one nearest to the usual place.
    away = across[:, None] + down
    best = np.unravel_index(np.lexsort((away.ravel(), crossed.ravel()))[0], away.shape)
    return Label(left + float(across[best[0]]), float(heights[best[1], 0]), text)


def _write_label(cell: Cell, sheet: Sheet) -> str:
    return (
        f"{cell.label}  {format_clock(cell.start_s)}"
        if sheet.settings.layout == "wrapped"
        else cell.label
    )


def _shorten(text: str, most: int) -> str:
    """Return the text, or its beginning and end: names that differ often differ in the end."""
    if len(text) <= most:
        return text
    tail = most // 2
    return f"{text[: most - tail - 1]}…{text[-tail:]}"


def _cut_pieces(
    left: float, right: float, cell: Cell, traces: list[_Trace]
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]:
    """Return place, lowest and highest point of the pieces of any trace in a cell's band."""
    found: list[tuple[NDArray[np.floating], ...]] = []
    for x0, step, y in traces:
        start = max(0, int((left - x0) / step) - 1)
        part = y[start : max(0, int((right - x0) / step) + 2)]
        low, high = np.fmin(part[:-1], part[1:]), np.fmax(part[:-1], part[1:])
        inside = np.flatnonzero((low <= cell.top_mm) & (high >= cell.bottom_mm))
        found.append((x0 + step * (start + inside), low[inside], high[inside]))
    at, low, high = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return at, low, high
