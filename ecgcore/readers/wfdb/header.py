"""WFDB header files: parsed, checked, and repaired where it is plain what was meant.

The grammar is that of header(5) of the WFDB Applications Guide (Moody, PhysioNet).  It is parsed
here, not by the wfdb package: names and counts are checked before anything acts on them, and
headers that occur in the wild though the package refuses them are repaired, with a note.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypeVar

from ecgcore.errors import ReadError
from ecgcore.readers.base import clean_text, is_plain_name
from ecgcore.recording import MAX_FS_HZ

MAX_SIGNALS = 1024
MAX_SAMPLES_PER_FRAME = 10_000
DEFAULT_FS_HZ = 250.0
DEFAULT_GAIN = 200.0
# Format -> bytes a sample, value that means "absent" (None: there is none).
FORMATS: dict[str, tuple[float, int | None]] = {
    "8": (1, None),
    "16": (2, -(2**15)),
    "24": (3, -(2**23)),
    "32": (4, -(2**31)),
    "61": (2, -(2**15)),
    "80": (1, -(2**7)),
    "160": (2, -(2**15)),
    "212": (1.5, -(2**11)),
    "310": (4 / 3, -(2**9)),
    "311": (4 / 3, -(2**9)),
    "508": (0, -(2**7)),
    "516": (0, -(2**15)),
    "524": (0, -(2**23)),
}
FLAC_FORMATS = ("508", "516", "524")
NO_FILE = "~"

_RECORD = re.compile(r"^(?P<name>\S+?)(?:/(?P<n_seg>\d{1,9}))?$")
_FORMAT = re.compile(r"^(\d{1,4})(?:x(\d{1,9}))?(?::(\d{1,9}))?(?:\+(\d{1,12}))?$")
_GAIN = re.compile(
    r"^([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,3})?)(?:\(([-+]?\d+)\))?(?:/+(\S+))?$", re.I
)
_FOLDER = re.compile(r"[/\\:]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class SignalSpec:
    """One signal line: where the samples are and how they become physical values."""

    file: str
    fmt: str
    samples_per_frame: int
    skew: int
    byte_offset: int
    gain: float
    baseline: int
    unit: str
    initial: int
    checksum: int | None
    name: str
    calibrated: bool


@dataclass(frozen=True)
class Segment:
    """One segment line of a multi-segment record; the name is ``~`` for a gap."""

    name: str
    n_samples: int


@dataclass(frozen=True)
class Header:
    """A whole header; ``n_frames`` is None where the header leaves it to the file's length."""

    name: str
    fs_hz: float
    fs_given: bool
    n_frames: int | None
    start: datetime | None
    signals: tuple[SignalSpec, ...]
    segments: tuple[Segment, ...]
    comments: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def looks_like_header(name: str, head: bytes) -> bool:
    """Return whether the content is a WFDB header: a record line, then a line that belongs to it.

    A file called ``.hea`` only needs the record line, so that its faults are named as such.
    """
    lines = _split_lines(_decode(head))[0] if b"\x00" not in head[:1024] else []
    record = lines[0].split() if lines else []
    if len(record) < 2 or not _RECORD.match(record[0]) or not record[1].isdigit():
        return False
    if name.lower().endswith(".hea"):
        return True
    second = lines[1].split() if len(lines) > 1 else []
    if len(second) < 2 or _is_number(second[0]):
        return False
    match = _FORMAT.match(second[1])
    return second[1].isdigit() if "/" in record[0] else bool(match and match[1] in FORMATS)


def parse_header(data: bytes) -> Header:
    """Parse a header file.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    ReadError
        One sentence that names the line and what would be right.
    """
    notes: list[str] = []
    lines, comments = _split_lines(_decode(data))
    if not lines:
        raise ReadError("The header is empty; its first line must name the record.")
    tokens = lines[0].split()
    if len(tokens) < 2:
        raise ReadError(
            "The header's first line must read: name, number of signals, sampling rate, number "
            f"of samples; it reads {clean_text(lines[0])!r}."
        )
    name, n_segments = _repair_record_name(tokens[0], lines[1:])
    name = _drop_folder(name, "The header", notes)
    if not re.fullmatch(r"[-\w]+", name):
        notes.append(
            f"The header names the record {clean_text(name)!r}, with an extension or other signs "
            "that a record name cannot have; the name was not used."
        )
    n_signals = _parse_whole(tokens[1], "The number of signals", 0, MAX_SIGNALS)
    fs_hz = _parse_rate(tokens[2]) if len(tokens) > 2 else None
    n_frames = _parse_whole(tokens[3], "The number of samples", 0, 10**12) if len(tokens) > 3 else 0
    start = _parse_start(tokens[4:], notes)
    body = lines[1:]
    return Header(
        name=name,
        fs_hz=fs_hz or DEFAULT_FS_HZ,
        fs_given=fs_hz is not None,
        n_frames=n_frames or None,
        start=start,
        signals=() if n_segments else _parse_signals(body, n_signals, notes),
        segments=_parse_segments(body, int(n_segments), notes) if n_segments else (),
        comments=tuple(comments),
        notes=tuple(notes),
    )


def _repair_record_name(token: str, body: list[str]) -> tuple[str, str | None]:
    """Return the record's name and its number of segments; "mitdb/100" may also be a folder."""
    match = _RECORD.match(token)
    segments = match["n_seg"] if match else None
    first = body[0].split() if body else []
    if match is None or segments is None or (len(first) > 2 and "." in first[0]):
        return token, None
    return match["name"], segments


def _drop_folder(name: str, what: str, notes: list[str]) -> str:
    """Return a file's or record's own name: it lies beside its header, wherever it once lay.

    No folder is ever followed, whatever the name asks for.

    Raises
    ------
    ReadError
        If no name is left.
    """
    if name == NO_FILE or not _FOLDER.search(name):
        return name
    base = _FOLDER.split(name)[-1]
    if not is_plain_name(base):
        raise ReadError(f"{what} names {clean_text(name)!r}; a plain file name is needed.")
    folder = clean_text(name[: len(name) - len(base)], 40)
    notes.append(
        f"The header puts the folder {folder} before names; what lies beside the header was read."
    )
    return base


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # the micro sign of older files


def _split_lines(text: str) -> tuple[list[str], list[str]]:
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    return [line for line in lines if line and not line.startswith("#")], comments


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse_whole(text: str, what: str, low: int, high: int) -> int:
    if re.fullmatch(r"[-+]?\d{1,18}", text) is None or not low <= int(text) <= high:
        raise ReadError(
            f"{what} in the header is {clean_text(text)!r}; a whole number from {low} to {high} is "
            "needed."
        )
    return int(text)


def _parse_rate(token: str) -> float:
    # The rate may carry a counter frequency and its base: 360/100(0).
    text = re.split(r"[/(]", token, maxsplit=1)[0]
    rate = float(text) if _is_number(text) else math.nan
    if not 0 < rate <= MAX_FS_HZ:
        raise ReadError(
            f"The sampling rate in the header is {clean_text(token)!r}; a number of Hz is needed."
        )
    return rate


_T = TypeVar("_T", date, time)


def _parse_start(tokens: list[str], notes: list[str]) -> datetime | None:
    """Read base time and base date; swapped or written otherwise than 14:50:55 05/05/2020."""
    times = [
        (i, value) for i, text in enumerate(tokens) if (value := _try_parse(_parse_time, text))
    ]
    dates = [
        (i, found) for i, text in enumerate(tokens) if (found := _try_parse(_parse_date, text))
    ]
    if not tokens or (tokens and not dates and times and len(tokens) == 1):
        return None  # a time without a date is no moment
    if not dates or not times:
        notes.append(
            f"The start {clean_text(' '.join(tokens))!r} in the header could not be read; left out."
        )
        return None
    (time_at, clock), (date_at, day) = times[0], dates[0]
    if date_at < time_at or "/" not in tokens[date_at]:
        notes.append(
            f"The header writes its start {clean_text(' '.join(tokens))!r} in another form than "
            f"WFDB does; it was read as {datetime.combine(day, clock).isoformat(' ')}."
        )
    return datetime.combine(day, clock)


def _try_parse(read: Callable[[str], _T], text: str) -> _T | None:
    try:
        return read(text)
    except ValueError:
        return None


def _parse_time(text: str) -> time:
    if not re.fullmatch(r"\d{1,2}(?::\d{1,2}){1,2}(?:\.\d+)?", text):
        raise ValueError(text)
    parts = text.split(":")
    parts = ["0"] * (3 - len(parts)) + parts
    seconds = float(parts[2])
    micro = min(999_999, round((seconds % 1) * 1e6))
    return time(int(parts[0]), int(parts[1]), int(seconds), micro)


def _parse_date(text: str) -> date:
    if match := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        return date(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{1,2})-([A-Za-z]{3})[a-z]*-(\d{4})", text):
        return date(int(match[3]), _MONTHS.index(match[2].lower()) + 1, int(match[1]))
    raise ValueError(text)


def _parse_segments(lines: list[str], n_segments: int, notes: list[str]) -> tuple[Segment, ...]:
    if len(lines) < n_segments:
        raise ReadError(
            f"The header declares {n_segments} segments and lists {len(lines)}; each needs a line."
        )
    segments = []
    for line in lines[:n_segments]:
        tokens = line.split()
        name = _drop_folder(tokens[0], "The header", notes)
        length = tokens[1] if len(tokens) > 1 else ""
        segments.append(
            Segment(name, _parse_whole(length, f"The length of {clean_text(name)}", 0, 10**12))
        )
    return tuple(segments)


def _parse_signals(lines: list[str], n_signals: int, notes: list[str]) -> tuple[SignalSpec, ...]:
    if len(lines) < n_signals:
        raise ReadError(
            f"The header declares {n_signals} signals and describes {len(lines)}; each needs "
            "a line."
        )
    if n_signals == 0:
        raise ReadError("The header declares no signals; it contains no recording.")
    if len(lines) > n_signals:
        notes.append(f"The header has {len(lines) - n_signals} extra lines, which were not used.")
    signals = tuple(_parse_signal(line, i, notes) for i, line in enumerate(lines[:n_signals]))
    _check_folders(lines[:n_signals], signals)
    if not all(signal.calibrated for signal in signals):
        notes.append(
            "The header gives no gain (uncalibrated); WFDB's default of 200 units per mV was used, "
            "so amplitudes may be wrong."
        )
    if any("/" not in "".join(line.split()[2:3]) for line in lines[:n_signals]):
        notes.append("The header names no unit; WFDB's default, mV, was used.")
    return signals


def _check_folders(lines: list[str], signals: tuple[SignalSpec, ...]) -> None:
    """Refuse files of one name in two folders: beside the header only one of them can lie."""
    written = {(line.split()[0], signal.file) for line, signal in zip(lines, signals, strict=True)}
    names = [name for _, name in written]
    twice = next((name for name in names if names.count(name) > 1 and name != NO_FILE), None)
    if twice is not None:
        raise ReadError(
            f"The header names {clean_text(twice)} in several folders; give each file its own name "
            "beside the header."
        )


def _parse_signal(line: str, index: int, notes: list[str]) -> SignalSpec:
    tokens = line.split(maxsplit=8)
    what = f"Signal {index + 1} of the header"
    if len(tokens) < 2:
        raise ReadError(f"{what} reads {clean_text(line)!r}; a file name and a format are needed.")
    file = _drop_folder(tokens[0], what, notes)
    if file != NO_FILE and not is_plain_name(file):
        raise ReadError(f"{what} names the file {clean_text(file)!r}; a plain file name is needed.")
    match = _FORMAT.match(tokens[1])
    if match is None or match[1] not in FORMATS:
        raise ReadError(
            f"{what} has the format {clean_text(tokens[1])!r}; possible are {', '.join(FORMATS)}."
        )
    spf = int(match[2] or 1)
    if not 1 <= spf <= MAX_SAMPLES_PER_FRAME:
        raise ReadError(
            f"{what} has {spf} samples per frame; 1 to {MAX_SAMPLES_PER_FRAME} are possible."
        )
    numbers = [int(t) if re.fullmatch(r"[-+]?\d{1,12}", t) else None for t in tokens[3:8]]
    _, zero, initial, checksum, _ = [*numbers, *[None] * 5][:5]
    gain, baseline, unit, calibrated = _parse_gain(tokens[2] if len(tokens) > 2 else "", what)
    return SignalSpec(
        file=file,
        fmt=match[1],
        samples_per_frame=spf,
        skew=int(match[3] or 0),
        byte_offset=int(match[4] or 0),
        gain=gain,
        baseline=baseline if baseline is not None else (zero or 0),
        unit=unit,
        initial=initial if initial is not None else (zero or 0),
        checksum=checksum,
        name=tokens[8].strip() if len(tokens) > 8 else "",
        calibrated=calibrated,
    )


def _parse_gain(token: str, what: str) -> tuple[float, int | None, str, bool]:
    """Return gain, baseline (None where not given), unit and whether a gain was given."""
    if not token:
        return DEFAULT_GAIN, None, "mV", False
    match = _GAIN.match(token)
    if match is None or not math.isfinite(float(match[1])) or len(match[2] or "") > 12:
        raise ReadError(
            f"{what} has the gain {clean_text(token)!r}; a form like 200(0)/mV is needed."
        )
    baseline = int(match[2]) if match[2] else None
    gain = float(match[1])
    return gain or DEFAULT_GAIN, baseline, match[3] or "mV", gain != 0
