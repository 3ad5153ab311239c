"""The network of several tasks beside the published system, and how fast it is.

    .venv/bin/python -m benchmarks.diagnostic table --out docs/side-by-side.md
    .venv/bin/python -m benchmarks.diagnostic beside --other core9-1 --write
    .venv/bin/python -m benchmarks.diagnostic speed

``table`` takes the published system's figures from ``results/reference``, ours from the card
(``python -m ecgcore evaluate NAME --write`` fills it), and where the published network's
probabilities on test are kept under ``runs``, the paired difference on the same records.
``beside`` sets another installed model beside it on the nine statements, out of fold (from both
cards) and on the test records that both can read; ``--write`` puts that into the card.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.datasets import TEST, data_root, load_index, log_test_access
from ecgcore.evaluation import mean_auc_difference, mean_auc_interval
from ecgcore.evaluation.asked import ask_reads, read_one
from ecgcore.evaluation.choices import kept_networks
from ecgcore.evaluation.model_folder import write_card
from ecgcore.evaluation.model_report import predict_entries
from ecgcore.evaluation.side_report import ask_entries, twelve_lead_names
from ecgcore.evaluation.side_words import table, words
from ecgcore.inference import (
    LoadedModel,
    ModelCard,
    load_model,
    predict,
    use_threads,
    weights_root,
)
from ecgcore.inference.prepare import model_input, model_leads
from ecgcore.inference.runner import hear, read_for
from ecgcore.recording import Recording
from ecgcore.simulate import simulate
from ecgcore.statements import CORE_CODES
from reproductions.scores import read_figures, summary

NAMES = {
    "zhang_resnet34_splits": "ResNet-34 (Zhang)",
    "zhang_features_splits-logistic_regression": "logistic regression (Zhang)",
    "zhang_features_splits-random_forest": "random forest (Zhang)",
    "zhang_features_splits-lightgbm": "LightGBM (Zhang)",
    "zhang_features_splits-mlp": "perceptron (Zhang)",
}
SEEDS = (0, 1, 2)
FIGURES = ("auc", "f1")


# ---- table ---------------------------------------------------------------------------------


def side_by_side(card: ModelCard, results: Path, paired: str) -> str:
    """Return the Markdown text."""
    if not card.metrics.get("seeds"):
        sys.exit(
            f"{card.full_name} has no figures: python -m ecgcore evaluate {card.full_name} --write"
        )
    how = card.metrics["how"]["interval"]
    parts = [
        "# Side by side",
        "Made by `python -m benchmarks.diagnostic table`; not edited by hand. The fixed splits, "
        "the same test records for all. In brackets after a mean over seeds: its standard "
        f"deviation; else the {how}. Brugada-HUCA, which only ours read, names none of the nine.",
        "## Nine statements on twelve leads",
        *(f"### {'AUC' if f == 'auc' else 'F1'}\n\n{_by_class(card, results, f)}" for f in FIGURES),
        "## Means with intervals, seed by seed",
        _by_seed(card, results),
        "## Ours less the published network, paired",
        paired,
        "## Ours on one lead alone",
        "With the thresholds made on twelve leads.",
        *(f"### {'AUC' if f == 'auc' else 'F1'}\n\n{_alone(card, f)}" for f in FIGURES),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _by_class(card: ModelCard, results: Path, figure: str) -> str:
    rows = []
    for name, title in NAMES.items():
        found = summary(read_figures(results / f"{name}.csv"))[figure]
        cells = [_spread(found[code]) for code in (*CORE_CODES, "mean")]
        rows.append([title, *cells])
    ours = _over_seeds(card.metrics["seeds"], figure)
    rows.append([f"{card.full_name}, twelve leads", *ours])
    return table(("", *CORE_CODES, "mean"), rows)


def _over_seeds(seeds: Mapping[str, Any], figure: str) -> list[str]:
    cells = []
    for code in CORE_CODES:
        cells.append(_mean([each["classes"][code][figure]["value"] for each in seeds.values()]))
    return [*cells, _mean([each["nine"][figure]["value"] for each in seeds.values()])]


def _mean(values: Sequence[float | None]) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.3f}"
    return f"{np.mean(known):.3f} ({np.std(known, ddof=1):.3f})"


def _spread(found: Mapping[str, Any]) -> str:
    """Return a mean over seeds with its standard deviation, as a reference's file has it."""
    value = found.get("mean", found.get("value"))
    spread = found.get("sd")
    if value is None:
        return "-"
    return f"{value:.3f}" if spread is None else f"{value:.3f} ({spread:.3f})"


def _by_seed(card: ModelCard, results: Path) -> str:
    rows = []
    for name, title in NAMES.items():
        for run in read_figures(results / f"{name}.csv"):
            cells = (words(run["mean"][f]) for f in FIGURES)
            rows.append([f"{title}, seed {run['seed']}", *cells])
    for name, each in card.metrics["seeds"].items():
        seed = name.removeprefix("final-")
        rows.append([f"{card.full_name}, seed {seed}", *(words(each["nine"][f]) for f in FIGURES)])
    return table(("", "Mean AUC of nine", "Mean F1 of nine"), rows)


def _alone(card: ModelCard, figure: str) -> str:
    found = card.metrics["single_leads"]
    if figure == "f1" and "mean_f1" not in found["all"]:
        return f"Not in this card yet: `python -m ecgcore evaluate {card.full_name} --write`."
    key, mean = ("classes", "mean_auc") if figure == "auc" else ("f1", "mean_f1")
    rows = []
    for lead, each in [("all", found["all"]), *found["leads"].items()]:
        values = (each[key][code]["value"] for code in CORE_CODES)
        cells = ["-" if v is None else f"{v:.3f}" for v in values]
        rows.append([lead, *cells, words(each[mean])])
    return table(("Lead", *CORE_CODES, "mean"), rows)


def paired_difference(name: str, runs: Path) -> str:
    """Return ours less the published network, seed by seed, on the same records."""
    kept = {seed: _kept(runs, seed) for seed in SEEDS}
    if not any(found is not None for found in kept.values()):
        return (
            "The published network's probabilities on test are not kept here: "
            "`python -m reproductions configs/zhang_resnet34_splits.toml` makes them."
        )
    model = load_model(name)
    entries = load_index(data_root(), datasets=twelve_lead_names(model.card))
    wanted = next(set(found[0]) for found in kept.values() if found is not None)
    chosen = [e for e in entries if f"{e.dataset}/{e.record}" in wanted]
    asked = ask_entries(model, chosen)
    columns = [model.card.codes.index(code) for code in CORE_CODES]
    targets = np.array([e.targets for e in asked.entries])
    networks = {0: model.network}
    for other, network in kept_networks(runs / model.name, model.card).items():
        networks[int(other.removeprefix("final-"))] = network
    without_ste = [j for j, code in enumerate(CORE_CODES) if code != "STE"]
    rows = []
    for seed, found in kept.items():
        if found is None or seed not in networks:
            continue
        said = ask_reads(networks[seed], asked.reads)
        ours = np.stack([each.logits.max(axis=0)[columns] for each in said])
        at = [found[0].index(f"{e.dataset}/{e.record}") for e in asked.entries]
        gains = [
            mean_auc_difference(
                targets[:, kept_], ours[:, kept_], found[1][at][:, kept_], groups=asked.groups
            )
            for kept_ in (list(range(len(CORE_CODES))), without_ste)
        ]
        rows.append([f"seed {seed}", str(len(at)), *(words(g.as_dict()) for g in gains)])
    head = ("", "Records", "Mean AUC of nine", "Of the eight without STE (4 positives on test)")
    return table(head, rows)


def _kept(runs: Path, seed: int) -> tuple[list[str], np.ndarray] | None:
    name = "zhang_resnet34_splits"
    path = runs / name / f"{name}-seed{seed}" / "test.npz"
    if not path.is_file():
        return None
    with np.load(path) as found:
        return found["records"].tolist(), found["probabilities"].astype(np.float64)


# ---- another model of ours -----------------------------------------------------------------


def beside(name: str, other: str) -> dict[str, Any]:
    """Return mean areas of the nine of two models on the same test records, and the difference."""
    models = [load_model(name), load_model(other)]
    names = sorted(set.intersection(*(set(twelve_lead_names(m.card)) for m in models)))
    entries = [e for e in load_index(data_root(), datasets=names) if e.split == TEST]
    said = []
    for model in models:
        columns = [model.card.codes.index(code) for code in CORE_CODES]
        said.append(predict_entries(model, entries).probabilities[:, columns])
    targets = np.array([e.targets for e in entries])
    groups = np.array([e.group for e in entries])
    out: dict[str, Any] = {
        "other": models[1].name,
        "datasets": names,
        "n": len(entries),
        "n_patients": len(set(groups.tolist())),
        "positives": {c: int((targets[:, j] == 1).sum()) for j, c in enumerate(CORE_CODES)},
    }
    every = range(len(CORE_CODES))
    for key, kept in {
        "nine": list(every),
        "without STE": [j for j in every if CORE_CODES[j] != "STE"],
    }.items():
        y, (ours, theirs) = targets[:, kept], (s[:, kept] for s in said)
        out[key] = {
            "this": mean_auc_interval(y, ours, groups=groups).as_dict(),
            "other": mean_auc_interval(y, theirs, groups=groups).as_dict(),
            "difference": mean_auc_difference(y, ours, theirs, groups=groups).as_dict(),
        }
    out["out of fold"] = {
        key: _nine_out_of_fold(m.card) for key, m in zip(("this", "other"), models, strict=True)
    }
    return out


def _nine_out_of_fold(card: ModelCard) -> float:
    return float(np.mean([card.out_of_fold["classes"][c]["auc"]["value"] for c in CORE_CODES]))


def write_beside(name: str, found: Mapping[str, Any]) -> None:
    """Put the comparison into the model's card and README."""
    card = load_model(name).card
    write_card(
        replace(card, metrics={**card.metrics, "beside": dict(found)}), weights_root() / name
    )


# ---- speed ---------------------------------------------------------------------------------


def speed(name: str, n: int) -> dict[str, Any]:
    """Return times on simulated twelve-lead records of 10 s at 500 Hz, model loaded and warm."""
    model = load_model(name)
    made = [simulate("normal", seed=i, fs_hz=500.0).recording for i in range(8)]
    found: dict[str, Any] = {"model": name, "load": os.getloadavg()[0], "cores": os.cpu_count()}
    for threads in (1, 2):
        use_threads(threads)
        found[f"{threads} threads"] = _times(model, made, n)
    return found


def _times(model: LoadedModel, made: Sequence[Recording], n: int) -> dict[str, Any]:
    contract, one = model.card.input, made[0]
    reading = read_for(model, one)
    jobs = {
        "predict": lambda: predict(model, one),
        "of it filters": lambda: model_input(one, contract, model_leads(one, contract)),
        "of it network": lambda: hear(model.network, reading.given, reading.pieces),
    }
    times = {title: _milliseconds(job, n) for title, job in jobs.items()}
    started = time.perf_counter()
    reads = [read_one(model, str(i), made[i % len(made)]) for i in range(64)]
    read_s = time.perf_counter() - started
    started = time.perf_counter()
    ask_reads(model.network, reads)
    network_s = time.perf_counter() - started
    return {
        "ms, median (10 % to 90 %)": times,
        "records a second, network in batches of 32": round(64 / network_s, 1),
        "records a second, with quality and filters": round(64 / (read_s + network_s), 1),
    }


def _milliseconds(job: Any, n: int) -> str:
    for _ in range(3):
        job()
    times = []
    for _ in range(n):
        started = time.perf_counter()
        job()
        times.append(1e3 * (time.perf_counter() - started))
    low, middle, high = np.quantile(times, (0.1, 0.5, 0.9))
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def main() -> None:
    """Run the part asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("table", "beside", "speed"))
    parser.add_argument("--other", default="core9-1", help="what beside compares with")
    parser.add_argument("--write", action="store_true", help="beside: into the model's card")
    parser.add_argument("--model", default="diagnostic-1")
    parser.add_argument("--results", type=Path, default=Path("results/reference"))
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--times", type=int, default=40)
    args = parser.parse_args()
    if args.part == "speed":
        json.dump(speed(args.model, args.times), sys.stdout, indent=1)
        print()
        return
    use_threads(1)
    log_test_access(
        f"benchmarks.diagnostic {args.part}",
        model=args.model,
        measured="paired difference of the nine from "
        + (args.other if args.part == "beside" else "the published network"),
    )
    if args.part == "beside":
        found = beside(args.model, args.other)
        json.dump(found, sys.stdout, indent=1)
        if args.write:
            write_beside(args.model, found)
        return
    card = load_model(args.model).card
    text = side_by_side(card, args.results, paired_difference(args.model, args.runs))
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
