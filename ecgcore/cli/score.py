"""``score PREDICTIONS NAME [PATH]``: macro AUC of any network's predictions on a public set."""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option
from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.cli.prepare import add_set_arguments, open_index
from ecgcore.datasets.access import TEST, log_test_access
from ecgcore.datasets.files import read_rows
from ecgcore.datasets.public_index import CORE_TASK
from ecgcore.errors import DatasetError
from ecgcore.evaluation.tasks import task_report, task_table
from ecgcore.origin import digest_of_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "predictions",
        metavar="PREDICTIONS",
        help="a CSV table: the column record, and one column of scores for each class",
    )
    add_set_arguments(parser)
    parser.add_argument(
        "--task", default=CORE_TASK, help="which label table, for example superdiagnostic"
    )
    parser.add_argument(
        "--split",
        choices=("val", "test"),
        default="test",
        help="test is for the last figure, val for choosing (default: test)",
    )
    parser.add_argument(
        "--unreadable",
        metavar="FILE",
        help="the list that prepare made of records it could not read: these need no scores",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Measure; return the exit status."""
    index = open_index(args)
    check_option("--task", args.task, index.tasks)
    task = index.tasks[args.task]
    without = _read_listed(Path(args.unreadable)) if args.unreadable else set()
    inside = [i for i in task.rows() if index.entries[i].split == args.split]
    rows = np.array([i for i in inside if index.entries[i].record not in without], dtype=int)
    if not rows.size:
        raise DatasetError(f"No record of {index.name} {args.split} belongs to {args.task}.")
    if args.split == TEST:
        log_test_access(
            f"ecgcore score {Path(args.predictions).name} {index.name} --task {args.task}",
            model=Path(args.predictions).stem,
            measured=f"macro AUC on the test fold of {index.name} ({index.folds_from})",
        )
    records = [index.entries[i].record for i in rows]
    scores = _read_scores(Path(args.predictions), records, task.codes)
    groups = [index.entries[i].group for i in rows]
    report = task_report(task.targets[rows], scores, groups=groups, codes=task.codes)
    if args.json:
        about = {"name": index.name, "task": args.task, "split": args.split}
        about |= {"folds": index.folds_from, "unreadable": len(inside) - rows.size}
        write_json(about | report, digest=digest_of_file(Path(args.predictions)))
    else:
        sys.stdout.write(task_table(report))
        if rows.size < len(inside):
            sys.stdout.write(f"Without {len(inside) - rows.size} records that cannot be read.\n")
    return EXIT_OK


def _read_listed(path: Path) -> set[str]:
    return {row["record"] for row in read_rows(path, ("record", "reason"))}


def _read_scores(path: Path, records: list[str], codes: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the scores of these records; a record without any is an error, never left out."""
    found = {row["record"]: row for row in read_rows(path, ("record", *codes))}
    missing = [record for record in records if record not in found]
    if missing:
        raise DatasetError(
            f"{path.name} has no scores for {len(missing)} of {len(records)} records, for example "
            f"{missing[0]!r}; every record of the split needs scores."
        )
    try:
        return np.array([[float(found[r][c]) for c in codes] for r in records])
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{path.name} has a score that is no number: {error}.") from None
