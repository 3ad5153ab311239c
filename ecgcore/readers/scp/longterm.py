"""Long-term rhythm of SCP-ECG 3.0 (EN 1064:2020, section 12): uncompressed, lead by lead in turn.

The layout is known here from a published reader only; so a record is read only if all its lengths
agree to the byte.
"""

import struct
from dataclasses import dataclass

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.readers.base import ReadOptions
from ecgcore.readers.scp.container import Container
from ecgcore.readers.scp.leads import Lead, name_leads
from ecgcore.readers.scp.rhythm import MAX_SAMPLES, Rhythm

_FIXED_BYTES = 70
_LEAD_BYTES = 4


@dataclass(frozen=True)
class _Head:
    fs_hz: int
    n_leads: int
    n_samples: int
    width: int
    leads_at: int

    @property
    def samples_at(self) -> int:
        return self.leads_at + _LEAD_BYTES * self.n_leads

    @property
    def end(self) -> int:
        return self.samples_at + self.n_leads * self.n_samples * self.width


def read_longterm(container: Container, options: ReadOptions, notes: list[str]) -> Rhythm:
    """Read section 12.

    Raises
    ------
    ReadError
        If its lengths do not agree with each other.
    """
    body = container.body(12)
    head = _parse_head(body)
    if head is None or not 0 <= len(body) - head.end <= 1:
        raise ReadError(
            "The long-term recording of this SCP-ECG file (section 12) is stored in a way that is "
            "not known here; export it as EDF, ISHNE or WFDB."
        )
    limit = min(options.max_samples, MAX_SAMPLES)
    if head.n_leads * head.n_samples > limit:
        raise ReadError(
            f"The SCP-ECG file contains {head.n_leads * head.n_samples} samples; up to {limit} can "
            "be read."
        )
    blocks = [body[head.leads_at + _LEAD_BYTES * i :] for i in range(head.n_leads)]
    leads = tuple(Lead(block[0], 1, head.n_samples) for block in blocks)
    steps_nv = [int.from_bytes(block[1:3], "little") for block in blocks]
    if not all(steps_nv):
        raise ReadError("A lead of the SCP-ECG file has no unit (section 12); it is damaged.")
    step_nv = int(np.gcd.reduce(steps_nv))
    stored = _read_samples(body[head.samples_at : head.end], head)
    factors = np.array([step // step_nv for step in steps_nv], dtype=np.float32)
    steps = stored.astype(np.float32) * factors[:, None]
    return Rhythm(name_leads(leads, 30, notes), steps, step_nv, float(head.fs_hz))


def _parse_head(body: bytes) -> _Head | None:
    if len(body) < _FIXED_BYTES:
        return None
    fs_hz, n_leads, n_samples, width = struct.unpack_from("<IBIB", body)
    skipped = sum(struct.unpack_from("<II", body, 62))
    if not (fs_hz and n_leads and n_samples and 1 <= width <= 4):
        return None
    return _Head(fs_hz, n_leads, n_samples, width, _FIXED_BYTES + skipped)


def _read_samples(data: bytes, head: _Head) -> np.ndarray:
    """Return the samples as stored, shape (n_leads, n_samples)."""
    octets = np.frombuffer(data, dtype=np.uint8).reshape(head.n_samples, head.n_leads, head.width)
    filled = np.zeros((head.n_samples, head.n_leads, 4), dtype=np.uint8)
    filled[:, :, 4 - head.width :] = octets
    return (filled.view("<i4")[:, :, 0] >> (8 * (4 - head.width))).T
