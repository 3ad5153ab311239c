"""Explain: two maps side by side, the leads on the body, and what if."""

from ui.desk.explain import show_explanations
from ui.page import show_case_page

show_case_page("pages/explain.py", show_explanations)
