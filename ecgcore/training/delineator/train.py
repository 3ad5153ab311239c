"""Training of the delineator: crops of single leads, stretched, turned over and disturbed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.checks import Within
from ecgcore.datasets.pools import IGNORED
from ecgcore.models import standardise
from ecgcore.training.delineator.data import WaveSet
from ecgcore.training.recipe import BatchSize, Rate, Share
from ecgcore.training.trainer import (
    Dice,
    Fitted,
    Keep,
    Plan,
    fit,
    one_cycle,
    settling_average,
    training_device,
)

# Steps of a round.
ROUND = 100


@dataclass(frozen=True)
class DelineatorTraining:
    """How the delineator is trained.

    Attributes
    ----------
    steps, batch_size : int
    crop_s : float
    learning_rate, weight_decay, warm_up, averaging : float
        AdamW with a one-cycle rate; decay of the running average of the weights.
    simulated_share : float
        Part of each batch that is simulated.
    """

    steps: Annotated[int, Within(10, 1_000_000)]
    batch_size: BatchSize
    crop_s: Annotated[float, Within(1, 9, "s")]
    learning_rate: Rate
    weight_decay: Share
    warm_up: Share
    averaging: Share
    simulated_share: Share


@dataclass(frozen=True)
class WaveAugmentation:
    """What is drawn for each crop.

    Attributes
    ----------
    stretch : float
        Time runs up to this factor faster or slower.
    inverted_share : float
        Crops turned over.
    noisy_share, noise : float
        This share gets real noise; its largest spread in standard deviations of the crop.
    wander, white : float
        Largest amplitude of a slow sine and of white noise.
    lost_share : float
        Crops of which a stretch is lost (zero).
    """

    stretch: Annotated[float, Within(1, 2)] = 1.35
    inverted_share: float = 0.2
    noisy_share: float = 0.5
    noise: float = 0.5
    wander: float = 0.4
    white: float = 0.08
    lost_share: float = 0.05


@dataclass(frozen=True, eq=False)
class WaveSources:
    """What crops are drawn from: marked leads, simulated leads, rows of real noise; one rate."""

    marked: WaveSet
    simulated: WaveSet
    noise: tuple[NDArray[np.float32], ...]
    fs_hz: float


def fit_delineator(
    network: nn.Module,
    training: DelineatorTraining,
    augmentation: WaveAugmentation,
    sources: WaveSources,
    *,
    seed: int,
    keep: Keep | None = None,
) -> Fitted:
    """Train one delineator.

    Parameters
    ----------
    network : nn.Module
        Untrained; it is trained in place.
    seed : int
        Of the crops and of dropout.
    """
    device = training_device()
    dice = Dice.seeded(seed, device)
    torch.manual_seed(seed)
    network.to(device)

    def losses(_round: int) -> Iterator[Tensor]:
        while True:
            x, y = draw_crops(sources, training, augmentation, dice.numbers)
            with torch.autocast(device.type, torch.bfloat16):
                logits = network(x.to(device))
            yield functional.cross_entropy(
                logits.float(), y.to(device), ignore_index=IGNORED, label_smoothing=0.02
            )

    plan = Plan(
        steps=training.steps,
        every=ROUND,
        rate=one_cycle(training.learning_rate, training.steps, training.warm_up),
        weight_decay=training.weight_decay,
        clip=1.0,
        averaging=settling_average(training.averaging),
    )
    return fit(network, losses, plan, dice=dice, keep=keep)


def draw_crops(
    sources: WaveSources,
    training: DelineatorTraining,
    augmentation: WaveAugmentation,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Return a batch: standardised samples (B, T) and classes (B, T)."""
    size = round(training.crop_s * sources.fs_hz)
    xs = np.empty((training.batch_size, size), dtype=np.float32)
    ys = np.empty((training.batch_size, size), dtype=np.int64)
    for at in range(training.batch_size):
        simulated = rng.random() < training.simulated_share
        source = sources.simulated if simulated and len(sources.simulated.x) else sources.marked
        row = int(rng.integers(len(source.x)))
        x, y = _stretch(source.x[row], source.y[row], size, augmentation.stretch, rng)
        xs[at], ys[at] = _disturb(x, sources, augmentation, rng), y
    raw = torch.from_numpy(xs)
    every = torch.ones_like(raw, dtype=torch.bool)
    return standardise(raw, every), torch.from_numpy(ys)


def _stretch(
    x: NDArray[np.float32],
    y: NDArray[np.uint8],
    size: int,
    stretch: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a crop of ``size`` samples in which time runs at another speed."""
    speed = float(np.exp(rng.uniform(-1, 1) * np.log(stretch)))
    length = min((size - 1) * speed, x.size - 2)
    # Margins are not marked in many records: crops lie where most is known.
    known = np.flatnonzero(y != IGNORED)
    centre = rng.uniform(known[0], known[-1]) if known.size else x.size / 2
    start = float(np.clip(centre - length / 2, 0, x.size - 1 - length))
    at = start + np.linspace(0, length, size)
    values = np.interp(at, np.arange(x.size), x).astype(np.float32)
    return values, y[np.minimum(np.round(at).astype(int), y.size - 1)]


def _disturb(
    x: NDArray[np.float32],
    sources: WaveSources,
    config: WaveAugmentation,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    n = x.size
    out = (x - x.mean()) / max(float(x.std()), 1e-4)
    if rng.random() < config.inverted_share:
        out = -out
    if rng.random() < config.noisy_share and sources.noise:
        row = sources.noise[int(rng.integers(len(sources.noise)))]
        start = int(rng.integers(0, row.size - n))
        out = out + rng.random() * config.noise * row[start : start + n]
    t = np.arange(n) / sources.fs_hz
    sine = np.sin(2 * np.pi * (rng.uniform(0.3, 0.9) * t + rng.random()))
    out = out + rng.random() * config.wander * sine
    out = out + rng.random() * config.white * rng.standard_normal(n)
    if rng.random() < config.lost_share:
        start = int(rng.integers(0, n))
        out[start : start + int(rng.integers(1, n // 3))] = 0.0
    return np.asarray(out, dtype=np.float32)
