"""What each loss of the single-lead student gains, on test: prints and writes tables.

    .venv/bin/python -m benchmarks.single_lead losses [--runs runs]
    .venv/bin/python -m benchmarks.single_lead each --leads I II V1 V5 --steps 1500

``losses``: every student of ``configs/single_lead.toml`` that is kept under ``runs`` (``train``
leaves it there), beside that of the second part by labels alone, from the same start and with the
same records: paired, the mean over seeds, 95 % intervals over patients.  The loss was chosen out of
fold; nothing is chosen here.

``each``: a network for one lead alone beside the one network for all leads that is told which it is
given; both by labels alone, from the same seed, with as many steps, on val and on test.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit

from ecgcore.datasets import log_test_access
from ecgcore.datasets.pools import packed_pool, single_lead_pool
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import mean_auc, mean_auc_difference, mean_auc_interval
from ecgcore.evaluation.side_words import table, words
from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.statements import CORE_CODES, NETWORK_CODES
from ecgcore.training.diagnostic.data import Material
from ecgcore.training.diagnostic.train import build_tasks_network
from ecgcore.training.single_lead.ask import ask
from ecgcore.training.single_lead.data import SingleMaterial, SinglePool, single_pool
from ecgcore.training.single_lead.recipe import SOUP, SingleRecipe, read_single_recipe
from ecgcore.training.single_lead.students import (
    OWN_LEAD,
    Run,
    by_labels,
    keep_of,
    learned_rows,
    mean_network,
    seed_of,
)
from ecgcore.training.single_lead.train import fit_single
from ecgcore.training.trainer import Fitted
from reproductions.scores import grid_threshold

RECIPE = Path("configs/single_lead.toml")
N = len(CORE_CODES)
AF = NETWORK_CODES.index("AF")
BASE = "bce"
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Held:
    """Records of one split, with the rows of each kind that can be used."""

    pool: SinglePool
    rows: dict[str, NDArray[np.int64]]
    groups: NDArray[np.str_]

    def targets(self, kind: str) -> Floats:
        """Return the nine statements of a kind's rows."""
        statements: Floats = self.pool.pool.statements.numpy()
        return statements[self.rows[kind]][:, :N]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("losses", "each"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path, default=Path("results/single"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--leads", nargs="+", choices=STANDARD_12, default=list(STANDARD_12))
    parser.add_argument("--steps", type=int, default=1500)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    recipe = read_single_recipe(RECIPE)
    log_test_access(
        f"benchmarks.single_lead {args.what}",
        model=f"{recipe.name}-{recipe.version} and its rivals",
        measured="mean AUC and F1 on lead I and on every lead",
    )
    text = losses(recipe, args) if args.what == "losses" else each(recipe, args)
    print(text)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"{args.what}.md").write_text(text, encoding="utf-8")


def losses(recipe: SingleRecipe, args: argparse.Namespace) -> str:
    folder = args.runs / f"{recipe.name}-{recipe.version}"
    test, val = held(recipe, "test"), held(recipe, "val")
    said, cuts = {}, {}
    for loss in recipe.losses:
        networks = [student(recipe, loss, k, folder) for k in range(len(recipe.seeds))]
        said[loss] = [answers(network, test) for network in networks]
        cuts[loss] = [thresholds(answers(network, val), val) for network in networks]
        sys.stderr.write(f"{loss} is heard\n")
    return summary(figures(test, said, cuts))


def each(recipe: SingleRecipe, args: argparse.Namespace) -> str:
    recipe = replace(recipe, student=replace(recipe.student, steps=args.steps))
    folder = args.runs / f"{recipe.name}-{recipe.version}-{args.steps}"
    material = SingleMaterial(recipe, Material(recipe.base))
    run = Run(0, "labels")
    rows, seed = learned_rows(material), seed_of(recipe, run)
    together = by_labels(material, run, folder).network
    places = {"val": held(recipe, "val"), "test": held(recipe, "test")}
    found: dict[str, Any] = {"steps": args.steps, "leads": {}}
    for lead in args.leads:
        k = STANDARD_12.index(lead)
        keep = keep_of(recipe, f"lead-{lead}-seed-0", folder)
        alone = fit_single(
            recipe, material.pool, rows, recipe.student, seed=seed, leads=(k,), keep=keep
        ).network
        found["leads"][lead] = {
            split: _alone(alone, together, k, there) for split, there in places.items()
        }
    return each_summary(found)


def each_summary(found: dict[str, Any]) -> str:
    """Return the figures of ``each`` as a Markdown table."""
    names = ("alone", "together", "less")
    rows = [
        [lead, split, *(words(one[name]) for name in names)]
        for lead, splits in found["leads"].items()
        for split, one in splits.items()
    ]
    return (
        "# A network for one lead alone beside one for all leads\n\n"
        f"By labels alone, one seed, {found['steps']} steps each: mean AUC of the nine, 95 % "
        "intervals over patients.\n\n" + table(["lead", "split", *names], rows)
    )


def _alone(
    alone: LeadAttentionNet, together: LeadAttentionNet, lead: int, there: Held
) -> dict[str, Any]:
    rows = there.rows["twelve"]
    y, groups = there.targets("twelve"), there.groups[rows]
    mine, other = (
        ask(network, there.pool, rows, [lead]).statements[:, :N] for network in (alone, together)
    )
    return {
        "alone": mean_auc_interval(y, mine, groups=groups).as_dict(),
        "together": mean_auc_interval(y, other, groups=groups).as_dict(),
        "less": mean_auc_difference(y, mine, other, groups=groups).as_dict(),
    }


def held(recipe: SingleRecipe, split: str) -> Held:
    base = recipe.base
    pools = {
        "twelve": packed_pool(base.data.datasets, (split,), base.input),
        "single": single_lead_pool(base.tasks.single_lead, (split,), base.input),
    }
    pool = single_pool(pools, Material(base).noise, torch.device("cpu"))
    data, first = pools["single"].data, pool.first["single"]
    known = ~np.isnan(pool.pool.statements.numpy()[:, :N]).all(axis=1)
    usable = known & pool.complete.any(axis=1)
    rows = {"twelve": np.flatnonzero(usable[:first] & pool.complete[:first].all(axis=1))}
    for kind, name in (("cpsc", "cpsc2018_lead1"), ("cinc", "cinc2017")):
        rows[kind] = first + np.flatnonzero((data.datasets == name) & usable[first:])
    groups = np.concatenate([part.data.groups for part in pools.values()])
    return Held(pool, rows, groups)


def student(recipe: SingleRecipe, loss: str, number: int, folder: Path) -> LeadAttentionNet:
    return _kept(recipe, loss, number, folder).network


def _kept(recipe: SingleRecipe, loss: str, number: int, folder: Path) -> Fitted:
    if loss == SOUP:
        return mean_network([_kept(recipe, part, number, folder) for part in recipe.soup])
    keep = keep_of(recipe, Run(number, loss).name, folder)
    found = keep.load(build_tasks_network(recipe.arguments))
    if found is None:
        raise InvalidArgumentError(f"{keep.weights} is not there: python -m ecgcore train {RECIPE}")
    return found


def answers(network: LeadAttentionNet, there: Held) -> dict[str, Floats]:
    """Return logits of the nine: ``twelve`` (12, n, 9) lead by lead, ``cpsc`` and ``cinc``."""
    rows = there.rows
    leads = [ask(network, there.pool, rows["twelve"], [k]).statements[:, :N] for k in range(12)]
    found = {"twelve": np.stack(leads)}
    for kind in ("cpsc", "cinc"):
        found[kind] = ask(network, there.pool, rows[kind], [OWN_LEAD]).statements[:, :N]
    return found


def thresholds(said: dict[str, Floats], val: Held) -> NDArray[np.float64]:
    """Return each statement's threshold of the highest F1 on val, lead by lead, (12, 9)."""
    y = val.targets("twelve")
    return np.array(
        [
            [grid_threshold(y[:, j], expit(one[:, j])).threshold for j in range(N)]
            for one in said["twelve"]
        ]
    )


def figures(
    test: Held,
    said: dict[str, list[dict[str, Floats]]],
    cuts: dict[str, list[NDArray[np.float64]]],
) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name, kind, leads in (
        ("lead I", "twelve", [0]),
        ("lead II", "twelve", [1]),
        ("mean of twelve leads", "twelve", list(range(12))),
        ("CPSC, lead I", "cpsc", None),
    ):
        y, groups = test.targets(kind), test.groups[test.rows[kind]]
        wide = {loss: _wide(each, kind, leads) for loss, each in said.items()}
        times = wide[BASE].shape[1] // N
        parts[name] = _compared(np.tile(y, (1, times)), wide, groups)
    y, groups = test.targets("cinc")[:, [AF]], test.groups[test.rows["cinc"]]
    wide = {loss: np.hstack([s["cinc"][:, [AF]] for s in each]) for loss, each in said.items()}
    parts["CinC 2017, AF"] = _compared(np.tile(y, (1, len(said[BASE]))), wide, groups)
    f1 = _f1(test, said, cuts)
    return {
        "auc": parts,
        "f1": _mean_f1(f1),
        "by_class": _by_class(test, said),
        "f1_by_class": f1,
    }


def _wide(each: Sequence[dict[str, Floats]], kind: str, leads: list[int] | None) -> Floats:
    """Return seeds (and leads) side by side, (n, k * 9): the mean area is that over all."""
    if leads is None:
        return np.hstack([said[kind] for said in each])
    return np.hstack([said[kind][lead] for said in each for lead in leads])


def _compared(y: Floats, wide: dict[str, Floats], groups: NDArray[np.str_]) -> dict[str, Any]:
    out = {}
    for loss, scores in wide.items():
        out[loss] = {"auc": mean_auc_interval(y, scores, groups=groups).as_dict()}
        if loss != BASE:
            gain = mean_auc_difference(y, scores, wide[BASE], groups=groups)
            out[loss]["over_bce"] = gain.as_dict()
    return out


def _f1(
    test: Held,
    said: dict[str, list[dict[str, Floats]]],
    cuts: dict[str, list[NDArray[np.float64]]],
) -> dict[str, dict[str, dict[str, float]]]:
    """Return F1 of each of the nine by lead, mean over seeds, at the thresholds from val."""
    y = test.targets("twelve")
    out: dict[str, dict[str, dict[str, float]]] = {}
    for loss, each in said.items():
        pairs = list(zip(each, cuts[loss], strict=True))
        out[loss] = {}
        for k, lead in enumerate(STANDARD_12):
            by_seed = [
                [_one_f1(y[:, j], expit(s["twelve"][k][:, j]), cut[k, j]) for j in range(N)]
                for s, cut in pairs
            ]
            mean = np.mean(by_seed, axis=0).tolist()
            out[loss][lead] = dict(zip(CORE_CODES, mean, strict=True))
    return out


def _mean_f1(by_class: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        loss: {lead: float(np.nanmean(list(one.values()))) for lead, one in leads.items()}
        for loss, leads in by_class.items()
    }


def _one_f1(y: Floats, p: NDArray[np.float64], cut: float) -> float:
    known = ~np.isnan(y)
    there, flagged = y[known] == 1, p[known] >= cut
    return float(2 * (there & flagged).sum() / max(1, there.sum() + flagged.sum()))


def _by_class(test: Held, said: dict[str, list[dict[str, Floats]]]) -> dict[str, Any]:
    """Return each statement's area by lead, mean over seeds."""
    y = test.targets("twelve")
    out: dict[str, Any] = {}
    for loss, each in said.items():
        out[loss] = {}
        for k, lead in enumerate(STANDARD_12):
            areas = {}
            for j, code in enumerate(CORE_CODES):
                scores = np.stack([s["twelve"][k][:, j] for s in each], axis=1)
                one = np.tile(y[:, [j]], (1, len(each)))
                areas[code] = mean_auc(one, scores)
            out[loss][lead] = areas
    return out


def summary(found: dict[str, Any]) -> str:
    parts = list(found["auc"])
    losses = list(found["auc"][parts[0]])
    rows = [[loss, *(words(found["auc"][p][loss]["auc"]) for p in parts)] for loss in losses]
    gains = [
        [loss, *(words(found["auc"][p][loss]["over_bce"]) for p in parts)]
        for loss in losses
        if loss != BASE
    ]
    f1 = [[loss, *(f"{v:.3f}" for v in found["f1"][loss].values())] for loss in losses]
    return "\n".join(
        (
            "# What each loss of the single-lead student gains, on test\n",
            "## Mean AUC of the nine, mean over seeds, 95 % intervals over patients\n",
            table(["loss", *parts], rows),
            "## Over the second part by labels alone, paired\n",
            table(["loss", *parts], gains),
            "## Mean F1 of the nine, thresholds from val\n",
            table(["loss", *STANDARD_12], f1),
            "## AUC by statement and lead, mean over seeds\n",
            _by_lead(found["by_class"], 3),
            "## F1 by statement and lead, mean over seeds, thresholds from val\n",
            _by_lead(found["f1_by_class"], 2),
        )
    )


def _by_lead(found: dict[str, dict[str, dict[str, float]]], digits: int) -> str:
    rows = [
        [lead, loss, *(f"{found[loss][lead][code]:.{digits}f}" for code in CORE_CODES)]
        for lead in STANDARD_12
        for loss in found
    ]
    return table(["lead", "loss", *CORE_CODES], rows)


if __name__ == "__main__":
    main()
