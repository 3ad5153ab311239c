"""The 636 expert features and the four models on them."""

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from reproductions.expert_features import expert_features, feature_matrix, feature_names
from reproductions.feature_models import fit_feature_model
from reproductions.zhang_recipe import FEATURE_MODELS
from tests.reproductions.test_zhang import packed

pywt = pytest.importorskip("pywt", reason="reproductions/requirements.txt is not installed")


def test_there_are_fifty_three_features_a_lead():
    signal = np.random.default_rng(0).standard_normal((12, 800)).astype(np.float32)
    found = expert_features(signal)
    names = feature_names(STANDARD_12)
    assert found.shape == (636,)
    assert len(set(names)) == len(names) == 636
    assert np.allclose(expert_features(signal[3:4]), found[3 * 53 : 4 * 53])


def test_features_stand_where_their_names_say():
    rng = np.random.default_rng(1)
    signal = rng.normal([[5.0], [-2.0]], 1.0, (2, 1000)).astype(np.float32)
    found = dict(zip(feature_names(("I", "V2")), expert_features(signal), strict=True))
    lead = signal[1].astype(np.float64)
    assert found["V2 signal mean"] == pytest.approx(lead.mean())
    assert found["V2 signal variance"] == pytest.approx(lead.std() ** 2)
    assert found["I signal p95"] == pytest.approx(np.percentile(signal[0], 95), rel=1e-6)
    coefficients = pywt.wavedec(lead, "db10", level=4)
    assert found["V2 cA4 median"] == pytest.approx(np.median(coefficients[0]))
    assert found["V2 cD1 p5"] == pytest.approx(np.percentile(coefficients[4], 5))
    # As many values as coefficients: the entropy is the logarithm of their number.
    assert found["V2 cD1 entropy"] == pytest.approx(np.log(coefficients[4].size) / 10)


def test_a_flat_lead_has_no_entropy():
    found = dict(
        zip(feature_names(("I",)), expert_features(np.zeros((1, 700), np.float32)), strict=True)
    )
    assert set(found.values()) == {0.0}


def test_what_cannot_be_decomposed_is_refused():
    for signal in (np.zeros((12, 100)), np.full((1, 800), np.nan), np.zeros(800)):
        with pytest.raises(InvalidArgumentError, match="or more"):
            expert_features(signal.astype(np.float32))


def test_features_are_made_once(tmp_path, monkeypatch):
    data = packed([1.0, 1.2])
    first = feature_matrix(data, cache=tmp_path)
    assert first.shape == (2, 636)
    monkeypatch.setattr("reproductions.expert_features.expert_features", None)
    assert np.array_equal(feature_matrix(data, cache=tmp_path), first)


@pytest.mark.parametrize("name", FEATURE_MODELS)
def test_every_model_learns_what_is_there_to_learn(name):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((120, 6))
    targets = (features[:, :2] > 0).astype(np.float32)
    targets[:10, 0] = np.nan
    model = fit_feature_model(name, features, targets, seed=0)
    found = model.probabilities(features)
    assert found.shape == (120, 2)
    assert ((found >= 0) & (found <= 1)).all()
    right = (found > 0.5) == (features[:, :2] > 0)
    assert right[10:].mean() > 0.9


def test_a_statement_that_nobody_has_gets_no_probability():
    features = np.random.default_rng(0).standard_normal((30, 3))
    targets = np.column_stack([features[:, 0] > 0, np.zeros(30)]).astype(np.float32)
    found = fit_feature_model("logistic_regression", features, targets, seed=0)
    assert (found.probabilities(features)[:, 1] == 0).all()


def test_no_convergence_is_told_and_not_hidden():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((200, 40)) * 10.0 ** rng.integers(-3, 4, 40)
    targets = rng.integers(0, 2, (200, 1)).astype(np.float32)
    model = fit_feature_model("logistic_regression", features, targets, seed=0)
    assert any("lbfgs" in note for note in model.notes)


def test_an_unknown_model_and_wrong_shapes_are_refused():
    with pytest.raises(InvalidArgumentError, match="feature model"):
        fit_feature_model("svm", np.zeros((2, 2)), np.zeros((2, 1), np.float32), seed=0)
    with pytest.raises(InvalidArgumentError, match="shape"):
        fit_feature_model("mlp", np.zeros((2, 2)), np.zeros((3, 1), np.float32), seed=0)


@pytest.fixture(scope="module")
def noise():
    """Targets that have nothing to do with the features: a model fits as far as it may."""
    rng = np.random.default_rng(3)
    features = rng.standard_normal((400, 5))
    return features, rng.integers(0, 2, (400, 1)).astype(np.float32)


def test_the_forest_has_300_trees_of_depth_10(noise):
    forest = fit_feature_model("random_forest", *noise, seed=0).parts[0]
    assert len(forest.estimators_) == 300
    # On noise every tree grows as deep as it is allowed to.
    assert {tree.get_depth() for tree in forest.estimators_} == {10}


def test_lightgbm_has_100_trees(noise):
    pytest.importorskip("lightgbm", reason="reproductions/requirements.txt is not installed")
    assert fit_feature_model("lightgbm", *noise, seed=0).parts[0].n_estimators_ == 100


def test_the_regression_and_the_perceptron_have_the_published_settings(noise):
    regression = fit_feature_model("logistic_regression", *noise, seed=0).parts[0]
    assert (regression.solver, regression.max_iter) == ("lbfgs", 1000)
    features, targets = noise[0][:40], noise[1][:80].reshape(40, 2)
    perceptron = fit_feature_model("mlp", features, targets, seed=0).parts[0]
    assert [layer.shape for layer in perceptron.coefs_] == [(5, 100), (100, 50), (50, 2)]
    assert perceptron.max_iter == 500
