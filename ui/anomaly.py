"""The anomaly page: the map on the paper, its places beside it, and what was expected there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgcore.errors import EcgError
from ecgcore.inference import available_models, use_threads
from ecgcore.inference.anomaly import default_anomaly
from ecgcore.inference.anomaly_shading import ShadingScale, shade, shading_scale
from ecgcore.inference.anomaly_spans import Place, places_of, spans_of
from ecgcore.inference.card import ANOMALY
from ecgcore.inference.shelf import DEFAULT_ANOMALY
from ecgcore.measure.unusual import worded
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, lay_out, window_seconds
from ecgcore.render.restored import lead_bars, over_time, restored_figure
from ecgcore.results import AnomalyMap, AnomalySpan, MeasureResult
from ui import card_words, models, settings
from ui.card_words import plot
from ui.findings import place_list
from ui.jobs import Job
from ui.review import footer_lines, header_lines
from ui.state import OpenCase, open_case
from ui.viewer import Legend, envelope, paper_viewer
from ui.waiting import compute, queue_words
from ui.words import plain

_VIEWER = "anomaly_paper"
_LIST = "anomaly_places"
_THRESHOLD = "anomaly_threshold"
_CHOSEN = "anomaly_place"
# One normal sample in so many is as unusual or more.
_STEPS = (20, 50, 100, 200, 500, 1000, 2000, 10_000)
_MOST_PLACES = 12
_AROUND_S = 1.2
OWN, WITH = "Trained on normal ECGs only", "With the classifier's features"
# What the parts of both scores are, in a reader's words.
_PARTS = {
    "looks": "How the trace looks, lead by lead",
    "hidden": "Restoration error of hidden stretches",
    "beat": "Beats beside the patient's own usual beat",
    "record": "The recording as a whole",
    "top": "The map's most unusual samples",
    "map:looks": "How the trace looks",
    "distance:own": "Features' distance from normal ECGs, this network",
}


@st.fragment
def anomalies(case: OpenCase) -> None:
    """Show how unusual a case is, and where."""
    chosen = settings.paper_controls(case)
    paper, side = st.columns([3.95, 1.25], gap="small")
    found = case.answers.anomalies.found
    if found is None:
        # The paper stands before the model has answered.
        with paper:
            _paper(case, chosen, None)
        with side:
            case.answers.anomalies.found = _found(case)
        st.rerun()
    if isinstance(found, str):
        with paper:
            _paper(case, chosen, None)
        with side:
            st.info(plain(found))
        return
    with side:
        threshold = _head(case, found)
    places = _places(case, found, threshold)
    place = _chosen(places)
    with paper:
        _paper(case, chosen, found)
        _below(case, found, threshold, place)
    with side:
        _list(case, found, places, place)
        _leads(found)
        _parts(found)
        _notes(found)


def _found(case: OpenCase) -> AnomalyMap | str:
    if DEFAULT_ANOMALY not in available_models(ANOMALY):
        return "No anomaly model is installed here. The paper and its tools work without one."
    try:
        use_threads(1)
        model = default_anomaly()
        bar = st.progress(0.0, "Comparing with normal ECGs …")
        study = case.study
        found = compute(
            case,
            ("anomalies", model.name),
            lambda report: study.anomaly(model, report=report),
            waiting=lambda job: bar.progress(job.share, _compared(job)),
        )
    except EcgError as error:
        return str(error)
    bar.empty()
    return found


def _compared(job: Job) -> str:
    waits = "" if job.before is None else f" {queue_words(job.before)}"
    return f"Comparing with normal ECGs …{waits}"


def _places(case: OpenCase, found: AnomalyMap, threshold: float) -> tuple[Place, ...]:
    """Return the places at a threshold, the most unusual ones with words; made once."""
    known = models.measured_of(case)
    kept = case.answers.anomalies.places
    if threshold not in kept:
        kept[threshold] = _find_places(found, threshold, known, case.recording.unit)
    return kept[threshold]


def _find_places(
    found: AnomalyMap, threshold: float, known: MeasureResult, unit: str
) -> tuple[Place, ...]:
    shown = places_of(marks_of(found, threshold))[:_MOST_PLACES]
    kept = tuple(span for place in shown for span in place.spans)
    if not kept:
        return ()
    said = worded(replace(found, spans=kept), known, unit)
    return places_of(said.spans)


# ---- paper ---------------------------------------------------------------------------------


def _paper(case: OpenCase, chosen: PaperSettings, found: AnomalyMap | None) -> None:
    recording = settings.drawn_recording(case)
    seconds = window_seconds(chosen, recording.duration_s)
    case.start_s = min(case.start_s, max(0.0, recording.duration_s - seconds))
    sheet = lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)
    lead = chosen.rhythm_lead if chosen.rhythm_lead in recording.leads else recording.leads[0]
    long = recording.duration_s > seconds + 0.5
    overlay, legend = None, None
    if found is not None:
        scale, values = _shading(case, found)
        overlay = Overlay(values, found.leads, found.fs_hz, "heat", 0.5, top=1.0)
        legend = Legend(
            "How unusual among normal ECGs",
            power_words(scale.weakest),
            f"{power_words(scale.strongest)} and rarer",
        )
    paper_viewer(
        recording,
        sheet,
        key=_VIEWER,
        case_id=case.case_id,
        header=header_lines(case, chosen),
        footer=footer_lines(recording, case.start_s, sheet.seconds),
        overlay=overlay,
        legend=legend,
        overview=case.remember(("envelope", lead), lambda: envelope(case.recording, lead))
        if long
        else None,
        on_act=_on_paper,
    )


def _shading(case: OpenCase, found: AnomalyMap) -> tuple[ShadingScale, NDArray[np.float32]]:
    """Return how this recording is shaded, and its shading; computed once."""
    kept = case.answers.anomalies
    if kept.shading is None:
        scale = shading_scale(found.values)
        kept.shading = scale, shade(found.values, found.fs_hz, scale)
    return kept.shading


def _below(case: OpenCase, found: AnomalyMap, threshold: float, place: Place | None) -> None:
    """Show the whole length of a long recording, and what was expected at the chosen place."""
    recording = case.recording
    shown_s = window_seconds(
        st.session_state.get("paper_settings", PaperSettings()), recording.duration_s
    )
    if recording.duration_s > shown_s + 0.5:
        st.markdown("**Over the whole recording**")
        shown = (case.start_s, case.start_s + shown_s)
        figure = over_time(found.values, found.fs_hz, threshold=threshold, shown=shown)
        plot(figure, "anomaly_time")
    if place is None or found.trace is None:
        return
    leads = [lead for lead in place.leads if lead in found.trace.leads]
    if not leads:
        return
    st.markdown("**Recorded, and what was expected there**")
    lead = leads[0]
    if len(leads) > 1:
        lead = (
            st.segmented_control(
                "Lead", leads, default=leads[0], format_func=plain, key="anomaly_lead"
            )
            or leads[0]
        )
    figure = restored_figure(
        found.trace,
        lead,
        start_s=place.start_s,
        end_s=min(place.end_s, place.start_s + 8.0),
        around_s=_AROUND_S,
        unit=recording.unit,
    )
    plot(figure, "anomaly_restored")
    st.caption(
        "Black: recorded (0.5-40 Hz). Blue: what the model put in with these samples hidden, from "
        "the rest of the recording; the band is two standard deviations. A change that is in "
        "every beat can be put in as well: then the shading tells, not the difference."
    )


# ---- beside --------------------------------------------------------------------------------


def _head(case: OpenCase, found: AnomalyMap) -> float:
    """Say the scores, and offer the threshold with the false alarms it means."""
    st.markdown("**Among normal ECGs**")
    if found.abnormal is None:
        st.warning("Not assessed: signal quality is insufficient.")
    else:
        st.html(scores_table(found))
        st.caption(
            f"Percentile of normal recordings; unusual from the {ordinal(100 * found.threshold)} "
            "percentile. Not a diagnosis."
        )
    rarity = st.select_slider(
        "Sensitivity",
        _STEPS,
        value=_first_rarity(found),
        format_func="1 in {:,}".format,
        help="Marks samples as rare as this among normal ECGs.",
        key=f"{_THRESHOLD}_{case.case_id}",
    )
    threshold = 1 - 1 / rarity
    alarms = _alarms(found, threshold)
    if alarms is not None:
        st.caption(f"At this threshold ten seconds of a normal ECG have {alarms:.1f} such places.")
    return threshold


def _first_rarity(found: AnomalyMap) -> int:
    """Return the rarity to begin with: the model's, or of an unusual ECG one that marks a place."""
    at = min(range(len(_STEPS)), key=lambda i: abs((1 - 1 / _STEPS[i]) - found.map_threshold))
    while found.abnormal and at and not marks_of(found, 1 - 1 / _STEPS[at]):
        at -= 1
    return _STEPS[at]


def marks_of(found: AnomalyMap, threshold: float) -> tuple[AnomalySpan, ...]:
    """Return the places of a map at a threshold."""
    return spans_of(found.values, found.leads, found.fs_hz, threshold)


def scores_table(found: AnomalyMap) -> str:
    """Return both scores as an HTML table, the one learned from normal ECGs alone first."""
    rows = [(OWN, found.score, found.abnormal)]
    if found.with_classifier is not None:
        rows.append((WITH, found.with_classifier.score, found.with_classifier.abnormal))
    cells = [
        [
            card_words.text(name),
            card_words.text(score_words(score, abnormal=abnormal)),
        ]
        for name, score, abnormal in rows
    ]
    return card_words.table(("Score", "Among normal ECGs"), cells)


def score_words(score: float, *, abnormal: bool | None) -> str:
    """Return a score in words: "Within normal range (79th percentile)"."""
    said = {True: "Unusual", False: "Within normal range", None: "Not assessed"}[abnormal]
    rank = f"{ordinal(100 * score)} percentile" if score < 0.999 else "above the 99.9th percentile"
    return f"{said} ({rank})"


def ordinal(percent: float) -> str:
    """Return a percentile as "79th"; above 99 with one decimal."""
    if percent >= 99:
        return f"{min(percent, 99.9):.1f}th"
    number = round(percent)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number < 14 else ending}"


def parts_table(parts: Mapping[str, float]) -> str:
    """Return what a score was made of, as an HTML table."""
    rows = [
        [card_words.text(part_words(name)), card_words.text(percent_words(value), "value")]
        for name, value in parts.items()
    ]
    return card_words.table(("Part", "Above"), rows)


def part_words(name: str) -> str:
    """Return what a part of a score is, in a reader's words."""
    if name.startswith("distance:") and name not in _PARTS:
        return f"Features' distance from normal ECGs, {name.removeprefix('distance:')}"
    return _PARTS.get(name, name)


def percent_words(score: float) -> str:
    """Return a share of normal recordings."""
    return f"{100 * score:.1f} %" if score < 0.999 else "over 99.9 %"


def _alarms(found: AnomalyMap, threshold: float) -> float | None:
    rows = found.false_alarms
    if not rows:
        return None
    below = [row for row in rows if row[0] <= threshold] or [rows[0]]
    above = [row for row in rows if row[0] >= threshold] or [rows[-1]]
    (a, low), (b, high) = below[-1], above[0]
    part = 0.0 if b <= a else (threshold - a) / (b - a)
    return low + part * (high - low)


def _code(place: Place) -> str:
    return f"{place.start_s:.3f}-{place.end_s:.3f}"


def _chosen(places: tuple[Place, ...]) -> Place | None:
    code = st.session_state.get(_CHOSEN)
    return next((place for place in places if _code(place) == code), None)


def _list(
    case: OpenCase, found: AnomalyMap, places: tuple[Place, ...], place: Place | None
) -> None:
    case.answers.anomalies.listed = places
    st.caption(places_words(found, n_places=len(places), scale=_shading(case, found)[0]))
    if not places:
        return
    rows = [_row(p, len(found.leads), chosen=p is place) for p in places]
    selected = None if place is None else _code(place)
    place_list(rows, key=_LIST, selected=selected, label="Unusual places", on_act=_on_list)


def places_words(found: AnomalyMap, *, n_places: int, scale: ShadingScale) -> str:
    """Return what the list of places means beside the score of the whole recording."""
    if not n_places and found.abnormal:
        return "The ECG is unusual as a whole; no single place stands out at this sensitivity."
    if not n_places:
        return "No place reaches this sensitivity; that does not mean that the ECG is normal."
    words = ["Most unusual first; J and K step through."]
    if found.abnormal is False:
        words.append("The ECG as a whole is within the normal range.")
    if scale.is_raised:
        half = power_words(scale.weakest)
        words.append(f"Half of the ECG is rarer than {half}: only rarer parts are shaded.")
    return " ".join(words)


def _row(place: Place, n_leads: int, *, chosen: bool) -> dict[str, Any]:
    leads = place.leads
    where = ", ".join(leads[:3]) + (f" and {len(leads) - 3} more" if len(leads) > 3 else "")
    if len(leads) == n_leads > 3:
        where = "All leads"
    span = place.spans[0]
    words = place.words if chosen else span.words or span.apart
    return {
        "code": _code(place),
        "name": f"{place.start_s:.1f} s  {where}",
        "state": "flagged",
        "value": rarity_words(place.score),
        "words": words,
        "probability": place.score,
        "threshold": 1.0,
        "threshold_words": "",
        "show_bar": False,
        "verdict": None,
    }


def power_words(power: float) -> str:
    """Return a rarity given as a power of ten as "1 in 500"."""
    return "1 in 10" if power <= 1 else f"1 in {_two_digits(10**power):,}"


def rarity_words(score: float) -> str:
    """Return a quantile as "1 in 500"."""
    one_in = 1 / max(1 - score, 1e-9)
    if one_in >= 10_000:
        return "rarest"
    return f"1 in {_two_digits(one_in):,}"


def _two_digits(number: float) -> int:
    digits = 10 ** max(len(str(int(number))) - 2, 0)
    return int(round(number / digits) * digits)


def _leads(found: AnomalyMap) -> None:
    if sum(v is not None for v in found.lead_scores.values()) < 2:
        return
    with st.expander("Lead by lead", expanded=len(found.leads) > 2):
        plot(lead_bars(found.lead_scores, found.threshold), "anomaly_leads")
        st.caption(
            "On the scale of the score trained on normal ECGs only: each bar is the score if every "
            "lead looked as this one does."
        )


def _parts(found: AnomalyMap) -> None:
    if found.abnormal is None:
        return
    with st.expander("What the scores are made of"):
        st.markdown(f"**{OWN}**")
        st.html(parts_table(found.parts))
        if found.with_classifier is not None:
            st.markdown(f"**{WITH}**")
            st.html(parts_table(found.with_classifier.parts))
        st.caption("Percentage of normal recordings that are less unusual, part by part.")


def _notes(found: AnomalyMap) -> None:
    with st.expander("What this is, and is not"):
        lines = [
            *found.notes,
            f"{OWN}: the map, its places and the first score. No label of a disease was learned "
            "from; which parts count how much was chosen with labelled ECGs.",
            f"{WITH}: the second score also measures how far the features of the network of "
            "statements, which was taught diagnoses, are from those of normal ECGs.",
            "Rare but harmless things are unusual too, and a common disease may not be.",
            f"Model: {found.model}.",
        ]
        st.markdown("\n".join(f"- {plain(line)}" for line in lines))


# ---- what the reader does ------------------------------------------------------------------


def _on_paper() -> None:
    _do(_VIEWER)


def _on_list() -> None:
    _do(_LIST)


def _do(key: str) -> None:
    """Apply one action: page through, choose a place, or step; a long recording goes there."""
    state = st.session_state.get(key)
    act: dict[str, Any] | None = dict(state["act"]) if state and state.get("act") else None
    case = open_case()
    if case is None or act is None:
        return
    if act["name"] == "navigate":
        case.start_s = float(act.get("start_s", 0.0))
        return
    places = case.answers.anomalies.listed
    codes = [_code(place) for place in places]
    now = st.session_state.get(_CHOSEN)
    if act["name"] == "select" and act.get("code") in codes:
        now = None if now == act["code"] else act["code"]
    elif act["name"] in ("next", "previous") and codes:
        step = 1 if act["name"] == "next" else -1
        at = codes.index(now) + step if now in codes else min(step, 0)
        now = codes[at % len(codes)]
    else:
        return
    st.session_state[_CHOSEN] = now
    if now is not None:
        _show(case, places[codes.index(now)])


def _show(case: OpenCase, place: Place) -> None:
    """Turn a long recording to a place."""
    chosen: PaperSettings = st.session_state.get("paper_settings", PaperSettings())
    seconds = window_seconds(chosen, case.recording.duration_s)
    if not case.start_s <= place.start_s <= case.start_s + seconds - 1.0:
        latest = max(0.0, case.recording.duration_s - seconds)
        case.start_s = min(max(0.0, place.start_s - 0.3 * seconds), latest)
