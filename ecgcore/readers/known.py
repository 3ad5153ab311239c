"""Formats that are recognised but not read: what they are, and what to give instead.

When a reader for one is added, its entry moves to the table of formats.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ecgcore.readers.base import clean_text
from ecgcore.readers.xml.parse import find_root

_Sniff = Callable[[str, bytes], bool]


@dataclass(frozen=True)
class KnownFormat:
    """A format that is not read.

    Attributes
    ----------
    name : str or callable
        What it is, with its article; where that depends on the content, ``name(head) -> str``.
    advice : str
        What to do instead, as the second half of a sentence.
    is_ecg : bool
        Whether such a file is a recording (and so belongs into a folder's list).
    sniff : callable
        ``sniff(name, head) -> bool``; the name only where the content has no signature.
    """

    name: str | Callable[[bytes], str]
    advice: str
    is_ecg: bool
    sniff: _Sniff

    def describe(self, head: bytes) -> str:
        """Return the sentence for the user."""
        name = self.name if isinstance(self.name, str) else self.name(head)
        return f"This is {name}, which is not supported; {self.advice}."


_EXPORT = "export the recording as DICOM waveform, EDF, WFDB or CSV from the device or its archive"
_VENDOR = "export the recording as HL7 aECG (FDA-XML), SCP-ECG or DICOM waveform"
_PICTURE = (
    "a picture contains no samples; export the recording itself as DICOM waveform, EDF or CSV"
)
_OTHER = "save the samples as CSV, with the rate and the unit in its header"
_MATLAB = "save it in MATLAB again with save(..., '-v7')"
_BEATS = "it contains beats and no samples; open the ECG file that it belongs to"
_PACKED = "unpack it, or zip the files"
_NO_ECG = f"if it comes from an ECG, {_EXPORT}"
_PICKLE = "opening it could run any program; save the samples as .npy, Parquet or CSV"
_XML = (
    "the XML formats read are HL7 aECG, GE MUSE, Philips, GE CardioSoft, Schiller, Mortara ELI "
    "and FHIR Observation: export one of these, DICOM waveform, EDF or CSV"
)
_JSON = (
    "the JSON read is FHIR Observation, AliveCor Kardia, or leads as named lists of numbers with "
    "fs and unit beside them"
)
_SOUND = "save the samples as EDF, WFDB or CSV"
_MAX_KEYS = 8
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")


def _starts(*signatures: bytes) -> _Sniff:
    return lambda name, head: head.startswith(signatures)


def _at(place: int, *signatures: bytes) -> _Sniff:
    return lambda name, head: head[place:].startswith(signatures)


def _riff(*kinds: bytes) -> _Sniff:
    return lambda name, head: head.startswith((b"RIFF", b"FORM")) and head[8:12] in kinds


def _named(pattern: str) -> _Sniff:
    """Tell by the name alone what has no signature; text is not meant."""
    wanted = re.compile(pattern, re.IGNORECASE)
    return lambda name, head: (
        bool(wanted.fullmatch(name))
        and (b"\x00" in head or any(byte > 0x7F for byte in head[:4096]))
    )


def _lab_system(name: str, head: bytes) -> bool:
    return head.startswith(b"[Header]") and b"File Type" in head[:200]


def _root(*names: str) -> _Sniff:
    return lambda name, head: find_root(head)[0].lower() in names


def _is_xml(name: str, head: bytes) -> bool:
    return _strip_start(head).startswith(b"<?xml") or find_root(head)[0][:1].isalpha()


def _describe_xml(head: bytes) -> str:
    root, namespace = find_root(head)
    if not root:
        return "XML without a root element"
    space = f"namespace {clean_text(namespace, 80)}" if namespace else "no namespace"
    return f"XML with the root element {clean_text(root, 60)} ({space})"


def _strip_start(head: bytes) -> bytes:
    return head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")


def _is_json(name: str, head: bytes) -> bool:
    """Return whether the content begins as JSON and goes on in words, not in rows of numbers."""
    plain = _strip_start(head)
    if plain.startswith(b"["):
        return bool(re.match(rb"\[\s*(?:[\[{\"\]]|-?\d[\d.eE+-]*\s*[,\]]|null|true|false)", plain))
    return bool(re.match(rb"\{\s*[\"}]", plain))


_TOKEN = re.compile(r'"((?:[^"\\]|\\.){0,200})"\s*(:)?|[{}\[\]]')


def find_json_keys(text: str) -> list[str]:
    """Return the names at the top of a JSON text, or of the objects in its list."""
    keys: dict[str, None] = {}
    depth = 0
    top = 2 if text.lstrip("\ufeff \r\n\t").startswith("[") else 1
    for match in _TOKEN.finditer(text):
        depth += match[0] in ("{", "[")
        depth -= match[0] in ("}", "]")
        if match[2] and depth == top:
            keys.setdefault(match[1])
    return list(keys)


def describe_unknown_json(values: Iterable[str]) -> str:
    """Return the sentence on JSON whose names tell of no samples.

    Parameters
    ----------
    values : iterable of str
        Its names at the top.
    """
    keys = _join_keys(values)
    what = f"JSON with the keys {keys}" if keys else "JSON without named values"
    return f"This is {what}, which is not supported; {_JSON}."


def _join_keys(keys: Iterable[str]) -> str:
    """Return names for a message: the first few, and how many more."""
    names = [clean_text(key, 32) for key in keys]
    more = f" and {len(names) - _MAX_KEYS} more" if len(names) > _MAX_KEYS else ""
    return ", ".join(names[:_MAX_KEYS]) + more


def _describe_json(head: bytes) -> str:
    text = head.replace(b"\x00", b"").decode("utf-8", errors="replace")
    kind = re.search(r'"resourceType"\s*:\s*"(\w{1,40})"', text)
    keys = find_json_keys(text)
    if kind:
        return f"a FHIR resource of type {kind[1]}"
    return f"JSON with the keys {_join_keys(keys)}" if keys else "JSON without named values"


KNOWN: tuple[KnownFormat, ...] = (
    KnownFormat("an ISHNE annotation file", _BEATS, False, _starts(b"ANN  1.0")),
    KnownFormat("GDF", _EXPORT, True, _starts(b"GDF ")),
    KnownFormat("a BrainVision header", _EXPORT, False, _starts(b"Brain Vision", b"BrainVision")),
    KnownFormat("an HL7 version 2 message", _EXPORT, False, _starts(b"MSH|", b"\x0bMSH|")),
    KnownFormat("a Polar HRM file", _BEATS, False, _starts(b"[Params]")),
    KnownFormat("a LabSystem PRO text export", _EXPORT, True, _lab_system),
    KnownFormat("a JPEG image", _PICTURE, False, _starts(b"\xff\xd8\xff")),
    KnownFormat("a PNG image", _PICTURE, False, _starts(b"\x89PNG")),
    KnownFormat("a TIFF image", _PICTURE, False, _starts(b"II*\x00", b"MM\x00*")),
    KnownFormat("a GIF image", _PICTURE, False, _starts(b"GIF8")),
    KnownFormat("a WebP image", _PICTURE, False, _riff(b"WEBP")),
    KnownFormat("a HEIF image", _PICTURE, False, _at(4, b"ftyphei", b"ftypmif1", b"ftypavif")),
    KnownFormat(
        "a JPEG 2000 image", _PICTURE, False, _starts(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
    ),
    KnownFormat(
        "a BMP image",
        _PICTURE,
        False,
        lambda name, head: head[:2] == b"BM" and head[6:10] == b"\0" * 4,
    ),
    KnownFormat("a PostScript file", _PICTURE, False, _starts(b"%!PS")),
    KnownFormat("an SVG drawing", _PICTURE, False, _root("svg")),
    KnownFormat("a web page (HTML)", _NO_ECG, False, _root("html", "!doctype html")),
    KnownFormat(_describe_xml, _XML, False, _is_xml),
    KnownFormat("a Rich Text (RTF) document", _NO_ECG, False, _starts(b"{\\rtf")),
    KnownFormat(_describe_json, _JSON, False, _is_json),
    KnownFormat("MATLAB 7.3 (HDF5)", _MATLAB, False, _starts(b"MATLAB 7.3")),
    KnownFormat("HDF5", _OTHER, False, _starts(b"\x89HDF")),
    KnownFormat("an SQLite database", _OTHER, False, _starts(b"SQLite format 3")),
    KnownFormat("a Python pickle", _PICKLE, False, lambda name, head: _is_pickle(head)),
    KnownFormat("an Arrow or Feather file", _OTHER, False, _starts(b"ARROW1", b"FEA1")),
    KnownFormat("an Excel, Word or other Office file", _OTHER, False, _starts(b"\xd0\xcf\x11\xe0")),
    KnownFormat("a WAV or AIFF sound file", _SOUND, False, _riff(b"WAVE", b"AIFF", b"AIFC")),
    KnownFormat("a video", _PICTURE, False, _riff(b"AVI ")),
    KnownFormat("a sound or video file (MP4)", _SOUND, False, _at(4, b"ftyp")),
    KnownFormat("an MP3 or Ogg sound file", _SOUND, False, _starts(b"ID3", b"OggS")),
    KnownFormat("a FIT activity file", _EXPORT, False, _at(8, b".FIT")),
    KnownFormat("a gzip archive", _PACKED, False, _starts(b"\x1f\x8b")),
    KnownFormat("a 7-Zip archive", _PACKED, False, _starts(b"7z\xbc\xaf")),
    KnownFormat("a RAR archive", _PACKED, False, _starts(b"Rar!")),
    KnownFormat("an xz archive", _PACKED, False, _starts(b"\xfd7zXZ")),
    KnownFormat("a Zstandard archive", _PACKED, False, _starts(b"\x28\xb5\x2f\xfd")),
    KnownFormat("a bzip2 archive", _PACKED, False, lambda name, head: bool(_BZIP2.match(head))),
    KnownFormat("a tar archive", _PACKED, False, _at(257, b"ustar")),
    KnownFormat("a program", _NO_ECG, False, _starts(b"\x7fELF", b"!<arch>\n")),
    KnownFormat("an EDAN Holter recording", _VENDOR, True, _named(r"ecgraw\.dat|patient\.hea")),
    KnownFormat("an EDAN resting ECG", _VENDOR, True, _named(r"\d{8}-\d{6}-\d{4}\.dat")),
    KnownFormat("a Norav raw recording", _VENDOR, True, _named(r".+\.rdt")),
    KnownFormat("a WFDB annotation file", _BEATS, False, _named(r".+\.(?:atr|qrs|ari)")),
)
# Members of a zip archive that tell what it is.
_ARCHIVES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"word/document.*\.xml"), "a Word document", _NO_ECG),
    (re.compile(r"xl/workbook.*"), "an Excel workbook", _OTHER),
    (re.compile(r"ppt/presentation\.xml"), "a PowerPoint presentation", _PICTURE),
    (re.compile(r"(?:.*/)?data\.pkl"), "a PyTorch file", _PICKLE),
    (re.compile(r"META-INF/container\.xml"), "an EPUB book", _NO_ECG),
    (re.compile(r"META-INF/manifest\.xml"), "an OpenDocument file", _OTHER),
    (re.compile(r"META-INF/MANIFEST\.MF"), "a program", _NO_ECG),
)


def _is_pickle(head: bytes) -> bool:
    """Return whether protocol 2 to 5 is named and one of its first instructions follows."""
    return head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and head[2:3] in b"\x95}](cX"


def recognise_known(name: str, head: bytes) -> KnownFormat | None:
    """Return the known format of the content, or None."""
    return next((entry for entry in KNOWN if entry.sniff(name, head)), None)


def recognise_archive(members: Iterable[str]) -> str | None:
    """Return the sentence on a zip archive that is a document of another kind, or None.

    Parameters
    ----------
    members : iterable of str
        Their paths in it.
    """
    names = list(members)
    for pattern, what, advice in _ARCHIVES:
        if any(pattern.fullmatch(name) for name in names):
            return f"This is {what}, which is not supported; {advice}."
    return None
