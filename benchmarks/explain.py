"""How well explanations fare, method by method and statement by statement: prints tables.

    .venv/bin/python -m benchmarks.explain NAME [--split test] [--only faithful beats ...]

Sections: `faithful` (deletion and insertion under two fills, against random and QRS complexes
alone), `leads` (the same for whole leads), `beats` (pointing game and relevance mass on MIT-BIH:
DS2 for test, records of DS1 for val), `waves` (on LUDB), `truth` (on simulation), `weights` (rank
correlation with maps of random weights, and between networks trained from other seeds), `speed`
(on 12 leads, 10 s, 500 Hz), `shap` (Gradient SHAP beside shap's own on the published ResNet-34:
work at equal convergence), `reference` (the same two on that network as it was trained: deletion
and insertion; needs `--reference`, a network of `configs/zhang_resnet34_splits.toml`).
Methods are chosen on val; test is measured once.  A model of one lead is asked about one lead of
each record, every lead in turn; on MIT-BIH about the first (MLII, of few records V5).
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.explain_reference import OURS, SHAPS, reference_rows
from benchmarks.explain_shap import shap_section
from benchmarks.explain_tables import put_section, section_text
from ecgcore.datasets import TEST, Entry, data_root, load_index, log_test_access
from ecgcore.datasets.index import DATASETS, TWELVE_LEAD
from ecgcore.datasets.mitdb import UNPACED, split_of
from ecgcore.evaluation.bootstrap import Interval
from ecgcore.evaluation.map_figures import (
    QRS,
    RANDOM,
    Rows,
    lead_rows,
    perturbation_rows,
    place_rows,
)
from ecgcore.evaluation.map_records import (
    Trial,
    in_lead,
    known_truth,
    marked_beats,
    marked_waves,
    on_one_lead,
    positive_records,
)
from ecgcore.evaluation.map_weights import SEEDS, randomise_weights, variant_rows, with_weights
from ecgcore.explain import METHODS, Explainer, methods_of
from ecgcore.explain.defaults import default_methods
from ecgcore.inference import LoadedModel, load_model
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.statements import CORE_CODES
from ecgcore.study import Study

SECTIONS = ("faithful", "leads", "beats", "waves", "truth", "weights", "speed", "shap", "reference")
FIGURES = ("deletion_line", "deletion_zero", "insertion_line", "insertion_zero")
SEED = 3
# Record 232 holds three quarters of the supraventricular beats of DS2.
MANY_PAC = "232"


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    model = load_model(args.model)
    maps = [m for m in methods_of(model) if not METHODS[m].whole_leads]
    maps = [m for m in maps if not args.methods or m in args.methods]
    makers: dict[str, Callable[[], Any]] = {
        "faithful": lambda: faithful(model, maps, args),
        "leads": lambda: leads(model, args),
        "beats": lambda: beats(model, maps, args),
        "waves": lambda: waves(model, maps, args),
        "truth": lambda: truth(model, maps, args),
        "weights": lambda: weights(model, args),
        "speed": lambda: speed(model),
        "shap": lambda: shap_section(model),
        "reference": lambda: reference(args),
    }
    if args.split == TEST:
        log_test_access(
            f"benchmarks.explain {model.name} --split test",
            model=model.name,
            measured=f"maps: {', '.join(args.only or ['every section'])}",
        )
    out = Path(args.out or f"results/explain/{model.name}-{args.split}.md")
    title = f"Explanations of {model.name} on {args.split}, 95 % intervals over patients"
    for section in args.only or [s for s in SECTIONS if possible(s, model, args)]:
        began = time.perf_counter()
        found = makers[section]()
        print(f"({section}: {time.perf_counter() - began:.0f} s)\n", flush=True)
        put_section(out, title, section, section_text(section, found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="diagnostic-1")
    parser.add_argument("--split", choices=("train", "val", "test"), default="val")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="default: all possible")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), help="default: all")
    parser.add_argument("--codes", nargs="+", default=list(CORE_CODES), help="statements")
    parser.add_argument("--records", type=int, default=12, help="positive records a statement")
    parser.add_argument("--windows", type=int, default=6, help="windows of a MIT-BIH record")
    parser.add_argument("--maps", type=int, default=3, help="records a statement for weights")
    parser.add_argument("--seeds", nargs="*", default=[], metavar="FILE[:PREFIX]")
    parser.add_argument("--reference", type=Path, metavar="FILE", help="for that section")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", help="default: results/explain/NAME-SPLIT.md")
    args = parser.parse_args()
    if "reference" in (args.only or ()) and args.reference is None:
        parser.error("the section reference needs --reference FILE")
    return args


# ---- sections ------------------------------------------------------------------------------


def faithful(model: LoadedModel, maps: Sequence[str], args: argparse.Namespace) -> Any:
    trials = positives(model, args, args.records)
    rows = perturbation_rows(model, trials, maps, report=told("faithful"))
    every = [*maps, QRS, RANDOM]
    print(
        f"Deletion and insertion on {args.split}, mean change of the logit, {count(rows)} records"
    )
    table(rows, every, {f: (f, None, None) for f in FIGURES})
    print("Deletion (line) less that of QRS only; paired, 95 % interval over patients")
    codes = [None, *args.codes]
    table(rows, maps, {c or "all": ("deletion_line", c, QRS) for c in codes})
    return {
        "figures": joined(rows, every, FIGURES, codes),
        "less_qrs": joined(rows, maps, FIGURES, codes, less=QRS),
        "less_random": joined(rows, maps, FIGURES, codes, less=RANDOM),
    }


def leads(model: LoadedModel, args: argparse.Namespace) -> Any:
    rows = lead_rows(model, positives(model, args, args.records), report=told("leads"))
    print(
        f"Without the two leads of the highest Shapley value, {args.split}, {count(rows)} records"
    )
    figures = ("top_fall", "other_fall", "beaten")
    codes = [None, *args.codes]
    for figure in figures:
        line = [
            f"{c or 'all'} {text(rows.mean(figure, method='lead_shapley', code=c))}" for c in codes
        ]
        print(f"  {figure}: {'; '.join(line)}")
    return joined(rows, ["lead_shapley"], figures, codes)


def beats(model: LoadedModel, maps: Sequence[str], args: argparse.Namespace) -> Any:
    root = data_root()
    splits = split_of(root)
    records = [r for r in UNPACED if splits.get(r) == args.split]
    codes = [c for c in ("PVC", "PAC") if c in args.codes]
    trials = list(marked_beats(root, records, codes, most=args.windows, seed=SEED))
    if of_one_lead(model):
        trials = [in_lead(trial, 0) for trial in trials]
    rows = place_rows(model, trials, maps, report=told("beats"))
    found = places(rows, maps, codes, f"MIT-BIH, {len(records)} records of {args.split}")
    if "PAC" in codes and MANY_PAC in records:
        fewer = Rows([row for row in rows.values if row["group"] != MANY_PAC])
        found["without 232"] = places(fewer, maps, ["PAC"], "the same without record 232")
    return found


def waves(model: LoadedModel, maps: Sequence[str], args: argparse.Namespace) -> Any:
    trials = asked(model, marked_waves(entries(args.split), args.codes))
    rows = place_rows(model, trials, maps, report=told("waves"))
    return places(rows, maps, args.codes, f"LUDB's waves, {args.split}")


def truth(model: LoadedModel, maps: Sequence[str], args: argparse.Namespace) -> Any:
    # Another seed for each split: methods are not chosen on the persons they are reported on.
    seed = {"val": 1, "test": 2, "train": 3}[args.split]
    trials = asked(model, known_truth(args.codes, most=max(2, args.records // 2), seed=seed))
    rows = place_rows(model, trials, maps, report=told("truth"))
    return places(rows, maps, args.codes, "simulated records with known truth")


def places(rows: Rows, maps: Sequence[str], codes: Sequence[str], title: str) -> dict[str, Any]:
    flagged = Rows([row for row in rows.values if row["flagged"]])
    there = [c for c in codes if any(row["code"] == c for row in rows.values)]
    every = [*maps, QRS, RANDOM]
    figures = ("pointing", "mass")
    for name, part in (("all", rows), ("flagged by the model", flagged)):
        for figure in figures:
            print(f"{figure}, {title}, {name}: {count(part)} recordings")
            table(part, every, {c: (figure, c, None) for c in there})
    return {
        "all": joined(rows, every, figures, there),
        "flagged": joined(flagged, every, figures, there),
    }


def weights(model: LoadedModel, args: argparse.Namespace) -> Any:
    methods = [m for m in methods_of(model) if not args.methods or m in args.methods]
    trials = positives(model, args, args.maps)
    others = randomise_weights(model, seed=SEED)
    stages = tuple(others)
    for number, file in enumerate(args.seeds):
        path, _, prefix = file.partition(":")
        others[f"{SEEDS} {number}"] = with_weights(model, Path(path), prefix)
    rows = variant_rows(model, others, trials, methods, report=told("weights"))
    print(f"Rank correlation with maps of random weights, {args.split}, last layers first")
    table(rows, methods, {stage: (stage, None, None) for stage in stages})
    made = {"random": joined(rows, methods, stages, [None]), "networks": 1 + len(args.seeds)}
    if not args.seeds:
        print("Seed agreement: no further networks were given (--seeds FILE)\n")
        return made
    print(f"Rank correlation with the maps of {len(args.seeds)} networks of other seeds")
    codes = [None, *args.codes]
    table(rows, methods, {c or "all": (SEEDS, c, None) for c in codes})
    return made | {"seeds": joined(rows, methods, (SEEDS,), codes)}


def speed(model: LoadedModel) -> Any:
    recording = make_demonstration_case("pvc").recording
    if of_one_lead(model):
        recording = recording.select(("II",))
    study = Study(recording)
    explainer = Explainer(model, study)
    output, window = explainer.output("PVC"), explainer.reading.pieces[0]
    explainer.beats_of(window)
    explainer.case(output, window).around.references()
    found = {"threads": torch.get_num_threads()}
    print(
        f"Seconds a map, {recording.n_leads} leads, {recording.duration_s:g} s, "
        f"{recording.fs_hz:g} Hz, {found['threads']} threads: fastest of 5, then of the processor"
    )
    for name in [*methods_of(model), "default with every check"]:
        wall, cpu = [], []
        for _ in range(5):
            fresh = Explainer(model, study)
            began = time.perf_counter(), time.process_time()
            if name in METHODS:
                fresh.map(name, output, window)
            else:
                fresh.explain("PVC", default_methods(model, "PVC")[0])
            wall.append(time.perf_counter() - began[0])
            cpu.append(time.process_time() - began[1])
        found[name] = {"wall": min(wall), "processor": min(cpu)}
        print(f"  {name:26s} {min(wall):.3f}  {min(cpu):.3f}", flush=True)
    return found


def reference(args: argparse.Namespace) -> Any:
    rows = reference_rows(
        args.reference, entries(args.split), entries("train"), most=args.records, seed=SEED
    )
    both, codes = (OURS, SHAPS), [None]
    every = [*both, QRS, RANDOM]
    print(f"The trained ResNet-34, {args.split}, mean change of the logit, {count(rows)} records")
    table(rows, every, {f: (f, None, None) for f in FIGURES})
    for other in (QRS, RANDOM):
        print(f"Less {other}; paired, 95 % interval over patients")
        table(rows, both, {f: (f, None, other) for f in FIGURES})
    return {
        "figures": joined(rows, every, FIGURES, codes),
        "less_qrs": joined(rows, both, FIGURES, codes, less=QRS),
        "less_random": joined(rows, both, FIGURES, codes, less=RANDOM),
        "shap_less_ours": joined(rows, [SHAPS], FIGURES, codes, less=OURS),
    }


def possible(section: str, model: LoadedModel, args: argparse.Namespace) -> bool:
    return {"leads": not of_one_lead(model), "reference": args.reference is not None}.get(
        section, True
    )


def of_one_lead(model: LoadedModel) -> bool:
    return model.card.input.max_leads == 1


def asked(model: LoadedModel, trials: Iterable[Trial]) -> list[Trial]:
    known = (trial for trial in trials if trial.code in model.card.codes)
    return list(on_one_lead(known) if of_one_lead(model) else known)


def positives(model: LoadedModel, args: argparse.Namespace, most: int) -> list[Trial]:
    return asked(model, positive_records(entries(args.split), args.codes, most=most, seed=SEED))


# ---- records and tables --------------------------------------------------------------------


def entries(split: str) -> list[Entry]:
    names = [name for name, d in DATASETS.items() if d.kind == TWELVE_LEAD]
    return [e for e in load_index(data_root(), datasets=names) if e.split == split]


def count(rows: Rows) -> int:
    return len({(row["code"], row["trial"]) for row in rows.values})


def table(
    rows: Rows, methods: Iterable[str], columns: dict[str, tuple[str, str | None, str | None]]
) -> None:
    print("  " + " " * 22 + "".join(f"{name:>24s}" for name in columns))
    for method in methods:
        cells = [
            text(rows.mean(figure, method=method, code=code, less=less))
            for figure, code, less in columns.values()
        ]
        print(f"  {method:22s}" + "".join(f"{cell:>24s}" for cell in cells))
    print()


def joined(
    rows: Rows,
    methods: Iterable[str],
    figures: Sequence[str],
    codes: Sequence[str | None],
    *,
    less: str | None = None,
) -> dict[str, Any]:
    return {
        method: {
            figure: {
                code or "all": rows.mean(figure, method=method, code=code, less=less).as_dict()
                for code in codes
            }
            for figure in figures
        }
        for method in methods
    }


def text(found: Interval) -> str:
    if found.value is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def told(what: str) -> Callable[[int], None]:
    def report(number: int) -> None:
        if (number + 1) % 10 == 0:
            sys.stderr.write(f"{what} {number + 1}\n")

    return report


if __name__ == "__main__":
    main()
