"""How often "Normal ECG" is said, and how often it is right: the network alone, and reconciled.

    .venv/bin/python -m benchmarks.normal --split val
    .venv/bin/python -m benchmarks.normal --split test

Records that can tell (labelled normal and nothing else, or something else; PTB-XL, CPSC, PTB,
LUDB).  The network alone is :func:`ecgcore.inference.predict`; reconciled is what a reader meets,
:func:`ecgcore.interpret.assess`.  The second table gives each statement's sensitivity both ways.
Limits were chosen on train and val; 95 % intervals over patients.
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
from ecgcore.inference import DEFAULT_MODEL, LoadedModel, load_model, predict, use_threads
from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret import assess
from ecgcore.results import Prediction
from ecgcore.study import Study

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Flags:
    """What was flagged, (n_records, n_statements), by the network alone and reconciled."""

    entries: tuple[Entry, ...]
    in_mv: NDArray[np.bool_]
    targets: Array
    alone: NDArray[np.bool_]
    reconciled: NDArray[np.bool_]
    reasons: tuple[str, ...]


def read_split(model: LoadedModel, split: str) -> Flags:
    chosen = tuple(e for e in load_index(data_root()) if e.split == split)
    alone, reconciled, in_mv, reasons = [], [], [], []
    for number, entry in enumerate(chosen, start=1):
        recording = load_recording(entry)
        first, second = predict(model, recording), assess(model, Study(recording))
        alone.append(flags(first))
        reconciled.append(flags(second))
        in_mv.append(recording.unit == "mV")
        reasons.append(why_withheld(first, second))
        if number % 50 == 0:
            sys.stderr.write(f"read {number} of {len(chosen)}\n")
    return Flags(
        chosen,
        np.array(in_mv),
        targets_of(chosen, model.card.codes),
        np.array(alone),
        np.array(reconciled),
        tuple(reasons),
    )


def flags(prediction: Prediction) -> list[bool]:
    return [finding.finding is True for finding in prediction.findings]


def why_withheld(alone: Prediction, reconciled: Prediction) -> str:
    before, after = alone.finding(NORMAL), reconciled.finding(NORMAL)
    if before is None or after is None or not before.finding or after.finding:
        return ""
    return after.reason.removeprefix("Withheld: ").split(";")[0].split(".")[0]


def normal_rows(found: Flags, codes: Sequence[str]) -> list[str]:
    at = list(codes).index(NORMAL)
    truth = found.targets[:, at]
    rows = []
    for title, part in (("in mV", found.in_mv), ("voltage lost", ~found.in_mv)):
        for how, said in (("network alone", found.alone), ("reconciled", found.reconciled)):
            known = part & ~np.isnan(truth)
            y, s = truth[known] == 1, said[known, at]
            weights = patient_weights(
                [e.group for e, k in zip(found.entries, known, strict=True) if k]
            )
            share = interval(lambda w, y=y, s=s: w @ (y & s) / (w @ y), weights)
            right = interval(lambda w, y=y, s=s: ratio(w @ (y & s), w @ s), weights)
            rows.append(
                f"| {title}, {how} | {(y & s).sum()} of {y.sum()} | {words(share.as_dict())} "
                f"| {(y & s).sum()} of {s.sum()} | {words(right.as_dict())} |"
            )
    return rows


def ratio(part: Array, whole: Array) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def sensitivity_rows(found: Flags, codes: Sequence[str]) -> list[str]:
    rows = []
    normal = found.targets[:, list(codes).index(NORMAL)] == 1
    for j, code in enumerate(codes):
        positive = found.targets[:, j] == 1
        cells = [
            f"{said[positive, j].sum()} | {said[normal, j].sum()}"
            for said in (found.alone, found.reconciled)
        ]
        rows.append(f"| {code} | {positive.sum()} | {' | '.join(cells)} |")
    return rows


def as_text(found: Flags, codes: Sequence[str], split: str, *, reasons: bool) -> str:
    n_normal = int((found.targets[:, list(codes).index(NORMAL)] == 1).sum())
    lines = [
        f"{split}: {len(found.entries)} records",
        "",
        "| Records | Said, of those labelled normal alone | Share | Right, of all said | PPV |",
        "| --- | --- | --- | --- | --- |",
        *normal_rows(found, codes),
        "",
        f"| Statement | Positive | Network: found | flagged in {n_normal} normals "
        "| Reconciled: found | flagged in normals |",
        "| --- | --- | --- | --- | --- | --- |",
        *sensitivity_rows(found, codes),
    ]
    if reasons:
        lines += ["", "First reason for withholding, all records:"]
        counted = Counter(r.rstrip("0123456789. ") for r in found.reasons if r)
        lines += [f"- {reason}: {count}" for reason, count in counted.most_common()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    args = parser.parse_args()
    use_threads(1)
    model = load_model(args.model)
    if args.split == TEST:
        log_test_access(
            "benchmarks.normal --split test",
            model=model.name,
            measured="how often Normal ECG is said and right; sensitivity of each statement",
        )
    found = read_split(model, args.split)
    # Test is never looked at record by record.
    text = as_text(found, model.card.codes, args.split, reasons=args.split != TEST)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
