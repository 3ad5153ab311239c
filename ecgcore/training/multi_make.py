"""From a multi-task recipe to networks: what they learn from, folds, and what is kept of them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors.torch
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet, patient_folds
from ecgcore.models import HANDHELD, INTERVALS, build
from ecgcore.training.loop import Fitted, Progress
from ecgcore.training.make import save_weights
from ecgcore.training.multi_loop import Sources, fit_tasks
from ecgcore.training.pools import (
    Pool,
    mitdb_pool,
    packed_pool,
    simulated_pool,
    single_lead_pool,
)
from ecgcore.training.recipe import Recipe
from ecgcore.training.simulated import simulated_records
from ecgcore.training.wave_data import noise_set
from ecgcore.training.wave_teaching import taught_waves

# Of the single-lead sets; hand-held records are many and noisy.
DELINEATED = ("cpsc2018_lead1",)
_Tell = Callable[[str], Callable[[Progress], None]]


@dataclass(eq=False)
class Material:
    """Everything a recipe names, without the test split, read when first asked for."""

    recipe: Recipe

    @cached_property
    def twelve(self) -> Pool:
        """Twelve-lead records of the splits that are learned from or cross-validated over."""
        return taught(packed_pool(self.recipe.data.datasets, self._splits, self.recipe.input))

    @cached_property
    def single(self) -> Pool:
        """Records of the single-lead sets."""
        names = self.recipe.tasks.single_lead
        return taught(single_lead_pool(names, self._splits, self.recipe.input), DELINEATED)

    @cached_property
    def beats(self) -> Pool:
        """Windows with a kind for every beat."""
        return taught(mitdb_pool(self._splits, self.recipe.input))

    @cached_property
    def simulated(self) -> Pool | None:
        """Simulated records, if the recipe wants any."""
        part = self.recipe.simulation
        return simulated_pool(simulated_records(part, self.recipe.input)) if part.share else None

    @cached_property
    def noise(self) -> tuple[NDArray[np.float32], ...]:
        """Recorded noise."""
        return noise_set(self.recipe.input)

    @property
    def _splits(self) -> tuple[str, ...]:
        wanted = {*self.recipe.data.learn, *self.recipe.data.cross_validate}
        return tuple(sorted(wanted))

    def labelled(self, *splits: str) -> NDArray[np.int64]:
        """Return the twelve-lead rows of these splits of which any statement is known."""
        data = self.twelve.data
        rows = data.where(*splits)
        return rows[(~np.isnan(statement_targets(data)[rows])).any(axis=1)]

    def readable_single(self, *splits: str) -> NDArray[np.int64]:
        """Return the single-lead rows of these splits that are not marked as unreadable."""
        rows = self.single.data.where(*splits)
        return rows[self.single.handheld[rows] != HANDHELD.index("~")]

    def folds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows that are cross-validated over, and the fold of each."""
        rows = self.labelled(*self.recipe.data.cross_validate)
        targets = statement_targets(self.twelve.data)[rows]
        groups = self.twelve.data.groups[rows]
        return rows, patient_folds(groups, targets, self.recipe.data.folds, seed=self.recipe.seed)

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
            single.append((self.single, self._learned(self.single, name, unseen)))
        for name in recipe.tasks.beats:
            single.append((self.beats, self._learned(self.beats, name, unseen)))
        return Sources(self.twelve, rows, self.simulated, tuple(single), self.noise)

    def _learned(self, pool: Pool, name: str, unseen: NDArray[np.str_]) -> NDArray[np.int64]:
        rows = pool.data.where(*self.recipe.data.learn)
        rows = rows[pool.data.datasets[rows] == name]
        return rows[~np.isin(pool.data.groups[rows], unseen)]


def taught(pool: Pool, datasets: tuple[str, ...] | None = None) -> Pool:
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


def fold_network(material: Material, fold: int, keep: Path, tell: _Tell) -> Fitted:
    """Train the network that never saw the patients of a fold, or take it from ``keep``."""
    rows, folds = material.folds()
    held = folds == fold
    unseen = np.unique(material.twelve.data.groups[rows[held]])
    run = Run(f"fold-{fold}", rows[~held], unseen, material.recipe.seed + 1 + fold)
    return trained(material, run, keep, tell)


def final_network(material: Material, number: int, keep: Path, tell: _Tell) -> Fitted:
    """Train the ``number``-th network on the split that is learned from, or take it."""
    rows = material.labelled(*material.recipe.data.learn)
    seed = material.recipe.seed + 100 * number
    run = Run(f"final-{number}", rows, np.array([], dtype=str), seed)
    return trained(material, run, keep, tell)


@dataclass(frozen=True, eq=False)
class Run:
    """One training: its name, the twelve-lead rows, patients it must not see, and the seed."""

    name: str
    rows: NDArray[np.int64]
    unseen: NDArray[np.str_]
    seed: int


def trained(material: Material, run: Run, keep: Path, tell: _Tell) -> Fitted:
    """Train a network, or take it from ``keep`` if it was made in the same way before."""
    recipe = material.recipe
    key = _key(material, run)
    state, path = keep / f"{run.name}.json", keep / f"{run.name}.safetensors"
    if state.is_file() and path.is_file():
        kept = json.loads(state.read_text(encoding="utf-8"))
        if kept["key"] == key:
            network = build(recipe.model.architecture, recipe.model.arguments)
            network.load_state_dict(safetensors.torch.load_file(path), strict=True)
            return Fitted(network.eval(), tuple(kept["losses"]), kept["seconds"])
    sources = material.sources(run.rows, run.unseen)
    fitted = fit_tasks(recipe, sources, seed=run.seed, report=tell(run.name))
    keep.mkdir(parents=True, exist_ok=True)
    save_weights(fitted.network, path)
    kept = {"key": key, "losses": fitted.losses, "seconds": fitted.seconds}
    state.write_text(json.dumps(kept), encoding="utf-8")
    return fitted


def _key(material: Material, run: Run) -> str:
    recipe, data, rows = material.recipe, material.twelve.data, run.rows
    records = [f"{d}/{r}" for d, r in zip(data.datasets[rows], data.records[rows], strict=True)]
    given = recipe.input
    seen = (given.leads, given.fs_hz, given.high_pass_hz, given.low_pass_hz)
    decides = repr((recipe.model, seen, recipe.plain(), records, run.unseen.tolist(), run.seed))
    return hashlib.sha256(decides.encode()).hexdigest()
