"""Intervals that follow the reader's own marks."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure.intervals import METHODS, POSSIBLE_MS, QTC_FORMULAS, SPANS, qtc_ms, span_ms
from ecgcore.results import FIDUCIALS, Fiducials, Measurement, MeasureResult

# Marks that are offered for moving, in their order within a beat.
MOVABLE = ("p_onset", "qrs_onset", "qrs_offset", "t_offset")

Edits = Mapping[tuple[int, str], float]


def edited(result: MeasureResult, edits: Edits, *, by: str) -> MeasureResult:
    """Return measurements in which the moved marks count.

    Parameters
    ----------
    result : MeasureResult
        As measured; it stays as it is.
    edits : mapping of (beat index, fiducial name) to float
        Seconds from the recording's start.
    by : str
        Who moved them, printed with every value that follows.

    Returns
    -------
    MeasureResult
        An interval with a moved mark is the median of the beats with moved marks, in all of
        which the reader has seen the waves; QTc follows QT.  Everything else is unchanged.

    Raises
    ------
    InvalidArgumentError
        If a mark, or an interval that follows from it, is impossible.
    """
    if not edits:
        return result
    values = result.beats.consensus.as_array()
    for (beat, name), time_s in edits.items():
        if name not in MOVABLE or not 0 <= beat < values.shape[1]:
            raise InvalidArgumentError(f"There is no mark {name!r} in beat {beat + 1}.")
        values[FIDUCIALS.index(name), beat] = time_s
    moved = Fiducials.from_array(values)
    beats = replace(result.beats, consensus=moved)
    changed = {}
    for name, ends in SPANS.items():
        where = sorted({beat for (beat, mark) in edits if mark in ends})
        if where:
            changed[name] = _interval(moved, name, where, by)
    if "qt" in changed:
        changed |= _qtc(result, changed["qt"])
    measurements = tuple(changed.get(m.name, m) for m in result.measurements)
    return replace(result, beats=beats, measurements=measurements)


def _interval(beats: Fiducials, name: str, where: list[int], by: str) -> Measurement:
    known = span_ms(beats, name)[where]
    if not np.isfinite(known).all():
        low, high = POSSIBLE_MS[name]
        raise InvalidArgumentError(
            f"The {name.upper()} interval would lie outside {low:g} to {high:g} ms; "
            "the mark was left where it was."
        )
    counted = "beat " if len(where) == 1 else "beats "
    counted += ", ".join(str(beat + 1) for beat in where)
    method = f"{METHODS[name]}, {counted}; edited by {by}"
    return Measurement(name, float(np.median(known)), "ms", None, method)


def _qtc(result: MeasureResult, qt: Measurement) -> dict[str, Measurement]:
    mean_rr = result.measurement("rr_mean")
    if mean_rr is None or mean_rr.value is None or qt.value is None:
        return {}
    return {
        name: Measurement(
            name,
            float(qtc_ms(name, qt.value, mean_rr.value / 1e3)),
            "ms",
            None,
            f"{words}; {qt.method}",
        )
        for name, words in QTC_FORMULAS.items()
    }
