"""Philips Sierra XML (``restingecgdata``, versions 1.03, 1.04, 1.04.01).

Read after Philips' published schema: samples lead after lead, as text or base64, plain or
compressed with XLI.  Representative beats stand elsewhere and are no rhythm.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import LIMB_6, STANDARD_12
from ecgcore.readers.asking import resolve_rate
from ecgcore.readers.assemble import join_words, was_or_were
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    choose_rows,
    describe_device,
    make_patient_at,
    make_recording,
    name_measurements,
    scale_lead,
)
from ecgcore.readers.text_values import (
    Samples,
    decode_base64,
    describe_filter,
    limit_with_gaps,
    parse_age_years,
    parse_iso_time,
    parse_number,
    parse_samples,
    refuse_samples,
    stack_rows,
)
from ecgcore.readers.xml import xli
from ecgcore.readers.xml.parse import Node, parse, sniff_root
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import mv_per

_VERSIONS = ("1.03", "1.04", "1.04.01", "1.04.02")
# What the schema calls the usual placement; such files name no leads.
_STANDARD = ("STD-12", "10-WIRE", "STD", "12-LEAD")
# What takes seconds to unpack; a cardiograph's recording has some 100,000.
_MAX_COMPRESSED = 20_000_000
_MAX_START_MS = 1e9
_CALIBRATION_UV = 1000.0
_CALIBRATION_S = 0.1
_MEASUREMENTS = {
    "heartrate": "Ventricular rate",
    "atrialrate": "Atrial rate",
    "rrint": "RR interval",
    "pdur": "P duration",
    "print": "PR interval",
    "meanprint": "PR interval",
    "qrsdur": "QRS duration",
    "meanqrsdur": "QRS duration",
    "qtint": "QT interval",
    "meanqtint": "QT interval",
    "meanqtc": "QTc",
    "qtcb": "QTc Bazett",
    "qtcf": "QTc Fridericia",
    "pfrontaxis": "P axis",
    "qrsfrontaxis": "QRS axis",
    "tfrontaxis": "T axis",
}

sniff = sniff_root("restingecgdata")


@dataclass
class _Wave:
    """How the samples are stored."""

    node: Node
    fs_hz: float
    uv_per_step: float
    offset: float
    duration_ms: float | None
    labels: list[str]

    @property
    def n_samples(self) -> int | None:
        """Samples of each lead, if the file tells."""
        if self.duration_ms is None:
            return None
        return round(self.duration_ms * self.fs_hz / 1000)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm of a Philips Sierra XML file.

    In XLI data the leads III, aVR, aVL and aVF are stored as their difference from what I and II
    give; they are put together again here.

    Raises
    ------
    ReadError
        One sentence: no samples, an unknown coding, damaged or cut-off samples.
    MissingInformationError
        Where the file tells neither rate nor lead names.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    version = root.value("documentinfo", "documentversion")
    if version not in _VERSIONS:
        notes.append(
            f"The file is of version {clean_text(version, 16) or 'unknown'}; it was read as 1.04."
        )
    signal = root.within("signalcharacteristics")
    wave = _read_wave(_find_waveforms(root), signal, options, notes)
    names, steps = _read_steps(wave, signal, options, notes)
    steps = _mark_calibration(names, steps, wave, notes)
    if root.find("repbeat") is not None:
        notes.append("Representative beats in the file, computed by the device, were left out.")
    step, zero_mv = wave.uv_per_step, -wave.offset * (wave.uv_per_step * mv_per("uV"))
    kept, names = choose_rows(names, options)
    leads = [
        scale_lead(name, steps[i], step, "uV", zero_mv) for i, name in zip(kept, names, strict=True)
    ]
    told = Provenance(
        format="Philips XML",
        device=describe_device("Philips", root.value("dataacquisition", "machine")),
        device_filter=_read_filters(signal, wave.node),
        machine_statements=_read_statements(root),
        machine_measurements=_read_measurements(root),
    )
    start = _read_start(root)
    patient = _read_patient(root.at("patient", "generalpatientdata"), start, options)
    return make_recording(
        leads, wave.fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _find_waveforms(root: Node) -> Node:
    for name in ("parsedwaveforms", "leadwaveforms"):
        for node in root.each(name):
            if node.text.strip() or node.all("leadwaveform"):
                return node
    if root.find("unparsedwaveforms") is not None:
        raise ReadError(
            "The samples are in another file named in the XML; export them within the XML."
        )
    raise ReadError("The Philips XML contains no waveform; export it with its waveforms.")


def _read_wave(node: Node, signal: Node, options: ReadOptions, notes: list[str]) -> _Wave:
    """Take rate, resolution and lead names from the waveform, or from what stands before it."""
    fs_hz = parse_number(node.get("samplespersecond")) or parse_number(signal.value("samplingrate"))
    texts = [
        node.get("resolution"),
        signal.value("resolution"),
        signal.value("signalresolution"),
    ]
    resolution = next((value for text in texts if (value := parse_number(text)) is not None), None)
    if resolution is None or resolution <= 0:
        raise ReadError("The Philips XML does not state its resolution in uV; export it again.")
    offset = node.get("signaloffset") or signal.value("signaloffset")
    duration = parse_number(node.get("durationperchannel"))
    rate = resolve_rate(fs_hz, options, notes)
    if duration is not None and not 0 < duration * rate / 1000 <= options.max_samples:
        raise ReadError(f"The Philips XML declares {duration:g} ms per lead; that cannot be read.")
    return _Wave(
        node=node,
        fs_hz=rate,
        uv_per_step=resolution,
        offset=parse_number(offset) or 0.0,
        duration_ms=duration,
        labels=_read_labels(node, signal),
    )


def _read_labels(node: Node, signal: Node) -> list[str]:
    """Return the leads' names in the order of their samples; empty where the file tells none."""
    labels = node.get("leadlabels").split()
    wanted = parse_number(node.get("numberofleads"))
    if labels:
        return labels[: int(wanted)] if wanted and wanted >= 1 else labels
    texts = (signal.value("numberchannelsvalid"), signal.value("numberchannelsallocated"))
    channels = next((int(value) for text in texts if (value := parse_number(text))), 0)
    kind = (signal.value("acquisitiontype") or signal.value("leadset")).upper()
    if kind in _STANDARD and channels >= len(STANDARD_12):
        return list(STANDARD_12)
    return []


def _read_steps(
    wave: _Wave, signal: Node, options: ReadOptions, notes: list[str]
) -> tuple[list[str], Samples]:
    """Return lead names and samples in steps, shape (n_leads, n_samples)."""
    if wave.node.name == "leadwaveforms":
        return _read_single_leads(wave, signal, options, notes)
    method = wave.node.get("compression") or wave.node.get("compressmethod")
    compressed = method.upper() not in ("", "NONE", "UNCOMPRESSED")
    if wave.node.get("compressflag").lower() == "false":
        compressed = False
    labels = wave.labels or list(options.lead_names or ())
    if not labels:
        raise MissingInformationError(
            "The names of the leads are not in the file. Enter them.",
            ("lead_names",),
        )
    if compressed and method.upper() != "XLI":
        raise ReadError(
            f"The samples are compressed by {clean_text(method, 16)}, which is not supported; "
            "export the file uncompressed or as DICOM waveform."
        )
    rows = (_unpack_xli if compressed else _split_plain)(wave, signal, labels, options)
    if len(rows) < len(labels):
        raise ReadError(
            f"The samples are cut off: {len(labels)} leads are declared, {len(rows)} are present."
        )
    steps = stack_rows(rows, labels, options, notes)
    _note_length(steps, wave, notes)
    if compressed:
        labels, steps = _restore_limb_leads(labels, steps, notes)
    return labels, steps


def _note_length(steps: Samples, wave: _Wave, notes: list[str]) -> None:
    if wave.n_samples is not None and steps.shape[1] != wave.n_samples:
        notes.append(
            f"The file declares {wave.n_samples} samples per lead and contains {steps.shape[1]}; "
            "these were read."
        )


def _unpack_xli(
    wave: _Wave, signal: Node, labels: list[str], options: ReadOptions
) -> list[Samples]:
    if wave.n_samples is None:
        raise ReadError("The Philips XML does not state the length of its leads; export it again.")
    most = min(options.max_samples, _MAX_COMPRESSED)
    if wave.n_samples * len(labels) > most or len(labels) > MAX_LEADS:
        raise refuse_samples(options)
    data = decode_base64(wave.node.text, "the Philips XML")
    parts = xli.split_chunks(data, len(labels))
    return [xli.decode_lead(*part, wave.n_samples).astype(np.float64) for part in parts]


def _split_plain(
    wave: _Wave, signal: Node, labels: list[str], options: ReadOptions
) -> list[Samples]:
    values = _decode_values(wave.node.text, wave.node, signal, options)
    each = wave.n_samples or values.size // len(labels)
    if values.size < each * len(labels):
        each = values.size // len(labels)
    if each < 1:
        raise ReadError("The Philips XML contains no samples; export it again.")
    return [values[i * each : (i + 1) * each] for i in range(len(labels))]


def _decode_values(text: str, attributes: Node, signal: Node, options: ReadOptions) -> Samples:
    """Return uncompressed samples: text, base64 or hexadecimal."""
    encoding = attributes.get("dataencoding").lower()
    if encoding == "plain":
        return parse_samples(text, "the Philips XML", options)
    if encoding == "base64":
        data = decode_base64(text, "the Philips XML")
    elif encoding == "hex":
        try:
            data = bytes.fromhex(text)
        except ValueError as error:
            raise ReadError("The samples are not valid hexadecimal digits.") from error
    else:
        raise ReadError(
            f"The samples are encoded as {clean_text(encoding, 16)!r}, which is not supported."
        )
    texts = (
        attributes.get("bitspersample"),
        attributes.get("nbitspersample"),
        signal.value("bitspersample"),
    )
    bits = next((int(value) for t in texts if (value := parse_number(t)) is not None), 16)
    if bits not in (8, 16, 32):
        raise ReadError(f"The samples have {bits} bits; 8, 16 or 32 can be read.")
    signed = (attributes.get("signalsigned") or signal.value("signalsigned")).lower() != "false"
    size = bits // 8
    if len(data) // size > options.max_samples:
        raise refuse_samples(options)
    dtype = np.dtype(f"<{'i' if signed else 'u'}{size}")
    return np.frombuffer(data[: len(data) // size * size], dtype=dtype).astype(np.float64)


def _read_single_leads(
    wave: _Wave, signal: Node, options: ReadOptions, notes: list[str]
) -> tuple[list[str], Samples]:
    """Read leads that stand one by one, each with its own start."""
    if wave.node.get("compression"):
        raise ReadError(
            "The leads are compressed one by one, which is not supported; export the file again."
        )
    names, rows = [], []
    room = limit_with_gaps(options)
    for lead in wave.node.all("leadwaveform")[: MAX_LEADS + 1]:
        values = _decode_values(lead.text, wave.node, signal, options)
        start_ms = parse_number(lead.get("starttime")) or 0.0
        if not 0 <= start_ms <= _MAX_START_MS:
            raise ReadError(
                f"A lead starts {start_ms:g} ms after the recording; that is impossible."
            )
        before = round(start_ms * wave.fs_hz / 1000)
        room -= values.size + before
        if room < 0:
            raise refuse_samples(options)
        names.append(lead.get("leadname"))
        rows.append(np.concatenate([np.full(before, np.nan), values]))
    return names, stack_rows(rows, names, options, notes)


def _restore_limb_leads(
    labels: list[str], steps: Samples, notes: list[str]
) -> tuple[list[str], Samples]:
    """Put III, aVR, aVL and aVF together from I, II and their stored differences.

    Half steps are rounded down, as the published decoder does; a decoder that rounds them toward
    zero differs by one step (5 uV) in the augmented leads.
    """
    place = {name.lower(): i for i, name in enumerate(labels)}
    if tuple(label.lower() for label in labels[:6]) == tuple(name.lower() for name in LIMB_6):
        i, ii = steps[0], steps[1]
        iii = ii - i - steps[2]
        whole = steps.copy()
        whole[2] = iii
        whole[3] = -np.floor((i + ii) / 2) - steps[3]
        whole[4] = np.floor((i - iii) / 2) - steps[4]
        whole[5] = np.floor((ii + iii) / 2) - steps[5]
        return labels, whole
    stored = [name for name in LIMB_6[2:] if name.lower() in place]
    if not stored:
        return labels, steps
    # In another order it is not known what their differences refer to.
    keep = [k for k, label in enumerate(labels) if label.lower() not in map(str.lower, stored)]
    notes.append(
        f"{join_words(stored)} {was_or_were(stored)} not read: the leads stand in an unusual "
        "order, in which their stored differences cannot be resolved."
    )
    return [labels[k] for k in keep], steps[keep]


def _mark_calibration(names: list[str], steps: Samples, wave: _Wave, notes: list[str]) -> Samples:
    """Mark the device's 1 mV calibration at the end of all leads as absent: it is no ECG.

    It is certain where I, II and aVR stand at 1 mV together, which no heart does: aVR would be
    -1 mV.  Without these leads it is told only.
    """
    mark = wave.offset + np.round(_CALIBRATION_UV / wave.uv_per_step)
    high = np.all(np.abs(steps - mark) <= 1, axis=0)
    ends = np.flatnonzero(~(np.all(steps == wave.offset, axis=0) | high))
    first = int(ends[-1]) + 1 if ends.size else 0
    if high[first:].sum() < _CALIBRATION_S * wave.fs_hz:
        return steps
    what = f"The last {(steps.shape[1] - first) / wave.fs_hz:.2g} s of all leads"
    mark_words = "the device's 1 mV calibration mark, not ECG"
    if first == 0 or not {"i", "ii", "avr"} <= {name.strip().lower() for name in names}:
        notes.append(f"{what} are {mark_words}.")
        return steps
    notes.append(f"{what} are {mark_words}; they are marked as absent.")
    steps = steps.copy()
    steps[:, first:] = np.nan
    return steps


def _read_filters(signal: Node, node: Node) -> str:
    """Return the filters of the stored samples; those of the printed report are others."""
    low = parse_number(node.get("hipass") or signal.value("hipass"))
    high = parse_number(node.get("lowpass") or signal.value("lowpass"))
    band = re.fullmatch(r"\s*([\d.]+)\s*-\s*([\d.]+)\s*", signal.value("signalbandwidth"))
    if low is None and high is None and band:
        low, high = parse_number(band[1]), parse_number(band[2])
    notched = node.get("notchfiltered").lower() == "true"
    freqs = node.get("notchfilterfreqs").split()
    return describe_filter(low, high, parse_number(freqs[0]) if notched and freqs else None)


def _read_statements(root: Node) -> tuple[str, ...]:
    """Return the machine's latest statements, not those that an editor changed."""
    latest = _find_latest_interpretation(root)
    statements = []
    for node in latest.all("statement"):
        if node.get("editedflag").lower() != "true":
            left, right = node.value("leftstatement"), node.value("rightstatement")
            text = f"{left} ({right})" if left and right else left or right
            statements += [clean_text(text, 200)] if text else []
    severity = latest.value("severity").strip(" -")
    if severity and statements:
        statements.append(clean_text(severity, 200))
    return tuple(dict.fromkeys(statements))


def _read_measurements(root: Node) -> dict[str, str]:
    latest = _find_latest_interpretation(root)
    places = (
        latest.at("globalmeasurements"),
        latest.at("interpretationmeasurements"),
        root.at("measurements", "globalmeasurements"),
        root.at("internalmeasurements", "crossleadmeasurements"),
    )
    return name_measurements((pair for place in places for pair in place.texts()), _MEASUREMENTS)


def _find_latest_interpretation(root: Node) -> Node:
    return next(reversed(list(root.each("interpretation"))), Node(""))


def _read_start(root: Node) -> datetime | None:
    places = (root.at("dataacquisition"), root.at("reportinfo"))
    starts = (parse_iso_time(node.get("date"), node.get("time")) for node in places)
    return next((start for start in starts if start is not None), None)


def _read_patient(person: Node, start: datetime | None, options: ReadOptions) -> Patient:
    units = ("years", "months", "weeks", "days", "hours")
    ages = (parse_age_years(person.value("age", unit), unit) for unit in units)
    return make_patient_at(
        start,
        options,
        names=(person.value("name", part) for part in ("firstname", "middlename", "lastname")),
        identifier=person.value("mrn") or person.value("patientid"),
        born=person.value("age", "dateofbirth") or person.value("dateofbirth"),
        sex=person.value("sex"),
        age=next((age for age in ages if age is not None), None),
    )
