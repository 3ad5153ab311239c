"""Schiller EDI XML (SEMA): the rhythm, as comma-separated numbers.

Only what is certain is read: plain numbers with a rate in Hz and a step in a unit of voltage.
"""

import re
from datetime import datetime

from ecgcore.errors import ReadError
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    describe_device,
    make_patient_at,
    make_recording,
    scale_lead,
    take_leads,
)
from ecgcore.readers.text_values import (
    Samples,
    parse_hl7_time,
    parse_iso_time,
    parse_number,
    parse_samples,
)
from ecgcore.readers.xml.parse import Node, find_root_name, parse
from ecgcore.recording import Provenance, Recording

_RHYTHM = re.compile(r"ECG_?RHYTHMS?", re.IGNORECASE)
_OTHERWISE = "export the recording as DICOM waveform, SCP-ECG or CSV"
_UNITS = {"HR": "bpm", "ELECTRICAL_AXIS": "deg"}


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is Schiller EDI XML."""
    return find_root_name(head).endswith("schilleredi")


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
    wave = _choose_rhythm(root, notes)
    fs_hz = resolve_rate(_read_rate(wave), options, notes)
    step, unit = _read_step(wave, options, notes)
    nodes = [node for node in wave.all("channel") if node.value("data")]

    def take(node: Node, name: str) -> Lead:
        return scale_lead(name, _read_samples(node, name, options), step, unit)

    leads = take_leads(nodes, [node.value("name") for node in nodes], take, options)
    device = root.within("aquiringdevice", "acquiringdevice")
    start = _read_start(root.within("startdatetime"))
    told = Provenance(
        format="Schiller XML",
        device=describe_device(
            device.value("hardware", "vendor") or "Schiller",
            device.value("hardware", "model"),
            software=device.value("software", "version"),
        ),
        machine_measurements=_read_measurements(root.within("annotation_global")),
    )
    person = root.within("patdata")
    patient = make_patient_at(
        start,
        options,
        names=(person.value("firstname"), person.value("lastname")),
        identifier=person.value("id"),
        born=person.value("birthdate"),
        sex=person.value("gender"),
    )
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _choose_rhythm(root: Node, notes: list[str]) -> Node:
    waves = list(root.each("wavedata"))
    rhythms = [wave for wave in waves if _RHYTHM.fullmatch(wave.value("type"))]
    if not rhythms:
        raise ReadError(f"The Schiller file contains no rhythm; {_OTHERWISE}.")
    if len(rhythms) > 1:
        notes.append(f"The file contains {len(rhythms)} rhythms; the largest was read.")
    if len(waves) > len(rhythms):
        notes.append("Averaged beats in the file, computed by the device, were left out.")
    return max(rhythms, key=lambda wave: sum(len(c.value("data")) for c in wave.all("channel")))


def _read_rate(wave: Node) -> float | None:
    """Return the rate in Hz; an exponent other than 0 or 1 has no certain meaning."""
    rate = wave.at("resolution", "samplerate")
    exponent = parse_number(rate.value("exponent") or "1")
    if exponent not in (0.0, 1.0):
        raise ReadError(f"The sampling rate has an unusual exponent; {_OTHERWISE}.")
    return parse_number(rate.value("value") or rate.text)


def _read_step(wave: Node, options: ReadOptions, notes: list[str]) -> tuple[float, str]:
    resolution = wave.at("resolution", "yres")
    step = parse_number(resolution.value("unitperbit") or resolution.text)
    if step is None or step <= 0:
        raise ReadError(f"The file does not state the step of its samples; {_OTHERWISE}.")
    return step, resolve_unit(resolution.value("units"), "the samples", options, notes)


def _read_samples(node: Node, name: str, options: ReadOptions) -> Samples:
    coding = node.value("datastype") or node.value("datatype")
    if coding and "SEPARATE" not in coding.upper():
        raise ReadError(
            f"The samples are encoded as {clean_text(coding, 24)}, which is not supported; "
            f"{_OTHERWISE}."
        )
    return parse_samples(node.value("data"), name, options)


def _read_start(node: Node) -> datetime | None:
    day, clock = node.value("date"), node.value("time")
    return parse_hl7_time(day[:8] + clock) if day[:8].isdigit() else parse_iso_time(day, clock)


def _read_measurements(node: Node) -> dict[str, str]:
    """Return the device's global measurements under the names that it gives them."""
    pairs = zip(node.all("name"), node.all("value"), strict=False)
    return {
        clean_text(
            name.text, 40
        ): f"{clean_text(value.text, 16)} {_UNITS.get(name.text.strip(), '')}".strip()
        for name, value in pairs
        if name.text.strip() and parse_number(value.text) is not None
    }
