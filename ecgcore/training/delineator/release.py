"""From the delineator's recipe to its model folder."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import torch

from ecgcore.checks import Among, Within
from ecgcore.datasets.nstdb import KINDS
from ecgcore.datasets.pools import noise_set
from ecgcore.evaluation.model_folder import list_sources, release_network
from ecgcore.inference.card import WAVES, InputContract, LabelRule, ModelCard
from ecgcore.models import WAVE_LABELS, build
from ecgcore.training.delineator.data import ludb_entries, ludb_set, simulated_set
from ecgcore.training.delineator.train import (
    DelineatorTraining,
    WaveAugmentation,
    WaveSources,
    fit_delineator,
)
from ecgcore.training.recipe import ModelPart, Splits, TextPart
from ecgcore.training.trainer import Fitted, Keep

TASK = "delineator"


@dataclass(frozen=True)
class DelineatorData:
    """Splits of LUDB that are learned from, and simulated records beside them."""

    learn: Splits
    simulated_records: Annotated[int, Within(1, 100_000)]


@dataclass(frozen=True)
class DelineatorRecipe:
    """Everything that decides how a delineator is made."""

    name: str
    version: str
    seed: int
    model: ModelPart
    input: InputContract
    data: DelineatorData
    training: DelineatorTraining
    augmentation: WaveAugmentation
    text: TextPart
    task: Annotated[str, Among((TASK,))] = TASK


def make_delineator(recipe: DelineatorRecipe, out: Path, runs: Path) -> ModelCard:
    """Train a delineator, or take it from ``runs``, and write its folder.

    Returns
    -------
    ModelCard
        As written; its figures are still to be measured.
    """
    simulated = recipe.data.simulated_records
    made = _train(recipe, runs)
    records = {"ludb": len(ludb_entries(recipe.data.learn)), "simulated": simulated}
    return release_network(
        made.network,
        out,
        recipe,
        architecture=recipe.model.architecture,
        arguments=recipe.model.arguments,
        input=recipe.input,
        labels=tuple(LabelRule(name, 0.5, 1.0, 0.0, False, 0) for name in WAVE_LABELS),
        threshold_rule="None: a sample belongs to the class of highest probability.",
        calibration_rule="None: probabilities are not shown.",
        data=list_sources({**records, "nstdb": len(KINDS)}),
        split=(
            f"Weights: learned from LUDB {' and '.join(recipe.data.learn)}. Choices: LUDB val. "
            "Figures: LUDB test."
        ),
        training={
            "seed": recipe.seed,
            "training": asdict(recipe.training),
            "augmentation": asdict(recipe.augmentation),
            "simulated_records": simulated,
            **made.facts,
        },
        task=WAVES,
    )


def _train(recipe: DelineatorRecipe, runs: Path) -> Fitted:
    sources = WaveSources(
        ludb_set(recipe.data.learn, recipe.input),
        simulated_set(recipe.input, records=recipe.data.simulated_records, seed=recipe.seed),
        noise_set(recipe.input),
        recipe.input.fs_hz,
    )
    torch.manual_seed(recipe.seed)
    return fit_delineator(
        build(recipe.model.architecture, recipe.model.arguments),
        recipe.training,
        recipe.augmentation,
        sources,
        seed=recipe.seed,
        keep=Keep.of(runs, "network", recipe),
    )
