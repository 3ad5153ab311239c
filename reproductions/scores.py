"""The published rule for thresholds, and the figures of a reference.

Thresholds come from the validation records alone: of 100 values from 0 to 1, the one with the
highest F1.  A record is flagged at the threshold or above, there and on test alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.evaluation import evaluate_predictions
from ecgcore.labels import CORE_CODES

GRID = np.linspace(0.0, 1.0, 100)
NO_POSITIVE = 0.5
DIGITS = 4
ORIGIN = "highest F1 of 100 values from 0 to 1 on the validation records"


@dataclass(frozen=True)
class Chosen:
    """A statement's threshold, and the F1 it has where it was chosen (NaN without positives)."""

    threshold: float
    f1: float


def grid_threshold(targets: NDArray[np.float32], probabilities: NDArray[np.float64]) -> Chosen:
    """Return the grid's best threshold for one statement; of equal ones, the lowest.

    Parameters
    ----------
    targets : array, shape (n,)
        1, 0 or NaN (left out).
    probabilities : array, shape (n,)
    """
    known = ~np.isnan(targets)
    y, p = targets[known] == 1, probabilities[known]
    if not y.any():
        return Chosen(NO_POSITIVE, float("nan"))
    flagged = p[None] >= GRID[:, None]
    f1 = 2 * (flagged & y).sum(axis=1) / (flagged.sum(axis=1) + y.sum())
    best = int(np.argmax(f1))
    return Chosen(float(GRID[best]), float(f1[best]))


def choose(targets: NDArray[np.float32], probabilities: NDArray[np.float64]) -> list[Chosen]:
    """Return each statement's threshold; both arrays have shape (n, 9)."""
    return [grid_threshold(targets[:, j], probabilities[:, j]) for j in range(targets.shape[1])]


def macro_f1(chosen: Sequence[Chosen]) -> float:
    """Return the mean of the best F1 over the statements that have a positive; 0 without any."""
    values = [each.f1 for each in chosen if np.isfinite(each.f1)]
    return float(np.mean(values)) if values else 0.0


def test_figures(
    targets: NDArray[np.float32],
    probabilities: NDArray[np.float64],
    groups: NDArray[np.str_],
    chosen: Sequence[Chosen],
) -> dict[str, Any]:
    """Return every figure on test, with intervals over patients, rounded for storing."""
    figures = evaluate_predictions(
        targets,
        probabilities,
        thresholds=[each.threshold for each in chosen],
        groups=groups,
        codes=CORE_CODES,
    )
    del figures["subgroups"]
    figures["how"]["threshold"] = ORIGIN
    rounded_figures: dict[str, Any] = rounded(figures)
    return rounded_figures


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean over runs (seeds, folds) of AUC and F1, by statement and of their means.

    Parameters
    ----------
    runs : sequence of mappings
        Each the ``test`` part of a run's figures.
    """
    out: dict[str, Any] = {"runs": len(runs)}
    for figure in ("auc", "f1"):
        by_code = {
            # Without a positive among the records F1 is 0 or undefined, whatever the model does.
            code: _spread(
                [
                    run["classes"][code][figure]["value"]
                    for run in runs
                    if run["classes"][code]["auc"]["value"] is not None
                ]
            )
            for code in CORE_CODES
        }
        by_code["mean"] = _spread([run["mean"][figure]["value"] for run in runs])
        out[figure] = by_code
    found: dict[str, Any] = rounded(out)
    return found


def _spread(values: Sequence[float | None]) -> dict[str, float | int | None]:
    known = [value for value in values if value is not None]
    if not known:
        return {"mean": None, "sd": None, "n": 0}
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return {"mean": float(np.mean(known)), "sd": sd, "n": len(known)}


def rounded(value: Any) -> Any:
    """Return nested figures with floats rounded to four decimals, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    if isinstance(value, float):
        return round(value, DIGITS) if np.isfinite(value) else None
    return value
