"""How well waves, beats and intervals are found, beside NeuroKit2: prints tables.

    .venv/bin/python -m benchmarks.measure --split val         # while choosing
    .venv/bin/python -m benchmarks.measure --split test        # the last figure
    .venv/bin/python -m benchmarks.measure --part intervals --split test   # and their uncertainty
    .venv/bin/python -m benchmarks.measure --part beats        # R peaks on MIT-BIH
    .venv/bin/python -m benchmarks.measure --part kinds --split test   # kinds of beats on MIT-BIH
    .venv/bin/python -m benchmarks.measure --part simulation   # intervals against known truth
    .venv/bin/python -m benchmarks.measure --part pauses       # silence, escapes, P waves
    .venv/bin/python -m benchmarks.measure --part noisy        # rates of MIT-BIH DS1 in noise

Waves: every delineator gets the same beats (ours, from all leads), and each lead is compared with
that lead's marks.  The reference of the consensus is, for each beat, the 20 % quantile of the
cardiologists' twelve onsets and the 80 % quantile of their offsets: the definition of
``ecgcore.measure.consensus``, applied to their marks.  "One lead" gives the learned delineator
nothing but that lead, beats included.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.pauses import noisy_rates, sweep
from ecgcore.datasets import TEST, data_root, load_recording, log_test_access
from ecgcore.datasets.ludb_waves import read_marks
from ecgcore.datasets.mitdb import DS1, DS2, UNPACED, read_beats, record_path
from ecgcore.evaluation.beat_kinds import CLASSES, Counts, count, groups_of
from ecgcore.evaluation.waves import (
    POINTS,
    Tally,
    marked_intervals_ms,
    match_times,
    tally_consensus,
    tally_lead,
)
from ecgcore.measure import measure
from ecgcore.measure.consensus import consensus
from ecgcore.measure.delineators import NAMES, delineator
from ecgcore.measure.neurokit import METHODS, neurokit_waves
from ecgcore.readers import read
from ecgcore.recording import Recording
from ecgcore.signal.beats import detect_beats
from ecgcore.simulate import TRAINING_CASES, simulate
from ecgcore.training.delineator.data import ludb_entries

Array = np.ndarray
ONE_LEAD = "learned, one lead"
# What a user gets: the default, with what is known of the rhythm (no P in fibrillation).
WHOLE = "measure"
# Of a normal distribution's standard deviations, 95 %.
_COVERS = 1.96


def one_lead_at_a_time(recording: Recording) -> Array:
    """Return (n_leads, 9, n_beats of the lead with most), each lead by itself."""
    rows = []
    for row in recording.signal:
        r_s = detect_beats(row[None], recording.fs_hz)
        rows.append(delineator("learned")(row[None], recording.fs_hz, r_s)[0])
    width = max(row.shape[1] for row in rows)
    return np.stack(
        [np.pad(r, ((0, 0), (0, width - r.shape[1])), constant_values=np.nan) for r in rows]
    )


def _load_marked(split: str) -> list[tuple[Recording, dict]]:
    return [(load_recording(e), read_marks(e.path)) for e in ludb_entries([split])]


def waves(split: str) -> dict[str, object]:
    """Return the tables of waves, the time a record, and the share of leads that raise."""
    entries = _load_marked(split)
    out: dict[str, object] = {}
    for name in (WHOLE, *NAMES, ONE_LEAD):
        lead, whole, middle = ({p: Tally() for p in POINTS} for _ in range(3))
        seconds = 0.0
        for recording, marks in entries:
            started = time.perf_counter()
            r_s = np.empty(0)
            if name == ONE_LEAD:
                found = one_lead_at_a_time(recording)
            elif name == WHOLE:
                given = measure(recording).beats
                joint = given.consensus.as_array()
                empty = np.full_like(joint, np.nan)
                found = np.stack(
                    [
                        given.leads[n].as_array() if n in given.leads else empty
                        for n in recording.leads
                    ]
                )
            else:
                r_s = detect_beats(recording.signal, recording.fs_hz)
                found = delineator(name)(recording.signal, recording.fs_hz, r_s)
                joint = consensus(found, r_s)
            seconds += time.perf_counter() - started
            for row, lead_name in zip(found, recording.leads, strict=True):
                tally_lead(lead, marks[lead_name], row)
            if name != ONE_LEAD:
                tally_consensus(whole, marks, joint)
                tally_consensus(middle, marks, joint, quantiles=(0.5, 0.5))
        out[name] = {
            "each lead": _figures(lead),
            "consensus": _figures(whole),
            "consensus against the median lead": _figures(middle),
            "ms_a_record": 1e3 * seconds / len(entries),
        }
    out["raises"] = {m: raises([r for r, _ in entries], m) for m in METHODS[:2]}
    out["intervals"] = intervals(entries)
    return out


def _figures(tallies: dict[str, Tally]) -> dict[str, dict[str, float]]:
    return {name: tally.figures() for name, tally in tallies.items() if tally.found + tally.missed}


def raises(recordings: list[Recording], method: str) -> str:
    """Return how many leads NeuroKit2 raises on with its own beats' place taken by ours."""
    total = bad = 0
    for recording in recordings:
        r_s = detect_beats(recording.signal, recording.fs_hz)
        for row in recording.signal:
            total += 1
            bad += bool(neurokit_waves(row, recording.fs_hz, r_s, method=method).error)
    return f"{bad} of {total} leads"


def intervals(entries: list[tuple[Recording, dict]]) -> dict[str, str]:
    """Return measured minus marked intervals of records with both, and how often PR is given.

    A 95 % interval covers where the difference is within 1.96 of the stated uncertainties.
    """
    differences: dict[str, list[tuple[float, float]]] = {"pr": [], "qrs": [], "qt": []}
    given: dict[bool, list[bool]] = {True: [], False: []}
    for recording, marks in entries:
        found, marked = measure(recording), marked_intervals_ms(marks)
        for name, every in differences.items():
            one = found.measurement(name)
            if one is None or one.value is None or one.uncertainty is None:
                continue
            if np.isfinite(marked[name]):
                every.append((one.value - marked[name], one.uncertainty))
        pr = found.measurement("pr")
        given[bool(np.isfinite(marked["pr"]))].append(pr is not None and pr.value is not None)
    return {name: _describe_differences(np.array(v)) for name, v in differences.items()} | {
        "PR given where P is marked": f"{sum(given[True])} of {len(given[True])}",
        "PR given where no P is marked": f"{sum(given[False])} of {len(given[False])}",
    }


def _describe_differences(pairs: Array) -> str:
    off, uncertainty = pairs.T
    covered = (np.abs(off) <= _COVERS * uncertainty).mean()
    return (
        f"mean {off.mean():+.1f}, SD {off.std():.1f}, median {np.median(off):+.1f} ms, "
        f"{off.size} records; 95 % intervals cover {100 * covered:.0f} %"
    )


def beats() -> dict[str, object]:
    """Return R-peak figures on the 44 unpaced records of MIT-BIH, 150 ms."""
    out: dict[str, object] = {}
    choices: dict[str, Callable[[Array], Array]] = {
        "two leads": lambda signal: signal,
        "first lead": lambda signal: signal[:1],
    }
    for name, choose in choices.items():
        counts = {"44 records": [0, 0, 0], "DS2": [0, 0, 0]}
        started = time.perf_counter()
        for record in UNPACED:
            marks = read_beats(data_root(), record)
            recording = read(record_path(data_root(), record).with_suffix(".hea"))
            found = detect_beats(choose(recording.signal), recording.fs_hz)
            at_reference, at_found = match_times(marks.r_s, found)
            rest = np.delete(found, at_found)
            for start, stop in marks.unmarked_s:
                rest = rest[(rest < start - 0.15) | (rest > stop + 0.15)]
            for group in ("44 records", *(("DS2",) if record in DS2 else ())):
                tp, missed = at_reference.size, marks.r_s.size - at_reference.size
                more = (tp, missed, rest.size)
                counts[group] = [a + b for a, b in zip(counts[group], more, strict=True)]
        out[name] = {
            group: f"sensitivity {tp / (tp + miss):.4f}, predictivity {tp / (tp + fp):.4f} "
            f"({tp} found, {miss} missed, {fp} extra)"
            for group, (tp, miss, fp) in counts.items()
        }
        out[f"{name}, seconds"] = round(time.perf_counter() - started, 1)
    return out


def kinds(split: str, *, first_lead: bool) -> dict[str, object]:
    """Return how well ventricular and supraventricular beats are told, as AAMI EC57 counts.

    DS2 for ``"test"``; else DS1, which the trees were fitted on (201 is a patient of DS2).
    """
    counts = {}
    for record in DS2 if split == "test" else [r for r in DS1 if r != "201"]:
        marks = read_beats(data_root(), record)
        recording = read(record_path(data_root(), record).with_suffix(".hea"))
        if first_lead:
            recording = Recording(recording.signal[:1], recording.fs_hz, recording.leads[:1])
        found = measure(recording, check=False).beats
        groups, missed = groups_of(marks, found.consensus.r_peak)
        counts[record] = count(groups, found.types, missed)
    return {
        "all": _kind_figures(list(counts.values())),
        "without 232": _kind_figures([c for r, c in counts.items() if r != "232"]),
        "by record": {
            record: {
                kind: f"{c.true[at]} found, {c.missed[at]} missed, {c.false[at]} false"
                for at, kind in enumerate(CLASSES)
            }
            for record, c in counts.items()
        },
        "simulated, 12 leads": _simulated_kinds(range(2000, 2004)),
    }


def _kind_figures(counts: list[Counts], resamples: int = 2000) -> dict[str, str]:
    """Return pooled figures with the 95 % bootstrap interval over records."""
    rng = np.random.default_rng(0)
    draws = [
        sum((counts[i] for i in rng.integers(0, len(counts), len(counts))), Counts.none())
        for _ in range(resamples)
    ]
    whole = sum(counts, Counts.none())
    out = {}
    for kind in CLASSES:
        drawn = {n: [d.figures(kind)[n] for d in draws] for n in ("sensitivity", "ppv", "f1")}
        figures = whole.figures(kind)
        words = []
        for n, v in drawn.items():
            low, high = np.nanquantile(v, (0.025, 0.975))
            words.append(f"{n} {figures[n]:.3f} ({low:.3f} to {high:.3f})")
        out[kind] = ", ".join(words) + f", {figures['n']} beats"
    return out


def _simulated_kinds(seeds: range) -> dict[str, str]:
    """Return, by case, how many beats of each kind were called what."""
    out = {}
    for case, spec in TRAINING_CASES.items():
        said: dict[str, int] = {}
        for seed in seeds if len(spec.leads) == 12 else ():
            made = simulate(case, seed=seed)
            found = measure(made.recording, check=False).beats
            for beat in made.truth.beats:
                apart = np.abs(found.consensus.r_peak - beat.r_peak)
                if apart.size and apart.min() < 0.1:
                    word = f"{beat.type} as {found.types[int(apart.argmin())]}"
                    said[word] = said.get(word, 0) + 1
        if said:
            out[case] = ", ".join(f"{n} {word}" for word, n in sorted(said.items()))
    return out


def simulation(seeds: int) -> dict[str, object]:
    """Return measured minus true intervals on simulated 12-lead records, by case."""
    out: dict[str, object] = {}
    for case, spec in TRAINING_CASES.items():
        if len(spec.leads) < 12:
            continue
        errors: dict[str, list[float]] = {"pr": [], "qrs": [], "qt": [], "heart_rate": []}
        missing = dict.fromkeys(errors, 0)
        for seed in range(seeds):
            made = simulate(case, seed=1000 + seed)
            found = measure(made.recording)
            truth = {
                "pr": made.truth.pr_ms,
                "qrs": made.truth.qrs_ms,
                "qt": made.truth.qt_ms,
                "heart_rate": made.truth.heart_rate_bpm,
            }
            for name, true in truth.items():
                value = found.measurement(name)
                if true is None:
                    continue
                if value is None or value.value is None:
                    missing[name] += 1
                else:
                    errors[name].append(value.value - true)
        out[case] = {
            name: (f"{np.median(v):+.1f} ({np.std(v):.1f})" if v else "-")
            + (f", {missing[name]} missing" if missing[name] else "")
            for name, v in errors.items()
        }
    return out


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """Print one table."""
    print(f"\n{title}")
    for name, row in table.items():
        print(
            f"  {name:11s} sens {row['sensitivity']:.4f}  ppv {row['ppv']:.4f}  "
            f"mean {row['mean_ms']:+6.1f}  SD {row['sd_ms']:5.1f} ms  n {row['n']:.0f}"
        )


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    parser.add_argument(
        "--part",
        choices=("waves", "intervals", "beats", "kinds", "simulation", "pauses", "noisy"),
        default="waves",
    )
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-lead", action="store_true", help="kinds from one lead")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.part == "beats" or (
        args.split == TEST and args.part in ("waves", "intervals", "kinds")
    ):
        log_test_access(
            f"benchmarks.measure --part {args.part} --split {args.split}",
            model="measurements",
            measured=f"{args.part}: found, marked and their difference",
        )
    parts: dict[str, Callable[[], dict]] = {
        "waves": lambda: waves(args.split),
        "intervals": lambda: intervals(_load_marked(args.split)),
        "beats": beats,
        "kinds": lambda: kinds(args.split, first_lead=args.first_lead),
        "simulation": lambda: simulation(args.seeds),
        "pauses": lambda: sweep(args.seeds),
        "noisy": noisy_rates,
    }
    found = parts[args.part]()
    if args.json or args.part != "waves":
        json.dump(found, sys.stdout, indent=1)
        print()
        return
    for name, tables in found.items():
        if name in ("raises", "intervals"):
            print(f"\n{name}: {json.dumps(tables, indent=1)}")
            continue
        for kind in ("each lead", "consensus", "consensus against the median lead"):
            if tables[kind]:  # type: ignore[index]
                show(f"{name}, {kind}", tables[kind])  # type: ignore[index]
        print(f"  {tables['ms_a_record']:.0f} ms a record")  # type: ignore[index]


if __name__ == "__main__":
    main()
