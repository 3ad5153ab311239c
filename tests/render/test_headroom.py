"""Tall complexes of the first row stay on the sheet."""

import numpy as np
import pytest

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Provenance, Recording
from ecgcore.render.headroom import MOST_MM, find_headroom_mm
from ecgcore.render.paper import PaperSettings, lay_out


@pytest.mark.parametrize(
    ("mv", "needed_mm"), [(0.5, 0.0), (1.6, 5.0), (2.2, 10.0), (40.0, MOST_MM)]
)
def test_room_grows_in_steps_of_the_grid_with_the_first_rows_height(
    mv: float, needed_mm: float
) -> None:
    signal = np.zeros((12, 5000), np.float32)
    signal[9, 4000] = mv  # V4, fourth column of the first row
    recording = Recording(signal, 500.0, STANDARD_12, provenance=Provenance(format="test"))
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(), header_mm=5.0)
    assert find_headroom_mm(recording, sheet) == needed_mm
    if 0 < needed_mm < MOST_MM:
        lower = lay_out(STANDARD_12, 10.0, PaperSettings(), header_mm=needed_mm)
        first = lower.cells[0]
        assert first.baseline_mm + 10 * mv <= lower.height_mm


def test_a_lead_without_a_sample_needs_no_room() -> None:
    signal = np.full((12, 5000), np.nan, np.float32)
    signal[1] = 0.0
    recording = Recording(signal, 500.0, STANDARD_12, provenance=Provenance(format="test"))
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(), header_mm=5.0)
    assert find_headroom_mm(recording, sheet) == 0.0
