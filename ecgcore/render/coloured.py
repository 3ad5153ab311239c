"""The pieces of the traces that a map colours, the same on screen and on paper."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.render.lead_labels import cut_cell_samples
from ecgcore.render.overlay import N_LEVELS, TRACE_BIN_S, Overlay, find_levels, scale_map
from ecgcore.render.paper import Sheet

Piece = tuple[NDArray[np.float64], NDArray[np.float64]]


def cut_coloured_pieces(
    recording: Recording, overlay: Overlay, sheet: Sheet, mm_per_unit: float
) -> dict[int, list[Piece]]:
    """Return the stretches of trace of each level above the lowest, as x and y in millimetres.

    Parameters
    ----------
    recording : Recording
    overlay : Overlay
    sheet : Sheet
    mm_per_unit : float
        Millimetres of paper for one unit of the recording.
    """
    values = scale_map(overlay.values, overlay.top)
    pieces: dict[int, list[Piece]] = {}
    for cell in sheet.cells:
        if cell.lead not in overlay.leads:
            continue
        first, samples = cut_cell_samples(recording, cell)
        times = (first + np.arange(samples.size)) / recording.fs_hz
        x = cell.x_mm + (times - cell.start_s) * sheet.settings.mm_per_s
        y = cell.baseline_mm + samples.astype(np.float64) * mm_per_unit
        steps = find_levels(values[overlay.leads.index(cell.lead)], overlay.fs_hz, cell)
        of_sample = np.minimum(((times - cell.start_s) / TRACE_BIN_S).astype(int), steps.size - 1)
        edges = np.flatnonzero(np.diff(steps[of_sample])) + 1
        for start, stop in zip([0, *edges], [*edges, samples.size], strict=True):
            # One sample more, so that neighbouring pieces meet.
            part = slice(int(start), int(stop) + 1)
            pieces.setdefault(int(steps[of_sample[start]]), []).append((x[part], y[part]))
    return {level: pieces[level] for level in range(1, N_LEVELS) if level in pieces}
