"""Metrics against hand-computed figures and against scikit-learn; masks honoured."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import (
    at_threshold,
    average_precision,
    brier,
    calibration_error,
    mean_auc,
    measurable,
    roc_auc,
    weighted,
)

NAN = float("nan")


@st.composite
def sample(draw, *, both=True):
    """Targets and scores with ties; with both outcomes if asked."""
    n = draw(st.integers(2, 40))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), dtype=float)
    s = np.array(draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))) / 10
    if both:
        assume(0 < y.sum() < n)
    return y, s


def test_auc_by_hand():
    # Pairs (positive, negative): .9>.5, .9>.1, .5=.5 (half), .5>.1: 3.5 of 4.
    assert roc_auc([1, 1, 0, 0], [0.9, 0.5, 0.5, 0.1]) == 3.5 / 4


def test_threshold_figures_by_hand():
    # Flagged from .5 on: two positives, one negative; one positive missed.
    found = at_threshold([1, 1, 1, 0, 0], [0.9, 0.5, 0.2, 0.6, 0.1], 0.5)
    assert found == pytest.approx(
        {"f1": 2 * 2 / (3 + 3), "sensitivity": 2 / 3, "specificity": 1 / 2, "ppv": 2 / 3}
    )


def test_brier_by_hand():
    assert brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_error_by_hand():
    # Two distinct probabilities make two bins: |.2 - 0.1| and |.8 - 1|, half of the records each.
    y = [0] * 9 + [1] + [1] * 10
    p = [0.2] * 10 + [0.8] * 10
    assert calibration_error(y, p) == pytest.approx((0.1 + 0.2) / 2)


def test_calibration_error_of_true_probabilities_is_small():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(float)
    assert calibration_error(y, p) < 0.02
    assert calibration_error(y, p**3) > 0.1


def test_bins_hold_equally_many_records():
    p = np.linspace(0, 1, 100)
    one_bin_wrong = np.where(p < p[10], 1.0, p > 0.5)
    with_bin = calibration_error(one_bin_wrong, np.where(p < p[10], p, one_bin_wrong))
    assert with_bin == pytest.approx(np.mean(1 - p[:10]) / 10)


@settings(max_examples=60, deadline=None)
@given(sample())
def test_as_scikit_learn(pair):
    y, s = pair
    assert roc_auc(y, s) == pytest.approx(sk.roc_auc_score(y, s))
    assert average_precision(y, s) == pytest.approx(sk.average_precision_score(y, s))
    assert brier(y, s) == pytest.approx(sk.brier_score_loss(y, s))
    flagged = s >= 0.5
    found = at_threshold(y, s, 0.5)
    assert found["sensitivity"] == pytest.approx(sk.recall_score(y, flagged))
    assert found["specificity"] == pytest.approx(sk.recall_score(1 - y, ~flagged))
    assert found["f1"] == pytest.approx(sk.f1_score(y, flagged))
    if flagged.any():
        assert found["ppv"] == pytest.approx(sk.precision_score(y, flagged))
    else:
        assert math.isnan(found["ppv"])


@settings(max_examples=40, deadline=None)
@given(sample())
def test_auc_does_not_change_under_a_monotone_map(pair):
    y, s = pair
    assert roc_auc(y, np.exp(3 * s) - 7) == roc_auc(y, s)
    assert roc_auc(y, -s) == pytest.approx(1 - roc_auc(y, s))


@settings(max_examples=40, deadline=None)
@given(sample(both=False), st.integers(1, 10))
def test_masked_records_change_nothing(pair, n_masked):
    y, s = pair
    masked_y = np.concatenate([y, np.full(n_masked, NAN)])
    masked_s = np.concatenate([s, np.linspace(0, 1, n_masked)])
    for metric in (roc_auc, average_precision, brier, calibration_error):
        np.testing.assert_equal(metric(masked_y, masked_s), metric(y, s))
    np.testing.assert_equal(at_threshold(masked_y, masked_s, 0.4), at_threshold(y, s, 0.4))


@settings(max_examples=40, deadline=None)
@given(sample(), st.integers(0, 99))
def test_a_weight_is_a_repetition(pair, seed):
    y, s = pair
    weights = np.random.default_rng(seed).integers(0, 4, y.size)
    again_y, again_s = np.repeat(y, weights), np.repeat(s, weights)
    w = weights[None].astype(float)
    np.testing.assert_allclose(weighted.roc_auc(y, s, w)[0], roc_auc(again_y, again_s))
    np.testing.assert_allclose(
        weighted.average_precision(y, s, w)[0], average_precision(again_y, again_s)
    )
    np.testing.assert_allclose(weighted.brier(y, s, w)[0], brier(again_y, again_s))
    for name, value in at_threshold(again_y, again_s, 0.3).items():
        np.testing.assert_allclose(weighted.at_threshold(y, s, w, 0.3)[name][0], value)


def test_undefined_is_nan():
    assert math.isnan(roc_auc([1, 1], [0.1, 0.2]))
    assert math.isnan(roc_auc([NAN, NAN], [0.1, 0.2]))
    assert math.isnan(average_precision([0, 0], [0.1, 0.2]))
    assert math.isnan(calibration_error([NAN], [0.1]))
    assert math.isnan(at_threshold([0, 0], [0.1, 0.2], 0.5)["sensitivity"])


def test_mean_is_over_statements_with_both_outcomes():
    y = np.array([[1, 1, 0], [0, 1, NAN], [0, 1, 0]], dtype=float)
    s = np.array([[0.9, 0.1, 0.1], [0.1, 0.2, 0.2], [0.95, 0.3, 0.3]])
    assert measurable(y) == [0]
    assert mean_auc(y, s) == 0.5
    assert math.isnan(mean_auc(y[:, 1:], s[:, 1:]))


@pytest.mark.parametrize(
    ("targets", "scores", "words"),
    [
        ([1, 0], [0.5], "shape"),
        ([[1, 0]], [[0.5, 0.5]], "shape"),
        ([1, 2], [0.5, 0.5], "neither 0, 1 nor NaN"),
        ([1, 0], [0.5, NAN], "not finite"),
    ],
)
def test_bad_input_is_refused(targets, scores, words):
    for metric in (roc_auc, average_precision, brier, calibration_error):
        with pytest.raises(InvalidArgumentError, match=words):
            metric(targets, scores)


def test_logits_are_no_probabilities():
    for metric in (brier, calibration_error):
        with pytest.raises(InvalidArgumentError, match="0 to 1 is needed"):
            metric([1, 0], [2.0, -1.0])
