"""``explain PATH --label CODE``: where a model looked for one statement."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.cli.common import add_input_arguments, for_each_recording
from ecgcore.cli.predict import add_model_arguments
from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, explain
from ecgcore.inference import load_model
from ecgcore.recording import Recording
from ecgcore.results import Attribution


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser, several=False)
    add_model_arguments(parser)
    parser.add_argument("--label", required=True, metavar="CODE", help="for example AF")
    parser.add_argument("--method", required=True, choices=sorted(METHODS))
    parser.add_argument("--out", required=True, metavar="FILE.npz", help="file for the map")


def run(args: argparse.Namespace) -> int:
    """Explain one recording; return the exit status."""
    model = load_model(args.model)
    out = Path(args.out)
    if out.suffix != ".npz":
        raise EcgError(f"{args.out}: the map is written as .npz; give a name that ends so.")

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        found = explain(model, recording, given.label, given.method, leads=given.select_leads)
        _write(out, found)
        return as_json(found)

    return for_each_recording(args, action, as_text=as_text)


def _write(path: Path, found: Attribution) -> None:
    try:
        with path.open("wb") as stream:
            np.savez_compressed(
                stream,
                attribution=found.values,
                leads=np.array(found.leads),
                fs_hz=np.float64(found.fs_hz),
            )
    except OSError as error:
        raise EcgError(f"{path} cannot be written: {error.strerror}.") from None


def as_json(found: Attribution) -> dict[str, Any]:
    """Return an explanation as the command prints it."""
    return {
        "model": found.model,
        "method": found.method,
        "label": found.label,
        "seconds": found.seconds,
        "self_check": [
            {"name": c.name, "value": c.value, "passed": c.passed, "words": c.words}
            for c in found.self_check
        ],
        "lead_share": found.lead_share(),
    }


_PASSED = {True: "passed", False: "not passed", None: "stated"}


def as_text(result: Mapping[str, Any]) -> str:
    """Return an explanation for reading."""
    lines = [f"{result['file']}  ({result['model']}, {result['label']}, {result['method']})"]
    lines += [
        f"  {c['name']}: {c['value']:.3f}, {_PASSED[c['passed']]}. {c['words']}"
        for c in result["self_check"]
    ]
    shares = [f"{lead} {share:.0%}" for lead, share in result["lead_share"].items()]
    lines.append("  Share of the attribution: " + ", ".join(shares))
    lines.append("  A passed check means faithful to the model, never right.")
    return "\n".join(lines) + "\n"
