"""The four feature models of the published comparison, with their settings.

Logistic regression (lbfgs, 1,000 iterations), random forest (300 trees, depth 10) and LightGBM
(100 trees), each one model a statement against all else; a perceptron (100 and 50 units, 500
iterations) for all statements at once.  Everything else is the library's default; features are
not scaled.

Records that cannot tell are left out statement by statement.  The perceptron has all statements
in one target: for it alone they count as absent.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from ecgcore.checks import check_option
from ecgcore.errors import InvalidArgumentError
from reproductions.needs import load_library
from reproductions.zhang_recipe import FEATURE_MODELS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureModel:
    """A fitted model.

    Attributes
    ----------
    parts : tuple
        One fitted classifier a statement (a number where only one outcome was seen), or one
        perceptron for all.
    together : bool
        Whether the only part answers for all statements.
    notes : tuple of str
        What the libraries had to say about convergence.
    """

    parts: tuple[Any, ...]
    together: bool
    notes: tuple[str, ...]

    def probabilities(self, features: Floats) -> Floats:
        """Return probabilities, shape (n, n_statements)."""
        if self.together:
            return np.asarray(self.parts[0].predict_proba(features), dtype=np.float64)
        return np.stack([_of_part(part, features) for part in self.parts], axis=1)


def fit_feature_model(
    name: str, features: Floats, targets: NDArray[np.float32], *, seed: int
) -> FeatureModel:
    """Fit one of the four models.

    Parameters
    ----------
    name : str
        One of ``FEATURE_MODELS``.
    features : array, shape (n, n_features)
    targets : array, shape (n, n_statements)
        1, 0 or NaN (cannot tell).
    seed : int

    Raises
    ------
    InvalidArgumentError
        If the name is unknown, the shapes do not fit, or LightGBM cannot be loaded.
    """
    check_option("the feature model", name, FEATURE_MODELS)
    if features.ndim != 2 or targets.ndim != 2 or len(features) != len(targets):
        raise InvalidArgumentError(
            f"Features have shape {features.shape} and targets {targets.shape}; (n, n_features) "
            "and (n, n_statements) are needed."
        )
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        if name == "mlp":
            parts = (_perceptron(seed).fit(features, (targets == 1).astype(np.int64)),)
        else:
            make = _MAKERS[name]
            parts = tuple(
                _fit_one(make, features, targets[:, j], seed) for j in range(targets.shape[1])
            )
    notes = tuple(str(each.message).split("\n")[0] for each in told)
    return FeatureModel(parts, name == "mlp", notes)


def _logistic(_seed: int) -> Any:
    return LogisticRegression(solver="lbfgs", max_iter=1000)


def _forest(seed: int) -> Any:
    return RandomForestClassifier(n_estimators=300, max_depth=10, random_state=seed, n_jobs=1)


def _lightgbm(seed: int) -> Any:
    advice = " and the system library libgomp1, or leave it out of the recipe's models"
    lightgbm = load_library("lightgbm", advice=advice)
    return lightgbm.LGBMClassifier(n_estimators=100, random_state=seed, n_jobs=1, verbosity=-1)


def _perceptron(seed: int) -> Any:
    return MLPClassifier(hidden_layer_sizes=(100, 50), max_iter=500, random_state=seed)


_MAKERS: dict[str, Callable[[int], Any]] = {
    "logistic_regression": _logistic,
    "random_forest": _forest,
    "lightgbm": _lightgbm,
}


def _fit_one(
    make: Callable[[int], Any], features: Floats, targets: NDArray[np.float32], seed: int
) -> Any:
    known = ~np.isnan(targets)
    outcomes = np.unique(targets[known])
    if outcomes.size < 2:
        return float(outcomes[0]) if outcomes.size else 0.0
    return make(seed).fit(features[known], targets[known].astype(np.int64))


def _of_part(part: Any, features: Floats) -> Floats:
    if isinstance(part, float):
        return np.full(len(features), part)
    return np.asarray(part.predict_proba(features)[:, 1], dtype=np.float64)
