"""Detection on one lead: CPSC 2018 lead I, and CinC 2017's N against A and against O."""

from typing import Any

import numpy as np

from benchmarks.anomaly_parts.common import (
    BOTH,
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
from ecgcore.datasets.cinc2017 import TARGETS
from ecgcore.datasets.index import SINGLE_LEAD
from ecgcore.datasets.normals import SNR
from ecgcore.evaluation import interval, patient_weights
from ecgcore.inference.anomaly_spans import places_of

# CinC 2017 has thousands: one of three says enough.
EVERY = {"cpsc2018_lead1": 1, "cinc2017": 3}
# The published detector is slow: one of three of these.
CONTROL_EVERY = 3


def run(models: Models, split: str, every: int) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    out: dict[str, Any] = {"rows": rows}
    for dataset in ("cpsc2018_lead1", "cinc2017"):
        entries = load_index(data_root(), kind=SINGLE_LEAD, datasets=[dataset])
        entries = [e for e in entries if e.split == split]
        entries = entries[:: every * EVERY[dataset]]
        groups = np.array([e.group for e in entries])
        table, more = _scores(models, entries)
        weights = patient_weights(groups)
        labels = _labels(dataset, entries)
        for task, y in labels.items():
            rows += _rows(f"{dataset}, {task}", y, table, weights)
        normal = np.array([e.targets[SNR] == 1 for e in entries]) & np.isfinite(more["alarms"])
        some, alarms = weights[:, normal], more.pop("alarms")[normal]

        def mean(w: Any, alarms: Any = alarms) -> Any:
            return w @ alarms / np.maximum(w.sum(axis=1), 1e-9)

        out[dataset] = more | {
            "false_alarms": figure("places in 10 s of a normal record", interval(mean, some))
        }
    return out


def _rows(task: str, y: Any, table: dict[str, Any], weights: Any) -> list[dict[str, Any]]:
    """Return every score's area, and by how much ours exceeds it on the records it was made on."""
    out = []
    for name, values in table.items():
        known = np.where(np.isfinite(values), y, np.nan)
        filled, ours = np.nan_to_num(values), np.nan_to_num(table[NORMALS_ONLY])
        out.append(
            auc_row(
                f"{task}: {name}",
                known,
                filled,
                weights,
                card=name in BOTH,
                who=name,
            )
        )
        if name != NORMALS_ONLY:
            out.append(difference_row(f"{task}: ours less {name}", known, ours, filled, weights))
    return out


def _labels(dataset: str, entries: list[Any]) -> dict[str, Any]:
    if dataset == "cpsc2018_lead1":
        snr = np.array([e.targets[SNR] for e in entries])
        return {"normal against the eight others": np.where(np.isnan(snr), np.nan, 1 - snr)}
    keys = {_key(t): c for c, t in TARGETS.items()}
    classes = np.array([keys[_key(e.targets)] for e in entries])
    return {
        f"N against {other}": np.where(classes == "N", 0.0, np.where(classes == other, 1.0, np.nan))
        for other in ("A", "O")
    }


def _key(targets: Any) -> tuple[float, ...]:
    return tuple(-1.0 if np.isnan(t) else float(t) for t in targets)


def _scores(models: Models, entries: list[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    scores: dict[str, list[float]] = {}
    alarms, refused = [], []
    for done, entry in enumerate(entries, start=1):
        recording = load_recording(entry)
        found = found_of(models, recording)
        row = score_rows(found)
        if isinstance(found, str):
            refused.append(found)
            alarms.append(np.nan)
        else:
            alarms.append(len(places_of(found.spans)) * 10 / recording.duration_s)
        if models.controls:
            shape, timing = median_beat_maps(recording)
            top = max(1, shape.shape[1] // 20)
            row[MEDIAN] = float(np.sort((shape + 0.3 * timing)[0])[-top:].mean())
            row[SUPERVISED] = normal_logit(models, recording)
        for name, network in models.of_one.items():
            row[name] = np.nan
            if done % CONTROL_EVERY == 0:
                row[name] = published(network, recording.signal[:1], recording.fs_hz)[0]
        for name, value in row.items():
            scores.setdefault(name, []).append(float(value))
        told(done, len(entries), entry.dataset)
    n = len(entries)
    table = {name: np.array(values) for name, values in scores.items() if len(values) == n}
    return table, {
        "alarms": np.array(alarms),
        "coverage": {"records": n, "refused": refused},
    }
