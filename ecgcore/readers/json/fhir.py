"""FHIR R4 (and R5) Observation with SampledData, as JSON or XML: alone, listed or in a Bundle."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import CHEST_6, canonical_lead
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.assemble import join_words, was_or_were
from ecgcore.readers.base import HEAD_BYTES, ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    describe_device,
    keep_ecg,
    make_patient_at,
    make_recording,
    millivolts_per,
    scale_lead,
)
from ecgcore.readers.json.fhir_xml import RESOURCES, is_fhir_xml, to_json
from ecgcore.readers.json.text import load_json
from ecgcore.readers.mdc import find_lead_name, is_mdc
from ecgcore.readers.text_values import (
    Samples,
    is_amplitude,
    parse_iso_time,
    parse_number,
    parse_rate_of_interval,
    parse_samples,
    refuse_samples,
)
from ecgcore.readers.xml.parse import parse
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording

_RESOURCE = re.compile(r'"resourceType"\s*:\s*"(\w{1,40})"')
# Words for samples that are wrong, above or below what could be measured (SampledData.data).
_ABSENT = frozenset({"e", "u", "l"})
_MAX_DIMENSIONS = 64
_MAX_MEASUREMENTS = 100
Json = Mapping[str, Any]


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is FHIR, of a kind that may hold an ECG."""
    if is_fhir_xml(head):
        return True
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    if not plain.startswith((b"{", b"[")):
        return False
    kinds = _RESOURCE.findall(plain.decode("utf-8", errors="ignore"))
    return bool(kinds) and kinds[0] in RESOURCES.values()


def is_recording(head: bytes) -> bool:
    """Return whether such a file in a folder is a recording: it shows samples, or may later."""
    return len(head) == HEAD_BYTES or b"SampledData" in head.replace(b"\x00", b"")


def is_resource(content: Any) -> bool:
    """Return whether parsed JSON is a resource that may hold an ECG."""
    return _as_dict(content).get("resourceType") in RESOURCES.values()


@dataclass(eq=False)
class _Lead(Lead):
    """One dimension of a SampledData, and the time of its Observation."""

    effective: str = ""


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the leads that were sampled together: one component each, or one Observation each.

    Raises
    ------
    ReadError
        One sentence: no JSON, no samples, no lead in a unit of voltage.
    MissingInformationError
        Where neither file nor caller tell rate, unit or names.
    """
    notes: list[str] = []
    resources = list(_walk_resources(_load(source.data, notes)))
    observations = [item for item in resources if item.get("resourceType") == "Observation"]
    leads: list[_Lead] = []
    room = [options.max_samples]
    for observation in observations:
        leads += _read_leads(observation, room, options, notes)
    if not leads:
        raise ReadError(
            "The FHIR resource contains no SampledData; export the Observation with its samples."
        )
    leads = _choose_group(leads, notes)
    fs_hz = resolve_rate(leads[0].fs_hz, options, notes)
    leads = keep_ecg(leads, options, notes)
    main = _find_observation(observations, leads[0].effective)
    start = _parse_time(leads[0].effective)
    told = Provenance(
        format="FHIR",
        device=_read_device(main, resources),
        machine_statements=_read_statements(main),
        machine_measurements=_read_measurements(observations),
    )
    patient = _read_patient(main, resources, start, options)
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _load(data: bytes, notes: list[str]) -> Any:
    if is_fhir_xml(data[:HEAD_BYTES]):
        return to_json(parse(data, notes))
    return load_json(data, notes)


def _walk_resources(content: Any) -> Iterator[Json]:
    """Yield the resources of a file: itself, those of a list, of a Bundle, and contained ones."""
    for item in content if isinstance(content, list) else [content]:
        resource = _as_dict(item)
        entries = [_as_dict(_as_dict(e).get("resource")) for e in _as_list(resource.get("entry"))]
        for one in [resource, *entries]:
            if one:
                yield one
                yield from (c for c in map(_as_dict, _as_list(one.get("contained"))) if c)


def _as_dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _as_text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _as_number(value: Any) -> float | None:
    if isinstance(value, str):
        return parse_number(value)  # as XML writes it
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        whole = float(value)
    except OverflowError:
        return None
    return whole if math.isfinite(whole) else None


def _read_leads(
    observation: Json, room: list[int], options: ReadOptions, notes: list[str]
) -> list[_Lead]:
    found: list[_Lead] = []
    for part in [observation, *map(_as_dict, _as_list(observation.get("component")))]:
        data = _as_dict(part.get("valueSampledData"))
        if _as_text(data.get("data")):
            time = _find_time(observation)
            for lead in _read_sampled_data(part, data, room, options, notes):
                found.append(_Lead(**vars(lead), effective=time))
    if len(found) > 4 * MAX_LEADS:
        raise ReadError(f"The Observation has {len(found)} leads; up to {MAX_LEADS} can be read.")
    return found


def _find_time(observation: Json) -> str:
    period = _as_dict(observation.get("effectivePeriod"))
    texts = (
        observation.get("effectiveDateTime"),
        observation.get("effectiveInstant"),
        period.get("start"),
        observation.get("issued"),
    )
    return next((text for text in map(_as_text, texts) if text), "")


def _read_sampled_data(
    part: Json,
    data: Json,
    room: list[int],
    options: ReadOptions,
    notes: list[str],
) -> list[Lead]:
    """Return the lead, or leads, of a SampledData: data times factor plus origin."""
    if "offsets" in data:
        raise ReadError("The samples are not evenly spaced (SampledData.offsets); export others.")
    name = _find_lead_name(_as_dict(part.get("code")))
    origin = _as_dict(data.get("origin"))
    units = [_as_text(origin.get("code")), _as_text(origin.get("unit"))]
    written = next((unit for unit in units if is_amplitude(unit)), units[1] or units[0])
    unit = resolve_unit(written, name or "the samples", options, notes)
    values = parse_samples(_as_text(data.get("data")), name, options, absent=_ABSENT)
    room[0] -= values.size
    if room[0] < 0:
        raise refuse_samples(options)
    factor = _as_number(data.get("factor", 1))
    zero = _as_number(origin.get("value", 0))
    if factor is None or zero is None or factor == 0:
        raise ReadError(
            f"The factor or origin of {clean_text(name, 32) or 'a lead'} is not a number."
        )
    zero = _find_zero(values, factor, zero, data, notes)
    lead = scale_lead(name, values, factor, unit, zero * millivolts_per(unit))
    lead.fs_hz = _read_rate(data)
    count = _as_number(data.get("dimensions", 1)) or 1
    if not 1 <= count <= _MAX_DIMENSIONS or count != int(count):
        raise ReadError(
            f"SampledData has {count:g} dimensions; 1 to {_MAX_DIMENSIONS} can be read."
        )
    return [lead] if count == 1 else _split_dimensions(lead, int(count), options)


def _split_dimensions(lead: Lead, count: int, options: ReadOptions) -> list[Lead]:
    """Return the leads of interleaved samples, which only the caller can name."""
    names = options.lead_names
    if names is None or len(names) != count:
        raise MissingInformationError(
            f"The file contains {count} leads in one series without names. Enter the names of the "
            "leads.",
            ("lead_names",),
        )
    rows = lead.values[: lead.values.size // count * count].reshape(-1, count).T
    return [replace(lead, name=n, values=row.copy()) for n, row in zip(names, rows, strict=True)]


def _find_zero(values: Samples, factor: float, zero: float, data: Json, notes: list[str]) -> float:
    """Return what to add to data times factor: the origin, as the standard says.

    Some files, one of the standard's own examples among them, write as origin the number that
    stands for zero; it shows where only that reading keeps within the limits they state.
    """
    low, high = _as_number(data.get("lowerLimit")), _as_number(data.get("upperLimit"))
    if zero == 0 or low is None or high is None or np.isnan(values).all():
        return zero
    ends = np.array([np.nanmin(values), np.nanmax(values)])
    if not _keeps_within(ends, factor, zero, low, high) and _keeps_within(
        ends, factor, -zero * factor, low, high
    ):
        notes.append(
            "The origin is written as the stored number of zero; read so, the samples stay "
            "within the file's limits."
        )
        return -zero * factor
    return zero


def _keeps_within(ends: Samples, factor: float, zero: float, low: float, high: float) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        reached = ends * factor + zero
    return bool(low <= reached.min() and reached.max() <= high)


def _read_rate(data: Json) -> float | None:
    """Return the rate of R4's period (ms) or R5's interval with its unit."""
    if _as_number(data.get("period")) is not None:
        return parse_rate_of_interval(_print_number(data["period"]), 1e-3)
    seconds = {"s": 1.0, "ms": 1e-3, "us": 1e-6}.get(_as_text(data.get("intervalUnit")))
    if _as_number(data.get("interval")) is None or seconds is None:
        return None
    return parse_rate_of_interval(_print_number(data["interval"]), seconds)


def _print_number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.15g}"


def _find_lead_name(code: Json) -> str:
    """Return the lead that a CodeableConcept names."""
    codings = [_as_dict(coding) for coding in _as_list(code.get("coding"))]
    words = [_as_text(coding.get("display")) for coding in codings] + [_as_text(code.get("text"))]
    codes = sorted((_as_text(coding.get("code")) for coding in codings), key=is_mdc, reverse=True)
    every = [find_lead_name(code, *words) for code in codes]
    every.append(find_lead_name("", *words))
    known = (name for name in every if canonical_lead(name))
    return next(known, "") or next((word for word in [*words, *every] if word), "")


def _choose_group(leads: list[_Lead], notes: list[str]) -> list[_Lead]:
    """Return the leads of one rate and time: with the chest leads, else of most samples.

    The others are noted.
    """
    groups: dict[tuple[float | None, str], list[_Lead]] = {}
    for lead in leads:
        groups.setdefault((lead.fs_hz, lead.effective), []).append(lead)
    chosen = max(groups.values(), key=_rank_group)
    notes += [_describe_group(group) for group in groups.values() if group is not chosen]
    return chosen


def _rank_group(group: list[_Lead]) -> tuple[bool, int]:
    names = {canonical_lead(lead.name) for lead in group}
    return names.issuperset(CHEST_6), sum(lead.values.size for lead in group)


def _describe_group(group: list[_Lead]) -> str:
    """Name the leads of another time or rate than those read."""
    every = (canonical_lead(lead.name) or clean_text(lead.name, 24) or "a lead" for lead in group)
    names = list(dict.fromkeys(every))
    rate = f" at {group[0].fs_hz:g} Hz" if group[0].fs_hz else ""
    time = f" of {clean_text(group[0].effective, 32)}" if group[0].effective else ""
    them = f"{join_words(names)}{rate}{time} {was_or_were(names)}"
    return f"{them} left out: another time or rate than read."


def _find_observation(observations: list[Json], effective: str) -> Json:
    """Return the Observation that the leads read come from."""
    return next(item for item in observations if _find_time(item) == effective)


def _parse_time(text: str) -> datetime | None:
    day, _, clock = text.partition("T")
    return parse_iso_time(day, clock)


def _describe_concept(concept: Any) -> str:
    """Return a CodeableConcept in words."""
    code = _as_dict(concept)
    displays = [
        _as_text(_as_dict(coding).get("display")) for coding in _as_list(code.get("coding"))
    ]
    return next((word for word in [_as_text(code.get("text")), *displays] if word), "")


def _read_statements(main: Json) -> tuple[str, ...]:
    texts = [
        clean_text(_describe_concept(item), 200) for item in _as_list(main.get("interpretation"))
    ]
    parts = map(_as_dict, _as_list(main.get("component")))
    texts += [clean_text(_as_text(part.get("valueString")), 200) for part in parts]
    return tuple(dict.fromkeys(text for text in texts if text))


def _read_measurements(observations: list[Json]) -> dict[str, str]:
    """Return the single values that stand beside the samples."""
    found: dict[str, str] = {}
    for observation in observations:
        for part in [observation, *map(_as_dict, _as_list(observation.get("component")))]:
            quantity = _as_dict(part.get("valueQuantity"))
            value = _as_number(quantity.get("value"))
            name = clean_text(_describe_concept(part.get("code")), 60)
            if value is not None and name and len(found) < _MAX_MEASUREMENTS:
                unit = _as_text(quantity.get("unit")) or _as_text(quantity.get("code"))
                found.setdefault(name, f"{value:g} {clean_text(unit, 16)}".strip())
    return found


def _read_device(main: Json, resources: list[Json]) -> str:
    text = _as_text(_as_dict(main.get("device")).get("display"))
    if text:
        return clean_text(text, 120)
    device = next((r for r in resources if r.get("resourceType") == "Device"), {})
    named = [_as_text(_as_dict(n).get("name")) for n in _as_list(device.get("deviceName"))]
    words = [_as_text(device.get("manufacturer")), *named[:1], _as_text(device.get("modelNumber"))]
    return describe_device(*words)


def _read_patient(
    main: Json, resources: list[Json], start: datetime | None, options: ReadOptions
) -> Patient:
    patients = [item for item in resources if item.get("resourceType") == "Patient"]
    subject = _as_dict(main.get("subject"))
    wanted = _as_text(subject.get("reference")).rpartition("/")[2].lstrip("#")
    same = [item for item in patients if wanted and _as_text(item.get("id")) == wanted]
    # A single patient is meant even where the reference is by another address.
    patient = same[0] if same else patients[0] if len(patients) == 1 else {}
    name = _as_dict(next(iter(_as_list(patient.get("name"))), {}))
    given = " ".join(_as_text(part) for part in _as_list(name.get("given")))
    identifier = _as_dict(next(iter(_as_list(patient.get("identifier"))), {}))
    whole = _as_text(name.get("text")) or f"{given} {_as_text(name.get('family'))}".strip()
    return make_patient_at(
        start,
        options,
        names=[whole or _as_text(subject.get("display"))],
        identifier=_as_text(identifier.get("value")) or _as_text(subject.get("reference")),
        born=_as_text(patient.get("birthDate")),
        sex=_as_text(patient.get("gender")),
    )
