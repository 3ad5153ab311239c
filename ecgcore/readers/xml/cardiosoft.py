"""GE CardioSoft and CASE XML (``CardiologyXML``): strips and full disclosure.

Samples are comma-separated numbers in steps of ``Resolution``; median beats are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    check_lead_count,
    choose_rows,
    describe_device,
    describe_leads,
    make_patient_at,
    make_recording,
    name_measurements,
    scale_lead,
)
from ecgcore.readers.text_values import (
    Samples,
    describe_filter,
    parse_age_years,
    parse_iso_time,
    parse_leading_number,
    parse_number,
    parse_samples,
    refuse_samples,
    stack_rows,
)
from ecgcore.readers.xml.parse import Node, parse, sniff_root
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording

_PER_LSB = re.compile(r"\s*([^\s/]+?)\s*(?:per|/)\s*(?:lsb|bit)\s*", re.IGNORECASE)
# How much smoother the leads must be in blocks of a second for that order to be believed.
_CLEARLY = 1.2
_MAX_NAMED = 8
_LOOKED_AT = 30  # seconds
_MEASUREMENTS = {
    "ventricularrate": "Ventricular rate",
    "atrialrate": "Atrial rate",
    "rrinterval": "RR interval",
    "ppinterval": "PP interval",
    "pduration": "P duration",
    "pqinterval": "PQ interval",
    "printerval": "PR interval",
    "qrsduration": "QRS duration",
    "qtinterval": "QT interval",
    "qtcinterval": "QTc",
    "paxis": "P axis",
    "raxis": "QRS axis",
    "taxis": "T axis",
}

sniff = sniff_root("cardiologyxml")


@dataclass
class _Strip:
    """A stretch of leads recorded together; rate and step may stand in what it lies in."""

    node: Node
    rate_text: str
    resolution: Node
    full: bool = False

    @property
    def n_leads(self) -> int:
        """Number of leads."""
        if self.full:
            return len(_read_lead_order(self.node))
        return len(self.node.all("waveformdata"))

    @property
    def size(self) -> int:
        """Characters of all its samples."""
        name = "fulldisclosuredata" if self.full else "waveformdata"
        return sum(len(node.text) for node in self.node.all(name))


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the strip or the full disclosure with the most leads, and of those the longest.

    Raises
    ------
    ReadError
        One sentence: no waveform, damaged samples.
    MissingInformationError
        Where the file tells neither rate nor unit.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    strip = _choose_strip(root, notes)
    fs_hz = resolve_rate(parse_leading_number(strip.rate_text), options, notes)
    names, rows = (_read_full_disclosure if strip.full else _read_strip)(
        strip, fs_hz, options, notes
    )
    step = parse_leading_number(strip.resolution.text)
    if step is None or step <= 0:
        raise ReadError("The file does not state the resolution of its samples; export it again.")
    match = _PER_LSB.fullmatch(strip.resolution.get("units"))
    unit = resolve_unit(match[1] if match else "", "the samples", options, notes)
    kept, names = choose_rows(names, options)
    leads = [scale_lead(name, rows[i], step, unit) for i, name in zip(kept, names, strict=True)]
    start = _read_time(root.at("observationdatetime"))
    device = root.within("deviceinfo")
    told = Provenance(
        format="GE CardioSoft XML",
        device=describe_device("GE", device.value("desc"), software=device.value("softwarever")),
        device_filter=_read_filters(root.within("filtersetting")),
        machine_statements=_read_statements(root),
        machine_measurements=name_measurements(
            root.within("restingecgmeasurements", "restecgmeasurements").texts(), _MEASUREMENTS
        ),
    )
    patient = _read_patient(root.within("patientinfo"), start, options)
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _walk_strips(node: Node, rate: str, resolution: Node) -> Iterator[_Strip]:
    """Yield the strips in an element and in those within, median beats excepted."""
    rate = node.value("samplerate") or rate
    resolution = node.first("resolution") or resolution
    if node.all("waveformdata"):
        yield _Strip(node, rate, resolution)
    if node.all("fulldisclosuredata"):
        yield _Strip(node, rate, resolution, full=True)
    for child in node.children:
        if "median" not in child.name and "average" not in child.name:
            yield from _walk_strips(child, rate, resolution)


def _choose_strip(root: Node, notes: list[str]) -> _Strip:
    every = [strip for strip in _walk_strips(root, "", Node("resolution")) if strip.size]
    medians = root.find("mediansamples") is not None
    if not every:
        what = "only median beats, no rhythm" if medians else "no waveform"
        raise ReadError(f"The CardioSoft XML contains {what}; export it with its waveforms.")
    if medians:
        notes.append("Median beats in the file, computed by the device, were left out.")
    chosen = max(every, key=lambda strip: (strip.n_leads, strip.size))
    if len(every) > 1:
        which = "full disclosure" if chosen.full else "strip with the most samples"
        others = [_describe(strip) for strip in every if strip is not chosen]
        notes.append(
            f"The file contains {len(every)} waveforms; the {which} was read. Left out: "
            f"{'; '.join(others[:_MAX_NAMED])}."
        )
    return chosen


def _describe(strip: _Strip) -> str:
    nodes = strip.node.all("waveformdata")
    names = _read_lead_order(strip.node) if strip.full else [node.get("lead") for node in nodes]
    return describe_leads(names[:MAX_LEADS], [parse_leading_number(strip.rate_text)])


def _read_strip(
    strip: _Strip, fs_hz: float, options: ReadOptions, notes: list[str]
) -> tuple[list[str], Samples]:
    nodes = strip.node.all("waveformdata")
    check_lead_count(len(nodes))
    names = [node.get("lead") for node in nodes]
    rows, room = [], options.max_samples
    for name, node in zip(names, nodes, strict=True):
        rows.append(parse_samples(node.text, name, options))
        room -= rows[-1].size
        if room < 0:
            raise refuse_samples(options)
    whole = stack_rows(rows, names, options, notes)
    announced = parse_number(strip.node.value("channelsamplecounttotal"))
    if announced is not None and announced != whole.shape[1]:
        notes.append(
            f"The file declares {announced:g} samples per lead and contains {whole.shape[1]}; "
            "these were read."
        )
    return names, whole


def _read_lead_order(node: Node) -> list[str]:
    return [name for name in re.split(r"[\s,;]+", node.value("leadorder")) if name]


def _read_full_disclosure(
    strip: _Strip, fs_hz: float, options: ReadOptions, notes: list[str]
) -> tuple[list[str], Samples]:
    """Return the leads of a full disclosure.

    Its files say that samples alternate lead by lead; there are some in which blocks of one second
    do.  The order in which the traces are clearly smoother is the right one.
    """
    names = _read_lead_order(strip.node)
    check_lead_count(len(names))
    texts = [node.text for node in strip.node.all("fulldisclosuredata")]
    text = texts[0] if len(texts) == 1 else ",".join(texts)
    flat = parse_samples(text, "the full disclosure", options)
    if flat.size < len(names):
        raise ReadError("The full disclosure contains no samples.")
    rows = _split_alternating(flat, len(names))
    block = round(fs_hz)
    some = flat[: _LOOKED_AT * block * len(names)]
    if block and len(names) > 1 and some.size >= block * len(names):
        in_blocks = _measure_roughness(_split_blocks(some, len(names), block))
        if in_blocks * _CLEARLY < _measure_roughness(_split_alternating(some, len(names))):
            rows = _split_blocks(flat, len(names), block)
            notes.append("The samples stand in blocks of one second, lead after lead.")
    left = flat.size - rows.size
    if left:
        notes.append(f"{left} samples at the end do not fill all leads and were left out.")
    return names, rows


def _split_alternating(flat: Samples, n_leads: int) -> Samples:
    return flat[: flat.size // n_leads * n_leads].reshape(-1, n_leads).T


def _split_blocks(flat: Samples, n_leads: int, block: int) -> Samples:
    whole = flat[: flat.size // (block * n_leads) * block * n_leads]
    return whole.reshape(-1, n_leads, block).transpose(1, 0, 2).reshape(n_leads, -1)


def _measure_roughness(rows: Samples) -> float:
    """Return the mean step between neighbours."""
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.abs(np.diff(rows, axis=1))
        known = steps[np.isfinite(steps)]
        return float(known.mean()) if known.size else 0.0


def _read_time(node: Node) -> datetime | None:
    parts = {name: parse_number(node.value(name)) for name in ("year", "month", "day")}
    if any(value is None for value in parts.values()):
        return None
    day = "-".join(f"{int(value or 0):02}" for value in parts.values())
    clock = ":".join(
        f"{int(parse_number(node.value(n)) or 0):02}" for n in ("hour", "minute", "second")
    )
    return parse_iso_time(day, clock)


def _read_filters(node: Node) -> str:
    notch = [hz for hz in (50.0, 60.0) if node.value(f"filter{hz:.0f}hz").lower() == "yes"]
    text = describe_filter(
        parse_leading_number(node.value("highpass")),
        parse_leading_number(node.value("lowpass")),
        notch[0] if notch else None,
    )
    spline = "baseline by cubic spline" if node.value("cubicspline").lower() == "yes" else ""
    return ", ".join(part for part in (text, spline) if part)


def _read_statements(root: Node) -> tuple[str, ...]:
    statements = [
        clean_text(node.text, 200)
        for place in root.each("interpretation")
        for node in place.each("diagnosistext", "statement", "statementtext")
        if node.text.strip()
    ]
    return tuple(dict.fromkeys(statements))


def _read_patient(person: Node, start: datetime | None, options: ReadOptions) -> Patient:
    birth = _read_time(person.at("birthdatetime"))
    return make_patient_at(
        start,
        options,
        names=(person.value("name", "givenname"), person.value("name", "familyname")),
        identifier=person.value("pid"),
        born=birth.date().isoformat() if birth else person.value("birthdatetime"),
        sex=person.value("gender"),
        age=parse_age_years(person.value("age"), person.get("units", "age")),
    )
