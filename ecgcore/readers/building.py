"""From the leads of a document, each read by itself, to the recording they make together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.assemble import (
    assemble_draft,
    choose_names,
    is_other_signal,
    join_words,
    make_patient,
    parse_sex,
    was_or_were,
)
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.text_values import (
    Samples,
    compute_age,
    is_amplitude,
    parse_birth_date,
    parse_number,
    refuse_samples,
    scale_samples,
    stack_rows,
)
from ecgcore.recording import MAX_LEADS, Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_voltage, mv_per

_T = TypeVar("_T")
_L = TypeVar("_L", bound="Lead")
_MAX_NAMED = 16


@dataclass(eq=False)
class Lead:
    """A lead's samples in mV (or NU) and how the file wrote them.

    Attributes
    ----------
    name : str
    unit : str
        As the file writes it, or as the caller gave it.
    gain : str
        What one step of the file's samples is, in words.
    values : array of float32, shape (n_samples,)
    fs_hz : float or None
        Its own rate, where the leads of a file may differ.
    """

    name: str
    unit: str
    gain: str
    values: NDArray[np.float32]
    fs_hz: float | None = None


def millivolts_per(unit: str) -> float:
    """Return the factor to mV, or 1 where the voltage is lost."""
    return mv_per(unit) if is_voltage(unit) else 1.0


def describe_step(step: float, unit: str) -> str:
    """Return what one step of the samples is, in words."""
    return f"{step:g} {clean_text(unit, 16)} per step"


def scale_lead(name: str, samples: Samples, step: float, unit: str, zero_mv: float = 0.0) -> Lead:
    """Return a lead of samples in steps of ``step`` units; ``zero_mv`` is added."""
    values = scale_samples(samples, step * millivolts_per(unit), zero_mv)
    return Lead(name, unit, describe_step(step, unit), values)


def same_or_differs(texts: Iterable[str]) -> str:
    """Return the one text that all leads share."""
    found = list(dict.fromkeys(texts))
    return found[0] if len(found) == 1 else "differs by lead"


def check_lead_count(count: int) -> None:
    """Refuse a file without leads, or with more than a recording may have.

    Raises
    ------
    ReadError
    """
    if not 1 <= count <= MAX_LEADS:
        raise ReadError(f"The file has {count} leads; 1 to {MAX_LEADS} can be read.")


def choose_rows(names: Sequence[str], options: ReadOptions) -> tuple[list[int], list[str]]:
    """Return which rows are read, and their names, as the caller wishes.

    Raises
    ------
    ReadError
        If no lead is left.
    """
    final = choose_names(names, options)
    kept = [i for i, name in enumerate(final) if name is not None]
    if not kept:
        raise ReadError("All leads were left out; keep at least one.")
    return kept, [final[i] or "" for i in kept]


def take_leads(
    items: Sequence[_T],
    names: Sequence[str],
    take: Callable[[_T, str], Lead],
    options: ReadOptions,
) -> list[Lead]:
    """Return the leads that ``take(item, name)`` reads, until they are too large together.

    Parameters
    ----------
    items, names : sequence
        What stands for each lead in the file, and the name there.
    take : callable
    options : ReadOptions
        Whose ``lead_names`` may rename leads or leave them out.

    Raises
    ------
    ReadError, TooLargeError
        No lead left, or more samples than are read.
    """
    check_lead_count(len(items))
    kept, final = choose_rows(names, options)
    leads: list[Lead] = []
    room = options.max_samples
    for i, name in zip(kept, final, strict=True):
        leads.append(take(items[i], name))
        room -= leads[-1].values.size
        if room < 0:
            raise refuse_samples(options)
    return leads


def cut_to_announced(
    samples: Samples, announced: float | None, label: str, notes: list[str]
) -> Samples:
    """Return as many samples as the file declares; note where it has more or fewer."""
    if announced is None or announced < 1 or announced == samples.size:
        return samples
    if samples.size > announced:
        notes.append(
            f"{label} contains {samples.size} samples, {announced:.0f} are declared; the rest was "
            "left out."
        )
        return samples[: int(announced)]
    notes.append(
        f"{label} is cut off: {announced:.0f} samples are declared, {samples.size} are present."
    )
    return samples


def note_left_out(names: Sequence[str], why: str, notes: list[str]) -> None:
    """Note the leads that were left out, if there are any, and why."""
    if names:
        named = join_words(clean_text(name, 24) or "a lead" for name in names)
        notes.append(f"{named} {was_or_were(names)} left out: {why}.")


def keep_ecg(leads: Sequence[_L], options: ReadOptions, notes: list[str]) -> list[_L]:
    """Return the leads in V (or, where there are none, in NU), named as the caller wishes.

    Raises
    ------
    ReadError
        If there are none.
    """
    given = options.lead_names is not None
    names = choose_names([lead.name for lead in leads], options)
    wanted = [
        (replace(lead, name=name), not given and is_other_signal(lead.name))
        for lead, name in zip(leads, names, strict=True)
        if name is not None
    ]
    fits = [lead for lead, other in wanted if is_amplitude(lead.unit) and not other]
    kept = [lead for lead in fits if is_voltage(lead.unit)] or fits
    if not kept:
        found = join_words(
            f"{clean_text(x.name, 24)} in {clean_text(x.unit, 12)}" for x, _ in wanted[:12]
        )
        raise ReadError(f"The file contains no ECG lead in mV, uV, V or NU; it contains {found}.")
    left = [lead.name for lead, _ in wanted if all(lead is not one for one in kept)]
    note_left_out(left, "no ECG voltage", notes)
    return kept


def describe_leads(names: Iterable[str], rates_hz: Iterable[float | None]) -> str:
    """Return the names of leads and their rates, for a note on what was left out."""
    rates = dict.fromkeys(f"{rate:g} Hz" for rate in rates_hz if rate)
    few = [clean_text(name, 24) for name in dict.fromkeys(names)][:_MAX_NAMED]
    return f"{join_words(few)} at {join_words(rates) or 'an unknown rate'}"


def make_recording(
    leads: Sequence[Lead],
    fs_hz: float,
    told: Provenance,
    source: Source,
    options: ReadOptions,
    *,
    start: datetime | None,
    patient: Patient,
    notes: list[str],
) -> Recording:
    """Return the recording of leads that were sampled together.

    Parameters
    ----------
    leads : sequence of Lead
        The shorter ones are filled up with NaN.
    fs_hz : float
    told : Provenance
        What the file tells of itself; rate, unit and gain are those of the leads.
    source, options, start, patient, notes
        As a :class:`~ecgcore.readers.base.Draft` has them.
    """
    names = [lead.name for lead in leads]
    draft = Draft(
        names=names,
        signal=stack_rows([lead.values for lead in leads], names, options, notes),
        fs_hz=fs_hz,
        unit=MV if is_voltage(leads[0].unit) else NU,
        provenance=replace(
            told,
            original_fs_hz=fs_hz,
            original_unit=join_words(dict.fromkeys(clean_text(lead.unit, 16) for lead in leads)),
            original_gain=same_or_differs(lead.gain for lead in leads),
        ),
        start=start,
        patient=patient,
        notes=notes,
    )
    return assemble_draft(draft, source)


def describe_device(*words: str, software: str = "") -> str:
    """Return maker, model and software of a device in one text."""
    named = [*words, f"software {software}" if software else ""]
    return clean_text(" ".join(word for word in named if word), 120)


def make_patient_at(
    start: datetime | None,
    options: ReadOptions,
    *,
    names: Iterable[str],
    identifier: str,
    born: str,
    sex: str | None,
    age: float | None = None,
) -> Patient:
    """Return the patient: of the age stated, or else of that at the recording."""
    identity = {
        "name": " ".join(name for name in names if name),
        "identifier": identifier,
        "birth date": born,
    }
    age = compute_age(parse_birth_date(born), start) if age is None else age
    return make_patient(age, parse_sex(sex or ""), identity, options)


def name_measurements(found: Iterable[tuple[str, str]], table: Mapping[str, str]) -> dict[str, str]:
    """Return what a device measured, as text with its unit.

    Parameters
    ----------
    found : iterable of (str, str)
        The file's key and its value.
    table : mapping of str to str
        The name of each key that is known; what is called a rate is in bpm, an axis in degrees,
        all else in ms.
    """
    values: dict[str, str] = {}
    for key, text in found:
        name = table.get(key)
        if name is not None and parse_number(text) is not None:
            unit = {"rate": "bpm", "axis": "deg"}.get(name.rpartition(" ")[2], "ms")
            values.setdefault(name, f"{clean_text(text, 16)} {unit}")
    return values
