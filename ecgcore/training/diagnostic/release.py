"""From a classifier's recipe to its model folder: out-of-fold rules, final weights, card."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.evaluation.choices import choose, kept_networks, write_choices
from ecgcore.evaluation.model_folder import list_sources, release_network
from ecgcore.evaluation.out_of_fold import (
    ALL_LEADS,
    LEAD_SETS,
    network_logits_by_leads,
    out_of_fold_figures,
    trust_figures,
)
from ecgcore.evaluation.rules import BY_SPECIFICITY, THRESHOLD_RULE, label_rules
from ecgcore.evaluation.usual import usual_records
from ecgcore.inference import load_model
from ecgcore.inference.card import ModelCard
from ecgcore.inference.distance import save_usual
from ecgcore.training.diagnostic.data import Material, Statements, material_of
from ecgcore.training.diagnostic.recipe import Recipe


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Logits of networks that never saw the record's patient.

    Attributes
    ----------
    rows, folds : arrays of int64, shape (n,)
    logits : dict of str to array, shape (n, n_labels)
        For each of :data:`ecgcore.evaluation.out_of_fold.LEAD_SETS`.
    seconds : float
        Training time of all folds.
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    logits: dict[str, NDArray[np.float64]]
    seconds: float


def cross_validate(material: Statements, folder: Path) -> OutOfFold:
    """Train a network a fold, or take what is kept, and predict the fold it never saw."""
    recipe = material.recipe
    rows, folds = material.folds()
    logits = {name: np.zeros((rows.size, len(recipe.codes))) for name in LEAD_SETS}
    seconds = 0.0
    for fold in range(recipe.data.folds):
        held = folds == fold
        made = material.fold_network(fold, folder)
        found = network_logits_by_leads(made.network, material.data, rows[held], recipe.input)
        for name, values in found.items():
            logits[name][held] = values
        seconds += made.seconds
    return OutOfFold(rows, folds, logits, seconds)


def make_classifier(recipe: Recipe, out: Path, runs: Path) -> ModelCard:
    """Make a model folder.

    Parameters
    ----------
    out : Path
        The model folder to write.
    runs : Path
        Folder for what is kept between runs.  Further final networks of several tasks in it
        (``final-1`` and so on) are compared with the distance, as an ensemble.

    Returns
    -------
    ModelCard
        As written; its figures on test are still to be measured (``evaluate --write``).
    """
    material = material_of(recipe)
    found = cross_validate(material, runs)
    final = material.final_network(0, runs)
    targets, groups = material.targets(found.rows), material.data.groups[found.rows]
    rules, calibration = label_rules(
        recipe.codes, targets, found.logits[ALL_LEADS], groups, recipe.min_leads
    )
    out.mkdir(parents=True, exist_ok=True)
    card = release_network(
        final.network,
        out,
        recipe,
        architecture=recipe.model.architecture,
        arguments=recipe.model.arguments,
        input=recipe.input,
        labels=rules,
        threshold_rule=THRESHOLD_RULE,
        calibration_rule=calibration.words,
        data=list_sources(material.records()),
        split=_split_words(recipe),
        training={
            **recipe.plain(),
            **final.facts,
            "out_of_fold_seconds": round(found.seconds),
            "learned_from": learned_from(material),
        },
        out_of_fold=out_of_fold_figures(found.logits, rules, calibration, targets, groups)
        | trust_figures(targets, found.logits[ALL_LEADS], calibration, rules, groups),
        distance_sha256=_save_usual(final.network, material, out),
    )
    if not card.distance_sha256:
        return card
    others = list(kept_networks(runs, card).values())
    return write_choices(card, out, choose(load_model(out), others))


def _save_usual(network: nn.Module, material: Statements, out: Path) -> str:
    """Write where the records of several tasks lie; return the SHA-256, empty without them."""
    if not isinstance(material, Material):
        return ""
    return save_usual(usual_records(network, material.recipe.input, material.usual_sources()), out)


def learned_from(material: Statements) -> dict[str, dict[str, list[int]]]:
    """Return by statement and data set how many records have it, and of how many that can tell."""
    codes = material.recipe.codes
    found: dict[str, dict[str, list[int]]] = {code: {} for code in codes}
    for data, rows in material.sets():
        targets = np.concatenate([data.targets, data.further], axis=1)[rows]
        for name in np.unique(data.datasets[rows]).tolist():
            own = targets[data.datasets[rows] == name]
            for j, code in enumerate(codes):
                known = int((~np.isnan(own[:, j])).sum())
                if known:
                    found[code][name] = [int((own[:, j] == 1).sum()), known]
    return found


def _split_words(recipe: Recipe) -> str:
    learn, cross = " and ".join(recipe.data.learn), " and ".join(recipe.data.cross_validate)
    return (
        f"Weights: learned from {learn}. Thresholds and calibration: patient-wise out-of-fold "
        f"predictions on twelve leads ({recipe.data.folds} folds) over {cross}; for "
        f"{', '.join(BY_SPECIFICITY)} the threshold has a specificity of 95 %. "
        "Figures: test."
    )
