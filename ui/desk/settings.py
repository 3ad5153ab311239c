"""The reader's paper settings, kept through all pages of a session."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgcore.render.paper import (
    GAINS_MM_PER_MV,
    LAYOUTS,
    SPEEDS_MM_PER_S,
    PaperSettings,
    list_layouts,
)
from ui.desk.display_filter import (
    FILTER,
    FILTER_LABELS,
    MAINS,
    MAINS_LABELS,
    current_filter,
)
from ui.desk.patient import show_patient
from ui.state import OpenCase

_PAPER = "paper_settings"
_CASE = "paper_settings_case"
_BY_LEADS = "paper_settings_by_leads"

Option = TypeVar("Option")


def open_row(key: str, gap: Literal["small", "medium"]) -> DeltaGenerator:
    """Return a row of controls; on a phone it is swiped sideways, and leaves room to the paper."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap=gap, key=f"row_{key}")


def current_settings() -> PaperSettings:
    """Return the settings as the reader chose them last."""
    chosen: PaperSettings = st.session_state.get(_PAPER, PaperSettings())
    return chosen


def show_settings(case: OpenCase) -> PaperSettings:
    """Show the controls of the sheet and the patient in one quiet row; return the settings."""
    leads = case.recording.leads
    layouts = list_layouts(leads)
    settings = _recall(case, layouts)
    rhythm = settings.rhythm_lead
    with open_row("paper_controls", gap="small"):
        layout = _choose("Layout", layouts, settings.layout, LAYOUTS, 210)
        if layout.startswith("3x4") or layout == "wrapped":
            label = "Lead" if layout == "wrapped" else "Rhythm strip"
            rhythm = _choose(label, leads, rhythm, str, 110)
        speed = _choose("Speed", SPEEDS_MM_PER_S, settings.mm_per_s, "{:g} mm/s".format, 120)
        gain = _choose("Gain", GAINS_MM_PER_MV, settings.mm_per_mv, "{:g} mm/mV".format, 125)
        _choose_filter()
        show_patient(case)
    settings = PaperSettings(layout, speed, gain, rhythm)
    st.session_state[_PAPER] = settings
    if layout != "wrapped":
        st.session_state.setdefault(_BY_LEADS, {})[layouts[0]] = (layout, rhythm)
    return settings


def _recall(case: OpenCase, layouts: tuple[str, ...]) -> PaperSettings:
    """Return the settings to begin with: speed and gain stay, one lead over rows does not.

    Another case takes the layout and rhythm strip last chosen for such leads, so that neither a
    hand-held strip nor a look at one lead decides how the next 12-lead ECG is drawn.
    """
    settings = current_settings()
    drawn = (case.case_id, case.recording.leads)
    if st.session_state.get(_CASE) != drawn:
        st.session_state[_CASE] = drawn
        kept: dict[str, tuple[str, str]] = st.session_state.get(_BY_LEADS, {})
        layout, wanted = kept.get(layouts[0], (layouts[0], PaperSettings().rhythm_lead))
        rhythm = _find_rhythm_lead(wanted, case.recording.leads)
        settings = replace(settings, layout=layout, rhythm_lead=rhythm)
        for label, value in (("Layout", layout), ("Lead", rhythm), ("Rhythm strip", rhythm)):
            st.session_state[f"choose_{label}"] = value
    return settings


def _choose_filter() -> None:
    key, mains_hz = current_filter()
    st.session_state[FILTER] = _choose("Filter", tuple(FILTER_LABELS), key, FILTER_LABELS, 145)
    st.session_state[MAINS] = _choose("Mains", tuple(MAINS_LABELS), mains_hz, MAINS_LABELS, 130)


def _choose(
    label: str,
    options: Sequence[Option],
    value: Option,
    words: Mapping[Option, str] | Callable[[Any], str],
    width: int,
) -> Option:
    key = f"choose_{label}"
    chosen = st.session_state.get(key)
    # Set anew on every run: what only the widget knows is lost when the reader changes the page.
    st.session_state[key] = chosen if chosen in options else value
    format_func = words.__getitem__ if isinstance(words, Mapping) else words
    return st.selectbox(label, options, format_func=format_func, width=width, key=key)


def _find_rhythm_lead(wanted: str, leads: tuple[str, ...]) -> str:
    if wanted in leads:
        return wanted
    return next((name for name in ("II", "MLII") if name in leads), leads[0])
