"""Frontal axes of P, QRS and T from the net area of the median beat in the limb leads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.median_beat import index_of
from ecgcore.results import Measurement, MedianBeat

Array = NDArray[np.float64]

WAVES = {
    "p_axis": ("p_onset", "p_offset"),
    "qrs_axis": ("qrs_onset", "qrs_offset"),
    "t_axis": ("t_onset", "t_offset"),
}
METHOD = "net area in I and aVF of the median beat"
# A vector this short (mV x ms in the frontal plane) has no direction that one could trust.
SMALLEST_MV_MS = {"p_axis": 1.0, "qrs_axis": 3.0, "t_axis": 3.0}
PAIRS = (("I", "aVF"), ("I", "II"), ("I", "III"), ("II", "III"))


def axis_measurements(
    beat: MedianBeat | None,
    *,
    bad_leads: tuple[str, ...],
    p_reason: str,
    in_mv: bool,
) -> list[Measurement]:
    """Return ``p_axis``, ``qrs_axis`` and ``t_axis`` in degrees, -180 to 180.

    Two limb leads of the frontal plane, recorded together, are needed; MLII is none.  Without
    voltage (NU) leads can be scaled each by itself, so no axis is given.
    """
    if not in_mv:
        return _none("Amplitude not calibrated: leads cannot be compared.")
    if beat is None:
        return _none("No complete beat was found.")
    plane = _plane(beat, bad_leads)
    if plane is None:
        return _none(
            "Two readable limb leads (of I, II, III, aVF) are needed; MLII is a monitoring lead."
        )
    return [_axis(name, beat, plane, p_reason) for name in WAVES]


def _none(reason: str) -> list[Measurement]:
    return [Measurement(name, None, "deg", method=METHOD, reason=reason) for name in WAVES]


def _plane(beat: MedianBeat, bad_leads: tuple[str, ...]) -> tuple[Array, Array] | None:
    """Return rows I and aVF, made from whatever two limb leads there are."""
    rows = {
        name: row.astype(np.float64)
        for name, row in zip(beat.leads, beat.values, strict=True)
        if name not in bad_leads and np.isfinite(row).all()
    }
    for first, second in PAIRS:
        if first in rows and second in rows:
            a, b = rows[first], rows[second]
            if second == "aVF":
                return a, b
            if first == "II":
                return a - b, (a + b) / 2
            return a, (b - a / 2 if second == "II" else b + a / 2)
    return None


def _axis(name: str, beat: MedianBeat, plane: tuple[Array, Array], p_reason: str) -> Measurement:
    onset, offset = (beat.consensus[point] for point in WAVES[name])
    if name == "p_axis" and p_reason:
        return Measurement(name, None, "deg", method=METHOD, reason=p_reason)
    if not (np.isfinite(onset) and np.isfinite(offset)):
        wave = name.split("_", maxsplit=1)[0].upper()
        return Measurement(
            name, None, "deg", method=METHOD, reason=f"No {wave} wave was found in the median beat."
        )
    part = slice(index_of(beat, onset), index_of(beat, offset) + 1)
    x, y = (_area(row[part], beat.fs_hz, own_level=name == "p_axis") for row in plane)
    y *= 2 / np.sqrt(3)
    size = float(np.hypot(x, y))
    if size < SMALLEST_MV_MS[name]:
        return Measurement(
            name, None, "deg", method=METHOD, reason="The net area is too small to state an axis."
        )
    # Noise of about 10 uV in the level over the length of the wave.
    error = np.degrees(np.arctan2(0.010 * 1e3 * (offset - onset), size))
    return Measurement(name, float(np.degrees(np.arctan2(y, x))), "deg", float(error), METHOD)


def _area(part: Array, fs_hz: float, *, own_level: bool) -> float:
    """Return the net area in mV ms; P stands on the line between its own ends."""
    if own_level and part.size > 2:
        part = part - np.linspace(part[0], part[-1], part.size)
    return float(part.sum()) * 1e3 / fs_hz


def axis_until(beat: MedianBeat, until_ms: float, leads: Sequence[str]) -> float | None:
    """Return the axis of the first part of QRS in degrees, or None where it has none.

    Parameters
    ----------
    beat : MedianBeat
    until_ms : float
        From QRS onset.
    leads : sequence of str
        Those that can be read.
    """
    onset = beat.consensus["qrs_onset"]
    plane = _plane(beat, tuple(name for name in beat.leads if name not in leads))
    if plane is None or not np.isfinite(onset):
        return None
    part = slice(index_of(beat, onset), index_of(beat, onset + until_ms / 1e3) + 1)
    x, y = (_area(row[part], beat.fs_hz, own_level=False) for row in plane)
    y *= 2 / np.sqrt(3)
    if np.hypot(x, y) < SMALLEST_MV_MS["qrs_axis"]:
        return None
    return float(np.degrees(np.arctan2(y, x)))
