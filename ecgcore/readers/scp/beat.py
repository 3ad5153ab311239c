"""The reference beat of an SCP-ECG record, added back to what was left after its subtraction.

EN 1064, clauses 5.7 and 5.8: in the zones of the QRS complexes of type 0 the device stored only
the difference from the reference beat.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.scp.container import Container
from ecgcore.readers.scp.huffman import parse_tables
from ecgcore.readers.scp.leads import BeatTable
from ecgcore.readers.scp.streams import (
    Head,
    parse_head,
    read_streams,
    split_streams,
    undo_differences,
)

Rows = NDArray[np.float32]


def add_beats(
    container: Container,
    beats: BeatTable,
    used: tuple[Sequence[int], int],
    rhythm: tuple[Rows, int, float],
    first: int,
) -> tuple[Rows, int]:
    """Return the restored samples, and nanovolts a unit of them.

    Parameters
    ----------
    container : Container
    beats : BeatTable
    used : (sequence of int, int)
        Which of the record's leads the rows are, and how many leads it has.
    rhythm : (array of shape (n_rows, n_samples), int, float)
        What was left, nanovolts a unit of it, and its sampling interval in microseconds.
    first : int
        Number of the first column's sample.

    Raises
    ------
    ReadError
        If the reference beat is missing, truncated, or of another rate.
    """
    rows, step_nv, interval = rhythm
    section = container.sections.get(5)
    if section is None:
        raise ReadError(
            "The SCP-ECG file stores the difference from a reference beat, which is missing "
            "(section 5)."
        )
    head = parse_head(section)
    # A device that tells neither rate nor unit tells neither here: both are then the caller's.
    known = head.interval_us, head.step_nv
    if known[0] not in (0, interval) or (known[1] == 0) != (step_nv == 0):
        raise ReadError(
            "The reference beat of the SCP-ECG file differs from the rhythm in rate or unit; the "
            "recording cannot be restored."
        )
    common = int(np.gcd(step_nv, head.step_nv))
    parts = max(common, 1)
    count = round(beats.length_ms * 1000 / interval)
    template = _read_template(container, used, head, count) * max(head.step_nv // parts, 1)
    restored = rows * max(step_nv // parts, 1)
    _add_template(restored, template, beats, first)
    return restored, common


def _read_template(
    container: Container, used: tuple[Sequence[int], int], head: Head, count: int
) -> Rows:
    """Return the reference beat of the leads used, shape (n_rows, n_samples)."""
    chosen, n_leads = used
    tables = parse_tables(container.body(2))
    wanted = [count] * n_leads
    streams = read_streams(split_streams(container.sections[5], wanted, tables, []), wanted, tables)
    picked = [streams[i] for i in chosen]
    # Its length in milliseconds may be rounded to a sample more or less.
    length = min(count, *(len(stream.values) for stream in picked))
    if length == 0 or length < count - 1:
        raise ReadError("The reference beat of the SCP-ECG file is truncated.")
    rows = [undo_differences(stream.values[:length], head.difference) for stream in picked]
    return np.stack(rows).astype(np.float32)


def _add_template(restored: Rows, template: Rows, beats: BeatTable, first: int) -> None:
    length, size = restored.shape[1], template.shape[1]
    zones = []
    for beat in beats.beats:
        # Sample FC of the record and sample fcM of the reference beat are the same moment.
        shift = beats.fiducial - beat.fiducial - 1
        low = max(beat.first, first, -shift)
        high = min(beat.last, first + length - 1, size - 1 - shift)
        if beat.kind == 0 and low <= high:
            zones.append((low - first, high - first, low + shift))
    if sum(high - low + 1 for low, high, _ in zones) > 2 * length:
        raise ReadError("The QRS complexes of the SCP-ECG file overlap; it is damaged.")
    for low, high, start in zones:
        restored[:, low : high + 1] += template[:, start : start + high - low + 1]
