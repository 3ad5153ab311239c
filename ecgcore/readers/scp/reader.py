"""SCP-ECG files: EN 1064 (1993 to 2020), ISO 11073-91064, versions 1.0 to 3.0."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.asking import note_rate, note_unit
from ecgcore.readers.assemble import assemble_draft
from ecgcore.readers.base import Draft, ReadOptions, Source
from ecgcore.readers.building import choose_rows
from ecgcore.readers.scp.container import Container, parse_container, sniff
from ecgcore.readers.scp.longterm import read_longterm
from ecgcore.readers.scp.measures import read_measurements, read_statements
from ecgcore.readers.scp.rhythm import Rhythm, read_rhythm
from ecgcore.readers.scp.text import Header, parse_header
from ecgcore.recording import MAX_FS_HZ, Provenance, Recording, Step
from ecgcore.units import MV, NU, is_normalised, mv_per

__all__ = ["read", "sniff"]

_MV_PER_NV = mv_per("nV")


def read(source: Source, options: ReadOptions) -> Recording:
    """Read an SCP-ECG record.

    Huffman coding, differences, the reference beat and samples left out between the QRS complexes
    are undone as the standard describes.  A wrong checksum is noted, not refused.

    Raises
    ------
    ReadError
        A damaged or truncated record, or one that stores its samples in another way.
    MissingInformationError
        Where the record does not tell its rate or the voltage of a unit.
    """
    notes: list[str] = []
    container = parse_container(source.data, notes)
    if container.body(6) or not container.body(12):
        rhythm = read_rhythm(container, options, notes)
    else:
        rhythm = read_longterm(container, options, notes)
    header = parse_header(container.body(1), options, notes)
    fs_hz, scale, unit = _resolve_rate_and_unit(rhythm, options, notes)
    rhythm = _choose_leads(rhythm, options)
    _note_restored(rhythm, notes)
    draft = Draft(
        names=rhythm.names,
        signal=_scale(rhythm.steps, scale),
        fs_hz=fs_hz,
        unit=unit,
        provenance=_make_provenance(container, rhythm, header, fs_hz, unit),
        start=header.start,
        patient=header.patient,
        notes=notes,
    )
    return assemble_draft(draft, source)


def _scale(steps: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    # In double precision, so that the result is the nearest float32 to the exact value.
    return np.stack([(row.astype(np.float64) * scale).astype(np.float32) for row in steps])


def _resolve_rate_and_unit(
    rhythm: Rhythm, options: ReadOptions, notes: list[str]
) -> tuple[float, float, str]:
    """Return the rate, what one step is, and the unit: the file's, else the caller's."""
    fs_hz = rhythm.fs_hz or options.fs_hz or 0.0
    if fs_hz > MAX_FS_HZ:
        raise ReadError(
            f"The SCP-ECG file has a sampling rate of {fs_hz:g} Hz, which is impossible; it is "
            "damaged."
        )
    note_rate(rhythm.fs_hz or None, options, notes)
    if rhythm.step_nv:
        return fs_hz, rhythm.step_nv * _MV_PER_NV, MV
    unit = options.unit or ""
    note_unit(unit, notes)
    return (fs_hz, 1.0, NU) if is_normalised(unit) else (fs_hz, mv_per(unit), MV)


def _choose_leads(rhythm: Rhythm, options: ReadOptions) -> Rhythm:
    """Name the leads as the caller wishes."""
    kept, names = choose_rows(rhythm.names, options)
    return replace(rhythm, names=names, steps=rhythm.steps[kept])


def _note_restored(rhythm: Rhythm, notes: list[str]) -> None:
    if rhythm.factor > 1:
        notes.append(
            f"Between the QRS complexes the file contains one of {rhythm.factor} samples; the "
            "others were interpolated."
        )


def _make_provenance(
    container: Container, rhythm: Rhythm, header: Header, fs_hz: float, unit: str
) -> Provenance:
    steps = []
    if rhythm.factor > 1:
        steps.append(Step("interpolate between protected areas", {"factor": rhythm.factor}))
    if rhythm.beat_added:
        steps.append(Step("add reference beat", {}))
    return Provenance(
        format="SCP-ECG",
        original_fs_hz=fs_hz,
        original_unit="nV" if rhythm.step_nv else unit,
        original_gain=f"{rhythm.step_nv} nV per step" if rhythm.step_nv else "",
        device=header.device,
        device_filter=header.device_filter,
        machine_statements=read_statements(container, header.codec),
        machine_measurements=read_measurements(container),
        steps=tuple(steps),
    )
