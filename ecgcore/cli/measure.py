"""``measure PATH...``: waves, intervals, axes and signal quality."""

import argparse
from collections.abc import Mapping
from typing import Any

from ecgcore.cli.common import add_input_arguments, for_each_recording, quality_json
from ecgcore.interpret import withhold_p
from ecgcore.interpret.rhythms import find_rhythms
from ecgcore.measure import measure
from ecgcore.measure.by_lead import lead_intervals
from ecgcore.measure.delineators import NAMES
from ecgcore.measure.median_beat import DEFLECTIONS
from ecgcore.measure.reference import reference_range
from ecgcore.measure.rhythm import rhythm_words
from ecgcore.recording import Patient, Recording
from ecgcore.results import (
    FIDUCIALS,
    Fiducials,
    Measurement,
    MeasureResult,
    Reversal,
    RhythmAlarm,
    Trend,
    VoltageCriterion,
)
from ecgcore.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    parser.add_argument("--delineator", choices=NAMES, help="what finds the waves")


def run(args: argparse.Namespace) -> int:
    """Measure every recording; return the exit status."""

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        found = measure(recording, delineator=given.delineator)
        rhythms = find_rhythms(Study(recording, measured=found))
        return as_json(withhold_p(found, rhythms), recording.patient)

    return for_each_recording(args, action, as_text=as_text)


def as_json(found: MeasureResult, patient: Patient) -> dict[str, Any]:
    """Return what was measured as the command prints it.

    Parameters
    ----------
    found : MeasureResult
    patient : Patient
        Age and sex choose the reference ranges.
    """
    beats = {lead: _points_json(points) for lead, points in found.beats.leads.items()}
    beats["consensus"] = _points_json(found.beats.consensus)
    for points in beats.values():
        points["type"] = list(found.beats.types)
    beats["consensus"]["rr"] = [round(float(v), 5) for v in found.beats.rr_s]
    return {
        "measurements": [_measurement_json(m, patient) for m in (*found.measurements, *found.hrv)],
        "leads": _leads_json(found),
        "rhythm": found.rhythm,
        "reversal": _reversal_json(found.reversal),
        "voltage_criteria": [_criterion_json(one, patient) for one in found.lvh],
        "trend": _trend_json(found.trend),
        "amplitude_reason": found.amplitude_reason,
        "alarms": [_alarm_json(alarm) for alarm in found.alarms],
        "beats": beats,
        "quality": quality_json(found.quality),
    }


def _leads_json(found: MeasureResult) -> dict[str, dict[str, Any]]:
    """Return each lead's deflections in mV, its own QRS and QT in ms, and ST as it is judged."""
    each = lead_intervals(found)
    st = {one.lead: one for one in found.st.leads}
    beat = found.median_beat
    names = dict.fromkeys((*(beat.leads if beat else ()), *found.beats.leads, *found.amplitudes))
    out = {}
    for name in names:
        row = found.amplitudes.get(name, {})
        judged = st.get(name)
        out[name] = {
            "amplitudes_mv": {wave: row.get(wave) for wave in DEFLECTIONS},
            "error_mv": None if beat is None else beat.error.get(name),
            "qrs_ms": each.get(name, {}).get("qrs"),
            "qt_ms": each.get(name, {}).get("qt"),
            "st_elevated": None if judged is None else judged.elevated,
            "st_depressed": None if judged is None else judged.depressed,
            "st_threshold_mv": None if judged is None else judged.threshold_mv,
        }
    return out


def _reversal_json(found: Reversal | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "kind": found.kind,
        "margin": found.margin,
        "limit": found.limit,
        "evidence": found.evidence,
    }


def _criterion_json(one: VoltageCriterion, patient: Patient) -> dict[str, Any]:
    return {
        "name": one.name,
        "value_mv": one.value_mv,
        "limit_mv": one.threshold_mv,
        "met": one.met,
        "source": one.source,
        "reason": one.reason,
        "age_years": patient.age_years,
        "sex": patient.sex,
    }


def _trend_json(found: Trend | None) -> dict[str, Any] | None:
    """Return intervals over time; None for recordings under a minute."""
    if found is None:
        return None
    values = {name: [float(v) for v in row] for name, row in found.values.items()}
    return {"time_s": [float(t) for t in found.time_s], **values}


def _points_json(points: Fiducials) -> dict[str, list[Any]]:
    return {name: [round(float(v), 5) for v in getattr(points, name)] for name in FIDUCIALS}


def _alarm_json(alarm: RhythmAlarm) -> dict[str, Any]:
    return {
        "kind": alarm.kind,
        "start_s": alarm.start_s,
        "end_s": alarm.end_s,
        "words": alarm.words,
    }


def _measurement_json(m: Measurement, patient: Patient) -> dict[str, Any]:
    limits = reference_range(m.name, patient)
    reference = None
    if limits is not None:
        reference = {"low": limits.low, "high": limits.high, "source": limits.source}
    return {
        "name": m.name,
        "value": m.value,
        "unit": m.unit,
        "uncertainty": m.uncertainty,
        "method": m.method,
        "lead": m.lead,
        "reason": m.reason,
        "reference": reference,
    }


_COLUMNS = ("P", "Q", "R", "S", "R'", "J", "J+60", "J+80", "T")


def _text_of_leads(result: Mapping[str, Any]) -> list[str]:
    """Return the table of leads, in mV and ms, and the voltage criteria."""
    lines = []
    if not result["amplitude_reason"]:
        head = "".join(f"{name:>7s}" for name in (*_COLUMNS, "QRS", "QT"))
        lines.append(f"  {'mV, ms':6s}{head}")
    for name, row in result["leads"].items() if lines else ():
        waves = [_number(row["amplitudes_mv"][wave], 2) for wave in _COLUMNS]
        times = [_number(row[key], 0) for key in ("qrs_ms", "qt_ms")]
        lines.append(f"  {name:6s}" + "".join(f"{word:>7s}" for word in (*waves, *times)))
    for one in result["voltage_criteria"]:
        if one["value_mv"] is not None:
            limit = "none" if one["limit_mv"] is None else f"{one['limit_mv']:.1f} mV"
            lines.append(f"  {one['name']:15s} {one['value_mv']:.2f} mV (limit {limit})")
    return lines


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def as_text(result: Mapping[str, Any]) -> str:
    """Return the measurements for reading."""
    lines = [str(result["file"])]
    lines += [
        f"  {a['words']} ({a['start_s']:.1f} to {a['end_s']:.1f} s)" for a in result["alarms"]
    ]
    for m in result["measurements"]:
        if m["value"] is None:
            lines.append(f"  {m['name']:15s} not measured: {m['reason']}")
        else:
            error = "" if m["uncertainty"] is None else f" ± {m['uncertainty']:.1f}"
            lines.append(f"  {m['name']:15s} {m['value']:.1f}{error} {m['unit']}".rstrip())
    lines += _text_of_leads(result)
    lines.append(f"  rhythm: {rhythm_words(result['rhythm'])}")
    if result["reversal"] is not None:
        lines.append(f"  suspected lead reversal: {result['reversal']['evidence']}")
    kinds = result["beats"]["consensus"]["type"]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    lines.append("  beats: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "none"))
    lines += [f"  Quality: {reason}" for reason in result["quality"]["reasons"]]
    lines.append("  Research and teaching use, not a medical device.")
    return "\n".join(lines) + "\n"
