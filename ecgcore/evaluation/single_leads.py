"""Figures of a model for any leads on each single lead, beside all twelve."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.evaluation import weighted
from ecgcore.evaluation.asked import one_lead
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc, known_columns, mean_of_defined, measurable
from ecgcore.evaluation.population_records import Record, window_logits
from ecgcore.inference import LoadedModel
from ecgcore.inference.findings import combine_windows
from ecgcore.statements import CORE_CODES

Array = NDArray[np.float64]
ALL = "all"
BEST = 3


def single_lead_figures(
    model: LoadedModel,
    records: Sequence[Record],
    targets: Array,
    *,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the area under the ROC curve on each lead alone, with intervals over patients.

    Parameters
    ----------
    model : LoadedModel
    records : sequence of Record
    targets : array, shape (n, n_labels)
        1, 0 or NaN.

    Returns
    -------
    dict
        ``all`` and ``leads``: {lead: {``n``, ``mean_auc``, ``classes``: {code: interval}}}; each
        lead also with ``difference`` (its mean area less that of all leads, on the same records)
        and ``among_best`` (share of the resamples in which it is one of the three best).
    """
    leads = model.card.input.leads
    return lead_figures(
        model.card.codes,
        targets,
        np.stack([combine_windows(r.logits, model.card.codes) for r in records]),
        {lead: _logits_on(records, row) for row, lead in enumerate(leads)},
        groups=[record.entry.group for record in records],
        n_boot=n_boot,
        seed=seed,
    )


def lead_figures(
    codes: Sequence[str],
    targets: Array,
    every: Array,
    logits: Mapping[str, Array],
    *,
    groups: Sequence[str],
    cuts: Sequence[float] | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the same from logits.

    Means are over the nine core statements where the model has them all: those that the published
    finding on single leads is about.

    Parameters
    ----------
    every : array, shape (n, n_labels)
        On all leads.
    logits : mapping of str to array, shape (n, n_labels)
        On each lead; NaN where a record does not have it.
    cuts : sequence of float, optional
        The logit from which each statement is flagged; with it, ``f1`` by statement and
        ``mean_f1``.
    """
    weights = patient_weights(groups, n_boot=n_boot, seed=seed)
    rows = np.concatenate([np.ones((1, len(every))), weights])
    whole, whole_mean = _figures(codes, targets, every, rows)
    whole |= _f1_figures(codes, targets, every, rows, cuts)
    out: dict[str, Any] = {}
    means = []
    for lead, values in logits.items():
        seen: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
        own = np.where(seen[:, None], targets, np.nan)
        out[lead], mean = _figures(codes, own, np.where(seen[:, None], values, 0.0), rows)
        out[lead] |= _f1_figures(codes, own, np.where(seen[:, None], values, 0.0), rows, cuts)
        reference = whole_mean if seen.all() else _figures(codes, own, every, rows)[1]
        out[lead]["difference"] = _interval(mean - reference)
        means.append(mean)
    ranks = np.argsort(np.argsort(-np.nan_to_num(np.stack(means)), axis=0), axis=0)
    for lead, rank in zip(logits, ranks, strict=True):
        out[lead]["among_best"] = round(float((rank[1:] < BEST).mean()), 3)
    return {ALL: whole, "leads": out}


def _logits_on(records: Sequence[Record], row: int) -> Array:
    """Return logits (n, n_labels) on one lead; NaN where a record does not have it."""
    out = np.full((len(records), records[0].logits.shape[1]), np.nan)
    for i, record in enumerate(records):
        given = record.reading.given
        alone = one_lead(given, row)
        if alone is not None:
            each = [window_logits(record.ask, alone, window) for window in record.reading.pieces]
            out[i] = np.max(each, axis=0)
    return out


def _figures(
    codes: Sequence[str], targets: Array, scores: Array, rows: Array
) -> tuple[dict[str, Any], Array]:
    """Return the figures, and the mean area for each row of weights."""
    columns = measurable(targets)
    areas = {j: class_auc(targets[:, j], scores[:, j], rows) for j in columns}
    meant = _meant(codes)
    mean = mean_of_defined([area for j, area in areas.items() if j in meant], rows.shape[0])
    known = (~np.isnan(targets)).any(axis=1)
    empty = Interval(None).as_dict()
    classes = {c: _interval(areas[j]) if j in areas else empty for j, c in enumerate(codes)}
    return {"n": int(known.sum()), "mean_auc": _interval(mean), "classes": classes}, mean


def _meant(codes: Sequence[str]) -> list[int]:
    core = [j for j, code in enumerate(codes) if code in CORE_CODES]
    return core if len(core) == len(CORE_CODES) else list(range(len(codes)))


def _f1_figures(
    codes: Sequence[str],
    targets: Array,
    scores: Array,
    rows: Array,
    cuts: Sequence[float] | None,
) -> dict[str, Any]:
    if cuts is None:
        return {}
    empty = Interval(None).as_dict()
    found, meant = {}, []
    for j in measurable(targets):
        y, s, w = known_columns(targets[:, j], scores[:, j], rows)
        values = weighted.at_threshold(y, s, w, cuts[j])["f1"]
        found[codes[j]] = _interval(values)
        if j in _meant(codes):
            meant.append(values)
    mean = mean_of_defined(meant, rows.shape[0])
    return {"mean_f1": _interval(mean), "f1": {c: found.get(c, empty) for c in codes}}


def _interval(values: Array) -> dict[str, float | None]:
    found = from_resamples(float(values[0]), values[1:]).as_dict()
    return {name: None if v is None else round(v, 4) for name, v in found.items()}
