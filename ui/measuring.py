"""Measurements beside the paper: intervals, axes, marks that can be moved, the median beat."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from ecgcore.measure import reference_range
from ecgcore.measure.editing import edit_words
from ecgcore.measure.machine import difference, machine_values
from ecgcore.measure.rhythm import rhythm_words
from ecgcore.measure.words import LABELS, amplitude_words, range_words, unit_words, value_words
from ecgcore.recording import Provenance, Recording
from ecgcore.render.paper import PaperSettings, Sheet, lay_out, lay_out_beat, window_seconds
from ecgcore.render.trend import trend_figure
from ecgcore.results import Measurement, MeasureResult
from ecgcore.signal.quality_words import lost_lead
from ecgcore.units import MV
from ui import models, settings
from ui.edits import move_mark, refusals
from ui.marks import beat_marks, median_marks, moved
from ui.review import footer_lines, header_lines
from ui.state import OpenCase, open_case
from ui.viewer import envelope, paper_viewer
from ui.words import plain

_VIEWER = "measure_paper"
_ARROWS = {"low": "↓", "high": "↑", "within": ""}
_MEDIAN_SPEED = 50.0


@st.fragment
def measurements(case: OpenCase) -> None:
    """Show a case's measurements beside its paper."""
    chosen = settings.paper_controls(case)
    paper, side = st.columns([3.4, 1.25], gap="small")
    result = measured(case)
    with paper:
        show = st.toggle("Wave marks and beats", value=True, key="show_marks")
        _paper(case, chosen, result, marks=show)
    with side:
        _panel(case, result)
    _details(case, result)


def measured(case: OpenCase) -> MeasureResult:
    """Return the case's measurements with the reader's marks in them."""
    with st.spinner("Measuring …"):
        return models.measured_of(case)


# ---- paper ---------------------------------------------------------------------------------


def _sheet(case: OpenCase, chosen: PaperSettings) -> Sheet:
    recording = case.recording
    seconds = window_seconds(chosen, recording.duration_s)
    case.start_s = min(case.start_s, max(0.0, recording.duration_s - seconds))
    return lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)


def _paper(case: OpenCase, chosen: PaperSettings, result: MeasureResult, *, marks: bool) -> None:
    recording = settings.drawn_recording(case)
    sheet = _sheet(case, chosen)
    lead = chosen.rhythm_lead if chosen.rhythm_lead in recording.leads else recording.leads[0]
    long = recording.duration_s > sheet.seconds + 0.5 or case.start_s > 0
    paper_viewer(
        recording,
        sheet,
        key=_VIEWER,
        case_id=case.case_id,
        header=header_lines(case, chosen),
        footer=footer_lines(recording, case.start_s, sheet.seconds),
        overview=case.remember(("envelope", lead), lambda: envelope(case.recording, lead))
        if long
        else None,
        markers=beat_marks(result.beats, sheet, case.edits, refused=refusals().count)
        if marks
        else None,
        on_act=_on_paper,
    )
    if marks:
        st.caption(
            "Green P, orange QRS, blue T: the consensus of all leads; drag a mark to correct it. "
            "N normal, S supraventricular, V ventricular, P paced, ? unknown; between them RR (ms)."
        )


def _on_paper() -> None:
    state = st.session_state.get(_VIEWER)
    act: dict[str, Any] | None = dict(state["act"]) if state and state.get("act") else None
    case = open_case()
    if case is None or act is None:
        return
    if act["name"] == "navigate":
        case.start_s = float(act.get("start_s", 0.0))
    elif act["name"] == "move":
        _move(case, act)


def _move(case: OpenCase, act: dict[str, Any]) -> None:
    """Take a moved mark, or refuse it: then it goes back, and the page says why."""
    chosen: PaperSettings = st.session_state.get("paper_settings", PaperSettings())
    found = moved(act, _sheet(case, chosen), measured(case).beats)
    if found is None:
        refusals().add(case, "This mark cannot be moved here; it was left where it was.")
        return
    beat, name, time_s = found
    move_mark(case, (beat, name), time_s)


# ---- the panel -----------------------------------------------------------------------------


def _panel(case: OpenCase, result: MeasureResult) -> None:
    why = refusals().why(case)
    if why:
        # Beside the paper: above it, the paper would move under the reader's hand.
        st.warning(plain(why))
    st.markdown("**Measurements**")
    if case.edits and st.button("Undo my edits", icon=":material/undo:"):
        case.edits.clear()
        refusals().forget()
        st.rerun(scope="fragment")
    for line in edit_words(models.as_measured(case), result, case.edits):
        st.caption(plain(f"Edited: {line}"))
    rows = [_row(case, m) for m in _in_order(result)]
    st.html(f'<table class="ecg-table">{"".join(rows)}</table>')
    for caution in _cautions(result):
        st.caption(plain(caution))
    _references(case, result)
    with st.expander("How each was measured"):
        st.html(f'<table class="ecg-table">{"".join(map(_method, _in_order(result)))}</table>')
    _machine(case.recording.provenance, result)
    if result.reversal is not None:
        st.warning(f"Suspected lead reversal ({result.reversal.kind}).")
        st.text(result.reversal.evidence)
    for note in result.notes:
        st.caption(plain(note))
    _bad_leads(result)
    st.caption(f"Rhythm: {rhythm_words(result.rhythm)}. Waves found by {result.delineator}.")


def _bad_leads(result: MeasureResult) -> None:
    """Say why a lead was left out, and what is read without it."""
    quality = result.quality
    if not quality.reasons:
        return
    with st.expander("Signal quality", expanded=bool(quality.bad_leads or quality.masked)):
        lines = [*quality.reasons, *(lost_lead(lead) for lead in quality.bad_leads)]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _in_order(result: MeasureResult) -> list[Measurement]:
    found = {m.name: m for m in result.measurements}
    return [found[name] for name in LABELS if name in found]


def _row(case: OpenCase, given: Measurement) -> str:
    label = escape(LABELS[given.name])
    hint = escape(given.method, quote=True)
    if given.value is None:
        return (
            f'<tr title="{hint}"><td>{label}</td>'
            f'<td colspan="2" class="why">{escape(given.reason)}</td></tr>'
        )
    spread = "" if given.uncertainty is None else _spread(given.uncertainty)
    if given.edited_by:
        spread = f"{spread} edited".strip()
    known = reference_range(given.name, case.recording.patient)
    mark, source = "", ""
    if known is not None:
        mark = _ARROWS[known.judge(given.value)]
        source = escape(
            f"; reference {range_words(known.low, known.high)}, {known.source}", quote=True
        )
    return (
        f'<tr title="{hint}{source}"><td>{label}</td>'
        f'<td class="value">{escape(value_words(given))} <b>{mark}</b></td>'
        f'<td class="spread">{spread}</td></tr>'
    )


def _method(given: Measurement) -> str:
    words = escape(given.reason or given.method)
    return f'<tr><td>{escape(LABELS[given.name])}</td><td class="why">{words}</td></tr>'


def _spread(uncertainty: float) -> str:
    return f"± {uncertainty:.0f}" if uncertainty >= 0.5 else "± < 1"


def _cautions(result: MeasureResult) -> list[str]:
    """Return what a QTc's method warns of, to be seen without a pointer over it."""
    found = {m.name: m for m in result.measurements}
    bazett = found.get("qtc_bazett")
    if bazett is None or bazett.value is None:
        return []
    parts = bazett.method.split("; ")
    return [f"QTc: {part}." for part in parts if part.startswith(("QRS is wide", "Bazett "))]


def _references(case: OpenCase, result: MeasureResult) -> None:
    """Say against which ranges values are marked, and where they come from."""
    patient = case.recording.patient
    known = [(m, reference_range(m.name, patient)) for m in _in_order(result)]
    rows = [
        f"<tr><td>{escape(LABELS[m.name])}</td>"
        f"<td>{range_words(r.low, r.high)}{escape(unit_words(m.unit))}</td>"
        f'<td class="why">{escape(r.source)}</td></tr>'
        for m, r in known
        if r is not None and m.value is not None
    ]
    with st.expander("Reference ranges (↑ over, ↓ under)"):
        if rows:
            st.html(f'<table class="ecg-table">{"".join(rows)}</table>')
        st.caption(
            "What has no range for this age and sex is not marked."
            if patient.age_years is not None
            else "The age is not known: nothing is marked."
        )


def _machine(provenance: Provenance, result: MeasureResult) -> None:
    """Show what the recording machine measured and said, beside and never mixed in."""
    if not provenance.machine_measurements and not provenance.machine_statements:
        return
    with st.expander("The recording machine's own", expanded=True):
        rows = []
        for name, value in machine_values(provenance).items():
            own = result.measurement(name)
            apart = ""
            if own is not None and own.value is not None:
                apart = f"{difference(name, value, own.value):+.0f}"
            unit = "" if own is None else escape(unit_words(own.unit))
            rows.append(
                f"<tr><td>{escape(LABELS[name])}</td>"
                f'<td class="value">{value:.0f}{unit}</td><td class="spread">{apart}</td></tr>'
            )
        if rows:
            st.html(f'<table class="ecg-table">{"".join(rows)}</table>')
            st.caption("Last column: the machine's value less the one above.")
        if len(rows) < len(provenance.machine_measurements):
            every = [f"{k}: {v}" for k, v in provenance.machine_measurements.items()]
            st.text("As written: " + "; ".join(every))
        if provenance.machine_statements:
            st.text("\n".join(f"• {line}" for line in provenance.machine_statements))


# ---- below ---------------------------------------------------------------------------------


def _details(case: OpenCase, result: MeasureResult) -> None:
    names = ["Median beat", "Amplitudes", "ST and voltage criteria"]
    if result.trend is not None:
        names.append("Over time")
    if result.hrv:
        names.append("Variability")
    for name, tab in zip(names, st.tabs(names), strict=True):
        with tab:
            _DETAILS[name](case, result)


def _median_beat(case: OpenCase, result: MeasureResult) -> None:
    beat = result.median_beat
    if beat is None or not np.isfinite(beat.values).any():
        st.info("No median beat: no whole beat of a dominant shape was found.")
        return
    recording = Recording(beat.values, beat.fs_hz, beat.leads, unit=case.recording.unit)
    chosen = PaperSettings(mm_per_s=_MEDIAN_SPEED)
    sheet = lay_out_beat(beat.leads, recording.duration_s, chosen)
    gain = "10 mm/mV" if recording.unit == MV else "without a scale"
    paper_viewer(
        recording,
        sheet,
        key="median_paper",
        case_id=case.case_id,
        header=(f"Median of {beat.n_beats} beats   50 mm/s   {gain}",),
        footer=("Marks: consensus of all leads",),
        markers=median_marks(beat, sheet),
        tools=False,
    )


def _amplitudes(_case: OpenCase, result: MeasureResult) -> None:
    if not result.amplitudes:
        st.info(plain(result.amplitude_reason))
        return
    names = list(next(iter(result.amplitudes.values())))
    error = {} if result.median_beat is None else result.median_beat.error
    head = "".join(f"<th>{escape(name)}</th>" for name in ["mV", *names])
    rows = "".join(
        f"<tr><td>{escape(lead)}</td>"
        + "".join(_cell(row[name], error.get(lead, 0.0)) for name in names)
        + "</tr>"
        for lead, row in result.amplitudes.items()
    )
    st.html(f'<table class="ecg-table wide"><tr>{head}</tr>{rows}</table>')


def _cell(value: float | None, error_mv: float) -> str:
    return f'<td class="value">{amplitude_words(value, error_mv)}</td>'


def _st_and_voltage(_case: OpenCase, result: MeasureResult) -> None:
    st_found = result.st
    if st_found.reason:
        st.info(plain(st_found.reason))
    else:
        up, down = (
            ", ".join(leads) or "none" for leads in (st_found.elevation_in, st_found.depression_in)
        )
        st.text(f"ST elevation at the threshold in contiguous leads: {up}")
        st.text(f"ST depression at the threshold in contiguous leads: {down}")
        st.caption("J point against QRS onset; fourth universal definition of MI (2018).")
    for criterion in result.lvh:
        if criterion.value_mv is None or criterion.met is None:
            st.text(f"{criterion.name}: {criterion.reason}")
        else:
            word = "met" if criterion.met else "not met"
            limit = "" if criterion.threshold_mv is None else f" (from {criterion.threshold_mv:g})"
            st.text(f"{criterion.name}: {criterion.value_mv:.2f} mV{limit}, {word}")


def _over_time(_case: OpenCase, result: MeasureResult) -> None:
    if result.trend is not None:
        st.plotly_chart(trend_figure(result.trend), config={"displayModeBar": False})


def _variability(_case: OpenCase, result: MeasureResult) -> None:
    rows = "".join(
        f'<tr title="{escape(m.method, quote=True)}"><td>{escape(m.name)}</td>'
        f'<td class="value">{"–" if m.value is None else f"{m.value:.1f} {escape(m.unit)}"}</td>'
        f'<td class="why">{escape(m.reason)}</td></tr>'
        for m in result.hrv
    )
    st.html(f'<table class="ecg-table">{rows}</table>')


_DETAILS = {
    "Median beat": _median_beat,
    "Amplitudes": _amplitudes,
    "ST and voltage criteria": _st_and_voltage,
    "Over time": _over_time,
    "Variability": _variability,
}
