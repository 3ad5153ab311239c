"""The one loop: its rates, its choice of a round, and every system going on where it stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecgcore.inference.mcf import mcf_input
from ecgcore.models import build
from ecgcore.training import trainer
from ecgcore.training.danet.data import Bench, bench_of
from ecgcore.training.danet.train import Run, train_variant
from ecgcore.training.delineator import train as delineator
from ecgcore.training.diagnostic.train import Sources, fit_statements, fit_tasks
from ecgcore.training.restoration import train as restoration
from ecgcore.training.restoration.recipe import RestorationTraining
from ecgcore.training.single_lead import train as single_lead
from ecgcore.training.trainer import Dice, Fitted, Keep, Plan, fit, one_cycle
from reproductions import mvkt
from reproductions.mcf_train import McfTraining, fit_mcf, mcf_records
from reproductions.mvkt_train import answers
from tests.reproductions import test_mvkt, test_zhang
from tests.training import test_danet_training as danet
from tests.training import test_delineator_training as waves
from tests.training import test_diagnostic_training as diagnostic
from tests.training import test_restoration_training as normal
from tests.training import test_statements_training as statements
from tests.training.test_danet_training import classes, pool, shelf, shelves, stock
from tests.training.test_restoration_training import normals
from tests.training.test_single_lead_training import material, records

__all__ = ["classes", "material", "normals", "pool", "records", "shelf", "shelves", "stock"]
CPU = torch.device("cpu")
Train = Callable[[Path], Fitted | nn.Module]


class StopError(Exception):
    """What ends a training from outside."""


def stop_after(monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    """End the next training after so many checkpoints."""
    save, count = trainer._Run.save, [0]

    def saved(self, keep) -> None:
        save(self, keep)
        count[0] += 1
        if count[0] == rounds:
            raise StopError

    monkeypatch.setattr(trainer._Run, "save", saved)


def weights_of(made: Fitted | nn.Module) -> dict[str, torch.Tensor]:
    network = made.network if isinstance(made, Fitted) else made
    return {name: value.clone() for name, value in network.state_dict().items()}


def goes_on(train: Train, folder: Path, *, rounds: int = 1) -> None:
    """A training that was stopped ends with the weights that it would have had."""
    whole = weights_of(train(folder / "whole"))
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, rounds)
        with pytest.raises(StopError):
            train(folder / "parts")
    assert list((folder / "parts").glob("*.checkpoint"))
    made = train(folder / "parts")
    for name, value in weights_of(made).items():
        assert torch.equal(value, whole[name]), name
    assert not list((folder / "parts").glob("*.checkpoint"))
    again = train(folder / "parts")
    assert all(torch.equal(v, whole[k]) for k, v in weights_of(again).items())


def test_one_table_of_statements_goes_on(tmp_path: Path) -> None:
    recipe, data = statements.tiny_recipe(epochs=3), statements.packed(24)
    rows = np.arange(len(data))
    goes_on(
        lambda folder: fit_statements(recipe, data, rows, seed=1, keep=Keep(folder, "n", "k")),
        tmp_path,
        rounds=2,
    )


def test_several_tasks_go_on(pool, tmp_path: Path) -> None:
    rows = np.arange(24)
    sources = Sources(pool, rows, pool, ((pool, rows), (pool, rows)), ())
    recipe = diagnostic.tiny_recipe()
    goes_on(
        lambda folder: fit_tasks(recipe, sources, seed=5, keep=Keep(folder, "n", "k")), tmp_path
    )


def test_a_student_with_its_contrast_goes_on(material, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(single_lead, "_ROUND", 2)
    monkeypatch.setattr(single_lead, "_RECALIBRATION_STEPS", 1)
    rows = material.rows(("train",))
    part = replace(material.recipe.student, steps=5)
    n = material.n_twelve
    said = single_lead.Answers(torch.ones(n, 25), torch.ones(n, 6))
    goes_on(
        lambda folder: single_lead.fit_single(
            material.recipe,
            material.pool,
            rows,
            part,
            seed=3,
            answers=lambda: said,
            contrast=True,
            keep=Keep(folder, "n", "k"),
        ),
        tmp_path,
    )


def test_a_delineator_goes_on(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(delineator, "ROUND", 4)
    sources = delineator.WaveSources(waves.toy_set(), waves.toy_set(seed=3), (), 250.0)
    training = replace(waves.TRAINING, steps=11)

    def train(folder: Path) -> Fitted:
        torch.manual_seed(0)
        network = build("delineator", {"widths": (6, 8), "kernel": 5})
        augmentation = delineator.WaveAugmentation()
        keep = Keep(folder, "n", "k")
        return delineator.fit_delineator(
            network, training, augmentation, sources, seed=1, keep=keep
        )

    goes_on(train, tmp_path, rounds=2)


@pytest.mark.parametrize(("variant", "rounds"), [("hard", 1), ("hard", 3), ("focus", 2)])
def test_waveform_attention_goes_on(stock, shelves, tmp_path: Path, variant, rounds) -> None:
    bench: Bench = bench_of(danet.tiny_recipe(), "PAC", stock, shelves)
    goes_on(lambda folder: train_variant(Run(bench, 1, folder), variant), tmp_path, rounds=rounds)


def test_restoration_goes_on(normals, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(restoration, "ROUND", 2)
    training = RestorationTraining(steps=5, batch_size=2, lengths=(256,), averaging=0.5)
    noise = torch.zeros(0, 0)
    goes_on(
        lambda folder: restoration.fit_restoration(
            normal.SMALL, training, [normals, normals], noise, seed=2, keep=Keep(folder, "n", "k")
        ),
        tmp_path,
    )


def test_the_published_detector_goes_on(normals, tmp_path: Path) -> None:
    given = mcf_records([mcf_input(x[:1].float().numpy(), 100.0) for x in normals.x[:2]])
    training, abnormal = McfTraining(epochs=3, batch_size=2), np.array([0.0, 1.0])

    def train(folder: Path) -> Fitted:
        keep = Keep(folder, "n", "k")
        return fit_mcf(training, given, given, abnormal, seed=1, plain=True, keep=keep)

    goes_on(train, tmp_path, rounds=2)


def test_the_published_classifier_goes_on(tmp_path: Path) -> None:
    data = test_zhang.packed([0.5, 0.6] * 8)
    goes_on(lambda folder: test_zhang.fit_tiny(data, folder, seed=5), tmp_path)


@pytest.mark.parametrize("variant", ["both", "start"])
def test_a_published_student_goes_on(tmp_path: Path, variant: str) -> None:
    data, recipe = test_mvkt.made_set(48), test_mvkt.tiny()
    teacher = mvkt.build_network(recipe, data, 12, 0)
    taught = mvkt.taught_of(recipe, variant, [answers(teacher, data, tuple(range(12)))])
    run = mvkt.Run(f"I-{variant}-seed0", variant, (0,), 0)
    goes_on(lambda folder: mvkt.train_run(recipe, data, run, taught, folder), tmp_path)


# ---- the loop itself -----------------------------------------------------------------------


def line(steps: int, **options) -> tuple[nn.Module, Plan]:
    torch.manual_seed(0)
    return nn.Linear(3, 1), Plan(steps=steps, every=2, rate=lambda _step: 0.1, **options)


def falling(network: nn.Module, dice: Dice):
    def losses(_round: int):
        while True:
            yield network(dice.normal(4, 3)).square().mean()

    return losses


def test_the_rate_is_that_of_one_cycle() -> None:
    """``torch``'s own scheduler is the witness, for the rate and for the first beta."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.3, total_steps=40, pct_start=0.25)
    rate = one_cycle(0.3, 40, 0.25)
    for step in range(40):
        group = optimizer.param_groups[0]
        assert rate(step) == pytest.approx((group["lr"], group["betas"][0]))
        optimizer.step()
        if step < 39:
            schedule.step()


def test_what_was_kept_by_another_key_is_not_taken(tmp_path: Path) -> None:
    made = []
    for key in ("one", "other", "other"):
        network, plan = line(4)
        dice = Dice.seeded(len(made), CPU)
        fit(network, falling(network, dice), plan, dice=dice, keep=Keep(tmp_path, "n", key))
        made.append(network.weight.detach().clone())
    assert not torch.equal(made[0], made[1])
    assert torch.equal(made[1], made[2])


def test_the_best_round_is_kept_and_of_equal_ones_the_first_or_the_last() -> None:
    for latest, chosen in ((False, 2), (True, 3)):
        network, plan = line(8, latest=latest)
        dice, figures, seen = Dice.seeded(1, CPU), iter([0.1, 0.9, 0.9, 0.2]), []

        def reached(network=network, figures=figures, seen=seen) -> float:
            assert not network.training
            seen.append(network.weight.detach().clone())
            return next(figures)

        made = fit(network, falling(network, dice), plan, dice=dice, figure=reached)
        assert made.best == chosen
        assert torch.equal(made.network.weight, seen[chosen - 1])
        assert [each["figure"] for each in made.rounds] == [0.1, 0.9, 0.9, 0.2]


def test_the_last_round_may_be_shorter_and_parts_are_reported() -> None:
    network, plan = line(5)
    told = []

    def losses(_round: int):
        while True:
            loss = network(torch.ones(1, 3)).square().mean()
            yield {"loss": loss, "twice": 2 * loss}

    made = fit(network, losses, plan, report=told.append)
    assert made.steps == 5
    assert [progress.done for progress in told] == [1, 2, 3]
    assert all(each["twice"] == pytest.approx(2 * each["loss"]) for each in made.rounds)


def test_averaged_weights_follow_and_what_stands_beside_is_learned() -> None:
    network, plan = line(6, averaging=lambda _step: 0.5)
    beside = nn.Linear(1, 1)
    before = beside.weight.detach().clone()

    def losses(_round: int):
        while True:
            yield beside(network(torch.ones(2, 3))).square().mean()

    made = fit(network, losses, plan, beside=beside)
    assert not torch.equal(beside.weight, before)
    assert not torch.equal(made.network.weight, network.weight)
    assert not made.network.training
    assert not any(p.requires_grad for p in made.network.parameters())
