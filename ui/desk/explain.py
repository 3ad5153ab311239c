"""Methods side by side: two on the same paper, each with its words and its checks."""

from html import escape

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, Description, Explainer, describe, methods_of, rate_faithfulness
from ecgcore.explain.defaults import default_methods
from ecgcore.render.strip import strip_figure, sum_over_time, window_figure
from ecgcore.results import Attribution, Finding, Prediction
from ui import model_answers
from ui.desk.explain_leads import show_leads_on_body
from ui.desk.findings import format_value, sort_findings
from ui.desk.maps import (
    choose_style,
    may_show,
    offer_failed_map,
    shade_map,
    show_checks,
    take_sign,
)
from ui.desk.paper import Paper, current_paper
from ui.desk.what_if import show_what_if
from ui.state import OpenCase
from ui.tables import plot
from ui.words import plain

_SIDES = ("left", "right")
_SIGNS = {"for": "For", "against": "Against", "size": "Both"}
_LEGENDS = {
    "for": "Attribution for",
    "against": "Attribution against",
    "size": "Attribution for and against",
}
_LIGHTS = {"green": "#1b7f4b", "amber": "#b35900", "red": "#b3261e"}
_OVER, _BESIDE = "Stacked", "Side by side"
# A sheet of 270 mm fits half of a wide window at two pixels a millimetre.
_BESIDE_PX_PER_MM = 2


def show_explanations(case: OpenCase) -> None:
    """Show the page for a case."""
    if not model_answers.model_available():
        st.info("No model is installed: there is nothing to explain.")
        return
    try:
        with st.spinner("Running the model …", show_time=False):
            prediction = model_answers.findings_of(case)
            explainer = model_answers.explainer_of(case)
    except EcgError as error:
        st.info(plain(str(error)))
        return
    paper = current_paper(case)
    with st.container(horizontal=True, vertical_alignment="bottom", key="row_explained"):
        finding = _choose_finding(case, prediction)
        methods = _choose_methods(case, explainer, finding.code)
    with st.container(horizontal=True, vertical_alignment="bottom", key="row_shown"):
        _choose_drawing()
    if finding.finding is None:
        st.caption(plain(finding.reason))
    at_s = _choose_window(case, explainer, finding)
    found = [_make_map(case, finding.code, method, at_s) for method in methods]
    _show_papers(paper, explainer, found)
    show_strip(case, explainer, [f for f in found if isinstance(f, Attribution)])
    show_leads_on_body(case, explainer, finding.code, at_s)
    show_what_if(case, explainer, prediction, finding.code)


# ---- what is explained ---------------------------------------------------------------------


def _choose_finding(case: OpenCase, prediction: Prediction) -> Finding:
    rows = {f.code: f for f in sort_findings(prediction.findings)}
    codes = list(rows)
    start = codes.index(case.selected) if case.selected in codes else 0
    code = st.selectbox(
        "Finding",
        codes,
        index=start,
        format_func=lambda c: f"{rows[c].name}: {format_value(rows[c])}",
        key=f"explain_finding_{case.case_id}",
        width=380,
    )
    case.selected = code
    return rows[code]


def _choose_methods(case: OpenCase, explainer: Explainer, code: str) -> tuple[str, str]:
    possible = methods_of(explainer.model)
    maps = [m for m in possible if not METHODS[m].whole_leads]
    first, second = (
        st.selectbox(
            "First map" if side == "left" else "Second map",
            maps,
            index=maps.index(default),
            format_func=lambda m: METHODS[m].name,
            key=f"explain_{side}_{case.case_id}_{code}",
            width=210,
        )
        for side, default in zip(_SIDES, _choose_first_methods(case, explainer, code), strict=True)
    )
    return first, second


def _choose_first_methods(case: OpenCase, explainer: Explainer, code: str) -> tuple[str, str]:
    """Return the method of the map that the desk shows, and the statement's other one."""
    first, second = default_methods(explainer.model, code)
    if model_answers.cancelled_maps(case, code):
        return first, second
    try:
        with st.spinner(f"{METHODS[first].name} …", show_time=False):
            shown = model_answers.attribution_of(case, code).method
    except EcgError:
        return first, second  # the reason stands where the map would
    return (shown, first) if shown == second else (first, second)


def _choose_drawing() -> None:
    st.segmented_control(
        "Evidence",
        list(_SIGNS),
        default="for",
        required=True,
        format_func=_SIGNS.__getitem__,
        key="explain_sign",
        help="Unsigned methods show no evidence against.",
    )
    choose_style("explain_style")
    st.segmented_control(
        "Arrange", [_OVER, _BESIDE], default=_OVER, required=True, key="explain_arrange"
    )


def _choose_window(case: OpenCase, explainer: Explainer, finding: Finding) -> float | None:
    """Return a time within the chosen window; None for the highest one, or for the only one."""
    code, numbered = finding.code, finding.calibrated and finding.finding is not None
    pieces, rate = explainer.reading.pieces, explainer.reading.given.fs_hz
    if len(pieces) == 1:
        return None
    output = explainer.output(code)
    highest = pieces.index(explainer.highest(output))
    bounds = [(w.start / rate, w.stop / rate) for w in pieces]
    number = st.slider(
        "Window explained",
        1,
        len(pieces),
        value=highest + 1,
        key=f"explain_window_{case.case_id}_{code}",
        help="Starts at the window with the highest probability.",
    )
    plot(
        window_figure(
            model_answers.window_probabilities(explainer, code),
            bounds,
            shown=number - 1,
            numbered=numbered,
        ),
        "explain_windows",
    )
    start_s, stop_s = bounds[number - 1]
    case.start_s = start_s
    what = "Probability" if numbered else "Uncalibrated output"
    st.caption(f"{what} in each window; the maps explain {start_s:.0f} to {stop_s:.0f} s.")
    return None if number - 1 == highest else (start_s + stop_s) / 2


def _make_map(case: OpenCase, code: str, method: str, at_s: float | None) -> Attribution | str:
    try:
        with st.spinner(f"{METHODS[method].name} …", show_time=False):
            return model_answers.attribution_of(case, code, method, at_s=at_s)
    except EcgError as error:
        return str(error)


# ---- the papers ----------------------------------------------------------------------------


def _show_papers(paper: Paper, explainer: Explainer, found: list[Attribution | str]) -> None:
    beside = st.session_state.get("explain_arrange") == _BESIDE
    columns = st.columns(2, gap="small") if beside else [None, None]
    # Where windows are explained one by one, their slider turns the paper.
    can_turn = len(explainer.reading.pieces) == 1
    for side, column, attribution in zip(_SIDES, columns, found, strict=True):
        if column is None:
            left, right = st.columns([3.3, 1.2], gap="small")
        else:
            left, right = column.container(), column.container()
        with right:
            shown = _show_words(paper.case, explainer, attribution, side)
        with left:
            _show_paper(paper, shown, side, small=beside, can_turn=can_turn)


def _show_paper(
    paper: Paper, attribution: Attribution | None, side: str, *, small: bool, can_turn: bool
) -> None:
    shading = None
    if attribution is not None:
        style = st.session_state.get("explain_style", "heat")
        sign = _current_sign(attribution)
        shading = shade_map(attribution, _LEGENDS[sign], style=style, sign=sign)
    paper.show(
        f"explain_paper_{side}_{'small' if small else 'large'}",
        shading=shading,
        can_turn=can_turn,
        tools=small or side == "left",
        px_per_mm=_BESIDE_PX_PER_MM if small else None,
    )


def _current_sign(attribution: Attribution) -> str:
    """Return what the reader wants to see of a map; an unsigned one has only what is for."""
    sign: str = st.session_state.get("explain_sign", "for")
    return sign if attribution.signed else "for"


# ---- words and checks ----------------------------------------------------------------------


def _show_words(
    case: OpenCase, explainer: Explainer, attribution: Attribution | str, side: str
) -> Attribution | None:
    """Show the light, the words and the checks; return the map if it may be shown."""
    if isinstance(attribution, str):
        st.info(plain(attribution))
        return None
    entry = METHODS[attribution.method]
    light = rate_faithfulness(attribution.self_check)
    st.markdown(f"**{entry.name}**")
    st.html(
        f'<p class="ecg-light"><span style="background:{_LIGHTS[light.light]}"></span>'
        f"{escape(light.words)}</p>"
    )
    if not light.shown:
        offer_failed_map(case, attribution, side)
    shown = may_show(case, attribution)
    if shown:
        _show_description(describe(explainer, attribution))
    show_checks(
        attribution, more=f"{plain(entry.words)} Computed in {attribution.method_seconds:.2f} s."
    )
    return attribution if shown else None


def _show_description(said: Description) -> None:
    st.write(plain(said.sentence))
    for line in said.lines[1:]:
        st.caption(plain(f"Then {line.words}"))
    if said.place is None:
        st.caption("Rate statement: no particular wave or lead.")
        return
    st.caption(plain(f"Textbook: {said.place.criterion}."))
    if said.overlap is not None and said.overlap.share is not None:
        st.caption(
            f"{said.overlap.share * 100:.0f} % of the attribution lies there "
            f"({said.overlap.expected * 100:.0f} % if spread evenly)."
        )
    elif said.overlap is not None:
        st.caption(plain(said.overlap.reason))
    st.caption(plain(said.place.source))


# ---- the strip -----------------------------------------------------------------------------


def show_strip(case: OpenCase, explainer: Explainer, found: list[Attribution]) -> None:
    """Show maps over time, all leads together."""
    shown = [f for f in found if may_show(case, f)]
    if not shown:
        return
    start_s, stop_s = shown[0].window_s or (0.0, explainer.recording.duration_s)
    first, last = (round(edge * shown[0].fs_hz) for edge in (start_s, stop_s))
    rows = {
        METHODS[f.method].name: sum_over_time(
            take_sign(f, _current_sign(f))[:, first:last], f.fs_hz
        )
        for f in shown
    }
    beats = explainer.beats_of(explainer.window_at((start_s + stop_s) / 2))
    r_s = [] if beats is None else (beats.consensus.r_peak + start_s).tolist()
    st.markdown("**Over time**, all leads combined; beats are numbered")
    plot(strip_figure(rows, start_s=start_s, beats_s=r_s), "explain_strip")
