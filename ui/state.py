"""What a session keeps: the open case, the paper's settings, the reader's verdicts.

Everything of a patient lives in this session's state alone: no cache shared between users.
"""

import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st

from ecgcore.recording import Patient, Recording
from ecgcore.simulate.cases import DemoCase

Value = TypeVar("Value")
_MEMO_SIZE = 24
_CASE, _SESSION = "open_case", "session_name"


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
    model : str or None
        The model that the reader chose to read this case; None: the default for its leads.
    turned_to : str or None
        Code of the finding whose map a long recording was turned to last.
    failed_maps_shown : set
        (model, statement, method) of maps that failed a check and are shown all the same.
    shared : str or None
        A demonstration case's key, while nothing was entered: what is computed for it holds nothing
        of anybody, and is shared by all readers under this name.
    memo : OrderedDict
        Bounded store of what was computed for this case.
    """

    title: str
    recording: Recording
    demo: DemoCase | None = None
    case_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    selected: str | None = None
    start_s: float = 0.0
    verdicts: dict[str, str] = field(default_factory=dict)
    edits: dict[tuple[int, str], float] = field(default_factory=dict)
    model: str | None = None
    turned_to: str | None = None
    failed_maps_shown: set[tuple[str, str, str]] = field(default_factory=set)
    shared: str | None = None
    memo: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)

    def remember(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what ``make`` made the first time for ``key``; the oldest of 24 is dropped."""
        if key not in self.memo:
            self.memo[key] = make()
            while len(self.memo) > _MEMO_SIZE:
                self.memo.popitem(last=False)
        self.memo.move_to_end(key)
        result: Value = self.memo[key]
        return result

    def enter_patient(self, patient: Patient) -> None:
        """Take what the reader says of the patient; all but the reader's own work is made anew."""
        self.recording = self.recording.with_patient(patient)
        self.shared = None
        self.memo.clear()

    def read_by(self, name: str) -> None:
        """Let another model read this case: what the one before said is forgotten."""
        self.model, self.selected = name, None
        said = ("prediction", "explainer", "attribution")
        for key in [k for k in self.memo if k in said or (isinstance(k, tuple) and k[0] in said)]:
            del self.memo[key]


def session_name() -> str:
    """Return a name of this session, made here."""
    name: str = st.session_state.setdefault(_SESSION, uuid.uuid4().hex)
    return name


def open_case() -> OpenCase | None:
    """Return the case on this session's desk, or None."""
    case: OpenCase | None = st.session_state.get(_CASE)
    return case


def put_case(case: OpenCase) -> None:
    """Put a case on the desk; the one before leaves it."""
    st.session_state[_CASE] = case
