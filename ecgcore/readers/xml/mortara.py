"""Mortara (Welch Allyn, Hillrom) ELI XML: a root ``ECG`` with one ``CHANNEL`` a lead.

There is no published standard; written from what three open readers agree on: samples are base64
of signed little-endian integers, ``UNITS_PER_MV`` steps a millivolt, ``DURATION`` counts samples,
and ``TYPICAL_CYCLE`` is the median beat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import chosen_names, finish, listed, make_patient, parse_sex, were
from ecgcore.readers.base import Draft, ReadOptions, Source, shown
from ecgcore.readers.text_values import (
    Samples,
    age_at,
    age_years,
    birth_date,
    checked_rate,
    checked_unit,
    equal_length,
    filter_text,
    from_base64,
    hl7_time,
    iso_time,
    leading_number,
    number,
    samples,
    scaled,
    too_many,
)
from ecgcore.readers.xml.parse import Node, parse, root_name
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, is_voltage, mv_per

_ROOT = "ecg"
_SIGNS = re.compile(
    rb"UNITS_PER_MV|SAMPLE_FREQ|TYPICAL_CYCLE|DEMOGRAPHIC_FIELD|ACQUISITION_TIME", re.IGNORECASE
)
_DTYPES = {8: "i1", 16: "<i2", 32: "<i4"}
_IN_WORDS = ("ascii", "text", "decimal")
_NUMBERS = re.compile(r"[\s,;+\-\d]*")
_OTHERWISE = "export the recording as DICOM waveform, SCP-ECG or HL7 aECG"
_GLOBAL = {"vent_rate": ("Ventricular rate", "bpm"), "average_rr": ("RR interval", "ms")}
_CYCLE = {
    "p_duration": ("P duration", "ms"),
    "pr_duration": ("PR interval", "ms"),
    "pr_interval": ("PR interval", "ms"),
    "qrs_duration": ("QRS duration", "ms"),
    "qt": ("QT interval", "ms"),
    "qtc": ("QTc", "ms"),
    "qtb": ("QTc Bazett", "ms"),
    "qtf": ("QTc Fridericia", "ms"),
    "p_axis": ("P axis", "deg"),
    "qrs_axis": ("QRS axis", "deg"),
    "t_axis": ("T axis", "deg"),
}


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is ELI XML."""
    return root_name(head) == _ROOT and bool(_SIGNS.search(head.replace(b"\x00", b"")))


@dataclass
class _Lead:
    """A lead's samples in mV and how the file wrote them."""

    name: str
    gain: str
    fs_hz: float | None
    values: NDArray[np.float32]


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
    leads = _of_one_rate(_leads(root, options, notes), notes)
    fs_hz = checked_rate(leads[0].fs_hz, options, notes)
    names = [lead.name for lead in leads]
    gains = dict.fromkeys(lead.gain for lead in leads)
    cycle = root.first("typical_cycle")
    if cycle is not None and cycle.children:
        notes.append("The typical cycle in the file, computed and no rhythm, was left out.")
    start = _start(root)
    draft = Draft(
        names=names,
        signal=equal_length([lead.values for lead in leads], names, options, notes),
        fs_hz=fs_hz,
        unit=MV,
        provenance=Provenance(
            format="Mortara XML",
            original_fs_hz=fs_hz,
            original_unit=MV,
            original_gain=next(iter(gains)) if len(gains) == 1 else "differs by lead",
            device=_device(root),
            device_filter=filter_text(
                None, leading_number(root.get("low_pass_filter", "source")), None
            ),
            machine_statements=_statements(root),
            machine_measurements=_measurements(root),
        ),
        start=start,
        patient=_patient(root, start, options),
        notes=notes,
    )
    return finish(draft, source)


def _leads(root: Node, options: ReadOptions, notes: list[str]) -> list[_Lead]:
    nodes = [node for node in root.all("channel") if _data(node)]
    if not nodes:
        median = root.first("typical_cycle") is not None
        what = "only a median beat, no rhythm" if median else "no channel with samples"
        raise ReadError(f"The Mortara XML holds {what}; {_OTHERWISE}.")
    if len(nodes) > MAX_LEADS:
        raise ReadError(f"The file has {len(nodes)} leads; 1 to {MAX_LEADS} can be read.")
    _check_offsets(nodes, notes)
    leads, room = [], options.max_samples
    final = chosen_names([node.get("name") for node in nodes], options)
    for node, name in zip(nodes, final, strict=True):
        if name is None:
            continue
        leads.append(_lead(node, name, options, notes))
        room -= leads[-1].values.size
        if room < 0:
            raise too_many(options)
    return leads


def _data(node: Node) -> str:
    return node.get("data") or node.text.strip()


def _check_offsets(nodes: Sequence[Node], notes: list[str]) -> None:
    """Refuse leads with offsets that differ: whether they are steps or samples is not published."""
    offsets = {number(node.get("offset") or "0") for node in nodes}
    if len(offsets) > 1 or None in offsets:
        raise ReadError(
            f"The channels have different values of OFFSET, whose meaning is not known; "
            f"{_OTHERWISE}."
        )
    if offsets != {0.0}:
        notes.append(f"An OFFSET of {offsets.pop():g}, the same in all channels, was not applied.")


def _lead(node: Node, name: str, options: ReadOptions, notes: list[str]) -> _Lead:
    label = shown(name, 16) or "a lead"
    raw = _counted(node, _decoded(node, name, options, notes), label, notes)
    text = node.get("units_per_mv")
    steps = number(text)
    if text and (steps is None or steps <= 0):
        raise ReadError(
            f"{label} has {shown(text, 16)!r} units per mV; a number above 0 is needed."
        )
    if steps is None:
        unit = checked_unit("", name, options, notes)
        if not is_voltage(unit):
            raise ReadError(f"{label} is given in {shown(unit, 12)}; a voltage is needed.")
        scale, gain = mv_per(unit), f"1 {unit} a step"
    else:
        scale, gain = 1 / steps, f"{steps:g} units per mV"
    return _Lead(name, gain, number(node.get("sample_freq")), scaled(raw, scale))


def _decoded(node: Node, name: str, options: ReadOptions, notes: list[str]) -> Samples:
    """Return the samples in steps, from base64 or from numbers in words."""
    label = shown(name, 16) or "a lead"
    coding, kind = node.get("encoding").lower(), node.get("format").lower() or "signed"
    data = _data(node)
    if not coding:
        coding = "ascii" if re.search(r"[\s,;]", data) and _NUMBERS.fullmatch(data) else "base64"
        notes.append(f"The file does not name the coding of its samples; {coding} was read.")
    if coding in _IN_WORDS:
        return samples(data, name, options)
    bits = number(node.get("bits") or "16")
    if coding != "base64" or kind != "signed" or bits not in _DTYPES:
        told = (shown(node.get(key), 12) for key in ("format", "encoding", "bits"))
        raise ReadError(
            f"The samples of {label} are coded as {' '.join(told)} bits; signed base64 of 8, 16 or "
            f"32 bits can be read: {_OTHERWISE}."
        )
    content = from_base64(data, name)
    dtype = np.dtype(_DTYPES[int(bits)])
    if len(content) % dtype.itemsize:
        raise ReadError(f"The samples of {label} are cut off or damaged; export the file again.")
    return np.frombuffer(content, dtype=dtype).astype(np.float64)


def _counted(node: Node, raw: Samples, label: str, notes: list[str]) -> Samples:
    """Return as many samples as the file announces; more are left out, fewer noted."""
    announced = number(node.get("duration"))
    if announced is None or announced < 1 or announced == raw.size:
        return raw
    if raw.size > announced:
        notes.append(f"{label} holds {raw.size} samples, {announced:.0f} were announced and read.")
        return raw[: int(announced)]
    notes.append(
        f"{label} is cut off: {announced:.0f} samples are announced, {raw.size} are there."
    )
    return raw


def _of_one_rate(leads: list[_Lead], notes: list[str]) -> list[_Lead]:
    """Return the leads of the highest rate; name the others."""
    highest = max((lead.fs_hz or 0.0 for lead in leads), default=0.0)
    slower = [lead for lead in leads if (lead.fs_hz or 0.0) < highest]
    if slower:
        names = [f"{shown(lead.name, 16)} ({lead.fs_hz or 0:g} Hz)" for lead in slower]
        notes.append(f"{listed(names)} {were(names)} left out: sampled at a lower rate.")
    return [lead for lead in leads if (lead.fs_hz or 0.0) == highest]


def _start(root: Node) -> datetime | None:
    day, _, clock = root.get("acquisition_time_xml").partition("T")
    return iso_time(day, clock) or hl7_time(root.get("acquisition_time"))


def _device(root: Node) -> str:
    software = root.get("acquiring_device_sw_version", "source")
    words = [root.get("manufacturer", "source"), root.get("model", "source")]
    words.append(f"software {software}" if software else "")
    return shown(" ".join(word for word in words if word), 120)


def _statements(root: Node) -> tuple[str, ...]:
    place = root.first("automatic_interpretation") or Node("none")
    texts = (shown(node.get("text") or node.text, 200) for node in place.each("statement"))
    return tuple(dict.fromkeys(text for text in texts if text))


def _measurements(root: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    cycle = root.first("typical_cycle") or Node("none")
    for node, known in ((root, _GLOBAL), (cycle, _CYCLE)):
        for key, (name, unit) in known.items():
            if number(node.get(key)) is not None:
                found.setdefault(name, f"{shown(node.get(key), 16)} {unit}")
    return found


def _patient(root: Node, start: datetime | None, options: ReadOptions) -> Patient:
    fields = {
        node.get("label").lower().strip(" :"): node.get("value")
        for node in root.each("demographic_field")
    }
    born = root.get("dob", "subject") or root.get("dob_xml", "subject") or fields.get("dob", "")
    age = age_years(root.get("age"), root.get("age_units")) or age_at(birth_date(born), start)
    first = root.get("first_name", "subject") or fields.get("first", "")
    last = root.get("last_name", "subject") or fields.get("last", "")
    identity = {
        "name": f"{first} {last}".strip(),
        "identifier": root.get("id", "subject") or fields.get("id", ""),
        "birth date": born,
    }
    sex = parse_sex(root.get("gender", "subject") or fields.get("sex", ""))
    return make_patient(age, sex, identity, options)
