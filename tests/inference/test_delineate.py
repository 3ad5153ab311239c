"""From probabilities to waves, and the committed delineator."""

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.inference import available_models, load_model
from ecgcore.inference.card import WAVES
from ecgcore.inference.delineate import _windows, delineate, wave_probabilities
from ecgcore.inference.wave_segments import beat_waves
from ecgcore.results import FIDUCIALS
from ecgcore.simulate import simulate
from tests.conftest import ROOT

FS_HZ = 250.0


@pytest.fixture(scope="module")
def model():
    return load_model(ROOT / "weights" / "delineator-1", task=WAVES)


def painted(spans, n=1000):
    """Return probabilities with these (class, start, stop) in samples."""
    out = np.full((4, n), 0.02)
    kind = np.zeros(n, dtype=int)
    for which, start, stop in spans:
        kind[start:stop] = which
    out[kind, np.arange(n)] = 0.94
    return out


def test_waves_go_to_their_beats():
    spans = [(1, 150, 175), (2, 190, 215), (3, 250, 300), (2, 400, 424), (3, 470, 520)]
    samples = np.random.default_rng(0).random((1, 1000))
    found = beat_waves(painted(spans)[None], samples, FS_HZ, np.array([0.8, 1.65]))[0]
    at = dict(zip(FIDUCIALS, found * FS_HZ, strict=True))
    assert at["p_onset"] == pytest.approx([149.5, np.nan], nan_ok=True, abs=0.6)
    assert at["qrs_onset"] == pytest.approx([189.5, 399.5], abs=0.6)
    assert at["qrs_offset"] == pytest.approx([214.5, 423.5], abs=0.6)
    assert at["t_offset"] == pytest.approx([299.5, 519.5], abs=0.6)


def test_short_runs_are_no_waves_and_pieces_are_joined():
    spans = [(1, 150, 153), (2, 190, 200), (2, 206, 216), (3, 250, 270), (3, 280, 300)]
    found = beat_waves(painted(spans)[None], np.zeros((1, 1000)), FS_HZ, np.array([0.8]))[0]
    at = dict(zip(FIDUCIALS, found[:, 0] * FS_HZ, strict=True))
    assert np.isnan(at["p_onset"])
    assert at["qrs_offset"] - at["qrs_onset"] == pytest.approx(26, abs=1)
    assert at["t_offset"] - at["t_onset"] == pytest.approx(50, abs=1)


def test_the_conducted_p_is_the_last_one():
    spans = [(1, 100, 125), (1, 150, 175), (2, 190, 215)]
    found = beat_waves(painted(spans)[None], np.zeros((1, 1000)), FS_HZ, np.array([0.8]))[0]
    assert found[0, 0] * FS_HZ == pytest.approx(149.5, abs=0.6)


def test_each_lead_keeps_its_own_waves():
    spans = [(1, 150, 175), (2, 190, 215), (3, 250, 300)]
    leads = [painted(spans), painted([]), painted([(2, 0, 20), *spans, (3, 980, 1000)])]
    samples = np.random.default_rng(0).random((3, 1000))
    r_s = np.array([0.01, 0.8, 3.9])
    together = beat_waves(np.stack(leads), samples, FS_HZ, r_s)
    for number, lead in enumerate(leads):
        alone = beat_waves(lead[None], samples[number : number + 1], FS_HZ, r_s)[0]
        np.testing.assert_array_equal(together[number], alone)
    assert np.isnan(together[1]).all()
    assert np.isfinite(together[2, FIDUCIALS.index("qrs_onset")]).sum() == 2


@pytest.mark.parametrize("seconds", [5, 12, 12.5, 47.3, 600])
def test_windows_cover_every_sample_once(seconds):
    n = round(seconds * FS_HZ)
    used = np.zeros(n, dtype=int)
    for start, stop, first, last in _windows(n, FS_HZ, 10.0, 12.0):
        assert 0 <= start <= first < last <= stop <= n
        used[first:last] += 1
    assert (used == 1).all()


def test_a_long_recording_reads_as_its_parts(model):
    made = simulate("normal", seed=3, duration_s=30)
    whole, _ = wave_probabilities(model, made.recording.signal[:2], 500)
    part, _ = wave_probabilities(model, made.recording.signal[:2, 5000:10000], 500)
    middle = slice(500, 2000)
    same = whole[..., 2500:5000][..., middle].argmax(1) == part[..., middle].argmax(1)
    assert same.mean() > 0.98


def test_absent_samples_are_no_wave(model):
    signal = simulate("normal", seed=3).recording.signal[:1].copy()
    signal[:, 1000:3000] = np.nan
    likely, _ = wave_probabilities(model, signal, 500)
    assert (likely[0, 0, 510:1490] == 1).all()
    assert np.allclose(likely.sum(axis=1), 1, atol=1e-5)


def test_the_committed_delineator(model):
    assert model.card.task == WAVES
    assert model.card.training["parameters"] < 500_000
    made = simulate("normal", seed=9)
    r_s = np.array([b.r_peak for b in made.truth.beats])
    found = delineate(model, made.recording.signal, 500, r_s)
    assert found.shape == (12, len(FIDUCIALS), r_s.size)
    assert np.isfinite(found[:, FIDUCIALS.index("qrs_onset")]).mean() > 0.95


def test_models_keep_to_their_task(monkeypatch, model):
    monkeypatch.setenv("ECG_WEIGHTS", str(ROOT / "weights"))
    assert "delineator-1" not in available_models()
    assert "delineator-1" in available_models(WAVES)
    with pytest.raises(ModelError, match="waves"):
        load_model("delineator-1")


def test_one_row_without_leads_is_refused(model):
    with pytest.raises(InvalidArgumentError, match="two are needed"):
        wave_probabilities(model, np.zeros(100, dtype=np.float32), 500)
