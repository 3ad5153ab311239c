"""Events of a long recording: their list by kind, marks on the overview, and keys from one on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import streamlit as st

from ecgcore.results import Beats, Interpretation
from ecgcore.statements import statement
from ecgcore.units import format_clock
from ui import model_answers
from ui.components.viewer import Tick
from ui.desk.desk import Desk
from ui.desk.paper import Paper
from ui.state import OpenCase
from ui.words import plain

KINDS = {
    "rhythm": "Rhythm changes",
    "run": "Ventricular runs",
    "ventricular": "Ventricular beats",
    "supraventricular": "Supraventricular beats",
    "pause": "Pauses",
}
_RUN_BEATS = 3
_PAUSE_S = 2.0
_STEPS = {"next_place": 1, "previous_place": -1}
_KIND = "desk_events_kind"


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes
    ----------
    kind : str
        A key of :data:`KINDS`.
    start_s, stop_s : float
    words : str
    """

    kind: str
    start_s: float
    stop_s: float
    words: str


def list_events(found: Interpretation, beats: Beats) -> tuple[Event, ...]:
    """Return the events of a recording, by kind and time.

    Rhythm changes are the stretches in another rhythm than the longest one.  Single beats of a run
    are counted with the ventricular beats too.
    """
    return (
        *_list_rhythms(found),
        *_list_runs(beats),
        *_list_beats(beats, "ventricular"),
        *_list_beats(beats, "supraventricular"),
        *_list_pauses(beats),
    )


def _list_rhythms(found: Interpretation) -> list[Event]:
    known = [episode for episode in found.rhythms if episode.code]
    lengths: dict[str, float] = {}
    for episode in known:
        lengths[episode.code] = lengths.get(episode.code, 0) + episode.stop_s - episode.start_s
    usual = max(lengths, key=lengths.__getitem__, default="")
    return [
        Event(
            "rhythm",
            episode.start_s,
            episode.stop_s,
            episode.words or statement(episode.code).term,
        )
        for episode in known
        if episode.code != usual
    ]


def _list_runs(beats: Beats) -> list[Event]:
    at = beats.consensus.r_peak
    events = []
    for is_run, some in groupby(range(len(beats.types)), lambda i: beats.types[i] == "ventricular"):
        run = list(some)
        if is_run and len(run) >= _RUN_BEATS:
            first, last = float(at[run[0]]), float(at[run[-1]])
            events.append(Event("run", first, last, f"{len(run)} ventricular beats in a row"))
    return events


def _list_beats(beats: Beats, kind: str) -> list[Event]:
    at = beats.consensus.r_peak
    return [
        Event(kind, float(at[i]), float(at[i]), f"{kind} beat")
        for i, of in enumerate(beats.types)
        if of == kind
    ]


def _list_pauses(beats: Beats) -> list[Event]:
    at = beats.consensus.r_peak
    return [
        Event("pause", float(at[i - 1]), float(at[i]), f"RR {beats.rr_s[i]:.1f} s")
        for i in np.flatnonzero(beats.rr_s > _PAUSE_S)
    ]


# ---- on the desk ---------------------------------------------------------------------------


def events_of(desk: Desk) -> tuple[Event, ...]:
    """Return the events of the open case; none where it fits one sheet."""
    if not desk.paper.is_paged:
        return ()
    return list_events(desk.found, model_answers.beats_of(desk.case))


def make_ticks(events: Sequence[Event]) -> tuple[Tick, ...]:
    """Return the events as marks on the overview."""
    return tuple(Tick(event.start_s, event.stop_s, event.kind) for event in events)


def show_events(desk: Desk) -> None:
    """Show how many events there are of each kind, and which is looked at."""
    events = events_of(desk)
    if not events:
        return
    counts = {kind: sum(e.kind == kind for e in events) for kind in KINDS}
    present = [kind for kind, count in counts.items() if count]
    with st.container(horizontal=True, vertical_alignment="center", key="desk_events"):
        st.pills(
            "Events",
            present,
            default=_choose_kind(present),
            required=True,
            format_func=lambda kind: f"{KINDS[kind]} {counts[kind]}",
            key=f"{_KIND}_{desk.case.case_id}",
            label_visibility="collapsed",
            width="content",
            on_change=_begin_anew,
            args=(desk.case,),
        )
        st.caption(plain(_describe_place(desk, events)), width="content")


def _begin_anew(case: OpenCase) -> None:
    case.event = None


def take_step(desk: Desk, name: str) -> bool:
    """Turn the paper to the next or the previous event of the chosen kind."""
    if name not in _STEPS:
        return False
    some = _list_chosen(desk, events_of(desk))
    if some:
        case = desk.case
        if case.event is None:
            at = 0 if _STEPS[name] > 0 else len(some) - 1
        else:
            at = (case.event + _STEPS[name]) % len(some)
        case.event = at
        _turn_to(desk.paper, some[at])
    return True


def _turn_to(paper: Paper, event: Event) -> None:
    if not (paper.shows(event.start_s) and paper.shows(event.start_s + 1)):
        paper.turn_to(event.start_s)


def _choose_kind(present: Sequence[str]) -> str:
    return present[0]


def _list_chosen(desk: Desk, events: Sequence[Event]) -> list[Event]:
    present = [kind for kind in KINDS if any(e.kind == kind for e in events)]
    if not present:
        return []
    kind = st.session_state.get(f"{_KIND}_{desk.case.case_id}") or _choose_kind(present)
    return [event for event in events if event.kind == kind]


def _describe_place(desk: Desk, events: Sequence[Event]) -> str:
    some = _list_chosen(desk, events)
    at = desk.case.event
    if at is None or at >= len(some):
        return "N and P step through."
    event = some[at]
    return f"{at + 1} of {len(some)}: {format_clock(event.start_s)}, {event.words}"
