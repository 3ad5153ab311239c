"""How much room tall complexes of the first row need above it."""

from math import ceil

import numpy as np

from ecgcore.recording import Recording
from ecgcore.render.figure import vertical_scale
from ecgcore.render.lead_labels import cut_cell_samples
from ecgcore.render.paper import Sheet

# More belongs to an artefact, and is cut off at the paper's edge.
MOST_MM = 25.0
_CLEAR_MM = 1.0


def find_headroom_mm(recording: Recording, sheet: Sheet) -> float:
    """Return the room above the first row in which its traces stay on the sheet.

    Parameters
    ----------
    recording : Recording
        As it is drawn.
    sheet : Sheet

    Returns
    -------
    float
        Millimetres, a multiple of 5 from 0 to :data:`MOST_MM`.
    """
    scale = vertical_scale(recording, sheet)
    above = 0.0
    for cell in sheet.cells:
        if cell.row == 0:
            _, samples = cut_cell_samples(recording, cell)
            known = samples[np.isfinite(samples)]
            if known.size:
                top_mm = cell.baseline_mm + float(known.max()) * scale
                above = max(above, top_mm + _CLEAR_MM - cell.top_mm)
    return min(5.0 * ceil(above / 5.0), MOST_MM)
