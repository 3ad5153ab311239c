"""Operating points: chosen on one set of records, measured on another."""

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError
from ecgcore.evaluation import calibration_error, fit_calibration
from ecgcore.evaluation.calibration import FORMS, held_out_probabilities
from ecgcore.evaluation.operating import (
    HIGHEST_F1,
    SENSITIVE,
    SPECIFIC,
    measure_points,
    operating_points,
)
from ecgcore.evaluation.thresholds import for_specificity


def drawn(seed, n=1000):
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 2)) < 0.3).astype(float)
    y[:, 1] = 0
    p = 1 / (1 + np.exp(-(rng.normal(size=y.shape) + 2 * y - 1)))
    return y, p


def test_each_point_does_what_its_name_says():
    y, p = drawn(0)
    points = operating_points(y, p, ["AF", "STE"])
    # A statement without a positive has no point.
    assert list(points) == ["AF"]
    found = measure_points(
        points, y, p, groups=[str(i) for i in range(len(y))], codes=["AF", "STE"], n_boot=20
    )
    assert found["STE"] == {}
    made = found["AF"]
    assert made[SENSITIVE]["sensitivity"]["value"] == pytest.approx(0.95, abs=0.004)
    assert made[SPECIFIC]["specificity"]["value"] == pytest.approx(0.95, abs=0.002)
    assert made[HIGHEST_F1]["f1"]["value"] >= max(
        made[name]["f1"]["value"] for name in (SENSITIVE, SPECIFIC)
    )
    assert made[SPECIFIC]["ppv"]["low"] < made[SPECIFIC]["ppv"]["value"]


def test_specificity_needs_both_outcomes_and_equal_scores_fall_on_one_side():
    found = for_specificity([0, 0, 0, 0, 1], [0.2, 0.2, 0.2, 0.2, 0.9], 0.5)
    assert found.specificity == 1.0
    assert found.sensitivity == 1.0
    with pytest.raises(CannotAssessError, match="no negative"):
        for_specificity([1, 1], [0.1, 0.2])


def test_calibration_that_never_saw_the_record_is_not_flattered():
    rng = np.random.default_rng(5)
    y = (rng.random((240, 3)) < 0.15).astype(float)
    z = 3 * (rng.normal(size=y.shape) + 2 * y - 2)
    groups = np.array([str(i) for i in range(240)])
    made = fit_calibration(y, z, groups=groups)
    honest = held_out_probabilities(y, z, made.form, groups=groups)
    assert honest.shape == y.shape
    seen = np.mean([calibration_error(y[:, j], made.apply(z)[:, j]) for j in range(3)])
    unseen = np.mean([calibration_error(y[:, j], honest[:, j]) for j in range(3)])
    assert unseen > seen
    # The log loss by which the form was chosen is that of these very probabilities.
    loss = -np.mean(np.log(np.where(y == 1, honest, 1 - honest)), axis=0).mean()
    assert made.log_loss[made.form] == pytest.approx(loss, rel=1e-6)
    assert made.form in FORMS
