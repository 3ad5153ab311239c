"""The reader's paper settings, kept through all pages of a session."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.render.paper import (
    GAINS_MM_PER_MV,
    LAYOUTS,
    SPEEDS_MM_PER_S,
    PaperSettings,
    list_layouts,
)
from ui.components.viewer import Field
from ui.desk.display_filter import (
    FILTER,
    FILTER_LABELS,
    MAINS,
    MAINS_LABELS,
    current_filter,
)
from ui.state import OpenCase

_PAPER, _STYLE = "paper_settings", "map_style"
_CASE = "paper_settings_case"
_BY_LEADS = "paper_settings_by_leads"

MAP_STYLES = {"heat": "Shading", "trace": "Coloured trace"}

Option = TypeVar("Option")


def current_settings() -> PaperSettings:
    """Return the settings as the reader chose them last."""
    chosen: PaperSettings = st.session_state.get(_PAPER, PaperSettings())
    return chosen


def recall_settings(case: OpenCase) -> PaperSettings:
    """Return the settings of a case's paper, as the reader has set them in the menu."""
    settings = _recall(case, list_layouts(case.recording.leads))
    st.session_state[_PAPER] = settings
    return settings


def current_style() -> str:
    """Return how maps are drawn: a key of :data:`MAP_STYLES`."""
    style: str = st.session_state.get(_STYLE, "heat")
    return style


def export_settings() -> dict[str, Any]:
    """Return the reader's settings as plain values, to be kept."""
    settings = asdict(current_settings())
    filter_, mains_hz = current_filter()
    return {"paper": settings, "filter": filter_, "mains": mains_hz, "style": current_style()}


def import_settings(kept: Mapping[str, Any]) -> None:
    """Take settings that were kept; what this version does not offer stays as it is."""
    paper = kept.get("paper")
    if isinstance(paper, Mapping):
        known = {field.name for field in fields(PaperSettings)} & set(paper)
        with contextlib.suppress(EcgError, TypeError):
            st.session_state[_PAPER] = PaperSettings(**{name: paper[name] for name in known})
    for name, key, offered in (
        ("filter", FILTER, FILTER_LABELS),
        ("mains", MAINS, MAINS_LABELS),
        ("style", _STYLE, MAP_STYLES),
    ):
        if kept.get(name) in offered:
            st.session_state[key] = kept[name]


def list_fields(case: OpenCase) -> tuple[Field, ...]:
    """Return what the menu of the paper offers, as it is set."""
    settings, leads = current_settings(), case.recording.leads
    filter_, mains_hz = current_filter()
    lead = "Lead" if settings.layout == "wrapped" else "Rhythm strip"
    fields = [_make_field("layout", "Layout", list_layouts(leads), settings.layout, LAYOUTS)]
    if settings.layout.startswith("3x4") or settings.layout == "wrapped":
        fields.append(_make_field("rhythm_lead", lead, leads, settings.rhythm_lead, str))
    return (
        *fields,
        _make_field("mm_per_s", "Speed", SPEEDS_MM_PER_S, settings.mm_per_s, "{:g} mm/s".format),
        _make_field("mm_per_mv", "Gain", GAINS_MM_PER_MV, settings.mm_per_mv, "{:g} mm/mV".format),
        _make_field("filter", "Filter", tuple(FILTER_LABELS), filter_, FILTER_LABELS),
        _make_field("mains", "Notch", tuple(MAINS_LABELS), mains_hz, MAINS_LABELS),
        _make_field("style", "Map", tuple(MAP_STYLES), current_style(), MAP_STYLES),
    )


def take_setting(case: OpenCase, name: str, value: str) -> None:
    """Take one setting from the menu; what is not offered changes nothing."""
    field = next((field for field in list_fields(case) if field.id == name), None)
    if field is None or value not in [key for key, _ in field.options]:
        return
    if name == "filter":
        st.session_state[FILTER] = value
    elif name == "mains":
        st.session_state[MAINS] = int(value)
    elif name == "style":
        st.session_state[_STYLE] = value
    else:
        taken = float(value) if name.startswith("mm_per") else value
        settings = replace(current_settings(), **{name: taken})  # type: ignore[arg-type]
        st.session_state[_PAPER] = settings
        if settings.layout != "wrapped":
            first = list_layouts(case.recording.leads)[0]
            kept = st.session_state.setdefault(_BY_LEADS, {})
            kept[first] = (settings.layout, settings.rhythm_lead)


def _make_field(
    name: str,
    label: str,
    options: Sequence[Option],
    value: Option,
    words: Mapping[Option, str] | Callable[[Any], str],
) -> Field:
    say = words.__getitem__ if isinstance(words, Mapping) else words
    return Field(name, label, tuple((str(one), say(one)) for one in options), str(value))


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
    return settings


def _find_rhythm_lead(wanted: str, leads: tuple[str, ...]) -> str:
    if wanted in leads:
        return wanted
    return next((name for name in ("II", "MLII") if name in leads), leads[0])
