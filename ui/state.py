"""What a session keeps: the open case, the paper's settings, the reader's verdicts.

Everything of a patient lives in this session's state alone: no cache shared between users.
"""

import uuid
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import streamlit as st

from ecgcore.readers.assemble import name_leads
from ecgcore.readers.convert import Converted
from ecgcore.recording import Patient, Recording
from ecgcore.results import MeasureResult, Quality
from ecgcore.simulate.cases import DemoCase
from ecgcore.study import Study
from ui.answers import Answers

_CASE, _CLEARED, _SESSION = "open_case", "cleared_for", "session_name"
_MOVED = "moved_to_case"
# Widgets and notes that speak of leads, beats, windows or maps of the case on the desk.
OF_A_CASE = (
    "anomaly_",
    "attention_",
    "card_anomaly_",
    "card_explain_",
    "desk_case_",
    "desk_events_",
    "explain_",
    "failed_map_",
    "measure_",
    "median_",
    "review_",
    "save_",
    "single_lead_",
    "waveform_",
    "what_if_",
    "why_",
)
# Of these, how the reader likes to look at any case.
PREFERENCES = frozenset(
    {
        "attention_curve",
        "desk_details_attention",
        "desk_details_leads",
        "desk_details_unusual",
        "desk_details_waves",
        "desk_details_why",
        "explain_arrange",
        "explain_sign",
        "explain_style",
        "save_anonymised",
        "save_format",
    }
)


@dataclass(eq=False)
class Drawn:
    """What was made of a recording to show or save it; it goes whole, with the recording.

    Attributes
    ----------
    quality : Quality or None
        None until it was asked for.
    filtered : dict
        (filter, mains frequency or None) to the samples that were filtered, and the recording.
    envelopes : dict of str to str
        Lead to its overview, as :func:`ui.components.viewer.compute_envelope`.
    converted : tuple or None
        (format, whether anonymised), and the files that were last made so.
    """

    quality: Quality | None = None
    filtered: dict[tuple[str, float | None], tuple[slice, Recording]] = field(default_factory=dict)
    envelopes: dict[str, str] = field(default_factory=dict)
    converted: tuple[tuple[str, bool], Converted] | None = None


class Queue(Protocol):
    """The cases among which one stands.

    Attributes
    ----------
    number : int
        Of the case itself, from 1.
    titles : list of str
    """

    @property
    def number(self) -> int:
        """Of the case itself, from 1."""

    @property
    def titles(self) -> list[str]:
        """What all of them are called."""

    def open(self, number: int) -> None:
        """Put one of them on the desk."""


@dataclass
class OpenCase:
    """The case on the desk.

    Attributes
    ----------
    case_id : str
        Made here; tells nothing about the patient.
    title : str
        What is printed on the sheet: the demonstration case's title, or the file's name.
    recording : Recording
    demo : DemoCase or None
        For simulated cases.
    selected : str or None
        Code of the chosen finding.
    start_s : float
        Where the sheet begins in a long recording.
    verdicts : dict
        Statement code to ``"confirmed"`` or ``"dismissed"``; only the reader writes here.
    edits : dict
        (beat index, fiducial name) to seconds: marks that the reader has moved.
    quiz : bool
        Whether what the software says of this case is hidden until the reader asks for it.
    unnamed : Recording or None
        The recording before the reader named its leads.
    model : str or None
        The model that the reader chose to read this case; None: the default for its leads.
    turned_to : str or None
        Code of the finding whose map a long recording was turned to last.
    overlay : str
        Which overlay is on the paper; a key of ``ui.desk.overlays.OVERLAYS``.
    method : str or None
        By which method the chosen statement is explained; None: the one with the best checks.
    added : list of str
        Codes of the statements that the reader added.
    comment : str
        The reader's.
    event : int or None
        Which of the events of a long recording is looked at, of the chosen kind.
    show_failed : str or None
        Code of the statement whose map is shown although a check failed.
    failed_maps_shown : set
        (model, statement, method) of maps that failed a check and are shown all the same.
    shared : str or None
        A demonstration case's key, while nothing was entered: what is computed for it holds nothing
        of anybody, and is shared by all readers under this name.
    cancelled : set
        Keys of what the reader has cancelled.
    failed : dict
        Key of what a worker could not do to why.
    drawn : Drawn
    queue : Queue or None
        The cases that it came with; None where it stands alone.
    """

    title: str
    recording: Recording
    demo: DemoCase | None = None
    case_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    selected: str | None = None
    start_s: float = 0.0
    verdicts: dict[str, str] = field(default_factory=dict)
    edits: dict[tuple[int, str], float] = field(default_factory=dict)
    quiz: bool = False
    unnamed: Recording | None = None
    model: str | None = None
    turned_to: str | None = None
    overlay: str = "none"
    method: str | None = None
    added: list[str] = field(default_factory=list)
    comment: str = ""
    show_failed: str | None = None
    event: int | None = None
    failed_maps_shown: set[tuple[str, str, str]] = field(default_factory=set)
    shared: str | None = None
    cancelled: set[tuple[Hashable, ...]] = field(default_factory=set)
    failed: dict[tuple[Hashable, ...], str] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)
    queue: Queue | None = None

    def __post_init__(self) -> None:
        self._answers = Answers(Study(self.recording))

    @property
    def answers(self) -> Answers:
        """What was found in the case as it is now, with the marks that the reader has moved."""
        if self._answers.study.edits != self.edits:
            self._study_anew(self._answers.study.with_edits(self.edits))
        return self._answers

    @property
    def study(self) -> Study:
        """The case's recording, and each thing that is found in it once."""
        return self.answers.study

    def take_measured(self, measured: MeasureResult) -> None:
        """Take what was measured on the recording elsewhere."""
        self._study_anew(self._answers.study.with_measured(measured))

    def close(self) -> None:
        """Let go of everything that was computed for this case."""
        self.drawn = Drawn()
        self._study_anew(Study(self.recording))

    def _study_anew(self, study: Study) -> None:
        self._answers = Answers(study)
        self.cancelled.clear()
        self.failed.clear()

    def enter_patient(self, patient: Patient) -> None:
        """Take what the reader says of the patient; all but the reader's own work is made anew."""
        self.recording = self.recording.with_patient(patient)
        self.shared = None
        self.drawn = Drawn()
        self._study_anew(self._answers.study.with_patient(patient))

    def name_leads(self, names: Mapping[str, str]) -> None:
        """Take what the reader calls leads that the file does not name; all is made anew."""
        self.unnamed = self.unnamed or self.recording
        self._replace(name_leads(self.recording, names))

    def forget_leads(self) -> None:
        """Call the leads again what the file does."""
        if self.unnamed is not None:
            self._replace(self.unnamed.with_patient(self.recording.patient))
            self.unnamed = None

    def _replace(self, recording: Recording) -> None:
        self.recording, self.model, self.selected, self.shared = recording, None, None, None
        self.turned_to = self.show_failed = self.event = None
        self.failed_maps_shown.clear()
        self.close()

    def read_by(self, name: str) -> None:
        """Let another model read this case: each model has its own answers."""
        self.model, self.selected, self.turned_to, self.show_failed = name, None, None, None


def session_name() -> str:
    """Return a name of this session, made here."""
    name: str = st.session_state.setdefault(_SESSION, uuid.uuid4().hex)
    return name


def open_case() -> OpenCase | None:
    """Return the case on this session's desk, or None."""
    case: OpenCase | None = st.session_state.get(_CASE)
    if case is not None:
        _clear_former(case)
    return case


def put_case(case: OpenCase) -> None:
    """Put a case on the desk; the one before leaves it, and what was computed for it goes."""
    former: OpenCase | None = st.session_state.get(_CASE)
    if former is not None and former is not case:
        former.close()
    st.session_state[_CASE] = case
    _clear_former(case)


def move_to(case: OpenCase, number: int) -> None:
    """Put another case of the queue on the desk; past an end nothing happens."""
    queue = case.queue
    if queue is not None and 1 <= number <= len(queue.titles) and number != queue.number:
        queue.open(number)
        st.session_state[_MOVED] = True


def take_move() -> bool:
    """Return, once, whether another case was put on the desk since the page was drawn."""
    return bool(st.session_state.pop(_MOVED, False))


def _clear_former(case: OpenCase) -> None:
    """Forget what widgets hold of another case, or of this one under other lead names."""
    now = (case.case_id, case.recording.leads)
    before = st.session_state.get(_CLEARED)
    if before == now:
        return
    st.session_state[_CLEARED] = now
    if before is None:
        return
    for key in [str(key) for key in st.session_state]:
        if key.startswith(OF_A_CASE) and key not in PREFERENCES:
            del st.session_state[key]
