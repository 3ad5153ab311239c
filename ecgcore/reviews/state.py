"""What a case looks like after its events: a pure fold, without a database."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from ecgcore.errors import InvalidArgumentError
from ecgcore.reviews.events import Event, check_payload

Key = TypeVar("Key")
Value = TypeVar("Value")
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class PatientEntry:
    """What the reader said of the patient.

    Attributes
    ----------
    age_years : float or None
    sex : str or None
        ``"female"``, ``"male"`` or None.
    pacemaker : bool or None
    indication : str
    """

    age_years: float | None
    sex: str | None
    pacemaker: bool | None
    indication: str


@dataclass(frozen=True)
class CaseState:
    """A case as its reader left it.

    Attributes
    ----------
    seq : int
        Of the last event; 0: none.
    opened_at, changed_at : datetime or None
        When it was first opened, and when anything last happened, in UTC.
    blind : bool
        Whether what the software says is hidden until the reader asks for it.
    verdicts : mapping of str to str
        Statement code to ``"confirmed"`` or ``"dismissed"``.
    added : tuple of str
        Codes of statements that the reader added.
    comment : str
    marks : mapping of (int, str) to float
        (beat index, fiducial) to seconds: marks that the reader moved, the last one last.
    lead_names : tuple of mappings of str to str
        What leads were called, one naming after the other.
    patient : PatientEntry or None
    start_s : float
        Where the sheet begins.
    overlay : str
        Name of the overlay on the paper; empty: none.
    selected : str or None
        Code of the chosen statement.
    """

    seq: int = 0
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    blind: bool = False
    verdicts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    added: tuple[str, ...] = ()
    comment: str = ""
    marks: Mapping[tuple[int, str], float] = field(default_factory=lambda: MappingProxyType({}))
    lead_names: tuple[Mapping[str, str], ...] = ()
    patient: PatientEntry | None = None
    start_s: float = 0.0
    overlay: str = ""
    selected: str | None = None


def fold(events: Iterable[Event], start: CaseState | None = None) -> CaseState:
    """Return what a case looks like after these events.

    What a newer version of the software wrote, and this one does not understand, changes nothing
    but ``seq`` and ``changed_at``.

    Parameters
    ----------
    events : iterable of Event
        In the order of their ``seq``.
    start : CaseState, optional
        What earlier events came to; default the state before the first one.
    """
    state = start or CaseState()
    for event in events:
        state = replace(_apply(state, event), seq=event.seq, changed_at=event.at)
    return state


def _apply(state: CaseState, event: Event) -> CaseState:
    try:
        payload = check_payload(event.kind, event.payload)
    except InvalidArgumentError:
        return state
    if event.kind == "opened" and state.opened_at is None:
        state = replace(state, opened_at=event.at)
    return APPLY[event.kind](state, payload)


def _with(mapping: Mapping[Key, Value], key: Key, value: Value) -> Mapping[Key, Value]:
    """Return a mapping with an entry, as its last one."""
    return MappingProxyType({**_without(mapping, key), key: value})


def _without(mapping: Mapping[Key, Value], key: Key) -> Mapping[Key, Value]:
    return MappingProxyType({one: value for one, value in mapping.items() if one != key})


def _judge(state: CaseState, payload: Payload) -> CaseState:
    statement, verdict = payload["statement"], payload["verdict"]
    if verdict == "none":
        return replace(state, verdicts=_without(state.verdicts, statement))
    return replace(state, verdicts=_with(state.verdicts, statement, verdict))


def _add_statement(state: CaseState, payload: Payload) -> CaseState:
    added = (*(one for one in state.added if one != payload["statement"]), payload["statement"])
    return replace(state, added=added)


def _remove_statement(state: CaseState, payload: Payload) -> CaseState:
    added = tuple(one for one in state.added if one != payload["statement"])
    return replace(state, added=added)


def _move_mark(state: CaseState, payload: Payload) -> CaseState:
    mark = (payload["beat"], payload["fiducial"])
    return replace(state, marks=_with(state.marks, mark, payload["time_s"]))


def _reset_mark(state: CaseState, payload: Payload) -> CaseState:
    """Put marks back: one, those of a beat, those of a name, or all."""
    beat, fiducial = payload["beat"], payload["fiducial"]
    kept = {
        mark: at
        for mark, at in state.marks.items()
        if (beat is not None and mark[0] != beat) or (fiducial is not None and mark[1] != fiducial)
    }
    return replace(state, marks=MappingProxyType(kept))


def _name_leads(state: CaseState, payload: Payload) -> CaseState:
    names = MappingProxyType(payload["names"])
    return replace(state, lead_names=(*state.lead_names, names) if names else ())


# Kind of event -> what it makes of a state.
APPLY: Mapping[str, Callable[[CaseState, Payload], CaseState]] = {
    "opened": lambda state, payload: replace(state, blind=payload["blind"]),
    "revealed": lambda state, _payload: replace(state, blind=False),
    "verdict": _judge,
    "statement_added": _add_statement,
    "statement_removed": _remove_statement,
    "comment": lambda state, payload: replace(state, comment=payload["text"]),
    "mark_moved": _move_mark,
    "mark_reset": _reset_mark,
    "lead_named": _name_leads,
    "patient_entered": lambda state, payload: replace(state, patient=PatientEntry(**payload)),
    "place": lambda state, payload: replace(state, **payload),
}
