"""Figures of waveform attention: by record against its controls, by beat against other maps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import weighted
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, interval, patient_weights
from ecgcore.evaluation.thresholds import best_f1
from ecgcore.inference.card import ModelCard

Array = NDArray[np.float64]
SPECIFICITIES = (0.90, 0.95)
HOW = "Test records; 95 % intervals from 1,000 resamples of patients; means over the seeds."


def sensitivity_at(targets: Array, scores: Array, weights: Array, specificity: float) -> Array:
    """Return the sensitivity at the lowest threshold that keeps this specificity.

    Parameters
    ----------
    targets, scores : arrays, shape (n,)
        1 and 0.
    weights : array, shape (b, n)
        How often each record counts.
    specificity : float
        From 0 to 1; the threshold is that of each weighting's own negatives.

    Returns
    -------
    array, shape (b,)
        NaN where there is no positive or no negative.
    """
    order = np.argsort(scores, kind="stable")
    y, s, w = targets[order], scores[order], weights[:, order]
    negative = np.cumsum(w * (1 - y), axis=1)
    positive = w * y
    total = negative[:, -1:]
    # At each record's score: negatives below it, counted without those that share the score.
    first = np.searchsorted(s, s, side="left")
    below = np.where(first > 0, negative[:, np.maximum(first - 1, 0)], 0.0)
    enough = below >= specificity * total
    out = (positive * enough).sum(axis=1)
    n_positive = positive.sum(axis=1)
    fine = (n_positive > 0) & (total[:, 0] > 0)
    return np.divide(out, n_positive, out=np.full(len(out), np.nan), where=fine)


def record_figures(
    targets: Array,
    scores: Mapping[str, Array],
    groups: NDArray[np.str_],
    *,
    thresholds: Mapping[str, Array],
    against: str,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return the figures of every variant on one set of records.

    Parameters
    ----------
    targets : array, shape (n,)
        1, 0 or NaN (left out).
    scores : mapping of str to array, shape (n_seeds, n)
        Variant -> scores of each of its networks.
    groups : array of str, shape (n,)
        Patients.
    thresholds : mapping of str to array, shape (n_seeds,)
        Variant -> threshold of each network, chosen elsewhere.
    against : str
        The variant that every other is compared with, on the same resamples.

    Returns
    -------
    dict
        ``n``, ``positives``, ``patients`` and ``variants``: {name: {figure: interval, ``seeds``:
        the area of each network, ``f1_at_best``: F1 at the threshold that is best on these very
        records, ``difference``: interval of its area less that of ``against``}}.
        With several networks a figure is the mean of theirs.

    Raises
    ------
    InvalidArgumentError
        If ``against`` is none of the variants.
    """
    if against not in scores:
        raise InvalidArgumentError(f"{against!r} is none of {', '.join(scores)}.")
    known = ~np.isnan(targets)
    y, names = targets[known], groups[known]
    kept = {name: np.asarray(rows)[:, known] for name, rows in scores.items()}
    weights = patient_weights(names, n_boot=n_boot)
    reference = _area(y, kept[against])
    found = {}
    for name, rows in kept.items():
        area = _area(y, rows)
        figures: dict[str, Any] = {"auc": interval(area, weights).as_dict()}
        for level in SPECIFICITIES:
            at = interval(_sensitivity(y, rows, level), weights)
            figures[f"sensitivity_at_{level:.0%}"] = at.as_dict()
        figures["f1"] = interval(_f1(y, rows, thresholds[name]), weights).as_dict()
        # Flattering by design: it tells what the order of the records allows any threshold.
        figures["f1_at_best"] = float(np.mean([best_f1(y, s).f1 for s in rows]))
        figures["seeds"] = [float(weighted.roc_auc(y, s, np.ones((1, y.size)))[0]) for s in rows]
        if name != against:
            figures["difference"] = interval(_less(area, reference), weights).as_dict()
        found[name] = figures
    return {
        "n": int(y.size),
        "positives": int(y.sum()),
        "patients": int(np.unique(names).size),
        "against": against,
        "variants": found,
    }


_Statistic = Callable[[Array], Array]


def _area(y: Array, rows: Array) -> _Statistic:
    """Return the mean area over networks, as a function of the weights."""
    return lambda w: np.mean([weighted.roc_auc(y, s, w) for s in rows], axis=0)


def _sensitivity(y: Array, rows: Array, level: float) -> _Statistic:
    return lambda w: np.mean([sensitivity_at(y, s, w, level) for s in rows], axis=0)


def _less(one: _Statistic, other: _Statistic) -> _Statistic:
    return lambda w: one(w) - other(w)


def _f1(y: Array, rows: Array, thresholds: Array) -> _Statistic:
    def f1(w: Array) -> Array:
        each = [
            weighted.at_threshold(y, s, w, float(t))["f1"]
            for s, t in zip(rows, thresholds, strict=True)
        ]
        return np.asarray(np.mean(each, axis=0))

    return f1


def chosen_thresholds(targets: Array, scores: Mapping[str, Array]) -> dict[str, Array]:
    """Return the threshold of best F1 of each network of each variant; records as they are."""
    known = ~np.isnan(targets)
    return {
        name: np.array([best_f1(targets[known], s[known]).value for s in rows])
        for name, rows in scores.items()
    }


# ---- by beat -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Found:
    """How one map of each window falls on the beats that were looked for.

    Attributes
    ----------
    hit, mass, chance : arrays, shape (n,)
        Whether the highest point lies on such a beat (a tie counts by its share), the share of
        the map that lies there, and the share of time that these beats take.
    """

    hit: Array
    mass: Array
    chance: Array


def found_on_beats(maps: Array, wanted: NDArray[np.bool_]) -> Found:
    """Measure maps against the beats' spans.

    Parameters
    ----------
    maps : array, shape (n, T)
        Zero or above; an empty map hits by chance and its mass is that chance.
    wanted : array of bool, shape (n, T)
        Samples that belong to a beat that is looked for; at least one a row.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ or a row holds no such beat.

    Notes
    -----
    Pointing game (Zhang et al., IJCV 126:1084, 2018) and relevance mass (Arras et al., Inf Fusion
    81:14, 2022), as Suh et al. (2024) apply them to beats.
    """
    if maps.shape != wanted.shape or not wanted.any(axis=1).all():
        raise InvalidArgumentError(
            f"Maps have shape {maps.shape}, spans {wanted.shape}; the same is needed, with a beat "
            "in every row."
        )
    chance = wanted.mean(axis=1)
    top = maps >= maps.max(axis=1, keepdims=True)
    hit = (top & wanted).sum(axis=1) / top.sum(axis=1)
    total = maps.sum(axis=1)
    mass = np.divide((maps * wanted).sum(axis=1), total, out=chance.copy(), where=total > 0)
    return Found(hit, mass, chance)


def beat_figures(
    found: Mapping[str, Found], groups: NDArray[np.str_], *, against: str, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Return pointing game and relevance mass of every map with intervals over patients.

    Raises
    ------
    InvalidArgumentError
        If ``against`` is none of the maps.
    """
    if against not in found:
        raise InvalidArgumentError(f"{against!r} is none of {', '.join(found)}.")
    weights = patient_weights(groups, n_boot=n_boot)
    out: dict[str, Any] = {}
    for name, each in found.items():
        figures = {}
        for figure in ("hit", "mass"):
            values = getattr(each, figure)
            figures[figure] = _weighted_mean(values, weights).as_dict()
            off = values - getattr(found[against], figure)
            if name != against:
                figures[f"{figure}_difference"] = _weighted_mean(off, weights).as_dict()
        out[name] = figures
    first = next(iter(found.values()))
    return {
        "n": int(first.hit.size),
        "patients": int(np.unique(groups).size),
        "chance": float(first.chance.mean()),
        "against": against,
        "maps": out,
    }


def _weighted_mean(values: Array, weights: Array) -> Interval:
    return interval(lambda w: (w @ values) / w.sum(axis=1), weights)


def with_figures(card: ModelCard, found: Mapping[str, Any], *, aid: bool, words: str) -> ModelCard:
    """Return a card with the figures of the variants on test and what follows from them."""
    facts = {**card.training["waveform"], "aid": aid, "aid_words": words}
    return replace(
        card,
        metrics={"how": HOW, "waveform": dict(found), "split": "test"},
        training={**card.training, "waveform": facts},
    )
