"""What DANet learns from, and crops cut and disturbed on the device."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets import PackedSet
from ecgcore.datasets.pools import (
    IGNORED,
    Pool,
    mitdb_pool,
    noise_set,
    packed_pool,
    simulated_pool,
    single_lead_pool,
)
from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.datasets.wave_classes import FlatClasses, packed_classes
from ecgcore.inference.card import InputContract
from ecgcore.models import standardise
from ecgcore.signal.waveform_rules import WaveformRule, segments, waveform_rules
from ecgcore.statements import CORE_CODES
from ecgcore.training.batches import noise_rows
from ecgcore.training.danet.recipe import BEAT_OF, DANetRecipe, DANetTraining
from ecgcore.training.device_pool import DevicePool, device_pool
from ecgcore.training.trainer import Dice

# Long single-lead records are read in windows; 12-lead ones of a minute are the longest.
CONTRACT = InputContract(
    fs_hz=100.0,
    high_pass_hz=0.5,
    low_pass_hz=40.0,
    window_s=10.0,
    min_s=5.0,
    whole_s=60.0,
    min_leads_calibrated=1.0,
)
LEARNED_FROM = "train"


@dataclass(frozen=True, eq=False)
class Stock:
    """All pools with the wave classes of their records.

    Attributes
    ----------
    twelve, single, beats, simulated : tuple of (Pool, FlatClasses)
    noise : sequence of arrays
    """

    twelve: tuple[Pool, FlatClasses]
    single: tuple[Pool, FlatClasses]
    beats: tuple[Pool, FlatClasses]
    simulated: tuple[Pool, FlatClasses]
    noise: Sequence[NDArray[np.float32]]


def stock_of(recipe: DANetRecipe, splits: Sequence[str] = ("train", "val")) -> Stock:
    """Read, delineate and simulate what a recipe names; from the cache where it was done."""
    twelve = packed_pool(recipe.data.twelve_lead, splits, CONTRACT)
    single = single_lead_pool(recipe.data.single_lead, splits, CONTRACT)
    beats = mitdb_pool(splits, CONTRACT)
    part = SimulationPart(
        share=0.1, records=recipe.data.simulated, seed=recipe.data.simulation_seed, seconds=10.0
    )
    simulated = simulated_pool(simulated_records(part, CONTRACT))
    return Stock(
        twelve=(twelve, packed_classes(twelve.data)),
        single=(single, packed_classes(single.data)),
        beats=(beats, packed_classes(beats.data)),
        simulated=(simulated, flat_waves(simulated)),
        noise=noise_set(CONTRACT),
    )


def packed_segments(data: PackedSet, classes: FlatClasses) -> FlatClasses:
    """Return the segments of every record from its wave classes."""
    rows = [segments(classes.row(i), data.fs_hz) for i in range(len(data))]
    return FlatClasses(np.concatenate(rows), classes.starts)


def flat_waves(pool: Pool) -> FlatClasses:
    """Return the true wave classes of a pool that knows them for all leads together."""
    rows = [np.where(pool.waves[i][0] > 3, 0, pool.waves[i][0]) for i in range(len(pool))]
    starts = np.cumsum(np.r_[0, pool.data.signals.lengths]).astype(np.int64)
    return FlatClasses(np.concatenate(rows).astype(np.uint8), starts)


def shelves_of(stock: Stock, device: torch.device) -> dict[str, DevicePool]:
    """Put the stock on a device, by name, for all diseases; segments stand as its waves."""
    return {
        name: shelve(pool, packed_segments(pool.data, classes), device)
        for name, (pool, classes) in vars(stock).items()
        if name != "noise"
    }


def shelve(pool: Pool, parts: FlatClasses, device: torch.device) -> DevicePool:
    """Put a pool with its segments on a device."""
    waves = {i: parts.row(i)[None] for i in range(len(pool))}
    return device_pool([replace(pool, waves=waves)])[0].to(device)


@dataclass(frozen=True, eq=False)
class Crops:
    """What one step learns from.

    Attributes
    ----------
    x : Tensor, shape (B, L, T)
        Standardised.
    present : Tensor of bool, shape (B, L, T)
    leads : Tensor of int64, shape (B, L)
    parts, beats : Tensors of int64, shape (B, T)
    targets : Tensor, shape (B,)
        NaN where the record cannot tell.
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    parts: Tensor
    beats: Tensor
    targets: Tensor


def crop(
    shelf: DevicePool, rows: Tensor, leads: Tensor, first: Tensor, *, size: int, disease: str
) -> Crops:
    """Cut one crop a record.

    Parameters
    ----------
    rows : Tensor of int64, shape (B,)
    leads : Tensor of int64, shape (B, L)
        Index into the twelve standard leads.
    first : Tensor of int64, shape (B,)
        First sample of each crop; what lies beyond the record's end is absent.
    disease : str
        Whose targets; where the beats of a record are known, the crop's own beats decide.
    """
    raw = shelf.signals(rows, leads, first, size)
    present = torch.isfinite(raw)
    beats = shelf.beat_classes(rows, first, size)
    parts = shelf.wave_classes(rows, leads[:, :1], first, size)[:, 0]
    return Crops(
        x=standardise(raw, present),
        present=present,
        leads=leads,
        parts=torch.where(parts == IGNORED, 0, parts),
        beats=beats,
        targets=_targets(shelf, rows, beats, disease),
    )


def _targets(shelf: DevicePool, rows: Tensor, beats: Tensor, disease: str) -> Tensor:
    target = shelf.statements[rows, CORE_CODES.index(disease)]
    kind = BEAT_OF.get(disease)
    if kind is None:
        return target
    known = (beats != IGNORED).any(dim=1) & ~target.isnan()
    return torch.where(known, (beats == kind).any(dim=1).to(target.dtype), target)


def disturb(
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
    return replace(crops, x=standardise(x, crops.present))


@dataclass(frozen=True, eq=False)
class Source:
    """Records of one shelf that a disease is learned from.

    Attributes
    ----------
    shelf : DevicePool
    positive, negative : Tensors of int64
        Rows.
    share : float
        Of a batch, relative to the other sources.
    lead : int or None
        The only lead there is; None: any of those present.
    """

    shelf: DevicePool
    positive: Tensor
    negative: Tensor
    share: float
    lead: int | None = None


def make_source(
    shelf: DevicePool,
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


@dataclass(frozen=True, eq=False)
class Bench:
    """What one disease's networks are trained on.

    Attributes
    ----------
    disease : str
    rule : WaveformRule
    twelve, single : sequences of Source
        Of steps with several leads, and with one.
    noise : Tensor, shape (n_rows, n_samples)
    arguments : mapping
        Of :class:`ecgcore.models.danet.DANet`.
    """

    disease: str
    rule: WaveformRule
    twelve: Sequence[Source]
    single: Sequence[Source]
    noise: Tensor
    arguments: Mapping[str, Any]
    training: DANetTraining

    @property
    def device(self) -> torch.device:
        """Where everything lies."""
        return self.noise.device


def bench_of(
    recipe: DANetRecipe, disease: str, stock: Stock, shelves: Mapping[str, DevicePool]
) -> Bench:
    """Return what one disease's networks are trained on: the training split alone."""
    shares = recipe.shares

    def rows(pool: Pool, *names: str) -> NDArray[np.int64]:
        found = pool.data.where(LEARNED_FROM)
        return found[np.isin(pool.data.datasets[found], names)] if names else found

    def made(
        name: str, share: float, lead: int | None = None, only: Sequence[str] = ()
    ) -> Source | None:
        pool = getattr(stock, name)[0]
        return make_source(
            shelves[name],
            rows(pool, *only),
            pool.data.targets,
            disease=disease,
            share=share,
            lead=lead,
        )

    twelve = [made("twelve", shares.twelve), made("simulated", shares.simulated)]
    single = [
        made("single", shares.single_cpsc2018_lead1, 0, recipe.data.single_lead),
        made("beats", shares.single_mitdb),
        made("simulated", shares.single_simulated),
        made("twelve", shares.single_twelve),
    ]
    device = shelves["twelve"].device
    return Bench(
        disease=disease,
        rule=waveform_rules()[disease],
        twelve=[s for s in twelve if s is not None and s.share],
        single=[s for s in single if s is not None and s.share],
        noise=noise_rows(stock.noise).to(device),
        arguments=recipe.network,
        training=recipe.training,
    )


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
        rows = _draw_rows(each, count, positives, generator)
        spare = (each.shelf.lengths[rows] - size + 1).clamp(min=1)
        chance = torch.rand(rows.numel(), device=rows.device, generator=generator)
        chosen = _choose_leads(each, rows, leads, generator)
        first = (chance * spare).long()
        made.append(crop(each.shelf, rows, chosen, first, size=size, disease=disease))
    return Crops(*(torch.cat([vars(m)[name] for m in made]) for name in vars(made[0])))


def _draw_rows(one: Source, count: int, positives: float, generator: torch.Generator) -> Tensor:
    n_positive = max(1, round(positives * count))
    sides = ((one.positive, n_positive), (one.negative, count - n_positive))
    device = one.shelf.device
    chance = [torch.rand(n, device=device, generator=generator) for _, n in sides]
    return torch.cat(
        [rows[(c * rows.numel()).long()] for (rows, _), c in zip(sides, chance, strict=True)]
    )


def _choose_leads(
    one: Source, rows: Tensor, leads: Tensor | None, generator: torch.Generator
) -> Tensor:
    if leads is not None:
        return leads.to(rows.device).expand(rows.numel(), -1)
    if one.lead is not None:
        return torch.full((rows.numel(), 1), one.lead, device=rows.device)
    there = (one.shelf.place[rows] >= 0).float()
    return torch.multinomial(there, 1, generator=generator)


def next_crops(bench: Bench, dice: Dice) -> Crops:
    """Return the next batch: one lead or several, 10 or 20 s, disturbed."""
    part, rng = bench.training, dice.numbers
    size = 2000 if rng.random() < 0.25 else 1000
    single = rng.random() < part.single_share
    leads = None
    if not single:
        n_leads = 12 if rng.random() < 0.5 else int(rng.choice([2, 3, 6]))
        leads = torch.from_numpy(np.sort(rng.permutation(12)[:n_leads]))
    crops = draw(
        bench.single if single else bench.twelve,
        bench.disease,
        batch=part.batch_single if single else part.batch_twelve,
        size=size,
        positives=part.positives,
        leads=leads,
        generator=dice.samples,
    )
    return disturb(crops, bench.noise, level=part.noise, wander=part.wander, generator=dice.samples)
