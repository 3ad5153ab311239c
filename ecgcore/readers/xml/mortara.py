"""Mortara (Welch Allyn, Hillrom) ELI XML: a root ``ECG`` with one ``CHANNEL`` a lead.

There is no published standard; written from what three open readers agree on: samples are base64
of signed little-endian integers, ``UNITS_PER_MV`` steps a millivolt, ``DURATION`` counts samples,
and ``TYPICAL_CYCLE`` is the median beat.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    cut_to_announced,
    describe_device,
    make_patient_at,
    make_recording,
    name_measurements,
    note_left_out,
    scale_lead,
    take_leads,
)
from ecgcore.readers.text_values import (
    Samples,
    decode_base64,
    describe_filter,
    parse_age_years,
    parse_hl7_time,
    parse_iso_time,
    parse_leading_number,
    parse_number,
    parse_samples,
)
from ecgcore.readers.xml.parse import Node, find_root_name, parse
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.units import MV, is_voltage

_ROOT = "ecg"
_SIGNS = re.compile(
    rb"UNITS_PER_MV|SAMPLE_FREQ|TYPICAL_CYCLE|DEMOGRAPHIC_FIELD|ACQUISITION_TIME", re.IGNORECASE
)
_DTYPES = {8: "i1", 16: "<i2", 32: "<i4"}
_IN_WORDS = ("ascii", "text", "decimal")
_NUMBERS = re.compile(r"[\s,;+\-\d]*")
_OTHERWISE = "export the recording as DICOM waveform, SCP-ECG or HL7 aECG"
_GLOBAL = {"vent_rate": "Ventricular rate", "average_rr": "RR interval"}
_CYCLE = {
    "p_duration": "P duration",
    "pr_duration": "PR interval",
    "pr_interval": "PR interval",
    "qrs_duration": "QRS duration",
    "qt": "QT interval",
    "qtc": "QTc",
    "qtb": "QTc Bazett",
    "qtf": "QTc Fridericia",
    "p_axis": "P axis",
    "qrs_axis": "QRS axis",
    "t_axis": "T axis",
}


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is ELI XML."""
    return find_root_name(head) == _ROOT and bool(_SIGNS.search(head.replace(b"\x00", b"")))


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm; the typical cycle, a median beat, is left out.

    Raises
    ------
    ReadError
        One sentence: no rhythm, samples in another coding, damaged samples.
    MissingInformationError
        Where the file tells neither rate nor step.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    leads = _keep_highest_rate(_read_leads(root, options, notes), notes)
    fs_hz = resolve_rate(leads[0].fs_hz, options, notes)
    cycle = root.at("typical_cycle")
    if cycle.children:
        notes.append("The typical cycle, a beat computed by the device, was left out.")
    device = root.at("source")
    told = Provenance(
        format="Mortara XML",
        device=describe_device(
            device.get("manufacturer"),
            device.get("model"),
            software=device.get("acquiring_device_sw_version"),
        ),
        device_filter=describe_filter(
            None, parse_leading_number(device.get("low_pass_filter")), None
        ),
        machine_statements=_read_statements(root),
        machine_measurements={
            **name_measurements(((key, root.get(key)) for key in _GLOBAL), _GLOBAL),
            **name_measurements(((key, cycle.get(key)) for key in _CYCLE), _CYCLE),
        },
    )
    start = _read_start(root)
    patient = _read_patient(root, start, options)
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _read_leads(root: Node, options: ReadOptions, notes: list[str]) -> list[Lead]:
    nodes = [node for node in root.all("channel") if _read_data(node)]
    if not nodes:
        median = root.first("typical_cycle") is not None
        what = "only a median beat, no rhythm" if median else "no channel with samples"
        raise ReadError(f"The Mortara XML contains {what}; {_OTHERWISE}.")
    _check_offsets(nodes, notes)
    return take_leads(
        nodes,
        [node.get("name") for node in nodes],
        lambda node, name: _read_lead(node, name, options, notes),
        options,
    )


def _read_data(node: Node) -> str:
    return node.get("data") or node.text.strip()


def _check_offsets(nodes: Sequence[Node], notes: list[str]) -> None:
    """Refuse leads with offsets that differ: whether they are steps or samples is not published."""
    offsets = {parse_number(node.get("offset") or "0") for node in nodes}
    if len(offsets) > 1 or None in offsets:
        raise ReadError(
            f"The channels have different values of OFFSET, whose meaning is not published; "
            f"{_OTHERWISE}."
        )
    if offsets != {0.0}:
        notes.append(f"An OFFSET of {offsets.pop():g}, the same in all channels, was not applied.")


def _read_lead(node: Node, name: str, options: ReadOptions, notes: list[str]) -> Lead:
    label = clean_text(name, 16) or "a lead"
    raw = _decode(node, name, options, notes)
    raw = cut_to_announced(raw, parse_number(node.get("duration")), label, notes)
    text = node.get("units_per_mv")
    steps = parse_number(text)
    if text and (steps is None or steps <= 0):
        raise ReadError(f"{label} has {clean_text(text, 16)!r} units per mV; it must be above 0.")
    if steps is None:
        unit = resolve_unit("", name, options, notes)
        if not is_voltage(unit):
            raise ReadError(f"{label} is given in {clean_text(unit, 12)}; a voltage is needed.")
        lead = scale_lead(name, raw, 1, unit)
    else:
        lead = scale_lead(name, raw, 1 / steps, MV)
        lead.gain = f"{steps:g} units per mV"
    return replace(lead, unit=MV, fs_hz=parse_number(node.get("sample_freq")))


def _decode(node: Node, name: str, options: ReadOptions, notes: list[str]) -> Samples:
    """Return the samples in steps, from base64 or from numbers in words."""
    label = clean_text(name, 16) or "a lead"
    coding, kind = node.get("encoding").lower(), node.get("format").lower() or "signed"
    data = _read_data(node)
    if not coding:
        coding = "ascii" if re.search(r"[\s,;]", data) and _NUMBERS.fullmatch(data) else "base64"
        notes.append(f"The file does not name the encoding of its samples; {coding} was assumed.")
    if coding in _IN_WORDS:
        return parse_samples(data, name, options)
    bits = parse_number(node.get("bits") or "16")
    if coding != "base64" or kind != "signed" or bits not in _DTYPES:
        told = (clean_text(node.get(key), 12) for key in ("format", "encoding", "bits"))
        raise ReadError(
            f"The samples of {label} are coded as {' '.join(told)} bits; signed base64 of 8, 16 or "
            f"32 bits can be read: {_OTHERWISE}."
        )
    content = decode_base64(data, name)
    dtype = np.dtype(_DTYPES[int(bits)])
    if len(content) % dtype.itemsize:
        raise ReadError(f"The samples of {label} are cut off or damaged; export the file again.")
    return np.frombuffer(content, dtype=dtype).astype(np.float64)


def _keep_highest_rate(leads: list[Lead], notes: list[str]) -> list[Lead]:
    """Return the leads of the highest rate; name the others."""
    highest = max((lead.fs_hz or 0.0 for lead in leads), default=0.0)
    slower = [lead for lead in leads if (lead.fs_hz or 0.0) < highest]
    note_left_out(
        [f"{lead.name} ({lead.fs_hz or 0:g} Hz)" for lead in slower],
        "sampled at a lower rate",
        notes,
    )
    return [lead for lead in leads if (lead.fs_hz or 0.0) == highest]


def _read_start(root: Node) -> datetime | None:
    day, _, clock = root.get("acquisition_time_xml").partition("T")
    return parse_iso_time(day, clock) or parse_hl7_time(root.get("acquisition_time"))


def _read_statements(root: Node) -> tuple[str, ...]:
    place = root.at("automatic_interpretation")
    texts = (clean_text(node.get("text") or node.text, 200) for node in place.each("statement"))
    return tuple(dict.fromkeys(text for text in texts if text))


def _read_patient(root: Node, start: datetime | None, options: ReadOptions) -> Patient:
    """Return the patient of ``SUBJECT``, or of the fields that a user filled in."""
    fields = {
        node.get("label").lower().strip(" :"): node.get("value")
        for node in root.each("demographic_field")
    }
    subject = root.at("subject")
    return make_patient_at(
        start,
        options,
        names=(
            subject.get("first_name") or fields.get("first", ""),
            subject.get("last_name") or fields.get("last", ""),
        ),
        identifier=subject.get("id") or fields.get("id", ""),
        born=subject.get("dob") or subject.get("dob_xml") or fields.get("dob", ""),
        sex=subject.get("gender") or fields.get("sex", ""),
        age=parse_age_years(root.get("age"), root.get("age_units")) or None,
    )
