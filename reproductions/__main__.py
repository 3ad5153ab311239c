"""``python -m reproductions CONFIG``: compare a published system, by its own protocol."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ecgcore.checks import check_option
from ecgcore.datasets import log_test_access
from ecgcore.errors import EcgError
from ecgcore.inference import use_threads
from ecgcore.training.recipe import read_recipe, task_of
from reproductions import detectors, mvkt_recipe, zhang_recipe
from reproductions.mvkt import compare_mvkt, summary_text
from reproductions.zhang import compare_zhang, summary_table


def main(argv: Sequence[str] | None = None) -> int:
    """Run one recipe; return the exit status (0 done, 2 bad usage or unreadable input)."""
    parser = argparse.ArgumentParser(prog="python -m reproductions", description=__doc__)
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a recipe in configs/")
    parser.add_argument("--out", type=Path, metavar="DIR", help="figures; default in results/")
    parser.add_argument("--runs", type=Path, default=Path("runs"), metavar="DIR")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    use_threads(args.threads)
    try:
        compare = COMPARISONS[check_option("task", task_of(args.config), COMPARISONS)]
        found, text = compare(args.config, args.out, args.runs)
    except EcgError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(json.dumps(found) + "\n" if args.json else text)
    return 0


Found = tuple[dict[str, Any], str]


def _zhang(config: Path, out: Path | None, runs: Path) -> Found:
    recipe = read_recipe(config, zhang_recipe.ZhangRecipe)
    _log_test(config, recipe.name)
    found = compare_zhang(recipe, out or Path("results/reference"), runs / recipe.name)
    return found, summary_table(found)


def _mvkt(config: Path, out: Path | None, runs: Path) -> Found:
    recipe = read_recipe(config, mvkt_recipe.TransferRecipe)
    _log_test(config, recipe.name)
    found = compare_mvkt(recipe, out or Path("results/mvkt"), runs / recipe.name)
    return found, summary_text(found)


def _detector(config: Path, _out: Path | None, runs: Path) -> Found:
    recipe = read_recipe(config, detectors.DetectorRecipe)
    name = f"{recipe.name}-{recipe.version}"
    if recipe.data.source == detectors.PTBXL:
        _log_test(config, name)
    made = detectors.make_detector(recipe, runs / name)
    found = {"model": name, "val_auc": max(made["val_auc"]), "test": made.get("test")}
    return found, f"{name} is in {runs / name}; AUC on val {found['val_auc']:.3f}\n"


def _log_test(config: Path, name: str) -> None:
    """Log that a recipe ends with its own figures on test."""
    log_test_access(
        f"reproductions {config.name}",
        model=name,
        measured="the figures that the recipe ends with",
    )


COMPARISONS: dict[str, Callable[[Path, Path | None, Path], Found]] = {
    zhang_recipe.TASK: _zhang,
    mvkt_recipe.TASK: _mvkt,
    detectors.TASK: _detector,
}

if __name__ == "__main__":
    sys.exit(main())
