"""HL7 annotated ECG (aECG, PORT_MT020001): the rhythm, never the derived beats.

Read after "HL7 aECG Implementation Guide" (Brown and Badilini, 2005).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.leads import CHEST_6, canonical_lead
from ecgcore.readers.asking import resolve_rate, resolve_unit
from ecgcore.readers.assemble import parse_sex
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.building import (
    Lead,
    describe_leads,
    keep_ecg,
    make_patient_at,
    make_recording,
    millivolts_per,
    scale_lead,
)
from ecgcore.readers.mdc import find_lead_name
from ecgcore.readers.text_values import (
    limit_with_gaps,
    parse_age_years,
    parse_hl7_time,
    parse_number,
    parse_rate_of_interval,
    parse_samples,
    refuse_samples,
)
from ecgcore.readers.xml.aecg_annotations import read_annotations, read_device, read_filters
from ecgcore.readers.xml.parse import Node, parse, sniff_root
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording

_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}
_MAX_OFFSET = 1e12  # in its unit; far beyond any recording
_MAX_NAMED = 16
_DERIVED = re.compile(r"represent|median|mean|average|beat", re.IGNORECASE)
_LOINC_AGE = ("21612-7", "30525-0", "29553-5")


sniff = sniff_root("annotatedecg")


@dataclass
class _Part:
    """A sequence set: leads sampled together over one stretch of time."""

    fs_hz: float | None
    start: datetime | None
    offset_s: float | None
    leads: list[Lead]

    @property
    def n_samples(self) -> int:
        """Length of its longest lead."""
        return max(lead.values.size for lead in self.leads)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the rhythm of an aECG: the longest rhythm series with all its sequence sets.

    Sequence sets that follow each other, as the columns of a 3x4 sheet do, stand at their own
    time; where a lead has none, its samples are NaN.

    Raises
    ------
    ReadError
        One sentence: no rhythm, no lead, damaged samples.
    MissingInformationError
        Where neither file nor caller tell rate or unit.
    """
    notes: list[str] = []
    root = parse(source.data, notes)
    series, parts = _choose_rhythm(root, options, notes)
    rate = _choose_rate(parts)
    fs_hz = resolve_rate(rate, options, notes)
    parts = _order_parts(parts, rate, notes)
    leads = _join_parts(parts, fs_hz, options, notes)
    leads = keep_ecg(leads, options, notes)
    start = parts[0].start or _find_time(series) or _find_time(root)
    statements, measurements = read_annotations(series, root)
    told = Provenance(
        format="HL7 aECG",
        device=read_device(series),
        device_filter=read_filters(series),
        machine_statements=statements,
        machine_measurements=measurements,
    )
    patient = _read_patient(root, start, options)
    return make_recording(
        leads, fs_hz, told, source, options, start=start, patient=patient, notes=notes
    )


def _choose_rhythm(root: Node, options: ReadOptions, notes: list[str]) -> tuple[Node, list[_Part]]:
    """Choose the series to read, and note those left out."""
    every = [node for node in root.each("series") if node.first("component", "sequenceset")]
    derived = list(root.each("derivedseries"))
    rhythms = [node for node in every if not _is_derived(node)]
    derived += [node for node in every if _is_derived(node)]
    if not rhythms:
        what = "only representative beats, no rhythm" if derived else "no series of samples"
        raise ReadError(f"The aECG contains {what}; export the rhythm waveforms with it.")
    read = [(node, _read_parts(node, options, notes)) for node in rhythms]
    read = [(node, parts) for node, parts in read if parts]
    if not read:
        raise ReadError("The rhythm series of the aECG contains no lead; export it again.")
    # The first of the longest: a further rhythm strip is usually a part of the whole.
    series, parts = max(read, key=lambda item: sum(part.n_samples for part in item[1]))
    if len(rhythms) > 1:
        others = [_describe(some) for node, some in read if node is not series]
        named = f": {'; '.join(others)}" if others else ""
        notes.append(
            f"The file contains {len(rhythms)} rhythm series; the longest was read, the others "
            f"were left out{named}."
        )
    if derived:
        beats = "A series of representative beats" if len(derived) == 1 else "Representative beats"
        notes.append(f"{beats} in the file, computed by the device, were left out.")
    return series, parts


def _describe(parts: Sequence[_Part]) -> str:
    names = (canonical_lead(lead.name) or lead.name for part in parts for lead in part.leads)
    return describe_leads(names, [part.fs_hz for part in parts])


def _choose_rate(parts: Sequence[_Part]) -> float | None:
    """Return the rate of the stretches to read: with the chest leads, else the highest."""
    names: dict[float | None, set[str]] = {}
    for part in parts:
        found = names.setdefault(part.fs_hz, set())
        found |= {canonical_lead(lead.name) or "" for lead in part.leads}
    return max(names, key=lambda rate: (names[rate].issuperset(CHEST_6), rate or 0.0))


def _is_derived(series: Node) -> bool:
    code = series.get("code", "code").upper()
    if code == "RHYTHM":
        return False
    return bool(_DERIVED.search(f"{code} {series.get('displayname', 'code')}"))


def _read_parts(series: Node, options: ReadOptions, notes: list[str]) -> list[_Part]:
    sets = [node for c in series.all("component") for node in c.all("sequenceset")]
    room = [options.max_samples]
    parts = [_read_part(node, options, room, notes) for node in sets]
    return [part for part in parts if part.leads]


def _read_part(node: Node, options: ReadOptions, room: list[int], notes: list[str]) -> _Part:
    part = _Part(None, None, None, [])
    for sequence in (s for c in node.all("component") for s in c.all("sequence")):
        value = sequence.first("value")
        if value is None:
            continue
        code = sequence.get("code", "code").upper()
        if value.first("increment") or code.startswith("TIME"):
            _take_time(value, part)
        elif value.first("digits"):
            lead = _read_lead(sequence, value, options, notes)
            room[0] -= lead.values.size
            if room[0] < 0:
                raise refuse_samples(options)
            if lead.values.size:
                part.leads.append(lead)
    if len(part.leads) > 4 * MAX_LEADS:
        raise ReadError(f"The aECG has {len(part.leads)} leads; up to {MAX_LEADS} can be read.")
    return part


def _take_time(value: Node, part: _Part) -> None:
    """Take rate and start of a GLIST_TS (a point in time) or GLIST_PQ (seconds from the start)."""
    unit = value.get("unit", "increment").lower()
    if part.fs_hz is None and unit in _SECONDS:
        part.fs_hz = parse_rate_of_interval(value.get("value", "increment"), _SECONDS[unit])
    head = value.get("value", "head")
    head_unit = value.get("unit", "head").lower()
    if head_unit in _SECONDS:
        seconds = parse_number(head)
        if seconds is not None and abs(seconds) <= _MAX_OFFSET:
            part.offset_s = seconds * _SECONDS[head_unit]
    elif len(head) >= 12:
        part.start = parse_hl7_time(head)


def _read_lead(sequence: Node, value: Node, options: ReadOptions, notes: list[str]) -> Lead:
    """Return a lead of an SLIST_PQ or SLIST_INT: origin + scale times digits."""
    name = _find_lead_name(sequence)
    texts = [node.text for node in value.all("digits")]
    digits = texts[0] if len(texts) == 1 else " ".join(texts)
    scale_text = value.get("value", "scale") or "1"
    scale, origin = parse_number(scale_text), parse_number(value.get("value", "origin") or "0")
    if scale is None or origin is None:
        raise ReadError(
            f"The scale of {clean_text(name, 32) or 'a lead'} is not a number; the file is damaged."
        )
    written = value.get("unit", "scale") or value.get("unit", "origin")
    if written in ("1", ""):
        written = ""
    unit = resolve_unit(written, name, options, notes)
    zero_mv = origin * millivolts_per(value.get("unit", "origin") or unit)
    return scale_lead(name, parse_samples(digits, name, options), scale, unit, zero_mv)


def _find_lead_name(sequence: Node) -> str:
    return find_lead_name(
        sequence.get("code", "code"),
        sequence.get("displayname", "code"),
        sequence.value("code", "originaltext"),
    )


def _order_parts(parts: Sequence[_Part], rate: float | None, notes: list[str]) -> list[_Part]:
    """Return the sequence sets whose place in time is known, in that order."""
    if len(parts) == 1:
        return list(parts)
    same = [part for part in parts if part.fs_hz == rate]
    starts = [part.start for part in same]
    offsets = [part.offset_s for part in same]
    known = [s for s in starts if s is not None]
    if len(known) == len(same):
        order = sorted(same, key=lambda part: part.start or datetime.min)
        first = min(known)
        for part in order:
            part.offset_s = ((part.start or first) - first).total_seconds()
    elif all(offset is not None for offset in offsets):
        order = sorted(same, key=lambda part: part.offset_s or 0.0)
        first_s = order[0].offset_s or 0.0
        for part in order:
            part.offset_s = (part.offset_s or 0.0) - first_s
    else:
        order = [max(same, key=lambda part: part.n_samples)]
    left = [part for part in parts if all(part is not other for other in order)]
    if left:
        notes.append(
            f"{len(left)} of {len(parts)} parts of the rhythm were left out, of another rate "
            f"or of unknown time: {'; '.join(_describe([part]) for part in left[:_MAX_NAMED])}."
        )
    return order


def _join_parts(
    parts: Sequence[_Part], fs_hz: float, options: ReadOptions, notes: list[str]
) -> list[Lead]:
    """Put every lead's samples at their place; where a lead has none, NaN."""
    if len(parts) == 1:
        return parts[0].leads
    places = [(part.offset_s or 0.0) * fs_hz for part in parts]
    if max(places) > options.max_samples:
        raise refuse_samples(options)
    firsts = [round(place) for place in places]
    total = max(first + part.n_samples for first, part in zip(firsts, parts, strict=True))
    whole: dict[str, Lead] = {}
    overlap = False
    for part_number, (first, part) in enumerate(zip(firsts, parts, strict=True)):
        seen: dict[str, int] = {}
        for lead in part.leads:
            seen[lead.name] = seen.get(lead.name, 0) + 1
            key = f"{lead.name}\x00{seen[lead.name]}"  # a name may stand twice in one set
            if key not in whole:
                if (len(whole) + 1) * total > limit_with_gaps(options):
                    raise refuse_samples(options)
                whole[key] = replace(lead, values=np.full(total, np.nan, dtype=np.float32))
            place = whole[key].values[first : first + lead.values.size]
            free = np.isnan(place)
            overlap |= part_number > 0 and not free.all()
            place[free] = lead.values[free]
    notes.append(f"The rhythm was joined from {len(parts)} parts, each at its own time.")
    if overlap:
        notes.append("Some parts of the rhythm overlap; the earlier one was kept.")
    return list(whole.values())


def _find_time(node: Node) -> datetime | None:
    time = node.at("effectivetime")
    texts = (time.get("value"), time.get("value", "low"), time.get("value", "center"))
    return next((start for text in texts if (start := parse_hl7_time(text))), None)


def _read_patient(root: Node, start: datetime | None, options: ReadOptions) -> Patient:
    subject = root.within("trialsubject")
    person = subject.within("subjectdemographicperson")
    gender, name = person.at("administrativegendercode"), person.at("name")
    return make_patient_at(
        start,
        options,
        names=[text.strip() for text in (name.text, *(part.text for part in name.children))],
        identifier=subject.get("extension", "id"),
        born=person.get("value", "birthtime"),
        sex=parse_sex(gender.get("code")) or gender.get("displayname"),
        age=_read_age(root),
    )


def _read_age(root: Node) -> float | None:
    for node in root.each("relatedobservation"):
        code = f"{node.get('code', 'code')} {node.get('displayname', 'code')}".lower()
        if any(loinc in code for loinc in _LOINC_AGE) or re.search(r"\bage\b", code):
            return parse_age_years(node.get("value", "value"), node.get("unit", "value"))
    return None
