"""What all parts of the anomaly benchmark share: models, scores of one recording, figures."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore.errors import CannotAssessError, ModelError
from ecgcore.evaluation import Interval, interval
from ecgcore.evaluation.metrics import class_auc
from ecgcore.inference import load_model, predict
from ecgcore.inference.anomaly import AnomalyModel, find_anomalies, load_anomaly
from ecgcore.inference.mcf import McfInput, mcf_input
from ecgcore.models.mcf import MCF, ConvAutoencoder
from ecgcore.recording import Recording
from ecgcore.results import AnomalyMap
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.own_beat import own_beat
from ecgcore.signal.prepare import prepare
from reproductions.detectors import detector_score, load_detector

Array = np.ndarray
OURS = "ours"
# What each score is called in cards: the default, and the one that asks a network of statements.
NORMALS_ONLY = "trained on normal ECGs only"
CLASSIFIER = "with the classifier's features"
BOTH = (NORMALS_ONLY, CLASSIFIER)
MEDIAN, SUPERVISED = "median beat", "1 - P(normal), supervised"
CONTROLS = ("MCF", "autoencoder", MEDIAN, SUPERVISED)
# The published score is a mean over all beats; so many, evenly chosen, stand
# for all of them: a record costs a second else.
MOST_BEATS = 3


@dataclass
class Models:
    """Ours, and the controls that are there."""

    name: str
    runs: Path
    controls: bool = True

    @cached_property
    def anomaly(self) -> AnomalyModel:
        """Ours."""
        return load_anomaly(self.name)

    @cached_property
    def supervised(self) -> Any:
        """The network of statements."""
        return load_model()

    @cached_property
    def of_twelve(self) -> dict[str, MCF | ConvAutoencoder]:
        """Controls of twelve leads, by name."""
        return self._loaded(
            {"MCF": ("mcf-1", "mcf", 12), "autoencoder": ("autoencoder-1", "autoencoder", 12)}
        )

    @cached_property
    def of_one(self) -> dict[str, MCF | ConvAutoencoder]:
        """Controls of one lead, by name."""
        return self._loaded({"MCF": ("mcf-lead-1", "mcf", 1)})

    def _loaded(
        self, wanted: Mapping[str, tuple[str, str, int]]
    ) -> dict[str, MCF | ConvAutoencoder]:
        out = {}
        for name, (folder, kind, leads) in wanted.items() if self.controls else ():
            try:
                out[name] = load_detector(self.runs / folder, kind=kind, leads=leads)
            except ModelError as error:
                sys.stderr.write(f"without {name}: {error}\n")
        return out


def found_of(models: Models, recording: Recording) -> AnomalyMap | str:
    """Return what is found in a recording, or why nothing is: never a silent drop."""
    try:
        return find_anomalies(models.anomaly, recording)
    except CannotAssessError as error:
        return str(error)


def score_rows(found: AnomalyMap | str) -> dict[str, float]:
    """Return both scores and their parts, where their differences near 1 are not lost."""
    if isinstance(found, str):
        return {NORMALS_ONLY: np.nan, CLASSIFIER: np.nan}
    other = found.with_classifier
    row = {
        NORMALS_ONLY: logit_of(found.score),
        CLASSIFIER: logit_of(other.score) if other is not None else np.nan,
    }
    parts = {f"part {k}": v for k, v in found.parts.items()}
    parts |= {} if other is None else {f"classifier's part {k}": v for k, v in other.parts.items()}
    return row | {name: logit_of(value) for name, value in parts.items()}


def logit_of(quantile: float) -> float:
    """Return a quantile where its differences near 1 are not lost to rounding."""
    return -float(np.log10(max(1 - quantile, 1e-13)))


def normal_logit(models: Models, recording: Recording) -> float:
    """Return 1 - P(normal ECG) of the supervised network: a yardstick, no control."""
    made = predict(models.supervised, recording)
    return 1 - next(f.probability for f in made.findings if f.code == "SNR")


def median_beat_maps(recording: Recording) -> tuple[Array, Array]:
    """Return the control that learns nothing: difference to the own median beat, prematurity.

    Returns
    -------
    shape, timing : arrays, shape (n_leads, n_samples at 100 Hz)
    """
    x = prepare(recording.signal, recording.fs_hz, to_fs_hz=100.0)
    found = own_beat(x, 100.0, detect_beats(recording.signal, recording.fs_hz))
    shape = np.zeros(x.shape)
    timing = np.zeros(x.shape)
    level = np.maximum(np.log(np.maximum(found.shape, 1e-3)), 0)
    for at, r in enumerate(found.r):
        part = slice(max(0, r - 20), r + 40)
        shape[:, part] = np.maximum(shape[:, part], level[:, at : at + 1])
        timing[:, part] = np.maximum(timing[:, part], found.early[at])
    return shape, timing


def published(network: Any, signal: Array, fs_hz: float) -> tuple[float, Array, McfInput]:
    """Return a published detector's score, map at 500 Hz, and input."""
    given = mcf_input(signal, fs_hz)
    if given.beats.size > MOST_BEATS:
        chosen = np.linspace(0, given.beats.size - 1, MOST_BEATS).round().astype(int)
        given = McfInput(given.x, given.beats[chosen], given.fallback)
    score, found = detector_score(network, given)
    return score, found, given


def figure(name: str, found: Interval, *, card: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, **found.as_dict(), **more, **({"card": True} if card else {})}


def auc_row(
    name: str, labels: Array, scores: Array, weights: Array, *, card: bool = False, **more: Any
) -> dict[str, Any]:
    """Return the area under the ROC curve with its interval; labels NaN are left out."""
    y, s = np.asarray(labels, float), np.asarray(scores, float)
    n = {"positives": int((y == 1).sum()), "negatives": int((y == 0).sum())}
    return figure(name, interval(lambda w: class_auc(y, s, w), weights), card=card, **n, **more)


def difference_row(
    name: str, labels: Array, scores: Array, other: Array, weights: Array
) -> dict[str, Any]:
    """Return by how much one area exceeds another, on the same resamples."""
    y = np.asarray(labels, float)

    def apart(w: Array) -> Array:
        return class_auc(y, np.asarray(scores, float), w) - class_auc(
            y, np.asarray(other, float), w
        )

    return figure(name, interval(apart, weights), difference=True)


def told(done: int, total: int, what: str) -> None:
    if done % 25 == 0 or done == total:
        sys.stderr.write(f"{what}: {done} of {total}\n")
        sys.stderr.flush()


Statistic = Callable[[Array], Array]
