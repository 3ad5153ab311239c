"""From a classifier's recipe to its model folder: out-of-fold rules, final weights, card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.evaluation import CalibrationSet, calibration_error, evaluate_predictions
from ecgcore.evaluation.calibration import held_out_probabilities
from ecgcore.evaluation.conformal import conformal_sets
from ecgcore.evaluation.curves import curve_points
from ecgcore.evaluation.operating import operating_points
from ecgcore.inference import load_model
from ecgcore.inference.card import LabelRule, ModelCard
from ecgcore.inference.distance import save_usual
from ecgcore.training.diagnostic.choices import choose, kept_networks
from ecgcore.training.diagnostic.data import Material, Statements, material_of
from ecgcore.training.diagnostic.distance import usual_records
from ecgcore.training.diagnostic.few_leads import (
    ALL_LEADS,
    LEAD_SETS,
    few_lead_figures,
    network_logits_by_leads,
)
from ecgcore.training.diagnostic.recipe import Recipe
from ecgcore.training.release import list_sources, release_network, write_card
from ecgcore.training.rules import BY_SPECIFICITY, THRESHOLD_RULE, label_rules


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Logits of networks that never saw the record's patient.

    Attributes
    ----------
    rows, folds : arrays of int64, shape (n,)
    logits : dict of str to array, shape (n, n_labels)
        For each of :data:`ecgcore.training.diagnostic.few_leads.LEAD_SETS`.
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
    several = isinstance(material, Material)
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
            "final_seconds": round(final.seconds),
            "out_of_fold_seconds": round(found.seconds),
            "final_loss": round(final.losses[-1], 4),
            "learned_from": learned_from(material),
        },
        out_of_fold=out_of_fold_figures(found.logits, rules, calibration, targets, groups)
        | trust_figures(targets, found.logits[ALL_LEADS], calibration, rules, groups),
        distance_sha256=(
            save_usual(usual_records(final.network, material), out) if several else ""  # type: ignore[arg-type]
        ),
    )
    return _choose(card, out, runs) if several else card


def _choose(card: ModelCard, out: Path, runs: Path) -> ModelCard:
    """Choose on val what a network of several tasks refuses by, and write the card again."""
    chosen = choose(load_model(out), list(kept_networks(runs, card).values()))
    card = replace(card, abstention=chosen.abstention, sides=chosen.sides)
    write_card(card, out)
    return card


def out_of_fold_figures(
    logits: Mapping[str, NDArray[np.float64]],
    rules: tuple[LabelRule, ...],
    calibration: CalibrationSet,
    targets: NDArray[np.float32],
    groups: NDArray[np.str_],
) -> dict[str, Any]:
    """Return what a card says of the out-of-fold logits, for each set of leads."""
    thresholds = [rule.threshold for rule in rules]
    codes = [rule.code for rule in rules]
    figures = evaluate_predictions(
        targets,
        calibration.apply(logits[ALL_LEADS]),
        thresholds=thresholds,
        groups=groups,
        codes=codes,
    )
    figures["how"]["note"] = "thresholds and calibration were made on these records: flattering"
    few = few_lead_figures(codes, targets, logits, calibration, thresholds)
    return figures | {"few_leads": few}


def trust_figures(
    targets: NDArray[np.float32],
    logits: NDArray[np.float64],
    calibration: CalibrationSet,
    rules: Sequence[LabelRule],
    groups: NDArray[np.str_],
) -> dict[str, Any]:
    """Return what a card says of how far its probabilities hold, from out-of-fold logits.

    Returns
    -------
    dict
        ``curves``: as of test, with a calibration that never saw the record; ``held_out_ece``:
        the same in one figure, by statement and ``mean`` over those that are calibrated;
        ``operating_points``; ``conformal``.
    """
    codes = [rule.code for rule in rules]
    honest = held_out_probabilities(targets, logits, calibration.form, groups=groups)
    errors = {c: calibration_error(targets[:, j], honest[:, j]) for j, c in enumerate(codes)}
    known = [errors[rule.code] for rule in rules if rule.calibrated]
    final = calibration.apply(logits)
    return {
        "curves": {
            rule.code: curve_points(targets[:, j], honest[:, j], rule.threshold)
            for j, rule in enumerate(rules)
        },
        "held_out_ece": {**errors, "mean": float(np.mean(known)) if known else None},
        "operating_points": operating_points(targets, final, codes),
        "conformal": conformal_sets(targets, final, groups=groups, codes=codes),
    }


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
