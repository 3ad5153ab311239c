"""The README of a waveform network's folder, made from its card and from nothing else."""

from collections.abc import Mapping
from typing import Any

from ecgcore.evaluation.side_words import accesses_table
from ecgcore.inference.card import ModelCard
from ecgcore.inference.waveform_words import MAP_WORDS, SET_WORDS, VARIANT_WORDS
from ecgcore.signal.waveform_rules import PAPER, SEGMENTS, waveform_rules
from ecgcore.statements import statement


def waveform_readme(card: ModelCard) -> str:
    """Return the Markdown text."""
    facts = card.training["waveform"]
    about = statement(facts["disease"])
    parts = [
        f"# {card.full_name}",
        card.intended_use,
        "## What it is",
        f"A network that gives every moment of an ECG a gain from 0 to 1 before a classifier of "
        f"one statement, *{about.term}* ({about.meaning.rstrip('.')}), reads it; after Linpeng "
        "Jin, DANet, arXiv 2407.18033. Layers and values of that preprint are not public: this is "
        "a reconstruction." + _origin_words(facts["origin"]),
        f"The curve: {VARIANT_WORDS[facts['variant']]}.",
        "## The rule",
        _rule_table(facts["disease"]),
        "## Is it an aid?",
        facts["aid_words"],
        *_figures(card.metrics),
        "## What it does not do",
        "\n".join(f"- {limit}" for limit in card.limits),
        "## What it was made from",
        _data_table(card),
        card.split,
        f"Threshold: {card.threshold_rule}. Calibration: {card.calibration_rule}",
        f"{card.training['parameters']:,} parameters. Seed {facts['seed']}.",
        "## The file",
        f"`model.safetensors`, SHA-256 `{card.weights_sha256}`. The software refuses any other.",
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _origin_words(origin: str) -> str:
    if origin == PAPER:
        return " The disease is the preprint's."
    return " The disease is an extension: the preprint shows atrial premature contraction alone."


def _rule_table(disease: str) -> str:
    rule = waveform_rules()[disease]
    lines = ["| " + " | ".join(SEGMENTS) + " |", "| --- " * len(SEGMENTS) + "|"]
    lines.append("| " + " | ".join(f"{gain:g}" for gain in rule.gains) + " |")
    return "\n".join([*lines, "", rule.source])


def _data_table(card: ModelCard) -> str:
    lines = ["| Data set | Records learned from | Licence |", "| --- | --- | --- |"]
    lines += [f"| {s.title} | {s.records} | {s.licence} |" for s in card.data]
    return "\n".join(lines)


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    found = metrics.get("waveform")
    if not found:
        return []
    parts = ["## Figures on test", str(metrics["how"])]
    for name, figures in found.get("records", {}).items():
        parts += [
            f"**{SET_WORDS[name]}**: {figures['n']} records of {figures['patients']} patients, "
            f"{figures['positives']} with the statement.",
            record_table(figures),
        ]
    for name, figures in found.get("beats", {}).items():
        parts += [
            f"**By beat, {SET_WORDS[name]}**: {figures['n']} windows of {figures['patients']} "
            f"patients; such beats take {figures['chance']:.3f} of the time.",
            beat_table(figures),
        ]
    times = accesses_table(metrics)
    return [*parts, *(["Every time it was measured on test:", times] if times else [])]


def record_table(figures: Mapping[str, Any]) -> str:
    """Return the figures of the variants on one set as a Markdown table."""
    lines = [
        "| | AUC | less no module | F1 | F1 at best* | sensitivity at 90 % | at 95 % specificity |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in figures["variants"].items():
        words = VARIANT_WORDS[name].format(name=figures.get("body", ""))
        keys = ("auc", "difference", "f1", "sensitivity_at_90%", "sensitivity_at_95%")
        cells = [with_interval(row.get(key)) for key in keys]
        best = row.get("f1_at_best")
        cells.insert(3, "-" if best is None else f"{best:.3f}")
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    lines += ["", "*at the threshold that is best on these very records: what none could exceed."]
    return "\n".join(lines)


def beat_table(figures: Mapping[str, Any]) -> str:
    """Return pointing game and relevance mass of the maps as a Markdown table."""
    lines = [
        "| | pointing game | less Grad-CAM | relevance mass | less Grad-CAM |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in figures["maps"].items():
        cells = [
            with_interval(row.get(key))
            for key in ("hit", "hit_difference", "mass", "mass_difference")
        ]
        lines.append(f"| {MAP_WORDS[name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_interval(figure: Mapping[str, float | None] | None) -> str:
    """Return a figure with its interval in brackets; a dash where there is none."""
    if figure is None or figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
