"""Writing a recording as an EDF+ file (Kemp and Olivan 2003), continuous, 16 bits."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Literal

import edfio
import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import canonical_lead
from ecgcore.readers.base import guard_writing, require_voltage
from ecgcore.readers.edf.texts import ABSENT, AGE, ALL_LEADS, COMPUTED, PADDING, SIMULATED
from ecgcore.recording import Recording

# Zero is a step, and the range is the same to both sides.
_MOST_STEPS = 32_767
_MOST_UV = 9_999_999.0
_GRID_UV = 0.01  # float32 tells no less of samples that were whole microvolts
_MOST_STRETCHES = 10_000
# A data record should not be larger (EDF, section 3).
_RECORD_BYTES = 61_440
_RECORD_S = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01)
_LONGEST_RECORD_S = 100
_YEARS = (1985, 2084)
_LABEL, _FIELD, _WORD = 16, 80, 20


def write_edf(recording: Recording, path: str | Path) -> Path:
    """Write an EDF+C file in µV, one signal a lead, each with the range of its samples.

    Where all samples of a lead are whole microvolts up to 32.767 mV, a step is 1 µV and nothing is
    rounded; else a step is the largest amplitude divided by 32,767.  Absent samples, which EDF
    does not know, get the lowest value of the lead, and annotations say where they are; so does
    what fills the last data record.  Age and sex are written, identity is not.

    Parameters
    ----------
    recording : Recording
        In mV.
    path : str or pathlib.Path
        Of the file; overwritten if it is there.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InvalidArgumentError
        For normalised units, an amplitude that does not fit, or absent samples in more than 10,000
        stretches.
    EcgError
        If the file cannot be written.
    """
    require_voltage(recording.unit, "EDF")
    path = Path(path)
    records = plan_records(recording)
    labels = make_labels(recording.leads)
    signals = [_make_signal(recording, index, label, records) for index, label in enumerate(labels)]
    start = recording.start if writes_start(recording) else None
    edf = edfio.Edf(
        signals,
        patient=_make_patient(recording),
        recording=_make_recording(recording, start.date() if start else None),
        starttime=start.time() if start else time(),
        data_record_duration=records.seconds,
        annotations=list(_make_annotations(recording, labels, records)),
    )
    with guard_writing(path):
        path.write_bytes(edf.to_bytes())
    return path


@dataclass(frozen=True)
class Records:
    """How samples are divided into data records.

    Attributes
    ----------
    samples : int
        Of each lead in one data record.
    seconds : float
        Length of a data record, with at most eight characters.
    padding : int
        Samples that fill the last data record.
    """

    samples: int
    seconds: float
    padding: int

    @property
    def fs_hz(self) -> float:
        """The rate that the file tells."""
        return self.samples / self.seconds


def plan_records(recording: Recording) -> Records:
    """Return data records that tell the recording's rate, exactly if eight characters can."""
    fs_hz, n_bytes = recording.fs_hz, 2 * recording.n_leads
    exact = [
        (round(fs_hz * seconds), seconds)
        for seconds in (*_RECORD_S, *map(float, range(2, _LONGEST_RECORD_S + 1)))
        if round(fs_hz * seconds) >= 1 and round(fs_hz * seconds) / seconds == fs_hz
    ]
    small = [(n, seconds) for n, seconds in exact if n * n_bytes <= _RECORD_BYTES]
    if exact:
        samples, seconds = (small or exact)[0]
    else:
        samples = max(1, round(fs_hz))
        seconds = float(f"{samples / fs_hz:.8f}"[:8])
    return Records(samples, seconds, -recording.n_samples % samples)


def make_labels(leads: Sequence[str]) -> list[str]:
    """Return each lead's label of 16 letters: ``ECG V1``, also in front of names of no lead."""
    labels: list[str] = []
    for lead in leads:
        plain = _to_ascii(lead)
        has_word = canonical_lead(lead) is None and re.search(r"\b(?:ecg|ekg)\b", plain, re.I)
        label = plain if has_word else f"ECG {plain}".strip()
        count, unique = 1, label[:_LABEL].strip()
        while unique in labels:
            count += 1
            mark = f" {count}"
            unique = label[: _LABEL - len(mark)].strip() + mark
        labels.append(unique)
    return labels


def writes_start(recording: Recording) -> bool:
    """Return whether EDF has room for the start: years are written with two digits."""
    start = recording.start
    return start is not None and _YEARS[0] <= start.year <= _YEARS[1]


def _to_ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).replace("−", "-").replace("µ", "u")
    return " ".join("".join(c if " " <= c <= "~" else " " for c in plain).split())


def _make_signal(recording: Recording, index: int, label: str, records: Records) -> edfio.EdfSignal:
    lead = recording.leads[index]
    row_uv = recording.signal[index].astype(np.float64) * 1000
    absent = np.isnan(row_uv)
    range_uv = _find_range_uv(row_uv[~absent])
    steps = np.round(np.where(absent, 0.0, row_uv) * (_MOST_STEPS / range_uv))
    steps[absent] = -_MOST_STEPS
    whole = np.full(row_uv.size + records.padding, -_MOST_STEPS, np.int16)
    whole[: row_uv.size] = steps
    return edfio.EdfSignal.from_digital(
        whole,
        records.fs_hz,
        label=label,
        transducer_type=COMPUTED if lead in recording.derived_leads else "",
        physical_dimension="uV",
        physical_range=(-range_uv, range_uv),
        digital_range=(-_MOST_STEPS, _MOST_STEPS),
        prefiltering=_to_ascii(recording.provenance.device_filter)[:_FIELD],
    )


def _find_range_uv(samples_uv: NDArray[np.float64]) -> float:
    """Return the largest value that 16 bits stand for, as seven characters can tell it."""
    peak = float(np.abs(samples_uv).max(initial=0.0))
    if peak > _MOST_UV:
        raise InvalidArgumentError(f"Amplitudes up to {peak / 1000:g} mV do not fit the format.")
    on_grid = np.abs(samples_uv - np.round(samples_uv)).max(initial=0.0) <= _GRID_UV
    if peak < 0.001 or (on_grid and round(peak) <= _MOST_STEPS):
        return float(_MOST_STEPS)
    # Seven characters; the eighth is the sign before the lower end.
    decimals = max(0, 6 - len(str(int(peak))))
    return min(_MOST_UV, round(float(np.ceil(peak * 10**decimals)) / 10**decimals, decimals))


def _make_patient(recording: Recording) -> edfio.Patient:
    patient = recording.patient
    sex: Literal["F", "M", "X"] = "X"
    if patient.sex is not None:
        sex = "F" if patient.sex == "female" else "M"
    age = [] if patient.age_years is None else [f"{AGE}{patient.age_years:.6g}"]
    return edfio.Patient(sex=sex, additional=age)


def _make_recording(recording: Recording, day: date | None) -> edfio.Recording:
    device = _to_ascii(recording.provenance.device).replace(" ", "_")[:_WORD]
    marks = [SIMULATED] if recording.provenance.simulated else []
    return edfio.Recording(startdate=day, equipment_code=device or "X", additional=marks)


def _make_annotations(
    recording: Recording, labels: Sequence[str], records: Records
) -> Iterator[edfio.EdfAnnotation]:
    """Yield where samples are absent, and what fills the last data record."""
    absent = np.isnan(recording.signal)
    everywhere = np.asarray(absent.all(axis=0))
    found = [(ALL_LEADS, span) for span in _find_stretches(everywhere)]
    for label, row in zip(labels, absent, strict=True):
        found += [(label, span) for span in _find_stretches(row & ~everywhere)]
    if len(found) > _MOST_STRETCHES:
        raise InvalidArgumentError(
            f"Samples are absent in {len(found)} stretches, which EDF cannot mark; save it as WFDB "
            "or CSV."
        )
    for label, (first, stop) in found:
        yield _make_annotation(first, stop, f"{ABSENT}{label}", records.fs_hz)
    if records.padding:
        end = recording.n_samples + records.padding
        yield _make_annotation(recording.n_samples, end, PADDING, records.fs_hz)


def _make_annotation(first: int, stop: int, text: str, fs_hz: float) -> edfio.EdfAnnotation:
    return edfio.EdfAnnotation(first / fs_hz, (stop - first) / fs_hz, text)


def _find_stretches(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return first and one past the last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marked.view(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
