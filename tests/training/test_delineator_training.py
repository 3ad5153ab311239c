"""The delineator's recipe, its targets and its training loop, at toy size."""

import numpy as np
import pytest
import torch

from ecgcore.datasets.ludb_waves import MarkedLead, MarkedWave
from ecgcore.datasets.pools import IGNORED, classify_marks
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference import InputContract, load_model
from ecgcore.inference.card import WAVES
from ecgcore.models import build
from ecgcore.simulate import simulate
from ecgcore.training.delineator import release
from ecgcore.training.delineator.data import CLASS_OF, WaveSet, simulated_set
from ecgcore.training.delineator.release import DelineatorRecipe, make_delineator
from ecgcore.training.delineator.train import (
    DelineatorTraining,
    WaveAugmentation,
    WaveSources,
    draw_crops,
    fit_delineator,
)
from ecgcore.training.recipe import read_recipe
from tests.conftest import ROOT

RECIPE = ROOT / "configs" / "delineator.toml"
CONTRACT = InputContract(fs_hz=250.0, min_s=1.0, whole_s=12.0)
TRAINING = DelineatorTraining(60, 8, 2.048, 0.01, 0.0, 0.2, 0.9, 0.5)


BEAT = (("P", 0, 20, 0.3), ("QRS", 40, 16, 1.5), ("T", 90, 50, 0.6))


def toy_set(n=6, seed=0):
    """Leads in which a wave's class can be read from its sign and width."""
    rng = np.random.default_rng(seed)
    x = 0.02 * rng.standard_normal((n, 1500)).astype(np.float32)
    y = np.zeros((n, 1500), dtype=np.uint8)
    for row in range(n):
        for start in range(60 + int(rng.integers(40)), 1300, 220):
            for kind, at, size, height in (
                ("P", 0, 20, 0.3),
                ("QRS", 40, 16, 1.5),
                ("T", 90, 50, 0.6),
            ):
                x[row, start + at : start + at + size] += height * np.hanning(size)
                y[row, start + at : start + at + size] = CLASS_OF[kind]
    return WaveSet(x, y)


@pytest.fixture(scope="module")
def sources():
    noise = (np.random.default_rng(1).standard_normal(5000).astype(np.float32),)
    return WaveSources(toy_set(), toy_set(seed=3), noise, 250.0)


def test_the_committed_recipe_reads():
    recipe = read_recipe(RECIPE, DelineatorRecipe)
    assert recipe.data.learn == ("train",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('learn = ["train"]', 'learn = ["test"]', "possible values"),
        ("steps = ", "stepps = ", "possible values"),
        ("seed = 5", "", "no entry"),
        ("stretch = 1.35", "stretch = 9", "from 1 to 2"),
        ("[model]", "[model", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path, old, new, message):
    text = RECIPE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "r.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match=message):
        read_recipe(tmp_path / "r.toml", DelineatorRecipe)


def test_what_is_not_marked_is_not_learned_from():
    lead = MarkedLead((MarkedWave("QRS", 1.0, 1.04, 1.1), MarkedWave("T", 1.3, 1.4, 1.5)), 1.0, 1.5)
    y = classify_marks(lead, 750, 250.0, closed=False)
    assert (y[:250] == IGNORED).all()
    assert (y[376:] == IGNORED).all()
    assert (y[250:275] == CLASS_OF["QRS"]).all()
    assert (y[276:324] == 0).all()


def test_simulated_targets_leave_edges_open_and_agree_with_truth():
    made = simulated_set(CONTRACT, records=1, seed=7)
    beat = simulate("normal", seed=7, duration_s=10.0).truth.beats[4]
    row = made.y[1]
    assert row[round((beat.qrs_onset + beat.qrs_offset) / 2 * 250)] == CLASS_OF["QRS"]
    assert row[round(beat.t_peak * 250)] == CLASS_OF["T"]
    assert row[round(beat.p_onset * 250)] == IGNORED
    assert row[0] == IGNORED


def test_crops_are_finite_standardised_and_seeded(sources):
    draws = [
        draw_crops(sources, TRAINING, WaveAugmentation(), np.random.default_rng(5)) for _ in "ab"
    ]
    x, y = draws[0]
    assert x.shape == y.shape == (8, 512)
    assert torch.isfinite(x).all()
    assert float(x.std()) == pytest.approx(1, abs=0.05)
    assert torch.equal(x, draws[1][0])
    assert set(np.unique(y)) <= {0, 1, 2, 3, IGNORED}


def test_training_learns_the_toy(sources):
    torch.manual_seed(0)
    network = build("delineator", {"widths": (6, 8), "kernel": 5})
    fit_delineator(
        network,
        TRAINING,
        WaveAugmentation(noisy_share=0, inverted_share=0, wander=0),
        sources,
        seed=1,
    )
    x, y = draw_crops(
        sources,
        TRAINING,
        WaveAugmentation(noisy_share=0, inverted_share=0),
        np.random.default_rng(9),
    )
    with torch.inference_mode():
        right = (network.eval()(x).argmax(1) == y).float().mean()
    assert right > 0.85


def test_a_folder_that_loads_is_made(tmp_path, monkeypatch, sources):
    monkeypatch.setattr(release, "ludb_set", lambda *_: sources.marked)
    monkeypatch.setattr(release, "noise_set", lambda *_: sources.noise)
    monkeypatch.setattr(release, "simulated_set", lambda *_, **__: sources.simulated)
    monkeypatch.setattr(release, "ludb_entries", lambda *_: [])
    text = RECIPE.read_text(encoding="utf-8")
    for old, new in (("steps = 5000", "steps = 12"), ("batch_size = 64", "batch_size = 4")):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "r.toml").write_text(text, encoding="utf-8")
    made = make_delineator(
        read_recipe(tmp_path / "r.toml", DelineatorRecipe), tmp_path / "out", tmp_path / "runs"
    )
    loaded = load_model(tmp_path / "out", task=WAVES)
    assert loaded.card == made
    assert "P wave" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
