"""Attention: the gain curve of a disease's waves (DANet), by rule and as learned."""

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.inference.waveform import WaveformModel, WaveformReading, waveform_models
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.statements import statement
from ui.components.viewer import Legend
from ui.desk.desk import Desk, Drawing
from ui.desk.gain_curve import (
    LEARNED,
    RULE,
    choose_gain,
    make_gain_overlay,
    read_curve,
    show_amended,
    show_gain_strip,
    show_side,
)
from ui.state import OpenCase
from ui.words import plain

_DISEASE, _CURVE, _ASK = "attention_disease", "attention_curve", "attention_unproven"


def draw(desk: Desk) -> Drawing:
    """Return the gain of every sample for the chosen statement, or for the one chosen beside."""
    disease = _find_disease(desk)
    try:
        reading = read_curve(desk.case, disease, _find_network(desk.case, disease))
    except EcgError as error:
        return Drawing(note=str(error))
    curve = _find_curve(reading)
    name = statement(disease).term
    overlay = make_gain_overlay(reading, choose_gain(reading, curve))
    words = f"{curve} gain for “{name}”"
    return Drawing(
        overlay,
        Legend(words, "suppressed", "kept"),
        note=" ".join(reading.notes),
        printed=(f"Shading: {words} (waveform attention; dark: kept).",),
    )


def _find_disease(desk: Desk) -> str:
    """Return the disease whose waves are shown: the reader's choice, else the chosen statement."""
    rules = waveform_rules()
    chosen = st.session_state.get(f"{_DISEASE}_{desk.case.case_id}")
    if chosen in rules:
        return str(chosen)
    stated = [desk.explained, *(call.code for call in desk.found.statements)]
    return next((code for code in stated if code is not None and code in rules), next(iter(rules)))


def _find_network(case: OpenCase, disease: str) -> WaveformModel | None:
    found = waveform_models().get(disease)
    asked = bool(st.session_state.get(f"{_ASK}_{case.case_id}"))
    return found if found is not None and (found.aid or asked) else None


def _find_curve(reading: WaveformReading) -> str:
    if reading.learned is None:
        return RULE
    return str(st.session_state.get(_CURVE) or LEARNED)


def show_panel(desk: Desk) -> None:
    """Offer the disease and the curve; say where it looks, and how good the network is."""
    case, disease = desk.case, _find_disease(desk)
    codes = list(waveform_rules())
    st.selectbox(
        "Statement",
        codes,
        index=codes.index(disease),
        format_func=lambda code: statement(code).term,
        key=f"{_DISEASE}_{case.case_id}",
        label_visibility="collapsed",
    )
    known = waveform_models().get(disease)
    if known is not None and not known.aid:
        st.toggle(
            "Learned curve (unproven)",
            key=f"{_ASK}_{case.case_id}",
            help="The network behind this curve was not better than the same classifier without "
            "it; the curve is for teaching only.",
        )
    network = _find_network(case, disease)
    try:
        reading = read_curve(case, disease, network)
    except EcgError as error:
        st.info(plain(str(error)))
        return
    if reading.learned is not None:
        st.segmented_control(
            "Curve", [RULE, LEARNED], default=LEARNED, required=True, key=_CURVE,
            label_visibility="collapsed",
        )  # fmt: skip
    show_side(case, reading, network)


def show_details(desk: Desk) -> None:
    """Show both curves over time, and the signal as the classifier was given it."""
    disease = _find_disease(desk)
    try:
        reading = read_curve(desk.case, disease, _find_network(desk.case, disease))
    except EcgError:
        return
    show_gain_strip(desk.paper, reading)
    show_amended(desk.paper, reading, _find_curve(reading))
