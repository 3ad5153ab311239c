"""Single lead: the student on one lead beside the teacher on all of them."""

import streamlit as st

from ui.questions import ask_if_unknown
from ui.quiz import answer_shown
from ui.shell import through_entry
from ui.single_lead import single_lead
from ui.state import open_case

through_entry("pages/single_lead.py")

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
elif answer_shown(case):
    ask_if_unknown(case)
    single_lead(case)
