"""Curves in few points: they hold what the figures of the card are made from."""

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import at_threshold, average_precision, calibration_error, roc_auc
from ecgcore.evaluation.curves import curve_points, wilson


def sample(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * y - 1)))
    y[::17] = np.nan
    # Ties, as a saturated network gives them.
    return y, np.round(p, 2)


def test_curves_by_hand_flag_all_of_equal_probabilities_or_none() -> None:
    found = curve_points([1, 0, 1, 0], [0.9, 0.6, 0.6, 0.1], 0.5)
    assert found["roc"] == {"fpr": [0, 0, 0.5, 1], "tpr": [0, 0.5, 1, 1]}
    assert found["pr"]["recall"] == [0.5, 1, 1]
    assert found["pr"]["precision"] == pytest.approx([1, 2 / 3, 1 / 2], abs=1e-3)


def test_thinned_curves_keep_their_areas_and_their_ends() -> None:
    y, p = sample()
    found = curve_points(y, p, 0.5)
    roc, pr = found["roc"], found["pr"]
    assert 3 < len(roc["fpr"]) == len(roc["tpr"]) <= 60
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(roc_auc(y, p), abs=0.003)
    assert (roc["fpr"][0], roc["tpr"][0], roc["fpr"][-1], roc["tpr"][-1]) == (0, 0, 1, 1)
    assert (np.diff(roc["fpr"]) >= 0).all()
    assert len(pr["recall"]) <= 60
    assert pr["recall"][-1] == 1
    steps = np.diff(np.append(0.0, pr["recall"]))
    assert (steps * pr["precision"]).sum() == pytest.approx(average_precision(y, p), abs=0.03)


def test_few_points_thin_a_long_curve_further() -> None:
    found = curve_points(*sample(), 0.5, max_points=10)
    assert len(found["roc"]["fpr"]) <= 10
    with pytest.raises(InvalidArgumentError, match="max_points"):
        curve_points(*sample(), 0.5, max_points=2)


def test_the_calibration_error_can_be_made_from_the_bins() -> None:
    y, p = sample()
    bins = curve_points(y, p, 0.5)["reliability"]
    n = np.array(bins["n"])
    gap = np.abs(np.array(bins["mean"]) - bins["observed"])
    assert n.sum() == np.isfinite(y).sum()
    assert (n * gap).sum() / n.sum() == pytest.approx(calibration_error(y, p), abs=1e-5)
    assert (np.array(bins["low"]) <= bins["observed"]).all()
    assert (np.array(bins["high"]) >= bins["observed"]).all()


def test_the_confusion_is_that_of_the_threshold() -> None:
    y, p = sample()
    counts = curve_points(y, p, 0.37)["confusion"]
    known = at_threshold(y, p, 0.37)
    assert sum(counts.values()) == np.isfinite(y).sum()
    assert counts["tp"] / (counts["tp"] + counts["fn"]) == pytest.approx(known["sensitivity"])
    assert counts["tn"] / (counts["tn"] + counts["fp"]) == pytest.approx(known["specificity"])


def test_without_positives_there_is_no_curve() -> None:
    found = curve_points([0, 0, np.nan], [0.1, 0.2, 0.3], 0.2)
    assert found["roc"] is None
    assert found["pr"] is None
    assert found["confusion"] == {"tp": 0, "fp": 1, "fn": 0, "tn": 1}
    assert curve_points([np.nan], [0.5], 0.2)["reliability"]["n"] == []


def test_wilson_against_a_published_example() -> None:
    # Newcombe, Stat Med 17:857 (1998), table I: 15 of 148.
    low, high = wilson(15 / 148, 148)
    assert (low, high) == (pytest.approx(0.0624, abs=1e-4), pytest.approx(0.1605, abs=1e-4))
    assert wilson(0.0, 20)[0] == 0
