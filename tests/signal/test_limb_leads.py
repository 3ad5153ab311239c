"""Six limb leads of one recording fit one another, whatever their gain."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.leads import LIMB_6, STANDARD_12
from ecgcore.signal.limb_leads import LIMIT, limb_mismatch
from ecgcore.signal.prepare import prepare
from ecgcore.simulate import simulate


@pytest.fixture(scope="module")
def samples():
    made = simulate("normal", seed=3, fs_hz=100.0).recording
    return prepare(made.signal, 100.0, to_fs_hz=100.0, high_pass_hz=0.5, low_pass_hz=40.0)


def mismatch(x, leads=STANDARD_12):
    return limb_mismatch(x, leads, 100.0)


def test_leads_of_one_recording_fit(samples):
    assert mismatch(samples) < 1e-6


@given(st.lists(st.floats(0.01, 100), min_size=12, max_size=12))
def test_whatever_the_gain_of_each(samples, gains):
    assert 0 <= mismatch(samples * np.array(gains)[:, None]) < 1e-5


def test_exchanged_electrodes_fit_too(samples):
    for order in list(permutations(range(6)))[::97]:
        assert mismatch(samples[[*order, *range(6, 12)]]) < 1e-6


@pytest.mark.parametrize("chest", [6, 7, 8])
def test_a_chest_lead_among_them_does_not(samples, chest):
    order = list(range(12))
    order[1], order[chest] = order[chest], order[1]
    assert mismatch(samples[order]) > LIMIT


def test_where_it_cannot_be_told(samples):
    assert np.isnan(mismatch(samples[:3], LIMB_6[:3]))
    flat = samples.copy()
    flat[2] = 0
    assert np.isnan(mismatch(flat))
    apart = samples.copy()
    apart[:3, 150:] = np.nan
    assert np.isnan(mismatch(apart))
    # Stretches that are missing are left out.
    apart = samples.copy()
    apart[:3, 400:] = np.nan
    assert mismatch(apart) < 1e-6


def test_independent_traces_leave_four_of_six_directions():
    x = np.random.default_rng(0).standard_normal((6, 100_000))
    assert limb_mismatch(x, LIMB_6, 100.0) == pytest.approx(4 / 6, abs=0.01)


def test_the_order_of_the_rows_does_not_matter(samples):
    order = [7, 5, 3, 1, 0, 2, 4, 6, 8, 9, 10, 11]
    names = tuple(STANDARD_12[i] for i in order)
    assert mismatch(samples[order], names) < 1e-6


def test_what_is_small_is_told_from_what_is_flat(samples):
    small = samples.copy()
    small[2] *= 1e-4
    assert mismatch(small) < 1e-4
    # An offset is no signal.
    flat = samples.copy()
    flat[2] = 3.0
    assert np.isnan(mismatch(flat))
    assert np.isnan(mismatch(0 * samples))


@pytest.mark.parametrize(("n", "enough"), [(200, True), (199, False)])
def test_two_seconds_are_needed(samples, n, enough):
    assert np.isfinite(mismatch(samples[:, :n])) == enough
