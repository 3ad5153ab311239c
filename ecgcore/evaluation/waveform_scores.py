"""Scores of DANet and of its controls on labelled records."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets.pools import Pool
from ecgcore.datasets.wave_classes import FlatClasses
from ecgcore.models import standardise
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import SEGMENTS, WaveformRule, segments

BATCH = 48
RANDOM_SEED = 11
# Variants with a learned curve.
LEARNED = ("free", "anchor", "focus")
RANDOM_HOLD_S = 0.1
_QRS = SEGMENTS.index("QRS")


def rule_gain(rule: WaveformRule, parts: Tensor) -> Tensor:
    """Return the rule's gain, (B, 1, T); ones in a record without a QRS complex."""
    table = torch.tensor(rule.gains, device=parts.device)
    beats = (parts == _QRS).any(dim=1, keepdim=True)
    gain = torch.where(beats, table[parts.long()], torch.ones((), device=parts.device))
    return gain[:, None]


def random_gain(rule: WaveformRule, parts: Tensor, generator: torch.Generator) -> Tensor:
    """Return a gain of the rule's values, each held for 100 ms, in random order: (B, 1, T)."""
    table = torch.tensor(rule.gains, device=parts.device)
    hold = round(RANDOM_HOLD_S * 100)
    batch, n = parts.shape
    shape = (batch, -(-n // hold))
    drawn = torch.randint(table.numel(), shape, device=parts.device, generator=generator)
    return table[drawn].repeat_interleave(hold, dim=1)[:, None, :n]


def gain_of(variant: str, rule: WaveformRule, parts: Tensor, generator: torch.Generator) -> Tensor:
    """Return the gain of a variant that learns none, shape (B, 1, T)."""
    if variant == "hard":
        return rule_gain(rule, parts)
    if variant == "random":
        return random_gain(rule, parts, generator)
    return torch.ones((parts.shape[0], 1, parts.shape[1]), device=parts.device)


@dataclass(frozen=True, eq=False)
class Item:
    """One labelled record or window at 100 Hz.

    Attributes
    ----------
    samples : array, shape (12, n)
        NaN where absent.
    parts : array of uint8, shape (n,)
        Its segments.
    targets : array, shape (9,)
    group : str
        Patient.
    beats : array of uint8, shape (n,), or None
        Index into ``ecgcore.models.BEATS``.
    in_mv : bool
        Whether the samples are in millivolts.
    """

    samples: NDArray[np.float32]
    parts: NDArray[np.uint8]
    targets: NDArray[np.float32]
    group: str
    beats: NDArray[np.uint8] | None = None
    in_mv: bool = False

    @property
    def leads(self) -> tuple[int, ...]:
        """Standard leads that are there."""
        return tuple(np.flatnonzero(np.isfinite(self.samples).any(axis=1)).tolist())


def items_of(
    pool: Pool, classes: FlatClasses, rows: NDArray[np.int64], fs_hz: float = 100.0
) -> list[Item]:
    """Return whole records of a pool."""
    data = pool.data
    return [
        Item(
            data.signal(int(i)),
            segments(classes.row(int(i)), fs_hz),
            data.targets[i],
            str(data.groups[i]),
            in_mv=bool(data.has_voltage[i]),
        )
        for i in rows
    ]


def batches_of(items: Sequence[Item], size: int = BATCH) -> list[list[int]]:
    """Return the items' numbers in batches of the same leads and length."""
    alike: dict[tuple[tuple[int, ...], int], list[int]] = {}
    for number, item in enumerate(items):
        alike.setdefault((item.leads, item.samples.shape[1]), []).append(number)
    return [
        numbers[at : at + size] for numbers in alike.values() for at in range(0, len(numbers), size)
    ]


def tensors_of(items: Sequence[Item]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return standardised samples, mask, lead index and segments of items that are alike."""
    index = torch.tensor(items[0].leads)
    x = torch.from_numpy(np.stack([item.samples[list(item.leads)] for item in items]))
    present = torch.isfinite(x)
    parts = torch.from_numpy(np.stack([item.parts for item in items]))
    return standardise(x.nan_to_num(0.0), present), present, index, parts


def scores_of(
    network: DANet, variant: str, rule: WaveformRule, items: Sequence[Item]
) -> NDArray[np.float64]:
    """Return the logit of every item, shape (n,)."""
    out = np.empty(len(items))
    generator = torch.Generator().manual_seed(RANDOM_SEED)
    with torch.inference_mode():
        for numbers in batches_of(items):
            x, present, index, parts = tensors_of([items[k] for k in numbers])
            gain = None
            if variant not in LEARNED:
                gain = gain_of(variant, rule, parts, generator)
            out[numbers] = network(x, present, index, gain)[:, 0].numpy()
    return out
