"""Anomaly: how unusual the recording is among normal ECGs, and where."""

import streamlit as st

from ui.anomaly import anomalies
from ui.shell import through_entry
from ui.state import open_case

through_entry("pages/anomaly.py")

case = open_case()
if case is None:
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/open.py", label="Open an ECG", icon=":material/folder_open:")
else:
    anomalies(case)
