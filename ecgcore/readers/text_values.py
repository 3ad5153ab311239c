"""Values as text formats write them: numbers, lists of samples, times, ages, base64."""

import base64
import binascii
import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.recording import MAX_FS_HZ
from ecgcore.units import is_normalised, is_voltage

Samples = NDArray[np.float64]
_Float = TypeVar("_Float", bound=np.floating[Any])

_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_SEPARATOR = re.compile(r"[\s,;]")
_ABSENT = frozenset({"nan", "na", "n/a", "null", "none", "-", "?"})
_CHUNK_CHARACTERS = 1_000_000
_MAX_WITH_GAPS = 32_000_000
_BLOCK = 1_000_000
_MAX_AGE_YEARS = 130
_CHILD_YEARS = 18


def parse_number(text: str) -> float | None:
    """Return a finite number, decimal point or comma, or None."""
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    value = float(match[0].replace(",", "."))
    return value if math.isfinite(value) else None


def parse_leading_number(text: str) -> float | None:
    """Return the number at the start of a text such as ``"40Hz"``, or None."""
    match = _NUMBER.match(text.strip())
    return parse_number(match[0]) if match else None


def parse_samples(
    text: str, what: str, options: ReadOptions, *, absent: frozenset[str] = frozenset()
) -> Samples:
    """Return the numbers in a text, between spaces, commas or semicolons.

    Parameters
    ----------
    text : str
    what : str
        Whose samples, for the message.
    options : ReadOptions
        ``max_samples`` bounds how many.
    absent : frozenset of str
        Words, in lower case, by which the format marks absent samples.

    Raises
    ------
    TooLargeError, ReadError
        Too many samples, or something that is no number.
    """
    parts: list[Samples] = []
    count, at = 0, 0
    while at < len(text):
        end = at + _CHUNK_CHARACTERS
        if end < len(text):
            match = _SEPARATOR.search(text, end)
            end = match.start() if match else len(text)
        words = text[at:end].replace(",", " ").replace(";", " ").split()
        count += len(words)
        if count > options.max_samples:
            raise refuse_samples(options)
        parts.append(_parse_words(words, what, _ABSENT | absent))
        at = end
    return _join_parts(parts, count)


def _join_parts(parts: list[Samples], count: int) -> Samples:
    """Return the parts in one array, each let go once it is copied."""
    whole = np.empty(count)
    parts.reverse()
    at = 0
    while parts:
        part = parts.pop()
        whole[at : at + part.size] = part
        at += part.size
    return whole


def refuse_samples(options: ReadOptions) -> TooLargeError:
    """Return the error for more samples than are read."""
    return TooLargeError(
        f"The file contains more than the {options.max_samples} samples that can be read at once; "
        "choose a shorter recording."
    )


def _parse_words(words: list[str], what: str, absent: frozenset[str]) -> Samples:
    try:
        return np.array(words, dtype=np.float64)
    except ValueError:
        return np.array([_parse_word(word, what, absent) for word in words], dtype=np.float64)


def _parse_word(word: str, what: str, absent: frozenset[str]) -> float:
    if word.lower() in absent:
        return math.nan
    try:
        return float(word)
    except ValueError:
        raise ReadError(
            f"The samples of {clean_text(what, 32) or 'a lead'} hold {clean_text(word, 20)!r} "
            "where a number is needed."
        ) from None


def decode_base64(text: str, what: str) -> bytes:
    """Return the bytes of a base64 text; blanks, line ends and missing padding do not matter.

    Raises
    ------
    ReadError
        If it is no base64.
    """
    packed = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ReadError(
            f"The samples of {clean_text(what, 32) or 'a lead'} are not valid base64; they are "
            "damaged."
        ) from error


def limit_with_gaps(options: ReadOptions) -> int:
    """Return how many samples a recording may have where gaps are filled with NaN.

    A gap costs a file nothing: a few bytes can ask for any number of absent samples.
    """
    return min(options.max_samples, _MAX_WITH_GAPS)


def stack_rows(
    rows: Sequence[NDArray[_Float]], names: Sequence[str], options: ReadOptions, notes: list[str]
) -> NDArray[_Float]:
    """Return rows stacked, shape (n_leads, n_samples), the shorter ones filled up with NaN."""
    if not rows or not max(row.size for row in rows):
        raise ReadError("The file contains no samples.")
    longest = max(row.size for row in rows)
    short = [
        clean_text(n, 16) or "one" for row, n in zip(rows, names, strict=True) if row.size < longest
    ]
    if not short:
        return np.stack(rows)
    if len(rows) * longest > limit_with_gaps(options):
        raise refuse_samples(options)
    notes.append(
        f"The leads have different lengths; {join_words(short)} "
        f"{'ends' if len(short) == 1 else 'end'} early, the rest is marked as absent."
    )
    whole = np.full((len(rows), longest), np.nan, dtype=rows[0].dtype)
    for filled, row in zip(whole, rows, strict=True):
        filled[: row.size] = row
    return whole


def parse_rate_of_interval(interval_text: str, seconds_per_unit: float) -> float | None:
    """Return the sampling rate of a printed sample interval, or None where there can be none.

    An interval is printed with few digits (``0.00667`` s): the nearest whole number of Hz is
    meant where it lies within that rounding (of three digits or more).
    """
    interval = parse_number(interval_text)
    if interval is None or interval <= 0:
        return None
    seconds = interval * seconds_per_unit
    if seconds * MAX_FS_HZ < 0.5:
        return None
    rate = 1 / seconds
    mantissa = re.split("[eE]", interval_text.strip().replace(",", "."))[0]
    digits = len(mantissa.partition(".")[2])
    rounding = 0.5 * 10.0**-digits / abs(parse_number(mantissa) or 1.0)
    nearest = round(rate)
    significant = len(mantissa.replace(".", "").strip("+-0"))
    close = min(rounding if significant >= 3 else 0.0, 0.01)
    if nearest > 0 and abs(rate - nearest) <= rate * (close + 1e-9):
        rate = float(nearest)
    return rate if 0 < rate <= MAX_FS_HZ else None


def is_amplitude(unit: str) -> bool:
    """Return whether a unit is a voltage or declares that the voltage is lost."""
    return is_voltage(unit) or is_normalised(unit)


def parse_hl7_time(text: str) -> datetime | None:
    """Return a time written ``YYYYMMDDHHMMSS.ffff+ZZZZ`` (HL7 TS), or None.

    The clock is kept as written; the offset from UTC is left out.
    """
    match = re.match(r"(\d{8})(\d{2})(\d{2})(\d{2})?(?:[.,](\d{1,9}))?", text.strip())
    if match is None:
        return None
    micro = int((match[5] or "0")[:6].ljust(6, "0"))
    return _make_time(match[1], f"{match[2]}{match[3]}{match[4] or '00'}", "%Y%m%d", micro)


def parse_iso_time(day: str, clock: str) -> datetime | None:
    """Return a time from ``2020-05-06`` and ``10:20:30.5`` (offset from UTC left out), or None."""
    match = re.match(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?", clock.strip())
    if match is None:
        return None
    micro = int((match[4] or "0")[:6].ljust(6, "0"))
    return _make_time(
        day.strip()[:10], f"{int(match[1]):02}{match[2]}{match[3] or '00'}", "%Y-%m-%d", micro
    )


def parse_us_time(day: str, clock: str) -> datetime | None:
    """Return a time from ``MM-DD-YYYY`` (DD-MM-YYYY where that cannot be) and ``10:20:30``."""
    match = re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", day.strip())
    if match is None:
        return parse_iso_time(day, clock)
    first, second = int(match[1]), int(match[2])
    month, in_month = (second, first) if first > 12 else (first, second)
    return parse_iso_time(f"{match[3]}-{month:02}-{in_month:02}", clock or "00:00:00")


def _make_time(day: str, clock: str, layout: str, micro: int) -> datetime | None:
    try:
        start = datetime.strptime(f"{day} {clock}", f"{layout} %H%M%S")
    except ValueError:
        return None
    return start + timedelta(microseconds=micro) if start.year > 1900 else None


def parse_birth_date(text: str) -> date | None:
    """Return a date written ``YYYYMMDD``, ``YYYY-MM-DD`` or ``MM-DD-YYYY``, or None.

    Where only the year or the month is told, its middle is taken.
    """
    digits = text.strip()[:10]
    if re.fullmatch(r"\d{4}(?:\d{2})?", digits):
        digits += "0701" if len(digits) == 4 else "15"
    if re.fullmatch(r"\d{8}\d{0,2}", digits):
        digits = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"
    moment = parse_us_time(digits, "00:00:00")
    return moment.date() if moment else None


def compute_age(born: date | None, day: datetime | None) -> float | None:
    """Return the age at the recording, or None where it is unclear.

    In whole years, as it is stated; that of a child, whose normal limits change by the week, in
    fractions of a year.
    """
    if born is None or day is None:
        return None
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    if not 0 <= years <= _MAX_AGE_YEARS:
        return None
    return (day.date() - born).days / 365.25 if years < _CHILD_YEARS else float(years)


_AGE_UNITS = {
    **dict.fromkeys(("", "a", "y", "yr", "yrs", "year", "years", "ann"), 1.0),
    **dict.fromkeys(("mo", "month", "months", "mon", "m"), 12.0),
    **dict.fromkeys(("wk", "w", "week", "weeks"), 52.18),
    **dict.fromkeys(("d", "day", "days"), 365.25),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 8766.0),
}


def parse_age_years(text: str, unit: str) -> float | None:
    """Return an age in years from a number and its unit (years, if it has none), or None."""
    value, per_year = parse_number(text), _AGE_UNITS.get(unit.strip().lower())
    if value is None or per_year is None or not 0 <= value / per_year <= _MAX_AGE_YEARS:
        return None
    return value / per_year


def describe_filter(high_pass: float | None, low_pass: float | None, notch: float | None) -> str:
    """Return the device's filter in words: ``"0.05-150 Hz, notch 60 Hz"``."""
    parts = []
    if high_pass is not None and low_pass is not None:
        parts.append(f"{high_pass:g}-{low_pass:g} Hz")
    elif high_pass is not None:
        parts.append(f"from {high_pass:g} Hz")
    elif low_pass is not None:
        parts.append(f"up to {low_pass:g} Hz")
    if notch is not None and notch > 0:
        parts.append(f"notch {notch:g} Hz")
    return ", ".join(parts)


def scale_samples(values: Samples, scale: float, zero: float = 0.0) -> NDArray[np.float32]:
    """Return ``values * scale + zero`` in single precision.

    What overflows becomes infinite, and is found and noted when assembled.
    """
    whole = np.empty(values.shape, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for at in range(0, values.shape[-1], _BLOCK):
            block = slice(at, at + _BLOCK)
            whole[..., block] = values[..., block] * scale + zero
    return whole
