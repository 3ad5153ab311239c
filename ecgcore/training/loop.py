"""The training loop: seeded batches, bf16 where it pays, averaged weights."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.datasets import PackedSet
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.training.augmentation import (
    crop,
    disturb,
    draw_disturbance,
    draw_leads,
    draw_length,
)
from ecgcore.training.losses import masked_bce
from ecgcore.training.recipe import Recipe


@dataclass(frozen=True)
class Progress:
    """Where a run stands after an epoch."""

    epoch: int
    epochs: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Fitted:
    """Averaged weights in a network, and the mean loss of each epoch."""

    network: nn.Module
    losses: tuple[float, ...]
    seconds: float


def fit(
    recipe: Recipe,
    data: PackedSet,
    rows: Sequence[int] | NDArray[np.int64],
    *,
    seed: int,
    simulated: PackedSet | None = None,
    report: Callable[[Progress], None] = lambda _progress: None,
) -> Fitted:
    """Train one network.

    Parameters
    ----------
    recipe : Recipe
    data : PackedSet
    rows : sequence of int
        Records to learn from; everything else in ``data`` stays unseen.
    seed : int
        Of the initial weights, the order, the crops and the disturbances.
    simulated : PackedSet, optional
        What the recipe's share of each batch is taken from.
    report : callable
        Called after each epoch.

    Returns
    -------
    Fitted
        In evaluation mode, on the CPU.

    Raises
    ------
    InvalidArgumentError
        If there are fewer records than one batch, or simulated ones are wanted and missing.
    """
    chosen = np.asarray(rows, dtype=np.int64)
    size = recipe.training.batch_size
    if chosen.size < size:
        raise InvalidArgumentError(f"There are {chosen.size} records for batches of {size}.")
    n_simulated = recipe.simulation.per_batch(size)
    if n_simulated and (simulated is None or len(simulated) < n_simulated):
        raise InvalidArgumentError(f"The recipe wants {n_simulated} simulated records a batch.")
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = build(recipe.model.architecture, recipe.model.arguments).to(device)
    averaged = copy.deepcopy(network).requires_grad_(False)
    per_epoch = chosen.size // size
    optimizer, schedule = optimizer_of(recipe, network, per_epoch)
    started, losses = time.monotonic(), []
    for epoch in range(recipe.training.epochs):
        network.train()
        order = _order(chosen, per_epoch, size - n_simulated, rng)
        total = 0.0
        for batch in order:
            drawn = draw_batch(recipe, data, batch, rng, simulated=simulated)
            loss = _loss(network, drawn, device)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            average(averaged, network, recipe.training.averaging)
            total += float(loss.detach())
        losses.append(total / per_epoch)
        spent = time.monotonic() - started
        report(Progress(epoch + 1, recipe.training.epochs, losses[-1], spent))
    return Fitted(averaged.cpu().eval(), tuple(losses), time.monotonic() - started)


def _order(
    rows: NDArray[np.int64], n_batches: int, size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the real records of each batch of an epoch, shape (n_batches, size)."""
    return rng.permutation(rows)[: n_batches * size].reshape(n_batches, size)


def optimizer_of(
    recipe: Recipe, network: nn.Module, per_epoch: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.OneCycleLR]:
    """Return AdamW and its one-cycle schedule for the recipe's epochs of so many steps."""
    part = recipe.training
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=part.learning_rate, weight_decay=part.weight_decay
    )
    steps = part.epochs * per_epoch
    # A warm-up of one step would divide by zero inside the schedule.
    warm_up = min(0.9, max(part.warm_up, 2 / steps))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, part.learning_rate, total_steps=steps, pct_start=warm_up
    )
    return optimizer, schedule


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes
    ----------
    x : Tensor, shape (B, K, T)
    present : Tensor of bool, shape (B, K, T)
    leads : Tensor of int64, shape (B, K)
    targets : Tensor, shape (B, n_labels)
        NaN where the record cannot tell.
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    targets: Tensor


def draw_batch(
    recipe: Recipe,
    data: PackedSet,
    rows: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    simulated: PackedSet | None = None,
) -> Batch:
    """Return crops of these records with random leads and disturbances.

    The recipe's share of simulated records is drawn beside them.
    """
    config = recipe.augmentation
    length = draw_length(config, rng, data.fs_hz)
    members = [(data, int(i)) for i in rows]
    if simulated is not None:
        count = recipe.simulation.per_batch(recipe.training.batch_size)
        drawn_rows = rng.choice(len(simulated), count, replace=False)
        members += [(simulated, int(i)) for i in drawn_rows]
    leads = draw_leads(config, rng, len(members), len(recipe.input.leads))
    crops = [
        crop(one.signal(i)[k], length, rng) for (one, i), k in zip(members, leads, strict=True)
    ]
    x = torch.from_numpy(np.stack(crops))
    present = torch.isfinite(x)
    drawn = draw_disturbance(config, rng, (len(members), leads.shape[1], length), data.fs_hz)
    targets = torch.from_numpy(np.stack([one.targets[i] for one, i in members]))
    return Batch(disturb(x, present, drawn), present, torch.from_numpy(leads), targets)


def _loss(network: nn.Module, batch: Batch, device: torch.device) -> Tensor:
    # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
    with torch.autocast(device.type, torch.bfloat16):
        logits = network(batch.x.to(device), batch.present.to(device), batch.leads.to(device))
    return masked_bce(logits.float(), batch.targets.to(device))


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the averaged weights towards the network's."""
    pairs = list(zip(averaged.state_dict().values(), network.state_dict().values(), strict=True))
    moving = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
    # All at once: a graphics card would wait for each of some hundred small steps.
    torch._foreach_lerp_([mean for mean, _ in moving], [now for _, now in moving], 1 - decay)
    for mean, now in pairs:
        if not mean.is_floating_point():
            mean.copy_(now)
