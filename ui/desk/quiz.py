"""Quiz mode: what the software says of a demonstration case is shown when the reader asks."""

import streamlit as st

from ui.state import OpenCase


def may_show_answer(case: OpenCase) -> bool:
    """Return whether the answer may be seen; offer to show it where not."""
    if not case.quiz:
        return True
    st.info("Quiz mode: read the ECG first. The software's findings are hidden.")
    st.button("Show the answer", key=f"answer_{case.case_id}", on_click=_show, args=(case,))
    return False


def _show(case: OpenCase) -> None:
    case.quiz = False
