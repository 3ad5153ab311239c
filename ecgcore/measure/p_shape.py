"""The P wave of one lead of the median beat, against the line between its ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.median_beat import index_of
from ecgcore.results import MedianBeat

Array = NDArray[np.float64]

SMALLEST_MV = 0.02
# Two peaks of a notched P stand at least this high against the notch, as a part of P.
NOTCH_PART = 0.05


@dataclass(frozen=True)
class PShape:
    """P in one lead, in mV against the line between its onset and end.

    Attributes
    ----------
    top, bottom : float
        The highest point (0 or more) and the lowest (0 or less).
    initial : float
        The highest point before the lowest one.
    terminal_mm_s : float
        Depth times duration of the negative part at its end, in mm s at 10 mm/mV; 0 or less.
    peaks_apart_ms : float
        Between the two peaks of a notched P; 0 where it has one.
    """

    top: float
    bottom: float
    initial: float
    terminal_mm_s: float
    peaks_apart_ms: float = 0.0


def p_shape(beat: MedianBeat, lead: str) -> PShape | None:
    """Return P in one lead; None where there is none."""
    onset, offset = beat.consensus["p_onset"], beat.consensus["p_offset"]
    if lead not in beat.leads or not (np.isfinite(onset) and np.isfinite(offset)):
        return None
    start, stop = index_of(beat, onset), index_of(beat, offset) + 1
    row = beat.values[beat.leads.index(lead)][start:stop].astype(np.float64)
    if row.size < 5 or not np.isfinite(row).all():
        return None
    row = row - np.linspace(row[0], row[-1], row.size)
    low = int(row.argmin())
    return PShape(
        max(0.0, float(row.max())),
        min(0.0, float(row.min())),
        max(0.0, float(row[: low + 1].max())),
        _terminal_mm_s(row, low, beat.fs_hz),
        _apart_ms(row, beat.fs_hz),
    )


def _terminal_mm_s(row: Array, low: int, fs_hz: float) -> float:
    """Return Morris's product of the negative part that ends P (Circulation 29:242, 1964)."""
    depth = float(row[low])
    if depth > -SMALLEST_MV or low < row.size / 3:
        return 0.0
    above = np.flatnonzero(row[:low] >= 0)
    first = int(above[-1]) + 1 if above.size else 0
    after = np.flatnonzero(row[low:] >= 0)
    last = low + int(after[0]) if after.size else row.size
    return 10 * depth * (last - first) / fs_hz


def _apart_ms(row: Array, fs_hz: float) -> float:
    size = max(3, round(0.012 * fs_hz) | 1)
    smooth = np.convolve(row, np.ones(size) / size, mode="same")
    high = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])) + 1
    high = high[smooth[high] > smooth.max() / 2]
    if high.size < 2:
        return 0.0
    dip = smooth[high[0] : high[-1]].min()
    if min(smooth[high[0]], smooth[high[-1]]) - dip < NOTCH_PART * smooth.max():
        return 0.0
    return float(1e3 * (high[-1] - high[0]) / fs_hz)
