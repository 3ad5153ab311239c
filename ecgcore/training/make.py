"""From a recipe to a model folder: out-of-fold predictions, rules, final weights, card, README."""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet, data_root, load_index, pack, patient_folds
from ecgcore.errors import ModelError
from ecgcore.evaluation import CalibrationSet, evaluate_predictions
from ecgcore.inference.card import (
    CARD_FILE,
    README_FILE,
    WEIGHTS_FILE,
    DataSource,
    LabelRule,
    ModelCard,
)
from ecgcore.models import build
from ecgcore.statements import CORE_CODES
from ecgcore.training.accesses import with_accesses
from ecgcore.training.few_leads import (
    ALL_LEADS,
    LEAD_SETS,
    few_lead_figures,
    network_logits_by_leads,
)
from ecgcore.training.licence import write_licence
from ecgcore.training.loop import Fitted, Progress, fit
from ecgcore.training.readme import readme
from ecgcore.training.recipe import Recipe
from ecgcore.training.rules import THRESHOLD_RULE, label_rules
from ecgcore.training.simulated import simulated_set

# Name -> title and licence, as the data sets' own pages state them.
SOURCES = {
    "ptbxl": ("PTB-XL (ecg_id 1-500)", "CC BY 4.0"),
    "ptbxl_extra": ("PTB-XL (further records, mostly without voltage)", "CC BY 4.0"),
    "challenge2021": ("PhysioNet Challenge 2020/21 training records", "CC BY 4.0"),
    "ludb": ("LUDB 1.0.1", "ODC-By"),
}


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Logits of networks that never saw the record (nor its patient).

    Attributes
    ----------
    rows : array of int64, shape (n,)
        Rows of the packed set.
    folds : array of int64, shape (n,)
    logits : dict of str to array, shape (n, n_labels)
        For each of :data:`ecgcore.training.few_leads.LEAD_SETS`.
    seconds : float
        Training time of all folds.
    """

    rows: NDArray[np.int64]
    folds: NDArray[np.int64]
    logits: Mapping[str, NDArray[np.float64]]
    seconds: float


def load_data(recipe: Recipe) -> PackedSet:
    """Return the packed records of the recipe's data sets, without those of the test split."""
    wanted = {*recipe.data.learn, *recipe.data.cross_validate}
    entries = load_index(data_root(), datasets=recipe.data.datasets)
    return pack(
        [entry for entry in entries if entry.split in wanted],
        fs_hz=recipe.input.fs_hz,
        high_pass_hz=recipe.input.high_pass_hz,
        low_pass_hz=recipe.input.low_pass_hz,
    )


def out_of_fold(recipe: Recipe, data: PackedSet, keep: Path) -> OutOfFold:
    """Train one network a fold and predict the fold it never saw.

    Parameters
    ----------
    keep : Path
        Folder in which each finished fold is kept; a run that was stopped goes on from there.
    """
    rows = data.where(*recipe.data.cross_validate)
    folds = patient_folds(
        data.groups[rows], data.targets[rows], recipe.data.folds, seed=recipe.seed
    )
    shape = (rows.size, data.targets.shape[1])
    logits = {name: np.zeros(shape) for name in LEAD_SETS}
    seconds = 0.0
    for fold in range(recipe.data.folds):
        held = folds == fold
        made = trained(
            recipe, data, rows[~held], seed=recipe.seed + 1 + fold, keep=keep, what=f"fold-{fold}"
        )
        found = network_logits_by_leads(made.network, data, rows[held], recipe.input)
        for name, values in found.items():
            logits[name][held] = values
        seconds += made.seconds
    return OutOfFold(rows, folds, logits, seconds)


def trained(
    recipe: Recipe,
    data: PackedSet,
    rows: NDArray[np.int64],
    *,
    seed: int,
    keep: Path,
    what: str,
) -> Fitted:
    """Train a network, or take it from ``keep`` if it was made in the same way before."""
    records = [f"{d}/{r}" for d, r in zip(data.datasets[rows], data.records[rows], strict=True)]
    given = recipe.input
    seen = (given.leads, given.fs_hz, given.high_pass_hz, given.low_pass_hz)
    decides = repr((recipe.model, seen, recipe.plain(), records, seed))
    key = hashlib.sha256(decides.encode()).hexdigest()
    state, path = keep / f"{what}.json", keep / f"{what}.safetensors"
    if state.is_file() and path.is_file():
        kept = json.loads(state.read_text(encoding="utf-8"))
        if kept["key"] == key:
            network = build(recipe.model.architecture, recipe.model.arguments)
            network.load_state_dict(safetensors.torch.load_file(path), strict=True)
            return Fitted(network.eval(), tuple(kept["losses"]), kept["seconds"])
    simulated = simulated_set(recipe.simulation, given) if recipe.simulation.share else None
    fitted = fit(recipe, data, rows, seed=seed, simulated=simulated, report=told(what))
    keep.mkdir(parents=True, exist_ok=True)
    save_weights(fitted.network, path)
    kept = {"key": key, "losses": fitted.losses, "seconds": fitted.seconds}
    state.write_text(json.dumps(kept), encoding="utf-8")
    return fitted


def make_model(recipe: Recipe, out: Path, runs: Path) -> ModelCard:
    """Make a model folder.

    Parameters
    ----------
    recipe : Recipe
    out : Path
        The model folder to write.
    runs : Path
        Folder for what is kept between runs.

    Returns
    -------
    ModelCard
        As written; its figures on test are still to be measured (``evaluate --write``).
    """
    data = load_data(recipe)
    oof = out_of_fold(recipe, data, runs)
    targets, groups = data.targets[oof.rows], data.groups[oof.rows]
    rules, calibration = label_rules(
        CORE_CODES, targets, oof.logits[ALL_LEADS], groups, recipe.min_leads
    )
    learned = data.where(*recipe.data.learn)
    final = trained(recipe, data, learned, seed=recipe.seed, keep=runs, what="final")
    out.mkdir(parents=True, exist_ok=True)
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
        data=_sources(recipe, data),
        split=split_words(recipe),
        intended_use=recipe.text.intended_use,
        limits=recipe.text.limits,
        weights_sha256=save_weights(final.network, out / WEIGHTS_FILE),
        training=training_facts(recipe, final, oof.seconds),
        out_of_fold=out_of_fold_figures(oof.logits, rules, calibration, targets, groups),
    )
    write_card(card, out)
    return card


def training_facts(recipe: Recipe, final: Fitted, out_of_fold_s: float) -> dict[str, Any]:
    """Return what a card says of the training."""
    return {
        # As JSON has it: a card compares equal after writing and reading.
        **json.loads(json.dumps(recipe.plain())),
        "final_seconds": round(final.seconds),
        "out_of_fold_seconds": round(out_of_fold_s),
        "final_loss": round(final.losses[-1], 4),
        "parameters": sum(p.numel() for p in final.network.parameters()),
    }


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


def write_card(card: ModelCard, folder: Path) -> None:
    """Write ``card.json``, README and LICENSE, with every access to test in the log."""
    card = with_accesses(card)
    (folder / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    (folder / README_FILE).write_text(readme(card), encoding="utf-8")
    write_licence(card, folder)


def save_weights(network: nn.Module, path: Path) -> str:
    """Write a network's weights; return the SHA-256 of the file.

    Raises
    ------
    ModelError
        If a weight is not finite.
    """
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    if not all(bool(t.isfinite().all()) for t in tensors.values()):
        raise ModelError("Training did not converge: a weight is not finite.")
    content = safetensors.torch.save(tensors)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def split_words(recipe: Recipe) -> str:
    """Return which records served for what, in words."""
    learn, cross = " and ".join(recipe.data.learn), " and ".join(recipe.data.cross_validate)
    return (
        f"Weights: learned from {learn}. Thresholds and calibration: patient-wise out-of-fold "
        f"predictions ({recipe.data.folds} folds) over {cross}. Figures: test."
    )


def _sources(recipe: Recipe, data: PackedSet) -> tuple[DataSource, ...]:
    learned = data.datasets[data.where(*recipe.data.learn)]
    sources = []
    for name in recipe.data.datasets:
        title, licence = SOURCES.get(name, (name, "see the data set's page"))
        sources.append(DataSource(name, title, licence, int((learned == name).sum())))
    return tuple(sources)


def told(what: str) -> Callable[[Progress], None]:
    """Return a reporter that writes each epoch to standard error."""

    def tell(progress: Progress) -> None:
        sys.stderr.write(
            f"{what}: epoch {progress.epoch} of {progress.epochs}, loss {progress.loss:.4f}, "
            f"{progress.seconds:.0f} s\n"
        )
        sys.stderr.flush()

    return tell
