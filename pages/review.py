"""Review: the paper, the findings beside it, and where the model looked."""

import streamlit as st

from ui.questions import ask_if_unknown
from ui.review import review
from ui.shell import through_entry
from ui.state import open_case

through_entry("pages/review.py")

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
else:
    ask_if_unknown(case)
    review(case)
