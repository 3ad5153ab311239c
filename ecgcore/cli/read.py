"""``read``: what is in a recording."""

import argparse
from collections.abc import Mapping
from typing import Any

from ecgcore.cli.common import add_input_arguments, convert_values, flatten_text, for_each_recording
from ecgcore.recording import Recording, describe_age

N_FIRST = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    add_input_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    return for_each_recording(args, describe, as_text=as_text)


def describe(recording: Recording, file: str, args: argparse.Namespace) -> dict[str, Any]:
    """Return the keys of ``read --json``, without ``file``."""
    return {
        "format": recording.provenance.format,
        "fs_hz": recording.fs_hz,
        "n_samples": recording.n_samples,
        "duration_s": recording.duration_s,
        "leads": list(recording.leads),
        "derived_leads": list(recording.derived_leads),
        "unit": recording.unit,
        # float32 to the shortest decimal that names it: 0.115, not 0.11500000208616257.
        "first_mv": {
            lead: [float(str(value)) for value in recording.lead(lead)[:N_FIRST]]
            for lead in recording.leads
        },
        "notes": list(recording.notes),
        "patient": {"age_years": recording.patient.age_years, "sex": recording.patient.sex},
        "device": recording.provenance.device,
        "device_filter": recording.provenance.device_filter,
    }


def as_text(result: Mapping[str, Any]) -> str:
    """Return a few lines for people."""
    leads = ", ".join(
        f"{lead} (computed)" if lead in result["derived_leads"] else lead
        for lead in result["leads"]
    )
    lines = [
        flatten_text(str(result["file"])),
        f"  {result['format']}, {len(result['leads'])} leads, {result['duration_s']:.6g} s at "
        f"{result['fs_hz']:g} Hz, in {result['unit']}",
        f"  leads: {leads}",
    ]
    patient = convert_values(result["patient"])
    known = [describe_age(patient["age_years"])] if patient["age_years"] is not None else []
    known += [patient["sex"]] if patient["sex"] else []
    lines += [f"  patient: {', '.join(known)}"] if known else []
    lines += [f"  device: {result['device']}"] if result["device"] else []
    lines += [f"  device's filter: {result['device_filter']}"] if result["device_filter"] else []
    lines += [f"  note: {note}" for note in result["notes"]]
    return "\n".join(lines)
