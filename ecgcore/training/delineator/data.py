"""Samples and wave targets for the delineator: LUDB's marks and simulation's truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import Entry, data_root, load_index, load_recording
from ecgcore.datasets.ludb_waves import read_marks
from ecgcore.datasets.pools import IGNORED, classify_marks
from ecgcore.datasets.simulated import prepare_signal
from ecgcore.inference.card import InputContract
from ecgcore.models import WAVE_LABELS
from ecgcore.simulate import TRAINING_CASES, TrueBeat, simulate

CLASS_OF = {name: index for index, name in enumerate(WAVE_LABELS)}
# Near an edge simulation and cardiologists may differ: nothing is learned there from simulation.
EDGE_S = 0.030
# A simulated wave smaller than this in a lead (after the band-pass) is neither there nor absent.
SEEN_MV = {"P": 0.025, "QRS": 0.06, "T": 0.04}


@dataclass(frozen=True, eq=False)
class WaveSet:
    """Single leads with a class for every sample.

    Attributes
    ----------
    x : array of float32, shape (n, n_samples)
        At the contract's rate and bandwidth, in the source's unit.
    y : array of uint8, shape (n, n_samples)
        Index into ``WAVE_LABELS``; 255 where nothing is known.
    """

    x: NDArray[np.float32]
    y: NDArray[np.uint8]


def ludb_entries(splits: Sequence[str]) -> list[Entry]:
    """Return LUDB's records of these splits."""
    return [e for e in load_index(data_root(), datasets=["ludb"]) if e.split in splits]


def ludb_set(splits: Sequence[str], contract: InputContract) -> WaveSet:
    """Return every lead of LUDB's records of these splits, one row a lead."""
    xs, ys = [], []
    for entry in ludb_entries(splits):
        recording = load_recording(entry)
        marks = read_marks(entry.path)
        rows = prepare_signal(recording.signal, recording.fs_hz, contract)
        for name, row in zip(recording.leads, rows, strict=True):
            xs.append(row)
            ys.append(classify_marks(marks[name], row.size, contract.fs_hz, closed=False))
    return _stack(xs, ys)


def simulated_set(contract: InputContract, *, records: int, seed: int) -> WaveSet:
    """Return every lead of simulated 12-lead records, cases in turn, one row a lead."""
    names = [name for name, spec in TRAINING_CASES.items() if len(spec.leads) == 12]
    xs, ys = [], []
    for at in range(records):
        made = simulate(names[at % len(names)], seed=seed + at, duration_s=10.0, fs_hz=500.0)
        rows = prepare_signal(made.recording.signal, made.recording.fs_hz, contract)
        for name, row in zip(made.recording.leads, rows, strict=True):
            if name not in made.truth.bad_leads:
                xs.append(row)
                ys.append(_true_classes(made.truth.beats, row, contract.fs_hz))
    return _stack(xs, ys)


def _stack(xs: list[NDArray[np.float32]], ys: list[NDArray[np.uint8]]) -> WaveSet:
    n = min(x.size for x in xs)
    return WaveSet(np.stack([x[:n] for x in xs]), np.stack([y[:n] for y in ys]))


def _index(at_s: float, n: int, fs_hz: float) -> int:
    return int(np.clip(round(at_s * fs_hz), 0, n))


def _true_classes(
    beats: Sequence[TrueBeat], row: NDArray[np.float32], fs_hz: float
) -> NDArray[np.uint8]:
    n = row.size
    y = np.full(n, IGNORED, dtype=np.uint8)
    if len(beats) < 2:
        return y
    # Before the first and after the last whole beat a wave may be cut by the record's end.
    start = _index(beats[0].qrs_onset - EDGE_S, n, fs_hz)
    y[start : _index(beats[-1].qrs_offset + EDGE_S, n, fs_hz)] = 0
    y[:start] = IGNORED
    for beat in beats:
        spans = (
            ("P", beat.p_onset, beat.p_offset),
            ("T", beat.t_onset, beat.t_offset),
            ("QRS", beat.qrs_onset, beat.qrs_offset),
        )
        for kind, onset, offset in spans:
            if onset is not None and offset is not None:
                _write(y, row, kind, (onset, offset), fs_hz=fs_hz)
    return y


def _write(
    y: NDArray[np.uint8],
    row: NDArray[np.float32],
    kind: str,
    span_s: tuple[float, float],
    *,
    fs_hz: float,
) -> None:
    n = row.size
    onset_s, offset_s = span_s
    edge = EDGE_S / 2 if kind == "QRS" else EDGE_S
    outer = slice(_index(onset_s - edge, n, fs_hz), _index(offset_s + edge, n, fs_hz))
    inner = slice(_index(onset_s + edge, n, fs_hz), _index(offset_s - edge, n, fs_hz))
    y[outer] = IGNORED
    part = row[outer]
    if part.size and float(np.ptp(part)) >= SEEN_MV[kind]:
        y[inner] = CLASS_OF[kind]
