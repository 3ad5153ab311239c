"""From DANet's recipe to model folders: networks, thresholds from val, card and README."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.pools import count_records
from ecgcore.evaluation import best_f1, fit_calibration
from ecgcore.evaluation.model_folder import list_sources, release_network
from ecgcore.evaluation.waveform_scores import items_of, scores_of
from ecgcore.inference.card import LabelRule, ModelCard
from ecgcore.inference.waveform import ARCHITECTURE
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.statements import CORE_CODES
from ecgcore.training.danet.data import (
    CONTRACT,
    LEARNED_FROM,
    Stock,
    bench_of,
    shelves_of,
    stock_of,
)
from ecgcore.training.danet.recipe import CODED, DANetRecipe, variants_of
from ecgcore.training.danet.train import Run, kept_network, train_variant
from ecgcore.training.trainer import training_device

CHOSEN_ON = "val"
LOGITS = f"logits of the released network on {CHOSEN_ON}"
NOT_MEASURED = "Not measured yet: python -m benchmarks.waveform --write."
_INTENDED = (
    "Research and teaching: shows which waves a classifier of one statement was given, beside a "
    "reader who decides. Not a medical device."
)
_LIMITS = (
    "Learned from adults; records of persons under 18 are not assessed.",
    "The curve says what the classifier was given, not what is abnormal.",
    "The rule's values are a reconstruction; the published ones are not public.",
)


def make_danet(recipe: DANetRecipe, out: Path, runs: Path) -> list[ModelCard]:
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
    shelves = shelves_of(stock, training_device())
    for disease, seeds in recipe.diseases.items():
        bench = bench_of(recipe, disease, stock, shelves)
        for seed in seeds:
            for variant in variants_of(disease):
                train_variant(Run(bench, seed, runs), variant)
    return [
        release(recipe, disease, variant, stock=stock, out=out, runs=runs)
        for disease, variants in recipe.release.items()
        for variant in variants
    ]


def model_name(recipe: DANetRecipe, disease: str, variant: str) -> str:
    """Return the name of a model without its version: coded by hand, or learned."""
    coded = "-rule" if variant == CODED else ""
    return f"{recipe.name}-{disease.lower()}{coded}"


def folder_name(recipe: DANetRecipe, disease: str, variant: str) -> str:
    """Return the name of a model folder."""
    return f"{model_name(recipe, disease, variant)}-{recipe.version}"


def release(
    recipe: DANetRecipe, disease: str, variant: str, *, stock: Stock, out: Path, runs: Path
) -> ModelCard:
    """Write a disease's folder of a variant: the network of its first seed."""
    seed = recipe.diseases[disease][0]
    network = kept_network(recipe, runs, disease, seed, variant)
    rule, words = _label(network, variant, disease, stock)
    return release_network(
        network,
        out / folder_name(recipe, disease, variant),
        name=model_name(recipe, disease, variant),
        version=recipe.version,
        architecture=ARCHITECTURE,
        arguments=_arguments(recipe, disease, variant),
        input=CONTRACT,
        labels=(rule,),
        threshold_rule=(
            f"highest F1 on {CHOSEN_ON}: twelve-lead records on all their leads and lead I of "
            f"CPSC 2018, {rule.positives} with the statement"
        ),
        calibration_rule=words,
        data=list_sources(_records(recipe, stock)),
        split=(
            f"Weights: learned from {LEARNED_FROM}. Choices, threshold and calibration: "
            f"{CHOSEN_ON}. Figures: test."
        ),
        intended_use=_INTENDED,
        limits=_LIMITS,
        training={
            **recipe.plain(),
            "waveform": {
                "disease": disease,
                "variant": variant,
                "seed": seed,
                "origin": waveform_rules()[disease].origin,
                "aid": False,
                "aid_words": NOT_MEASURED,
            },
        },
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


def _arguments(recipe: DANetRecipe, disease: str, variant: str) -> dict[str, Any]:
    made = dict(recipe.network)
    return made | {"curve_widths": [], "rule": disease} if variant == CODED else made


def _records(recipe: DANetRecipe, stock: Stock) -> dict[str, int]:
    """Return how many records were learned from, by data set."""
    found: dict[str, int] = {}
    for pool, _ in (stock.twelve, stock.single, stock.beats):
        found |= count_records(pool.data, pool.data.where(LEARNED_FROM))
    return {**found, "simulated": recipe.data.simulated}
