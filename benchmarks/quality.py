"""How well unreadable leads are known: learned grade and rules side by side, prints JSON.

    .venv/bin/python -m benchmarks.quality --half training     # while choosing
    .venv/bin/python -m benchmarks.quality --half testing      # the last figure
    .venv/bin/python -m benchmarks.quality --part refused      # readable clinical train records
    .venv/bin/python -m benchmarks.quality --part fit --out ecgcore/signal/quality_figures.py

Readers' verdicts are those of the CinC Challenge 2011; intervals come from resampling records.
The rules alone are the grade before anything was learned.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from ecgcore.datasets import data_root, load_index, load_recording, log_test_access
from ecgcore.datasets.cinc2011 import read_judged
from ecgcore.datasets.files import read_rows
from ecgcore.evaluation.bootstrap import interval, patient_weights
from ecgcore.evaluation.weighted import roc_auc
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions, read
from ecgcore.recording import Recording
from ecgcore.signal.quality import Graded, grade, grade_by_rules
from ecgcore.training.fits.quality import KINDS, READABLE, as_python, fit, material

Array = np.ndarray
WAYS = {"learned and rules": grade, "rules alone": grade_by_rules}


def judged(half: str) -> dict[str, object]:
    """Return the figures of both ways on one half of the challenge."""
    given = list(read_judged(data_root(), half))
    bad = np.array([[r.bad[name] for name in STANDARD_12] for r in given])
    unacceptable = np.array([r.unacceptable for r in given])
    weights = patient_weights(np.arange(len(given)).astype(str))
    out: dict[str, object] = {"records": len(given)}
    for way, graded in WAYS.items():
        started = time.perf_counter()
        found = [graded(r.recording) for r in given]
        seconds = time.perf_counter() - started
        scores = np.array([_ordered(g, r.recording) for g, r in zip(found, given, strict=True)])
        refused = np.array([not g.quality.acceptable for g in found])
        out[way] = {
            "lead AUC": _auc(bad, scores, weights),
            "lead sensitivity": _share(scores > 0, bad, weights),
            "lead specificity": _share(scores <= 0, ~bad, weights),
            "record AUROC": _auc(
                unacceptable[:, None], np.array([[g.sheet] for g in found]), weights
            ),
            "record accuracy": _share(
                (refused == unacceptable)[:, None], np.ones((len(given), 1)), weights
            ),
            "record sensitivity": _share(refused[:, None], unacceptable[:, None], weights),
            "record specificity": _share(~refused[:, None], ~unacceptable[:, None], weights),
            "ms a record": round(1e3 * seconds / len(given), 1),
        }
    return out


def _ordered(found: Graded, recording: Recording) -> Array:
    return found.scores[[recording.leads.index(name) for name in STANDARD_12]]


def _auc(truth: Array, scores: Array, weights: Array) -> dict[str, float | None]:
    columns = truth.shape[1]

    def statistic(w: Array) -> Array:
        each = np.repeat(w, columns, axis=1)
        return roc_auc(truth.ravel().astype(float), scores.ravel(), each)

    return interval(statistic, weights).as_dict()


def _share(hit: Array, among: Array, weights: Array) -> dict[str, float | None]:
    some = (hit & among.astype(bool)).sum(axis=1)
    every = among.astype(bool).sum(axis=1)
    return interval(lambda w: (w @ some) / np.maximum(w @ every, 1e-9), weights).as_dict()


def refused(every: int) -> dict[str, object]:
    """Return the share of clinical train records, every so many, that each way refuses."""
    counts: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    index = load_index(data_root(), datasets=(*READABLE, "ptbxl_extra"))
    for entry in [e for e in index if e.split == "train"][::every]:
        name = entry.dataset if entry.has_voltage else f"{entry.dataset}, no voltage"
        counts[name].append(_refusals(load_recording(entry)))
    for name, recording in _hand_held(every):
        counts[name].append(_refusals(recording))
    return {
        name: {"records": len(rows)}
        | {
            w: round(float(np.mean(c)), 4)
            for w, c in zip(WAYS, zip(*rows, strict=True), strict=True)
        }
        for name, rows in counts.items()
    }


def _refusals(recording: Recording) -> tuple[bool, ...]:
    return tuple(not way(recording).quality.acceptable for way in WAYS.values())


def _hand_held(every: int) -> list[tuple[str, Recording]]:
    """Return unreadable (~) and, of the others, a tenth as many records of CinC 2017."""
    root = data_root()
    with (root / "cinc2017" / "REFERENCE-v3.csv").open(encoding="utf-8") as stream:
        kinds = {Path(f[0]).name: f[1] for f in (line.strip().split(",") for line in stream)}
    rows = read_rows(root / "splits" / "single_lead.csv", ("dataset", "record", "split"))
    names = [r["record"] for r in rows if r["dataset"] == "cinc2017" and r["split"] == "train"]
    noisy = [n for n in names if kinds[Path(n).name] == "~"]
    others = [n for n in names if kinds[Path(n).name] != "~"]
    chosen = noisy[::every] + others[:: 10 * every]
    options = ReadOptions(lead_names=("I",))
    return [
        (f"cinc2017 {kinds[Path(n).name]}", read(root / "cinc2017" / f"{n}.hea", options=options))
        for n in chosen
    ]


def main() -> None:
    """Run the part asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("judged", "refused", "fit"), default="judged")
    parser.add_argument("--half", choices=("training", "testing"), default="training")
    parser.add_argument("--every", type=int, default=1, help="of the records to be refused")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.part == "judged" and args.half == "testing":
        log_test_access(
            "benchmarks.quality --half testing",
            model="signal quality",
            measured="acceptable and bad leads on CinC 2011's testing half",
        )
    if args.part == "fit":
        given = material()
        fits = {kind: fit(given, kind) for kind in KINDS}
        if args.out:
            args.out.write_text(as_python(fits), encoding="utf-8")
        found: dict[str, object] = {
            kind: {"cut": f.cut, "out-of-fold record accuracy": f.accuracy}
            for kind, f in fits.items()
        }
    else:
        found = refused(args.every) if args.part == "refused" else judged(args.half)
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
