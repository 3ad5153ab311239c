"""The reader's moved marks: taken, or refused with one sentence and put back."""

from dataclasses import dataclass

import streamlit as st

from ecgcore.errors import EcgError
from ui.state import OpenCase

_REFUSED = "refused_marks"


@dataclass
class Refusals:
    """Marks that could not stand where they were moved.

    Attributes
    ----------
    count : int
        How many so far in this session.
    case_id, words : str
        The last one's case, and why.
    """

    count: int = 0
    case_id: str = ""
    words: str = ""

    def add(self, case: OpenCase, words: str) -> None:
        """Count one more."""
        self.count += 1
        self.case_id, self.words = case.case_id, words

    def why(self, case: OpenCase) -> str:
        """Return why the last mark of a case went back, or an empty string."""
        return self.words if self.case_id == case.case_id else ""

    def forget(self) -> None:
        """Say no more of the last one."""
        self.words = ""


def refusals() -> Refusals:
    """Return this session's refused marks."""
    found: Refusals = st.session_state.setdefault(_REFUSED, Refusals())
    return found


def settle_marks(case: OpenCase) -> None:
    """Let impossible marks go back, the last one first, and say why."""
    while case.edits:
        try:
            _ = case.study.measured
        except EcgError as error:
            case.edits.popitem()
            refusals().add(case, str(error))
        else:
            return


def move_mark(case: OpenCase, mark: tuple[int, str], time_s: float) -> None:
    """Take a moved mark into a case, or leave it and say why."""
    edits = {key: at for key, at in case.edits.items() if key != mark}
    edits[mark] = time_s
    try:
        _ = case.study.with_edits(edits).measured
    except EcgError as error:
        refusals().add(case, str(error))
        return
    case.edits.clear()
    case.edits.update(edits)
    refusals().forget()
