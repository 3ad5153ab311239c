"""Where a model looked, with checks of whether the answer can be trusted."""

from ecgcore.explain.attribution import METHODS, explain

__all__ = ["METHODS", "explain"]
