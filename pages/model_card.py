"""Model card: what a model is for, what it was made from, and how good it is."""

from ui.models.card import show_model_card
from ui.page import show_page

show_page("pages/model_card.py", show_model_card)
