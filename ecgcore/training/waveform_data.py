"""Crops for the waveform networks, cut and disturbed where the samples lie, on the GPU if any."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets import PackedSet
from ecgcore.datasets.wave_classes import FlatClasses
from ecgcore.models import standardise
from ecgcore.signal.waveform_rules import segments
from ecgcore.statements import CORE_CODES
from ecgcore.training.pools import Pool

_ABSENT = -32768
_NO_BEATS = 255


@dataclass(frozen=True, eq=False)
class Shelf:
    """A pool's samples, segments and beats on one device, as flat arrays.

    Attributes
    ----------
    values : Tensor of int16, shape (n_values,)
    starts, lengths : Tensors of int64, shape (n,)
    scales : Tensor, shape (n, 12)
        NaN where the lead is absent.
    place : Tensor of int64, shape (n, 12)
        Row of each lead within its record; -1 where absent.
    parts : Tensor of uint8, shape (n_samples of all,)
        Index into ``ecgcore.signal.waveform_rules.SEGMENTS``.
    part_starts : Tensor of int64, shape (n,)
    beats : Tensor of uint8, same shape as ``parts``
        Index into ``ecgcore.models.BEATS``; 255 where unknown.
    targets : Tensor, shape (n, 9)
    """

    values: Tensor
    starts: Tensor
    lengths: Tensor
    scales: Tensor
    place: Tensor
    parts: Tensor
    part_starts: Tensor
    beats: Tensor
    targets: Tensor

    @property
    def device(self) -> torch.device:
        """Where everything lies."""
        return self.values.device


@dataclass(frozen=True, eq=False)
class Crops:
    """What one step learns from.

    Attributes
    ----------
    x : Tensor, shape (B, L, T)
        Standardised.
    present : Tensor of bool, shape (B, L, T)
    leads : Tensor of int64, shape (B, L)
    parts, beats : Tensors of uint8, shape (B, T)
    targets : Tensor, shape (B,)
        NaN where the record cannot tell.
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    parts: Tensor
    beats: Tensor
    targets: Tensor


def packed_segments(data: PackedSet, classes: FlatClasses) -> FlatClasses:
    """Return the segments of every record from its wave classes."""
    rows = [segments(classes.row(i), data.fs_hz) for i in range(len(data))]
    return FlatClasses(np.concatenate(rows), classes.starts)


def flat_waves(pool: Pool) -> FlatClasses:
    """Return the true wave classes of a pool that knows them for all leads together."""
    rows = [np.where(pool.waves[i][0] > 3, 0, pool.waves[i][0]) for i in range(len(pool))]
    starts = np.cumsum(np.r_[0, pool.data.signals.lengths]).astype(np.int64)
    return FlatClasses(np.concatenate(rows).astype(np.uint8), starts)


def shelve(pool: Pool, parts: FlatClasses, device: torch.device) -> Shelf:
    """Put a pool with its segments on a device."""
    data = pool.data
    here = np.isfinite(data.signals.scales)
    place = np.where(here, np.cumsum(here, axis=1) - 1, -1)
    beats = np.full(parts.values.size, _NO_BEATS, dtype=np.uint8)
    if pool.beats is not None:
        beats = np.concatenate(list(pool.beats)).astype(np.uint8)

    def put(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    return Shelf(
        values=put(data.signals.values),
        starts=put(data.signals.starts[:-1]),
        lengths=put(data.signals.lengths),
        scales=put(data.signals.scales),
        place=put(place.astype(np.int64)),
        parts=put(parts.values),
        part_starts=put(parts.starts[:-1]),
        beats=put(beats),
        targets=put(data.targets),
    )


def crop(
    shelf: Shelf, rows: Tensor, leads: Tensor, first: Tensor, *, size: int, disease: str
) -> Crops:
    """Cut one crop a record.

    Parameters
    ----------
    rows : Tensor of int64, shape (B,)
    leads : Tensor of int64, shape (B, L)
        Index into the twelve standard leads.
    first : Tensor of int64, shape (B,)
        First sample of each crop; what lies beyond the record's end is absent.
    size : int
    disease : str
        Whose targets; where the beats of a record are known, the crop's own beats decide.
    """
    t = torch.arange(size, device=shelf.device)
    at = first[:, None] + t
    inside = at < shelf.lengths[rows, None]
    place = shelf.place[rows[:, None], leads]
    flat = shelf.starts[rows, None] + place.clamp(min=0) * shelf.lengths[rows, None]
    last = shelf.values.numel() - 1
    steps = shelf.values[(flat[..., None] + at[:, None]).clamp(max=last)]
    present = (place >= 0)[..., None] & inside[:, None] & (steps != _ABSENT)
    scale = shelf.scales[rows[:, None], leads].nan_to_num(0.0)
    x = torch.where(present, steps.float() * scale[..., None], torch.zeros((), device=at.device))
    own = (shelf.part_starts[rows, None] + at).clamp(max=shelf.parts.numel() - 1)
    zero = torch.zeros((), dtype=torch.uint8, device=at.device)
    beats = torch.where(inside, shelf.beats[own], torch.full_like(zero, _NO_BEATS))
    return Crops(
        x=standardise(x, present),
        present=present,
        leads=leads,
        parts=torch.where(inside, shelf.parts[own], zero),
        beats=beats,
        targets=_targets(shelf, rows, beats, disease),
    )


# Premature beats that are marked one by one: their class in ``ecgcore.models.BEATS``.
BEAT_OF = {"PAC": 2, "PVC": 3}


def _targets(shelf: Shelf, rows: Tensor, beats: Tensor, disease: str) -> Tensor:
    target = shelf.targets[rows, CORE_CODES.index(disease)]
    kind = BEAT_OF.get(disease)
    if kind is None:
        return target
    known = (beats != _NO_BEATS).any(dim=1) & ~target.isnan()
    return torch.where(known, (beats == kind).any(dim=1).to(target.dtype), target)


def disturbed(
    crops: Crops, noise: Tensor, *, level: float, wander: float, generator: torch.Generator
) -> Crops:
    """Add real noise, white noise and a slow wave to every lead, and standardise again.

    Parameters
    ----------
    noise : Tensor, shape (n_rows, n_samples)
        Recorded noise of spread 1, at the crops' rate.
    level, wander : float
        The largest of each, in standard deviations of a lead.
    """
    batch, n_leads, size = crops.x.shape
    device = crops.x.device

    def drawn(*shape: int) -> Tensor:
        return torch.rand(shape, device=device, generator=generator)

    rows = (drawn(batch, n_leads) * noise.shape[0]).long().clamp(max=noise.shape[0] - 1)
    first = (drawn(batch, n_leads) * (noise.shape[1] - size)).long()
    t = torch.arange(size, device=device)
    real = noise[rows[..., None], first[..., None] + t]
    # Half of the records stay nearly clean.
    strong = (drawn(batch, 1, 1) < 0.5).float() * drawn(batch, n_leads, 1)
    white = torch.randn((batch, n_leads, size), device=device, generator=generator)
    slow = torch.sin(
        2 * torch.pi * ((0.1 + 0.4 * drawn(batch, n_leads, 1)) * t / 100 + drawn(batch, n_leads, 1))
    )
    x = crops.x + level * strong * real + 0.1 * level * strong * white
    x = x + wander * drawn(batch, 1, 1) * drawn(batch, n_leads, 1) * slow
    return Crops(
        standardise(x, crops.present),
        crops.present,
        crops.leads,
        crops.parts,
        crops.beats,
        crops.targets,
    )


@dataclass(frozen=True, eq=False)
class Source:
    """Records of one shelf that a disease is learned from.

    Attributes
    ----------
    shelf : Shelf
    positive, negative : Tensors of int64
        Rows.
    share : float
        Of a batch, relative to the other sources.
    lead : int or None
        The only lead there is; None: any of those present.
    """

    shelf: Shelf
    positive: Tensor
    negative: Tensor
    share: float
    lead: int | None = None


def source(
    shelf: Shelf,
    rows: NDArray[np.int64],
    targets: NDArray[np.float32],
    *,
    disease: str,
    share: float,
    lead: int | None = None,
) -> Source | None:
    """Return these rows as a source of a disease, or None where none of them can tell."""
    column = targets[rows, CORE_CODES.index(disease)]
    positive, negative = rows[column == 1], rows[column == 0]
    if not positive.size or not negative.size:
        return None
    put = [torch.from_numpy(part).to(shelf.device) for part in (positive, negative)]
    return Source(shelf, put[0], put[1], share, lead)


def draw(
    sources: Sequence[Source],
    disease: str,
    *,
    batch: int,
    size: int,
    positives: float,
    leads: Tensor | None,
    generator: torch.Generator,
) -> Crops:
    """Draw one batch: positives oftener than they are, random crops, the leads that are asked for.

    Parameters
    ----------
    positives : float
        Share of records drawn from the positive ones.
    leads : Tensor of int64, shape (L,), or None
        The same leads of every record; None: one lead each, drawn from those present.
    """
    total = sum(each.share for each in sources)
    made = []
    for each in sources:
        count = max(1, round(batch * each.share / total))
        rows = _drawn_rows(each, count, positives, generator)
        spare = (each.shelf.lengths[rows] - size + 1).clamp(min=1)
        chance = torch.rand(rows.numel(), device=rows.device, generator=generator)
        chosen = _chosen_leads(each, rows, leads, generator)
        first = (chance * spare).long()
        made.append(crop(each.shelf, rows, chosen, first, size=size, disease=disease))
    return Crops(*(torch.cat([vars(m)[name] for m in made]) for name in vars(made[0])))


def _drawn_rows(one: Source, count: int, positives: float, generator: torch.Generator) -> Tensor:
    n_positive = max(1, round(positives * count))
    sides = ((one.positive, n_positive), (one.negative, count - n_positive))
    device = one.shelf.device
    chance = [torch.rand(n, device=device, generator=generator) for _, n in sides]
    return torch.cat(
        [rows[(c * rows.numel()).long()] for (rows, _), c in zip(sides, chance, strict=True)]
    )


def _chosen_leads(
    one: Source, rows: Tensor, leads: Tensor | None, generator: torch.Generator
) -> Tensor:
    if leads is not None:
        return leads.to(rows.device).expand(rows.numel(), -1)
    if one.lead is not None:
        return torch.full((rows.numel(), 1), one.lead, device=rows.device)
    there = (one.shelf.place[rows] >= 0).float()
    return torch.multinomial(there, 1, generator=generator)
