"""The table of formats: one line each.  A new format is one module and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass

from ecgcore.readers import csv_, dicom, edf, wfdb_
from ecgcore.readers.base import ReadOptions, Source
from ecgcore.recording import Recording


@dataclass(frozen=True)
class Format:
    """A format that is read.

    Attributes
    ----------
    name : str
    description : str
        What a user calls it, for the message that lists what can be read.
    sniff : callable
        ``sniff(name, head) -> bool``: whether the first bytes are of this format.  The name only
        settles what the content leaves open.
    read : callable
        ``read(source, options) -> Recording``.
    listed : callable, optional
        ``listed(head) -> bool``: whether such a file counts as a recording when a folder is
        walked; always, if None.
    """

    name: str
    description: str
    sniff: Callable[[str, bytes], bool]
    read: Callable[[Source, ReadOptions], Recording]
    listed: Callable[[bytes], bool] | None = None


# In the order asked: formats with a signature first, plain text last.
FORMATS: tuple[Format, ...] = (
    Format("DICOM", "DICOM waveform", dicom.sniff, dicom.read),
    Format("EDF", "EDF, EDF+ or BDF", edf.sniff, edf.read),
    Format("WFDB", "WFDB (.hea with its signal files)", wfdb_.sniff, wfdb_.read),
    Format("CSV", "CSV or TXT", csv_.sniff, csv_.read, csv_.listed_in_folder),
)


def recognise(name: str, head: bytes) -> Format | None:
    """Return the format of the content, or None."""
    return next((entry for entry in FORMATS if entry.sniff(name, head)), None)


def readable() -> str:
    """Return what can be read, for a message."""
    *most, last = (entry.description for entry in FORMATS)
    return f"{', '.join(most)} and {last}" if most else last
