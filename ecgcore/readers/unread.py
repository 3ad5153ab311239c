"""Why a file is not read, in one sentence: what it is, and what to give instead."""

import re
from pathlib import PurePosixPath

from ecgcore.readers.base import clean_text
from ecgcore.readers.known import recognise_known
from ecgcore.readers.table import describe_readable, recognise

SIGNAL_SUFFIXES = (".dat", ".mat")
# What a name promises that the content does not keep.
_PROMISED = {
    ".edf": "EDF", ".bdf": "BDF", ".dcm": "DICOM", ".scp": "SCP-ECG", ".atc": "ATC",
    ".mwf": "MFER", ".mfer": "MFER", ".parquet": "Parquet", ".npy": "NumPy", ".npz": "NumPy",
    ".zip": "zip", ".hea": "WFDB header", ".xml": "XML", ".json": "JSON",
}  # fmt: skip
_PASSED_OVER = "Skipped: no ECG found. Open it on its own to try anyway."


def explain_unread(name: str, head: bytes) -> str:
    """Return why a file of no format that is read is refused.

    Parameters
    ----------
    name : str
    head : bytes
        Its first bytes.
    """
    known = recognise_known(name, head)
    if known is not None:
        return known.describe(head)
    suffix = PurePosixPath(name).suffix.lower()
    if not head:
        return "The file is empty."
    if not head.strip(b"\x00"):
        return "The file contains nothing but zeros: it was not saved completely; export it again."
    if suffix in SIGNAL_SUFFIXES or head.startswith(b"fLaC"):
        header = clean_text(PurePosixPath(name).stem + ".hea")
        return f"This may be a WFDB signal file; give its header {header} together with it."
    promised = _PROMISED.get(suffix)
    but = (
        f", though its name says {promised}: it may be damaged, so export it again"
        if promised
        else ""
    )
    return f"Not a supported ECG format{but}; possible are {describe_readable()}."


def explain_not_recording(name: str, head: bytes) -> str:
    """Return why one of several files is not among the recordings.

    Parameters
    ----------
    name : str
    head : bytes
        Its first bytes.
    """
    if recognise(name, head) is not None:
        return _PASSED_OVER
    if recognise_known(name, head) is None and _is_words(head):
        return "Skipped: it contains text and no samples."
    return explain_unread(name, head)


def _is_words(head: bytes) -> bool:
    return bool(re.fullmatch(rb"[\t\r\n\f\x20-\x7e\x80-\xff]+", head))
