"""How well a map marks abnormal samples: pooled, and by record.

A record's samples are counted in bins of the map's value, abnormal ones and others apart; areas
under the ROC curve, Dice and their intervals over patients come from these counts, so that a
resample costs nothing.  Ties within a bin count half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.mitdb import MarkedBeats
from ecgcore.errors import InvalidArgumentError

Floats = NDArray[np.float64]
N_BINS = 4000
# An annotated beat reaches from before its P wave to after its T wave.
BEAT_S = (-0.20, 0.40)


@dataclass(frozen=True, eq=False)
class Counts:
    """Samples by the map's value.

    Attributes
    ----------
    abnormal, other : arrays, shape (n_records, n_bins)
        Bins ascending.
    edges : array, shape (n_bins - 1,)
    pointed : array, shape (n_records,)
        1 where the map's highest sample is abnormal, 0 where not, NaN without any abnormal one.
    """

    abnormal: Floats
    other: Floats
    edges: Floats
    pointed: Floats


def beat_truth(
    marked: MarkedBeats, n: int, fs_hz: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples belong to an abnormal beat (S, V, F, Q), and which count at all.

    Ventricular flutter, where no beats are annotated, does not count.
    """
    truth, counted = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    before, after = BEAT_S
    for at_s, group in zip(marked.r_s, marked.groups, strict=True):
        if group != "N":
            start, stop = round((at_s + before) * fs_hz), round((at_s + after) * fs_hz)
            truth[max(0, start) : max(0, stop)] = True
    for start_s, stop_s in marked.unmarked_s:
        counted[round(start_s * fs_hz) : round(stop_s * fs_hz)] = False
    return truth, counted


def count_samples(truths: Sequence[NDArray[np.bool_]], maps: Sequence[Floats]) -> Counts:
    """Count the samples of many records, each of one dimension.

    Raises
    ------
    InvalidArgumentError
        If a map and its truth differ in length, or there is none.
    """
    if not maps or any(t.shape != m.shape for t, m in zip(truths, maps, strict=True)):
        raise InvalidArgumentError("Each record needs a map and a truth of the same length.")
    # Edges at quantiles: every bin holds as many samples.
    sample = np.concatenate([m[:: max(1, m.size // 5000)] for m in maps])
    edges = np.unique(np.quantile(sample, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    n_bins = edges.size + 1
    abnormal, other = (np.zeros((len(maps), n_bins)) for _ in range(2))
    pointed = np.full(len(maps), np.nan)
    for i, (truth, values) in enumerate(zip(truths, maps, strict=True)):
        at = np.searchsorted(edges, values, side="right")
        abnormal[i] = np.bincount(at[truth], minlength=n_bins)
        other[i] = np.bincount(at[~truth], minlength=n_bins)
        if truth.any():
            pointed[i] = float(truth[values == values.max()].mean() >= 0.5)
    return Counts(abnormal, other, edges, pointed)


def pooled_auc(counts: Counts, weights: Floats) -> Floats:
    """Return the area under the ROC curve over all samples for each row of weights, (b,)."""
    return _auc(weights @ counts.abnormal, weights @ counts.other)


def record_aucs(counts: Counts) -> Floats:
    """Return the area of each record; NaN without both kinds of samples."""
    return _auc(counts.abnormal, counts.other)


def mean_record_auc(counts: Counts, weights: Floats) -> Floats:
    """Return the mean area over records that have both kinds, for each row of weights."""
    return _weighted_mean(record_aucs(counts), weights)


def pointing(counts: Counts, weights: Floats) -> Floats:
    """Return the share of records whose highest sample is abnormal, for each row of weights."""
    return _weighted_mean(counts.pointed, weights)


def dice(counts: Counts, threshold: float, weights: Floats) -> Floats:
    """Return the Dice coefficient of samples at or above a threshold, for each row of weights."""
    first = int(np.searchsorted(counts.edges, threshold, side="left")) + 1
    true = weights @ counts.abnormal[:, first:].sum(axis=1)
    false = weights @ counts.other[:, first:].sum(axis=1)
    every = weights @ counts.abnormal.sum(axis=1)
    return np.asarray(2 * true / np.maximum(true + false + every, 1e-9))


def best_dice_threshold(counts: Counts) -> float:
    """Return the threshold of highest Dice, for choosing on records that are not measured on."""
    one = np.ones((1, len(counts.abnormal)))
    candidates = counts.edges[:: max(1, counts.edges.size // 200)]
    found = [float(dice(counts, float(t), one)[0]) for t in candidates]
    return float(candidates[int(np.argmax(found))])


def _weighted_mean(values: Floats, weights: Floats) -> Floats:
    known = np.isfinite(values)
    total = weights[:, known].sum(axis=1)
    mean = weights[:, known] @ values[known] / np.maximum(total, 1e-9)
    return np.where(total > 0, mean, np.nan)


def _auc(abnormal: Floats, other: Floats) -> Floats:
    below = np.cumsum(other, axis=1) - other / 2
    pairs = abnormal.sum(axis=1) * other.sum(axis=1)
    got = (abnormal * below).sum(axis=1)
    return np.where(pairs > 0, got / np.maximum(pairs, 1e-9), np.nan)
