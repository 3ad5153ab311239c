"""QRS detection on simulated signals of many kinds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.signal.beats import detect_beats
from ecgcore.simulate import simulate


def score(true, found, window_s=0.075):
    """Return missed and extra beats away from the edges."""
    inner = found[(found > true[0] - 0.3) & (found < true[-1] + 0.3)]
    near = np.abs(true[:, None] - found)
    missed = int((near.min(axis=1) > window_s).sum()) if found.size else true.size
    extra = int((np.abs(inner[:, None] - true).min(axis=1) > window_s).sum())
    return missed, extra


def truth(made):
    return np.array([b.r_peak for b in made.truth.beats])


@pytest.mark.parametrize("case", ["normal", "pvc", "atrial-fibrillation", "lbbb", "anterior-stemi"])
@pytest.mark.parametrize("fs_hz", [100, 250, 1000])
def test_all_beats_and_no_others(case, fs_hz):
    made = simulate(case, seed=3, fs_hz=fs_hz)
    assert score(truth(made), detect_beats(made.recording.signal, fs_hz)) == (0, 0)


# Not lead I: these ectopic beats stand almost at a right angle to it.
@pytest.mark.parametrize("lead", ["II", "aVL", "V1", "V6"])
def test_single_leads(lead):
    made = simulate("pvc", seed=4)
    found = detect_beats(made.recording.select((lead,)).signal, 500)
    assert score(truth(made), found) == (0, 0)


def test_leads_of_noise_do_not_spoil_the_others():
    made = simulate("normal", seed=5)
    rng = np.random.default_rng(0)
    signal = made.recording.signal.copy()
    signal[3:10] = rng.standard_normal((7, signal.shape[1]))
    assert score(truth(made), detect_beats(signal, 500)) == (0, 0)


def test_a_lead_that_falls_off_half_way():
    made = simulate("normal", seed=6)
    signal = made.recording.signal[:2].copy()
    signal[0, 2500:] = 0
    signal[1, :2500] = np.nan
    assert score(truth(made), detect_beats(signal, 500)) == (0, 0)


def test_a_calibration_pulse_in_the_record_is_no_beat():
    made = simulate("normal", seed=9)
    signal = made.recording.signal.copy()
    signal[:, 4700:] = 0
    signal[:, 4800:4900] = 1
    found = detect_beats(signal, 500)
    assert found[-1] < 9.35
    assert score(truth(made)[truth(made) < 9.3], found) == (0, 0)


def test_size_and_sign_do_not_matter():
    made = simulate("normal", seed=7)
    usual = detect_beats(made.recording.signal, 500)
    assert detect_beats(-1000 * made.recording.signal, 500) == pytest.approx(usual)


@pytest.mark.parametrize(
    "signal", [np.zeros((2, 5000)), np.zeros((1, 3)), np.full((1, 900), np.nan)]
)
def test_nothing_gives_no_beat(signal):
    assert detect_beats(signal.astype(np.float32), 500).size == 0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 9999), n=st.integers(1, 4000), fs_hz=st.floats(100, 1000))
def test_times_are_ordered_and_inside(seed, n, fs_hz):
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.standard_normal((2, n)), axis=1).astype(np.float32)
    found = detect_beats(signal, fs_hz)
    assert (np.diff(found) > 0).all()
    assert ((found >= 0) & (found <= n / fs_hz + 0.02)).all()
