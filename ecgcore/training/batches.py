"""Batches of the classifiers: twelve-lead and simulated records, or one or two leads.

Everything is drawn on the device that trains.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.models import standardise, voltage_scale
from ecgcore.models.lead_set import LeadEncoder
from ecgcore.statements import CORE_CODES
from ecgcore.training.device_pool import NONE, DevicePool
from ecgcore.training.trainer import Dice

STEP = LeadEncoder.stride
_EARLY_BEATS = [CORE_CODES.index(code) for code in ("PAC", "PVC")]


@dataclass(frozen=True)
class Augmentation:
    """How batches of classifiers are varied.  Amplitudes are in standard deviations of the lead.

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
    single_crop_s : tuple of two floats
        Shortest and longest stretch of a single-lead batch.
    superclass_weight, handheld_weight, beat_weight, wave_weight, interval_weight : float
        Of each loss beside the statements' own.
    beat_weights : tuple of float
        Of the classes none, N, S, V.
    scale_dropout : float
        Share of records whose voltage is hidden.
    scale_jitter : float
        Standard deviation of a common factor's logarithm.
    real_noise : float
        Share of records to which recorded noise is added.
    soft_share : float
        Share of records whose bandwidth is narrowed, as other devices and filters do.
    soft_hz : tuple of two floats
        Lowest and highest upper limit of that bandwidth.
    """

    single_lead: tuple[str, ...] = ()
    beats: tuple[str, ...] = ()
    single_batch: tuple[int, ...] = ()
    single_every: int = 2
    single_crop_s: tuple[float, ...] = (8.0, 24.0)
    superclass_weight: float = 0.25
    handheld_weight: float = 0.5
    beat_weight: float = 0.5
    wave_weight: float = 0.25
    interval_weight: float = 0.1
    beat_weights: tuple[float, ...] = (0.25, 1.0, 3.0, 2.0)
    scale_dropout: float = 0.3
    scale_jitter: float = 0.1
    real_noise: float = 0.3
    soft_share: float = 0.3
    soft_hz: tuple[float, ...] = (15.0, 40.0)


@dataclass(frozen=True)
class MultiBatch:
    """What one step learns from.

    Attributes
    ----------
    x, present : Tensors, shape (B, K, T)
    leads : Tensor of int64, shape (B, K)
    scale : Tensor, shape (B, K)
    statements, superclasses, intervals : Tensors, shape (B, n)
        NaN where unknown; intervals in seconds.
    handheld : Tensor of int64, shape (B,)
        -1 where unknown.
    beats : Tensor of int64, shape (B, ceil(T / 4))
        255 where unknown.
    waves : Tensor of int64, shape (B, K, T)
    whole : bool
        Whether every sample of every lead is there.
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    scale: Tensor
    statements: Tensor
    superclasses: Tensor
    intervals: Tensor
    handheld: Tensor
    beats: Tensor
    waves: Tensor
    whole: bool


@dataclass(frozen=True, eq=False)
class Draws(Dice):
    """The random choices of a training, and how its batches are disturbed.

    Attributes
    ----------
    noise : Tensor, shape (n_rows, n_samples)
        Recorded noise of spread 1, at the records' rate; no row: none is added.
    """

    augmentation: Augmentation
    tasks: TasksPart
    fs_hz: float
    noise: Tensor


def early_odds(targets: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how likely each record is drawn: those with early beats four times as often.

    Parameters
    ----------
    targets : array, shape (n, n_codes)
        As ``NETWORK_CODES``, or its first columns.
    """
    weight = np.where((targets[:, _EARLY_BEATS] == 1).any(axis=1), 4.0, 1.0)
    return np.asarray(weight / weight.sum())


def noise_rows(noise: Sequence[NDArray[np.float32]]) -> Tensor:
    """Return rows of recorded noise as one tensor, cut to the shortest."""
    if not noise:
        return torch.zeros((0, 1))
    n = min(row.size for row in noise)
    return torch.from_numpy(np.stack([row[:n] for row in noise]))


def twelve_leads(n_records: int, draws: Draws) -> Tensor:
    """Return random subsets of the twelve leads, shape (B, K): one number for all records."""
    k = 12
    if draws.numbers.random() >= draws.augmentation.all_leads_share:
        k = int(draws.numbers.integers(1, 12))
    order = draws.uniform(n_records, 12).argsort(dim=1)[:, :k]
    return order.sort(dim=1).values


def single_leads(pool: DevicePool, rows: NDArray[np.int64], draws: Draws) -> Tensor:
    """Return the lead, or one or both of the first two, that each record has: shape (B, 2)."""
    there = pool.place[torch.from_numpy(rows).to(pool.device)]
    # In the order of the record's own rows: the first of them, and the second if there is one.
    found = torch.full((rows.size, 2), NONE, device=pool.device)
    for column in range(2):
        match = there == column
        found[:, column] = torch.where(match.any(dim=1), match.float().argmax(dim=1), NONE)
    two = found[:, 1] >= 0
    drop = two & (draws.uniform(rows.size) < 0.5)
    second = drop & (draws.uniform(rows.size) < 0.5)
    first = torch.where(second, found[:, 1], found[:, 0])
    return torch.stack([first, torch.where(drop, NONE, found[:, 1])], dim=1)


def crop_length(draws: Draws, *, single: bool) -> int:
    """Return the length of a batch's stretches, in samples."""
    config = draws.augmentation
    if single:
        low, high = draws.tasks.single_crop_s
        return round(draws.numbers.uniform(low, high) * draws.fs_hz)
    seconds = config.crop_s
    if draws.numbers.random() < config.short_share:
        seconds = draws.numbers.uniform(config.min_crop_s, config.crop_s)
    return round(seconds * draws.fs_hz)


def make_batch(
    pool: DevicePool, rows: NDArray[np.int64], leads: Tensor, length: int, draws: Draws
) -> MultiBatch:
    """Cut, disturb and standardise.

    Parameters
    ----------
    rows : array of int64, shape (B,)
    leads : Tensor of int64, shape (B, K)
        -1 for a place without a lead.
    length : int
        Samples; a short record begins at its beginning and ends early.
    """
    at = torch.from_numpy(rows).to(pool.device)
    room = (pool.lengths[at] - length).clamp(min=0)
    first = (draws.uniform(rows.size) * (room + 1)).long().clamp(max=room)
    raw = pool.signals(at, leads, first, length)
    present = torch.isfinite(raw)
    return MultiBatch(
        x=disturb(raw, present, draws),
        present=present,
        leads=leads.clamp(min=0),
        scale=_voltage_scales(pool.in_mv[at], raw, present, draws),
        statements=pool.statements[at],
        superclasses=pool.superclasses[at],
        intervals=pool.intervals[at],
        handheld=pool.handheld[at],
        beats=pool.beat_classes(at, first, length)[:, ::STEP],
        waves=pool.wave_classes(at, leads, first, length),
        whole=bool(present.all()),
    )


def disturb(raw: Tensor, present: Tensor, draws: Draws) -> Tensor:
    """Standardise, disturb, and standardise again, as prediction will see it: (B, K, T).

    A random gain would be undone by the last step, so there is none.
    """
    x = standardise(raw, present)
    return standardise(_narrow_band(x, draws) + _draw_noise(x, draws), present)


def _voltage_scales(in_mv: Tensor, raw: Tensor, present: Tensor, draws: Draws) -> Tensor:
    scale = voltage_scale(raw, present)
    n, tasks = raw.shape[0], draws.tasks
    known = in_mv & (draws.uniform(n) >= tasks.scale_dropout)
    jitter = tasks.scale_jitter * draws.normal(n, 1)
    return torch.where(known[:, None], scale + jitter, torch.nan)


def _narrow_band(x: Tensor, draws: Draws) -> Tensor:
    """Narrow the bandwidth of some records: a Gaussian in the frequency domain."""
    tasks = draws.tasks
    if not tasks.soft_share:
        return x
    low, high = tasks.soft_hz
    limit = draws.uniform(x.shape[0], 1, 1, low=low, high=high)
    soft = draws.uniform(x.shape[0], 1, 1) < tasks.soft_share
    n = x.shape[-1]
    hz = torch.fft.rfftfreq(n, 1 / draws.fs_hz, device=x.device)
    # Half power at the limit.
    gain = torch.where(soft, torch.exp(-0.3466 * (hz / limit).square()), 1.0)
    return torch.fft.irfft(torch.fft.rfft(x.float()) * gain, n=n)


def _draw_noise(x: Tensor, draws: Draws) -> Tensor:
    """Return wander, white noise, bad leads and recorded noise, in standard deviations."""
    config, (batch, n_leads, n) = draws.augmentation, x.shape
    t = torch.arange(n, device=x.device) / draws.fs_hz
    frequency = draws.uniform(batch, 1, 1, low=0.2, high=1.2)
    phase = draws.uniform(batch, n_leads, 1, high=2 * np.pi)
    size = draws.uniform(batch, 1, 1, high=config.wander) * draws.uniform(batch, n_leads, 1)
    wander = size * torch.sin(2 * np.pi * frequency * t + phase)
    level = draws.uniform(batch, 1, 1, high=config.noise) * draws.uniform(batch, n_leads, 1)
    bad = draws.uniform(batch, n_leads, 1) < config.bad_lead_share
    level = torch.where(bad, config.bad_lead_noise, level)
    return wander + level * draws.normal(batch, n_leads, n) + _draw_recorded_noise(x, draws)


def _draw_recorded_noise(x: Tensor, draws: Draws) -> Tensor:
    batch, n_leads, n = x.shape
    share = draws.tasks.real_noise
    if not share or not draws.noise.shape[0]:
        return torch.zeros((), device=x.device)
    hit = draws.uniform(batch, 1, 1) < share
    level = draws.uniform(batch, 1, 1, high=0.5) * draws.uniform(batch, n_leads, 1) * hit
    n_rows, n_there = draws.noise.shape
    row = (draws.uniform(batch, n_leads) * n_rows).long().clamp(max=n_rows - 1)
    start = (draws.uniform(batch, n_leads) * (n_there - n)).long().clamp(min=0)
    at = start[..., None] + torch.arange(n, device=x.device)
    return level * draws.noise[row[..., None], at]
