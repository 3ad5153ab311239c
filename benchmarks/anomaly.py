"""How well anomalies are found and located: ours beside the published detector and controls.

    .venv/bin/python -m benchmarks.anomaly --part twelve --split val     # while choosing
    .venv/bin/python -m benchmarks.anomaly --part all --split test       # the last figures
    .venv/bin/python -m benchmarks.anomaly --write                       # into card and README

Parts: twelve (detection on 12-lead records, Brugada), single (CPSC 2018 lead I, CinC 2017), beats
(localisation on MIT-BIH: DS1 for val, DS2 for test), simulated (localisation with true masks).
Controls need their weights: python -m reproductions configs/mcf.toml, mcf_lead.toml and
autoencoder.toml.  Intervals: 1,000 resamples of patients.  Each part's figures stay in
runs/anomaly-benchmark; --write gathers those of test, and leaves in the card what was not run.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.anomaly_parts import beats, simulated, single, speed, twelve
from benchmarks.anomaly_parts.common import CONTROLS, Models
from ecgcore.datasets import TEST, log_test_access
from ecgcore.evaluation.model_folder import write_card
from ecgcore.inference import use_threads
from ecgcore.inference.shelf import model_folder

PARTS = {
    "twelve": twelve.run,
    "single": single.run,
    "beats": beats.run,
    "simulated": simulated.run,
    "speed": speed.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--model", default="restoration-1")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--every", type=int, default=1, help="one record of so many, for trials")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-controls", action="store_true")
    parser.add_argument("--write", action="store_true", help="write figures into card and README")
    args = parser.parse_args()
    use_threads(args.threads)
    keep = Path(args.runs) / "anomaly-benchmark"
    models = Models(args.model, Path(args.runs), controls=not args.no_controls)
    if args.write:
        write(models, keep)
        return
    if args.split == TEST:
        log_test_access(
            f"benchmarks.anomaly --part {args.part}",
            model=args.model,
            measured="detection and localisation against controls",
        )
    for name in PARTS if args.part == "all" else [args.part]:
        started = time.monotonic()
        found = PARTS[name](models, args.split, args.every)
        found["seconds"] = round(time.monotonic() - started)
        keep.mkdir(parents=True, exist_ok=True)
        (keep / f"{name}-{args.split}.json").write_text(json.dumps(found, indent=1) + "\n")
        json.dump(found, sys.stdout, indent=1)
        sys.stdout.write("\n")


def write(models: Models, keep: Path) -> None:
    """Gather the figures of test into the model's card and README."""
    earlier = models.anomaly.loaded.card.metrics.get("parts", {})
    parts = dict(earlier)
    for name in PARTS:
        path = keep / f"{name}-test.json"
        if path.is_file():
            parts[name] = json.loads(path.read_text())
            parts[name]["rows"] += _controls(earlier.get(name, {}), parts[name])
    rows = [
        {"name": f"{figure['name']}", **{k: figure[k] for k in ("value", "low", "high")}}
        for part in parts.values()
        for figure in part["rows"]
        if figure.get("card")
    ]
    metrics: dict[str, Any] = {
        "how": "Test records; 95 % intervals from 1,000 resamples of patients.",
        "rows": rows,
        "parts": parts,
    }
    folder = model_folder(models.name)
    write_card(replace(models.anomaly.loaded.card, metrics=_finite(metrics)), folder)


def _controls(earlier: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the controls' own figures of an earlier run on the same records, if not made now."""
    names = {row["name"] for row in now["rows"]}
    return [
        row
        for row in earlier.get("rows", [])
        if row.get("who", "").startswith(CONTROLS) and row["name"] not in names
    ]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    main()
