"""Packed records with their labels, beats and waves, from which batches are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import (
    Entry,
    PackedSet,
    data_root,
    load_index,
    mitdb,
    pack,
)
from ecgcore.datasets.cinc2017 import TARGETS as CINC2017_CLASSES
from ecgcore.datasets.index import SINGLE_LEAD
from ecgcore.datasets.ludb_waves import MarkedLead, read_marks
from ecgcore.datasets.mitdb import MarkedBeats, read_beats, read_rhythms, window_targets
from ecgcore.datasets.nstdb import KINDS, read_noise
from ecgcore.datasets.packing import join_signals, quantise
from ecgcore.datasets.simulated import SimulatedRecords, prepare_signal
from ecgcore.inference.card import InputContract
from ecgcore.leads import STANDARD_12
from ecgcore.models import BEATS, HANDHELD, WAVE_LABELS
from ecgcore.readers import read

IGNORED = 255
# A beat is taught from 60 ms before to 60 ms after its R peak: three columns of the output.
BEAT_HALF_S = 0.06
MITDB_WINDOW_S = 20.0
_BEAT_CLASS = {"N": BEATS.index("N"), "S": BEATS.index("S"), "V": BEATS.index("V")}
# Simulation's beats: none, normal, supraventricular, ventricular, paced.
_SIMULATED_BEATS = np.array([0, 1, 2, 3, IGNORED], dtype=np.uint8)
_STANDS_FOR = {"MLII": "II"}


@dataclass(frozen=True, eq=False)
class Pool:
    """Records of one kind, row by row.

    Attributes
    ----------
    data : PackedSet
    handheld : array of int64, shape (n,)
        Index into ``ecgcore.models.HANDHELD``; -1 where unknown.
    beats : sequence of arrays of uint8, shape (n_samples,), or None
        Index into ``ecgcore.models.BEATS``; 255 where unknown.
    waves : dict of int to array of uint8, shape (1 or 12, n_samples)
        Row -> index into ``WAVE_LABELS`` of each lead or of all; rows without it are unknown.
    intervals : array of float32, shape (n, 4), or None
        Seconds, columns as ``ecgcore.models.INTERVALS``; NaN where unknown.
    """

    data: PackedSet
    handheld: NDArray[np.int64]
    beats: Sequence[NDArray[np.uint8]] | None
    waves: dict[int, NDArray[np.uint8]]
    intervals: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.data)


def pack_entries(entries: Sequence[Entry], contract: InputContract) -> PackedSet:
    """Return records as a network sees them, packed once and then taken from the cache."""
    return pack(
        entries,
        fs_hz=contract.fs_hz,
        high_pass_hz=contract.high_pass_hz,
        low_pass_hz=contract.low_pass_hz,
    )


def count_records(data: PackedSet, rows: NDArray[np.int64]) -> dict[str, int]:
    """Return of how many records these rows are, by data set."""
    names, records = data.datasets[rows], data.records[rows]
    return {
        name: int(np.unique(records[names == name]).size) for name in dict.fromkeys(names.tolist())
    }


def packed_pool(datasets: Sequence[str], splits: Sequence[str], contract: InputContract) -> Pool:
    """Return the 12-lead records of these data sets and splits, with LUDB's waves."""
    entries = [e for e in load_index(data_root(), datasets=datasets) if e.split in splits]
    data = pack_entries(entries, contract)
    waves = {
        i: _ludb_waves(read_marks(e.path), int(data.signals.lengths[i]), contract.fs_hz)
        for i, e in enumerate(entries)
        if e.dataset == "ludb"
    }
    return Pool(data, np.full(len(data), -1, dtype=np.int64), None, waves)


def single_lead_pool(names: Sequence[str], splits: Sequence[str], contract: InputContract) -> Pool:
    """Return the records of single-lead data sets; cinc2017's with its own four classes."""
    entries = [
        e for e in load_index(data_root(), kind=SINGLE_LEAD, datasets=names) if e.split in splits
    ]
    data = pack_entries(entries, contract)
    # Each class has targets of its own, so the targets tell the class.
    keys = {_key(targets): HANDHELD.index(c) for c, targets in CINC2017_CLASSES.items()}
    handheld = [keys[_key(e.targets)] if e.dataset == "cinc2017" else -1 for e in entries]
    return Pool(data, np.array(handheld, dtype=np.int64), None, {})


def noise_set(contract: InputContract) -> tuple[NDArray[np.float32], ...]:
    """Return one row of samples for each kind and channel of recorded noise, each of spread 1."""
    rows: list[NDArray[np.float32]] = []
    for kind in KINDS:
        signal, fs_hz = read_noise(data_root(), kind)
        made = prepare_signal(signal, fs_hz, contract)
        rows += [np.asarray(row / row.std(), dtype=np.float32) for row in made]
    return tuple(rows)


def simulated_pool(records: SimulatedRecords) -> Pool:
    """Return simulated records with their beats and waves."""
    waves = {i: row[None] for i, row in enumerate(records.waves)}
    beats = list(_SIMULATED_BEATS[records.beats])
    return Pool(records.packed, np.full(len(records.packed), -1, dtype=np.int64), beats, waves)


def mitdb_pool(splits: Sequence[str], contract: InputContract) -> Pool:
    """Return MIT-BIH in windows of 20 s, with the kind of every beat.

    A window's statements: PAC and PVC where it holds S and V beats (escape beats apart), AF by
    the rhythm, LBBB and RBBB where most beats are of that form; what these cannot tell is masked.
    """
    parts = [_windows(record, split, contract) for record, split in _records(splits)]
    rows = [window for part in parts for window in part]
    return Pool(
        _join_windows(rows, contract.fs_hz), np.full(len(rows), -1), [r.beats for r in rows], {}
    )


@dataclass(frozen=True, eq=False)
class _Window:
    record: str
    split: str
    signal: NDArray[np.float32]
    targets: NDArray[np.float32]
    beats: NDArray[np.uint8]


def _records(splits: Sequence[str]) -> list[tuple[str, str]]:
    found = mitdb.split_of(data_root())
    return [(record, split) for record, split in found.items() if split in splits]


def _windows(record: str, split: str, contract: InputContract) -> list[_Window]:
    root = data_root()
    recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
    marked, rhythms = read_beats(root, record), read_rhythms(root, record)
    rows = np.full((len(STANDARD_12), recording.n_samples), np.nan, dtype=np.float32)
    for name, row in zip(recording.leads, recording.signal, strict=True):
        rows[STANDARD_12.index(_STANDS_FOR.get(name, name))] = row
    signal = prepare_signal(rows, recording.fs_hz, contract)
    classes = beat_classes(marked, signal.shape[1], contract.fs_hz)
    size = round(MITDB_WINDOW_S * contract.fs_hz)
    return [
        _Window(
            record,
            split,
            signal[:, start : start + size],
            window_targets(marked, rhythms, start / contract.fs_hz, MITDB_WINDOW_S),
            classes[start : start + size],
        )
        for start in range(0, signal.shape[1] - size + 1, size)
    ]


def beat_classes(marked: MarkedBeats, n: int, fs_hz: float) -> NDArray[np.uint8]:
    """Return the class of every sample: 0 between beats, 255 at fusion and unknown beats."""
    out = np.zeros(n, dtype=np.uint8)
    half = round(BEAT_HALF_S * fs_hz)
    for at_s, group in zip(marked.r_s, marked.groups, strict=True):
        middle = round(at_s * fs_hz)
        out[max(0, middle - half) : middle + half + 1] = _BEAT_CLASS.get(group, IGNORED)
    for start, stop in marked.unmarked_s:
        out[round(start * fs_hz) : round(stop * fs_hz)] = IGNORED
    return out


def _join_windows(rows: Sequence[_Window], fs_hz: float) -> PackedSet:
    records = np.array([row.record for row in rows])
    return PackedSet.of_signals(
        join_signals((*quantise(row.signal), True) for row in rows),
        fs_hz,
        targets=np.stack([row.targets for row in rows]),
        groups=np.char.add("mitdb/", records),
        splits=np.array([row.split for row in rows]),
        datasets=np.full(len(rows), "mitdb"),
        records=records,
    )


def _ludb_waves(marks: dict[str, MarkedLead], n: int, fs_hz: float) -> NDArray[np.uint8]:
    return np.stack([classify_marks(marks[name], n, fs_hz) for name in STANDARD_12])


def classify_marks(
    lead: MarkedLead, n: int, fs_hz: float, *, closed: bool = True
) -> NDArray[np.uint8]:
    """Return the wave at each of ``n`` samples of a lead of LUDB; 255 where nothing is marked.

    ``closed`` tells whether the sample of an offset belongs to its wave.
    """
    out = np.full(n, IGNORED, dtype=np.uint8)
    out[round(lead.first_s * fs_hz) : round(lead.last_s * fs_hz)] = 0
    for wave in lead.waves:
        onset, offset = round(wave.onset_s * fs_hz), round(wave.offset_s * fs_hz)
        out[max(0, onset) : offset + closed] = WAVE_LABELS.index(wave.kind)
    return out


def _key(targets: Sequence[float]) -> tuple[float, ...]:
    return tuple(-1.0 if np.isnan(t) else float(t) for t in targets)
