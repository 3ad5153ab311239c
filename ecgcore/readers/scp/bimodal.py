"""Samples left out by an SCP-ECG device between the QRS complexes, and how they are filled in.

Bimodal compression (EN 1064, 5.9 and annex C): inside the protected areas every sample is stored,
between them one of two to four, after a low-pass filter.  The stored one stands at the middle of
those it replaces: here the ones between are interpolated in a straight line and smoothed by a
moving average of three, as the standard describes.  This is not the original trace.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.readers.scp.leads import BeatTable, Lead

Places = NDArray[np.int64]
MAX_FACTOR = 8


@dataclass(frozen=True)
class Plan:
    """How a lead's samples are stored.

    Attributes
    ----------
    factor : int
        One of so many samples is stored outside the protected areas; 1: all are stored.
    areas : bool
        Whether there are protected areas.
    rest_whole : bool
        Whether samples that do not fill a group are all stored, or one stands for them.
    """

    factor: int = 1
    areas: bool = True
    rest_whole: bool = True


def make_plans(factor: int | None, *, bimodal: bool) -> tuple[Plan, ...]:
    """Return the ways in which the samples may be stored, the likeliest first.

    Parameters
    ----------
    factor : int or None
        As the file tells by the two sampling intervals; None if it does not.
    bimodal : bool
        Whether the file says that samples were left out.
    """
    if factor is None:
        return (Plan(), *(Plan(f) for f in (4, 2, 3) if bimodal))
    if factor == 1:
        return (Plan(),)
    return (Plan(factor), Plan(factor, rest_whole=False), Plan(factor, areas=False), Plan())


def merge_places(areas: tuple[tuple[int, int], ...]) -> Places:
    """Return areas in order and without overlap, shape (n, 2): first and last sample, from 1."""
    if not areas:
        return np.empty((0, 2), dtype=np.int64)
    ordered = np.array(sorted(areas), dtype=np.int64)
    reach = np.maximum.accumulate(ordered[:, 1])
    opens = np.concatenate(([True], ordered[1:, 0] > reach[:-1]))
    first = ordered[opens, 0]
    last = np.concatenate((reach[:-1][opens[1:]], reach[-1:]))
    return np.stack([first, last], axis=1)


def _mark_inside(lead: Lead, areas: Places) -> Places:
    """Return the parts of the areas inside a lead, counted from the lead's first sample."""
    near = areas[(areas[:, 1] >= lead.first) & (areas[:, 0] <= lead.last)]
    return np.clip(near, lead.first, lead.last) - lead.first


def _find_gaps(lead: Lead, inside: Places) -> Places:
    """Return the lengths before, between and behind the areas, shape (n_areas + 1,)."""
    starts = np.concatenate((inside[:, 0], [lead.n_samples]))
    ends = np.concatenate(([-1], inside[:, 1]))
    return starts - ends - 1


def count_stored(plan: Plan, lead: Lead, areas: Places) -> int:
    """Return how many values a lead's stream has under this plan."""
    if plan.factor == 1:
        return lead.n_samples
    inside = _mark_inside(lead, areas if plan.areas else areas[:0])
    gaps = _find_gaps(lead, inside)
    rest = gaps % plan.factor
    whole = int((gaps // plan.factor).sum() + (inside[:, 1] - inside[:, 0] + 1).sum())
    return whole + int(rest.sum() if plan.rest_whole else (rest > 0).sum())


def expand(
    plan: Plan, lead: Lead, areas: Places, beats: BeatTable, stored: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a lead's samples at the full rate, shape (lead.n_samples,)."""
    if plan.factor == 1:
        return stored
    inside = _mark_inside(lead, areas if plan.areas else areas[:0])
    out = np.empty(lead.n_samples)
    protected = np.zeros(lead.n_samples, dtype=bool)
    read = written = 0
    for gap, area in zip(_find_gaps(lead, inside), [*inside, None], strict=True):
        used = _fill(out[written : written + gap], stored[read:], plan)
        read += used
        written += int(gap)
        if area is not None:
            length = int(area[1] - area[0] + 1)
            out[written : written + length] = stored[read : read + length]
            protected[written : written + length] = True
            read += length
            written += length
    return _smooth(out, protected, lead, beats)


def _fill(out: NDArray[np.float64], stored: NDArray[np.float64], plan: Plan) -> int:
    """Fill one gap; return how many stored values it took."""
    groups, rest = divmod(len(out), plan.factor)
    if rest and not plan.rest_whole:
        groups, rest = groups + 1, 0
    if groups:
        length = min(groups * plan.factor, len(out))
        middles = plan.factor // 2 + plan.factor * np.arange(groups)
        out[:length] = np.interp(np.arange(length), middles, stored[:groups])
    if rest:
        out[len(out) - rest :] = stored[groups : groups + rest]
    return groups + rest


def _smooth(
    samples: NDArray[np.float64], protected: NDArray[np.bool_], lead: Lead, beats: BeatTable
) -> NDArray[np.float64]:
    """Average three neighbours, outside the areas and not across the ends of subtraction zones."""
    keep = protected.copy()
    keep[[0, -1]] = True
    ends = [
        place
        for beat in beats.beats
        if beat.kind == 0
        for place in (beat.first - 1, beat.first, beat.last, beat.last + 1)
    ]
    places = np.array(ends, dtype=np.int64) - lead.first
    keep[places[(places >= 0) & (places < len(samples))]] = True
    smooth = samples.copy()
    smooth[1:-1] = (samples[:-2] + samples[1:-1] + samples[2:]) / 3
    return np.where(keep, samples, smooth)
