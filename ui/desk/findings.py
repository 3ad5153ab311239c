"""A network's findings: their order, and how their probabilities are written."""

from collections.abc import Sequence

from ecgcore.results import Finding
from ecgcore.statements import FURTHER_CODES, GROUPS, group_of


def sort_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings in a reader's order.

    Flagged ones first, each group by how far it is above its threshold; what is folded last, by
    the groups of :data:`ecgcore.statements.GROUPS`.
    """
    groups = list(GROUPS)

    def rank(finding: Finding) -> tuple[int, int, float]:
        state = {True: 0, False: 1, None: 2}[finding.finding]
        above = -(finding.probability - finding.threshold)
        if is_further(finding):
            return 3, groups.index(group_of(finding.code)), above
        return state, 0, above

    return tuple(sorted(findings, key=rank))


def is_further(finding: Finding) -> bool:
    """Return whether a finding is one of the further statements, and not flagged."""
    return finding.code in FURTHER_CODES and finding.finding is not True


def format_value(finding: Finding) -> str:
    """Return the calibrated probability in per cent, or words where there is none to show."""
    if finding.finding is None:
        return "cannot be assessed"
    if not finding.calibrated:
        return "flagged" if finding.finding else "not flagged"
    return format_percent(finding.probability)


def format_percent(probability: float) -> str:
    """Return a calibrated probability in per cent."""
    percent = probability * 100
    if percent < 1:
        return "< 1 %"
    return "> 99 %" if percent > 99 else f"{percent:.0f} %"
