"""From the single-lead recipe to students: teachers, kept networks, and scores.

Students of folds choose between losses; the final students learn from ``train`` alone, so that
``val`` can choose between seeds.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.training.single_lead.ask import N_SAID, Said, ask
from ecgcore.training.single_lead.data import LONG_KINDS, N_LEADS, Rows, SingleMaterial, SinglePool
from ecgcore.training.single_lead.recipe import SOUP, SingleRecipe
from ecgcore.training.single_lead.train import Answers, fit_single
from ecgcore.training.trainer import Fitted, Keep

OWN_LEAD = -1


def teacher_of(material: SingleMaterial, fold: int | None, folder: Path) -> LeadAttentionNet:
    """Return the base's network that never saw a fold's patients; None: its final one."""
    base, recipe = material.base, material.recipe.base
    kept = folder.parent / f"{recipe.name}-{recipe.version}"
    made = base.final_network(0, kept) if fold is None else base.fold_network(fold, kept)
    return made.network


def answers_of(material: SingleMaterial, folder: Path, fold: int | None = None) -> Answers:
    """Return what teachers say of the records that a student learns from.

    A final student's twelve-lead records are each answered by the network that never saw their
    patient, so that no answer is only remembered; a fold's, by the network that never saw that
    fold.  Records of one lead were learned from by all of them: their answers are the mean of
    these networks'.  Features, for the contrast, are one network's.
    """
    rows = learned_rows(material, fold)
    twelve = rows["twelve"]
    twelve = twelve[material.pool.complete[twelve].all(axis=1)]
    losses = material.recipe.losses
    logits = np.full((material.n_twelve, N_SAID), np.nan, dtype=np.float32)
    if not any("mkd" in loss or "clt" in loss for loss in losses):
        # Nobody asks.
        return Answers(_on(material, logits), _on(material, logits))
    folds = range(material.n_folds) if fold is None else (fold,)
    alone = np.concatenate([rows[kind] for kind in LONG_KINDS])
    own = []
    for number in folds:
        asked = twelve if fold is not None else twelve[_in_fold(material, twelve, number)]
        teacher = teacher_of(material, number, folder)
        logits[asked] = ask(teacher, material.pool, asked, range(N_LEADS)).statements
        if any("own" in loss for loss in losses):
            own.append(own_answers(teacher, material.pool, alone))
    features = _on(material, _features(material, folder, twelve, fold))
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
    inside = [material.fold_of_listener(str(groups[row])) == number for row in rows]
    return np.array(inside, dtype=np.bool_)


def _features(
    material: SingleMaterial, folder: Path, rows: Rows, fold: int | None
) -> NDArray[np.float32]:
    if not any("clt" in loss for loss in material.recipe.losses):
        return np.zeros((material.n_twelve, 1), dtype=np.float32)
    said = ask(teacher_of(material, fold, folder), material.pool, rows, range(N_LEADS))
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


def by_labels(material: SingleMaterial, run: Run, folder: Path) -> Fitted:
    """Train the first part of a student, by labels alone, or take it."""
    recipe = material.recipe
    return fit_single(
        recipe,
        material.pool,
        learned_rows(material, run.fold),
        recipe.student,
        seed=seed_of(recipe, run),
        keep=keep_of(recipe, f"labels-{run.place}", folder),
    )


def train_student(
    material: SingleMaterial, run: Run, answers: Callable[[], Answers], folder: Path
) -> Fitted:
    """Train a student to the end, or take it; teachers are asked if it has to be trained."""
    recipe = material.recipe
    if run.loss == SOUP:
        return mean_network(
            [train_student(material, replace(run, loss=p), answers, folder) for p in recipe.soup]
        )
    first = by_labels(material, run, folder)
    if run.loss == "labels":
        return first
    return fit_single(
        drop_unnamed_losses(recipe, run.loss),
        material.pool,
        learned_rows(material, run.fold),
        recipe.second,
        seed=seed_of(recipe, run) + 1,
        answers=answers_for(run.loss, answers),
        contrast="clt" in run.loss,
        start=first.network,
        keep=keep_of(recipe, run.name, folder),
    )


def mean_network(parts: Sequence[Fitted]) -> Fitted:
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
    losses = zip(*(part.losses for part in parts), strict=True)
    rounds = tuple({"loss": float(np.mean(each))} for each in losses)
    seconds, steps = sum(part.seconds for part in parts), sum(part.steps for part in parts)
    return Fitted(network.eval(), rounds, seconds, steps)


def answers_for(loss: str, answers: Callable[[], Answers]) -> Callable[[], Answers] | None:
    """Return what a student with this loss is told by teachers; None: nothing."""
    if loss in ("labels", "bce"):
        return None
    return answers if "own" in loss else lambda: replace(answers(), own=None)


def drop_unnamed_losses(recipe: SingleRecipe, loss: str) -> SingleRecipe:
    """Return the recipe with MKD switched off where a loss does not name it."""
    return recipe if "mkd" in loss else replace(recipe, weights=replace(recipe.weights, alpha=0.0))


def seed_of(recipe: SingleRecipe, run: Run) -> int:
    """Return the seed of a student's first part."""
    return recipe.seed + (1000 * (run.number + 1) if run.fold is None else 50 + 2 * run.fold)


def keep_of(recipe: SingleRecipe, name: str, folder: Path) -> Keep:
    """Return where a network of the recipe is kept."""
    return Keep.of(folder, name, name, recipe.plain())


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


def load_heard(
    material: SingleMaterial, run: Run, network: LeadAttentionNet, folder: Path
) -> Heard:
    """Return what :func:`ask_student` gives, made now or taken from a file beside the network's."""
    parts = material.recipe.soup if run.loss == SOUP else ()
    key = keep_of(material.recipe, " ".join((f"heard-{run.name}", *parts)), folder).key
    path = folder / f"heard-{run.name}.npz"
    if path.is_file():
        with np.load(path) as kept_arrays:
            if str(kept_arrays["key"]) == key:
                return _answers_from(kept_arrays)
    heard = ask_student(material, network, run.fold)
    arrays = {"key": np.array(key), "twelve": heard.twelve, "by_lead": heard.by_lead}
    for kind, (rows, said) in heard.single.items():
        arrays[f"{kind}.rows"] = rows
        arrays |= {f"{kind}.{name}": value for name, value in vars(said).items()}
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return heard


def _answers_from(arrays: Mapping[str, NDArray[Any]]) -> Heard:
    names = ("statements", "handheld", "features")
    single = {
        kind: (arrays[f"{kind}.rows"], Said(*(arrays[f"{kind}.{name}"] for name in names)))
        for kind in LONG_KINDS
    }
    return Heard(arrays["twelve"], arrays["by_lead"], single)


def ask_student(
    material: SingleMaterial, network: LeadAttentionNet, fold: int | None = None
) -> Heard:
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
