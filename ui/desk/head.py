"""Who, when and how, in one slim line above the measurements."""

from html import escape

import streamlit as st

from ecgcore.recording import describe_age
from ui.desk.patient import show_patient
from ui.state import OpenCase, move_to

_STYLE = """
<style>
.ecg-who { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; font-size: 14px;
  color: #5b6470; align-items: baseline; }
.ecg-who b { color: #24272c; font-size: 15px; }
html[data-ecg-room="dark"] .ecg-who { color: #a5a198; }
html[data-ecg-room="dark"] .ecg-who b { color: #e9e6df; }
</style>
"""


def show_head(case: OpenCase) -> None:
    """Show the patient and the recording, and offer to enter what the file does not tell."""
    with st.container(horizontal=True, vertical_alignment="center", key="desk_head"):
        parts = "".join(f"<span>{escape(words)}</span>" for words in describe_recording(case))
        who = escape(describe_person(case))
        st.html(f'{_STYLE}<p class="ecg-who"><b>{who}</b>{parts}</p>', width="stretch")
        show_patient(case)
        _show_place(case)


def _show_place(case: OpenCase) -> None:
    """Show where the case stands among those it came with, and go to another."""
    queue = case.queue
    if queue is None:
        return
    titles, key = queue.titles, f"desk_case_{case.case_id}"
    st.selectbox(
        "Case",
        range(1, len(titles) + 1),
        index=queue.number - 1,
        format_func=lambda number: f"{number}/{len(titles)}  {titles[number - 1]}",
        key=key,
        label_visibility="collapsed",
        width=170,
        on_change=_take_number,
        args=(case, key),
    )
    for step, name, icon, last in (
        (-1, "Previous case (,)", "chevron_left", 1),
        (1, "Next case (.)", "chevron_right", len(titles)),
    ):
        st.button(
            "",
            icon=f":material/{icon}:",
            help=name,
            key=f"desk_case_{icon}",
            disabled=queue.number == last,
            on_click=move_to,
            args=(case, queue.number + step),
        )


def _take_number(case: OpenCase, key: str) -> None:
    # Where a run was overtaken, Streamlit calls this for a list that it does not know any more.
    number = st.session_state.get(key)
    if number is not None:
        move_to(case, int(number))


def describe_person(case: OpenCase) -> str:
    """Return age and sex, or that they are not known."""
    patient = case.recording.patient
    age = "" if patient.age_years is None else describe_age(patient.age_years)
    known = [words for words in (age, patient.sex) if words]
    return " ".join(known) or "Age and sex not known"


def describe_recording(case: OpenCase) -> list[str]:
    """Return what else stands in the line: title, leads, time, device, pacemaker, indication."""
    recording = case.recording
    parts = [case.title]
    leads = "1 lead" if recording.n_leads == 1 else f"{recording.n_leads} leads"
    parts.append(f"{leads}, {_format_length(recording.duration_s)}, {recording.fs_hz:g} Hz")
    if recording.start is not None:
        parts.append(recording.start.strftime("%Y-%m-%d %H:%M"))
    if recording.patient.pacemaker:
        parts.append("pacemaker")
    if recording.patient.indication:
        parts.append(recording.patient.indication)
    return parts


def _format_length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
