"""The anomaly page: the map on the paper, its places beside it, and what was expected there."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgcore.errors import CancelledError, EcgError
from ecgcore.inference import available_models, use_threads
from ecgcore.inference.anomaly import (
    default_anomaly,
)
from ecgcore.inference.anomaly_shading import ShadingScale, shade, shading_scale
from ecgcore.inference.anomaly_spans import Place, places_of, spans_of
from ecgcore.inference.card import ANOMALY
from ecgcore.inference.shelf import DEFAULT_ANOMALY
from ecgcore.measure.unusual import worded
from ecgcore.render.restored import draw_lead_bars, draw_over_time, restored_figure
from ecgcore.results import AnomalyMap, AnomalySpan, MeasureResult
from ecgcore.turns import Priority
from ui import model_answers
from ui.components.places import PlaceRow, move_choice, show_places
from ui.desk.anomaly_words import (
    OWN,
    WITH,
    describe_places,
    format_ordinal,
    format_rarity,
    make_parts_table,
    make_scores_table,
)
from ui.desk.paper import Paper
from ui.running import run
from ui.state import OpenCase
from ui.tables import plot
from ui.words import plain

_VIEWER = "anomaly_paper"
_LIST = "anomaly_places"
_THRESHOLD = "anomaly_threshold"
_CHOSEN = "anomaly_place"
# One normal sample in so many is as unusual or more.
_STEPS = (20, 50, 100, 200, 500, 1000, 2000, 10_000)
_MOST_PLACES = 12
_AROUND_S = 1.2
# So much of a place is seen before the paper is left where it is.
_MUCH_S = 1.0


def find_anomalies(case: OpenCase) -> AnomalyMap | str:
    """Return how unusual a case is, or why that is not known; computed once."""
    known = case.answers.anomalies
    if known.found is None:
        try:
            known.found = _compute(case)
        except CancelledError as error:
            # Not kept: the page offers to compute it after all.
            return str(error)
        except EcgError as error:
            known.found = str(error)
    return known.found


def _compute(case: OpenCase) -> AnomalyMap | str:
    if DEFAULT_ANOMALY not in available_models(ANOMALY):
        return "No anomaly model is installed. The ECG can still be read and measured."
    use_threads(1)
    model, study = default_anomaly(), case.study
    return run(
        case,
        ("anomalies", model.name),
        lambda report: study.anomaly(model, report=report),
        title="Comparing with normal ECGs",
        priority=Priority.MAPS,
    )


def find_places(case: OpenCase, found: AnomalyMap, threshold: float) -> tuple[Place, ...]:
    """Return the places at a threshold, the most unusual ones with words; made once."""
    measured, unit = model_answers.measured_of(case), case.recording.unit
    known = case.answers.anomalies.places
    if threshold not in known:
        known[threshold] = _word_places(found, threshold, measured, unit)
    return known[threshold]


def _word_places(
    found: AnomalyMap, threshold: float, measured: MeasureResult, unit: str
) -> tuple[Place, ...]:
    shown = places_of(find_spans(found, threshold))[:_MOST_PLACES]
    kept = tuple(span for place in shown for span in place.spans)
    if not kept:
        return ()
    said = worded(replace(found, spans=kept), measured, unit)
    return places_of(said.spans)


# ---- paper ---------------------------------------------------------------------------------


def shade_anomalies(case: OpenCase, found: AnomalyMap) -> tuple[ShadingScale, NDArray[np.float32]]:
    """Return how this recording is shaded, and its shading; computed once."""
    known = case.answers.anomalies
    if known.shading is None:
        scale = shading_scale(found.values)
        known.shading = scale, shade(found.values, found.fs_hz, scale)
    return known.shading


def show_restored(paper: Paper, found: AnomalyMap, threshold: float, place: Place | None) -> None:
    """Show the whole length of a long recording, and what was expected at the chosen place."""
    if paper.is_paged:
        st.markdown("**Over the whole recording**")
        start_s = paper.case.start_s
        shown = (start_s, start_s + paper.seconds)
        figure = draw_over_time(found.values, found.fs_hz, threshold=threshold, shown=shown)
        plot(figure, "anomaly_time")
    if place is None or found.trace is None:
        return
    leads = [lead for lead in place.leads if lead in found.trace.leads]
    if not leads:
        return
    st.markdown("**Recorded and expected**")
    lead = leads[0]
    if len(leads) > 1:
        lead = (
            st.segmented_control(
                "Lead", leads, default=leads[0], format_func=plain, key="anomaly_lead"
            )
            or leads[0]
        )
    figure = restored_figure(
        found.trace,
        lead,
        start_s=place.start_s,
        end_s=min(place.end_s, place.start_s + 8.0),
        around_s=_AROUND_S,
        unit=paper.case.recording.unit,
    )
    plot(figure, "anomaly_restored")
    st.caption(
        "Black: recorded (0.5-40 Hz). Blue: these samples as the model restores them from the "
        "rest of the recording, with two standard deviations. An abnormality of every beat may be "
        "restored too: then go by the shading, not the difference."
    )


# ---- beside --------------------------------------------------------------------------------


def show_head(case: OpenCase, found: AnomalyMap) -> float:
    """Say the scores, and offer the threshold with the false alarms it means."""
    st.markdown("**Compared with normal ECGs**")
    if found.abnormal is None:
        st.warning("Not assessed: signal quality is insufficient.")
    else:
        st.html(make_scores_table(found))
        st.caption(
            f"Percentile among normal recordings; unusual from the "
            f"{format_ordinal(100 * found.threshold)}. Not a diagnosis."
        )
    rarity = st.select_slider(
        "Sensitivity",
        _STEPS,
        value=_choose_rarity(found),
        format_func="1 in {:,}".format,
        help="Marks samples as rare as this among normal ECGs.",
        key=f"{_THRESHOLD}_{case.case_id}",
    )
    threshold = 1 - 1 / rarity
    alarms = _count_alarms(found, threshold)
    if alarms is not None:
        st.caption(
            f"At this sensitivity, 10 s of a normal ECG have {alarms:.1f} such places on average."
        )
    return threshold


def read_threshold(case: OpenCase, found: AnomalyMap) -> float:
    """Return the threshold as the reader has set it, or the one to begin with."""
    rarity = st.session_state.get(f"{_THRESHOLD}_{case.case_id}", _choose_rarity(found))
    return 1 - 1 / int(rarity)


def _choose_rarity(found: AnomalyMap) -> int:
    """Return the rarity to begin with: the model's, or of an unusual ECG one that marks a place."""
    at = min(range(len(_STEPS)), key=lambda i: abs((1 - 1 / _STEPS[i]) - found.map_threshold))
    while found.abnormal and at and not find_spans(found, 1 - 1 / _STEPS[at]):
        at -= 1
    return _STEPS[at]


def find_spans(found: AnomalyMap, threshold: float) -> tuple[AnomalySpan, ...]:
    """Return the places of a map at a threshold."""
    return spans_of(found.values, found.leads, found.fs_hz, threshold)


def _count_alarms(found: AnomalyMap, threshold: float) -> float | None:
    rows = found.false_alarms
    if not rows:
        return None
    below = [row for row in rows if row[0] <= threshold] or [rows[0]]
    above = [row for row in rows if row[0] >= threshold] or [rows[-1]]
    (a, low), (b, high) = below[-1], above[0]
    part = 0.0 if b <= a else (threshold - a) / (b - a)
    return low + part * (high - low)


def _code_of(place: Place) -> str:
    return f"{place.start_s:.3f}-{place.end_s:.3f}"


def find_chosen(places: tuple[Place, ...]) -> Place | None:
    """Return the place that the reader has chosen, or None."""
    code = st.session_state.get(_CHOSEN)
    return next((place for place in places if _code_of(place) == code), None)


def show_list(
    paper: Paper, found: AnomalyMap, places: Sequence[Place], place: Place | None
) -> None:
    """Show the places, to choose one."""
    scale, _ = shade_anomalies(paper.case, found)
    st.caption(describe_places(found, n_places=len(places), scale=scale))
    if not places:
        return
    show_places(
        [_make_row(p, len(found.leads), chosen=p is place) for p in places],
        key=_LIST,
        selected=None if place is None else _code_of(place),
        label="Unusual places",
        on_act=partial(take_act, paper, places),
    )


def _make_row(place: Place, n_leads: int, *, chosen: bool) -> PlaceRow:
    leads = place.leads
    where = ", ".join(leads[:3]) + (f" and {len(leads) - 3} more" if len(leads) > 3 else "")
    if len(leads) == n_leads > 3:
        where = "All leads"
    span = place.spans[0]
    words = place.words if chosen else span.words or span.apart
    name = f"{place.start_s:.1f} s  {where}"
    return PlaceRow(_code_of(place), name, format_rarity(place.score), words)


def show_leads(found: AnomalyMap) -> None:
    """Show the score of each lead, folded."""
    if sum(v is not None for v in found.lead_scores.values()) < 2:
        return
    with st.expander("Lead by lead", expanded=len(found.leads) > 2):
        plot(draw_lead_bars(found.lead_scores, found.threshold), "anomaly_leads")
        st.caption(
            "Each bar: the score if every lead looked like this one, on the scale of the score "
            "trained on normal ECGs only."
        )


def show_parts(found: AnomalyMap) -> None:
    """Show what the scores are made of, folded."""
    if found.abnormal is None:
        return
    with st.expander("Components of the scores"):
        st.markdown(f"**{OWN}**")
        st.html(make_parts_table(found.parts))
        if found.with_classifier is not None:
            st.markdown(f"**{WITH}**")
            st.html(make_parts_table(found.with_classifier.parts))
        st.caption("Percentage of normal recordings that are less unusual, part by part.")


def show_notes(found: AnomalyMap) -> None:
    """Say how the scores are read, folded."""
    with st.expander("How to read the scores"):
        lines = [
            *found.notes,
            f"{OWN}: the map, its places and the first score. No diagnosis was used in training; "
            "the weight of each part was chosen on labelled ECGs.",
            f"{WITH}: the second score also uses how far the features of the diagnostic network, "
            "which was trained on diagnoses, are from those of normal ECGs.",
            "Rare benign findings are unusual too; a common disease may not be.",
            f"Model: {found.model}.",
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def take_act(paper: Paper, places: Sequence[Place], act: dict[str, Any]) -> None:
    """Choose a place, or step through them; a long recording is turned there."""
    codes = [_code_of(place) for place in places]
    before = st.session_state.get(_CHOSEN)
    chosen = move_choice(act, codes, before)
    if chosen == before:
        return
    st.session_state[_CHOSEN] = chosen
    if chosen is None:
        return
    start_s = places[codes.index(chosen)].start_s
    if not (paper.shows(start_s) and paper.shows(start_s + _MUCH_S)):
        paper.turn_to(start_s)
