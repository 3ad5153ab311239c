"""Detection on 12-lead records: strict normal against any statement, by statement, Brugada."""

from typing import Any

import numpy as np

from benchmarks.anomaly_parts.common import (
    BOTH,
    CLASSIFIER,
    MEDIAN,
    NORMALS_ONLY,
    SUPERVISED,
    Models,
    auc_row,
    difference_row,
    figure,
    found_of,
    median_beat_maps,
    normal_logit,
    published,
    score_rows,
    told,
)
from ecgcore.datasets import data_root, load_index, load_recording
from ecgcore.datasets.normals import BRUGADA, SNR
from ecgcore.evaluation import interval, patient_weights
from ecgcore.inference.anomaly_spans import places_of
from ecgcore.leads import STANDARD_12
from ecgcore.statements import CORE_CODES, FURTHER_CODES
from reproductions.detectors import mark_abnormal

RARE = 10


def run(models: Models, split: str, every: int) -> dict[str, Any]:
    entries = [e for e in load_index(data_root()) if e.split == split][::every]
    targets = np.array([e.targets for e in entries])
    further = np.array([e.further for e in entries])
    datasets = np.array([e.dataset for e in entries])
    groups = np.array([e.group for e in entries])
    scores: dict[str, list[float]] = {}
    alarms, refused, fallback = [], [], 0
    for done, entry in enumerate(entries, start=1):
        recording = load_recording(entry)
        row = {}
        found = found_of(models, recording)
        row |= score_rows(found)
        if isinstance(found, str):
            refused.append(f"{entry.dataset}: {found}")
            alarms.append(np.nan)
        else:
            alarms.append(len(places_of(found.spans)) * 10 / recording.duration_s)
        if models.controls:
            shape, timing = median_beat_maps(recording)
            row[MEDIAN] = float(np.mean(np.sort(shape + 0.3 * timing, axis=1)[:, -50:]))
            row[SUPERVISED] = normal_logit(models, recording)
        signal = np.stack([recording.lead(n) for n in STANDARD_12])
        for name, network in models.of_twelve.items():
            row[name], _, given = published(network, signal, recording.fs_hz)
            fallback += given.fallback and name == "MCF"
        for name, value in row.items():
            scores.setdefault(name, []).append(float(value))
        told(done, len(entries), "12-lead")
    table = {
        name: np.array(values) for name, values in scores.items() if len(values) == len(entries)
    }
    return _figures(table, (targets, further, datasets, groups), alarms) | {
        "coverage": {
            "records": len(entries),
            "refused": refused,
            "mcf_fallback_beats": int(fallback),
        },
    }


def _figures(table: dict[str, Any], facts: tuple[Any, ...], alarms: list[float]) -> dict[str, Any]:
    targets, further, datasets, groups = facts
    weights = patient_weights(groups)
    y = mark_abnormal(targets, further)
    # The person's diagnosis, whether or not this ECG shows the pattern.
    healthy = np.where(datasets == "brugada", further[:, BRUGADA] != 0, np.nan)
    rows = []
    for name, values in table.items():
        known = np.where(np.isfinite(values), y, np.nan)
        filled = np.nan_to_num(values)
        label = f"detection, 12 leads, strict normal: {name}"
        rows.append(auc_row(label, known, filled, weights, card=name in BOTH, who=name))
        rows.append(
            auc_row(
                f"Brugada against healthy: {name}",
                healthy,
                filled,
                weights,
                card=name in BOTH,
                who=name,
            )
        )
    ours = np.nan_to_num(table[NORMALS_ONLY])
    rows += [
        difference_row(f"ours less {name}", y, ours, np.nan_to_num(values), weights)
        for name, values in table.items()
        if name != NORMALS_ONLY
    ]
    return {
        "rows": rows,
        "statements": _by_statement(table[NORMALS_ONLY], y, (targets, further), weights),
        "statements with the classifier's features": _by_statement(
            table[CLASSIFIER], y, (targets, further), weights
        ),
        "false_alarms": _alarms(alarms, y, weights),
    }


def _by_statement(ours: Any, y: Any, both: tuple[Any, Any], weights: Any) -> dict[str, Any]:
    """Return each statement against strict normals, and rare ones beside common ones."""
    stated = np.delete(np.concatenate(both, axis=1), SNR, axis=1)
    codes = [code for code in (*CORE_CODES, *FURTHER_CODES) if code != "SNR"]
    out: dict[str, Any] = {}
    for code, column in zip(codes, stated.T, strict=True):
        positive = column == 1
        labels = np.where(positive, 1.0, np.where(y == 0, 0.0, np.nan))
        if positive.any():
            out[code] = auc_row(code, labels, np.nan_to_num(ours), weights)
    known = {code: row for code, row in out.items() if row["value"] is not None}
    rare = [r["value"] for r in known.values() if r["positives"] < RARE]
    common = [r["value"] for r in known.values() if r["positives"] >= RARE]
    out["mean of rare (under 10 positives)"] = float(np.mean(rare)) if rare else None
    out["mean of common"] = float(np.mean(common)) if common else None
    return out


def _alarms(alarms: list[float], y: Any, weights: Any) -> dict[str, Any]:
    values = np.array(alarms)
    normal = (y == 0) & np.isfinite(values)
    some = weights[:, normal]

    def mean(w: Any) -> Any:
        return w @ values[normal] / np.maximum(w.sum(axis=1), 1e-9)

    return figure("places in 10 s of a normal 12-lead ECG", interval(mean, some))
