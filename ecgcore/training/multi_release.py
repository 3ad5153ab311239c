"""From a multi-task recipe to a model folder: out-of-fold rules, final weights, card."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import WEIGHTS_FILE, DataSource, ModelCard
from ecgcore.inference.distance import Distance, fit_distance, save_distance
from ecgcore.labels import STATEMENT_CODES
from ecgcore.training.few_leads import (
    ALL_LEADS,
    LEAD_SETS,
    features_of,
    network_logits_by_leads,
)
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
from ecgcore.training.rules import THRESHOLD_RULE, URGENT, label_rules

# Of usual records, so many are near enough to be read.
KEPT_SHARE = 0.99
N_DIRECTIONS = 48
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
    logits = {name: np.zeros((rows.size, len(STATEMENT_CODES))) for name in LEAD_SETS}
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
        Folder for what is kept between runs.

    Raises
    ------
    InvalidArgumentError
        If the recipe's network does not have one output a statement.
    """
    if recipe.model.arguments.get("n_labels") != len(STATEMENT_CODES):
        raise InvalidArgumentError(f"model.arguments.n_labels must be {len(STATEMENT_CODES)}.")
    material = Material(recipe)
    found = cross_validate(material, runs)
    targets = statement_targets(material.twelve.data)[found.rows]
    groups = material.twelve.data.groups[found.rows]
    rules, calibration = label_rules(
        STATEMENT_CODES, targets, found.logits[ALL_LEADS], groups, recipe.min_leads
    )
    final = final_network(material, 0, runs, told)
    out.mkdir(parents=True, exist_ok=True)
    save_distance(training_distance(final.network, material), out)
    card = ModelCard(
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
        weights_sha256=save_weights(final.network, out / WEIGHTS_FILE),
        training=training_facts(recipe, final, found.seconds),
        out_of_fold=out_of_fold_figures(found.logits, rules, calibration, targets, groups),
    )
    write_card(card, out)
    return card


def training_distance(network: nn.Module, material: Material) -> Distance:
    """Return where the records lie that a network learned from, and how far others may be.

    Half twelve-lead, half hand-held records.  Nearer than the limit are 99 % of the records of
    both kinds that were kept for choosing.
    """
    recipe, rng = material.recipe, np.random.default_rng(material.recipe.seed)
    learned = material.labelled(*recipe.data.learn)
    single = material.readable_single(*recipe.data.learn)
    drawn = rng.permutation(single)[: learned.size]
    twelve, one = material.twelve.data, material.single.data
    features = [
        features_of(network, twelve, learned, recipe.input),
        features_of(network, one, drawn, recipe.input),
    ]
    made = fit_distance(np.concatenate(features), n_directions=N_DIRECTIONS)
    chosen = [s for s in recipe.data.cross_validate if s not in recipe.data.learn]
    far = []
    for data, rows in (
        (twelve, material.labelled(*chosen)),
        (one, material.readable_single(*chosen)),
    ):
        if rows.size:
            found = made.of(features_of(network, data, rows, recipe.input))
            far.append(float(np.quantile(found, KEPT_SHARE)))
    return replace(made, limit=max(far, default=np.inf))


def _split_words(recipe: Recipe) -> str:
    learn, cross = " and ".join(recipe.data.learn), " and ".join(recipe.data.cross_validate)
    return (
        f"Weights: learned from {learn}. Thresholds and calibration: patient-wise out-of-fold "
        f"predictions on twelve leads ({recipe.data.folds} folds) over {cross}; for "
        f"{', '.join(URGENT)} the threshold has a sensitivity of 95 %. Figures: test, seen once."
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
