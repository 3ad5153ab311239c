"""From a reader's draft to a checked recording: names, order, derived leads, notes."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidArgumentError, ReadError
from ecgcore.leads import STANDARD_12, canonical_lead, canonical_leads, derive_limb_leads
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.channels import (
    MAX_LISTED,
    MAX_NAME_LENGTH,
    choose_names,
    is_other_signal,
    names_ecg,
)
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording, Step
from ecgcore.units import MV, NU

__all__ = [
    "COMPUTED_COMMENT",
    "IMPOSSIBLE_MV",
    "MAX_TOLD",
    "SIMULATED_COMMENT",
    "assemble",
    "assemble_draft",
    "choose_names",
    "find_age_sex",
    "find_computed_leads",
    "is_other_signal",
    "join_words",
    "make_patient",
    "measure_typical_range_mv",
    "name_leads",
    "names_ecg",
    "parse_age",
    "parse_sex",
    "was_or_were",
]

MAX_TOLD = 200
# What this package writes into comments, and reads back.
SIMULATED_COMMENT = "Simulated by ecgcore; no patient."
COMPUTED_COMMENT = "computed leads:"
UNUSUAL_MV = 100.0
# Within one second, in most of them: a large QRS has 10 mV.
IMPOSSIBLE_MV = 20.0
SHORT_S = 1.0
NAMED_STEP = "leads named by the reader"
_AS_WRITTEN = "not known as a lead; kept as written."


def assemble_draft(draft: Draft, source: Source) -> Recording:
    """Make the recording of a draft.

    Lead names become canonical; unknown ones stay as written, a second one of the same name is
    numbered (``"II (2)"``).  A record with I and II is put into standard order and its missing
    limb leads are computed; any other record keeps the file's order.

    Raises
    ------
    ReadError
        If there are too many channels or none, or none that can be an ECG.
    InvalidRecordingError
        If the parts do not make a recording.
    """
    return assemble(draft, source.sha256)


def name_leads(recording: Recording, names: Mapping[str, str]) -> Recording:
    """Return a recording whose leads a reader has named, as if the file had named them.

    Parameters
    ----------
    recording : Recording
    names : mapping of str to str
        The lead that each of these leads is: ``{"ECG": "II"}``.

    Returns
    -------
    Recording
        In standard order and with computed limb leads, where those named allow it.

    Raises
    ------
    InvalidArgumentError
        For a lead that the recording has not, or a name that is no lead's.
    """
    for old, new in names.items():
        if old not in recording.leads:
            raise InvalidArgumentError(
                f"There is no lead {old!r}; the recording has {', '.join(recording.leads)}."
            )
        if canonical_lead(new) is None:
            raise InvalidArgumentError(f"{new!r} is not a lead; enter one such as I, II or V1.")
    step = Step(NAMED_STEP, {"names": dict(names)})
    provenance = replace(recording.provenance, steps=(*recording.provenance.steps, step))
    draft = Draft(
        names=[names.get(lead, lead) for lead in recording.leads],
        signal=recording.signal.copy(),
        fs_hz=recording.fs_hz,
        unit=recording.unit,
        provenance=provenance,
        start=recording.start,
        patient=recording.patient,
        notes=[note for note in recording.notes if not note.endswith(_AS_WRITTEN)],
        derived=recording.derived_leads,
    )
    return assemble(draft, recording.provenance.sha256)


def assemble(draft: Draft, sha256: str) -> Recording:
    """Make the recording of a draft whose source has this digest; see :func:`assemble_draft`."""
    notes = list(draft.notes)
    draft = _drop_impossible(draft, notes)
    names = name_channels(draft.names, notes)
    signal = _mark_infinite(draft.signal, notes)
    provenance = _clean_provenance(draft.provenance, sha256)
    leads: tuple[str, ...] = tuple(names)
    told = tuple(name for name in names if name in draft.derived)
    if told:
        notes.append(
            f"{join_words(told)} {was_or_were(told)} computed before the file was written."
        )
    derived: tuple[str, ...] = ()
    if _can_derive(names):
        if draft.unit == NU:
            ordered = [n for n in STANDARD_12 if n in names]
            ordered += [n for n in names if n not in STANDARD_12]
            signal, leads = signal[[names.index(n) for n in ordered]], tuple(ordered)
        else:
            with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is refused below
                signal, leads, derived = derive_limb_leads(signal, leads)
    if derived:
        origin = [n for n in ("I", "II", "III") if n in names and n not in derived][:2]
        notes.append(
            f"{join_words(derived)} {was_or_were(derived)} computed from {join_words(origin)}."
        )
        step = Step("derive limb leads", {"from": origin, "leads": list(derived)})
        provenance = replace(provenance, steps=(*provenance.steps, step))
    _note_unusual(signal, draft, notes)
    return Recording(
        signal=signal,
        fs_hz=draft.fs_hz,
        leads=leads,
        unit=draft.unit,
        start=draft.start,
        patient=draft.patient,
        provenance=provenance,
        derived_leads=tuple(name for name in leads if name in {*derived, *told}),
        notes=tuple(dict.fromkeys(notes)),
    )


def _clean_provenance(told: Provenance, sha256: str) -> Provenance:
    # A unit may be understood and still have 200,000 brackets around it.
    return replace(
        told,
        sha256=sha256,
        original_unit=clean_text(told.original_unit, MAX_TOLD),
        original_gain=clean_text(told.original_gain, MAX_TOLD),
        device=clean_text(told.device, MAX_TOLD),
        device_filter=clean_text(told.device_filter, MAX_TOLD),
    )


def name_channels(names: Sequence[str], notes: list[str]) -> list[str]:
    """Return canonical, unique names; what was unknown or stood twice goes into ``notes``."""
    if not 1 <= len(names) <= MAX_LEADS:
        raise ReadError(f"The file has {len(names)} ECG channels; 1 to {MAX_LEADS} can be read.")
    final: list[str] = []
    unknown: list[str] = []
    for position, (name, known) in enumerate(zip(names, canonical_leads(names), strict=True), 1):
        lead = known or clean_text(name, MAX_NAME_LENGTH) or f"channel {position}"
        if known is None:
            unknown.append(lead)
        count, unique = 1, lead
        while unique in final:
            count += 1
            unique = f"{lead} ({count})"
        if count > 1:
            notes.append(f"The name {lead} occurs more than once; one is shown as {unique}.")
        final.append(unique)
    if unknown:
        them = "is" if len(unknown) == 1 else "are"
        notes.append(f"{join_words(unknown)} {them} {_AS_WRITTEN}")
    return final


@np.errstate(over="ignore", invalid="ignore")
def measure_typical_range_mv(row: NDArray[np.floating[Any]], fs_hz: float) -> float:
    """Return the median over seconds of the range within each; NaN without a whole second.

    A drift, a few seconds of artefact or an offset do not make it large.
    """
    width = max(2, round(fs_hz))
    if row.size < width:
        return math.nan
    seconds = row[: row.size // width * width].reshape(-1, width)
    seconds = np.where(np.isfinite(seconds), seconds, np.nan)
    # fmin and fmax pass absent samples over.
    ranges = np.fmax.reduce(seconds, axis=1) - np.fmin.reduce(seconds, axis=1)
    there = ranges[~np.isnan(ranges)]
    return float(np.median(there)) if there.size else math.nan


def _drop_impossible(draft: Draft, notes: list[str]) -> Draft:
    """Leave out what no lead is called and no ECG can be: a clock, a count, an acceleration."""
    if draft.unit != MV:
        return draft
    leads = canonical_leads(draft.names)
    sizes = [measure_typical_range_mv(row, draft.fs_hz) for row in draft.signal]
    left = [i for i, lead in enumerate(leads) if lead is None and sizes[i] > IMPOSSIBLE_MV]
    if not left:
        return draft
    told = join_words(
        f"{clean_text(draft.names[i], MAX_NAME_LENGTH) or 'a channel without name'} "
        f"({sizes[i]:.4g} mV within a second)"
        for i in left[:MAX_LISTED]
    )
    if len(left) == len(leads):
        raise ReadError(f"Too large for an ECG: {told}. Check the unit.")
    notes.append(f"Left out: {told}; too large for an ECG.")
    kept = [i for i in range(len(leads)) if i not in left]
    return replace(draft, names=[draft.names[i] for i in kept], signal=draft.signal[kept])


def _can_derive(names: Sequence[str]) -> bool:
    return len({"I", "II", "III"} & set(names)) >= 2


def _mark_infinite(signal: ArrayLike, notes: list[str]) -> NDArray[np.float32]:
    """Mark what is infinite as absent, in the draft's own samples (a long record is large)."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is counted just below
        rows = np.require(signal, np.float32, ["C", "W"])
    count = 0
    for row in rows:
        infinite = np.isinf(row)
        count += int(infinite.sum())
        row[infinite] = np.nan
    if count:
        notes.append(f"{count} samples are infinite and are marked as absent.")
    return rows


def _note_unusual(signal: NDArray[np.float32], draft: Draft, notes: list[str]) -> None:
    absent = sum(int(np.isnan(row).sum()) for row in signal)
    peak = max(float(np.max(np.abs(row), initial=0.0, where=~np.isnan(row))) for row in signal)
    if draft.unit == MV and peak > UNUSUAL_MV:
        notes.append(f"Amplitudes up to {peak:.4g} mV are unusual for an ECG; check the unit.")
    if absent:
        notes.append(f"{absent} samples are marked as absent.")
    seconds = signal.shape[1] / draft.fs_hz
    if seconds < SHORT_S:
        notes.append(f"The recording lasts only {seconds:.3g} s.")


def join_words(names: Iterable[str]) -> str:
    """Return ``"a, b and c"``."""
    items = list(names)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def was_or_were(names: Sequence[str]) -> str:
    """Return the verb for that many names."""
    return "was" if len(names) == 1 else "were"


def find_computed_leads(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the leads that a comment written by this package names as computed."""
    words = (line.strip().partition(COMPUTED_COMMENT) for line in lines)
    return tuple(
        name for before, mark, rest in words if mark and not before for name in rest.split()
    )


_AGE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([ymwd]?)", re.IGNORECASE)
_YEARS = {"": 1.0, "y": 1.0, "m": 12.0, "w": 52.18, "d": 365.25}
_SEX = {
    **dict.fromkeys(("f", "female", "w", "weiblich", "woman", "femme", "mujer"), "female"),
    **dict.fromkeys(("m", "male", "männlich", "man", "homme", "hombre"), "male"),
}


def parse_age(text: str, notes: list[str]) -> float | None:
    """Return the age in years, or None where the file does not state a possible one.

    Parameters
    ----------
    text : str
        ``"56"``, ``"056Y"``, ``"006M"``, ``"NaN"``.  Negative is how some files say unknown; 300
        is how PTB-XL says over 89: neither is an age.
    notes : list of str
        Gets a sentence if an impossible age was left out.
    """
    match = _AGE.match(text)
    if match is None:
        return None
    years = float(match[1]) / _YEARS[match[2].lower()]
    if years < 0 or not math.isfinite(years):
        return None
    if years > 130:
        notes.append(f"The age is given as {years:g} years, which is impossible; it was left out.")
        return None
    return years


def parse_sex(text: str) -> str | None:
    """Return ``"female"``, ``"male"`` or None."""
    return _SEX.get(text.strip().lower())


_AGE_IN_TEXT = re.compile(r"(?<![a-z])age>?\s*[:=]\s*(\S+)", re.IGNORECASE)
_SEX_IN_TEXT = re.compile(r"(?<![a-z])(?:sex|gender)>?\s*[:=]\s*(\w+)", re.IGNORECASE)


def find_age_sex(lines: Iterable[str], notes: list[str]) -> tuple[float | None, str | None]:
    """Return age in years and sex from comment lines like ``Age: 56`` or ``<sex>: F``."""
    age: float | None = None
    sex: str | None = None
    for line in lines:
        if age is None and (match := _AGE_IN_TEXT.search(line)):
            age = parse_age(match[1], notes)
        if sex is None and (match := _SEX_IN_TEXT.search(line)):
            sex = parse_sex(match[1])
    return age, sex


def make_patient(
    age_years: float | None,
    sex: str | None,
    identity: dict[str, str],
    options: ReadOptions,
) -> Patient:
    """Return the patient; identity only where the caller keeps it on purpose."""
    kept = {key: clean_text(value) for key, value in identity.items() if value.strip()}
    return Patient(age_years, sex, kept if options.keep_identity else {})
