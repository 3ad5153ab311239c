"""``evaluate NAME``: measure a trained model on the fixed splits."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets import TEST, data_root, load_index, log_test_access
from ecgcore.errors import DatasetError
from ecgcore.evaluation import metrics_table, subgroup_table
from ecgcore.evaluation.choices import kept_networks
from ecgcore.evaluation.model_folder import write_card
from ecgcore.evaluation.model_report import card_metrics, explanation_figures, predict_entries
from ecgcore.evaluation.multi_report import multi_figures
from ecgcore.evaluation.one_lead_report import card_part, figures_text, single_figures
from ecgcore.evaluation.side_report import twelve_lead_names
from ecgcore.evaluation.side_words import side_text
from ecgcore.inference import DEFAULT_MODEL, LoadedModel, load_model, use_threads, weights_root
from ecgcore.models.protocol import side_names


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
    parser.add_argument(
        "--only",
        choices=("statements",),
        help="measure the statements alone, and keep the card's other figures as they are",
    )
    parser.add_argument(
        "--runs",
        default="runs",
        metavar="DIR",
        help="what training kept; further networks of the recipe in it are measured as an ensemble "
        "and by seed (default: runs)",
    )
    parser.add_argument(
        "--beside",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help=f"of a single-lead model: which other reads the same leads (default: {DEFAULT_MODEL})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure; return the exit status."""
    if args.write and args.split != "test":
        raise DatasetError("Only figures on test go into a card; leave --split out.")
    use_threads(1)
    model = load_model(args.model)
    if args.write and "waveform" in model.card.training:
        raise DatasetError(
            f"The figures of {model.name} are those of all its controls: "
            "python -m benchmarks.waveform --write."
        )
    if args.split == TEST:
        log_test_access(
            f"ecgcore evaluate {model.name}",
            model=model.name,
            measured="every figure of its card on the records of its data sets",
        )
    if model.card.input.max_leads == 1:
        return _compare_one_lead(args, model)
    entries = load_index(data_root(), datasets=twelve_lead_names(model.card))
    if args.only is None and "superclasses" in side_names(model.network):
        others = kept_networks(Path(args.runs) / model.name, model.card)
        figures = multi_figures(model, args.split, others=others, report=_part)
    else:
        chosen = [e for e in entries if e.split == args.split]
        figures = card_metrics(model, predict_entries(model, chosen, report=_report_progress))
    if args.only is None:
        # Maps are checked on val, one by one: test is never looked at record by record.
        on_val = [e for e in entries if e.split == "val"]
        figures["explanations"] = explanation_figures(model, on_val)
    else:
        figures = {**model.card.metrics, **figures}
    figures["split"] = args.split
    if args.write:
        folder = weights_root() / args.model
        write_card(
            replace(model.card, metrics=figures), folder if folder.is_dir() else Path(args.model)
        )
    if args.json:
        write_json({"model": model.name, **figures}, digest=model.card.weights_sha256)
    else:
        sys.stdout.write(as_text(model, figures))
    return EXIT_OK


def _compare_one_lead(args: argparse.Namespace, model: LoadedModel) -> int:
    """Measure a model of one lead beside the one for any leads, on the same leads."""
    figures = single_figures(model, load_model(args.beside), split=args.split, tell=_said)
    if args.write:
        folder = weights_root() / args.model
        write_card(
            replace(model.card, metrics=card_part(figures)),
            folder if folder.is_dir() else Path(args.model),
        )
    if args.json:
        write_json({"model": model.name, **figures}, digest=model.card.weights_sha256)
    else:
        sys.stdout.write(figures_text(figures))
    return EXIT_OK


def _said(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def _report_progress(done: int, total: int) -> None:
    if done % 50 == 0 or done == total:
        sys.stderr.write(f"predicted {done} of {total} records\n")


def _part(words: str) -> None:
    sys.stderr.write(f"{words}\n")


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
            side_text(figures),
        )
    )
