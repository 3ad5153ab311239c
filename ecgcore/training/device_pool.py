"""Packed records as tensors of the device that trains, and stretches of many of them at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets.packing import N_LEADS
from ecgcore.datasets.pools import IGNORED, Pool
from ecgcore.models import INTERVALS

ABSENT = -32768
NONE = -1


@dataclass(frozen=True, eq=False)
class DevicePool:
    """Records of several pools, row by row; flat arrays hold their samples one after another.

    Attributes
    ----------
    values : Tensor of int16
    starts, lengths : Tensors of int64, shape (n,)
    place : Tensor of int64, shape (n, 12)
        Which of the record's rows in ``values`` is this lead; -1 where it is absent.
    scales : Tensor, shape (n, 12)
        Value of a step; NaN where the lead is absent.
    in_mv : Tensor of bool, shape (n,)
    statements, superclasses, intervals : Tensors, shape (n, k)
        NaN where unknown; intervals in seconds, columns as ``INTERVALS``.
    handheld : Tensor of int64, shape (n,)
        -1 where unknown.
    beats, waves : Tensors of uint8
        Classes of the samples.
    beat_starts, wave_starts : Tensors of int64, shape (n,)
        -1 where a record has none.
    wave_rows : Tensor of int64, shape (n,)
        12 where each lead has its own waves, else 1.
    """

    values: Tensor
    starts: Tensor
    lengths: Tensor
    place: Tensor
    scales: Tensor
    in_mv: Tensor
    statements: Tensor
    superclasses: Tensor
    intervals: Tensor
    handheld: Tensor
    beats: Tensor
    beat_starts: Tensor
    waves: Tensor
    wave_starts: Tensor
    wave_rows: Tensor

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.values.device

    def __len__(self) -> int:
        return int(self.starts.shape[0])

    def to(self, device: torch.device) -> "DevicePool":
        """Return the same on another device."""
        moved = {name: value.to(device) for name, value in vars(self).items()}
        return replace(self, **moved)

    def signals(self, rows: Tensor, leads: Tensor, first: Tensor, length: int) -> Tensor:
        """Return stretches of leads, shape (B, K, length), in the records' units.

        Parameters
        ----------
        rows, first : Tensors of int64, shape (B,)
            Records, and the sample each stretch begins at.
        leads : Tensor of int64, shape (B, K)
            -1 for a place without a lead.

        Returns
        -------
        Tensor of float32
            NaN behind the record's end and where a lead is absent.
        """
        at, inside = self._samples(rows, first, length)
        place = self.place[rows[:, None], leads.clamp(min=0)]
        place = torch.where(leads >= 0, place, NONE)
        row_start = self.starts[rows][:, None] + place.clamp(min=0) * self.lengths[rows][:, None]
        steps = self.values[row_start[..., None] + at[:, None]]
        there = (place >= 0)[..., None] & inside[:, None] & (steps != ABSENT)
        scale = self.scales[rows[:, None], leads.clamp(min=0)][..., None]
        return torch.where(there, steps.float() * scale, torch.nan)

    def beat_classes(self, rows: Tensor, first: Tensor, length: int) -> Tensor:
        """Return the kind of beat at every sample, (B, length), 255 where unknown."""
        at, inside = self._samples(rows, first, length)
        start = self.beat_starts[rows][:, None]
        found = self.beats[start.clamp(min=0) + at].long()
        return torch.where((start >= 0) & inside, found, IGNORED)

    def wave_classes(self, rows: Tensor, leads: Tensor, first: Tensor, length: int) -> Tensor:
        """Return the wave at every sample of leads, (B, K, length), 255 where unknown."""
        at, inside = self._samples(rows, first, length)
        start = self.wave_starts[rows]
        own = torch.where(self.wave_rows[rows][:, None] > 1, leads.clamp(min=0), 0)
        begin = start.clamp(min=0)[:, None] + own * self.lengths[rows][:, None]
        found = self.waves[begin[..., None] + at[:, None]].long()
        there = (start >= 0)[:, None, None] & (leads >= 0)[..., None] & inside[:, None]
        return torch.where(there, found, IGNORED)

    def _samples(self, rows: Tensor, first: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Return places within records, kept inside them, and which of them were inside."""
        at = first[:, None] + torch.arange(length, device=self.device)
        end = self.lengths[rows][:, None]
        return torch.minimum(at, end - 1), at < end


def device_pool(pools: Sequence[Pool]) -> tuple[DevicePool, list[int]]:
    """Return pools as one, and the row at which each begins.

    Parameters
    ----------
    pools : sequence of Pool
        At least one.
    """
    firsts = np.cumsum([0, *(len(pool) for pool in pools)])[:-1].tolist()
    sizes = np.cumsum([0, *(pool.data.signals.values.size for pool in pools)])
    starts = [p.data.signals.starts[:-1] + at for p, at in zip(pools, sizes[:-1], strict=True)]
    beats, beat_starts = _flat(pools, _beats_of)
    waves, wave_starts = _flat(pools, _waves_of)
    rows = [_wave_rows(pool) for pool in pools]
    scales = np.concatenate([p.data.signals.scales for p in pools])
    there = np.isfinite(scales)
    place = np.where(there, np.cumsum(there, axis=1) - 1, NONE)
    made = DevicePool(
        values=_tensor(np.concatenate([p.data.signals.values for p in pools])),
        starts=_tensor(np.concatenate(starts)),
        lengths=_tensor(np.concatenate([p.data.signals.lengths for p in pools])),
        place=_tensor(place.astype(np.int64)),
        scales=_tensor(scales),
        in_mv=_tensor(np.concatenate([p.data.has_voltage for p in pools])),
        statements=_tensor(
            np.concatenate([np.hstack([p.data.targets, p.data.further]) for p in pools])
        ),
        superclasses=_tensor(np.concatenate([p.data.superclasses for p in pools])),
        intervals=_tensor(np.concatenate([_intervals_of(p) for p in pools])),
        handheld=_tensor(np.concatenate([p.handheld for p in pools])),
        beats=beats,
        beat_starts=beat_starts,
        waves=waves,
        wave_starts=wave_starts,
        wave_rows=_tensor(np.concatenate(rows)),
    )
    return made, firsts


def _tensor(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def _intervals_of(pool: Pool) -> NDArray[np.float32]:
    if pool.intervals is None:
        return np.full((len(pool), len(INTERVALS)), np.nan, dtype=np.float32)
    return pool.intervals


def _beats_of(pool: Pool, row: int) -> NDArray[np.uint8] | None:
    return None if pool.beats is None else pool.beats[row]


def _waves_of(pool: Pool, row: int) -> NDArray[np.uint8] | None:
    return pool.waves.get(row)


def _wave_rows(pool: Pool) -> NDArray[np.int64]:
    out = np.ones(len(pool), dtype=np.int64)
    for row, waves in pool.waves.items():
        out[row] = N_LEADS if waves.shape[0] > 1 else 1
    return out


def _flat(
    pools: Sequence[Pool], of: Callable[[Pool, int], NDArray[np.uint8] | None]
) -> tuple[Tensor, Tensor]:
    """Return all classes in one row, and where each record's begin."""
    parts: list[NDArray[np.uint8]] = [np.full(1, IGNORED, dtype=np.uint8)]
    starts, size = [], 1
    for pool in pools:
        for row in range(len(pool)):
            found = of(pool, row)
            starts.append(NONE if found is None else size)
            if found is not None:
                parts.append(np.ascontiguousarray(found).reshape(-1))
                size += found.size
    return _tensor(np.concatenate(parts)), torch.tensor(starts, dtype=torch.int64)
