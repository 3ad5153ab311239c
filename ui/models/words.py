"""A model card in a reader's words: figures with intervals, counts as sentences, tables."""

from collections.abc import Mapping
from typing import Any

from ecgcore.inference import LabelRule, ModelCard
from ecgcore.inference.card import MAX_FALSE_ALARMS
from ecgcore.statements import SUPERCLASS_TERMS, statement, statements

FEW = 20
MISSES_MANY = 2 / 3
_SEX = {"female": "Women", "male": "Men", "unknown": "Sex not known"}
_AGE = {"<40": "Under 40", "40-64": "40 to 64", "65+": "65 and over", "unknown": "Age not known"}
_AGE_ORDER = list(_AGE)


def name_of(code: str) -> str:
    """Return a statement's name, or the code itself where it is not one (a wave class)."""
    try:
        return statement(code).term
    except KeyError:
        return SUPERCLASS_TERMS.get(code, code)


def shorten(code: str) -> str:
    """Return a statement's code, or its name's first word where the code is a number."""
    return name_of(code).split()[0] if code.isdigit() else code


def find_weaknesses(card: ModelCard) -> list[str]:
    """Return where a model of statements is weak, from its own figures."""
    lines, said = [], set(card.codes)
    if card.input.max_leads == 1:
        table = statements()
        said = {code for code in said & table.keys() if not table[code].needs_several_leads}
        never = [name_of(code) for code in card.codes if code not in said]
        if never:
            lines.append(f"Never stated on one lead: {', '.join(never)}.")
    unsure = [name_of(r.code) for r in card.labels if r.code in said and not r.calibrated]
    if card.task == "statements" and unsure:
        lines.append(
            f"Too few records to calibrate, so shown in words and not as a number: "
            f"{', '.join(unsure)}."
        )
    alarms = card.metrics.get("false_alarms", {}).get("classes", {})
    often = [
        f"{name_of(code)} ({100 * each['value']:.0f} %)"
        for code, each in alarms.items()
        if code in said and each["value"] > MAX_FALSE_ALARMS / 2
    ]
    if often:
        lines.append(f"Flagged in more than 1 in 20 normal ECGs on test: {', '.join(often)}.")
    classes = card.metrics.get("classes", {}) if card.task == "statements" else {}
    found = {c: each["sensitivity"]["value"] for c, each in classes.items() if c in said}
    missed = [
        f"{name_of(code)} ({100 * value:.0f} %)"
        for code, value in found.items()
        if value is not None and value < MISSES_MANY
    ]
    if missed:
        lines.append(f"Sensitivity below two thirds on test: {', '.join(missed)}.")
    return lines


def describe_threshold_on_test(confusion: Mapping[str, int]) -> str:
    """Return what the threshold did on test, in counts."""
    tp, fp, fn, tn = (confusion[key] for key in ("tp", "fp", "fn", "tn"))
    parts = []
    if tp + fn:
        parts.append(f"Flagged {tp} of {tp + fn} records with it ({_format_share(tp, tp + fn)})")
    if fp + tn:
        parts.append(f"{fp} of {fp + tn} without ({_format_share(fp, fp + tn)})")
    found = " and ".join(parts) + "." if parts else "No test record is labelled for it."
    if tp + fp:
        found += f" Of {tp + fp} flagged, {tp} had it ({_format_share(tp, tp + fp)})."
    return found


def _format_share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def describe_rule(card: ModelCard, rule: LabelRule) -> str:
    """Return where a statement's threshold and calibration come from."""
    known = (
        f"Calibrated on {rule.positives} positive out-of-fold records."
        if rule.calibrated
        else f"Not calibrated (only {rule.positives} positive out-of-fold records): shown in "
        "words, not as a number."
    )
    return (
        f"Flagged from {rule.threshold:.2f}: {rule.origin or card.threshold_rule}. {known} "
        f"Requires at least {rule.min_leads:g} leads."
    )


def list_exclusions(card: ModelCard) -> list[str]:
    """Return what a model must not be used for, before its own list of limits."""
    given = card.input
    lines = [
        "Not for clinical decisions without a reader. Not flagged does not mean absent.",
    ]
    if card.task == "statements":
        lines.append(
            f"Not for recordings shorter than {given.min_s:g} s, fewer leads than a statement "
            "requires, or leads other than the twelve standard ones."
        )
    return lines


def describe_input(card: ModelCard) -> str:
    """Return what the network is given."""
    given = card.input
    voltage = (
        "It sees the voltage where the file gives it."
        if given.sees_voltage
        else "Each lead is divided by its own standard deviation: morphology is read, not voltage."
    )
    return (
        f"{given.high_pass_hz:g} to {given.low_pass_hz:g} Hz at {given.fs_hz:g} samples per "
        f"second, independent of the display filter. {voltage} Age, sex, "
        "history and earlier ECGs are not used."
    )


def name_subgroup(kind: str, value: str, titles: Mapping[str, str]) -> str:
    """Return a subgroup's name for a reader."""
    if kind == "sex":
        return _SEX.get(value, value)
    if kind == "age":
        return _AGE.get(value, value)
    return titles.get(value, value)[:1].upper() + titles.get(value, value)[1:]


def sort_values(kind: str, values: Mapping[str, Any]) -> list[str]:
    """Return a subgroup's values in a reader's order: ages ascending, else as they come."""
    if kind != "age":
        return list(values)
    return sorted(values, key=lambda v: _AGE_ORDER.index(v) if v in _AGE_ORDER else len(_AGE))
