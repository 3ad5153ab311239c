"""RR intervals of contiguous signal: the one place where R peaks are subtracted.

Between two beats that follow one another lies an RR interval only where the signal in between is
present: over absent samples nobody knows how many beats there were.  A pause in present signal is
an RR interval, however long.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.filters import stretches

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

# No QRS complex is hidden by less than this.
HIDES_S = 0.05
# An R peak this close to absent signal may be what was left of its complex.
NEAR_S = 0.05


@dataclass(frozen=True, eq=False)
class RRIntervals:
    """RR intervals, each with its beats.

    Attributes
    ----------
    start, end : array of int, shape (n,)
        Indices of the beat before and the beat after.
    duration_s : array, shape (n,)
        Above 0.
    """

    start: Numbers
    end: Numbers
    duration_s: Array


def rr_intervals(r_s: NDArray[np.floating], absent_s: Array | None = None) -> RRIntervals:
    """Return the RR intervals that lie in present signal.

    Parameters
    ----------
    r_s : array, shape (n_beats,)
        R peaks in seconds, ascending.
    absent_s : array, shape (n, 2), optional
        Start and end in seconds of what is absent or masked, as :func:`absent_spans` gives it;
        an interval that one of them touches is no RR interval.  Default: nothing is absent.

    Returns
    -------
    RRIntervals
        Empty for fewer than two beats.
    """
    before = rr_before(r_s, absent_s)
    end = np.flatnonzero(np.isfinite(before))
    return RRIntervals(end - 1, end, before[end])


def rr_before(r_s: NDArray[np.floating], absent_s: Array | None = None) -> Array:
    """Return the RR interval before each beat in seconds, shape (n_beats,).

    Takes what :func:`rr_intervals` takes.  NaN for the first beat and for a beat between which and
    the one before it signal is absent.
    """
    peaks = np.asarray(r_s, dtype=np.float64)
    out = np.diff(peaks, prepend=np.nan) if peaks.size else np.empty(0)
    for start_s, end_s in np.empty((0, 2)) if absent_s is None else absent_s:
        # Intervals from a peak before the stretch's end to a peak after its start.
        first = int(np.searchsorted(peaks, start_s - NEAR_S))
        last = int(np.searchsorted(peaks, end_s + NEAR_S, side="right"))
        out[first : last + 1] = np.nan
    return np.asarray(out)


def absent_spans(signal: NDArray[np.floating], fs_hz: float) -> Array:
    """Return where no lead has samples, shape (n, 2): start and end in seconds.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        NaN where absent or masked.
    fs_hz : float

    Returns
    -------
    array of float64, shape (n, 2)
        Ascending; stretches too short to hide a QRS complex (``HIDES_S``) are left out.
    """
    absent = np.asarray(~np.isfinite(np.atleast_2d(signal)).any(axis=0))
    found = [(a / fs_hz, b / fs_hz) for a, b in stretches(absent) if b - a >= HIDES_S * fs_hz]
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)
