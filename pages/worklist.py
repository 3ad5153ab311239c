"""Worklist: drop files, the cases of the session, or choose a demonstration case."""

from ui.page import show_page
from ui.worklist.demonstrations import show_demonstration_cases
from ui.worklist.intake import show_upload
from ui.worklist.kept import show_kept_cases

show_page("pages/worklist.py", show_upload, show_kept_cases, show_demonstration_cases)
