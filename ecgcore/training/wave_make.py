"""From the delineator's recipe to its model folder."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ecgcore.checks import in_range, one_of
from ecgcore.inference.card import (
    CARD_FILE,
    README_FILE,
    WAVES,
    WEIGHTS_FILE,
    DataSource,
    InputContract,
    LabelRule,
    ModelCard,
)
from ecgcore.models import WAVE_LABELS, build
from ecgcore.training.accesses import with_accesses
from ecgcore.training.licence import write_licence
from ecgcore.training.make import save_weights
from ecgcore.training.recipe_file import fitting, read_toml, says
from ecgcore.training.wave_data import ludb_entries, ludb_set, noise_set, simulated_set
from ecgcore.training.wave_loop import WaveAugmentation, WaveSources, WaveTraining, fit_waves
from ecgcore.training.wave_readme import wave_readme

LEARNABLE = ("train", "val")
SECTIONS = ("model", "input", "data", "training", "augmentation", "text")


@dataclass(frozen=True)
class WaveRecipe:
    """Everything that decides how a delineator is made."""

    name: str
    version: str
    seed: int
    architecture: str
    arguments: Mapping[str, Any]
    input: InputContract
    learn: tuple[str, ...]
    simulated_records: int
    training: WaveTraining
    augmentation: WaveAugmentation
    intended_use: str
    limits: tuple[str, ...]


def is_wave_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes a delineator."""
    return says(path, "task", WAVES)


def read_wave_recipe(path: Path) -> WaveRecipe:
    """Read a delineator's recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path)
    with fitting(path):
        recipe = _recipe(raw)
    for split in recipe.learn:
        one_of("data.learn", split, LEARNABLE)
    in_range("data.simulated_records", recipe.simulated_records, 1, 100_000)
    in_range("training.steps", recipe.training.steps, 10, 1_000_000)
    in_range("training.batch_size", recipe.training.batch_size, 2, 4096)
    in_range("training.crop_s", recipe.training.crop_s, 1, 9, "s")
    in_range("training.simulated_share", recipe.training.simulated_share, 0, 1)
    in_range("augmentation.stretch", recipe.augmentation.stretch, 1, 2)
    return recipe


def _recipe(raw: Mapping[str, Any]) -> WaveRecipe:
    for key in raw:
        one_of("an entry of the recipe", key, ("task", "name", "version", "seed", *SECTIONS))
    return WaveRecipe(
        name=str(raw["name"]),
        version=str(raw["version"]),
        seed=int(raw["seed"]),
        architecture=str(raw["model"]["architecture"]),
        arguments=dict(raw["model"]["arguments"]),
        input=InputContract(**raw["input"]),
        learn=tuple(raw["data"]["learn"]),
        simulated_records=int(raw["data"]["simulated_records"]),
        training=WaveTraining(**raw["training"]),
        augmentation=WaveAugmentation(**raw["augmentation"]),
        intended_use=str(raw["text"]["intended_use"]),
        limits=tuple(raw["text"]["limits"]),
    )


def make_delineator(recipe: WaveRecipe, out: Path) -> ModelCard:
    """Train a delineator and write its folder.

    Returns
    -------
    ModelCard
        As written; its figures are still to be measured.
    """
    sources = WaveSources(
        ludb_set(recipe.learn, recipe.input),
        simulated_set(recipe.input, records=recipe.simulated_records, seed=recipe.seed),
        noise_set(recipe.input),
        recipe.input.fs_hz,
    )
    spent = [0.0]

    def tell(step: int, loss: float, seconds: float) -> None:
        spent[0] = seconds
        sys.stderr.write(
            f"step {step} of {recipe.training.steps}, loss {loss:.4f}, {seconds:.0f} s\n"
        )
        sys.stderr.flush()

    torch.manual_seed(recipe.seed)
    network, loss = fit_waves(
        build(recipe.architecture, recipe.arguments),
        recipe.training,
        recipe.augmentation,
        sources,
        seed=recipe.seed,
        report=tell,
    )
    out.mkdir(parents=True, exist_ok=True)
    facts = {
        **json.loads(json.dumps({"seed": recipe.seed, "training": asdict(recipe.training)})),
        "augmentation": asdict(recipe.augmentation),
        "simulated_records": recipe.simulated_records,
        "parameters": sum(p.numel() for p in network.parameters()),
        "final_loss": round(loss, 4),
        "final_seconds": round(spent[0]),
    }
    card = _card(recipe, facts, save_weights(network, out / WEIGHTS_FILE))
    write_wave_card(card, out)
    return card


def _card(recipe: WaveRecipe, facts: Mapping[str, Any], digest: str) -> ModelCard:
    records = len(ludb_entries(recipe.learn))
    return ModelCard(
        name=recipe.name,
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        architecture=recipe.architecture,
        arguments=dict(recipe.arguments),
        input=recipe.input,
        labels=tuple(LabelRule(name, 0.5, 1.0, 0.0, False, 0) for name in WAVE_LABELS),
        threshold_rule="None: a sample belongs to the class of highest probability.",
        calibration_rule="None: probabilities are not shown.",
        data=(
            DataSource("ludb", "LUDB 1.0.1", "ODC-By", records),
            DataSource("simulation", "This project's simulator", "MIT", recipe.simulated_records),
            DataSource("nstdb", "MIT-BIH Noise Stress Test (added noise)", "ODC-By", 3),
        ),
        split=(
            f"Weights: learned from LUDB {' and '.join(recipe.learn)}. Choices: LUDB val. "
            "Figures: LUDB test."
        ),
        intended_use=recipe.intended_use,
        limits=recipe.limits,
        weights_sha256=digest,
        training=facts,
        task=WAVES,
    )


def write_wave_card(card: ModelCard, folder: Path) -> None:
    """Write ``card.json``, and README and LICENSE made from it."""
    card = with_accesses(card)
    (folder / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    (folder / README_FILE).write_text(wave_readme(card), encoding="utf-8")
    write_licence(card, folder)
