"""Models: cards, population figures, the single-lead study, and methods side by side."""

from ui.models.page import show_models
from ui.page import show_page

show_page("pages/models.py", show_models)
