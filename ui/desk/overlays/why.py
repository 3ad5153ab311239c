"""Why: the chosen statement's map by the method with the best checks, else its evidence."""

from html import escape

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, describe, methods_of, rate_faithfulness
from ecgcore.explain.defaults import default_methods
from ecgcore.explain.evidence import highlight_evidence
from ecgcore.render.overlay import Overlay
from ecgcore.results import Attribution
from ecgcore.statements import statement
from ui import model_answers
from ui.components.viewer import Legend
from ui.desk.desk import Desk, Drawing
from ui.desk.display_filter import filter_for_display
from ui.desk.explain import show_strip
from ui.desk.interpretation import describe_evidence
from ui.desk.map_notice import describe_absence, find_densest_s, turn_to
from ui.desk.maps import may_show, offer_failed_map, shade_map, show_checks
from ui.desk.paper import show_still
from ui.desk.report_lines import describe_map
from ui.desk.settings import current_style
from ui.desk.what_if import show_what_if
from ui.shell import rerun_part
from ui.words import plain

_BEST = "best"
_LIGHTS = {"green": "✓", "amber": "!", "red": "✗"}
_EVIDENCE_OPACITY = 0.6


def draw(desk: Desk) -> Drawing:
    """Return the map of the chosen statement, or the waves and leads that it was measured on."""
    code = desk.explained
    if code is None:
        return Drawing(note="Choose a statement.")
    finding = desk.finding(code)
    if finding is None or finding.finding is None:
        return _draw_evidence(desk, code)
    found = desk.attribution(code, desk.case.method)
    if isinstance(found, str):
        return _draw_evidence(desk, code, f"No map: {found}")
    if not may_show(desk.case, found):
        return _draw_evidence(desk, code, f"{_why_failed(found)} Press A to show it.")
    if desk.case.overlay == "why":
        turn_to(desk.paper, code, find_densest_s(found))
    return _draw_map(desk, found)


def _draw_map(desk: Desk, found: Attribution) -> Drawing:
    failed = not rate_faithfulness(found.self_check).shown
    words = "Failed its check: attribution for" if failed else "Where the model looked for"
    shading = shade_map(found, words, style=current_style())
    if shading is None:
        return Drawing()
    note = f"This map is not reliable. {_why_failed(found)}" if failed else ""
    note = f"{note} {describe_absence(desk.paper, found)}".strip()
    return Drawing(
        shading.overlay,
        shading.legend,
        shares=found.lead_share() if len(found.leads) > 1 else {},
        note=note,
        warning=failed,
        printed=describe_map(shading, found),
    )


def _draw_evidence(desk: Desk, code: str, note: str = "") -> Drawing:
    call, name = desk.call(code), statement(code).term
    if call is None:
        return Drawing(note=note or f"{name} is not stated; there is no evidence to show.")
    values = highlight_evidence(desk.case.study, call)
    evidence = describe_evidence(call)
    about = f"{call.printed}: {evidence}" if evidence else call.printed
    if values is None:
        return Drawing(note=" ".join(part for part in (note, f"{about}.") if part))
    recording = desk.case.recording
    if desk.case.overlay == "why":
        turn_to(desk.paper, code, float(values.any(axis=0).argmax()) / recording.fs_hz)
    label = f"Measured evidence for “{call.printed}”"
    return Drawing(
        # Half of the scale: evidence is there or not, and the trace stays the darkest.
        Overlay(values, recording.leads, recording.fs_hz, "heat", _EVIDENCE_OPACITY, top=2.0),
        Legend(label, "", ""),
        note=note,
        printed=(f"Shading: {about}.",),
    )


def _why_failed(found: Attribution) -> str:
    words = rate_faithfulness(found.self_check).words
    return f"The map failed a faithfulness check: {words[:1].lower()}{words[1:]}"


# ---- beside the paper ----------------------------------------------------------------------


def show_panel(desk: Desk) -> None:
    """Show the method and how the map fared in its checks."""
    code = desk.explained
    if code is None or desk.finding(code) is None:
        return
    method = _choose_method(desk)
    found = desk.attribution(code, method)
    if isinstance(found, str):
        st.caption(plain(found))
        return
    light = rate_faithfulness(found.self_check)
    st.html(
        f'<p class="ecg-light">{_LIGHTS[light.light]} '
        f"{escape(METHODS[found.method].name)}: {escape(light.words)}</p>"
    )
    if not light.shown:
        offer_failed_map(desk.case, found, "desk")
    if may_show(desk.case, found):
        st.caption(plain(describe(model_answers.explainer_of(desk.case), found).sentence))


def _choose_method(desk: Desk) -> str | None:
    """Offer the methods; the one whose checks went better is the default."""
    case = desk.case
    try:
        possible = methods_of(model_answers.explainer_of(case).model)
    except EcgError:
        return None
    names = [_BEST, *(m for m in possible if not METHODS[m].whole_leads)]
    chosen = st.selectbox(
        "Method",
        names,
        index=names.index(case.method) if case.method in names else 0,
        format_func=lambda m: "Best checked" if m == _BEST else METHODS[m].name,
        key=f"why_method_{case.case_id}",
        label_visibility="collapsed",
    )
    method = None if chosen == _BEST else chosen
    if method != case.method:
        case.method = method
        rerun_part()
    return method


# ---- under the paper -----------------------------------------------------------------------


def show_details(desk: Desk) -> None:
    """Show checks, a second method beside, the map over time, and what changes without a part."""
    code = desk.explained
    if code is None:
        return
    _show_criterion(desk, code)
    if isinstance(desk.prediction, str) or desk.finding(code) is None:
        return
    found = desk.attribution(code, desk.case.method)
    if isinstance(found, str):
        return
    explainer = model_answers.explainer_of(desk.case)
    second = _choose_second(desk, code, found)
    columns = st.columns(2, gap="small")
    for side, column, one in zip(("first", "second"), columns, (found, second), strict=True):
        with column:
            _show_small(desk, one, side)
    show_strip(desk.case, explainer, [found, second] if second is not None else [found])
    show_what_if(desk.case, explainer, desk.prediction, code)


def _show_criterion(desk: Desk, code: str) -> None:
    """Say by what a statement is decided, on what values, and where that is written."""
    entry, call = statement(code), desk.call(code)
    if call is not None and call.evidence:
        st.markdown(f"**{plain(call.printed)}:** {plain(describe_evidence(call))}")
    if entry.criterion:
        st.caption(plain(f"Criterion: {entry.criterion}"))
    for source in entry.sources:
        st.caption(plain(source.full))


def _choose_second(desk: Desk, code: str, found: Attribution) -> Attribution | None:
    """Offer another method to compare with; the statement's other default first."""
    model = model_answers.explainer_of(desk.case).model
    names = [m for m in methods_of(model) if m != found.method and not METHODS[m].whole_leads]
    first = next((m for m in default_methods(model, code) if m in names), names[0])
    method = st.selectbox(
        "Second method",
        names,
        index=names.index(first),
        format_func=lambda m: METHODS[m].name,
        key=f"why_second_{desk.case.case_id}_{code}_{found.method}",
        width=260,
    )
    second = desk.attribution(code, method)
    if isinstance(second, str):
        st.caption(plain(second))
        return None
    return second


def _show_small(desk: Desk, found: Attribution | None, side: str) -> None:
    """Show a map on a small sheet, with its checks."""
    if found is None:
        return
    case = desk.case
    light = rate_faithfulness(found.self_check)
    st.markdown(f"**{METHODS[found.method].name}**")
    st.caption(plain(f"{_LIGHTS[light.light]} {light.words}"))
    shown = may_show(case, found)
    show_still(
        filter_for_display(case),
        desk.paper.lay_out(),
        f"why_{side}",
        case_id=case.case_id,
        header=(),
        footer=("" if shown else "The map failed a faithfulness check and is hidden.",),
        shading=shade_map(found, "Attribution for") if shown else None,
    )
    show_checks(found, more=plain(METHODS[found.method].words))
