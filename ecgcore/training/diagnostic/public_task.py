"""A network for one label table of a public set in full: trained on its folds, its predictions."""

import csv
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.sharded import ShardedSet
from ecgcore.datasets.simulated import SimulationPart
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.inference.runner import prepared_logits
from ecgcore.training.diagnostic.data import Run, Statements
from ecgcore.training.diagnostic.recipe import Recipe


def pack_parameters(recipe: Recipe) -> PackParameters:
    """Return how recordings are prepared for a recipe's network."""
    given = recipe.input
    return PackParameters(
        fs_hz=given.fs_hz, high_pass_hz=given.high_pass_hz, low_pass_hz=given.low_pass_hz
    )


def task_recipe(recipe: Recipe, data: ShardedSet) -> Recipe:
    """Return a recipe with as many outputs as the task has classes, and without simulation.

    Simulated records have the project's own statements, not the task's.

    Raises
    ------
    InvalidArgumentError
        If the recipe's network has no argument ``n_labels``, or teaches further tasks.
    """
    if "n_labels" not in recipe.model.arguments or recipe.plain().get("tasks"):
        raise InvalidArgumentError(
            f"The recipe {recipe.name} is not for one label table; "
            "one like configs/core9.toml is needed."
        )
    arguments = {**recipe.model.arguments, "n_labels": len(data.codes)}
    model = replace(recipe.model, arguments=arguments)
    return replace(recipe, model=model, simulation=SimulationPart())


def train_task(recipe: Recipe, data: ShardedSet, keep: Path, *, seed: int) -> nn.Module:
    """Return a network trained on the training folds, on the CPU.

    Parameters
    ----------
    recipe : Recipe
        From :func:`task_recipe`.
    data : ShardedSet
        From :meth:`ecgcore.datasets.sharded.ShardedSet.for_task`.
    keep : Path
        Where the finished network is kept and found again.
    seed : int
    """
    material = Statements(recipe)
    material.__dict__["data"] = data
    run = Run(f"seed-{seed}", data.where("train"), np.array([], dtype=str), seed)
    return material.train(run, keep).network


def task_scores(
    network: nn.Module,
    data: ShardedSet,
    rows: NDArray[np.int64],
    contract: InputContract,
    *,
    step: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Return the probabilities of these records, not calibrated, shape (n, n_codes).

    Parameters
    ----------
    step : callable
        Called after each record.
    """
    scores = np.empty((rows.size, len(data.codes)))
    for place, row in enumerate(rows):
        logits = prepared_logits(network, data.signal(int(row)), contract)
        scores[place] = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        step()
    return scores


def write_scores(
    path: Path, data: ShardedSet, rows: NDArray[np.int64], scores: NDArray[np.float64]
) -> None:
    """Write a table as ``python -m ecgcore score`` reads it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(("record", *data.codes))
        for row, values in zip(rows, scores, strict=True):
            table.writerow((data.records[row], *(f"{value:.6g}" for value in values)))
    part.replace(path)
