"""The page Review: paper left, findings right, one fragment so that nothing else reruns."""

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import describe, rate_faithfulness
from ecgcore.results import Attribution, Interpretation, Prediction
from ecgcore.signal.quality_words import lost_lead, without
from ui import model_answers
from ui.components.findings import move_choice
from ui.desk.choose_model import choose_model
from ui.desk.findings import show_findings, sort_findings
from ui.desk.interpretation import show_interpretation, show_urgent
from ui.desk.map_notice import find_notice, show_notice, turn_to_map
from ui.desk.maps import choose_style, may_show, shade_map, show_checks
from ui.desk.paper import Paper, Shading, set_paper
from ui.desk.quiz import may_show_answer
from ui.desk.report import Printout, ask_for_name, offer_pdf, take_printout
from ui.desk.report_lines import list_unassessed
from ui.desk.saving import offer_save
from ui.desk.vitals import format_vitals, show_vitals
from ui.state import OpenCase
from ui.words import plain

_VIEWER = "review_paper"
_LIST = "review_findings"
_STYLE, _OPACITY = "overlay_style", "overlay_opacity"
_VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed"}


@st.fragment
def show_review(case: OpenCase) -> None:
    """Show a case: its paper, the model's findings, and the map of the chosen one."""
    paper = set_paper(case)
    urgent = st.container()
    left, right = st.columns([3.95, 1], gap="small")
    with left:
        sheet, below = st.container(), st.container()
    if case.quiz:
        with right:
            may_show_answer(case)
        with sheet:
            _show_sheet(paper, None)
        with below:
            _show_below(paper, None, "Quiz mode: the answer is not shown.")
        return
    attribution = None
    codes: list[str] = []  # in the list's order, once the model has answered
    if case.selected is None:
        # The paper stands before anything is measured or the model has answered.
        with sheet:
            _show_sheet(paper, None, codes)
    # What cannot wait is said before any network is asked, and whatever comes of that.
    with urgent:
        show_urgent(model_answers.urgent_of(case))
        show_vitals(case)
    # The list shows what was chosen before its map is made.
    with right:
        prediction = _show_list(case, codes)
        if case.selected is not None and isinstance(prediction, Prediction):
            with st.spinner("Computing the map …", show_time=False):
                attribution = _make_map(case, case.selected)
    if case.selected is not None:
        with sheet:
            turn_to_map(paper, attribution)
            show_notice(case, find_notice(paper, attribution, style=_current_style()), attribution)
            _show_sheet(paper, attribution, codes)
    with below:
        # Last: what is printed is what the page shows by now.
        _show_below(paper, attribution, prediction)
    if isinstance(prediction, Prediction):
        with right:
            _show_below_list(case, prediction, attribution)


# ---- paper ---------------------------------------------------------------------------------


def _show_sheet(
    paper: Paper, attribution: Attribution | str | None, codes: Sequence[str] = ()
) -> None:
    shown = _shade_shown(paper.case, attribution)
    act = partial(_take_act, paper.case, codes)
    paper.show(_VIEWER, shading=None if shown is None else shown[0], on_act=act)


def _shade_shown(
    case: OpenCase, attribution: Attribution | str | None
) -> tuple[Shading, Attribution] | None:
    """Return the map as it is drawn, if there is one, it may be shown, and the reader wants it."""
    if not isinstance(attribution, Attribution) or not may_show(case, attribution):
        return None
    opacity = st.session_state.get(_OPACITY, 60) / 100
    # What speaks for the statement; what speaks against it stands on the page Explain.
    shading = shade_map(
        attribution, "Where the model looked for", style=_current_style(), opacity=opacity
    )
    return None if shading is None else (shading, attribution)


def _current_style() -> str:
    style: str = st.session_state.get(_STYLE, "heat")
    return style


def _show_below(
    paper: Paper, attribution: Attribution | str | None, prediction: Prediction | str
) -> None:
    """Offer the sheet as PDF and, for a demonstration case, the teaching note."""
    case = paper.case
    with st.container(horizontal=True, vertical_alignment="center"):
        # The toggle stands behind the button that it decides about.
        button = st.container(width="content")
        offer_save(case)
        if case.demo is not None and not case.quiz:
            with st.popover("Teaching note"):
                st.markdown(f"**{case.demo.title}**")
                st.caption(case.demo.history)
                st.write(case.demo.what_to_see)
        named = ask_for_name(case)
        with button:
            offer_pdf(_freeze(paper, attribution, prediction, named=named), named=named)


def _freeze(
    paper: Paper,
    attribution: Attribution | str | None,
    prediction: Prediction | str,
    *,
    named: bool,
) -> Printout:
    """Freeze what the page shows."""
    case = paper.case
    return take_printout(
        paper,
        prediction,
        card=model_answers.model_of(case).card if isinstance(prediction, Prediction) else None,
        found=None if case.quiz else _interpret(case, prediction),
        shown=_shade_shown(case, attribution),
        vitals="" if case.quiz else format_vitals(case),
        remarks=_collect_remarks(paper, attribution, prediction),
        named=named,
    )


def _collect_remarks(
    paper: Paper, attribution: Attribution | str | None, prediction: Prediction | str
) -> tuple[str, ...]:
    """Return what else the page says: of a lead that is lost, a strip, and a map not drawn."""
    case, remarks = paper.case, []
    if isinstance(prediction, Prediction):
        remarks.append(without(case.selected or "", prediction.quality.bad_leads))
        remarks.append("" if prediction.abstained else model_answers.handheld_words(case))
    notice = find_notice(paper, attribution, style=_current_style())
    if notice is not None and _current_style() != "none":
        remarks.append(notice.words)
    return tuple(words for words in remarks if words)


# ---- findings ------------------------------------------------------------------------------


def _predict(case: OpenCase) -> Prediction | str:
    if not model_answers.model_available():
        return "No model is installed. The ECG can still be read and measured."
    try:
        return model_answers.findings_of(case)
    except EcgError as error:
        return str(error)


def _interpret(case: OpenCase, prediction: Prediction | str) -> Interpretation:
    """Return what is reported: with the model where it answered, else by measurement alone."""
    if isinstance(prediction, Prediction):
        with contextlib.suppress(EcgError):
            return model_answers.interpretation_of(case)
    return model_answers.urgent_of(case)


def _make_map(case: OpenCase, code: str) -> Attribution | str:
    """Return the map of the chosen finding, or why there is none."""
    try:
        return model_answers.attribution_of(case, code)
    except EcgError as error:
        return str(error)


def _show_list(case: OpenCase, codes: list[str]) -> Prediction | str:
    """Show the findings, or why there are none; return them, and put their codes in order."""
    with st.spinner("Running the model …", show_time=False):
        prediction = _predict(case)
        found = _interpret(case, prediction)
    show_interpretation(found)
    if isinstance(prediction, str):
        st.info(plain(prediction))
        return prediction
    st.markdown("**Network findings**")
    choose_model(case)
    if prediction.abstained:
        st.warning(plain(f"The model abstains: {prediction.abstain_reason}"))
    for line in list_unassessed(prediction):
        st.warning(plain(line))
    findings = sort_findings(prediction.findings)
    codes += [finding.code for finding in findings]
    show_findings(
        findings,
        key=_LIST,
        selected=case.selected,
        verdicts=case.verdicts,
        on_act=partial(_take_act, case, codes),
    )
    return prediction


def _show_below_list(
    case: OpenCase, prediction: Prediction, attribution: Attribution | str | None
) -> None:
    """Show what belongs to the chosen finding, and what the model saw."""
    words = without(case.selected or "", prediction.quality.bad_leads)
    if words:
        st.caption(plain(words))
    strip = model_answers.handheld_words(case)
    if strip and not prediction.abstained:
        st.caption(plain(strip))
    if case.selected is None:
        st.caption("Choose a finding to see where the model looked.")
    elif isinstance(attribution, Attribution):
        _show_map_panel(case, attribution)
    _show_what_it_saw(case, prediction)


def _show_map_panel(case: OpenCase, attribution: Attribution) -> None:
    choose_style(_STYLE, label="collapsed")
    st.slider("Opacity", 10, 100, 60, step=10, format="%d %%", key=_OPACITY)
    light = rate_faithfulness(attribution.self_check)
    if light.shown:
        sign = "✓ Checks passed" if light.light == "green" else "! Checks partly passed"
        st.caption(plain(f"{sign}: {light.words[0].lower()}{light.words[1:]}"))
    if may_show(case, attribution):
        st.write(plain(describe(model_answers.explainer_of(case), attribution).sentence))
    show_checks(attribution)
    st.page_link(
        "pages/explain.py", label="Compare methods, leads, what if", icon=":material/search:"
    )


def _show_what_it_saw(case: OpenCase, prediction: Prediction) -> None:
    with st.expander("What the model was given"):
        unused = [lead for lead in case.recording.leads if lead not in prediction.leads_used]
        lines = [f"Leads read: {', '.join(prediction.leads_used) or 'none'}."]
        if unused:
            lines.append(f"Left out: {', '.join(unused)}.")
        lines += model_answers.what_it_sees(case)
        lines += list(prediction.quality.reasons)
        lines += [lost_lead(lead) for lead in prediction.quality.bad_leads]
        lines.append("Not flagged does not mean absent.")
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def _take_act(case: OpenCase, codes: Sequence[str], act: dict[str, Any]) -> None:
    """Apply one action: choose, step through the list, confirm or dismiss."""
    if act["name"] in _VERDICTS:
        if case.selected is not None and case.selected in codes:
            _take_verdict(case, case.selected, _VERDICTS[act["name"]])
        return
    chosen = move_choice(act, codes, case.selected)
    if chosen != case.selected:
        case.selected, case.turned_to = chosen, None


def _take_verdict(case: OpenCase, code: str, verdict_given: str) -> None:
    """Take the reader's word; the same word again takes it back."""
    if case.verdicts.get(code) == verdict_given:
        del case.verdicts[code]
    else:
        case.verdicts[code] = verdict_given
