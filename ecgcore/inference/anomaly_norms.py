"""How unusual a value is among normals: quantiles, persons, distances, and how they are joined.

Everything here was measured on normal recordings that the network had not learned from, and is
kept beside the weights in ``norms.json``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ModelError

Array = NDArray[np.float64]
NORMS_FILE = "norms.json"
# Parts of the map and of the record's score are each limited to one in a million.
MOST = 6.0
_LN10 = float(np.log(10.0))
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
    tail = max(float(above.mean()), 1e-3 * max(keep[-1] - keep[0], 1e-6), 1e-9)
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


@dataclass(frozen=True)
class FeatureDistance:
    """How far features are from those of normals (PCA, then Ledoit-Wolf, then Mahalanobis).

    Attributes
    ----------
    centre : tuple of float, length d
    whiten : tuple of tuple of float, (k, d)
        Distance is the length of ``whiten @ (features - centre)``, divided by the root of k.
    """

    centre: tuple[float, ...]
    whiten: tuple[tuple[float, ...], ...]

    def of(self, features: Array) -> Array:
        """Return the distance, (n, d) -> (n,): 1 is a usual normal."""
        away = (np.atleast_2d(features) - np.array(self.centre)) @ np.array(self.whiten).T
        return np.asarray(np.sqrt(np.square(away).mean(axis=1)))


@dataclass(frozen=True)
class Norms:
    """Everything that turns raw scores into "how unusual among normals".

    Attributes
    ----------
    maps : mapping of str to Quantiles
        For each part of the map, many leads; ``NAME/few`` for one to three leads.
    shifts : mapping of str to PersonShift
    weights : mapping of str to float
        Of the parts in the joint map; ``NAME/few`` where one to three leads have their own.
    leads : mapping of str to Quantiles
        Of the joint map in each lead, and ``few``.
    rate, disorder : Quantiles
        Of the distance of the rate from the usual one, and of the disorder of RR.
    record : mapping of str to Quantiles
        Of the parts of the record's score; ``NAME/few`` for few leads.
    record_weights : mapping of str to float
        Likewise.
    score : mapping of str to Quantiles
        Of the joint record score, ``many`` and ``few``.
    distances : mapping of str to FeatureDistance
        By the name of the network whose features they are: ``own``, or a model folder's.
    threshold : float
        Of the record's score.
    map_threshold, map_threshold_few : float
        From which a sample belongs to a span, on many leads and on few.
    false_alarms : tuple of (threshold, spans a 10 s of normal ECG, many leads, few leads)
    notes : tuple of str
        What the norms were measured on, in words.
    """

    maps: Mapping[str, Quantiles]
    shifts: Mapping[str, PersonShift]
    weights: Mapping[str, float]
    leads: Mapping[str, Quantiles]
    rate: Quantiles
    disorder: Quantiles
    record: Mapping[str, Quantiles]
    record_weights: Mapping[str, float]
    score: Mapping[str, Quantiles]
    distances: Mapping[str, FeatureDistance]
    threshold: float = 0.95
    map_threshold: float = 0.99
    map_threshold_few: float = 0.98
    false_alarms: tuple[tuple[float, float, float], ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    def marks_from(self, n_leads: int) -> float:
        """Return the threshold of the map for so many leads."""
        return self.map_threshold_few if kind_of(n_leads) == "few" else self.map_threshold

    def alarms_at(self, threshold: float, *, few: bool) -> float | None:
        """Return how many spans ten seconds of normal ECG have at a threshold of the map."""
        if not self.false_alarms:
            return None
        table = np.array(self.false_alarms)
        return float(np.interp(threshold, table[:, 0], table[:, 2 if few else 1]))


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


def rate_distance(rate: float, person: Array, usual: PersonShift) -> float:
    """Return how far a rate is from the usual one of such a person, in natural logarithms."""
    if not np.isfinite(rate):
        return 0.0
    without_rate = np.concatenate((person[:3], [0.0]))
    return abs(float(np.log(rate / 68.0)) - usual.of(without_rate))


def save_norms(norms: Norms, folder: Path) -> str:
    """Write them into a model folder; return the file's SHA-256."""
    text = json.dumps(asdict(norms), allow_nan=False, separators=(",", ":")) + "\n"
    (folder / NORMS_FILE).write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def load_norms(folder: Path, sha256: str) -> Norms:
    """Read what a model folder holds.

    Raises
    ------
    ModelError
        If the file is missing, no norms, or not the one that the card names.
    """
    try:
        content = (folder / NORMS_FILE).read_bytes()
    except OSError:
        raise ModelError(f"{folder.name}: the file {NORMS_FILE} is missing.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{folder.name}: {NORMS_FILE} is not the file that the card describes "
            "(its SHA-256 differs); restore the original."
        )
    try:
        return _norms(json.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder.name}: {NORMS_FILE} is incomplete: {error}.") from None


def _quantiles(raw: Mapping[str, Any]) -> Quantiles:
    return Quantiles(tuple(raw["levels"]), tuple(raw["values"]), float(raw["tail"]))


def _norms(raw: Mapping[str, Any]) -> Norms:
    def table(name: str) -> dict[str, Quantiles]:
        return {key: _quantiles(value) for key, value in raw[name].items()}

    return Norms(
        maps=table("maps"),
        shifts={k: PersonShift(tuple(v["weights"])) for k, v in raw["shifts"].items()},
        weights=dict(raw["weights"]),
        leads=table("leads"),
        rate=_quantiles(raw["rate"]),
        disorder=_quantiles(raw["disorder"]),
        record=table("record"),
        record_weights=dict(raw["record_weights"]),
        score=table("score"),
        distances={
            k: FeatureDistance(tuple(v["centre"]), tuple(tuple(row) for row in v["whiten"]))
            for k, v in raw["distances"].items()
        },
        threshold=float(raw["threshold"]),
        map_threshold=float(raw["map_threshold"]),
        map_threshold_few=float(raw["map_threshold_few"]),
        false_alarms=tuple((float(a), float(b), float(c)) for a, b, c in raw["false_alarms"]),
        notes=tuple(raw["notes"]),
    )
