"""Intervals that follow the reader's own marks."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure.certainty import withhold_uncertain
from ecgcore.measure.intervals import (
    POSSIBLE_MS,
    QTC_FORMULAS,
    SPANS,
    corrected_qt_ms,
    span_ms,
    with_jt,
)
from ecgcore.measure.mark_rules import (
    LEFT,
    refuse_in_other_beat,
    refuse_out_of_order,
    refuse_outside,
)
from ecgcore.measure.rhythm import BEATWISE
from ecgcore.measure.words import LABELS
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Beats, Fiducials, Measurement, MeasureResult

Array = NDArray[np.float64]

# Marks that are offered for moving, in their order within a beat.
MOVABLE = ("p_onset", "qrs_onset", "qrs_offset", "t_offset")

Edits = Mapping[tuple[int, str], float]


def edited(
    result: MeasureResult, edits: Edits, *, by: str, recording: Recording | None = None
) -> MeasureResult:
    """Return measurements in which the moved marks count.

    Parameters
    ----------
    result : MeasureResult
        As measured; it stays as it is.
    edits : mapping of (beat index, fiducial name) to float
        Seconds from the recording's start.
    by : str
        Who moved them, printed with every value that follows.
    recording : Recording, optional
        What was measured: marks outside it, or where it has no samples, are refused.

    Returns
    -------
    MeasureResult
        An interval stays the median of the beats it was measured in, among them those with moved
        marks: one beat of ten moves it no farther than to a neighbouring beat's value.  A mark in
        a beat that is not counted, such as an ectopic one, changes that beat alone.  QTc follows
        QT.  A mark is that of all leads together: each lead that shows this wave takes it.  What is
        not stated stays so, and everything else is unchanged.

    Raises
    ------
    InvalidArgumentError
        If a mark, or an interval that follows from it, is impossible.
    """
    if not edits:
        return result
    before = result.beats.consensus.as_array()
    after = before.copy()
    for (beat, name), time_s in edits.items():
        _refuse_unknown(before, beat, name)
        after[FIDUCIALS.index(name), beat] = time_s
    if recording is not None:
        refuse_outside(recording, [(name, at) for (_, name), at in edits.items()])
    refuse_in_other_beat(before, after, edits)
    leads = {lead: _moved(own, edits) for lead, own in result.beats.leads.items()}
    beats = replace(result.beats, consensus=Fiducials.from_array(after), leads=leads)
    changed = {}
    for name in SPANS:
        where = beats_with_moved(edits, name)
        _refuse_impossible(beats.consensus, name, where)
        given = result.measurement(name)
        if where and given is not None:
            changed[name] = _interval(beats, given, where, by)
    refuse_out_of_order(before, after, edits)
    qt = changed.get("qt")
    if qt is not None and qt.edited_by:
        changed |= _qtc(result, beats, qt)
    rows = with_jt(withhold_uncertain(changed.get(m.name, m) for m in result.measurements))
    return replace(result, beats=beats, measurements=tuple(rows))


def _moved(points: Fiducials, edits: Edits) -> Fiducials:
    """Return one lead's marks with the moved ones; what the lead does not show stays absent."""
    values = points.as_array().copy()
    for (beat, name), time_s in edits.items():
        row = FIDUCIALS.index(name)
        if np.isfinite(values[row, beat]):
            values[row, beat] = time_s
    return Fiducials.from_array(values)


def beats_with_moved(edits: Edits, interval: str) -> list[int]:
    """Return the beats in which a mark of an interval was moved, ascending."""
    return sorted({beat for beat, mark in edits if mark in SPANS[interval]})


def edit_words(before: MeasureResult, after: MeasureResult, edits: Edits) -> tuple[str, ...]:
    """Say what the moved marks changed, one line an interval: "PR 154 → 156 ms (beat 5: 210)".

    Parameters
    ----------
    before, after : MeasureResult
        Without and with ``edits``.
    edits : mapping of (beat index, fiducial name) to float
    """
    lines = []
    for name in SPANS:
        where = beats_with_moved(edits, name)
        each = span_ms(after.beats.consensus, name)
        beats = [_beat_words(after.beats, beat, each[beat]) for beat in where]
        beats = [words for words in beats if words]
        old, new = before.measurement(name), after.measurement(name)
        if not beats or old is None or new is None:
            continue
        whole = "not stated"
        if old.value is not None and new.value is not None:
            whole = f"{old.value:.0f} → {new.value:.0f} ms"
        lines.append(f"{LABELS[name]} {whole} ({', '.join(beats)})")
    return tuple(lines)


def _beat_words(beats: Beats, beat: int, value_ms: float) -> str:
    if not np.isfinite(value_ms):
        return ""
    left_out = "" if _counted(beats)[beat] else ", not counted"
    return f"beat {beat + 1}: {value_ms:.0f}{left_out}"


def _refuse_unknown(values: Array, beat: int, name: str) -> None:
    known = name in MOVABLE and 0 <= beat < values.shape[1]
    if not known or not np.isfinite(values[FIDUCIALS.index(name), beat]):
        raise InvalidArgumentError(f"There is no mark {name!r} in beat {beat + 1}.")


def _refuse_impossible(beats: Fiducials, name: str, where: list[int]) -> None:
    ends = np.stack([getattr(beats, end)[where] for end in SPANS[name]])
    possible = np.isfinite(span_ms(beats, name)[where])
    if (np.isfinite(ends).all(axis=0) & ~possible).any():
        low, high = POSSIBLE_MS[name]
        raise InvalidArgumentError(
            f"{LABELS[name]} would lie outside {low:g} to {high:g} ms; {LEFT}"
        )


def _counted(beats: Beats) -> NDArray[np.bool_]:
    everything = np.ones(beats.consensus.n_beats, dtype=bool)
    return everything if beats.counted is None else beats.counted


def _interval(beats: Beats, given: Measurement, where: list[int], by: str) -> Measurement:
    counted = _counted(beats)
    every = span_ms(beats.consensus, given.name)
    known = every[counted & np.isfinite(every)]
    of_these = [beat for beat in where if counted[beat] and np.isfinite(every[beat])]
    if given.value is None or not of_these:
        return given
    words = "beat " if len(of_these) == 1 else "beats "
    words += ", ".join(str(beat + 1) for beat in of_these)
    method = f"{given.method}; {words}; edited by {by}"
    return replace(given, value=float(np.median(known)), method=method, edited_by=by)


def _qtc(result: MeasureResult, beats: Beats, qt: Measurement) -> dict[str, Measurement]:
    """Return QTc made as it was measured, from the edited QT."""
    out = {}
    note = qt.method[qt.method.rindex("; beat") :]
    for name in QTC_FORMULAS:
        given = result.measurement(name)
        if given is None or given.value is None or qt.value is None:
            continue
        value, _ = corrected_qt_ms(
            name,
            qt.value,
            beats.consensus,
            beats.rr_s,
            _counted(beats),
            beatwise=result.rhythm in BEATWISE,
        )
        method = f"{given.method}{note}"
        out[name] = replace(given, value=value, method=method, edited_by=qt.edited_by)
    return out
