"""Losses from teacher to student: the published form, and its two errors mended."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgcore.errors import InvalidArgumentError
from ecgcore.training.recipe import build_part
from ecgcore.training.transfer_losses import (
    ContrastiveTransfer,
    ContrastSettings,
    multi_label_transfer,
    negative_weights,
)

LOGITS = st.floats(-8, 8)


def two_outcome_kl(teacher: float, student: float) -> float:
    p, q = 1 / (1 + math.exp(-teacher)), 1 / (1 + math.exp(-student))
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


@given(arrays(np.float64, (2, 3, 4), elements=LOGITS))
def test_at_temperature_one_it_is_the_published_sum_over_labels(values):
    student, teacher = torch.from_numpy(values)
    found = float(multi_label_transfer(student, teacher))
    each = [
        two_outcome_kl(float(teacher[i, j]), float(student[i, j]))
        for i in range(3)
        for j in range(4)
    ]
    assert found == pytest.approx(sum(each) / 3 / 2, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_the_temperature_divides_logits_and_the_loss_keeps_its_size(temperature):
    student, teacher = torch.tensor([[0.3]]), torch.tensor([[1.1]])
    found = float(multi_label_transfer(student, teacher, temperature=temperature))
    expected = two_outcome_kl(1.1 / temperature, 0.3 / temperature) / 2 * temperature**2
    assert found == pytest.approx(expected, rel=1e-4)


def test_it_is_zero_for_the_same_answer_and_only_the_student_learns():
    teacher = torch.tensor([[2.0, -1.0]], requires_grad=True)
    student = teacher.detach().clone().requires_grad_(True)
    same = multi_label_transfer(student, teacher, temperature=3).detach()
    assert float(same) == pytest.approx(0, abs=1e-6)
    multi_label_transfer(student + 1, teacher, temperature=3).backward()
    assert student.grad is not None
    assert teacher.grad is None


LABELS = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]).bool()


def test_negatives_share_no_label():
    found = negative_weights(LABELS, torch.arange(6))
    assert found[0].tolist() == [0, 0, 1, 1, 1, 1]
    assert found[1].tolist() == [0, 0, 0, 1, 1, 1]
    # Two records without a label are alike.
    assert found[4].tolist() == [1, 1, 1, 1, 0, 0]


@given(arrays(np.bool_, (7, 3)))
def test_every_record_has_negatives_and_is_none_of_its_own(labels):
    found = negative_weights(torch.from_numpy(labels), torch.arange(7))
    assert (found.sum(dim=1) > 0).all()
    assert (found.diagonal() == 0).all()
    assert (found >= 0).all()


def contrast(**settings: object) -> ContrastiveTransfer:
    torch.manual_seed(0)
    given = ContrastSettings(dimensions=8, n_negatives=4, **settings)
    return ContrastiveTransfer(5, 6, LABELS, given)


def test_the_loss_is_noise_contrastive_estimation_on_both_banks(monkeypatch):
    made, rows = contrast(), torch.tensor([0, 3])
    negatives = torch.tensor([[2, 3, 4, 5], [0, 1, 2, 0]])
    monkeypatch.setattr(made, "_negatives", lambda _rows: negatives)
    student, teacher = torch.randn(2, 5), torch.randn(2, 6)
    with torch.no_grad():
        u = torch.nn.functional.normalize(made.student(student), dim=1)
        v = torch.nn.functional.normalize(made.teacher(teacher), dim=1)
    banks = made.banks.clone()
    index = torch.cat([rows[:, None], negatives], dim=1)
    expected = 0.0
    for view, bank in ((u, banks[1]), (v, banks[0])):
        score = torch.exp(torch.einsum("bkd,bd->bk", bank[index], view) / 0.07)
        p = score / (score.mean() * 6)
        noise = 4 / 6
        expected -= float(torch.log(p[:, 0] / (p[:, 0] + noise)).sum())
        expected -= float(torch.log(noise / (p[:, 1:] + noise)).sum())
    assert float(made(student, teacher, rows).detach()) == pytest.approx(expected / 2, rel=1e-4)


def test_banks_move_halfway_and_keep_unit_length_and_z_stays():
    made, rows = contrast(), torch.tensor([0, 3])
    before = made.banks.clone()
    student, teacher = torch.randn(2, 5), torch.randn(2, 6)
    made(student, teacher, rows)
    scale = made.scale.clone()
    view = torch.nn.functional.normalize(made.student(student), dim=1).detach()
    moved = torch.nn.functional.normalize(0.5 * before[0, rows] + 0.5 * view, dim=1)
    torch.testing.assert_close(made.banks[0, rows], moved)
    torch.testing.assert_close(made.banks[:, 1], before[:, 1])
    made(student, teacher, rows)
    assert (scale > 0).all()
    torch.testing.assert_close(made.scale, scale)


def test_learning_it_brings_both_views_of_a_record_together():
    made = contrast(temperature=0.5)
    student, teacher = torch.randn(6, 5), torch.randn(6, 6)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.05)
    rows, losses = torch.arange(6), []
    for _ in range(60):
        loss = made(student, teacher, rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < np.mean(losses[1:11])
    alike = made.banks[0] @ made.banks[1].T
    assert float(alike.diagonal()[:4].mean()) > float(alike[0, 2:].mean())


def test_only_records_learned_from_are_negatives():
    learned = torch.tensor([True, True, True, False, False, False])
    torch.manual_seed(0)
    made = ContrastiveTransfer(5, 6, LABELS, ContrastSettings(n_negatives=50), learned=learned)
    assert set(made._negatives(torch.tensor([0])).flatten().tolist()) == {2}


def test_where_none_learned_from_is_unlike_any_of_them_is_a_negative():
    """Record 0 shares its label with record 1, and nothing else is learned from."""
    learned = torch.tensor([True, True, False, False, False, False])
    torch.manual_seed(0)
    made = ContrastiveTransfer(5, 6, LABELS, ContrastSettings(n_negatives=50), learned=learned)
    assert set(made._negatives(torch.tensor([0])).flatten().tolist()) == {0, 1}


def test_one_record_alone_has_no_contrast_and_two_have():
    with pytest.raises(InvalidArgumentError, match="two records"):
        ContrastiveTransfer(2, 2, LABELS[:1])
    with pytest.raises(InvalidArgumentError, match="two records"):
        ContrastiveTransfer(2, 2, LABELS[:, 0])
    assert ContrastiveTransfer(2, 2, LABELS[:2]).banks.shape == (2, 2, 128)


@pytest.mark.parametrize(
    ("entry", "low", "below", "high", "above"),
    [
        ("dimensions", 1, 0, 4096, 4097),
        ("n_negatives", 1, 0, 65_536, 65_537),
        ("temperature", 0.001, 0.0009, 100, 101),
        ("momentum", 0, -0.1, 0.999, 1.0),
    ],
)
def test_settings_have_limits(entry, low, below, high, above):
    for value in (low, high):
        build_part("contrast", ContrastSettings, {entry: value})
    for value in (below, above):
        with pytest.raises(InvalidArgumentError, match=rf"contrast\.{entry}"):
            build_part("contrast", ContrastSettings, {entry: value})
