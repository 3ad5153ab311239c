"""From a recording to everything that is measured on it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure import delineators
from ecgcore.measure.alarms import find_organised, find_standstill, pause_alarms
from ecgcore.measure.axes import axis_measurements
from ecgcore.measure.beat_types import BeatTypes, beat_types
from ecgcore.measure.certainty import withhold_uncertain
from ecgcore.measure.conduction import fused_p, withhold_p
from ecgcore.measure.consensus import consensus
from ecgcore.measure.cut_waves import drop_cut_waves
from ecgcore.measure.hrv import hrv
from ecgcore.measure.hypertrophy import lvh_criteria
from ecgcore.measure.intervals import (
    JT_METHODS,
    QTC_FORMULAS,
    SPANS,
    Rhythm,
    interval_measurements,
    rate_measurements,
    with_jt,
)
from ecgcore.measure.median_beat import amplitudes, median_beat
from ecgcore.measure.reversal import suspected_reversal
from ecgcore.measure.rhythm import NO_P, PACED
from ecgcore.measure.st_segment import st_deviation
from ecgcore.measure.trend import trend
from ecgcore.recording import Recording
from ecgcore.results import (
    FIDUCIALS,
    Beats,
    Fiducials,
    Measurement,
    MeasureResult,
    Quality,
    RhythmAlarm,
    StDeviation,
)
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch, Traces
from ecgcore.signal.broad_beats import find_broad_beats
from ecgcore.signal.confidence import beat_confidence
from ecgcore.signal.quality import Graded, grade
from ecgcore.signal.rr import absent_spans, rr_before
from ecgcore.turns import Priority, turn
from ecgcore.units import MV

Array = NDArray[np.float64]

# The check reads this much of a long recording, in this many leads: it costs time.
CHECK_S = 20.0
CHECK_LEADS = 3
MIN_FS_HZ = 100.0
# Two R peaks cannot stand closer.
SAME_BEAT_S = 0.15
UNITS = {
    "heart_rate": "bpm",
    **dict.fromkeys(("rr_mean", "rr_sd", *SPANS, *QTC_FORMULAS, *JT_METHODS), "ms"),
    **dict.fromkeys(("p_axis", "qrs_axis", "t_axis"), "deg"),
}
NO_VOLTAGE = "Amplitude not calibrated: no amplitude is measured."


@dataclass(frozen=True, eq=False)
class _Waves:
    """What was found on the readable leads."""

    leads: tuple[str, ...]
    by_lead: Array
    consensus: Array
    other: Array | None
    absent_s: Array
    confidence: Array


@dataclass(frozen=True, eq=False)
class Known:
    """What was found of a recording's signal before it is measured.

    Attributes
    ----------
    graded : Graded
    search : BeatSearch
        Of all its leads as they are.
    beats : BeatSearch or None
        Of its readable leads as they can be measured; None where none is readable.
    find_waves : Delineator
        The learned delineator.
    """

    graded: Graded
    search: BeatSearch
    beats: BeatSearch | None
    find_waves: delineators.Delineator


@turn(Priority.FINDINGS)
def measure(
    recording: Recording,
    *,
    delineator: str | None = None,
    check: bool = True,
    known: Known | None = None,
) -> MeasureResult:
    """Measure a recording.

    Parameters
    ----------
    recording : Recording
        Of any leads and length, at 100 Hz or more.
    delineator : str, optional
        A name of :data:`ecgcore.measure.delineators.NAMES`; default the one that was better on
        LUDB's validation records.
    check : bool
        Whether the other delineator reads some leads too; where it disagrees, the stated
        uncertainty is wider.
    known : Known, optional
        What was found of its signal already.

    Returns
    -------
    MeasureResult
        Complete for every recording: what cannot be measured is None with its reason.

    Raises
    ------
    InvalidArgumentError
        For an unknown delineator.
    ModelError
        If the learned delineator's folder is missing or altered.

    Examples
    --------
    >>> from ecgcore.simulate import simulate
    >>> result = measure(simulate("normal", seed=1).recording)
    >>> rate = result.measurement("heart_rate")
    >>> round(rate.value), rate.unit
    (68, 'bpm')
    """
    name = delineators.DEFAULT if delineator is None else delineator
    finder = delineators.delineator(name)
    if known is not None and name == delineators.LEARNED:
        finder = known.find_waves
    search = BeatSearch(recording.signal, recording.fs_hz) if known is None else known.search
    organised = find_organised(recording, search)
    if organised.recording is None:
        quality = grade(recording, search=search).quality if known is None else known.graded.quality
        return _nothing(recording, quality, name, organised.alarms)
    if known is None or organised.recording is not recording:
        # Where fibrillation was left out, nothing that was found before holds.
        search, beats = search.on(organised.recording.signal), None
        graded = grade(organised.recording, recorded=recording, search=search)
    else:
        graded, beats = known.graded, known.beats
    recording = graded.readable(organised.recording)
    quality = graded.quality
    readable = tuple(n for n in recording.leads if n not in quality.bad_leads)
    search = beats or search.among(recording.signal, [n in readable for n in recording.leads])
    still = find_standstill(recording, search if readable else None)
    if still is not None:
        return _nothing(recording, quality, name, (*organised.alarms, still))
    if recording.fs_hz < MIN_FS_HZ or not readable:
        return _nothing(recording, quality, name, organised.alarms)
    signal, traces = search.signal, search.traces
    r_s = _with_broad_beats(traces, search.r_s)
    if r_s.size == 0:
        return _nothing(recording, quality, name, organised.alarms)
    by_lead = finder(signal, recording.fs_hz, r_s)
    other = _checked(signal, recording.fs_hz, r_s, name) if check else None
    drop_cut_waves(by_lead, signal, recording.fs_hz)
    joint = consensus(by_lead, r_s)
    single = _single(joint[FIDUCIALS.index("r_peak")])
    waves = _Waves(
        readable,
        by_lead[..., single],
        joint[:, single],
        None if other is None else other[:, single],
        absent_spans(signal, recording.fs_hz),
        beat_confidence(traces, r_s)[single],
    )
    pauses = pause_alarms(traces, waves.consensus[FIDUCIALS.index("r_peak")], waves.absent_s)
    alarms = tuple(sorted((*organised.alarms, *pauses), key=lambda alarm: alarm.start_s))
    return replace(_result(recording, quality, name, waves, search), alarms=alarms)


def _with_broad_beats(traces: Traces, r_s: Array) -> Array:
    """Return the beats with those broad ones among them that a detector of steep ones misses."""
    added = find_broad_beats(traces.low, FEATURE_HZ, r_s)
    return np.sort(np.concatenate((r_s, added))) if added.size else r_s


def _single(r_s: Array) -> NDArray[np.bool_]:
    """Mark beats that are not the one before, found twice (a broad, notched complex)."""
    keep = np.ones(r_s.size, dtype=bool)
    last = -np.inf
    for beat, at in enumerate(r_s):
        keep[beat] = at - last > SAME_BEAT_S
        last = at if keep[beat] else last
    return keep


def _checked(signal: NDArray[np.float32], fs_hz: float, r_s: Array, name: str) -> Array | None:
    """Return the other delineator's consensus, NaN for the beats that it was not shown."""
    other = delineators.NEUROKIT if name == delineators.LEARNED else delineators.LEARNED
    rows = np.linspace(0, signal.shape[0] - 1, min(CHECK_LEADS, signal.shape[0])).round()
    stop = min(signal.shape[1], round(CHECK_S * fs_hz))
    shown = r_s < stop / fs_hz
    part = signal[rows.astype(int), :stop]
    out = np.full((len(FIDUCIALS), r_s.size), np.nan)
    if shown.sum() >= 2:
        found = delineators.delineator(other)(part, fs_hz, r_s[shown])
        drop_cut_waves(found, part, fs_hz)
        out[:, shown] = consensus(found, r_s[shown])
    return out


def _result(
    recording: Recording, quality: Quality, name: str, waves: _Waves, search: BeatSearch
) -> MeasureResult:
    beats = Fiducials.from_array(waves.consensus)
    by_lead = {
        lead: Fiducials.from_array(row)
        for lead, row in zip(waves.leads, waves.by_lead, strict=True)
    }
    rr_s = rr_before(beats.r_peak, waves.absent_s)
    kinds = beat_types(search, beats, rr_s)
    beats, by_lead = _without_p(beats, by_lead, kinds)
    found = Beats(beats, by_lead, kinds.types, rr_s, kinds.dominant, kinds.likeness)
    absent_s = float((waves.absent_s[:, 1] - waves.absent_s[:, 0]).sum())
    rates = rate_measurements(rr_s, absent_s / recording.duration_s, waves.confidence)
    rhythm = Rhythm(
        beats,
        rr_s,
        kinds,
        waves.leads[0] if len(waves.leads) == 1 else f"{len(waves.leads)} leads",
        None if waves.other is None else Fiducials.from_array(waves.other),
        delineators.WORDS[name],
        rates[0].reason,
    )
    timed = withhold_uncertain(rates + interval_measurements(rhythm))
    p_reason = kinds.p_reason or fused_p({m.name: m for m in timed})
    timed = with_jt(withhold_p(timed, p_reason))
    whole = median_beat(recording, beats, by_lead, kinds.dominant)
    in_mv = recording.unit == MV
    axes = axis_measurements(whole, bad_leads=quality.bad_leads, p_reason=p_reason, in_mv=in_mv)
    table = amplitudes(whole) if whole is not None and in_mv else {}
    if p_reason:
        table = {lead: row | {"P": None} for lead, row in table.items()}
    reason = "" if table else (NO_VOLTAGE if not in_mv else "No complete beat was found.")
    qrs_ms = next(m.value for m in timed if m.name == "qrs")
    paced = "The rhythm is paced." if kinds.rhythm.startswith(PACED) else ""
    return MeasureResult(
        measurements=(*_one_lead(timed, waves.leads), *axes),
        beats=found,
        quality=quality,
        amplitudes=_readable(table, quality),
        median_beat=whole,
        st=st_deviation(
            table,
            recording.patient,
            qrs_ms=qrs_ms,
            bad_leads=quality.bad_leads,
            reason=reason or paced,
        ),
        lvh=lvh_criteria(
            table, recording.patient, bad_leads=quality.bad_leads, reason=reason or paced
        ),
        hrv=hrv(found, recording.duration_s),
        trend=trend(
            found,
            kinds.dominant,
            recording.duration_s,
            withheld=tuple(m.name for m in timed if m.value is None),
        ),
        rhythm=kinds.rhythm,
        reversal=suspected_reversal(whole, bad_leads=quality.bad_leads) if in_mv else None,
        delineator=delineators.WORDS[name],
        amplitude_reason=reason,
        notes=_notes(recording, quality, kinds),
    )


def _one_lead(given: list[Measurement], leads: tuple[str, ...]) -> list[Measurement]:
    if len(leads) > 1:
        return given
    return [
        Measurement(m.name, m.value, m.unit, m.uncertainty, m.method, leads[0], m.reason)
        for m in given
    ]


def _without_p(
    beats: Fiducials, by_lead: dict[str, Fiducials], kinds: BeatTypes
) -> tuple[Fiducials, dict[str, Fiducials]]:
    """Drop P waves where there is no P rhythm: what was found there are fibrillatory waves."""
    if kinds.rhythm != NO_P:
        return beats, by_lead

    def dropped(points: Fiducials) -> Fiducials:
        values = points.as_array()
        values[: FIDUCIALS.index("qrs_onset")] = np.nan
        return Fiducials.from_array(values)

    return dropped(beats), {lead: dropped(points) for lead, points in by_lead.items()}


def _readable(
    table: dict[str, dict[str, float | None]], quality: Quality
) -> dict[str, dict[str, float | None]]:
    return {
        lead: dict.fromkeys(row) if lead in quality.bad_leads else row
        for lead, row in table.items()
    }


def _notes(recording: Recording, quality: Quality, kinds: BeatTypes) -> tuple[str, ...]:
    out = []
    if quality.bad_leads:
        out.append(f"Left out as not readable: {', '.join(quality.bad_leads)}.")
    if recording.n_leads == 1:
        out.append("Single lead: intervals can be shorter than in twelve leads.")
    if kinds.rhythm.startswith(PACED):
        out.append("Pacing spikes were found; intervals are those of paced beats.")
    return tuple(out)


def _nothing(
    recording: Recording, quality: Quality, name: str, alarms: tuple[RhythmAlarm, ...] = ()
) -> MeasureResult:
    """Return a result in which everything says why it was not measured."""
    if recording.fs_hz < MIN_FS_HZ:
        reason = f"The sampling rate is {recording.fs_hz:g} Hz; measuring needs {MIN_FS_HZ:g} Hz."
    elif alarms:
        reason = alarms[-1].words
    elif len(quality.bad_leads) == recording.n_leads:
        reason = "No lead is readable."
    else:
        reason = "No QRS complex was found."
    empty = Fiducials.from_array(np.empty((len(FIDUCIALS), 0)))
    return MeasureResult(
        measurements=tuple(Measurement(n, None, unit, reason=reason) for n, unit in UNITS.items()),
        beats=Beats(empty, {}, (), np.empty(0)),
        quality=quality,
        amplitudes={},
        median_beat=None,
        st=StDeviation(reason=reason),
        lvh=lvh_criteria({}, recording.patient, reason=reason),
        delineator=delineators.WORDS[name],
        amplitude_reason=reason,
        alarms=alarms,
    )
