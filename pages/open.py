"""Open: drop files or choose a demonstration case."""

from ui.demonstrations import demonstration_cases
from ui.intake import upload
from ui.shell import through_entry

through_entry("pages/open.py")

upload()
demonstration_cases()
