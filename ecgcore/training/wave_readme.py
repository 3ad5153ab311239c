"""The delineator's README, made from its card."""

from typing import Any

from ecgcore.evaluation.side_words import accesses_table
from ecgcore.inference.card import ModelCard


def wave_readme(card: ModelCard) -> str:
    """Return the README of a delineator's folder."""
    lines = [
        f"# {card.full_name}",
        "",
        "Says of every sample of one lead whether it is P wave, QRS complex, T wave or none of "
        "them. Each lead is read by itself with the same weights; what they become together is "
        "stated in docs/measurements.md.",
        "",
        card.intended_use,
        "",
        "## Made from",
        "",
        *(f"- {s.title}: {s.records} records ({s.licence})" for s in card.data),
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
        "",
        "Made again by `python -m ecgcore train configs/delineator.toml`.",
    ]
    return "\n".join(lines) + "\n"


def _figures(metrics: Any) -> list[str]:
    table = metrics.get("points", {})
    if not table:
        return []
    lines = [
        "## Figures",
        "",
        str(metrics.get("how", "")),
        "",
        "| | sensitivity | predictivity | mean error (ms) | SD (ms) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, row in table.items():
        lines.append(
            f"| {name} | {row['sensitivity']:.3f} | {row['ppv']:.3f} | "
            f"{row['mean_ms']:+.1f} | {row['sd_ms']:.1f} |"
        )
    times = accesses_table(metrics)
    return [*lines, "", *(["Every time it was measured on test:", "", times] if times else [])]
