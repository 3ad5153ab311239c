"""Each part of each system's loss teaches, and with its weight."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecgcore.datasets.simulated import SimulatedRecords, SimulationPart, _draw, _pack_records
from ecgcore.inference.card import InputContract
from ecgcore.inference.mcf import trend_of
from ecgcore.models.mcf import McfOutputs
from ecgcore.models.restoration import RestorationNet, Restored
from ecgcore.training.restoration.data import (
    Normals,
    RestorationBatch,
    make_restoration_batch,
    simulated_normals,
)
from ecgcore.training.restoration.recipe import RestorationTraining
from ecgcore.training.restoration.train import restoration_losses, weigh_losses
from ecgcore.training.single_lead.data import Drawn
from ecgcore.training.single_lead.train import Answers, soft_loss
from ecgcore.training.transfer_losses import (
    ContrastiveTransfer,
    ContrastSettings,
    multi_label_transfer,
)
from reproductions.mcf_train import hidden_loss
from reproductions.mvkt import build_network
from reproductions.mvkt_train import Task, Taught
from tests.reproductions.test_mvkt import made_set, tiny

# ---- the published detector ----------------------------------------------------------------


class Watching(nn.Module):
    """Restore nothing, and remember what was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: tuple[Tensor, Tensor, Tensor] | None = None

    def forward(self, whole: Tensor, beat: Tensor, trend: Tensor) -> McfOutputs:
        self.given = (whole, beat, trend)
        s, s_beat = torch.zeros_like(whole[:, :1]), torch.zeros_like(beat[:, :1])
        return McfOutputs(0 * whole, s, 0 * beat, s_beat, 0 * whole)


def test_training_of_the_published_detector_hides_30_patches_and_a_run_of_the_beat() -> None:
    torch.manual_seed(0)
    x = torch.rand(3, 2, 5000) + 0.5
    network, starts = Watching(), set()
    for _ in range(12):
        loss = hidden_loss(network, x, torch.tensor([1000, 1500, 2000]))
        assert network.given is not None
        whole, beat, trend = network.given
        hidden = whole == 0
        # The same patches for all leads and the whole batch.
        assert (hidden == hidden[:1, :1]).all()
        patches = hidden[0, 0].view(100, 48)
        assert (patches == patches[:, :1]).all()
        assert int(patches[:, 0].sum()) == 30
        assert torch.equal(whole[~hidden], x[..., 100:4900][~hidden])
        assert torch.equal(trend, trend_of(x[..., 100:4900]))
        run = (beat == 0).all(dim=1).all(dim=0).nonzero().flatten().tolist()
        assert run == list(range(run[0], run[0] + 144))
        starts.add((run[0], tuple(patches[:, 0].nonzero().flatten().tolist())))
        # What is hidden is judged as what is seen.
        truth = x[..., 100:4900].square().mean()
        assert float(loss) > 2 * float(truth)
    assert len(starts) > 10


# ---- restoration ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def normals() -> Normals:
    part = SimulationPart(share=1.0, records=24, seed=5, statements=("normal",))
    arrays = _draw(part, InputContract(sees_voltage=True))
    beats, waves = arrays.pop("beats"), arrays.pop("waves")
    return simulated_normals(SimulatedRecords(_pack_records(**arrays, fs_hz=100.0), beats, waves))


@pytest.fixture(scope="module")
def batch(normals: Normals) -> RestorationBatch:
    torch.manual_seed(4)
    return make_restoration_batch(normals, torch.arange(6), 256, torch.zeros(0, 0))


def test_most_records_of_a_batch_hide_a_quarter_of_their_samples(normals: Normals) -> None:
    torch.manual_seed(3)
    shares = torch.cat(
        [
            1 - made.visible.float().mean(dim=2)[:, 0]
            for made in (
                make_restoration_batch(normals, torch.arange(24), 768, torch.zeros(0, 0))
                for _ in range(6)
            )
        ]
    )
    hides = shares > 0
    assert 0.78 < float(hides.float().mean()) < 0.96
    assert ((shares[hides] - 0.25).abs() < 0.06).all()


def test_the_parts_of_the_restoration_loss_are_their_formulas() -> None:
    """Two records of one lead and four samples: hidden, seen, seen and changed, absent."""
    nan = float("nan")
    visible = torch.tensor([False, True, True, True]).expand(2, 1, 4)
    present = torch.tensor([True, True, True, False]).expand(2, 1, 4)
    mask = torch.tensor([False, False, True, False]).expand(2, 1, 4)
    made = RestorationBatch(
        x=torch.zeros(2, 1, 4),
        target=torch.tensor([2.0, 1.0, 3.0, 50.0]).expand(2, 1, 4),
        present=present,
        visible=visible,
        mask=mask,
        leads=torch.zeros(2, 1, dtype=torch.int64),
        scale=torch.zeros(2, 1),
        attributes=torch.tensor([[0.5, nan], [nan, nan]]),
        kind=torch.tensor([0, 3]),
    )
    log_var = np.log(4.0)
    out = Restored(
        mean=torch.zeros(2, 1, 4),
        log_var=torch.full((2, 1, 4), log_var),
        unusual=torch.full((2, 1, 4), 0.7),
        record=torch.tensor([0.4, 0.4]),
        attributes=torch.full((2, 2), -1.0),
        features=torch.zeros(2, 3),
    )
    found = {name: float(value) for name, value in restoration_losses(out, made).items()}

    def likelihood(error: float) -> float:
        # Half of (e^2 / variance + log variance), times the standard deviation.
        return 2.0 * 0.5 * (error**2 / 4.0 + log_var)

    def softplus(z: float) -> float:
        return float(np.log1p(np.exp(z)))

    assert found["hidden"] == pytest.approx(likelihood(2.0))
    assert found["seen"] == pytest.approx((likelihood(1.0) + likelihood(3.0)) / 2)
    # A changed sample counts twice.
    assert found["unusual"] == pytest.approx((softplus(0.7) + 2 * softplus(-0.7)) / 2)
    assert found["record"] == pytest.approx((softplus(0.4) + softplus(-0.4)) / 2)
    assert found["attributes"] == pytest.approx(1.5**2)


WEIGHTS = {
    "hidden": None,
    "seen": "seen_weight",
    "unusual": "unusual_weight",
    "record": "record_weight",
    "attributes": "attribute_weight",
}


def flat_gradient(network: nn.Module) -> Tensor:
    each = (torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters())
    return torch.cat([gradient.flatten().double() for gradient in each])


@pytest.mark.parametrize("part", list(WEIGHTS))
def test_each_part_of_the_restoration_loss_teaches(batch: RestorationBatch, part: str) -> None:
    """With its weight far above the others' a step has the gradient of this part alone."""
    torch.manual_seed(0)
    network = RestorationNet(widths=(8, 12, 16), layers=1, heads=2, kernel=5).eval()
    none = dict.fromkeys((name for name in WEIGHTS.values() if name), 0.0)
    weight = WEIGHTS[part]
    # The restoration of what is hidden has no weight of its own: it is what the others are
    # measured against.
    training = RestorationTraining(**(none | ({weight: 1e6} if weight else {})))
    given = (batch.x, batch.present, batch.leads, batch.scale, batch.visible)
    with torch.autocast("cpu", torch.bfloat16):
        out = network(*given)
    weigh_losses(restoration_losses(out, batch), training).backward()
    found = flat_gradient(network)
    network.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        out = network(*given)
    restoration_losses(out, batch)[part].backward()
    alone = flat_gradient(network)
    assert float(alone.norm()) > 1e-3
    assert float(found @ alone / found.norm() / alone.norm()) > 0.999


# ---- knowledge transfer --------------------------------------------------------------------

CONTRAST = ContrastSettings(dimensions=8, n_negatives=6)


def transfer_run(alpha: float, beta: float) -> Task:
    data = made_set(16)
    torch.manual_seed(0)
    network = build_network(tiny(), data, 1, 0).eval()
    logits = torch.randn(16, 14, generator=torch.Generator().manual_seed(1))
    features = torch.randn(16, 10, generator=torch.Generator().manual_seed(2))
    taught = Taught(logits, features, alpha, beta, temperature=2.0, contrast=CONTRAST)
    torch.manual_seed(0)
    return Task(network, data, (0,), rows=np.arange(16), taught=taught)


def transfer_loss(run: Task) -> float:
    rows = torch.arange(8)
    torch.manual_seed(3)
    return float(run.loss(rows, rows).detach())


@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_a_students_loss_holds_alpha_times_mkd(alpha: float) -> None:
    run = transfer_run(alpha, 0.0)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        said = run.network.head(run.network.features(run.x[:8]))
    assert run.taught is not None
    mkd = float(multi_label_transfer(said, run.taught.logits[:8], temperature=2.0))
    gained = transfer_loss(run) - transfer_loss(transfer_run(0.0, 0.0))
    assert mkd > 0.1
    assert gained == pytest.approx(alpha * mkd, rel=1e-3)


@pytest.mark.parametrize("beta", [0.8, 0.2])
def test_a_students_loss_holds_beta_times_clt(beta: float) -> None:
    run = transfer_run(0.0, beta)
    contrast = copy.deepcopy(run.contrast)
    assert contrast is not None
    assert run.taught is not None
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        features = run.network.features(run.x[:8])
    torch.manual_seed(3)
    clt = float(contrast(features, run.taught.features[:8], torch.arange(8)).detach())
    gained = transfer_loss(run) - transfer_loss(transfer_run(0.0, 0.0))
    assert clt > 0.1
    assert gained == pytest.approx(beta * clt, rel=1e-3)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.7, 0.02)])
def test_the_single_lead_students_soft_loss_is_alpha_mkd_plus_beta_clt(alpha, beta) -> None:
    torch.manual_seed(0)
    said, features, rows = torch.randn(5, 4), torch.randn(5, 6), torch.tensor([7, 2, 4, 0, 1])
    answers = Answers(torch.randn(8, 9), torch.randn(8, 3))
    labels = torch.eye(8, 4).bool()
    contrast = ContrastiveTransfer(6, 3, labels, CONTRAST)
    weights = SimpleNamespace(alpha=alpha, beta=beta, temperature=3.0)
    out = SimpleNamespace(statements=said, features=features)
    # Three of twelve leads come first, and two of another kind that no teacher was asked about.
    drawn = Drawn(SimpleNamespace(), (("twelve", 3), ("cpsc", 2)), rows)
    twin = copy.deepcopy(contrast)
    torch.manual_seed(1)
    found = soft_loss(
        SimpleNamespace(weights=weights), out, drawn, answers, contrast if beta else None
    )
    mkd = multi_label_transfer(said[:3], answers.logits[rows[:3], :4], temperature=3.0)
    torch.manual_seed(1)
    clt = twin(features[:3], answers.features[rows[:3]], rows[:3])
    expected = alpha * float(mkd) + beta * float(clt.detach())
    assert expected > 0.1
    assert float(found.detach()) == pytest.approx(expected, rel=1e-5)


def test_the_contrast_is_as_published() -> None:
    published = ContrastSettings()
    assert (published.dimensions, published.n_negatives) == (128, 1024)
    assert (published.temperature, published.momentum) == (0.07, 0.5)
