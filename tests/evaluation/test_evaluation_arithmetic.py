"""Figures of evaluation by hand: intervals, calibration, sets, curves, thresholds."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import calibration as fitting
from ecgcore.evaluation import weighted
from ecgcore.evaluation.bootstrap import (
    from_resamples,
    interval,
    mean_auc_difference,
    mean_auc_interval,
    patient_weights,
)
from ecgcore.evaluation.calibration import fit_calibration, to_logits
from ecgcore.evaluation.conformal import _useful, conformal_sets, fit_cuts, set_figures
from ecgcore.evaluation.metrics import measurable, weighted_mean_auc
from ecgcore.evaluation.operating import HIGHEST_F1, SENSITIVE, SPECIFIC, operating_points
from ecgcore.evaluation.thresholds import best_f1, for_sensitivity, for_specificity

NAN = float("nan")
RNG = np.random.default_rng(3)
Y = (RNG.random((200, 2)) < 0.4).astype(float)
S = RNG.normal(size=(200, 2)) + Y
PEOPLE = [str(i // 2) for i in range(200)]

# ---- intervals -----------------------------------------------------------------------------


def test_the_interval_runs_from_the_2_5th_to_the_97_5th_percentile():
    found = from_resamples(0.5, np.arange(1001.0))
    assert (found.value, found.low, found.high) == (0.5, 25.0, 975.0)


def test_more_than_half_of_the_resamples_must_be_defined():
    half = np.array([1.0, 2.0, NAN, NAN])
    assert from_resamples(0.5, half).as_dict() == {"value": 0.5, "low": None, "high": None}
    assert from_resamples(0.5, np.array([1.0, 2.0, 3.0, NAN, NAN])).low is not None
    assert from_resamples(NAN, np.arange(9.0)).value is None


def test_a_resample_draws_as_many_patients_as_there_are():
    drawn = patient_weights(["a", "b", "c", "a", "d"], n_boot=4000, seed=1)
    assert drawn.shape == (4000, 5)
    assert (drawn[:, 0] == drawn[:, 3]).all()
    assert (drawn[:, [0, 1, 2, 4]].sum(axis=1) == 4).all()
    # Each as often as the others, and left out as often as theory says.
    np.testing.assert_allclose(drawn.mean(axis=0), 1, atol=0.05)
    assert (drawn[:, 1] == 0).mean() == pytest.approx((3 / 4) ** 4, abs=0.03)
    assert patient_weights(["a"], n_boot=1).tolist() == [[1.0]]
    with pytest.raises(InvalidArgumentError, match="n_boot"):
        patient_weights(["a"], n_boot=0)
    with pytest.raises(InvalidArgumentError, match="n_boot"):
        patient_weights(["a"], n_boot=100_001)
    assert patient_weights(["a"], n_boot=100_000).shape == (100_000, 1)


def test_the_figure_is_of_the_sample_and_the_interval_of_the_resamples():
    weights = patient_weights(PEOPLE, n_boot=200)
    found = interval(lambda w: w @ S[:, 0] / w.sum(axis=1), weights)
    assert found.value == pytest.approx(S[:, 0].mean())
    low, high = np.percentile(weights @ S[:, 0] / weights.sum(axis=1), [2.5, 97.5])
    assert (found.low, found.high) == pytest.approx((low, high))


def test_the_usual_seed_is_0():
    usual = mean_auc_interval(Y, S, groups=PEOPLE, n_boot=50)
    assert usual == mean_auc_interval(Y, S, groups=PEOPLE, n_boot=50, seed=0)
    assert usual != mean_auc_interval(Y, S, groups=PEOPLE, n_boot=50, seed=1)
    pair = (Y, S, S[:, ::-1])
    usual = mean_auc_difference(*pair, groups=PEOPLE, n_boot=50)
    assert usual == mean_auc_difference(*pair, groups=PEOPLE, n_boot=50, seed=0)
    assert usual != mean_auc_difference(*pair, groups=PEOPLE, n_boot=50, seed=1)
    np.testing.assert_array_equal(
        patient_weights(PEOPLE, n_boot=5), patient_weights(PEOPLE, n_boot=5, seed=0)
    )


# ---- weighted figures ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "brier"])
def test_a_weight_of_two_is_the_record_twice(name):
    figure = getattr(weighted, name)
    y, p = Y[:40, 0], np.round(expit(S[:40, 0]), 1)
    times = RNG.integers(0, 3, (5, 40))
    found = figure(y, p, times.astype(float))
    for row, value in zip(times, found, strict=True):
        again = figure(np.repeat(y, row), np.repeat(p, row), np.ones((1, row.sum())))
        assert value == pytest.approx(again[0])


def test_a_weight_of_two_is_the_record_twice_at_a_threshold_too():
    y, p = Y[:40, 0], np.round(expit(S[:40, 0]), 1)
    times = RNG.integers(0, 3, (5, 40))
    found = weighted.at_threshold(y, p, times.astype(float), 0.5)
    for k, row in enumerate(times):
        truth, flag = np.repeat(y, row) == 1, np.repeat(p, row) >= 0.5
        tp, fp = (flag & truth).sum(), (flag & ~truth).sum()
        fn, tn = (~flag & truth).sum(), (~flag & ~truth).sum()
        assert found["sensitivity"][k] == pytest.approx(tp / (tp + fn))
        assert found["specificity"][k] == pytest.approx(tn / (tn + fp))
        assert found["ppv"][k] == pytest.approx(tp / (tp + fp))
        assert found["f1"][k] == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_what_is_undefined_under_a_weighting_is_nan_there():
    y, s = np.array([[1.0], [0.0]]), np.array([[0.9], [0.1]])
    found = weighted_mean_auc(y, s, np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert found[0] == 1.0
    assert np.isnan(found[1])
    # Of two statements the one that is defined makes the mean.
    both = weighted_mean_auc(
        np.array([[1.0, 1], [0, 0], [0, 1]]),
        np.array([[0.9, 0.9], [0.1, 0.1], [0.2, 0.05]]),
        np.array([[1.0, 0.0, 1.0], [1, 1, 1]]),
    )
    assert both == pytest.approx([1.0, (1.0 + 0.5) / 2])
    assert measurable([[1, 1, 0], [0, 1, 0], [NAN, NAN, 1]]) == [0, 2]


# ---- operating points ----------------------------------------------------------------------


def test_operating_points_need_a_positive_and_a_negative():
    y = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0]], dtype=float)
    p = np.array([[0.9, 0.5, 0.8], [0.2, 0.4, 0.1], [0.3, 0.2, 0.3]])
    found = operating_points(y, p, ["ALL", "NONE", "BOTH"])
    assert list(found) == ["BOTH"]
    made = found["BOTH"]
    assert made[HIGHEST_F1] == best_f1(y[:, 2], p[:, 2]).value
    assert made[SENSITIVE] == for_sensitivity(y[:, 2], p[:, 2], 0.95).value
    assert made[SPECIFIC] == for_specificity(y[:, 2], p[:, 2], 0.95).value


def test_a_specificity_that_is_wanted_is_reached_by_the_lowest_threshold_that_does():
    scores = np.arange(20) / 20
    y = np.zeros(20)
    y[[4, 19]] = 1
    # Of 18 negatives 90 % are 17: the highest of them alone is flagged.
    found = for_specificity(y, scores, 0.9)
    assert 0.85 < found.value < 0.9
    assert found.specificity == pytest.approx(17 / 18)
    assert found.sensitivity == 0.5
    for wanted in (0.0, 1.01):
        with pytest.raises(InvalidArgumentError, match="wanted"):
            for_specificity(y, scores, wanted)
    assert for_specificity(y, scores, 1.0).specificity == 1.0


# ---- calibration ---------------------------------------------------------------------------


def test_logits_are_kept_away_from_the_ends():
    found = to_logits([0.0, 0.25, 1.0], floor=0.01)
    assert found == pytest.approx([logit(0.01), logit(0.25), logit(0.99)])
    assert to_logits([1.0]) == pytest.approx(logit(1 - 1e-7))


def posterior(parameters, y, z):
    """Platt's smoothed log loss with a normal prior on log slope (1) and bias (3)."""
    log_slope, bias = parameters
    positive, n = y.sum(), y.size
    target = np.where(y == 1, (positive + 1) / (positive + 2), 1 / (n - positive + 2))
    linear = np.exp(log_slope) * z + bias
    # -log p and -log (1 - p) of the logistic function.
    loss = (target * np.logaddexp(0, -linear) + (1 - target) * np.logaddexp(0, linear)).sum()
    return loss + 0.5 * log_slope**2 + 0.5 * (bias / 3) ** 2


@pytest.mark.parametrize("shift", [-1.5, 0.0, 2.0])
def test_temperature_and_bias_are_the_smallest_of_the_published_loss(shift):
    y = Y[:60, 0]
    z = 2.5 * S[:60, 0] + shift
    slope, bias = fitting._fit_pair([(y, z)], with_bias=True)
    best = minimize(posterior, [0.0, 0.0], args=(y, z), method="Nelder-Mead",
                    options={"xatol": 1e-7, "fatol": 1e-9}).x  # fmt: skip
    assert (np.log(slope), bias) == pytest.approx(tuple(best), abs=2e-3)
    alone, none = fitting._fit_pair([(y, z)], with_bias=False)
    grid = np.linspace(-3, 2, 5001)
    assert np.log(alone) == pytest.approx(
        grid[np.argmin([posterior((g, 0.0), y, z) for g in grid])], abs=2e-3
    )
    assert none == 0.0


def test_what_is_held_out_never_taught_its_own_calibration():
    """Two halves with opposite errors: each is calibrated by what the other says."""
    y, z = np.tile([0.0, 1.0], 50)[:, None], np.tile([-1.0, 1.0], 50)[:, None]
    folds = np.repeat([0, 1], 50)
    z[folds == 1] += 4
    held = fitting._hold_out(fitting.TEMPERATURES_AND_BIASES, y, z, folds)
    slopes, biases = fitting._fit(fitting.TEMPERATURES_AND_BIASES, y[folds == 1], z[folds == 1])
    np.testing.assert_allclose(held[folds == 0], expit(z[folds == 0] * slopes + biases))


def test_the_log_loss_is_its_formula_and_leaves_out_what_cannot_be_told():
    y = np.array([[1.0, NAN], [0.0, NAN], [NAN, NAN]])
    p = np.array([[0.8, 0.5], [0.4, 0.5], [0.5, 0.5]])
    expected = -(np.log(0.8) + np.log(0.6)) / 2
    assert fitting._mean_log_loss(y, p) == pytest.approx(expected)
    sure = fitting._mean_log_loss(np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]))
    assert sure == pytest.approx(-np.log(1e-12), rel=1e-3)


def test_probabilities_need_one_logit_a_statement():
    made = fit_calibration(Y, S, groups=PEOPLE)
    assert made.apply(S[0]).shape == (2,)
    for wrong in (S[:, :1], np.float64(0.5)):
        with pytest.raises(InvalidArgumentError, match="last axis needs 2"):
            made.apply(wrong)


# ---- sets ----------------------------------------------------------------------------------


def test_cuts_are_the_n_plus_1_level_th_scores():
    # Nine positives: the (10 x 0.8) = 8th of their distances from 1, the 8th of the negatives.
    p = np.concatenate([np.arange(1, 10) / 10, np.arange(1, 10) / 100])
    y = np.repeat([1.0, 0.0], 9)
    cuts = fit_cuts(y, p, level=0.8)
    assert cuts.yes_from == pytest.approx(0.2)
    assert cuts.no_to == pytest.approx(0.08)
    # Ten records are needed for nine in ten, one fewer belongs to every set.
    assert fit_cuts(y[1:], p[1:], level=0.9).yes_from == 0.0
    assert fit_cuts(y, p, level=0.9).yes_from == pytest.approx(0.1)


def test_figures_of_sets_by_hand():
    cuts = fit_cuts(np.repeat([1.0, 0.0], 9), np.concatenate([np.arange(1, 10) / 10] * 2), 0.8)
    assert (cuts.yes_from, cuts.no_to) == pytest.approx((0.2, 0.8))
    y = np.array([1, 1, 1, 0, 0, NAN])
    found = set_figures(y, np.array([0.9, 0.5, 0.1, 0.1, 0.85, 0.5]), cuts)
    assert (found["n"], found["n_positive"]) == (5, 3)
    assert found["coverage_positive"] == pytest.approx(2 / 3)
    assert found["coverage_negative"] == pytest.approx(1 / 2)
    assert found["size"] == pytest.approx(6 / 5)
    assert found["decided"] == pytest.approx(4 / 5)
    nobody = set_figures(np.zeros(2), np.array([0.1, 0.2]), cuts)
    assert nobody["coverage_positive"] is None


def held(**changes):
    usual = {"n_positive": 100, "coverage_positive": 0.9, "coverage_negative": 0.9, "decided": 0.9}
    return usual | changes


def test_sets_are_useful_if_all_of_their_conditions_hold():
    assert _useful(held())
    least = {"n_positive": 30, "coverage_positive": 0.87, "coverage_negative": 0.87, "decided": 0.8}
    assert _useful(least)
    for change in (
        {"n_positive": 29},
        {"coverage_positive": None},
        {"coverage_negative": 0.5},
        {"coverage_positive": 0.5},
        {"decided": 0.1},
    ):
        assert not _useful(held(**change))


def test_what_is_held_out_is_counted_over_all_records_however_uneven_the_folds():
    rng = np.random.default_rng(1)
    y = (rng.random((200, 1)) < 0.3).astype(float)
    p = np.clip(0.3 + 0.3 * y + rng.normal(0, 0.2, y.shape), 0.01, 0.99)
    # One patient has a third of the records.
    groups = ["0" if i < 70 else str(i) for i in range(200)]
    usual = conformal_sets(y, p, groups=groups, codes=["AF"])
    found = usual["classes"]["AF"]["cross_validated"]
    assert (found["n"], found["n_positive"]) == (200, y.sum())
    counts = [
        found["coverage_positive"] * y.sum(),
        found["coverage_negative"] * (200 - y.sum()),
        found["size"] * 200,
        found["decided"] * 200,
    ]
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-9)
    assert usual == conformal_sets(y, p, groups=groups, codes=["AF"], n_folds=5)
    assert usual != conformal_sets(y, p, groups=groups, codes=["AF"], n_folds=6)


def test_cuts_that_are_judged_never_saw_the_records():
    """Scores that tell nothing but each record's own fold: what is held out is not covered."""
    rng = np.random.default_rng(0)
    y = np.tile([0.0, 1.0], 300)[:, None]
    p = np.clip(0.3 + 0.4 * y + rng.normal(0, 0.1, y.shape), 0.01, 0.99)
    groups = [str(i) for i in range(600)]
    made = conformal_sets(y, p, groups=groups, codes=["AF"])["classes"]["AF"]
    found = made["cross_validated"]
    assert (found["n"], found["n_positive"]) == (600, 300)
    assert found["coverage_positive"] == pytest.approx(0.9, abs=0.03)
    assert found["coverage_negative"] == pytest.approx(0.9, abs=0.03)
    assert made["useful"]
    np.testing.assert_allclose(
        [made["yes_from"], made["no_to"]],
        [fit_cuts(y[:, 0], p[:, 0]).yes_from, fit_cuts(y[:, 0], p[:, 0]).no_to],
    )
