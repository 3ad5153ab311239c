"""What may not stand together: exclusive statements, and those that another one implies.

Which statements exclude and imply one another is declared in the clinical table.
"""

from collections.abc import Iterable, Sequence

from ecgcore.interpret.decide import NOT_FLAGGED
from ecgcore.results.interpreted import Call
from ecgcore.statements import statement
from ecgcore.statements.statement import BEATS, BOTH, MEASUREMENT, NETWORK

# Of two that exclude one another the one decided by more stays; then the earlier in the table.  A
# network that is this sure outweighs a measurement that it does not support.
_WEIGHT = {BOTH: 3.0, MEASUREMENT: 2.0, BEATS: 2.0, NETWORK: 1.0}
SURE, SURE_WEIGHT, UNSUPPORTED_WEIGHT = 0.9, 1.8, 1.5


def make_consistent(calls: Iterable[Call]) -> list[Call]:
    """Return the statements that can stand together.

    A statement is dropped where and when another one excludes or implies it, and a network's own
    where a kind of it is stated.
    """
    kept: list[Call] = []
    for call in sorted(calls, key=_strength, reverse=True):
        if not any(_excludes(other, call) for other in kept):
            kept.append(call)
    return [call for call in kept if not any(_implies(other, call) for other in kept)]


def excluded_pairs(calls: Sequence[Call]) -> list[tuple[str, str]]:
    """Return the pairs of statements that exclude one another: none, in a report."""
    return [
        (one.code, other.code)
        for at, one in enumerate(calls)
        for other in calls[at + 1 :]
        if _excludes(one, other)
    ]


def _strength(call: Call) -> tuple[bool, float]:
    weight = _WEIGHT[call.decided_by]
    if call.decided_by == NETWORK and (call.probability or 0.0) >= SURE:
        weight = SURE_WEIGHT
    elif weight == _WEIGHT[MEASUREMENT] and call.agreement == NOT_FLAGGED:
        weight = UNSUPPORTED_WEIGHT
    return call.urgent, weight


def _excludes(one: Call, other: Call) -> bool:
    """Tell whether two statements exclude one another where and when they hold."""
    if not _meet(one, other):
        return False
    first, second = statement(one.code), statement(other.code)
    if first.exclusive and first.exclusive == second.exclusive and one.code != other.code:
        # A kind of a rhythm and that rhythm are one.
        return one.code != second.kind_of and other.code != first.kind_of
    return _names(first.excludes, other.code) or _names(second.excludes, one.code)


def _names(codes: tuple[str, ...], code: str) -> bool:
    return code in codes or statement(code).kind_of in codes


def _meet(one: Call, other: Call) -> bool:
    """Tell whether two statements hold at one time; one without stretches holds throughout."""
    if not (one.spans and other.spans):
        return True
    return any(a < d and c < b for a, b in one.spans for c, d in other.spans)


def _implies(one: Call, other: Call) -> bool:
    """Tell whether a statement makes another one needless."""
    if one is other or other.urgent or not _meet(one, other):
        return False
    entry = statement(one.code)
    by_network = other.decided_by == NETWORK and entry.kind_of == other.code
    return other.code in entry.implies or by_network
