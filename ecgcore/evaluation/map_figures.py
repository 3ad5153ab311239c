"""Figures of attribution maps: deletion and insertion, and localisation.

Two families of figures on each trial and method, beside random maps and QRS complexes alone:

- deletion and insertion: the mean change of the logit when 5, 15 and 40 % of the blocks (200 ms
  of one lead), those of the most attribution first, are taken out or put back, under two fills
  (the straight line between a block's ends, and zero); areas under the curves, in logits;
- pointing game (is the highest place of the map inside the truth?) and relevance mass (how much of
  the map lies inside), where the truth is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import CannotAssessError
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, interval, patient_weights
from ecgcore.evaluation.map_records import Trial
from ecgcore.explain import METHODS, Explainer
from ecgcore.explain.case import Case, MethodEntry
from ecgcore.explain.checks import FILLS, Blocks, blocks_of, changes, qrs_map
from ecgcore.inference import LoadedModel
from ecgcore.study import Study

Array = NDArray[np.float64]
CURVE = (0.05, 0.15, 0.4)
RANDOM, QRS = "random", "QRS only"
_RANDOM_DRAWS = 2
_SEED = 11
# What is compared at the resolution of a block would reward coarse maps: places are 50 ms.
PLACE_S = 0.05


@dataclass
class Rows:
    """Figures of single trials, to be joined by statement and method.

    Attributes
    ----------
    values : list of dict
        ``code``, ``group``, ``method`` and one entry a figure.
    """

    values: list[dict[str, Any]] = field(default_factory=list)

    def mean(
        self, figure: str, *, method: str, code: str | None = None, less: str | None = None
    ) -> Interval:
        """Return a figure's mean over trials with its interval over patients.

        Parameters
        ----------
        figure : str
        method : str
        code : str, optional
            Only this statement.
        less : str, optional
            Another method whose figure is taken off, trial by trial.
        """
        mine = self._of(method, figure, code)
        if less is not None:
            other = self._of(less, figure, code)
            mine = {k: (v[0] - other[k][0], v[1]) for k, v in mine.items() if k in other}
        if not mine:
            return Interval(None)
        numbers = np.array([v for v, _ in mine.values()])
        weights = patient_weights([g for _, g in mine.values()], n_boot=N_BOOT, seed=_SEED)
        return interval(lambda w: (w @ numbers) / np.maximum(w.sum(axis=1), 1e-12), weights)

    def _of(self, method: str, figure: str, code: str | None) -> dict[Any, tuple[float, str]]:
        return {
            (row["code"], row["trial"]): (row[figure], row["group"])
            for row in self.values
            if row["method"] == method
            and (code is None or row["code"] == code)
            and row.get(figure) is not None
        }


def dense_order(entry: MethodEntry, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a map whose high values are what it points at, zero or above."""
    return np.maximum(entry.order(values), 0)


def perturbation_rows(
    model: LoadedModel,
    trials: Iterable[Trial],
    methods: Sequence[str],
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> Rows:
    """Return deletion and insertion of each trial and method; none where the model abstains."""
    rows = Rows()
    for number, trial in enumerate(trials):
        try:
            explainer = Explainer(model, Study(trial.recording))
        except CannotAssessError:
            continue
        output = explainer.output(trial.code)
        window = explainer.highest(output)
        case = explainer.case(output, window)
        blocks = blocks_of(case)
        if blocks.which.size == 0:
            continue
        scores = _scores(explainer, case, blocks, methods, output)
        figures = perturb_case(case, blocks, scores)
        rows.values += [
            {"code": trial.code, "group": trial.group, "trial": number, "method": name, **found}
            for name, found in figures.items()
        ]
        report(number)
    return rows


def _scores(
    explainer: Explainer, case: Case, blocks: Blocks, methods: Sequence[str], output: int
) -> dict[str, list[Array]]:
    window, scores = explainer.highest(output), yardsticks(case, blocks)
    for name in methods:
        entry = METHODS[name]
        values = explainer.map(name, output, window).on_samples(case.x.shape[2]) * case.there
        scores[name] = [blocks.score(entry.order(values))]
    return scores


def yardsticks(case: Case, blocks: Blocks, *, seed: int = _SEED) -> dict[str, list[Array]]:
    """Return the scores of what maps are compared with: blocks at random, and QRS complexes."""
    rng = np.random.default_rng(seed)
    n = blocks.which.size
    scores = {RANDOM: [rng.permutation(n).astype(float) for _ in range(_RANDOM_DRAWS)]}
    qrs = qrs_map(case)
    if qrs is not None:
        scores[QRS] = [blocks.score(qrs)]
    return scores


def perturb_case(
    case: Case, blocks: Blocks, scores: Mapping[str, Sequence[Array]]
) -> dict[str, dict[str, float]]:
    """Return deletion and insertion of one case under each fill, by the name of the scores.

    Parameters
    ----------
    case : Case
    blocks : Blocks
        Of the case.
    scores : mapping
        Name -> arrays (n,), one score for each block; of several the mean figure is taken.
    """
    flat = [score for part in scores.values() for score in part]
    out: dict[str, dict[str, float]] = {name: {} for name in scores}
    for fill in FILLS:
        fall, rise = changes(case, blocks, flat, shares=CURVE, fill=fill)
        at = 0
        for name, part in scores.items():
            here = slice(at, at + len(part))
            out[name] |= {
                f"deletion_{fill}": float(fall[here].mean()),
                f"insertion_{fill}": float(rise[here].mean()),
            }
            at += len(part)
    return out


def place_rows(
    model: LoadedModel,
    trials: Iterable[Trial],
    methods: Sequence[str],
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> Rows:
    """Return pointing game and relevance mass of each trial and method.

    ``flagged`` tells whether the model's probability reached its threshold.
    """
    rows = Rows()
    for number, trial in enumerate(trials):
        try:
            explainer = Explainer(model, Study(trial.recording))
        except CannotAssessError:
            continue
        output = explainer.output(trial.code)
        window = explainer.highest(output)
        rule = model.card.labels[output]
        flagged = rule.probability(float(explainer.logits()[:, output].max())) >= rule.threshold
        if trial.mask is None or len(explainer.reading.pieces) > 1:
            continue
        case = explainer.case(output, window)
        truth = _truth(explainer, trial)
        if truth is None:
            continue
        common = {
            "code": trial.code,
            "group": trial.group,
            "trial": number,
            "flagged": bool(flagged),
        }
        maps = _maps(explainer, case, methods, output)
        rows.values += [
            common | {"method": name} | place_map(values, *truth, case.fs_hz)
            for name, values in maps.items()
        ]
        even = case.there & truth[1]
        chance = float((truth[0] & even).sum() / max(1, even.sum()))
        rows.values.append(common | {"method": RANDOM, "pointing": chance, "mass": chance})
        report(number)
    return rows


def _truth(
    explainer: Explainer, trial: Trial
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return mask and region on the model's leads and samples, or None if nothing is left."""
    given = explainer.reading.given
    at = np.round(np.arange(given.n_samples) / given.fs_hz * trial.recording.fs_hz).astype(int)
    at = np.minimum(at, trial.recording.n_samples - 1)
    leads = [trial.recording.leads.index(name) for name in given.leads]
    if trial.mask is None:
        return None
    mask = trial.mask[np.ix_(leads, at)]
    region = np.ones_like(mask) if trial.region is None else trial.region[np.ix_(leads, at)]
    return (mask, region) if (mask & region).any() else None


def _maps(
    explainer: Explainer, case: Case, methods: Sequence[str], output: int
) -> dict[str, NDArray[np.float32]]:
    window = explainer.highest(output)
    maps = {}
    for name in methods:
        values = explainer.map(name, output, window).on_samples(case.x.shape[2]) * case.there
        maps[name] = dense_order(METHODS[name], values)
    qrs = qrs_map(case)
    if qrs is not None:
        maps[QRS] = qrs * case.there
    return maps


def place_map(
    values: NDArray[np.float32],
    mask: NDArray[np.bool_],
    region: NDArray[np.bool_],
    fs_hz: float,
) -> dict[str, float | None]:
    """Return pointing game and relevance mass of one map, (L, T), zero or above.

    The map is joined in places of 50 ms of one lead; the place of the most attribution points.  A
    map without any attribution points nowhere: 0.
    """
    held = values * region
    total = float(held.sum(dtype=np.float64))
    if total <= 0:
        return {"pointing": 0.0, "mass": 0.0}
    size = max(1, round(PLACE_S * fs_hz))
    n = held.shape[1] // size
    joined = held[:, : n * size].reshape(len(held), n, size).sum(axis=2)
    best = joined == joined.max()
    inside = mask[:, : n * size].reshape(len(held), n, size).mean(axis=2) >= 0.5
    return {
        # Ties (all QRS complexes look alike to "QRS only") count by their share.
        "pointing": float(inside[best].mean()),
        "mass": float((held * mask).sum(dtype=np.float64) / total),
    }


def lead_rows(
    model: LoadedModel,
    trials: Iterable[Trial],
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> Rows:
    """Return what the logit loses without the leads of the highest Shapley value."""
    rows = Rows()
    for number, trial in enumerate(trials):
        explainer = Explainer(model, Study(trial.recording))
        output = explainer.output(trial.code)
        found = explainer.map("lead_shapley", output, explainer.highest(output))
        if found.notes:
            rows.values.append(
                {"code": trial.code, "group": trial.group, "trial": number}
                | {"method": "lead_shapley"}
                | dict(found.notes)
            )
        report(number)
    return rows
