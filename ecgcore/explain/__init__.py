"""Where a model looked, with checks of whether the answer can be trusted."""

from ecgcore.explain.attribution import explain
from ecgcore.explain.best import best_checked
from ecgcore.explain.case import Case, Map, MethodEntry
from ecgcore.explain.description import Description, describe
from ecgcore.explain.explainer import Explainer
from ecgcore.explain.faithfulness import Faithfulness, rate_faithfulness
from ecgcore.explain.table import METHODS, method_for, methods_of

__all__ = [
    "METHODS",
    "Case",
    "Description",
    "Explainer",
    "Faithfulness",
    "Map",
    "MethodEntry",
    "best_checked",
    "describe",
    "explain",
    "method_for",
    "methods_of",
    "rate_faithfulness",
]
