"""Scores, places and rarities of unusual ECGs, in words and as tables."""

from collections.abc import Mapping

from ecgcore.inference.anomaly_shading import ShadingScale
from ecgcore.results import AnomalyMap
from ui.tables import make_cell, make_table

OWN, WITH = "Trained on normal ECGs only", "With the classifier's features"
# What the parts of both scores are, in a reader's words.
_PARTS = {
    "looks": "How the trace looks, lead by lead",
    "hidden": "Restoration error of hidden segments",
    "beat": "Beats compared with the patient's usual beat",
    "record": "The recording as a whole",
    "top": "The map's most unusual samples",
    "map:looks": "How the trace looks",
    "distance:own": "Features' distance from normal ECGs, this network",
}


def make_scores_table(found: AnomalyMap) -> str:
    """Return both scores as an HTML table, the one learned from normal ECGs alone first."""
    rows = [(OWN, found.score, found.abnormal)]
    if found.with_classifier is not None:
        rows.append((WITH, found.with_classifier.score, found.with_classifier.abnormal))
    cells = [
        [
            make_cell(name),
            make_cell(describe_score(score, abnormal=abnormal)),
        ]
        for name, score, abnormal in rows
    ]
    return make_table(("Score", "Among normal ECGs"), cells)


def describe_score(score: float, *, abnormal: bool | None) -> str:
    """Return a score in words: "Within normal range (79th percentile)"."""
    said = {True: "Unusual", False: "Within normal range", None: "Not assessed"}[abnormal]
    rank = (
        f"{format_ordinal(100 * score)} percentile"
        if score < 0.999
        else "above the 99.9th percentile"
    )
    return f"{said} ({rank})"


def format_ordinal(percent: float) -> str:
    """Return a percentile as "79th"; above 99 with one decimal."""
    if percent >= 99:
        return f"{min(percent, 99.9):.1f}th"
    number = round(percent)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number < 14 else ending}"


def make_parts_table(parts: Mapping[str, float]) -> str:
    """Return what a score was made of, as an HTML table."""
    rows = [
        [make_cell(describe_part(name)), make_cell(format_percent(value), "value")]
        for name, value in parts.items()
    ]
    return make_table(("Part", "Above"), rows)


def describe_part(name: str) -> str:
    """Return what a part of a score is, in a reader's words."""
    if name.startswith("distance:") and name not in _PARTS:
        return f"Features' distance from normal ECGs, {name.removeprefix('distance:')}"
    return _PARTS.get(name, name)


def format_percent(score: float) -> str:
    """Return a share of normal recordings."""
    return f"{100 * score:.1f} %" if score < 0.999 else "over 99.9 %"


def describe_places(found: AnomalyMap, *, n_places: int, scale: ShadingScale) -> str:
    """Return what the list of places means beside the score of the whole recording."""
    if not n_places and found.abnormal:
        return "The ECG is unusual as a whole; no single place stands out at this sensitivity."
    if not n_places:
        return "Nothing is marked at this sensitivity, which does not mean that the ECG is normal."
    words = ["Most unusual first. Keys N and P step through."]
    if found.abnormal is False:
        words.append("The ECG as a whole is within the normal range.")
    if scale.is_raised:
        half = format_power(scale.weakest)
        words.append(f"Half of the ECG is rarer than {half}: only rarer parts are shaded.")
    return " ".join(words)


def format_power(power: float) -> str:
    """Return a rarity given as a power of ten as "1 in 500"."""
    return "1 in 10" if power <= 1 else f"1 in {_round_to_two_digits(10**power):,}"


def format_rarity(score: float) -> str:
    """Return a quantile as "1 in 500"."""
    one_in = 1 / max(1 - score, 1e-9)
    if one_in >= 10_000:
        return "rarest"
    return f"1 in {_round_to_two_digits(one_in):,}"


def _round_to_two_digits(number: float) -> int:
    digits = 10 ** max(len(str(int(number))) - 2, 0)
    return int(round(number / digits) * digits)
