"""The delineator's wave classes of packed recordings, made once and then taken from a cache."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.packing import PackedSet
from ecgcore.datasets.places import cache_arrays
from ecgcore.inference.delineate import default_delineator
from ecgcore.inference.wave_classes import wave_classes

# Raise when the classes would change for the same samples.
_VERSION = 1


@dataclass(frozen=True, eq=False)
class FlatClasses:
    """One class for every sample of many recordings.

    Attributes
    ----------
    values : array of uint8, shape (n_values,)
        The recordings' classes, one after the other.
    starts : array of int64, shape (n_records + 1,)
    """

    values: NDArray[np.uint8]
    starts: NDArray[np.int64]

    def row(self, i: int) -> NDArray[np.uint8]:
        """Return the classes of recording ``i``."""
        return self.values[self.starts[i] : self.starts[i + 1]]


def packed_classes(
    data: PackedSet, rows: NDArray[np.int64] | None = None, *, cache: Path | None = None
) -> FlatClasses:
    """Return the consensus wave classes of packed recordings, at their own rate.

    Parameters
    ----------
    data : PackedSet
    rows : array of int64, optional
        Delineate only these; the others are "none" throughout.
    cache : Path, optional
        Folder; :func:`ecgcore.datasets.cache_root` if not given.

    Notes
    -----
    The cache is keyed by the samples themselves and by the delineator's weights.
    """
    wanted = np.arange(len(data)) if rows is None else rows
    starts = np.cumsum(np.r_[0, data.signals.lengths]).astype(np.int64)
    made = cache_arrays(
        f"waves-{_digest(data, wanted)}", lambda: _delineate(data, wanted, starts), cache
    )
    return FlatClasses(made["values"], starts)


def _delineate(
    data: PackedSet, rows: NDArray[np.int64], starts: NDArray[np.int64]
) -> dict[str, NDArray[np.uint8]]:
    values = np.zeros(int(starts[-1]), dtype=np.uint8)
    model = default_delineator()
    for done, row in enumerate(rows, start=1):
        found = wave_classes(model, data.signal(int(row)), data.fs_hz, data.fs_hz)
        values[starts[row] : starts[row + 1]] = found
        if done % 200 == 0 or done == rows.size:
            sys.stderr.write(f"delineated {done} of {rows.size} recordings\n")
    return {"values": values}


def _digest(data: PackedSet, rows: NDArray[np.int64]) -> str:
    digest = hashlib.sha256(f"{_VERSION} {default_delineator().card.weights_sha256}".encode())
    for part in (data.signals.values, data.signals.lengths, rows):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()[:24]
