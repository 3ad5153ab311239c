"""Conformal sets: the coverage that was asked for, and when they are of help."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.conformal import (
    Cuts,
    conformal_sets,
    fit_cuts,
    measure_sets,
    set_figures,
)


def drawn(seed, n=4000, share=0.1, apart=2.0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=n) + apart * y - apart)))
    return y, p


@given(st.integers(0, 1000), st.sampled_from([0.8, 0.9, 0.95]), st.floats(0.2, 4.0))
def test_both_classes_are_covered_on_new_records_however_good_the_scores(seed, level, apart):
    cuts = fit_cuts(*drawn(seed, 40_000, apart=apart), level)
    found = set_figures(*drawn(seed + 10_000, 40_000, apart=apart), cuts)
    # 4,000 positives to fit and to measure: five standard errors of the difference.
    assert found["coverage_positive"] == pytest.approx(level, abs=0.045)
    assert found["coverage_negative"] == pytest.approx(level, abs=0.03)


def test_too_few_positives_keep_yes_in_every_set():
    y = np.array([1.0] * 8 + [0.0] * 50)
    p = np.linspace(0.9, 0.1, 58)
    cuts = fit_cuts(y, p)
    assert cuts.yes_from == 0.0
    assert cuts.sets(p)[0].all()
    # Nine are enough for one miss in ten.
    assert fit_cuts(np.append(y, 1.0), np.append(p, 0.5)).yes_from == 0.5


def test_sets_of_one_of_both_and_of_none():
    yes, no = Cuts(yes_from=0.3, no_to=0.6).sets([0.1, 0.45, 0.9])
    assert yes.tolist() == [False, True, True]
    assert no.tolist() == [True, True, False]
    apart = set_figures([1.0, 0.0, np.nan], [0.5, 0.5, 0.5], Cuts(0.7, 0.3))
    assert apart == {
        "n": 2,
        "n_positive": 1,
        "coverage_positive": 0.0,
        "coverage_negative": 0.0,
        "size": 0.0,
        "decided": 0.0,
    }


def test_helpful_where_scores_tell_apart_and_not_otherwise():
    clear, dim = drawn(1, apart=6.0), drawn(2, apart=0.5)
    y, p = (np.stack(columns, axis=1) for columns in zip(clear, dim, strict=True))
    groups = [str(i) for i in range(len(y))]
    made = conformal_sets(y, p, groups=groups, codes=["AF", "STD"])
    assert made["classes"]["AF"]["useful"]
    assert not made["classes"]["STD"]["useful"]
    assert made["classes"]["STD"]["cross_validated"]["decided"] < 0.8
    assert made["classes"]["AF"]["cross_validated"]["n"] == len(y)
    found = measure_sets(made, y, p, ["AF", "STD"])
    assert found["AF"]["decided"] > found["STD"]["decided"]


def test_rare_statements_are_never_called_helpful():
    y, p = drawn(3, share=0.005, apart=6.0)
    groups = [str(i) for i in range(len(y))]
    assert y.sum() < 30
    made = conformal_sets(y[:, None], p[:, None], groups=groups, codes=["STE"])
    assert not made["classes"]["STE"]["useful"]


def test_a_level_out_of_range():
    with pytest.raises(InvalidArgumentError, match="level"):
        fit_cuts([0.0, 1.0], [0.1, 0.9], 1.0)
