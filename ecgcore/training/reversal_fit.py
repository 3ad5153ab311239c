"""The figures of :mod:`ecgcore.measure.reversal`: second moments, and limits at 99 % specificity."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import data_root, load_index, load_recording
from ecgcore.leads import INDEPENDENT_8, STANDARD_12
from ecgcore.measure import measure
from ecgcore.measure.reversal import KINDS, SEGMENTS, exchange, margins, second_moments

Array = NDArray[np.float64]
Moments = Mapping[str, Array]

DATASETS = ("ptbxl", "challenge2021", "ludb")
SHRINKAGE = 0.01
FALSE_ALARMS = 0.01
FOLDS = 4


def recorded_moments(split: str) -> list[Moments]:
    """Return the second moments of every readable 12-lead record with voltage of a split."""
    out = []
    for entry in load_index(data_root(), datasets=DATASETS):
        if entry.split != split or not entry.has_voltage:
            continue
        recording = load_recording(entry)
        if not set(STANDARD_12) <= set(recording.leads):
            continue
        found = measure(recording, check=False)
        if found.median_beat is not None and not found.quality.bad_leads:
            moments = second_moments(found.median_beat)
            if len(moments) >= 3:
                out.append(moments)
    return out


def fit_precision(records: Sequence[Moments]) -> dict[str, Array]:
    """Return each segment's precision: the inverse of the mean second moments, each of size 1."""
    out = {}
    for name in SEGMENTS:
        some = [r[name] / np.trace(r[name]) for r in records if name in r]
        mean = np.mean(some, axis=0)
        shrunk = mean + SHRINKAGE * np.trace(mean) / len(mean) * np.eye(len(mean))
        out[name] = np.linalg.inv(shrunk)
    return out


def fit_limits(records: Sequence[Moments]) -> dict[str, float]:
    """Return limits of each kind, out-of-fold, which together give 1 % of false alarms."""
    folds = np.arange(len(records)) % FOLDS
    rows = np.zeros((len(records), len(KINDS)))
    for fold in range(FOLDS):
        precision = fit_precision([r for r, f in zip(records, folds, strict=True) if f != fold])
        for at in np.flatnonzero(folds == fold):
            found = margins(records[at], precision)
            rows[at] = [found[kind] for kind in KINDS]
    for level in np.linspace(0.99, 1.0, 101):
        limits = np.maximum(np.quantile(rows, level, axis=0), 0.05)
        if (rows > limits).any(axis=1).mean() <= FALSE_ALARMS:
            break
    return dict(zip(KINDS, limits.tolist(), strict=True))


def exchanged(moments: Moments, kind: str) -> Moments:
    """Return the moments as they would be with electrodes exchanged."""
    matrix = exchange(kind)
    return {name: matrix @ each @ matrix.T for name, each in moments.items()}


def figures(
    records: Sequence[Moments], precision: Mapping[str, Array], limits: Mapping[str, float]
) -> dict[str, float]:
    """Return specificity on correct records and sensitivity for each kind of exchange."""

    def alarms(moments: Moments) -> bool:
        found = margins(moments, precision)
        return any(found[kind] > limits[kind] for kind in KINDS)

    out = {"specificity": 1 - float(np.mean([alarms(r) for r in records]))}
    for kind in KINDS:
        out[kind] = float(np.mean([alarms(exchanged(r, kind)) for r in records]))
    return out


def as_python(precision: Mapping[str, Array], limits: Mapping[str, float]) -> str:
    """Return the text of ``ecgcore/measure/reversal_figures.py``."""
    upper = np.triu_indices(len(INDEPENDENT_8))
    lines = [
        '"""Made by ecgcore.training.reversal_fit from correctly recorded train records."""',
        "",
        "# Segment -> upper triangle of the 8 x 8 precision, rows I, II, V1 to V6.",
        "PRECISION = {",
    ]
    for name, square in precision.items():
        values = ", ".join(f"{v:.4g}" for v in square[upper])
        lines.append(f'    "{name}": ({values}),')
    lines += ["}", "# Exchange -> margin from which it is suspected.", "LIMITS = {"]
    lines += [f'    "{kind}": {limit:.4g},' for kind, limit in limits.items()]
    return "\n".join([*lines, "}"]) + "\n"
