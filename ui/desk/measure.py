"""Measurements beside the paper: intervals, axes, marks that can be moved, the median beat."""

from html import escape

import streamlit as st

from ecgcore.measure import reference_range
from ecgcore.measure.editing import edit_words
from ecgcore.measure.machine import difference, machine_values
from ecgcore.measure.rhythm import rhythm_words
from ecgcore.measure.words import LABELS, range_words, unit_words, value_words
from ecgcore.recording import Provenance
from ecgcore.results import Measurement, MeasureResult
from ecgcore.signal.quality_words import lost_lead
from ui import model_answers
from ui.edits import refusals
from ui.shell import rerun_part
from ui.state import OpenCase
from ui.words import plain

_VIEWER = "measure_paper"
_ARROWS = {"low": "↓", "high": "↑", "within": ""}


def show_panel(case: OpenCase, result: MeasureResult) -> None:
    """Show every measurement with its uncertainty, how it was made, and what was edited."""
    why = refusals().why(case)
    if why:
        # Beside the paper: above it, the paper would move under the reader's hand.
        st.warning(plain(why))
    st.markdown("**Measurements**")
    if case.edits and st.button("Undo my edits", icon=":material/undo:"):
        case.edits.clear()
        refusals().forget()
        rerun_part()
    for line in edit_words(model_answers.as_measured(case), result, case.edits):
        st.caption(plain(f"Edited: {line}"))
    rows = [_make_row(case, m) for m in _sort_rows(result)]
    st.html(f'<table class="ecg-table">{"".join(rows)}</table>')
    for caution in _find_cautions(result):
        st.caption(plain(caution))
    _show_references(case, result)
    with st.expander("How each was measured"):
        st.html(
            f'<table class="ecg-table">{"".join(map(_make_method_row, _sort_rows(result)))}</table>'
        )
    _show_machine(case.recording.provenance, result)
    if result.reversal is not None:
        st.warning(f"Suspected lead reversal ({result.reversal.kind}).")
        st.text(result.reversal.evidence)
    for note in result.notes:
        st.caption(plain(note))
    _show_quality(result)
    st.caption(f"Rhythm: {rhythm_words(result.rhythm)}. Waves delineated by {result.delineator}.")


def _show_quality(result: MeasureResult) -> None:
    """Say why a lead was left out, and what is read without it."""
    quality = result.quality
    if not quality.reasons:
        return
    with st.expander("Signal quality", expanded=bool(quality.bad_leads or quality.masked)):
        lines = [*quality.reasons, *(lost_lead(lead) for lead in quality.bad_leads)]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


def _sort_rows(result: MeasureResult) -> list[Measurement]:
    found = {m.name: m for m in result.measurements}
    return [found[name] for name in LABELS if name in found]


def _make_row(case: OpenCase, given: Measurement) -> str:
    label = escape(LABELS[given.name])
    hint = escape(given.method, quote=True)
    if given.value is None:
        return (
            f'<tr title="{hint}"><td>{label}</td>'
            f'<td colspan="2" class="why">{escape(given.reason)}</td></tr>'
        )
    spread = "" if given.uncertainty is None else _format_spread(given.uncertainty)
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


def _make_method_row(given: Measurement) -> str:
    words = escape(given.reason or given.method)
    return f'<tr><td>{escape(LABELS[given.name])}</td><td class="why">{words}</td></tr>'


def _format_spread(uncertainty: float) -> str:
    return f"± {uncertainty:.0f}" if uncertainty >= 0.5 else "± < 1"


def _find_cautions(result: MeasureResult) -> list[str]:
    """Return what a QTc's method warns of, to be seen without a pointer over it."""
    found = {m.name: m for m in result.measurements}
    bazett = found.get("qtc_bazett")
    if bazett is None or bazett.value is None:
        return []
    parts = bazett.method.split("; ")
    return [
        f"QTc: {part}." for part in parts if part.startswith(("confounded by wide QRS", "Bazett "))
    ]


def _show_references(case: OpenCase, result: MeasureResult) -> None:
    """Say against which ranges values are marked, and where they come from."""
    patient = case.recording.patient
    known = [(m, reference_range(m.name, patient)) for m in _sort_rows(result)]
    rows = [
        f"<tr><td>{escape(LABELS[m.name])}</td>"
        f"<td>{range_words(r.low, r.high)}{escape(unit_words(m.unit))}</td>"
        f'<td class="why">{escape(r.source)}</td></tr>'
        for m, r in known
        if r is not None and m.value is not None
    ]
    with st.expander("Reference ranges (↑ above, ↓ below)"):
        if rows:
            st.html(f'<table class="ecg-table">{"".join(rows)}</table>')
        st.caption(
            "Values without a range for this age and sex are not marked."
            if patient.age_years is not None
            else "Age unknown: no value is marked."
        )


def _show_machine(provenance: Provenance, result: MeasureResult) -> None:
    """Show what the recording machine measured and said, beside and never mixed in."""
    if not provenance.machine_measurements and not provenance.machine_statements:
        return
    with st.expander("From the recording device", expanded=True):
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
            st.caption("Last column: device value minus the value above.")
        if len(rows) < len(provenance.machine_measurements):
            every = [f"{k}: {v}" for k, v in provenance.machine_measurements.items()]
            st.text("As stated: " + "; ".join(every))
        if provenance.machine_statements:
            st.text("\n".join(f"• {line}" for line in provenance.machine_statements))
