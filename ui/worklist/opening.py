"""Putting a demonstration case on the desk."""

import streamlit as st

from ecgcore.recording import Recording
from ecgcore.simulate.cases import DemoCase, make_demonstration_case
from ui.state import OpenCase, put_case

QUIZ = "quiz_mode"


def is_quiz() -> bool:
    """Return whether the diagnoses of demonstration cases are hidden until they are asked for."""
    return bool(st.session_state.get(QUIZ, False))


def open_demonstration(number: int, case: DemoCase) -> None:
    """Put a demonstration case on the desk."""
    title, recording = f"Case {number}", _simulate(case.key)
    put_case(OpenCase(title=title, recording=recording, demo=case, quiz=is_quiz(), shared=case.key))


@st.cache_data(max_entries=32, show_spinner="Simulating …")
def _simulate(key: str) -> Recording:
    # Shared by all users: a simulated case holds nothing of anybody.
    return make_demonstration_case(key).recording
