"""What the anomaly detectors learn from, made from the pools of train and val."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.normals import (
    Facts,
    normal_single,
    normal_twelve,
    normal_windows,
)
from ecgcore.datasets.pools import Pool
from ecgcore.datasets.simulated import SimulatedRecords
from ecgcore.training.restoration.data import Normals, join_normals, pool_normals, simulated_normals

LONGEST_TWELVE_S, LONGEST_SINGLE_S = 12.0, 20.0


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


def _leave_out_half(
    pool: Pool, rows: NDArray[np.int64], without_half: int | None
) -> NDArray[np.int64]:
    if without_half is None:
        return rows
    return rows[half_of(pool.data.groups[rows]) != without_half]


def twelve_normals(
    pools: Pools,
    *,
    without_half: int | None = None,
) -> Normals:
    """Return the recorded 12-lead normals; arguments as :func:`restoration_groups`."""
    rows = _leave_out_half(pools.twelve, normal_twelve(pools.twelve.data, "train"), without_half)
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
        some = _leave_out_half(pool, rows, without_half)
        if some.size:
            single.append(pool_normals(pool, some, facts, n_leads=2, longest_s=LONGEST_SINGLE_S))
    return [join_normals(twelve), join_normals(single)] if single else [join_normals(twelve)]


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
