"""Training of the classifiers: one table of statements, or statements with further tasks.

Tasks beside the statements: super-classes, hand-held classes, beats, waves and intervals.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.datasets import PackedSet
from ecgcore.datasets.pools import IGNORED, Pool
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import LeadAttentionNet, Outputs, build
from ecgcore.models.lead_set import LeadCountNorm, every
from ecgcore.training.batches import (
    Draws,
    MultiBatch,
    TasksPart,
    crop_length,
    disturb,
    early_odds,
    make_batch,
    noise_rows,
    single_leads,
    twelve_leads,
)
from ecgcore.training.device_pool import DevicePool, device_pool
from ecgcore.training.diagnostic.recipe import Recipe
from ecgcore.training.losses import class_loss, interval_loss, masked_bce
from ecgcore.training.trainer import (
    Fitted,
    Keep,
    Plan,
    fit,
    one_cycle,
    training_device,
)

# Passes over the records for the statistics of the averaged network.
CALIBRATION_EPOCHS = 2
# Waves are learned from every third record of a batch: the rest adds little and costs time.
WAVE_STEP = 3
Rows = NDArray[np.int64]


def plan_of(recipe: Recipe, per_epoch: int, *, clip: float = 0.0) -> Plan:
    """Return the recipe's plan for epochs of so many steps."""
    part = recipe.training
    steps = part.epochs * per_epoch
    return Plan(
        steps=steps,
        every=per_epoch,
        rate=one_cycle(part.learning_rate, steps, part.warm_up),
        weight_decay=part.weight_decay,
        clip=clip,
        averaging=lambda _step: part.averaging,
    )


# ---- one table of statements ---------------------------------------------------------------


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


def fit_statements(
    recipe: Recipe,
    data: PackedSet,
    rows: Sequence[int] | Rows,
    *,
    seed: int,
    simulated: PackedSet | None = None,
    keep: Keep | None = None,
) -> Fitted:
    """Train one network on one table of statements.

    Parameters
    ----------
    data : PackedSet
        It stays where it is, also on a disk: batches are cut from it one by one.
    rows : sequence of int
        Records to learn from; everything else in ``data`` stays unseen.
    seed : int
        Of the initial weights, the order, the crops and the disturbances.
    simulated : PackedSet, optional
        What the recipe's share of each batch is taken from.

    Raises
    ------
    InvalidArgumentError
        If there are fewer records than one batch, or simulated ones are wanted and missing.
    """
    chosen, size = np.asarray(rows, dtype=np.int64), recipe.training.batch_size
    if chosen.size < size:
        raise InvalidArgumentError(f"There are {chosen.size} records for batches of {size}.")
    n_simulated = recipe.simulation.per_batch(size)
    if n_simulated and (simulated is None or len(simulated) < n_simulated):
        raise InvalidArgumentError(f"The recipe wants {n_simulated} simulated records a batch.")
    device, n_batches = training_device(), chosen.size // size
    # One table of statements is learned from whole bandwidths.
    plain = replace(recipe, tasks=replace(recipe.tasks, soft_share=0.0))
    draws = plain.draws(seed, noise_rows(()).to(device))
    torch.manual_seed(seed)
    network = build(recipe.model.architecture, recipe.model.arguments).to(device)

    def losses(_round: int) -> Iterator[Tensor]:
        for some in _deal(chosen, n_batches, size - n_simulated, draws.numbers):
            yield _statement_loss(network, draw_batch(recipe, data, some, draws, simulated))

    return fit(network, losses, plan_of(recipe, n_batches), dice=draws, keep=keep)


def _deal(rows: Rows, n_batches: int, size: int, rng: np.random.Generator) -> Rows:
    """Return the real records of each batch of an epoch, shape (n_batches, size)."""
    return rng.permutation(rows)[: n_batches * size].reshape(n_batches, size)


def draw_batch(
    recipe: Recipe, data: PackedSet, rows: Rows, draws: Draws, simulated: PackedSet | None = None
) -> Batch:
    """Return crops of these records with random leads and disturbances.

    The recipe's share of simulated records is drawn beside them.
    """
    rng, length = draws.numbers, crop_length(draws, single=False)
    members = [(data, int(i)) for i in rows]
    if simulated is not None:
        count = recipe.simulation.per_batch(recipe.training.batch_size)
        chosen = rng.choice(len(simulated), count, replace=False)
        members += [(simulated, int(i)) for i in chosen]
    leads = twelve_leads(len(members), draws)
    shown = leads.cpu().numpy()
    crops = [
        crop(one.signal(i)[k], length, rng) for (one, i), k in zip(members, shown, strict=True)
    ]
    raw = torch.from_numpy(np.stack(crops)).to(draws.device)
    present = torch.isfinite(raw)
    targets = torch.from_numpy(np.stack([one.targets[i] for one, i in members]))
    return Batch(disturb(raw, present, draws), present, leads, targets.to(draws.device))


def crop(signal: NDArray[np.float32], length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a random stretch, shape (n_leads, length); NaN behind a record that is shorter."""
    spare = signal.shape[1] - length
    if spare >= 0:
        start = int(rng.integers(0, spare + 1))
        return signal[:, start : start + length]
    return np.pad(signal, ((0, 0), (0, -spare)), constant_values=np.nan)


def _statement_loss(network: nn.Module, batch: Batch) -> Tensor:
    # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
    with torch.autocast(batch.x.device.type, torch.bfloat16):
        logits = network(batch.x, batch.present, batch.leads)
    return masked_bce(logits.float(), batch.targets)


# ---- several tasks -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sources:
    """Everything that batches are drawn from.

    Attributes
    ----------
    twelve : Pool
        Real twelve-lead records; ``rows`` of it are learned from.
    simulated : Pool or None
    single : tuple of (Pool, array of int64)
        In the order of the recipe's ``single_batch``, each with the rows learned from.
    noise : sequence of arrays
    """

    twelve: Pool
    rows: Rows
    simulated: Pool | None
    single: tuple[tuple[Pool, Rows], ...]
    noise: Sequence[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of one pool on the device: twelve-lead, simulated, and each single-lead source."""

    pool: DevicePool
    twelve: Rows
    simulated: Rows
    single: tuple[tuple[Rows, NDArray[np.float64] | None], ...]


def _on_device(sources: Sources, device: torch.device) -> _Rows:
    pools = [sources.twelve, sources.simulated, *(pool for pool, _ in sources.single)]
    parts = list({id(pool): pool for pool in pools if pool is not None}.values())
    pool, firsts = device_pool(parts)
    first = {id(part): at for part, at in zip(parts, firsts, strict=True)}
    simulated = np.array([], dtype=np.int64)
    if sources.simulated is not None:
        simulated = first[id(sources.simulated)] + np.arange(len(sources.simulated))
    single = tuple(
        (first[id(p)] + rows, None if p.beats is None else early_odds(p.data.targets[rows]))
        for p, rows in sources.single
    )
    return _Rows(pool.to(device), first[id(sources.twelve)] + sources.rows, simulated, single)


def fit_tasks(
    recipe: Recipe,
    sources: Sources,
    *,
    seed: int,
    keep: Keep | None = None,
) -> Fitted:
    """Train one network on all tasks; parameters as :func:`fit_statements`."""
    device = training_device()
    torch.manual_seed(seed)
    network = build_tasks_network(recipe.model.arguments).to(device)
    if keep is not None and (found := keep.load(network)):
        return found
    rows = _on_device(sources, device)
    draws = recipe.draws(seed, noise_rows(sources.noise).to(device))
    size = recipe.training.batch_size - recipe.simulation.per_batch(recipe.training.batch_size)
    n_twelve = rows.twelve.size // size
    n_steps = n_twelve + (n_twelve // recipe.tasks.single_every if rows.single else 0)

    def losses(_round: int) -> Iterator[Tensor]:
        for batch in _batches(recipe, rows, draws, size):
            yield task_loss(network, batch, recipe.tasks)

    def settle(averaged: LeadAttentionNet) -> None:
        # On real records alone, as in prediction.
        real = replace(rows, simulated=rows.simulated[:0])
        for _ in range(CALIBRATION_EPOCHS):
            recalibrate(averaged, _batches(recipe, real, draws, size))

    plan = plan_of(recipe, n_steps, clip=5.0)
    return fit(network, losses, plan, dice=draws, keep=keep, settle=settle)


def build_tasks_network(arguments: Mapping[str, Any]) -> LeadAttentionNet:
    """Return an untrained network of several tasks from a recipe's arguments."""
    tuples: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()
    }
    return LeadAttentionNet(**tuples)


@torch.no_grad()
def recalibrate(network: LeadAttentionNet, batches: Iterable[MultiBatch]) -> None:
    """Measure the running statistics anew: those of averaged weights are not the averaged ones.

    Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization, UAI 2018.
    """
    for part in network.modules():
        # Dropout stays off: what is measured is what prediction will see.
        part.training = isinstance(part, LeadCountNorm)
    for batch in batches:
        with torch.autocast(batch.x.device.type, torch.bfloat16):
            forward_batch(network, batch)
    network.eval()


def _batches(recipe: Recipe, rows: _Rows, draws: Draws, size: int) -> Iterator[MultiBatch]:
    """Yield an epoch: every real twelve-lead record once, single leads in between."""
    rng, pool = draws.numbers, rows.pool
    n_simulated = recipe.simulation.per_batch(recipe.training.batch_size)
    order = _deal(rows.twelve, rows.twelve.size // size, size, rng)
    for step, real in enumerate(order, start=1):
        chosen = real
        if rows.simulated.size:
            drawn = rng.choice(rows.simulated, n_simulated, replace=False)
            chosen = np.concatenate([real, drawn])
        leads = twelve_leads(chosen.size, draws)
        yield make_batch(pool, chosen, leads, crop_length(draws, single=False), draws)
        if rows.single and step % recipe.tasks.single_every == 0:
            some = _single(recipe.tasks, rows, rng)
            leads = single_leads(pool, some, draws)
            yield make_batch(pool, some, leads, crop_length(draws, single=True), draws)


def _single(tasks: TasksPart, rows: _Rows, rng: np.random.Generator) -> Rows:
    drawn = [
        rng.choice(some, count, replace=False, p=odds)
        for count, (some, odds) in zip(tasks.single_batch, rows.single, strict=True)
    ]
    return np.concatenate(drawn)


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
    with torch.autocast(batch.x.device.type, torch.bfloat16):
        out, encoded = forward_batch(network, batch)
        waves = network.waves(encoded[::WAVE_STEP])
    weights = (
        tasks.superclass_weight,
        tasks.handheld_weight,
        tasks.beat_weight,
        tasks.interval_weight,
        tasks.wave_weight,
    )
    loss = masked_bce(out.statements.float(), batch.statements)
    beside = losses_beside(out, waves, batch, tasks, step=WAVE_STEP)
    for weight, part in zip(weights, beside, strict=True):
        loss = loss + weight * part
    return loss


def losses_beside(
    out: Outputs, waves: Tensor, batch: MultiBatch, tasks: TasksPart, *, step: int = 1
) -> tuple[Tensor, ...]:
    """Return the losses of super-classes, hand-held classes, beats, intervals and waves.

    Parameters
    ----------
    waves : Tensor
        Of every ``step``-th record of the batch.
    """
    target = batch.waves[::step]
    share = torch.tensor(tasks.beat_weights, device=batch.x.device)
    shown = waves[..., : target.shape[-1]].transpose(1, 2)
    return (
        masked_bce(out.superclasses.float(), batch.superclasses),
        class_loss(out.handheld, batch.handheld, -1),
        class_loss(out.beats, batch.beats, IGNORED, share),
        interval_loss(out.intervals.float(), batch.intervals),
        class_loss(shown, target, IGNORED),
    )
