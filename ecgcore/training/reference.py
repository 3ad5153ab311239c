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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet
from ecgcore.statements import CORE_CODES
from ecgcore.training.expert_features import feature_matrix
from ecgcore.training.feature_models import fit_feature_model
from ecgcore.training.reference_data import Division, divisions, load_reference_data
from ecgcore.training.reference_loop import fit_reference, probabilities
from ecgcore.training.reference_recipe import CPSC2018, RESNET34, ReferenceRecipe
from ecgcore.training.reference_score import (
    choose,
    macro_f1,
    rounded,
    summary,
    test_figures,
    write_figures,
)

Predictions = tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]


def make_reference(recipe: ReferenceRecipe, results: Path, runs: Path) -> dict[str, Any]:
    """Run every seed and fold of a recipe that has no figures yet.

    Parameters
    ----------
    recipe : ReferenceRecipe
    results : Path
        Folder of the tables, ``NAME.csv`` or ``NAME-METHOD.csv``: a row a seed, fold and statement.
    runs : Path
        Folder for folds, checkpoints, predictions and each run's ``figures.json``.

    Returns
    -------
    dict
        The summary of each method: the network, or each feature model.
    """
    data = load_reference_data(recipe)
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

    recipe: ReferenceRecipe
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
        "made": rounded(facts),
        "validation_macro_f1": rounded(macro_f1(chosen)),
        "test": test_figures(data.targets[rows], test, data.groups[rows], chosen),
    }
    _write(path, figures)
    return figures


def _network(run: _Run, keep: Path) -> Predictions:
    recipe, data, division = run.recipe, run.data, run.division
    made = fit_reference(recipe, data, division, seed=run.seed, keep=keep)
    facts = {
        "training": {
            **recipe.plain()["training"],
            "learning_rate": f"{recipe.training.learning_rate:g}",
        },
        "epochs": len(made.state.epochs),
        "best_epoch": made.state.best_epoch,
        "history": made.state.epochs,
        "seconds": round(made.state.seconds),
        "parameters": sum(p.numel() for p in made.network.parameters()),
    }
    val = probabilities(made.network, data, division.val, recipe)
    return val, probabilities(made.network, data, division.test, recipe), facts


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


def _data_words(recipe: ReferenceRecipe, data: PackedSet, division: Division) -> dict[str, Any]:
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
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    for method, found in summaries.items():
        for figure in ("auc", "f1"):
            cells = [_words(found[figure][code]) for code in head[1:]]
            lines.append(f"| {method} {figure.upper()} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


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
