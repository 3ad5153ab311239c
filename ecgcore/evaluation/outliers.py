"""Whether a model knows what it was not made for: scores of distance, judged on known outliers.

Outliers: unreadable records of CinC 2017, unacceptable ones of CinC 2011, simulated technical
failures, and twelve-lead records whose leads are exchanged at random.  Insiders: the records of the
split that the model was made for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import DATASETS, data_root, load_index, load_recording
from ecgcore.datasets.cinc2017 import TARGETS as CINC2017_CLASSES
from ecgcore.datasets.index import SINGLE_LEAD, TWELVE_LEAD
from ecgcore.errors import CannotAssessError
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.inference import LoadedModel
from ecgcore.inference.predict import network_outputs, read_for
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate import simulate

Array = NDArray[np.float64]
# Recording -> one number a score, higher for what is less usual; None where it cannot be run.
Scores = Callable[[Recording], Mapping[str, float] | None]
N_SIMULATED = 100
FAILURES = ("electrode-off", "muscle", "mains", "wander")


def insiders(model: LoadedModel, split: str) -> dict[str, list[tuple[str, Recording]]]:
    """Return patient and recording of what the model was made for: twelve leads, and one."""
    names = [s.name for s in model.card.data if s.name in DATASETS]
    kinds = {TWELVE_LEAD: "twelve leads", SINGLE_LEAD: "one lead"}
    found: dict[str, list[tuple[str, Recording]]] = {words: [] for words in kinds.values()}
    for kind, words in kinds.items():
        wanted = [name for name in names if DATASETS[name].kind == kind]
        for entry in load_index(data_root(), kind=kind, datasets=wanted) if wanted else []:
            unreadable = entry.dataset == "cinc2017" and _same(entry.targets, "~")
            if entry.split == split and not unreadable:
                found[words].append((entry.group, load_recording(entry)))
    return found


def outliers(
    split: str, twelve: Sequence[tuple[str, Recording]], *, seed: int = 0
) -> Iterator[tuple[str, str, Recording]]:
    """Yield kind, patient and recording of what no model of resting ECGs was made for.

    Parameters
    ----------
    split : str
        ``"test"`` takes CinC 2011's testing half, else its training half.
    twelve : sequence
        Insiders, whose leads are exchanged.
    """
    rng = np.random.default_rng([seed, split == "test"])
    for entry in load_index(data_root(), kind=SINGLE_LEAD, datasets=["cinc2017"]):
        if entry.split == split and _same(entry.targets, "~"):
            yield "unreadable (CinC 2017)", entry.group, load_recording(entry)
    for number in range(N_SIMULATED):
        yield "simulated failure", f"simulated {number}", _failure(rng)
    for group, recording in twelve:
        if set(STANDARD_12) <= set(recording.leads):
            yield "leads exchanged at random", group, _exchanged(recording, rng)


def _same(targets: Sequence[float], name: str) -> bool:
    return bool(np.array_equal(np.array(targets), np.array(CINC2017_CLASSES[name]), equal_nan=True))


def _failure(rng: np.random.Generator) -> Recording:
    """Return a simulated ECG that a technician would record again: noise hides the beats."""
    made = simulate("normal", seed=int(rng.integers(2**31)), duration_s=10.0, fs_hz=500.0).recording
    signal = np.array(made.signal, dtype=np.float64)
    t = np.arange(signal.shape[1]) / made.fs_hz
    kind = rng.choice(FAILURES)
    if kind == "electrode-off":
        for lead in rng.permutation(12)[: int(rng.integers(6, 13))]:
            signal[lead] = 0.02 * rng.standard_normal(t.size)
    elif kind == "muscle":
        signal += rng.uniform(0.5, 2) * rng.standard_normal(signal.shape)
    elif kind == "mains":
        signal = 0.05 * signal + rng.uniform(1, 3) * np.sin(2 * np.pi * 35 * t)
    else:
        steps = np.cumsum(rng.standard_normal(signal.shape), axis=1)
        signal += rng.uniform(2, 5) * steps / np.abs(steps).max(axis=1, keepdims=True)
        signal += rng.uniform(0.3, 0.8) * rng.standard_normal(signal.shape)
    return replace(made, signal=signal.astype(np.float32))


def _exchanged(recording: Recording, rng: np.random.Generator) -> Recording:
    rows = [recording.leads.index(name) for name in STANDARD_12]
    return Recording(
        recording.signal[rows][rng.permutation(12)], recording.fs_hz, STANDARD_12, recording.unit
    )


def distance_scores(model: LoadedModel) -> Scores:
    """Return distance and energy of a recording, whatever its quality.

    Energy (Liu et al., NeurIPS 2020), for statements that do not exclude each other the sum over
    them (Wang et al., NeurIPS 2021), with its sign turned.
    """

    def scores(recording: Recording) -> Mapping[str, float] | None:
        try:
            reading = read_for(model, recording)
        except CannotAssessError:
            return None
        logits, features = network_outputs(model.network, reading.given, reading.pieces)
        found = {"energy": -float(np.logaddexp(0, logits).sum(axis=1).max())}
        if model.distance is not None and features is not None:
            found["distance"] = float(model.distance.of(features).min())
        found["unreadable"] = float(set(reading.quality.bad_leads) >= set(recording.leads))
        return found

    return scores


def outlier_figures(
    model: LoadedModel, split: str, scores: Scores, *, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Return the AUROC of each score for each kind of outlier, and how many insiders are refused.

    Unreadable hand-held records are compared with hand-held insiders, the others with twelve
    leads.  A recording that cannot be run at all is refused: it gets the highest score.
    """
    usual = insiders(model, split)
    inside = {kind: _scored(rows, scores) for kind, rows in usual.items()}
    outside: dict[str, list[tuple[str, Recording]]] = {}
    for kind, group, recording in outliers(split, usual["twelve leads"]):
        outside.setdefault(kind, []).append((group, recording))
    figures: dict[str, Any] = {"split": split, "outliers": {}, "insiders": {}}
    for kind, rows in outside.items():
        against = inside["one lead" if "2017" in kind else "twelve leads"]
        figures["outliers"][kind] = _areas(against, _scored(rows, scores), n_boot)
    limit = np.inf if model.distance is None else model.distance.limit
    for kind, (groups, table) in inside.items():
        far = table.get("distance", np.zeros(len(groups)))
        figures["insiders"][kind] = {"n": len(groups), "refused": float((far > limit).mean())}
    return figures


def _scored(
    rows: Sequence[tuple[str, Recording]], scores: Scores
) -> tuple[list[str], dict[str, Array]]:
    found = [scores(recording) for _, recording in rows]
    names = next((list(each) for each in found if each is not None), [])
    table = {
        name: np.array([np.inf if each is None else each[name] for each in found]) for name in names
    }
    return [group for group, _ in rows], table


def _areas(
    inside: tuple[list[str], dict[str, Array]],
    outside: tuple[list[str], dict[str, Array]],
    n_boot: int,
) -> dict[str, Any]:
    groups = [*(f"in {g}" for g in inside[0]), *(f"out {g}" for g in outside[0])]
    truth = np.repeat([0.0, 1.0], [len(inside[0]), len(outside[0])])
    weights = patient_weights(groups, n_boot=n_boot)
    rows = np.concatenate([np.ones((1, truth.size)), weights])
    out: dict[str, Any] = {"n": len(outside[0])}
    for name, values in inside[1].items():
        joined = np.nan_to_num(np.concatenate([values, outside[1][name]]), posinf=1e12)
        area = class_auc(truth, joined, rows)
        out[name] = from_resamples(float(area[0]), area[1:]).as_dict()
    return out
