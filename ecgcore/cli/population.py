"""``population NAME``: what a trained model looks at over the test split."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.checks import check_range
from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets import TEST, Entry, data_root, load_index, log_test_access
from ecgcore.datasets.index import DATASETS, TWELVE_LEAD
from ecgcore.errors import DatasetError
from ecgcore.evaluation.population import FILE, Settings, population_figures
from ecgcore.inference import LoadedModel, load_model, use_threads, weights_root
from ecgcore.origin import origin

MOST_RECORDS = 412
SEED = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="NAME", help="a model's name, or its folder")
    parser.add_argument(
        "--split",
        choices=("val", "test"),
        default="test",
        help="test is for the page's figures, val for trying out (default: test)",
    )
    parser.add_argument(
        "--records",
        type=int,
        default=MOST_RECORDS,
        metavar="N",
        help=f"look at no more twelve-lead records, drawn at random (default: {MOST_RECORDS})",
    )
    parser.add_argument(
        "--draws", type=int, default=32, metavar="N", help="gradients a record and statement"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write the figures on test as {FILE} beside the card"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compute; return the exit status."""
    if args.write and args.split != "test":
        raise DatasetError("Only figures on test go into a model's folder; leave --split out.")
    check_range("--records", args.records, 1, 1_000_000)
    use_threads(1)
    model = load_model(args.model)
    if args.split == TEST:
        log_test_access(
            f"ecgcore population {model.name} --records {args.records}",
            model=model.name,
            measured="attribution by statement and lead, and what each lead can do",
        )
    entries = _read_entries(model, args.split, args.records)
    settings = Settings(n_draws=args.draws, seed=SEED)
    figures = population_figures(model, entries, settings=settings, report=_report_progress)
    if args.write:
        named = weights_root() / args.model
        folder = named if named.is_dir() else Path(args.model)
        stamped = figures | origin(model.card.weights_sha256)
        text = json.dumps(stamped, separators=(",", ":"), allow_nan=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")
    if args.json:
        write_json(figures, digest=model.card.weights_sha256)
    else:
        sys.stdout.write(as_text(figures))
    return EXIT_OK


def _read_entries(model: LoadedModel, split: str, most: int) -> list[Entry]:
    named = [source.name for source in model.card.data]
    # Simulation, noise and single-lead sets are learned from as well: nothing to look at here.
    names = [n for n in named if n in DATASETS and DATASETS[n].kind == TWELVE_LEAD]
    if not names:
        raise DatasetError(f"The card of {model.name} names no twelve-lead data set to look at.")
    every = load_index(data_root(), datasets=names)
    whole = [e for e in every if e.split == split]
    kept = np.sort(np.random.default_rng(SEED).permutation(len(whole))[:most])
    return [whole[i] for i in kept]


def _report_progress(what: str, done: int, total: int) -> None:
    if what != "read" or done % 50 == 0 or done == total:
        sys.stderr.write(f"{what} {done} of {total}\n")


def as_text(figures: Mapping[str, Any]) -> str:
    """Return the figures for reading."""
    leads = figures["leads"]
    lines = [
        f"{figures['model']} on {figures['split']}: {figures['n']} records of "
        f"{figures['n_patients']} patients",
        "",
        "Share of mean |SHAP| (%)  " + " ".join(f"{lead:>5}" for lead in leads),
    ]
    for code, found in figures["classes"].items():
        if "share" not in found:
            lines.append(f"  {code:<8} flagged in {found['n_flagged']} records: not stated")
            continue
        cells = " ".join(f"{100 * one['value']:5.1f}" for one in found["share"])
        check = "passed" if found["check"]["passed"] else "not passed"
        lines.append(f"  {code:<8} n {found['n']:<10}  {cells}   lead check {check}")
    lines += ["", "Mean AUC on one lead:"]
    alone = figures["single_leads"]
    for lead, found in [("all leads", alone["all"]), *alone["leads"].items()]:
        area = found["mean_auc"]
        if area["value"] is None:
            lines.append(f"  {lead:<9} -")
            continue
        between = "" if area["low"] is None else f" ({area['low']:.3f} to {area['high']:.3f})"
        lines.append(f"  {lead:<9} {area['value']:.3f}{between}")
    return "\n".join(lines) + "\n"
