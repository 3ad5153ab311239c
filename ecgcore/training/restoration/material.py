"""What the anomaly detectors learn from, made from the pools of train and val."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.leads import STANDARD_12
from ecgcore.statements import CORE_CODES, FURTHER_CODES
from ecgcore.training.pools import Pool
from ecgcore.training.restoration.data import Normals, join_normals, pool_normals, simulated_normals
from ecgcore.training.restoration.normals import (
    BRUGADA,
    SNR,
    Facts,
    normal_single,
    normal_twelve,
    normal_windows,
)
from ecgcore.training.simulated import SimulatedRecords

LONGEST_TWELVE_S, LONGEST_SINGLE_S = 12.0, 20.0
LEAD_II = STANDARD_12.index("II")


@dataclass(frozen=True, eq=False)
class Pools:
    """Twelve leads, single leads, MIT-BIH windows; facts of the normals among them; noise rows."""

    twelve: Pool
    single: Pool
    beats: Pool
    facts_twelve: Facts
    facts_single: Facts
    noise: Sequence[NDArray[np.float32]]


def half_of(groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return 0 or 1 for each patient, the same on every machine."""
    return np.array([zlib.crc32(str(g).encode()) % 2 for g in groups], dtype=np.int64)


def _kept(pool: Pool, rows: NDArray[np.int64], without_half: int | None) -> NDArray[np.int64]:
    if without_half is None:
        return rows
    return rows[half_of(pool.data.groups[rows]) != without_half]


def twelve_normals(
    pools: Pools,
    *,
    without_half: int | None = None,
) -> Normals:
    """Return the recorded 12-lead normals; arguments as :func:`restoration_groups`."""
    rows = _kept(pools.twelve, normal_twelve(pools.twelve.data, "train"), without_half)
    return pool_normals(
        pools.twelve, rows, pools.facts_twelve, n_leads=12, longest_s=LONGEST_TWELVE_S
    )


def restoration_groups(
    pools: Pools,
    simulated: Sequence[SimulatedRecords],
    *,
    without_half: int | None = None,
) -> list[Normals]:
    """Return the normals of twelve leads (with simulated ones), and those of one or two.

    Parameters
    ----------
    without_half : int, optional
        Leave out this half of the patients (:func:`half_of`): they are scored later.
    """
    twelve = [twelve_normals(pools, without_half=without_half)]
    twelve += [simulated_normals(records) for records in simulated]
    single = []
    for pool, facts, rows in (
        (pools.single, pools.facts_single, normal_single(pools.single, "train")),
        (pools.beats, None, normal_windows(pools.beats, "train")),
    ):
        some = _kept(pool, rows, without_half)
        if some.size:
            single.append(pool_normals(pool, some, facts, n_leads=2, longest_s=LONGEST_SINGLE_S))
    return [join_normals(twelve), join_normals(single)] if single else [join_normals(twelve)]


def noise_rows(pools: Pools) -> Tensor:
    """Return recorded noise of spread 1, shape (n_rows, n)."""
    shortest = min((row.size for row in pools.noise), default=0)
    if not shortest:
        return torch.zeros(0, 0)
    return torch.from_numpy(np.stack([row[:shortest] for row in pools.noise]).astype(np.float32))


def normal_counts(pools: Pools) -> dict[str, int]:
    """Return how many normals of train there are to learn from, by data set."""
    found: dict[str, int] = {}
    for pool, rows in (
        (pools.twelve, normal_twelve(pools.twelve.data, "train")),
        (pools.single, normal_single(pools.single, "train")),
        (pools.beats, normal_windows(pools.beats, "train")),
    ):
        names, counts = np.unique(pool.data.datasets[rows], return_counts=True)
        found |= {str(n): int(c) for n, c in zip(names, counts, strict=True)}
    return found


def abnormal(targets: NDArray[np.float32], further: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return 0 for a strictly normal ECG, 1 where any statement is made, NaN where neither.

    Parameters
    ----------
    targets, further : arrays, shape (n, 9) and (n, 11)
        As in :class:`~ecgcore.datasets.PackedSet`.
    """
    stated = (np.delete(targets, SNR, axis=1) == 1).any(axis=1) | (further == 1).any(axis=1)
    out = np.full(len(targets), np.nan)
    out[targets[:, SNR] == 1] = 0.0
    out[(targets[:, SNR] == 0) | stated] = 1.0
    return out


def brugada_or_healthy(
    datasets: NDArray[np.str_], further: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return 1 for a record of Brugada-HUCA with the pattern or diagnosis, 0 for a healthy one."""
    out = np.where(datasets == "brugada", further[:, BRUGADA], np.nan)
    return np.asarray(out, dtype=np.float64)


def statement_columns() -> Mapping[str, tuple[str, int]]:
    """Return where each statement's targets stand: code -> (array's name, column)."""
    core = {code: ("targets", i) for i, code in enumerate(CORE_CODES) if code != "SNR"}
    return core | {code: ("further", i) for i, code in enumerate(FURTHER_CODES)}
