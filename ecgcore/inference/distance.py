"""How strange a recording is to a network: too strange, and nothing is said.

Two scores.  The Mahalanobis distance of the network's features to those of its training records,
in the directions in which these vary most (Lee et al., NeurIPS 2018; with principal components,
since there are fewer records than pairs of features).  And the energy of its logits (Liu et al.,
NeurIPS 2020; for statements that do not exclude each other the sum over them, Wang et al., NeurIPS
2021), with its sign turned, so that high is strange.  Each has its limit for one lead, for a few
and for eight or more, since features of one lead lie elsewhere than those of twelve.  What is kept
is aggregate: means and a few directions.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from ecgcore.errors import InvalidArgumentError, ModelError

DISTANCE_FILE = "distance.safetensors"
DISTANCE, ENERGY = "distance", "energy"
SCORES = (DISTANCE, ENERGY)
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


def energy(logits: Array) -> Array:
    """Return how little a network sees of anything it knows, (n, n_labels) -> (n,)."""
    return np.asarray(-np.logaddexp(0, np.atleast_2d(logits)).sum(axis=1))


@dataclass(frozen=True, eq=False)
class Part:
    """What is usual from so many leads on.

    Attributes
    ----------
    min_leads : float
    distance : Distance
    energy_limit : float
        Above it, nothing is said, where energy is the score.
    """

    min_leads: float
    distance: Distance
    energy_limit: float = np.inf


@dataclass(frozen=True)
class Strangeness:
    """How strange a recording is: by which score, and from where on it is too strange."""

    score: str
    value: float
    limit: float

    @property
    def too_strange(self) -> bool:
        """Whether nothing should be said."""
        return self.value > self.limit


@dataclass(frozen=True, eq=False)
class Usual:
    """What is usual to a network, by the number of leads.

    Attributes
    ----------
    parts : tuple of Part
        Ascending by ``min_leads``; the last one that a recording reaches judges it.
    score : str
        One of ``SCORES``.
    """

    parts: tuple[Part, ...]
    score: str = DISTANCE

    def part(self, leads_present: float) -> Part:
        """Return what judges a recording of so many leads."""
        reached = [p for p in self.parts if leads_present >= p.min_leads]
        return reached[-1] if reached else self.parts[0]

    def judge_windows(
        self, features: Array, logits: Array, leads_present: float
    ) -> tuple[Strangeness, ...]:
        """Return how strange each window of a recording is.

        Parameters
        ----------
        features : array, shape (n_pieces, d)
        logits : array, shape (n_pieces, n_labels)
        leads_present : float
        """
        part = self.part(leads_present)
        if self.score == ENERGY:
            values, limit = energy(logits), part.energy_limit
        else:
            values, limit = part.distance.of(features), part.distance.limit
        return tuple(Strangeness(self.score, float(value), limit) for value in values)


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
    kept = directions[:n_directions] / np.maximum(deviations[:n_directions, None], 1e-9)
    return Distance(centre, kept, max(rest, 1e-9))


def save_usual(usual: Usual, folder: Path) -> str:
    """Write it into a model folder; return the SHA-256 of the file, for the card."""
    tensors: dict[str, NDArray[np.float32]] = {}
    for number, part in enumerate(usual.parts):
        found = part.distance
        numbers = [found.rest, found.limit, part.energy_limit, part.min_leads]
        tensors[f"{number}.centre"] = found.centre.astype(np.float32)
        tensors[f"{number}.directions"] = np.ascontiguousarray(found.directions, dtype=np.float32)
        tensors[f"{number}.numbers"] = np.array(numbers, dtype=np.float32)
    content = safetensors.numpy.save(tensors)
    (folder / DISTANCE_FILE).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def load_usual(folder: Path, sha256: str, score: str = DISTANCE) -> Usual | None:
    """Return what a model folder holds.

    Parameters
    ----------
    folder : Path
    sha256 : str
        The card's; empty where the card names no such file.
    score : str
        The card's choice.

    Returns
    -------
    Usual or None
        None where the card names none.

    Raises
    ------
    ModelError
        If the file is missing, not the one the card describes, there without being named, or
        cannot be read; or if the score is unknown.
    """
    path = folder / DISTANCE_FILE
    if not sha256:
        if path.exists():
            raise ModelError(f"{folder.name}: the card does not name {DISTANCE_FILE}; remove it.")
        return None
    if score not in SCORES:
        raise ModelError(f"{folder.name}: the card's score is {score!r}; possible: {SCORES}.")
    try:
        content = path.read_bytes()
    except OSError:
        raise ModelError(f"{folder.name}: the file {DISTANCE_FILE} is missing.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{folder.name}: {DISTANCE_FILE} is not the file that the card describes "
            "(its SHA-256 differs); restore the original."
        )
    try:
        found = safetensors.numpy.load(content)
        return Usual(_parts(found), score)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ModelError(f"{folder.name}: {DISTANCE_FILE} cannot be read: {error}.") from None


def _parts(tensors: dict[str, NDArray[np.float32]]) -> tuple[Part, ...]:
    made = []
    for number in range(len(tensors) // 3):
        names = (f"{number}.{what}" for what in ("centre", "directions", "numbers"))
        centre, directions, numbers = (tensors[name].astype(np.float64) for name in names)
        rest, limit, energy_limit, min_leads = (float(v) for v in numbers)
        made.append(Part(min_leads, Distance(centre, directions, rest, limit), energy_limit))
    if not made:
        raise ValueError("it holds no part")
    return tuple(made)


def usual_of(parts: Sequence[Part], score: str = DISTANCE) -> Usual:
    """Return parts in ascending order of their leads."""
    return Usual(tuple(sorted(parts, key=lambda part: part.min_leads)), score)
