"""Localisation on MIT-BIH: beats that are annotated as S, V, F or Q, sample by sample."""

from typing import Any

import numpy as np

from benchmarks.anomaly_parts.common import OURS, Models, figure, median_beat_maps, published, told
from ecgcore.datasets import data_root, mitdb
from ecgcore.evaluation import interval, patient_weights
from ecgcore.evaluation.localisation import (
    Counts,
    beat_truth,
    best_dice_threshold,
    count_samples,
    dice,
    mean_record_auc,
    pointing,
    pooled_auc,
    record_aucs,
)
from ecgcore.inference.anomaly import find_anomalies
from ecgcore.readers import read

FS_HZ = 100.0
# The published detector is slow: ten seconds every three minutes.
WINDOW_S, EVERY_S = 10.0, 180.0
# It holds 1,382 of the 1,837 supraventricular beats of DS2.
HALF_OF_ALL_S = "232"


def run(models: Models, split: str, every: int) -> dict[str, Any]:
    """Measure DS2 for ``test``, DS1's validation records for ``val``.

    Thresholds for Dice come from DS1's validation records, never from DS2.
    """
    chosen = (split,)
    found = _maps(models, chosen, every)
    names, maps = found["names"], found["maps"]
    weights = patient_weights(np.array(names))
    rows: list[dict[str, Any]] = []
    thresholds = _thresholds(models, split, every)
    for who, values in maps.items():
        truths = found["windows_truth"] if who in found["windowed"] else found["truths"]
        rows += _rows(who, count_samples(truths, values), weights, thresholds.get(who))
    rows += _differences(found, weights)
    rows += _without(found, weights)
    return {
        "rows": rows,
        "records": names,
        "abnormal_share": float(np.concatenate(found["truths"]).mean()),
        "by_record": {
            n: float(a)
            for n, a in zip(
                names, record_aucs(count_samples(found["truths"], maps[OURS])), strict=True
            )
        },
    }


def _rows(who: str, counts: Counts, weights: Any, threshold: float | None) -> list[dict[str, Any]]:
    out = [
        figure(
            f"beats, pooled AUROC: {who}",
            interval(lambda w: pooled_auc(counts, w), weights),
            card=who == OURS,
            who=who,
        ),
        figure(
            f"beats, mean AUROC by record: {who}",
            interval(lambda w: mean_record_auc(counts, w), weights),
            who=who,
        ),
        figure(
            f"beats, pointing game: {who}",
            interval(lambda w: pointing(counts, w), weights),
            who=who,
        ),
    ]
    if threshold is not None:
        out.append(
            figure(
                f"beats, Dice at the threshold of val: {who}",
                interval(lambda w: dice(counts, threshold, w), weights),
                who=who,
                threshold=threshold,
            )
        )
    return out


def _differences(found: dict[str, Any], weights: Any) -> list[dict[str, Any]]:
    """Return ours less each other in the pooled area, on the same samples and resamples."""
    out = []
    for who, values in found["maps"].items():
        if who in {OURS, "ours in windows"}:
            continue
        windowed = who in found["windowed"]
        own = found["maps"]["ours in windows" if windowed else OURS]
        truths = found["windows_truth"] if windowed else found["truths"]
        a, b = count_samples(truths, own), count_samples(truths, values)

        def apart(w: Any, a: Counts = a, b: Counts = b) -> Any:
            return pooled_auc(a, w) - pooled_auc(b, w)

        out.append(
            figure(
                f"beats, pooled AUROC: ours less {who}", interval(apart, weights), difference=True
            )
        )
    return out


def _without(found: dict[str, Any], weights: Any) -> list[dict[str, Any]]:
    """Return the pooled area without record 232, in which most beats are supraventricular."""
    if HALF_OF_ALL_S not in found["names"]:
        return []
    keep = np.array([n != HALF_OF_ALL_S for n in found["names"]])
    out = []
    for who in (OURS, "median beat"):
        counts = count_samples(found["truths"], found["maps"][who])

        def pooled(w: Any, counts: Counts = counts) -> Any:
            return pooled_auc(counts, w * keep)

        name = f"beats, pooled AUROC without record {HALF_OF_ALL_S}: {who}"
        out.append(figure(name, interval(pooled, weights), card=who == OURS, who=who))
    return out


def _thresholds(models: Models, split: str, every: int) -> dict[str, float]:
    """Return the thresholds of highest Dice on DS1's validation records."""
    if split != "test":
        return {}
    found = _maps(replace_controls(models), ("val",), every)
    return {
        who: best_dice_threshold(count_samples(found["truths"], values))
        for who, values in found["maps"].items()
        if who not in found["windowed"]
    }


def replace_controls(models: Models) -> Models:
    """Return the same models without the slow controls, whose Dice is not measured."""
    other = Models(models.name, models.runs, controls=False)
    other.__dict__["anomaly"] = models.anomaly
    return other


def _maps(models: Models, splits: tuple[str, ...], every: int) -> dict[str, Any]:
    root = data_root()
    records = [r for r, s in mitdb.split_of(root).items() if s in splits][::every]
    maps: dict[str, list[Any]] = {OURS: [], "median beat": [], "median beat without timing": []}
    truths, windows_truth = [], []
    for done, record in enumerate(records, start=1):
        recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
        found = find_anomalies(models.anomaly, recording)
        n = round(recording.duration_s * FS_HZ)
        truth, counted = beat_truth(mitdb.read_beats(root, record), n, FS_HZ)
        at = np.minimum(
            (np.arange(n) / FS_HZ * recording.fs_hz).round().astype(int), recording.n_samples - 1
        )
        own = -np.log10(np.maximum(1 - found.values[:, at].astype(float), 1e-7)).mean(axis=0)
        shape, timing = (values.mean(axis=0)[:n] for values in median_beat_maps(recording))
        for who, values in (
            (OURS, own),
            ("median beat", shape + 0.3 * timing),
            ("median beat without timing", shape),
        ):
            maps[who].append(values[counted])
        truths.append(truth[counted])
        some = np.zeros(n, dtype=bool)
        for name, network in models.of_one.items():
            windowed, some = _windowed(network, recording, n)
            maps.setdefault(f"{name}, one lead", []).append(windowed[some & counted])
        if models.of_one:
            maps.setdefault("ours in windows", []).append(own[some & counted])
        windows_truth.append(truth[some & counted])
        told(done, len(records), "MIT-BIH")
    windowed_names = {"ours in windows", *(f"{name}, one lead" for name in models.of_one)}
    return {
        "names": records,
        "maps": maps,
        "truths": truths,
        "windows_truth": windows_truth,
        "windowed": windowed_names,
    }


def _windowed(network: Any, recording: Any, n: int) -> tuple[Any, Any]:
    """Return the published detector's map of the first lead, and where it looked."""
    out, some = np.zeros(n), np.zeros(n, dtype=bool)
    size = round(WINDOW_S * recording.fs_hz)
    for start_s in np.arange(60.0, recording.duration_s - WINDOW_S, EVERY_S):
        first = round(start_s * recording.fs_hz)
        _, found, _ = published(
            network, recording.signal[:1, first : first + size], recording.fs_hz
        )
        at = round(start_s * FS_HZ)
        # 0.2 s at either end are not scored by the published detector.
        part = slice(at + 20, at + 980)
        out[part] = found[0, 100:4900:5]
        some[part] = True
    return out, some
