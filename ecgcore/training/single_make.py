"""From the single-lead recipe to networks: teachers, students, and what is kept of them.

A fold's teacher and student never saw its patients, in whatever set they stand; the final ones
learn from ``train`` alone, so that ``val`` can choose between losses and seeds.
"""

import hashlib
import json
import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.training.make import save_weights
from ecgcore.training.multi_make import Material
from ecgcore.training.pools import Pool
from ecgcore.training.single_ask import Said, ask, teachers_answers
from ecgcore.training.single_fit import (
    Answers,
    SinglePool,
    Trained,
    fit_single,
    network_of,
    single_pool,
)
from ecgcore.training.single_recipe import SingleRecipe
from ecgcore.training.transfer_fit import device_of

Rows = NDArray[np.int64]
Tell = Callable[[str], Callable[[int, float], None]]
OWN_LEAD = -1


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
        return single_pool(self.pools, self.base.noise, device_of())

    @property
    def n_twelve(self) -> int:
        """Twelve-lead records: the first rows of the pool."""
        return len(self.base.twelve)

    @cached_property
    def fold_of(self) -> dict[str, int]:
        """The fold of every patient, the same in every set."""
        rows, folds = self.base.folds()
        groups = self.base.twelve.data.groups
        known = {str(groups[row]): int(fold) for row, fold in zip(rows, folds, strict=True)}
        n = self.recipe.base.data.folds
        for pool in (self.base.twelve, self.base.single, self.base.beats):
            for group in np.unique(pool.data.groups):
                known.setdefault(str(group), zlib.crc32(str(group).encode()) % n)
        return known

    def rows(self, splits: Sequence[str], *, without: int | None = None) -> dict[str, Rows]:
        """Return rows of the pool of these splits by kind, without a fold's patients."""
        found = {
            "twelve": self._rows("twelve", "", splits, without),
            "cpsc": self._rows("single", "cpsc2018_lead1", splits, without),
            "cinc": self._rows("single", "cinc2017", splits, without),
            "beats": self._rows("beats", "", splits, without),
        }
        if self.base.simulated is not None:
            first = self.pool.first["simulated"]
            found["simulated"] = first + np.arange(len(self.base.simulated))
        return found

    def held(self, kind: str, fold: int) -> Rows:
        """Return the rows of a kind whose patients are in a fold."""
        names = {"cpsc": ("single", "cpsc2018_lead1"), "cinc": ("single", "cinc2017")}
        pool, dataset = names.get(kind, (kind, ""))
        splits = self.recipe.base.data.cross_validate
        rows = self._rows(pool, dataset, splits, None)
        data = self.pools[pool].data
        inside = [self.fold_of[str(data.groups[r - self.pool.first[pool]])] == fold for r in rows]
        return rows[np.array(inside, dtype=bool)]

    def _rows(self, name: str, dataset: str, splits: Sequence[str], without: int | None) -> Rows:
        data = self.pools[name].data
        rows = data.where(*splits)
        if dataset:
            rows = rows[data.datasets[rows] == dataset]
        if without is not None:
            rows = rows[[self.fold_of[str(group)] != without for group in data.groups[rows]]]
        return rows + self.pool.first[name]


@dataclass(frozen=True)
class Keep:
    """Where finished networks are kept, until when training may take, and who is told."""

    folder: Path
    tell: Tell
    deadline: float = math.inf


def fold_teacher(material: SingleMaterial, fold: int, keep: Keep) -> Trained:
    """Train the teacher that never saw a fold's patients, or take it."""
    rows = material.rows(material.recipe.base.data.cross_validate, without=fold)
    return _teacher(material, f"teacher-fold-{fold}", rows, material.recipe.seed + 1 + fold, keep)


def final_teacher(material: SingleMaterial, number: int, keep: Keep) -> Trained:
    """Train the ``number``-th teacher on what is learned from, or take it."""
    rows = material.rows(material.recipe.base.data.learn)
    seed = material.recipe.seed + 100 * (number + 1)
    return _teacher(material, f"teacher-final-{number}", rows, seed, keep)


def _teacher(
    material: SingleMaterial, name: str, rows: dict[str, Rows], seed: int, keep: Keep
) -> Trained:
    def make() -> Trained:
        return fit_single(
            material.recipe,
            material.pool,
            rows,
            teacher=True,
            seed=seed,
            deadline=keep.deadline,
            report=keep.tell(name),
        )

    return kept(material.recipe, name, keep.folder, make, teacher=True)


def fold_answers(material: SingleMaterial, fold: int, teacher: LeadAttentionNet) -> Answers:
    """Return what a fold's teacher says of the records that its student learns from."""
    rows = material.rows(material.recipe.base.data.cross_validate, without=fold)["twelve"]
    return _answers(material, rows, [teacher])


def final_answers(material: SingleMaterial, teachers: Sequence[LeadAttentionNet]) -> Answers:
    """Return what the final teachers say of the records learned from."""
    return _answers(material, material.rows(material.recipe.base.data.learn)["twelve"], teachers)


def _answers(material: SingleMaterial, rows: Rows, teachers: Sequence[LeadAttentionNet]) -> Answers:
    whole = rows[material.pool.complete[rows].all(axis=1)]
    return teachers_answers(teachers, material.pool, whole, material.n_twelve)


def fold_student(
    material: SingleMaterial, fold: int, answers: Answers, loss: str, keep: Keep
) -> Trained:
    """Train the student that never saw a fold's patients, or take it."""
    rows = material.rows(material.recipe.base.data.cross_validate, without=fold)
    seed = material.recipe.seed + 51 + fold
    return _student(material, f"student-{loss}-fold-{fold}", rows, (seed, loss, answers), keep)


def final_student(
    material: SingleMaterial, number: int, answers: Answers, loss: str, keep: Keep
) -> Trained:
    """Train a student on what is learned from, with a seed and a loss, or take it."""
    rows = material.rows(material.recipe.base.data.learn)
    seed = material.recipe.seed + 1000 * (number + 1)
    return _student(material, f"student-{loss}-seed-{number}", rows, (seed, loss, answers), keep)


def _student(
    material: SingleMaterial,
    name: str,
    rows: dict[str, Rows],
    how: tuple[int, str, Answers],
    keep: Keep,
) -> Trained:
    seed, loss, answers = how

    def make() -> Trained:
        return fit_single(
            material.recipe,
            material.pool,
            rows,
            teacher=False,
            seed=seed,
            answers=None if loss == "bce" else answers,
            contrast=loss == "mkd+clt",
            deadline=keep.deadline,
            report=keep.tell(name),
        )

    return kept(material.recipe, name, keep.folder, make, teacher=False)


def kept(
    recipe: SingleRecipe, name: str, folder: Path, make: Callable[[], Trained], *, teacher: bool
) -> Trained:
    """Return a network made now, or taken from a folder if it was made by the same recipe."""
    key = hashlib.sha256(repr((name, recipe.plain())).encode()).hexdigest()
    state, path = folder / f"{name}.json", folder / f"{name}.safetensors"
    if state.is_file() and path.is_file():
        told = json.loads(state.read_text(encoding="utf-8"))
        if told["key"] == key:
            arguments = recipe.teacher_arguments if teacher else recipe.student_arguments
            network = network_of(arguments)
            network.load_state_dict(safetensors.torch.load_file(path), strict=True)
            losses = tuple(told["losses"])
            return Trained(network.eval(), losses, told["seconds"], told["steps"])
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(made.network, path)
    told = {"key": key, "losses": made.losses, "seconds": made.seconds, "steps": made.steps}
    state.write_text(json.dumps(told), encoding="utf-8")
    return made


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """What a fold's student says of the fold it never saw.

    Attributes
    ----------
    twelve : Rows
        Twelve-lead rows, with any statement known.
    by_lead : array, shape (12, n, 25)
    single : dict of str to (Rows, Said)
        ``cpsc``, ``cinc`` and ``beats``, each on the lead it has.
    """

    twelve: Rows
    by_lead: NDArray[np.float32]
    single: dict[str, tuple[Rows, Said]]


def said_of_fold(material: SingleMaterial, fold: int, network: LeadAttentionNet) -> OutOfFold:
    """Ask a student about the patients of a fold, on every lead by itself."""
    rows = material.held("twelve", fold)
    known = ~torch.isnan(material.pool.pool.statements).all(dim=1).cpu().numpy()
    rows = rows[known[rows]]
    by_lead = [ask(network, material.pool, rows, [k]).statements for k in range(len(STANDARD_12))]
    single = {}
    for kind in ("cpsc", "cinc", "beats"):
        held = material.held(kind, fold)
        single[kind] = (held, ask(network, material.pool, held, [OWN_LEAD]))
    return OutOfFold(rows, np.stack(by_lead), single)
