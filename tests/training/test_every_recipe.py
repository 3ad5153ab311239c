"""Every recipe of ``configs/`` from its file to its end, with small networks and made records.

What the systems read from data sets is stood in for; everything else is what the commands run.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgcore.cli.train import SYSTEMS
from ecgcore.datasets.normals import Facts
from ecgcore.inference import load_model
from ecgcore.inference.card import ANOMALY
from ecgcore.training.danet import release as danet_release
from ecgcore.training.diagnostic import data as diagnostic_data
from ecgcore.training.diagnostic.data import Statements
from ecgcore.training.recipe import read_recipe, task_of
from ecgcore.training.restoration import release as restoration_release
from ecgcore.training.restoration.material import Pools
from reproductions import detectors, mvkt, zhang
from reproductions.__main__ import COMPARISONS
from reproductions.mvkt_recipe import TransferRecipe
from reproductions.zhang_recipe import ZhangRecipe
from tests.conftest import ROOT
from tests.reproductions import test_mvkt, test_zhang
from tests.training import test_danet_training as danet
from tests.training import test_delineator_training as delineator
from tests.training import test_diagnostic_training as diagnostic
from tests.training import test_statements_training as statements
from tests.training.test_danet_training import classes, pool, shelf, stock
from tests.training.test_single_lead_training import folder, material, records

__all__ = ["classes", "folder", "material", "pool", "records", "shelf", "stock"]
CONFIGS = {path.stem: path for path in sorted((ROOT / "configs").glob("*.toml"))}
STATEMENTS = ("core9", "core9_sim", "sim_only")
DETECTORS = ("mcf", "mcf_lead", "mcf_ptbxl", "autoencoder")
ZHANG = tuple(name for name in CONFIGS if name.startswith("zhang"))
MVKT = tuple(name for name in CONFIGS if name.startswith("mvkt"))
ALONE = ("danet", "delineator", "diagnostic", "restoration", "single_lead")


def test_no_recipe_is_left_out() -> None:
    assert set(CONFIGS) == {*STATEMENTS, *DETECTORS, *ZHANG, *MVKT, *ALONE}
    assert {task_of(path) for path in CONFIGS.values()} == {*SYSTEMS, *COMPARISONS}


def read(name: str) -> Any:
    return SYSTEMS[task_of(CONFIGS[name])].read(CONFIGS[name])


@pytest.mark.parametrize("name", STATEMENTS)
def test_one_table_of_statements(name: str, tmp_path: Path, monkeypatch) -> None:
    data, recipe = statements.packed(), read(name)
    tiny = statements.tiny_recipe()
    recipe = replace(
        recipe,
        model=tiny.model,
        data=tiny.data,
        training=replace(recipe.training, epochs=1, batch_size=8),
    )
    monkeypatch.setattr(Statements, "data", data)
    monkeypatch.setattr(diagnostic_data, "simulated_set", lambda *_: statements.packed(20))
    card = SYSTEMS[recipe.task].make(recipe, tmp_path / "made", tmp_path / "runs")
    assert load_model(tmp_path / "made").card == card
    assert card.training.get("simulation", {}).get("share", 0) == recipe.simulation.share


def test_the_recipe_of_several_tasks_is_the_one_that_its_own_tests_run() -> None:
    assert CONFIGS["diagnostic"] == diagnostic.CONFIG
    recipe = read("diagnostic")
    assert len(recipe.tasks.single_batch) == len(recipe.tasks.single_lead + recipe.tasks.beats)


def test_the_single_lead_recipe(folder: Path) -> None:
    assert load_model(folder).card.input.max_leads == 1


def test_the_delineator(tmp_path: Path, monkeypatch) -> None:
    given = delineator.WaveSources(
        delineator.toy_set(), delineator.toy_set(seed=3), (np.zeros(5000, np.float32),), 250.0
    )
    delineator.test_a_folder_that_loads_is_made(tmp_path, monkeypatch, given)


def test_waveform_attention(stock, tmp_path: Path, monkeypatch) -> None:
    tiny, recipe = danet.tiny_recipe(), read("danet")
    recipe = replace(
        recipe,
        diseases={"PAC": (1,), "PVC": (1,)},
        release={code: recipe.release[code] for code in ("PAC", "PVC")},
        network=tiny.network,
        training=tiny.training,
    )
    single, _ = stock.twelve
    other = (np.arange(len(single)) % 3 == 0).astype(np.float32)
    targets = single.data.targets.copy()
    targets[:, danet.CORE_CODES.index("PVC")] = other
    made = (replace(single, data=replace(single.data, targets=targets)), stock.twelve[1])
    made_stock = replace(stock, twelve=made, single=made, beats=made, simulated=made)
    monkeypatch.setattr(danet_release, "stock_of", lambda _recipe: made_stock)
    cards = SYSTEMS["danet"].make(recipe, tmp_path / "made", tmp_path / "runs")
    assert [card.full_name for card in cards] == [
        "danet-pac-rule-1", "danet-pac-1", "danet-pvc-rule-1", "danet-pvc-1",
    ]  # fmt: skip


# ---- normals -------------------------------------------------------------------------------


@pytest.fixture
def normal_pools(pool) -> Pools:
    """Simulated records stand in for every set; even ones are of train, odd ones of val."""
    n = len(pool)
    data = replace(
        pool.data,
        splits=np.where(np.arange(n) % 4 == 3, "val", "train"),
        datasets=np.full(n, "cinc2017"),
        targets=np.where(np.arange(9) == 0, 1.0, 0.0).astype(np.float32).repeat(n).reshape(9, n).T,
        further=np.zeros((n, pool.data.further.shape[1]), np.float32),
    )
    twelve = replace(pool, data=data, handheld=np.arange(n) % 3)
    keys = np.array([f"cinc2017/{record}" for record in data.records])
    r_s = np.arange(0.4, 10, 0.8, dtype=np.float32)
    facts = Facts(
        keys,
        np.full((n, 7), np.nan, np.float32),
        np.tile(r_s, n),
        np.arange(n + 1, dtype=np.int64) * r_s.size,
    )
    noise = [np.random.default_rng(k).standard_normal(4000).astype(np.float32) for k in (0, 1)]
    return Pools(twelve, twelve, twelve, facts, facts, noise)


def test_the_restoration_network_and_its_norms(normal_pools, tmp_path: Path, monkeypatch) -> None:
    recipe = read("restoration")
    recipe = replace(
        recipe,
        arguments={"widths": [8, 12, 16], "layers": 1, "heads": 2, "kernel": 5},
        data=replace(recipe.data, simulated=0, scored_twelve=4, scored_single=4),
        training=replace(recipe.training, steps=2, batch_size=2, lengths=(256,)),
    )
    monkeypatch.setattr(restoration_release, "read_pools", lambda _data: normal_pools)
    card = SYSTEMS["restoration"].make(recipe, tmp_path / "made", tmp_path / "runs")
    assert load_model(tmp_path / "made", task=ANOMALY).card == card
    assert set(card.training["references"]) == {"diagnostic-1"}
    assert {path.stem for path in (tmp_path / "runs").glob("*.safetensors")} == {"full", "half"}
    for name in ("packed_pool", "single_lead_pool"):
        monkeypatch.setattr(restoration_release, name, lambda *_: normal_pools.twelve)
    again = restoration_release.refit_score(recipe, tmp_path / "made")
    assert again.training["norms_of_score"]["split"] == "val"
    assert again.weights_sha256 == card.weights_sha256


# ---- comparisons ---------------------------------------------------------------------------


def compare(name: str, kind: type, shrink: Callable[[Any], Any], place: Path, patch) -> Any:
    """Run a comparison's command on a recipe made smaller."""
    task = task_of(CONFIGS[name])
    patch.setattr(
        "reproductions.__main__.read_recipe", lambda path, _kind: shrink(read_recipe(path, kind))
    )
    patch.setattr("reproductions.__main__._log_test", lambda *_: None)
    return COMPARISONS[task](CONFIGS[name], place / "out", place / "runs")


@pytest.mark.parametrize("name", DETECTORS)
def test_detectors(name: str, pool, tmp_path: Path, monkeypatch) -> None:
    def inputs(_recipe):
        rows = [pool.data.signal(i)[: 1 if name == "mcf_lead" else 12] for i in range(4)]
        made = detectors.mcf_inputs([(row, None) for row in rows])
        return made[:2], made, np.array([0.0, 1.0, 0.0, 1.0])

    monkeypatch.setattr(detectors, "_splits", inputs)
    monkeypatch.setattr(detectors, "_benchmark", inputs)
    monkeypatch.setattr(detectors, "_benchmark_test", lambda *_: {"auc": None})
    found, words = compare(
        name,
        detectors.DetectorRecipe,
        lambda r: replace(r, training=replace(r.training, epochs=1, batch_size=2)),
        tmp_path,
        monkeypatch,
    )
    assert 0 <= found["val_auc"] <= 1
    assert (found["test"] is not None) == (name == "mcf_ptbxl")
    assert name.split("_", maxsplit=1)[0] in words


@pytest.mark.parametrize("name", ZHANG)
def test_zhang_and_others(name: str, tmp_path: Path, monkeypatch) -> None:
    if "features" in name:
        pytest.importorskip("pywt", reason="reproductions/requirements.txt is not installed")
    data = test_zhang.packed([0.7] * 40)
    monkeypatch.setattr(zhang, "load_records", lambda _recipe: data)
    monkeypatch.setenv("ECG_CACHE", str(tmp_path / "cache"))

    def shrink(recipe: ZhangRecipe) -> ZhangRecipe:
        training = replace(recipe.training, epochs=1, batch_size=8, longest_s=1.0, shortest_s=0.5)
        return replace(
            recipe,
            seeds=recipe.seeds[:1],
            models=("logistic_regression",),
            arguments={"width": 1},
            training=training,
            data=replace(recipe.data, folds=(0,)),
        )

    found, words = compare(name, ZhangRecipe, shrink, tmp_path, monkeypatch)
    assert set(found) == {"logistic_regression" if "features" in name else "resnet34"}
    assert "F1" in words


@pytest.mark.parametrize("name", MVKT)
def test_teachers_and_students(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(mvkt, "load_transfer_data", lambda _part: test_mvkt.made_set())
    monkeypatch.setattr(mvkt, "N_BOOT", 20)
    tiny = test_mvkt.tiny()

    def shrink(recipe: TransferRecipe) -> TransferRecipe:
        short = {"epochs": 1, "batch_size": 8, "warm_up_epochs": 1}
        return replace(
            recipe,
            seeds=(0,),
            network=tiny.network,
            teacher=replace(recipe.teacher, **short),
            student=replace(recipe.student, **short),
            transfer=tiny.transfer,
            more={"II": ("bce",)},
        )

    found, words = compare(name, TransferRecipe, shrink, tmp_path, monkeypatch)
    assert {"teacher", "I-both-seed0", "II-bce-seed0"} <= set(found["networks"])
    assert "I-mkd-seed0" in words
