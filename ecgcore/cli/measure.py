"""``measure PATH...``: waves, intervals, axes and signal quality."""

import argparse
from collections.abc import Mapping
from typing import Any

from ecgcore.cli.common import add_input_arguments, for_each_recording, quality_json
from ecgcore.measure import measure
from ecgcore.measure.delineators import NAMES
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Fiducials, Measurement, MeasureResult, RhythmAlarm


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    parser.add_argument("--delineator", choices=NAMES, help="what finds the waves")


def run(args: argparse.Namespace) -> int:
    """Measure every recording; return the exit status."""

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        return as_json(measure(recording, delineator=given.delineator))

    return for_each_recording(args, action, as_text=as_text)


def as_json(found: MeasureResult) -> dict[str, Any]:
    """Return what was measured as the command prints it."""
    beats = {lead: _points_json(points) for lead, points in found.beats.leads.items()}
    beats["consensus"] = _points_json(found.beats.consensus)
    for points in beats.values():
        points["type"] = list(found.beats.types)
    return {
        "measurements": [_measurement_json(m) for m in (*found.measurements, *found.hrv)],
        "alarms": [_alarm_json(alarm) for alarm in found.alarms],
        "beats": beats,
        "quality": quality_json(found.quality),
    }


def _points_json(points: Fiducials) -> dict[str, list[Any]]:
    return {name: [round(float(v), 5) for v in getattr(points, name)] for name in FIDUCIALS}


def _alarm_json(alarm: RhythmAlarm) -> dict[str, Any]:
    return {
        "kind": alarm.kind,
        "start_s": alarm.start_s,
        "end_s": alarm.end_s,
        "words": alarm.words,
    }


def _measurement_json(m: Measurement) -> dict[str, Any]:
    return {
        "name": m.name,
        "value": m.value,
        "unit": m.unit,
        "uncertainty": m.uncertainty,
        "method": m.method,
        "lead": m.lead,
        "reason": m.reason,
    }


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
    kinds = result["beats"]["consensus"]["type"]
    counts = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    lines.append("  beats: " + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "none"))
    lines += [f"  Quality: {reason}" for reason in result["quality"]["reasons"]]
    lines.append("  Research and teaching use, not a medical device.")
    return "\n".join(lines) + "\n"
