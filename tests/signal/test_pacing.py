"""Pacing spikes in the raw trace."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.signal.pacing import enough, paced_by_spikes, spiked
from ecgcore.simulate import simulate


@pytest.mark.parametrize("seed", range(3))
def test_plain_ecgs_have_no_spikes(seed):
    assert not paced_by_spikes(simulate("normal", seed=seed, fs_hz=500.0).recording)


def with_spikes(recording, r_s, *, height=2.0):
    signal = np.array(recording.signal)
    at = np.round((r_s - 0.06) * recording.fs_hz).astype(int)
    signal[:, at] += height
    return replace(recording, signal=signal)


def test_needles_before_the_complexes_are_pacing():
    made = simulate("normal", seed=1, fs_hz=500.0)
    r_s = np.array([beat.r_peak for beat in made.truth.beats])
    shown = with_spikes(made.recording, r_s[1:])
    assert paced_by_spikes(shown)
    # One beat alone is not a rhythm, and at lower rates a spike is no needle any more.
    assert not paced_by_spikes(with_spikes(made.recording, r_s[1:2]))
    assert not enough(spiked(shown.signal, 250.0, r_s))


def test_too_slow_a_rate_cannot_tell():
    made = simulate("normal", seed=1, fs_hz=250.0).recording
    assert not paced_by_spikes(made)
    assert spiked(made.signal, 250.0, np.array([1.0, 2.0])).tolist() == [False, False]
    assert not enough(np.zeros(0, dtype=bool))


# ---- the rule, on traces that are flat but for their needles ---------------------------------

FS_HZ = 500.0
R_S = np.arange(1.0, 9.5, 1.0)


def needles(*, height=0.1, before_s=0.1, n_leads=1, fs_hz=FS_HZ, n_samples=1, others=0):
    """Return a flat trace with a needle so far before each R peak, and small ones elsewhere."""
    signal = np.zeros((n_leads, round(10 * fs_hz)), dtype=np.float32)
    # Away from the windows before the R peaks, each small needle on one sample.
    free = [i for i in range(50, signal.shape[1] - 50, 5) if 0.1 < (i / fs_hz) % 1 < 0.75]
    signal[:, free[:others]] = 0.02
    for r in R_S:
        at = round((r - before_s) * fs_hz)
        signal[:, at : at + n_samples] = height
    return signal


def told(signal, fs_hz=FS_HZ):
    found = spiked(signal, fs_hz, R_S)
    assert found.all() or not found.any()
    return bool(found.all())


@pytest.mark.parametrize(("height", "expected"), [(0.0615, True), (0.0585, False)])
def test_a_needle_is_12_times_what_is_usual(height, expected):
    # What is usual in a flat trace is the floor of 5 uV.
    assert told(needles(height=height)) is expected
    assert told(needles(height=-height)) is expected


def test_exactly_12_times_is_not_more():
    signal = needles().astype(np.float64)
    signal[signal > 0] = 0.06
    assert not told(signal)
    signal[signal > 0] = 0.0600001
    assert told(signal)


@pytest.mark.parametrize("at", [2, 25])
def test_a_spike_at_the_very_beginning_counts(at):
    """Its window is cut off by the beginning: 4 ms is the first place where a needle has sides."""
    signal = np.zeros((1, 5000), np.float32)
    signal[:, at] = 0.2
    assert spiked(signal, FS_HZ, np.array([at / FS_HZ + 0.1])).all()


@pytest.mark.parametrize(
    ("before_s", "expected"),
    [(0.21, False), (0.19, True), (0.06, True), (0.04, False), (-0.06, False)],
)
def test_it_stands_50_to_200_ms_before_r(before_s, expected):
    assert told(needles(before_s=before_s)) is expected


@pytest.mark.parametrize(
    ("before_s", "height", "expected"),
    [(0.0, 0.26, True), (0.0, 0.24, False), (-0.015, 0.3, True), (-0.03, 0.3, False)],
)
def test_about_r_only_a_thin_and_tall_one_counts(before_s, height, expected):
    assert told(needles(before_s=before_s, height=height)) is expected


def test_what_is_broader_is_no_needle():
    assert told(needles(n_samples=2))
    assert not told(needles(n_samples=5))
    # A step is none either.
    step = np.zeros((1, 5000), dtype=np.float32)
    step[:, 2500:] = 1.0
    assert not spiked(step, FS_HZ, R_S).any()


@pytest.mark.parametrize(("others", "expected"), [(215, True), (262, False)])
def test_what_is_usual_is_the_95th_percentile(others, expected):
    """Below one sample in twenty with a small needle a trace counts as flat, above it does not."""
    signal = needles(height=0.1, others=others)
    assert np.isclose((signal[0] != 0).sum(), others + R_S.size)
    assert told(signal) is expected


def test_the_three_leads_that_show_it_best_are_averaged():
    one = np.concatenate([needles(height=0.1), np.zeros((5, 5000), np.float32)])
    # In one lead of six: a third of 20 times the floor.
    assert not told(one)
    assert told(np.concatenate([needles(height=0.19), np.zeros((5, 5000), np.float32)]))
    two = np.concatenate([needles(height=0.1, n_leads=2), np.zeros((4, 5000), np.float32)])
    assert told(two)
    assert told(np.concatenate([needles(height=0.1), np.zeros((1, 5000), np.float32)])) is False
    assert told(np.concatenate([needles(height=0.13), np.zeros((1, 5000), np.float32)]))


@pytest.mark.parametrize(("fs_hz", "expected"), [(400.0, True), (399.0, False)])
def test_from_400_hz_on(fs_hz, expected):
    signal = needles(height=1.0, fs_hz=fs_hz)
    assert spiked(signal, fs_hz, R_S).any() == expected


def test_a_trace_of_less_than_100_ms_cannot_tell():
    assert not spiked(np.ones((1, 40), np.float32), FS_HZ, np.array([0.05])).any()
    assert not paced_by_spikes(
        replace(simulate("normal", seed=1).recording, signal=np.zeros((12, 45), np.float32))
    )


@pytest.mark.parametrize(
    ("spikes", "beats", "expected"), [(1, 1, False), (2, 2, True), (2, 5, True), (2, 6, False)]
)
def test_two_spikes_and_two_beats_in_five_are_a_rhythm(spikes, beats, expected):
    assert enough(np.arange(beats) < spikes) is expected
