"""Recipes, augmentation, losses, the training loop, and the making of a model folder."""

from ecgcore.training.make import make_model, write_card
from ecgcore.training.recipe import Recipe, read_recipe

__all__ = ["Recipe", "make_model", "read_recipe", "write_card"]
