"""QRS and QT of each lead by itself: medians over the beats that intervals are made from."""

import numpy as np

from ecgcore.measure.intervals import MIN_BEATS, span_ms
from ecgcore.results import MeasureResult
from ecgcore.signal.quantiles import median

NAMES = ("qrs", "qt")


def lead_intervals(found: MeasureResult) -> dict[str, dict[str, float | None]]:
    """Return ``qrs`` and ``qt`` in ms of each readable lead.

    One is None where too few of its beats show it, or where it is not stated for all leads
    together.
    """
    counted = found.beats.counted
    stated = {name: m is not None and m.value is not None for name in NAMES
              for m in [found.measurement(name)]}  # fmt: skip
    out: dict[str, dict[str, float | None]] = {}
    for lead, points in found.beats.leads.items():
        row: dict[str, float | None] = {}
        for name in NAMES:
            every = span_ms(points, name)
            every = every if counted is None else every[counted]
            known = every[np.isfinite(every)]
            enough = known.size >= MIN_BEATS and stated[name]
            row[name] = float(median(known)) if enough else None
        out[lead] = row
    return out
