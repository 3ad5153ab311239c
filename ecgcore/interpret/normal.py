"""What speaks against calling an ECG normal: every other statement, and every measurement.

"Normal ECG" is a statement about the whole recording, so one thing out of its limits, or one that
could not be looked at, is enough to withhold it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret.facts import Facts
from ecgcore.leads import STANDARD_12
from ecgcore.measure.reference import reference_range
from ecgcore.measure.rhythm import NORMAL_RHYTHMS, rhythm_words
from ecgcore.recording import Patient
from ecgcore.results import AnomalyMap, Measurement, MeasureResult, Prediction
from ecgcore.results.interpreted import Call
from ecgcore.statements import group_of, statement
from ecgcore.units import format_clock

# Wider than the reference ranges only where these mark what is common in healthy people: sinus
# bradycardia below 50 bpm (ACC/AHA/HRS 2018, Kusumoto et al., Circulation 140:e382), and a
# short QT below 350 ms (Priori et al., HRS/EHRA/APHRS 2013, Heart Rhythm 10:1932).
LOWEST = {"heart_rate": 50.0, "qtc_fridericia": 350.0}
IN_TIME = ("heart_rate", "pr", "qrs", "qtc_fridericia")
MEASURED = (*IN_TIME, "qrs_axis")
WORDS = {
    "heart_rate": "heart rate",
    "pr": "PR interval",
    "qrs": "QRS duration",
    "qtc_fridericia": "QTc (Fridericia)",
    "qrs_axis": "QRS axis",
}
# The limits of PR and QRS lie within what cardiologists' own marks differ by.
MARGIN_MS = {"pr": 7.0, "qrs": 9.0}
# Voltage alone says little about younger adults (AHA/ACCF/HRS 2009 Part V, Circulation 119:e251).
VOLTAGE_YEARS = 35.0
# What is left out for less than this, such as one jump of the baseline, hides no beat.
MASKED_S = 0.6
MANY_LEADS = 3
# T is upright here in adults: AHA/ACCF/HRS 2009 Part IV (Rautaharju et al., Circulation 119:e241).
UPRIGHT_T = ("I", "II", "V3", "V4", "V5", "V6")
INVERTED_T_MV = -0.1


class Objection(NamedTuple):
    """One reason against "Normal ECG".

    Attributes
    ----------
    words : str
    contradicts : bool
        True: something abnormal was found; False: something could not be assessed.
    """

    words: str
    contradicts: bool


def judge_normal(
    facts: Facts,
    calls: Sequence[Call],
    prediction: Prediction | None,
    anomaly: Callable[[], AnomalyMap] | None = None,
) -> tuple[bool | None, tuple[str, ...]]:
    """Say whether an ECG is normal: True, False, or None where that cannot be said, and why not.

    It is normal only where nothing else is stated but what a normal ECG may have, with twelve
    readable leads, every measurement that a statement rests on within its limits, and a network
    that suggests it and nothing else.  Where the amplitude is not calibrated, axis, ST level and
    voltage are left out, and the text says so.

    Parameters
    ----------
    facts : Facts
    calls : sequence of Call
        The statements.
    prediction : Prediction or None
        A network's own findings, which can speak against a normal ECG too; with its windows,
        where the recording is longer than one of them.
    anomaly : callable, optional
        Makes the recording's anomaly map; only called where nothing else speaks against normal.
    """
    found = [*_calls(calls), *_network(prediction, calls), *_measured(facts)]
    if not found and anomaly is not None:
        found = list(anomaly_objection(anomaly()))
    reasons = tuple(dict.fromkeys(each.words for each in found))
    if any(each.contradicts for each in found):
        return False, reasons
    return (None, reasons) if found else (True, ())


def join_leads(leads: tuple[str, ...]) -> str:
    """Return a few leads by name, many by their number."""
    return ", ".join(leads) if len(leads) <= MANY_LEADS else f"{len(leads)} leads"


def anomaly_objection(found: AnomalyMap) -> tuple[Objection, ...]:
    """Return the objection of the anomaly score, if it is beyond its limit.

    The score with the classifier's features is asked: it finds more of what is abnormal.
    """
    other = found.with_classifier
    if not (found.abnormal if other is None else other.abnormal):
        return ()
    return (Objection("the anomaly score is above its limit for normal ECGs", True),)


def _calls(calls: Iterable[Call]) -> Iterator[Objection]:
    for call in calls:
        if not statement(call.code).normal:
            yield Objection(call.printed, group_of(call.code) != "Technical")


def _network(prediction: Prediction | None, calls: Iterable[Call]) -> Iterator[Objection]:
    """Object where the network does not say normal, and for what it flags and is not stated."""
    if prediction is None:
        yield Objection("no network was asked", False)
        return
    normal = prediction.finding(NORMAL)
    if normal is None or not normal.finding:
        yield Objection("the network does not suggest a normal ECG", False)
    stated = {call.code for call in calls}
    for finding in prediction.findings:
        if finding.finding and finding.code not in {NORMAL, *stated}:
            yield Objection(f"{finding.name} is suggested by the network", False)
    yield from _windows(prediction)


def _measured(facts: Facts) -> Iterator[Objection]:
    measured, patient = facts.measured, facts.patient
    missing = [lead for lead in STANDARD_12 if lead not in facts.leads]
    if missing:
        yield Objection(f"not available or not readable: {', '.join(missing)}", False)
    if patient.age_years is None or patient.sex is None:
        yield Objection("age or sex unknown", False)
    yield from _quality(measured)
    yield from _intervals(measured, patient, MEASURED if facts.in_mv else IN_TIME)
    if facts.in_mv:
        yield from _voltages(measured, patient)
    yield from _rhythm(measured)


def _windows(prediction: Prediction) -> Iterator[Objection]:
    """Object for each window that is not normal; a recording is its worst window."""
    for window in prediction.windows:
        finding = next((f for f in window.findings if f.code == NORMAL), None)
        if finding is not None and not finding.finding:
            span = f"{window.start_s:.0f} to {window.end_s:.0f} s"
            if finding.finding is None:
                yield Objection(f"{span} could not be assessed", False)
            else:
                yield Objection(f"{span} is not normal", True)


def _quality(measured: MeasureResult) -> Iterator[Objection]:
    if not measured.quality.acceptable and not measured.quality.bad_leads:
        yield Objection("the signal quality is poor", False)
    for part in measured.quality.masked:
        if part.end_s - part.start_s >= MASKED_S:
            span = f"{part.start_s:.0f} to {part.end_s:.0f} s"
            yield Objection(f"{join_leads(part.leads)} not readable from {span}", False)
    if measured.reversal is not None:
        yield Objection(f"suspected lead reversal ({measured.reversal.kind})", True)


def _intervals(
    measured: MeasureResult, patient: Patient, names: tuple[str, ...]
) -> Iterator[Objection]:
    for name in names:
        found = measured.measurement(name)
        if found is None or found.value is None:
            yield Objection(f"{WORDS[name]} not measured", False)
        else:
            yield from _limits(found, patient)


def _limits(found: Measurement, patient: Patient) -> Iterator[Objection]:
    limits = reference_range(found.name, patient)
    if limits is None or found.value is None:
        return
    low = LOWEST.get(found.name)
    side = limits.judge(found.value)
    if side == "low" and low is not None and found.value >= low:
        return
    margin = MARGIN_MS.get(found.name, 0.0)
    near = any(limits.judge(found.value + shift) == "within" for shift in (-margin, 0.0, margin))
    if near:
        return
    unit = "°" if found.unit == "deg" else f" {found.unit}"
    yield Objection(f"{WORDS[found.name]} {found.value:.0f}{unit}", True)


def _voltages(measured: MeasureResult, patient: Patient) -> Iterator[Objection]:
    st = measured.st
    if st.elevation_in:
        yield Objection(f"ST elevation in {', '.join(st.elevation_in)}", True)
    if st.depression_in:
        yield Objection(f"ST depression in {', '.join(st.depression_in)}", True)
    if st.reason:
        yield Objection("ST level not assessed", False)
    young = patient.age_years is not None and patient.age_years < VOLTAGE_YEARS
    for criterion in measured.lvh:
        if criterion.met and not young:
            yield Objection(f"QRS voltage {criterion.value_mv:.1f} mV", True)
    inverted = [
        lead
        for lead in UPRIGHT_T
        if (measured.amplitudes.get(lead, {}).get("T") or 0.0) <= INVERTED_T_MV
    ]
    if inverted:
        yield Objection(f"T inversion in {', '.join(inverted)}", True)


def _rhythm(measured: MeasureResult) -> Iterator[Objection]:
    for alarm in measured.alarms:
        yield Objection(f"{alarm.kind} from {format_clock(alarm.start_s)}", True)
    if measured.rhythm not in NORMAL_RHYTHMS:
        known = measured.rhythm != "unknown"
        words = f"is {rhythm_words(measured.rhythm)}" if known else "could not be assessed"
        yield Objection(f"the rhythm {words}", known)
    kinds = Counter(measured.beats.types)
    for kind in ("supraventricular", "ventricular", "paced"):
        if kinds[kind]:
            yield Objection(f"{kind} beats: {kinds[kind]}", True)
