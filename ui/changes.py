"""An open case and the fold of its events: what differs, and how the one is made like the other."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from ecgcore.readers.assemble import NAMED_STEP
from ecgcore.recording import ENTERED_STEP
from ecgcore.reviews import CaseState, PatientEntry
from ui.state import OpenCase

Change = tuple[str, Mapping[str, Any]]


def apply_state(case: OpenCase, state: CaseState) -> None:
    """Make a case, as it was read, what its reader left.

    Raises
    ------
    InvalidArgumentError
        If the recording has not the leads that were named.
    """
    for names in state.lead_names:
        case.name_leads(names)
    if state.patient is not None:
        case.enter_patient(replace(case.recording.patient, **asdict(state.patient)))
    case.quiz = state.blind
    case.verdicts.update(state.verdicts)
    case.added.extend(state.added)
    case.comment = state.comment
    case.edits.update(state.marks)
    case.overlay = state.overlay or case.overlay
    case.selected, case.start_s = state.selected, state.start_s


def list_changes(case: OpenCase, state: CaseState) -> list[Change]:
    """Return the events that lead from what was noted to what the case is now.

    Parameters
    ----------
    case : OpenCase
    state : CaseState
        The fold of what was noted so far.
    """
    return [
        *_leads(case, state),
        *_patient(case, state),
        *_quiz(case, state),
        *_statements(case, state),
        *_marks(case, state),
        *_place(case, state),
    ]


def _leads(case: OpenCase, state: CaseState) -> Iterator[Change]:
    steps = case.recording.provenance.steps
    named = tuple(step.parameters["names"] for step in steps if step.name == NAMED_STEP)
    noted = state.lead_names
    if named[: len(noted)] != noted:
        yield "lead_named", {"names": {}}
        noted = ()
    for names in named[len(noted) :]:
        yield "lead_named", {"names": names}


def _patient(case: OpenCase, state: CaseState) -> Iterator[Change]:
    patient = case.recording.patient
    said = PatientEntry(patient.age_years, patient.sex, patient.pacemaker, patient.indication)
    entered = any(step.name == ENTERED_STEP for step in case.recording.provenance.steps)
    if entered and said != state.patient:
        yield "patient_entered", asdict(said)


def _quiz(case: OpenCase, state: CaseState) -> Iterator[Change]:
    if state.blind and not case.quiz:
        yield "revealed", {}


def _statements(case: OpenCase, state: CaseState) -> Iterator[Change]:
    for code in dict.fromkeys([*state.verdicts, *case.verdicts]):
        verdict = case.verdicts.get(code, "none")
        if verdict != state.verdicts.get(code, "none"):
            yield "verdict", {"statement": code, "verdict": verdict}
    for code in state.added:
        if code not in case.added:
            yield "statement_removed", {"statement": code}
    for code in case.added:
        if code not in state.added:
            yield "statement_added", {"statement": code}
    if case.comment != state.comment:
        yield "comment", {"text": case.comment}


def _marks(case: OpenCase, state: CaseState) -> Iterator[Change]:
    if state.marks and not case.edits:
        yield "mark_reset", {"beat": None, "fiducial": None}
        return
    for beat, fiducial in state.marks:
        if (beat, fiducial) not in case.edits:
            yield "mark_reset", {"beat": beat, "fiducial": fiducial}
    for (beat, fiducial), time_s in case.edits.items():
        if state.marks.get((beat, fiducial)) != time_s:
            yield "mark_moved", {"beat": beat, "fiducial": fiducial, "time_s": time_s}


def _place(case: OpenCase, state: CaseState) -> Iterator[Change]:
    place = {"start_s": case.start_s, "overlay": case.overlay, "selected": case.selected}
    # Before the first place, the beginning of the sheet without an overlay.
    noted = {
        "start_s": state.start_s,
        "overlay": state.overlay or OpenCase.overlay,
        "selected": state.selected,
    }
    if place != noted:
        yield "place", place
