"""JSON: leads as named lists of samples, with rate and unit beside them.

``{"fs": 500, "unit": "mV", "leads": {"I": [...], "II": [...]}}`` and what is close to it: a list
of leads with name and samples, a matrix with a list of names, or one object a sample.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError, UnknownFormatError
from ecgcore.readers.base import HEAD_BYTES, MIB, ReadOptions, Source, clean_text, guard_library
from ecgcore.readers.binary.mat import SIGNAL_NAMES, is_standard_lead, read_named
from ecgcore.readers.json import fhir, kardia
from ecgcore.readers.known import describe_unknown_json
from ecgcore.readers.text.columns import is_fact, is_rate, normalise_key, refuse_long_layout
from ecgcore.readers.text.layout import decode
from ecgcore.recording import Recording

MAX_BYTES = 64 * MIB
MAX_VALUES = 10_000_000
MAX_NAMES = 10_000
MAX_LISTED_LEADS = 256
_START = re.compile(r"\s*(?:\{\s*\"|\[\s*(?:[\[{\d]|-\d))")
_NAME_KEYS = ("name", "lead", "label", "channel", "lead_name", "id", "key")
_SAMPLE_KEYS = (*SIGNAL_NAMES, "values", "voltages", "points")
_KNOWN_NAMES = frozenset((*_SAMPLE_KEYS, "voltage", "amplitude"))


def sniff(name: str, head: bytes) -> bool:
    """Return whether the content is JSON (and no FHIR resource, which has its own reader)."""
    if head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00")[:1] not in (b"{", b"["):
        return False
    text = decode(head[: len(head) // 2 * 2])
    return bool(text and _START.match(text) and '"resourceType"' not in text)


def is_recording(head: bytes) -> bool:
    """Return whether a JSON file in a folder is a recording: it has samples near its start."""
    text = decode(head[: len(head) // 2 * 2]) or ""
    numbers = re.search(r"\[\s*(?:-?\d[\d.eE+-]*\s*,\s*){20}", text)
    return numbers is not None and (len(head) < HEAD_BYTES or text.count(",") > 1000)


def read(source: Source, options: ReadOptions) -> Recording:
    """Read the leads; ``null`` is an absent sample.

    Raises
    ------
    MissingInformationError
        Where rate, unit or lead names are neither in the file nor given.
    ReadError
        If it is no JSON, or holds no lists of numbers that could be samples.
    """
    if kardia.has_keys(source.data):  # the keys may stand after the samples
        return kardia.read(source, options)
    text = decode(source.data)
    if text is None:
        raise ReadError("The JSON file is not text.")
    if len(source.data) > MAX_BYTES or text.count(",") > MAX_VALUES:
        raise TooLargeError(
            f"The JSON file is larger than is read ({MAX_BYTES / MIB:.0f} MB, {MAX_VALUES} "
            "values); save the recording as WFDB, EDF or Parquet."
        )
    with guard_library(
        "The file is not valid JSON: it is damaged, cut short or too deeply nested."
    ):
        content = json.loads(text, object_pairs_hook=_limit_names)
        values = content if isinstance(content, dict) else {"data": content}
        if fhir.is_resource(content):
            return fhir.read(source, options)
        ready = _convert_lists(values)
    if not _is_known(ready):
        first = content[0] if isinstance(content, list) and content else content
        names = first if isinstance(first, dict) else ()
        raise UnknownFormatError(describe_unknown_json(names))
    return read_named(ready, "JSON", source, options)


def _is_known(values: Mapping[str, Any]) -> bool:
    """Return whether a name tells that there are samples: a lead, a usual name, or a rate."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            known = _is_known(value)
        elif isinstance(value, np.ndarray):
            known = normalise_key(name) in _KNOWN_NAMES or is_standard_lead(name)
        else:
            known = is_rate(name)
        if known:
            return True
    return False


def _limit_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_NAMES:
        raise ReadError(f"An object in the JSON file has more than {MAX_NAMES} names.")
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ReadError(f"The name {clean_text(name)!r} occurs twice in the JSON file.")
        found[name] = value
    return found


def _convert_lists(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with lists of numbers as arrays and lists of leads as named ones."""
    ready: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            ready[name] = _convert_lists(value)
        elif isinstance(value, list):
            ready[name] = _convert_list(value)
        else:
            ready[name] = value
    return ready


def _convert_list(items: list[Any]) -> Any:
    if items and all(isinstance(item, Mapping) for item in items):
        return _read_lead_list(items)
    if _are_numbers(items):
        return _make_array(items)
    if items and all(isinstance(item, list) for item in items):
        lengths = {len(item) for item in items}
        if len(lengths) == 1 and lengths != {0} and all(_are_numbers(item) for item in items):
            return np.stack([_make_array(item) for item in items])
        if all(_are_numbers(item) for item in items) and len(lengths) > 1:
            raise ReadError(
                f"The lists of samples have {min(lengths)} to {max(lengths)} values; all must have "
                "the same number."
            )
    return items


def _are_numbers(items: Sequence[Any]) -> bool:
    return set(map(type, items)) <= {int, float, type(None)}


def _make_array(items: Sequence[Any]) -> NDArray[np.float64]:
    return np.array(items, dtype=np.float64)  # None becomes NaN


def _read_lead_list(items: Sequence[Mapping[str, Any]]) -> Any:
    """Return ``[{"name": "I", "samples": [...]}, ...]`` or one object a sample as named lists."""
    keys = {normalise_key(name): name for name in items[0]}
    by_name = next((keys[key] for key in _NAME_KEYS if key in keys), None)
    by_samples = next(
        (keys[k] for k in _SAMPLE_KEYS if k in keys and isinstance(items[0][keys[k]], list)), None
    )
    if by_name is not None and by_samples is not None:
        leads: dict[str, Any] = {}
        if len(items) > MAX_LISTED_LEADS:
            raise ReadError(f"The JSON file lists {len(items)} leads; that is too many.")
        for item in items:
            name = _name_lead(item, by_name, leads)
            leads[name] = _convert_list(list(item.get(by_samples) or []))
            leads |= {k: v for k, v in item.items() if is_fact(k) and k not in (by_name, *leads)}
        return leads
    names = list(items[0])
    rows = {name: [item.get(name) for item in items] for name in names}
    refuse_long_layout(name for name, row in rows.items() if not _are_numbers(row))
    return {name: _convert_list(row) for name, row in rows.items() if _are_numbers(row)}


def _name_lead(item: Mapping[str, Any], by_name: str, leads: Mapping[str, Any]) -> str:
    """Return a lead's name with its own unit."""
    name = str(item.get(by_name) or f"channel {len(leads) + 1}")
    unit = next((str(v) for k, v in item.items() if normalise_key(k) in ("unit", "units")), "")
    full = f"{name} ({unit})" if unit else name
    if full in leads:
        raise ReadError(f"The lead {clean_text(name)!r} occurs twice in the JSON file.")
    return full
