"""The events of a case: which kinds there are, and what each of them says."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ecgcore.errors import InvalidArgumentError
from ecgcore.recording import MAX_AGE_YEARS
from ecgcore.results import FIDUCIALS

VERDICTS = ("confirmed", "dismissed", "none")
MAX_TEXT = 20_000
_MAX_NAME, _MAX_NAMES = 200, 64
_MAX_BEAT = 10_000_000
_MAX_TIME_S = 1e9

Check = Callable[[Any], Any]


@dataclass(frozen=True)
class Event:
    """One thing that happened to a case.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    payload : mapping
        What it says, as its kind asks for.
    seq : int
        Its place among the events of its case, from 1; 0: not stored.
    case_id, person_id : str
    at : datetime or None
        In UTC; None where it was not stored.
    software : str
        Name and version of the software that wrote it.
    model : str
        SHA-256 of the weights whose findings the reader saw; empty where none mattered.
    """

    kind: str
    payload: Mapping[str, Any]
    seq: int = 0
    case_id: str = ""
    person_id: str = ""
    at: datetime | None = None
    software: str = ""
    model: str = ""


def check_payload(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload as it is stored.

    Parameters
    ----------
    kind : str
    payload : mapping

    Raises
    ------
    InvalidArgumentError
        If there is no such kind, or the payload is not as it asks for.
    """
    asked = KINDS.get(kind)
    if asked is None:
        raise InvalidArgumentError(f"There is no event {kind!r}; there are {', '.join(KINDS)}.")
    if set(payload) != set(asked):
        raise InvalidArgumentError(
            f"The event {kind!r} was given {', '.join(sorted(map(str, payload))) or 'nothing'}; "
            f"it needs {', '.join(asked) or 'nothing'}."
        )
    checked = {}
    for name, check in asked.items():
        try:
            checked[name] = check(payload[name])
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"{name} of the event {kind!r} is {payload[name]!r}; it must be {error}."
            ) from error
    return checked


# ---- what a field may hold; each raises ValueError with what would be right ------------------


def _text(most: int, least: int = 0) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise ValueError(f"a text of {least} to {most} characters")
        return value

    return check


def _one_of(*options: str) -> Check:
    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"one of {', '.join(options)}")
        return str(value)

    return check


def _number(least: float, most: float) -> Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("a number")
        if not (math.isfinite(value) and least <= value <= most):
            raise ValueError(f"a number from {least:g} to {most:g}")
        return float(value)

    return check


def _beat(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_BEAT:
        raise ValueError("the number of a beat")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _names(value: Any) -> dict[str, str]:
    name = _text(_MAX_NAME, 1)
    if not isinstance(value, Mapping) or len(value) > _MAX_NAMES:
        raise ValueError("the leads that were named")
    return {name(old): name(new) for old, new in value.items()}


_CODE = _text(_MAX_NAME, 1)
_TIME_S = _number(0, _MAX_TIME_S)

# Kind of event -> what its payload holds.  A kind that is added here needs its line in
# :mod:`ecgcore.reviews.state`.
KINDS: Mapping[str, Mapping[str, Check]] = {
    # blind: what the software says is hidden until the reader asks for it.
    "opened": {"blind": _flag},
    "revealed": {},
    # "none" takes a verdict back.
    "verdict": {"statement": _CODE, "verdict": _one_of(*VERDICTS)},
    "statement_added": {"statement": _CODE},
    "statement_removed": {"statement": _CODE},
    # The whole comment as it now reads.
    "comment": {"text": _text(MAX_TEXT)},
    "mark_moved": {"beat": _beat, "fiducial": _one_of(*FIDUCIALS), "time_s": _TIME_S},
    # Both None: every mark.
    "mark_reset": {"beat": _optional(_beat), "fiducial": _optional(_one_of(*FIDUCIALS))},
    # Name in the recording as it now is -> lead; empty: the file's own names again.
    "lead_named": {"names": _names},
    "patient_entered": {
        "age_years": _optional(_number(0, MAX_AGE_YEARS)),
        "sex": _optional(_one_of("female", "male")),
        "pacemaker": _optional(_flag),
        "indication": _text(MAX_TEXT),
    },
    "place": {
        "start_s": _TIME_S,
        "overlay": _text(_MAX_NAME),
        "selected": _optional(_CODE),
    },
}
