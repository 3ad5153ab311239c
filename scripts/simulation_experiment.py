"""What simulated recordings teach a classifier, and what one of real recordings makes of them.

Trains what is missing (one network on simulation alone; one a fold on real and simulated records
together) and prints three tables by statement, with 95 % intervals from resampled patients:
(a) what the model makes of simulated records, (b) a network of simulation alone on real records,
(c) real records alone against both, out-of-fold on the same folds.  Networks already trained in
the folder of runs are taken from there.  Test rows are never read.

Run ``python -m scripts.simulation_experiment --help`` in the project's root.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet
from ecgcore.evaluation import (
    Interval,
    interval,
    mean_auc_difference,
    mean_auc_interval,
    patient_weights,
)
from ecgcore.evaluation.weighted import roc_auc
from ecgcore.inference import load_model, predict, use_threads
from ecgcore.inference.predict import prepared_logits
from ecgcore.simulate import simulate
from ecgcore.statements import CORE_CODES
from ecgcore.training.diagnostic.data import Statements
from ecgcore.training.diagnostic.recipe import Recipe, read_classifier_recipe
from ecgcore.training.trainer import Fitted

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
# Seeds that no batch of training draws from: batches count from a seed of their own.
FIRST_SEED = 90_000
CASES = (
    ("normal", "SNR"),
    ("atrial-fibrillation", "AF"),
    ("first-degree-av-block", "IAVB"),
    ("lbbb", "LBBB"),
    ("rbbb", "RBBB"),
    ("pac", "PAC"),
    ("pvc", "PVC"),
    ("st-depression", "STD"),
    ("inferior-stemi", "STE"),
    ("anterior-stemi", "STE"),
)


def recipes() -> tuple[Recipe, Recipe, Recipe]:
    """Return the recipes: real records alone, simulation alone, both."""
    names = ("core9", "sim_only", "core9_sim")
    real, alone, both = (read_classifier_recipe(CONFIGS / f"{name}.toml") for name in names)
    return real, alone, both


def network_of(recipe: Recipe, data: PackedSet, fold: int, runs: Path) -> Fitted:
    """Return the network of a recipe that never saw a fold; trained if it is not there yet."""
    material = Statements(recipe)
    material.__dict__["data"] = data
    return material.fold_network(fold, runs / f"{recipe.name}-{recipe.version}")


def share_recognised(per_case: int) -> None:
    """Print what the trained model flags on simulated records that it never saw."""
    model = load_model()
    print(
        f"(a) share of {per_case} simulated records flagged by {model.name}, clean to usual noise"
    )
    print(f"{'case':26s} {'statement':10s} {'flagged':22s} Normal ECG flagged")
    for case, code in CASES:
        flagged, normal = [], []
        for seed in range(FIRST_SEED, FIRST_SEED + per_case):
            made = simulate(case, seed=seed, vary=1.0)
            found = {f.code: f.finding for f in predict(model, made.recording).findings}
            flagged.append(found[code] is True)
            normal.append(found["SNR"] is True)
        print(f"{case:26s} {code:10s} {share(flagged):22s} {share(normal)}")


def share(flags: list[bool]) -> str:
    """Return the share of persons flagged with its interval; each record is a person."""
    values = np.array(flags, dtype=float)
    weights = patient_weights(np.arange(values.size).astype(str))
    return shown(interval(lambda w: w @ values / w.sum(axis=1), weights))


def logits(network: nn.Module, data: PackedSet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the logits of all leads, shape (n, 9)."""
    contract = recipes()[0].input
    return np.stack([prepared_logits(network, data.signal(int(r)), contract) for r in rows])


def real_records(data: PackedSet, runs: Path, folds_done: list[int]) -> None:
    """Print tables (b) and (c) over the records of the folds whose networks are all there."""
    real, alone, both = recipes()
    material = Statements(real)
    material.__dict__["data"] = data
    rows, folds = material.folds()
    only = network_of(alone, data, 0, runs).network
    scores: dict[str, list[NDArray[np.float64]]] = {"real": [], "both": [], "sim": []}
    kept = []
    for fold in folds_done:
        held = rows[folds == fold]
        kept.append(held)
        scores["real"].append(logits(network_of(real, data, fold, runs).network, data, held))
        scores["both"].append(logits(network_of(both, data, fold, runs).network, data, held))
        scores["sim"].append(logits(only, data, held))
    at = np.concatenate(kept)
    targets, groups = data.targets[at], data.groups[at]
    by = {name: np.concatenate(parts) for name, parts in scores.items()}
    weights = patient_weights(groups)
    print(f"\n(b), (c) AUC, {at.size} real records of train and val, folds {folds_done}")
    head = ("simulation alone", "real alone", "real + simulation")
    print(f"{'':5s} positive  " + " ".join(f"{h:22s}" for h in head) + " difference (both - real)")
    for column, code in enumerate(CORE_CODES):
        known = np.isfinite(targets[:, column])
        y, w = targets[known, column].astype(float), weights[:, known]
        area = {n: v[known, column] for n, v in by.items()}
        cells = [
            shown(interval(lambda u, s=area[n], y=y: roc_auc(y, s, u), w))
            for n in ("sim", "real", "both")
        ]
        paired = interval(
            lambda u, a=area, y=y: roc_auc(y, a["both"], u) - roc_auc(y, a["real"], u), w
        )
        print(f"{code:5s} {int(y.sum()):6d}  " + " ".join(f"{c:22s}" for c in cells), shown(paired))
    means = [
        shown(mean_auc_interval(targets, by[n], groups=groups)) for n in ("sim", "real", "both")
    ]
    paired = mean_auc_difference(targets, by["both"], by["real"], groups=groups)
    print(f"{'mean':5s} {'':6s}  " + " ".join(f"{c:22s}" for c in means), shown(paired))


def shown(given: Interval) -> str:
    """Return a figure with its interval."""
    if given.value is None or given.low is None or given.high is None:
        return "-"
    return f"{given.value:.3f} ({given.low:.3f} to {given.high:.3f})"


def main() -> int:
    """Run the experiment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", nargs="*", metavar="RECIPE:FOLD", help="only train these")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--per-case", type=int, default=40)
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3])
    given = parser.parse_args()
    use_threads(given.threads)
    by_name = {recipe.name: recipe for recipe in recipes()}
    data = Statements(by_name["core9"]).data
    if given.train:
        for job in given.train:
            name, fold = job.split(":")
            network_of(by_name[name], data, int(fold), given.runs)
        return 0
    share_recognised(given.per_case)
    real_records(data, given.runs, given.folds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
