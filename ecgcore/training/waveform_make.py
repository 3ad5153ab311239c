"""From a waveform recipe to model folders: networks, thresholds from val, card and README."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.evaluation import best_f1, fit_calibration
from ecgcore.inference.card import (
    CARD_FILE,
    README_FILE,
    WEIGHTS_FILE,
    DataSource,
    LabelRule,
    ModelCard,
)
from ecgcore.inference.waveform import ARCHITECTURE
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.statements import CORE_CODES
from ecgcore.training.accesses import with_accesses
from ecgcore.training.licence import write_licence
from ecgcore.training.make import SOURCES, save_weights
from ecgcore.training.waveform_bench import (
    CONTRACT,
    LEARNED_FROM,
    Stock,
    shelves_of,
    stock_of,
)
from ecgcore.training.waveform_loop import CODED
from ecgcore.training.waveform_readme import waveform_readme
from ecgcore.training.waveform_recipe import WaveformRecipe
from ecgcore.training.waveform_runs import fit_disease, kept_network
from ecgcore.training.waveform_score import items_of, scores_of

CHOSEN_ON = "val"
LOGITS = f"logits of the released network on {CHOSEN_ON}"
NOT_MEASURED = "Not measured yet: python -m benchmarks.waveform --write."
HOW = "Test records; 95 % intervals from 1,000 resamples of patients; means over the seeds."
_TITLES = SOURCES | {
    "brugada": ("Brugada-HUCA", "CC BY-SA 4.0"),
    "cpsc2018_lead1": ("CPSC 2018, lead I", "CC BY 4.0"),
    "mitdb": ("MIT-BIH Arrhythmia, training half", "ODC-By"),
}
_INTENDED = (
    "Research and teaching: shows which waves a classifier of one statement was given, beside a "
    "reader who decides. Not a medical device."
)
_LIMITS = (
    "Learned from adults; records of persons under 18 are not assessed.",
    "The curve says what the classifier was given, not what is abnormal.",
    "The rule's values are a reconstruction; the published ones are not public.",
)


def make_waveform(recipe: WaveformRecipe, out: Path, runs: Path) -> list[ModelCard]:
    """Train every network of a recipe that is not kept yet, and write a folder a disease.

    Parameters
    ----------
    out : Path
        Where the folders go.
    runs : Path
        Folder of the finished networks.

    Returns
    -------
    list of ModelCard
        As written; their figures on test are still to be measured.
    """
    stock = stock_of(recipe)
    shelves = None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for disease, seeds in recipe.diseases.items():
        for seed in seeds:
            shelves = shelves or shelves_of(stock, device)
            fit_disease(recipe, disease, seed, stock=stock, shelves=shelves, keep=runs, tell=_told)
    return [
        release(recipe, disease, variant, stock=stock, out=out, runs=runs)
        for disease, variants in recipe.release.items()
        for variant in variants
    ]


def model_name(recipe: WaveformRecipe, disease: str, variant: str) -> str:
    """Return the name of a model without its version: coded by hand, or learned."""
    coded = "-rule" if variant == CODED else ""
    return f"{recipe.name}-{disease.lower()}{coded}"


def folder_name(recipe: WaveformRecipe, disease: str, variant: str) -> str:
    """Return the name of a model folder."""
    return f"{model_name(recipe, disease, variant)}-{recipe.version}"


def release(
    recipe: WaveformRecipe, disease: str, variant: str, *, stock: Stock, out: Path, runs: Path
) -> ModelCard:
    """Write a disease's folder of a variant: the network of its first seed."""
    seed = recipe.diseases[disease][0]
    network = kept_network(recipe, runs, disease, seed, variant)
    rule, words = _label(network, variant, disease, stock)
    folder = out / folder_name(recipe, disease, variant)
    folder.mkdir(parents=True, exist_ok=True)
    card = ModelCard(
        name=model_name(recipe, disease, variant),
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        architecture=ARCHITECTURE,
        arguments=_arguments(recipe, disease, variant),
        input=CONTRACT,
        labels=(rule,),
        threshold_rule=(
            f"highest F1 on {CHOSEN_ON}: twelve-lead records on all their leads and lead I of "
            f"CPSC 2018, {rule.positives} with the statement"
        ),
        calibration_rule=words,
        data=_sources(recipe, stock),
        split=(
            f"Weights: learned from {LEARNED_FROM}. Choices, threshold and calibration: "
            f"{CHOSEN_ON}. Figures: test."
        ),
        intended_use=_INTENDED,
        limits=_LIMITS,
        weights_sha256=save_weights(network, folder / WEIGHTS_FILE),
        training=_facts(recipe, network, disease, variant, runs),
    )
    write_waveform_card(card, folder)
    return card


def write_waveform_card(card: ModelCard, folder: Path) -> None:
    """Write ``card.json``, README and LICENSE, with every access to test in the log."""
    card = with_accesses(card)
    (folder / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    (folder / README_FILE).write_text(waveform_readme(card), encoding="utf-8")
    write_licence(card, folder)


def with_figures(card: ModelCard, found: Mapping[str, Any], *, aid: bool, words: str) -> ModelCard:
    """Return a card with the figures of the variants on test and what follows from them."""
    facts = {**card.training["waveform"], "aid": aid, "aid_words": words}
    return replace(
        card,
        metrics={"how": HOW, "waveform": dict(found), "split": "test"},
        training={**card.training, "waveform": facts},
    )


def _label(network: DANet, variant: str, disease: str, stock: Stock) -> tuple[LabelRule, str]:
    column = CORE_CODES.index(disease)
    targets: list[NDArray[np.float64]] = []
    scores: list[NDArray[np.float64]] = []
    groups: list[str] = []
    for pool, classes in (stock.twelve, stock.single):
        rows = pool.data.where(CHOSEN_ON)
        rows = rows[~np.isnan(pool.data.targets[rows, column])]
        items = items_of(pool, classes, rows)
        targets.append(np.array([item.targets[column] for item in items], dtype=np.float64))
        scores.append(scores_of(network, variant, waveform_rules()[disease], items))
        groups += [item.group for item in items]
    y, s = np.concatenate(targets), np.concatenate(scores)
    made = fit_calibration(y[:, None], s[:, None], groups=groups, origin=LOGITS)
    fitted = made.statements[0]
    likely = made.apply(s[:, None])[:, 0]
    rule = LabelRule(
        code=disease,
        threshold=float(best_f1(y, likely).value),
        temperature=fitted.temperature,
        bias=fitted.bias,
        calibrated=fitted.calibrated,
        positives=int(y.sum()),
        min_leads=1.0,
    )
    return rule, made.words


def _arguments(recipe: WaveformRecipe, disease: str, variant: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(dict(recipe.network)))
    return made | {"curve_widths": [], "rule": disease} if variant == CODED else made


def _facts(
    recipe: WaveformRecipe, network: DANet, disease: str, variant: str, runs: Path
) -> dict[str, Any]:
    seed = recipe.diseases[disease][0]
    facts = {
        **json.loads(json.dumps(recipe.plain())),
        "parameters": sum(p.numel() for p in network.parameters()),
        "waveform": {
            "disease": disease,
            "variant": variant,
            "seed": seed,
            "origin": waveform_rules()[disease].origin,
            "aid": False,
            "aid_words": NOT_MEASURED,
        },
    }
    made = runs / f"{disease}-{seed}-steps.json"
    if made.is_file():
        facts["made"] = json.loads(made.read_text(encoding="utf-8"))
    return facts


def _sources(recipe: WaveformRecipe, stock: Stock) -> tuple[DataSource, ...]:
    found = []
    for pool, _ in (stock.twelve, stock.single, stock.beats):
        data = pool.data
        rows = data.where(LEARNED_FROM)
        for name in dict.fromkeys(data.datasets[rows].tolist()):
            here = rows[data.datasets[rows] == name]
            count = int(np.unique(data.records[here]).size)
            found.append(DataSource(name, *_TITLES[name], count))
    found.append(DataSource("simulated", "This project's simulator", "MIT", recipe.data.simulated))
    return tuple(found)


def _told(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
