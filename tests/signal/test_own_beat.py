"""Beats beside the same heart's usual one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.signal.beats import detect_beats
from ecgcore.signal.own_beat import own_beat
from ecgcore.signal.prepare import prepare
from ecgcore.simulate import simulate

FS_HZ = 100.0


def simulated(case: str, **more: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    made = simulate(case, seed=3, duration_s=20.0, fs_hz=250.0, **more)
    x = prepare(made.recording.signal, 250.0, to_fs_hz=FS_HZ)
    types = [b.type for b in made.truth.beats]
    r_s = np.array([b.r_peak for b in made.truth.beats])
    return x, r_s, types


def test_ventricular_beats_stand_out_in_shape_and_time() -> None:
    x, r_s, types = simulated("pvc")
    found = own_beat(x, FS_HZ, r_s)
    ventricular = np.array([kind == "ventricular" for kind in types])
    assert ventricular.any()
    assert found.shape.mean(axis=0)[ventricular].min() > 3 * np.median(found.shape)
    assert found.early[ventricular].min() > found.early[~ventricular].max()


def test_early_atrial_beats_stand_out_in_time_alone() -> None:
    x, r_s, types = simulated("pac")
    found = own_beat(x, FS_HZ, r_s)
    early = np.array([kind == "supraventricular" for kind in types])
    assert found.early[early].min() > 2
    assert np.median(found.early[~early]) < 1


def test_disorder_takes_the_weight_from_early_beats() -> None:
    x, r_s, _ = simulated("atrial-fibrillation")
    found = own_beat(x, FS_HZ, r_s)
    assert float(np.median(found.disorder)) > 0.04
    sinus = own_beat(*(simulated("normal")[0], FS_HZ, simulated("normal")[1]))
    assert float(np.median(sinus.disorder)) < 0.03


def test_between_beats_nothing_is_said() -> None:
    x, r_s, _ = simulated("sinus-bradycardia")
    found = own_beat(x, FS_HZ, r_s)
    assert np.isnan(found.usual).any(axis=0).any()
    assert (found.residual[np.isnan(found.usual)] == 0).all()
    assert found.residual.shape == x.shape


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_beats_are_no_trouble(n: int) -> None:
    x = np.zeros((2, 500), dtype=np.float32)
    found = own_beat(x, FS_HZ, np.arange(n) * 0.8 + 0.5)
    assert found.r.size == n
    assert np.isfinite(found.early).all()
    assert np.isfinite(found.shape).all()


@settings(max_examples=15, deadline=None)
@given(gain=st.floats(0.05, 20), lead=st.integers(0, 11))
def test_neither_voltage_nor_sign_matters(gain: float, lead: int) -> None:
    x, r_s, _ = simulated("pvc")
    one = own_beat(x[[lead]], FS_HZ, r_s)
    other = own_beat(-gain * x[[lead]], FS_HZ, r_s)
    np.testing.assert_allclose(one.shape, other.shape, rtol=1e-3, atol=1e-6)


def test_detected_beats_do_as_well_as_true_ones() -> None:
    x, r_s, types = simulated("pvc")
    found = own_beat(x, FS_HZ, detect_beats(x, FS_HZ))
    assert abs(found.r.size - r_s.size) <= 1
    assert (found.shape.mean(axis=0) > 4).sum() >= types.count("ventricular")
