"""Open: drop files or choose a demonstration case."""

from ui.intake import demonstration_cases, upload
from ui.shell import through_entry

through_entry("pages/open.py")

upload()
demonstration_cases()
