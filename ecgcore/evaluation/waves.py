"""Detection of waves and beats: matches within a window, and timing errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.ludb_waves import MarkedLead, MarkedWave
from ecgcore.measure.consensus import OFFSET_QUANTILE, ONSET_QUANTILE, WAVES
from ecgcore.results import FIDUCIALS

Array = NDArray[np.float64]

WINDOW_S = 0.150
# Wave -> (onset, offset) among the fiducials.
POINTS = {
    "P onset": ("P", "p_onset"),
    "P offset": ("P", "p_offset"),
    "QRS onset": ("QRS", "qrs_onset"),
    "QRS offset": ("QRS", "qrs_offset"),
    "T onset": ("T", "t_onset"),
    "T offset": ("T", "t_offset"),
}
# A wave that fewer cardiologists' leads show is neither asked for nor counted as wrong.
MIN_LEADS = 3


@dataclass
class Tally:
    """Matches of one kind of point, gathered over records."""

    found: int = 0
    missed: int = 0
    extra: int = 0
    errors_ms: list[float] = field(default_factory=list)

    def add(self, errors_s: Array, missed: int, extra: int) -> None:
        """Add one lead's matches."""
        self.found += errors_s.size
        self.missed += missed
        self.extra += extra
        self.errors_ms += [1e3 * float(e) for e in errors_s]

    def figures(self) -> dict[str, float]:
        """Return ``n, sensitivity, ppv, mean_ms, sd_ms``; NaN where nothing was there."""
        errors = np.asarray(self.errors_ms)
        asked, given = self.found + self.missed, self.found + self.extra
        return {
            "n": asked,
            "sensitivity": self.found / asked if asked else float("nan"),
            "ppv": self.found / given if given else float("nan"),
            "mean_ms": float(errors.mean()) if errors.size else float("nan"),
            "sd_ms": float(errors.std()) if errors.size else float("nan"),
        }


def match_times(
    reference: Array, found: Array, window_s: float = WINDOW_S
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return indices of times that match one to one within the window, nearest first.

    Parameters
    ----------
    reference, found : array, 1-D
        Seconds, without NaN.

    Returns
    -------
    reference_index, found_index : arrays of the same length
    """
    if reference.size == 0 or found.size == 0:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    order_r, order_f = np.argsort(reference, kind="stable"), np.argsort(found, kind="stable")
    r, f = reference[order_r], found[order_f]
    low = np.searchsorted(f, r - window_s)
    high = np.searchsorted(f, r + window_s, side="right")
    pairs = [(abs(f[j] - r[i]), i, j) for i in range(r.size) for j in range(low[i], high[i])]
    used_r, used_f = set[int](), set[int]()
    kept = []
    for _, i, j in sorted(pairs):
        if i not in used_r and j not in used_f:
            used_r.add(i)
            used_f.add(j)
            kept.append((i, j))
    if not kept:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    i, j = np.array(sorted(kept)).T
    return order_r[i], order_f[j]


def tally_lead(tallies: Mapping[str, Tally], marks: MarkedLead, waves: Array) -> None:
    """Compare one lead's waves, shape (9, n_beats), with its marks; add to the tallies.

    What lies outside the span that was marked counts neither for nor against.
    """
    for name, (kind, point) in POINTS.items():
        reference = np.array([_side(w, point) for w in marks.waves if w.kind == kind])
        found = waves[FIDUCIALS.index(point)]
        _tally(tallies[name], reference, found[np.isfinite(found)], (marks.first_s, marks.last_s))


def _side(wave: MarkedWave, point: str) -> float:
    return wave.onset_s if point.endswith("onset") else wave.offset_s


def _tally(
    tally: Tally,
    reference: Array,
    found: Array,
    span_s: tuple[float, float],
    ignored: Array | None = None,
) -> None:
    at_reference, at_found = match_times(reference, found)
    errors = found[at_found] - reference[at_reference]
    rest = np.delete(found, at_found)
    rest = rest[(rest >= span_s[0]) & (rest <= span_s[1])]
    if ignored is not None and ignored.size and rest.size:
        rest = rest[np.abs(rest[:, None] - ignored).min(axis=1) > WINDOW_S]
    tally.add(errors, reference.size - errors.size, rest.size)


def tally_consensus(
    tallies: Mapping[str, Tally],
    marks: Mapping[str, MarkedLead],
    waves: Array,
    *,
    quantiles: tuple[float, float] = (ONSET_QUANTILE, OFFSET_QUANTILE),
) -> None:
    """Compare consensus waves, shape (9, n_beats), with the consensus of all leads' marks.

    Parameters
    ----------
    quantiles : tuple of float
        Of the leads' onsets and offsets; (0.5, 0.5) compares with the median lead.
    """
    span = (
        max(lead.first_s for lead in marks.values()),
        min(lead.last_s for lead in marks.values()),
    )
    for name, (kind, point) in POINTS.items():
        asked, ignored = consensus_marks(marks, kind, point, quantiles)
        found = waves[FIDUCIALS.index(point)]
        _tally(tallies[name], asked, found[np.isfinite(found)], span, ignored)


def consensus_marks(
    marks: Mapping[str, MarkedLead], kind: str, point: str, quantiles: tuple[float, float]
) -> tuple[Array, Array]:
    """Return the consensus of one kind of mark: times asked for, and times not judged."""
    asked, ignored = [], []
    limit = WAVES[kind].limit_s
    for group in _groups([w for lead in marks.values() for w in lead.waves if w.kind == kind]):
        values = np.array([_side(w, point) for w in group])
        both = np.array([[w.onset_s, w.offset_s] for w in group])
        near = (np.abs(both - np.median(both, axis=0)) <= limit).all(axis=1)
        if near.sum() >= MIN_LEADS:
            q = quantiles[0] if point.endswith("onset") else quantiles[1]
            asked.append(float(np.quantile(values[near], q)))
        else:
            ignored.append(float(np.median(values)))
    return np.array(asked), np.array(ignored)


def _groups(waves: Sequence[MarkedWave]) -> list[list[MarkedWave]]:
    """Return waves of one kind in all leads, beat by beat."""
    ordered = sorted(waves, key=lambda w: w.onset_s + w.offset_s)
    groups: list[list[MarkedWave]] = []
    for wave in ordered:
        middle = (wave.onset_s + wave.offset_s) / 2
        if groups and middle - _middle(groups[-1][-1]) < WINDOW_S:
            groups[-1].append(wave)
        else:
            groups.append([wave])
    return groups


def _middle(wave: MarkedWave) -> float:
    return (wave.onset_s + wave.offset_s) / 2


def marked_intervals_ms(marks: Mapping[str, MarkedLead]) -> dict[str, float]:
    """Return ``pr``, ``qrs`` and ``qt`` in ms, medians over beats of the consensus of the marks."""
    both = (ONSET_QUANTILE, OFFSET_QUANTILE)
    at = {point: consensus_marks(marks, kind, point, both)[0] for kind, point in POINTS.values()}
    r = at["qrs_onset"]
    spans: dict[str, list[float]] = {"pr": [], "qrs": [], "qt": []}
    for onset in r:
        before = at["p_onset"][(at["p_onset"] < onset) & (at["p_onset"] > onset - 0.45)]
        after = at["qrs_offset"][(at["qrs_offset"] > onset) & (at["qrs_offset"] < onset + 0.3)]
        end = at["t_offset"][(at["t_offset"] > onset + 0.2) & (at["t_offset"] < onset + 0.75)]
        for name, some in (("pr", before[-1:]), ("qrs", after[:1]), ("qt", end[:1])):
            spans[name] += [1e3 * abs(float(v - onset)) for v in some]
    return {name: float(np.median(v)) if v else float("nan") for name, v in spans.items()}
