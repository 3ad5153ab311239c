"""Normal records to learn from, with what was measured on them beforehand."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import Entry, PackedSet, load_recording
from ecgcore.datasets.places import cache_arrays
from ecgcore.datasets.pools import Pool
from ecgcore.measure.measuring import measure
from ecgcore.models import HANDHELD
from ecgcore.models.restoration import ATTRIBUTES
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.rr import absent_spans, rr_intervals
from ecgcore.statements import CORE_CODES, FURTHER_CODES

Array = NDArray[np.float64]
SNR = CORE_CODES.index("SNR")
BRUGADA = FURTHER_CODES.index("418818005")
# An MIT-BIH window is normal without any of these.
_ECTOPY = tuple(CORE_CODES.index(code) for code in ("AF", "LBBB", "RBBB", "PAC", "PVC"))
_MEASURED = {"heart_rate": 2, "pr": 3, "qrs": 4, "qt": 5, "qtc_fridericia": 6}
# Raise when what is kept changes.
_LAYOUT = 1


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of records beside their samples.

    Attributes
    ----------
    keys : array of str, shape (n,)
        ``DATASET/RECORD``.
    attributes : array of float32, shape (n, 7)
        Years, 1 for a woman and 0 for a man, beats a minute, and PR, QRS, QT and QTc (Fridericia)
        in ms; NaN where unknown.
    r_s : array of float32
        R peaks in seconds, record after record.
    starts : array of int64, shape (n + 1,)
    """

    keys: NDArray[np.str_]
    attributes: NDArray[np.float32]
    r_s: NDArray[np.float32]
    starts: NDArray[np.int64]

    def of(self, key: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return R peaks and attributes of one record; empty and NaN where it is not known."""
        found = np.flatnonzero(self.keys == key)
        if not found.size:
            return np.empty(0, np.float32), np.full(len(ATTRIBUTES), np.nan, np.float32)
        i = int(found[0])
        return self.r_s[self.starts[i] : self.starts[i + 1]], self.attributes[i]


def normal_twelve(data: PackedSet, *splits: str) -> NDArray[np.int64]:
    """Return the 12-lead rows of these splits with a normal ECG, or of Brugada-HUCA's healthy.

    Strict: "normal ECG" and nothing else beside it (the mapping masks what has more).
    """
    rows = data.where(*splits)
    healthy = (data.datasets[rows] == "brugada") & (data.further[rows, BRUGADA] == 0)
    return rows[(data.targets[rows, SNR] == 1) | healthy]


def normal_single(pool: Pool, *splits: str) -> NDArray[np.int64]:
    """Return the single-lead rows of these splits that their set calls normal."""
    rows = pool.data.where(*splits)
    normal = pool.data.targets[rows, SNR] == 1
    return rows[normal & (pool.handheld[rows] != HANDHELD.index("~"))]


def normal_windows(pool: Pool, *splits: str) -> NDArray[np.int64]:
    """Return the MIT-BIH windows of these splits that hold nothing but normal sinus beats."""
    rows = pool.data.where(*splits)
    return rows[(pool.data.targets[rows][:, _ECTOPY] == 0).all(axis=1)]


def window_beats(pool: Pool, row: int) -> NDArray[np.float32]:
    """Return the annotated beats of an MIT-BIH window, seconds from its start."""
    if pool.beats is None:
        return np.empty(0, np.float32)
    marked = np.concatenate(([0], np.isin(pool.beats[row], (1, 2, 3)).astype(np.int8), [0]))
    edges = np.diff(marked)
    middle = (np.flatnonzero(edges == 1) + np.flatnonzero(edges == -1) - 1) / 2
    return (middle / pool.data.fs_hz).astype(np.float32)


def measure_facts(entries: Sequence[Entry], cache: Path | None = None) -> Facts:
    """Return beats and attributes of recordings, measured once and then taken from the cache."""
    keys = [f"{e.dataset}/{e.record}" for e in entries]
    digest = hashlib.sha256("\n".join([str(_LAYOUT), *keys]).encode()).hexdigest()[:24]
    return Facts(**cache_arrays(f"facts-{digest}", lambda: _measure_all(entries, keys), cache))


def _measure_all(entries: Sequence[Entry], keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    beats, rows = [], []
    for done, entry in enumerate(entries, start=1):
        r_s, attributes = _measure(entry)
        beats.append(r_s.astype(np.float32))
        rows.append(attributes)
        if done % 100 == 0 or done == len(entries):
            sys.stderr.write(f"measured {done} of {len(entries)} records\n")
    return {
        "keys": np.array(keys),
        "attributes": np.stack(rows),
        "r_s": np.concatenate(beats),
        "starts": np.cumsum([0, *(b.size for b in beats)]).astype(np.int64),
    }


def _measure(entry: Entry) -> tuple[Array, NDArray[np.float32]]:
    recording = load_recording(entry)
    out = np.full(len(ATTRIBUTES), np.nan, dtype=np.float32)
    if entry.age_years is not None:
        out[0] = entry.age_years
    if entry.sex is not None:
        out[1] = entry.sex == "female"
    if entry.lead is not None:
        # One lead: its own waves say less than its rhythm does, and there are thousands of them.
        r_s = detect_beats(recording.signal, recording.fs_hz)
        rr = rr_intervals(r_s, absent_spans(recording.signal, recording.fs_hz)).duration_s
        if rr.size > 1:
            out[2] = 60.0 / float(np.median(rr))
        return r_s, out
    found = measure(recording, check=False)
    for name, column in _MEASURED.items():
        value = found.measurement(name)
        if value is not None and value.value is not None:
            out[column] = value.value
    return found.beats.consensus.r_peak, out
