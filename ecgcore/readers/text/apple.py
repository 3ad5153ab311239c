"""Apple Watch ECG as the Health app exports it: lines of name and value, then one column.

The names are in the language of the telephone, so the file is recognised by its values: a device
``Watch6,1``, a rate in hertz, a lead, a unit.  Apple does not publish the format; this follows the
files that the app writes.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.leads import canonical_lead
from ecgcore.readers.asking import note_rate
from ecgcore.readers.assemble import assemble_draft, make_patient
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.building import choose_rows
from ecgcore.readers.text.layout import decode
from ecgcore.recording import MAX_FS_HZ, Provenance, Recording
from ecgcore.units import MV, is_voltage, mv_per

MAX_HEADER_LINES = 60
MAX_LINE = 400
_DEVICE = re.compile(r"(?:apple\s*)?watch\s*\d{1,2}[,.]\d{1,2}", re.IGNORECASE)
# hertz, Hertz, Hz; герц, Гц; 赫兹, 赫茲, ヘルツ, 헤르츠; χέρτζ; هرتز; הרץ
_RATE = re.compile(
    r"(\d{2,5}(?:[.,]\d+)?)\s*(?:hertz\w*|hz|герц\w*|гц|赫兹|赫茲|ヘルツ|헤르츠|χερτζ|χέρτζ|هرتز|הרץ)",
    re.IGNORECASE,
)
_ZONE = r"\s*(?:[-+]\d{2}:?\d{2}|Z)"
_MOMENT = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})[ T](\d{{2}}:\d{{2}}:\d{{2}})(?:\.\d+)?({_ZONE})?")
_NUMBER = re.compile(r"[-+\u2212]?(?:\d[\d.,\u00a0\u202f']*|[.,]\d+)(?:e[-+]?\d{1,2})?", re.I)
_LEAD_I = re.compile(r"(?<![A-Za-z0-9])(?:I|1)(?![A-Za-z0-9])")
_DATE_PARTS = re.compile(r"\d+|[^\W\d_]+")
_VERSION = re.compile(r"\d{1,2}(?:\.\d{1,3}){1,2}")  # and no date, which has a year
# The beginnings of the months' names, without accents: English, German, French, Spanish, Italian,
# Dutch, Portuguese, Scandinavian, Polish, Czech, Turkish, Russian.
_MONTHS = (
    ("jan", "ene", "gen", "sty", "led", "oca", "янв"),
    ("feb", "fev", "lut", "uno", "sub", "фев"),
    ("mar", "maa", "mrt", "bre", "мар"),
    ("apr", "avr", "abr", "kwi", "dub", "nis", "апр"),
    ("may", "mai", "mag", "mei", "maj", "kve", "мая", "май"),
    ("jun", "juin", "giu", "cze", "cerven", "haz", "июн"),
    ("jul", "juil", "lug", "lip", "cervenec", "tem", "июл"),
    ("aug", "aou", "ago", "sie", "srp", "agu", "авг"),
    ("sep", "set", "wrz", "zar", "eyl", "сен"),
    ("oct", "okt", "ott", "out", "paz", "rij", "eki", "окт"),
    ("nov", "lis", "kas", "ноя"),
    ("dec", "dez", "dic", "des", "gru", "pro", "ara", "дек"),
)
_NAME, _BORN = 0, 1  # where the app puts them, when it does


@dataclass(frozen=True)
class _Header:
    """What the lines before the samples tell."""

    values: tuple[str, ...]
    n_lines: int

    def first(self, pattern: re.Pattern[str]) -> int | None:
        """Return where a value of this form stands."""
        return next((i for i, v in enumerate(self.values) if pattern.fullmatch(v)), None)


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is an Apple Watch ECG."""
    text = decode(head[: len(head) // 2 * 2])
    header = _parse_header(text) if text else None
    return header is not None and _is_apple(header)


def _parse_header(text: str) -> _Header | None:
    """Return the lines of name and value from the start of a text."""
    lines = re.split(r"\r\n|\r|\n", text[: MAX_HEADER_LINES * MAX_LINE])
    values: list[str] = []
    for i, line in enumerate(lines[:MAX_HEADER_LINES]):
        if len(line) > MAX_LINE:
            return None
        if _NUMBER.fullmatch(_unquote(line)):
            return _Header(tuple(values), i)
        label, _, value = re.sub(r"^\ufeff", "", line).partition(_find_delimiter(line))
        if label.strip() or value.strip():
            values.append(_unquote(value))
    return None


def _find_delimiter(line: str) -> str:
    found = [sign for sign in (",", ";", "\t") if sign in line]
    return min(found, key=line.index) if found else ","


def _unquote(text: str) -> str:
    return text.strip().strip(";,\t").strip().strip('"').strip()


def _is_apple(header: _Header) -> bool:
    has_unit = any(is_voltage(value) for value in header.values)
    zoned = any((match := _MOMENT.fullmatch(value)) and match[3] for value in header.values)
    by_watch = header.first(_DEVICE) is not None or zoned
    return header.first(_RATE) is not None and has_unit and by_watch


def read(source: Source, options: ReadOptions) -> Recording:
    """Read an Apple Watch ECG: one lead, I.

    Raises
    ------
    ReadError
        If a line among the samples is no number, or the decimal sign is not clear.
    """
    text = decode(source.data)
    header = _parse_header(text) if text else None
    if text is None or header is None or not _is_apple(header):
        raise ReadError("The header of the Apple Watch ECG is not complete.")
    notes: list[str] = []
    values = header.values
    unit_at = next(i for i, value in enumerate(values) if is_voltage(value))
    fs_hz = _read_rate(values[header.first(_RATE) or 0])
    samples = _read_samples(text, header.n_lines, options, notes) * mv_per(values[unit_at])
    with np.errstate(over="ignore"):  # infinite values are found and noted when assembled
        signal = samples.astype(np.float32)
    start = _read_start(header)
    device_at = header.first(_DEVICE)
    _, names = choose_rows([_read_lead(header, unit_at)], options)
    note_rate(fs_hz, options, notes)
    draft = Draft(
        names=names,
        signal=signal[np.newaxis],
        fs_hz=fs_hz,
        unit=MV,
        provenance=Provenance(
            format="Apple Watch",
            original_fs_hz=fs_hz,
            original_unit=clean_text(values[unit_at]),
            device=_read_device(header, device_at),
            machine_statements=_read_statements(header),
        ),
        start=start,
        patient=make_patient(
            _read_age(header, start, notes), None, {"name": _read_name(header)}, options
        ),
        notes=notes,
    )
    return assemble_draft(draft, source)


def _read_rate(text: str) -> float:
    match = _RATE.fullmatch(text)
    rate = float(match[1].replace(",", ".")) if match else 0.0
    if not 0 < rate <= MAX_FS_HZ:
        raise ReadError(
            f"The sampling rate reads {clean_text(text)!r}; a number of hertz is needed."
        )
    return rate


def _read_lead(header: _Header, unit_at: int) -> str:
    """Return ``I`` where a value names it in any language (``Ableitung I``, ``I 导联``)."""
    near = sorted(range(len(header.values)), key=lambda i: abs(i - unit_at))[1:4]
    values = [header.values[i] for i in near]
    values = [v for v in values if v and not _RATE.fullmatch(v) and not _DEVICE.fullmatch(v)]
    if any(_LEAD_I.search(value) for value in values):
        return "I"
    return next((value for value in values if canonical_lead(value)), "")


def _read_samples(
    text: str, n_lines: int, options: ReadOptions, notes: list[str]
) -> NDArray[np.float64]:
    lines = re.split(r"\r\n|\r|\n", text)[n_lines:]
    while lines and not _unquote(lines[-1]):
        lines.pop()
    if len(lines) > options.max_samples:
        raise ReadError(f"The file contains {len(lines)} samples; that is too many to read.")
    items = [_unquote(line) for line in lines]
    decimal = _find_decimal_sign(items)
    grouping = "." if decimal == "," else ","
    result = np.full(len(items), np.nan)
    for i, item in enumerate(items):
        if not item:
            continue
        if not _NUMBER.fullmatch(item):
            raise ReadError(
                f"Line {n_lines + i + 1} contains {clean_text(item)!r} where a number is needed."
            )
        plain = re.sub(r"[\u00a0\u202f']", "", item).replace(grouping, "").replace("\u2212", "-")
        try:
            result[i] = float(plain.replace(decimal, "."))
        except ValueError:
            raise ReadError(
                f"Line {n_lines + i + 1} contains {clean_text(item)!r} where a number is needed."
            ) from None
    if np.isnan(result).any():
        notes.append("Empty lines among the samples were read as absent samples.")
    return result


def _find_decimal_sign(items: Sequence[str]) -> str:
    """Return the decimal sign; where both signs occur, the last in a number is it."""
    points = any("." in item for item in items)
    commas = any("," in item for item in items)
    if not (points and commas):
        return "," if commas else "."
    last = {
        max(item.rfind("."), item.rfind(",")): item for item in items if {".", ","} <= set(item)
    }
    signs = {item[at] for at, item in last.items()}
    if len(signs) != 1:
        raise ReadError(
            "The samples use both point and comma, and it is not clear which is the decimal sign; "
            "export the recording again."
        )
    return signs.pop()


def _read_start(header: _Header) -> datetime | None:
    at = header.first(_MOMENT)
    match = _MOMENT.fullmatch(header.values[at]) if at is not None else None
    try:
        return datetime.fromisoformat(f"{match[1]} {match[2]}") if match else None
    except ValueError:
        return None


def _read_device(header: _Header, at: int | None) -> str:
    parts = [header.values[at] if at is not None else "Apple Watch"]
    before = header.values[at - 1] if at else ""
    parts += [f"software {before}"] if _VERSION.fullmatch(before) else []
    return clean_text("Apple " * parts[0].lower().startswith("watch") + ", ".join(parts))


def _read_statements(header: _Header) -> tuple[str, ...]:
    """Return the app's classification: the value after the recording's time."""
    at = header.first(_MOMENT)
    if at is None or at + 1 >= len(header.values):
        return ()
    text = clean_text(header.values[at + 1], 200)
    other = is_voltage(text) or any(p.fullmatch(text) for p in (_DEVICE, _RATE, _VERSION))
    return (text,) if text and not other else ()


def _read_name(header: _Header) -> str:
    at = header.first(_MOMENT) or 0
    return header.values[_NAME] if at > _NAME + 1 else ""


def _read_age(header: _Header, start: datetime | None, notes: list[str]) -> float | None:
    """Return whole years from the birth date, the value before the recording's time."""
    at = header.first(_MOMENT) or 0
    text = header.values[at - 1] if at >= 1 else ""
    days = _list_birth_dates(text)
    if start is None or not days or not any(c.isdigit() for c in text):
        return None
    ages = {
        start.year - day.year - ((start.month, start.day) < (day.month, day.day)) for day in days
    }
    age = min(ages)
    if len(ages) > 1:
        notes.append("The birth date can be read in two ways; the age may be a year more.")
    return float(age) if 0 <= age <= 130 else None


def _list_birth_dates(text: str) -> set[date]:
    """Return the dates that a text can mean: one, or two where day and month may be swapped."""
    parts = _DATE_PARTS.findall(_strip_accents(text))
    words = [part for part in parts if not part.isdigit()]
    numbers = [int(part) for part in parts if part.isdigit() and len(part) <= 4]
    year = next((n for n in numbers if n >= 1850), None)
    if year is None:
        return set()
    rest = [n for n in numbers if n != year]
    month = next((m for word in words if (m := _find_month(word))), None)
    if month and len(rest) == 1:
        pairs = [(month, rest[0])]
    elif len(rest) == 2:
        # Year first is month, then day; else the two are in an order that the language decides.
        pairs = [(rest[0], rest[1])] + [(rest[1], rest[0])] * (numbers[0] != year)
        if "." in text and numbers[0] != year:
            pairs = [(rest[1], rest[0])]  # 08.01.2002 is written with the day first everywhere
    else:
        return set()
    return {day for month, n in pairs if (day := _make_date(year, month, n))}


def _strip_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _find_month(word: str) -> int | None:
    fits = [
        (len(start), i)
        for i, starts in enumerate(_MONTHS, 1)
        for start in map(_strip_accents, starts)
        if word.startswith(start)
    ]
    return max(fits)[1] if fits else None


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
