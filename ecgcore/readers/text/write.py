"""Writing a recording as a text table that reads back without any option."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pandas as pd

from ecgcore.origin import NOTICE, SOFTWARE
from ecgcore.readers.assemble import COMPUTED_COMMENT, SIMULATED_COMMENT
from ecgcore.readers.base import clean_text, guard_writing
from ecgcore.recording import Recording

# Nine digits name every float32 exactly.
_DIGITS = "%.9g"
_START = "start:"


def write_csv(recording: Recording, path: str | Path) -> Path:
    """Write a CSV file: comments, a line of lead names with their unit, one line a sample.

    Absent samples are empty fields (``nan`` where there is only one lead, whose empty lines would
    be lost).  Age and sex go into the comments, identity does not.

    Parameters
    ----------
    recording : Recording
    path : str or pathlib.Path
        Of the file; overwritten if it is there.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    EcgError
        If the file cannot be written.
    """
    path = Path(path)
    header = "\n".join(f"# {clean_text(line, 200)}" for line in _make_comments(recording))
    columns = ",".join(f"{_clean_field(lead)} ({recording.unit})" for lead in recording.leads)
    table = pd.DataFrame(recording.signal.T)
    with guard_writing(path), path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{header}\n{columns}\n")
        table.to_csv(
            file,
            header=False,
            index=False,
            float_format=_DIGITS,
            na_rep="nan" if recording.n_leads == 1 else "",
            lineterminator="\n",
        )
    return path


def find_start(comments: Iterable[str]) -> datetime | None:
    """Return the start that this writer put into a comment, or None."""
    told = (line.strip().partition(_START) for line in comments)
    for before, mark, text in told:
        if mark and not before:
            try:
                return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
            except ValueError:
                return None
    return None


def _make_comments(recording: Recording) -> list[str]:
    rate = f"{recording.fs_hz:.9f}".rstrip("0").rstrip(".")
    lines = [f"sampling rate: {rate} Hz", f"unit: {recording.unit}"]
    patient = recording.patient
    if patient.age_years is not None:
        lines.append(f"age: {patient.age_years:g}")
    if patient.sex is not None:
        lines.append(f"sex: {patient.sex}")
    if recording.start is not None:
        lines.append(f"{_START} {recording.start.isoformat(' ')}")
    if recording.derived_leads:
        lines.append(f"{COMPUTED_COMMENT} {' '.join(recording.derived_leads)}")
    if recording.provenance.simulated:
        lines.append(SIMULATED_COMMENT)
    lines.append(f"written by {SOFTWARE}: {NOTICE}")
    if recording.provenance.sha256:
        lines.append(f"SHA-256 of the source: {recording.provenance.sha256}")
    return lines


def _clean_field(lead: str) -> str:
    """Return a lead's name without what would end the field or begin a comment."""
    clean = re.sub(r"[,;|\"'\t\[\]]", " ", lead).strip(" #%/")
    return " ".join(clean.split()) or "lead"
