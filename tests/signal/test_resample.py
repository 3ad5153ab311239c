"""Change of rate: waves survive, aliases do not, absent stays absent."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.resample import resample


def sine(hz, fs_hz, seconds=10.0, size=1.0):
    time_s = np.arange(round(fs_hz * seconds)) / fs_hz
    return (size * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)[None, :]


@pytest.mark.parametrize(("fs_hz", "new_fs_hz"), [(500, 100), (500, 250), (360, 500), (257, 100)])
def test_sine_survives_in_place_and_size(fs_hz, new_fs_hz):
    out = resample(sine(7, fs_hz), fs_hz, new_fs_hz)
    wanted = sine(7, new_fs_hz)
    n = min(out.shape[1], wanted.shape[1])
    inner = slice(new_fs_hz // 2, n - new_fs_hz // 2)
    np.testing.assert_allclose(out[:, inner], wanted[:, inner], atol=0.01)
    assert out.dtype == np.float32


@pytest.mark.parametrize("hz", [60.0, 90.0, 130.0, 201.0])
def test_what_the_new_rate_cannot_carry_is_removed_not_folded(hz):
    out = resample(sine(hz, 500), 500, 100)
    assert np.abs(out[:, 100:-100]).max() < 0.02


def test_offset_stays_and_the_ends_do_not_ring():
    out = resample(np.full((2, 5000), 3.0, dtype=np.float32), 500, 100)
    np.testing.assert_allclose(out, 3.0, atol=1e-4)


def test_same_rate_is_the_same_samples():
    samples = sine(7, 500)
    np.testing.assert_array_equal(resample(samples, 500, 500), samples)


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 3000),
    fs_hz=st.sampled_from([100.0, 128.0, 250.0, 360.0, 500.0, 1000.0]),
    new_fs_hz=st.sampled_from([100.0, 125.0, 250.0, 500.0]),
)
def test_length_is_the_duration_at_the_new_rate(n, fs_hz, new_fs_hz):
    out = resample(np.zeros((3, n), dtype=np.float32), fs_hz, new_fs_hz)
    assert out.shape == (3, math.ceil(n * new_fs_hz / fs_hz))


@pytest.mark.parametrize("new_fs_hz", [100.0, 250.0, 1000.0])
def test_gap_stays_a_gap_and_spoils_nothing_beyond_its_edges(new_fs_hz):
    samples = np.concatenate([sine(3, 500), sine(3, 500)])
    samples[0, 2000:3000] = np.nan
    out = resample(samples, 500, new_fs_hz)
    absent = np.isnan(out[0])
    assert not np.isnan(out[1]).any()
    assert absent.sum() == pytest.approx(2 * new_fs_hz, abs=2)
    assert absent[round(4.02 * new_fs_hz) : round(5.98 * new_fs_hz)].all()
    away = np.r_[round(new_fs_hz) : round(3.8 * new_fs_hz)]
    np.testing.assert_allclose(out[0, away], out[1, away], atol=0.01)


def test_a_lead_that_is_absent_stays_absent():
    samples = np.stack([sine(3, 500)[0], np.full(5000, np.nan, dtype=np.float32)])
    out = resample(samples, 500, 250)
    assert np.isnan(out[1]).all()
    assert np.isfinite(out[0]).all()


def test_rates_from_1_to_100000_hz_are_possible():
    flat = np.ones((1, 4), dtype=np.float32)
    assert resample(flat, 1, 2).shape == (1, 8)
    assert resample(flat, 2, 1).shape == (1, 2)
    assert resample(flat, 100_000, 50_000).shape == (1, 2)
    assert resample(flat, 50_000, 100_000).shape == (1, 8)


def test_a_gap_is_bridged_by_a_straight_line_between_its_edges():
    ramp = np.linspace(0, 10, 2000, dtype=np.float32)[None]
    whole = resample(ramp, 500, 250)
    ramp[0, 900:1100] = np.nan
    out = resample(ramp, 500, 250)
    there = np.isfinite(out[0])
    np.testing.assert_allclose(out[0, there], whole[0, there], atol=1e-4)
    assert there.sum() == 900


@pytest.mark.parametrize(
    "rates",
    [
        *((0, 100), (500, 0), (500, -1), (float("nan"), 100), (500, 1e6)),
        *((0.5, 100), (500, 0.5), (100_001, 500), (500, 100_001)),
    ],
)
def test_rates_that_make_no_sense_are_refused(rates):
    with pytest.raises(InvalidArgumentError, match="fs_hz"):
        resample(sine(3, 500), *rates)
