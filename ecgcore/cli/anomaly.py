"""``anomaly PATH...``: how unusual a recording is among normal ECGs, and where."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecgcore.cli.common import (
    OutputNames,
    add_input_arguments,
    for_each_recording,
    write_npz,
)
from ecgcore.cli.predict import describe_model
from ecgcore.inference.anomaly import load_anomaly
from ecgcore.inference.shelf import DEFAULT_ANOMALY
from ecgcore.measure.unusual import worded
from ecgcore.recording import Recording
from ecgcore.results import AnomalyMap
from ecgcore.study import Study

_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    parser.add_argument(
        "--model", default=DEFAULT_ANOMALY, metavar="NAME", help="an anomaly model's name"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder for NAME.npz with the map (n_leads, n_samples); a second input of a name "
        "gets its extension in it, or a number",
    )
    parser.add_argument(
        "--no-words", action="store_true", help="do not measure: spans then say where, not what"
    )


def run(args: argparse.Namespace) -> int:
    """Score every recording; return the exit status."""
    model = load_anomaly(args.model)
    made_by = describe_model(model.loaded)
    outputs = OutputNames(args)

    def action(recording: Recording, file: str, given: argparse.Namespace) -> dict[str, Any]:
        study = Study(recording)
        found = study.anomaly(model)
        if not given.no_words and found.spans:
            found = worded(found, study.measured, recording.unit)
        if given.out is not None:
            path = Path(given.out) / f"{outputs.name(file)}.npz"
            arrays = {"map": found.values, "leads": found.leads, "fs_hz": found.fs_hz}
            digest = recording.provenance.sha256
            write_npz(path, arrays, digest=digest, model=made_by, make_folder=True)
        return made_by | as_json(found)

    return for_each_recording(args, action, as_text=as_text)


def as_json(found: AnomalyMap) -> dict[str, Any]:
    """Return what the command prints, without the model."""
    return {
        "score": found.score,
        "threshold": found.threshold,
        "abnormal": found.abnormal,
        "lead_scores": dict(found.lead_scores),
        "spans": [
            {
                "lead": s.lead,
                "start_s": round(s.start_s, 4),
                "end_s": round(s.end_s, 4),
                "score": s.score,
                "words": "; ".join(w for w in (s.words, s.apart) if w),
            }
            for s in found.spans
        ],
        "map_threshold": found.map_threshold,
        "parts": dict(found.parts),
        "with_classifier": None if found.with_classifier is None else asdict(found.with_classifier),
        "notes": list(found.notes),
    }


_SAID = {True: "unusual", False: "not unusual", None: "not assessed"}


def as_text(result: Mapping[str, Any]) -> str:
    """Return the result for reading."""
    lines = [
        f"{result['file']}  ({result['model']})",
        f"  more unusual than {100 * result['score']:.1f} % of normal ECGs: "
        f"{_SAID[result['abnormal']]} (from {100 * result['threshold']:.0f} %)",
        "  (trained on normal ECGs only)",
    ]
    other = result["with_classifier"]
    if other is not None:
        lines.append(
            f"  with the classifier's features: {100 * other['score']:.1f} %, "
            f"{_SAID[other['abnormal']]}"
        )
    for span in result["spans"][:_SHOWN]:
        lines.append(
            f"  {span['lead']:5s} {span['start_s']:.2f} to {span['end_s']:.2f} s  "
            f"{span['score']:.4f}  {span['words']}"
        )
    if len(result["spans"]) > _SHOWN:
        lines.append(f"  and {len(result['spans']) - _SHOWN} more places")
    lines += [f"  {note}" for note in result["notes"]]
    lines.append("  Unusual is not abnormal, and not flagged is not normal.")
    lines.append("  Research and teaching use, not a medical device.")
    return "\n".join(lines) + "\n"
