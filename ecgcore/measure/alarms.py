"""Stretches in which the ventricles do not pump, as far as the trace tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording, Step
from ecgcore.results import MeasureResult, NotAssessed, RhythmAlarm
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch, Traces
from ecgcore.signal.fibrillation import unorganised_spans
from ecgcore.signal.marching import is_marching
from ecgcore.signal.silence import are_p_waves, find_pauses, is_asystole, straight_lines
from ecgcore.units import MV

Array = NDArray[np.float64]

MIN_FS_HZ = 100.0
# Less than this beside fibrillation is not measured.
MIN_LEFT_S = 3.0
# A lead with less than this of its samples is not looked at.
MIN_PRESENT = 0.2
# Alarms of stretches without QRS complexes: no statement is read there.
NO_QRS = ("no signal", "asystole", "standstill", "no organised QRS")
NO_SIGNAL = "No lead is readable: flat line (asystole, or no electrode connected)."
ASYSTOLE = "No QRS complexes: asystole cannot be excluded."
STANDSTILL = "P waves without QRS complexes: ventricular standstill cannot be excluded."
UNORGANISED = "No organised QRS complexes: ventricular fibrillation cannot be excluded."


@dataclass(frozen=True, eq=False)
class Organised:
    """What of a recording can be measured.

    Attributes
    ----------
    recording : Recording or None
        NaN where there are no organised QRS complexes; None where too little is left.
    alarms : tuple of RhythmAlarm
    """

    recording: Recording | None
    alarms: tuple[RhythmAlarm, ...]


def find_organised(recording: Recording, search: BeatSearch) -> Organised:
    """Leave out where no organised QRS complexes can be made out.

    Parameters
    ----------
    recording : Recording
        Of any leads; below 100 Hz nothing is looked for.
    search : BeatSearch
        Of all its leads.
    """
    if recording.fs_hz < MIN_FS_HZ:
        return Organised(recording, ())
    moving = _moving(recording)
    if not moving.any():
        alarm = RhythmAlarm("no signal", 0.0, recording.duration_s, NO_SIGNAL)
        return Organised(None, (alarm,))
    present = np.isfinite(recording.signal[moving])
    low = search.traces.low[moving]
    spans = unorganised_spans(low, present, recording.fs_hz, in_mv=recording.unit == MV)
    # Complexes that go on through the waves: an artefact.
    spans = [span for span in spans if not is_marching(low, FEATURE_HZ, search.r_s, *span)]
    if not spans:
        return Organised(recording, ())
    alarms = tuple(RhythmAlarm("no organised QRS", a, b, UNORGANISED) for a, b in spans)
    signal = recording.signal.copy()
    for start_s, stop_s in spans:
        signal[:, round(start_s * recording.fs_hz) : round(stop_s * recording.fs_hz)] = np.nan
    left = np.isfinite(signal).any(axis=0).sum() / recording.fs_hz
    if left < MIN_LEFT_S:
        return Organised(None, alarms)
    return Organised(recording.changed(signal, Step("mask", {"stretches": len(spans)})), alarms)


def _moving(recording: Recording) -> NDArray[np.bool_]:
    """Mark the leads that have samples and move, shape (n_leads,)."""
    present = np.isfinite(recording.signal).mean(axis=1) >= MIN_PRESENT
    return present & ~straight_lines(recording.signal)


def find_standstill(recording: Recording, search: BeatSearch | None) -> RhythmAlarm | None:
    """Say whether a recording has no QRS complexes: asystole, or P waves alone.

    Parameters
    ----------
    recording : Recording
    search : BeatSearch or None
        Of its leads of good quality; where there are none, every lead that moves is looked at.
    """
    if recording.fs_hz < MIN_FS_HZ:
        return None
    if search is None:
        moving = _moving(recording)
        if not moving.any():
            return None
        search = BeatSearch(recording.signal[moving], recording.fs_hz)
    traces, r_s = search.traces, search.r_s
    in_mv = recording.unit == MV
    if in_mv and is_asystole(traces, r_s):
        return RhythmAlarm("asystole", 0.0, recording.duration_s, ASYSTOLE)
    if are_p_waves(traces, r_s, in_mv=in_mv):
        return RhythmAlarm("standstill", 0.0, recording.duration_s, STANDSTILL)
    return None


def pause_alarms(traces: Traces, r_s: Array, absent_s: Array) -> tuple[RhythmAlarm, ...]:
    """Return the pauses of a recording that has QRS complexes."""
    return tuple(
        RhythmAlarm("pause", a, b, f"No QRS complex for {b - a:.1f} s.")
        for a, b in find_pauses(traces, r_s, absent_s)
    )


def stretches_without_qrs(measured: MeasureResult) -> list[NotAssessed]:
    """Return where no statement is to be read, each stretch with its reason."""
    stretches = [alarm for alarm in measured.alarms if alarm.kind in NO_QRS]
    return [NotAssessed(alarm.start_s, alarm.end_s, alarm.words) for alarm in stretches]
