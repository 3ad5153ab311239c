"""Schiller EDI XML (SEMA): the rhythm, as comma-separated numbers.

Only what is certain is read: plain numbers with a rate in Hz and a step in a unit of voltage.
"""

import re
from datetime import datetime

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import chosen_names, finish, make_patient, parse_sex
from ecgcore.readers.base import Draft, ReadOptions, Source, shown
from ecgcore.readers.text_values import (
    Samples,
    age_at,
    birth_date,
    checked_rate,
    checked_unit,
    equal_length,
    hl7_time,
    iso_time,
    number,
    samples,
    scaled,
    too_many,
)
from ecgcore.readers.xml.parse import Node, parse, root_name
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_voltage, mv_per

_RHYTHM = re.compile(r"ECG_?RHYTHMS?", re.IGNORECASE)
_OTHERWISE = "export the recording as DICOM waveform, SCP-ECG or CSV"
_UNITS = {"HR": "bpm", "ELECTRICAL_AXIS": "deg"}


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is Schiller EDI XML."""
    return root_name(head).endswith("schilleredi")


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm of a Schiller EDI file; its averaged beats are left out.

    Raises
    ------
    ReadError
        One sentence: no rhythm, or samples in another coding.
    MissingInformationError
        Where the file tells neither rate nor unit.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    wave = _rhythm(root, notes)
    fs_hz = checked_rate(_rate(wave), options, notes)
    names, rows = _leads(wave, options, notes)
    resolution = wave.first("resolution", "yres") or Node("yres")
    step = number(resolution.value("unitperbit") or resolution.text)
    if step is None or step <= 0:
        raise ReadError(f"The file does not tell the step of its samples; {_OTHERWISE}.")
    unit = checked_unit(resolution.value("units"), "its samples", options, notes)
    start = _start(root)
    draft = Draft(
        names=names,
        signal=scaled(rows, step * mv_per(unit) if is_voltage(unit) else step),
        fs_hz=fs_hz,
        unit=MV if is_voltage(unit) else NU,
        provenance=Provenance(
            format="Schiller XML",
            original_fs_hz=fs_hz,
            original_unit=shown(unit, 16),
            original_gain=f"{step:g} {shown(unit, 16)} a step",
            device=_device(root),
            machine_measurements=_measurements(root),
        ),
        start=start,
        patient=_patient(root, start, options),
        notes=notes,
    )
    return finish(draft, source)


def _rhythm(root: Node, notes: list[str]) -> Node:
    waves = list(root.each("wavedata"))
    rhythms = [wave for wave in waves if _RHYTHM.fullmatch(wave.value("type"))]
    if not rhythms:
        raise ReadError(f"The Schiller file holds no rhythm; {_OTHERWISE}.")
    if len(rhythms) > 1:
        notes.append(f"The file holds {len(rhythms)} rhythms; the largest was read.")
    if len(waves) > len(rhythms):
        notes.append("Averaged beats in the file, computed and no rhythm: left out.")
    return max(rhythms, key=lambda wave: sum(len(c.value("data")) for c in wave.all("channel")))


def _rate(wave: Node) -> float | None:
    """Return the rate in Hz; an exponent other than 0 or 1 has no certain meaning."""
    rate = wave.first("resolution", "samplerate") or Node("samplerate")
    exponent = number(rate.value("exponent") or "1")
    if exponent not in (0.0, 1.0):
        raise ReadError(f"The sampling rate has an unusual exponent; {_OTHERWISE}.")
    return number(rate.value("value") or rate.text)


def _leads(wave: Node, options: ReadOptions, notes: list[str]) -> tuple[list[str], Samples]:
    channels = [node for node in wave.all("channel") if node.value("data")]
    if not 1 <= len(channels) <= MAX_LEADS:
        raise ReadError(f"The file has {len(channels)} leads; 1 to {MAX_LEADS} can be read.")
    names, rows, room = [], [], options.max_samples
    final = chosen_names([node.value("name") for node in channels], options)
    for node, name in zip(channels, final, strict=True):
        if name is None:
            continue
        coding = node.value("datastype") or node.value("datatype")
        if coding and "SEPARATE" not in coding.upper():
            raise ReadError(
                f"The samples are coded as {shown(coding, 24)}, which is not known; {_OTHERWISE}."
            )
        rows.append(samples(node.value("data"), name, options))
        names.append(name)
        room -= rows[-1].size
        if room < 0:
            raise too_many(options)
    return names, equal_length(rows, names, options, notes)


def _start(root: Node) -> datetime | None:
    node = root.find("startdatetime") or Node("startdatetime")
    day, clock = node.value("date"), node.value("time")
    return hl7_time(day[:8] + clock) if day[:8].isdigit() else iso_time(day, clock)


def _device(root: Node) -> str:
    node = root.find("aquiringdevice") or root.find("acquiringdevice") or Node("device")
    vendor, model = node.value("hardware", "vendor"), node.value("hardware", "model")
    software = node.value("software", "version")
    words = [vendor or "Schiller", model, f"software {software}" if software else ""]
    return shown(" ".join(word for word in words if word), 120)


def _measurements(root: Node) -> dict[str, str]:
    """Return the device's global measurements under the names that it gives them."""
    node = root.find("annotation_global")
    if node is None:
        return {}
    pairs = zip(node.all("name"), node.all("value"), strict=False)
    return {
        shown(name.text, 40): f"{shown(value.text, 16)} {_UNITS.get(name.text.strip(), '')}".strip()
        for name, value in pairs
        if name.text.strip() and number(value.text) is not None
    }


def _patient(root: Node, start: datetime | None, options: ReadOptions) -> Patient:
    person = root.find("patdata") or Node("patdata")
    born = person.value("birthdate")
    identity = {
        "name": f"{person.value('firstname')} {person.value('lastname')}".strip(),
        "identifier": person.value("id"),
        "birth date": born,
    }
    sex = parse_sex(person.value("gender"))
    return make_patient(age_at(birth_date(born), start), sex, identity, options)
