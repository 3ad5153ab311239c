"""Counterfactual by hand: take something away and see what the model says then."""

from collections.abc import Mapping
from dataclasses import replace
from html import escape

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer
from ecgcore.explain.counterfactual import Change, as_probabilities, probabilities, what_if
from ecgcore.recording import Recording
from ecgcore.results import Beats, Finding, Prediction
from ui.desk.findings import format_percent, format_value
from ui.state import OpenCase
from ui.words import plain

_LOW_PASS: dict[float | None, str] = {
    None: "none",
    40.0: "40 Hz",
    25.0: "25 Hz",
    15.0: "15 Hz",
}
_HIGH_PASS: dict[float | None, str] = {None: "none", 1.0: "1 Hz", 2.0: "2 Hz"}
_MOVED = 0.01
_MOST = 5


@st.fragment
def show_what_if(case: OpenCase, explainer: Explainer, prediction: Prediction, code: str) -> None:
    """Offer the changes and show the probability that follows, in words where it is no number."""
    st.subheader("What if", anchor=False)
    recording, beats = _select_stretch(explainer, code)
    change = _choose_change(case, explainer, beats)
    leads = tuple(explainer.reading.given.leads)
    before = _unchanged(case, explainer, code, recording)
    try:
        after = (
            before
            if change.nothing
            else what_if(explainer.model, recording, change, beats=beats, leads=leads)
        )
    except EcgError as error:
        st.info(plain(str(error)))
        return
    _show_answer(prediction, code, before, after)
    if change.voltage != 1 and not explainer.model.card.input.sees_voltage:
        st.caption("This model reads morphology, not voltage: scaling has no effect.")


def _unchanged(
    case: OpenCase, explainer: Explainer, code: str, recording: Recording
) -> Mapping[str, float]:
    """Return every probability as it is, computed once."""
    known = case.answers.of(explainer.model.name).unchanged
    if code not in known:
        if recording is explainer.recording:
            known[code] = as_probabilities(explainer.model, explainer.logits())
        else:
            leads = tuple(explainer.reading.given.leads)
            known[code] = probabilities(explainer.model, recording, leads=leads)
    return known[code]


def _select_stretch(explainer: Explainer, code: str) -> tuple[Recording, Beats | None]:
    """Return the recording, or of a long one the window with the highest probability."""
    window = explainer.highest(explainer.output(code))
    beats = explainer.beats_of(window)
    if len(explainer.reading.pieces) == 1:
        return explainer.recording, beats
    return explainer.stretch(window), beats


def _choose_change(case: OpenCase, explainer: Explainer, beats: Beats | None) -> Change:
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
        marks = {"ventricular": " V", "supraventricular": " S"}
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
            format_func=_LOW_PASS.__getitem__,
            key=f"what_if_lp_{key}",
            width=150,
        )
        high = st.selectbox(
            "High-pass",
            list(_HIGH_PASS),
            format_func=_HIGH_PASS.__getitem__,
            key=f"what_if_hp_{key}",
            width=150,
        )
    return Change(tuple(leads), tuple(sorted(dropped)), float(voltage), high, low)


def _show_answer(
    prediction: Prediction, code: str, before: Mapping[str, float], after: Mapping[str, float]
) -> None:
    """Show the finding first, then every other one that moves and can be assessed here."""
    findings = {f.code: f for f in prediction.findings}
    moved = [c for c in before if c != code and _moves(findings[c], before[c], after[c])]
    moved.sort(key=lambda c: -abs(after[c] - before[c]))
    rows = "".join(
        _make_row(findings[c], before[c], after[c], strong=c == code)
        for c in [code, *moved[:_MOST]]
    )
    st.html(
        '<table class="ecg-table wide"><tr><th></th><th class="value">before</th>'
        f'<th class="value">after</th><th></th></tr>{rows}</table>'
    )


def _moves(finding: Finding, before: float, after: float) -> bool:
    return finding.finding is not None and abs(after - before) >= _MOVED


def _make_row(finding: Finding, before: float, after: float, *, strong: bool) -> str:
    name = escape(finding.name)
    label = f"<strong>{name}</strong>" if strong else name
    said, then = describe_change(finding, before, after)
    bar = ""
    if finding.calibrated and finding.finding is not None:
        bar = (
            f'<span class="ecg-bar"><i style="width:{100 * after:.1f}%"></i>'
            f'<u style="left:{100 * before:.1f}%"></u></span>'
        )
    return (
        f'<tr><td>{label}</td><td class="value">{escape(said)}</td>'
        f'<td class="value">{escape(then)}</td><td>{bar}</td></tr>'
    )


def describe_change(finding: Finding, before: float, after: float) -> tuple[str, str]:
    """Return what is said before and after a change, in the form of the list of findings.

    A number only where the finding has one; where it cannot be assessed only the direction.

    Parameters
    ----------
    before, after : float
        The model's own outputs, from 0 to 1.
    """
    higher = "unchanged" if abs(after - before) < _MOVED else "up" if after > before else "down"
    if finding.finding is None:
        return format_value(finding), higher
    if finding.calibrated:
        return format_percent(before), format_percent(after)
    then = format_value(replace(finding, finding=after >= finding.threshold))
    return format_value(finding), then if higher == "unchanged" else f"{then} ({higher})"
