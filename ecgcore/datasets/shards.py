"""Making the cache of a public set in full: shard by shard, going on where a run was stopped."""

import csv
import hashlib
import io
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from ecgcore.checks import check_range
from ecgcore.datasets import packing
from ecgcore.datasets.entry import Entry
from ecgcore.datasets.packing import PackParameters, pack_signal
from ecgcore.datasets.places import cache_root
from ecgcore.datasets.progress import Progress
from ecgcore.datasets.public_index import CORE_TASK, PublicIndex
from ecgcore.datasets.shard_files import (
    DamagedShardError,
    Outcome,
    Shard,
    read_shard,
    write_shard,
)
from ecgcore.datasets.sharded import ShardedSet, join_shards
from ecgcore.errors import DatasetError, EcgError

SHARD_RECORDS = 1000
UNREADABLE_FILE = "unreadable.csv"
_CHUNK = 4
# Raise when a shard's contents would change for the same parameters.
_VERSION = 1
# The files a WFDB record may have beside its header, as these sets are published or re-encoded.
_SIGNAL_FILES = (".hea", ".mat", ".dat", "_2.dat")


@dataclass(frozen=True)
class _Plan:
    """A shard to be had: where, from which entries, under which digest."""

    path: Path
    digest: str
    entries: tuple[Entry, ...]


def pack_shards(
    index: PublicIndex,
    parameters: PackParameters,
    *,
    cache: Path | None = None,
    workers: int = 2,
    shard_records: int = SHARD_RECORDS,
    progress: bool = True,
) -> ShardedSet:
    """Return a public set packed, each record read once and then taken from the cache.

    Parameters
    ----------
    index : PublicIndex
    parameters : PackParameters
    cache : Path, optional
        Default :func:`ecgcore.datasets.cache_root`.
    workers : int
        Processes that read; 1 reads in this one.  More need a main module that can be imported
        again.
    shard_records : int
        How much an interrupted run loses at most.
    progress : bool
        Write progress to standard error.

    Raises
    ------
    DatasetError
        If no record at all can be read, a reading process is killed, or the cache cannot be
        written.
    InvalidArgumentError
        If a parameter is out of range.

    Notes
    -----
    Another rate, band or length, another folder or another copy of the signals makes another
    folder in the cache; records that were added or changed make their shards anew; a damaged
    shard is noticed and made again.  Records that cannot be read are listed with the reason in
    ``unreadable.csv`` there, and tried again only when their files change.
    """
    check_range("workers", workers, 1, 64)
    check_range("shard_records", shard_records, 1, 100_000)
    check_range("fs_hz", parameters.fs_hz, 1, 10_000, "Hz")
    if parameters.seconds is not None:
        check_range("seconds", parameters.seconds, 0.1, 1e6, "s")
    folder = cache_folder(index, parameters, cache=cache, shard_records=shard_records)
    plans = _plans(index.entries, folder, int(shard_records))
    shards = [_finish_shards(plan) for plan in plans]
    missing = [i for i, shard in enumerate(shards) if shard is None]
    if missing:
        if progress and len(missing) < len(plans):
            sys.stderr.write(f"{len(plans) - len(missing)} of {len(plans)} shards are there.\n")
        made = _make_shard([plans[i] for i in missing], parameters, int(workers), progress)
        for i, shard in zip(missing, made, strict=True):
            shards[i] = shard
    return _label_set(index, [s for s in shards if s is not None], parameters.fs_hz, folder)


def cache_folder(
    index: PublicIndex,
    parameters: PackParameters,
    *,
    cache: Path | None = None,
    shard_records: int = SHARD_RECORDS,
) -> Path:
    """Return the folder of a set's shards; it need not exist yet."""
    versions = [_VERSION, packing._VERSION]
    where = [index.name, str(index.folder.resolve()), index.variant, int(shard_records)]
    decides = json.dumps([versions, where, asdict(parameters)])
    digest = hashlib.sha256(decides.encode()).hexdigest()[:12]
    return (cache_root() if cache is None else cache) / f"{index.name}-{digest}"


def _plans(entries: Sequence[Entry], folder: Path, size: int) -> list[_Plan]:
    plans = []
    for number, begin in enumerate(range(0, len(entries), size)):
        part = tuple(entries[begin : begin + size])
        plans.append(_Plan(folder / f"shard-{number:04d}.npy", _digest(part), part))
    return plans


def _digest(entries: Sequence[Entry]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        sizes = [_size(entry.path.with_name(entry.path.name + end)) for end in _SIGNAL_FILES]
        digest.update(f"{entry.record}\0{sizes}\0".encode())
    return digest.hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _finish_shards(plan: _Plan) -> Shard | None:
    try:
        return read_shard(plan.path, plan.digest, len(plan.entries))
    except DamagedShardError as error:
        sys.stderr.write(f"The shard {error}; it is rebuilt.\n")
        return None


def _make_shard(
    plans: Sequence[_Plan], parameters: PackParameters, workers: int, progress: bool
) -> list[Shard]:
    entries = [entry for plan in plans for entry in plan.entries]
    bar = Progress(len(entries), "records", shown=progress)
    made = []
    try:
        with _outcomes(entries, parameters, workers) as outcomes:
            for plan in plans:
                found = []
                for outcome in islice(outcomes, len(plan.entries)):
                    found.append(outcome)
                    bar.step()
                made.append(write_shard(plan.path, plan.digest, found))
    except BrokenProcessPool:
        raise DatasetError(
            "A worker process was killed, perhaps for lack of memory; start again with fewer "
            "workers. Finished shards are kept."
        ) from None
    except OSError as error:
        raise DatasetError(
            f"The cache {str(plans[0].path.parent)!r} cannot be written: {error}."
        ) from None
    finally:
        bar.close()
    return made


@contextmanager
def _outcomes(
    entries: Sequence[Entry], parameters: PackParameters, workers: int
) -> Iterator[Iterator[Outcome]]:
    task = partial(pack_or_reason, parameters=parameters)
    if workers == 1:
        yield map(task, entries)
        return
    # A fresh interpreter each: a fork would copy the locks of whatever runs threads here.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        # Ctrl-C reaches every process of a terminal.  What is started here never sees it, from its
        # first moment on: this process ends the others in good order.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            outcomes = pool.map(task, entries, chunksize=_CHUNK)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield outcomes
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def pack_or_reason(entry: Entry, parameters: PackParameters) -> Outcome:
    """Return a packed record, or the sentence why there is none."""
    try:
        return pack_signal(entry, parameters)
    except (EcgError, OSError) as error:
        return " ".join(str(error).split()) or type(error).__name__


def _label_set(index: PublicIndex, shards: list[Shard], fs_hz: float, folder: Path) -> ShardedSet:
    readable = np.concatenate([shard.readable for shard in shards])
    reasons = np.concatenate([shard.reasons for shard in shards])
    rows = np.flatnonzero(readable)
    unreadable = tuple(
        (index.entries[i].record, str(reasons[i])) for i in np.flatnonzero(~readable)
    )
    _list_unreadable(folder / UNREADABLE_FILE, unreadable)
    if not rows.size:
        raise DatasetError(
            f"{index.name}: none of {len(index)} records can be read; the first: {unreadable[0][1]}"
        )
    packed = packing._label_signals([index.entries[i] for i in rows], join_shards(shards), fs_hz)
    return ShardedSet(
        **{f.name: getattr(packed, f.name) for f in fields(packed)},
        codes=index.tasks[CORE_TASK].codes,
        task=CORE_TASK,
        tasks={name: task.take(rows) for name, task in index.tasks.items()},
        folds=index.folds[rows],
        folds_from=index.folds_from,
        unreadable=unreadable,
    )


def _list_unreadable(path: Path, unreadable: Sequence[tuple[str, str]]) -> None:
    table = io.StringIO(newline="")
    csv.writer(table).writerows([("record", "reason"), *unreadable])
    content = table.getvalue().encode()
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
