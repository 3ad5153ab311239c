"""Figures of what a network says beside the twelve-lead statements, on the sets it learned from.

Lead I of CPSC 2018 (nine statements), CinC 2017 (its own four classes), MIT-BIH (kinds of beats)
and PTB-XL's super-classes: each on the fixed split, through prediction as users meet it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import Entry, data_root, load_index, load_recording, mitdb
from ecgcore.datasets.cinc2017 import TARGETS as CINC2017_CLASSES
from ecgcore.datasets.index import SINGLE_LEAD
from ecgcore.datasets.mitdb import read_beats
from ecgcore.evaluation.beat_kinds import Counts, count, groups_of
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, from_resamples, patient_weights
from ecgcore.evaluation.report import evaluate_predictions
from ecgcore.evaluation.tasks import task_report
from ecgcore.inference import LoadedModel, predict
from ecgcore.inference.outputs import KINDS, beat_shares, sides_of
from ecgcore.labels import CORE_CODES, SUPERCLASSES
from ecgcore.models import HANDHELD
from ecgcore.readers import read
from ecgcore.signal.beats import detect_beats

Array = NDArray[np.float64]
Report = Callable[[str], None]
PTBXL = ("ptbxl", "ptbxl_extra", "challenge2021")


def side_figures(
    model: LoadedModel, split: str, *, report: Report = lambda _words: None, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Return the figures of all tasks on a split.

    Parameters
    ----------
    split : str
        ``"val"`` or ``"test"``; of MIT-BIH, test is DS2.
    report : callable
        Called with the name of each part before it begins.

    Returns
    -------
    dict
        ``lead_one``, ``handheld``, ``beats``, ``superclasses``.
    """
    parts = {
        "lead_one": lead_one_figures,
        "handheld": handheld_figures,
        "beats": beat_figures,
        "superclasses": superclass_figures,
    }
    found = {}
    for name, measure in parts.items():
        report(name)
        found[name] = measure(model, split, n_boot=n_boot)
    return found


def lead_one_figures(model: LoadedModel, split: str, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return AUC and F1 of the nine statements on lead I of CPSC 2018."""
    entries = _entries("cpsc2018_lead1", split)
    columns = [model.card.codes.index(code) for code in CORE_CODES]
    thresholds = [model.card.labels[j].threshold for j in columns]
    rows = []
    for entry in entries:
        findings = predict(model, load_recording(entry)).findings
        rows.append([findings[j].probability for j in columns])
    return evaluate_predictions(
        np.array([entry.targets for entry in entries]),
        np.array(rows),
        thresholds=thresholds,
        groups=[entry.group for entry in entries],
        codes=CORE_CODES,
        n_boot=n_boot,
    )


def handheld_figures(model: LoadedModel, split: str, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return F1 of the four classes of CinC 2017 and the challenge's mean of N, A and O."""
    entries = _entries("cinc2017", split)
    keys = {_key(targets): HANDHELD.index(name) for name, targets in CINC2017_CLASSES.items()}
    truth = np.array([keys[_key(entry.targets)] for entry in entries])
    shares = np.array([sides_of(model, load_recording(e)).handheld for e in entries])
    said = shares.argmax(axis=1)
    weights = patient_weights([e.group for e in entries], n_boot=n_boot)
    rows = np.concatenate([np.ones((1, truth.size)), weights])
    each = {name: _f1(truth == j, said == j, rows) for j, name in enumerate(HANDHELD)}
    mean = np.mean([each[name] for name in HANDHELD[:3]], axis=0)
    figures = {
        name: _interval(values) for name, values in {**each, "mean of N, A, O": mean}.items()
    }
    return {"n": int(truth.size), "f1": figures, "confusion": _confusion(truth, said)}


def beat_figures(model: LoadedModel, split: str, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return how well MIT-BIH's beats are told, with beats found by the project's own detector."""
    root = data_root()
    records = [r for r, where in mitdb.split_of(root).items() if where == split]
    counts = {record: _record_counts(model, record) for record in records}
    without = [record for record in records if record != "232"]
    return {
        "all": _kinds(counts, records, n_boot),
        "without 232": _kinds(counts, without, n_boot),
        "by record": {
            record: {kind: counts[record].figures(kind) for kind in KINDS[1:]} for record in records
        },
    }


def superclass_figures(model: LoadedModel, split: str, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return the AUC of PTB-XL's super-classes on its records of a split (test: fold 10)."""
    entries = [
        e
        for e in load_index(data_root(), datasets=PTBXL)
        if e.split == split and not np.isnan(e.superclasses).any()
    ]
    scores = [sides_of(model, load_recording(e)).superclasses for e in entries]
    return task_report(
        np.array([e.superclasses for e in entries]),
        np.array(scores),
        groups=[e.group for e in entries],
        codes=SUPERCLASSES,
        n_boot=n_boot,
    )


def _entries(name: str, split: str) -> list[Entry]:
    found = load_index(data_root(), kind=SINGLE_LEAD, datasets=[name])
    return [entry for entry in found if entry.split == split]


def _key(targets: Sequence[float]) -> tuple[float, ...]:
    return tuple(-1.0 if np.isnan(t) else float(t) for t in targets)


def _record_counts(model: LoadedModel, record: str) -> Counts:
    root = data_root()
    recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
    r_s = detect_beats(recording.signal, recording.fs_hz)
    shares = beat_shares(model, recording, r_s)
    said = [KINDS[j] for j in np.nan_to_num(shares).argmax(axis=1)]
    groups, missed = groups_of(read_beats(root, record), r_s)
    return count(groups, said, missed)


def _kinds(counts: Mapping[str, Counts], records: Sequence[str], n_boot: int) -> dict[str, Any]:
    weights = patient_weights(list(records), n_boot=n_boot)
    rows = np.concatenate([np.ones((1, len(records))), weights])
    out: dict[str, Any] = {}
    for at, kind in enumerate(KINDS[1:]):
        # Counts keeps ventricular first.
        place = 1 - at
        table = np.array(
            [
                [counts[r].true[place], counts[r].missed[place], counts[r].false[place]]
                for r in records
            ]
        )
        true, missed, false = (rows @ table).T
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "sensitivity": true / (true + missed),
                "ppv": true / (true + false),
                "f1": 2 * true / (2 * true + missed + false),
            }
        out[kind] = {name: _interval(values) for name, values in found.items()}
        out[kind]["n"] = int(table[:, :2].sum())
    return out


def _f1(truth: NDArray[np.bool_], said: NDArray[np.bool_], rows: Array) -> Array:
    both = rows @ (truth & said).astype(float)
    either = rows @ truth.astype(float) + rows @ said.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * both / either)


def _confusion(truth: NDArray[np.int64], said: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    return {
        name: {other: int(((truth == i) & (said == j)).sum()) for j, other in enumerate(HANDHELD)}
        for i, name in enumerate(HANDHELD)
    }


def _interval(values: Array) -> dict[str, float | None]:
    found: Interval = from_resamples(float(values[0]), values[1:])
    return found.as_dict()
