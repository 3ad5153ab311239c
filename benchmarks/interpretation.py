"""What an interpretation says of labelled records, beside the network's findings.

    .venv/bin/python -m benchmarks.interpretation --split val
    .venv/bin/python -m benchmarks.interpretation --split test

Twelve-lead records of the fixed splits.  "Labelled normal" are those with sinus rhythm and nothing
else.  The network alone is :func:`ecgcore.inference.predict`; findings are what a reader meets,
:func:`ecgcore.interpret.assess`; the interpretation is :func:`ecgcore.interpret.interpret` by
measurement alone, and together with the network.  95 % intervals over patients.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import TEST, Entry, data_root, load_index, load_recording, log_test_access
from ecgcore.evaluation.bootstrap import interval, patient_weights
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.side_words import words
from ecgcore.inference import DEFAULT_MODEL, LoadedModel, load_model, use_threads
from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret import assess_and_report, interpret
from ecgcore.interpret.consistency import excluded_pairs
from ecgcore.interpret.decide import hear_network
from ecgcore.results import Interpretation, Prediction
from ecgcore.statements import statement
from ecgcore.study import Study

Array = NDArray[np.float64]
WAYS = ("network", "findings", "measured", "together")


@dataclass(frozen=True, eq=False)
class Read:
    """One record: the network alone, its findings, and its interpretation without and with it."""

    entry: Entry
    in_mv: bool
    network: Prediction
    findings: Prediction
    measured: Interpretation
    together: Interpretation

    def states(self, code: str, way: str) -> bool:
        """Return whether a statement, or a kind of it, is made in one of ``WAYS``."""
        found: Prediction | Interpretation = getattr(self, way)
        if isinstance(found, Prediction):
            finding = found.finding(code)
            return finding is not None and finding.finding is True
        if code == NORMAL:
            return found.normal is True
        stated = [statement(call.code) for call in found.statements]
        return any(code in (one.code, one.kind_of, *one.implies) for one in stated)


def read_split(model: LoadedModel, split: str, *, only_normal: bool) -> list[Read]:
    chosen = [e for e in load_index(data_root()) if e.split == split]
    if only_normal:
        chosen = [e for e in chosen if is_normal(e)]
    found = []
    for number, entry in enumerate(chosen, start=1):
        recording = load_recording(entry)
        study = Study(recording)
        alone, measured = hear_network(model, study), interpret(study)
        both = assess_and_report(model, study)
        found.append(Read(entry, recording.unit == "mV", alone, both[0], measured, both[1]))
        if number % 50 == 0:
            sys.stderr.write(f"read {number} of {len(chosen)}\n")
    return found


def is_normal(entry: Entry) -> bool:
    return entry.targets[0] == 1


def normal_rows(read: Sequence[Read], truth: Array) -> list[str]:
    rows = []
    for title, wanted in (("in mV", True), ("voltage lost", False)):
        for way in WAYS:
            at = [i for i, r in enumerate(read) if r.in_mv is wanted and not np.isnan(truth[i])]
            y = truth[at] == 1
            s = np.array([read[i].states(NORMAL, way) for i in at], dtype=bool)
            weights = patient_weights([read[i].entry.group for i in at])
            share = interval(lambda w, y=y, s=s: w @ (y & s) / (w @ y), weights)
            right = interval(lambda w, y=y, s=s: ratio(w @ (y & s), w @ s), weights)
            rows.append(
                f"| {title}, {way} | {(y & s).sum()} of {y.sum()} | {words(share.as_dict())} "
                f"| {(y & s).sum()} of {s.sum()} | {words(right.as_dict())} |"
            )
    return rows


def ratio(part: Array, whole: Array) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def false_rows(normals: Sequence[Read]) -> list[str]:
    """Return warnings and statements on records labelled only normal."""
    weights = patient_weights([r.entry.group for r in normals])
    rows = []
    for way in ("measured", "together"):
        counts = np.array([[n_urgent(r, way), n_false(r, way)] for r in normals], dtype=float)
        warned = interval(lambda w, c=counts: w @ (c[:, 0] > 0) / w.sum(axis=-1), weights)
        stated = interval(lambda w, c=counts: w @ c[:, 1] / w.sum(axis=-1), weights)
        rows.append(f"| {way} | {words(warned.as_dict())} | {words(stated.as_dict())} |")
    return rows


def n_urgent(read: Read, way: str) -> int:
    return len(getattr(read, way).urgent)


def n_false(read: Read, way: str) -> int:
    return sum(not statement(c.code).normal for c in getattr(read, way).statements)


def sensitivity_rows(read: Sequence[Read], targets: Array, codes: Sequence[str]) -> list[str]:
    normal = targets[:, list(codes).index(NORMAL)] == 1
    rows = []
    for j, code in enumerate(codes):
        positive = targets[:, j] == 1
        cells = []
        for way in WAYS:
            said = np.array([r.states(code, way) for r in read])
            cells.append(f"{said[positive].sum()} | {said[targets[:, j] == 0].sum()}")
            cells.append(f"{said[normal].sum()}")
        rows.append(f"| {code} | {int(positive.sum())} | {' | '.join(cells)} |")
    return rows


def as_text(read: Sequence[Read], codes: Sequence[str], split: str, *, causes: bool) -> str:
    targets = targets_of([r.entry for r in read], codes)
    normals = [r for r in read if is_normal(r.entry)]
    pairs = sum(len(excluded_pairs(r.together.statements)) for r in read)
    lines = [
        f"{split}: {len(read)} records, {len(normals)} of them labelled only normal",
        "",
        "| Records | Normal ECG said, of those labelled so | Share | Right, of all said | PPV |",
        "| --- | --- | --- | --- | --- |",
        *normal_rows(read, targets[:, list(codes).index(NORMAL)]),
        "",
        "| On records labelled only normal | with an urgent statement | statements a record |",
        "| --- | --- | --- |",
        *false_rows(normals),
        "",
        f"Exclusive statements together: {pairs}.",
        "",
        "| Statement | Positive |" + "".join(f" {w}: found | false | in normals |" for w in WAYS),
        "| --- | --- |" + " --- | --- | --- |" * len(WAYS),
        *sensitivity_rows(read, targets, codes),
    ]
    if causes:
        lines += ["", *cause_rows(normals)]
    return "\n".join(lines) + "\n"


def cause_rows(normals: Sequence[Read]) -> list[str]:
    """Return what is stated of records labelled only normal, and why they are not called normal."""
    stated = Counter(
        f"{c.printed} ({c.decided_by}{', URGENT' if c.urgent else ''})"
        for r in normals
        for c in r.together.statements
        if not statement(c.code).normal
    )
    reasons = Counter(
        reason.rstrip("0123456789. °ms/")
        for r in normals
        if not r.together.normal
        for reason in r.together.normal_reasons[:1]
    )
    return [
        "Stated of records labelled only normal:",
        *(f"- {name}: {count}" for name, count in stated.most_common(40)),
        "",
        "First reason against Normal ECG:",
        *(f"- {name}: {count}" for name, count in reasons.most_common(25)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    parser.add_argument("--only-normal", action="store_true", help="records labelled only normal")
    args = parser.parse_args()
    use_threads(1)
    model = load_model(args.model)
    if args.split == TEST:
        log_test_access(
            "benchmarks.interpretation --split test",
            model=model.name,
            measured="Normal ECG, warnings, statements beside the network's findings",
        )
    read = read_split(model, args.split, only_normal=args.only_normal)
    # Test is never looked at record by record.
    sys.stdout.write(as_text(read, model.card.codes, args.split, causes=args.split != TEST))


if __name__ == "__main__":
    main()
