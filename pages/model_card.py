"""Model card: what a model is for, what it was made from, and how good it is."""

from ui.model_card import model_card
from ui.shell import through_entry

through_entry("pages/model_card.py")

model_card()
