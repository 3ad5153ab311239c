"""What a table's header tells: column names and units, rate, unit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ecgcore.leads import canonical_lead
from ecgcore.readers.channels import Kind, classify_channel
from ecgcore.readers.text.layout import Layout, split_fields
from ecgcore.recording import MAX_FS_HZ
from ecgcore.units import is_normalised, is_voltage

SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("hh:mm:ss.mmm", "hh:mm:ss", "h:mm:ss", "mm:ss"), 1.0),
}
# What an A/D converter counts: no voltage until somebody says which.
COUNT_UNITS = frozenset(
    ("adu", "adc", "counts", "count", "raw", "lsb", "digit", "digits", "bit", "bits", "a/d")
)
# Where a line is longer, what it tells stands at its start; the patterns below take time that grows
# with the square of the length.
MAX_LINE = 500
_OTHER_UNITS = re.compile(
    r"mmhg|cmh2o|[hk]?pa|m?bar|bpm|rpm|1/min|k?hz|%|(?:°|deg)\s*[cf]|[cf]|[mµμu]?g|m/s(?:\^?2|²)?|"
    r"deg(?:rees?)?(?:/s)?|°(?:/s)?|dps|rad(?:/s)?|[mµμun]?t|gauss|ml|l/min|lpm|lux|"
    r"[kmg]?(?:ohms?|Ω|ω)|[µμum]?s(?:iemens)?|[mµμun]?a|a\.?u\.?|arb\.?(?: units?)?|n/a|none"
)
_INDEX_UNITS = re.compile(r"samples?|index")
_TIME_NAMES = re.compile(
    r"t|ts|(?:.*_)?(?:times?|time_?stamps?|zeit|uhrzeit|temps|tiempo|tempo|elapsed|epoch|clock|utc)"
    r"(?:_.*)?|.*timestamp.*|unix.*|date(?:_?time)?|datum|fecha|hora|.*_ts"
)
_INDEX_NAMES = re.compile(
    r"|index|idx|n|nr|no|#|row|frame|leads?|channel|unnamed:_0|samples?(?:_(?:number|no|nr|index|#))?"
)

_BRACKETED = re.compile(r"^(.*?)\s*(?:\[([^\]]*)\]|\(([^)]*)\)|/\s*([^/\s]+))$")
_SUFFIXED = re.compile(r"^(.+?)[\s_]+(mv|uv|µv|μv|nv|ms|us|µs|sec|seconds|s|nu)$", re.IGNORECASE)

_RATE = re.compile(
    r"(?<![a-z])(?:fs|sfreq|sample[_ ]?rate|sampling[_ ]?(?:rate|frequency|freq)|"
    r"sample[_ ]frequency|abtastrate|abtastfrequenz)(?:[_ ]?[\[(]?\s*hz\s*[\])]?)?"
    r"\"?\s*[:=,;\t ]\s*\"?"
    r"(\d+(?:[.,]\d+)?)\s*(k?hz)?",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    r"(?<![a-z])(?:sampl\w+[_ ](?:interval|period)|dt)\s*[:=,;\t ]\s*\"?(\d*[.,]?\d+)\s*"
    r"(ms|us|s)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?<![a-z])(?:units?|einheit|amplitude|voltage)\"?\s*[:=,;\t (\[]\s*\"?([a-zµμ]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Column:
    """A column's name and unit as its header writes them (empty where it does not)."""

    name: str
    unit: str = ""

    @property
    def key(self) -> str:
        """The name for comparing."""
        return "_".join(self.name.lower().split())

    @property
    def is_time(self) -> bool:
        """Whether the header states that this is time."""
        if _TIME_NAMES.fullmatch(self.key):
            return canonical_lead(self.name) is None
        siemens = re.fullmatch(r"[a-zµμ]S", self.unit) is not None
        unclear = classify_channel(self.name) in (
            Kind.UNKNOWN,
            Kind.INPUT,
        )  # and no RR interval in ms
        return self.unit.lower() in SECONDS and not siemens and unclear

    @property
    def is_index(self) -> bool:
        """Whether the header states that this counts samples."""
        return bool(_INDEX_NAMES.fullmatch(self.key) or _INDEX_UNITS.fullmatch(self.unit.lower()))


def is_unit(text: str) -> bool:
    """Return whether a text is a unit known here: voltage, time or another one."""
    low = text.strip().lower()
    known = low in SECONDS or low in COUNT_UNITS or is_voltage(text) or is_normalised(text)
    return known or bool(_OTHER_UNITS.fullmatch(low) or _INDEX_UNITS.fullmatch(low))


def parse_column(text: str) -> Column:
    """Return name and unit of ``"I (mV)"``, ``"V1 [uV]"``, ``"time_ms"``, ``"II/mV"``."""
    if len(text) > MAX_LINE:
        return Column(text.strip())
    match = _BRACKETED.match(text)
    unit = (match[2] or match[3] or match[4] or "").strip() if match else ""
    # Square brackets hold nothing but a unit, known or not.
    square = bool(match and match[1] and match[2]) and canonical_lead(unit) is None
    if match and unit and (is_unit(unit) or square):
        return Column(match[1].strip(), unit)
    if match := _SUFFIXED.match(text):
        return Column(match[1].strip(), match[2])
    if text.strip().lower() in SECONDS and text.strip().lower() not in ("s", "us", "min"):
        return Column("time", text.strip())
    if is_voltage(text) and text.strip().lower() != "v":
        return Column("", text.strip())
    return Column(text.strip())


def find_columns(layout: Layout, width: int) -> list[Column] | None:
    """Return one column a field from the header's last lines, or None if none fits.

    A line of units under the names is taken for what it is; a header that stands in a comment
    counts if it names a lead or time.
    """
    rows = [_split_fields(line, layout, width) for line in layout.header]
    units: list[str] = []
    if rows and rows[-1] is not None and _is_units_row(rows[-1], alone=len(rows) == 1):
        units = rows.pop() or []
    names = rows[-1] if rows else None
    if names is None:
        commented = [_split_fields(line, layout, width) for line in layout.comments]
        named = [row for row in commented if row is not None and _names_something(row)]
        names = named[-1] if named else None
    if names is None:
        return [Column("", unit) for unit in units] if units else None
    columns = [parse_column(name) for name in names]
    if units:
        units = [unit.strip("[]() ") for unit in units]
        columns = [
            Column(c.name, c.unit or (u if is_unit(u) else ""))
            for c, u in zip(columns, units, strict=True)
        ]
    return columns


def _split_fields(line: str, layout: Layout, width: int) -> list[str] | None:
    fields = split_fields(line, layout.delimiter)
    if len(fields) == width - 1 and width > 1 and layout.delimiter != " ":
        fields = ["", *fields]  # a table with row names has no name over them
    return fields if len(fields) == width else None


def _is_units_row(fields: Sequence[str], *, alone: bool) -> bool:
    """Return whether a line contains units; one under a line of names may hold other words too."""
    filled = [item.strip("[]()") for item in fields if item not in ("", "-")]
    units = sum(is_unit(item) for item in filled)
    enough = len(filled) if alone else max(1.0, 0.5 * len(filled))
    return units >= enough > 0 and not any(canonical_lead(item) for item in filled)


def _names_something(fields: Sequence[str]) -> bool:
    columns = [parse_column(item) for item in fields]
    return any(canonical_lead(c.name) or (c.name and c.is_time) for c in columns)


def find_rate(lines: Sequence[str]) -> float | None:
    """Return the sampling rate in Hz that a header line or comment states, or None."""
    for line in lines:
        rate = 0.0
        if match := _RATE.search(line[:MAX_LINE]):
            rate = _parse_float(match[1]) * (1000 if (match[2] or "").lower() == "khz" else 1)
        elif match := _INTERVAL.search(line[:MAX_LINE]):
            interval = _parse_float(match[1]) * SECONDS[match[2].lower()]
            rate = round(1 / interval, 6) if interval > 0 else 0.0
        if 0 < rate <= MAX_FS_HZ:
            return rate
    return None


def _parse_float(text: str) -> float:
    return float(text.replace(",", "."))


def find_unit(lines: Sequence[str]) -> str | None:
    """Return the unit of the samples that a header line or comment states, or None."""
    for line in lines:
        match = _UNIT.search(line[:MAX_LINE])
        if match and (is_voltage(match[1]) or is_normalised(match[1])):
            return match[1]
    return None
