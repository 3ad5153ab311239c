"""Thresholds attain what they claim."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.evaluation import at_threshold, best_f1, for_sensitivity


def test_best_f1_by_hand():
    # From .6 on: 2 of 2 positives and one negative: F1 = 4/5; from .9: 2/3; from .1: 4/6.
    found = best_f1([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1], source="out-of-fold predictions")
    assert found.value == 0.6
    assert found.f1 == pytest.approx(0.8)
    assert (found.sensitivity, found.specificity) == (1, 0.5)
    assert found.origin == "highest F1 on out-of-fold predictions"
    assert (found.n, found.n_positive) == (4, 2)


def test_the_highest_of_several_best():
    # Both .9 (1 of 2, nothing else) and .2 (2 of 2, two negatives) give 2/3.
    assert best_f1([1, 0, 0, 1], [0.9, 0.5, 0.4, 0.2]).value == 0.9


scores_and_targets = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0, float("nan")]), st.integers(0, 12)),
    min_size=1,
    max_size=50,
)


@settings(max_examples=80, deadline=None)
@given(scores_and_targets)
def test_no_observed_score_gives_a_higher_f1(pairs):
    y = np.array([t for t, _ in pairs])
    s = np.array([v for _, v in pairs]) / 12
    if not (y == 1).any():
        with pytest.raises(CannotAssessError, match="no positive"):
            best_f1(y, s)
        return
    found = best_f1(y, s)
    assert found.value in s
    assert at_threshold(y, s, found.value)["f1"] == found.f1
    every = [at_threshold(y, s, value)["f1"] for value in s[~np.isnan(y)]]
    assert found.f1 == pytest.approx(max(every))


@settings(max_examples=80, deadline=None)
@given(scores_and_targets, st.floats(0.05, 1))
def test_wanted_sensitivity_is_attained_and_no_more_is_given_away(pairs, wanted):
    y = np.array([t for t, _ in pairs])
    s = np.array([v for _, v in pairs]) / 12
    if not (y == 1).any():
        with pytest.raises(CannotAssessError):
            for_sensitivity(y, s, wanted)
        return
    found = for_sensitivity(y, s, wanted)
    assert found.sensitivity >= wanted - 1e-9
    higher = s[(y == 1) & (s > found.value)]
    if higher.size:
        assert at_threshold(y, s, higher.min())["sensitivity"] < wanted


def test_sensitivity_words_and_rounding():
    y = np.ones(20)
    found = for_sensitivity(y, np.arange(20) / 20, 0.95, source="val")
    assert found.value == 1 / 20
    assert found.origin == "sensitivity of at least 95% on val"


def test_rounding_asks_for_no_further_record_among_many():
    # 0.55 * 700,000 is 385,000.00000000006 in binary.
    found = for_sensitivity(np.ones(700_000), np.arange(700_000, 0, -1), 0.55)
    assert found.value == 700_000 - 385_000 + 1
    assert found.sensitivity == 0.55


@pytest.mark.parametrize("wanted", [0, 1.1, float("nan")])
def test_impossible_sensitivity_is_refused(wanted):
    with pytest.raises(InvalidArgumentError):
        for_sensitivity([1, 0], [0.5, 0.1], wanted)


def test_bad_shapes_are_refused():
    with pytest.raises(InvalidArgumentError, match="shape"):
        best_f1([1, 0], [0.1])
