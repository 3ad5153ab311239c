"""The statements beside the paper: in the order of a report, with the reader's word on each."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ecgcore.results import AnomalyMap, Call, Finding, Interpretation, Prediction
from ecgcore.statements import statement, statements
from ui.components.places import move_choice
from ui.components.rail import Aside, Row, show_rail
from ui.desk.anomaly_words import describe_score
from ui.desk.desk import Desk
from ui.desk.findings import format_value, sort_findings
from ui.desk.interpretation import describe_decided, describe_evidence
from ui.desk.report_lines import list_unassessed
from ui.model_answers import handheld_words
from ui.state import OpenCase

_KEY = "desk_statements"
_VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed"}
READER = "reader"
# Of a statement that is not chosen.
_MOST_VALUES = 3


def show_statements(desk: Desk) -> None:
    """Show what is reported, what is not flagged, and what else the reader should know."""
    case = desk.case
    stated = set(list_codes(case, desk.found))
    show_rail(
        key=_KEY,
        text=desk.found.text,
        rows=[*(_make_row(case, call) for call in desk.found.statements), *_make_added(desk)],
        selected=case.selected,
        not_flagged=_list_not_flagged(desk, stated),
        not_assessed=_list_not_assessed(desk, stated),
        remarks=_list_remarks(desk),
        terms={code: known.term for code, known in statements().items()},
        comment=case.comment,
        on_act=partial(_take, case, list_codes(case, desk.found)),
    )


def list_codes(case: OpenCase, found: Interpretation) -> list[str]:
    """Return the codes of all statements in the order in which they stand in the rail."""
    stated = [call.code for call in found.statements]
    return list(dict.fromkeys([*stated, *case.added]))


def _make_row(case: OpenCase, call: Call) -> Row:
    number = "" if call.probability is None else f"{100 * call.probability:.0f} %"
    return Row(
        call.code,
        call.printed,
        describe_decided(call),
        number,
        _describe(call, whole=call.code == case.selected),
        call.urgent,
        case.verdicts.get(call.code, ""),
    )


def _describe(call: Call, *, whole: bool) -> str:
    """Return what a statement rests on; all of it once it is chosen."""
    if call.urgent and call.rule:
        return call.rule
    more = "" if whole or len(call.evidence) <= _MOST_VALUES else " …"
    some = call if whole else replace(call, evidence=call.evidence[:_MOST_VALUES])
    return describe_evidence(some, probability=False) + more


def _make_added(desk: Desk) -> list[Row]:
    added = [code for code in desk.case.added if desk.call(code) is None]
    return [Row(code, statement(code).term, READER) for code in added]


def _list_not_flagged(desk: Desk, stated: set[str]) -> list[Aside]:
    return [
        Aside(finding.code, finding.name, format_value(finding))
        for finding in _list_findings(desk)
        if finding.finding is not None and finding.code not in stated
    ]


def _list_not_assessed(desk: Desk, stated: set[str]) -> list[Aside]:
    reasons = {one.code: one.reason for one in desk.found.not_assessed if one.code not in stated}
    for finding in _list_findings(desk):
        if finding.finding is None and finding.code not in stated:
            reasons.setdefault(finding.code, finding.reason)
    return [Aside(code, statement(code).term, reason) for code, reason in reasons.items()]


def _list_findings(desk: Desk) -> Sequence[Finding]:
    return () if isinstance(desk.prediction, str) else sort_findings(desk.prediction.findings)


def _list_remarks(desk: Desk) -> list[str]:
    remarks = []
    if desk.found.normal is None and desk.found.normal_reasons:
        remarks.append(f"“Normal ECG” not stated: {'; '.join(desk.found.normal_reasons[:4])}.")
    if isinstance(desk.prediction, Prediction):
        remarks += list_unassessed(desk.prediction)
        remarks += list(desk.prediction.quality.reasons)
        if not desk.prediction.abstained:
            remarks.append(handheld_words(desk.case))
    unusual = desk.case.answers.anomalies.found
    if isinstance(unusual, AnomalyMap):
        score = describe_score(unusual.score, abnormal=unusual.abnormal)
        remarks.append(f"Among normal ECGs: {score[0].lower()}{score[1:]}.")
    return [words for words in remarks if words]


# ---- what the reader does ------------------------------------------------------------------


def _take(case: OpenCase, codes: Sequence[str], act: dict[str, Any]) -> None:
    """Apply what the reader does in the rail."""
    name, code = act["name"], str(act.get("code", ""))
    if name == "verdict" and code in codes:
        take_verdict(case, code, str(act["verdict"]))
    elif name == "add" and code in statements():
        if code not in codes:
            case.added.append(code)
        choose(case, code)
    elif name == "remove" and code in case.added:
        case.added.remove(code)
        choose(case, None)
    elif name == "comment":
        case.comment = str(act.get("text", ""))
    elif name == "select" and code in statements():
        choose(case, None if case.selected == code else code)


def take_statement(case: OpenCase, codes: Sequence[str], act: dict[str, Any]) -> None:
    """Apply a key: step through the statements, confirm or dismiss the chosen one."""
    if act["name"] in _VERDICTS:
        if case.selected is not None and case.selected in codes:
            take_verdict(case, case.selected, _VERDICTS[act["name"]])
        return
    choose(case, move_choice(act, codes, case.selected))


def choose(case: OpenCase, code: str | None) -> None:
    """Choose a statement: its evidence is what overlays show."""
    if code != case.selected:
        case.selected, case.turned_to, case.method = code, None, None


def take_verdict(case: OpenCase, code: str, verdict: str) -> None:
    """Take the reader's word; the same word again takes it back."""
    if verdict not in _VERDICTS.values():
        return
    if case.verdicts.get(code) == verdict:
        del case.verdicts[code]
    else:
        case.verdicts[code] = verdict
