"""Records of many kinds in flat arrays on the device that trains: batches are cut out there.

A batch is one gather, and everything random is drawn on the device, so that a graphics card never
waits for a processor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.leads import STANDARD_12
from ecgcore.models import standardise, voltage_scale
from ecgcore.models.lead_set import LeadEncoder
from ecgcore.training.pools import IGNORED, Pool

N_LEADS = len(STANDARD_12)
_ABSENT = -32768


@dataclass(frozen=True, eq=False)
class Strips:
    """Every record of several pools, row by row in the pools' order.

    Attributes
    ----------
    values : Tensor of int16, shape (n_values,)
    starts : Tensor of int64, shape (n, 12)
        Where each lead begins in ``values``; -1 for a lead that is absent, even for a moment.
    lengths : array of int64, shape (n,)
        On the processor: batches are planned there.
    complete : array of bool, shape (n, 12)
        Likewise.
    scales : Tensor of float32, shape (n, 12)
        Value of one step.
    in_mv : Tensor of bool, shape (n,)
    statements, superclasses : Tensors, shape (n, 20) and (n, 5)
        NaN where unknown.
    handheld : Tensor of int64, shape (n,)
        -1 where unknown.
    marks : Tensor of uint8, shape (n_marks,)
        Beats and waves of the records that have them.
    beat_starts, wave_starts : Tensors of int64, shape (n,) and (n, 12)
        Where they begin in ``marks``; -1 where unknown.
    first : tuple of int
        Row at which each pool begins, and the number of rows at the end.
    """

    values: Tensor
    starts: Tensor
    lengths: NDArray[np.int64]
    complete: NDArray[np.bool_]
    scales: Tensor
    in_mv: Tensor
    statements: Tensor
    superclasses: Tensor
    handheld: Tensor
    marks: Tensor
    beat_starts: Tensor
    wave_starts: Tensor
    first: tuple[int, ...]

    @property
    def device(self) -> torch.device:
        """Where the samples lie."""
        return self.values.device


def strips_of(pools: Sequence[Pool], device: torch.device) -> Strips:
    """Put the records of some pools onto a device."""
    marks: list[NDArray[np.uint8]] = []
    parts = [_laid_out(pool, marks) for pool in pools]
    sizes = [part.values.size for part in parts]
    shifts = np.cumsum([0, *sizes])[:-1]
    starts = [np.where(p.starts >= 0, p.starts + s, -1) for p, s in zip(parts, shifts, strict=True)]
    data = [pool.data for pool in pools]

    def put(arrays: Sequence[NDArray[np.generic]]) -> Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(device)

    joined = np.concatenate(starts)
    return Strips(
        values=put([part.values for part in parts]),
        starts=torch.from_numpy(joined).to(device),
        lengths=np.concatenate([d.signals.lengths for d in data]),
        complete=joined >= 0,
        scales=put([np.nan_to_num(d.signals.scales).astype(np.float32) for d in data]),
        in_mv=put([d.has_voltage for d in data]),
        statements=put([np.concatenate([d.targets, d.further], axis=1) for d in data]),
        superclasses=put([d.superclasses for d in data]),
        handheld=put([pool.handheld.astype(np.int64) for pool in pools]),
        marks=put(marks or [np.full(1, IGNORED, dtype=np.uint8)]),
        beat_starts=put([part.beats for part in parts]),
        wave_starts=put([part.waves for part in parts]),
        first=tuple(int(n) for n in np.cumsum([0, *(len(d) for d in data)])),
    )


@dataclass(frozen=True, eq=False)
class _LaidOut:
    values: NDArray[np.int16]
    starts: NDArray[np.int64]
    beats: NDArray[np.int64]
    waves: NDArray[np.int64]


def _laid_out(pool: Pool, marks: list[NDArray[np.uint8]]) -> _LaidOut:
    """Return where a pool's leads begin; its beats and waves are appended to ``marks``."""
    signals, n = pool.data.signals, len(pool)
    starts = np.full((n, N_LEADS), -1, dtype=np.int64)
    beats = np.full(n, -1, dtype=np.int64)
    waves = np.full((n, N_LEADS), -1, dtype=np.int64)
    at = sum(part.size for part in marks)
    for i in range(n):
        length, begin = int(signals.lengths[i]), int(signals.starts[i])
        there = np.flatnonzero(np.isfinite(signals.scales[i]))
        block = signals.values[begin : begin + there.size * length].reshape(-1, length)
        whole = (block != _ABSENT).all(axis=1)
        starts[i, there[whole]] = begin + length * np.flatnonzero(whole)
        if pool.beats is not None:
            beats[i] = at
            marks.append(pool.beats[i][:length])
            at += length
        if i in pool.waves:
            found = pool.waves[i]
            waves[i] = at + (length * np.arange(N_LEADS) if len(found) > 1 else 0)
            marks.append(np.ascontiguousarray(found[:, :length]).reshape(-1))
            at += found.shape[0] * length
    return _LaidOut(signals.values, starts, beats, waves)


@dataclass(frozen=True)
class Disturbing:
    """How strips are varied; amplitudes in standard deviations of the lead.

    Attributes
    ----------
    wander, noise : float
        Largest amplitude of baseline wander (0.2 to 1.2 Hz) and of white noise.
    real_share, real : float
        This share of records gets recorded noise of up to this amplitude.
    scale_dropout : float
        Share of records whose voltage is hidden.
    scale_jitter : float
        Standard deviation of a common factor's logarithm.
    """

    wander: float = 0.4
    noise: float = 0.15
    real_share: float = 0.3
    real: float = 0.5
    scale_dropout: float = 0.3
    scale_jitter: float = 0.1


@dataclass(frozen=True, eq=False)
class StripBatch:
    """What one step learns from; shapes as in :class:`ecgcore.training.multi_batch.MultiBatch`."""

    x: Tensor
    leads: Tensor
    scale: Tensor
    statements: Tensor
    superclasses: Tensor
    handheld: Tensor
    beats: Tensor
    waves: Tensor


def cut(
    strips: Strips, rows: Tensor, leads: Tensor, length: int, offsets: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return raw samples (B, K, length), in each source's unit, and where they begin (B,).

    Parameters
    ----------
    rows : Tensor of int64, shape (B,)
        Of records of at least this length.
    leads : Tensor of int64, shape (B, K)
        Complete leads of these records.
    offsets : Tensor of int64, shape (B,), optional
        Default: at random.
    """
    if offsets is None:
        room = torch.from_numpy(strips.lengths).to(rows.device)[rows] - length + 1
        offsets = (torch.rand(rows.shape, device=rows.device) * room).long()
    begin = strips.starts[rows[:, None], leads] + offsets[:, None]
    at = begin[..., None] + torch.arange(length, device=rows.device)
    return strips.values[at].float() * strips.scales[rows[:, None], leads][..., None], offsets


def strip_batch(
    strips: Strips,
    rows: Tensor,
    leads: Tensor,
    length: int,
    *,
    disturbing: Disturbing,
    noise: Tensor | None = None,
    fs_hz: float = 100.0,
) -> StripBatch:
    """Cut, disturb and standardise.

    Parameters
    ----------
    noise : Tensor, shape (n_rows, n_samples), optional
        Recorded noise of spread 1.
    """
    raw, offsets = cut(strips, rows, leads, length)
    everywhere = torch.ones_like(raw, dtype=torch.bool)
    scale = _scales(raw, everywhere, strips.in_mv[rows], disturbing)
    x = standardise(raw, everywhere)
    x = x + _added(x.shape, disturbing, noise, fs_hz, x.device)
    step = LeadEncoder.stride
    return StripBatch(
        x=standardise(x, everywhere),
        leads=leads,
        scale=scale,
        statements=strips.statements[rows],
        superclasses=strips.superclasses[rows],
        handheld=strips.handheld[rows],
        beats=_marked(strips, strips.beat_starts[rows], offsets, length)[:, ::step],
        waves=_marked(strips, strips.wave_starts[rows[:, None], leads], offsets[:, None], length),
    )


def _marked(strips: Strips, starts: Tensor, offsets: Tensor, length: int) -> Tensor:
    known = (starts >= 0)[..., None]
    at = (starts + offsets)[..., None] + torch.arange(length, device=starts.device)
    found = strips.marks[torch.where(known, at, 0)]
    return torch.where(known, found, torch.full_like(found, IGNORED)).long()


def _scales(raw: Tensor, everywhere: Tensor, in_mv: Tensor, disturbing: Disturbing) -> Tensor:
    scale = voltage_scale(raw, everywhere)
    hidden = torch.rand(in_mv.shape, device=raw.device) < disturbing.scale_dropout
    jitter = disturbing.scale_jitter * torch.randn(raw.shape[0], 1, device=raw.device)
    known = (in_mv & ~hidden)[:, None]
    return torch.where(known, scale + jitter, torch.full_like(scale, math.nan))


def _added(
    shape: torch.Size,
    disturbing: Disturbing,
    noise: Tensor | None,
    fs_hz: float,
    device: torch.device,
) -> Tensor:
    """Return what is added to standardised strips: wander, white and recorded noise."""
    batch, n_leads, n = shape

    def drawn(*size: int) -> Tensor:
        return torch.rand(size, device=device)

    t = torch.arange(n, device=device) / fs_hz
    frequency = 0.2 + drawn(batch, 1, 1)
    phase = 2 * math.pi * drawn(batch, n_leads, 1)
    size = disturbing.wander * drawn(batch, 1, 1) * drawn(batch, n_leads, 1)
    out = size * torch.sin(2 * math.pi * frequency * t + phase)
    level = disturbing.noise * drawn(batch, 1, 1) * drawn(batch, n_leads, 1)
    out = out + level * torch.randn(shape, device=device)
    if noise is None or not disturbing.real_share:
        return out
    which = torch.randint(noise.shape[0], (batch, n_leads), device=device)
    start = torch.randint(noise.shape[1] - n, (batch, n_leads), device=device)
    recorded = noise[which[..., None], start[..., None] + torch.arange(n, device=device)]
    share = (drawn(batch, 1, 1) < disturbing.real_share).float()
    level = share * disturbing.real * drawn(batch, 1, 1) * drawn(batch, n_leads, 1)
    return out + level * recorded
