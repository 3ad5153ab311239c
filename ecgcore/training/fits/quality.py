"""The weights of :mod:`ecgcore.signal.quality_model`: logistic regression on named figures.

Only the challenge's training half, and records of ``train``, are looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ecgcore.datasets import data_root, load_index, load_recording
from ecgcore.datasets.cinc2011 import read_judged
from ecgcore.recording import Recording
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.quality_features import ALONE, NAMES, lead_features
from ecgcore.signal.quality_model import PIECE_S
from ecgcore.training.fits.quality_data import spoilt_leads

Array = NDArray[np.float64]

KINDS = {"mv": NAMES, "relative": ALONE}
READABLE = ("ptbxl", "ludb", "challenge2021", "brugada")
SPOILT = ("ptbxl", "ludb")
N_SPOILT_RECORDS = 250
# A readable clinical lead, and a spoilt one, against one that was judged by the readers.
WEIGHT = 0.1
STRENGTH = 0.05
FOLDS, REPEATS = 5, 10
# The middle of those with which the whole grade, rules included, does best on the training half.
CUTS = {"mv": 1.1, "relative": 0.4}


@dataclass(frozen=True, eq=False)
class Material:
    """Figures and verdicts of leads.

    Attributes
    ----------
    figures : array, shape (n_leads, len(NAMES))
    bad : array of bool, shape (n_leads,)
    record : array of int, shape (n_leads,)
        Which recording a lead belongs to; -1 where none was judged as a whole.
    unacceptable : array of bool, shape (n_records,)
    """

    figures: Array
    bad: NDArray[np.bool_]
    record: NDArray[np.int_]
    unacceptable: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fit:
    """One fitted table: figure -> centre and weight, the intercept, and the cut."""

    table: Mapping[str, tuple[float, float]]
    intercept: float
    cut: float
    accuracy: float


def figures_of(recording: Recording) -> Array:
    """Return the figures of the first ten seconds, shape (n_leads, len(NAMES))."""
    size = round(PIECE_S * recording.fs_hz)
    found = lead_features(BeatSearch(recording.signal[:, :size], recording.fs_hz))
    return np.stack([found[name] for name in NAMES], axis=1)


def material() -> Material:
    """Collect what is learned from: judged leads first, then readable, then spoilt ones."""
    root = data_root()
    figures, bad, record, unacceptable = [], [], [], []
    for number, judged in enumerate(read_judged(root, "training")):
        figures.append(figures_of(judged.recording))
        bad += [judged.bad[name] for name in judged.recording.leads]
        record += [number] * judged.recording.n_leads
        unacceptable.append(judged.unacceptable)
    entries = [e for e in load_index(root, datasets=READABLE) if e.split == "train"]
    entries = [e for e in entries if e.has_voltage]
    for entry in entries:
        figures.append(figures_of(load_recording(entry)))
        bad += [False] * len(figures[-1])
    clean = [e for e in entries if e.dataset in SPOILT]
    for recording, spoilt in spoilt_leads(root, clean, n_records=N_SPOILT_RECORDS):
        figures.append(figures_of(recording))
        bad.append(spoilt)
    record += [-1] * (len(bad) - len(record))
    return Material(
        np.concatenate(figures), np.array(bad), np.array(record), np.array(unacceptable)
    )


def fit(given: Material, kind: str) -> Fit:
    """Fit one table of ``KINDS`` and say how well it does.

    A recording is unacceptable where one of its leads is above the cut; the accuracy is that of
    recordings out of fold.
    """
    columns = [NAMES.index(name) for name in KINDS[kind]]
    x = given.figures[:, columns]
    highest = out_of_fold(given, x)
    accuracy = float(np.mean((highest > CUTS[kind]) == given.unacceptable))
    centre, weight, intercept = _logistic(x, given.bad, _weights(given))
    table = {n: (c, w) for n, c, w in zip(KINDS[kind], centre, weight, strict=True)}
    return Fit(table, intercept, CUTS[kind], accuracy)


def out_of_fold(given: Material, x: Array) -> Array:
    """Return each judged recording's highest log odds, mean over repeated folds."""
    judged = given.record >= 0
    n = given.unacceptable.size
    total = np.zeros(n)
    for repeat in range(REPEATS):
        fold = np.random.default_rng(repeat).permutation(n) % FOLDS
        odds = np.full(given.bad.size, -np.inf)
        for k in range(FOLDS):
            held = judged & (fold[given.record] == k)
            centre, weight, intercept = _logistic(
                x[~held], given.bad[~held], _weights(given)[~held]
            )
            odds[held] = (x[held] - centre) @ weight + intercept
        total += np.array([odds[given.record == i].max() for i in range(n)])
    return total / REPEATS


def _weights(given: Material) -> Array:
    return np.where(given.record >= 0, 1.0, WEIGHT)


def _logistic(x: Array, bad: NDArray[np.bool_], weights: Array) -> tuple[Array, Array, float]:
    centre = np.average(x, axis=0, weights=weights)
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weights))
    scale = np.where(scale > 0, scale, 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    model.fit((x - centre) / scale, bad, sample_weight=weights)
    return centre, model.coef_[0] / scale, float(model.intercept_[0])


def as_python(fits: Mapping[str, Fit]) -> str:
    """Return the text of ``ecgcore/signal/quality_figures.py``."""
    lines = [
        '"""Made by ecgcore.training.fits.quality from readers\' verdicts on training records."""',
        "",
        "# With or without millivolts -> figure -> its centre, and what one unit adds to the log",
        "# odds that a lead is unreadable.",
        "WEIGHTS = {",
    ]
    for kind, found in fits.items():
        lines.append(f'    "{kind}": {{')
        lines += [f'        "{n}": ({c:.4g}, {w:.4g}),' for n, (c, w) in found.table.items()]
        lines.append("    },")
    intercepts = ", ".join(f'"{kind}": {found.intercept:.4g}' for kind, found in fits.items())
    cuts = ", ".join(f'"{kind}": {found.cut:.4g}' for kind, found in fits.items())
    lines += ["}", f"INTERCEPT = {{{intercepts}}}"]
    lines += ["# Log odds from which a lead is called unreadable.", f"CUT = {{{cuts}}}"]
    return "\n".join(lines) + "\n"
