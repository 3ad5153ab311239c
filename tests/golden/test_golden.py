"""No figure of the shipped weights moves unless it is meant to.

A change that is meant is a commit of its own: ``python -m tests.golden.make --write`` prints what
moves, old and new.
"""

import pytest

from tests.golden.figures import differences, figures_of
from tests.golden.make import TOLERANCE, load_kept, plain
from tests.golden.records import CHECKED, RECORDS


def test_every_record_is_kept() -> None:
    assert load_kept().keys() == RECORDS.keys()


@pytest.mark.parametrize("name", list(RECORDS))
def test_figures_are_those_kept(name: str) -> None:
    found = plain(figures_of(RECORDS[name](), checked=name in CHECKED))
    moved = differences(load_kept()[name], found, TOLERANCE)
    assert not moved, "\n".join(moved[:20])


def test_a_figure_that_moves_goes_or_comes_is_named() -> None:
    old = {"a": 1.0, "b": None, "c": 2000.0, "d": 0.5}
    new = {"a": 1.0 + 5e-5, "b": 0.1, "c": 2000.1, "e": 0.5}
    named = [line.partition(":")[0] for line in differences(old, new, 1e-4)]
    assert named == ["b", "d", "e"]
