"""The README of a model folder, for a clinician, made from the card and from nothing else."""

from collections.abc import Mapping
from typing import Any

from ecgcore.evaluation import metrics_table, subgroup_table
from ecgcore.evaluation.side_words import side_text
from ecgcore.inference.card import InputContract, ModelCard
from ecgcore.statements import statement

FEW_LEADS_WORDS = {
    "auc": "area under the curve",
    "ece": "calibration error",
    "sensitivity": "sensitivity at the threshold made on twelve leads",
    "specificity": "specificity at that threshold",
}

ONE_LEAD_WORDS = {"auc": "area under the curve", "ece": "calibration error"}


def readme(card: ModelCard) -> str:
    """Return the Markdown text."""
    parts = [
        f"# {card.full_name}",
        card.intended_use,
        "## What it says",
        "A probability for each of these statements; a statement is flagged from its threshold "
        "on. What is not flagged is not flagged, never absent.",
        _label_table(card),
        f"Thresholds: {card.threshold_rule}.",
        f"Calibration: {card.calibration_rule} It holds for the population it was made on.",
        "## What it sees",
        _input_words(card.input),
        "## What it does not do",
        "\n".join(f"- {limit}" for limit in card.limits),
        *_silence(card),
        "## What it was made from",
        _data_table(card),
        card.split,
        _training_words(card.training),
        _learned_table(card),
        *_figures(card),
        "## The file",
        f"`model.safetensors`, SHA-256 `{card.weights_sha256}`. The software refuses any other.",
        _distance_file(card),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _label_table(card: ModelCard) -> str:
    lines = [
        "| Code | Statement | Meaning | Threshold | Positives | Calibrated | Leads needed |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rule in card.labels:
        about = statement(rule.code)
        known = "yes" if rule.calibrated else "no: words, not a number"
        lines.append(
            f"| {rule.code} | {about.term} | {about.meaning} | {rule.threshold:.3f} | "
            f"{rule.positives} | {known} | {rule.min_leads:g} |"
        )
    return "\n".join(lines)


def _input_words(given: InputContract) -> str:
    voltage = (
        "It sees the voltage."
        if given.sees_voltage
        else "Each lead is divided by its own standard deviation: the network sees no voltage."
    )
    return (
        f"Any of the leads {', '.join(given.leads)}, resampled to {given.fs_hz:g} Hz and filtered "
        f"to {given.high_pass_hz:g}-{given.low_pass_hz:g} Hz (the trace on the paper is not "
        f"touched). {voltage} From {given.min_s:g} s on; up to {given.whole_s:g} s as a whole, "
        f"longer recordings in windows of {given.window_s:g} s. Thresholds and calibration hold "
        f"from {given.min_leads_calibrated:g} complete leads on."
    )


def _data_table(card: ModelCard) -> str:
    lines = ["| Data set | Records learned from | Licence |", "| --- | --- | --- |"]
    lines += [f"| {s.title} | {s.records} | {s.licence} |" for s in card.data]
    return "\n".join(lines)


def _training_words(training: Mapping[str, Any]) -> str:
    if "parameters" not in training:
        return ""
    return (
        f"{training['parameters']:,} parameters. Training took "
        f"{training['final_seconds'] / 60:.0f} minutes, the out-of-fold networks "
        f"{training['out_of_fold_seconds'] / 60:.0f}. Seed {training['seed']}."
    )


def _silence(card: ModelCard) -> list[str]:
    """Return when the model says nothing, of a network that judges strangeness."""
    if not card.distance_sha256:
        return []
    return [
        "## When it says nothing",
        "About a recording of no readable lead, of a person under 18, whose limb leads do not fit "
        "one another, that is unlike those it learned from, and about a strip of one lead that it "
        "takes for unreadable itself. About a statement where leads that it is read in are "
        "missing, on paced beats (told by the file, by spikes, or by its own finding), where the "
        "voltage is lost (hypertrophy), or where the age is unknown (hypertrophy).",
        f"Unlike is judged by {card.abstention['rule']}" if "rule" in card.abstention else "",
    ]


def _learned_table(card: ModelCard) -> str:
    """Return the records that each statement was learned from, by data set."""
    found = card.training.get("learned_from")
    if not found:
        return ""
    names = sorted({name for each in found.values() for name in each})
    lines = [
        "What each statement was learned from: records that have it, of those that can tell.",
        "",
        f"| Code | {' | '.join(names)} |",
        "| --- " * (len(names) + 1) + "|",
    ]
    for code, each in found.items():
        cells = [f"{each[n][0]}/{each[n][1]}" if n in each else "" for n in names]
        lines.append(f"| {code} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _distance_file(card: ModelCard) -> str:
    if not card.distance_sha256:
        return ""
    return (
        f"`distance.safetensors` (where its training records lie: means and directions, no "
        f"record), SHA-256 `{card.distance_sha256}`."
    )


def _figures(card: ModelCard) -> list[str]:
    """Return the sections made of what ``evaluate`` wrote into the card."""
    if not card.metrics:
        return ["## How good it is", "Not measured yet: `python -m ecgcore evaluate NAME --write`."]
    how = card.metrics["how"]
    parts = [
        "## How good it is",
        f"On the test split: {card.metrics['n']} records of {card.metrics['n_patients']} patients "
        f"that had no part in training, thresholds or calibration. In brackets: {how['interval']}.",
        metrics_table(card.metrics),
        subgroup_table(card.metrics),
        side_text(card.metrics),
    ]
    assessed = card.metrics.get("when_assessed")
    if assessed:
        parts += [
            "Where the software does make a statement (after abstention):",
            metrics_table(assessed),
        ]
    if card.out_of_fold:
        parts += [
            "Out-of-fold, for comparison (thresholds and calibration were made on these records: "
            "flattering):",
            metrics_table(card.out_of_fold),
            _held_out(card),
        ]
    parts += _further(card)
    return parts


def _held_out(card: ModelCard) -> str:
    mean = card.out_of_fold.get("held_out_ece", {}).get("mean")
    if mean is None:
        return ""
    made = card.out_of_fold["conformal"]
    useful = [code for code, each in made["classes"].items() if each["useful"]]
    return (
        f"With a calibration that never saw the record, the mean calibration error of the "
        f"calibrated statements is {mean:.3f}. Conformal sets at {made['level']:.0%} help "
        f"({made['useful_when']}) for {', '.join(useful) or 'none'}."
    )


def _further(card: ModelCard) -> list[str]:
    parts = []
    few = card.out_of_fold.get("few_leads")
    if few:
        for figure, words in FEW_LEADS_WORDS.items():
            parts += [f"Fewer leads, out-of-fold: {words}.", _few_leads_table(few[figure])]
    by_lead = card.out_of_fold.get("by_lead")
    if by_lead:
        for figure, words in ONE_LEAD_WORDS.items():
            parts += [
                f"Each lead alone, on records not learned from: {words}.",
                _few_leads_table(by_lead[figure]),
            ]
    checks = card.metrics.get("explanations")
    if checks:
        parts.append(
            f"Grad-CAM maps on validation records: {checks['deletion_passed']:.0%} passed the "
            f"deletion check ({checks['n']} maps). Mean absolute rank correlation between maps of "
            f"this network and of one with random weights: "
            f"{checks['randomised_rank_correlation']:.2f} (0: the map depends on what was "
            "learned)."
        )
    return parts


def _few_leads_table(few: Mapping[str, Mapping[str, float | None]]) -> str:
    codes = list(next(iter(few.values())))
    lines = ["| Leads | " + " | ".join(codes) + " |", "| --- " * (len(codes) + 1) + "|"]
    for name, row in few.items():
        cells = ["-" if row[c] is None else f"{row[c]:.3f}" for c in codes]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
