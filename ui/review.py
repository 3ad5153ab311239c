"""The reading desk: paper left, findings right, one fragment so that nothing else reruns."""

from typing import Any

import numpy as np
import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, describe, verdict
from ecgcore.render.overlay import STYLES, Overlay
from ecgcore.render.paper import PaperSettings, lay_out, window_seconds
from ecgcore.results import Attribution, Prediction
from ecgcore.signal.quality_words import lost_lead, without
from ecgcore.statements import statement
from ui import models, settings
from ui.failed_maps import may_show
from ui.findings import findings_list, ordered
from ui.map_notice import map_notice, show_map_notice, turn_to_map
from ui.quiz import answer_shown
from ui.report import (
    Printout,
    ShownMap,
    alarm_lines,
    footer_lines,
    header_lines,
    name_toggle,
    pdf_button,
    take_printout,
    unassessed_lines,
)
from ui.saving import save_button
from ui.single_lead import which_model
from ui.state import OpenCase, open_case
from ui.viewer import Legend, envelope, paper_viewer
from ui.vitals import vitals_line, vitals_words
from ui.words import plain

_VIEWER = "review_paper"
_LIST = "review_findings"
_VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed"}


@st.fragment
def review(case: OpenCase) -> None:
    """Show a case: its paper, the model's findings, and the map of the chosen one."""
    chosen = settings.paper_controls(case)
    urgent = st.container()
    paper, side = st.columns([3.95, 1], gap="small")
    with paper:
        sheet, below = st.container(), st.container()
    if case.quiz:
        with side:
            answer_shown(case)
        with sheet:
            _sheet(case, chosen, None)
        with below:
            _below(case, chosen, None, "Quiz mode: the answer is not shown.")
        return
    attribution = None
    if case.selected is None:
        # The paper stands before anything is measured or the model has answered.
        with sheet:
            _sheet(case, chosen, None)
    # What cannot wait is said before any network is asked, and whatever comes of that.
    with urgent:
        _alarms(case)
        vitals_line(case)
    # The list shows what was chosen before its map is made.
    with side:
        prediction = _list(case)
        if case.selected is not None and isinstance(prediction, Prediction):
            with st.spinner("Asking where the model looked …", show_time=False):
                attribution = _chosen_map(case, case.selected)
    if case.selected is not None:
        with sheet:
            _notice(case, chosen, attribution)
            _sheet(case, chosen, attribution)
    with below:
        # Last: what is printed is what the page shows by now.
        _below(case, chosen, attribution, prediction)
    if isinstance(prediction, Prediction):
        with side:
            _below_list(case, prediction, attribution)


def _alarms(case: OpenCase) -> None:
    """Say above the paper where ventricles may not pump, whatever the model says."""
    for words in alarm_lines(models.measured_of(case).alarms):
        st.error(plain(words), icon=":material/warning:")


# ---- paper ---------------------------------------------------------------------------------


def _notice(case: OpenCase, chosen: PaperSettings, attribution: Attribution | str | None) -> None:
    """Turn to the chosen finding's map, or say above the paper why none is seen."""
    seconds = window_seconds(chosen, case.recording.duration_s)
    turn_to_map(case, attribution, seconds=seconds)
    style = st.session_state.get("overlay_style", "heat")
    show_map_notice(case, map_notice(case, attribution, seconds=seconds, style=style), attribution)


def _sheet(case: OpenCase, chosen: PaperSettings, attribution: Attribution | str | None) -> None:
    _paper(case, chosen, _shown(case, attribution))


def _shown(case: OpenCase, attribution: Attribution | str | None) -> Attribution | None:
    """Return the map if it may be shown."""
    is_map = isinstance(attribution, Attribution)
    return attribution if is_map and may_show(case, attribution) else None


def _paper(case: OpenCase, chosen: PaperSettings, attribution: Attribution | None) -> None:
    recording = settings.drawn_recording(case)
    seconds = window_seconds(chosen, recording.duration_s)
    case.start_s = min(case.start_s, max(0.0, recording.duration_s - seconds))
    sheet = lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)
    long = recording.duration_s > seconds + 0.5
    lead = chosen.rhythm_lead
    paper_viewer(
        recording,
        sheet,
        key=_VIEWER,
        case_id=case.case_id,
        header=header_lines(case, chosen),
        footer=footer_lines(recording, case.start_s, sheet.seconds),
        overlay=_overlay(attribution),
        legend=_legend(attribution),
        overview=case.remember(("envelope", lead), lambda: envelope(case.recording, lead))
        if long
        else None,
        on_act=_on_paper,
    )


def _below(
    case: OpenCase,
    chosen: PaperSettings,
    attribution: Attribution | str | None,
    prediction: Prediction | str,
) -> None:
    """Offer the sheet as PDF and, for a demonstration case, the teaching note."""
    with st.container(horizontal=True, vertical_alignment="center"):
        # The toggle stands behind the button that it decides about.
        button = st.container(width="content")
        save_button(case)
        if case.demo is not None and not case.quiz:
            with st.popover("Teaching note"):
                st.markdown(f"**{case.demo.title}**")
                st.caption(case.demo.history)
                st.write(case.demo.what_to_see)
        named = name_toggle(case)
        with button:
            printout = _printout(case, chosen, attribution, prediction, named=named)
            pdf_button(printout, named=named)


def _printout(
    case: OpenCase,
    chosen: PaperSettings,
    attribution: Attribution | str | None,
    prediction: Prediction | str,
    *,
    named: bool,
) -> Printout:
    """Freeze what the page shows."""
    given, attribution = attribution, _shown(case, attribution)
    overlay, legend = _overlay(attribution), _legend(attribution)
    drawn = attribution is not None and overlay is not None and legend is not None
    said = isinstance(prediction, Prediction)
    strip = models.handheld_words(case) if said and not prediction.abstained else ""
    lost = without(case.selected or "", prediction.quality.bad_leads) if said else ""
    remarks = (lost, strip, _printed_notice(case, chosen, given))
    return take_printout(
        case,
        chosen,
        prediction,
        card=models.model_of(case).card if said else None,
        alarms=() if case.quiz else models.measured_of(case).alarms,
        shown=ShownMap(overlay, legend, attribution) if drawn else None,
        vitals="" if case.quiz else vitals_words(case),
        remarks=tuple(words for words in remarks if words),
        named=named,
    )


def _printed_notice(
    case: OpenCase, chosen: PaperSettings, attribution: Attribution | str | None
) -> str:
    """Return why the sheet shows nothing of the chosen map, unless the reader put it off."""
    seconds = window_seconds(chosen, case.recording.duration_s)
    style = st.session_state.get("overlay_style", "heat")
    notice = map_notice(case, attribution, seconds=seconds, style=style)
    return "" if notice is None or style == "none" else notice.words


def _overlay(attribution: Attribution | None) -> Overlay | None:
    if attribution is None:
        return None
    style = st.session_state.get("overlay_style", "heat")
    if style not in STYLES or style == "none":
        return None
    opacity = st.session_state.get("overlay_opacity", 60) / 100
    # What speaks for the statement; what speaks against it stands on the page Explain.
    values = np.maximum(attribution.values, 0)
    return Overlay(values, attribution.leads, attribution.fs_hz, style, opacity)


def _legend(attribution: Attribution | None) -> Legend | None:
    if attribution is None or st.session_state.get("overlay_style") == "none":
        return None
    name = statement(attribution.label).term
    method = METHODS[attribution.method].name
    return Legend(f"Where the model looked for “{name}” ({method})", "little", "much attribution")


# ---- findings ------------------------------------------------------------------------------


def _prediction(case: OpenCase) -> Prediction | str:
    if not models.model_available():
        return "No trained model is installed here. The paper and its tools work without one."
    try:
        return models.findings_of(case)
    except EcgError as error:
        return str(error)


def _chosen_map(case: OpenCase, code: str) -> Attribution | str:
    """Return the map of the chosen finding, or why there is none."""
    try:
        return models.attribution_of(case, code)
    except EcgError as error:
        return str(error)


def _list(case: OpenCase) -> Prediction | str:
    """Show the findings, or why there are none; return them."""
    with st.spinner("Asking the model …", show_time=False):
        prediction = _prediction(case)
    if isinstance(prediction, str):
        st.info(plain(prediction))
        return prediction
    st.markdown("**What the model suggests**")
    which_model(case)
    if prediction.abstained:
        st.warning(plain(f"The model abstains: {prediction.abstain_reason}"))
    for line in unassessed_lines(prediction):
        st.warning(plain(line))
    findings_list(
        ordered(prediction.findings),
        key=_LIST,
        selected=case.selected,
        verdicts=case.verdicts,
        on_act=_on_list,
    )
    return prediction


def _below_list(
    case: OpenCase, prediction: Prediction, attribution: Attribution | str | None
) -> None:
    """Show what belongs to the chosen finding, and what the model saw."""
    words = without(case.selected or "", prediction.quality.bad_leads)
    if words:
        st.caption(plain(words))
    strip = models.handheld_words(case)
    if strip and not prediction.abstained:
        st.caption(plain(strip))
    if case.selected is None:
        st.caption("Choose a finding to see on the paper where the model looked.")
    elif isinstance(attribution, Attribution):
        _map_panel(case, attribution)
    _what_it_saw(case, prediction)


def _map_panel(case: OpenCase, attribution: Attribution) -> None:
    st.segmented_control(
        "Overlay",
        list(STYLES),
        default="heat",
        format_func={"heat": "Shading", "trace": "Trace", "none": "None"}.get,
        key="overlay_style",
        label_visibility="collapsed",
    )
    st.slider("Opacity", 10, 100, 60, step=10, format="%d %%", key="overlay_opacity")
    light = verdict(attribution.self_check)
    if light.shown:
        sign = "✓ Checks passed" if light.light == "green" else "! Checks passed in part"
        st.caption(plain(f"{sign}: {light.words[0].lower()}{light.words[1:]}"))
    if may_show(case, attribution):
        st.write(plain(describe(models.explainer_of(case), attribution).sentence))
    with st.expander("The checks"):
        for check in attribution.self_check:
            mark = {True: "✓", False: "✗", None: "·"}[check.passed]
            st.caption(plain(f"{mark} {check.words or check.name}"))
    st.page_link("pages/explain.py", label="Two methods, leads, what if", icon=":material/search:")


def _what_it_saw(case: OpenCase, prediction: Prediction) -> None:
    with st.expander("What the model saw, and did not see"):
        recording = case.recording
        unused = [lead for lead in recording.leads if lead not in prediction.leads_used]
        lines = [f"Leads read: {', '.join(prediction.leads_used) or 'none'}."]
        if unused:
            lines.append(f"Left out: {', '.join(unused)}.")
        lines += models.what_it_sees(case)
        lines += list(prediction.quality.reasons)
        lines += [lost_lead(lead) for lead in prediction.quality.bad_leads]
        lines.append("“Not flagged” does not mean absent.")
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def _on_paper() -> None:
    act = _act(_VIEWER)
    case = open_case()
    if case is None or act is None:
        return
    if act["name"] == "navigate":
        case.start_s = float(act.get("start_s", 0.0))
    else:
        _do(case, act)


def _on_list() -> None:
    act = _act(_LIST)
    case = open_case()
    if case is not None and act is not None:
        _do(case, act)


def _act(key: str) -> dict[str, Any] | None:
    state = st.session_state.get(key)
    act = state.get("act") if state else None
    return dict(act) if act else None


def _do(case: OpenCase, act: dict[str, Any]) -> None:
    """Apply one action: choose, step through the list, confirm or dismiss."""
    prediction = case.memo.get("prediction")
    if not isinstance(prediction, Prediction):
        return
    codes = [finding.code for finding in ordered(prediction.findings)]
    name = act["name"]
    if name == "select" and act.get("code") in codes:
        case.selected = None if case.selected == act["code"] else act["code"]
        case.turned_to = None
    elif name in ("next", "previous"):
        step = 1 if name == "next" else -1
        at = codes.index(case.selected) + step if case.selected in codes else min(step, 0)
        case.selected = codes[at % len(codes)]
        case.turned_to = None
    elif name in _VERDICTS and case.selected in codes:
        verdict = _VERDICTS[name]
        if case.verdicts.get(case.selected) == verdict:
            del case.verdicts[case.selected]
        else:
            case.verdicts[case.selected] = verdict
