"""Fit the confidence of beats: pieces of MIT-BIH DS1 with noise added.

    .venv/bin/python -m ecgcore.training.fits.confidence

Prints the weights of :mod:`ecgcore.signal.confidence`, and how well they hold on other pieces.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import data_root
from ecgcore.datasets.mitdb import DS1, read_beats, record_path
from ecgcore.datasets.nstdb import KINDS, read_noise
from ecgcore.evaluation.waves import match_times
from ecgcore.readers import read
from ecgcore.signal.beats import find_beats, make_traces
from ecgcore.signal.confidence import NAMES, confidence_features

Array = NDArray[np.float64]

SNRS_DB: tuple[float | None, ...] = (-6, 0, 6, 12, 18, 24, None)
DURATIONS_S = (10, 30, 60)
# Three of four pieces are single leads.
ONE_LEAD_SHARE = 0.75
EDGE_S = 0.3
RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of a record with noise, and its true beats.

    Attributes
    ----------
    record : str
    snr_db : float or None
        None: no noise was added.
    signal : array of float32, shape (n_leads, n_samples)
    fs_hz : float
    r_s : array, shape (n_beats,)
    """

    record: str
    snr_db: float | None
    signal: NDArray[np.float32]
    fs_hz: float
    r_s: Array


def pieces(root: Path, seed: int, per_record: int) -> Iterator[Piece]:
    """Yield random pieces of DS1, each of several at every signal-to-noise ratio."""
    rng = np.random.default_rng(seed)
    noises = [read_noise(root, kind)[0] for kind in KINDS]
    for record in DS1:
        recording = read(record_path(root, record).with_suffix(".hea"))
        marks = read_beats(root, record)
        for snr_db in SNRS_DB * per_record:
            size = int(rng.choice(DURATIONS_S) * recording.fs_hz)
            start = int(rng.integers(0, recording.n_samples - size))
            start_s, stop_s = start / recording.fs_hz, (start + size) / recording.fs_hz
            leads = 1 if rng.random() < ONE_LEAD_SHARE else 2
            part = recording.signal[:leads, start : start + size]
            noise = noises[int(rng.integers(len(noises)))]
            at = int(rng.integers(0, noise.shape[1] - size))
            r_s = marks.r_s[(marks.r_s > start_s) & (marks.r_s < stop_s)] - start_s
            flutter = any(a < stop_s and b > start_s for a, b in marks.unmarked_s)
            if r_s.size < 3 or flutter:
                continue
            added = _scale_noise(noise[:leads, at : at + size], part, r_s, recording.fs_hz, snr_db)
            yield Piece(record, snr_db, part + added, recording.fs_hz, r_s)


def _scale_noise(
    noise: NDArray[np.float32],
    signal: NDArray[np.float32],
    r_s: Array,
    fs_hz: float,
    snr_db: float | None,
) -> NDArray[np.float32]:
    """Scale noise against the median QRS complex, as the Noise Stress Test does."""
    if snr_db is None:
        return np.zeros_like(signal)
    reach = round(0.05 * fs_hz)
    at = np.round(r_s * fs_hz).astype(int)
    height = np.median([np.ptp(signal[0, max(0, i - reach) : i + reach]) for i in at])
    centred = noise - noise.mean(axis=1, keepdims=True)
    gain = height / np.sqrt(8) / max(float(centred.std()), 1e-9) * 10 ** (-snr_db / 20)
    return (gain * centred).astype(np.float32)


def label_beats(seed: int, per_record: int) -> tuple[Array, Array]:
    """Return figures of found beats, shape (n, 3), and whether each is one, shape (n,)."""
    figures, true = [], []
    for piece in pieces(data_root(), seed, per_record):
        traces = make_traces(piece.signal, piece.fs_hz)
        found = find_beats(traces)
        if found.size == 0:
            continue
        _, matched = match_times(piece.r_s, found)
        is_beat = np.isin(np.arange(found.size), matched)
        stop_s = piece.signal.shape[1] / piece.fs_hz - EDGE_S
        inner = (found > EDGE_S) & (found < stop_s)
        figures.append(confidence_features(traces, found)[inner])
        true.append(is_beat[inner])
    return np.concatenate(figures), np.concatenate(true).astype(np.float64)


def fit(figures: Array, true: Array) -> Array:
    """Return intercept and weights of a logistic regression, by Newton's method."""
    design = np.column_stack((np.ones(len(figures)), figures))
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (true - p) - RIDGE * weights
        bend = (design * (p * (1 - p))[:, None]).T @ design + RIDGE * np.eye(weights.size)
        weights = weights + np.linalg.solve(bend, slope)
    return np.asarray(weights)


def main() -> None:
    """Fit on some pieces, and say by tenths how sure beats of others were and how true."""
    weights = fit(*label_beats(1, 3))
    figures, true = label_beats(2, 1)
    p = 1 / (1 + np.exp(-(weights[0] + figures @ weights[1:])))
    tenths = np.array_split(np.argsort(p), 10)
    out = {
        "weights": dict(zip(("intercept", *NAMES), np.round(weights, 3).tolist(), strict=True)),
        "said and true by tenths": [
            (round(float(p[t].mean()), 3), round(float(true[t].mean()), 3)) for t in tenths
        ],
    }
    json.dump(out, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
