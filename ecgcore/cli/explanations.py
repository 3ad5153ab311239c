"""``explanations NAME``: what stands beside a model for its explanations.

Mean beats and mean logits of the training records, and on validation records how far each method's
maps depend on the weights and on the training seed.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ecgcore.checks import check_range
from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.datasets import Entry, PackedSet, data_root, load_index, pack
from ecgcore.datasets.index import DATASETS, TWELVE_LEAD
from ecgcore.evaluation.map_background import background
from ecgcore.evaluation.map_records import on_one_lead, positive_records
from ecgcore.evaluation.map_weights import ALL, SEEDS, randomise_weights, variant_rows, with_weights
from ecgcore.explain import METHODS, methods_of
from ecgcore.explain.background import FILE, SCHEMA, forget
from ecgcore.inference import LoadedModel, load_model, use_threads, weights_root
from ecgcore.statements import CORE_CODES

SEED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("model", metavar="NAME", help="a model's name, or its folder")
    parser.add_argument(
        "--seeds",
        nargs="*",
        default=[],
        metavar="FILE[:PREFIX]",
        help="weights of further networks of the same recipe (safetensors)",
    )
    parser.add_argument("--maps", type=int, default=3, metavar="N", help="records a statement")
    parser.add_argument("--write", action="store_true", help=f"write {FILE} beside the card")


def run(args: argparse.Namespace) -> int:
    """Compute; return the exit status."""
    check_range("--maps", args.maps, 1, 1000)
    use_threads(1)
    model = load_model(args.model)
    folder = Path(model.folder or weights_root() / args.model)
    index = load_index(
        data_root(), datasets=[n for n, d in DATASETS.items() if d.kind == TWELVE_LEAD]
    )
    val = [entry for entry in index if entry.split == "val"]
    found: dict[str, Any] = {
        "schema": SCHEMA,
        "model": model.name,
        "weights_sha256": model.card.weights_sha256,
        **(
            _load_kept(folder, model)
            or background(model, _pack_set(model, index), report=_report_every("beat"))
        ),
        "methods": {},
    }
    _write(folder, found, args.write)
    # These take seconds a map; what they say of random weights can be had from benchmarks/explain.
    methods = [m for m in methods_of(model) if m != "occlusion" and not METHODS[m].whole_leads]
    codes = [code for code in CORE_CODES if code in model.card.codes]
    trials = positive_records(val, codes, most=args.maps, seed=SEED)
    if model.card.input.max_leads == 1:
        trials = on_one_lead(trials)
    others = {ALL: randomise_weights(model, seed=SEED)[ALL]}
    others |= {
        f"{SEEDS} {i}": with_weights(model, *_parse_file(t)) for i, t in enumerate(args.seeds)
    }
    rows = variant_rows(model, others, trials, methods, report=_report_every("map"))
    for name in methods:
        found["methods"][name] = {"randomisation": _figure_json(rows, ALL, name)}
        if args.seeds:
            found["methods"][name][SEEDS] = _figure_json(rows, SEEDS, name)
    _write(folder, found, args.write)
    told = {k: v for k, v in found.items() if k != "background"}
    write_json(told, digest=model.card.weights_sha256)
    return EXIT_OK


def _load_kept(folder: Path, model: LoadedModel) -> dict[str, Any] | None:
    """Return the mean beats and logits that already stand beside these weights."""
    try:
        raw = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(raw, dict) or raw.get("weights_sha256") != model.card.weights_sha256:
        return None
    return {key: raw[key] for key in ("prior", "background") if key in raw} or None


def _pack_set(model: LoadedModel, index: list[Entry]) -> PackedSet:
    """Return what training packs too: from the cache, where that was done here."""
    given = model.card.input
    return pack(
        [entry for entry in index if entry.split in ("train", "val")],
        fs_hz=given.fs_hz,
        high_pass_hz=given.high_pass_hz,
        low_pass_hz=given.low_pass_hz,
    )


def _parse_file(text: str) -> tuple[Path, str]:
    path, _, prefix = text.partition(":")
    return Path(path), prefix


def _figure_json(rows: Any, figure: str, method: str) -> dict[str, Any]:
    between = rows.mean(figure, method=method).as_dict()
    n = sum(1 for row in rows.values if row["method"] == method and figure in row)
    return {k: None if v is None else round(v, 4) for k, v in between.items()} | {"n": n}


def _write(folder: Path, found: dict[str, Any], wanted: bool) -> None:
    if wanted:
        text = json.dumps(found, separators=(",", ":"), allow_nan=False)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")
        forget()


def _report_every(what: str) -> Any:
    def report(number: int) -> None:
        if (number + 1) % 50 == 0:
            sys.stderr.write(f"{what} {number + 1}\n")

    return report
