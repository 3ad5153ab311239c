"""The published pair from recipe to figures: data, schedules, runs, on made records."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, SUPERCLASSES
from ecgcore.training.recipe import build_part, read_recipe
from reproductions import mvkt
from reproductions.__main__ import main
from reproductions.mvkt import build_network, compare_mvkt, document, runs_of, summary_text
from reproductions.mvkt_data import fixed_length, scale_traces, wavelet_band
from reproductions.mvkt_recipe import TransferRecipe
from reproductions.mvkt_train import (
    Schedule,
    TransferSet,
    answers,
    fit_network,
    mean_of_views,
    pairs_contrast,
)

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SPLITS = CONFIGS / "mvkt_splits.toml"


def made_set(n: int = 96, length: int = 64) -> TransferSet:
    """Records whose first statement is a slow wave, weaker in lead I; the second is its absence."""
    rng = np.random.default_rng(0)
    targets = np.full((n, 14), np.nan, dtype=np.float32)
    targets[:, 0] = rng.random(n) < 0.5
    targets[:, [1, 9]] = 1 - targets[:, :1]
    wave = np.sin(np.linspace(0, 6.3, length))
    x = rng.normal(size=(n, 12, length))
    x += targets[:, 0, None, None] * wave * np.array([0.8, *[2.0] * 11])[:, None]
    names = np.array([f"made/{i}" for i in range(n)])
    splits = np.array(["train", "train", "val", "test"] * (n // 4))
    return TransferSet(
        x=torch.from_numpy(x.astype(np.float32)),
        targets=torch.from_numpy(targets),
        codes=(*CORE_CODES, *SUPERCLASSES),
        splits=splits,
        groups=names,
        records=names,
    )


def tiny(**changes: object):
    recipe = read_recipe(SPLITS, TransferRecipe)
    short = Schedule(epochs=2, batch_size=8, warm_up_epochs=1, drops=(1,))
    contrast = replace(recipe.transfer.contrast, n_negatives=8)
    return replace(
        recipe,
        seeds=(0,),
        variants=("bce", "both"),
        network={"depth": 18, "width": 2},
        teacher=short,
        student=short,
        transfer=replace(recipe.transfer, start_epochs=1, contrast=contrast),
        more={"I": ("views", "start")},
        **changes,
    )


def test_a_longer_record_keeps_its_middle_and_a_shorter_one_is_repeated():
    ramp = np.arange(10, dtype=np.float32)[None]
    assert fixed_length(ramp, 4)[0].tolist() == [3, 4, 5, 6]
    assert fixed_length(ramp, 23)[0].tolist() == [*range(10), *range(10), 0, 1, 2]


def test_the_wavelet_band_takes_drift_and_mains_harmonics_and_keeps_the_beat():
    pytest.importorskip("pywt", reason="reproductions/requirements.txt is not installed")
    t = np.arange(10_000) / 500
    drift, middle, high = (np.sin(2 * np.pi * hz * t) for hz in (0.1, 8.0, 200.0))
    kept = wavelet_band(np.stack([drift, middle, high]).astype(np.float32)[None])[0]
    inner = slice(2000, 8000)
    assert np.abs(kept[0, inner]).max() < 0.15
    assert np.corrcoef(kept[1, inner], middle[inner])[0, 1] > 0.99
    assert np.abs(kept[2, inner]).max() < 0.05
    with pytest.raises(InvalidArgumentError, match="needs 5632"):
        wavelet_band(np.zeros((1, 1, 5000), dtype=np.float32))


def test_scaling_by_data_set_uses_what_is_learned_from_and_by_lead_each_lead():
    x = np.stack([np.full((2, 4), 1.0), np.full((2, 4), 9.0)]).astype(np.float32)
    x[0, 0] = [0, 2, 0, 2]
    learned = np.array([True, False])
    one = scale_traces(x, learned, "dataset")
    assert one[0].mean() == pytest.approx(0)
    assert one[0].std() == pytest.approx(1, rel=1e-5)
    each = scale_traces(x, learned, "lead")
    assert each[0, 0].tolist() == [-1, 1, -1, 1]
    assert not each[1].any()
    x[1, 1, 2] = np.nan
    assert np.isfinite(scale_traces(x, learned, "dataset")).all()
    np.testing.assert_array_equal(scale_traces(x, learned, "none")[1, 1], [9, 9, 0, 9])


def test_the_published_warm_up_peaks_and_the_mended_one_ends_at_the_rate():
    theirs, ours = Schedule(warm_up="published", warm_up_step=1e-3), Schedule()
    assert max(theirs.rate(e) for e in range(100)) == pytest.approx(0.015)
    assert theirs.rate(15) == pytest.approx(1e-3)
    assert ours.rate(14) == pytest.approx(1e-3) == max(ours.rate(e) for e in range(100))
    assert [ours.rate(e) for e in (39, 40, 70)] == pytest.approx([1e-3, 1e-4, 1e-5])


@pytest.mark.parametrize(
    "given", [{"warm_up_step": 1e-3}, {"warm_up": "published"}], ids=["unused", "missing"]
)
def test_the_step_of_the_published_warm_up_is_given_with_it_alone(given):
    with pytest.raises(InvalidArgumentError, match="go together"):
        build_part("teacher", Schedule, given)


@pytest.mark.parametrize("name", ["mvkt_splits", "mvkt_ptbxl", "mvkt_cpsc2018"])
def test_the_recipes_read_and_are_of_the_published_depth(name):
    recipe = read_recipe(CONFIGS / f"{name}.toml", TransferRecipe)
    assert recipe.network["depth"] == 101
    assert (recipe.transfer.alpha, recipe.transfer.beta) == (1.0, 0.8)
    assert recipe.variants == ("bce", "mkd", "clt", "both")
    assert len(recipe.seeds) == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('variants = ["bce"', 'variants = ["best"', "possible values"),
        ("depth = 101", "depth = 77", "possible values"),
        ("alpha = 1.0", "alpha = -1.0", "alpha"),
        ("alpha = 1.0", "gamma = 1.0", "possible values"),
        ('source = "splits"', 'source = "ptbxl"', "task of a set in full"),
        ("batch_size = 32", "batch_size = 6.5", "whole number"),
        ('leads = ["I"]', 'leads = ["MLII"]', "possible values"),
        ("[transfer]", "[transfers]", "possible values"),
        ("seeds = [0, 1, 2]", "seeds = []", "seed"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(tmp_path, old, new, words):
    text = SPLITS.read_text()
    assert old in text
    path = tmp_path / "bad.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(InvalidArgumentError, match=words):
        read_recipe(path, TransferRecipe)


def test_a_teacher_comes_before_its_students_and_no_run_twice():
    runs = runs_of(read_recipe(SPLITS, TransferRecipe))
    names = [run.name for run in runs]
    assert len(set(names)) == len(names) == 12 + 2 + 10 * 4 + 3
    assert names[0] == "teacher"
    for place, run in enumerate(runs):
        assert {name for name, _ in run.teachers} <= set(names[:place])
    assert {len(run.leads) for run in runs} == {12, 6, 1}


def test_a_network_learns_and_its_best_epoch_is_chosen_on_val():
    data, recipe = made_set(), tiny()
    schedule = replace(recipe.teacher, epochs=4, drops=(), learning_rate=5e-3)
    made = fit_network(build_network(recipe, data, 12, 0), data, tuple(range(12)), schedule, seed=0)
    areas = [each["figure"] for each in made.rounds]
    assert areas[made.best - 1] == max(areas) > 0.7
    said, features = answers(made.network, data, tuple(range(12)))
    assert said.shape == (96, 14)
    assert features.shape == (96, made.network.n_features)


def test_too_few_records_are_refused():
    data, recipe = made_set(8), tiny()
    with pytest.raises(InvalidArgumentError, match="batches of 8"):
        fit_network(build_network(recipe, data, 1, 0), data, (0,), recipe.teacher, seed=0)


def test_views_are_joined_by_their_mean_probability():
    found = mean_of_views([torch.tensor([[0.0]]), torch.tensor([[100.0]])])
    assert float(found.sigmoid()) == pytest.approx(0.75, abs=1e-4)


def test_a_recipe_is_run_to_figures_and_not_run_again(tmp_path, monkeypatch):
    data, recipe = made_set(), tiny()
    monkeypatch.setattr(mvkt, "load_transfer_data", lambda _part: data)
    found = compare_mvkt(recipe, tmp_path / "results", tmp_path / "runs", n_boot=20)
    students = [f"I-{name}-seed0" for name in ("bce", "both", "views", "start")]
    assert set(found["networks"]) == {"teacher", "teacher-limb", "teacher-chest", *students}
    assert set(found["gains"]) == set(students[1:])
    assert set(found["gains"]["I-both-seed0"]) == {"nine", "super"}
    auc = found["networks"]["teacher"]["test"]["nine"]["mean"]["auc"]
    assert 0 <= auc["low"] <= auc["value"] <= auc["high"] <= 1
    assert (tmp_path / "results" / "mvkt_splits.md").read_text() == document(found)
    assert "I-both-seed0 | nine" in summary_text(found)

    def never(*_args: object, **_more: object) -> None:
        raise AssertionError("a finished network was trained again")

    monkeypatch.setattr(mvkt, "fit_network", never)
    again = compare_mvkt(recipe, tmp_path / "again", tmp_path / "runs", n_boot=20)
    assert again == found


def test_seeds_are_joined_into_one_figure():
    data, recipe = made_set(), tiny()
    rng = np.random.default_rng(0)
    n = data.targets.shape
    logits = {
        f"I-{variant}-seed{k}": rng.standard_normal(n).astype(np.float32)
        for variant in ("bce", "mkd")
        for k in (0, 1)
    }
    found = mvkt.figures(recipe, data, logits, n_boot=20)
    one = found["over_seeds"]["I-mkd"]["nine"]
    each = [found["gains"][f"I-mkd-seed{k}"]["nine"]["value"] for k in (0, 1)]
    assert one["over_bce"]["value"] == pytest.approx(np.mean(each), abs=1e-3)
    assert one["over_bce"]["low"] <= one["over_bce"]["value"] <= one["over_bce"]["high"]
    assert "I-mkd, all seeds | nine" in summary_text(found)
    single = {name: value for name, value in logits.items() if name.endswith("0")}
    assert mvkt.figures(recipe, data, single, n_boot=20)["over_seeds"] == {}


def test_the_command_names_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("ECG_FULL_DATA", raising=False)
    assert main([str(CONFIGS / "mvkt_ptbxl.toml"), "--runs", str(tmp_path)]) == 2
    assert "ECG_FULL_DATA" in capsys.readouterr().err


def test_recipes_in_full_differ_from_one_another_where_the_sets_do():
    ptbxl, cpsc = (
        tomllib.loads((CONFIGS / f"mvkt_{name}.toml").read_text()) for name in ("ptbxl", "cpsc2018")
    )
    assert cpsc["data"]["seconds"] * cpsc["data"]["fs_hz"] == 10_000
    assert cpsc["data"]["wavelet"]
    assert ptbxl["data"]["scaling"] == "dataset"
    assert cpsc["teacher"]["balanced"]


def test_pairs_are_alike_where_their_views_are():
    first = torch.eye(4)
    same, other = pairs_contrast(first, first), pairs_contrast(first, first.roll(1, 0))
    assert float(same) < 0.01 < float(other)
