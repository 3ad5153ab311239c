"""Rhythms and rhythm warnings: on simulation, on MIT-BIH, and on labelled twelve-lead records.

    .venv/bin/python -m benchmarks.rhythms simulation --seeds 10
    .venv/bin/python -m benchmarks.rhythms mitdb
    .venv/bin/python -m benchmarks.rhythms labels
    .venv/bin/python -m benchmarks.rhythms mitdb --test

By measurement alone.  MIT-BIH: DS1 (train and val), with ``--test`` DS2 instead.  A run counts as
warned of where an urgent ventricular statement overlaps it.  A warning is false where it overlaps
no event: three ventricular beats in a row, ventricular flutter, a run of supraventricular
tachycardia, RR over 3 s, AV block as annotated, or the rate that it states.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgcore.datasets import data_root, load_index, load_recording, log_test_access
from ecgcore.datasets.files import header_comments, read_rows
from ecgcore.datasets.mitdb import MarkedBeats, read_beats, read_rhythms, record_path, split_of
from ecgcore.interpret import interpret
from ecgcore.interpret.rules.rhythm import ARREST, TACHYCARDIA
from ecgcore.interpret.stretch import find_runs
from ecgcore.readers import read
from ecgcore.results import Interpretation
from ecgcore.simulate import CASES, simulate
from ecgcore.statements import statement
from ecgcore.study import Study

FIRST_SEED = 9000
NOISES: tuple[tuple[str, str | float], ...] = (("clean", "none"), ("15 dB", 15.0))
VENTRICULAR = {*ARREST, *TACHYCARDIA}
# Words of the labels, the first that fits.
LABELS = (
    ("AFLT", ("AFLT", "164890007", "flutter")),
    ("AF", ("AFIB", "164889003", "Dx: AF", "Atrial fib")),
    ("PACE", ("PACE", "acemaker", "10370003")),
    ("3AVB", ("3AVB", "27885002", "III degree")),
    ("2AVB", ("2AVB", "195042002", "II degree")),
    ("SVTAC", ("SVTAC", "PSVT")),
    ("STACH", ("STACH", "427084000", "inus tachy")),
    ("SBRAD", ("SBRAD", "426177001", "inus brady")),
    ("SARRH", ("SARRH", "427393009", "inus arrhy")),
    ("SR", ("SR", "NORM", "Normal", "426783006", "Sinus rhythm")),
)
SLACK_S = 0.3


def simulated(seeds: int, chosen: Sequence[str]) -> Iterator[str]:
    """Yield a line a case: how often its rhythm was stated, and how often warned of."""
    for title, noise in NOISES:
        for case in chosen or [name for name in CASES if name != "holter-pvc"]:
            right, warned, said = 0, 0, Counter[str]()
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                made = simulate(case, seed=seed, noise=noise)
                found = interpret(Study(made.recording))
                wanted = {span.code for span in made.truth.rhythms}
                codes = {code for e in found.rhythms if e.code for code in _names(e.code)}
                right += wanted <= codes
                warned += bool(found.urgent)
                said[" + ".join(dict.fromkeys(e.code for e in found.rhythms))] += 1
            words = ", ".join(f"{code} {count}" for code, count in said.most_common(3))
            yield f"{title:6s} {case:34s} rhythm {right}/{seeds}, warned {warned}/{seeds}: {words}"


def _names(code: str) -> tuple[str, ...]:
    return code, statement(code).kind_of


@dataclass(frozen=True)
class Warned:
    """One urgent stretch."""

    start_s: float
    stop_s: float
    code: str
    rule: str


def mitdb(split: set[str]) -> Iterator[str]:
    """Yield figures of ventricular runs by length, and the false warnings."""
    root = data_root()
    found, runs, false, hours = Counter[str](), Counter[str](), 0, 0.0
    for record, part in sorted(split_of(root).items()):
        if part not in split:
            continue
        recording = read(record_path(root, record).with_suffix(".hea"))
        hours += recording.duration_s / 3600
        warnings = _warnings(interpret(Study(recording)), recording.duration_s)
        marked = read_beats(root, record)
        for length, start_s, stop_s in _true_runs(marked):
            runs[length] += 1
            found[length] += any(
                w.code in VENTRICULAR and _meets(w, start_s, stop_s) for w in warnings
            )
        wrong = [w for w in warnings if not _is_event(w, marked, read_rhythms(root, record))]
        false += len(wrong)
        if wrong:
            each = "; ".join(f"{w.code} at {w.start_s:.0f} s" for w in wrong)
            yield f"{record}: {len(wrong)} false: {each}"
    for length in sorted(runs):
        yield f"runs of {length} beats at 100/min and more: {found[length]} of {runs[length]}"
    yield f"false warnings: {false} in {hours:.1f} h, {false / max(hours, 1e-9):.2f} an hour"


def _warnings(found: Interpretation, duration_s: float) -> list[Warned]:
    return [
        Warned(start, stop, call.code, call.rule)
        for call in found.urgent
        for start, stop in (call.spans or ((0.0, duration_s),))
    ]


def _true_runs(marked: MarkedBeats) -> Iterator[tuple[str, float, float]]:
    ventricular = [code in "VE" for code in marked.codes]
    for start, stop in find_runs(ventricular, 3):
        first, last = float(marked.r_s[start]), float(marked.r_s[stop - 1])
        if 60 * (stop - start - 1) / (last - first) >= 100:
            yield "3 to 5" if stop - start < 6 else "6 and more", first, last


def _meets(warning: Warned, start_s: float, stop_s: float) -> bool:
    return warning.start_s < stop_s + SLACK_S and warning.stop_s > start_s - SLACK_S


def _is_event(warning: Warned, marked: MarkedBeats, rhythms: Sequence[tuple[float, str]]) -> bool:
    runs = find_runs([code in "VE" for code in marked.codes], 3)
    spans = [(float(marked.r_s[a]), float(marked.r_s[b - 1])) for a, b in runs]
    spans += list(marked.unmarked_s)
    edges = [*(at for at, _ in rhythms), np.inf]
    named = ("(SVTA", "(VT", "(VFL", "(BII", "(AFL")
    spans += [(at, edges[i + 1]) for i, (at, name) in enumerate(rhythms) if name.startswith(named)]
    if any(_meets(warning, a, b) for a, b in spans):
        return True
    inside = (marked.r_s > warning.start_s - SLACK_S) & (marked.r_s < warning.stop_s + SLACK_S)
    rr = np.diff(marked.r_s[inside])
    if rr.size == 0:
        return True
    rate = 60 / float(rr.mean())
    return bool(rr.max() > 3.0 or ("rate" in warning.rule and not 40 <= rate <= 150))


def labels(split: set[str]) -> Iterator[str]:
    """Yield what is stated of the records of each rhythm label, and the warnings of normals."""
    root = data_root()
    scp = _scp_codes(root)
    said: dict[str, Counter[str]] = {}
    normals, warned, warnings = 0, 0, Counter[str]()
    for entry in load_index(root):
        if entry.split not in split or entry.dataset == "brugada":
            continue
        words = scp.get((entry.dataset, entry.record)) or ";".join(header_comments(entry.path))
        label = next((name for name, keys in LABELS if any(key in words for key in keys)), "none")
        found = interpret(Study(load_recording(entry)))
        rhythm = " + ".join(dict.fromkeys(e.code or "?" for e in found.rhythms))
        said.setdefault(label, Counter())[rhythm] += 1
        if entry.targets[0] == 1:
            normals += 1
            warned += bool(found.urgent)
            warnings.update(call.code for call in found.urgent)
    for label, counts in said.items():
        whole = sum(counts.values())
        yield f"{label:6s} {whole:5d}: " + ", ".join(f"{k} {n}" for k, n in counts.most_common(8))
    yield f"labelled normal only: {warned} of {normals} warned of {dict(warnings)}"


def _scp_codes(root: Path) -> dict[tuple[str, str], str]:
    out = {}
    for name, file, record in (
        ("ptbxl", "ptbxl/ptbxl_database.csv", "filename_hr"),
        ("ptbxl_extra", "ptbxl_extra/statements.csv", "record"),
    ):
        rows = read_rows(root / file, (record,))
        column = next(key for key in rows[0] if "scp" in key.lower())
        out |= {(name, row[record]): row[column] for row in rows}
    return out


def main(arguments: Sequence[str]) -> int:
    """Print one of the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("of", choices=("simulation", "mitdb", "labels"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--cases", nargs="+", default=())
    parser.add_argument("--test", action="store_true", help="the records kept for the last figure")
    args = parser.parse_args(arguments)
    split = {"test"} if args.test else {"train", "val"}
    if args.test and args.of != "simulation":
        log_test_access("benchmarks.rhythms", model="none", measured=args.of)
    lines = {
        "simulation": lambda: simulated(args.seeds, args.cases),
        "mitdb": lambda: mitdb(split),
        "labels": lambda: labels(split),
    }[args.of]()
    for line in lines:
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
