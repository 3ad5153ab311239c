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
