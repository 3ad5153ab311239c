"""The desk: one ECG on one paper, what is reported beside it, and one overlay at a time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.results import Prediction
from ui import model_answers
from ui.components.viewer import Overlays
from ui.desk.ahead import keep, prepare, ready_layers
from ui.desk.choose_model import choose_model
from ui.desk.desk import Desk, Drawing, interpret, predict
from ui.desk.events import events_of, make_ticks, show_events, take_step
from ui.desk.head import show_head
from ui.desk.interpretation import show_urgent
from ui.desk.overlays import CHOICES, NONE, OVERLAYS
from ui.desk.paper import Paper
from ui.desk.print_desk import offer_report
from ui.desk.quiz import may_show_answer
from ui.desk.saving import offer_save
from ui.desk.settings import recall_settings
from ui.desk.statements import list_codes, show_statements, take_statement
from ui.desk.vitals import show_values
from ui.keeping import note_changes, show_notice
from ui.kept_settings import keep_settings
from ui.shell import rerun_part
from ui.state import OpenCase, move_to, take_move
from ui.words import plain

_VIEWER = "desk_paper"
_RAIL_PX, _GAP_PX = 340, 16
_STEPS = {"next_case": 1, "previous_case": -1}


@st.fragment
def show_desk(case: OpenCase) -> None:
    """Show a case: paper, measurements and what is reported; nothing else on the page reruns."""
    if take_move():
        st.rerun()
    paper = Paper(case, recall_settings(case), header=False)
    with st.container(horizontal=True, gap="small", key="desk"):
        left = st.container(key="desk_left", gap="xsmall")
        rail = st.container(key="desk_rail", gap="xsmall")
    with left:
        show_head(case)
        strip, sheet, below = st.container(), st.container(), st.container()
    if case.quiz:
        with rail:
            may_show_answer(case)
        with sheet:
            _show_sheet(paper, None, None)
        return
    # The paper stands before anything is measured, unless an overlay waits to be drawn on it.
    first = case.overlay == NONE
    if first:
        with sheet:
            _show_sheet(paper, None, None)
    urgent = model_answers.urgent_of(case)
    with rail:
        show_urgent(urgent, kind="wide")
    with strip:
        show_urgent(urgent, kind="narrow")
        show_values(case, on_act=partial(_take_measurement, case))
    with rail:
        desk = _report(paper)
        show_statements(desk)
        entry = OVERLAYS[case.overlay]
    drawing = None if first else _draw(desk)
    if not first:
        with sheet:
            _show_sheet(paper, desk, drawing)
    with rail:
        if entry.panel is not None:
            with st.container(key="desk_panel", gap="xsmall"):
                entry.panel(desk)
        _show_foot(desk, drawing)
    with below:
        show_events(desk)
        if entry.details is not None:
            # Computed once it is opened.
            details = st.expander("Details", key=f"desk_details_{entry.id}", on_change="rerun")
            if details.open:
                with details:
                    entry.details(desk)
    _keep(desk)
    if prepare(desk):
        rerun_part()


def _report(paper: Paper) -> Desk:
    """Return the case as it is read: by measurement, with the network where it answers."""
    case = paper.case
    with st.spinner("Reading …", show_time=False):
        prediction = predict(case)
        found = interpret(case, prediction)
    if isinstance(prediction, str):
        st.info(plain(prediction))
    else:
        choose_model(case)
        if prediction.abstained:
            st.warning(plain(prediction.abstain_reason))
    return Desk(paper, found, prediction)


def _keep(desk: Desk) -> None:
    """Keep what the reader did, and say where that is not possible."""
    asked = isinstance(desk.prediction, Prediction)
    model = model_answers.model_of(desk.case).card.weights_sha256 if asked else ""
    note_changes(desk.case, model=model)
    keep_settings()
    show_notice()


# ---- paper ---------------------------------------------------------------------------------


def _draw(desk: Desk) -> Drawing:
    entry = OVERLAYS[desk.case.overlay]
    try:
        with st.spinner(f"{entry.label} …", show_time=False):
            drawing = entry.draw(desk)
    except EcgError as error:
        return Drawing(note=str(error))
    keep(desk.case, drawing)
    return drawing


def _show_sheet(paper: Paper, desk: Desk | None, drawing: Drawing | None) -> None:
    case = paper.case
    overlays = None
    if not case.quiz:
        layers = ready_layers(paper)
        if drawing is not None:
            layers[case.overlay] = drawing.lay_over(paper)
        overlays = Overlays(CHOICES, case.overlay, layers)
    known = case.answers.measured_only is not None and paper.is_paged and not case.quiz
    paper.show(
        _VIEWER,
        overlays=overlays,
        ticks=make_ticks(events_of(_known_desk(paper))) if known else (),
        beside_px=_RAIL_PX + _GAP_PX,
        on_act=partial(_take_act, paper, desk),
    )


def _show_foot(desk: Desk, drawing: Drawing | None) -> None:
    """Offer the report, the recording in another format, and the teaching note."""
    case = desk.case
    with st.container(horizontal=True, vertical_alignment="center", key="desk_foot"):
        offer_report(desk, drawing)
        with st.popover("More"):
            offer_save(case)
            if isinstance(desk.prediction, Prediction):
                _say_what_was_given(case, desk.prediction)
            if case.demo is not None:
                st.markdown(f"**{case.demo.title}**")
                st.caption(case.demo.history)
                st.write(case.demo.what_to_see)


def _say_what_was_given(case: OpenCase, prediction: Prediction) -> None:
    """Say which leads the network read, and what it sees of them."""
    unused = [lead for lead in case.recording.leads if lead not in prediction.leads_used]
    lines = [f"Leads read: {', '.join(prediction.leads_used) or 'none'}."]
    if unused:
        lines.append(f"Left out: {', '.join(unused)}.")
    lines += model_answers.what_it_sees(case)
    st.markdown("**What the network was given**")
    st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def _take_act(paper: Paper, desk: Desk | None, act: dict[str, Any]) -> None:
    """Apply what the reader does on the paper, or by a key."""
    case, name = paper.case, act["name"]
    if name in _STEPS:
        if case.queue is not None:
            move_to(case, case.queue.number + _STEPS[name])
    elif case.quiz:
        return  # each other key shows or steps to what the software says
    elif name == "overlay" and act.get("id") in OVERLAYS:
        case.overlay, case.turned_to = str(act["id"]), None
    elif name == "show_anyway":
        _toggle_failed(desk or _known_desk(paper))
    elif not _take_by_overlay(paper, desk, act):
        take_statement(case, _codes(case), act)


def _known_desk(paper: Paper) -> Desk:
    """Return the desk as far as it is measured: enough for what needs no network."""
    return Desk(paper, model_answers.urgent_of(paper.case), "")


def _take_by_overlay(paper: Paper, desk: Desk | None, act: dict[str, Any]) -> bool:
    take = OVERLAYS[paper.case.overlay].take
    desk = desk or _known_desk(paper)
    return (take is not None and take(desk, act)) or take_step(desk, act["name"])


def _codes(case: OpenCase) -> Sequence[str]:
    return list_codes(case, interpret(case, predict(case)))


def _take_measurement(case: OpenCase, act: dict[str, Any]) -> None:
    """Show the marks that a value was measured at."""
    if act["name"] == "measurement":
        case.overlay = "waves"


def _toggle_failed(desk: Desk) -> None:
    case, code = desk.case, desk.explained
    case.show_failed = None if case.show_failed == code else code
