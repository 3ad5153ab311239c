"""The list of findings beside the paper."""

from collections.abc import Callable, Mapping
from typing import Any

from ecgcore.results import Finding
from ecgcore.statements import FURTHER_CODES, GROUPS, group_of
from ui.components import FINDINGS, component


def findings_list(
    findings: tuple[Finding, ...],
    *,
    key: str,
    selected: str | None,
    verdicts: Mapping[str, str],
    on_act: Callable[[], None],
) -> dict[str, Any] | None:
    """Show the findings; return ``{"name": "select", "code": ...}``, a verdict, or None.

    Statements beyond the nine that are neither flagged nor judged are folded away, by group.
    """
    rows = [_row(f, verdicts.get(f.code), chosen=f.code == selected) for f in findings]
    mount = component(FINDINGS, "findings.js", "findings.css")
    data = {"rows": rows, "selected": selected, "folded_words": folded_words(rows)}
    result = mount(key=key, data=data, on_act_change=on_act)
    act = result.get("act")
    return dict(act) if act else None


def place_list(
    rows: list[dict[str, Any]],
    *,
    key: str,
    selected: str | None,
    label: str,
    on_act: Callable[[], None],
) -> dict[str, Any] | None:
    """Show rows of places to step through, without a verdict; as :func:`findings_list`.

    Parameters
    ----------
    rows : list of dict
        Each with ``code``, ``name``, ``value``, ``words``, ``state``, ``probability``,
        ``threshold``, ``threshold_words``, ``show_bar`` and ``verdict``.
    label : str
        What the list is called for screen readers.
    """
    mount = component(FINDINGS, "findings.js", "findings.css")
    data = {"rows": rows, "selected": selected, "judged": False, "label": label}
    result = mount(key=key, data=data, on_act_change=on_act)
    act = result.get("act")
    return dict(act) if act else None


def ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
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


def folded_words(rows: list[dict[str, Any]]) -> str:
    """Return what stands over the folded rows, or nothing."""
    folded = [row for row in rows if row["folded"]]
    unknown = sum(row["state"] == "unknown" for row in folded)
    if not folded:
        return ""
    words = f"{len(folded)} further, not flagged"
    return f"{words} ({unknown} cannot be assessed)" if unknown else words


def words(finding: Finding, *, chosen: bool) -> str:
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


def value(finding: Finding) -> str:
    """Return the calibrated probability in per cent, or words where there is none to show."""
    if finding.finding is None:
        return "cannot be assessed"
    if not finding.calibrated:
        return "flagged" if finding.finding else "not flagged"
    return percent_words(finding.probability)


def percent_words(probability: float) -> str:
    """Return a calibrated probability in per cent."""
    percent = probability * 100
    if percent < 1:
        return "< 1 %"
    return "> 99 %" if percent > 99 else f"{percent:.0f} %"


def _row(finding: Finding, verdict: str | None, *, chosen: bool) -> dict[str, Any]:
    state = {True: "flagged", False: "not flagged", None: "unknown"}[finding.finding]
    return {
        "code": finding.code,
        "name": finding.name,
        "state": state,
        "value": value(finding),
        "words": words(finding, chosen=chosen),
        "probability": finding.probability,
        "threshold": finding.threshold,
        "threshold_words": f"flagged from {finding.threshold * 100:.0f} % on",
        "show_bar": finding.finding is not None and finding.calibrated,
        "verdict": verdict,
        "group": group_of(finding.code),
        "folded": is_further(finding) and verdict is None,
    }
