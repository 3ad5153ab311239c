"""Model card: what a model is for, what it was made from, and how good it is."""

from ui.model_card import model_card

model_card()
