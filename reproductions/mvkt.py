"""The published teacher and students: from a recipe to figures.

Figures go to one table; weights and what is told of each training stay in the folder of runs.

Notes
-----
What is known to go wrong with the published code, and what is done here:

- Negatives are compared by one label a record, and with PTB-XL by one column of the table: here
  they share no label.
- Probabilities, not logits, are divided by the temperature: here logits, times its square.
- A second checkpoint is chosen on test and printed at the end: here the epoch is chosen on val,
  and test is predicted once, by the network that was chosen.
- The warm-up of the teacher ends at 15 times its rate, and then drops: here it ends at the rate
  (``warm_up = "published"`` with its ``warm_up_step`` is theirs).
- Blocks are set to begin as their shortcut, and then all normalisations are set to 1 again: here
  they begin as their shortcut (``zero_last = false`` is theirs).
- F1 is taken at 0.5 of logits, not of probabilities: here at thresholds from val.

Deviations: negatives are drawn with replacement; bf16 where it pays; statements that a record
cannot tell are left out of the cross-entropy and of figures, not of what the teacher says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.evaluation import (
    evaluate_predictions,
    mean_auc,
    mean_auc_difference,
    mean_auc_interval,
)
from ecgcore.evaluation.bootstrap import N_BOOT
from ecgcore.evaluation.side_words import table, words
from ecgcore.leads import STANDARD_12
from ecgcore.models import XResNet1d
from ecgcore.statements import CORE_CODES, SUPERCLASSES
from ecgcore.training.trainer import Fitted, Keep
from reproductions.mvkt_data import load_transfer_data
from reproductions.mvkt_recipe import (
    BCE,
    CLT,
    MKD,
    START,
    VIEW_LEADS,
    VIEWS,
    TransferRecipe,
)
from reproductions.mvkt_train import (
    Taught,
    TransferSet,
    answers,
    fit_network,
    mean_of_views,
    pretrain,
)
from reproductions.scores import Chosen as Threshold
from reproductions.scores import grid_threshold, round_figures

TEACHER = "teacher"
ALL_LEADS = tuple(range(len(STANDARD_12)))
Teachers = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Run:
    """One network.

    Attributes
    ----------
    name : str
        ``teacher``, ``teacher-limb``, or ``LEAD-VARIANT-seedN``.
    variant : str
    leads : tuple of int
        What it is given.
    seed : int
    teachers : tuple of (str, tuple of int)
        Names of the teachers' runs and what they are given; none for a teacher and for ``bce``.
    """

    name: str
    variant: str
    leads: tuple[int, ...]
    seed: int
    teachers: Teachers = ()


def runs_of(recipe: TransferRecipe) -> list[Run]:
    """Return a recipe's networks, a teacher always before its students."""
    whole: Teachers = ((TEACHER, ALL_LEADS),)
    views: Teachers = whole + tuple(
        (f"{TEACHER}-{name}", tuple(STANDARD_12.index(lead) for lead in leads))
        for name, leads in VIEW_LEADS.items()
    )
    wanted = [
        (lead, variant, seed)
        for seed in recipe.seeds
        for lead in recipe.leads
        for variant in recipe.variants
    ]
    wanted += [(k, v, recipe.seeds[0]) for k, names in recipe.more.items() for v in names]
    students = []
    for lead, variant, seed in dict.fromkeys(wanted):
        teachers = {BCE: (), VIEWS: views}.get(variant, whole)
        index = (STANDARD_12.index(lead),)
        students.append(Run(f"{lead}-{variant}-seed{seed}", variant, index, seed, teachers))
    needed = views if any(run.variant == VIEWS for run in students) else whole
    made = [Run(name, TEACHER, leads, recipe.seeds[0]) for name, leads in needed]
    # Students of the whole teacher need not wait for the others.
    first = [run for run in students if run.variant != VIEWS]
    return [made[0], *first, *made[1:], *(run for run in students if run.variant == VIEWS)]


def build_network(recipe: TransferRecipe, data: TransferSet, n_leads: int, seed: int) -> XResNet1d:
    """Return a network of the recipe with random weights."""
    torch.manual_seed(seed)
    return XResNet1d(len(data.codes), n_leads=n_leads, **recipe.network)


def taught_of(
    recipe: TransferRecipe, variant: str, said: Sequence[tuple[Tensor, Tensor]]
) -> Taught:
    """Return what a variant learns from its teachers' logits and features."""
    part = recipe.transfer
    return Taught(
        logits=said[0][0] if len(said) == 1 else mean_of_views([logits for logits, _ in said]),
        features=said[0][1],
        alpha=0.0 if variant == CLT else part.alpha,
        beta=0.0 if variant == MKD else part.beta,
        temperature=part.temperature,
        contrast=part.contrast,
    )


def train_run(
    recipe: TransferRecipe, data: TransferSet, run: Run, taught: Taught | None, folder: Path
) -> Fitted:
    """Train one network of a recipe, or take it from a folder."""
    network = build_network(recipe, data, len(run.leads), run.seed)
    keep = Keep.of(folder, run.name, run, recipe.plain())
    found = keep.load(network)
    if found is not None:
        return found
    schedule = recipe.teacher if run.variant == TEACHER else recipe.student
    if run.variant == START and not keep.checkpoint.is_file():
        epochs = recipe.transfer.start_epochs
        pretrain(network, data, run.leads[0], schedule, epochs=epochs, seed=run.seed)
        network.requires_grad_(True)
    return fit_network(network, data, run.leads, schedule, seed=run.seed, taught=taught, keep=keep)


def compare_mvkt(
    recipe: TransferRecipe, results: Path, runs: Path, *, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Train every network of a recipe that is not there yet, and measure all on test.

    Parameters
    ----------
    results : Path
        Folder of the tables, ``NAME.md``.
    runs : Path
        Folder for weights.

    Returns
    -------
    dict
        ``networks``: figures of each run; ``gains``: paired differences of the mean AUC from
        ``bce`` of the same lead and seed; ``over_seeds``: both for the mean over seeds; ``notes``.
    """
    data = load_transfer_data(recipe.data)
    said: dict[str, tuple[Tensor, Tensor]] = {}
    facts: dict[str, dict[str, Any]] = {}
    for run in runs_of(recipe):
        taught = None
        if run.teachers:
            taught = taught_of(recipe, run.variant, [said[name] for name, _ in run.teachers])
        made = train_run(recipe, data, run, taught, runs)
        said[run.name] = answers(cast(XResNet1d, made.network), data, run.leads)
        facts[run.name] = {
            "best_epoch": made.best,
            "epochs": [{"loss": e["loss"], "val_auc": e["figure"]} for e in made.rounds],
            "seconds": round(made.seconds),
        }
    logits = {name: each.numpy() for name, (each, _) in said.items()}
    found = figures(recipe, data, logits, n_boot=n_boot)
    for name, more in facts.items():
        found["networks"][name] |= more
    results.mkdir(parents=True, exist_ok=True)
    (results / f"{recipe.name}.md").write_text(document(found), encoding="utf-8")
    return found


def figures(
    recipe: TransferRecipe,
    data: TransferSet,
    logits: dict[str, NDArray[np.float32]],
    *,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return the figures on test of networks given by their logits of all records.

    Thresholds are those of the highest F1 on val.
    """
    val, test = data.where("val"), data.where("test")
    targets, groups = data.targets.numpy(), data.groups[test]
    probabilities = {
        name: 1 / (1 + np.exp(-np.clip(each.astype(np.float64), -60, 60)))
        for name, each in logits.items()
    }
    networks: dict[str, Any] = {}
    for name, p in probabilities.items():
        chosen: list[Threshold] = [
            grid_threshold(targets[val, j], p[val, j]) for j in range(targets.shape[1])
        ]
        networks[name] = {
            "val_auc": mean_auc(targets[val], p[val]),
            "test": _parts(data, targets[test], p[test], chosen, groups=groups, n_boot=n_boot),
        }
    gains = {}
    for name, mine in logits.items():
        base = _bce_of(name)
        if base in logits and base != name:
            pair = (mine[test], logits[base][test])
            gains[name] = _gains(data, targets[test], pair, groups=groups, n_boot=n_boot)
    found: dict[str, Any] = round_figures(
        {
            "recipe": recipe.name,
            "notes": list(recipe.notes),
            "networks": networks,
            "gains": gains,
            "over_seeds": _over_seeds(data, logits, n_boot=n_boot),
        }
    )
    return found


def _over_seeds(
    data: TransferSet, logits: dict[str, NDArray[np.float32]], *, n_boot: int
) -> dict[str, Any]:
    """Return the mean AUC on test over the seeds of a lead and variant, and what BCE's is less.

    Networks side by side are more columns: one interval over patients for the mean of all.
    """
    test = data.where("test")
    runs: dict[tuple[str, str], list[str]] = {}
    for name in logits:
        if _bce_of(name):
            lead, variant, _ = name.split("-")
            runs.setdefault((lead, variant), []).append(name)
    out: dict[str, Any] = {}
    for (lead, variant), names in runs.items():
        others = [_bce_of(name) for name in names]
        if len(names) < 2 or any(other not in logits for other in others):
            continue
        out[f"{lead}-{variant}"] = made = {}
        for part, columns in column_groups(data.codes).items():
            y = np.tile(data.targets.numpy()[test][:, columns], (1, len(names)))
            mine, base = (
                np.hstack([logits[n][test][:, columns] for n in some]) for some in (names, others)
            )
            groups = data.groups[test]
            auc = mean_auc_interval(y, mine, groups=groups, n_boot=n_boot)
            gain = mean_auc_difference(y, mine, base, groups=groups, n_boot=n_boot)
            made[part] = {"auc": auc.as_dict(), "over_bce": gain.as_dict()}
    return out


def column_groups(codes: Sequence[str]) -> dict[str, list[int]]:
    """Return the columns that are averaged over: all, or statements and super-classes apart."""
    if tuple(codes) != (*CORE_CODES, *SUPERCLASSES):
        return {"all": list(range(len(codes)))}
    return {
        "nine": list(range(len(CORE_CODES))),
        "super": list(range(len(CORE_CODES), len(codes))),
    }


def _parts(
    data: TransferSet,
    targets: NDArray[np.float32],
    p: NDArray[np.float64],
    chosen: Sequence[Threshold],
    *,
    groups: NDArray[np.str_],
    n_boot: int,
) -> dict[str, Any]:
    out = {}
    for name, columns in column_groups(data.codes).items():
        known = ~np.isnan(targets[:, columns]).all(axis=1)
        made = evaluate_predictions(
            targets[known][:, columns],
            p[known][:, columns],
            thresholds=[chosen[j].threshold for j in columns],
            groups=groups[known],
            codes=[data.codes[j] for j in columns],
            n_boot=n_boot,
        )
        del made["subgroups"]
        out[name] = made
    return out


def _gains(
    data: TransferSet,
    targets: NDArray[np.float32],
    pair: tuple[NDArray[np.float32], NDArray[np.float32]],
    *,
    groups: NDArray[np.str_],
    n_boot: int,
) -> dict[str, Any]:
    out = {}
    for name, columns in column_groups(data.codes).items():
        mine, other = (each[:, columns] for each in pair)
        found = mean_auc_difference(targets[:, columns], mine, other, groups=groups, n_boot=n_boot)
        out[name] = found.as_dict()
    return out


def _bce_of(name: str) -> str:
    parts = name.split("-")
    return "-".join((parts[0], BCE, parts[-1])) if len(parts) == 3 else ""


def document(found: dict[str, Any]) -> str:
    """Return all figures of a recipe as one Markdown text."""
    codes = list(_by_code(next(iter(found["networks"].values()))))
    rows = [
        [name, *(_by_code(each)[code] for code in codes)]
        for name, each in found["networks"].items()
    ]
    notes = "".join(f"- {note}\n" for note in found["notes"])
    return (
        f"# {found['recipe']}\n\nOn test, 95 % intervals over patients. LEAD-VARIANT-seedN; both: "
        f"MKD and CLT. Over BCE: paired, same lead and seed.\n\n{notes}\n{summary_text(found)}\n"
        f"AUC by statement:\n\n{table(('Network', *codes), rows)}"
    )


def _by_code(network: dict[str, Any]) -> dict[str, str]:
    """Return a network's area by statement, without intervals."""
    return {
        code: "-" if made["auc"]["value"] is None else f"{made['auc']['value']:.3f}"
        for part in network["test"].values()
        for code, made in part["classes"].items()
    }


def summary_text(found: dict[str, Any]) -> str:
    """Return the figures for reading."""
    rows = []
    for name, each in found["networks"].items():
        for part, made in each["test"].items():
            gain = found["gains"].get(name, {}).get(part)
            mean = made["mean"]
            over = words(gain) if gain else ""
            rows.append((name, part, words(mean["auc"]), words(mean["f1"]), over))
    for name, parts in found.get("over_seeds", {}).items():
        for part, made in parts.items():
            over = words(made["over_bce"])
            rows.append((f"{name}, all seeds", part, words(made["auc"]), "", over))
    return table(("Network", "Part", "Mean AUC on test", "Mean F1", "over BCE"), rows)
