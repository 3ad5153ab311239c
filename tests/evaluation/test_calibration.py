"""Calibration undoes a known distortion, and stays near the identity where it knows little."""

import numpy as np
import pytest
from scipy.special import expit

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import MIN_POSITIVES, calibration_error, fit_calibration, to_logits
from ecgcore.evaluation.calibration import (
    ONE_TEMPERATURE,
    TEMPERATURES,
    TEMPERATURES_AND_BIASES,
    _fit_pair,
)


def distorted(slopes, biases, n=4000, seed=0):
    """Return targets, and logits that need the given slopes and biases to be true."""
    rng = np.random.default_rng(seed)
    true = rng.normal(-1, 2, (n, len(slopes)))
    y = (rng.random(true.shape) < expit(true)).astype(float)
    return y, (true - np.array(biases)) / np.array(slopes), [f"p{i}" for i in range(n)]


def test_temperature_and_bias_are_found():
    y, z, groups = distorted([0.5, 2.0], [-1.0, 1.5])
    found = fit_calibration(y, z, groups=groups)
    assert found.form == TEMPERATURES_AND_BIASES
    assert 1 / found.statements[0].temperature == pytest.approx(0.5, rel=0.1)
    assert 1 / found.statements[1].temperature == pytest.approx(2.0, rel=0.1)
    assert found.statements[0].bias == pytest.approx(-1.0, abs=0.2)
    assert found.log_loss[found.form] < found.log_loss["uncalibrated"]
    p = found.apply(z)
    for j in range(2):
        assert calibration_error(y[:, j], p[:, j]) < 0.03
        assert calibration_error(y[:, j], expit(z[:, j])) > 0.05


def test_the_simplest_sufficient_form_fits_in_truth():
    y, z, groups = distorted([0.4, 0.4], [0.0, 0.0])
    found = fit_calibration(y, z, groups=groups)
    assert found.log_loss[ONE_TEMPERATURE] == pytest.approx(found.log_loss[TEMPERATURES], abs=1e-3)
    assert 1 / found.statements[0].temperature == pytest.approx(0.4, rel=0.1)


def exact():
    """Return targets, and logits that tell their shares as exactly as 2000 records a step can."""
    steps = np.linspace(-3, 3, 7)
    y = np.concatenate([np.arange(2000) < round(2000 * expit(step)) for step in steps])
    return y.astype(float), np.repeat(steps, 2000)


@pytest.mark.parametrize("scale", [100.0, 1.0, 0.01])
def test_a_hundredfold_scale_is_undone(scale):
    y, true = exact()
    assert _fit_pair([(y, true / scale)], with_bias=False)[0] == pytest.approx(scale, rel=0.02)


@pytest.mark.parametrize("shift", [19.6, -19.6])
def test_logits_that_are_far_off_to_one_side_come_back(shift):
    y, true = exact()
    slope, bias = _fit_pair([(y, true + shift)], with_bias=True)
    assert slope == pytest.approx(1, rel=0.02)
    assert bias == pytest.approx(-shift, rel=0.02)


def test_masked_records_change_nothing():
    y, z, _ = distorted([0.5], [-1.0], n=500)
    pair = _fit_pair([(y[:, 0], z[:, 0])], with_bias=True)
    masked = np.concatenate([y[:, 0], np.full(50, np.nan)])
    assert _fit_pair([(masked, np.append(z[:, 0], np.full(50, 9.0)))], with_bias=True) == pair


def test_order_of_records_is_kept_within_a_statement():
    y, z, groups = distorted([0.3, 3.0], [1.0, -2.0], n=300)
    found = fit_calibration(y, z, groups=groups)
    p = found.apply(z)
    for j in range(2):
        assert (np.argsort(p[:, j]) == np.argsort(z[:, j])).all()


def test_few_positives_stay_near_the_identity_and_are_not_called_calibrated():
    y = np.zeros((60, 2))
    y[:2, 0] = 1
    y[: MIN_POSITIVES + 1, 1] = 1
    z = np.where(y == 1, 3.0, -3.0)
    found = fit_calibration(y, z, groups=[f"p{i}" for i in range(60)])
    rare, common = found.statements
    assert not rare.calibrated
    assert rare.n_positive == 2
    assert common.calibrated
    assert 1 / 3 < rare.temperature < 3
    assert np.isfinite(rare.bias)


def test_a_statement_without_positives_does_not_break_it():
    y = np.zeros((40, 2))
    y[::2, 1] = 1
    y[:, 0] = np.nan
    found = fit_calibration(y, np.zeros((40, 2)), groups=[f"p{i}" for i in range(40)])
    assert not found.statements[0].calibrated
    assert np.isfinite(found.apply(np.zeros((3, 2)))).all()


def test_words_say_how():
    y, z, groups = distorted([1.0], [0.0], n=200)
    words = fit_calibration(y, z, groups=groups).words
    assert "out-of-fold" in words
    assert "5-fold cross-validation by patient" in words


def test_logits_and_back():
    p = np.array([0.0, 0.2, 1.0])
    assert np.isfinite(to_logits(p)).all()
    np.testing.assert_allclose(expit(to_logits(p)), p, atol=1e-6)


def test_bad_shapes_are_refused():
    y, z, groups = distorted([1.0], [0.0], n=50)
    with pytest.raises(InvalidArgumentError, match="groups has shape"):
        fit_calibration(y, z, groups=groups[:-1])
    with pytest.raises(InvalidArgumentError, match="shape"):
        fit_calibration(y[:-1], z, groups=groups)
    found = fit_calibration(y, z, groups=groups)
    with pytest.raises(InvalidArgumentError, match="last axis needs 1"):
        found.apply(np.zeros((3, 2)))
