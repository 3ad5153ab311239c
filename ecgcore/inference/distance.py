"""How far a recording is from what a network learned from.

The Mahalanobis distance of the network's features to those of its training records, in the
directions in which these vary most (Lee et al., NeurIPS 2018; with principal components, since
there are fewer records than pairs of features).  It is aggregate: a mean and a few directions.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from ecgcore.errors import InvalidArgumentError, ModelError

DISTANCE_FILE = "distance.safetensors"
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Distance:
    """Where training records lie.

    Attributes
    ----------
    centre : array, shape (d,)
    directions : array, shape (k, d)
        Each divided by the standard deviation along it.
    rest : float
        Standard deviation of a feature in all other directions.
    limit : float
        Farther away, nothing is said.
    """

    centre: Array
    directions: Array
    rest: float
    limit: float = np.inf

    def of(self, features: Array) -> Array:
        """Return the distance, (n, d) -> (n,): 1 is that of a usual training record."""
        away = np.atleast_2d(features) - self.centre
        inside = away @ self.directions.T
        lengths = np.linalg.norm(self.directions, axis=1)
        units = self.directions / lengths[:, None]
        outside = np.square(away).sum(axis=1) - np.square(away @ units.T).sum(axis=1)
        n_rest = self.centre.size - len(lengths)
        squared = np.square(inside).sum(axis=1) + np.maximum(outside, 0) / self.rest**2
        return np.asarray(np.sqrt(squared / (len(lengths) + n_rest)))


def fit_distance(features: Array, *, n_directions: int = 48) -> Distance:
    """Return where these records lie.

    Parameters
    ----------
    features : array, shape (n, d)
        Of training records; more records than directions.
    n_directions : int

    Raises
    ------
    InvalidArgumentError
        If there are too few records or features.
    """
    n, d = features.shape
    if min(n, d) <= n_directions:
        raise InvalidArgumentError(
            f"There are {n} records of {d} features for {n_directions} directions; more are needed."
        )
    centre = features.mean(axis=0)
    _, spread, directions = np.linalg.svd(features - centre, full_matrices=False)
    deviations = spread / np.sqrt(n - 1)
    rest = float(np.sqrt(np.square(deviations[n_directions:]).sum() / (d - n_directions)))
    kept = directions[:n_directions] / deviations[:n_directions, None]
    return Distance(centre, kept, max(rest, 1e-9))


def save_distance(distance: Distance, folder: Path) -> None:
    """Write it into a model folder."""
    tensors = {
        "centre": distance.centre.astype(np.float32),
        "directions": np.ascontiguousarray(distance.directions, dtype=np.float32),
        "rest": np.array([distance.rest, distance.limit], dtype=np.float32),
    }
    safetensors.numpy.save_file(tensors, folder / DISTANCE_FILE)


def load_distance(folder: Path) -> Distance | None:
    """Return what a model folder holds, or None where it holds none.

    Raises
    ------
    ModelError
        If the file is there and cannot be read.
    """
    path = folder / DISTANCE_FILE
    if not path.is_file():
        return None
    try:
        found = safetensors.numpy.load_file(path)
        parts = (found["centre"], found["directions"], found["rest"])
    except (SafetensorError, KeyError, OSError) as error:
        raise ModelError(f"{folder.name}: {DISTANCE_FILE} cannot be read: {error}.") from None
    centre, directions, rest = (part.astype(np.float64) for part in parts)
    return Distance(centre, directions, float(rest[0]), float(rest[1]))
