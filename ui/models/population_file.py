"""The figures of the view Population, as the command ``population`` wrote them."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ModelError
from ecgcore.inference import ModelCard, weights_root

FILE = "population.json"
SCHEMA = 1
_NEEDED = ("leads", "classes", "single_leads", "how", "times_ms", "n", "n_patients", "split")


@dataclass(frozen=True, eq=False)
class Beat:
    """Attribution on the mean beat of a statement.

    Attributes
    ----------
    n_patients : int
    size, signed : array, shape (n_leads, n_times)
        In hundredths of the largest; NaN where there is none.
    shape : array, shape (n_leads, n_times), or None
        The beat to draw it on, in standard deviations of each lead.
    source : str
        What that beat is: a mean of so many patients, or simulated.
    """

    n_patients: int
    size: NDArray[np.float64]
    signed: NDArray[np.float64]
    shape: NDArray[np.float64] | None
    source: str


def read_population(card: ModelCard) -> dict[str, Any] | None:
    """Return the figures beside a card, or None where there are none.

    Raises
    ------
    ModelError
        If the file cannot be read, or was made for other weights.
    """
    path = weights_root() / card.full_name / FILE
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{card.full_name}: {FILE} cannot be read: {error}.") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise ModelError(f"{card.full_name}: {FILE} must be an object of schema {SCHEMA}.")
    missing = [key for key in _NEEDED if key not in found]
    if missing:
        raise ModelError(f"{card.full_name}: {FILE} lacks {', '.join(missing)}.")
    if found.get("weights_sha256") != card.weights_sha256:
        raise ModelError(
            f"{card.full_name}: {FILE} was made for other weights; "
            f"`python -m ecgcore population {card.full_name} --write` makes it anew."
        )
    return found


def read_beat(found: dict[str, Any]) -> Beat | None:
    """Return a statement's beat, or None where there were too few patients."""
    beat = found.get("beat")
    if beat is None:
        return None
    shape = None if beat["shape"] is None else _to_array(beat["shape"])
    return Beat(
        beat["n_patients"],
        _to_array(beat["size"]),
        _to_array(beat["signed"]),
        shape,
        beat["source"],
    )


def _to_array(rows: list[list[float | None]]) -> NDArray[np.float64]:
    return np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float64)
