"""Counterfactual by hand: take something away and see what the model says then."""

from collections.abc import Mapping
from html import escape

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer
from ecgcore.explain.counterfactual import Change, probabilities, what_if
from ecgcore.labels import statement
from ecgcore.recording import Recording
from ecgcore.results import Beats
from ui.state import OpenCase
from ui.words import plain

_LOW_PASS = {None: "as it is", 40.0: "under 40 Hz", 25.0: "under 25 Hz", 15.0: "under 15 Hz"}
_HIGH_PASS = {None: "as it is", 1.0: "over 1 Hz", 2.0: "over 2 Hz"}
_MOVED = 0.01


@st.fragment
def what_if_panel(case: OpenCase, explainer: Explainer, code: str) -> None:
    """Offer the changes and show the probability that follows."""
    st.subheader("What if", anchor=False)
    recording, beats = _stretch(explainer, code)
    change = _change(case, explainer, beats)
    leads = tuple(explainer.reading.given.leads)
    before = case.remember(
        ("what if", code), lambda: probabilities(explainer.model, recording, leads=leads)
    )
    try:
        after = (
            before
            if change.nothing
            else what_if(explainer.model, recording, change, beats=beats, leads=leads)
        )
    except EcgError as error:
        st.info(plain(str(error)))
        return
    _answer(code, before, after)
    if change.voltage != 1 and not explainer.model.card.input.sees_voltage:
        st.caption("This model sees shape, not voltage: a factor changes nothing.")


def _stretch(explainer: Explainer, code: str) -> tuple[Recording, Beats | None]:
    """Return the recording, or of a long one the window with the highest probability."""
    window = explainer.highest(explainer.output(code))
    beats = explainer.beats_of(window)
    if len(explainer.reading.pieces) == 1:
        return explainer.recording, beats
    return explainer.stretch(window), beats


def _change(case: OpenCase, explainer: Explainer, beats: Beats | None) -> Change:
    key = case.case_id
    leads = st.pills(
        "Without leads",
        list(explainer.reading.given.leads),
        selection_mode="multi",
        format_func=plain,
        key=f"what_if_leads_{key}",
    )
    dropped: list[int] = []
    if beats is not None:
        marks = {
            "ventricular": " V",
            "supraventricular": " S",
        }
        dropped = st.pills(
            "Without beats",
            list(range(beats.consensus.n_beats)),
            selection_mode="multi",
            format_func=lambda b: f"{b + 1}{marks.get(beats.types[b], '')}",
            key=f"what_if_beats_{key}",
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        voltage = st.slider(
            "Voltage", 0.2, 3.0, 1.0, step=0.1, format="× %.1f", key=f"what_if_mv_{key}", width=260
        )
        low = st.selectbox(
            "Low-pass",
            list(_LOW_PASS),
            format_func=_LOW_PASS.get,
            key=f"what_if_lp_{key}",
            width=150,
        )
        high = st.selectbox(
            "High-pass",
            list(_HIGH_PASS),
            format_func=_HIGH_PASS.get,
            key=f"what_if_hp_{key}",
            width=150,
        )
    return Change(tuple(leads), tuple(sorted(dropped)), float(voltage), high, low)


def _answer(code: str, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    """Show the finding first, then every other probability that moves."""
    moved = [c for c in before if c != code and abs(after[c] - before[c]) >= _MOVED]
    moved.sort(key=lambda c: -abs(after[c] - before[c]))
    rows = "".join(_row(c, before[c], after[c], strong=c == code) for c in [code, *moved[:5]])
    st.html(
        '<table class="ecg-table wide"><tr><th></th><th class="value">as it is</th>'
        f'<th class="value">then</th><th></th></tr>{rows}</table>'
    )


def _row(code: str, before: float, after: float, *, strong: bool) -> str:
    name = escape(statement(code).name)
    bar = (
        f'<span class="ecg-bar"><i style="width:{100 * after:.1f}%"></i>'
        f'<u style="left:{100 * before:.1f}%"></u></span>'
    )
    label = f"<strong>{name}</strong>" if strong else name
    return (
        f'<tr><td>{label}</td><td class="value">{_percent(before)}</td>'
        f'<td class="value">{_percent(after)}</td><td>{bar}</td></tr>'
    )


def _percent(share: float) -> str:
    if share < 0.01:
        return "&lt; 1 %"
    return "&gt; 99 %" if share > 0.99 else f"{100 * share:.0f} %"
