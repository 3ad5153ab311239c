"""From the single-lead recipe to a model folder: rules from single leads out of fold, the card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.evaluation import (
    MIN_POSITIVES,
    Calibration,
    CalibrationSet,
    evaluate_predictions,
    mean_auc,
)
from ecgcore.evaluation.choices import choose_single, write_choices
from ecgcore.evaluation.model_folder import list_sources, release_network
from ecgcore.evaluation.out_of_fold import few_lead_figures, trust_figures
from ecgcore.evaluation.rules import label_rules
from ecgcore.evaluation.usual import usual_records
from ecgcore.inference import load_model
from ecgcore.inference.card import LabelRule, ModelCard
from ecgcore.inference.distance import save_usual
from ecgcore.leads import STANDARD_12
from ecgcore.statements import CORE_CODES, NETWORK_CODES
from ecgcore.training.diagnostic.data import Material, statement_targets
from ecgcore.training.single_lead.data import SingleMaterial
from ecgcore.training.single_lead.recipe import SingleRecipe
from ecgcore.training.single_lead.students import (
    Heard,
    Run,
    answers_of,
    load_heard,
    train_student,
)
from ecgcore.training.trainer import Fitted

THRESHOLD_RULE = (
    "highest F1 on calibrated probabilities of single leads not learned from, by statement"
)
N_CODES = len(NETWORK_CODES)
AF = NETWORK_CODES.index("AF")
_UNKNOWN = Calibration(1.0, 0.0, calibrated=False, n_positive=0)
_UNKNOWN_RULE = LabelRule("", 0.5, 1.0, 0.0, calibrated=False, positives=0, min_leads=1.0)


@dataclass(frozen=True, eq=False)
class Collected:
    """Logits of single leads not learned from: each lead of each record is a row.

    Attributes
    ----------
    logits, targets : arrays, shape (n, 20)
    groups, records, leads : arrays of str, shape (n,)
        Patient, record (with its data set) and lead.
    """

    logits: NDArray[np.float64]
    targets: NDArray[np.float32]
    groups: NDArray[np.str_]
    records: NDArray[np.str_]
    leads: NDArray[np.str_]


def collect(base: Material, heard: Sequence[Heard]) -> Collected:
    """Join what students said of twelve-lead and single-lead records they did not learn from.

    MIT-BIH's windows are left out: few persons, many windows.
    """
    logits, targets, groups, records, leads = [], [], [], [], []

    def add(values: NDArray[np.float32], data: Any, rows: NDArray[np.int64], lead: str) -> None:
        there = np.isfinite(values[:, 0])
        some = rows[there]
        logits.append(values[there, :N_CODES].astype(np.float64))
        targets.append(statement_targets(data)[some])
        groups.append(data.groups[some])
        records.append(np.array([f"{data.datasets[i]}/{data.records[i]}" for i in some]))
        leads.append(np.full(some.size, lead))

    first = len(base.twelve)
    for each in heard:
        for lead, values in zip(STANDARD_12, each.by_lead, strict=True):
            add(values, base.twelve.data, each.twelve, lead)
        for kind in ("cpsc", "cinc"):
            rows, said = each.single[kind]
            add(said.statements, base.single.data, rows - first, "I")
    return Collected(
        np.concatenate(logits),
        np.concatenate(targets),
        np.concatenate(groups),
        np.concatenate(records),
        np.concatenate(leads),
    )


def rules_of(found: Collected) -> tuple[tuple[LabelRule, ...], CalibrationSet]:
    """Return thresholds and calibration; positives are counted by record, not by lead.

    A statement without a positive keeps its logits as they are, and is never called calibrated.
    """
    known = [j for j in range(N_CODES) if (found.targets[:, j] == 1).any()]
    codes = [NETWORK_CODES[j] for j in known]
    made, fitted = label_rules(
        codes,
        found.targets[:, known],
        found.logits[:, known],
        found.groups,
        dict.fromkeys(codes, 1.0),
    )
    by_code = dict(zip(codes, zip(made, fitted.statements, strict=True), strict=True))
    rules, statements = [], []
    for j, code in enumerate(NETWORK_CODES):
        rule, calibration = by_code.get(code, (_UNKNOWN_RULE, _UNKNOWN))
        n = int(np.unique(found.records[found.targets[:, j] == 1]).size)
        calibrated = n >= MIN_POSITIVES
        rules.append(replace(rule, code=code, positives=n, calibrated=calibrated))
        statements.append(replace(calibration, calibrated=calibrated, n_positive=n))
    return tuple(rules), replace(fitted, statements=tuple(statements))


def out_of_fold_by_lead(
    found: Collected, rules: Sequence[LabelRule], calibration: CalibrationSet
) -> dict[str, Any]:
    """Return what a card says of the out-of-fold logits: together, and lead by lead."""
    thresholds = [rule.threshold for rule in rules]
    figures = evaluate_predictions(
        found.targets,
        calibration.apply(found.logits),
        thresholds=thresholds,
        groups=found.groups,
        codes=NETWORK_CODES,
        n_boot=200,
    )
    figures["how"]["note"] = (
        "each lead of a record by itself; thresholds and calibration were made on these: flattering"
    )
    # Twelve-lead records alone: single-lead sets are other people, and all lead I.
    twelve = ~np.isin(
        np.array([name.split("/")[0] for name in found.records]), ("cpsc2018_lead1", "cinc2017")
    )
    by_lead: dict[str, Any] = {}
    for lead in STANDARD_12:
        rows = twelve & (found.leads == lead)
        made = few_lead_figures(
            NETWORK_CODES,
            found.targets[rows],
            {lead: found.logits[rows]},
            calibration,
            thresholds,
        )
        for figure, values in made.items():
            by_lead.setdefault(figure, {}).update(values)
    return figures | {"by_lead": by_lead}


def make_single(recipe: SingleRecipe, out: Path, runs: Path) -> ModelCard:
    """Make a model folder.

    Parameters
    ----------
    out : Path
        The model folder to write.
    runs : Path
        Folder for what is kept between runs.
    """
    material = SingleMaterial(recipe, Material(recipe.base))
    answers = cache(partial(answers_of, material, runs))
    made = {
        (name, number): train_student(material, Run(number, name), answers, runs)
        for number in range(len(recipe.seeds))
        for name in recipe.losses
    }
    on_val = {
        (name, k): figures_of(material, [load_heard(material, Run(k, name), each.network, runs)])
        for (name, k), each in made.items()
    }
    facts: dict[str, Any] = {"val": {f"{name}-{k}": v for (name, k), v in on_val.items()}}
    by_loss = _ask_folds(material, runs)
    facts["out_of_fold"] = {name: figures_of(material, each) for name, each in by_loss.items()}
    loss = max(recipe.losses, key=lambda name: facts["out_of_fold"][name]["mean"])
    best = max(range(len(recipe.seeds)), key=lambda k: on_val[loss, k]["mean"])
    facts |= {"chosen": f"{loss}-{best}", "soup": list(recipe.soup)}
    found = collect(material.base, by_loss[loss])
    return _release(material, found, made[loss, best], out, facts)


def _ask_folds(material: SingleMaterial, folder: Path) -> dict[str, list[Heard]]:
    """Return what each loss's students say of the folds that they never saw."""
    heard: dict[str, list[Heard]] = {name: [] for name in material.recipe.losses}
    for fold in range(material.n_folds):
        answers = cache(partial(answers_of, material, folder, fold))
        for name, each in heard.items():
            run = Run(0, name, fold)
            student = train_student(material, run, answers, folder)
            each.append(load_heard(material, run, student.network, folder))
    return heard


def figures_of(material: SingleMaterial, heard: Sequence[Heard]) -> dict[str, float]:
    """Return mean AUCs on records that a student did not learn from, and their mean.

    Returns
    -------
    dict
        ``lead I``: the nine statements on lead I of twelve-lead records, which is what hand-held
        devices record; ``other leads``: the mean of the other eleven; ``cpsc``: the nine, on CPSC's
        lead I; ``af``: atrial fibrillation on hand-held records; ``mean`` of these four.
    """
    n, targets = len(CORE_CODES), material.pool.pool.statements.cpu().numpy()
    rows = np.concatenate([each.twelve for each in heard])
    said = np.concatenate([each.by_lead for each in heard], axis=1)[..., :n]
    leads = []
    for one in said:
        there = np.isfinite(one[:, 0])
        leads.append(mean_auc(targets[rows[there], :n], one[there]))
    found = {"lead I": leads[0], "other leads": float(np.mean(leads[1:]))}
    for name, kind, columns in (("cpsc", "cpsc", slice(0, n)), ("af", "cinc", [AF])):
        rows = np.concatenate([each.single[kind][0] for each in heard])
        one = np.concatenate([each.single[kind][1].statements for each in heard])
        there = np.isfinite(one[:, 0])
        found[name] = mean_auc(targets[rows[there]][:, columns], one[there][:, columns])
    return found | {"mean": float(np.mean(list(found.values())))}


def _release(
    material: SingleMaterial, found: Collected, made: Fitted, out: Path, facts: dict[str, Any]
) -> ModelCard:
    """Write a model folder from out-of-fold logits and the network that was chosen."""
    recipe = material.recipe
    rules, calibration = rules_of(found)
    usual = {"one": material.base.usual_sources()["one"]}
    out.mkdir(parents=True, exist_ok=True)
    card = release_network(
        made.network,
        out,
        recipe,
        architecture="lead_attention",
        arguments=recipe.arguments,
        input=recipe.input,
        labels=rules,
        threshold_rule=THRESHOLD_RULE,
        calibration_rule=calibration.words,
        data=list_sources(material.base.records()),
        split=split_words(recipe),
        training={
            **recipe.plain(),
            **made.facts,
            "steps": made.steps,
            **facts,
        },
        out_of_fold=out_of_fold_by_lead(found, rules, calibration)
        | trust_figures(found.targets, found.logits, calibration, rules, found.groups),
        distance_sha256=save_usual(usual_records(made.network, recipe.base.input, usual), out),
    )
    return write_choices(card, out, choose_single(load_model(out)))


def split_words(recipe: SingleRecipe) -> str:
    """Return which records served for what, in words."""
    data = recipe.base.data
    learn, cross = " and ".join(data.learn), " and ".join(data.cross_validate)
    return (
        f"Weights: learned from {learn}; the loss with the highest mean AUC out of fold, of "
        "several seeds the one with the highest on val. Thresholds and calibration: patient-wise "
        f"out-of-fold predictions of every single lead ({data.folds} folds, each with a teacher "
        f"that never saw its patients either) over {cross}; of sets of one lead, "
        "val. Figures: test."
    )
