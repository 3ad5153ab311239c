"""The cases of a session in their order: from one to the next without going back to the list."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from ui.state import OpenCase, put_case
from ui.worklist.demonstrations import open_demonstration
from ui.worklist.uploads import current_uploads

_MOVED = "moved_to_case"


@dataclass(frozen=True)
class Place:
    """Where the open case stands among those it came with.

    Attributes
    ----------
    number, count : int
        From 1.
    """

    number: int
    count: int


def find_place(case: OpenCase) -> Place:
    """Return where a case stands: among the uploads, or among the demonstration cases."""
    if case.demo is not None:
        return Place(DEMONSTRATION_CASES.index(case.demo) + 1, len(DEMONSTRATION_CASES))
    opened = _list_uploads()
    numbers = [at for at, (other, _) in enumerate(opened, start=1) if other is case]
    return Place(numbers[0], len(opened)) if numbers else Place(1, 1)


def list_titles(case: OpenCase) -> list[str]:
    """Return what the cases are called that a case came with, itself among them."""
    if case.demo is not None:
        return [f"Case {number}" for number in range(1, len(DEMONSTRATION_CASES) + 1)]
    return [label for _, label in _list_uploads()] or [case.title]


def move_by(case: OpenCase, step: int) -> None:
    """Put the next or the previous case on the desk; past an end nothing happens."""
    move_to(case, find_place(case).number + step)


def move_to(case: OpenCase, number: int) -> None:
    """Put another of the cases on the desk; where there is none of that number nothing happens."""
    place = find_place(case)
    if not 1 <= number <= place.count or number == place.number:
        return
    if case.demo is not None:
        open_demonstration(number, DEMONSTRATION_CASES[number - 1])
    else:
        other, label = _list_uploads()[number - 1]
        other.title = label
        put_case(other)
    st.session_state[_MOVED] = True


def rerun_if_moved(rerun: Callable[[], None]) -> None:
    """Draw the whole page anew where another case was put on the desk."""
    if st.session_state.pop(_MOVED, False):
        rerun()


def _list_uploads() -> list[tuple[OpenCase, str]]:
    found = current_uploads()
    labels = found.labels()
    return [(entry.case, labels[entry.key]) for entry in found.entries if entry.case is not None]
