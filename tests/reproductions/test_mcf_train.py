"""The published detector's training: rates, the epoch that is kept, the scores it is kept by."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ecgcore.models.mcf import ConvAutoencoder
from ecgcore.training.trainer import fit
from reproductions import mcf_train as mcf
from reproductions.mcf_train import McfRecords, McfTraining, fit_mcf


def records_of(x: Tensor) -> McfRecords:
    return McfRecords(x.half(), torch.full((x.shape[0], 3), 1000))


def test_the_defaults_are_the_published_ones() -> None:
    found = McfTraining()
    assert (found.epochs, found.batch_size) == (50, 32)
    assert (found.learning_rate, found.weight_decay) == (1e-4, 1e-5)


@pytest.mark.parametrize(
    ("aucs", "kept"), [([0.5, 1.0, 1.0, 0.0], 2), ([1.0, 0.5, 0.0, 0.5], 0), ([0.0, 0.5], 1)]
)
def test_the_last_of_the_best_epochs_is_kept(monkeypatch, aucs, kept) -> None:
    """Each epoch writes its number into the network; the rates fall by half a cosine."""
    numbers, expected = iter(range(9)), len(aucs)

    def losses(network, _records, size, *, plain):
        assert size == 7
        assert plain
        number = next(numbers)
        with torch.no_grad():
            for p in network.parameters():
                p.fill_(float(number))
        yield sum((p - p.detach()).sum() for p in network.parameters()) + 10.0 - number

    scores = {1.0: [0.0, 1.0], 0.5: [1.0, 1.0], 0.0: [1.0, 0.0]}
    said = iter([np.array(scores[auc]) for auc in aucs])
    seen = []
    monkeypatch.setattr(mcf, "_losses", losses)
    monkeypatch.setattr(mcf, "mcf_scores", lambda _network, _val, **_plain: next(said))
    monkeypatch.setattr(mcf, "fit", lambda *a, **k: seen.append(a[2]) or fit(*a, **k))
    records = records_of(torch.zeros(2, 1, 5000))
    training = McfTraining(expected, 7, learning_rate=0.2, weight_decay=0.0)
    fitted = fit_mcf(training, records, records, np.array([0.0, 1.0]), seed=0, plain=True)
    assert [each["figure"] for each in fitted.rounds] == aucs
    assert fitted.losses == tuple(10.0 - i for i in range(expected))
    assert fitted.best - 1 == kept
    assert not any(p.requires_grad for p in fitted.network.parameters())
    cosine = [0.1 * (1 + math.cos(math.pi * i / expected)) for i in range(expected)]
    assert [seen[0].rate(i) for i in range(expected)] == pytest.approx(cosine)
    # A step of the optimiser moves a weight by its rate.
    first = float(next(fitted.network.parameters()).flatten()[0])
    assert first == pytest.approx(kept - cosine[kept])


class Silent(ConvAutoencoder):
    """Restore nothing, but for what overflows."""

    def forward(self, whole: Tensor) -> Tensor:
        return torch.where(whole > 100, torch.where(whole > 200, torch.nan, torch.inf), 0.0)


def test_each_record_has_its_own_score(monkeypatch) -> None:
    """The mean square over leads and samples of what was not restored; what overflows is worst."""
    monkeypatch.setattr(mcf, "_SCORED_AT_ONCE", 2)
    sizes = torch.tensor([[1.0, 3.0], [0.0, 2.0], [500.0, 0.0], [0.5, 0.5], [150.0, 0.0]])
    x = sizes[..., None].expand(-1, -1, 5000)
    found = mcf.mcf_scores(Silent(n_leads=2).eval(), records_of(x), plain=True)
    assert found[[0, 1, 3]] == pytest.approx([5.0, 2.0, 0.25], rel=1e-2)
    assert found[2] == found[4] > 1e6
