"""Anomalies made from normals, batches, and a few steps of training."""

import numpy as np
import pytest
import torch

from ecgcore.datasets.simulated import SimulatedRecords, SimulationPart, _draw, _pack_records
from ecgcore.inference.card import InputContract
from ecgcore.training.restoration.data import (
    Normals,
    join_normals,
    make_restoration_batch,
    simulated_normals,
)
from ecgcore.training.restoration.pseudo_anomalies import (
    KINDS,
    Corrupted,
    Stretch,
    corrupt,
)
from ecgcore.training.restoration.recipe import RestorationTraining
from ecgcore.training.restoration.train import fit_restoration, normal_features, rate_at
from reproductions.mcf_train import McfTraining, fit_mcf, mcf_loss, mcf_records

SMALL = {"widths": (8, 12, 16), "layers": 1, "heads": 2, "kernel": 5}


@pytest.fixture(scope="module")
def normals() -> Normals:
    part = SimulationPart(share=1.0, records=12, seed=5, statements=("normal",))
    arrays = _draw(part, InputContract(sees_voltage=True))
    beats, waves = arrays.pop("beats"), arrays.pop("waves")
    return simulated_normals(SimulatedRecords(_pack_records(**arrays, fs_hz=100.0), beats, waves))


def stretch(normals: Normals) -> Stretch:
    n = normals.x.shape[2]
    return Stretch(
        normals.x.float(),
        normals.there[..., None].expand(-1, -1, n),
        normals.leads,
        normals.beats[:, :30],
        normals.waves,
    )


def changed(normals: Normals, kind: str) -> Corrupted:
    torch.manual_seed(1)
    odds = tuple(1.0 if name == kind else 0.0 for name in KINDS)
    return corrupt(stretch(normals), odds=odds)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_each_kind_changes_samples_and_says_where(normals: Normals, kind: str) -> None:
    found = changed(normals, kind)
    assert (found.kind == KINDS.index(kind)).all()
    assert torch.isfinite(found.x).all()
    marked = found.mask.float().mean(dim=(1, 2))
    assert (marked > 0).float().mean() > 0.8
    assert float(marked.max()) < 0.95
    difference = (found.x - normals.x.float()).abs()
    # In fibrillation every QRS moves too, and what is marked lies between them.
    if kind != "fibrillation":
        assert float(difference[found.mask].mean()) > float(difference[~found.mask].mean())


def test_no_change_is_no_change(normals: Normals) -> None:
    found = changed(normals, "none")
    assert not found.mask.any()
    assert torch.equal(found.x, normals.x.float())


def test_an_early_beat_comes_early_and_keeps_its_shape(normals: Normals) -> None:
    found = changed(normals, "early")
    mask = found.mask.any(dim=1)
    assert float(mask.float().mean()) < 0.5
    # What is marked holds a QRS: the lead's largest deflection in the record is about there.
    for i in range(len(normals)):
        inside = found.x[i, 1][mask[i]].abs().max()
        assert float(inside) > 0.5 * float(normals.x[i, 1].float().abs().max())


def test_records_without_beats_are_left_alone(normals: Normals) -> None:
    given = stretch(normals)
    silent = Stretch(
        given.x, given.present, given.leads, torch.full_like(given.beats, torch.nan), given.waves
    )
    assert (corrupt(silent).kind == 0).all()


def test_true_intervals_reach_the_attributes(normals: Normals) -> None:
    known = normals.attributes[:, 2:6]
    assert torch.isfinite(known).all()
    assert torch.isnan(normals.attributes[:, :2]).all()
    p_on, p_off, on, off, t_on, t_off = normals.waves.T
    assert ((p_on < p_off) & (p_off < on) & (on < 0) & (off > 0) & (off < t_on)).all()
    assert (t_on < t_off).all()


def test_a_batch_hides_changes_and_noise_apart(normals: Normals) -> None:
    torch.manual_seed(3)
    noise = torch.randn(2, 5000)
    batch = make_restoration_batch(normals, torch.arange(len(normals)), 640, noise)
    assert batch.x.shape == batch.target.shape == batch.mask.shape
    assert batch.visible.shape == (len(normals), 1, 640)
    hidden = 1 - batch.visible.float().mean(dim=2)[:, 0]
    assert (((hidden - 0.25).abs() < 0.06) | (hidden == 0)).all()
    same = (batch.kind == 0)[:, None, None] & batch.present
    torch.testing.assert_close(batch.x[same], batch.target[same])
    assert torch.isnan(batch.attributes[batch.kind > 0]).all()


def test_groups_of_different_length_join(normals: Normals) -> None:
    short = Normals(**{**vars(normals), "x": normals.x[..., :700], "length": normals.length - 300})
    both = join_normals([normals, short])
    assert len(both) == 2 * len(normals)
    assert both.x.shape[2] == normals.x.shape[2]


def test_a_few_steps_lower_the_loss_and_repeat_by_seed(normals: Normals) -> None:
    part = RestorationTraining(steps=8, batch_size=2, lengths=(256,), averaging=0.5)
    first = fit_restoration(SMALL, part, [normals], torch.zeros(0, 0), seed=2)
    assert first.steps == 8
    assert 0 < first.rounds[0]["unusual"] < 1.5
    again = RestorationTraining(steps=2, batch_size=2, lengths=(256,))
    a = fit_restoration(SMALL, again, [normals], torch.zeros(0, 0), seed=2)
    b = fit_restoration(SMALL, again, [normals], torch.zeros(0, 0), seed=2)
    for x, y in zip(a.network.parameters(), b.network.parameters(), strict=True):
        assert torch.equal(x, y)
    features = normal_features(first.network, normals)
    assert features.shape == (len(normals), 32)


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(p, 0.1) for p in np.linspace(0, 1, 50)]
    assert max(rates) > 0.99
    assert rates[-1] < 1e-6


def test_the_published_training_chooses_its_epoch_on_validation(normals: Normals) -> None:
    from ecgcore.inference.mcf import mcf_input

    inputs = [mcf_input(x[:1].float().numpy(), 100.0) for x in normals.x[:2]]
    records = mcf_records(inputs)
    labels = np.array([0.0, 1.0])
    training = McfTraining(epochs=2, batch_size=2)
    for plain in (True, False):
        fitted = fit_mcf(training, records, records, labels, seed=1, plain=plain)
        reached = [each["figure"] for each in fitted.rounds]
        assert len(fitted.losses) == len(reached) == 2
        assert reached[fitted.best - 1] == max(reached)


def test_the_published_loss_is_the_sum_of_three() -> None:
    from ecgcore.models.mcf import McfOutputs

    x, beat = torch.ones(1, 2, 4800), torch.ones(1, 2, 480)
    out = McfOutputs(
        0 * x, torch.full((1, 1, 4800), 0.5), 0 * beat, torch.full((1, 1, 480), -0.25), 0.5 * x
    )
    expected = np.exp(-0.5) + 0.5 + np.exp(0.25) - 0.25 + 0.25
    assert float(mcf_loss(out, x, beat)) == pytest.approx(expected, rel=1e-5)
