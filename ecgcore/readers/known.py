"""Formats that are recognised but not read: what they are, and what to give instead.

When a reader for one is added, its entry moves to the table of formats.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownFormat:
    """A format that is not read.

    Attributes
    ----------
    name : str
    advice : str
        What to do instead, as the second half of a sentence.
    is_ecg : bool
        Whether such a file is a recording (and so belongs into a folder's list).
    sniff : callable
        ``sniff(head) -> bool``.
    """

    name: str
    advice: str
    is_ecg: bool
    sniff: Callable[[bytes], bool]


_EXPORT = "export the recording as DICOM waveform, EDF, WFDB or CSV from the device or its archive"
_PICTURE = "a picture holds no samples; export the recording itself as DICOM waveform, EDF or CSV"
_OTHER = "save the samples as CSV, with the rate and the unit in its header"
_MATLAB = "save it in MATLAB again with save(..., '-v7')"
_BEATS = "it holds beats and no samples; give the ECG file that it belongs to"
_FHIR = "export the Observation as JSON"
_PACKED = "unpack it, or pack the files as a zip"


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _has(*words: bytes) -> Callable[[bytes], bool]:
    # UTF-16 XML shows the same letters once its null bytes are gone.
    return lambda head: any(word in head.replace(b"\x00", b"")[:16_384].lower() for word in words)


def _is_xml(head: bytes) -> bool:
    return head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").startswith(b"<?xml")


KNOWN: tuple[KnownFormat, ...] = (
    KnownFormat("an ISHNE annotation file", _BEATS, False, _starts(b"ANN  1.0")),
    KnownFormat("GDF", _EXPORT, True, _starts(b"GDF ")),
    KnownFormat("Mortara or other ECG XML", _EXPORT, True, _has(b"<ecg ", b"<ecgdata")),
    KnownFormat("FHIR (XML)", _FHIR, True, _has(b'xmlns="http://hl7.org/fhir"')),
    KnownFormat("XML", _EXPORT, False, _is_xml),
    KnownFormat("JPEG image", _PICTURE, False, _starts(b"\xff\xd8\xff")),
    KnownFormat("PNG image", _PICTURE, False, _starts(b"\x89PNG")),
    KnownFormat("TIFF image", _PICTURE, False, _starts(b"II*\x00", b"MM\x00*")),
    KnownFormat("GIF image", _PICTURE, False, _starts(b"GIF8")),
    KnownFormat(
        "BMP image", _PICTURE, False, lambda head: head[:2] == b"BM" and head[6:10] == b"\0" * 4
    ),
    KnownFormat("MATLAB 7.3 (HDF5)", _MATLAB, False, _starts(b"MATLAB 7.3")),
    KnownFormat("HDF5", _OTHER, False, _starts(b"\x89HDF")),
    KnownFormat("Excel or other Office file", _OTHER, False, _starts(b"\xd0\xcf\x11\xe0")),
    KnownFormat("gzip archive", _PACKED, False, _starts(b"\x1f\x8b")),
    KnownFormat("7-Zip archive", _PACKED, False, _starts(b"7z\xbc\xaf")),
    KnownFormat("RAR archive", _PACKED, False, _starts(b"Rar!")),
    KnownFormat("xz archive", _PACKED, False, _starts(b"\xfd7zXZ")),
    KnownFormat("bzip2 archive", _PACKED, False, _starts(b"BZh9", b"BZh1")),
    KnownFormat("tar archive", _PACKED, False, lambda head: head[257:262] == b"ustar"),
)


def recognise_known(head: bytes) -> KnownFormat | None:
    """Return the known format of the content, or None."""
    return next((entry for entry in KNOWN if entry.sniff(head)), None)
