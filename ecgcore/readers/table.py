"""The table of formats: one line each.  A new format is one module and one entry here."""

from collections.abc import Callable
from dataclasses import dataclass

from ecgcore.readers import pdf
from ecgcore.readers.base import ReadOptions, Source
from ecgcore.readers.binary import atc, ishne, mat, mfer, npy, parquet
from ecgcore.readers.dicom import reader as dicom
from ecgcore.readers.edf import reader as edf
from ecgcore.readers.json import fhir, kardia
from ecgcore.readers.json import plain as json
from ecgcore.readers.known import recognise_known
from ecgcore.readers.scp import reader as scp
from ecgcore.readers.text import apple, labchart, opensignals
from ecgcore.readers.text import delimited as csv
from ecgcore.readers.wfdb import reader as wfdb
from ecgcore.readers.xml import aecg, cardiosoft, mortara, muse, philips, schiller
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
    last_resort : bool
        Whether what begins as another known format is refused by that name instead.
    """

    name: str
    description: str
    sniff: Callable[[str, bytes], bool]
    read: Callable[[Source, ReadOptions], Recording]
    listed: Callable[[bytes], bool] | None = None
    last_resort: bool = False


# In the order asked: formats with a signature first, plain text last.
FORMATS: tuple[Format, ...] = (
    Format("DICOM", "DICOM waveform", dicom.sniff, dicom.read),
    Format("EDF", "EDF, EDF+ or BDF", edf.sniff, edf.read),
    Format("HL7 aECG", "HL7 aECG (XML)", aecg.sniff, aecg.read),
    Format("GE MUSE XML", "GE MUSE XML", muse.sniff, muse.read),
    Format("Philips XML", "Philips XML", philips.sniff, philips.read),
    Format("GE CardioSoft XML", "GE CardioSoft XML", cardiosoft.sniff, cardiosoft.read),
    Format("Schiller XML", "Schiller XML", schiller.sniff, schiller.read),
    Format("Mortara XML", "Mortara ELI XML", mortara.sniff, mortara.read),
    Format("FHIR", "FHIR Observation (JSON or XML)", fhir.sniff, fhir.read, fhir.is_recording),
    Format("SCP-ECG", "SCP-ECG (.scp)", scp.sniff, scp.read),
    Format("ISHNE", "ISHNE Holter", ishne.sniff, ishne.read),
    Format("ATC", "AliveCor ATC", atc.sniff, atc.read),
    Format("MFER", "MFER", mfer.sniff, mfer.read),
    Format("MATLAB", "MATLAB (.mat)", mat.sniff, mat.read, mat.is_recording),
    Format("NumPy", "NumPy (.npy, .npz)", npy.sniff, npy.read, npy.is_recording),
    Format("Parquet", "Parquet", parquet.sniff, parquet.read),
    Format("PDF", "PDF whose traces are drawn lines", pdf.sniff, pdf.read),
    Format("WFDB", "WFDB (.hea with its signal files)", wfdb.sniff, wfdb.read),
    Format("Apple Watch", "Apple Watch CSV", apple.sniff, apple.read),
    Format("Kardia JSON", "AliveCor Kardia JSON", kardia.sniff, kardia.read),
    Format("OpenSignals", "OpenSignals text (BITalino)", opensignals.sniff, opensignals.read),
    Format("LabChart", "LabChart text", labchart.sniff, labchart.read),
    Format("JSON", "JSON", json.sniff, json.read, json.is_recording),
    Format("CSV", "CSV or TXT", csv.sniff, csv.read, csv.is_recording, last_resort=True),
)


def recognise(name: str, head: bytes) -> Format | None:
    """Return the format of the content, or None."""
    entry = next((entry for entry in FORMATS if entry.sniff(name, head)), None)
    if entry is not None and entry.last_resort and recognise_known(name, head):
        return None
    return entry


def describe_readable() -> str:
    """Return what can be read, for a message."""
    *most, last = (entry.description for entry in FORMATS)
    return f"{', '.join(most)} and {last}" if most else last
