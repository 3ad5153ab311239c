"""Waveform attention: where a disease is read, by the textbook's rule and as a network learned."""

from ui.page import show_case_page
from ui.systems.danet import show_danet

show_case_page("pages/waveform_attention.py", show_danet)
