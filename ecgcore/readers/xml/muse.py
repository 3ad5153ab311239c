"""GE MUSE XML (``RestingECG``): the rhythm, in base64, with the device's measurements."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import (
    chosen_names,
    finish,
    listed,
    make_patient,
    parse_sex,
    were,
)
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
    leading_number,
    number,
    scaled,
    too_many,
    us_time,
)
from ecgcore.readers.xml.parse import Node, parse, root_name
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_voltage, mv_per

_ROOT = "restingecg"
_MAX_NAMED = 8
_MAX_LATE = 1_000_000  # samples
_DTYPES = {1: "i1", 2: "<i2", 4: "<i4"}
_MEASUREMENTS = {
    "ventricularrate": ("Ventricular rate", "bpm"),
    "atrialrate": ("Atrial rate", "bpm"),
    "printerval": ("PR interval", "ms"),
    "qrsduration": ("QRS duration", "ms"),
    "qtinterval": ("QT interval", "ms"),
    "qtcorrected": ("QTc", "ms"),
    "qtcfrederica": ("QTc Fridericia", "ms"),
    "paxis": ("P axis", "deg"),
    "raxis": ("QRS axis", "deg"),
    "taxis": ("T axis", "deg"),
}


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is GE MUSE XML."""
    return root_name(head) == _ROOT


@dataclass
class _Lead:
    """A lead's samples in mV (or NU) and how the file wrote them."""

    name: str
    unit: str
    gain: str
    values: NDArray[np.float32]


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm of a MUSE XML file; its median beats are left out.

    Raises
    ------
    ReadError
        One sentence: no rhythm, damaged samples.
    MissingInformationError
        Where the file tells neither rate nor unit.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    wave = _rhythm(root, notes)
    fs_hz = checked_rate(_rate(wave), options, notes)
    leads = _leads(wave, options, notes)
    names = [lead.name for lead in leads]
    rows = equal_length([lead.values for lead in leads], names, options, notes)
    start = _start(root)
    statements, measurements = _machine(root)
    gains = dict.fromkeys(lead.gain for lead in leads)
    draft = Draft(
        names=names,
        signal=rows,
        fs_hz=fs_hz,
        unit=MV if is_voltage(leads[0].unit) else NU,
        provenance=Provenance(
            format="GE MUSE XML",
            original_fs_hz=fs_hz,
            original_unit=listed(dict.fromkeys(lead.unit for lead in leads)),
            original_gain=next(iter(gains)) if len(gains) == 1 else "differs by lead",
            device=_device(root),
            device_filter=_filters(wave),
            machine_statements=statements,
            machine_measurements=measurements,
        ),
        start=start,
        patient=_patient(root, start, options),
        notes=notes,
    )
    return finish(draft, source)


def _rhythm(root: Node, notes: list[str]) -> Node:
    """Choose the waveform to read, and note those left out."""
    waves = [node for node in root.each("waveform") if node.all("leaddata")]
    medians = [node for node in waves if "median" in node.value("waveformtype").lower()]
    rhythms = [node for node in waves if all(node is not median for median in medians)]
    if not rhythms:
        what = "only median beats, no rhythm" if medians else "no waveform"
        raise ReadError(f"The MUSE XML holds {what}; export it with its rhythm waveform.")
    chosen = max(rhythms, key=_size)
    if medians:
        notes.append("Median beats in the file, computed and no rhythm: left out.")
    others = [_describe(wave) for wave in rhythms if wave is not chosen]
    if others:
        notes.append(
            f"The file holds {len(rhythms)} rhythm waveforms; the largest was read. Left out: "
            f"{'; '.join(others[:_MAX_NAMED])}."
        )
    return chosen


def _describe(wave: Node) -> str:
    """Name the leads of a waveform and their rate."""
    names = [shown(lead.value("leadid"), 16) for lead in wave.all("leaddata")[:MAX_LEADS]]
    rate = _rate(wave)
    return f"{listed(names)} at {f'{rate:g} Hz' if rate else 'an unknown rate'}"


def _size(wave: Node) -> int:
    return sum(len(lead.value("waveformdata")) for lead in wave.all("leaddata"))


def _rate(wave: Node) -> float | None:
    """Return the base times ten to the exponent, in Hz."""
    base, exponent = number(wave.value("samplebase")), number(wave.value("sampleexponent") or "0")
    if base is None or base <= 0 or exponent is None or abs(exponent) > 6:
        return None
    return base * 10.0**exponent


def _leads(wave: Node, options: ReadOptions, notes: list[str]) -> list[_Lead]:
    nodes = [node for node in wave.all("leaddata") if node.value("waveformdata")]
    empty = [n.value("leadid") for n in wave.all("leaddata") if not n.value("waveformdata")]
    if empty:
        notes.append(f"{listed(shown(e, 16) for e in empty)} {were(empty)} left out: no samples.")
    if not 1 <= len(nodes) <= MAX_LEADS:
        raise ReadError(f"The MUSE XML has {len(nodes)} leads; 1 to {MAX_LEADS} can be read.")
    names = chosen_names([node.value("leadid") for node in nodes], options)
    leads, room = [], options.max_samples
    for node, name in zip(nodes, names, strict=True):
        if name is None:
            continue
        lead = _lead(node, name, options, notes)
        room -= lead.values.size
        if room < 0:
            raise too_many(options)
        leads.append(lead)
    if not leads:
        raise ReadError("No lead is left to read.")
    volts = [lead for lead in leads if is_voltage(lead.unit)] or leads
    left = [shown(lead.name, 16) for lead in leads if all(lead is not other for other in volts)]
    if left:
        notes.append(f"{listed(left)} {were(left)} left out: no voltage.")
    return volts


def _lead(node: Node, name: str, options: ReadOptions, notes: list[str]) -> _Lead:
    label = shown(name, 16) or "a lead"
    data = from_base64(node.value("waveformdata"), name)
    _check_crc(node, data, label, notes)
    size = int(number(node.value("leadsamplesize") or "2") or 0)
    if size not in _DTYPES:
        raise ReadError(f"The samples of {label} have {size} bytes each; 1, 2 or 4 can be read.")
    raw = np.frombuffer(data[: len(data) // size * size], dtype=_DTYPES[size]).astype(np.float64)
    raw = _counted(node, raw, label, notes)
    per_bit = number(node.value("leadamplitudeunitsperbit"))
    if per_bit is None or per_bit == 0:
        raise ReadError(f"The file does not tell the step of {label} in microvolts; export again.")
    if per_bit < 0:
        notes.append(f"The step of {label} is negative; the lead was turned over, as that says.")
    unit = checked_unit(node.value("leadamplitudeunits"), name, options, notes)
    values = scaled(raw, per_bit * (mv_per(unit) if is_voltage(unit) else 1.0))
    if node.value("leadoff").upper() == "TRUE":
        notes.append(f"The device says that an electrode of {label} was off.")
    before = _samples_before(node, label)
    if before:
        notes.append(f"{label} starts {before} samples later; these are marked as absent.")
        values = np.concatenate([np.full(before, np.nan, dtype=np.float32), values])
    return _Lead(name, unit, f"{per_bit:g} {shown(unit, 16)} a step", values)


def _samples_before(node: Node, label: str) -> int:
    """Return how many samples after the waveform's start a lead starts."""
    offset = number(node.value("leadoffsetfirstsample") or "0")
    late = number(node.value("leadtimeoffset") or "0")
    if offset is None or not 0 <= offset <= _MAX_LATE or late not in (None, 0.0):
        raise ReadError(
            f"{label} starts at another time than the other leads, which cannot be read for "
            "certain; export the file as DICOM waveform."
        )
    return int(offset)


def _counted(node: Node, raw: Samples, label: str, notes: list[str]) -> Samples:
    """Return as many samples as the file announces; more are left out, fewer noted."""
    announced = number(node.value("leadsamplecounttotal"))
    if announced is None or announced < 1 or announced == raw.size:
        return raw
    if raw.size > announced:
        notes.append(
            f"{label} holds {raw.size} samples, {announced:.0f} are announced; the rest was left "
            "out."
        )
        return raw[: int(announced)]
    notes.append(
        f"{label} is cut off: {announced:.0f} samples are announced, {raw.size} are there."
    )
    return raw


def _check_crc(node: Node, data: bytes, label: str, notes: list[str]) -> None:
    told = number(node.value("leaddatacrc32"))
    if told is not None and told > 0 and int(told) != zlib.crc32(data):
        notes.append(
            f"The checksum of {label} does not agree: its samples may have been changed or damaged."
        )


def _filters(wave: Node) -> str:
    """Return the filters in words; MUSE writes the high-pass filter in hundredths of a Hz."""
    high = wave.value("highpassfilter")
    low_hz = leading_number(high)
    if low_hz is not None and "." not in high and low_hz >= 1:
        low_hz /= 100
    return filter_text(
        low_hz,
        leading_number(wave.value("lowpassfilter")),
        leading_number(wave.value("acfilter")),
    )


def _device(root: Node) -> str:
    test = root.first("testdemographics") or Node("testdemographics")
    model, software = test.value("acquisitiondevice"), test.value("acquisitionsoftwareversion")
    words = ["GE", model, f"software {software}" if software else ""]
    return shown(" ".join(word for word in words if word), 120)


def _machine(root: Node) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the machine's statements and measurements: before a reader changed them, if kept."""
    diagnosis = root.first("originaldiagnosis") or root.first("diagnosis")
    lines = _lines(diagnosis.all("diagnosisstatement")) if diagnosis is not None else []
    values: dict[str, str] = {}
    for place in ("originalrestingecgmeasurements", "restingecgmeasurements"):
        node = root.first(place)
        for child in node.children if node is not None else ():
            if child.name in _MEASUREMENTS and number(child.text) is not None:
                name, unit = _MEASUREMENTS[child.name]
                values.setdefault(name, f"{shown(child.text, 16)} {unit}")
    return tuple(dict.fromkeys(lines)), values


def _lines(statements: Sequence[Node]) -> list[str]:
    """Join the parts of a line; a confirming person's line is no statement of the machine."""
    lines: list[str] = []
    open_line = ""
    for node in statements:
        open_line = f"{open_line} {node.value('stmttext')}".strip()
        flags = [flag.text.strip().upper() for flag in node.all("stmtflag")]
        if "ENDSLINE" in flags or not flags:
            lines.append(open_line)
            open_line = ""
    lines.append(open_line)
    person = ("confirmed by", "referred by", "reviewed by", "edited by", "electronically signed")
    return [shown(text, 200) for text in lines if text and not text.lower().startswith(person)]


def _start(root: Node) -> datetime | None:
    test = root.first("testdemographics") or Node("testdemographics")
    return us_time(test.value("acquisitiondate"), test.value("acquisitiontime"))


def _patient(root: Node, start: datetime | None, options: ReadOptions) -> Patient:
    person = root.first("patientdemographics") or Node("patientdemographics")
    age = age_years(person.value("patientage"), person.value("ageunits"))
    born = person.value("dateofbirth")
    if age is None:
        age = age_at(birth_date(born), start)
    names = (person.value("patientfirstname"), person.value("patientlastname"))
    identity = {
        "name": " ".join(name for name in names if name),
        "identifier": person.value("patientid"),
        "birth date": born,
    }
    return make_patient(age, parse_sex(person.value("gender")), identity, options)
