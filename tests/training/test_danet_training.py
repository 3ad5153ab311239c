"""Crops, gains, a whole tiny training of every variant, and the folder that comes of it."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from ecgcore.datasets.pools import Pool, simulated_pool
from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.datasets.wave_classes import FlatClasses, packed_classes
from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.evaluation.model_folder import write_card
from ecgcore.evaluation.readme import readme
from ecgcore.evaluation.waveform import with_figures
from ecgcore.evaluation.waveform_scores import LEARNED, items_of, random_gain, rule_gain, scores_of
from ecgcore.inference import load_model, predict
from ecgcore.inference.waveform import read_waveforms, waveform_models
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import SEGMENTS, waveform_rules
from ecgcore.statements import CORE_CODES
from ecgcore.training.danet.data import (
    CONTRACT,
    Stock,
    bench_of,
    crop,
    disturb,
    draw,
    flat_waves,
    make_source,
    next_crops,
    packed_segments,
    shelve,
)
from ecgcore.training.danet.recipe import DANetRecipe, variants_of
from ecgcore.training.danet.release import release
from ecgcore.training.danet.train import (
    FOCUS_FLOOR,
    Run,
    _distance,
    focus_target,
    kept_network,
    pretrain_curve,
    rule_target,
    train_variant,
    train_with_curve,
)
from ecgcore.training.device_pool import DevicePool
from ecgcore.training.recipe import read_recipe
from ecgcore.training.trainer import Dice
from reproductions.danet_maps import class_maps, curves_of, spans_of, window_items
from tests.conftest import ROOT
from tests.synthetic import recording

CONFIG = ROOT / "configs" / "danet.toml"
PAC = CORE_CODES.index("PAC")
RULE = waveform_rules()["PAC"]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """Simulated records stand in for every source; every fourth is for choosing."""
    part = SimulationPart(share=0.3, records=40, statements=("normal", "pac"))
    made = simulated_pool(simulated_records(part, CONTRACT, tmp_path_factory.mktemp("pool")))
    splits = np.where(np.arange(len(made)) % 4 == 3, "val", "train")
    # The data sets' names decide what is drawn as what.
    named = np.full(len(made), "cpsc2018_lead1")
    return replace(made, data=replace(made.data, splits=splits, datasets=named))


@pytest.fixture(scope="module")
def classes(pool: Pool) -> FlatClasses:
    return flat_waves(pool)


@pytest.fixture(scope="module")
def shelf(pool: Pool, classes: FlatClasses):
    return shelve(pool, packed_segments(pool.data, classes), CPU)


@pytest.fixture(scope="module")
def stock(pool: Pool, classes: FlatClasses) -> Stock:
    pair = (pool, classes)
    noise = [np.random.default_rng(k).standard_normal(4000).astype(np.float32) for k in (0, 1)]
    return Stock(pair, pair, pair, pair, noise)


@pytest.fixture(scope="module")
def shelves(shelf) -> dict[str, DevicePool]:
    return dict.fromkeys(("twelve", "single", "beats", "simulated"), shelf)


def tiny_recipe() -> DANetRecipe:
    recipe = read_recipe(CONFIG, DANetRecipe)
    small = {"curve_widths": (4, 6), "encoder": (4, 6), "mixed": 4, "trunk": (6,), "kernel": 3}
    return replace(
        recipe,
        diseases={"PAC": (1,)},
        release={"PAC": ("hard", "anchor")},
        network=small,
        training=replace(recipe.training, steps=4, batch_twelve=4, batch_single=4),
    )


def test_crops_are_the_records_own_samples_segments_and_targets(pool: Pool, shelf) -> None:
    rows, leads = torch.tensor([3, 8]), torch.tensor([[1], [6]])
    found = crop(shelf, rows, leads, torch.tensor([100, 700]), size=500, disease="PAC")
    for k, (row, lead, first, kept) in enumerate(((3, 1, 100, 500), (8, 6, 700, 300))):
        own = pool.data.signal(row)[lead, first : first + kept]
        expected = (own - own.mean()) / own.std()
        np.testing.assert_allclose(found.x[k, 0, :kept], expected, rtol=2e-3, atol=2e-3)
        assert int(found.present[k].sum()) == kept
        assert not found.x[k, 0, kept:].any()
        truth = packed_segments(pool.data, flat_waves(pool)).row(row)[first : first + kept]
        assert (found.parts[k, :kept].numpy() == truth).all()


def test_where_beats_are_known_the_crops_own_decide(pool: Pool, shelf) -> None:
    row = int(np.flatnonzero(pool.data.targets[:, PAC] == 1)[0])
    early = np.flatnonzero(np.asarray(pool.beats[row]) == 2)
    before = int(early[0]) - 100
    if before < 100:
        pytest.skip("the first premature beat stands at the record's beginning")
    rows, leads, first = torch.tensor([row, row]), torch.zeros((2, 1)).long(), torch.tensor([0, 0])
    whole = crop(shelf, rows, leads, first, size=1000, disease="PAC")
    short = crop(shelf, rows, leads, first, size=before, disease="PAC")
    assert whole.targets.tolist() == [1, 1]
    assert short.targets.tolist() == [0, 0]


def test_positives_are_drawn_as_often_as_asked(pool: Pool, shelf) -> None:
    rows = np.arange(len(pool))
    one = make_source(shelf, rows, pool.data.targets, disease="PAC", share=1.0)
    assert one is not None
    generator = torch.Generator().manual_seed(3)
    made = draw([one], "PAC", batch=20, size=1000, positives=0.4, leads=None, generator=generator)
    assert made.x.shape == (20, 1, 1000)
    assert int(made.targets.sum()) == 8
    leads = torch.tensor([0, 5, 9])
    several = draw(
        [one], "PAC", batch=6, size=1500, positives=0.4, leads=leads, generator=generator
    )
    assert several.x.shape == (6, 3, 1500)
    assert not several.present[..., 1000:].any()
    noisy = disturb(several, torch.randn(2, 4000), level=0.3, wander=0.3, generator=generator)
    assert not torch.equal(noisy.x, several.x)
    assert not noisy.x[..., 1000:].any()


def test_a_source_that_cannot_tell_is_none(pool: Pool, shelf) -> None:
    blind = np.full_like(pool.data.targets, np.nan)
    assert make_source(shelf, np.arange(5), blind, disease="PAC", share=1.0) is None


def test_the_rules_gain_is_one_where_no_beat_was_found() -> None:
    parts = torch.zeros((2, 6), dtype=torch.uint8)
    parts[0] = torch.tensor([6, 1, 2, 3, 4, 5])
    gain = rule_gain(RULE, parts)
    wanted = [RULE.gains[k] for k in (6, 1, 2, 3, 4, 5)]
    assert gain[0, 0].tolist() == pytest.approx(wanted)
    assert gain[1].tolist() == [[1.0] * 6]


def test_a_random_gain_has_the_rules_values_and_holds_them() -> None:
    gain = random_gain(RULE, torch.zeros((3, 105), dtype=torch.uint8), torch.Generator())
    assert gain.shape == (3, 1, 105)
    assert {round(v, 4) for v in gain.unique().tolist()} <= set(RULE.gains)
    assert (gain[..., :10] == gain[..., :1]).all()


def test_the_focused_target_keeps_the_rule_on_early_beats_alone(
    pool: Pool, stock: Stock, shelves: dict[str, DevicePool], shelf
) -> None:
    bench = bench_of(tiny_recipe(), "PAC", stock, shelves)
    rows = torch.from_numpy(np.flatnonzero(pool.data.targets[:, PAC] == 1)[:3])
    leads, first = torch.zeros((3, 1)).long(), torch.zeros(3).long()
    crops = crop(shelf, rows, leads, first, size=1000, disease="PAC")
    gain, weight = focus_target(bench, crops)
    early = crops.beats == 2
    rule = rule_gain(RULE, crops.parts)
    assert torch.equal(gain[:, 0][early], rule[:, 0][early])
    assert (weight[:, 0][early] > 1).all()
    far = ~torch.nn.functional.max_pool1d(early.float(), 101, 1, 50).bool()
    assert (gain[:, 0][far] == FOCUS_FLOOR).all()


def test_pretraining_moves_the_curve_towards_the_rule(
    stock: Stock, shelves: dict[str, DevicePool], tmp_path: Path
) -> None:
    recipe = tiny_recipe()
    part = replace(recipe.training, steps=40, pretraining=0.9, batch_twelve=2, batch_single=8)
    bench = bench_of(replace(recipe, training=part), "PAC", stock, shelves)
    pretrain_curve(Run(bench, 1, tmp_path), "rule")
    told = json.loads((tmp_path / "PAC-1-rule-pretraining.json").read_text())
    losses = [each["loss"] for each in told["rounds"]]
    assert losses[-1] < 0.8 * losses[0]


def test_the_anchor_holds_the_curve_to_the_rule(
    stock: Stock, shelves: dict[str, DevicePool]
) -> None:
    """From one random curve, with the same crops: held it comes nearer the rule, free it does not.

    What the labels teach in so few steps moves it hardly at all.
    """
    recipe = tiny_recipe()
    part = replace(recipe.training, steps=30, anchor=100.0, second_rate=0.02, averaging=0.5)
    bench = bench_of(replace(recipe, training=part), "PAC", stock, shelves)
    torch.manual_seed(0)
    start = DANet(**bench.arguments)

    def distance(network: DANet) -> float:
        crops = next_crops(bench, Dice.seeded(7, CPU))
        with torch.no_grad():
            gain = network.eval().gain(crops.x, crops.present, crops.leads)
        return float(_distance(gain, rule_target(bench, crops)))

    before = distance(start)
    held, free = (
        distance(train_with_curve(Run(bench, 1), copy.deepcopy(start), v))
        for v in ("anchor", "free")
    )
    assert held < 0.8 * before
    assert free > 0.9 * before
    # Of a disease's own beats the target is another, and the curve goes elsewhere.
    focus = train_with_curve(Run(bench, 1), copy.deepcopy(start), "focus")
    assert held < 0.8 * distance(focus)


@pytest.fixture(scope="module")
def kept(
    stock: Stock, shelves: dict[str, DevicePool], tmp_path_factory: pytest.TempPathFactory
) -> tuple[DANetRecipe, Path]:
    recipe, keep = tiny_recipe(), tmp_path_factory.mktemp("runs")
    bench = bench_of(recipe, "PAC", stock, shelves)
    for variant in variants_of("PAC"):
        train_variant(Run(bench, 1, keep), variant)
    return recipe, keep


def test_every_variant_is_trained_kept_and_can_be_asked(
    kept: tuple[DANetRecipe, Path], pool: Pool, classes: FlatClasses
) -> None:
    recipe, keep = kept
    assert "focus" in variants_of("PAC")
    assert "focus" not in variants_of("IAVB")
    items = items_of(pool, classes, np.arange(4))
    windows = [w for w in window_items(pool, classes) if w.targets[PAC] == 1]
    spans = spans_of("PAC", windows)
    assert 0 < spans.mean() < 0.5
    for variant in variants_of("PAC"):
        network = kept_network(recipe, keep, "PAC", 1, variant)
        assert np.isfinite(scores_of(network, variant, RULE, items)).all()
        maps = class_maps(network, variant, RULE, windows, averaged=True)
        assert maps.shape == spans.shape
        assert maps.min() >= 0
        if variant in LEARNED:
            assert curves_of(network, windows).shape == spans.shape


def test_the_first_stage_leaves_the_curve_alone_and_the_second_does_not(
    kept: tuple[DANetRecipe, Path],
) -> None:
    recipe, keep = kept
    free = kept_network(recipe, keep, "PAC", 1, "free").curve
    held = kept_network(recipe, keep, "PAC", 1, "anchor").curve
    assert free is not None
    assert held is not None
    assert not torch.equal(free.head.weight, held.head.weight)


def test_finished_networks_are_not_trained_again(
    kept: tuple[DANetRecipe, Path], stock: Stock, shelves: dict[str, DevicePool]
) -> None:
    recipe, keep = kept
    before = (keep / "PAC-1-none.safetensors").stat().st_mtime_ns
    train_variant(Run(bench_of(recipe, "PAC", stock, shelves), 1, keep), "none")
    assert (keep / "PAC-1-none.safetensors").stat().st_mtime_ns == before


def test_a_network_that_is_missing_or_of_another_shape_says_so(
    kept: tuple[DANetRecipe, Path], tmp_path: Path
) -> None:
    recipe, keep = kept
    with pytest.raises(ModelError, match="no trained network PAC-2"):
        kept_network(recipe, keep, "PAC", 2, "none")
    wide = replace(recipe, network={**recipe.network, "mixed": 5})
    with pytest.raises(ModelError, match="does not fit"):
        kept_network(wide, keep, "PAC", 1, "none")
    assert tmp_path.is_dir()


def test_half_precision_is_read_as_whole(kept: tuple[DANetRecipe, Path], tmp_path: Path) -> None:
    recipe, keep = kept
    tensors = safetensors.torch.load_file(keep / "PAC-1-none.safetensors")
    halves = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
    safetensors.torch.save_file(halves, tmp_path / "PAC-1-none.safetensors")
    network = kept_network(recipe, tmp_path, "PAC", 1, "none")
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_a_released_folder_loads_predicts_and_tells_its_figures(
    kept: tuple[DANetRecipe, Path],
    stock: Stock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe, keep = kept
    card = release(recipe, "PAC", "anchor", stock=stock, out=tmp_path, runs=keep)
    (tmp_path / "delineator-1").symlink_to(ROOT / "weights" / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    assert waveform_models()["PAC"].aid is False
    model = load_model("danet-pac-1")
    assert model.card == card
    assert [f.code for f in predict(model, recording()).findings] == ["PAC"]
    shown = read_waveforms(recording(), "PAC", model)
    assert shown.learned is not None
    interval = {"value": 0.9, "low": 0.8, "high": 0.95}
    row = {"auc": interval, "f1": interval, "difference": {**interval, "low": None}}
    figures = {"n": 9, "positives": 3, "patients": 9, "variants": {"none": row, "anchor": row}}
    better = with_figures(card, {"records": {"twelve": figures}}, aid=True, words="A gain.")
    folder = tmp_path / "danet-pac-1"
    write_card(better, folder)
    assert waveform_models()["PAC"].words == "A gain."
    text = (folder / "README.md").read_text()
    assert text == readme(load_model("danet-pac-1").card)
    assert "0.900 (0.800 to 0.950)" in text
    assert "reconstruction" in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('PAC = ["hard", "focus"]', 'PAC = ["random"]', "release.PAC"),
        ('IAVB = ["hard", "anchor"]', 'IAVB = ["focus"]', "release.IAVB"),
        ('PAC = ["hard", "focus"]', "", "variants of each"),
        ("PAC = [1, 2, 3]", "XYZ = [1]", "diseases"),
        ("PAC = [1, 2, 3]", "PAC = []", "needs a seed"),
        ("steps = 635", "steps = 1", "training.steps"),
        ("dropout = 0.4", "drop = 0.4", "drop"),
        ('name = "danet"', 'names = "danet"', "entry of the recipe"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "danet.toml"
    path.write_text(CONFIG.read_text().replace(old, new, 1))
    with pytest.raises(InvalidArgumentError, match=words):
        read_recipe(path, DANetRecipe)


def test_wave_classes_are_made_once(pool: Pool, tmp_path: Path) -> None:
    rows = np.array([0, 1])
    first = packed_classes(pool.data, rows, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    again = packed_classes(pool.data, rows, cache=tmp_path)
    assert (first.values == again.values).all()
    assert not first.row(2).any()
    truth = flat_waves(pool).row(0)
    # What the delineator says agrees with the simulation's truth for nearly every sample.
    assert (first.row(0) == truth).mean() > 0.8
    assert SEGMENTS[0] == "rest"
