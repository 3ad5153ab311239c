"""What the delineator teaches: its classes and intervals on records whose truth is known."""

import numpy as np
import pytest

from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.datasets.taught_waves import UNSURE, intervals_of, taught_waves
from ecgcore.inference.card import InputContract
from ecgcore.models import INTERVALS, WAVE_LABELS


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    part = SimulationPart(share=1, records=6, statements=("normal", "first-degree-av-block"))
    return simulated_records(part, InputContract(), tmp_path_factory.mktemp("pool"))


def test_taught_waves_are_the_true_ones_where_the_delineator_is_sure(records, tmp_path):
    found = taught_waves(records.packed, np.arange(6), tmp_path)
    for row, waves in enumerate(found.waves):
        sure = (waves != UNSURE) & (records.waves[row] != UNSURE)
        assert sure.mean() > 0.8
        assert (waves[sure] == records.waves[row][sure]).mean() > 0.85
    again = taught_waves(records.packed, np.arange(6), tmp_path)
    np.testing.assert_array_equal(again.intervals, found.intervals)
    assert len(list(tmp_path.glob("taught-*.npz"))) == 1


def test_a_long_pr_interval_is_found_long(records, tmp_path):
    found = taught_waves(records.packed, np.arange(6), tmp_path).intervals
    pr = found[:, INTERVALS.index("pr")]
    blocked = records.packed.targets[:, 2] == 1
    assert pr[blocked].min() > 0.2 > np.nanmax(pr[~blocked])
    assert np.isfinite(found).all()


def test_intervals_of_waves_drawn_by_hand():
    fs_hz, likely = 250.0, np.zeros((4, 1500))
    likely[0] = 0.6
    for beat in range(6):
        at = beat * 250 + 100
        for kind, start, stop in (("P", -45, -20), ("QRS", 0, 25), ("T", 60, 100)):
            likely[WAVE_LABELS.index(kind), at + start : at + stop] = 0.9
    found = dict(zip(INTERVALS, intervals_of(likely, fs_hz), strict=True))
    assert found["pr"] == pytest.approx(0.18, abs=0.01)
    assert found["qrs"] == pytest.approx(0.10, abs=0.01)
    assert found["qt"] == pytest.approx(0.40, abs=0.01)
    assert found["rr"] == pytest.approx(1.0, abs=0.005)
    likely[WAVE_LABELS.index("P"), :800] = 0
    assert np.isnan(intervals_of(likely, fs_hz)[INTERVALS.index("pr")])
    assert np.isnan(intervals_of(np.zeros((4, 500)), fs_hz)).all()
