"""Waveform attention: where a disease is read, by the textbook's rule and as a network learned."""

from ui.models.danet import show_danet
from ui.page import show_case_page

show_case_page("pages/waveform_attention.py", show_danet)
