"""The published system of Zhang et al. as a reference: from a recipe to figures.

A network (:mod:`ecgcore.models.resnet34`) or four feature models on 636 expert features; on
CPSC 2018 in full, in ten seeded folds (8 to learn from, 1 to choose on, 1 to measure on), or on
the project's fixed splits.  Figures go to one table a method; weights, predictions and all that is
known of each run stay in the folder of runs.

Notes
-----
What is known to go wrong with the published code, and what is done here:

- Its folds are drawn without a seed and differ from machine to machine: here each seed draws its
  own, and the file of runs holds them.
- The epoch and the thresholds come from the validation records alone; test is predicted once, by
  the network that was chosen.
- Its thresholds are applied with "above" where they are chosen and "at or above" on test: here it
  is "at or above" in both.
- Its published F1 is a mean over splits, not 2PR/(P+R) of the published means: the summary here
  is the mean over seeds and folds, each kept in its own file.
- A record of 10 s is two thirds zeros: no figure here averages over time; whoever explains this
  network must leave the padding out.
- Its explanations take their background from all folds; none is made here.

Deviations where the data are the project's own: statements that a record cannot tell are left out
of loss, thresholds and figures (CPSC 2018 has none); other rates are resampled to 500 Hz; records
whose voltage is lost go in as they are, divided by each lead's standard deviation, several times
as large as millivolts; absent samples are zero.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet, data_root, load_index, pack
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.public import open_public
from ecgcore.datasets.public_challenge import CPSC_TASK
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.side_words import table
from ecgcore.statements import CORE_CODES
from reproductions.expert_features import feature_matrix
from reproductions.feature_models import fit_feature_model
from reproductions.scores import (
    choose,
    macro_f1,
    round_figures,
    summary,
    test_figures,
    write_figures,
)
from reproductions.zhang_recipe import CPSC2018, SPLITS, ZhangRecipe
from reproductions.zhang_train import (
    FS_HZ,
    RESNET34,
    Division,
    fit_resnet34,
    probabilities,
)

N_FOLDS = 10
CPSC_SET = "cpsc_2018"
Predictions = tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]


def compare_zhang(recipe: ZhangRecipe, results: Path, runs: Path) -> dict[str, Any]:
    """Run every seed and fold of a recipe that has no figures yet.

    Parameters
    ----------
    recipe : ZhangRecipe
    results : Path
        Folder of the tables, ``NAME.csv`` or ``NAME-METHOD.csv``: a row a seed, fold and statement.
    runs : Path
        Folder for folds, checkpoints, predictions and each run's ``figures.json``.

    Returns
    -------
    dict
        The summary of each method: the network, or each feature model.
    """
    data = load_records(recipe)
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in recipe.seeds:
        for division in divisions(recipe, data, seed):
            for method in (RESNET34,) if recipe.kind == RESNET34 else recipe.models:
                run = _Run(recipe, data, division, seed, method)
                found.setdefault(method, []).append(_figures(run, runs))
                write_figures(results / f"{run.family}.csv", found[method])
    return {name: summary([each["test"] for each in made]) for name, made in found.items()}


@dataclass(frozen=True, eq=False)
class _Run:
    """One method with one seed on one division of the records."""

    recipe: ZhangRecipe
    data: PackedSet
    division: Division
    seed: int
    method: str

    @property
    def family(self) -> str:
        name = self.recipe.name
        return name if self.method == RESNET34 else f"{name}-{self.method}"

    @property
    def name(self) -> str:
        fold = f"-{self.division.name}" if self.division.name else ""
        return f"{self.family}-seed{self.seed}{fold}"

    def records(self, rows: NDArray[np.int64]) -> list[str]:
        return [f"{self.data.datasets[i]}/{self.data.records[i]}" for i in rows]

    def key(self) -> str:
        """Return the digest of everything that decides the figures."""
        epochs = self.recipe.training.epochs if self.method == RESNET34 else 0
        parts = [repr(self.recipe.plain()), self.method, str(self.seed), str(epochs)]
        for rows in (self.division.train, self.division.val, self.division.test):
            parts += self.records(rows)
            parts.append(hashlib.sha256(self.data.targets[rows].tobytes()).hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _figures(run: _Run, runs: Path) -> dict[str, Any]:
    """Return a run's figures, made now or taken from its file."""
    keep, key = runs / run.name, run.key()
    path = keep / "figures.json"
    if path.is_file():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if kept.get("key") == key:
            return kept
    data, division = run.data, run.division
    sys.stderr.write(f"{run.name}: {division.train.size} records to learn from\n")
    _write(keep / "division.json", _division_plain(run))
    val, test, facts = (_network if run.method == RESNET34 else _feature_model)(run, keep)
    chosen = choose(data.targets[division.val], val)
    rows = division.test
    np.savez(keep / "test.npz", records=np.array(run.records(rows)), probabilities=test)
    figures = {
        "key": key,
        "name": run.name,
        "method": run.method,
        "seed": run.seed,
        "fold": division.name,
        "data": _data_words(run.recipe, data, division),
        "notes": list(run.recipe.notes),
        "made": round_figures(facts),
        "validation_macro_f1": round_figures(macro_f1(chosen)),
        "test": test_figures(data.targets[rows], test, data.groups[rows], chosen),
    }
    _write(path, figures)
    return figures


def _network(run: _Run, keep: Path) -> Predictions:
    recipe, data, division = run.recipe, run.data, run.division
    made = fit_resnet34(
        recipe.arguments,
        recipe.training,
        data,
        division,
        figure=validation_f1,
        seed=run.seed,
        folder=keep,
    )
    facts = {
        "training": {
            **recipe.plain()["training"],
            "learning_rate": f"{recipe.training.learning_rate:g}",
        },
        "epochs": len(made.rounds),
        "best_epoch": made.best,
        "history": [{"loss": each["loss"], "val_macro_f1": each["figure"]} for each in made.rounds],
        "seconds": round(made.seconds),
        "parameters": sum(p.numel() for p in made.network.parameters()),
    }
    val, test = (
        probabilities(made.network, data, rows, recipe.training)
        for rows in (division.val, division.test)
    )
    return val, test, facts


def validation_f1(targets: NDArray[np.float32], found: NDArray[np.float64]) -> float:
    """Return the macro F1 at the best thresholds of the grid."""
    return macro_f1(choose(targets, found))


def _feature_model(run: _Run, _keep: Path) -> Predictions:
    features = feature_matrix(run.data)
    learned = run.division.train
    started = time.monotonic()
    model = fit_feature_model(
        run.method, features[learned], run.data.targets[learned], seed=run.seed
    )
    facts = {
        "features": int(features.shape[1]),
        "seconds": round(time.monotonic() - started),
        "warnings": list(model.notes),
    }
    val, test = features[run.division.val], features[run.division.test]
    return model.probabilities(val), model.probabilities(test), facts


def _division_plain(run: _Run) -> dict[str, list[str]]:
    return {part: run.records(getattr(run.division, part)) for part in ("train", "val", "test")}


def _data_words(recipe: ZhangRecipe, data: PackedSet, division: Division) -> dict[str, Any]:
    positives = (data.targets[division.train] == 1).sum(axis=0)
    source = "CPSC 2018, ten seeded folds" if recipe.data.source == CPSC2018 else "fixed splits"
    return {
        "source": source,
        "datasets": sorted(set(data.datasets.tolist())),
        "train": int(division.train.size),
        "val": int(division.val.size),
        "test": int(division.test.size),
        "train_positives": {c: int(n) for c, n in zip(CORE_CODES, positives, strict=True)},
    }


def summary_table(summaries: Mapping[str, Any]) -> str:
    """Return AUC and F1 by statement, a method a row, as a Markdown table."""
    head = ("", *CORE_CODES, "mean")
    rows = [
        [f"{method} {figure.upper()}", *(_words(found[figure][code]) for code in head[1:])]
        for method, found in summaries.items()
        for figure in ("auc", "f1")
    ]
    return table(head, rows)


def _words(spread: Mapping[str, float | None]) -> str:
    if spread["mean"] is None:
        return "-"
    sd = "" if spread["sd"] is None else f" (SD {spread['sd']:.3f})"
    return f"{spread['mean']:.3f}{sd}"


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


# ---- records -------------------------------------------------------------------------------


def load_records(recipe: ZhangRecipe) -> PackedSet:
    """Return the recipe's records at 500 Hz, unfiltered, as long as they are.

    The published data are at 500 Hz throughout; what is not is resampled.  CPSC 2018 comes with
    its nine classes as they are coded, nothing masked.

    Raises
    ------
    DatasetError
        If the recordings are not there or one cannot be read.
    """
    if recipe.data.source == SPLITS:
        entries = load_index(data_root(), datasets=recipe.data.datasets)
        return pack(entries, fs_hz=FS_HZ, high_pass_hz=None, low_pass_hz=None)
    folder = Path(recipe.data.folder).expanduser() if recipe.data.folder else None
    unfiltered = PackParameters(FS_HZ, None, None, None)
    return open_public(CPSC_SET, folder, parameters=unfiltered).for_task(CPSC_TASK)


def divisions(recipe: ZhangRecipe, data: PackedSet, seed: int) -> Iterator[Division]:
    """Yield the fixed splits, or the wanted rotations of ten folds: 8 learned from, 1, 1."""
    if recipe.data.source == SPLITS:
        yield Division("", data.where("train"), data.where("val"), data.where("test"))
        return
    fold = ten_folds(data.groups, seed)
    for k in recipe.data.folds:
        test, val = fold == k, fold == (k + 1) % N_FOLDS
        yield Division(
            f"fold{k}",
            np.flatnonzero(~test & ~val),
            np.flatnonzero(val),
            np.flatnonzero(test),
        )


def ten_folds(groups: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: patients in a seeded random order, dealt out in turn.

    Raises
    ------
    InvalidArgumentError
        If there are fewer patients than folds.
    """
    names, patient = np.unique(groups, return_inverse=True)
    if names.size < N_FOLDS:
        raise InvalidArgumentError(f"There are {names.size} patients for {N_FOLDS} folds.")
    dealt = np.empty(names.size, dtype=np.int64)
    dealt[np.random.default_rng(seed).permutation(names.size)] = np.arange(names.size) % N_FOLDS
    return dealt[patient]
