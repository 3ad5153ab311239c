"""Model card: what a model is for, what it was made from, and how good it is."""

from ui.page import show_page
from ui.systems.card import show_model_card

show_page("pages/model_card.py", show_model_card)
