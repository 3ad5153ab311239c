"""Open: drop files or choose a demonstration case."""

from ui.intake import demonstration_cases, upload

upload()
demonstration_cases()
