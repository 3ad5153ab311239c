"""Wave marks and beat words of a measurement, placed on a sheet."""

import numpy as np

from ecgcore.measure.editing import MOVABLE
from ecgcore.render.paper import Cell, Sheet
from ecgcore.results import Beats, MedianBeat
from ui.components.viewer import Markers, MarkLine, MarkWord

_KIND = {"p_onset": "p", "p_offset": "p", "qrs_onset": "qrs", "qrs_offset": "qrs", "t_offset": "t"}
_NAMES = {
    "p_onset": "P onset",
    "p_offset": "P end",
    "qrs_onset": "QRS onset",
    "qrs_offset": "QRS end",
    "t_offset": "T end",
}
_LETTERS = {
    "normal": "N",
    "supraventricular": "S",
    "ventricular": "V",
    "paced": "P",
    "unknown": "?",
}
_EDGE_MM = 3.0


def strip_cells(sheet: Sheet) -> list[Cell]:
    """Return the cells that carry marks: the rhythm strip, all rows of a wrapped lead, or row 1."""
    if sheet.settings.layout == "wrapped":
        return list(sheet.cells)
    whole = [c for c in sheet.cells if c.end_s - c.start_s >= sheet.seconds - 1e-6]
    return whole[-1:] if sheet.settings.layout.startswith("3x4") else whole[:1] or [sheet.cells[0]]


def beat_marks(
    beats: Beats, sheet: Sheet, edits: dict[tuple[int, str], float], *, refused: int = 0
) -> Markers:
    """Return draggable marks of the consensus, beat types and RR intervals (ms).

    Parameters
    ----------
    beats : Beats
    sheet : Sheet
    edits : dict
        As ``OpenCase.edits``.
    refused : int
        How many moves were refused so far: with each more, every mark goes back to its place.
    """
    lines: list[MarkLine] = []
    words: list[MarkWord] = []
    for cell in strip_cells(sheet):
        lines += _lines(beats, sheet, cell, edits)
        words += _words(beats, sheet, cell)
    return Markers(tuple(lines), tuple(words), refused)


def _lines(
    beats: Beats, sheet: Sheet, cell: Cell, edits: dict[tuple[int, str], float]
) -> list[MarkLine]:
    out = []
    for name in MOVABLE:
        times = getattr(beats.consensus, name)
        for beat in np.flatnonzero((times >= cell.start_s) & (times <= cell.end_s)):
            out.append(
                MarkLine(
                    id=f"{beat}.{name}",
                    x_mm=sheet.x_mm(cell, float(times[beat])),
                    low_mm=cell.bottom_mm + _EDGE_MM,
                    high_mm=cell.top_mm - 2 * _EDGE_MM,
                    kind=_KIND[name],
                    label=f"{_NAMES[name]}, beat {beat + 1}",
                    edited=(int(beat), name) in edits,
                )
            )
    return out


def _words(beats: Beats, sheet: Sheet, cell: Cell) -> list[MarkWord]:
    peaks = beats.consensus.r_peak
    inside = np.flatnonzero((peaks >= cell.start_s) & (peaks <= cell.end_s))
    y_mm = cell.bottom_mm + 0.8
    out = []
    for beat in inside:
        kind = beats.types[beat]
        x = sheet.x_mm(cell, float(peaks[beat]))
        out.append(MarkWord(x, y_mm, _LETTERS[kind], kind))
        if beat + 1 < peaks.size and peaks[beat + 1] <= cell.end_s:
            middle = sheet.x_mm(cell, float(peaks[beat] + peaks[beat + 1]) / 2)
            rr_ms = beats.rr_s[beat + 1] * 1e3
            if np.isfinite(rr_ms):
                out.append(MarkWord(middle, y_mm, f"{rr_ms:.0f}"))
    return out


def median_marks(beat: MedianBeat, sheet: Sheet) -> Markers:
    """Return the consensus marks in every lead of a median beat; these cannot be moved."""
    lines = []
    r_s = beat.r_index / beat.fs_hz
    for cell in sheet.cells:
        for name, label in _NAMES.items():
            at = beat.consensus.get(name, float("nan"))
            if np.isfinite(at) and 0 <= r_s + at <= cell.end_s:
                x = sheet.x_mm(cell, r_s + at)
                low, high = cell.bottom_mm + 2 * _EDGE_MM, cell.top_mm - 2 * _EDGE_MM
                lines.append(MarkLine("", x, low, high, _KIND[name], label))
    return Markers(tuple(lines))


def moved(
    act: dict[str, object], sheet: Sheet, beats: Beats | None = None
) -> tuple[int, str, float] | None:
    """Return (beat, fiducial, seconds) of a move that the viewer reports, or None.

    Where a lead is wrapped over several rows, ``beats`` tell in which row the mark stood.
    """
    number, _, name = str(act.get("id", "")).partition(".")
    if name not in MOVABLE or not number.isdigit():
        return None
    x_mm = float(act["x_mm"])  # type: ignore[arg-type]
    cell = _cell_of(int(number), name, sheet, beats)
    return None if cell is None else (int(number), name, _time_at(x_mm, cell, sheet))


def _cell_of(beat: int, name: str, sheet: Sheet, beats: Beats | None) -> Cell | None:
    cells = strip_cells(sheet)
    if len(cells) == 1:
        return cells[0]
    if beats is None or beat >= beats.consensus.n_beats:
        return None
    at = float(getattr(beats.consensus, name)[beat])
    return next((cell for cell in cells if cell.start_s <= at <= cell.end_s), None)


def _time_at(x_mm: float, cell: Cell, sheet: Sheet) -> float:
    return cell.start_s + (x_mm - cell.x_mm) / sheet.settings.mm_per_s
