"""From the single-lead recipe to students: what they learn from, and what is kept of them.

A fold's teacher and student never saw its patients, in whatever set they stand, and choose between
losses; the final students learn from ``train`` alone, so that ``val`` can choose between seeds.
"""

import copy
import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.training.loop import Progress
from ecgcore.training.make import save_weights, told
from ecgcore.training.multi_make import Material, final_network, fold_network
from ecgcore.training.pools import Pool
from ecgcore.training.recipe import Recipe
from ecgcore.training.single_ask import N_SAID, Said, ask, teacher_logits
from ecgcore.training.single_fit import (
    LONG_KINDS,
    VIEWS,
    Answers,
    SinglePool,
    Trained,
    fit_single,
    network_of,
    single_pool,
)
from ecgcore.training.single_recipe import SOUP, SingleRecipe
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

    def fold_to_hear(self, group: str) -> int:
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
        inside = [self.fold_to_hear(str(data.groups[row - first])) == fold for row in rows]
        return rows[np.array(inside, dtype=bool)]

    def _rows(self, name: str, dataset: str, splits: Sequence[str], without: int | None) -> Rows:
        data = self.pools[name].data
        rows = data.where(*splits)
        if dataset:
            rows = rows[data.datasets[rows] == dataset]
        if without is not None:
            rows = rows[[self.fold_of.get(str(g)) != without for g in data.groups[rows]]]
        return rows + self.pool.first[name]


@dataclass(frozen=True)
class Keep:
    """Where finished networks are kept, those of the base beside them, and who is told."""

    folder: Path
    tell: Tell
    base_tell: Callable[[str], Callable[[Progress], None]] = told

    def base_folder(self, recipe: Recipe) -> Path:
        """Return where the networks of the base are kept."""
        return self.folder.parent / f"{recipe.name}-{recipe.version}"


def teacher_of(material: SingleMaterial, fold: int | None, keep: Keep) -> LeadAttentionNet:
    """Return the base's network that never saw a fold's patients; None: its final one."""
    base, folder = material.base, keep.base_folder(material.recipe.base)
    if fold is None:
        found = final_network(base, 0, folder, keep.base_tell).network
    else:
        found = fold_network(base, fold, folder, keep.base_tell).network
    if not isinstance(found, LeadAttentionNet):
        raise InvalidArgumentError("The teacher must be a network that names its features.")
    return found


def answers_of(material: SingleMaterial, keep: Keep, fold: int | None = None) -> Answers:
    """Return what teachers say of the records that a student learns from.

    A final student's twelve-lead records are each answered by the network that never saw their
    patient, so that no answer is only remembered; a fold's, by the network that never saw that
    fold.  Records of one lead were learned from by all of them: their answers are the mean of
    these networks'.  Features, for the contrast, are one network's.
    """
    rows = learned_rows(material, fold)
    twelve = rows["twelve"]
    twelve = twelve[material.pool.complete[twelve].all(axis=1)]
    losses, views = material.recipe.losses, material.recipe.views
    logits = np.full((material.n_twelve, N_SAID), np.nan, dtype=np.float32)
    if not any("mkd" in loss or "clt" in loss for loss in losses):
        # Nobody asks.
        return Answers(_on(material, logits), _on(material, logits))
    folds = range(material.n_folds) if fold is None else (fold,)
    alone = np.concatenate([rows[kind] for kind in LONG_KINDS])
    own = []
    for number in folds:
        asked = twelve if fold is not None else twelve[_in_fold(material, twelve, number)]
        teacher = teacher_of(material, number, keep)
        logits[asked] = teacher_logits(teacher, material.pool, asked, views)
        if any("own" in loss for loss in losses):
            own.append(own_answers(teacher, material.pool, alone))
    features = _on(material, _features(material, keep, twelve, fold))
    if not own:
        return Answers(_on(material, logits), features)
    every = np.full((len(material.pool.pool), own[0].shape[1]), np.nan, dtype=np.float32)
    every[alone] = np.mean(own, axis=0)
    return Answers(_on(material, logits), features, _on(material, every))


def own_answers(teacher: LeadAttentionNet, pool: SinglePool, rows: Rows) -> NDArray[np.float32]:
    """Return what a teacher says of the one lead of records: (n, 25) and the hand-held classes."""
    said = ask(teacher, pool, rows, [OWN_LEAD])
    return np.concatenate([said.statements, said.handheld], axis=1)


def _in_fold(material: SingleMaterial, rows: Rows, number: int) -> NDArray[np.bool_]:
    groups = material.base.twelve.data.groups
    inside = [material.fold_to_hear(str(groups[row])) == number for row in rows]
    return np.array(inside, dtype=np.bool_)


def _features(
    material: SingleMaterial, keep: Keep, rows: Rows, fold: int | None
) -> NDArray[np.float32]:
    if not any("clt" in loss for loss in material.recipe.losses):
        return np.zeros((material.n_twelve, 1), dtype=np.float32)
    said = ask(teacher_of(material, fold, keep), material.pool, rows, VIEWS["12 leads"])
    out = np.full((material.n_twelve, said.features.shape[1]), np.nan, dtype=np.float32)
    out[rows] = said.features
    return out


def _on(material: SingleMaterial, values: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(values).to(material.pool.pool.device)


def learned_rows(material: SingleMaterial, fold: int | None = None) -> dict[str, Rows]:
    """Return what is learned from: the recipe's splits, or all but a fold's patients."""
    data = material.recipe.base.data
    if fold is None:
        return material.rows(data.learn)
    return material.rows(data.cross_validate, without=fold)


@dataclass(frozen=True, eq=False)
class Run:
    """One student: its seed, the fold it never sees (None: the final one), and its losses."""

    number: int
    loss: str
    fold: int | None = None

    @property
    def place(self) -> str:
        """Seed or fold, for names."""
        return f"seed-{self.number}" if self.fold is None else f"fold-{self.fold}"

    @property
    def name(self) -> str:
        """Of the files in which the student is kept."""
        part = "labels" if self.loss == "labels" else f"student-{self.loss}"
        return f"{part}-{self.place}"


def by_labels(material: SingleMaterial, run: Run, keep: Keep) -> Trained:
    """Train the first part of a student, by labels alone, or take it."""
    recipe, name = material.recipe, f"labels-{run.place}"
    rows, seed = learned_rows(material, run.fold), seed_of(recipe, run)

    def make() -> Trained:
        report = keep.tell(name)
        return fit_single(recipe, material.pool, rows, recipe.student, seed=seed, report=report)

    return kept(recipe, name, keep.folder, make)


def student_of(
    material: SingleMaterial, run: Run, answers: Callable[[], Answers], keep: Keep
) -> Trained:
    """Train a student to the end, or take it; teachers are asked if it has to be trained."""
    recipe, name = material.recipe, run.name
    if run.loss == SOUP:
        parts = [
            student_of(material, replace(run, loss=loss), answers, keep) for loss in recipe.soup
        ]
        return soup_of(parts)
    first = by_labels(material, run, keep)
    if run.loss == "labels":
        return first
    start = first.network

    def make() -> Trained:
        return fit_single(
            told_by(recipe, run.loss),
            material.pool,
            learned_rows(material, run.fold),
            recipe.second,
            seed=seed_of(recipe, run) + 1,
            answers=heard_by(run.loss, answers),
            contrast="clt" in run.loss,
            start=start,
            report=keep.tell(name),
        )

    return kept(recipe, name, keep.folder, make)


def soup_of(parts: Sequence[Trained]) -> Trained:
    """Return the network of the mean weights of networks that were trained on from one start.

    Wortsman et al., Model soups, ICML 2022.
    """
    network = copy.deepcopy(parts[0].network)
    states = [part.network.state_dict() for part in parts]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(dim=0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    network.load_state_dict(mean, strict=True)
    losses = tuple(float(np.mean(each)) for each in zip(*(p.losses for p in parts), strict=True))
    seconds, steps = sum(part.seconds for part in parts), sum(part.steps for part in parts)
    return Trained(network.eval(), losses, seconds, steps)


def heard_by(loss: str, answers: Callable[[], Answers]) -> Answers | None:
    """Return what a student with this loss is told by teachers; None: nothing."""
    if loss in ("labels", "bce"):
        return None
    return answers() if "own" in loss else replace(answers(), own=None)


def told_by(recipe: SingleRecipe, loss: str) -> SingleRecipe:
    """Return the recipe with MKD switched off where a loss does not name it."""
    return recipe if "mkd" in loss else replace(recipe, weights=replace(recipe.weights, alpha=0.0))


def seed_of(recipe: SingleRecipe, run: Run) -> int:
    """Return the seed of a student's first part."""
    return recipe.seed + (1000 * (run.number + 1) if run.fold is None else 50 + 2 * run.fold)


def _digest(recipe: SingleRecipe, name: str) -> str:
    return hashlib.sha256(repr((name, recipe.plain())).encode()).hexdigest()


def kept(recipe: SingleRecipe, name: str, folder: Path, make: Callable[[], Trained]) -> Trained:
    """Return a network made now, or taken from a folder if it was made by the same recipe."""
    key = _digest(recipe, name)
    state, path = folder / f"{name}.json", folder / f"{name}.safetensors"
    if state.is_file() and path.is_file():
        kept_facts = json.loads(state.read_text(encoding="utf-8"))
        if kept_facts["key"] == key:
            network = network_of(recipe.arguments)
            network.load_state_dict(safetensors.torch.load_file(path), strict=True)
            losses = tuple(kept_facts["losses"])
            seconds, steps = kept_facts["seconds"], kept_facts["steps"]
            return Trained(network.eval(), losses, seconds, steps)
    made = make()
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(made.network, path)
    facts = {"key": key, "losses": made.losses, "seconds": made.seconds, "steps": made.steps}
    state.write_text(json.dumps(facts), encoding="utf-8")
    return made


@dataclass(frozen=True, eq=False)
class Heard:
    """What a student says of records that it did not learn from.

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


def kept_heard(material: SingleMaterial, run: Run, network: LeadAttentionNet, keep: Keep) -> Heard:
    """Return what :func:`heard_of` gives, made now or taken from a file beside the network's."""
    parts = material.recipe.soup if run.loss == SOUP else ()
    key = _digest(material.recipe, " ".join((f"heard-{run.name}", *parts)))
    path = keep.folder / f"heard-{run.name}.npz"
    if path.is_file():
        with np.load(path) as kept_arrays:
            if str(kept_arrays["key"]) == key:
                return _heard_from(kept_arrays)
    heard = heard_of(material, network, run.fold)
    arrays = {"key": np.array(key), "twelve": heard.twelve, "by_lead": heard.by_lead}
    for kind, (rows, said) in heard.single.items():
        arrays[f"{kind}.rows"] = rows
        arrays |= {f"{kind}.{name}": value for name, value in vars(said).items()}
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return heard


def _heard_from(arrays: Mapping[str, NDArray[Any]]) -> Heard:
    names = ("statements", "handheld", "features")
    single = {
        kind: (arrays[f"{kind}.rows"], Said(*(arrays[f"{kind}.{name}"] for name in names)))
        for kind in LONG_KINDS
    }
    return Heard(arrays["twelve"], arrays["by_lead"], single)


def heard_of(material: SingleMaterial, network: LeadAttentionNet, fold: int | None = None) -> Heard:
    """Ask a student about a fold's patients (None: about val), on every lead by itself."""
    kinds = ("twelve", "cpsc", "cinc", "beats")
    if fold is None:
        held = material.rows(("val",))
    else:
        held = {kind: material.held(kind, fold) for kind in kinds}
    rows = held["twelve"]
    known = ~torch.isnan(material.pool.pool.statements).all(dim=1).cpu().numpy()
    rows = rows[known[rows]]
    by_lead = [ask(network, material.pool, rows, [k]).statements for k in range(len(STANDARD_12))]
    single = {
        kind: (held[kind], ask(network, material.pool, held[kind], [OWN_LEAD]))
        for kind in kinds[1:]
    }
    return Heard(rows, np.stack(by_lead), single)
