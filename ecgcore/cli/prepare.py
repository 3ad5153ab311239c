"""``prepare NAME [PATH]``: pack a public data set in full, for training."""

import argparse
import sys
from pathlib import Path
from typing import Any

from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.places import cache_root
from ecgcore.datasets.public import FULL_DATA, PUBLIC_SETS, public_index
from ecgcore.datasets.public_index import N_FOLDS, PublicIndex
from ecgcore.datasets.sharded import ShardedSet
from ecgcore.datasets.shards import UNREADABLE_FILE, cache_folder, pack_shards


def add_set_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a public set: ``NAME``, ``PATH`` and what decides its folds."""
    parser.add_argument("name", metavar="NAME", help=f"one of {', '.join(PUBLIC_SETS)}")
    parser.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        help=f"the folder that holds it; default the set's folder in {FULL_DATA}",
    )
    parser.add_argument(
        "--source-hz",
        type=int,
        default=500,
        metavar="HZ",
        help="PTB-XL only: which copy of the signals, 500 or 100 (default: 500)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the folds, where none are published (default: 0)"
    )
    parser.add_argument(
        "--test-fold",
        type=int,
        default=N_FOLDS,
        metavar="K",
        help="1 to 10; the one before it is for validation (default: 10)",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_set_arguments(parser)
    parser.add_argument(
        "--fs", type=float, default=100.0, metavar="HZ", help="rate of the cache (default: 100)"
    )
    parser.add_argument(
        "--high-pass", type=_parse_corner, default=0.5, metavar="HZ", help="or none (default: 0.5)"
    )
    parser.add_argument(
        "--low-pass", type=_parse_corner, default=40.0, metavar="HZ", help="or none (default: 40)"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="keep so much of each record (default: all)"
    )
    parser.add_argument(
        "--workers", type=int, default=2, metavar="N", help="processes that read (default: 2)"
    )
    parser.add_argument("--cache", metavar="DIR", help="default: ECG_CACHE, or .cache")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _parse_corner(text: str) -> float | None:
    if text.lower() == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number in Hz nor none") from None


def run(args: argparse.Namespace) -> int:
    """Pack; return the exit status."""
    index = open_index(args)
    parameters = PackParameters(args.fs, args.seconds, args.high_pass, args.low_pass)
    cache = Path(args.cache) if args.cache else cache_root()
    packed = pack_shards(index, parameters, cache=cache, workers=args.workers)
    folder = cache_folder(index, parameters, cache=cache)
    found = summarise(index, packed) | {"cache": str(folder)}
    if args.json:
        write_json(found)
    else:
        sys.stdout.write(_format_summary(found))
    return EXIT_OK


def open_index(args: argparse.Namespace) -> PublicIndex:
    """Return the index that the arguments name."""
    return public_index(
        args.name,
        Path(args.path) if args.path else None,
        source_hz=args.source_hz,
        seed=args.seed,
        test_fold=args.test_fold,
    )


def summarise(index: PublicIndex, packed: ShardedSet) -> dict[str, Any]:
    """Return what is in a packed set, as JSON can hold it."""
    tasks = {}
    for name in packed.tasks:
        part = packed.for_task(name)
        positives = {c: int(k) for c, k in zip(part.codes, (part.targets == 1).sum(0), strict=True)}
        records = {split: len(part.where(split)) for split in ("train", "val", "test")}
        tasks[name] = {"records": records, "positives": positives}
    return {
        "name": index.name,
        "records": len(packed),
        "published_records": index.published_records,
        "unreadable": len(packed.unreadable),
        "folds": packed.folds_from,
        "splits": {split: len(packed.where(split)) for split in ("train", "val", "test")},
        "tasks": tasks,
    }


def _format_summary(found: dict[str, Any]) -> str:
    split = ", ".join(f"{name} {n}" for name, n in found["splits"].items())
    lines = [
        f"{found['name']}: {found['records']} records of {found['published_records']} published",
        f"  folds {found['folds']}: {split}",
    ]
    if found["unreadable"]:
        lines.append(f"  {found['unreadable']} could not be read; see {UNREADABLE_FILE}")
    for name, task in found["tasks"].items():
        n = sum(task["records"].values())
        lines.append(f"  {name}: {len(task['positives'])} classes, {n} records")
    lines.append(f"  in {found['cache']}")
    return "\n".join(lines) + "\n"
