"""The reader's paper settings, kept through all pages of a session."""

from dataclasses import replace
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgcore.recording import Recording, Step
from ecgcore.render.paper import (
    GAINS_MM_PER_MV,
    LAYOUTS,
    SPEEDS_MM_PER_S,
    PaperSettings,
    layouts_for,
)
from ecgcore.signal.filters import DISPLAY_FILTERS, band, display_filter, notch
from ui.patient import patient_controls
from ui.state import OpenCase

_PAPER = "paper_settings"
_CASE = "paper_settings_case"
_BY_LEADS = "paper_settings_by_leads"
_FILTER = "display_filter"
_MAINS = "display_mains"
# Up to this length all of a recording is filtered at once.
WHOLE_S = 900.0
# The longest page is six rows of 20 s; a filter of 0.05 Hz has forgotten a step after 2 minutes.
_BLOCK_S, MARGIN_S = 120.0, 120.0
_MAINS_LABELS = {0: "no notch", 50: "50 Hz notch", 60: "60 Hz notch"}


def row(key: str, gap: Literal["small", "medium"]) -> DeltaGenerator:
    """Return a row of controls; on a phone it is swiped sideways, and leaves room to the paper."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap=gap, key=f"row_{key}")


def paper_controls(case: OpenCase) -> PaperSettings:
    """Show the controls of the sheet and the patient in one quiet row; return the settings."""
    leads = case.recording.leads
    layouts = layouts_for(leads)
    settings = _settings_of(case, layouts)
    rhythm = settings.rhythm_lead
    with row("paper_controls", gap="small"):
        layout = _choose("Layout", layouts, settings.layout, LAYOUTS.get, 210)
        if layout.startswith("3x4") or layout == "wrapped":
            label = "Lead" if layout == "wrapped" else "Rhythm strip"
            rhythm = _choose(label, leads, rhythm, str, 110)
        speed = _choose("Speed", SPEEDS_MM_PER_S, settings.mm_per_s, "{:g} mm/s".format, 120)
        gain = _choose("Gain", GAINS_MM_PER_MV, settings.mm_per_mv, "{:g} mm/mV".format, 125)
        _filter_controls()
        patient_controls(case)
    settings = PaperSettings(layout, speed, gain, rhythm)
    st.session_state[_PAPER] = settings
    if layout != "wrapped":
        st.session_state.setdefault(_BY_LEADS, {})[layouts[0]] = (layout, rhythm)
    return settings


def _settings_of(case: OpenCase, layouts: tuple[str, ...]) -> PaperSettings:
    """Return the settings to begin with: speed and gain stay, one lead over rows does not.

    Another case takes the layout and rhythm strip last chosen for such leads, so that neither a
    hand-held strip nor a look at one lead decides how the next 12-lead ECG is drawn.
    """
    settings: PaperSettings = st.session_state.get(_PAPER, PaperSettings())
    drawn = (case.case_id, case.recording.leads)
    if st.session_state.get(_CASE) != drawn:
        st.session_state[_CASE] = drawn
        kept: dict[str, tuple[str, str]] = st.session_state.get(_BY_LEADS, {})
        layout, wanted = kept.get(layouts[0], (layouts[0], PaperSettings().rhythm_lead))
        rhythm = _rhythm_default(wanted, case.recording.leads)
        settings = replace(settings, layout=layout, rhythm_lead=rhythm)
        for label, value in (("Layout", layout), ("Lead", rhythm), ("Rhythm strip", rhythm)):
            st.session_state[f"choose_{label}"] = value
    return settings


def _filter_controls() -> None:
    keys = [f.key for f in DISPLAY_FILTERS]
    labels = {f.key: f.label for f in DISPLAY_FILTERS}
    chosen = _choose("Filter", keys, st.session_state.get(_FILTER, "none"), labels.get, 145)
    st.session_state[_FILTER] = chosen
    mains = _choose(
        "Mains", tuple(_MAINS_LABELS), st.session_state.get(_MAINS, 0), _MAINS_LABELS.get, 130
    )
    st.session_state[_MAINS] = mains


def _choose(label, options, value, format_func, width):  # type: ignore[no-untyped-def]
    key = f"choose_{label}"
    chosen = st.session_state.get(key)
    # Set anew on every run: what only the widget knows is lost when the reader changes the page.
    st.session_state[key] = chosen if chosen in options else value
    return st.selectbox(label, options, format_func=format_func, width=width, key=key)


def _rhythm_default(wanted: str, leads: tuple[str, ...]) -> str:
    if wanted in leads:
        return wanted
    return next((name for name in ("II", "MLII") if name in leads), leads[0])


def filter_words() -> str:
    """Return the reader's filter as it is printed on the sheet."""
    chosen = display_filter(st.session_state.get(_FILTER, "none")).label
    mains = st.session_state.get(_MAINS, 0)
    return f"{chosen}, {_MAINS_LABELS[mains]}" if mains else chosen


def drawn_recording(case: OpenCase) -> Recording:
    """Return the recording as the reader wants it drawn; the models never see this.

    Of a long recording only what stands around the shown page is filtered.
    """
    chosen = display_filter(st.session_state.get(_FILTER, "none"))
    mains = st.session_state.get(_MAINS, 0)
    if chosen.key == "none" and not mains:
        return case.recording
    span = filtered_span(case.recording, case.start_s)
    key = ("drawn", chosen.key, mains)
    kept: tuple[slice, Recording] | None = case.memo.get(key)
    if kept is not None and kept[0] != span:
        del case.memo[key]  # one at a time: each is as large as the recording
    return case.remember(key, lambda: (span, _filtered(case.recording, chosen.key, mains, span)))[1]


def filtered_span(recording: Recording, start_s: float) -> slice:
    """Return the samples that are filtered for a page that begins at a time.

    All of a short recording.  Of a long one some pages before and after, so that turning one
    filters nothing anew, and as much on either side as a filter of 0.05 Hz remembers.
    """
    if recording.duration_s <= WHOLE_S:
        return slice(0, recording.n_samples)
    block = int(min(start_s, recording.duration_s) // _BLOCK_S)
    first = max(0.0, (block - 1) * _BLOCK_S - MARGIN_S)
    last = min(recording.duration_s, (block + 2) * _BLOCK_S + MARGIN_S)
    return slice(round(first * recording.fs_hz), round(last * recording.fs_hz))


def _filtered(recording: Recording, key: str, mains_hz: int, span: slice) -> Recording:
    chosen = display_filter(key)
    # A low-pass above half the rate is nothing the file could hold: it is left out by band().
    samples = band(
        recording.signal[:, span],
        recording.fs_hz,
        high_pass_hz=chosen.high_pass_hz,
        low_pass_hz=chosen.low_pass_hz,
    )
    if mains_hz:
        samples = notch(samples, recording.fs_hz, float(mains_hz))
    step = Step("display filter", {"filter": chosen.label, "mains_hz": mains_hz})
    if samples.shape != recording.signal.shape:
        whole = recording.signal.copy()
        whole[:, span] = samples
        samples = whole
    return recording.changed(samples, step)
