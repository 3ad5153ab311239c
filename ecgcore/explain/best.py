"""The map of a statement whose checks went best: what is shown before anybody chooses a method."""

from collections.abc import Callable

from ecgcore.explain.defaults import default_methods
from ecgcore.explain.faithfulness import AMBER, GREEN, RED, rate_faithfulness
from ecgcore.inference.loading import LoadedModel
from ecgcore.results import Attribution

_ORDER = (GREEN, AMBER, RED)


def best_checked(
    model: LoadedModel, label: str, explain: Callable[[str], Attribution]
) -> Attribution:
    """Return the map by the first of the statement's two default methods, or a better second.

    The second is made only where the first did not pass every check.

    Parameters
    ----------
    explain : callable
        Makes the statement's map by a method, given by its name, or takes it from where it is kept.
    """
    found: list[Attribution] = []
    for method in default_methods(model, label):
        found.append(explain(method))
        if rate_faithfulness(found[-1].self_check).light == GREEN:
            break
    # Of equal ones the first.
    return min(found, key=lambda one: _ORDER.index(rate_faithfulness(one.self_check).light))
