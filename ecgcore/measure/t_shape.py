"""T and U of one lead of the median beat: height, width, symmetry, and how ST runs into T."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.median_beat import index_of
from ecgcore.results import MedianBeat

Array = NDArray[np.float64]

# U is looked for from here on after the end of T, for so long (Hurst, Circulation 98:1937, 1998:
# its peak lies 90 to 110 ms after T).
U_FROM_S, U_FOR_S = 0.0, 0.26
# What is left free before the next P.
BEFORE_P_S = 0.02
LEVEL_S = 0.016


@dataclass(frozen=True)
class TShape:
    """T of one lead, in mV.

    Attributes
    ----------
    height : float
        Its largest deflection against the level at QRS onset.
    peak_ms : float
        From J.
    width_ms : float
        At half its height above the line between J and the end of T.
    rise_part : float
        How much of that width lies before the peak: 0.5 where T is symmetrical.
    u : float or None
        The height of U above the trace beside it; None where the next P comes too early.
    """

    height: float
    peak_ms: float
    width_ms: float
    rise_part: float
    u: float | None = None


def t_shape(beat: MedianBeat, lead: str, *, rr_s: float | None = None) -> TShape | None:
    """Return T in one lead; None where it has no end.

    Parameters
    ----------
    beat : MedianBeat
    lead : str
    rr_s : float, optional
        The mean RR interval: what U is looked for until.
    """
    point = beat.consensus
    j, end = point["qrs_offset"], point["t_offset"]
    if lead not in beat.leads or not (np.isfinite(j) and np.isfinite(end)):
        return None
    start, stop = index_of(beat, j), index_of(beat, end) + 1
    row = beat.values[beat.leads.index(lead)].astype(np.float64)
    part = row[start:stop]
    if part.size < 10 or not np.isfinite(row).all():
        return None
    straight = part - np.linspace(0.0, part[-1], part.size)
    # The wave, not the ST segment before it.
    first = part.size // 4
    peak = first + int(np.abs(straight[first:]).argmax())
    rise, fall = _half_widths(straight * np.sign(straight[peak]), peak)
    step_ms = 1e3 / beat.fs_hz
    return TShape(
        float(part[peak]),
        peak * step_ms,
        (rise + fall) * step_ms,
        rise / max(1, rise + fall),
        _u_wave(row, beat, end, rr_s),
    )


def _half_widths(wave: Array, peak: int) -> tuple[int, int]:
    under = wave < wave[peak] / 2
    before, after = np.flatnonzero(under[:peak]), np.flatnonzero(under[peak:])
    rise = peak - int(before[-1]) if before.size else peak
    return rise, int(after[0]) if after.size else wave.size - peak


def _u_wave(row: Array, beat: MedianBeat, end_s: float, rr_s: float | None) -> float | None:
    p_onset = beat.consensus["p_onset"]
    if not np.isfinite(p_onset):
        p_onset = beat.consensus["qrs_onset"] - 0.2
    next_p = np.inf if rr_s is None else rr_s + p_onset - BEFORE_P_S
    first = index_of(beat, end_s + U_FROM_S)
    last = min(index_of(beat, min(end_s + U_FOR_S, next_p)), row.size - 1)
    size = max(1, round(LEVEL_S * beat.fs_hz))
    if last - first < 4 * size:
        return None
    part = row[first:last]
    peak = int(np.convolve(part, np.ones(size) / size, mode="valid").argmax()) + size // 2
    if not size < peak < part.size - size:
        return 0.0
    # A wave rises and falls: it is as high as above the higher of the lowest points beside it.
    level = max(float(part[:peak].min()), float(part[peak:].min()))
    return max(0.0, float(part[peak]) - level)
