"""The preparation that training and prediction share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.prepare import prepare


def sine(hz: float, fs_hz: float, seconds: float = 10) -> np.ndarray:
    t = np.arange(int(seconds * fs_hz)) / fs_hz
    return np.sin(2 * np.pi * hz * t)[None].astype(np.float32)


@pytest.mark.parametrize("fs_hz", [250, 360, 500, 1000])
def test_rate_band_and_amplitude(fs_hz):
    out = prepare(sine(10, fs_hz), fs_hz, to_fs_hz=100)
    assert out.dtype == np.float32
    assert out.shape == (1, 1000)
    np.testing.assert_allclose(out[0, 200:800], sine(10, 100)[0, 200:800], atol=0.03)


@pytest.mark.parametrize(("hz", "largest"), [(0.05, 0.05), (90, 0.02), (130, 0.02)])
def test_outside_the_band_nothing_is_left(hz, largest):
    # 90 and 130 Hz would fold to 10 and 30 Hz without an anti-alias filter.
    out = prepare(sine(hz, 500, 40) + 3, 500, to_fs_hz=100)
    assert np.abs(out[0, 1000:3000]).max() < largest


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100), st.integers(0, 9))
def test_it_is_linear_in_the_unit(gain, seed):
    x = np.random.default_rng(seed).normal(size=(2, 1000)).astype(np.float32)
    scaled = prepare((gain * x).astype(np.float32), 250, to_fs_hz=100)
    np.testing.assert_allclose(scaled, gain * prepare(x, 250, to_fs_hz=100), atol=1e-4 * gain)


def test_absent_stays_absent_and_spoils_nothing():
    x = np.repeat(sine(10, 500), 3, axis=0)
    x[1, 2500:] = np.nan
    x[2] = np.nan
    out = prepare(x, 500, to_fs_hz=100)
    assert np.isfinite(out[0]).all()
    assert np.isfinite(out[1, :499]).all()
    assert np.isnan(out[1, 501:]).all()
    assert np.isnan(out[2]).all()
    np.testing.assert_allclose(out[1, 100:400], sine(10, 100)[0, 100:400], atol=0.05)


def test_filters_can_be_left_out():
    x = sine(10, 100) + 5
    out = prepare(x, 100, to_fs_hz=100, high_pass_hz=None, low_pass_hz=None)
    np.testing.assert_array_equal(out, x)


def test_one_dimension_is_refused():
    with pytest.raises(InvalidArgumentError, match="two are needed"):
        prepare(np.zeros(100, np.float32), 500, to_fs_hz=100)
