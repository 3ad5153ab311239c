"""``evaluate NAME``: measure a trained model on the fixed splits."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets import DATASETS, Entry, data_root, load_index
from ecgcore.datasets.index import TWELVE_LEAD
from ecgcore.errors import DatasetError
from ecgcore.evaluation import metrics_table, subgroup_table
from ecgcore.evaluation.model_report import card_metrics, explanation_figures, predict_entries
from ecgcore.inference import LoadedModel, load_model, weights_root
from ecgcore.training import write_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="NAME", help="a model's name, or its folder")
    parser.add_argument(
        "--split",
        choices=("val", "test"),
        default="test",
        help="test is for the last figure, val for choosing (default: test)",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the figures on test into the model's card"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure; return the exit status."""
    if args.write and args.split != "test":
        raise DatasetError("Only figures on test go into a card; leave --split out.")
    model = load_model(args.model)
    entries = _entries(model)
    chosen = [e for e in entries if e.split == args.split]
    figures = card_metrics(model, predict_entries(model, chosen, report=_told))
    # Maps are checked on val, one by one: test is never looked at record by record.
    figures["explanations"] = explanation_figures(model, [e for e in entries if e.split == "val"])
    figures["split"] = args.split
    if args.write:
        folder = weights_root() / args.model
        write_card(
            replace(model.card, metrics=figures), folder if folder.is_dir() else Path(args.model)
        )
    if args.json:
        write_json({"model": model.name, **figures})
    else:
        sys.stdout.write(as_text(model, figures))
    return EXIT_OK


def _entries(model: LoadedModel) -> list[Entry]:
    twelve = {name for name, each in DATASETS.items() if each.kind == TWELVE_LEAD}
    names = [source.name for source in model.card.data if source.name in twelve]
    if not names:
        raise DatasetError(f"The card of {model.name} names no data set to measure on.")
    return load_index(data_root(), datasets=names)


def _told(done: int, total: int) -> None:
    if done % 50 == 0 or done == total:
        sys.stderr.write(f"predicted {done} of {total} records\n")


def as_text(model: LoadedModel, figures: Mapping[str, Any]) -> str:
    """Return the figures for reading."""
    checks = figures["explanations"]
    return "\n".join(
        (
            f"{model.name} on {figures['split']}: {figures['n']} records of "
            f"{figures['n_patients']} patients ({figures['how']['interval']})",
            "",
            metrics_table(figures),
            subgroup_table(figures),
            "Where a finding was given:",
            metrics_table(figures["when_assessed"]),
            f"Maps ({checks['method']}, {checks['split']}): {checks['deletion_passed']:.0%} of "
            f"{checks['n']} passed the deletion check; rank correlation with random weights "
            f"{checks['randomised_rank_correlation']:.2f}.",
            "",
        )
    )
