"""Losses, augmentation, recipes, and a whole tiny run."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.datasets import Entry, PackedSet, PackedSignals, load_recording, pack
from ecgcore.datasets.packing import quantise
from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.evaluation.out_of_fold import LEAD_SETS, network_logits_by_leads
from ecgcore.evaluation.rules import label_rules
from ecgcore.inference import load_model, predict
from ecgcore.inference.runner import prepared_logits
from ecgcore.leads import STANDARD_12
from ecgcore.models import build
from ecgcore.statements import CORE_CODES, FURTHER_CODES, SUPERCLASSES
from ecgcore.training.batches import (
    Augmentation,
    Draws,
    TasksPart,
    crop_length,
    disturb,
    noise_rows,
    twelve_leads,
)
from ecgcore.training.diagnostic import train
from ecgcore.training.diagnostic.data import Statements
from ecgcore.training.diagnostic.recipe import read_classifier_recipe as read_recipe
from ecgcore.training.diagnostic.release import cross_validate, make_classifier
from ecgcore.training.diagnostic.train import crop
from ecgcore.training.diagnostic.train import fit_statements as fit
from ecgcore.training.losses import masked_bce
from ecgcore.training.trainer import Dice
from tests.synthetic import beats, recording, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "configs" / "core9.toml"
NAN = math.nan


def packed(n: int = 48, seconds: float = 6.0) -> PackedSet:
    """Records in which PVC is a slow, AF a fast heart; the rest is chance."""
    rng = np.random.default_rng(0)
    targets = (rng.random((n, 9)) < 0.3).astype(np.float32)
    rates = np.where(np.arange(n) % 2 == 0, 50, 110)
    targets[:, 1], targets[:, 6] = rates == 110, rates == 50
    targets[rng.random((n, 9)) < 0.1] = NAN
    values, scales = [], []
    for i in range(n):
        steps, scale = quantise(beats(seconds, 100, rate_bpm=float(rates[i]), seed=i))
        values.append(steps.ravel())
        scales.append(scale)
    size = values[0].size
    signals = PackedSignals(
        values=np.concatenate(values),
        starts=np.arange(n + 1) * size,
        lengths=np.full(n, size // 12),
        scales=np.stack(scales),
        in_mv=np.ones(n, bool),
    )
    splits = np.array(["train", "train", "train", "val"])[np.arange(n) % 4]
    names = np.array([str(i) for i in range(n)])
    return PackedSet(
        signals=signals,
        fs_hz=100.0,
        targets=targets,
        ages=np.full(n, 60, np.float32),
        sexes=np.array(["female"] * n),
        groups=names,
        splits=splits,
        datasets=np.array(["ludb"] * n),
        records=names,
        has_voltage=np.ones(n, bool),
        further=np.full((n, len(FURTHER_CODES)), NAN, np.float32),
        superclasses=np.full((n, len(SUPERCLASSES)), NAN, np.float32),
    )


def tiny_recipe(epochs: int = 2):
    recipe = read_recipe(RECIPE)
    return replace(
        recipe,
        model=replace(
            recipe.model,
            arguments={"n_labels": 9, "encoder": [4, 6], "mixed": 8, "trunk": [8], "kernel": 5},
        ),
        data=replace(recipe.data, folds=2, datasets=("ludb",)),
        training=replace(recipe.training, epochs=epochs, batch_size=8, averaging=0.5),
    )


def test_what_a_record_cannot_tell_has_no_gradient():
    logits = torch.zeros(2, 3, requires_grad=True)
    masked_bce(logits, torch.tensor([[1.0, NAN, 0.0], [NAN, NAN, 1.0]])).backward()
    assert (logits.grad[:, 1] == 0).all()
    assert logits.grad[1, 0] == 0
    assert (logits.grad[0, [0, 2]] != 0).all()


def test_the_loss_is_the_mean_over_known_targets():
    targets = torch.tensor([[1.0, NAN], [0.0, NAN]])
    assert float(masked_bce(torch.zeros(2, 2), targets)) == pytest.approx(math.log(2))
    assert float(masked_bce(torch.zeros(1, 2), torch.full((1, 2), NAN))) == 0
    with pytest.raises(InvalidArgumentError):
        masked_bce(torch.zeros(2, 2), torch.zeros(2, 3))


def draws_of(seed: int, config: Augmentation | None = None) -> Draws:
    return Draws(
        **vars(Dice.seeded(seed, torch.device("cpu"))),
        augmentation=config or Augmentation(),
        tasks=TasksPart(soft_share=0.0),
        fs_hz=100.0,
        noise=noise_rows(()),
    )


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(300, 1500))
def test_crops_are_stretches_of_the_record_and_lead_subsets_have_no_doubles(seed, n):
    draws = draws_of(seed)
    length = crop_length(draws, single=False)
    assert 500 <= length <= 1000
    signal = np.arange(n, dtype=np.float32)[None].repeat(2, axis=0)
    out = crop(signal, length, draws.numbers)
    assert out.shape == (2, length)
    kept = out[0][np.isfinite(out[0])]
    assert kept.size == min(n, length)
    assert (np.diff(kept) == 1).all()
    leads = twelve_leads(5, draws)
    assert all(len(set(row)) == leads.shape[1] for row in leads.tolist())
    assert leads.min() >= 0
    assert leads.max() < 12


def test_disturbed_samples_are_standardised_and_absent_ones_stay_zero():
    x = torch.from_numpy(beats(10, 100))[None]
    present = torch.ones_like(x, dtype=torch.bool)
    present[0, 2, 500:] = False
    out = disturb(x, present, draws_of(0))
    assert (out[0, 2, 500:] == 0).all()
    spread = out[0, 2, :500].std(unbiased=False)
    assert float(spread) == pytest.approx(1, abs=1e-3)
    quiet = Augmentation(wander=0, noise=0, bad_lead_share=0)
    assert not torch.allclose(out, disturb(x, present, draws_of(0, quiet)), atol=1e-2)


def test_training_lowers_the_loss_and_the_seed_decides_everything():
    recipe, data = tiny_recipe(epochs=8), packed()
    rows = np.arange(len(data))
    one = fit(recipe, data, rows, seed=1)
    assert one.losses[-1] < one.losses[0] - 0.05
    short = tiny_recipe(epochs=1)
    same = [fit(short, data, rows, seed=1).network.state_dict() for _ in range(2)]
    other = fit(short, data, rows, seed=2).network.state_dict()
    assert all(torch.equal(same[0][k], same[1][k]) for k in same[0])
    assert not torch.equal(same[0]["head.weight"], other["head.weight"])


def test_fewer_records_than_a_batch_are_refused():
    with pytest.raises(InvalidArgumentError, match="batches"):
        fit(tiny_recipe(), packed(), np.arange(3), seed=0)


def test_a_made_folder_loads_and_predicts_and_a_second_run_trains_nothing(tmp_path, monkeypatch):
    data = packed()
    monkeypatch.setattr(Statements, "data", data)
    recipe = tiny_recipe()
    card = make_classifier(recipe, tmp_path / "core9-1", tmp_path / "runs")
    model = load_model(tmp_path / "core9-1")
    assert model.card == card
    assert len(predict(model, recording()).findings) == 9
    assert {rule.calibrated for rule in card.labels} == {False}
    assert card.data[0].records == 36
    readme = (tmp_path / "core9-1" / "README.md").read_text()
    assert "Not measured yet" in readme
    assert card.weights_sha256 in readme
    monkeypatch.setattr(train, "draw_batch", lambda *_a, **_k: pytest.fail("trained again"))
    again = make_classifier(recipe, tmp_path / "core9-1", tmp_path / "runs")
    assert again.weights_sha256 == card.weights_sha256


def test_nobody_is_predicted_by_a_network_that_learned_from_them(tmp_path, monkeypatch):
    data, learned = packed(), {}
    real = Statements.train

    def spy(self, run, folder):
        learned[run.name] = {data.groups[i] for i in run.rows}
        return real(self, run, folder)

    monkeypatch.setattr(Statements, "data", data)
    monkeypatch.setattr(Statements, "train", spy)
    found = cross_validate(Statements(tiny_recipe(epochs=1)), tmp_path)
    assert set(found.rows) == set(range(len(data)))
    for fold in range(2):
        held = {data.groups[i] for i in found.rows[found.folds == fold]}
        assert held
        assert not held & learned[f"fold-{fold}"]


def test_rules_need_a_positive_record_of_every_statement():
    rng = np.random.default_rng(0)
    targets = (rng.random((200, 9)) < 0.3).astype(np.float32)
    logits = 2 * targets + rng.standard_normal((200, 9))
    groups = np.array([str(i) for i in range(200)])
    rules, _ = label_rules(CORE_CODES, targets, logits, groups, dict.fromkeys(CORE_CODES, 3))
    assert all(rule.calibrated and 0 < rule.threshold < 1 for rule in rules)
    targets[:, 3] = 0
    with pytest.raises(CannotAssessError, match=CORE_CODES[3]):
        label_rules(CORE_CODES, targets, logits, groups, dict.fromkeys(CORE_CODES, 3))


def test_the_committed_recipe_builds_its_network_and_never_learns_from_test():
    recipe = read_recipe(RECIPE)
    build(recipe.model.architecture, recipe.model.arguments)
    assert "test" not in (*recipe.data.learn, *recipe.data.cross_validate)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("epochs = ", "epoch = ", "epoch"),
        ('learn = ["train"]', 'learn = ["test"]', "test"),
        ('learn = ["train"]', "learn = []", "learn"),
        ("batch_size = 64", 'batch_size = "64"', "whole number"),
        ("averaging = 0.99", "averaging = 2", "averaging"),
        ("seed = 20", "", "seed"),
        ("folds = 4", "", "folds"),
        ('"ludb"', '"nowhere"', "nowhere"),
        ('architecture = "lead_set"', 'architecture = "x"', "lead_set"),
        ("[training]", "[training", "read"),
        ("fs_hz = 100.0", "fs_hz = true", "number"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path, old, new, words):
    text = RECIPE.read_text()
    assert old in text
    path = tmp_path / "recipe.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(InvalidArgumentError, match=words):
        read_recipe(path)


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"none\.toml"):
        read_recipe(tmp_path / "none.toml")


def test_a_network_sees_the_same_in_training_and_in_prediction(tmp_path):
    import wfdb

    signal = beats(10, 500)
    names = list(STANDARD_12)
    wfdb.wrsamp(
        "r",
        500,
        ["mV"] * 12,
        names,
        signal.T.astype(float),
        fmt=["16"] * 12,
        write_dir=str(tmp_path),
    )
    entry = Entry("ludb", "r", "1", "train", tmp_path / "r", age_years=50)
    data = pack([entry], cache=tmp_path, workers=1, progress=False)
    model = load_model(write_tiny_model(tmp_path / "tiny-1"))
    logits = prepared_logits(model.network, data.signal(0), model.card.input)
    found = predict(model, load_recording(entry))
    assert found.leads_used == STANDARD_12
    np.testing.assert_allclose(
        [f.probability for f in found.findings], 1 / (1 + np.exp(-logits)), atol=1e-3
    )


def test_records_read_together_get_what_each_gets_alone():
    data = packed(6)
    network = build("lead_set", dict(tiny_recipe().model.arguments)).eval()
    contract = read_recipe(RECIPE).input
    rows = np.arange(6)
    together = network_logits_by_leads(network, data, rows, contract)
    for name, leads in LEAD_SETS.items():
        for row in rows:
            kept = np.full((12, 600), np.nan, np.float32)
            index = [STANDARD_12.index(lead) for lead in leads]
            kept[index] = data.signal(int(row))[index]
            alone = prepared_logits(network, kept, contract)
            np.testing.assert_allclose(together[name][row], alone, atol=1e-4)
