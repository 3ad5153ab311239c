"""The text of a table: its encoding, delimiter, decimal sign, header and data, column by column."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ecgcore.errors import ReadError

COMMENT_SIGNS = ("#", "%", "//")
SAMPLE_ROWS = 40
MAX_HEADER_LINES = 200
LOOK_AHEAD = 4
MAX_LINES = MAX_HEADER_LINES + 5 * SAMPLE_ROWS  # that are looked at
LONG_ROW = 64
NUMERIC_SHARE = 0.8
_COUNT_DIGITS = 3
_ABSENT = {"", "nan", "na", "n/a", "null", "none", "-", "--", "?"}
_ABSENT |= {f"{sign}{word}" for sign in ("", "+", "-") for word in ("inf", "infinity")}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d{1,4})?", re.IGNORECASE)
_DIGITS_AND_COMMAS = re.compile(r"[-+\d,eE]*\d,[-+\d,eE]*")
_FRACTION = re.compile(r"-0|[-+]?0\d+")
MAX_NAME_LINES = 3  # of names and units over the numbers
_CLOCK = re.compile(
    r"\[?(?:(?P<date>\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})(?:[T ]|$|(?=\])))?"
    r"(?:(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:[.,]\d{1,9})?)"
    r"(?:Z|[+-]\d{2}:?\d{2})?)?(?: \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})?\]?"
)
_UNITS = "mV|uV|µV|μV|nV|V|ms|us|µs|μs|ns|s|sec"
_WITH_UNIT = re.compile(rf"(\S+?)\s*({_UNITS})", re.IGNORECASE)
_UNIT_IN_CELL = re.compile(
    rf"(\d)\s?({_UNITS})(?=\s*(?:[\"']\s*)?(?:[;,|\t]|$)|\s+[-+.\d])", re.IGNORECASE
)
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d+(?:,\d*)?|,\d+)(?:e[-+]?\d{1,4})?", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """How the numbers stand in the text.

    Attributes
    ----------
    delimiter : str
        One of tab, ``;``, ``|``, ``,``, a blank (any run of blanks), or ``""`` for one column.
    decimal : str
    header : tuple of str
        Lines before the data that are no comments.
    comments : tuple of str
        Comment lines before the data, without their sign.
    first : int
        Index of the first line of data.
    numeric : tuple of bool
        For each column, whether it holds numbers.
    units_in_cells : bool
        Whether numbers have their unit behind them: ``0.012 mV``.
    """

    delimiter: str
    decimal: str
    header: tuple[str, ...]
    comments: tuple[str, ...]
    first: int
    numeric: tuple[bool, ...] = field(default=())
    units_in_cells: bool = False


def decode(data: bytes) -> str | None:
    """Return the text of UTF-8 (with or without BOM), UTF-16 or Latin-1 bytes; None if binary."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    elif b"\x00" in data[:1024]:
        even, odd = data[:1024:2].count(0), data[1:1024:2].count(0)
        if max(even, odd) < 0.4 * len(data[:1024]) / 2:
            return None
        text = data.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    head = text[:4096]
    strange = sum(not (c.isprintable() or c in "\r\n\t\f") for c in head)
    return None if "\x00" in text or strange > 0.02 * len(head) else text


def is_comment(line: str) -> bool:
    """Return whether a line is a comment."""
    return line.startswith(COMMENT_SIGNS)


def split_fields(line: str, delimiter: str) -> list[str]:
    """Return a line's fields, without blanks and quotes around them."""
    if not delimiter:
        fields = [line]
    elif delimiter == " ":
        fields = line.split()
    else:
        fields = _split_quoted(line, delimiter) if '"' in line else line.split(delimiter)
    return [item.strip().strip("\"'").strip() for item in fields]


def _split_quoted(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def is_value(text: str, decimal: str) -> bool:
    """Return whether a field is a number, or says that there is none."""
    pattern = _COMMA_NUMBER if decimal == "," else _NUMBER
    return pattern.fullmatch(text) is not None or text.lower() in _ABSENT


def is_number(text: str, decimal: str) -> bool:
    """Return whether a field is a number."""
    return text.lower() not in _ABSENT and is_value(text, decimal)


def is_clock(text: str) -> bool:
    """Return whether a field is a time of day, a duration or a date: ``0:00.003``."""
    match = _CLOCK.fullmatch(text)
    return match is not None and bool(match["date"] or match["minutes"])


def parse_clock(text: str) -> float | None:
    """Return the seconds of a clock time, from midnight or from the start; None without one."""
    match = _CLOCK.fullmatch(text)
    if match is None or match["minutes"] is None:
        return None
    hours, minutes = int(match["hours"] or 0), int(match["minutes"])
    return 3600.0 * hours + 60.0 * minutes + float(match["seconds"].replace(",", "."))


def glue_units(line: str) -> str:
    """Return a line in which no blank stands between a number and its unit."""
    return _UNIT_IN_CELL.sub(r"\1\2", line)


def split_unit(text: str, decimal: str) -> tuple[str, str] | None:
    """Return number and unit of ``"0.012 mV"``, or None."""
    match = _WITH_UNIT.fullmatch(text)
    return (match[1], match[2]) if match and is_number(match[1], decimal) else None


def uses_comma_twice(lines: Sequence[str]) -> bool:
    """Return whether the comma is both the decimal sign and the separator.

    ``0,004,0,003,-0,001`` may be three numbers or six: parts such as ``001`` and ``-0`` tell that
    they are no whole numbers.
    """
    lines = lines[:MAX_LINES]
    rows = [line.strip() for line in lines if line.strip() and not is_comment(line.strip())]
    rows = [re.sub(r",\s+", ",", row) for row in rows]
    data = [row.split(",") for row in rows if _DIGITS_AND_COMMAS.fullmatch(row)]
    if len(data) < max(LOOK_AHEAD, 0.8 * (len(rows) - MAX_NAME_LINES)):
        return False
    sample = data[: 4 * SAMPLE_ROWS]
    named = 0 if _DIGITS_AND_COMMAS.fullmatch(rows[0]) else rows[0].count(",") + 1
    width = max(len(row) for row in sample)
    parts = any(_FRACTION.fullmatch(cell.strip()) for row in sample for cell in row)
    halved = named > 1 and width in (2 * named - 1, 2 * named)
    return width > 2 and width != named and (parts or halved)


def find_layout(lines: Sequence[str]) -> Layout | None:
    """Return the layout of a table of numbers, or None if the lines are none.

    Every delimiter is tried with both decimal signs on the first lines that hold numbers; the
    first is taken that splits them all into the same number of columns, all of numbers, or else
    mostly.  A comma is tried as a delimiter only after tab, semicolon and bar, blanks after that.

    Parameters
    ----------
    lines : sequence of str
        From the start of the file.
    """
    lines = lines[:MAX_LINES]
    if not any(_UNIT_IN_CELL.search(line) for line in lines[-2 * LOOK_AHEAD :]):
        return _find_layout(lines)
    bare = [_UNIT_IN_CELL.sub(r"\1", line) for line in lines]
    changed = sum(one != other for one, other in zip(bare, lines, strict=True))
    # One cell with its unit is an error, which the parser will name.
    found = _find_layout(bare) if changed > NUMERIC_SHARE * (len(bare) - LOOK_AHEAD) else None
    if changed and found is not None:
        return replace(found, units_in_cells=True)
    return _find_layout(lines)


def _find_layout(lines: Sequence[str]) -> Layout | None:
    with_text = False
    for numbers_only in (True, False):
        for delimiter in ("\t", ";", "|", ",", " "):
            # Blanks split words, too: they are no delimiter where another sign makes columns.
            if delimiter == " " and with_text:
                continue
            for decimal in (".", ","):
                # One sign can be both only where the fields stand in quotes.
                if delimiter == decimal and not any('"' in line for line in lines):
                    continue
                layout = _try_layout(lines, delimiter, decimal)
                if layout is None or len(layout.numeric) == 1:
                    continue
                if delimiter == "," and _is_decimal_comma(lines, layout):
                    return _try_layout(lines, "", ",")
                if all(layout.numeric) or not numbers_only:
                    return layout
                with_text = with_text or delimiter in "\t;|"
    return _try_layout(lines, "", ".") or _try_layout(lines, "", ",")


def _try_layout(lines: Sequence[str], delimiter: str, decimal: str) -> Layout | None:
    first = _find_first_data_line(lines, delimiter, decimal)
    if first is None:
        return None
    rows = [
        split_fields(line, delimiter)
        for line in lines[first : first + 4 * SAMPLE_ROWS]
        if line.strip() and not is_comment(line.strip())
    ][:SAMPLE_ROWS]
    width = len(rows[0])
    # The last line of a sample may be cut; a table is a table if the others agree.
    agreeing = [row for row in rows if len(row) == width]
    if len(agreeing) < max(1, 0.9 * len(rows) - 1):
        return None
    # A lead may be absent for a while: what is empty all through the sample may hold numbers later.
    # One odd cell makes no column of text: it is an error, which the parser will name.
    most = NUMERIC_SHARE * len(agreeing)
    numeric = tuple(
        sum(is_value(row[i], decimal) for row in agreeing) >= most
        and not _is_sparse_text([row[i] for row in agreeing], decimal)
        for i in range(width)
    )
    filled = any(item and is_value(item, decimal) for row in agreeing for item in row)
    enough_rows = all(numeric) or width > LONG_ROW or len(agreeing) >= LOOK_AHEAD
    clocks = sum(all(is_clock(row[i]) for row in agreeing) for i in range(width) if not numeric[i])
    if not any(numeric) or sum(numeric) < 0.5 * (width - clocks) or not filled or not enough_rows:
        return None
    before = [line.strip() for line in lines[:first] if line.strip()]
    return Layout(
        delimiter=delimiter,
        decimal=decimal,
        header=tuple(line for line in before if not is_comment(line)),
        comments=tuple(line.lstrip("#%/ \t") for line in before if is_comment(line)),
        first=first,
        numeric=numeric,
    )


def _is_sparse_text(cells: Sequence[str], decimal: str) -> bool:
    """Return whether words stand in a column now and then, as annotations do, and no number."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and not any(is_value(cell, decimal) for cell in filled)


def _find_first_data_line(lines: Sequence[str], delimiter: str, decimal: str) -> int | None:
    """Return the index of the first line of numbers that goes on in the lines after it."""
    content = [
        (i, split_fields(line, delimiter))
        for i, line in enumerate(lines[: MAX_HEADER_LINES + LOOK_AHEAD])
        if line.strip() and not is_comment(line.strip())
    ]
    for at, (i, fields) in enumerate(content):
        ahead = [row for _, row in content[at : at + LOOK_AHEAD]]
        # A row a lead may be long, and its sample cut short.
        same = all(len(row) == len(fields) or len(fields) > LONG_ROW for row in ahead[:-1])
        if at == 0 and _numbers_channels(fields, ahead[1:], decimal):
            continue
        if same and all(_mostly_numbers(row, decimal) for row in ahead):
            return i
    return None


def _numbers_channels(fields: Sequence[str], rows: Sequence[Sequence[str]], decimal: str) -> bool:
    """Return whether a first line counts channels, as in ``time,1,2,3`` over numbers."""
    if len(fields) > LONG_ROW:
        return False
    words = [i for i, item in enumerate(fields) if item and not is_value(item, decimal)]
    counts = [item for i, item in enumerate(fields) if item and i not in words]
    return (
        bool(words and rows)
        and len(set(counts)) == len(counts)
        and all(item.isdigit() and len(item) <= _COUNT_DIGITS for item in counts)
        and all(i < len(row) and is_number(row[i], decimal) for row in rows for i in words)
    )


def _mostly_numbers(fields: Sequence[str], decimal: str) -> bool:
    filled = [item for item in fields if item]
    numbers = sum(is_value(item, decimal) for item in filled)
    clocks = sum(is_clock(item) for item in filled)
    return (numbers > 0 and numbers >= 0.5 * (len(filled) - clocks)) or (
        not filled and len(fields) > 1
    )


def _is_decimal_comma(lines: Sequence[str], layout: Layout) -> bool:
    """Return whether "0,012" is one number: two columns of digits that look like one."""
    if len(layout.numeric) != 2 or any("," in line for line in layout.header):
        return False
    rows = [
        split_fields(line, ",") for line in lines[layout.first : layout.first + SAMPLE_ROWS] if line
    ]
    pairs = [row for row in rows if len(row) == 2]
    if not all(row[0].lstrip("+-").isdigit() and row[1].isdigit() for row in pairs):
        return False
    has_header = bool(layout.header)
    return has_header or any(
        row[0] == "-0" or (len(row[1]) > 1 and row[1].startswith("0")) for row in pairs
    )


def cut_last_line(text: str) -> str:
    """Return the text without a last line that a limit may have cut."""
    whole, _, _ = text.rpartition("\n")
    return whole or text


def take_first_lines(text: str, limit: int = 65_536) -> list[str]:
    """Return whole lines from the start of a text."""
    head = text if len(text) <= limit else cut_last_line(text[:limit])
    return re.split(r"\r\n|\r|\n", head)


def take_data(text: str, layout: Layout) -> str:
    """Return the text from the first line of data on.

    Raises
    ------
    ReadError
        If there is nothing.
    """
    position = 0
    for _ in range(layout.first):
        end = re.compile(r"\r\n|\r|\n").search(text, position)
        if end is None:
            raise ReadError("The table has a header and no data.")
        position = end.end()
    return text[position:]
