"""MATLAB files with a matrix of samples: PhysioNet's ``val``, CPSC's ``ECG.data``, or the like.

Gain, rate and lead names stand in a WFDB header, where one lies beside; in the file itself seldom.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.leads import STANDARD_12, canonical_lead
from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import ReadOptions, Source, clean_text
from ecgcore.readers.binary import mat_file
from ecgcore.readers.channels import Kind, classify_channel
from ecgcore.readers.scale_notes import note_scales
from ecgcore.readers.text.column_leads import read_columns, rises_evenly
from ecgcore.readers.text.columns import (
    Columns,
    apply_facts,
    find_lead_names,
    is_fact,
    normalise_key,
    orient_matrix,
)
from ecgcore.readers.text.header import Column, parse_column
from ecgcore.readers.wfdb import reader as wfdb
from ecgcore.recording import MAX_LEADS, Recording

# Names that samples are stored under, the likeliest first.
SIGNAL_NAMES = (
    "val", "ecg", "data", "signal", "signals", "sig", "p_signal", "ecg_signal", "ecgdata",
    "ecg_data", "samples", "x", "y", "record", "recording", "leads_data", "tracing", "tracings",
    "waveform", "waveforms", "arr_0", "array",
)  # fmt: skip
_AXES = {"x", "y", "z"}
MIN_SAMPLES = 3
MAX_NAMES = 10_000
_WITHIN = "\x1f"  # between the names of what is nested; a name may have a point in it


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is a MATLAB file of level 4 or 5 (versions 4 to 7)."""
    return head.startswith(mat_file.LEVEL_5) or mat_file.is_level_4(head)


def is_recording(head: bytes) -> bool:
    """Return whether a MATLAB file in a folder is a recording, by the name of what it contains."""
    return normalise_key(mat_file.find_first_name(head)) in SIGNAL_NAMES


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the one matrix of samples in the file.

    Where a WFDB header of the same name lies beside, the record is read by it.

    Raises
    ------
    MissingInformationError
        Where rate, unit or lead names are neither in the file nor given.
    ReadError
        If no matrix can be the samples, or it is not clear which.
    """
    header = source.beside(f"{PurePosixPath(source.name).stem}.hea")
    if header is not None:
        source.name, source.data = header, source.take(header)
        return wfdb.read(source, options)
    values = mat_file.read_variables(source.data, max_bytes=options.max_expanded_bytes)
    return read_named(values, "MATLAB", source, options)


def read_named(
    values: Mapping[str, Any],
    format_name: str,
    source: Source,
    options: ReadOptions,
    *,
    notes: Sequence[str] = (),
) -> Recording:
    """Read the samples among a file's named values; the others may tell rate, unit and leads.

    Parameters
    ----------
    values : mapping of str to object
        Arrays, texts, numbers; dicts for what is nested.  One array is the samples of all leads,
        or there is one array a lead, named so.
    format_name : str
    source : Source
    options : ReadOptions
    notes : sequence of str
        What is to be said already.
    """
    flat = _flatten(values)
    if len(flat) > MAX_NAMES:
        raise ReadError(f"The file contains more than {MAX_NAMES} named values.")
    notes = list(notes)
    facts = {_last_part(name): value for name, value in flat.items()}
    arrays = _find_sample_arrays(flat)
    times = _find_times(arrays)
    arrays = {name: array for name, array in arrays.items() if name not in times}
    leads = _read_leads_one_by_one(arrays)
    if leads:
        names, rows = list(leads), list(leads.values())
        _check_even(leads)
    else:
        names = find_lead_names(facts) or []
        n_names = len(names) or (len(options.lead_names) if options.lead_names else None)
        rows = list(orient_matrix(_read_matrix(arrays, flat), n_names, notes))
        names = names if len(names) == len(rows) else [""] * len(rows)
    if sum(len(row) for row in rows) > options.max_samples:
        raise TooLargeError(f"The file contains more than {options.max_samples} samples.")
    time = next((row.ravel() for row in times.values() if row.size == len(rows[0])), None)
    if time is not None:
        names, rows = ["time", *names], [time, *rows]
    found = Columns(format_name, names, rows, notes=notes)
    apply_facts(found, facts)
    note_scales(facts, found.notes)
    return read_columns(found, source, options)


def _flatten(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Return nested values under names joined by a sign that stands in no name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and depth < mat_file.MAX_DEPTH:
            flat |= _flatten(value, f"{prefix}{_clean_name(name)}{_WITHIN}", depth + 1)
        elif not str(name).startswith("__"):
            flat[f"{prefix}{_clean_name(name)}"] = value
    return flat


def _clean_name(name: object) -> str:
    return str(name).replace(_WITHIN, " ")


def _last_part(name: str) -> str:
    return name.rpartition(_WITHIN)[2]


def _find_sample_arrays(flat: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Return the arrays of numbers that could be samples or time."""
    return {
        name: value
        for name, value in flat.items()
        if isinstance(value, np.ndarray)
        and value.dtype.kind in "iuf"
        and (value.size >= MIN_SAMPLES or is_standard_lead(name))
        and not is_fact(_last_part(name))
    }


def is_standard_lead(name: str) -> bool:
    """Return whether a name is that of a standard lead, with or without its unit."""
    return canonical_lead(parse_column(_last_part(name)).name) in STANDARD_12


def _find_times(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays that rise evenly or are named time, where others are the samples."""
    rising = {
        name: array
        for name, array in arrays.items()
        if array.size == max(array.shape, default=0)
        and not is_standard_lead(name)
        and (Column(_last_part(name)).is_time or rises_evenly(array.ravel()))
    }
    return rising if len(rising) < len(arrays) else {}


def _read_leads_one_by_one(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of one lead each, where the file has them in one place and named so.

    A name is that of a standard lead, or an ECG's, or counts the recorder's inputs.
    """
    vectors = {n: a.ravel() for n, a in arrays.items() if a.size == max(a.shape, default=0)}
    named = [name for name in vectors if is_standard_lead(name)]
    if not named:
        named = _find_other_names(vectors, {normalise_key(_last_part(name)) for name in arrays})
        size = vectors[named[0]].size if named else 0
        vectors = {name: row for name, row in vectors.items() if row.size == size}
    if not named:
        return {}
    place = named[0].rpartition(_WITHIN)[0]
    return {_last_part(n): row for n, row in vectors.items() if n.rpartition(_WITHIN)[0] == place}


def _find_other_names(vectors: Mapping[str, NDArray[Any]], keys: set[str]) -> list[str]:
    """Return the vectors called ECG, or counted, where nothing is named as samples are."""
    kinds = {name: classify_channel(parse_column(_last_part(name)).name) for name in vectors}
    ecg = [name for name, kind in kinds.items() if kind is Kind.ECG]
    if ecg and not keys & (set(SIGNAL_NAMES) - _AXES):
        return ecg
    inputs = [name for name, kind in kinds.items() if kind is Kind.INPUT]
    return [] if keys & set(SIGNAL_NAMES) else inputs


def _check_even(leads: Mapping[str, NDArray[Any]]) -> None:
    lengths = {len(row) for row in leads.values()}
    if len(lengths) > 1:
        raise ReadError(
            f"The leads have {min(lengths)} to {max(lengths)} samples; all must have the same "
            "number."
        )


def _read_matrix(arrays: Mapping[str, NDArray[Any]], flat: Mapping[str, Any]) -> NDArray[Any]:
    """Return the array of samples: by its name, or the only one that can be it."""
    axes = {normalise_key(_last_part(name)) for name in arrays} >= _AXES
    for wanted in SIGNAL_NAMES:
        if axes and wanted in _AXES:
            continue  # of an acceleration
        named = [name for name in arrays if normalise_key(_last_part(name)) == wanted]
        if len(named) == 1:
            return arrays[named[0]]
    large = [array for array in arrays.values() if max(array.shape, default=0) > MAX_LEADS]
    if len(large) == 1:
        return large[0]
    found = join_words(
        clean_text(name.replace(_WITHIN, "."), 24) for name in list(arrays or flat)[:12]
    )
    if not arrays:
        what = f"only {found}" if found else "nothing that is read"
        raise ReadError(
            f"The file contains {what}, no array of numbers that could be samples; save leads x "
            "samples as a plain matrix named val."
        )
    raise ReadError(
        f"The file contains several arrays ({found}); keep only the samples, or name them val."
    )
