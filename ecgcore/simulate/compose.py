"""Putting statements together into one case, and taking one away again."""

from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.statement import (
    CONDUCTION,
    ISCHAEMIA,
    MASS,
    REPOLARISATION,
    RHYTHM,
    SEVERAL,
    SLOT_NAMES,
    TECHNICAL,
    SimulatedStatement,
)
from ecgcore.simulate.statements import STATEMENTS

# What changes the ventricles' shape; a statement that replaces it as a whole bears none of these.
_SHAPING = {CONDUCTION, MASS, ISCHAEMIA, REPOLARISATION}
_445481009ICULAR = {"rbbb", "lafb"}
# On another change of shape these, or what they stand on, would not meet their criterion.
_ALONE = {
    "brugada",
    "t-inversion",
    "short-qt",
    "long-qt",
    "hyperkalaemia",
    "irbbb",
    "low-voltage",
}
# Both are about the first vector in the inferior leads, in opposite directions.
_INFERIOR = {"lafb", "old-inferior-infarct"}
_EARLY_P = {"pac", "pac-hidden", "pac-blocked"}
_EARLY_QRS = {"pvc", "pvc-multifocal", "pvc-couplets"}
_REASONS = (
    ("wpw", {"first-degree-av-block", "short-pr"}, "pre-excitation shortens PR"),
    ("hyperkalaemia-severe", {"first-degree-av-block", *_EARLY_P}, "its P waves are lost"),
    ("hyperkalaemia-sine", {"first-degree-av-block", *_EARLY_P}, "its P waves are lost"),
    ("pvc-bigeminy", _EARLY_P | _EARLY_QRS, "bigeminy leaves no room for other early beats"),
)
NORMAL_KEY = "normal"


def compose_case(
    *keys: str,
    name: str = "",
    rate_bpm: float | None = None,
    pr_ms: float | None = None,
    **more: Any,
) -> CaseSpec:
    """Return the case in which all these statements hold.

    Parameters
    ----------
    keys : str
        Of :data:`ecgcore.simulate.STATEMENTS`, in any order; sinus rhythm where no rhythm is
        named.
    name : str
        Of the case; the keys joined by ``+`` if not given.
    rate_bpm, pr_ms : float, optional
        Instead of the statements' own.
    **more
        Other fields of :class:`CaseSpec`.

    Raises
    ------
    InvalidArgumentError
        Naming an unknown statement, or two that cannot stand together.
    """
    spec = _compose(tuple(dict.fromkeys(keys)))
    unknown = set(more) - {f.name for f in fields(CaseSpec)}
    if unknown:
        raise InvalidArgumentError(f"A case has no {', '.join(sorted(unknown))}.")
    rhythm = spec.rhythm
    if rate_bpm is not None:
        rhythm = replace(rhythm, rate_bpm=rate_bpm)
    if pr_ms is not None:
        rhythm = replace(rhythm, pr_ms=pr_ms)
    changed: dict[str, Any] = {"name": name or spec.name, "rhythm": rhythm} | more
    return replace(spec, **changed)


@lru_cache(maxsize=1024)
def _compose(keys: tuple[str, ...]) -> CaseSpec:
    entries = _check_keys(_add_bases(keys))
    ordered = sorted(entries, key=lambda e: (e.slot, list(STATEMENTS).index(e.key)))
    spec = STATEMENTS[NORMAL_KEY].change(CaseSpec("+".join(keys) or NORMAL_KEY))
    for entry in ordered:
        if entry.key != NORMAL_KEY:
            spec = entry.change(spec)
    codes = [code for e in ordered if e.key != NORMAL_KEY for code in e.codes]
    if all(e.slot == TECHNICAL for e in ordered if e.key != NORMAL_KEY):
        codes = [*STATEMENTS[NORMAL_KEY].codes, *codes]
    doubtful = [code for e in ordered for code in e.uncertain]
    # What makes a statement untellable leaves those that are certain, and the other way round.
    labels = tuple(dict.fromkeys(c for c in codes if not (c == "SNR" and "SNR" in doubtful)))
    uncertain = tuple(dict.fromkeys(c for c in doubtful if c not in labels))
    return replace(
        spec, labels=labels, uncertain=uncertain, statements=tuple(e.key for e in ordered)
    )


def _add_bases(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the statements with those they stand on before them."""
    bases = [find_statement(key).stands_on for key in keys]
    return tuple(dict.fromkeys(key for key in (*bases, *keys) if key))


def find_statement(key: str) -> SimulatedStatement:
    """Return the statement called ``key``.

    Raises
    ------
    InvalidArgumentError
        Naming the possible statements.
    """
    if key not in STATEMENTS:
        raise InvalidArgumentError(
            f"The statement to simulate is {key!r}; possible statements are "
            f"{', '.join(STATEMENTS)}."
        )
    return STATEMENTS[key]


def _check_keys(keys: tuple[str, ...]) -> list[SimulatedStatement]:
    entries = [find_statement(key) for key in keys]
    for i, one in enumerate(entries):
        for other in entries[i + 1 :]:
            reason = _explain_conflict(one, other)
            if reason:
                raise InvalidArgumentError(
                    f"{one.key} and {other.key} cannot be simulated together: {reason}."
                )
    rhythm = next((e.key for e in entries if e.slot == RHYTHM), NORMAL_KEY)
    plan = STATEMENTS[rhythm].change(CaseSpec(rhythm)).rhythm
    # Early beats come in rhythms that the heart makes itself.
    name = f"{plan.name}, paced" if plan.chambers else plan.name
    for entry in entries:
        if entry.needs and name not in entry.needs:
            raise InvalidArgumentError(
                f"{rhythm} and {entry.key} cannot be simulated together: {entry.key} needs "
                f"{' or '.join(entry.needs)} rhythm."
            )
    return entries


def _explain_conflict(one: SimulatedStatement, other: SimulatedStatement) -> str:
    """Return why two statements cannot stand together; empty where they can."""
    pair = {one.key, other.key}
    if one.key == other.stands_on or other.key == one.stands_on:
        return ""
    if one.slot == other.slot and one.slot not in SEVERAL and pair != _445481009ICULAR:
        return f"both are about {SLOT_NAMES[one.slot]}"
    for own, others, reason in _REASONS:
        if own in pair and pair & others:
            return reason
    shaping = [e for e in (one, other) if e.slot in _SHAPING or e.whole]
    if len(shaping) == 2 and pair != _445481009ICULAR:
        if one.whole or other.whole:
            return "one of them decides the whole shape of the beat"
        if one.alone or other.alone or pair & _ALONE or pair == _INFERIOR:
            return "one would hide the other's criterion"
    return ""


def remove_statement(spec: CaseSpec, key: str) -> CaseSpec:
    """Return the same case without one of its statements, and without what stands on it."""
    kept = (k for k in spec.statements if STATEMENTS[k].stands_on != key)
    return _compose(tuple(k for k in kept if k not in {key, NORMAL_KEY}))
