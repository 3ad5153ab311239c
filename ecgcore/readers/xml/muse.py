"""GE MUSE XML (``RestingECG``): the rhythm, in base64, with the device's measurements."""

import zlib
from collections.abc import Sequence

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    cut_to_announced,
    describe_device,
    describe_leads,
    make_patient_at,
    make_recording,
    name_measurements,
    note_left_out,
    scale_lead,
    take_leads,
)
from ecgcore.readers.text_values import (
    decode_base64,
    describe_filter,
    parse_age_years,
    parse_leading_number,
    parse_number,
    parse_us_time,
)
from ecgcore.readers.xml.parse import Node, parse, sniff_root
from ecgcore.recording import MAX_LEADS, Provenance, Recording
from ecgcore.units import is_voltage

_MAX_NAMED = 8
_MAX_LATE = 1_000_000  # samples
_DTYPES = {1: "i1", 2: "<i2", 4: "<i4"}
_MEASUREMENTS = {
    "ventricularrate": "Ventricular rate",
    "atrialrate": "Atrial rate",
    "printerval": "PR interval",
    "qrsduration": "QRS duration",
    "qtinterval": "QT interval",
    "qtcorrected": "QTc",
    "qtcfrederica": "QTc Fridericia",
    "paxis": "P axis",
    "raxis": "QRS axis",
    "taxis": "T axis",
}
_NOT_THE_MACHINE = (
    "confirmed by",
    "referred by",
    "reviewed by",
    "edited by",
    "electronically signed",
)

sniff = sniff_root("restingecg")


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
    wave = _choose_rhythm(root, notes)
    fs_hz = resolve_rate(_read_rate(wave), options, notes)
    leads = _read_leads(wave, options, notes)
    test, person = root.at("testdemographics"), root.at("patientdemographics")
    start = parse_us_time(test.value("acquisitiondate"), test.value("acquisitiontime"))
    told = Provenance(
        format="GE MUSE XML",
        device=describe_device(
            "GE",
            test.value("acquisitiondevice"),
            software=test.value("acquisitionsoftwareversion"),
        ),
        device_filter=_read_filters(wave),
        machine_statements=_read_statements(root),
        machine_measurements=_read_measurements(root),
    )
    patient = make_patient_at(
        start,
        options,
        names=(person.value("patientfirstname"), person.value("patientlastname")),
        identifier=person.value("patientid"),
        born=person.value("dateofbirth"),
        sex=person.value("gender"),
        age=parse_age_years(person.value("patientage"), person.value("ageunits")),
    )
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _choose_rhythm(root: Node, notes: list[str]) -> Node:
    """Choose the waveform to read, and note those left out."""
    waves = [node for node in root.each("waveform") if node.all("leaddata")]
    medians = [node for node in waves if "median" in node.value("waveformtype").lower()]
    rhythms = [node for node in waves if all(node is not median for median in medians)]
    if not rhythms:
        what = "only median beats, no rhythm" if medians else "no waveform"
        raise ReadError(f"The MUSE XML contains {what}; export it with its rhythm waveform.")
    chosen = max(rhythms, key=_count_characters)
    if medians:
        notes.append("Median beats in the file, computed by the device, were left out.")
    others = [_describe(wave) for wave in rhythms if wave is not chosen]
    if others:
        notes.append(
            f"The file contains {len(rhythms)} rhythm waveforms; the largest was read. Left out: "
            f"{'; '.join(others[:_MAX_NAMED])}."
        )
    return chosen


def _describe(wave: Node) -> str:
    names = [lead.value("leadid") for lead in wave.all("leaddata")[:MAX_LEADS]]
    return describe_leads(names, [_read_rate(wave)])


def _count_characters(wave: Node) -> int:
    return sum(len(lead.value("waveformdata")) for lead in wave.all("leaddata"))


def _read_rate(wave: Node) -> float | None:
    """Return the base times ten to the exponent, in Hz."""
    base, exponent = (
        parse_number(wave.value("samplebase")),
        parse_number(wave.value("sampleexponent") or "0"),
    )
    if base is None or base <= 0 or exponent is None or abs(exponent) > 6:
        return None
    return base * 10.0**exponent


def _read_leads(wave: Node, options: ReadOptions, notes: list[str]) -> list[Lead]:
    nodes = [node for node in wave.all("leaddata") if node.value("waveformdata")]
    empty = [n.value("leadid") for n in wave.all("leaddata") if not n.value("waveformdata")]
    note_left_out(empty, "no samples", notes)
    leads = take_leads(
        nodes,
        [node.value("leadid") for node in nodes],
        lambda node, name: _read_lead(node, name, options, notes),
        options,
    )
    volts = [lead for lead in leads if is_voltage(lead.unit)] or leads
    left = [lead.name for lead in leads if all(lead is not other for other in volts)]
    note_left_out(left, "no voltage", notes)
    return volts


def _read_lead(node: Node, name: str, options: ReadOptions, notes: list[str]) -> Lead:
    label = clean_text(name, 16) or "a lead"
    data = decode_base64(node.value("waveformdata"), name)
    _check_crc(node, data, label, notes)
    size = int(parse_number(node.value("leadsamplesize") or "2") or 0)
    if size not in _DTYPES:
        raise ReadError(f"The samples of {label} have {size} bytes each; 1, 2 or 4 can be read.")
    raw = np.frombuffer(data[: len(data) // size * size], dtype=_DTYPES[size]).astype(np.float64)
    raw = cut_to_announced(raw, parse_number(node.value("leadsamplecounttotal")), label, notes)
    per_bit = parse_number(node.value("leadamplitudeunitsperbit"))
    if per_bit is None or per_bit == 0:
        raise ReadError(
            f"The file does not state the step of {label} in microvolts; export the file again."
        )
    if per_bit < 0:
        notes.append(f"The step of {label} is negative; the lead was inverted accordingly.")
    unit = resolve_unit(node.value("leadamplitudeunits"), name, options, notes)
    lead = scale_lead(name, raw, per_bit, unit)
    if node.value("leadoff").upper() == "TRUE":
        notes.append(f"The device reports that an electrode of {label} was off.")
    before = _count_samples_before(node, label)
    if before:
        notes.append(f"{label} starts {before} samples later; these are marked as absent.")
        absent = np.full(before, np.nan, dtype=np.float32)
        lead.values = np.concatenate([absent, lead.values])
    return lead


def _count_samples_before(node: Node, label: str) -> int:
    """Return how many samples after the waveform's start a lead starts."""
    offset = parse_number(node.value("leadoffsetfirstsample") or "0")
    late = parse_number(node.value("leadtimeoffset") or "0")
    if offset is None or not 0 <= offset <= _MAX_LATE or late not in (None, 0.0):
        raise ReadError(
            f"{label} starts at another time than the other leads, which cannot be read with "
            "certainty; export the file as DICOM waveform."
        )
    return int(offset)


def _check_crc(node: Node, data: bytes, label: str, notes: list[str]) -> None:
    told = parse_number(node.value("leaddatacrc32"))
    if told is not None and told > 0 and int(told) != zlib.crc32(data):
        notes.append(
            f"The checksum of {label} is wrong: its samples may have been changed or damaged."
        )


def _read_filters(wave: Node) -> str:
    """Return the filters in words; MUSE writes the high-pass filter in hundredths of a Hz."""
    high = wave.value("highpassfilter")
    low_hz = parse_leading_number(high)
    if low_hz is not None and "." not in high and low_hz >= 1:
        low_hz /= 100
    return describe_filter(
        low_hz,
        parse_leading_number(wave.value("lowpassfilter")),
        parse_leading_number(wave.value("acfilter")),
    )


def _read_statements(root: Node) -> tuple[str, ...]:
    """Return the machine's statements: before a reader changed them, if kept."""
    diagnosis = root.first("originaldiagnosis") or root.at("diagnosis")
    return tuple(dict.fromkeys(_join_lines(diagnosis.all("diagnosisstatement"))))


def _read_measurements(root: Node) -> dict[str, str]:
    places = ("originalrestingecgmeasurements", "restingecgmeasurements")
    found = (pair for place in places for pair in root.at(place).texts())
    return name_measurements(found, _MEASUREMENTS)


def _join_lines(statements: Sequence[Node]) -> list[str]:
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
    machine = (text for text in lines if text and not text.lower().startswith(_NOT_THE_MACHINE))
    return [clean_text(text, 200) for text in machine]
