"""Measure: intervals, axes, amplitudes, wave marks and the median beat."""

import streamlit as st

from ui.measuring import measurements
from ui.questions import ask_if_unknown
from ui.quiz import answer_shown
from ui.shell import through_entry
from ui.state import open_case

through_entry("pages/measure.py")

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
elif answer_shown(case):
    ask_if_unknown(case)
    measurements(case)
