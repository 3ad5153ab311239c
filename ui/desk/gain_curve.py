"""A disease's gain curve: read, drawn, and put into words; the desk and a page show it."""

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgcore.errors import EcgError
from ecgcore.inference.waveform import (
    WaveformModel,
    WaveformReading,
    amended,
    waveform_models,
)
from ecgcore.render.overlay import Overlay
from ecgcore.render.waveform import curve_figure
from ecgcore.results import Finding
from ecgcore.signal.waveform_rules import PAPER
from ecgcore.statements import statement
from ui import model_answers
from ui.desk.findings import format_value
from ui.desk.paper import Paper, format_footer, format_header, show_still
from ui.state import OpenCase
from ui.words import plain

_WEIGHTED = "waveform_amended"
RULE, LEARNED = "Rule", "Learned"
_OPACITY = 0.5
# Waves and intervals as a reader calls them.
_SEGMENTS = {
    "P": "P wave",
    "PR": "PR segment",
    "QRS": "QRS",
    "ST": "ST segment",
    "T": "T wave",
    "TP": "TP segment",
    "T_without_P": "T with no P after it",
    "rest": "other",
}


def read_curve(case: OpenCase, disease: str, network: WaveformModel | None) -> WaveformReading:
    """Return a case's gain curve for a disease, computed once.

    Raises
    ------
    EcgError
        Why there is none.
    """
    name = network.name if network else None

    known = case.answers.curves
    if (disease, name) not in known:
        with st.spinner("Delineating the waves …"):
            loaded = model_answers.model(name) if name else None
            known[disease, name] = case.study.waveforms(disease, loaded)
    return known[disease, name]


def choose_gain(reading: WaveformReading, shown: str) -> NDArray[np.float32]:
    """Return the curve that is drawn: by rule or as learned."""
    learned = reading.learned if shown == LEARNED else None
    return reading.by_rule if learned is None else learned


def make_gain_overlay(reading: WaveformReading, gain: NDArray[np.float32]) -> Overlay:
    """Return the gain as shading under the leads that were read, one curve for all."""
    values = np.tile(gain.astype(np.float32), (len(reading.leads), 1))
    return Overlay(values, reading.leads, reading.fs_hz, "heat", _OPACITY, top=1.0)


def show_gain_strip(paper: Paper, reading: WaveformReading) -> None:
    """Show the curves over time, and where they differ."""
    if reading.learned is None:
        st.caption("The rule's gain over time")
    else:
        st.caption(
            "Top: the rule (grey) and the learned curve (blue). Bottom: learned minus rule; "
            "red-brown where the network looks and the rule does not, blue for the reverse."
        )
    made = curve_figure(
        reading.by_rule,
        reading.learned,
        reading.fs_hz,
        start_s=paper.case.start_s,
        seconds=paper.seconds,
    )
    st.plotly_chart(made, key="waveform_strip", config={"displayModeBar": False})


def show_amended(paper: Paper, reading: WaveformReading, shown: str) -> None:
    """Show the signal as the classifier is given it: times the curve."""
    case = paper.case
    weighted = case.answers.amended.get(
        (reading.rule.code, shown, reading.learned is None),
        lambda: amended(
            case.recording, choose_gain(reading, shown), f"{shown.lower()}, {reading.rule.code}"
        ),
    )
    st.markdown("**Input to the classifier:** the signal multiplied by the curve")
    sheet = paper.lay_out()
    first, _ = format_header(case, paper.settings)
    drawn = f"weighted signal ({shown.lower()} curve), baseline removed: not for measuring"
    show_still(
        weighted,
        sheet,
        _WEIGHTED,
        case_id=case.case_id,
        header=(first, drawn),
        footer=format_footer(case.recording, sheet),
    )


# ---- beside --------------------------------------------------------------------------------


def show_side(case: OpenCase, reading: WaveformReading, network: WaveformModel | None) -> None:
    """Say what the classifiers make of it, where the curve looks, and how good it is."""
    for note in reading.notes:
        st.warning(plain(note))
    _show_findings(case, reading, network)
    st.markdown("**Where it looks**")
    st.html(make_segment_table(reading))
    _show_source(reading)
    _show_benefit(reading.rule.code, network)
    st.caption(
        "The curve shows what the classifier was given, not whether it is right. A shaded wave is "
        "kept, not abnormal."
    )


def _show_findings(case: OpenCase, reading: WaveformReading, network: WaveformModel | None) -> None:
    """Say what the classifiers behind the rule and behind the learned curve make of it."""
    code = reading.rule.code
    coded = waveform_models(coded=True).get(code)
    asked = [("rule", coded)] if coded is not None and coded.aid else []
    asked += [("learned curve", network)] if network is not None else []
    name = plain(statement(code).term)
    if asked and reading.lacks_p:
        st.markdown(f"**{name}:** not assessed in a rhythm without P waves")
        return
    for curve, one in asked:
        words = _predict(case, code, one)
        st.markdown(f"**{name}**, behind the {curve}: {plain(words)}")
        if not one.aid:
            st.caption("No benefit was shown (see its card).")


def _predict(case: OpenCase, code: str, network: WaveformModel) -> str:
    answers = case.answers.of(network.name)
    try:
        if answers.prediction is None:
            answers.prediction = answers.study.predict(model_answers.model(network.name))
    except EcgError as error:
        return str(error)
    made = answers.prediction
    return describe_finding(next(f for f in made.findings if f.code == code))


def describe_finding(finding: Finding) -> str:
    """Return what the network says, in words where its number is not to be trusted."""
    if finding.finding is None:
        return finding.reason or "not assessed"
    word = "suggested" if finding.finding else "not flagged"
    return f"{word} ({format_value(finding)})" if finding.calibrated else word


def make_segment_table(reading: WaveformReading) -> str:
    """Return the mean gain of each wave and interval, by rule and as learned, as HTML."""
    rows = []
    for name, (rule, learned, share) in reading.by_segment().items():
        if share < 0.005:
            continue
        cells = [f"<td>{escape(_SEGMENTS[name])}</td>", f'<td class="value">{rule:.2f}</td>']
        if learned is not None:
            off = learned - rule
            off_words = f"{off:+.2f}".replace("-", "−")
            strong = f"<b>{off_words}</b>" if abs(off) >= 0.15 else off_words
            cells += [f'<td class="value">{learned:.2f}</td>', f'<td class="value">{strong}</td>']
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = ["", "rule"] + (["learned", "differs"] if reading.learned is not None else [])
    head = "".join(f'<th class="value">{h}</th>' if h else "<th></th>" for h in heads)
    return f'<table class="ecg-table"><tr>{head}</tr>{"".join(rows)}</table>'


def _show_source(reading: WaveformReading) -> None:
    rule = reading.rule
    origin = (
        "From the published method (Jin, DANet, 2024). Its values are not public; these are a "
        "reconstruction."
        if rule.origin == PAPER
        else "An extension: not covered by the published method."
    )
    with st.expander("Source of the rule"):
        st.caption(plain(rule.source))
        st.caption(plain(f"Read mainly in {', '.join(rule.leads)}; one curve for all leads."))
        st.caption(plain(origin))
        st.caption(plain(f"Leads used: {', '.join(reading.leads)}."))


def _show_benefit(code: str, network: WaveformModel | None) -> None:
    """Say what the card says of this disease's network."""
    found = waveform_models().get(code)
    if found is None:
        st.caption("No network was trained for this statement; only the rule is shown.")
        return
    with st.expander("How good is the learned curve?"):
        st.caption(plain(found.words))
        st.caption(plain(f"Network: {found.name}; see its card on the page Models."))
