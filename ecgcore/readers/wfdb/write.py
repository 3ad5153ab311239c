"""Writing a recording as a WFDB record."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.readers.assemble import COMPUTED_COMMENT, SIMULATED_COMMENT
from ecgcore.readers.base import clean_text, guard_writing
from ecgcore.recording import Recording

GAIN = 1000.0  # steps of 1 microvolt


def write_wfdb(
    recording: Recording, folder: str | Path, name: str, *, comments: Sequence[str] = ()
) -> Path:
    """Write ``NAME.hea`` and ``NAME.dat``; return the header's path.

    Samples are stored in steps of 1 uV (0.001 NU) in format 16, or in format 32 where the
    amplitude does not fit; absent samples as WFDB's "absent" value.  Age and sex go into the
    comments, identity does not.

    Parameters
    ----------
    recording : Recording
    folder : str or pathlib.Path
        Made if it is not there.
    name : str
        Record name: letters, digits, ``-`` and ``_``.
    comments : sequence of str
        Further comment lines for the header.

    Raises
    ------
    InvalidArgumentError
        If the name cannot be a record's, or the amplitude does not fit.
    EcgError
        If the files cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ecgcore.readers import read
    >>> from ecgcore.simulate import simulate
    >>> with TemporaryDirectory() as folder:
    ...     header = write_wfdb(simulate("normal").recording, folder, "demo")
    ...     header.name, read(header).n_samples
    ('demo.hea', 5000)
    """
    if not re.fullmatch(r"[-\w]+", name):
        raise InvalidArgumentError(
            f"The record name is {clean_text(name)!r}; letters, digits, - and _ are possible."
        )
    fmt, stored = _pack_samples(recording)
    fs = f"{recording.fs_hz:.10g}"
    lines = [f"{name} {recording.n_leads} {fs} {recording.n_samples}{_format_start(recording)}"]
    for lead, row in zip(recording.leads, stored, strict=True):
        checksum = int(row.sum(dtype=np.int64)) % 65536
        bits = 16 if fmt == 16 else 32
        lines.append(
            f"{name}.dat {fmt} {GAIN:g}(0)/{recording.unit} {bits} 0 {int(row[0])} {checksum} 0 "
            f"{clean_text(lead)}"
        )
    lines += [f"# {clean_text(text, 200)}" for text in (*_make_comments(recording), *comments)]
    folder = Path(folder)
    with guard_writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.dat").write_bytes(np.ascontiguousarray(stored.T).tobytes())
        (folder / f"{name}.hea").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / f"{name}.hea"


def _pack_samples(recording: Recording) -> tuple[int, NDArray[np.signedinteger]]:
    absent = np.isnan(recording.signal)
    steps = np.round(np.where(absent, 0, recording.signal).astype(np.float64) * GAIN)
    peak = float(np.abs(steps).max())
    if peak > 2**31 - 1:
        raise InvalidArgumentError(f"Amplitudes up to {peak / GAIN:g} mV do not fit the format.")
    fmt, dtype, mark = (16, "<i2", -(2**15)) if peak < 2**15 else (32, "<i4", -(2**31))
    stored = steps.astype(dtype)
    stored[absent] = mark
    return fmt, stored


def _format_start(recording: Recording) -> str:
    return "" if recording.start is None else recording.start.strftime(" %H:%M:%S %d/%m/%Y")


def _make_comments(recording: Recording) -> list[str]:
    patient = recording.patient
    comments = [SIMULATED_COMMENT] if recording.provenance.simulated else []
    if patient.age_years is not None:
        comments.append(f"Age: {patient.age_years:g}")
    if patient.sex is not None:
        comments.append(f"Sex: {patient.sex.capitalize()}")
    if recording.derived_leads:
        comments.append(f"{COMPUTED_COMMENT} {' '.join(recording.derived_leads)}")
    return comments
