"""The rhythm statements, and those of them that cannot wait."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from ecgcore.interpret.av_block import COMPLETE, HIGH_GRADE, MOBITZ_2
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.pauses import ASYSTOLE, LEAST_S, URGENT_S, Pause, find_pauses
from ecgcore.interpret.stretch import WIDE_MS
from ecgcore.interpret.supraventricular import BLOCKED, FIBRILLATION, PREEXCITED
from ecgcore.interpret.ventricular import FIBRILLATION as VF
from ecgcore.interpret.ventricular import (
    FLUTTER,
    POLYMORPHIC,
    RUN,
    TACHYCARDIA_BPM,
    TORSADES,
    VT,
    WIDE_TACHYCARDIA,
)
from ecgcore.results.interpreted import Call, Episode, Evidence, Ruling, Span
from ecgcore.statements import statement

# The worst first.
ARREST = (ASYSTOLE, VF, FLUTTER, TORSADES, POLYMORPHIC)
TACHYCARDIA = (VT, WIDE_TACHYCARDIA, RUN)
BLOCK = (COMPLETE, HIGH_GRADE, MOBITZ_2)
URGENT = (*ARREST, *TACHYCARDIA, *BLOCK)
# Adults; ESC 2019 and AHA/ACC/HRS 2018 look into what lies beyond.
FAST_BPM, SLOW_BPM = 150.0, 40.0
# Children: resting rates beyond the 2nd and 98th percentile by age in years (Rijnbeek et al.,
# Eur Heart J 22:702, 2001), beyond which the rate is urgent by the same margin as in adults.
CHILDREN = ((1.0, 80.0, 220.0), (3.0, 65.0, 200.0), (8.0, 55.0, 180.0), (18.0, 45.0, 170.0))
PREEXCITATION = "WPW"


def state_rhythms(facts: Facts) -> Iterator[Ruling]:
    """State each rhythm once, with the stretches that it fills, and say which cannot wait."""
    by_code: dict[str, list[Episode]] = {}
    for episode in facts.rhythms:
        if episode.code:
            by_code.setdefault(episode.code, []).append(episode)
    whole = len(facts.rhythms) == 1
    for code, episodes in by_code.items():
        yield _state(facts, code, episodes, whole)
        if any(each.words.startswith(PREEXCITED) for each in episodes):
            yield _preexcited(episodes)
        if any(each.words.startswith(BLOCKED) for each in episodes):
            yield _blocked(episodes)


def _state(facts: Facts, code: str, episodes: list[Episode], whole: bool) -> Call:
    worst = _worst(facts, episodes)
    rule = _rule(facts, code, worst)
    return Call(
        code=code,
        words=worst.words,
        evidence=worst.evidence,
        spans=() if whole else tuple((e.start_s, e.stop_s) for e in episodes),
        rule=rule,
        urgent=bool(rule),
        decided_by=statement(code).decided_by if not rule else "measurement",
    )


def _worst(facts: Facts, episodes: list[Episode]) -> Episode:
    """Return the episode to show: the one farthest beyond a limit, else the longest."""
    low, high = rate_limits(facts)

    def place(episode: Episode) -> tuple[float, float]:
        rate = episode.rate_bpm
        beyond = 0.0 if rate is None else max(rate - high, low - rate, 0.0)
        return beyond, episode.stop_s - episode.start_s

    return max(episodes, key=place)


def rate_limits(facts: Facts) -> tuple[float, float]:
    """Return the ventricular rates beyond which a rhythm cannot wait, by age."""
    age = facts.patient.age_years
    if age is not None:
        for years, low, high in CHILDREN:
            if age < years:
                return low, high
    return SLOW_BPM, FAST_BPM


def _rule(facts: Facts, code: str, episode: Episode) -> str:
    """Return why a rhythm cannot wait, or an empty string."""
    if code == ASYSTOLE:
        return _arrest_rule(episode)
    if code in ARREST:
        return f"No organised QRS complexes for {episode.stop_s - episode.start_s:.0f} s."
    if code in TACHYCARDIA:
        return _tachycardia_rule(episode)
    if code in BLOCK:
        return _block_rule(episode)
    if episode.words.startswith(PREEXCITED):
        return _preexcited_rule(episode)
    return _rate_rule(facts, episode)


def _arrest_rule(episode: Episode) -> str:
    length = f"{episode.stop_s - episode.start_s:.0f} s"
    if "leads off" in episode.words:
        return f"No lead moves for {length}: asystole, or no electrode connected."
    return f"No QRS complex for {length} (limit 6 s)."


def _value(episode: Episode, name: str) -> float | str | None:
    return next((e.value for e in episode.evidence if e.name == name), None)


def _tachycardia_rule(episode: Episode) -> str:
    width = _value(episode, "QRS")
    count = _value(episode, "Ventricular beats in a row")
    beats = f"{count:.0f} beats in a row, " if isinstance(count, float) else ""
    wide = f"QRS {width:.0f} ms" if isinstance(width, float) and np.isfinite(width) else "wide QRS"
    return (
        f"{beats}{wide} (limit {WIDE_MS:.0f}) at {episode.rate_bpm or 0:.0f}/min "
        f"(limit {TACHYCARDIA_BPM:.0f}), no conducted P waves."
    )


def _block_rule(episode: Episode) -> str:
    atrial, ventricular = _value(episode, "P rate"), _value(episode, "Ventricular rate")
    if isinstance(atrial, float) and isinstance(ventricular, float):
        return f"P waves at {atrial:.0f}/min, QRS complexes at {ventricular:.0f}/min."
    return f"QRS complexes at {episode.rate_bpm or 0:.0f}/min, P waves not conducted."


def _preexcited_rule(episode: Episode) -> str:
    return (
        f"Irregular wide QRS complexes of several forms at {episode.rate_bpm or 0:.0f}/min, "
        "no P waves."
    )


def _rate_rule(facts: Facts, episode: Episode) -> str:
    low, high = rate_limits(facts)
    rate = episode.rate_bpm
    if rate is None or low <= rate <= high:
        return ""
    age = "" if facts.patient.age_years is not None else ", limit of an adult: age unknown"
    if rate > high:
        return f"Ventricular rate {rate:.0f}/min (limit {high:.0f}{age})."
    return f"Ventricular rate {rate:.0f}/min (limit {low:.0f}{age})."


def _blocked(episodes: list[Episode]) -> Call:
    worst = next(each for each in episodes if each.words.startswith(BLOCKED))
    return Call(
        code=COMPLETE,
        evidence=worst.evidence,
        rule=f"Fibrillating atria, regular QRS complexes at {worst.rate_bpm or 0:.0f}/min.",
        urgent=True,
        spans=((worst.start_s, worst.stop_s),),
    )


def _preexcited(episodes: list[Episode]) -> Call:
    worst = next(each for each in episodes if each.words.startswith(PREEXCITED))
    return Call(
        code=PREEXCITATION,
        evidence=worst.evidence,
        rule=_preexcited_rule(worst),
        urgent=True,
        spans=((worst.start_s, worst.stop_s),),
    )


def state_wide_fibrillation(facts: Facts) -> Iterator[Ruling]:
    """State a wide-QRS tachycardia where fibrillation is conducted fast with wide QRS."""
    for episode in facts.rhythms:
        rate = episode.rate_bpm or 0.0
        plain = episode.code == FIBRILLATION and not episode.words.startswith(PREEXCITED)
        width = facts.value("qrs")
        if plain and rate >= TACHYCARDIA_BPM and width is not None and width >= WIDE_MS:
            evidence = (
                Evidence(name="QRS", value=width, unit="ms", limit=f">= {WIDE_MS:.0f}"),
                Evidence(name="Rate", value=rate, unit="/min", limit=f">= {TACHYCARDIA_BPM:.0f}"),
            )
            yield Call(
                code=WIDE_TACHYCARDIA,
                words="Wide-QRS tachycardia, irregular: atrial fibrillation with bundle branch "
                "block likely",
                evidence=evidence,
                rule=_tachycardia_rule(replace(episode, evidence=evidence)),
                urgent=True,
                spans=((episode.start_s, episode.stop_s),),
            )
            return


def state_pauses(facts: Facts) -> Iterator[Ruling]:
    """State pauses of two seconds and longer; above three seconds they cannot wait."""
    by_code: dict[str, list[Pause]] = {}
    for pause in find_pauses(facts.study, facts.rhythms):
        by_code.setdefault(pause.code, []).append(pause)
    for code, pauses in by_code.items():
        longest = max(pauses, key=lambda each: each.length_s)
        urgent = longest.length_s > URGENT_S
        least_s = URGENT_S if urgent else 0.0
        shown = [each for each in pauses if each.length_s > least_s]
        evidence = (
            Evidence(
                name="Longest RR",
                value=longest.length_s,
                unit="s",
                limit=f"> {URGENT_S if urgent else LEAST_S:.0f}",
            ),
            Evidence(name="Pauses", value=float(len(shown))),
        )
        spans: tuple[Span, ...] = tuple((each.start_s, each.stop_s) for each in shown)
        yield Call(
            code=code,
            words=longest.words,
            evidence=evidence,
            spans=spans,
            rule=f"No QRS complex for {longest.length_s:.1f} s (limit 3 s)." if urgent else "",
            urgent=urgent,
        )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    state_rhythms,
    state_wide_fibrillation,
    state_pauses,
)
