"""Measure: intervals, axes, amplitudes, wave marks and the median beat."""

from ui.desk.measure import show_measurements
from ui.page import show_case_page

show_case_page("pages/measure.py", show_measurements)
