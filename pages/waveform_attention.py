"""Waveform attention: where a disease is read, by the textbook's rule and as a network learned."""

import streamlit as st

from ui.state import open_case
from ui.waveform import waveform_attention

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
else:
    waveform_attention(case)
