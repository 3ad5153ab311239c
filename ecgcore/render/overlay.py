"""Maps over time and leads, prepared for drawing on the sheet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.render.paper import Cell, Sheet

STYLES = {"heat": "Shading under the trace", "trace": "Coloured trace", "none": "None"}
N_LEVELS = 6
# 20 ms: half a millimetre at 25 mm/s, finer than any map that a network at 100 Hz can give.
BIN_S = 0.02
# One level per 100 ms in coloured traces: fewer, longer pieces draw in milliseconds.
TRACE_BIN_S = 0.1


@dataclass(frozen=True, eq=False)
class Overlay:
    """A non-negative map to be drawn on the sheet.

    Attributes
    ----------
    values : array of float32, shape (n_leads, n_samples)
        On the recording's own leads and samples; NaN or 0 where there is nothing to show.
    leads : tuple of str
    fs_hz : float
    style : str
        A key of :data:`STYLES`.
    opacity : float
        From 0 to 1.
    top : float or None
        The value that is drawn strongest; by default the map's own 99.5 % quantile.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    style: str = "heat"
    opacity: float = 0.6
    top: float | None = None

    def __post_init__(self) -> None:
        check_option("style", self.style, STYLES)
        check_range("opacity", self.opacity, 0.0, 1.0)
        if self.values.ndim != 2 or self.values.shape[0] != len(self.leads):
            raise InvalidArgumentError(
                f"The map has shape {self.values.shape}; {len(self.leads)} rows are needed."
            )


def scale_map(values: NDArray[np.float32], top: float | None = None) -> NDArray[np.float32]:
    """Return the map's absolute values from 0 to 1, 1 being ``top`` or its 99.5 % quantile.

    A quantile instead of the maximum, so that one sample does not fade all the others.
    """
    magnitude = np.nan_to_num(np.abs(values))
    positive = magnitude[magnitude > 0]
    if positive.size == 0:
        return np.zeros_like(magnitude)
    strongest = float(np.quantile(positive, 0.995)) if top is None else top
    return np.clip(magnitude / strongest, 0.0, 1.0).astype(np.float32)


def average_bins(
    row: NDArray[np.float32], fs_hz: float, cell: Cell, bin_s: float
) -> NDArray[np.float32]:
    """Return the mean of ``row`` in bins of ``bin_s`` over the stretch a cell shows."""
    n_bins = max(1, round((cell.end_s - cell.start_s) / bin_s))
    edges = np.round(np.linspace(cell.start_s, cell.end_s, n_bins + 1) * fs_hz).astype(int)
    edges = np.minimum(edges, row.size)
    cumulative = np.concatenate(([0.0], np.cumsum(row, dtype=np.float64)))
    width = np.maximum(np.diff(edges), 1)
    return (np.diff(cumulative[edges]) / width).astype(np.float32)


def make_heat_rows(
    overlay: Overlay, sheet: Sheet
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Return one matrix under all leads of the sheet, and its edges.

    Returns
    -------
    z : array of float32, shape (n_rows, n_bins)
        From 0 to 1, rows from the bottom of the sheet up.
    x_edges_mm : array, shape (n_bins + 1,)
    y_edges_mm : array, shape (n_rows + 1,)
    """
    values = scale_map(overlay.values, overlay.top)
    n_rows = max(cell.row for cell in sheet.cells) + 1
    rows: list[list[NDArray[np.float32]]] = [[] for _ in range(n_rows)]
    for cell in sheet.cells:
        shown = np.zeros(1, np.float32)
        if cell.lead in overlay.leads:
            shown = values[overlay.leads.index(cell.lead)]
        else:
            shown = np.zeros(values.shape[1], np.float32)
        rows[cell.row].append(average_bins(shown, overlay.fs_hz, cell, BIN_S))
    joined = [np.concatenate(parts) for parts in rows]
    n_bins = max(part.size for part in joined)
    z = np.zeros((n_rows, n_bins), np.float32)
    for index, part in enumerate(joined):
        z[n_rows - 1 - index, : part.size] = part
    first = [next(c for c in sheet.cells if c.row == r) for r in range(n_rows)]
    longest = max(sheet.cells, key=lambda c: sheet.x_mm(c, c.end_s))
    x_end = sheet.x_mm(longest, longest.end_s)
    x_edges = np.linspace(first[0].x_mm, x_end, n_bins + 1)
    y_edges = np.array([first[-1].bottom_mm, *[c.top_mm for c in reversed(first)]])
    return z, x_edges, y_edges


def find_levels(row: NDArray[np.float32], fs_hz: float, cell: Cell) -> NDArray[np.int64]:
    """Return the level, 0 to ``N_LEVELS - 1``, of each 100 ms of a cell."""
    mean = average_bins(row, fs_hz, cell, TRACE_BIN_S)
    return np.minimum((mean * N_LEVELS).astype(np.int64), N_LEVELS - 1)
