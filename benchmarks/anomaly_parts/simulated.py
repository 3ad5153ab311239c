"""Localisation on simulated records whose masks are known: by statement, and lead by lead."""

from typing import Any

import numpy as np

from benchmarks.anomaly_parts.common import OURS, Models, figure, median_beat_maps, published, told
from ecgcore.evaluation import interval, patient_weights
from ecgcore.evaluation.localisation import (
    Counts,
    best_dice_threshold,
    count_samples,
    dice,
    mean_record_auc,
    pointing,
    pooled_auc,
)
from ecgcore.inference.anomaly import find_anomalies
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate import make_batch
from ecgcore.simulate.codes import ALL_CODES

SEEDS = {"val": 8101, "test": 8202}
RECORDS = 180
FS_HZ = 100.0
NORMAL = ("SNR", "SR", "NORM")
# The published detector costs a second a record.
CONTROL_EVERY = 3


def run(models: Models, split: str, every: int) -> dict[str, Any]:
    codes = [c for c in ALL_CODES if c not in NORMAL]
    made = make_batch(RECORDS // every, seed=SEEDS[split], fs_hz=FS_HZ, mask_codes=codes)
    maps: dict[str, list[Any]] = {}
    lead_scores = []
    for i, signal in enumerate(made.signal):
        recording = Recording(signal, FS_HZ, STANDARD_12)
        found = find_anomalies(models.anomaly, recording)
        maps.setdefault(OURS, []).append(surprise(found.values))
        lead_scores.append([found.lead_scores[n] or 0.0 for n in STANDARD_12])
        shape, timing = median_beat_maps(recording)
        maps.setdefault("median beat", []).append(shape + 0.3 * timing)
        if i % CONTROL_EVERY == 0:
            for name, network in models.of_twelve.items():
                at500 = published(network, signal, FS_HZ)[1]
                maps.setdefault(name, []).append(at500[:, ::5][:, : signal.shape[1]].astype(float))
        told(i + 1, len(made.signal), "simulated")
    masks = made.masks.any(axis=1)
    return _figures(models, maps, masks, made, codes) | {
        "leads": _leads(np.array(lead_scores), masks),
        "records": len(made.signal),
        "abnormal_share": float(masks.mean()),
    }


def surprise(values: Any) -> Any:
    """Return a map of quantiles where its differences near 1 are not lost."""
    return -np.log10(np.maximum(1 - values.astype(float), 1e-7))


def _counts(masks: Any, maps: list[Any], step: int = 1) -> Counts:
    return count_samples([m.ravel() for m in masks[::step]], [m.ravel() for m in maps])


def _figures(
    models: Models, maps: dict[str, list[Any]], masks: Any, made: Any, codes: list[str]
) -> dict[str, Any]:
    rows = []
    n = len(made.signal)
    weights = patient_weights(np.arange(n).astype(str))
    for who, values in maps.items():
        step = 1 if len(values) == n else CONTROL_EVERY
        counts, some = _counts(masks, values, step), weights[:, ::step]
        rows += _rows(who, counts, some)
        if who != OURS:
            own = _counts(masks, maps[OURS][::step], step)

            def apart(w: Any, a: Counts = own, b: Counts = counts) -> Any:
                return pooled_auc(a, w) - pooled_auc(b, w)

            rows.append(
                figure(
                    f"simulated masks, pooled AUROC: ours less {who}",
                    interval(apart, some),
                    difference=True,
                )
            )
    return {"rows": rows, "statements": _by_statement(maps[OURS], made, codes)}


def _rows(who: str, counts: Counts, weights: Any) -> list[dict[str, Any]]:
    half = np.arange(len(counts.abnormal)) % 2 == 0
    chosen = Counts(counts.abnormal[half], counts.other[half], counts.edges, counts.pointed[half])
    measured = Counts(
        counts.abnormal[~half], counts.other[~half], counts.edges, counts.pointed[~half]
    )
    threshold = best_dice_threshold(chosen)
    return [
        figure(
            f"simulated masks, pooled AUROC: {who}",
            interval(lambda w: pooled_auc(counts, w), weights),
            card=who == OURS,
            who=who,
        ),
        figure(
            f"simulated masks, mean AUROC by record: {who}",
            interval(lambda w: mean_record_auc(counts, w), weights),
            who=who,
        ),
        figure(
            f"simulated masks, pointing game: {who}",
            interval(lambda w: pointing(counts, w), weights),
            who=who,
        ),
        figure(
            f"simulated masks, Dice at the other half's threshold: {who}",
            interval(lambda w: dice(measured, threshold, w), weights[:, ~half]),
            who=who,
        ),
    ]


def _by_statement(maps: list[Any], made: Any, codes: list[str]) -> dict[str, Any]:
    """Return each statement's samples against all samples of records without anything."""
    clean = [i for i in range(len(maps)) if not made.masks[i].any()]
    out: dict[str, Any] = {}
    for column, code in enumerate(codes):
        rows = [i for i in range(len(maps)) if made.masks[i, column].any()]
        if not rows:
            continue
        chosen = rows + clean
        truths = [made.masks[i, column].ravel() for i in chosen]
        # Samples of other statements in the same record are neither right nor wrong.
        other = [
            made.masks[i].any(axis=0).ravel() & ~t for i, t in zip(chosen, truths, strict=True)
        ]
        counts = count_samples(
            [t[~o] for t, o in zip(truths, other, strict=True)],
            [maps[i].ravel()[~o] for i, o in zip(chosen, other, strict=True)],
        )
        weights = patient_weights(np.array(chosen).astype(str), n_boot=300)
        out[code] = figure(
            code, interval(lambda w, c=counts: pooled_auc(c, w), weights), records=len(rows)
        )
    return out


def _leads(scores: Any, masks: Any) -> dict[str, Any]:
    """Return how well the lead scores tell leads that show something from those that do not."""
    shows = masks.mean(axis=2) > 0.01
    mixed = shows.any(axis=1) & ~shows.all(axis=1)
    inside = []
    for row, truth in zip(scores[mixed], shows[mixed], strict=True):
        above = (row[truth][:, None] > row[~truth][None]).mean()
        equal = (row[truth][:, None] == row[~truth][None]).mean()
        inside.append(above + equal / 2)
    values = np.array(inside)
    if not values.size:
        return {"records": 0}
    weights = patient_weights(np.arange(values.size).astype(str))

    def mean(w: Any) -> Any:
        return w @ values / w.sum(axis=1)

    return figure(
        "a lead that shows it above one that does not, within a record",
        interval(mean, weights),
        records=int(values.size),
    )
