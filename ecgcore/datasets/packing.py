"""Recordings as a packed, cached set of arrays, ready for training.

Every recording is resampled and filtered once, kept at full length, and stored as 16-bit
integers with one scale a lead; what is absent stays absent.
"""

import hashlib
import json
import multiprocessing
import os
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_range
from ecgcore.datasets.entry import Entry
from ecgcore.datasets.loading import load_recording
from ecgcore.datasets.places import cache_root
from ecgcore.errors import DatasetError, InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.signal.prepare import prepare
from ecgcore.statements import FURTHER_CODES, SUPERCLASSES

N_LEADS = len(STANDARD_12)
_ABSENT = np.int16(-32768)
_LARGEST = 32767
_SMALLEST = 1e-30
# Raise when the packed values would change for the same parameters.
_VERSION = 1

_Packed = tuple[NDArray[np.int16], NDArray[np.float32], bool]


@dataclass(frozen=True)
class PackParameters:
    """How recordings are prepared before packing.

    Attributes
    ----------
    fs_hz : float
    seconds : float or None
        Longest stretch kept, from the start; None keeps everything.
    high_pass_hz, low_pass_hz : float or None
    """

    fs_hz: float = 100.0
    seconds: float | None = None
    high_pass_hz: float | None = 0.5
    low_pass_hz: float | None = 40.0


@dataclass(frozen=True)
class PackedSignals:
    """Samples of many recordings in four arrays.

    Attributes
    ----------
    values : array of int16, shape (n_values,)
        The present leads of each recording, one after the other; -32768 marks an absent sample.
    starts : array of int64, shape (n_records + 1,)
        Where each recording begins in ``values``.
    lengths : array of int64, shape (n_records,)
        Samples a lead.
    scales : array of float32, shape (n_records, 12)
        Value of one step in the recording's unit; NaN where the lead is absent.
    in_mv : array of bool, shape (n_records,)
        False where the voltage is lost.
    """

    values: NDArray[np.int16]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    scales: NDArray[np.float32]
    in_mv: NDArray[np.bool_]

    def signal(self, i: int) -> NDArray[np.float32]:
        """Return recording ``i``, shape (12, n_samples), NaN where absent."""
        rows = np.flatnonzero(np.isfinite(self.scales[i]))
        length = int(self.lengths[i])
        out = np.full((N_LEADS, length), np.nan, dtype=np.float32)
        steps = self.values[self.starts[i] : self.starts[i + 1]].reshape(rows.size, length)
        out[rows] = np.where(steps == _ABSENT, np.nan, steps * self.scales[i, rows, None])
        return out


@dataclass(frozen=True, eq=False)
class PackedSet:
    """Packed recordings with their labels; row ``i`` of everything is one record.

    Attributes
    ----------
    signals : PackedSignals
    fs_hz : float
    targets : array of float32, shape (n, 9)
        1, 0 or NaN (cannot tell); columns as ``ecgcore.statements.CORE_CODES``.
    further, superclasses : arrays of float32, shape (n, 11) and (n, 5)
        The same; columns as ``FURTHER_CODES`` and ``SUPERCLASSES``.
    ages : array of float32, shape (n,)
        Years; NaN where unknown.
    sexes : array of str, shape (n,)
        ``"female"``, ``"male"`` or ``""``.
    groups, splits, datasets, records : arrays of str, shape (n,)
    has_voltage : array of bool, shape (n,)
    """

    signals: PackedSignals
    fs_hz: float
    targets: NDArray[np.float32]
    ages: NDArray[np.float32]
    sexes: NDArray[np.str_]
    groups: NDArray[np.str_]
    splits: NDArray[np.str_]
    datasets: NDArray[np.str_]
    records: NDArray[np.str_]
    has_voltage: NDArray[np.bool_] = field(repr=False)
    further: NDArray[np.float32] = field(repr=False)
    superclasses: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of_signals(cls, signals: PackedSignals, fs_hz: float, **known: NDArray[Any]) -> "PackedSet":
        """Return recordings in mV of unknown people; ``known`` names what is known of them."""
        n = signals.lengths.size
        blank = {
            "ages": np.full(n, np.nan, dtype=np.float32),
            "sexes": np.full(n, ""),
            "has_voltage": signals.in_mv,
            "further": np.full((n, len(FURTHER_CODES)), np.nan, dtype=np.float32),
            "superclasses": np.full((n, len(SUPERCLASSES)), np.nan, dtype=np.float32),
        }
        return cls(signals=signals, fs_hz=fs_hz, **(blank | known))

    def __len__(self) -> int:
        return int(self.targets.shape[0])

    def signal(self, i: int) -> NDArray[np.float32]:
        """Return record ``i``: shape (12, n_samples) in ``STANDARD_12`` order, NaN where absent.

        In millivolts where ``has_voltage[i]``, else in the file's normalised units.
        """
        return self.signals.signal(i)

    def where(self, *splits: str) -> NDArray[np.int64]:
        """Return the rows of these splits, ascending."""
        return np.flatnonzero(np.isin(self.splits, splits))


def pack(
    entries: Sequence[Entry],
    *,
    fs_hz: float = 100.0,
    seconds: float | None = None,
    high_pass_hz: float | None = 0.5,
    low_pass_hz: float | None = 40.0,
    cache: Path | None = None,
    workers: int = 2,
    progress: bool = True,
) -> PackedSet:
    """Return packed recordings, read once and then taken from the cache.

    Parameters
    ----------
    entries : sequence of Entry
    fs_hz : float
    seconds : float, optional
        Longest stretch kept, from the start; by default everything.
    high_pass_hz, low_pass_hz : float or None
        See :func:`ecgcore.signal.prepare.prepare`.
    cache : Path, optional
        Folder of cached sets; default :func:`ecgcore.datasets.cache_root`.
    workers : int
        Processes that read; 1 reads in this one.  More need a main module that can be imported
        again (a script with its ``if __name__ == "__main__"``, or ``python -m``).
    progress : bool
        Write progress to standard error.

    Raises
    ------
    DatasetError
        If a record cannot be read: none is left out silently.
    InvalidArgumentError
        If there are no entries or a parameter is out of range.

    Notes
    -----
    The cache is keyed by the records' paths and sizes and by the parameters, not by labels:
    those always come from ``entries``.
    """
    if not entries:
        raise InvalidArgumentError("There are no entries to pack; at least one is needed.")
    check_range("workers", workers, 1, 64)
    check_range("fs_hz", fs_hz, 1, 10_000, "Hz")
    if seconds is not None:
        check_range("seconds", seconds, 0.1, 1e6, "s")
    parameters = PackParameters(float(fs_hz), seconds, high_pass_hz, low_pass_hz)
    folder = cache_root() if cache is None else cache
    path = folder / f"packed-{_digest(entries, parameters)}.npz"
    signals = _load_cached(path)
    if signals is None:
        signals = _pack_signals(entries, parameters, int(workers), progress)
        _store(path, signals)
    return _label_signals(entries, signals, parameters.fs_hz)


def _label_signals(entries: Sequence[Entry], signals: PackedSignals, fs_hz: float) -> PackedSet:
    ages = [np.nan if e.age_years is None else e.age_years for e in entries]
    return PackedSet(
        signals=signals,
        fs_hz=fs_hz,
        targets=np.array([e.targets for e in entries], dtype=np.float32),
        ages=np.array(ages, dtype=np.float32),
        sexes=np.array([e.sex or "" for e in entries]),
        groups=np.array([e.group for e in entries]),
        splits=np.array([e.split for e in entries]),
        datasets=np.array([e.dataset for e in entries]),
        records=np.array([e.record for e in entries]),
        has_voltage=signals.in_mv,
        further=np.array([e.further for e in entries], dtype=np.float32),
        superclasses=np.array([e.superclasses for e in entries], dtype=np.float32),
    )


def pack_signal(entry: Entry, parameters: PackParameters) -> _Packed:
    """Read, prepare and quantise one recording.

    Returns
    -------
    values : array of int16, shape (n_leads_present, n_samples)
    scales : array of float32, shape (12,)
        NaN where the lead is absent.
    in_mv : bool
    """
    recording = load_recording(entry)
    kept = recording.signal
    if parameters.seconds is not None:
        kept = kept[:, : max(1, round(parameters.seconds * recording.fs_hz))]
    rows = np.full((N_LEADS, kept.shape[1]), np.nan, dtype=np.float32)
    for name, row in zip(recording.leads, kept, strict=True):
        if name in STANDARD_12:
            rows[STANDARD_12.index(name)] = row
    prepared = prepare(
        rows,
        recording.fs_hz,
        to_fs_hz=parameters.fs_hz,
        high_pass_hz=parameters.high_pass_hz,
        low_pass_hz=parameters.low_pass_hz,
    )
    values, scales = quantise(prepared)
    return values, scales, entry.has_voltage


def quantise(signal: NDArray[np.float32]) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """Return the present leads as 16-bit steps, and every lead's step.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        NaN where absent.

    Returns
    -------
    values : array of int16, shape (n_leads_present, n_samples)
        From -32767 to 32767; -32768 where absent.
    scales : array of float32, shape (n_leads,)
        The largest deflection is 32767 steps; NaN where no sample is present.
    """
    present = np.isfinite(signal)
    filled = np.where(present, signal, 0)
    largest = np.abs(filled).max(axis=1)
    # Below this a step would be no number that float32 holds; no ECG is that small in any unit.
    scales = np.where(largest > _SMALLEST, largest / _LARGEST, 1).astype(np.float32)
    steps = np.clip(np.rint(filled / scales[:, None]), -_LARGEST, _LARGEST).astype(np.int16)
    steps[~present] = _ABSENT
    any_present = present.any(axis=1)
    scales[~any_present] = np.nan
    return steps[any_present], scales


def _pack_signals(
    entries: Sequence[Entry], parameters: PackParameters, workers: int, progress: bool
) -> PackedSignals:
    task = partial(pack_signal, parameters=parameters)
    if workers == 1:
        return join_signals(_report_progress(map(task, entries), len(entries), progress))
    # A fresh interpreter each: a fork would copy the locks of whatever runs threads here.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        results = pool.imap(task, entries, chunksize=16)
        return join_signals(_report_progress(results, len(entries), progress))


def _report_progress(results: Iterable[_Packed], total: int, progress: bool) -> Iterable[_Packed]:
    every = max(1, total // 20)
    for done, result in enumerate(results, start=1):
        if progress and (done % every == 0 or done == total):
            sys.stderr.write(f"packed {done} of {total} recordings\n")
        yield result


def join_signals(packed: Iterable[_Packed]) -> PackedSignals:
    """Return quantised recordings, each with its steps and whether it is in mV, as one set."""
    values, scales, in_mv, lengths = [], [], [], []
    for record_values, record_scales, record_in_mv in packed:
        values.append(record_values.reshape(-1))
        lengths.append(record_values.shape[1])
        scales.append(record_scales)
        in_mv.append(record_in_mv)
    starts = np.cumsum([0, *(v.size for v in values)])
    return PackedSignals(
        values=np.concatenate(values),
        starts=starts.astype(np.int64),
        lengths=np.array(lengths, dtype=np.int64),
        scales=np.stack(scales),
        in_mv=np.array(in_mv, dtype=bool),
    )


def _digest(entries: Sequence[Entry], parameters: PackParameters) -> str:
    digest = hashlib.sha256(json.dumps([_VERSION, asdict(parameters)]).encode())
    for entry in entries:
        header = entry.path.with_name(entry.path.name + ".hea")
        try:
            size = header.stat().st_size
        except OSError:
            raise DatasetError(
                f"{entry.dataset}: the header of record {entry.record} is missing."
            ) from None
        digest.update(f"{entry.path.resolve()}\0{size}\0{entry.lead}\0".encode())
    return digest.hexdigest()[:24]


def _load_cached(path: Path) -> PackedSignals | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return PackedSignals(**{name: stored[name] for name in stored.files})
    except (OSError, ValueError, TypeError, zipfile.BadZipFile):
        sys.stderr.write(f"The cache {path.name} is damaged; it is rebuilt.\n")
        return None


def _store(path: Path, signals: PackedSignals) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and renamed: a reader never sees half a file, nor two writers one file.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as stream:
        np.savez(stream, **{f.name: getattr(signals, f.name) for f in fields(signals)})
    part.replace(path)
