"""Where a model looked, with checks of whether the answer can be trusted."""

from ecgcore.explain.attribution import explain
from ecgcore.explain.case import Case, Map, MethodEntry
from ecgcore.explain.explainer import Explainer
from ecgcore.explain.table import METHODS, method_for, methods_of

__all__ = [
    "METHODS",
    "Case",
    "Explainer",
    "Map",
    "MethodEntry",
    "explain",
    "method_for",
    "methods_of",
]
