"""``train-public NAME [PATH] --task T``: train on one label table of a public set in full."""

import argparse
import sys
from pathlib import Path

import numpy as np

from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.cli.prepare import add_set_arguments, open_index
from ecgcore.datasets.access import log_test_access
from ecgcore.datasets.progress import Progress
from ecgcore.datasets.public_index import CORE_TASK
from ecgcore.datasets.shards import pack_shards
from ecgcore.evaluation.tasks import task_report, task_table
from ecgcore.inference import use_threads
from ecgcore.training.diagnostic.public_task import (
    pack_parameters,
    task_recipe,
    task_scores,
    train_task,
    write_scores,
)
from ecgcore.training.diagnostic.recipe import read_classifier_recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_set_arguments(parser)
    parser.add_argument("--task", default=CORE_TASK, help="which label table (default: core)")
    parser.add_argument(
        "--config", default="configs/core9.toml", metavar="CONFIG", help="network and training"
    )
    parser.add_argument(
        "--train-seed", type=int, metavar="N", help="of weights and batches; default the recipe's"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--runs", default="runs", metavar="DIR", help="default: runs")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Train, predict val and test, print the figures on val; return the exit status."""
    use_threads(args.threads)
    recipe = read_classifier_recipe(Path(args.config))
    packed = pack_shards(open_index(args), pack_parameters(recipe), workers=args.workers)
    data = packed.for_task(args.task)
    made = task_recipe(recipe, data)
    seed = recipe.seed if args.train_seed is None else args.train_seed
    folds = f"fold-{args.test_fold}" if args.name == "ptbxl" else f"{args.seed}-{args.test_fold}"
    keep = Path(args.runs) / f"{recipe.name}-{args.name}-{args.task}-{folds}"
    network = train_task(made, data, keep, seed=seed)
    log_test_access(
        f"ecgcore train-public {args.name} --task {args.task}",
        model=f"{recipe.name}, seed {seed}",
        measured=f"predictions on the test fold of {args.name} ({folds}) written, not scored",
    )
    rows = data.where("val", "test")
    bar = Progress(rows.size, "records predicted")
    scores = task_scores(network, data, rows, made.input, step=bar.step)
    bar.close()
    table = keep / f"seed-{seed}.csv"
    write_scores(table, data, rows, scores)
    # Test is for the last figure alone, by a command of its own.
    val = np.isin(rows, data.where("val"))
    report = task_report(
        data.targets[rows[val]], scores[val], groups=data.groups[rows[val]], codes=data.codes
    )
    if args.json:
        about = {"name": args.name, "task": args.task, "split": "val", "predictions": str(table)}
        write_json(about | report)
    else:
        sys.stdout.write(task_table(report))
        sys.stdout.write(f"These are figures on val; for test: score {table} with this set.\n")
        if packed.unreadable:
            sys.stdout.write(f"{len(packed.unreadable)} records could not be read; see prepare.\n")
    return EXIT_OK
