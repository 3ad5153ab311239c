"""Leads that start at different times: put where they belong, absent samples around them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.readers.text_values import limit_with_gaps, refuse_samples

_WHOLE = 0.01  # of a sample: what is no more than the rounding of a printed time


def align_leads(
    rows: Sequence[NDArray[np.float32]],
    starts: Sequence[float],
    options: ReadOptions,
) -> NDArray[np.float32]:
    """Return the leads at their own time, shape (n_leads, n_samples); NaN where there is none.

    Parameters
    ----------
    rows : sequence of arrays of float32
        One a lead.
    starts : sequence of float
        When each begins, in samples; rounded to whole ones from the earliest on.
    options : ReadOptions

    Raises
    ------
    TooLargeError
        Where the gaps would take more samples than are read.
    """
    late = _subtract_first(starts)
    if not all(0 <= samples <= limit_with_gaps(options) for samples in late):
        raise refuse_samples(options)
    at = [round(samples) for samples in late]
    ends = [start + row.size for start, row in zip(at, rows, strict=True)]
    if not any(at) and len(set(ends)) == 1:
        return np.stack(rows)
    if len(rows) * max(ends) > limit_with_gaps(options):
        raise refuse_samples(options)
    whole = np.full((len(rows), max(ends)), np.nan, dtype=np.float32)
    for filled, start, end, row in zip(whole, at, ends, rows, strict=True):
        filled[start:end] = row
    return whole


def _subtract_first(starts: Sequence[float]) -> list[float]:
    first = min(starts)
    return [start - first for start in starts]


def describe_skew(names: Sequence[str], skews_s: Sequence[float], fs_hz: float) -> str | None:
    """Return a sentence on leads that were sampled after the first, or None where none was.

    Parameters
    ----------
    names : sequence of str
    skews_s : sequence of float
        How much later than the others' start each lead's first sample was taken.
    fs_hz : float
    """
    late = [samples / fs_hz for samples in _subtract_first([s * fs_hz for s in skews_s])]
    moved = [clean_text(name, 16) for name, s in zip(names, late, strict=True) if s > 0]
    if not moved:
        return None
    most_ms = max(late) * 1000
    starts = "starts" if len(moved) == 1 else "start"
    up_to = "" if len(moved) == 1 else "up to "
    told = f"The file states that {join_words(moved)} {starts} {up_to}{most_ms:.4g} ms later (skew)"
    if max(late) * fs_hz < 0.5:
        return f"{told}, less than half a sample; the leads were left together."
    rest = max(abs(s * fs_hz - round(s * fs_hz)) for s in late)
    rounded = f", to the nearest sample ({rest / fs_hz * 1000:.2g} ms)" if rest > _WHOLE else ""
    return f"{told}; each stands at its own time{rounded}, with absent samples around it."
