"""Waves and intervals of records without annotations, from the learned delineator.

A label for a whole record hardly teaches where a P wave ends.  The delineator does: what it finds
in all leads together stands for the truth of every lead, and is left out where it is not sure.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet
from ecgcore.datasets.places import cache_arrays
from ecgcore.inference.delineate import default_delineator, wave_probabilities
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.wave_segments import beat_waves
from ecgcore.models import INTERVALS, WAVE_LABELS
from ecgcore.results import FIDUCIALS
from ecgcore.signal.rr import rr_intervals

UNSURE = 255
# Below this the class of a sample is not taught.
SURE = 0.6
# A PR interval is taught where this share of beats has a P wave.
WITH_P = 0.7
_ROW = {name: row for row, name in enumerate(FIDUCIALS)}
# Raise when what is found of the same record changes.
_LAYOUT = 1


@dataclass(frozen=True, eq=False)
class Taught:
    """What the delineator says of records.

    Attributes
    ----------
    waves : tuple of arrays of uint8, shape (n_samples,)
        Index into ``WAVE_LABELS`` for all leads together; 255 where unsure.
    intervals : array of float32, shape (n, 4)
        Seconds, medians over beats; columns as ``INTERVALS``; NaN where not found.
    """

    waves: tuple[NDArray[np.uint8], ...]
    intervals: NDArray[np.float32]


def taught_waves(data: PackedSet, rows: NDArray[np.int64], cache: Path | None = None) -> Taught:
    """Return the waves and intervals of these records, found once and then cached.

    Parameters
    ----------
    data : PackedSet
        At any rate; the waves come at the same.
    cache : Path, optional
        Folder; :func:`ecgcore.datasets.cache_root` if not given.
    """
    model = default_delineator()
    name = f"taught-{_key(data, rows, model)}"
    kept = cache_arrays(name, lambda: _find_waves(data, rows, model), cache)
    waves = np.split(kept["waves"], np.cumsum(kept["lengths"])[:-1])
    return Taught(tuple(waves), kept["intervals"])


def _key(data: PackedSet, rows: NDArray[np.int64], model: LoadedModel) -> str:
    names = [f"{data.datasets[i]}/{data.records[i]}/{data.signals.lengths[i]}" for i in rows]
    decides = repr((_LAYOUT, model.card.weights_sha256, data.fs_hz, names))
    return hashlib.sha256(decides.encode()).hexdigest()[:24]


def _find_waves(
    data: PackedSet, rows: NDArray[np.int64], model: LoadedModel
) -> dict[str, NDArray[Any]]:
    waves, intervals = [], np.full((rows.size, len(INTERVALS)), np.nan, dtype=np.float32)
    for i, row in enumerate(rows):
        signal = data.signal(int(row))
        there = np.isfinite(signal).any(axis=1)
        likely, rate = _consensus(signal[there], data.fs_hz, model)
        waves.append(_classes(likely, rate, data.fs_hz, signal.shape[1]))
        intervals[i] = intervals_of(likely, rate)
        if (i + 1) % 500 == 0 or i + 1 == rows.size:
            sys.stderr.write(f"delineated {i + 1} of {rows.size} recordings\n")
    return {
        "waves": np.concatenate(waves),
        "lengths": np.array([row.size for row in waves]),
        "intervals": intervals,
    }


def _consensus(
    signal: NDArray[np.float32], fs_hz: float, model: LoadedModel
) -> tuple[NDArray[np.float64], float]:
    """Return probabilities of all leads together, shape (4, n), and their rate."""
    probabilities, _ = wave_probabilities(model, signal, fs_hz)
    return probabilities.mean(axis=0), model.card.input.fs_hz


def _classes(likely: NDArray[np.float64], rate: float, fs_hz: float, n: int) -> NDArray[np.uint8]:
    """Return the class of each of ``n`` samples at ``fs_hz``, 255 where unsure."""
    at = np.clip(np.rint(np.arange(n) * rate / fs_hz).astype(int), 0, likely.shape[1] - 1)
    near = likely[:, at]
    classes = near.argmax(axis=0).astype(np.uint8)
    classes[near.max(axis=0) < SURE] = UNSURE
    return classes


def intervals_of(likely: NDArray[np.float64], rate: float) -> NDArray[np.float32]:
    """Return PR, QRS, QT and RR of a record in seconds, from its waves' probabilities (4, n)."""
    out = np.full(len(INTERVALS), np.nan, dtype=np.float32)
    r_s = _qrs_middles(likely[WAVE_LABELS.index("QRS")]) / rate
    if r_s.size < 3:
        return out
    waves = beat_waves(likely[None], np.zeros((1, likely.shape[1])), rate, r_s)[0]
    start, stop = waves[_ROW["qrs_onset"]], waves[_ROW["qrs_offset"]]
    pr = start - waves[_ROW["p_onset"]]
    found = (pr, stop - start, waves[_ROW["t_offset"]] - start, rr_intervals(r_s).duration_s)
    for column, values in enumerate(found):
        known = values[np.isfinite(values)]
        enough = WITH_P * r_s.size if column == 0 else 2
        if known.size >= enough:
            out[column] = np.median(known)
    return out


def _qrs_middles(likely: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the middle of each stretch in which a QRS complex is more likely than not."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (likely > 0.5).astype(int), [0]])))
    return edges.reshape(-1, 2).mean(axis=1)
