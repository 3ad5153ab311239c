"""With the overlay Waves, under the paper: median beat, amplitudes, criteria, trend, HRV."""

from html import escape

import numpy as np
import streamlit as st

from ecgcore.measure.words import amplitude_words
from ecgcore.recording import Recording
from ecgcore.render.paper import PaperSettings, lay_out_beat
from ecgcore.render.trend import trend_figure
from ecgcore.results import MeasureResult
from ecgcore.units import MV
from ui.desk.paper import show_still
from ui.marks import median_marks
from ui.state import OpenCase
from ui.words import plain

_MEDIAN_SPEED = 50.0


def show_details(case: OpenCase, result: MeasureResult) -> None:
    """Show what is measured beside the intervals, in tabs."""
    names = ["Median beat", "Amplitudes", "ST and voltage criteria"]
    if result.trend is not None:
        names.append("Over time")
    if result.hrv:
        names.append("Variability")
    for name, tab in zip(names, st.tabs(names), strict=True):
        with tab:
            _DETAILS[name](case, result)


def _show_median_beat(case: OpenCase, result: MeasureResult) -> None:
    beat = result.median_beat
    if beat is None or not np.isfinite(beat.values).any():
        st.info("No median beat: no complete beat of a dominant morphology was found.")
        return
    recording = Recording(beat.values, beat.fs_hz, beat.leads, unit=case.recording.unit)
    chosen = PaperSettings(mm_per_s=_MEDIAN_SPEED)
    sheet = lay_out_beat(beat.leads, recording.duration_s, chosen)
    gain = "10 mm/mV" if recording.unit == MV else "without a scale"
    show_still(
        recording,
        sheet,
        "median_paper",
        case_id=case.case_id,
        header=(f"Median of {beat.n_beats} beats   50 mm/s   {gain}",),
        footer=("Marks: consensus of all leads",),
        markers=median_marks(beat, sheet),
    )


def _show_amplitudes(_case: OpenCase, result: MeasureResult) -> None:
    if not result.amplitudes:
        st.info(plain(result.amplitude_reason))
        return
    names = list(next(iter(result.amplitudes.values())))
    error = {} if result.median_beat is None else result.median_beat.error
    head = "".join(f"<th>{escape(name)}</th>" for name in ["mV", *names])
    rows = "".join(
        f"<tr><td>{escape(lead)}</td>"
        + "".join(_make_cell(row[name], error.get(lead, 0.0)) for name in names)
        + "</tr>"
        for lead, row in result.amplitudes.items()
    )
    st.html(f'<table class="ecg-table wide"><tr>{head}</tr>{rows}</table>')


def _make_cell(value: float | None, error_mv: float) -> str:
    return f'<td class="value">{amplitude_words(value, error_mv)}</td>'


def _show_criteria(_case: OpenCase, result: MeasureResult) -> None:
    st_found = result.st
    if st_found.reason:
        st.info(plain(st_found.reason))
    else:
        up, down = (
            ", ".join(leads) or "none" for leads in (st_found.elevation_in, st_found.depression_in)
        )
        st.text(f"ST elevation meeting the threshold in contiguous leads: {up}")
        st.text(f"ST depression meeting the threshold in contiguous leads: {down}")
        st.caption("J point relative to QRS onset; Fourth Universal Definition of MI (2018).")
    for criterion in result.lvh:
        if criterion.value_mv is None or criterion.met is None:
            st.text(f"{criterion.name}: {criterion.reason}")
        else:
            word = "met" if criterion.met else "not met"
            limit = (
                ""
                if criterion.threshold_mv is None
                else f" (threshold {criterion.threshold_mv:g} mV)"
            )
            st.text(f"{criterion.name}: {criterion.value_mv:.2f} mV{limit}, {word}")


def _show_trend(_case: OpenCase, result: MeasureResult) -> None:
    if result.trend is not None:
        st.plotly_chart(trend_figure(result.trend), config={"displayModeBar": False})


def _show_variability(_case: OpenCase, result: MeasureResult) -> None:
    rows = "".join(
        f'<tr title="{escape(m.method, quote=True)}"><td>{escape(m.name)}</td>'
        f'<td class="value">{"–" if m.value is None else f"{m.value:.1f} {escape(m.unit)}"}</td>'
        f'<td class="why">{escape(m.reason)}</td></tr>'
        for m in result.hrv
    )
    st.html(f'<table class="ecg-table">{rows}</table>')


_DETAILS = {
    "Median beat": _show_median_beat,
    "Amplitudes": _show_amplitudes,
    "ST and voltage criteria": _show_criteria,
    "Over time": _show_trend,
    "Variability": _show_variability,
}
