"""From a reader's draft to a checked recording: names, order, derived leads, notes."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidArgumentError, ReadError
from ecgcore.leads import STANDARD_12, canonical_lead, derive_limb_leads
from ecgcore.readers.base import Draft, ReadOptions, Source, shown
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording, Step
from ecgcore.units import MV, NU

MAX_NAME_LENGTH = 32
MAX_LISTED = 20
MAX_TOLD = 200
# What this package writes into comments, and reads back.
SIMULATED_COMMENT = "Simulated by ecgcore; no patient."
COMPUTED_COMMENT = "computed leads:"
UNUSUAL_MV = 100.0
SHORT_S = 1.0

# Channels of monitors, sleep studies and cardiac catheters that are no ECG though some are in
# millivolts.
_OTHER_SIGNAL = re.compile(
    r"\b(?:resp\w*|eeg\w*|eog\w*|emg\w*|abp|art|cvp|pap|p?leth\w*|ppg|spo2|sao2|co2|etco2|"
    r"pressure|press|temp\w*|airflow|flow|thor\w*|abdo\w*|snore|pulse|bvp|eda|gsr|acc\w*|"
    r"gyro\w*|label\w*|annot\w*|marker|trigger|event\w*|status|hr|heart rate)\b",
    re.IGNORECASE,
)


def is_other_signal(name: str) -> bool:
    """Return whether a channel's name says that it is something else than an ECG."""
    return canonical_lead(name) is None and bool(_OTHER_SIGNAL.search(name.replace("_", " ")))


def names_ecg(name: str) -> bool:
    """Return whether a channel's name says that it is an ECG (a lead, or ECG, EKG)."""
    known = canonical_lead(name) is not None
    return known or bool(re.search(r"(?:^|[^a-z])(?:ecg|ekg)(?:[^a-z]|$)", name, re.IGNORECASE))


def chosen_names(names: Sequence[str], options: ReadOptions) -> list[str | None]:
    """Return one name a channel, None where it is to be left out, after the caller's wish.

    Raises
    ------
    InvalidArgumentError
        If the caller gave another number of names than there are channels.
    """
    given = options.lead_names
    if given is None:
        return list(names)
    if len(given) != len(names):
        listed_names = names[:MAX_LISTED]
        found = ", ".join(shown(name, MAX_NAME_LENGTH) or "(no name)" for name in listed_names)
        found += " ..." if len(names) > MAX_LISTED else ""
        raise InvalidArgumentError(
            f"{len(given)} lead names were given for {len(names)} channels ({found}); give one for "
            "each, an empty one to leave a channel out."
        )
    chosen = [None if name in ("", "-") else name for name in given]
    if chosen and not any(chosen):
        raise InvalidArgumentError("The lead names given leave every channel out; name one.")
    return chosen


def finish(draft: Draft, source: Source) -> Recording:
    """Make the recording of a draft.

    Lead names become canonical; unknown ones stay as written, a second one of the same name is
    numbered (``"II (2)"``).  A record with I and II is put into standard order and its missing
    limb leads are computed; any other record keeps the file's order.

    Raises
    ------
    ReadError
        If there are too many channels or none.
    InvalidRecordingError
        If the parts do not make a recording.
    """
    notes = list(draft.notes)
    names = final_names(draft.names, notes)
    signal = _finite(draft.signal, notes)
    provenance = _shown_provenance(draft.provenance, source.sha256)
    leads: tuple[str, ...] = tuple(names)
    told = tuple(name for name in names if name in draft.derived)
    if told:
        notes.append(f"{listed(told)} {were(told)} computed before the file was written.")
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
        notes.append(f"{listed(derived)} {were(derived)} computed from {listed(origin)}.")
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


def _shown_provenance(told: Provenance, sha256: str) -> Provenance:
    # A unit may be understood and still have 200,000 brackets around it.
    return replace(
        told,
        sha256=sha256,
        original_unit=shown(told.original_unit, MAX_TOLD),
        original_gain=shown(told.original_gain, MAX_TOLD),
        device=shown(told.device, MAX_TOLD),
        device_filter=shown(told.device_filter, MAX_TOLD),
    )


def final_names(names: Sequence[str], notes: list[str]) -> list[str]:
    """Return canonical, unique names; what was unknown or stood twice goes into ``notes``."""
    if not 1 <= len(names) <= MAX_LEADS:
        raise ReadError(f"The file has {len(names)} ECG channels; 1 to {MAX_LEADS} can be read.")
    final: list[str] = []
    unknown: list[str] = []
    for position, name in enumerate(names, start=1):
        lead = canonical_lead(name)
        if lead is None:
            lead = shown(name, MAX_NAME_LENGTH) or f"channel {position}"
            unknown.append(lead)
        count, unique = 1, lead
        while unique in final:
            count += 1
            unique = f"{lead} ({count})"
        if count > 1:
            notes.append(f"The name {lead} stands more than once; one is shown as {unique}.")
        final.append(unique)
    if unknown:
        them = "names" if len(unknown) == 1 else "name"
        notes.append(f"{listed(unknown)} {them} no known lead; kept as written.")
    return final


def _can_derive(names: Sequence[str]) -> bool:
    return len({"I", "II", "III"} & set(names)) >= 2


def _finite(signal: ArrayLike, notes: list[str]) -> NDArray[np.float32]:
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


def listed(names: Iterable[str]) -> str:
    """Return ``"a, b and c"``."""
    items = list(names)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def were(names: Sequence[str]) -> str:
    """Return the verb for that many names."""
    return "was" if len(names) == 1 else "were"


def computed_leads(lines: Iterable[str]) -> tuple[str, ...]:
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
    """Return the age in years, or None where the file does not tell a possible one.

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
        notes.append(f"The age is given as {years:g} years, which cannot be; it was left out.")
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
    kept = {key: shown(value) for key, value in identity.items() if value.strip()}
    return Patient(age_years, sex, kept if options.keep_identity else {})
