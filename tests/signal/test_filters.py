"""The zero-phase filters: what they remove, and that absent stays absent."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.filters import DISPLAY_FILTERS, band, display_filter, notch, stretches

FS = 500.0
TIME = np.arange(5000) / FS


def sine(hz, size=1.0):
    return (size * np.sin(2 * np.pi * hz * TIME)).astype(np.float32)


def size_of(samples, hz, margin=750):
    """Amplitude of one frequency, away from the ends."""
    inner = np.asarray(samples, dtype=np.float64)[margin:-margin]
    wave = np.exp(-2j * np.pi * hz * TIME[margin:-margin])
    return 2 * np.abs((inner * wave).mean())


def test_high_pass_removes_the_offset():
    out = band(sine(10) + np.float32(5), FS, high_pass_hz=0.5, low_pass_hz=None)
    assert out.dtype == np.float32
    assert abs(out[750:-750].mean()) < 0.01
    assert size_of(out, 10) == pytest.approx(1, abs=0.01)


def test_high_pass_removes_wander_and_keeps_the_slow_end_of_the_t_wave():
    out = band(sine(0.1) + sine(2), FS, high_pass_hz=0.5, low_pass_hz=None)
    assert size_of(out, 0.1) < 0.05
    assert size_of(out, 2) == pytest.approx(1, abs=0.02)


def test_low_pass_removes_fast_noise():
    out = band(sine(150) + sine(8), FS, high_pass_hz=None, low_pass_hz=40)
    assert size_of(out, 150) < 0.02
    assert size_of(out, 8) == pytest.approx(1, abs=0.01)


def test_filters_do_not_shift_in_time():
    pulse = np.exp(-0.5 * ((TIME - 5) / 0.02) ** 2).astype(np.float32)
    out = band(pulse, FS, high_pass_hz=0.05, low_pass_hz=40)
    assert out.argmax() == pulse.argmax()


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_notch_removes_the_mains_and_little_else(mains_hz):
    out = notch(sine(mains_hz, 0.5) + sine(10), FS, mains_hz)
    assert size_of(out, mains_hz) < 0.005
    assert size_of(out, 10) == pytest.approx(1, abs=0.01)
    other = 110 - mains_hz
    assert size_of(notch(sine(other), FS, mains_hz), other) > 0.9


def test_notch_leaves_alone_what_the_rate_cannot_carry():
    samples = sine(10)[None, :]
    np.testing.assert_array_equal(notch(samples, 100.0, 50.0), samples)


def test_low_pass_above_the_band_leaves_alone():
    samples = sine(10)
    out = band(samples, FS, high_pass_hz=None, low_pass_hz=225.0)
    np.testing.assert_array_equal(out, samples)


@settings(max_examples=25, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 1990), st.integers(1, 400)), max_size=4),
    use_notch=st.booleans(),
)
def test_absent_stays_absent_and_only_that(gaps, use_notch):
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((2, 2000)).astype(np.float32)
    for start, length in gaps:
        samples[0, start : start + length] = np.nan
    out = (
        notch(samples, FS, 50.0)
        if use_notch
        else band(samples, FS, high_pass_hz=0.5, low_pass_hz=40)
    )
    np.testing.assert_array_equal(np.isnan(out), np.isnan(samples))


def test_a_gap_does_not_leak_into_the_other_side():
    samples = sine(5)
    samples[2000:2500] = np.nan
    changed = samples.copy()
    changed[2500:] += 100
    first, second = (band(s, FS, high_pass_hz=0.5, low_pass_hz=40) for s in (samples, changed))
    np.testing.assert_array_equal(first[:2000], second[:2000])


def test_stretch_too_short_for_a_filter_is_centred():
    samples = np.full(2000, np.nan, dtype=np.float32)
    samples[100:105] = [1, 2, 3, 4, 5]
    out = band(samples, FS, high_pass_hz=0.5, low_pass_hz=None)
    np.testing.assert_allclose(out[100:105], [-2, -1, 0, 1, 2], atol=1e-6)


def response(out, given, hz):
    return size_of(out, hz) / size_of(given, hz)


@pytest.mark.parametrize("hz", [20.0, 40.0, 80.0])
def test_the_low_pass_is_a_second_order_butterworth_forward_and_backward(hz):
    """Applied twice, its response is 1 / (1 + (f / f0)^4), f0 on the bilinear scale."""
    given = sine(hz)
    found = response(band(given, FS, high_pass_hz=None, low_pass_hz=40.0), given, hz)
    ratio = np.tan(np.pi * hz / FS) / np.tan(np.pi * 40.0 / FS)
    assert found == pytest.approx(1 / (1 + ratio**4), rel=0.01)


@pytest.mark.parametrize("hz", [1.0, 2.0, 4.0])
def test_the_high_pass_is_one_too(hz):
    given = sine(hz)
    found = response(band(given, FS, high_pass_hz=2.0, low_pass_hz=None), given, hz)
    ratio = np.tan(np.pi * 2.0 / FS) / np.tan(np.pi * hz / FS)
    assert found == pytest.approx(1 / (1 + ratio**4), rel=0.01)


def test_the_notch_is_as_wide_as_its_quality_says():
    # Twice half the power at the edges of a band of 50 / 10 Hz.
    for hz in (47.56, 52.56):
        given = sine(hz)
        assert response(notch(given, FS, 50.0, quality=10.0), given, hz) == pytest.approx(
            0.5, abs=0.02
        )


def test_the_ends_are_filtered_as_the_middle_is():
    """A record that begins anywhere in a beat has no transient of the filter at its ends."""
    whole = (sine(1.2) + sine(6, 0.3) + np.float32(2)).astype(np.float32)
    low = band(whole, FS, high_pass_hz=None, low_pass_hz=40.0)
    part = band(whole[137:3000], FS, high_pass_hz=None, low_pass_hz=40.0)
    np.testing.assert_allclose(part, low[137:3000], atol=0.01)
    flat = np.full(2000, 3.0, dtype=np.float32)
    np.testing.assert_allclose(band(flat, FS, high_pass_hz=0.5, low_pass_hz=40), 0, atol=1e-6)
    np.testing.assert_allclose(band(flat, FS, high_pass_hz=None, low_pass_hz=40), 3, atol=1e-5)
    np.testing.assert_allclose(notch(flat, FS, 50.0), 3, atol=1e-5)


def test_wander_and_hum_are_gone_at_the_beginning_too():
    """As in the middle: a steady drift of 0.3 mV a second, hum that begins at a zero crossing."""
    drift = (0.3 * TIME).astype(np.float32)
    assert np.abs(band(drift, FS, high_pass_hz=0.5, low_pass_hz=None)).max() < 0.002
    assert np.abs(notch(sine(50), FS, 50.0)[:2500]).max() < 0.01


def test_the_usual_notch_is_a_thirtieth_of_its_frequency_wide():
    for hz in (49.1736, 50.8403):
        given = sine(hz)
        assert response(notch(given, FS, 50.0), given, hz) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("hz", [0.0, 0.0005])
def test_a_corner_below_a_thousandth_of_a_hertz_is_refused(hz):
    with pytest.raises(InvalidArgumentError, match=r"from 0\.001"):
        band(sine(5), FS, high_pass_hz=hz, low_pass_hz=None)
    with pytest.raises(InvalidArgumentError, match=r"from 0\.001"):
        band(sine(5), FS, high_pass_hz=None, low_pass_hz=hz)


def test_a_step_at_the_beginning_leaves_the_rest_alone():
    """Most of a lead decides its level: a short deflection at one end does not."""
    samples = np.zeros(5000, dtype=np.float32)
    samples[:50] = 5.0
    out = band(samples, FS, high_pass_hz=0.5, low_pass_hz=None)
    assert np.abs(out[4000:]).max() < 0.002


def test_each_lead_is_filtered_by_itself():
    rows = np.stack([sine(3) + np.float32(7), sine(9), np.full(5000, -4, np.float32)])
    together = notch(band(rows, FS, high_pass_hz=0.5, low_pass_hz=40), FS, 50.0)
    for row, out in zip(rows, together, strict=True):
        alone = notch(band(row, FS, high_pass_hz=0.5, low_pass_hz=40), FS, 50.0)
        np.testing.assert_allclose(out, alone, atol=1e-5)
    short = rows[:, :8]
    np.testing.assert_allclose(
        band(short, FS, high_pass_hz=0.5, low_pass_hz=None),
        short - short.mean(axis=1, keepdims=True),
        atol=1e-5,
    )
    np.testing.assert_array_equal(band(short, FS, high_pass_hz=None, low_pass_hz=40), short)


@pytest.mark.parametrize(
    ("key", "label", "low", "high"),
    [
        ("none", "as recorded", None, None),
        ("diagnostic", "0.05-150 Hz", 0.05, 150),
        ("monitor", "0.05-40 Hz", 0.05, 40),
    ],
)
def test_what_is_printed_of_a_display_filter_is_what_it_does(key, label, low, high):
    found = display_filter(key)
    assert (found.label, found.high_pass_hz, found.low_pass_hz) == (label, low, high)


def test_corners_may_lie_on_the_limits():
    samples = sine(10)
    in_band = band(samples, FS, high_pass_hz=0.001, low_pass_hz=None)
    assert np.isfinite(in_band).all()
    np.testing.assert_array_equal(notch(samples, 100.0, 45.0), samples)
    with pytest.raises(InvalidArgumentError, match="below low_pass_hz"):
        band(samples, FS, high_pass_hz=40.0, low_pass_hz=40.0)


def test_input_is_not_changed():
    samples = sine(5)
    kept = samples.copy()
    band(samples, FS, high_pass_hz=0.5, low_pass_hz=40)
    notch(samples, FS, 50.0)
    np.testing.assert_array_equal(samples, kept)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"high_pass_hz": -1.0, "low_pass_hz": None}, "high_pass_hz"),
        ({"high_pass_hz": 400.0, "low_pass_hz": None}, "high_pass_hz"),
        ({"high_pass_hz": 50.0, "low_pass_hz": 40.0}, "high_pass_hz.*low_pass_hz"),
        ({"high_pass_hz": None, "low_pass_hz": 0.0}, "low_pass_hz"),
        ({"high_pass_hz": float("nan"), "low_pass_hz": None}, "high_pass_hz"),
    ],
)
def test_corners_that_make_no_sense_are_refused(options, named):
    with pytest.raises(InvalidArgumentError, match=named):
        band(sine(5), FS, **options)


def test_display_filters_are_found_by_key():
    for item in DISPLAY_FILTERS:
        assert display_filter(item.key) is item
    with pytest.raises(InvalidArgumentError, match=r"'40'.*none, diagnostic, monitor"):
        display_filter("40")


@given(st.lists(st.booleans(), max_size=60))
def test_stretches_rebuild_what_they_came_from(values):
    present = np.array(values, dtype=bool)
    rebuilt = np.zeros_like(present)
    found = stretches(present)
    for start, stop in found:
        assert stop > start
        rebuilt[start:stop] = True
    np.testing.assert_array_equal(rebuilt, present)
    assert all(a[1] < b[0] for a, b in pairwise(found))
