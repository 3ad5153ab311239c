"""One lead: which model reads it, and beside twelve leads what is lost on it."""

from dataclasses import replace
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, Explainer, best_checked, verdict
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL, available_models, predict
from ecgcore.inference.choice import choices_for, one_lead_of
from ecgcore.inference.one_lead import can_and_cannot
from ecgcore.inference.prepare import STAND_INS
from ecgcore.interpret import assess, stretches_without_qrs
from ecgcore.leads import STANDARD_12
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.results import Attribution, Finding, Prediction
from ecgcore.statements import statement
from ui import models
from ui.failed_maps import may_show, offer_failed_map
from ui.findings import value
from ui.shell import REMINDER
from ui.state import OpenCase
from ui.viewer import Legend, paper_viewer
from ui.waiting import compute_map
from ui.words import plain

_KIND = {SINGLE_LEAD_MODEL: "single-lead model", DEFAULT_MODEL: "all-lead model"}
_STRIP_S = 10.0
_PAPER = PaperSettings(layout="wrapped")


# ---- on the page Review --------------------------------------------------------------------


def which_model(case: OpenCase) -> None:
    """Say which model reads a recording of one lead, and offer the other one."""
    try:
        names = choices_for(case.recording)
    except EcgError:
        return
    if len(names) < 2:
        return
    now = case.model or names[0]
    chosen = st.selectbox(
        "Read by",
        names,
        index=names.index(now) if now in names else 0,
        format_func=lambda name: f"{name}: {_KIND[name]}",
        key=f"read_by_{case.case_id}",
    )
    if chosen != now:
        case.read_by(chosen)
        st.rerun()
    if now == SINGLE_LEAD_MODEL:
        lead = one_lead_of(case.recording) or case.recording.leads[0]
        words = f"One lead, {lead}: only rhythm and beats can be assessed reliably."
        if lead in STAND_INS:
            words += f" {lead} is a monitoring lead: no axis and no ST statement."
        st.caption(plain(words))


# ---- the page Single lead ------------------------------------------------------------------


def single_lead(case: OpenCase) -> None:
    """Show the reading of one lead beside that of all leads, finding by finding."""
    st.subheader("Single-lead reading", anchor=False)
    if not {SINGLE_LEAD_MODEL, DEFAULT_MODEL} <= set(available_models()):
        st.info(f"The single-lead model ({SINGLE_LEAD_MODEL}) is not installed here.")
        return
    leads = [name for name in case.recording.leads if name in STANDARD_12]
    if len(leads) < 2:
        _alone(case)
        return
    try:
        _beside(case, leads)
    except EcgError as error:
        st.info(plain(str(error)))


def _alone(case: OpenCase) -> None:
    """Say what the one lead of a recording can carry."""
    lead = one_lead_of(case.recording)
    if lead is None:
        st.info("This recording has no lead that the models know.")
        return
    st.write(
        plain(
            f"This recording has one lead, {lead}: there are no other leads to compare with. Its "
            "findings are on Review."
        )
    )
    st.page_link("pages/review.py", label="Review", icon=":material/ecg:")
    _limits(lead)


def _limits(lead: str) -> None:
    card = models.model(SINGLE_LEAD_MODEL).card
    can, cannot = can_and_cannot(lead, card.codes, card.out_of_fold)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**{plain(f'Can be assessed on lead {lead}')}**")
        st.markdown("\n".join(f"- {statement(code).term}" for code in can) or "- nothing")
    with right:
        st.markdown("**Cannot be assessed**")
        lines = [f"- {statement(code).term}: {plain(_lower(why))}" for code, why in cannot.items()]
        st.markdown("\n".join(lines))


def _lower(words: str) -> str:
    first = words.split(" ", 1)[0]
    # Names such as "Brugada's" and "MLII" keep their capital.
    return words if first.startswith("Brugada") or first.isupper() else words[0].lower() + words[1:]


def _beside(case: OpenCase, leads: list[str]) -> None:
    with st.spinner("Reading each lead …", show_time=False):
        teacher = _teacher(case)
        students = {lead: _student(case, lead) for lead in leads}
    st.caption(
        f"All leads: {teacher.model} on {len(teacher.leads_used)} leads. One lead: "
        f"{SINGLE_LEAD_MODEL}, trained to reproduce from one lead what networks find on twelve."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        usual = "I" if "I" in leads else leads[0]
        lead = st.selectbox(
            "Lead", leads, index=leads.index(usual), width=110, key="single_lead_lead"
        )
        codes = [f.code for f in teacher.findings if f.code in _codes(students[lead])]
        first = _first(teacher, students[lead], codes)
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
        st.html(_table(teacher, students[lead], lead, code))
    st.markdown("**Every lead alone:** " + plain(statement(code).term))
    st.html(_bars(teacher, students, code, lead))
    st.caption(
        "Probability on each lead alone, with its threshold; pale, without threshold: flagged or "
        "not, where no probability is calibrated. Dash: not assessed on that lead. “all”: all "
        "leads together."
    )
    with st.expander(plain(f"What can be assessed on lead {lead}, and what not")):
        _limits(lead)
    # Last, since maps take longest.
    with paper:
        _papers(case, lead, code)


def _first(teacher: Prediction, student: Prediction, codes: list[str]) -> str:
    """Return the statement to begin with: one that both can judge, flagged if there is such."""
    said = {f.code for f in student.findings if f.finding is not None}
    both = [f for f in teacher.findings if f.code in said]
    flagged = [f.code for f in both if f.finding]
    return (flagged or [f.code for f in both] or codes)[0]


def _codes(prediction: Prediction) -> set[str]:
    return {finding.code for finding in prediction.findings}


def _teacher(case: OpenCase) -> Prediction:
    return case.remember(
        ("teacher", DEFAULT_MODEL),
        lambda: assess(
            models.model(DEFAULT_MODEL), case.recording, measured=models.measured_of(case)
        ),
    )


def _student(case: OpenCase, lead: str) -> Prediction:
    def ask() -> dict[str, Prediction]:
        return {}

    kept = case.remember(("students",), ask)
    if lead not in kept:
        model = models.model(SINGLE_LEAD_MODEL)
        kept[lead] = predict(
            model,
            case.recording,
            leads=(lead,),
            unread=stretches_without_qrs(models.measured_of(case)),
        )
    return kept[lead]


# ---- what is lost --------------------------------------------------------------------------


def _found(prediction: Prediction, code: str) -> Finding | None:
    return next((f for f in prediction.findings if f.code == code), None)


def verdict_words(teacher: Finding | None, student: Finding | None) -> str:
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


def _table(teacher: Prediction, student: Prediction, lead: str, chosen: str) -> str:
    rows = []
    for mine in teacher.findings:
        other = _found(student, mine.code)
        words = verdict_words(mine, other)
        name = escape(mine.name)
        if mine.code == chosen:
            name = f"<span style='font-weight:650'>{name}</span>"
        if mine.finding:
            name = f"● {name}"
        said = value(other) if other is not None else "–"
        hint = escape(other.reason) if other is not None else ""
        tone = _TONE.get(words, "inherit")
        rows.append(
            f"<tr><td>{name}</td><td class='value'>{escape(_short(value(mine)))}</td>"
            f"<td class='value' title='{hint}'>{escape(_short(said))}</td>"
            f"<td style='color:{tone};white-space:nowrap'>{escape(_brief(words))}</td></tr>"
        )
    head = (
        "<tr><th>Statement</th><th class='value'>All leads</th>"
        f"<th class='value'>{escape(lead)} alone</th><th></th></tr>"
    )
    return (
        f'<div class="ecg-scroll"><table class="ecg-table">{head}{"".join(rows)}</table></div>'
        "<div style='font-size:12.5px;opacity:.7'>● flagged on all leads. “–”: not assessed; "
        "point at it for the reason.</div>"
    )


def _short(words: str) -> str:
    return {"cannot be assessed": "–", "not flagged": "no", "flagged": "yes"}.get(words, words)


def _brief(words: str) -> str:
    return "" if words in ("not assessed on one lead", "not assessed on all leads") else words


def _bars(teacher: Prediction, students: dict[str, Prediction], code: str, chosen: str) -> str:
    whole = _found(teacher, code)
    cells = [_bar("all", whole, strong=True)]
    for lead, prediction in students.items():
        cells.append(_bar(lead, _found(prediction, code), strong=lead == chosen))
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


def _bar(label: str, finding: Finding | None, *, strong: bool) -> str:
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
        f"<span>{escape(label)}</span><br>{escape(_short(value(finding)))}</div>"
    )


# ---- where both looked ---------------------------------------------------------------------


def _papers(case: OpenCase, lead: str, code: str) -> None:
    name = statement(code).term
    _strip(case, lead, _map(case, DEFAULT_MODEL, lead, code), f"All leads: {name}", "teacher")
    student = _found(_student(case, lead), code)
    if student is not None and student.finding is None:
        _strip(case, lead, student.reason, f"{lead} alone: {name}", "student")
        return
    _strip(
        case, lead, _map(case, SINGLE_LEAD_MODEL, lead, code), f"{lead} alone: {name}", "student"
    )


def _map(case: OpenCase, name: str, lead: str, code: str) -> Attribution | str:
    """Return a map of a model, or why there is none."""
    leads = (lead,) if name == SINGLE_LEAD_MODEL else None
    model = models.model(name)
    if code not in model.card.codes:
        return f"{name} does not know this statement."
    try:
        explainer: Explainer = case.remember(
            ("single lead explainer", name, leads),
            lambda: Explainer(model, case.recording, leads),
        )
        key = ("single lead map", name, leads, code)
        return case.remember(
            key,
            lambda: compute_map(
                case,
                key,
                "Map, one lead" if name == SINGLE_LEAD_MODEL else "Map, all leads",
                lambda _report: best_checked(model, code, partial(explainer.explain, code)),
            ),
        )
    except EcgError as error:
        return str(error)


def _strip(case: OpenCase, lead: str, found: Attribution | str, title: str, key: str) -> None:
    """Draw ten seconds of a lead with where a model looked, if that passed its checks."""
    part = case.recording.select((lead,))
    seconds = min(_STRIP_S, part.duration_s)
    start = min(case.start_s, max(0.0, part.duration_s - seconds))
    gain = st.session_state.get("paper_settings", _PAPER).mm_per_mv
    sheet = lay_out((lead,), start + seconds, replace(_PAPER, mm_per_mv=gain), start_s=start)
    overlay, legend, words = None, None, ""
    if isinstance(found, Attribution):
        shown = verdict(found.self_check).shown
        if not shown:
            words = "The map failed a check of its faithfulness to the model."
        if not may_show(case, found):
            words = f"{words} It is not shown."
        elif lead in found.leads:
            row = found.leads.index(lead)
            # What speaks for the statement; what speaks against it stands on the page Explain.
            values = np.maximum(found.values[row : row + 1], 0)
            overlay = Overlay(values, (lead,), found.fs_hz)
            share = found.lead_share().get(lead, 0.0)
            name = METHODS[found.method].name
            legend = Legend(f"{name}, {title}", "little", "much attribution")
            if shown and key == "teacher":
                words = f"{100 * share:.0f} % of the attribution on all leads lies on lead {lead}."
    else:
        words = found
    paper_viewer(
        part,
        sheet,
        key=f"single_lead_{key}",
        case_id=f"{case.case_id}-{lead}",
        header=(title, ""),
        footer=(REMINDER,),
        overlay=overlay,
        legend=legend,
        tools=False,
    )
    if words:
        st.caption(plain(words))
    if isinstance(found, Attribution) and not verdict(found.self_check).shown:
        offer_failed_map(case, found, key)
