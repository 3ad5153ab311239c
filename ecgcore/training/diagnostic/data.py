"""What a classifier learns from: records by fold, and the networks that are made of them."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet, data_root, load_index, patient_folds
from ecgcore.datasets.pools import (
    Pool,
    count_records,
    mitdb_pool,
    noise_set,
    pack_entries,
    packed_pool,
    simulated_pool,
    single_lead_pool,
)
from ecgcore.datasets.simulated import simulated_records, simulated_set
from ecgcore.datasets.taught_waves import taught_waves
from ecgcore.evaluation.usual import ALL, FEW, MANY, SINGLE, Leads, Source
from ecgcore.models import HANDHELD, INTERVALS
from ecgcore.training.diagnostic.recipe import DIAGNOSTIC, Recipe
from ecgcore.training.diagnostic.train import Sources, fit_statements, fit_tasks
from ecgcore.training.trainer import Fitted, Keep

# Of the single-lead sets; hand-held records are many and noisy.
DELINEATED = ("cpsc2018_lead1",)
Rows = NDArray[np.int64]
_NOBODY = np.array([], dtype=str)


@dataclass(frozen=True, eq=False)
class Run:
    """One training: its name, the twelve-lead rows, patients it must not see, and the seed."""

    name: str
    rows: Rows
    unseen: NDArray[np.str_]
    seed: int


@dataclass(eq=False)
class Statements:
    """The records of one table of statements, without the test split, read when first asked for."""

    recipe: Recipe

    @cached_property
    def data(self) -> PackedSet:
        """Twelve-lead records of the splits that are learned from or cross-validated over."""
        entries = load_index(data_root(), datasets=self.recipe.data.datasets)
        return pack_entries([e for e in entries if e.split in self.splits], self.recipe.input)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are read."""
        return tuple(sorted({*self.recipe.data.learn, *self.recipe.data.cross_validate}))

    def targets(self, rows: Rows) -> NDArray[np.float32]:
        """Return the statements of rows, shape (n, n_codes), as the recipe's codes."""
        return np.asarray(self.data.targets[rows])

    def labelled(self, *splits: str) -> Rows:
        """Return the rows of these splits that are learned from and chosen on."""
        return self.data.where(*splits)

    def folds(self) -> tuple[Rows, Rows]:
        """Return the rows that are cross-validated over, and the fold of each."""
        part, rows = self.recipe.data, self.labelled(*self.recipe.data.cross_validate)
        groups = self.data.groups[rows]
        return rows, patient_folds(groups, self.targets(rows), part.folds, seed=self.recipe.seed)

    def records(self) -> dict[str, int]:
        """Return the number of records learned from, by data set."""
        found = count_records(self.data, self.labelled(*self.recipe.data.learn))
        return {name: found.get(name, 0) for name in self.recipe.data.datasets}

    def sets(self) -> list[tuple[PackedSet, Rows]]:
        """Return everything that is learned from, with the rows of it."""
        return [(self.data, self.labelled(*self.recipe.data.learn))]

    def fold_network(self, fold: int, folder: Path) -> Fitted:
        """Train the network that never saw the patients of a fold, or take it from a folder."""
        rows, folds = self.folds()
        held = folds == fold
        unseen = np.unique(self.data.groups[rows[held]])
        return self.train(
            Run(f"fold-{fold}", rows[~held], unseen, self.recipe.seed + 1 + fold), folder
        )

    def final_network(self, number: int, folder: Path) -> Fitted:
        """Train the ``number``-th network on the split that is learned from, or take it."""
        rows = self.labelled(*self.recipe.data.learn)
        seed = self.recipe.seed + 100 * number
        return self.train(Run(f"final-{number}", rows, _NOBODY, seed), folder)

    def train(self, run: Run, folder: Path) -> Fitted:
        """Train a network, or take it from a folder if it was made in the same way before."""
        simulation = self.recipe.simulation
        return fit_statements(
            self.recipe,
            self.data,
            run.rows,
            seed=run.seed,
            simulated=simulated_set(simulation, self.recipe.input) if simulation.share else None,
            keep=self.keep(run, folder),
        )

    def keep(self, run: Run, folder: Path) -> Keep:
        """Return where a run is kept, by everything that decides it."""
        recipe, data = self.recipe, self.data
        records = [f"{data.datasets[i]}/{data.records[i]}" for i in run.rows]
        given = recipe.input
        seen = (given.leads, given.fs_hz, given.high_pass_hz, given.low_pass_hz)
        parts = (recipe.model, seen, recipe.plain(), records, run.unseen.tolist(), run.seed)
        return Keep.of(folder, run.name, *parts)


@dataclass(eq=False)
class Material(Statements):
    """Everything that a recipe of several tasks names."""

    @cached_property
    def twelve(self) -> Pool:
        """Twelve-lead records of the splits that are learned from or cross-validated over."""
        return teach_waves(packed_pool(self.recipe.data.datasets, self.splits, self.recipe.input))

    @cached_property
    def single(self) -> Pool:
        """Records of the single-lead sets."""
        names = self.recipe.tasks.single_lead
        return teach_waves(single_lead_pool(names, self.splits, self.recipe.input), DELINEATED)

    @cached_property
    def beats(self) -> Pool:
        """Windows with a kind for every beat."""
        return teach_waves(mitdb_pool(self.splits, self.recipe.input))

    @cached_property
    def simulated(self) -> Pool | None:
        """Simulated records, if the recipe wants any."""
        part = self.recipe.simulation
        return simulated_pool(simulated_records(part, self.recipe.input)) if part.share else None

    @cached_property
    def noise(self) -> tuple[NDArray[np.float32], ...]:
        """Recorded noise."""
        return noise_set(self.recipe.input)

    def readable_single(self, *splits: str) -> NDArray[np.int64]:
        """Return the single-lead rows of these splits that are not marked as unreadable."""
        rows = self.single.data.where(*splits)
        return rows[self.single.handheld[rows] != HANDHELD.index("~")]

    def usual_sources(self) -> dict[str, tuple[Source, ...]]:
        """Return the records that say what is usual, on one lead, on a few, and on many.

        For one lead: hand-held records and lead I, and as many single leads of twelve; for more,
        the twelve-lead records.
        """
        learn = self.recipe.data.learn
        chosen = [s for s in self.recipe.data.cross_validate if s not in learn]
        twelve, held = self.labelled(*learn), self.labelled(*chosen)
        rng = np.random.default_rng(self.recipe.seed)
        single = rng.permutation(self.readable_single(*learn))[: twelve.size]
        hand = Source(self.single.data, single, self.readable_single(*chosen), ALL)

        def of_twelve(leads: Leads) -> Source:
            return Source(self.data, twelve, held, leads)

        return {
            "one": (hand, of_twelve(SINGLE)),
            "few": (of_twelve(FEW),),
            "many": (of_twelve(MANY),),
        }

    def sources(self, rows: NDArray[np.int64], unseen: NDArray[np.str_]) -> Sources:
        """Return what a network learns from.

        Parameters
        ----------
        rows : array of int64
            Of :attr:`twelve`.
        unseen : array of str
            Patients that must not be learned from, in whatever set they stand.
        """
        recipe = self.recipe
        single: list[tuple[Pool, NDArray[np.int64]]] = []
        for name in recipe.tasks.single_lead:
            single.append((self.single, self._learned_rows(self.single, name, unseen)))
        for name in recipe.tasks.beats:
            single.append((self.beats, self._learned_rows(self.beats, name, unseen)))
        return Sources(self.twelve, rows, self.simulated, tuple(single), self.noise)

    def _learned_rows(self, pool: Pool, name: str, unseen: NDArray[np.str_]) -> NDArray[np.int64]:
        rows = pool.data.where(*self.recipe.data.learn)
        rows = rows[pool.data.datasets[rows] == name]
        return rows[~np.isin(pool.data.groups[rows], unseen)]

    @property
    def data(self) -> PackedSet:
        """Twelve-lead records."""
        return self.twelve.data

    def targets(self, rows: Rows) -> NDArray[np.float32]:
        """Return all statements of twelve-lead rows, shape (n, 20), as ``NETWORK_CODES``."""
        return statement_targets(self.data)[rows]

    def labelled(self, *splits: str) -> Rows:
        """Return the twelve-lead rows of these splits of which any statement is known."""
        rows = self.data.where(*splits)
        return rows[(~np.isnan(self.targets(rows))).any(axis=1)]

    def records(self) -> dict[str, int]:
        """Return the number of records learned from, by data set."""
        tasks, found = self.recipe.tasks, super().records()
        for names, pool in ((tasks.single_lead, self.single), (tasks.beats, self.beats)):
            here = count_records(pool.data, pool.data.where(*self.recipe.data.learn))
            found |= {name: here.get(name, 0) for name in names}
        simulated = {"simulated": self.recipe.simulation.records}
        return found | (simulated if self.recipe.simulation.share else {})

    def sets(self) -> list[tuple[PackedSet, Rows]]:
        """Return everything that is learned from, with the rows of it."""
        more = (self.single.data, self.beats.data)
        return [*super().sets(), *((data, data.where(*self.recipe.data.learn)) for data in more)]

    def train(self, run: Run, folder: Path) -> Fitted:
        """Train a network, or take it from a folder if it was made in the same way before."""
        sources = self.sources(run.rows, run.unseen)
        return fit_tasks(self.recipe, sources, seed=run.seed, keep=self.keep(run, folder))


def teach_waves(pool: Pool, datasets: tuple[str, ...] | None = None) -> Pool:
    """Return a pool with the delineator's waves and intervals where no reader marked waves.

    ``datasets`` names the sets of the pool for which that is done; by default all.
    """
    rows = np.arange(len(pool))
    if datasets is not None:
        rows = np.flatnonzero(np.isin(pool.data.datasets, datasets))
    found = taught_waves(pool.data, rows)
    intervals = np.full((len(pool), len(INTERVALS)), np.nan, dtype=np.float32)
    intervals[rows] = found.intervals
    waves = {int(row): w[None] for row, w in zip(rows, found.waves, strict=True)}
    return replace(pool, waves=waves | pool.waves, intervals=intervals)


def statement_targets(data: PackedSet) -> NDArray[np.float32]:
    """Return the targets of all statements, shape (n, 20), as ``NETWORK_CODES``."""
    return np.concatenate([data.targets, data.further], axis=1)


def material_of(recipe: Recipe) -> Statements:
    """Return what a recipe's classifier learns from."""
    return Material(recipe) if recipe.task == DIAGNOSTIC else Statements(recipe)
