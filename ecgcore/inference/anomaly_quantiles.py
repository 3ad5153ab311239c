"""Distributions among normals: quantiles with a tail, and what a person explains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Parts of the map and of the record's score are each limited to one in a million.
MOST = 6.0
FEW_LEADS = 3


@dataclass(frozen=True)
class Quantiles:
    """The distribution of a value among normals, with an exponential tail.

    Attributes
    ----------
    levels, values : tuple of float
        Ascending; ``levels`` from 0 to the last measured one.
    tail : float
        By how much the value rises while the share above falls to 1/e.
    """

    levels: tuple[float, ...]
    values: tuple[float, ...]
    tail: float

    def at_least(self, value: Array) -> Array:
        """Return which share of the normals has this value or more, above 0."""
        given = np.asarray(value, dtype=np.float64)
        below = np.interp(given, self.values, self.levels)
        last = 1.0 - self.levels[-1]
        beyond = last * np.exp(-np.maximum(given - self.values[-1], 0) / self.tail)
        return np.where(given > self.values[-1], np.maximum(beyond, 1e-12), 1.0 - below)

    def surprise(self, value: Array) -> Array:
        """Return 0 for a usual value, 2 for one in a hundred, at most ``MOST``."""
        return np.asarray(np.minimum(-np.log10(self.at_least(value)), MOST))

    def quantile(self, value: Array) -> Array:
        """Return which share of the normals has less, from 0 to 1."""
        return np.asarray(1.0 - self.at_least(value))


def fit_quantiles(values: Array, *, last: float = 0.999) -> Quantiles:
    """Measure a distribution.

    Parameters
    ----------
    values : array
        Of normals.
    last : float
        Up to which level values are kept; above, the tail is exponential.
    """
    some = np.sort(np.asarray(values, dtype=np.float64).ravel())
    share = np.concatenate(
        ([0.0], np.linspace(0.02, 0.98, 49), 1 - np.geomspace(0.015, 1 - last, 20))
    )
    found = np.quantile(some, share)
    levels: list[float] = []
    keep: list[float] = []
    for level, value in zip(share, found, strict=True):
        # Equal values (nothing found in most normals) keep the highest level.
        if keep and value <= keep[-1] + 1e-12:
            levels[-1] = float(level)
        else:
            levels.append(float(level))
            keep.append(float(value))
    above = some[some >= keep[-1]] - keep[-1]
    tail = max(
        float(above.mean()) if above.size else 0.0, 1e-3 * max(keep[-1] - keep[0], 1e-6), 1e-9
    )
    return Quantiles(tuple(levels), tuple(keep), tail)


@dataclass(frozen=True)
class PersonShift:
    """How a value's usual level depends on age, sex and rate: what is taken off first.

    Attributes
    ----------
    weights : tuple of float
        Of age, age squared, sex and rate, each centred; unknown ones count as usual.
    """

    weights: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)

    def of(self, person: Array) -> float:
        """Return the shift for a person as :func:`person_terms` describes them."""
        return float(np.dot(self.weights, person))


def person_terms(age_years: float | None, sex: str | None, rate: float) -> Array:
    """Return the terms of a person: age and its square, sex, and rate, 0 where unknown."""
    age = 0.0 if age_years is None else (age_years - 50.0) / 17.0
    square = 0.0 if age_years is None else age * age - 1.0
    woman = {None: 0.0, "female": 0.5, "male": -0.5}[sex]
    fast = 0.0 if not np.isfinite(rate) else float(np.clip((rate - 70.0) / 12.0, -3, 3))
    return np.array([age, square, woman, fast])


def kind_of(n_leads: int) -> str:
    """Return ``"few"`` for up to three leads, else ``"many"``."""
    return "few" if n_leads <= FEW_LEADS else "many"


def named(table: Mapping[str, Quantiles], name: str, n_leads: int) -> Quantiles:
    """Return a table's entry for so many leads."""
    few = f"{name}/few"
    return table[few] if kind_of(n_leads) == "few" and few in table else table[name]


def weights_for(weights: Mapping[str, float], n_leads: int) -> dict[str, float]:
    """Return the weights for so many leads: for few those called so, where there are any."""
    few = {k.removesuffix("/few"): v for k, v in weights.items() if k.endswith("/few")}
    if few and kind_of(n_leads) == "few":
        return few
    return {k: v for k, v in weights.items() if not k.endswith("/few")}


def read_quantiles(raw: Mapping[str, Any]) -> Quantiles:
    """Return a distribution from its JSON."""
    return Quantiles(tuple(raw["levels"]), tuple(raw["values"]), float(raw["tail"]))
