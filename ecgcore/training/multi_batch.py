"""Batches for several tasks at once: twelve-lead and simulated records, or one or two leads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.inference.card import InputContract
from ecgcore.models import standardise, voltage_scale
from ecgcore.models.lead_set import LeadEncoder
from ecgcore.training.augmentation import (
    Augmentation,
    draw_disturbance,
    draw_leads,
    draw_length,
)
from ecgcore.training.pools import IGNORED, Pool

STEP = LeadEncoder.stride


@dataclass(frozen=True)
class TasksPart:
    """What is learned beside the statements, and from which records.

    Attributes
    ----------
    single_lead : tuple of str
        Single-lead data sets.
    beats : tuple of str
        Data sets with a kind for every beat; ``("mitdb",)`` or none.
    single_batch : tuple of int
        Records of each of ``single_lead``, then of ``beats``, in a batch.
    single_every : int
        One such batch after so many twelve-lead ones.
    superclass_weight, handheld_weight, beat_weight, wave_weight : float
        Of each loss beside the statements' own.
    beat_weights : tuple of float
        Of the classes none, N, S, V.
    scale_dropout : float
        Share of records whose voltage is hidden.
    scale_jitter : float
        Standard deviation of a common factor's logarithm.
    real_noise : float
        Share of records to which recorded noise is added.
    """

    single_lead: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    single_batch: tuple[int, ...] = ()
    single_every: int = 2
    superclass_weight: float = 0.25
    handheld_weight: float = 0.5
    beat_weight: float = 0.5
    wave_weight: float = 0.25
    beat_weights: tuple[float, ...] = (0.25, 1.0, 3.0, 2.0)
    scale_dropout: float = 0.3
    scale_jitter: float = 0.1
    real_noise: float = 0.3


@dataclass(frozen=True)
class MultiBatch:
    """What one step learns from.

    Attributes
    ----------
    x, present : Tensors, shape (B, K, T)
    leads : Tensor of int64, shape (B, K)
    scale : Tensor, shape (B, K)
    statements, superclasses : Tensors, shape (B, n)
        NaN where unknown.
    handheld : Tensor of int64, shape (B,)
        -1 where unknown.
    beats : Tensor of int64, shape (B, ceil(T / 4))
        255 where unknown.
    waves : Tensor of int64, shape (B, K, T)
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    scale: Tensor
    statements: Tensor
    superclasses: Tensor
    handheld: Tensor
    beats: Tensor
    waves: Tensor


@dataclass(frozen=True)
class Member:
    """One record of a batch: its pool, its row, and the leads wanted of it."""

    pool: Pool
    row: int
    leads: NDArray[np.int64]


def twelve_members(
    rng: np.random.Generator,
    augmentation: Augmentation,
    drawn: Sequence[tuple[Pool, int]],
) -> list[Member]:
    """Return records with random subsets of the twelve leads, one number for all of them."""
    leads = draw_leads(augmentation, rng, len(drawn), 12)
    return [Member(pool, row, k) for (pool, row), k in zip(drawn, leads, strict=True)]


def single_members(rng: np.random.Generator, drawn: Sequence[tuple[Pool, int]]) -> list[Member]:
    """Return records with the lead or the two leads that they have."""
    members = []
    for pool, row in drawn:
        there = np.flatnonzero(np.isfinite(pool.data.signals.scales[row]))
        if there.size > 1 and rng.random() < 0.5:
            there = there[[int(rng.integers(there.size))]]
        members.append(Member(pool, row, there[:2].astype(np.int64)))
    return members


def make_batch(
    members: Sequence[Member],
    *,
    rng: np.random.Generator,
    augmentation: Augmentation,
    tasks: TasksPart,
    contract: InputContract,
    noise: Sequence[NDArray[np.float32]] = (),
) -> MultiBatch:
    """Cut, disturb and standardise.

    Parameters
    ----------
    noise : sequence of arrays
        Recorded noise of spread 1, at the contract's rate.
    """
    length = draw_length(augmentation, rng, contract.fs_hz)
    k = max(member.leads.size for member in members)
    shape = (len(members), k, length)
    raw = np.full(shape, np.nan, dtype=np.float32)
    waves = np.full(shape, IGNORED, dtype=np.uint8)
    beats = np.full((len(members), length), IGNORED, dtype=np.uint8)
    leads = np.zeros((len(members), k), dtype=np.int64)
    for i, member in enumerate(members):
        leads[i, : member.leads.size] = member.leads
        _cut(member, raw[i], waves[i], beats[i], rng)
    x = torch.from_numpy(raw)
    present = torch.isfinite(x)
    scale = _scales(x, present, members, tasks, rng)
    scaled = standardise(x, present)
    drawn = draw_disturbance(augmentation, rng, shape, contract.fs_hz)
    added = torch.from_numpy(_real_noise(shape, noise, tasks.real_noise, rng))
    return MultiBatch(
        x=standardise(scaled + drawn.wander + drawn.noise + added, present),
        present=present,
        leads=torch.from_numpy(leads),
        scale=scale,
        statements=_stack(
            [
                np.concatenate([m.pool.data.targets[m.row], m.pool.data.further[m.row]])
                for m in members
            ]
        ),
        superclasses=_stack([m.pool.data.superclasses[m.row] for m in members]),
        handheld=torch.tensor([int(m.pool.handheld[m.row]) for m in members]),
        beats=torch.from_numpy(beats[:, ::STEP].astype(np.int64)),
        waves=torch.from_numpy(waves.astype(np.int64)),
    )


def _stack(rows: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(rows).astype(np.float32))


def _cut(
    member: Member,
    raw: NDArray[np.float32],
    waves: NDArray[np.uint8],
    beats: NDArray[np.uint8],
    rng: np.random.Generator,
) -> None:
    """Fill one record's rows with a random stretch; a short record begins at the beginning."""
    pool, row, leads = member.pool, member.row, member.leads
    signal = pool.data.signal(row)[leads]
    length, n = raw.shape[1], signal.shape[1]
    start = int(rng.integers(0, n - length + 1)) if n > length else 0
    stop = min(n, start + length)
    raw[: leads.size, : stop - start] = signal[:, start:stop]
    if pool.beats is not None:
        beats[: stop - start] = pool.beats[row][start:stop]
    marked = pool.waves.get(row)
    if marked is not None:
        kept = marked if marked.shape[0] == 1 else marked[leads]
        waves[: leads.size, : stop - start] = kept[:, start:stop]


def _scales(
    x: Tensor,
    present: Tensor,
    members: Sequence[Member],
    tasks: TasksPart,
    rng: np.random.Generator,
) -> Tensor:
    scale = voltage_scale(x, present)
    hidden = rng.random(len(members)) < tasks.scale_dropout
    in_mv = np.array([bool(m.pool.data.has_voltage[m.row]) for m in members])
    jitter = rng.normal(0, tasks.scale_jitter, (len(members), 1)).astype(np.float32)
    known = torch.from_numpy((in_mv & ~hidden)[:, None])
    return torch.where(known, scale + torch.from_numpy(jitter), torch.full_like(scale, torch.nan))


def _real_noise(
    shape: tuple[int, int, int],
    noise: Sequence[NDArray[np.float32]],
    share: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    out = np.zeros(shape, dtype=np.float32)
    if not noise:
        return out
    for i in np.flatnonzero(rng.random(shape[0]) < share):
        level = rng.uniform(0, 0.5)
        for k in range(shape[1]):
            row = noise[int(rng.integers(len(noise)))]
            start = int(rng.integers(0, row.size - shape[2]))
            out[i, k] = level * rng.random() * row[start : start + shape[2]]
    return out
