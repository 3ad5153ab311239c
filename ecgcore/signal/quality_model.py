"""The learned grade on each lead: a weighted sum of named figures, and what weighed most.

Two logistic regressions, one with sizes in millivolts and one without (normalised units), learned
from the readers of the CinC Challenge 2011 (training half), readable clinical recordings and
recordings spoilt on purpose; :mod:`ecgcore.training.fits.quality` makes them.  What is told of a
lead does not depend on how many others there are, so that a single strip is judged like a sheet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.quality_features import lead_features
from ecgcore.signal.quality_figures import CUT, INTERCEPT, WEIGHTS
from ecgcore.signal.quality_windows import Windows
from ecgcore.signal.quantiles import quantile
from ecgcore.units import MV

Array = NDArray[np.float64]

PIECE_S = 10.0
# Shorter than this, too little is there to judge: the rules alone decide.
MIN_PIECE_S = 4.5
MIN_FS_HZ = 100.0
# Of a long recording so many stretches are looked at, evenly spread.
MAX_PIECES = 30
# A lead counts as what its worst quarter is, as the rules hold it.
QUANTILE = 0.75
MIN_PRESENT = 0.9

# Cause -> figures that speak of it, and how it is said.
CAUSES = {
    "low-amplitude or missing QRS complexes": (
        "weakest_relative",
        "qrs_mv",
        "weakest_mv",
        "size_relative",
    ),
    "baseline wander or shift": (
        "drift_relative",
        "jump_relative",
        "drift_mv",
        "jump_mv",
        "extreme_mv",
    ),
    "muscle artefact": (
        "noise_relative",
        "worst_noise_relative",
        "noise_mv",
        "worst_noise_mv",
    ),
    "AC interference": ("mains_relative", "mains_mv"),
    "a partly flat or saturated trace": ("rail", "still"),
    "beats of inconsistent morphology": (
        "likeness",
        "residue_relative",
        "residue_mv",
        "beat_energy",
        "peakiness",
        "kurtosis",
    ),
}


@dataclass(frozen=True, eq=False)
class Learned:
    """The learned grade on every lead.

    Attributes
    ----------
    score : array, shape (n_leads,)
        Log odds against the cut: above 0 the lead is unreadable.  NaN where it cannot be judged.
    cause : tuple of str
        What weighed most against each lead, in words.
    """

    score: Array
    cause: tuple[str, ...]


def learned(
    recording: Recording,
    windows: Windows | None = None,
    least: float = MIN_PRESENT,
    search: BeatSearch | None = None,
) -> Learned:
    """Judge every lead of a recording by what was learned.

    Parameters
    ----------
    recording : Recording
    windows : Windows, optional
        Figures of the whole recording; used where it is judged in one stretch.
    least : float
        The part of a lead that must be there, 0 to 1.
    search : BeatSearch, optional
        Of the whole recording; used as ``windows`` are.
    """
    size = round(PIECE_S * recording.fs_hz)
    short = recording.duration_s < MIN_PIECE_S
    if short or recording.fs_hz < MIN_FS_HZ:
        return unjudged(recording.n_leads)
    in_mv = recording.unit == MV
    starts = _starts(recording.n_samples, size)
    parts = []
    for start in starts:
        piece = recording.signal[:, start : start + size]
        whole = piece.shape == recording.signal.shape
        if not whole or search is None:
            search = BeatSearch(piece, recording.fs_hz)
        features = lead_features(search, windows=windows if whole else None)
        part = weighted(features, in_mv=in_mv)
        part[np.isfinite(piece).mean(axis=1) < least] = np.nan
        parts.append(part)
    return _joined(np.stack(parts), in_mv=in_mv)


def unjudged(n_leads: int) -> Learned:
    """Return the grade where there is none."""
    return Learned(np.full(n_leads, np.nan), ("",) * n_leads)


def weighted(features: dict[str, Array], *, in_mv: bool) -> Array:
    """Return what each figure adds to the log odds, shape (n_leads, n_figures)."""
    table = WEIGHTS[_kind(in_mv)]
    return np.stack(
        [weight * (features[name] - centre) for name, (centre, weight) in table.items()], axis=1
    )


def _kind(in_mv: bool) -> str:
    return "mv" if in_mv else "relative"


def _starts(n_samples: int, size: int) -> NDArray[np.int_]:
    n = min(MAX_PIECES, max(1, n_samples // size))
    return np.linspace(0, max(n_samples - size, 0), n).astype(int)


def _joined(parts: Array, *, in_mv: bool) -> Learned:
    """Join stretches, shape (n_pieces, n_leads, n_figures)."""
    kind = _kind(in_mv)
    each = parts.sum(axis=2) + INTERCEPT[kind] - CUT[kind]
    names = list(WEIGHTS[kind])
    causes = []
    for lead, column in enumerate(each.T):
        known = np.flatnonzero(np.isfinite(column))
        if known.size == 0:
            causes.append("")
            continue
        worst = parts[known[np.argmax(column[known])], lead]
        causes.append(_cause(dict(zip(names, worst, strict=True))))
    return Learned(quantile(each, QUANTILE), tuple(causes))


def _cause(added: dict[str, float]) -> str:
    sums = {
        words: sum(added.get(name, 0.0) for name in figures) for words, figures in CAUSES.items()
    }
    return max(sums, key=lambda words: sums[words])
