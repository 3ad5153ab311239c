"""One shard of a cache: the packed samples of some thousand records, in two files.

``NAME.npy`` holds the 16-bit samples and is read in place (memory-mapped); ``NAME.npz`` says what
is in it, carries its checksum, and is written last: a shard without it is not finished.
"""

import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import STANDARD_12

Packed = tuple[NDArray[np.int16], NDArray[np.float32], bool]
# What became of one record: its samples, or why there are none.
Outcome = Packed | str

_CHUNK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class Shard:
    """What is in a finished shard.

    Attributes
    ----------
    path : Path
        Of the samples.
    digest : str
        Of the records and parameters that it was made from.
    checksum : int
        Of the samples.
    readable : array of bool, shape (n_records,)
    reasons : array of str, shape (n_records,)
        Why a record could not be read; ``""`` where it could.
    starts, lengths : arrays of int64, shape (n_records,)
        Where a record begins among the samples, and its samples a lead.
    scales : array of float32, shape (n_records, 12)
        As in :class:`ecgcore.datasets.PackedSignals`.
    in_mv : array of bool, shape (n_records,)
    """

    path: Path
    digest: str
    checksum: int
    readable: NDArray[np.bool_]
    reasons: NDArray[np.str_]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    scales: NDArray[np.float32]
    in_mv: NDArray[np.bool_]


class DamagedShardError(Exception):
    """A finished shard is not what was written; it is to be made again."""


def write_shard(path: Path, digest: str, outcomes: Sequence[Outcome]) -> Shard:
    """Write a shard; nobody ever sees half of one.

    Parameters
    ----------
    path : Path
        Of the samples, ending in ``.npy``.
    digest : str
    outcomes : sequence of Outcome
        One a record.
    """
    read = [o for o in outcomes if not isinstance(o, str)]
    values = np.concatenate([v.reshape(-1) for v, _, _ in read] or [np.zeros(0, np.int16)])
    readable = np.array([not isinstance(o, str) for o in outcomes], dtype=bool)
    n = readable.size
    starts, lengths = np.zeros(n, np.int64), np.zeros(n, np.int64)
    scales = np.full((n, len(STANDARD_12)), np.nan, dtype=np.float32)
    in_mv = np.zeros(n, dtype=bool)
    at = 0
    for i, (samples, steps, millivolts) in zip(np.flatnonzero(readable), read, strict=True):
        starts[i], lengths[i], scales[i], in_mv[i] = at, samples.shape[1], steps, millivolts
        at += samples.size
    reasons = np.array([o if isinstance(o, str) else "" for o in outcomes], dtype=str)
    checksum = zlib.crc32(values.data)
    shard = Shard(path, digest, checksum, readable, reasons, starts, lengths, scales, in_mv)
    path.parent.mkdir(parents=True, exist_ok=True)
    # What says that the old samples are good goes before they do.
    path.with_suffix(".npz").unlink(missing_ok=True)
    samples_of.cache_clear()
    _written(path, lambda stream: np.save(stream, values, allow_pickle=False))
    arrays = {name: getattr(shard, name) for name in _ARRAYS}
    arrays |= {"digest": np.array(digest), "checksum": np.array(checksum, dtype=np.uint32)}
    _written(path.with_suffix(".npz"), lambda stream: np.savez(stream, **arrays))
    return shard


_ARRAYS = ("readable", "reasons", "starts", "lengths", "scales", "in_mv")


def read_shard(path: Path, digest: str, n_records: int) -> Shard | None:
    """Return a shard, or None if it is not finished or was made from something else.

    All samples are read once to compare their checksum.

    Raises
    ------
    DamagedShardError
        If its files cannot be read or the samples are not those that were written.
    """
    about = path.with_suffix(".npz")
    if not about.is_file():
        return None
    try:
        with about.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if str(stored["digest"]) != digest:
                return None
            checksum = int(stored["checksum"])
            arrays = {name: stored[name] for name in _ARRAYS}
        found = _checksum(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedShardError(f"{path.name} cannot be read ({error})") from None
    if found != checksum or len(arrays["readable"]) != n_records:
        raise DamagedShardError(f"{path.name} is not what was written")
    return Shard(path, digest, checksum, **arrays)


@lru_cache(maxsize=512)
def samples_of(path: Path, checksum: int) -> NDArray[np.int16]:
    """Return the samples of a shard that was checked, left on disk until they are used.

    Parameters
    ----------
    path : Path
    checksum : int
        A shard that was made again in the meantime is opened again.

    Raises
    ------
    ValueError, OSError
        If the file is gone or no array.
    """
    del checksum
    found: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found


def _checksum(path: Path) -> int:
    # Read, not mapped: touching a map of a file that was cut short ends the process.
    with path.open("rb") as stream:
        shape, _, dtype = np.lib.format.read_array_header_1_0(_check_version(stream))
        if dtype != np.int16 or len(shape) != 1:
            raise ValueError(f"it holds {dtype} in {len(shape)} dimensions")
        found, n_bytes = 0, 0
        while chunk := stream.read(_CHUNK_BYTES):
            found = zlib.crc32(chunk, found)
            n_bytes += len(chunk)
    if n_bytes != shape[0] * dtype.itemsize:
        raise ValueError(f"it has {n_bytes} bytes of {shape[0] * dtype.itemsize}")
    return found


def _check_version(stream: IO[bytes]) -> IO[bytes]:
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"it is of version {version}")
    return stream


def _written(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    # Beside and renamed: a reader never sees half a file, nor do two writers share one.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as stream:
        write(stream)
    part.replace(path)
