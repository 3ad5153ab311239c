"""``simulate``: write a simulated recording as a WFDB record, with its truth."""

import argparse
import json
from pathlib import Path

from ecgcore.cli.common import EXIT_OK, write_json, write_text
from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.readers import write_wfdb
from ecgcore.simulate import CASES, DEMONSTRATION_CASES, STATEMENTS, simulate
from ecgcore.simulate.noise import PRESETS

TRUTH_NAME = "truth.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--list", action="store_true", help="name the cases, and stop")
    parser.add_argument("--case", metavar="NAME", help="what to simulate; --list names them")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="0 or more (default 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write into")
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate")
    parser.add_argument("--duration", type=float, metavar="S", help="length in seconds")
    parser.add_argument("--noise", choices=sorted(PRESETS), help="how noisy the recording is")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    return _list(args) if args.list else _write(args)


def _list(args: argparse.Namespace) -> int:
    titles = {key: entry.title for key, entry in STATEMENTS.items()}
    titles |= {demo.key: demo.title for demo in DEMONSTRATION_CASES}
    rows = {name: titles.get(name, name) for name in CASES}
    if args.json:
        write_json({"cases": [{"name": name, "title": title} for name, title in rows.items()]})
    else:
        write_text("\n".join(f"{name:46} {title}" for name, title in rows.items()))
    return EXIT_OK


def _write(args: argparse.Namespace) -> int:
    for name in ("case", "out"):
        if getattr(args, name) is None:
            raise InvalidArgumentError(f"--{name} is missing; give it, or --list to see the cases.")
    made = simulate(
        args.case, seed=args.seed, fs_hz=args.fs, duration_s=args.duration, noise=args.noise
    )
    name = f"{args.case}-{args.seed}"
    header = write_wfdb(made.recording, args.out, name)
    truth = {"record": name, "fs_hz": made.recording.fs_hz, **made.truth.as_dict()}
    path = args.out / TRUTH_NAME
    try:
        path.write_text(json.dumps(truth, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise EcgError(f"{path} cannot be written: {reason}.") from error
    if args.json:
        write_json({"file": str(header), "truth": str(path), "labels": made.truth.labels})
    else:
        write_text(f"{header}\n{path}")
    return EXIT_OK
