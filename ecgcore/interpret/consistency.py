"""What may not stand together: exclusive statements, and those that another one implies.

Which statements exclude and imply one another is declared in the clinical table.
"""

from collections.abc import Iterable, Sequence

from ecgcore.results.interpreted import Call
from ecgcore.statements import statement
from ecgcore.statements.statement import BEATS, BOTH, MEASUREMENT

# Of two that exclude one another the one decided by more stays; then the earlier in the table.
_WEIGHT = {BOTH: 3, MEASUREMENT: 2, BEATS: 2}


def make_consistent(calls: Iterable[Call]) -> list[Call]:
    """Return the statements that can stand together.

    A statement is dropped where another one excludes it, is a kind of it, or implies it.
    """
    kept: list[Call] = []
    for call in sorted(calls, key=_strength, reverse=True):
        if not any(_excludes(other, call) for other in kept):
            kept.append(call)
    implied = {code for call in kept for code in _implied(call.code)}
    return [call for call in kept if call.code not in implied]


def excluded_pairs(calls: Sequence[Call]) -> list[tuple[str, str]]:
    """Return the pairs of statements that exclude one another: none, in a report."""
    return [
        (one.code, other.code)
        for at, one in enumerate(calls)
        for other in calls[at + 1 :]
        if _excludes(one, other)
    ]


def _strength(call: Call) -> tuple[bool, int]:
    return call.urgent, _WEIGHT.get(call.decided_by, 1)


def _excludes(one: Call, other: Call) -> bool:
    """Tell whether two statements exclude one another where and when they hold."""
    if one.spans and other.spans and not _overlap(one, other):
        return False
    first, second = statement(one.code), statement(other.code)
    if first.exclusive and first.exclusive == second.exclusive and one.code != other.code:
        # A kind of a rhythm and that rhythm are one.
        return one.code != second.kind_of and other.code != first.kind_of
    return _names(first.excludes, other.code) or _names(second.excludes, one.code)


def _names(codes: tuple[str, ...], code: str) -> bool:
    return code in codes or statement(code).kind_of in codes


def _overlap(one: Call, other: Call) -> bool:
    return any(a < d and c < b for a, b in one.spans for c, d in other.spans)


def _implied(code: str) -> tuple[str, ...]:
    entry = statement(code)
    return (*entry.implies, *((entry.kind_of,) if entry.kind_of else ()))
