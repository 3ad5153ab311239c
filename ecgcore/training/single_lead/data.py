"""What the single-lead student learns from: pools on the device, rows by fold, batches.

A record of twelve leads is twelve of its records.  A fold's teacher and student never saw its
patients, in whatever set they stand.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets.pools import Pool
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.training.batches import MultiBatch, crop_length, early_odds, make_batch, noise_rows
from ecgcore.training.device_pool import ABSENT, DevicePool, device_pool
from ecgcore.training.diagnostic.data import Material
from ecgcore.training.single_lead.recipe import SingleRecipe, Steps
from ecgcore.training.trainer import training_device

Rows = NDArray[np.int64]
N_LEADS = len(STANDARD_12)
_LONG_S = (10.0, 30.0)
# The twelve-lead records come first in every batch: they are the ones with a teacher.
KINDS = ("twelve", "cpsc", "cinc", "beats", "simulated")
LONG_KINDS = ("cpsc", "cinc", "beats")


@dataclass(frozen=True, eq=False)
class SinglePool:
    """Records of every kind on the device.

    Attributes
    ----------
    pool : DevicePool
    complete : array of bool, shape (n, 12)
        Which leads are there without a gap.
    lengths : array of int64, shape (n,)
    first : dict of str to int
        Row at which each pool begins: ``twelve``, ``single``, ``beats``, ``simulated``.
    noise : Tensor
    """

    pool: DevicePool
    complete: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    first: dict[str, int]
    noise: Tensor


def single_pool(
    pools: Mapping[str, Pool], noise: Sequence[NDArray[np.float32]], device: torch.device
) -> SinglePool:
    """Put pools, by name, onto a device; ``twelve`` must be among them."""
    parts = list(pools.values())
    pool, firsts = device_pool(parts)
    return SinglePool(
        pool=pool.to(device),
        complete=np.concatenate([_complete_leads(part) for part in parts]),
        lengths=np.concatenate([part.data.signals.lengths for part in parts]),
        first=dict(zip(pools, firsts, strict=True)),
        noise=noise_rows(noise).to(device),
    )


def _complete_leads(pool: Pool) -> NDArray[np.bool_]:
    signals = pool.data.signals
    out = np.isfinite(signals.scales)
    for i in range(len(pool)):
        steps = signals.values[signals.starts[i] : signals.starts[i + 1]]
        if (steps == ABSENT).any():
            whole = (steps.reshape(-1, int(signals.lengths[i])) != ABSENT).all(axis=1)
            out[i, np.flatnonzero(out[i])] = whole
    return out


@dataclass(eq=False)
class SingleMaterial:
    """Everything a recipe learns from, on the device."""

    recipe: SingleRecipe
    base: Material

    @cached_property
    def pools(self) -> dict[str, Pool]:
        """Pools by name, the twelve-lead one first."""
        found = {"twelve": self.base.twelve, "single": self.base.single, "beats": self.base.beats}
        if self.base.simulated is not None:
            found["simulated"] = self.base.simulated
        return found

    @cached_property
    def pool(self) -> SinglePool:
        """All of them on the device."""
        return single_pool(self.pools, self.base.noise, training_device())

    @property
    def n_twelve(self) -> int:
        """Twelve-lead records: the first rows of the pool."""
        return len(self.base.twelve)

    @property
    def n_folds(self) -> int:
        """Patient-wise folds."""
        return self.recipe.base.data.folds

    @cached_property
    def fold_of(self) -> dict[str, int]:
        """The fold of every patient of the twelve-lead sets."""
        rows, folds = self.base.folds()
        groups = self.base.twelve.data.groups
        return {str(groups[row]): int(fold) for row, fold in zip(rows, folds, strict=True)}

    def fold_of_listener(self, group: str) -> int:
        """Return whose student is asked about a patient: patients in no fold are dealt out."""
        return self.fold_of.get(group, zlib.crc32(group.encode()) % self.n_folds)

    def rows(self, splits: Sequence[str], *, without: int | None = None) -> dict[str, Rows]:
        """Return rows of the pool of these splits by kind, without a fold's patients.

        Only the twelve-lead sets are cross-validated: of the others the recipe's ``learn`` splits
        are learned from in a fold as well, except patients that are in it.
        """
        more = splits if without is None else self.recipe.base.data.learn
        found = {
            "twelve": self._rows("twelve", "", splits, without),
            "cpsc": self._rows("single", "cpsc2018_lead1", more, without),
            "cinc": self._rows("single", "cinc2017", more, without),
            "beats": self._rows("beats", "", more, without),
        }
        if self.base.simulated is not None:
            first = self.pool.first["simulated"]
            found["simulated"] = first + np.arange(len(self.base.simulated))
        return found

    def held(self, kind: str, fold: int) -> Rows:
        """Return the rows of a kind that a fold's student is asked about.

        Twelve-lead records of its patients; of the sets of one lead, its share of what no student
        learns from.
        """
        names = {"cpsc": ("single", "cpsc2018_lead1"), "cinc": ("single", "cinc2017")}
        pool, dataset = names.get(kind, (kind, ""))
        data, splits = self.pools[pool].data, self.recipe.base.data.cross_validate
        if kind != "twelve":
            splits = tuple(name for name in splits if name not in self.recipe.base.data.learn)
        rows = self._rows(pool, dataset, splits, None)
        first = self.pool.first[pool]
        inside = [self.fold_of_listener(str(data.groups[row - first])) == fold for row in rows]
        return rows[np.array(inside, dtype=bool)]

    def _rows(self, name: str, dataset: str, splits: Sequence[str], without: int | None) -> Rows:
        data = self.pools[name].data
        rows = data.where(*splits)
        if dataset:
            rows = rows[data.datasets[rows] == dataset]
        if without is not None:
            rows = rows[[self.fold_of.get(str(g)) != without for g in data.groups[rows]]]
        return rows + self.pool.first[name]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch, how many of its records are of each kind, and their rows in the pool."""

    batch: MultiBatch
    counts: tuple[tuple[str, int], ...]
    rows: Tensor


class Drawer:
    """Draws batches of single leads.

    Parameters
    ----------
    rows : mapping of str to array of int64
        Rows of the pool that are learned from, for each of ``KINDS``; a kind may be missing.
    part : Steps
        How many records of each kind.
    leads : sequence of int, optional
        Which leads may be shown; default all.

    Raises
    ------
    InvalidArgumentError
        If no twelve-lead record can be used.
    """

    def __init__(
        self,
        recipe: SingleRecipe,
        pool: SinglePool,
        rows: Mapping[str, NDArray[np.int64]],
        part: Steps,
        *,
        seed: int,
        leads: Sequence[int] = tuple(range(N_LEADS)),
    ) -> None:
        self.part, self.pool = part, pool
        self.draws = recipe.base.draws(seed, pool.noise)
        # The teacher needs every lead.
        every = np.asarray(pool.complete.all(axis=1))
        self.shown = np.zeros(N_LEADS, dtype=bool)
        self.shown[list(leads)] = True
        some_lead = np.asarray((pool.complete & self.shown).any(axis=1))
        self.rows = {
            kind: some[(every if kind == "twelve" else some_lead)[some]]
            for kind, some in rows.items()
        }
        self.odds = {kind: self._odds(kind, some) for kind, some in self.rows.items()}
        if not self.rows.get("twelve", np.array([])).size:
            raise InvalidArgumentError("There are no complete twelve-lead records to learn from.")

    def _odds(self, kind: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        if kind != "beats":
            return np.ones(rows.size)
        return early_odds(self.pool.pool.statements.cpu().numpy()[rows])

    def draw(self) -> Drawn:
        """Return the next batch."""
        length, kinds = self._plan()
        drawn = self._take_kinds(length, kinds)
        if not drawn:
            # No record is as long: a usual batch.
            length = round(self.draws.augmentation.crop_s * self.draws.fs_hz)
            drawn = self._take_kinds(length, KINDS)
        rows = np.concatenate([rows for _, rows in drawn])
        leads = self._one(rows)
        device = self.pool.pool.device
        batch = make_batch(
            self.pool.pool, rows, torch.from_numpy(leads).to(device), length, self.draws
        )
        counts = tuple((kind, len(some)) for kind, some in drawn)
        return Drawn(batch, counts, torch.from_numpy(rows).to(device))

    def _plan(self) -> tuple[int, tuple[str, ...]]:
        """Return the length of a batch, in samples, and the kinds of its records."""
        rng = self.draws.numbers
        if rng.random() < self.part.long_share:
            return round(rng.uniform(*_LONG_S) * self.draws.fs_hz), LONG_KINDS
        return crop_length(self.draws, single=False), KINDS

    def _take_kinds(
        self, length: int, kinds: tuple[str, ...]
    ) -> list[tuple[str, NDArray[np.int64]]]:
        drawn = [(kind, self._take(kind, length)) for kind in kinds]
        return [(kind, rows) for kind, rows in drawn if rows.size]

    def _take(self, kind: str, length: int) -> NDArray[np.int64]:
        count, rows = int(getattr(self.part, kind)), self.rows.get(kind)
        if rows is None or not count:
            return np.zeros(0, dtype=np.int64)
        # Records that are too short are left out: with no padding there is no mask.
        fits = self.pool.lengths[rows] >= length
        some, odds = rows[fits], self.odds[kind][fits]
        if not some.size:
            return np.zeros(0, dtype=np.int64)
        return self.draws.numbers.choice(
            some, min(count, some.size), replace=False, p=odds / odds.sum()
        )

    def _one(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        shown = self.pool.complete[rows] & self.shown
        chance = self.draws.numbers.random((rows.size, N_LEADS)) * shown
        return np.asarray(chance.argmax(axis=1)[:, None], dtype=np.int64)
