"""Unusual: the anomaly map on the paper, and its ranked places to step through."""

from typing import Any

import streamlit as st

from ecgcore.inference.anomaly_spans import Place
from ecgcore.render.overlay import Overlay
from ecgcore.results import AnomalyMap
from ui.components.viewer import Legend
from ui.desk.anomaly import (
    find_anomalies,
    find_chosen,
    find_places,
    read_threshold,
    shade_anomalies,
    show_head,
    show_leads,
    show_list,
    show_notes,
    show_parts,
    show_restored,
    take_act,
)
from ui.desk.anomaly_words import describe_score, format_power
from ui.desk.desk import Desk, Drawing
from ui.words import plain

_OPACITY = 0.5
_STEPS = {"next_place": "next", "previous_place": "previous"}


def draw(desk: Desk) -> Drawing:
    """Return the map of how unusual each sample is among normal ECGs."""
    found = find_anomalies(desk.case)
    if isinstance(found, str):
        return Drawing(note=found)
    scale, values = shade_anomalies(desk.case, found)
    assessed = found.abnormal is not None
    score = (
        describe_score(found.score, abnormal=found.abnormal)
        if assessed
        else "Not assessed: signal quality is insufficient"
    )
    hint = " N and P step through the places." if assessed else ""
    place = find_chosen(_find_places(desk, found))
    return Drawing(
        Overlay(values, found.leads, found.fs_hz, "heat", _OPACITY, top=1.0),
        Legend(
            "How unusual among normal ECGs",
            format_power(scale.weakest),
            f"{format_power(scale.strongest)} and rarer",
        ),
        note=_describe_place(place) if place else f"{score}.{hint}",
        printed=(f"Shading: how unusual among normal ECGs ({found.model}). {score}.",),
    )


def _describe_place(place: Place) -> str:
    leads = ", ".join(place.leads[:4])
    return f"{place.start_s:.1f} s, {leads}: {place.words or place.spans[0].apart}"


def _find_places(desk: Desk, found: AnomalyMap) -> tuple[Place, ...]:
    return find_places(desk.case, found, read_threshold(desk.case, found))


def take(desk: Desk, act: dict[str, Any]) -> bool:
    """Step through the places; a long recording is turned there."""
    if act["name"] not in _STEPS:
        return False
    found = find_anomalies(desk.case)
    if not isinstance(found, str):
        take_act(desk.paper, _find_places(desk, found), {"name": _STEPS[act["name"]]})
    return True


def show_panel(desk: Desk) -> None:
    """Show the scores, the sensitivity, and the places."""
    found = find_anomalies(desk.case)
    if isinstance(found, str):
        st.info(plain(found))
        return
    show_head(desk.case, found)
    places = _find_places(desk, found)
    show_list(desk.paper, found, places, find_chosen(places))


def show_details(desk: Desk) -> None:
    """Show what was expected at the chosen place, and what the scores are made of."""
    found = find_anomalies(desk.case)
    if isinstance(found, str):
        return
    threshold = read_threshold(desk.case, found)
    place = find_chosen(find_places(desk.case, found, threshold))
    show_restored(desk.paper, found, threshold, place)
    show_leads(found)
    show_parts(found)
    show_notes(found)
