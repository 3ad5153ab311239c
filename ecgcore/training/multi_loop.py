"""Training for several tasks: statements, super-classes, hand-held classes, beats and waves."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ecgcore.models import LeadAttentionNet, Outputs
from ecgcore.models.lead_attention import SPREAD_S, USUAL_S
from ecgcore.models.lead_set import LeadCountNorm, every
from ecgcore.training.device_pool import DevicePool, device_pool
from ecgcore.training.loop import Fitted, Progress, average, optimizer_of
from ecgcore.training.losses import masked_bce
from ecgcore.training.multi_batch import (
    Draws,
    MultiBatch,
    TasksPart,
    crop_length,
    make_batch,
    noise_rows,
    single_leads,
    twelve_leads,
)
from ecgcore.training.pools import IGNORED, Pool
from ecgcore.training.recipe import Recipe

# Passes over the records for the statistics of the averaged network.
CALIBRATION_EPOCHS = 2
# Every third record of a batch is asked for its waves: the rest teaches little and costs time.
WAVE_STEP = 3


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


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one pool on the device: twelve-lead, simulated, and each single-lead source."""

    pool: DevicePool
    twelve: NDArray[np.int64]
    simulated: NDArray[np.int64]
    single: tuple[tuple[NDArray[np.int64], NDArray[np.float64] | None], ...]


def _on_device(sources: Sources, device: torch.device) -> _Rows:
    parts = [sources.twelve]
    if sources.simulated is not None:
        parts.append(sources.simulated)
    for one, _ in sources.single:
        if not any(one is part for part in parts):
            parts.append(one)
    pool, firsts = device_pool(parts)
    first = {id(part): at for part, at in zip(parts, firsts, strict=True)}
    simulated = np.array([], dtype=np.int64)
    if sources.simulated is not None:
        simulated = first[id(sources.simulated)] + np.arange(len(sources.simulated))
    single = tuple((first[id(p)] + rows, _odds(p, rows)) for p, rows in sources.single)
    return _Rows(pool.to(device), first[id(sources.twelve)] + sources.rows, simulated, single)


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
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = LeadAttentionNet(**_tuples(recipe.model.arguments)).to(device)
    averaged = copy.deepcopy(network).requires_grad_(False)
    rows, draws = _on_device(sources, device), _draws(recipe, sources, seed, device)
    size = recipe.training.batch_size - recipe.simulation.per_batch(recipe.training.batch_size)
    n_twelve = rows.twelve.size // size
    n_steps = n_twelve + (n_twelve // recipe.tasks.single_every if rows.single else 0)
    optimizer, schedule = optimizer_of(recipe, network, n_steps)
    started, losses = time.monotonic(), []
    for epoch in range(recipe.training.epochs):
        network.train()
        total = torch.zeros((), device=device)
        for batch in _batches(recipe, rows, draws, size):
            loss = task_loss(network, batch, recipe.tasks)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average(averaged, network, recipe.training.averaging)
            total += loss.detach()
        losses.append(float(total) / n_steps)
        spent = time.monotonic() - started
        report(Progress(epoch + 1, recipe.training.epochs, losses[-1], spent))
    real = replace(rows, simulated=rows.simulated[:0])
    for _ in range(CALIBRATION_EPOCHS):
        recalibrate(averaged, _batches(recipe, real, draws, size))
    return Fitted(averaged.cpu().eval(), tuple(losses), time.monotonic() - started)


def _draws(recipe: Recipe, sources: Sources, seed: int, device: torch.device) -> Draws:
    return Draws(
        numbers=np.random.default_rng(seed),
        samples=torch.Generator(device).manual_seed(seed),
        augmentation=recipe.augmentation,
        tasks=recipe.tasks,
        fs_hz=recipe.input.fs_hz,
        noise=noise_rows(sources.noise).to(device),
    )


@torch.no_grad()
def recalibrate(network: LeadAttentionNet, batches: Iterable[MultiBatch]) -> None:
    """Measure the running statistics anew: those of averaged weights are not the averaged ones.

    On real records alone, which is what prediction sees.

    Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018.
    """
    for part in network.modules():
        # Dropout stays off: what is measured is what prediction will see.
        part.training = isinstance(part, LeadCountNorm)
    for batch in batches:
        with torch.autocast(batch.x.device.type, torch.bfloat16):
            forward_batch(network, batch)
    network.eval()


def _tuples(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()}


def _batches(recipe: Recipe, rows: _Rows, draws: Draws, size: int) -> Iterator[MultiBatch]:
    """Yield an epoch: every real twelve-lead record once, single leads in between."""
    rng, pool = draws.numbers, rows.pool
    n_batches = rows.twelve.size // size
    order = rng.permutation(rows.twelve)[: n_batches * size].reshape(n_batches, size)
    n_simulated = recipe.simulation.per_batch(recipe.training.batch_size)
    for step, real in enumerate(order, start=1):
        chosen = real
        if rows.simulated.size:
            drawn = rng.choice(rows.simulated, n_simulated, replace=False)
            chosen = np.concatenate([real, drawn])
        leads = twelve_leads(chosen, draws)
        yield make_batch(pool, chosen, leads, crop_length(draws, single=False), draws)
        if rows.single and step % recipe.tasks.single_every == 0:
            some = _single(recipe.tasks, rows, rng)
            leads = single_leads(pool, some, draws)
            yield make_batch(pool, some, leads, crop_length(draws, single=True), draws)


def _single(tasks: TasksPart, rows: _Rows, rng: np.random.Generator) -> NDArray[np.int64]:
    drawn = [
        rng.choice(some, count, replace=False, p=odds)
        for count, (some, odds) in zip(tasks.single_batch, rows.single, strict=True)
    ]
    return np.concatenate(drawn)


def _odds(pool: Pool, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return how likely each row is drawn: those with early beats four times as often."""
    if pool.beats is None:
        return None
    rare = (pool.data.targets[rows] == 1)[:, 5:7].any(axis=1)
    weight = np.where(rare, 4.0, 1.0)
    return np.asarray(weight / weight.sum())


def forward_batch(network: LeadAttentionNet, batch: MultiBatch) -> tuple[Outputs, Tensor]:
    """Return everything the network says, and the leads' features."""
    mask = None if batch.whole else batch.present
    # One number for the batch: asking each record would stop a graphics card at every layer.
    count = batch.x.shape[1]
    encoded = network.encode(batch.x, mask, count)
    steps = None if mask is None else every(mask, network.encoder.stride)
    return network.fuse(encoded, steps, batch.leads, batch.scale, count), encoded


def task_loss(network: LeadAttentionNet, batch: MultiBatch, tasks: TasksPart) -> Tensor:
    """Return the weighted sum of the losses of all tasks that a batch can tell of."""
    # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
    with torch.autocast(batch.x.device.type, torch.bfloat16):
        out, encoded = forward_batch(network, batch)
        waves = network.waves(encoded[::WAVE_STEP])
    target = batch.waves[::WAVE_STEP]
    weight = torch.tensor(tasks.beat_weights, device=batch.x.device)
    return (
        masked_bce(out.statements.float(), batch.statements)
        + tasks.superclass_weight * masked_bce(out.superclasses.float(), batch.superclasses)
        + tasks.handheld_weight * class_loss(out.handheld, batch.handheld, -1)
        + tasks.beat_weight * class_loss(out.beats, batch.beats, IGNORED, weight)
        + tasks.interval_weight * interval_loss(out.intervals.float(), batch.intervals)
        + tasks.wave_weight
        * class_loss(waves[..., : target.shape[-1]].transpose(1, 2), target, IGNORED)
    )


def class_loss(
    logits: Tensor, target: Tensor, unknown: int, weight: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy over what is known, (B, C, ...) against (B, ...); zero if nothing.

    The mean is weighted by class, as ``torch.nn.functional.cross_entropy`` does.
    """
    known = target != unknown
    classes = torch.where(known, target, 0)
    each = functional.cross_entropy(logits.float(), classes, weight=weight, reduction="none")
    share = known.float() if weight is None else weight[classes] * known
    return (each * known).sum() / share.sum().clamp(min=1)


def interval_loss(found: Tensor, seconds: Tensor) -> Tensor:
    """Return the smooth loss of intervals (B, 4) in seconds, over what is known."""
    usual, spread = (torch.tensor(v, device=found.device) for v in (USUAL_S, SPREAD_S))
    target = ((seconds - usual) / spread).clamp(-5, 5)
    known = torch.isfinite(target)
    each = functional.smooth_l1_loss(found, torch.where(known, target, 0.0), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
