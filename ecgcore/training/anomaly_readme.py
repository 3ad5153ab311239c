"""The README of an anomaly model's folder, made from its card."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecgcore.evaluation.side_words import accesses_table
from ecgcore.inference.card import DataSource, ModelCard
from ecgcore.training.anomaly_material import Pools
from ecgcore.training.anomaly_recipe import AnomalyRecipe
from ecgcore.training.normals import normal_single, normal_twelve, normal_windows

_TITLES = {
    "ptbxl": ("PTB-XL", "CC BY 4.0"),
    "ptbxl_extra": ("PTB-XL, further records", "CC BY 4.0"),
    "challenge2021": ("PhysioNet/CinC Challenge 2021", "CC BY 4.0"),
    "ludb": ("LUDB", "ODC-By"),
    "brugada": ("Brugada-HUCA, healthy", "CC BY-SA 4.0"),
    "cpsc2018_lead1": ("CPSC 2018, lead I", "CC BY 4.0"),
    "cinc2017": ("CinC Challenge 2017", "ODC-By"),
    "mitdb": ("MIT-BIH Arrhythmia, windows of 20 s", "ODC-By"),
}


def data_sources(pools: Pools, recipe: AnomalyRecipe) -> tuple[DataSource, ...]:
    """Return the normals that were learned from, set by set."""
    found: dict[str, int] = {}
    for pool, rows in (
        (pools.twelve, normal_twelve(pools.twelve.data, "train")),
        (pools.single, normal_single(pools.single, "train")),
        (pools.beats, normal_windows(pools.beats, "train")),
    ):
        names, counts = np.unique(pool.data.datasets[rows], return_counts=True)
        found |= {str(n): int(c) for n, c in zip(names, counts, strict=True)}
    out = [DataSource(n, f"{_TITLES[n][0]}: normals", _TITLES[n][1], c) for n, c in found.items()]
    if recipe.data.simulated:
        title = "This project's simulator: normals"
        out.append(DataSource("simulation", title, "MIT", recipe.data.simulated))
    out.append(DataSource("nstdb", "MIT-BIH Noise Stress Test (added noise)", "ODC-By", 3))
    return tuple(out)


def anomaly_readme(card: ModelCard) -> str:
    """Return the README."""
    lines = [
        f"# {card.full_name}",
        "",
        "Says how unusual a recording is among normal ECGs, and where. It learned from normal ECGs "
        "alone: it hides parts of a recording, restores them from the rest, and compares; it "
        "also learned to find changes that were made in normal ECGs on purpose. What is unusual "
        "need not be ill, and what is not unusual need not be well.",
        "",
        _scores(card),
        "",
        card.intended_use,
        "",
        "## Made from",
        "",
        *(f"- {s.title}: {s.records} ({s.licence})" for s in card.data),
        "",
        card.split,
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
        *_figures(card.metrics),
        "## Facts",
        "",
        f"- {card.training.get('parameters', 0):,} parameters; input at {card.input.fs_hz:g} Hz, "
        f"{card.input.high_pass_hz:g} to {card.input.low_pass_hz:g} Hz",
        f"- made {card.created}; SHA-256 of the weights {card.weights_sha256}",
        "- how it works, and what was compared: docs/anomaly.md",
        "",
        "Made again by `python -m ecgcore train configs/restoration.toml`; measured by "
        "`python -m benchmarks.anomaly`.",
    ]
    return "\n".join(lines) + "\n"


def _scores(card: ModelCard) -> str:
    """Return what both scores owe to labels."""
    names = ", ".join(card.training.get("references", {})) or "a network of statements"
    return (
        "Two scores of a recording. *Trained on normal ECGs only*, the default: no label of a "
        "disease was learned from; how much each part counts was chosen with labelled ECGs of "
        "train and val. *With the classifier's features*: also how far the features of "
        f"{names}, which was taught diagnoses, lie from those of normal ECGs. The map, its places "
        "and the leads' bars go with the first."
    )


def _figures(metrics: Mapping[str, Any]) -> list[str]:
    rows = metrics.get("rows", [])
    if not rows:
        return []
    lines = ["## Figures on test", "", str(metrics.get("how", "")), "", "| | |", "| --- | --- |"]
    lines += [f"| {row['name']} | {figure_words(row)} |" for row in rows]
    times = accesses_table(metrics)
    return [*lines, "", *(["Every time it was measured on test:", "", times] if times else [])]


def figure_words(figure: Mapping[str, Any]) -> str:
    """Return a figure with its interval."""
    if figure.get("value") is None:
        return "-"
    words = f"{figure['value']:.3f}"
    if figure.get("low") is not None:
        words += f" ({figure['low']:.3f} to {figure['high']:.3f})"
    return words
