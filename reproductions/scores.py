"""The published rule for thresholds, and the figures of a reference.

Thresholds come from the validation records alone: of 100 values from 0 to 1, the one with the
highest F1.  A record is flagged at the threshold or above, there and on test alike.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.evaluation import evaluate_predictions
from ecgcore.statements import CORE_CODES

GRID = np.linspace(0.0, 1.0, 100)
NO_POSITIVE = 0.5
DIGITS = 4
MEAN = "mean"
SHOWN = ("auc", "average_precision", "f1", "sensitivity", "specificity", "ppv", "ece", "brier")
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
    rounded_figures: dict[str, Any] = round_figures(figures)
    return rounded_figures


def write_figures(path: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """Write runs' figures on test as a table: a row a seed, fold and statement, and their mean."""
    rows = [row for run in runs for row in _rows(run)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_figures(path: Path) -> list[dict[str, Any]]:
    """Return what :func:`write_figures` wrote, as :func:`summary` takes it, with ``seed``."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    runs: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        empty: dict[str, Any] = {"seed": int(row["seed"]), "fold": row["fold"], "classes": {}}
        run = runs.setdefault((row["seed"], row["fold"]), empty)
        figures = {
            name: {part: _number(row[key]) for part, key in _columns(name)} for name in SHOWN
        }
        if row["statement"] == MEAN:
            run["mean"] = figures
        else:
            run["classes"][row["statement"]] = figures
    return list(runs.values())


def _rows(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    test = run["test"]
    rows = []
    for code, made in [*test["classes"].items(), (MEAN, test["mean"])]:
        row = {"seed": run["seed"], "fold": run["fold"], "statement": code}
        row["epoch"] = run["made"].get("best_epoch", "")
        row |= {name: made.get(name, "") for name in ("n", "n_positive", "threshold")}
        for name in SHOWN:
            row |= {key: made[name][part] for part, key in _columns(name)}
        rows.append(row)
    return rows


def _columns(figure: str) -> tuple[tuple[str, str], ...]:
    return (("value", figure), ("low", f"{figure}_low"), ("high", f"{figure}_high"))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


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
    found: dict[str, Any] = round_figures(out)
    return found


def _spread(values: Sequence[float | None]) -> dict[str, float | int | None]:
    known = [value for value in values if value is not None]
    if not known:
        return {"mean": None, "sd": None, "n": 0}
    sd = float(np.std(known, ddof=1)) if len(known) > 1 else None
    return {"mean": float(np.mean(known)), "sd": sd, "n": len(known)}


def round_figures(value: Any) -> Any:
    """Return nested figures with floats rounded to four decimals, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): round_figures(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [round_figures(part) for part in value]
    if isinstance(value, float):
        return round(value, DIGITS) if np.isfinite(value) else None
    return value
