"""Training for several tasks: statements, super-classes, hand-held classes, beats and waves."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ecgcore.models import LeadAttentionNet
from ecgcore.models.lead_set import LeadCountNorm, every
from ecgcore.training.loop import Fitted, Progress, average, optimizer_of
from ecgcore.training.losses import masked_bce
from ecgcore.training.multi_batch import (
    Member,
    MultiBatch,
    TasksPart,
    make_batch,
    single_members,
    twelve_members,
)
from ecgcore.training.pools import IGNORED, Pool
from ecgcore.training.recipe import Recipe

# Passes over the records for the statistics of the averaged network.
CALIBRATION_EPOCHS = 2


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that batches are drawn from.

    Attributes
    ----------
    twelve : Pool
        Real twelve-lead records; ``rows`` of it are learned from.
    rows : array of int64
    simulated : Pool or None
    single : tuple of (Pool, array of int64)
        In the order of the recipe's ``single_batch``, each with the rows learned from.
    noise : sequence of arrays
    """

    twelve: Pool
    rows: NDArray[np.int64]
    simulated: Pool | None
    single: tuple[tuple[Pool, NDArray[np.int64]], ...]
    noise: Sequence[NDArray[np.float32]]


def fit_tasks(
    recipe: Recipe,
    sources: Sources,
    *,
    seed: int,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Fitted:
    """Train one network on all tasks.

    Parameters
    ----------
    seed : int
        Of the initial weights, the order, the crops and the disturbances.

    Returns
    -------
    Fitted
        Averaged weights, in evaluation mode, on the CPU.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = LeadAttentionNet(**_tuples(recipe.model.arguments)).to(device)
    averaged = copy.deepcopy(network).requires_grad_(False)
    size = recipe.training.batch_size - recipe.simulation.per_batch(recipe.training.batch_size)
    n_twelve = sources.rows.size // size
    n_single = n_twelve // recipe.tasks.single_every if sources.single else 0
    optimizer, schedule = optimizer_of(recipe, network, n_twelve + n_single)
    started, losses = time.monotonic(), []
    for epoch in range(recipe.training.epochs):
        network.train()
        total = 0.0
        for batch in _batches(recipe, sources, rng, size):
            loss = task_loss(network, batch, recipe.tasks, device)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average(averaged, network, recipe.training.averaging)
            total += float(loss.detach())
        losses.append(total / (n_twelve + n_single))
        spent = time.monotonic() - started
        report(Progress(epoch + 1, recipe.training.epochs, losses[-1], spent))
    for _ in range(CALIBRATION_EPOCHS):
        recalibrate(averaged, _batches(recipe, sources, rng, size), device)
    return Fitted(averaged.cpu().eval(), tuple(losses), time.monotonic() - started)


@torch.no_grad()
def recalibrate(
    network: LeadAttentionNet, batches: Iterable[MultiBatch], device: torch.device
) -> None:
    """Measure the running statistics anew: those of averaged weights are not the averaged ones.

    Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018.
    """
    for part in network.modules():
        # Dropout stays off: what is measured is what prediction will see.
        part.training = isinstance(part, LeadCountNorm)
    for batch in batches:
        x, present, leads, scale = (
            t.to(device) for t in (batch.x, batch.present, batch.leads, batch.scale)
        )
        with torch.autocast(device.type, torch.bfloat16):
            network.outputs(x, present, leads, scale)
    network.eval()


def _tuples(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}


def _batches(
    recipe: Recipe, sources: Sources, rng: np.random.Generator, size: int
) -> Iterator[MultiBatch]:
    """Yield an epoch: every real twelve-lead record once, single leads in between."""
    n_batches = sources.rows.size // size
    order = rng.permutation(sources.rows)[: n_batches * size].reshape(n_batches, size)

    def made(members: list[Member]) -> MultiBatch:
        return make_batch(
            members,
            rng=rng,
            augmentation=recipe.augmentation,
            tasks=recipe.tasks,
            contract=recipe.input,
            noise=sources.noise,
        )

    for step, rows in enumerate(order, start=1):
        drawn = [(sources.twelve, int(row)) for row in rows]
        if sources.simulated is not None:
            count = recipe.simulation.per_batch(recipe.training.batch_size)
            chosen = rng.choice(len(sources.simulated), count, replace=False)
            drawn += [(sources.simulated, int(row)) for row in chosen]
        yield made(twelve_members(rng, recipe.augmentation, drawn))
        if sources.single and step % recipe.tasks.single_every == 0:
            yield made(single_members(rng, _single(recipe.tasks, sources, rng)))


def _single(tasks: TasksPart, sources: Sources, rng: np.random.Generator) -> list[tuple[Pool, int]]:
    drawn: list[tuple[Pool, int]] = []
    for count, (pool, rows) in zip(tasks.single_batch, sources.single, strict=True):
        chosen = rng.choice(rows, count, replace=False, p=_odds(pool, rows))
        drawn += [(pool, int(row)) for row in chosen]
    return drawn


def _odds(pool: Pool, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return how likely each row is drawn: those with early beats four times as often."""
    if pool.beats is None:
        return None
    rare = (pool.data.targets[rows] == 1)[:, 5:7].any(axis=1)
    weight = np.where(rare, 4.0, 1.0)
    return np.asarray(weight / weight.sum())


def task_loss(
    network: LeadAttentionNet, batch: MultiBatch, tasks: TasksPart, device: torch.device
) -> Tensor:
    """Return the weighted sum of the losses of all tasks that a batch can tell of."""
    x, present, scale = (t.to(device) for t in (batch.x, batch.present, batch.scale))
    mask = None if bool(batch.present.all()) else present
    # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
    with torch.autocast(device.type, torch.bfloat16):
        encoded = network.encode(x, mask)
        steps = None if mask is None else every(mask, network.encoder.stride)
        out = network.fuse(encoded, steps, batch.leads.to(device), scale)
    loss = masked_bce(out.statements.float(), batch.statements.to(device))
    known = ~torch.isnan(batch.superclasses)
    if bool(known.any()):
        found = masked_bce(out.superclasses.float(), batch.superclasses.to(device))
        loss = loss + tasks.superclass_weight * found
    if bool((batch.handheld >= 0).any()):
        target = batch.handheld.to(device)
        found = functional.cross_entropy(out.handheld.float(), target, ignore_index=-1)
        loss = loss + tasks.handheld_weight * found
    if bool((batch.beats != IGNORED).any()):
        weight = torch.tensor(tasks.beat_weights, device=device)
        target = batch.beats.to(device)
        found = functional.cross_entropy(
            out.beats.float(), target, weight=weight, ignore_index=IGNORED
        )
        loss = loss + tasks.beat_weight * found
    return loss + tasks.wave_weight * _wave_loss(network, encoded, batch, device)


def _wave_loss(
    network: LeadAttentionNet, encoded: Tensor, batch: MultiBatch, device: torch.device
) -> Tensor:
    rows = torch.nonzero((batch.waves != IGNORED).any(dim=2).any(dim=1))[:, 0]
    if not rows.numel():
        return torch.zeros((), device=device)
    # A few records a step teach enough, and the rest costs time.
    rows = rows[:16]
    with torch.autocast(device.type, torch.bfloat16):
        logits = network.waves(encoded[rows.to(device)])
    target = batch.waves[rows].to(device)
    return functional.cross_entropy(
        logits[..., : target.shape[-1]].float().transpose(1, 2), target, ignore_index=IGNORED
    )
