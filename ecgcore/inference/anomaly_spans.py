"""From a map to the places that a reader steps through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import AnomalySpan
from ecgcore.signal.filters import stretches

# Shorter than this nothing is read on paper; gaps shorter than that are read across.
SHORTEST_S, GAP_S = 0.03, 0.10
# Places of different leads that begin this close to one another's end are one.
JOIN_S = 0.06


@dataclass(frozen=True)
class Place:
    """Spans of several leads at one time.

    Attributes
    ----------
    start_s, end_s, score : float
    spans : tuple of AnomalySpan
        The most unusual first.
    """

    start_s: float
    end_s: float
    score: float
    spans: tuple[AnomalySpan, ...]

    @property
    def leads(self) -> tuple[str, ...]:
        """Leads of the spans, each once, the most unusual first."""
        return tuple(dict.fromkeys(span.lead for span in self.spans))

    @property
    def words(self) -> str:
        """What is unusual: about the beats, and in the two leads that are farthest off."""
        beats = next((span.words for span in self.spans if span.words), "")
        leads = [f"{s.lead}: {s.apart}" for s in self.spans if s.apart][:2]
        return "; ".join([beats, *leads] if beats else leads)


def spans_of(
    values: NDArray[np.float32], leads: Sequence[str], fs_hz: float, threshold: float
) -> tuple[AnomalySpan, ...]:
    """Return the stretches of a map at or above a threshold, the most unusual first.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
    """
    found = []
    for lead, row in zip(leads, values, strict=True):
        for start, stop in _closed(row >= threshold, round(GAP_S * fs_hz)):
            if stop - start >= SHORTEST_S * fs_hz:
                score = float(row[start:stop].max())
                found.append(AnomalySpan(lead, start / fs_hz, stop / fs_hz, score))
    return tuple(sorted(found, key=lambda span: (-span.score, span.start_s)))


def _closed(over: NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, stop in stretches(over):
        if out and start - out[-1][1] < gap:
            out[-1] = (out[-1][0], stop)
        else:
            out.append((start, stop))
    return out


def places_of(spans: Sequence[AnomalySpan]) -> tuple[Place, ...]:
    """Return spans joined over leads where they meet in time, the most unusual first."""
    groups: list[list[AnomalySpan]] = []
    end = -np.inf
    for span in sorted(spans, key=lambda s: s.start_s):
        if groups and span.start_s <= end + JOIN_S:
            groups[-1].append(span)
            end = max(end, span.end_s)
        else:
            groups.append([span])
            end = span.end_s
    places = [_place(group) for group in groups]
    return tuple(sorted(places, key=lambda p: (-p.score, -len(p.leads), p.start_s)))


def _place(group: list[AnomalySpan]) -> Place:
    ordered = tuple(sorted(group, key=lambda s: (-s.score, s.start_s)))
    return Place(
        min(s.start_s for s in group),
        max(s.end_s for s in group),
        ordered[0].score,
        ordered,
    )
