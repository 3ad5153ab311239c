"""Anomaly: how unusual the recording is among normal ECGs, and where."""

from ui.desk.anomaly import show_anomalies
from ui.page import show_case_page

show_case_page("pages/anomaly.py", show_anomalies)
