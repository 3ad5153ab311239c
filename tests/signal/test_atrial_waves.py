"""P waves and flutter waves searched independently of QRS, and broad waves without a detector."""

import numpy as np
import pytest

from ecgcore.interpret.stretch import Stretch
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.broad_waves import find_missed_waves
from ecgcore.signal.flutter import find_flutter
from ecgcore.signal.p_train import NO_TRAIN, AtrialTrace, find_p_train
from ecgcore.simulate import simulate
from ecgcore.study import Study


def stretch_of(case: str, seed: int, noise: str | float = "low") -> tuple[Stretch, np.ndarray]:
    made = simulate(case, seed=seed, noise=noise)
    true = np.array([p.peak for p in made.truth.p_waves])
    return Stretch(Study(made.recording), 0.0, made.recording.duration_s), true


@pytest.mark.parametrize("noise", ["low", 15.0])
@pytest.mark.parametrize("case", ["complete-av-block", "complete-av-block-junctional", "mobitz-2"])
def test_p_waves_of_a_block_are_found_with_their_own_rate(case: str, noise: str | float) -> None:
    stretch, true = stretch_of(case, 31, noise)
    found = stretch.p_train
    assert found.rate_bpm == pytest.approx(60 / np.median(np.diff(true)), rel=0.05)
    near = np.abs(found.peak_s[:, None] - true).min(axis=1) < 0.06
    assert near.mean() >= 0.85
    assert found.peak_s.size >= 0.7 * true.size


def test_fibrillation_has_no_train() -> None:
    stretch, _ = stretch_of("atrial-fibrillation", 31)
    assert stretch.p_train.others > 0.5 or stretch.p_train.share < 0.7


def test_no_candidates_no_train() -> None:
    trace = AtrialTrace(np.zeros((2, 500)), np.zeros(500, dtype=bool), FEATURE_HZ)
    assert find_p_train(trace) is NO_TRAIN


@pytest.mark.parametrize("bpm", [240.0, 300.0])
def test_flutter_waves_have_their_rate(bpm: float) -> None:
    time_s = np.arange(0, 8, 1 / FEATURE_HZ)
    wave = 0.1 * ((time_s * bpm / 60) % 1.0)
    hidden = (time_s % (4 * 60 / bpm)) < 0.1
    rows = np.stack([wave, -wave])
    found = find_flutter(rows, hidden, FEATURE_HZ)
    assert 60 / found.cycle_s == pytest.approx(bpm, rel=0.03)
    assert found.score > 0.6


def test_a_sinus_rhythm_does_not_flutter() -> None:
    stretch, _ = stretch_of("normal", 31)
    assert stretch.flutter.score < 0.5


def test_broad_waves_that_no_detector_found() -> None:
    time_s = np.arange(0, 10, 1 / FEATURE_HZ)
    rows = np.sin(2 * np.pi * 2.2 * time_s)[None] * np.array([[1.0], [0.6], [-0.8]])
    found = find_missed_waves(rows, FEATURE_HZ, np.array([0.5, 4.0]))
    assert found
    assert 60 / found[0][2] == pytest.approx(132, rel=0.05)
    every = np.arange(0.2, 10, 1 / 2.2)
    assert not find_missed_waves(rows, FEATURE_HZ, every)


@pytest.mark.parametrize("case", ["normal", "sinus-tachycardia", "complete-av-block", "lbbb"])
def test_what_was_found_has_no_missed_waves(case: str) -> None:
    made = simulate(case, seed=8).recording
    search = BeatSearch(made.signal, made.fs_hz)
    assert not find_missed_waves(search.traces.low, FEATURE_HZ, search.r_s)


def test_noise_of_an_arrest_is_no_beat() -> None:
    made = simulate("asystole-after-sinus", seed=21, noise="low")
    found = BeatSearch(made.recording.signal, made.recording.fs_hz).r_s
    assert found.size <= len(made.truth.beats) + 2
