"""AliveCor Kardia JSON: a recording as the Kardia API gives it.

By its documentation ``data.raw`` and ``data.enhanced`` (filtered by AliveCor) hold ``frequency``
in Hz, ``amplitudeResolution`` in nanovolts a step, and ``samples`` of each lead in steps.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.assemble import make_patient
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    describe_device,
    make_recording,
    scale_lead,
    take_leads,
)
from ecgcore.readers.json.text import load_json
from ecgcore.readers.text_values import parse_iso_time, parse_number
from ecgcore.recording import MAX_LEADS, Provenance, Recording

_KEYS = re.compile(
    rb'"(?:amplitudeResolution|mainsFrequency|algorithmDetermination|data12L)"\s*:', re.IGNORECASE
)
_RATES = ("frequency", "samplingfrequency", "samplingrate", "samplerate")
_BLOCKS = ("raw", "enhanced")
Json = Mapping[str, Any]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a Kardia recording."""
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")[:1]
    return start in (b"{", b"[") and has_keys(head)


def has_keys(data: bytes) -> bool:
    """Return whether JSON has a key that only Kardia's has; its samples may come before it."""
    return bool(_KEYS.search(data.replace(b"\x00", b"")))


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the unfiltered leads, or the filtered ones where there are no others.

    Raises
    ------
    ReadError
        One sentence: no samples, several recordings, a 12-lead recording without a resolution.
    MissingInformationError
        Where the file tells neither rate nor resolution.
    """
    notes: list[str] = []
    document = _take_document(load_json(source.data, notes))
    block, kind = _choose_block(document, notes)
    resolution = _as_number(block, "amplituderesolution")
    if resolution is not None and resolution <= 0:
        raise ReadError(f"The amplitude resolution is {resolution:g} nV; it must be above 0.")
    unit = "nV" if resolution else resolve_unit("", "the samples", options, notes)
    fs_hz = resolve_rate(_read_rate(block), options, notes)
    leads = _read_leads(block, resolution or 1.0, unit, options, notes)
    told = Provenance(
        format="Kardia JSON",
        device=_read_device(document),
        device_filter="AliveCor enhanced" if kind == "enhanced" else "",
        machine_statements=_read_statements(document),
        machine_measurements=_read_measurements(document),
    )
    start = _read_start(document)
    patient = make_patient(None, None, {"identifier": _as_text(document, "patientid")}, options)
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _lower_keys(value: Any) -> dict[str, Any]:
    return {str(k).lower(): v for k, v in value.items()} if isinstance(value, Mapping) else {}


def _take_document(content: Any) -> Json:
    if isinstance(content, list) and len(content) > 1:
        raise ReadError(f"The JSON contains {len(content)} Kardia recordings; save one at a time.")
    return _lower_keys(content[0] if isinstance(content, list) and content else content)


def _choose_block(document: Json, notes: list[str]) -> tuple[Json, str]:
    """Return the unfiltered or else the filtered samples, and which they are."""
    data = _lower_keys(document.get("data"))
    found = {kind: _lower_keys(data.get(kind)) for kind in _BLOCKS}
    there = [kind for kind in _BLOCKS if _find_samples(found[kind])]
    if there:
        if len(there) > 1:
            notes.append("The copy filtered by AliveCor (enhanced) was left out.")
        return found[there[0]], there[0]
    for block in (
        data,
        document,
        _lower_keys(document.get("raw")),
        _lower_keys(document.get("enhanced")),
    ):
        if _find_samples(block):
            return block, "enhanced" if block is not data and "enhanced" in document else "raw"
    if "data12l" in document:
        raise ReadError(
            "This is a Kardia 12L recording, whose layout is not published; download it as PDF or "
            "ATC, or export it from the hospital's archive as DICOM waveform."
        )
    raise ReadError(
        "The Kardia JSON contains no samples; ask the Kardia API for the recording with its "
        "samples, or download it as ATC."
    )


def _find_samples(block: Json) -> Any:
    return block.get("samples") or block.get("leads")


def _read_rate(block: Json) -> float | None:
    return next((r for r in (_as_number(block, key) for key in _RATES) if r is not None), None)


def _read_leads(
    block: Json, step: float, unit: str, options: ReadOptions, notes: list[str]
) -> list[Lead]:
    written = _find_samples(block)
    if isinstance(written, list):
        written = {"": written}
    if not isinstance(written, Mapping) or not 1 <= len(written) <= MAX_LEADS:
        raise ReadError(
            f"The Kardia JSON has no list of samples for each of 1 to {MAX_LEADS} leads."
        )
    plain = [re.sub(r"^lead[\s_]*(?=.)", "", str(name), flags=re.IGNORECASE) for name in written]
    if plain == [""] and not options.lead_names:
        raise MissingInformationError(
            "The name of the lead is not in the file. Enter it.", ("lead_names",)
        )
    announced = _as_number(block, "numleads")
    if announced is not None and announced != len(written):
        notes.append(f"The file declares {announced:g} leads and contains {len(written)}.")

    def take(values: Any, name: str) -> Lead:
        return scale_lead(name, _read_row(name, values), step, unit)

    return take_leads(list(written.values()), plain, take, options)


def _read_row(name: str, values: Any) -> NDArray[np.float64]:
    kinds = set(map(type, values)) if isinstance(values, list) else {object}
    if not kinds <= {int, float, type(None)}:
        raise ReadError(
            f"The samples of {clean_text(name, 16) or 'a lead'} are not a list of numbers."
        )
    try:
        return np.array(values, dtype=np.float64)  # None becomes NaN
    except OverflowError as error:
        raise ReadError(f"A sample of {clean_text(name, 16)} is too large.") from error


def _as_number(values: Json, key: str) -> float | None:
    value = values.get(key)
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 1e30 else None


def _as_text(values: Json, key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _read_start(document: Json) -> datetime | None:
    day, _, clock = _as_text(document, "recordedat").partition("T")
    return parse_iso_time(day, clock)


def _read_device(document: Json) -> str:
    info = _lower_keys(document.get("deviceinfo"))
    return describe_device(
        "AliveCor", _as_text(info, "hardwaretype"), _as_text(info, "firmwarerevision")
    )


def _read_statements(document: Json) -> tuple[str, ...]:
    text = clean_text(_as_text(document, "algorithmdetermination").replace("_", " "), 200)
    return (f"AliveCor: {text}",) if text else ()


def _read_measurements(document: Json) -> dict[str, str]:
    rate = _as_number(document, "heartrate")
    return {"Heart rate": f"{rate:g} bpm"} if rate else {}
