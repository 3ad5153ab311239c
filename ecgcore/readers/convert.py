"""Writing a recording in another format, with or without what identifies a person.

What was written is read back, and every difference is told: what a format cannot hold is known from
the file itself and not from a list beside it.
"""

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgcore.checks import check_option
from ecgcore.errors import EcgError
from ecgcore.leads import canonical_lead
from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import ReadOptions
from ecgcore.readers.dicom.codes import find_code
from ecgcore.readers.dicom.write import write_dicom
from ecgcore.readers.edf.write import plan_records, write_edf
from ecgcore.readers.opening import read
from ecgcore.readers.text.write import write_csv
from ecgcore.readers.wfdb.write import write_wfdb
from ecgcore.recording import Patient, Provenance, Recording, Step
from ecgcore.units import MV

# HIPAA safe harbor, 45 CFR 164.514(b)(2)(i)(C): ages over 89 are one group.
_OLDEST_YEARS = 90.0
# Names that tell a channel's number and no more.
_PLAIN_NAME = re.compile(r"(?:ecg|ekg|lead|channel|ch)?[ _-]?\d{0,3}", re.IGNORECASE)
_NUMBERED = re.compile(r"(.+) \(\d+\)")
_ROUNDING_MV = 1e-7
# What was in memory once is not refused for its size.
_ANY_SIZE = ReadOptions(max_bytes=2**40, max_expanded_bytes=2**40, max_samples=2**40)


@dataclass(frozen=True)
class Target:
    """A format that recordings are written in.

    Attributes
    ----------
    title : str
    extension : str
        Of the file that is read again, with its dot.
    write : callable
        ``write(recording, folder, name, anonymised)``: writes one or several files.
    also : callable
        ``also(recording) -> list of str``: what other software will not see in the file.
    """

    title: str
    extension: str
    write: Callable[[Recording, Path, str, bool], Path]
    also: Callable[[Recording], list[str]]


@dataclass(frozen=True)
class Converted:
    """A recording in another format.

    Attributes
    ----------
    files : dict of str to bytes
        By name; the one that is read first.
    removed : tuple of str
        What anonymising removed or changed, one sentence each; no value is repeated.
    lost : tuple of str
        What the format does not hold, one sentence each.
    """

    files: Mapping[str, bytes]
    removed: tuple[str, ...]
    lost: tuple[str, ...]


def convert(recording: Recording, to: str, name: str, *, anonymised: bool = False) -> Converted:
    """Write a recording in another format, in memory.

    Parameters
    ----------
    recording : Recording
    to : str
        A key of :data:`TARGETS`.
    name : str
        Of the files, without extension: letters, digits, ``-`` and ``_``.
    anonymised : bool
        See :func:`anonymise`.

    Raises
    ------
    InvalidArgumentError
        If the format cannot hold the recording (normalised units in DICOM and EDF, an amplitude,
        a rate, too many leads).
    EcgError
        If it cannot be written.

    Examples
    --------
    >>> from ecgcore.simulate import simulate
    >>> made = convert(simulate("normal").recording, "edf", "demo", anonymised=True)
    >>> list(made.files)
    ['demo.edf']
    """
    check_option("to", to, TARGETS)
    target = TARGETS[to]
    removed: tuple[str, ...] = ()
    if anonymised:
        recording, removed = anonymise(recording)
    with tempfile.TemporaryDirectory() as folder:
        first = target.write(recording, Path(folder), name, anonymised)
        found = sorted(Path(folder).iterdir(), key=lambda path: (path != first, path.name))
        files = {path.name: path.read_bytes() for path in found}
    lost = [*_read_back(recording, files), *target.also(recording)]
    return Converted(files, removed, tuple(lost))


# ---- identity -------------------------------------------------------------------------------


def anonymise(recording: Recording) -> tuple[Recording, tuple[str, ...]]:
    """Remove what could identify a person, and say what was removed.

    After HIPAA safe harbor, 45 CFR 164.514(b)(2): name and identifiers, date and time of the
    recording, ages over 89 (these become 90), the device's name (it may hold a serial number), the
    machine's statements and notes (free text), and lead names that are neither standard nor a mere
    number.  The samples stay as they are; an ECG can identify a person to someone who has another
    of their ECGs.

    Returns
    -------
    recording : Recording
    removed : tuple of str
        One sentence each; no value is repeated.
    """
    patient, provenance = recording.patient, recording.provenance
    removed = []
    if patient.identity:
        removed.append("Name and identifier were removed.")
    if recording.start is not None:
        removed.append("Date and time of the recording were removed.")
    age = patient.age_years
    if age is not None and age > _OLDEST_YEARS - 1:
        age = _OLDEST_YEARS
        removed.append("The age is over 89; it is written as 90, which means 90 or more.")
    if provenance.device or provenance.device_filter:
        removed.append("The device's name and filter were removed.")
    leads = tuple(
        lead if _is_plain(lead) else f"unnamed ECG {number}"
        for number, lead in enumerate(recording.leads, start=1)
    )
    if provenance.machine_statements or provenance.machine_measurements or recording.notes:
        removed.append("The machine's statements and all notes were removed.")
    if leads != recording.leads:
        removed.append("Lead names that are not standard were replaced by numbers.")
    kept = replace(
        recording,
        leads=leads,
        start=None,
        patient=Patient(age, patient.sex),
        provenance=Provenance(
            # Without the source's digest: who has the source would know whose this is.
            format=provenance.format,
            original_fs_hz=provenance.original_fs_hz,
            original_unit=provenance.original_unit,
            simulated=provenance.simulated,
            steps=(*provenance.steps, Step("anonymise")),
        ),
        derived_leads=tuple(
            new
            for old, new in zip(recording.leads, leads, strict=True)
            if old in recording.derived_leads
        ),
        notes=(),
    )
    return kept, tuple(removed)


def _is_plain(lead: str) -> bool:
    numbered = _NUMBERED.fullmatch(lead)
    name = numbered[1] if numbered else lead
    return canonical_lead(name) is not None or _PLAIN_NAME.fullmatch(name) is not None


# ---- what a format does not hold ------------------------------------------------------------


def _read_back(recording: Recording, files: Mapping[str, bytes]) -> list[str]:
    try:
        return find_differences(recording, read(files, options=_ANY_SIZE))
    except EcgError as error:
        # Such as names that are no leads: the file is whole, and its reader asks.
        return [f"Opened here, the file lacks information: {error}"]


def find_differences(before: Recording, after: Recording) -> list[str]:
    """Return how a recording read back differs from the one written, one sentence each."""
    return [
        *_compare_leads(before, after),
        *_compare_samples(before, after),
        *_compare_patients(before, after),
        *_compare_the_rest(before, after),
    ]


def _compare_leads(before: Recording, after: Recording) -> list[str]:
    missing = [lead for lead in before.leads if lead not in after.leads]
    if not missing:
        return []
    new = [lead for lead in after.leads if lead not in before.leads]
    if len(new) == len(missing):
        pairs = join_words(f"{a!r} as {b!r}" for a, b in zip(missing, new, strict=True))
        return [f"Lead names change: {pairs}."]
    return [f"Leads that are not in the file: {', '.join(missing)}."]


def _compare_samples(before: Recording, after: Recording) -> list[str]:
    told = []
    if not np.isclose(after.fs_hz, before.fs_hz, rtol=1e-12):
        told.append(f"The rate of {before.fs_hz:.10g} Hz becomes {after.fs_hz:.10g} Hz.")
    if after.n_samples != before.n_samples:
        told.append(f"{before.n_samples} samples of each lead become {after.n_samples}.")
    if after.unit != before.unit:
        told.append(f"The unit {before.unit} becomes {after.unit}.")
    common = [lead for lead in before.leads if lead in after.leads]
    n = min(before.n_samples, after.n_samples)
    rows = [(before.lead(lead)[:n], after.lead(lead)[:n]) for lead in common]
    off = max((float(np.nanmax(np.abs(a - b), initial=0)) for a, b in rows), default=0.0)
    if off > _ROUNDING_MV:
        unit = f"{1000 * off:.3g} µV" if before.unit == MV else f"{off:.3g} NU"
        told.append(f"Samples are rounded, by up to {unit}.")
    n_absent = sum(int((np.isnan(a) != np.isnan(b)).sum()) for a, b in rows)
    if n_absent:
        told.append(f"{n_absent} absent samples cannot be marked.")
    return told


def _compare_patients(before: Recording, after: Recording) -> list[str]:
    told = []
    old, new = before.patient.age_years, after.patient.age_years
    if old is not None and new is None:
        told.append("The age is not written.")
    elif old is not None and new is not None and not np.isclose(old, new, rtol=1e-3):
        told.append(f"The age of {old:.4g} years becomes {new:.4g} years.")
    if before.patient.sex != after.patient.sex:
        told.append("The sex is not written.")
    if before.start != after.start:
        told.append(
            "The date and time of the recording are not written."
            if after.start is None
            else "Fractions of a second of the time of the recording are not written."
        )
    return told


def _compare_the_rest(before: Recording, after: Recording) -> list[str]:
    old, new = before.provenance, after.provenance
    told = []
    if not set(before.derived_leads) <= set(after.derived_leads):
        told.append("Which leads were computed is not written.")
    if old.simulated and not new.simulated:
        told.append("That the recording is simulated is not written.")
    if old.device and old.device.replace(" ", "_") != new.device.replace(" ", "_"):
        told.append("The device's name is not written, or not in full.")
    if old.device_filter and old.device_filter != new.device_filter:
        told.append("The device's filter is not written, or not in full.")
    if old.machine_statements or old.machine_measurements:
        told.append("The machine's statements and measurements are not written.")
    if before.notes:
        told.append("Notes on what was repaired, computed or left out are not written.")
    return told


def _note_nothing(_recording: Recording) -> list[str]:
    return []


def _note_own_codes(recording: Recording) -> list[str]:
    names = [lead for lead in recording.leads if find_code(lead) is None]
    if not names:
        return []
    return [f"DICOM has no code for {join_words(names)}; the name is written as text."]


def _note_edf_limits(recording: Recording) -> list[str]:
    told = []
    absent = int(np.isnan(recording.signal).sum())
    if absent:
        told.append(
            f"EDF has no absent samples: {absent} are written as the lowest value of their lead, "
            "and annotations say which."
        )
    padding = plan_records(recording).padding
    if padding:
        told.append(
            f"{padding} samples after the end fill the last data record; an annotation says so."
        )
    return told


# ---- formats --------------------------------------------------------------------------------


def _write_csv(recording: Recording, folder: Path, name: str, _anonymised: bool) -> Path:
    return write_csv(recording, folder / f"{name}.csv")


def _write_dicom(recording: Recording, folder: Path, name: str, anonymised: bool) -> Path:
    return write_dicom(recording, folder / f"{name}.dcm", anonymised=anonymised)


def _write_edf(recording: Recording, folder: Path, name: str, _anonymised: bool) -> Path:
    return write_edf(recording, folder / f"{name}.edf")


def _write_wfdb(recording: Recording, folder: Path, name: str, _anonymised: bool) -> Path:
    return write_wfdb(recording, folder, name)


TARGETS = {
    "wfdb": Target("WFDB", ".hea", _write_wfdb, _note_nothing),
    "dicom": Target("DICOM", ".dcm", _write_dicom, _note_own_codes),
    "csv": Target("CSV", ".csv", _write_csv, _note_nothing),
    "edf": Target("EDF+", ".edf", _write_edf, _note_edf_limits),
}
