"""Demonstration cases: simulated ECGs with known truth."""

from collections.abc import Sequence

import streamlit as st

from ecgcore.simulate.cases import DEMONSTRATION_GROUPS, DemoCase
from ui.worklist.opening import QUIZ, is_quiz, open_demonstration

_REVIEW = "pages/read.py"
_COLUMNS = 4


def show_demonstration_cases() -> None:
    """Show the simulated cases as cards; choosing one opens it."""
    st.subheader("Or read a demonstration case")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Simulated ECGs with a known diagnosis, which is never printed on the sheet.")
        hidden = st.toggle(
            "Quiz mode",
            value=is_quiz(),
            key=f"{QUIZ}_toggle",
            help="Hides diagnoses and histories here, and the software's findings on every page, "
            "until you ask for them.",
        )
        st.session_state[QUIZ] = hidden
    first = 1
    for group, cases in DEMONSTRATION_GROUPS.items():
        if not hidden:  # a group gives its diagnoses away
            st.markdown(f"**{group}**")
        _show_cards(first, cases, hidden=hidden)
        first += len(cases)


def _show_cards(first: int, cases: Sequence[DemoCase], *, hidden: bool) -> None:
    for start in range(0, len(cases), _COLUMNS):
        row = st.columns(_COLUMNS, gap="small")
        for offset, case in enumerate(cases[start : start + _COLUMNS]):
            with row[offset].container(border=True, height="stretch", gap="xsmall"):
                _show_card(first + start + offset, case, hidden=hidden)


def _show_card(number: int, case: DemoCase, *, hidden: bool) -> None:
    st.markdown(f"**Case {number}**" if hidden else f"**{number}. {case.title}**")
    history = case.history.partition(". ")[0] if hidden else case.history
    st.caption(f"{history}  \n{'●' * case.difficulty}{'○' * (3 - case.difficulty)}")
    # The number alone: a case's own key names its diagnosis.
    if st.button("Read", key=f"demo_{number}", width="stretch"):
        open_demonstration(number, case)
        st.switch_page(_REVIEW)
