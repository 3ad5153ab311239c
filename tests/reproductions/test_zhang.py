"""The published system: its data, its training and its thresholds."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.datasets import Entry, PackedSet
from ecgcore.datasets.packing import PackedSignals, PackParameters, quantise
from ecgcore.datasets.packing import _label_signals as labelled
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.statements import CORE_CODES
from ecgcore.training.recipe import read_recipe
from ecgcore.training.trainer import Fitted
from reproductions.scores import GRID, choose, grid_threshold, macro_f1, read_figures, summary
from reproductions.zhang import compare_zhang, divisions, load_records, ten_folds, validation_f1
from reproductions.zhang_recipe import ZhangData, ZhangRecipe
from reproductions.zhang_train import (
    Division,
    ResNet34Training,
    alike,
    augment,
    epoch_batches,
    fit_resnet34,
    last_seconds,
    pad_left,
    probabilities,
    training_batch,
)

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
TINY = ZhangRecipe(
    name="tiny",
    seeds=(0,),
    kind="resnet34",
    data=ZhangData("splits", datasets=("ludb",)),
    training=ResNet34Training(epochs=2, batch_size=4, longest_s=1.0, shortest_s=0.5),
    arguments={"width": 1},
)


def packed(seconds: list[float], *, seed: int = 0) -> PackedSet:
    rng = np.random.default_rng(seed)
    n = len(seconds)
    made = [quantise(rng.standard_normal((12, round(s * 500))).astype(np.float32)) for s in seconds]
    signals = PackedSignals(
        values=np.concatenate([values.reshape(-1) for values, _ in made]),
        starts=np.cumsum([0, *(values.size for values, _ in made)]),
        lengths=np.array([values.shape[1] for values, _ in made]),
        scales=np.stack([scales for _, scales in made]),
        in_mv=np.ones(n, dtype=bool),
    )
    targets = rng.integers(0, 2, (n, len(CORE_CODES))).astype(np.float32)
    targets[0, 0] = np.nan
    splits = ["train", "val", "test", "train"] * n
    entries = [
        Entry("ludb", f"r{i}", f"p{i}", splits[i], Path(f"r{i}"), tuple(targets[i].tolist()))
        for i in range(n)
    ]
    return labelled(entries, signals, 500.0)


def test_the_full_set_comes_unfiltered_at_500_hz_with_its_classes_as_coded(monkeypatch):
    asked = {}

    class Public:
        def for_task(self, name: str) -> str:
            asked["task"] = name
            return "records"

    def opened(name: str, folder: Path | None, *, parameters: PackParameters) -> Public:
        asked.update(name=name, folder=folder, parameters=parameters)
        return Public()

    monkeypatch.setattr("reproductions.zhang.open_public", opened)
    recipe = read_recipe(CONFIGS / "zhang_features.toml", ZhangRecipe)
    assert load_records(recipe) == "records"
    assert asked == {
        "name": "cpsc_2018",
        "folder": None,
        "parameters": PackParameters(500.0, None, None, None),
        "task": "cpsc9",
    }


def test_the_end_of_a_recording_is_kept_and_zeros_stand_on_its_left():
    training = ResNet34Training(longest_s=0.02, shortest_s=0.02)
    signal = np.arange(24, dtype=np.float32).reshape(2, 12)
    signal[0, -1] = np.nan
    kept = last_seconds(signal, training)
    assert kept.tolist() == [[2, 3, 4, 5, 6, 7, 8, 9, 10, 0], list(range(14, 24))]
    assert pad_left(kept, 12)[1].tolist() == [0, 0, *range(14, 24)]


def test_gain_and_offset_are_each_drawn_for_three_records_in_ten():
    training, rng = ResNet34Training(), np.random.default_rng(0)
    signal = np.stack([np.zeros(2000), np.ones(2000)]).astype(np.float32)
    made = [augment(signal, training, rng) for _ in range(2000)]
    offsets = np.array([m[0, 0] for m in made]) * 1000
    gains = np.array([m[1, 0] for m in made])
    assert 0.27 < (offsets != 0).mean() < 0.34  # 0.309, less the draws of 0
    assert offsets.min() == pytest.approx(-20)
    assert offsets.max() == pytest.approx(19)
    only_gain = gains[(offsets == 0) & (np.abs(gains - 1) > 0.03)]
    assert only_gain.std() > 0.08
    assert only_gain.size / 2000 < 0.3


def test_ten_folds_are_seeded_even_and_patient_wise():
    groups = np.array([f"p{i // 2}" for i in range(60)])
    folds = ten_folds(groups, 3)
    assert np.bincount(folds).tolist() == [6] * 10
    assert (folds[::2] == folds[1::2]).all()
    assert (folds == ten_folds(groups, 3)).all()
    assert (folds != ten_folds(groups, 4)).any()
    with pytest.raises(InvalidArgumentError, match="patients"):
        ten_folds(groups[:10], 3)


def test_each_rotation_learns_from_eight_folds_and_the_ten_tests_cover_everything():
    data = packed([0.5] * 40)
    recipe = ZhangRecipe("x", (0,), "features", ZhangData("cpsc2018", "x"), TINY.training)
    found = list(divisions(recipe, data, 0))
    assert [(d.train.size, d.val.size, d.test.size) for d in found] == [(32, 4, 4)] * 10
    assert sorted(np.concatenate([d.test for d in found])) == list(range(40))
    for each in found:
        assert not set(each.train) & (set(each.val) | set(each.test))
        assert not set(each.val) & set(each.test)


def test_batches_hold_every_record_once_and_longer_ones_apart():
    data = packed([0.5, 0.5, 0.4, 0.8, 2.0, 0.5, 0.9, 0.5, 0.3])
    rng = np.random.default_rng(0)
    batches = epoch_batches(data, np.arange(9), TINY.training, rng)
    assert sorted(np.concatenate(batches)) == list(range(9))
    assert sorted(batch.size for batch in batches) == [2, 3, 4]
    lengths = {training_batch(data, b, TINY.training, rng).shape[2] for b in batches}
    assert lengths == {250, 500}
    published = ResNet34Training(batch_size=4, longest_s=1.0, shortest_s=1.0)
    assert sorted(b.size for b in epoch_batches(data, np.arange(9), published, rng)) == [1, 4, 4]


def test_a_prediction_does_not_depend_on_its_neighbours():
    data = packed([0.5, 0.4, 0.8, 0.5, 0.9])
    torch.manual_seed(0)
    network = build("resnet34", {"width": 1})
    rows = np.arange(5)
    together = probabilities(network, data, rows, TINY.training)
    alone = [probabilities(network, data, rows[i : i + 1], TINY.training) for i in rows]
    assert np.allclose(together, np.concatenate(alone), atol=2e-3)
    assert sorted(np.concatenate(list(alike(data, rows, TINY.training)))) == list(range(5))


def division_of(data: PackedSet) -> Division:
    return Division("", data.where("train"), data.where("val"), data.where("test"))


def fit_tiny(data: PackedSet, folder: Path, *, seed: int) -> Fitted:
    return fit_resnet34(
        TINY.arguments,
        TINY.training,
        data,
        division_of(data),
        figure=validation_f1,
        seed=seed,
        folder=folder,
    )


def test_each_epoch_is_drawn_anew(tmp_path, monkeypatch):
    data, seen = packed([0.5] * 16), []

    def told(data_, rows, *rest):
        seen.extend(rows.tolist())
        return training_batch(data_, rows, *rest)

    monkeypatch.setattr("reproductions.zhang_train.training_batch", told)
    fit_tiny(data, tmp_path, seed=5)
    first, second = seen[:8], seen[8:]
    assert sorted(first) == sorted(second) == data.where("train").tolist()
    assert first != second


def test_the_network_returned_is_that_of_the_best_epoch(tmp_path):
    data = packed([0.5] * 24)
    division = division_of(data)
    made = fit_tiny(data, tmp_path, seed=2)
    found = macro_f1(
        choose(
            data.targets[division.val],
            probabilities(made.network, data, division.val, TINY.training),
        )
    )
    best = max(e["figure"] for e in made.rounds)
    assert found == pytest.approx(best)
    assert made.rounds[made.best - 1]["figure"] == best


def test_thresholds_are_the_grids_best_and_leave_out_what_cannot_tell():
    targets = np.array([1, 1, 0, 0, np.nan], dtype=np.float32)
    scores = np.array([0.9, 0.6, 0.5, 0.1, 0.99])
    chosen = grid_threshold(targets, scores)
    assert chosen.f1 == 1.0
    assert 0.5 < chosen.threshold <= 0.6
    assert chosen.threshold in GRID
    assert len(GRID) == 100
    assert grid_threshold(np.zeros(3, dtype=np.float32), scores[:3]).threshold == 0.5
    none = choose(np.zeros((3, 2), dtype=np.float32), np.ones((3, 2)))
    assert macro_f1(none) == 0.0


def test_a_summary_is_the_mean_over_runs_and_not_of_pooled_counts():
    def run(value: float | None) -> dict:
        figure = {"value": value, "low": None, "high": None}
        # No AUC, no positive: the F1 of 0 then says nothing.
        one = {"auc": figure, "f1": figure | {"value": value or 0.0}}
        return {"classes": dict.fromkeys(CORE_CODES, one), "mean": one}

    found = summary([run(0.5), run(0.7), run(None)])
    assert found["f1"]["AF"] == {"mean": 0.6, "sd": 0.1414, "n": 2}
    assert found["runs"] == 3


def test_figures_of_every_seed_are_written_and_not_made_twice(tmp_path, monkeypatch):
    data = packed([0.5] * 40)
    monkeypatch.setattr("reproductions.zhang.load_records", lambda _recipe: data)
    first = compare_zhang(TINY, tmp_path / "results", tmp_path / "runs")
    figures = json.loads((tmp_path / "runs" / "tiny-seed0" / "figures.json").read_text())
    assert figures["data"]["train"] == 20
    assert figures["test"]["n"] == 10
    assert figures["made"]["epochs"] == 2
    assert set(figures["test"]["classes"]) == set(CORE_CODES)
    assert [p.name for p in (tmp_path / "results").iterdir()] == ["tiny.csv"]
    (seed,) = {row["seed"] for row in read_figures(tmp_path / "results" / "tiny.csv")}
    assert seed == 0
    kept = json.loads((tmp_path / "runs" / "tiny-seed0" / "division.json").read_text())
    assert len(kept["test"]) == 10
    monkeypatch.setattr("reproductions.zhang._network", None)
    assert compare_zhang(TINY, tmp_path / "results", tmp_path / "runs") == first


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("zhang_*.toml")), ids=lambda p: p.stem)
def test_shipped_recipes_read(path):
    recipe = read_recipe(path, ZhangRecipe)
    assert recipe.name == path.stem
    published = ResNet34Training()
    if recipe.data.source == "cpsc2018":
        assert recipe.training == published
        assert recipe.data.folds == tuple(range(10))
    else:
        assert recipe.notes


def test_a_recipe_that_does_not_fit_is_refused(tmp_path):
    good = (CONFIGS / "zhang_resnet34.toml").read_text()
    path = tmp_path / "bad.toml"
    for old, new, words in (
        ("batch_size", "batch", "possible values"),
        ("epochs = 40", "epochs = 2.5", "whole number"),
        ('source = "cpsc2018"', 'source = "else"', "data.source"),
        ('kind = "resnet34"', 'kind = "resnet50"', "kind"),
        ("folds = [0,", "folds = [11,", "folds"),
    ):
        assert old in good
        path.write_text(good.replace(old, new))
        with pytest.raises(InvalidArgumentError, match=words):
            read_recipe(path, ZhangRecipe)
