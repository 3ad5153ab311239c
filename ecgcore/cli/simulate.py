"""``simulate``: write a simulated recording as a WFDB record, with all that is known about it."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecgcore.cli.common import EXIT_OK, write_json, write_npz, write_text
from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.origin import origin
from ecgcore.readers import read, write_wfdb
from ecgcore.readers.wfdb.annotations import write_annotations
from ecgcore.simulate import CASES, DEMONSTRATION_CASES, STATEMENTS, Simulation, simulate
from ecgcore.simulate.annotations import make_annotations
from ecgcore.simulate.cases_rhythm import RHYTHM_TABLE
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.noise import PRESETS

TRUTH_NAME = "truth.json"
MASKS_NAME = "masks.npz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--list", action="store_true", help="name the cases, and stop")
    parser.add_argument(
        "--case",
        metavar="NAME",
        help="what to simulate; --list names them; statements can be joined by +",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the rhythm: a figure, or LOW:HIGH; may be given several times",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="0 or more (default 0)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write into")
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate")
    parser.add_argument("--duration", type=float, metavar="S", help="length in seconds")
    parser.add_argument("--noise", choices=sorted(PRESETS), help="how noisy the recording is")
    parser.add_argument(
        "--vary", type=float, metavar="W", help="how widely persons differ: 0 to 2, 1 as adults do"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    return _list_cases(args) if args.list else _write_case(args)


def _list_cases(args: argparse.Namespace) -> int:
    titles = {key: entry.title for key, entry in STATEMENTS.items()}
    titles |= {name: case.title for name, case in RHYTHM_TABLE.items()}
    titles |= {demo.key: demo.title for demo in DEMONSTRATION_CASES}
    rows = {name: titles.get(name, name) for name in CASES}
    if args.json:
        write_json({"cases": [{"name": name, "title": title} for name, title in rows.items()]})
    else:
        write_text("\n".join(f"{name:46} {title}" for name, title in rows.items()))
    return EXIT_OK


def _write_case(args: argparse.Namespace) -> int:
    for name in ("case", "out"):
        if getattr(args, name) is None:
            raise InvalidArgumentError(f"--{name} is missing; give it, or --list to see the cases.")
    made = simulate(
        find_case(args.case, **_read_parameters(args.set)),
        seed=args.seed,
        fs_hz=args.fs,
        duration_s=args.duration,
        noise=args.noise,
        vary=args.vary,
    )
    name = f"{args.case.replace('+', '_')}-{args.seed}"
    fs_hz = made.recording.fs_hz
    header = write_wfdb(made.recording, args.out, name)
    marks = write_annotations(make_annotations(made.truth, fs_hz), args.out, name, fs_hz=fs_hz)
    # There is no input: the digest is that of the record written, as reading it gives.
    digest = read(header).provenance.sha256
    truth = _write_truth(made, args.out, name, digest)
    masks = args.out / MASKS_NAME
    write_npz(masks, {"leads": made.recording.leads, **made.masks}, digest=digest)
    if args.json:
        said = {"file": header, "annotations": marks, "truth": truth, "masks": masks}
        told = {k: str(v) for k, v in said.items()} | {"labels": made.truth.labels}
        write_json(told, digest=digest)
    else:
        write_text("\n".join(str(path) for path in (header, marks, truth, masks)))
    return EXIT_OK


def _write_truth(made: Simulation, folder: Path, name: str, digest: str) -> Path:
    path = folder / TRUTH_NAME
    truth = {"record": name, "fs_hz": made.recording.fs_hz, **made.truth.as_dict()}
    truth["amplitudes"] = made.amplitudes
    truth |= origin(digest)
    with _writing(path):
        path.write_text(json.dumps(truth, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _read_parameters(given: list[str]) -> dict[str, Any]:
    """Return parameters by name: figures, ranges, or words."""
    read: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidArgumentError(f"--set is {text!r}; NAME=VALUE is needed.")
        try:
            figures = [float(part) for part in value.split(":")]
        except ValueError:
            read[name] = value
        else:
            read[name] = figures[0] if len(figures) == 1 else tuple(figures)
    return read


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise EcgError(f"{path} cannot be written: {reason}.") from error
