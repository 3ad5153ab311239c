"""Recordings and errors as plain bytes, between the process that parses and the one that asks.

No pickle: what comes out of a process that has just read a hostile file is data, never code.
"""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np

from ecgcore import errors
from ecgcore.errors import EcgError, MissingInformationError, ReadError
from ecgcore.recording import Patient, Provenance, Recording, Step

LENGTH_BYTES = 8
_ERROR_KINDS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, EcgError)
}


def pack(result: Recording | EcgError) -> tuple[bytes | memoryview, ...]:
    """Return one recording or error as bytes in parts: length of the head, head (JSON), samples."""
    if isinstance(result, EcgError):
        return _add_head({"error": _describe(result)})
    head: dict[str, Any] = {
        "shape": list(result.signal.shape),
        "fs_hz": result.fs_hz,
        "leads": list(result.leads),
        "unit": result.unit,
        "start": result.start.isoformat() if result.start else None,
        "patient": asdict(result.patient),
        "provenance": asdict(result.provenance),
        "derived_leads": list(result.derived_leads),
        "notes": list(result.notes),
    }
    samples = result.signal.astype("<f4", copy=False).reshape(-1)
    return *_add_head(head), samples.data.cast("B")


def pack_files(result: Recording | EcgError) -> bytes:
    """Return what :func:`pack` gives in one piece."""
    return b"".join(pack(result))


def unpack(content: bytes | bytearray) -> Recording | EcgError:
    """Return what :func:`pack_files` was given.

    Raises
    ------
    ReadError
        If the bytes are not of that form.
    """
    try:
        length = int.from_bytes(content[:LENGTH_BYTES], "little")
        head = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])
        if "error" in head:
            return _unpack_error(head["error"])
        samples = np.frombuffer(memoryview(content)[LENGTH_BYTES + length :], dtype="<f4")
        return _unpack_recording(head, samples.reshape(head["shape"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError("The file could not be read: its reader gave no usable answer.") from error


def _add_head(head: dict[str, Any]) -> tuple[bytes, bytes]:
    text = json.dumps(head, default=str).encode()
    return len(text).to_bytes(LENGTH_BYTES, "little"), text


def _describe(error: EcgError) -> dict[str, Any]:
    needs = list(error.needs) if isinstance(error, MissingInformationError) else []
    return {"kind": type(error).__name__, "message": str(error), "needs": needs}


def _unpack_error(described: dict[str, Any]) -> EcgError:
    message = str(described["message"])
    kind = _ERROR_KINDS.get(described["kind"], ReadError)
    if issubclass(kind, MissingInformationError):
        return kind(message, tuple(map(str, described["needs"])))
    return kind(message)


def _unpack_recording(head: dict[str, Any], samples: np.ndarray) -> Recording:
    provenance = dict(head["provenance"])
    steps = tuple(Step(step["name"], step["parameters"]) for step in provenance.pop("steps"))
    statements = tuple(provenance.pop("machine_statements"))
    return Recording(
        signal=samples,
        fs_hz=head["fs_hz"],
        leads=tuple(head["leads"]),
        unit=head["unit"],
        start=datetime.fromisoformat(head["start"]) if head["start"] else None,
        patient=Patient(**head["patient"]),
        provenance=Provenance(**provenance, machine_statements=statements, steps=steps),
        derived_leads=tuple(head["derived_leads"]),
        notes=tuple(head["notes"]),
    )
