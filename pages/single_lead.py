"""Single lead: the student on one lead beside the teacher on all of them."""

import streamlit as st

from ui.single_lead import single_lead
from ui.state import open_case

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
else:
    single_lead(case)
