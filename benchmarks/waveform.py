"""Figures of waveform attention against its controls: ``python -m benchmarks.waveform``.

Reads the networks that ``python -m ecgcore train configs/danet.toml`` keeps under ``runs/``, and
prints, for each disease and each set of the split, every variant by record and every map by beat.
``--write`` puts the figures into the cards of the model folders, and with them whether the module
is an aid: its area above the plain classifier's, the paired interval clear of zero, on two sets.
The tables go to ``results/waveform.md``; ``--write --kept`` writes the figures that the last run
on test left under ``runs/``, without measuring again.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import TEST, log_test_access
from ecgcore.datasets.pools import mitdb_pool, packed_pool, single_lead_pool
from ecgcore.datasets.wave_classes import packed_classes
from ecgcore.evaluation.model_folder import write_card
from ecgcore.evaluation.readme import beat_table, record_table
from ecgcore.evaluation.side_words import words
from ecgcore.evaluation.waveform import (
    Found,
    beat_figures,
    chosen_thresholds,
    found_on_beats,
    record_figures,
    with_figures,
)
from ecgcore.evaluation.waveform_scores import LEARNED, Item, items_of, scores_of
from ecgcore.inference import LoadedModel, available_models, load_model, use_threads, weights_root
from ecgcore.inference.runner import prepared_logits
from ecgcore.inference.waveform_words import SET_WORDS
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import WaveformRule, waveform_rules
from ecgcore.statements import CORE_CODES
from ecgcore.training.danet.data import CONTRACT
from ecgcore.training.danet.recipe import BEAT_OF, DANetRecipe, variants_of
from ecgcore.training.danet.release import folder_name
from ecgcore.training.danet.train import kept_network, kept_path
from ecgcore.training.recipe import read_recipe
from reproductions.danet_maps import class_maps, curves_of, spans_of, window_items

BODY = "body"
PLAIN = "none"
# Record 232 holds most of the supraventricular beats of DS2.
APART = "mitdb/232"
Scores = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one disease, and the one of several tasks if it is there."""

    recipe: DANetRecipe
    disease: str
    keep: Path
    body: LoadedModel | None

    @property
    def rule(self) -> WaveformRule:
        """The disease's."""
        return waveform_rules()[self.disease]

    def seeds(self, variant: str) -> list[int]:
        """Return the seeds whose network of a variant is kept."""
        seeds = self.recipe.diseases[self.disease]
        return [s for s in seeds if kept_path(self.keep, self.disease, s, variant).is_file()]

    def network(self, variant: str, seed: int) -> DANet:
        """Return one of them."""
        return kept_network(self.recipe, self.keep, self.disease, seed, variant)

    def scores(self, items: list[Item]) -> Scores:
        """Return the logits of every variant, (n_seeds, n); of the body, one row."""
        out: Scores = {}
        made_of = _digest(items)
        body = self.body
        if body is not None and self.disease in body.card.codes:
            name = f"{body.name}-{body.card.weights_sha256[:12]}-{made_of}"
            every = self._kept(name, lambda: _body_logits(body, items))
            out[BODY] = every[None, :, body.card.codes.index(self.disease)]
        for variant in variants_of(self.disease):
            made = [self._one(variant, seed, items, made_of) for seed in self.seeds(variant)]
            if made:
                out[variant] = np.stack(made)
        return out

    def _one(self, variant: str, seed: int, items: list[Item], made_of: str) -> NDArray[np.float64]:
        path = kept_path(self.keep, self.disease, seed, variant)
        weights = hashlib.sha256(path.read_bytes()).hexdigest()[:12]

        def make() -> NDArray[np.float64]:
            return scores_of(self.network(variant, seed), variant, self.rule, items)

        return self._kept(f"{path.stem}-{weights}-{made_of}", make)

    def _kept(self, name: str, make: Callable[[], NDArray[np.float64]]) -> NDArray[np.float64]:
        path = self.keep / "scores" / f"{name}.npy"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            np.save(path, make())
        return np.asarray(np.load(path), dtype=np.float64)


def _body_logits(body: LoadedModel, items: list[Item]) -> NDArray[np.float64]:
    given = body.card.input
    return np.array([prepared_logits(body.network, i.samples, given, in_mv=i.in_mv) for i in items])


def _digest(items: list[Item]) -> str:
    """Return what tells these items from others: their samples and segments."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(item.samples.tobytes())
        digest.update(item.parts.tobytes())
    return digest.hexdigest()[:12]


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="configs/danet.toml")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--body", default="diagnostic-1", help="the network of several tasks")
    parser.add_argument("--diseases", help="comma-separated; by default all of the recipe")
    parser.add_argument("--out", default="results/waveform.md")
    parser.add_argument("--write", action="store_true", help="write into the model folders' cards")
    parser.add_argument("--kept", action="store_true", help="with --write: of the last run")
    args = parser.parse_args()
    if args.write and args.split != "test":
        parser.error("only figures on test go into a card")
    use_threads(1)
    recipe = read_recipe(Path(args.recipe), DANetRecipe)
    keep = Path(args.runs) / f"{recipe.name}-{recipe.version}"
    if args.kept:
        return _write_kept(recipe, keep / "test.json") if args.write else 0
    body = load_model(args.body) if args.body in available_models() else None
    if args.split == TEST:
        log_test_access(
            "benchmarks.waveform",
            model=", ".join(
                folder_name(recipe, disease, variant)
                for disease, variants in recipe.release.items()
                for variant in variants
            ),
            measured="every variant by record, every map by beat",
        )
    chosen, shown = _sets(recipe, "val"), _sets(recipe, args.split)
    found = {}
    for disease in args.diseases.split(",") if args.diseases else recipe.diseases:
        figures = _disease(Networks(recipe, disease, keep, body), chosen, shown)
        found[disease] = figures
        sys.stdout.write(as_text(disease, figures))
        sys.stdout.flush()
        if args.write:
            _write(recipe, disease, figures)
    (keep / f"{args.split}.json").write_text(json.dumps(found), encoding="utf-8")
    out = Path(args.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(document(args.split, found), encoding="utf-8")
    return 0


def _sets(recipe: DANetRecipe, split: str) -> dict[str, list[Item]]:
    twelve = packed_pool(recipe.data.twelve_lead, (split,), CONTRACT)
    single = single_lead_pool(recipe.data.single_lead, (split,), CONTRACT)
    beats = mitdb_pool((split,), CONTRACT)
    return {
        "twelve": items_of(twelve, packed_classes(twelve.data), np.arange(len(twelve))),
        "single": items_of(single, packed_classes(single.data), np.arange(len(single))),
        "beats": window_items(beats, packed_classes(beats.data)),
    }


def _disease(
    networks: Networks, chosen: dict[str, list[Item]], shown: dict[str, list[Item]]
) -> dict[str, Any]:
    disease = networks.disease
    records: dict[str, Any] = {}
    for name, items in shown.items():
        known = _known(items, disease)
        target = _targets(known, disease)
        if not (target == 1).any() or not (target == 0).any():
            continue
        tuned = _known(chosen[name], disease)
        limits = chosen_thresholds(_targets(tuned, disease), networks.scores(tuned))
        scores = networks.scores(known)
        records[name] = _figures(networks, known, scores, limits)
        rest = np.array([item.group != APART for item in known])
        if name == "beats" and not rest.all():
            without = [item for item in known if item.group != APART]
            kept = {k: v[:, rest] for k, v in scores.items()}
            records["beats_without_232"] = _figures(networks, without, kept, limits)
    beats: dict[str, Any] = {}
    if disease in BEAT_OF:
        positive = [i for i in shown["beats"] if _targets([i], disease)[0] == 1]
        maps, groups = _by_beat(networks, positive), np.array([i.group for i in positive])
        beats["beats"] = beat_figures(maps, groups, against="gradcam")
        rest = groups != APART
        if not rest.all():
            kept = {
                name: Found(f.hit[rest], f.mass[rest], f.chance[rest]) for name, f in maps.items()
            }
            beats["beats_without_232"] = beat_figures(kept, groups[rest], against="gradcam")
    return {"records": records, "beats": beats}


def _figures(
    networks: Networks, items: list[Item], scores: Scores, limits: Scores
) -> dict[str, Any]:
    groups = np.array([item.group for item in items])
    target = _targets(items, networks.disease)
    made = record_figures(target, scores, groups, thresholds=limits, against=PLAIN)
    return made | {"body": networks.body.name if networks.body else ""}


def _known(items: list[Item], disease: str) -> list[Item]:
    column = CORE_CODES.index(disease)
    return [item for item in items if not np.isnan(item.targets[column]) and item.leads]


def _targets(items: list[Item], disease: str) -> NDArray[np.float64]:
    column = CORE_CODES.index(disease)
    return np.array([item.targets[column] for item in items], dtype=np.float64)


def _by_beat(networks: Networks, items: list[Item]) -> dict[str, Found]:
    """Return how each map falls on the beats, the mean over the seeds' networks."""
    rule, spans = networks.rule, spans_of(networks.disease, items)
    by_rule = np.stack([rule.curve(item.parts) for item in items]).astype(np.float64)
    found: dict[str, list[Found]] = {}

    def add(name: str, maps: NDArray[np.float64]) -> None:
        found.setdefault(name, []).append(found_on_beats(maps, spans))

    for seed in networks.seeds(PLAIN):
        plain = networks.network(PLAIN, seed)
        add("gradcam", class_maps(plain, PLAIN, rule, items, averaged=True))
        add("hirescam", class_maps(plain, PLAIN, rule, items, averaged=False))
    add("rule", by_rule)
    for variant in LEARNED:
        for seed in networks.seeds(variant):
            network = networks.network(variant, seed)
            curve = curves_of(network, items)
            add(f"curve_{variant}", curve)
            if variant != "focus":
                add(f"rise_{variant}", np.maximum(curve - by_rule, 0))
            if variant in networks.recipe.release[networks.disease]:
                add(
                    f"own_gradcam_{variant}",
                    class_maps(network, variant, rule, items, averaged=True),
                )
    return {name: _mean_found(each) for name, each in found.items()}


def _mean_found(each: list[Found]) -> Found:
    hit = np.mean([f.hit for f in each], axis=0)
    return Found(hit, np.mean([f.mass for f in each], axis=0), each[0].chance)


def document(split: str, found: dict[str, Any]) -> str:
    """Return the figures of every disease as one Markdown text."""
    head = f"# Waveform attention on {split}, 95 % intervals over patients\n"
    parts = (as_text(disease, figures) for disease, figures in found.items())
    return "\n".join([head, *parts]).rstrip() + "\n"


def as_text(disease: str, figures: dict[str, Any]) -> str:
    """Return the figures of a disease as Markdown."""
    lines = [f"## {disease}", ""]
    for name, each in figures["records"].items():
        lines += [
            f"{SET_WORDS[name]}: {each['n']} records, {each['patients']} patients, "
            f"{each['positives']} positive",
            "",
            record_table(each),
            "",
        ]
    for name, each in figures["beats"].items():
        lines += [
            f"By beat, {SET_WORDS[name]}: {each['n']} windows, {each['patients']} patients, "
            f"chance {each['chance']:.3f}",
            "",
            beat_table(each),
            "",
        ]
    return "\n".join(lines) + "\n"


def judged(released: str, figures: dict[str, Any]) -> tuple[bool, str]:
    """Return whether the released variant is an aid, and what the card says of that."""
    better, words = 0, []
    for name, each in figures["records"].items():
        row = each["variants"].get(released)
        if row is None or name == "beats_without_232":
            continue
        off = row["difference"]
        clear = off["low"] is not None and off["low"] > 0
        better += clear
        words.append(
            f"{SET_WORDS[name]} {off['value']:+.3f} ({off['low']:+.3f} to {off['high']:+.3f})"
            if off["low"] is not None
            else f"{SET_WORDS[name]} {off['value']:+.3f}"
        )
    aid = better >= 2
    gain = "The module is a gain" if aid else "No gain over the classifier alone was shown"
    tail = "" if aid else " The curve shows what this classifier was given: it is no aid."
    return aid, (
        f"{gain}. Area under the ROC curve less that without module: {'; '.join(words)}.{tail}"
        f"{_pointing(released, figures)}"
    )


def _pointing(released: str, figures: dict[str, Any]) -> str:
    """Return how often the curve's highest point lies on a beat of the disease, in words."""
    said = []
    for name, each in figures["beats"].items():
        row = each["maps"].get(f"curve_{released}")
        if row is not None:
            plain = each["maps"]["gradcam"]["hit"]["value"]
            said.append(
                f"{SET_WORDS[name]} {row['hit']['value']:.2f} (Grad-CAM {plain:.2f}, chance "
                f"{each['chance']:.2f}; difference {words(row['hit_difference'])})"
            )
    return f" The curve's highest point lies on such a beat: {'; '.join(said)}." if said else ""


def _write_kept(recipe: DANetRecipe, path: Path) -> int:
    """Write the figures of an earlier run on test into the cards."""
    if not path.is_file():
        sys.exit(f"{path} is not there: measure first.")
    kept = json.loads(path.read_text(encoding="utf-8"))
    for disease, figures in kept.items():
        _write(recipe, disease, figures)
    return 0


def _write(recipe: DANetRecipe, disease: str, figures: dict[str, Any]) -> None:
    for variant in recipe.release[disease]:
        folder = weights_root() / folder_name(recipe, disease, variant)
        card = load_model(folder).card
        aid, words = judged(variant, figures)
        write_card(with_figures(card, figures, aid=aid, words=words), folder)


if __name__ == "__main__":
    sys.exit(main())
