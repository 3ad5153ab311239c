"""From a multi-task recipe to a model folder: out-of-fold rules, final weights, card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import CalibrationSet, calibration_error
from ecgcore.evaluation.calibration import held_out_probabilities
from ecgcore.evaluation.conformal import conformal_sets
from ecgcore.evaluation.curves import curve_points
from ecgcore.evaluation.operating import operating_points
from ecgcore.inference import load_model
from ecgcore.inference.card import WEIGHTS_FILE, DataSource, LabelRule, ModelCard
from ecgcore.inference.distance import save_usual
from ecgcore.statements import NETWORK_CODES
from ecgcore.training.few_leads import ALL_LEADS, LEAD_SETS, network_logits_by_leads
from ecgcore.training.loop import Fitted
from ecgcore.training.make import (
    SOURCES,
    out_of_fold_figures,
    save_weights,
    told,
    training_facts,
    write_card,
)
from ecgcore.training.multi_make import Material, final_network, fold_network, statement_targets
from ecgcore.training.recipe import Recipe
from ecgcore.training.release_choices import choose, kept_networks
from ecgcore.training.release_distance import usual_records
from ecgcore.training.rules import BY_SPECIFICITY, THRESHOLD_RULE, label_rules

_MORE_SOURCES = {
    "brugada": ("Brugada-HUCA", "CC BY-SA 4.0"),
    "cpsc2018_lead1": ("CPSC 2018, lead I", "CC BY 4.0"),
    "cinc2017": ("CinC Challenge 2017", "ODC-By"),
    "mitdb": ("MIT-BIH Arrhythmia, training half", "ODC-By"),
}


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Logits of networks that never saw the record's patient.

    Attributes
    ----------
    rows, folds : arrays of int64, shape (n,)
    logits : dict of str to array, shape (n, n_labels)
        For each of :data:`ecgcore.training.few_leads.LEAD_SETS`.
    seconds : float
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    logits: dict[str, NDArray[np.float64]]
    seconds: float


def cross_validate(material: Material, keep: Path) -> CrossValidated:
    """Train a network a fold, or take what is kept, and predict the fold it never saw."""
    rows, folds = material.folds()
    data = material.twelve.data
    logits = {name: np.zeros((rows.size, len(NETWORK_CODES))) for name in LEAD_SETS}
    seconds = 0.0
    for fold in range(material.recipe.data.folds):
        held = folds == fold
        made = fold_network(material, fold, keep, told)
        found = network_logits_by_leads(made.network, data, rows[held], material.recipe.input)
        for name, values in found.items():
            logits[name][held] = values
        seconds += made.seconds
    return CrossValidated(rows, folds, logits, seconds)


def make_diagnostic(recipe: Recipe, out: Path, runs: Path) -> ModelCard:
    """Make a model folder.

    Parameters
    ----------
    out : Path
        The model folder to write.
    runs : Path
        Folder for what is kept between runs.  Further final networks in it (``final-1`` and so
        on) are compared with the distance, as an ensemble.

    Raises
    ------
    InvalidArgumentError
        If the recipe's network does not have one output a statement.
    """
    if recipe.model.arguments.get("n_labels") != len(NETWORK_CODES):
        raise InvalidArgumentError(f"model.arguments.n_labels must be {len(NETWORK_CODES)}.")
    material = Material(recipe)
    found = cross_validate(material, runs)
    final = final_network(material, 0, runs, told)
    out.mkdir(parents=True, exist_ok=True)
    digest = save_usual(usual_records(final.network, material), out)
    card = _card(material, found, final, distance_sha256=digest, weights=out / WEIGHTS_FILE)
    write_card(card, out)
    chosen = choose(load_model(out), list(kept_networks(runs, card).values()))
    card = replace(card, abstention=chosen.abstention, sides=chosen.sides)
    write_card(card, out)
    return card


def _card(
    material: Material, found: CrossValidated, final: Fitted, *, distance_sha256: str, weights: Path
) -> ModelCard:
    recipe = material.recipe
    targets = statement_targets(material.twelve.data)[found.rows]
    groups = material.twelve.data.groups[found.rows]
    rules, calibration = label_rules(
        NETWORK_CODES, targets, found.logits[ALL_LEADS], groups, recipe.min_leads
    )
    facts = training_facts(recipe, final, found.seconds)
    return ModelCard(
        name=recipe.name,
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        architecture=recipe.model.architecture,
        arguments=dict(recipe.model.arguments),
        input=recipe.input,
        labels=rules,
        threshold_rule=THRESHOLD_RULE,
        calibration_rule=calibration.words,
        data=_sources(material),
        split=_split_words(recipe),
        intended_use=recipe.text.intended_use,
        limits=recipe.text.limits,
        weights_sha256=save_weights(final.network, weights),
        training=facts | {"learned_from": learned_from(material)},
        out_of_fold=out_of_fold_figures(found.logits, rules, calibration, targets, groups)
        | trust_figures(targets, found.logits[ALL_LEADS], calibration, rules, groups),
        distance_sha256=distance_sha256,
    )


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


def learned_from(material: Material) -> dict[str, dict[str, list[int]]]:
    """Return by statement and data set how many records have it, and of how many that can tell."""
    learn = material.recipe.data.learn
    parts = [(material.twelve.data, material.labelled(*learn))]
    parts += [(pool.data, pool.data.where(*learn)) for pool in (material.single, material.beats)]
    found: dict[str, dict[str, list[int]]] = {code: {} for code in NETWORK_CODES}
    for data, rows in parts:
        targets = statement_targets(data)[rows]
        for name in np.unique(data.datasets[rows]).tolist():
            own = targets[data.datasets[rows] == name]
            for j, code in enumerate(NETWORK_CODES):
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


def _sources(material: Material) -> tuple[DataSource, ...]:
    recipe, found = material.recipe, {}
    learned = material.labelled(*recipe.data.learn)
    for name in recipe.data.datasets:
        found[name] = int((material.twelve.data.datasets[learned] == name).sum())
    for name in recipe.tasks.single_lead:
        rows = material.single.data.where(*recipe.data.learn)
        found[name] = int((material.single.data.datasets[rows] == name).sum())
    for name in recipe.tasks.beats:
        rows = material.beats.data.where(*recipe.data.learn)
        found[name] = int(np.unique(material.beats.data.records[rows]).size)
    titles = SOURCES | _MORE_SOURCES
    sources = [DataSource(name, *titles[name], count) for name, count in found.items()]
    if recipe.simulation.share:
        words = f"Simulated records ({recipe.simulation.share:.0%} of each batch)"
        sources.append(DataSource("simulated", words, "MIT", recipe.simulation.records))
    return tuple(sources)
