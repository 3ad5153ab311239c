"""Training of the restoration network on normals, their changes, and noise."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ecgcore.inference.anomaly_raw import PHASES, phase_visibility
from ecgcore.models import build
from ecgcore.models.restoration import RestorationNet, Restored
from ecgcore.training.restoration.data import Normals, RestorationBatch, make_restoration_batch
from ecgcore.training.restoration.recipe import RestorationTraining
from ecgcore.training.trainer import Fitted, Keep, Plan, fit, training_device

# Steps of a round.
ROUND = 100


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
    keep: Keep | None = None,
) -> Fitted:
    """Train one network.

    Parameters
    ----------
    arguments : mapping
        Of :class:`~ecgcore.models.restoration.RestorationNet`.
    groups : sequence of Normals
        The first of twelve leads, then, if there are any, of one or two.
    noise : Tensor, shape (n_rows, n)
        Recorded noise of spread 1; may be empty.
    """
    torch.manual_seed(seed)
    device = training_device()
    network = build("restoration", arguments).to(device)
    on_device, noise = [group.to(device) for group in groups], noise.to(device)

    def losses(number: int) -> Iterator[dict[str, Tensor]]:
        for step in range(number * ROUND, training.steps):
            batch = _batch(training, on_device, noise, step)
            with torch.autocast(device.type, torch.bfloat16):
                out = network(batch.x, batch.present, batch.leads, batch.scale, batch.visible)
            parts = restoration_losses(out, batch)
            yield {"loss": weigh_losses(parts, training), **parts}

    plan = Plan(
        steps=training.steps,
        every=ROUND,
        rate=lambda step: training.learning_rate * rate_at(step / training.steps, training.warm_up),
        weight_decay=training.weight_decay,
        clip=2.0,
        averaging=lambda step: training.averaging if step > 1 else 0.0,
    )
    return fit(network, losses, plan, keep=keep)


def weigh_losses(parts: Mapping[str, Tensor], training: RestorationTraining) -> Tensor:
    """Return the sum of the parts of the loss, each with its weight."""
    return (
        parts["hidden"]
        + training.seen_weight * parts["seen"]
        + training.unusual_weight * parts["unusual"]
        + training.record_weight * parts["record"]
        + training.attribute_weight * parts["attributes"]
    )


def _batch(
    training: RestorationTraining, groups: Sequence[Normals], noise: Tensor, step: int
) -> RestorationBatch:
    single = len(groups) > 1 and step % (training.single_every + 1) == training.single_every
    normals = groups[1] if single else groups[0]
    size = training.batch_size * (4 if single else 1)
    rows = torch.randint(len(normals), (size,), device=normals.x.device)
    length = training.lengths[int(torch.randint(len(training.lengths), ()))]
    return make_restoration_batch(normals, rows, length, noise)


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
