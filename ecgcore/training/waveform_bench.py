"""From pools of records to what one disease's networks are trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.datasets.wave_classes import FlatClasses, packed_classes
from ecgcore.inference.card import InputContract
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.training.pools import (
    Pool,
    mitdb_pool,
    packed_pool,
    simulated_pool,
    single_lead_pool,
)
from ecgcore.training.simulated import SimulationPart, simulated_records
from ecgcore.training.wave_data import noise_set
from ecgcore.training.waveform_data import (
    Shelf,
    Source,
    flat_waves,
    packed_segments,
    shelve,
    source,
)
from ecgcore.training.waveform_loop import Bench
from ecgcore.training.waveform_recipe import WaveformRecipe

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


def stock_of(recipe: WaveformRecipe, splits: Sequence[str] = ("train", "val")) -> Stock:
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


@dataclass(frozen=True, eq=False)
class Shelves:
    """The stock on one device, for all diseases."""

    twelve: Shelf
    single: Shelf
    beats: Shelf
    simulated: Shelf
    noise: torch.Tensor


def shelves_of(stock: Stock, device: torch.device) -> Shelves:
    """Put the stock on a device."""

    def shelf(pair: tuple[Pool, FlatClasses]) -> Shelf:
        pool, classes = pair
        return shelve(pool, packed_segments(pool.data, classes), device)

    shortest = min(row.size for row in stock.noise)
    noise = np.stack([row[:shortest] for row in stock.noise])
    return Shelves(
        shelf(stock.twelve),
        shelf(stock.single),
        shelf(stock.beats),
        shelf(stock.simulated),
        torch.from_numpy(noise).to(device),
    )


def bench_of(recipe: WaveformRecipe, disease: str, stock: Stock, shelves: Shelves) -> Bench:
    """Return what one disease's networks are trained on: the training split alone."""
    shares = recipe.shares

    def rows(pool: Pool, *names: str) -> NDArray[np.int64]:
        found = pool.data.where(LEARNED_FROM)
        return found[np.isin(pool.data.datasets[found], names)] if names else found

    def made(
        name: str, share: float, lead: int | None = None, only: Sequence[str] = ()
    ) -> Source | None:
        pool = getattr(stock, name)[0]
        return source(
            getattr(shelves, name),
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
    return Bench(
        disease=disease,
        rule=waveform_rules()[disease],
        twelve=[s for s in twelve if s is not None and s.share],
        single=[s for s in single if s is not None and s.share],
        noise=shelves.noise,
        arguments=recipe.network,
        training=recipe.training,
    )
