"""Fit the trees of :mod:`ecgcore.measure.beat_kinds`: learn, choose by record, write the JSON.

    .venv/bin/python -m ecgcore.training.fits.beat_kinds

Learned from MIT-BIH's DS1 (both leads and the first alone, whole and in pieces of 10 s; 201 is
left out, its patient is 202 of the test half) and from simulated 12-lead records.  The limits are
chosen out-of-fold, by record.  DS2 is never read here.
"""

import argparse
import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from ecgcore.datasets import data_root
from ecgcore.datasets.mitdb import DS1, read_beats, record_path
from ecgcore.errors import ModelError
from ecgcore.evaluation.beat_kinds import CLASSES, F1_WEIGHTS, Counts, count, groups_of
from ecgcore.measure.beat_features import NAMES, BeatFeatures, beat_features
from ecgcore.measure.beat_kinds import FILE, KindModel, trees_from
from ecgcore.measure.beat_types import SHAPE_HZ, own_shapes, scale_leads
from ecgcore.measure.consensus import consensus
from ecgcore.measure.delineators import DEFAULT, delineator
from ecgcore.readers import read
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Fiducials
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.quality import assess
from ecgcore.signal.rr import rr_before
from ecgcore.simulate import TRAINING_CASES, simulate

Array = NDArray[np.float64]
Text = NDArray[np.str_]

log = logging.getLogger(__name__)

SAME_PATIENT_AS_TEST = "201"
PIECE_S, PIECES = 10.0, 40
SAME_BEAT_S, MIN_BEATS = 0.15, 3
SIMULATED_SEEDS = range(5000, 5006)
FOLDS = 7
# Beats of one kind that one record can add: more of the same teach nothing.
MOST = {"N": 500, "S": 1000, "V": 250}
TREES = {
    "max_iter": 60,
    "max_depth": 3,
    "learning_rate": 0.12,
    "min_samples_leaf": 40,
    "l2_regularization": 5.0,
    "early_stopping": False,
    "random_state": 0,
}
# Which way a feature may push: +1 more likely, -1 less likely, others either way.
VENTRICULAR = {
    **dict.fromkeys(("width", "whole_width", "rr_after", "rr_after_step"), 1),
    **dict.fromkeys(("likeness", "least_likeness", "own_shape", "st_t_likeness"), -1),
    **dict.fromkeys(("rr_before", "rr_step", "p_found", "p_likeness"), -1),
}
SUPRAVENTRICULAR = {
    **dict.fromkeys(("rr_after_step", "p_distance", "usual_p_likeness", "p_share"), 1),
    **dict.fromkeys(("rr_before", "rr_step", "run_step", "rr_far", "rr_slow"), -1),
    **dict.fromkeys(("p_likeness", "p_found", "disorder"), -1),
}
LIMITS = tuple(np.round(np.arange(0.2, 0.95, 0.1), 2))


@dataclass(frozen=True, eq=False)
class Case:
    """Beats of one record, or a piece of one.

    Attributes
    ----------
    record : str
        What is left out together.
    variant : str
        "both", "first", "both 10 s", "first 10 s" or "simulated".
    features : BeatFeatures
    groups : array of str, shape (n_beats,)
        N, S, V, F, Q, or "-" for a beat that nobody marked.
    missed : dict of str to int
        Reference beats of each group that were not found.
    """

    record: str
    variant: str
    features: BeatFeatures
    groups: Text
    missed: dict[str, int]


def found_beats(recording: Recording) -> tuple[Array, Fiducials] | None:
    """Return the scaled readable leads and the beats as ``measure`` finds them before their kinds.

    None where nothing can be read.
    """
    bad = assess(recording).bad_leads
    used = [n for n in recording.leads if n not in bad]
    if not used:
        return None
    signal = np.stack([recording.lead(n) for n in used])
    search = BeatSearch(signal, recording.fs_hz)
    r_s = search.r_s
    if r_s.size < MIN_BEATS:
        return None
    joint = consensus(delineator(DEFAULT)(signal, recording.fs_hz, r_s), r_s)
    beats = Fiducials.from_array(joint)
    apart = ~(rr_before(beats.r_peak) <= SAME_BEAT_S)
    return scale_leads(search), Fiducials.from_array(joint[:, apart])


def recorded_cases(records: Sequence[str]) -> Iterator[Case]:
    """Yield the cases of MIT-BIH records."""
    rng = np.random.default_rng(0)
    for record in records:
        marks = read_beats(data_root(), record)
        recording = read(record_path(data_root(), record).with_suffix(".hea"))
        for variant, leads in (("both", recording.leads), ("first", recording.leads[:1])):
            signal = np.stack([recording.lead(n) for n in leads])
            found = found_beats(Recording(signal, recording.fs_hz, leads))
            if found is None:
                continue
            low, beats = found
            groups, missed = groups_of(marks, beats.r_peak)
            whole = Case(record, variant, _features(low, beats), groups, missed)
            starts_s = rng.uniform(0, recording.duration_s - PIECE_S, size=PIECES)
            yield whole
            yield from _pieces(whole, low, beats, starts_s)
        log.info("%s read", record)


def _features(low: Array, beats: Fiducials) -> BeatFeatures:
    # What is fitted on has no gaps.
    rr_s = rr_before(beats.r_peak)
    shape, _ = own_shapes(low, beats, rr_s)
    return beat_features(low, SHAPE_HZ, beats, rr_s, shape)


def _pieces(whole: Case, low: Array, beats: Fiducials, starts_s: Array) -> Iterator[Case]:
    for start_s in starts_s:
        first = round(start_s * SHAPE_HZ)
        times = beats.as_array() - first / SHAPE_HZ
        r_s = times[FIDUCIALS.index("r_peak")]
        inside = (r_s > 0.15) & (r_s < PIECE_S - 0.15)
        if inside.sum() >= MIN_BEATS:
            part = low[:, first : first + round(PIECE_S * SHAPE_HZ)]
            features = _features(part, Fiducials.from_array(times[:, inside]))
            variant = f"{whole.variant} 10 s"
            yield Case(whole.record, variant, features, whole.groups[inside], {})


def simulated_cases(seeds: Sequence[int]) -> Iterator[Case]:
    """Yield simulated 12-lead records whose own rhythm is neither ectopic nor paced."""
    names = {"normal": "N", "supraventricular": "S", "ventricular": "V"}
    for case, spec in TRAINING_CASES.items():
        for seed in seeds if len(spec.leads) == 12 else ():
            made = simulate(case, seed=seed)
            kinds = [b.type for b in made.truth.beats]
            if "paced" in kinds or kinds.count("normal") < 0.5 * len(kinds):
                break
            found = found_beats(made.recording)
            if found is None:
                continue
            low, beats = found
            true = np.array([b.r_peak for b in made.truth.beats])
            apart = np.abs(beats.r_peak[:, None] - true)
            groups = np.array([names[kinds[i]] for i in apart.argmin(axis=1)])
            groups[apart.min(axis=1) > 0.1] = "-"
            yield Case(f"{case} {seed}", "simulated", _features(low, beats), groups, {})


# ---- fitting -------------------------------------------------------------------------------


def _table(cases: Sequence[Case]) -> tuple[Array, Text, Array]:
    """Return features, groups and weights; each record's beats of a kind are damped together."""
    rng = np.random.default_rng(0)
    rows, groups, weights = [], [], []
    of_record: dict[str, list[Case]] = {}
    for case in cases:
        of_record.setdefault(case.record, []).append(case)
    for some in of_record.values():
        values = np.concatenate([c.features.values for c in some])
        kinds = np.concatenate([c.groups for c in some])
        for kind, most in MOST.items():
            at = np.flatnonzero(kinds == kind)
            if at.size:
                kept = rng.permutation(at)[:most]
                rows.append(values[kept])
                groups.append(kinds[kept])
                weights.append(np.full(kept.size, math.sqrt(at.size) / kept.size))
    joined, weight = np.concatenate(groups), np.concatenate(weights)
    for kind in MOST:
        weight[joined == kind] /= math.sqrt(weight[joined == kind].sum())
    return np.concatenate(rows), joined, weight / weight.mean()


def fit(cases: Sequence[Case]) -> dict[str, Any]:
    """Return the plain form of both sets of trees, without limits."""
    values, groups, weights = _table(cases)
    out: dict[str, Any] = {"features": list(NAMES)}
    for name, ways, wanted, among in (
        ("ventricular", VENTRICULAR, "V", ("N", "S", "V")),
        ("supraventricular", SUPRAVENTRICULAR, "S", ("N", "S")),
    ):
        chosen = np.isin(groups, among)
        model = HistGradientBoostingClassifier(
            monotonic_cst=[ways.get(n, 0) for n in NAMES], **TREES
        )
        model.fit(values[chosen], groups[chosen] == wanted, sample_weight=weights[chosen])
        out[name] = _plain(model)
        mine = trees_from(out[name]).probability(values[chosen])
        theirs = model.predict_proba(values[chosen])[:, 1]
        # Limits and leaves are rounded: a value on a limit may fall to its other side.
        if np.quantile(np.abs(mine - theirs), 0.99) > 1e-3:
            raise ModelError("The trees read back differ from those that were fitted.")
    return out


def _plain(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    trees = []
    for (predictor,) in model._predictors:
        nodes = []
        for number, node in enumerate(predictor.nodes):
            leaf = bool(node["is_leaf"])
            nodes.append(
                [
                    0 if leaf else int(node["feature_idx"]),
                    0.0 if leaf else round(float(node["num_threshold"]), 6),
                    number if leaf else int(node["left"]),
                    number if leaf else int(node["right"]),
                    round(float(node["value"]), 5) if leaf else 0.0,
                ]
            )
        trees.append(nodes)
    start = float(np.ravel(model._baseline_prediction)[0])
    return {"start": round(start, 5), "depth": TREES["max_depth"], "trees": trees}


# ---- choosing ------------------------------------------------------------------------------


def out_of_fold(cases: Sequence[Case]) -> dict[int, tuple[Array, Array]]:
    """Return for each recorded case both probabilities, from trees that never saw its record."""
    records = sorted({c.record for c in cases if c.variant != "simulated"})
    fold = dict(zip(np.random.default_rng(1).permutation(records), _turns(), strict=False))
    out = {}
    for number in range(FOLDS):
        plain = fit([c for c in cases if fold.get(c.record) != number])
        v_trees, s_trees = (trees_from(plain[k]) for k in ("ventricular", "supraventricular"))
        for at, case in enumerate(cases):
            if fold.get(case.record) == number:
                values = case.features.values
                out[at] = v_trees.probability(values), s_trees.probability(values)
        log.info("fold %d of %d", number + 1, FOLDS)
    return out


def _turns() -> Iterator[int]:
    while True:
        yield from range(FOLDS)


class _Given:
    """Probabilities that are known already, in the place of trees."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def probability(self, _features: Array) -> Array:
        return self.values


def count_at_limits(
    cases: Sequence[Case], found: dict[int, tuple[Array, Array]], limits: tuple[float, float]
) -> dict[str, Counts]:
    """Return the counts of each variant at these limits (ventricular, supraventricular)."""
    out: dict[str, Counts] = {}
    for at, (v, s) in found.items():
        model = KindModel(_Given(v), _Given(s), *limits)  # type: ignore[arg-type]
        said = model.kinds(cases[at].features)
        counted = count(cases[at].groups, said, cases[at].missed)
        out[cases[at].variant] = out.get(cases[at].variant, Counts.none()) + counted
    return out


def choose(cases: Sequence[Case], found: dict[int, tuple[Array, Array]]) -> tuple[float, float]:
    """Return the limits with the best weighted sum of F1."""

    def worth(limits: tuple[float, float]) -> float:
        counts = count_at_limits(cases, found, limits)
        return sum(
            weight * counts[variant].figures(kind)["f1"]
            for variant, weight in F1_WEIGHTS.items()
            for kind in CLASSES
        )

    return max(((v, s) for v in LIMITS for s in LIMITS), key=worth)


def main() -> None:
    """Fit, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    records = [r for r in DS1 if r != SAME_PATIENT_AS_TEST]
    cases = [*recorded_cases(records), *simulated_cases(SIMULATED_SEEDS)]
    found = out_of_fold(cases)
    limits = choose(cases, found)
    for variant, counts in count_at_limits(cases, found, limits).items():
        log.info("%s: %s", variant, {k: counts.figures(k) for k in CLASSES})
    plain = fit(cases)
    plain |= {
        "made_by": "ecgcore.training.fits.beat_kinds",
        "ventricular_from": float(limits[0]),
        "supraventricular_from": float(limits[1]),
    }
    args.out.write_text(json.dumps(plain, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
