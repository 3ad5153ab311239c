"""An interpretation as it is printed, in standard terms and order (AHA/ACC/HRS 2007, Part II)."""

from collections.abc import Sequence
from dataclasses import replace

from ecgcore.interpret.facts import Facts
from ecgcore.results.interpreted import Call, Episode, Evidence
from ecgcore.statements import group_of, statement
from ecgcore.statements.statement import NETWORK
from ecgcore.units import format_clock

NORMAL_TEXT = "Normal ECG."
NO_VOLTAGE = "Amplitude not calibrated: axis, ST level and QRS voltage were not assessed."
ABNORMAL_TEXT = "Abnormal ECG."
# Decimals of a value by its unit, and units that stand at their number.
_DIGITS = {"/min": 0, "°": 0, "ms": 0, "mV": 2, "s": 1, "%": 0}
ATTACHED = ("/min", "°")
# So many reasons are named in the text.
MOST_REASONS = 3
NO_RHYTHM = "Rhythm not determined"


def long_text(
    calls: Sequence[Call], facts: Facts, normal: bool | None, reasons: Sequence[str] = ()
) -> str:
    """Return the report: rhythm with its rate, one sentence a statement, and whether it is normal.

    Where no statement is abnormal but the ECG is not normal, what is outside its limits is named.
    """
    rhythms = agreed_rhythms(calls, facts)
    sentences = [*rhythm_sentences(rhythms), *_others(calls, rhythms)]
    if normal:
        sentences.append(NORMAL_TEXT)
    elif normal is False:
        abnormal = any(not statement(call.code).normal for call in calls)
        outside = f"Outside normal limits: {'; '.join(reasons[:MOST_REASONS])}."
        sentences.append(ABNORMAL_TEXT if abnormal or not reasons else outside)
    if not facts.in_mv:
        sentences.append(NO_VOLTAGE)
    return " ".join(sentences)


def short_text(calls: Sequence[Call], facts: Facts) -> str:
    """Return the report in one line: what is urgent, the rhythm, and the terms."""
    rhythms = agreed_rhythms(calls, facts)
    said = {episode.code for episode in rhythms}
    urgent = [call.printed for call in calls if call.urgent and call.code not in said]
    rhythm = [rhythm_words(episode) for episode in rhythms[:1]]
    others = [statement(c.code).short for c in calls if not c.urgent and c.code not in said]
    return "; ".join(dict.fromkeys([*urgent, *rhythm, *others]))


def agreed_rhythms(calls: Sequence[Call], facts: Facts) -> tuple[Episode, ...]:
    """Return the rhythms, one that a network overruled under the network's name."""
    stated = {call.code for call in calls}
    instead = next((c.code for c in calls if _is_rhythm(c) and c.decided_by == NETWORK), None)
    if instead is None:
        return facts.rhythms
    return tuple(
        episode
        if episode.code in stated
        else replace(episode, code=instead, words="", evidence=(), beats=())
        for episode in facts.rhythms
    )


def rhythm_sentences(rhythms: Sequence[Episode]) -> list[str]:
    """Return the rhythms of a recording; of several, each with where it begins and ends."""
    if len(rhythms) <= 1:
        return [f"{rhythm_words(episode)}." for episode in rhythms]
    return [
        f"{rhythm_words(e)} from {format_clock(e.start_s)} to {format_clock(e.stop_s)}."
        for e in rhythms
    ]


def rhythm_words(episode: Episode) -> str:
    """Return one rhythm with its ventricular rate."""
    words = episode.words or (statement(episode.code).term if episode.code else NO_RHYTHM)
    if episode.rate_bpm is None or "rate" in words:
        return words
    return f"{words}, rate {episode.rate_bpm:.0f}"


def _is_rhythm(call: Call) -> bool:
    return group_of(call.code) == "Rhythm"


def _others(calls: Sequence[Call], rhythms: Sequence[Episode]) -> list[str]:
    """Return a sentence for each statement that is not the rhythm itself."""
    said = {episode.code for episode in rhythms}
    return [f"{call.printed}." for call in calls if call.code not in said]


def evidence_words(one: Evidence) -> str:
    """Return one value beside its limit, as in "PR 232 ms (limit > 200)"."""
    if one.value is None:
        return f"{one.name} not measured"
    signs = one.limit.replace(">=", "≥").replace("<=", "≤")
    limit = f" (limit {signs})" if signs else ""
    if isinstance(one.value, str):
        return f"{one.name} {one.value} {one.unit}".rstrip() + limit
    digits = _DIGITS.get(one.unit)
    value = f"{one.value:.3g}" if digits is None else f"{one.value:.{digits}f}"
    unit = one.unit if one.unit in ATTACHED else f" {one.unit}".rstrip()
    return f"{one.name} {value}{unit}{limit}"
