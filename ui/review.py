"""The reading desk: paper left, findings right, one fragment so that nothing else reruns."""

from typing import Any

import numpy as np
import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, describe, verdict
from ecgcore.labels import statement
from ecgcore.recording import Recording, describe_age
from ecgcore.render.overlay import STYLES, Overlay
from ecgcore.render.paper import PaperSettings, lay_out, window_seconds
from ecgcore.render.pdf import pdf
from ecgcore.results import Attribution, Prediction, RhythmAlarm
from ecgcore.signal.quality_words import lost_lead, without
from ecgcore.units import MV, clock
from ui import models, settings
from ui.findings import findings_list, ordered, value
from ui.saving import save_button
from ui.shell import REMINDER
from ui.single_lead import which_model
from ui.state import OpenCase, open_case
from ui.viewer import Legend, envelope, paper_viewer
from ui.words import plain

_VIEWER = "review_paper"
_LIST = "review_findings"
# More alarms of one kind stand in one line, with so many of their times.
_MOST_ALARMS, _MOST_TIMES = 2, 8
_VERDICTS = {"confirm": "confirmed", "dismiss": "dismissed"}


@st.fragment
def review(case: OpenCase) -> None:
    """Show a case: its paper, the model's findings, and the map of the chosen one."""
    chosen = settings.paper_controls(case)
    urgent = st.container()
    paper, side = st.columns([3.95, 1], gap="small")
    attribution = None
    if case.selected is None:
        # The paper stands before anything is measured or the model has answered.
        with paper:
            _sheet(case, chosen, None)
    # What cannot wait is said before any network is asked, and whatever comes of that.
    with urgent:
        _alarms(case)
    # The list shows what was chosen before its map is made.
    with side:
        prediction = _list(case)
        if case.selected is not None:
            with st.spinner("Asking where the model looked …", show_time=False):
                attribution = _chosen_map(case)
    if case.selected is not None:
        with paper:
            _sheet(case, chosen, attribution)
    if prediction is not None:
        with side:
            _below_list(case, prediction, attribution)


def alarm_lines(alarms: tuple[RhythmAlarm, ...]) -> tuple[str, ...]:
    """Return what is said of alarms: each by itself, many of one kind together."""
    lines = []
    for kind in dict.fromkeys(alarm.kind for alarm in alarms):
        same = [alarm for alarm in alarms if alarm.kind == kind]
        if len(same) <= _MOST_ALARMS:
            spans = [f"{clock(a.start_s)} to {clock(a.end_s)}" for a in same]
            lines += [f"{a.words.rstrip('.')} ({s})." for a, s in zip(same, spans, strict=True)]
            continue
        longest = max(same, key=lambda alarm: alarm.end_s - alarm.start_s)
        at = ", ".join(clock(alarm.start_s) for alarm in same[:_MOST_TIMES])
        more = ", …" if len(same) > _MOST_TIMES else ""
        lines.append(f"{longest.words.rstrip('.')}; {len(same)} times, from {at}{more}.")
    return tuple(lines)


def _alarms(case: OpenCase) -> None:
    """Say above the paper where ventricles may not pump, whatever the model says."""
    for words in alarm_lines(models.measured_of(case).alarms):
        st.error(plain(words), icon=":material/warning:")


# ---- paper ---------------------------------------------------------------------------------


def _sheet(case: OpenCase, chosen: PaperSettings, attribution: Attribution | str | None) -> None:
    shown = attribution if isinstance(attribution, Attribution) and _passed(attribution) else None
    _paper(case, chosen, shown)
    _below(case, chosen, shown)


def _paper(case: OpenCase, chosen: PaperSettings, attribution: Attribution | None) -> None:
    recording = settings.drawn_recording(case)
    seconds = window_seconds(chosen, recording.duration_s)
    case.start_s = min(case.start_s, max(0.0, recording.duration_s - seconds))
    sheet = lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)
    long = recording.duration_s > seconds + 0.5
    lead = chosen.rhythm_lead
    paper_viewer(
        recording,
        sheet,
        key=_VIEWER,
        case_id=case.case_id,
        header=header_lines(case, chosen),
        footer=footer_lines(recording, case.start_s, sheet.seconds),
        overlay=_overlay(attribution),
        legend=_legend(attribution),
        overview=case.remember(("envelope", lead), lambda: envelope(case.recording, lead))
        if long
        else None,
        on_act=_on_paper,
    )


def _below(case: OpenCase, chosen: PaperSettings, attribution: Attribution | None) -> None:
    """Offer the sheet as PDF and, for a demonstration case, the teaching note."""
    with st.container(horizontal=True, vertical_alignment="top"):
        st.download_button(
            "PDF of this sheet",
            data=lambda: _pdf(case, chosen, attribution),
            file_name="ecg.pdf",
            mime="application/pdf",
            on_click="ignore",
            icon=":material/picture_as_pdf:",
        )
        save_button(case)
        if case.demo is not None:
            with st.popover("Teaching note"):
                st.markdown(f"**{case.demo.title}**")
                st.caption(case.demo.history)
                st.write(case.demo.what_to_see)


def _pdf(case: OpenCase, chosen: PaperSettings, attribution: Attribution | None) -> bytes:
    recording = settings.drawn_recording(case)
    sheet = lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)
    return pdf(
        recording,
        sheet,
        header=header_lines(case, chosen),
        footer=footer_lines(recording, case.start_s, sheet.seconds),
        lines=report_lines(case, attribution),
        overlay=_overlay(attribution),
    )


def report_lines(case: OpenCase, attribution: Attribution | None) -> tuple[str, ...]:
    """Return what is printed under the sheet: the reader's word first, then the model's."""
    prediction = case.memo.get("prediction")
    if not isinstance(prediction, Prediction):
        return ()
    names = {finding.code: finding.name for finding in prediction.findings}
    lines = []
    for word in ("confirmed", "dismissed"):
        said = [names[c] for c, v in case.verdicts.items() if v == word]
        if said:
            lines.append(f"Reader {word}: {', '.join(said)}")
    flagged = [
        f"{f.name} ({value(f)})" if f.calibrated else f.name
        for f in ordered(prediction.findings)
        if f.finding and f.code not in case.verdicts
    ]
    if flagged:
        lines.append(f"Suggested by {prediction.model}, not yet judged: {', '.join(flagged)}")
    if _overlay(attribution) is not None and attribution is not None:
        lines.append(
            f"Shading: {METHODS[attribution.method].name} for {names[attribution.label]}, "
            "faithful to the model only"
        )
    return tuple(lines)


def header_lines(case: OpenCase, chosen: PaperSettings) -> tuple[str, ...]:
    """Return who this is and how it is drawn, as printed on the sheet."""
    recording = case.recording
    patient = recording.patient
    parts = [case.title]
    if patient.age_years is not None:
        parts.append(describe_age(patient.age_years))
    if patient.sex:
        parts.append(patient.sex)
    if patient.pacemaker:
        parts.append("pacemaker")
    if patient.indication:
        parts.append(patient.indication)
    if recording.start is not None:
        parts.append(recording.start.strftime("%Y-%m-%d %H:%M"))
    gain = (
        f"{chosen.mm_per_mv:g} mm/mV"
        if recording.unit == MV
        else "voltage not known: drawn without a scale"
    )
    drawn = [f"{chosen.mm_per_s:g} mm/s", gain, f"filter: {settings.filter_words()}"]
    device = recording.provenance.device_filter
    drawn.append(f"device filter: {device}" if device else "device filter not stated in the file")
    return "   ".join(parts), "   ".join(drawn)


def footer_lines(recording: Recording, start_s: float, seconds: float) -> tuple[str, ...]:
    """Return the standing words under the sheet."""
    parts = [f"{clock(start_s)} to {clock(start_s + seconds)} of {clock(recording.duration_s)}"]
    parts.append(f"{recording.fs_hz:g} Hz")
    if recording.provenance.simulated:
        parts.insert(0, "SIMULATED ECG")
    parts.append(REMINDER)
    return ("   ".join(parts),)


def _overlay(attribution: Attribution | None) -> Overlay | None:
    if attribution is None:
        return None
    style = st.session_state.get("overlay_style", "heat")
    if style not in STYLES or style == "none":
        return None
    opacity = st.session_state.get("overlay_opacity", 60) / 100
    # What speaks for the statement; what speaks against it stands on the page Explain.
    values = np.maximum(attribution.values, 0)
    return Overlay(values, attribution.leads, attribution.fs_hz, style, opacity)


def _legend(attribution: Attribution | None) -> Legend | None:
    if attribution is None or st.session_state.get("overlay_style") == "none":
        return None
    name = statement(attribution.label).name
    method = METHODS[attribution.method].name
    return Legend(f"{method} for “{name}”: where the model looked", "little", "much attribution")


# ---- findings ------------------------------------------------------------------------------


def _prediction(case: OpenCase) -> Prediction | str:
    if not models.model_available():
        return "No trained model is installed here. The paper and its tools work without one."
    try:
        return models.findings_of(case)
    except EcgError as error:
        return str(error)


def _chosen_map(case: OpenCase) -> Attribution | str | None:
    """Return the map of the chosen finding, why there is none, or None if none is chosen."""
    if case.selected is None or not isinstance(_prediction(case), Prediction):
        return None
    try:
        return models.attribution_of(case, case.selected)
    except EcgError as error:
        return str(error)


def _passed(attribution: Attribution) -> bool:
    """Return whether a map may be shown: no check that decides failed, or it was asked for."""
    return verdict(attribution.self_check).shown or st.session_state.get("show_failed_map", False)


def _list(case: OpenCase) -> Prediction | None:
    """Show the findings, or why there are none; return them."""
    with st.spinner("Asking the model …", show_time=False):
        prediction = _prediction(case)
    if isinstance(prediction, str):
        st.info(prediction)
        return None
    st.markdown("**What the model suggests**")
    which_model(case)
    if prediction.abstained:
        st.warning(plain(f"The model abstains: {prediction.abstain_reason}"))
    for part in prediction.not_assessed:
        span = f"{clock(part.start_s)} to {clock(part.end_s)}"
        st.warning(plain(f"Not assessed, {span}: {part.reason}"))
    findings_list(
        ordered(prediction.findings),
        key=_LIST,
        selected=case.selected,
        verdicts=case.verdicts,
        on_act=_on_list,
    )
    return prediction


def _below_list(
    case: OpenCase, prediction: Prediction, attribution: Attribution | str | None
) -> None:
    """Show what belongs to the chosen finding, and what the model saw."""
    words = without(case.selected or "", prediction.quality.bad_leads)
    if words:
        st.caption(plain(words))
    strip = models.handheld_words(case)
    if strip and not prediction.abstained:
        st.caption(plain(strip))
    if case.selected is None:
        st.caption("Choose a finding to see on the paper where the model looked.")
    elif isinstance(attribution, Attribution):
        _map_panel(case, attribution)
    elif attribution is not None:
        st.info(attribution)
    _what_it_saw(case, prediction)


def _map_panel(case: OpenCase, attribution: Attribution) -> None:
    st.segmented_control(
        "Overlay",
        list(STYLES),
        default="heat",
        format_func={"heat": "Shading", "trace": "Trace", "none": "None"}.get,
        key="overlay_style",
        label_visibility="collapsed",
    )
    st.slider("Opacity", 10, 100, 60, step=10, format="%d %%", key="overlay_opacity")
    light = verdict(attribution.self_check)
    if not light.shown:
        st.warning("This map failed a check of its faithfulness to the model.")
        st.toggle("Show it all the same", key="show_failed_map")
    else:
        sign = "✓ Checks passed" if light.light == "green" else "! Checks passed in part"
        st.caption(plain(f"{sign}: {light.words[0].lower()}{light.words[1:]}"))
    if _passed(attribution):
        st.write(plain(describe(models.explainer_of(case), attribution).sentence))
    with st.expander("The checks"):
        for check in attribution.self_check:
            mark = {True: "✓", False: "✗", None: "·"}[check.passed]
            st.caption(plain(f"{mark} {check.words or check.name}"))
    st.page_link("pages/explain.py", label="Two methods, leads, what if", icon=":material/search:")


def _what_it_saw(case: OpenCase, prediction: Prediction) -> None:
    with st.expander("What the model saw, and did not see"):
        recording = case.recording
        unused = [lead for lead in recording.leads if lead not in prediction.leads_used]
        lines = [f"Leads read: {', '.join(prediction.leads_used) or 'none'}."]
        if unused:
            lines.append(f"Left out: {', '.join(unused)}.")
        lines += models.what_it_sees(case)
        lines += list(prediction.quality.reasons)
        lines += [lost_lead(lead) for lead in prediction.quality.bad_leads]
        lines.append("“Not flagged” does not mean absent.")
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def _on_paper() -> None:
    act = _act(_VIEWER)
    case = open_case()
    if case is None or act is None:
        return
    if act["name"] == "navigate":
        case.start_s = float(act.get("start_s", 0.0))
    else:
        _do(case, act)


def _on_list() -> None:
    act = _act(_LIST)
    case = open_case()
    if case is not None and act is not None:
        _do(case, act)


def _act(key: str) -> dict[str, Any] | None:
    state = st.session_state.get(key)
    act = state.get("act") if state else None
    return dict(act) if act else None


def _do(case: OpenCase, act: dict[str, Any]) -> None:
    """Apply one action: choose, step through the list, confirm or dismiss."""
    prediction = case.memo.get("prediction")
    if not isinstance(prediction, Prediction):
        return
    codes = [finding.code for finding in ordered(prediction.findings)]
    name = act["name"]
    if name == "select" and act.get("code") in codes:
        case.selected = None if case.selected == act["code"] else act["code"]
    elif name in ("next", "previous"):
        step = 1 if name == "next" else -1
        at = codes.index(case.selected) + step if case.selected in codes else min(step, 0)
        case.selected = codes[at % len(codes)]
    elif name in _VERDICTS and case.selected in codes:
        verdict = _VERDICTS[name]
        if case.verdicts.get(case.selected) == verdict:
            del case.verdicts[case.selected]
        else:
            case.verdicts[case.selected] = verdict
