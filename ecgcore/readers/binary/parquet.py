"""Parquet tables: one column per lead, one row per sample."""

import io
import json
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.assemble import join_words, was_or_were
from ecgcore.readers.base import MIB, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.text.column_leads import read_columns
from ecgcore.readers.text.columns import Columns, apply_facts, refuse_long_layout
from ecgcore.recording import Recording

MAGIC = b"PAR1"
MAX_COLUMNS = 256
MAX_METADATA_BYTES = 4096
_YEAR_2000_S = 946_684_800
_BATCH_ROWS = 65_536
_DAMAGED = "The Parquet file is damaged or cut short; save it again."


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a Parquet file."""
    return head.startswith(MAGIC)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read a table whose columns are leads (and time); metadata may tell rate and unit.

    Columns that are no numbers are left out, with a note; what is null is an absent sample.

    Raises
    ------
    MissingInformationError
        Where rate, unit or lead names are neither in the file nor given.
    TooLargeError
        If the table is larger than is read; this is known before anything is expanded.
    ReadError
        If the file is damaged, or no column could be a lead.
    """
    notes: list[str] = []
    with guard_library(_DAMAGED):
        file = pq.ParquetFile(io.BytesIO(source.data), memory_map=False)
        _check_size(file.metadata, options)
        fields = [f for f in file.schema_arrow if not f.name.startswith("__index_level_")]
        kept = [f for f in fields if _is_numeric(f.type) or pa.types.is_timestamp(f.type)]
        try:
            rows = _read_rows(file, [f.name for f in kept], options) if kept else []
        except pa.ArrowMemoryError as error:
            raise _explain_memory_error(error, options) from None
        facts = _parse_metadata(file.schema_arrow.metadata)
    left = [clean_text(f.name) for f in fields if f not in kept]
    if not kept and any(pa.types.is_nested(f.type) for f in fields):
        # A few bytes can stand for lists of any length, so they are not read.
        raise ReadError(
            "The table contains lists of samples; save it with one row per sample and one column "
            "per lead."
        )
    refuse_long_layout(left)
    if left:
        notes.append(f"{join_words(left[:20])} {was_or_were(left)} left out: not numbers.")
    found = Columns(
        "Parquet",
        ["time (s)" if pa.types.is_timestamp(f.type) else f.name for f in kept],
        rows,
        units=[str(_parse_metadata(f.metadata).get("unit", "")) for f in kept],
        notes=notes,
    )
    apply_facts(found, facts)
    return read_columns(found, source, options)


def _check_size(metadata: Any, options: ReadOptions) -> None:
    if metadata.num_columns > MAX_COLUMNS:
        raise ReadError(
            f"The table has {metadata.num_columns} columns; up to {MAX_COLUMNS} are read, one per "
            "lead."
        )
    # A row group is asked for its size only: looking at the chunks of a damaged one ends the
    # process (pyarrow 26 does not catch what its C++ part throws there).
    n_bytes = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    n_values = metadata.num_rows * metadata.num_columns
    if n_values > options.max_samples or n_bytes > options.max_expanded_bytes:
        raise TooLargeError(
            f"The table contains {n_values} values in {n_bytes / MIB:.0f} MB; up to "
            f"{options.max_samples} values in {options.max_expanded_bytes / MIB:.0f} MB are read."
        )


def _explain_memory_error(error: Exception, options: ReadOptions) -> Exception:
    """Return what a failed allocation means: a page that claims to be larger than all may be lies.

    What all pages hold together was checked before; how large one is stands in its own header.
    """
    wanted = re.search(r"size (\d+)", str(error))
    if wanted and int(wanted[1]) > options.max_expanded_bytes:
        return ReadError(_DAMAGED)
    return MemoryError()


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _read_rows(file: Any, names: list[str], options: ReadOptions) -> list[NDArray[Any]]:
    """Return the columns' values; read in batches, so that wrong counts cannot fill the memory."""
    parts: list[list[NDArray[Any]]] = [[] for _ in names]
    total = 0
    for batch in file.iter_batches(_BATCH_ROWS, columns=names):
        for part, column in zip(parts, batch.columns, strict=True):
            values = _convert_column(column)
            total += values.size
            part.append(values)
        if total > options.max_samples:
            raise TooLargeError(f"The table contains more than {options.max_samples} values.")
    rows = [np.concatenate(part) if part else np.zeros(0) for part in parts]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 or lengths == {0}:
        raise ReadError(
            f"The columns hold {min(lengths)} to {max(lengths)} samples; all must have the same "
            "number, more than 0."
        )
    return rows


def _convert_column(column: Any) -> NDArray[Any]:
    """Return a column's numbers, time in seconds; null is NaN."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        seconds = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[kind.unit]
        stored = column.cast(pa.int64()).to_numpy(zero_copy_only=False)
        # Counted from 2000, so that double precision keeps microseconds.
        return (stored - round(_YEAR_2000_S / seconds)) * seconds
    if column.null_count:
        column = column.cast(pa.float64())
    return column.to_numpy(zero_copy_only=False)


def _parse_metadata(stored: Any) -> dict[str, Any]:
    """Return a table's or a column's own facts, those of pandas' ``attrs`` among them."""
    facts: dict[str, Any] = {}
    for key, value in (stored or {}).items():
        if len(value) > MAX_METADATA_BYTES:
            continue
        text = value.decode("utf-8", "replace")
        if key == b"PANDAS_ATTRS":
            attributes = json.loads(text)
            facts |= attributes if isinstance(attributes, dict) else {}
        else:
            facts[key.decode("utf-8", "replace")] = text
    return facts
