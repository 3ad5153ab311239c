"""Fewer samples of a trace keep every extreme, in height and in place."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_array_equal

from ecgcore.render.extremes import MOST_HZ, thin_trace


@given(
    some.integers(0, 3999),
    some.sampled_from([501.0, 1000.0, 2000.0, 4000.0, 32000.0]),
    some.floats(-8, 8).filter(lambda v: abs(v) > 0.1),
)
def test_a_spike_of_one_sample_keeps_its_height_and_place(at: int, fs_hz: float, mv: float) -> None:
    trace = np.zeros(4000)
    trace[at] = mv
    thin, rate = thin_trace(trace, fs_hz)
    spike = np.flatnonzero(thin)
    assert thin[spike].tolist() == [mv]
    assert abs(spike[0] / rate - at / fs_hz) <= 2 / MOST_HZ
    assert rate <= MOST_HZ


def test_a_trace_at_500_hz_is_drawn_as_it_is() -> None:
    trace = np.arange(5000.0)
    thin, rate = thin_trace(trace, 500.0)
    assert thin is trace
    assert rate == 500.0


def test_absent_stretches_stay_absent_and_a_lone_sample_stays() -> None:
    trace = np.full(64, np.nan)
    trace[33] = 1.0
    thin, _ = thin_trace(trace, 4000.0)
    assert np.nanmax(thin) == 1.0
    assert np.isnan(thin[:4]).all()
    assert_array_equal(np.isnan(thin_trace(np.full(64, np.nan), 4000.0)[0]), True)
