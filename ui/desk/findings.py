"""What is said of a finding, the order of findings, and their list beside the paper."""

from collections.abc import Mapping, Sequence
from typing import Any

from ecgcore.results import Finding
from ecgcore.statements import FURTHER_CODES, GROUPS, group_of
from ui.components import Act
from ui.components.findings import show_rows


def show_findings(
    findings: Sequence[Finding],
    *,
    key: str,
    selected: str | None,
    verdicts: Mapping[str, str],
    on_act: Act,
) -> None:
    """Show findings as a list, each with the reader's verdict.

    Statements beyond the nine that are neither flagged nor judged are folded away, by group.
    """
    rows = [make_row(f, verdicts.get(f.code), chosen=f.code == selected) for f in findings]
    show_rows(
        rows,
        key=key,
        selected=selected,
        on_act=on_act,
        folded_words=describe_folded(rows),
        with_verdicts=True,
    )


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


def describe_folded(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what stands over the folded rows, or nothing."""
    folded = [row for row in rows if row["folded"]]
    unknown = sum(row["state"] == "unknown" for row in folded)
    if not folded:
        return ""
    words = f"{len(folded)} further, not flagged"
    return f"{words} ({unknown} cannot be assessed)" if unknown else words


def describe_finding(finding: Finding, *, chosen: bool) -> str:
    """Return what stands under a finding's name; its reason only once it is chosen.

    Never "absent", never a diagnosis.
    """
    if not chosen:
        return ""
    phrase = {
        True: "Flagged by the model.",
        False: "Not flagged, which does not mean absent.",
        None: "",
    }[finding.finding]
    return f"{phrase} {finding.reason}".strip()


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


def make_row(finding: Finding, verdict: str | None, *, chosen: bool) -> dict[str, Any]:
    """Return a finding as a row of the list.

    Parameters
    ----------
    finding : Finding
    verdict : str or None
        The reader's: ``"confirmed"`` or ``"dismissed"``.
    chosen : bool
        Whether the row is the chosen one, and says more.
    """
    state = {True: "flagged", False: "not flagged", None: "unknown"}[finding.finding]
    return {
        "code": finding.code,
        "name": finding.name,
        "state": state,
        "value": format_value(finding),
        "words": describe_finding(finding, chosen=chosen),
        "probability": finding.probability,
        "threshold": finding.threshold,
        "threshold_words": f"flagged from {finding.threshold * 100:.0f} %",
        "show_bar": finding.finding is not None and finding.calibrated,
        "verdict": verdict,
        "group": group_of(finding.code),
        "folded": is_further(finding) and verdict is None,
    }
