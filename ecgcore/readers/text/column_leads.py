"""From columns of numbers to a recording: which are leads, their unit, their rate.

A column is a lead, an ECG, a numbered input, time, or something else, by its name and unit.  What
the caller says is missing (a unit) goes to the columns that are known as an ECG; anything else is
left out by name, or named by the caller one by one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import canonical_lead
from ecgcore.readers.asking import ask_for, note_rate, note_unit
from ecgcore.readers.assemble import (
    IMPOSSIBLE_MV,
    assemble_draft,
    join_words,
    make_patient,
    measure_typical_range_mv,
    parse_age,
    parse_sex,
)
from ecgcore.readers.base import Draft, ReadOptions, Source, clean_text
from ecgcore.readers.channels import (
    Kind,
    classify_channels,
    describe_left_out,
    is_other_unit,
    join_few,
    match_given_names,
)
from ecgcore.readers.text.columns import Columns, Row
from ecgcore.readers.text.header import COUNT_UNITS, SECONDS, Column, parse_column
from ecgcore.readers.text.times import find_rate_from_time, is_progression
from ecgcore.recording import Provenance, Recording
from ecgcore.units import MV, NU, is_voltage, mv_per

MAX_TIME = 1e30  # in any unit; beyond it differences overflow
_SINGLE_NAME = "ECG"
# Names of what counts samples, also where it starts anew at 256.
_COUNTER = re.compile(r"index|idx|number|frame|row|nr|#")
# A sample beyond it is a time, a rate or a count that stands among the samples.
_MOST_MV = 1e5


@dataclass(frozen=True, eq=False)
class _Field:
    """One column: what its header says, its values, and what it is."""

    name: str
    unit: str
    row: Row
    kind: Kind
    given: bool = False

    @property
    def shown(self) -> str:
        return clean_text(self.name, 32) or "a column without name"


def read_columns(found: Columns, source: Source, options: ReadOptions) -> Recording:
    """Make the recording of a file's columns.

    Raises
    ------
    MissingInformationError
        Where rate, unit or names are neither in the file nor given.
    ReadError
        If no column is a lead.
    """
    notes = found.notes
    columns = _split_units(found)
    times, counts = _find_times(columns, found.rows), _find_counts(columns, found.rows)
    rest = [i for i in range(len(columns)) if i not in times and i not in counts]
    kinds = _classify(columns, rest, found.unit)
    likely = [i for i in rest if kinds[i] is not Kind.OTHER and not _is_other(columns[i])]
    given = match_given_names([column.name for column in columns], options, likely=likely)
    fields = [
        _Field(given.get(i, c.name), c.unit, found.rows[i], kinds.get(i, Kind.UNKNOWN), i in given)
        for i, c in enumerate(columns)
        if given.get(i) or (i in rest and i not in given)
    ]
    if given:
        silent = [i for i in rest if given.get(i, "-") == "" and i not in likely]
        notes += describe_left_out([columns[i].name for i in silent])
    fields = _keep_ecg(fields, notes)
    fs_hz = _find_rate([i for i in times if not given.get(i)], columns, found, options)
    fields = _assign_units(fields, found.unit, options, notes)
    names, units = [field.name for field in fields], [field.unit for field in fields]
    if fs_hz is None or not all(units) or not all(names):
        raise _ask_for_missing(fs_hz, units, names, columns)
    return assemble_draft(_make_draft(found, fields, fs_hz, options), source)


def _split_units(found: Columns) -> list[Column]:
    columns = [parse_column(" ".join(str(name).split())) for name in found.names]
    if len(found.units) == len(columns):
        units = [str(unit).strip() for unit in found.units]
        columns = [Column(c.name, u or c.unit) for c, u in zip(columns, units, strict=True)]
    return columns


def _find_times(columns: Sequence[Column], rows: Sequence[Row]) -> list[int]:
    """Return the columns of time: named so, or the first, without name and rising evenly."""
    if len(columns) < 2:
        return []
    unnamed = not columns[0].name and not columns[0].unit and rises_evenly(rows[0])
    return [i for i, column in enumerate(columns) if column.is_time or (i == 0 and unnamed)]


def _find_counts(columns: Sequence[Column], rows: Sequence[Row]) -> list[int]:
    """Return the columns that count samples: named so, and rising evenly."""
    if len(columns) < 2:
        return []
    return [
        i
        for i, column in enumerate(columns)
        if column.name
        and column.is_index
        and canonical_lead(column.name) is None
        and rises_evenly(rows[i])
    ]


def rises_evenly(row: Row) -> bool:
    """Return whether values rise evenly, as a count or a clock does and no ECG."""
    values = _to_doubles(row)
    return bool((np.abs(values) < MAX_TIME).all()) and is_progression(values)


def _to_doubles(row: Row) -> NDArray[np.float64]:
    # What signals "no number" is one; a number too large for 64 bits is infinite.
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(row, dtype=np.float64)


def _classify(columns: Sequence[Column], rest: Sequence[int], unit: str) -> dict[int, Kind]:
    """Return what each column is that is no time and no count."""
    names = [columns[i].name for i in rest]
    # A unit for the whole file makes axes of no column, unless there are leads alone.
    all_leads = is_voltage(unit) and all(canonical_lead(name) for name in names)
    volts = [is_voltage(columns[i].unit) or (all_leads and not columns[i].unit) for i in rest]
    kinds = dict(zip(rest, classify_channels(names, voltages=volts), strict=True))
    counters = {i for i in rest if _COUNTER.search(columns[i].key) and columns[i].is_index}
    return {i: Kind.OTHER if i in counters else kind for i, kind in kinds.items()}


def _is_other(column: Column) -> bool:
    return is_other_unit(column.unit) and column.unit.lower() not in COUNT_UNITS


def _keep_ecg(fields: list[_Field], notes: list[str]) -> list[_Field]:
    """Leave out by name what is no ECG; beside it, only what is named as one is an ECG.

    Raises
    ------
    ReadError, MissingInformationError
        If nothing is left; where names alone leave it open, they are asked for.
    """
    other = [
        f
        for f in fields
        if not f.given and (f.kind is Kind.OTHER or _is_other(Column(f.name, f.unit)))
    ]
    kept = [field for field in fields if field not in other]
    named = [field for field in kept if field.given or field.kind in (Kind.LEAD, Kind.ECG)]
    if other and named:
        other += [field for field in kept if field not in named]
        kept = named
    # "i" may be lead I or count the rows: no lead rises evenly all through.
    clocks = [f for f in kept if not f.given and len(kept) > 1 and rises_evenly(f.row)]
    kept = [field for field in kept if field not in clocks]
    if not kept:
        raise _explain_no_ecg([*other, *clocks])
    notes += describe_left_out([_describe_field(field) for field in other])
    notes += describe_left_out(
        [field.shown for field in clocks], "rising evenly, as a clock or a count"
    )
    if len(kept) == 1 and not kept[0].name:
        kept = [replace(kept[0], name=_SINGLE_NAME, kind=Kind.ECG)]
    return kept


def _describe_field(field: _Field) -> str:
    return f"{field.shown} ({clean_text(field.unit, 16)})" if field.unit else field.shown


def _explain_no_ecg(fields: Sequence[_Field]) -> ReadError:
    if not fields:
        return ReadError("The file contains no column of samples that could be an ECG lead.")
    found = join_few([_describe_field(field) for field in fields])
    sentence = f"No column is recognised as an ECG lead; the file contains {found}"
    if any(canonical_lead(field.name) and not field.unit for field in fields):
        return MissingInformationError(
            f"{sentence}. If some are, name them one by one.", ("lead_names",)
        )
    return ReadError(f"{sentence}: choose a file with an ECG.")


def _assign_units(
    fields: list[_Field], stated: str, options: ReadOptions, notes: list[str]
) -> list[_Field]:
    """Give each column its unit; one that nobody states goes only to what is known as an ECG."""
    own = ["" if field.unit.lower() in COUNT_UNITS else field.unit for field in fields]
    told = [unit or stated for unit in own]
    left = _find_unsure(fields, [f for f, unit in zip(fields, told, strict=True) if not unit])
    notes += describe_left_out(
        [field.shown for field in left], "not known as an ECG, and without a unit"
    )
    kept = [(f, u) for f, u in zip(fields, told, strict=True) if f not in left]
    return [replace(field, unit=unit or options.unit or "") for field, unit in kept]


def _find_unsure(fields: Sequence[_Field], without_unit: Sequence[_Field]) -> list[_Field]:
    """Return the columns without unit that no single answer may take for an ECG.

    Raises
    ------
    MissingInformationError
        Where there are several and none is known as an ECG.
    """
    named = [field for field in fields if field.given or field.kind in (Kind.LEAD, Kind.ECG)]
    inputs = [field for field in fields if field.kind is Kind.INPUT]
    known = named or inputs or (list(fields) if len(fields) == 1 else [])
    unsure = [field for field in without_unit if field not in known]
    if known or not unsure:
        return unsure
    if len(unsure) < len(fields):
        return unsure
    names = join_few([field.name for field in unsure])
    raise MissingInformationError(
        f"It is unclear which columns are ECG leads: {names}; name them "
        "one by one and leave out the others.",
        ("lead_names",),
    )


def _find_rate(
    times: Sequence[int], columns: Sequence[Column], found: Columns, options: ReadOptions
) -> float | None:
    """Return the rate of the time columns, else of the header, else the caller's.

    Raises
    ------
    MissingInformationError
        Where the only time there is cannot be: the caller may state the rate.
    """
    rates: dict[str, float] = {}
    broken: list[str] = []
    for i in times:
        column = columns[i]
        scale = SECONDS.get(column.unit.lower())
        if scale is None and column.name and options.fs_hz is not None:
            continue
        try:
            values = _read_times(found.rows[i])
            rate = find_rate_from_time(values, scale, found.notes, name_it=not column.name)
        except ReadError as error:
            own = "" if column.key == "time" else clean_text(column.name, 32)
            name = f"The time column {own}".rstrip()
            broken.append(str(error).replace("The time column", name, 1))
            continue
        if rate is not None:
            rates[clean_text(column.name, 32)] = rate
    _note_difference(rates, found.fs_hz, found.notes)
    stated = next(iter(rates.values()), found.fs_hz)
    if broken and stated is None and options.fs_hz is None:
        raise MissingInformationError(
            f"{broken[0].rstrip('.')}; if the samples are evenly spaced nevertheless, the sampling "
            "rate can be entered.",
            ("fs_hz",),
        )
    instead = "another one was used" if rates else "so gaps in it are not shown"
    found.notes += [
        f"{reason.rstrip('.')}; the column was not used, {instead}." for reason in broken
    ]
    return note_rate(stated, options, found.notes)


def _note_difference(rates: dict[str, float], header: float | None, notes: list[str]) -> None:
    all_rates = [*rates.items(), *([("the header", header)] if header else [])]
    if not rates or all(abs(rate - all_rates[0][1]) <= 0.01 * rate for _, rate in all_rates):
        return
    told = join_words(f"{rate:g} Hz ({name or 'the time column'})" for name, rate in all_rates)
    notes.append(f"The file states different rates: {told}; the time column was used.")


def _read_times(row: Row) -> NDArray[np.float64]:
    times = _to_doubles(row)
    if not (np.abs(times) < MAX_TIME).all():
        raise ReadError("The time column has empty cells or impossible values; all need a time.")
    return times


def _ask_for_missing(
    fs_hz: float | None, units: Sequence[str], names: Sequence[str], columns: Sequence[Column]
) -> MissingInformationError:
    """Return the error that asks for everything that is missing at once."""
    counts = any(column.unit.lower() in COUNT_UNITS for column in columns)
    asked = {
        "fs_hz": ("the sampling rate", fs_hz is None),
        "unit": ("the unit of the samples" + " (A/D counts)" * counts, not all(units)),
        "lead_names": (f"the names of the {len(names)} columns", not all(names)),
    }
    return ask_for({key: what for key, (what, lacks) in asked.items() if lacks})


def _make_draft(
    found: Columns, fields: Sequence[_Field], fs_hz: float, options: ReadOptions
) -> Draft:
    """Scale to mV; columns without voltage are kept only where none has one."""
    volts = [field for field in fields if is_voltage(field.unit)]
    used = volts or list(fields)
    found.notes += describe_left_out([f.shown for f in fields if f not in used], "no voltage")
    signal = np.empty((len(used), len(fields[0].row)), dtype=np.float32)
    # Infinite values are found and noted when assembled; what signals "no number" is one.
    with np.errstate(over="ignore", invalid="ignore"):
        for at, field in enumerate(used):
            scale = mv_per(field.unit) if volts else 1.0
            signal[at] = np.asarray(field.row, dtype=np.float64) * scale
    told = list(dict.fromkeys(field.unit for field in used))
    units = _check_unit(signal, told, fs_hz, options, found.notes) if volts else told
    if volts:
        _check_samples(signal, [field.shown for field in used])
    if units is told and options.unit is not None:
        _note_unit(told, options.unit, found.notes)
    age = parse_age(found.age, found.notes) if found.age else None
    return Draft(
        names=[field.name for field in used],
        signal=signal,
        fs_hz=fs_hz,
        unit=MV if volts else NU,
        provenance=Provenance(
            format=found.format,
            original_fs_hz=fs_hz,
            original_unit=join_words(units),
            device=clean_text(found.device),
            simulated=found.simulated,
        ),
        start=found.start,
        patient=make_patient(age, parse_sex(found.sex), {}, options),
        notes=found.notes,
        derived=found.derived,
    )


def _note_unit(units: Sequence[str], given: str, notes: list[str]) -> None:
    other = join_words(sorted(clean_text(unit, 16) for unit in set(units) - {given}))
    if other:
        notes.append(f"The unit entered, {given}, was not used where the file states {other}.")
    else:
        note_unit(given, notes)


def _check_unit(
    signal: NDArray[np.float32],
    units: list[str],
    fs_hz: float,
    options: ReadOptions,
    notes: list[str],
) -> list[str]:
    """Ask for another unit where all leads are larger than any ECG; the caller's wins then.

    Raises
    ------
    MissingInformationError
    """
    smallest = min((measure_typical_range_mv(row, fs_hz) for row in signal), default=0.0)
    if not smallest > IMPOSSIBLE_MV or len(units) != 1:
        return units
    said = options.unit
    if said and is_voltage(said) and smallest * mv_per(said) / mv_per(units[0]) <= IMPOSSIBLE_MV:
        signal *= mv_per(said) / mv_per(units[0])
        notes.append(
            f"The file states {clean_text(units[0], 16)}, in which the amplitudes are too large "
            f"for an ECG; the unit entered, {said}, was used."
        )
        return [said]
    raise MissingInformationError(
        f"In {clean_text(units[0], 16)} the samples span {smallest:.4g} mV within a second, too "
        "much for an ECG. Enter their unit.",
        ("unit",),
    )


def _check_samples(signal: NDArray[np.float32], names: Sequence[str]) -> None:
    """Refuse a time, a rate or a count that stands among the samples, by its place."""
    for name, row in zip(names, signal, strict=True):
        beyond = np.flatnonzero((np.abs(row) > _MOST_MV) & np.isfinite(row))
        if 0 < beyond.size < row.size:
            at = int(beyond[0])
            raise ReadError(
                f"Sample {at + 1} of {name} would be {float(row[at]):.4g} mV: it is not a sample "
                "but perhaps a time or a rate; put it into a header, or take it out."
            )
