"""The single-lead study: what is lost where one lead is read in place of twelve."""

from dataclasses import replace
from functools import partial
from html import escape

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer, best_checked, rate_faithfulness
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL, available_models
from ecgcore.inference.choice import one_lead_of
from ecgcore.inference.one_lead import can_and_cannot
from ecgcore.leads import STANDARD_12
from ecgcore.measure.alarms import stretches_without_qrs
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.results import Attribution, Finding, Prediction
from ecgcore.statements import statement
from ecgcore.turns import Priority
from ui import model_answers
from ui.desk.findings import format_value
from ui.desk.maps import may_show, offer_failed_map, shade_map
from ui.desk.paper import current_paper, show_still
from ui.running import run
from ui.shell import REMINDER
from ui.state import OpenCase
from ui.tables import wrap_table
from ui.words import plain

_STRIP_S = 10.0
_PAPER = PaperSettings(layout="wrapped")


def show_single_lead(case: OpenCase) -> None:
    """Show the reading of one lead beside that of all leads, finding by finding."""
    st.subheader("Single-lead reading", anchor=False)
    if not {SINGLE_LEAD_MODEL, DEFAULT_MODEL} <= set(available_models()):
        st.info(f"The single-lead model ({SINGLE_LEAD_MODEL}) is not installed here.")
        return
    leads = [name for name in case.recording.leads if name in STANDARD_12]
    if len(leads) < 2:
        _show_alone(case)
        return
    try:
        _show_comparison(case, leads)
    except EcgError as error:
        st.info(plain(str(error)))


def _show_alone(case: OpenCase) -> None:
    """Say what the one lead of a recording can carry."""
    lead = one_lead_of(case.recording)
    if lead is None:
        st.info("No lead of this recording is one of the twelve standard leads.")
        return
    st.write(
        plain(
            f"This recording has one lead, {lead}: there are no other leads to compare with. Its "
            "findings are on the page Read."
        )
    )
    st.page_link("pages/read.py", label="Read", icon=":material/ecg:")
    _show_limits(lead)


def _show_limits(lead: str) -> None:
    card = model_answers.model(SINGLE_LEAD_MODEL).card
    can, cannot = can_and_cannot(lead, card.codes, card.out_of_fold)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{plain(f'Can be assessed on lead {lead}')}**")
        st.markdown("\n".join(f"- {statement(code).term}" for code in can) or "- nothing")
    with right:
        st.markdown("**Cannot be assessed**")
        lines = [
            f"- {statement(code).term}: {plain(_lower_first(why))}" for code, why in cannot.items()
        ]
        st.markdown("\n".join(lines))


def _lower_first(words: str) -> str:
    first = words.split(" ", 1)[0]
    # Names such as "Brugada's" and "MLII" keep their capital.
    return words if first.startswith("Brugada") or first.isupper() else words[0].lower() + words[1:]


def _show_comparison(case: OpenCase, leads: list[str]) -> None:
    with st.spinner("Reading each lead …", show_time=False):
        teacher = _read_all_leads(case)
        students = {lead: _read_one_lead(case, lead) for lead in leads}
    st.caption(
        f"All leads: {teacher.model} on {len(teacher.leads_used)} leads. One lead: "
        f"{SINGLE_LEAD_MODEL}, trained to reproduce on one lead the findings of twelve."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual = "I" if "I" in leads else leads[0]
        lead = st.selectbox(
            "Lead", leads, index=leads.index(usual), width=110, key="single_lead_lead"
        )
        codes = [f.code for f in teacher.findings if f.code in _list_codes(students[lead])]
        first = _choose_first(teacher, students[lead], codes)
        code = st.selectbox(
            "Statement",
            codes,
            index=codes.index(first),
            format_func=lambda c: statement(c).term,
            width=330,
            key="single_lead_statement",
        )
    paper, side = st.columns([2.1, 1], gap="medium")
    with side:
        st.html(_make_table(teacher, students[lead], lead, code))
    st.markdown("**Each lead alone:** " + plain(statement(code).term))
    st.html(_make_bars(teacher, students, code, lead))
    st.caption(
        "Bar: probability on that lead alone; line: threshold. Pale bar: flagged, no calibrated "
        "probability. Dash: not assessed on that lead. “all”: all leads together."
    )
    with st.expander(plain(f"What can and cannot be assessed on lead {lead}")):
        _show_limits(lead)
    # Last, since maps take longest.
    with paper:
        _show_strips(case, lead, code)


def _choose_first(teacher: Prediction, student: Prediction, codes: list[str]) -> str:
    """Return the statement to begin with: one that both can judge, flagged if there is such."""
    said = {f.code for f in student.findings if f.finding is not None}
    both = [f for f in teacher.findings if f.code in said]
    flagged = [f.code for f in both if f.finding]
    return (flagged or [f.code for f in both] or codes)[0]


def _list_codes(prediction: Prediction) -> set[str]:
    return {finding.code for finding in prediction.findings}


def _read_all_leads(case: OpenCase) -> Prediction:
    model_answers.as_measured(case)
    return model_answers.findings_by(case, case.answers.of(DEFAULT_MODEL))


def _read_one_lead(case: OpenCase, lead: str) -> Prediction:
    answers = case.answers.of(SINGLE_LEAD_MODEL, (lead,))
    if answers.prediction is None:
        answers.prediction = answers.study.predict(
            model_answers.model(SINGLE_LEAD_MODEL),
            unread=stretches_without_qrs(model_answers.as_measured(case)),
        )
    return answers.prediction


# ---- what is lost --------------------------------------------------------------------------


def _find(prediction: Prediction, code: str) -> Finding | None:
    return next((f for f in prediction.findings if f.code == code), None)


def compare_findings(teacher: Finding | None, student: Finding | None) -> str:
    """Return what one lead keeps of a finding, in a word or two."""
    if student is None or student.finding is None:
        return "not assessed on one lead"
    if teacher is None or teacher.finding is None:
        return "not assessed on all leads"
    if teacher.finding and student.finding:
        return "kept"
    if teacher.finding:
        return "lost"
    return "added" if student.finding else ""


_TONE = {"kept": "#2c7a4b", "lost": "#b3261e", "added": "#9a5b00"}


def _make_table(teacher: Prediction, student: Prediction, lead: str, chosen: str) -> str:
    rows = []
    for mine in teacher.findings:
        other = _find(student, mine.code)
        words = compare_findings(mine, other)
        name = escape(mine.name)
        if mine.code == chosen:
            name = f"<span style='font-weight:650'>{name}</span>"
        if mine.finding:
            name = f"● {name}"
        said = format_value(other) if other is not None else "–"
        hint = escape(other.reason) if other is not None else ""
        tone = _TONE.get(words, "inherit")
        rows.append(
            f"<tr><td>{name}</td><td class='value'>{escape(_shorten(format_value(mine)))}</td>"
            f"<td class='value' title='{hint}'>{escape(_shorten(said))}</td>"
            f"<td style='color:{tone};white-space:nowrap'>"
            f"{escape(_shorten_comparison(words))}</td></tr>"
        )
    head = (
        "<tr><th>Statement</th><th class='value'>All leads</th>"
        f"<th class='value'>{escape(lead)} alone</th><th></th></tr>"
    )
    return (
        f"{wrap_table(head + ''.join(rows), 'ecg-table')}"
        "<div style='font-size:12.5px;opacity:.7'>● flagged on all leads. “–”: not assessed; "
        "hover for the reason.</div>"
    )


def _shorten(words: str) -> str:
    return "–" if words == "cannot be assessed" else words


def _shorten_comparison(words: str) -> str:
    return "" if words in ("not assessed on one lead", "not assessed on all leads") else words


def _make_bars(teacher: Prediction, students: dict[str, Prediction], code: str, chosen: str) -> str:
    whole = _find(teacher, code)
    cells = [_make_bar("all", whole, strong=True)]
    for lead, prediction in students.items():
        cells.append(_make_bar(lead, _find(prediction, code), strong=lead == chosen))
    return (
        "<style>.ecg-leads{display:flex;flex-wrap:wrap;gap:10px;margin:2px 0 6px}"
        ".ecg-leads div{width:62px;font-size:13px;text-align:center}"
        ".ecg-leads i{display:block;position:relative;height:64px;border-bottom:1px solid #8886;"
        "margin-bottom:3px;background:linear-gradient(#8881,#8881)}"
        ".ecg-leads i b{position:absolute;left:0;right:0;bottom:0;background:#4f94c9}"
        ".ecg-leads .flagged i b{background:#b3261e}"
        ".ecg-leads i u{position:absolute;left:0;right:0;height:2px;background:#16181d99}"
        ".ecg-leads .word i b{opacity:.35}.ecg-leads .chosen span{font-weight:700}</style>"
        f'<div class="ecg-leads">{"".join(cells)}</div>'
    )


def _make_bar(label: str, finding: Finding | None, *, strong: bool) -> str:
    kind = "chosen" if strong else ""
    if finding is None or finding.finding is None:
        reason = escape(finding.reason) if finding is not None else ""
        return (
            f'<div class="{kind}" title="{reason}"><i></i><span>{escape(label)}</span><br>–</div>'
        )
    if finding.finding:
        kind += " flagged"
    height, mark = (
        100 * finding.probability,
        f'<u style="bottom:{100 * finding.threshold:.0f}%"></u>',
    )
    if not finding.calibrated:
        # A word, not a number: full or empty, without a mark.
        height, mark = 100.0 if finding.finding else 0.0, ""
        kind += " word"
    return (
        f'<div class="{kind}"><i><b style="height:{height:.0f}%"></b>{mark}</i>'
        f"<span>{escape(label)}</span><br>{escape(_shorten(format_value(finding)))}</div>"
    )


# ---- where both looked ---------------------------------------------------------------------


def _show_strips(case: OpenCase, lead: str, code: str) -> None:
    name = statement(code).term
    for model, title, key, prediction in (
        (DEFAULT_MODEL, f"All leads: {name}", "teacher", _read_all_leads(case)),
        (SINGLE_LEAD_MODEL, f"{lead} alone: {name}", "student", _read_one_lead(case, lead)),
    ):
        finding = _find(prediction, code)
        if finding is not None and finding.finding is None:
            _show_strip(case, lead, finding.reason, title, key)
        else:
            _show_strip(case, lead, _make_map(case, model, lead, code), title, key)


def _make_map(case: OpenCase, name: str, lead: str, code: str) -> Attribution | str:
    """Return a map of a model, or why there is none."""
    leads = (lead,) if name == SINGLE_LEAD_MODEL else None
    model = model_answers.model(name)
    if code not in model.card.codes:
        return f"{name} does not have this statement."
    try:
        answers = case.answers.of(name, leads)
        explainer = answers.explainer = answers.explainer or Explainer(model, answers.study)
        return answers.maps.get(
            (code, None, None),
            lambda: run(
                case,
                ("single lead map", name, leads, code),
                lambda _report: best_checked(model, code, partial(explainer.explain, code)),
                title="Map, one lead" if name == SINGLE_LEAD_MODEL else "Map, all leads",
                priority=Priority.MAPS,
            ),
        )
    except EcgError as error:
        return str(error)


def _show_strip(case: OpenCase, lead: str, found: Attribution | str, title: str, key: str) -> None:
    """Draw ten seconds of a lead with where a model looked, if that passed its checks."""
    part = case.recording.select((lead,))
    seconds = min(_STRIP_S, part.duration_s)
    start = min(case.start_s, max(0.0, part.duration_s - seconds))
    settings = replace(_PAPER, mm_per_mv=current_paper(case).settings.mm_per_mv)
    shading = None
    if isinstance(found, Attribution) and may_show(case, found) and lead in found.leads:
        shading = shade_map(_take_lead(found, lead), "Attribution for")
    show_still(
        part,
        lay_out((lead,), start + seconds, settings, start_s=start),
        f"single_lead_{key}",
        case_id=f"{case.case_id}-{lead}",
        header=(title, ""),
        footer=(REMINDER,),
        shading=shading,
    )
    words = _describe_map(case, found, lead, of_all=key == "teacher")
    if words:
        st.caption(plain(words))
    if isinstance(found, Attribution) and not rate_faithfulness(found.self_check).shown:
        offer_failed_map(case, found, key)


def _take_lead(found: Attribution, lead: str) -> Attribution:
    row = found.leads.index(lead)
    return replace(found, values=found.values[row : row + 1], leads=(lead,))


def _describe_map(case: OpenCase, found: Attribution | str, lead: str, *, of_all: bool) -> str:
    """Return why there is no map, or how much of one lies on a lead."""
    if isinstance(found, str):
        return found
    if not rate_faithfulness(found.self_check).shown:
        words = "The map failed a faithfulness check."
        return words if may_show(case, found) else f"{words} It is hidden."
    if not of_all or lead not in found.leads:
        return ""
    share = found.lead_share().get(lead, 0.0)
    return f"{100 * share:.0f} % of the attribution on all leads is on lead {lead}."
