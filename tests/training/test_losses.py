"""The cross-entropy over what is known, by hand."""

import math

import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.training.losses import masked_bce

NAN = math.nan


def entropy(logit: float, target: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


@pytest.mark.parametrize(
    ("logits", "targets", "known"),
    [
        ([[0.4, -1.0], [2.0, 0.1]], [[1.0, 0.0], [0.0, 1.0]], 4),
        ([[0.4, -1.0], [2.0, 0.1]], [[1.0, NAN], [0.3, NAN]], 2),
        ([[0.4, -1.0], [2.0, 0.1]], [[NAN, NAN], [NAN, 1.0]], 1),
    ],
)
def test_it_is_the_mean_over_the_known_targets(logits, targets, known):
    each = [
        entropy(z, y)
        for row, wanted in zip(logits, targets, strict=True)
        for z, y in zip(row, wanted, strict=True)
        if not math.isnan(y)
    ]
    assert len(each) == known
    found = masked_bce(torch.tensor(logits), torch.tensor(targets))
    assert float(found) == pytest.approx(sum(each) / known, rel=1e-5)


def test_what_is_not_known_has_no_influence():
    logits = torch.tensor([[0.4, 50.0]], requires_grad=True)
    masked_bce(logits, torch.tensor([[1.0, NAN]])).backward()
    assert logits.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, 0] < 0


def test_nothing_known_is_zero_and_teaches_nothing():
    logits = torch.zeros(2, 3, requires_grad=True)
    loss = masked_bce(logits, torch.full((2, 3), NAN))
    loss.backward()
    assert loss.detach() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_shapes_must_be_the_same():
    with pytest.raises(InvalidArgumentError, match=r"\(2, 3\).*\(2, 4\)"):
        masked_bce(torch.zeros(2, 3), torch.zeros(2, 4))
