"""``train CONFIG``: make a model folder from a recipe."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets import log_test_access
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference import use_threads, weights_root
from ecgcore.origin import digest_of_file
from ecgcore.training import make_model, read_recipe
from ecgcore.training.anomaly_control import make_control
from ecgcore.training.anomaly_make import make_restoration, read_pools, refit_score
from ecgcore.training.anomaly_recipe import (
    PTBXL,
    RESTORATION,
    is_anomaly_recipe,
    read_anomaly_recipe,
)
from ecgcore.training.multi_release import make_diagnostic
from ecgcore.training.reference import make_reference, summary_table
from ecgcore.training.reference_recipe import is_reference_recipe, read_reference_recipe
from ecgcore.training.single_recipe import is_single_recipe, read_single_recipe
from ecgcore.training.single_release import make_single
from ecgcore.training.transfer_make import make_transfer
from ecgcore.training.transfer_make import summary_text as transfer_text
from ecgcore.training.transfer_recipe import is_transfer_recipe, read_transfer_recipe
from ecgcore.training.wave_make import is_wave_recipe, make_delineator, read_wave_recipe
from ecgcore.training.waveform_make import make_waveform
from ecgcore.training.waveform_recipe import is_waveform_recipe, read_waveform_recipe

_NORMS_ONLY = "--norms-only is for the recipe of the anomaly model, configs/restoration.toml."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("config", metavar="CONFIG", help="a recipe, for example configs/core9.toml")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="the model folder, default weights/NAME; of a reference the folder of its tables, "
        "default results/reference",
    )
    parser.add_argument(
        "--runs",
        default="runs",
        metavar="DIR",
        help="what is kept between runs, so that a stopped run goes on (default: runs)",
    )
    parser.add_argument(
        "--norms-only",
        action="store_true",
        help="of the anomaly model: keep its network, measure the norms of its score on val anew",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Train; return the exit status."""
    use_threads(args.threads)
    if args.norms_only and not is_anomaly_recipe(Path(args.config)):
        raise InvalidArgumentError(_NORMS_ONLY)
    for asks_for, made in _KINDS:
        if asks_for(Path(args.config)):
            return made(args)
    recipe = read_recipe(Path(args.config))
    name = f"{recipe.name}-{recipe.version}"
    out = Path(args.out) if args.out else weights_root() / name
    make = make_diagnostic if recipe.tasks.single_batch else make_model
    card = make(recipe, out, Path(args.runs) / name)
    if args.json:
        _print(args, {"model": card.full_name, "folder": str(out), "training": card.training})
    else:
        sys.stdout.write(
            f"{card.full_name} is in {out}. Measure it: python -m ecgcore evaluate {out} --write\n"
        )
    return EXIT_OK


def _delineator(args: argparse.Namespace) -> int:
    recipe = read_wave_recipe(Path(args.config))
    out = Path(args.out) if args.out else weights_root() / f"{recipe.name}-{recipe.version}"
    card = make_delineator(recipe, out)
    if args.json:
        _print(args, {"model": card.full_name, "folder": str(out), "training": card.training})
    else:
        sys.stdout.write(f"{card.full_name} is in {out}.\n")
    return EXIT_OK


def _transfer(args: argparse.Namespace) -> int:
    recipe = read_transfer_recipe(Path(args.config))
    _log_test(args, recipe.name)
    out = Path(args.out) if args.out else Path("results") / "mvkt"
    found = make_transfer(recipe, out, Path(args.runs) / recipe.name)
    if args.json:
        _print(args, {"recipe": recipe.name, "folder": str(out), **found})
    else:
        sys.stdout.write(transfer_text(found))
    return EXIT_OK


def _single(args: argparse.Namespace) -> int:
    recipe = read_single_recipe(Path(args.config))
    name = f"{recipe.name}-{recipe.version}"
    out = Path(args.out) if args.out else weights_root() / name
    card = make_single(recipe, out, Path(args.runs) / name)
    if args.json:
        _print(args, {"model": card.full_name, "folder": str(out), "training": card.training})
    else:
        sys.stdout.write(
            f"{card.full_name} is in {out}. Measure it: python -m ecgcore evaluate {out} --write\n"
        )
    return EXIT_OK


def _waveform(args: argparse.Namespace) -> int:
    recipe = read_waveform_recipe(Path(args.config))
    out = Path(args.out) if args.out else weights_root()
    cards = make_waveform(recipe, out, Path(args.runs) / f"{recipe.name}-{recipe.version}")
    names = [card.full_name for card in cards]
    if args.json:
        _print(args, {"models": names, "folder": str(out)})
    else:
        sys.stdout.write(
            f"{', '.join(names)} in {out}. Measure them: python -m benchmarks.waveform --write\n"
        )
    return EXIT_OK


def _anomaly(args: argparse.Namespace) -> int:
    recipe = read_anomaly_recipe(Path(args.config))
    name = f"{recipe.name}-{recipe.version}"
    runs = Path(args.runs) / name
    if args.norms_only and recipe.kind != RESTORATION:
        raise InvalidArgumentError(_NORMS_ONLY)
    if recipe.kind == RESTORATION:
        out = Path(args.out) if args.out else weights_root() / name
        card = refit_score(recipe, out) if args.norms_only else make_restoration(recipe, out, runs)
        found: dict[str, Any] = {"model": card.full_name, "folder": str(out)}
    else:
        pools = None if recipe.data.source == PTBXL else read_pools(recipe)
        if recipe.data.source == PTBXL:
            _log_test(args, name)
        made = make_control(recipe, pools, runs)
        best = max(made["val_auc"])
        found = {"model": name, "folder": str(runs), "val_auc": best, "test": made.get("test")}
    if args.json:
        _print(args, found)
    else:
        sys.stdout.write(f"{found['model']} is in {found['folder']}.\n")
    return EXIT_OK


def _reference(args: argparse.Namespace) -> int:
    recipe = read_reference_recipe(Path(args.config))
    _log_test(args, recipe.name)
    out = Path(args.out) if args.out else Path("results") / "reference"
    found = make_reference(recipe, out, Path(args.runs) / recipe.name)
    if args.json:
        _print(args, {"reference": recipe.name, "folder": str(out), "methods": found})
    else:
        sys.stdout.write(summary_table(found))
    return EXIT_OK


def _print(args: argparse.Namespace, found: Mapping[str, Any]) -> None:
    """Print JSON, whose digest is that of the recipe."""
    write_json(found, digest=digest_of_file(Path(args.config)))


def _log_test(args: argparse.Namespace, name: str) -> None:
    """Log that a recipe ends with its own figures on test."""
    log_test_access(
        f"ecgcore train {Path(args.config).name}",
        model=name,
        measured="the figures that the recipe ends with",
    )


# What a recipe file says it makes, and who makes it; everything else is a classifier's recipe.
_KINDS: tuple[tuple[Callable[[Path], bool], Callable[[argparse.Namespace], int]], ...] = (
    (is_wave_recipe, _delineator),
    (is_reference_recipe, _reference),
    (is_transfer_recipe, _transfer),
    (is_single_recipe, _single),
    (is_waveform_recipe, _waveform),
    (is_anomaly_recipe, _anomaly),
)
