"""Which of a statement's two maps is shown first."""

from types import SimpleNamespace

import pytest

from ecgcore.explain import best, best_checked
from ecgcore.results import SelfCheck

GREEN = (SelfCheck("deletion", passed=True, value=1.0),)
AMBER = (*GREEN, SelfCheck("agreement", passed=False, value=0.0))
RED = (SelfCheck("deletion", passed=False, value=-1.0),)


@pytest.mark.parametrize(
    ("first", "second", "shown", "n_made"),
    [
        (GREEN, GREEN, "one", 1),
        (AMBER, GREEN, "two", 2),
        (AMBER, AMBER, "one", 2),
        (AMBER, RED, "one", 2),
        (RED, AMBER, "two", 2),
        (RED, RED, "one", 2),
    ],
)
def test_the_second_is_shown_only_where_it_fares_better(first, second, shown, n_made, monkeypatch):
    asked = []

    def explain(method):
        asked.append(method)
        return SimpleNamespace(method=method, self_check=first if method == "one" else second)

    monkeypatch.setattr(best, "default_methods", lambda _model, _label: ("one", "two"))
    assert best_checked(None, "PVC", explain).method == shown
    assert asked == ["one", "two"][:n_made]
