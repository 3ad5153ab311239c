"""The map of a statement whose checks went best: what is shown before anybody chooses a method."""

from ecgcore.explain.defaults import default_methods
from ecgcore.explain.explainer import Explainer
from ecgcore.explain.verdict import AMBER, GREEN, RED, verdict
from ecgcore.results import Attribution

_ORDER = (GREEN, AMBER, RED)


def best_checked(
    explainer: Explainer, label: str, *, windows: str = "all", at_s: float | None = None
) -> Attribution:
    """Return the first of the statement's two default methods, or the second if it fared better.

    The second is made only where the first did not pass every check.

    Parameters
    ----------
    label : str
    windows, at_s
        As :meth:`Explainer.explain`, whose errors these are.
    """
    found: list[Attribution] = []
    for method in default_methods(explainer.model, label):
        found.append(explainer.explain(label, method, windows=windows, at_s=at_s))
        if verdict(found[-1].self_check).light == GREEN:
            break
    # Of equal ones the first.
    return min(found, key=lambda one: _ORDER.index(verdict(one.self_check).light))
