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
from ecgcore.inference.anomaly_leads import LeadNorms, read_lead_norms
from ecgcore.inference.anomaly_quantiles import PersonShift, Quantiles, kind_of, read_quantiles

Array = NDArray[np.float64]
NORMS_FILE = "norms.json"


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
        Of the parts of the score with a classifier's features; ``NAME/few`` for few leads.
    record_weights : mapping of str to float
        Likewise.
    score : mapping of str to Quantiles
        Of that score, ``many`` and ``few``.
    by_lead : LeadNorms
        Of the score that knows normal ECGs only.
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
    by_lead: LeadNorms = field(default_factory=LeadNorms)

    def marks_from(self, n_leads: int) -> float:
        """Return the threshold of the map for so many leads."""
        return self.map_threshold_few if kind_of(n_leads) == "few" else self.map_threshold

    def alarms_at(self, threshold: float, *, few: bool) -> float | None:
        """Return how many spans ten seconds of normal ECG have at a threshold of the map."""
        if not self.false_alarms:
            return None
        table = np.array(self.false_alarms)
        return float(np.interp(threshold, table[:, 0], table[:, 2 if few else 1]))


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


def _norms(raw: Mapping[str, Any]) -> Norms:
    def table(name: str) -> dict[str, Quantiles]:
        return {key: read_quantiles(value) for key, value in raw[name].items()}

    return Norms(
        maps=table("maps"),
        shifts={k: PersonShift(tuple(v["weights"])) for k, v in raw["shifts"].items()},
        weights=dict(raw["weights"]),
        leads=table("leads"),
        rate=read_quantiles(raw["rate"]),
        disorder=read_quantiles(raw["disorder"]),
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
        by_lead=read_lead_norms(raw["by_lead"]),
    )
