"""A packed set whose samples stay on disk: the public sets in full."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option
from ecgcore.datasets.packing import PackedSet, PackedSignals
from ecgcore.datasets.public_index import Task, splits_of
from ecgcore.datasets.shard_files import Shard, samples_of


@dataclass(frozen=True, eq=False)
class ShardedSignals(PackedSignals):
    """Samples of many recordings in shards; only what :meth:`signal` returns is in memory.

    Attributes
    ----------
    values : array of int16, shape (0,)
        Empty: the samples stay on disk.
    starts : array of int64, shape (n_records,)
        Where each recording begins in its shard.
    lengths, scales, in_mv
        As in :class:`ecgcore.datasets.PackedSignals`.
    files : tuple of (Path, int)
        Each shard's samples and their checksum.
    shard_of : array of int64, shape (n_records,)
    """

    files: tuple[tuple[Path, int], ...]
    shard_of: NDArray[np.int64]

    def signal(self, i: int) -> NDArray[np.float32]:
        """Return recording ``i``, shape (12, n_samples), NaN where absent.

        Raises
        ------
        OSError, ValueError
            If the shard was taken away in the meantime.
        """
        present = int(np.isfinite(self.scales[i]).sum())
        size = present * int(self.lengths[i])
        begin = int(self.starts[i])
        samples = np.asarray(samples_of(*self.files[self.shard_of[i]])[begin : begin + size])
        one = PackedSignals(
            samples,
            np.array([0, size]),
            self.lengths[i : i + 1],
            self.scales[i : i + 1],
            self.in_mv[i : i + 1],
        )
        return one.signal(0)

    def take(self, rows: NDArray[np.int64]) -> "ShardedSignals":
        """Return the same recordings of these rows."""
        return replace(
            self,
            starts=self.starts[rows],
            lengths=self.lengths[rows],
            scales=self.scales[rows],
            in_mv=self.in_mv[rows],
            shard_of=self.shard_of[rows],
        )


def join_shards(shards: list[Shard]) -> ShardedSignals:
    """Return the readable recordings of the shards, in order."""
    kept = [shard.readable for shard in shards]
    return ShardedSignals(
        values=np.zeros(0, dtype=np.int16),
        starts=np.concatenate([s.starts[k] for s, k in zip(shards, kept, strict=True)]),
        lengths=np.concatenate([s.lengths[k] for s, k in zip(shards, kept, strict=True)]),
        scales=np.concatenate([s.scales[k] for s, k in zip(shards, kept, strict=True)]),
        in_mv=np.concatenate([s.in_mv[k] for s, k in zip(shards, kept, strict=True)]),
        files=tuple((shard.path, shard.checksum) for shard in shards),
        shard_of=np.concatenate([np.full(int(k.sum()), j) for j, k in enumerate(kept)]),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class ShardedSet(PackedSet):
    """A packed set of a public set in full; rows as in :class:`ecgcore.datasets.PackedSet`.

    Attributes
    ----------
    codes : tuple of str
        The columns of ``targets``: the nine core statements, or those of the task chosen.
    task : str
        Which task ``targets`` are of.
    tasks : mapping of str to Task
        All label tables, rows as here.
    folds : array of int64, shape (n,)
        1 to 10.
    folds_from : str
    unreadable : tuple of (str, str)
        Records of the set that are not here, and why.
    """

    codes: tuple[str, ...]
    task: str
    tasks: Mapping[str, Task] = field(repr=False)
    folds: NDArray[np.int64] = field(repr=False)
    folds_from: str
    unreadable: tuple[tuple[str, str], ...] = ()

    def take(self, rows: NDArray[np.int64]) -> "ShardedSet":
        """Return the set of these rows alone."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen = {name: a[rows] for name, a in values.items() if isinstance(a, np.ndarray)}
        tasks = {name: task.take(rows) for name, task in self.tasks.items()}
        signals = self.signals
        if isinstance(signals, ShardedSignals):
            signals = signals.take(rows)
        return ShardedSet(**{**values, **chosen, "signals": signals, "tasks": tasks})

    def for_task(self, name: str) -> "ShardedSet":
        """Return the records of a task, with its targets.

        Raises
        ------
        InvalidArgumentError
            If there is no such task.
        """
        check_option("task", name, self.tasks)
        part = self.take(self.tasks[name].rows())
        found = part.tasks[name]
        return replace(part, targets=found.targets, codes=found.codes, task=name)

    def with_test_fold(self, test_fold: int) -> "ShardedSet":
        """Return the same records with another fold for testing, the one before it for choices.

        Raises
        ------
        InvalidArgumentError
            If ``test_fold`` is not from 1 to 10.
        """
        return replace(self, splits=splits_of(self.folds, test_fold=test_fold))
