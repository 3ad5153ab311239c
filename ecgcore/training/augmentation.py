"""Random crops, lead subsets and disturbances; what is drawn stands apart from its application.

Everything random comes from one ``numpy`` generator, so a seed gives the same batches.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.models import standardise


@dataclass(frozen=True)
class Augmentation:
    """How batches are varied.  Amplitudes are in standard deviations of the lead.

    Attributes
    ----------
    crop_s : float
        Longest crop.
    min_crop_s, short_share : float
        In this share of batches the crop's length is uniform between the two.
    all_leads_share : float
        In this share of batches all leads are used; else 1 to 11 at random, one number a batch.
    wander, noise : float
        Largest amplitude of baseline wander (0.2 to 1.2 Hz) and of white noise.
    bad_lead_share, bad_lead_noise : float
        This share of leads gets noise of this amplitude instead.
    """

    crop_s: float = 10.0
    min_crop_s: float = 5.0
    short_share: float = 0.4
    all_leads_share: float = 0.5
    wander: float = 0.4
    noise: float = 0.15
    bad_lead_share: float = 0.03
    bad_lead_noise: float = 2.0


@dataclass(frozen=True)
class Disturbance:
    """What is added to one batch, each of shape (B, L, T), in standard deviations."""

    wander: Tensor
    noise: Tensor


def draw_length(config: Augmentation, rng: np.random.Generator, fs_hz: float) -> int:
    """Return the crop length of a batch, in samples."""
    seconds = config.crop_s
    if rng.random() < config.short_share:
        seconds = rng.uniform(config.min_crop_s, config.crop_s)
    return round(seconds * fs_hz)


def draw_leads(
    config: Augmentation, rng: np.random.Generator, batch: int, n_leads: int
) -> NDArray[np.int64]:
    """Return lead indices, shape (batch, K): one K for the batch, other leads for each record."""
    k = n_leads
    if n_leads > 1 and rng.random() >= config.all_leads_share:
        k = int(rng.integers(1, n_leads))
    order = rng.random((batch, n_leads)).argsort(axis=1)[:, :k]
    return np.sort(order, axis=1).astype(np.int64)


def crop(signal: NDArray[np.float32], length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a random stretch, shape (n_leads, length); NaN behind a record that is shorter."""
    n = signal.shape[1]
    if n >= length:
        start = int(rng.integers(0, n - length + 1))
        return signal[:, start : start + length]
    out = np.full((signal.shape[0], length), np.nan, dtype=np.float32)
    out[:, :n] = signal
    return out


def draw_disturbance(
    config: Augmentation, rng: np.random.Generator, shape: tuple[int, int, int], fs_hz: float
) -> Disturbance:
    """Draw wander and noise for a batch of this shape (B, L, T)."""
    batch, n_leads, n = shape
    t = np.arange(n, dtype=np.float32) / fs_hz
    frequency = rng.uniform(0.2, 1.2, (batch, 1, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (batch, n_leads, 1)).astype(np.float32)
    size = (rng.uniform(0, config.wander, (batch, 1, 1)) * rng.random((batch, n_leads, 1))).astype(
        np.float32
    )
    wander = size * np.sin(2 * np.pi * frequency * t + phase)
    level = rng.uniform(0, config.noise, (batch, 1, 1)) * rng.random((batch, n_leads, 1))
    bad = rng.random((batch, n_leads, 1)) < config.bad_lead_share
    level = np.where(bad, config.bad_lead_noise, level).astype(np.float32)
    noise = level * rng.standard_normal(shape, dtype=np.float32)
    return Disturbance(torch.from_numpy(wander), torch.from_numpy(noise))


def disturb(x: Tensor, present: Tensor, drawn: Disturbance) -> Tensor:
    """Standardise, add what was drawn, and standardise again, as prediction will see it.

    A random gain would be undone by the last step, so there is none.
    """
    scaled = standardise(x, present)
    return standardise(scaled + drawn.wander + drawn.noise, present)
