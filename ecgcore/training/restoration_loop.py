"""Training of the restoration network on normals, their changes, and noise."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ecgcore.inference.anomaly_raw import PHASES, phase_visibility
from ecgcore.models.restoration import RestorationNet, Restored
from ecgcore.training.restoration_data import Normals, RestorationBatch, make_restoration_batch

# Steps whose mean losses are one row of what is kept.
REPORT_EVERY = 100


@dataclass(frozen=True)
class RestorationTraining:
    """How the network is trained.

    Attributes
    ----------
    steps, batch_size : int
        Of 12 leads; a batch of one or two leads holds four times as many records.
    single_every : int
        One batch of one or two leads after so many of twelve.
    lengths : tuple of int
        Samples of a batch, one of them drawn each step.
    learning_rate, weight_decay, warm_up, averaging : float
    seen_weight, unusual_weight, record_weight, attribute_weight : float
        Of the losses beside the one of hidden samples.
    """

    steps: int = 8000
    batch_size: int = 32
    single_every: int = 2
    lengths: tuple[int, ...] = (1000, 1000, 768, 512)
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up: float = 0.1
    averaging: float = 0.998
    seen_weight: float = 0.2
    unusual_weight: float = 1.0
    record_weight: float = 0.2
    attribute_weight: float = 0.1


@dataclass(frozen=True, eq=False)
class Restorer:
    """A trained network with the losses on the way, one row a hundred steps."""

    network: nn.Module
    losses: tuple[dict[str, float], ...]
    steps: int
    seconds: float


@dataclass(eq=False)
class _Clock:
    """Progress from 0 to 1 by steps, or by time where that is shorter."""

    steps: int
    budget_s: float
    started: float = field(default_factory=time.monotonic)

    def at(self, step: int) -> float:
        return max(step / self.steps, (time.monotonic() - self.started) / self.budget_s)


def rate_at(progress: float, warm_up: float) -> float:
    """Return the share of the highest rate: a straight rise, then half a cosine."""
    if progress < warm_up:
        return max(progress / warm_up, 0.01)
    return 0.5 + 0.5 * math.cos(math.pi * min((progress - warm_up) / (1 - warm_up), 1.0))


def fit_restoration(
    arguments: Mapping[str, Any],
    training: RestorationTraining,
    groups: Sequence[Normals],
    noise: Tensor,
    *,
    seed: int,
    device: torch.device | None = None,
    budget_s: float = math.inf,
    report: Callable[[dict[str, float]], None] = lambda _losses: None,
) -> Restorer:
    """Train one network.

    Parameters
    ----------
    arguments : mapping
        Of :class:`~ecgcore.models.restoration.RestorationNet`.
    groups : sequence of Normals
        The first of twelve leads, then, if there are any, of one or two.
    noise : Tensor, shape (n_rows, n)
        Recorded noise of spread 1; may be empty.
    budget_s : float
        Training ends, with its rate gone down, after so many seconds at the latest.

    Returns
    -------
    Restorer
        Averaged weights, in evaluation mode, on the CPU.
    """
    torch.manual_seed(seed)
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = RestorationNet(**arguments).to(device)
    ema = get_ema_multi_avg_fn(training.averaging)
    averaged = AveragedModel(network, multi_avg_fn=ema)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    held, noise = [group.to(device) for group in groups], noise.to(device)
    clock, losses, step, counted = _Clock(training.steps, budget_s), [], 0, 0
    total: dict[str, Tensor] = {}
    network.train()
    while (progress := clock.at(step)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * rate_at(progress, training.warm_up)
        batch = _batch(training, held, noise, step)
        parts = _step(network, optimizer, batch, training)
        averaged.update_parameters(network)
        total = {k: total.get(k, torch.zeros_like(v)) + v for k, v in parts.items()}
        step += 1
        counted += 1
        if step % REPORT_EVERY == 0 or clock.at(step) >= 1:
            means = {k: float(v) / counted for k, v in total.items()}
            losses.append({"step": float(step), **means})
            report(losses[-1])
            total, counted = {}, 0
    trained = averaged.module.cpu().eval().requires_grad_(False)
    return Restorer(trained, tuple(losses), step, time.monotonic() - clock.started)


def _batch(
    training: RestorationTraining, held: Sequence[Normals], noise: Tensor, step: int
) -> RestorationBatch:
    single = len(held) > 1 and step % (training.single_every + 1) == training.single_every
    normals = held[1] if single else held[0]
    size = training.batch_size * (4 if single else 1)
    rows = torch.randint(len(normals), (size,), device=normals.x.device)
    length = training.lengths[int(torch.randint(len(training.lengths), ()))]
    return make_restoration_batch(normals, rows, length, noise)


def _step(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: RestorationBatch,
    training: RestorationTraining,
) -> dict[str, Tensor]:
    device = batch.x.device
    with torch.autocast(device.type, torch.bfloat16):
        out = network(batch.x, batch.present, batch.leads, batch.scale, batch.visible)
    parts = restoration_losses(out, batch)
    loss = (
        parts["hidden"]
        + training.seen_weight * parts["seen"]
        + training.unusual_weight * parts["unusual"]
        + training.record_weight * parts["record"]
        + training.attribute_weight * parts["attributes"]
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimizer.step()
    return {name: value.detach() for name, value in parts.items()}


def restoration_losses(out: Restored, batch: RestorationBatch) -> dict[str, Tensor]:
    """Return the parts of the loss.

    Restoration is judged by the likelihood of a normal distribution, weighted by the root of its
    variance so that hard samples keep teaching (Seitzer et al., ICLR 2022).
    """
    error = (batch.target - out.mean).square()
    likelihood = 0.5 * (error * (-out.log_var).exp() + out.log_var)
    likelihood = likelihood * (0.5 * out.log_var.detach()).exp()
    hidden = batch.present & ~batch.visible
    seen = batch.present & batch.visible
    unusual = functional.binary_cross_entropy_with_logits(
        out.unusual,
        batch.mask.float(),
        reduction="none",
        pos_weight=torch.tensor(2.0, device=out.unusual.device),
    )
    known = torch.isfinite(batch.attributes)
    missed = (out.attributes - torch.nan_to_num(batch.attributes)).square()
    return {
        "hidden": _mean(likelihood, hidden),
        "seen": _mean(likelihood, seen),
        "unusual": _mean(unusual, seen),
        "record": functional.binary_cross_entropy_with_logits(out.record, (batch.kind > 0).float()),
        "attributes": _mean(missed, known),
    }


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)


@torch.inference_mode()
def normal_features(network: RestorationNet, normals: Normals, *, batch_size: int = 8) -> Tensor:
    """Return the features of whole records, hidden in four phases as in scoring, (n, d)."""
    device = next(network.parameters()).device
    out = torch.zeros(len(normals), 2 * network.width)
    for length in normals.length.unique().tolist():
        rows = torch.nonzero(normals.length == length)[:, 0]
        visible = phase_visibility(length)[:, None].to(device)
        for start in range(0, rows.shape[0], batch_size):
            some = rows[start : start + batch_size]
            x = normals.x[some, :, :length].float().to(device)
            there = normals.there[some][..., None].expand(x.shape)
            given = (x, there, normals.leads[some], normals.scale[some])
            each = [t.to(device).repeat_interleave(PHASES, dim=0) for t in given]
            with torch.autocast(device.type, torch.bfloat16):
                found = network(*each, visible.repeat(some.shape[0], 1, 1))
            out[some.cpu()] = found.features.unflatten(0, (-1, PHASES)).mean(dim=1).cpu()
    return out
