"""The figures of a model card, measured through prediction and explanation as users meet them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import CannotAssessError, DatasetError
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples, patient_weights
from ecgcore.evaluation.curves import curve_points
from ecgcore.evaluation.report import evaluate_predictions, standard_subgroups
from ecgcore.explain import explain
from ecgcore.inference import LoadedModel, predict
from ecgcore.inference.abstain import NORMAL
from ecgcore.models import build
from ecgcore.results import Prediction
from ecgcore.statements import CORE_CODES, NETWORK_CODES, SUPERCLASSES
from ecgcore.study import Study

# Positive records of each statement whose map is checked: enough to see a method fail.
MAPS_PER_STATEMENT = 4
RANDOM_SEED = 1
_COLUMNS = (*NETWORK_CODES, *SUPERCLASSES)


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model says about labelled records, columns in the order of its labels.

    Attributes
    ----------
    entries : tuple of Entry
    targets, probabilities : arrays, shape (n, n_labels)
    assessed : array of bool, shape (n, n_labels)
        Whether a finding was given.
    """

    entries: tuple[Entry, ...]
    targets: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    assessed: NDArray[np.bool_]


def predict_entries(
    model: LoadedModel,
    entries: Sequence[Entry],
    *,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Predicted:
    """Run a model on every entry, through the same function as the app.

    Raises
    ------
    DatasetError
        If there are no entries, or a record cannot be read or run: none is left out silently.
    """
    if not entries:
        raise DatasetError("There are no records to measure on.")
    made: list[Prediction] = []
    for done, entry in enumerate(entries, start=1):
        try:
            made.append(predict(model, load_recording(entry)))
        except CannotAssessError as error:
            raise DatasetError(f"{entry.dataset} {entry.record}: {error}") from None
        report(done, len(entries))
    return Predicted(
        entries=tuple(entries),
        targets=targets_of(entries, model.card.codes),
        probabilities=np.array([[f.probability for f in p.findings] for p in made]),
        assessed=np.array([[f.finding is not None for f in p.findings] for p in made]),
    )


def targets_of(entries: Sequence[Entry], codes: Sequence[str]) -> NDArray[np.float64]:
    """Return what the data sets say, shape (n, len(codes)): 1, 0 or NaN (cannot tell).

    Parameters
    ----------
    entries : sequence of Entry
    codes : sequence of str
        Statements, or superclasses.

    Raises
    ------
    DatasetError
        If no data set speaks of a code.
    """
    unknown = [code for code in codes if code not in _COLUMNS]
    if unknown:
        raise DatasetError(f"No data set says anything about {', '.join(unknown)}.")
    columns = [_COLUMNS.index(code) for code in codes]
    said = [(*e.targets, *e.further, *e.superclasses) for e in entries]
    return np.array(said, dtype=np.float64).reshape(len(said), len(_COLUMNS))[:, columns]


def card_metrics(
    model: LoadedModel, predicted: Predicted, *, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Return the figures at full coverage, and under ``when_assessed`` after abstention.

    Returns
    -------
    dict
        As :func:`ecgcore.evaluation.evaluate_predictions`; ``when_assessed`` likewise, with
        ``coverage``: {code: share of the records that can tell and got a finding}; ``curves``:
        {code: what :func:`ecgcore.evaluation.curves.curve_points` returns}.
    """
    entries = predicted.entries
    codes = model.card.codes
    ages = [np.nan if e.age_years is None else e.age_years for e in entries]
    groups = [e.group for e in entries]
    thresholds = [rule.threshold for rule in model.card.labels]
    figures = evaluate_predictions(
        predicted.targets,
        predicted.probabilities,
        thresholds=thresholds,
        groups=groups,
        codes=model.card.codes,
        subgroups=standard_subgroups(
            datasets=[e.dataset for e in entries],
            sexes=[e.sex or "" for e in entries],
            ages=ages,
            has_voltage=[e.has_voltage for e in entries],
        ),
        n_boot=n_boot,
    )
    known = ~np.isnan(predicted.targets)
    assessed = evaluate_predictions(
        np.where(predicted.assessed, predicted.targets, np.nan),
        predicted.probabilities,
        thresholds=thresholds,
        groups=groups,
        codes=model.card.codes,
        n_boot=n_boot,
    )
    covered = (known & predicted.assessed).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    assessed["coverage"] = dict(zip(model.card.codes, covered.tolist(), strict=True))
    assessed["how"]["coverage"] = "only records on which the statement was assessed"
    figures["false_alarms"] = false_alarms(codes, predicted, thresholds, groups, n_boot=n_boot)
    columns = zip(predicted.targets.T, predicted.probabilities.T, thresholds, strict=True)
    curves = [curve_points(*column) for column in columns]
    return figures | {
        "mean_of_nine": mean_of_nine(codes, predicted, thresholds, groups, n_boot=n_boot),
        "when_assessed": assessed,
        "curves": dict(zip(model.card.codes, curves, strict=True)),
    }


def false_alarms(
    codes: Sequence[str],
    predicted: Predicted,
    thresholds: Sequence[float],
    groups: Sequence[str],
    *,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return how many normal records are flagged, statement by statement.

    Returns
    -------
    dict
        ``n``: records labelled normal and nothing else; ``classes``: {code: interval of the
        share flagged}, empty where the model or the split knows no normal record.
    """
    normal = (
        predicted.targets[:, list(codes).index(NORMAL)] == 1
        if NORMAL in codes
        else np.zeros(len(predicted.entries), dtype=bool)
    )
    found: dict[str, Any] = {"n": int(normal.sum()), "classes": {}}
    if not normal.any():
        return found
    names = np.asarray(groups)[normal]
    rows = np.concatenate([np.ones((1, names.size)), patient_weights(names, n_boot=n_boot)])
    for code, threshold, column in zip(codes, thresholds, predicted.probabilities.T, strict=True):
        if code != NORMAL:
            share = rows @ (column[normal] >= threshold) / rows.sum(axis=1)
            found["classes"][code] = from_resamples(float(share[0]), share[1:]).as_dict()
    return found


def mean_of_nine(
    codes: Sequence[str],
    predicted: Predicted,
    thresholds: Sequence[float],
    groups: Sequence[str],
    *,
    n_boot: int = N_BOOT,
) -> dict[str, Any] | None:
    """Return the means over the nine core statements, or None where a model lacks one."""
    if not set(CORE_CODES) <= set(codes):
        return None
    columns = [codes.index(code) for code in CORE_CODES]
    mean: dict[str, Any] = evaluate_predictions(
        predicted.targets[:, columns],
        predicted.probabilities[:, columns],
        thresholds=[thresholds[j] for j in columns],
        groups=groups,
        codes=CORE_CODES,
        n_boot=n_boot,
    )["mean"]
    return mean


def explanation_figures(
    model: LoadedModel, entries: Sequence[Entry], *, method: str = "hirescam"
) -> dict[str, Any]:
    """Return how a method's maps fare on positive records, statement by statement.

    Returns
    -------
    dict
        ``n``, ``deletion_passed`` (share) and ``randomised_rank_correlation`` (mean absolute
        Spearman correlation with the map of the same architecture with random weights, over
        samples the model saw; 0 means the map depends on what was learned), the same by
        statement in ``classes``, and ``split``.

    Notes
    -----
    Weight randomisation after Adebayo et al., NeurIPS 2018.
    """
    torch.manual_seed(RANDOM_SEED)
    blank = build(model.card.architecture, model.card.arguments).requires_grad_(False).eval()
    random_model = LoadedModel(model.card, blank.to(model.device))
    classes: dict[str, Any] = {}
    passed: list[bool] = []
    correlations: list[float] = []
    for code in model.card.codes:
        said = targets_of(entries, [code])[:, 0]
        has_it = [e for e, value in zip(entries, said, strict=True) if value == 1]
        positive = has_it[:MAPS_PER_STATEMENT]
        found = [_map_figures(model, random_model, entry, code, method) for entry in positive]
        if not found:
            continue
        passed += [ok for ok, _ in found]
        correlations += [rho for _, rho in found]
        classes[code] = {
            "n": len(found),
            "deletion_passed": float(np.mean([ok for ok, _ in found])),
            "randomised_rank_correlation": float(np.mean([rho for _, rho in found])),
        }
    if not passed:
        raise DatasetError("There is no positive record to explain.")
    return {
        "method": method,
        "split": ", ".join(sorted({e.split for e in entries})),
        "n": len(passed),
        "deletion_passed": float(np.mean(passed)),
        "randomised_rank_correlation": float(np.mean(correlations)),
        "classes": classes,
    }


def _map_figures(
    model: LoadedModel, random_model: LoadedModel, entry: Entry, code: str, method: str
) -> tuple[bool, float]:
    study = Study(load_recording(entry))
    own = explain(model, study, code, method)
    other = explain(random_model, study, code, method)
    # Every fourth sample: neighbours are nearly the same, and ranks of all take seconds.
    a, b = own.values[:, ::4].ravel(), other.values[:, ::4].ravel()
    passed = any(check.name == "deletion" and check.passed for check in own.self_check)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return passed, 0.0
    return passed, abs(float(spearmanr(a, b).statistic))
