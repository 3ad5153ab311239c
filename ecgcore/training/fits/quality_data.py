"""Leads for learning and measuring signal quality: recorded, readable, and with noise added.

Readers' verdicts: CinC Challenge 2011, set A (Silva, Moody and Celi, Comput Cardiol 38:273,
2011), by the authors' own halves.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets.entry import Entry
from ecgcore.datasets.loading import load_recording
from ecgcore.datasets.nstdb import KINDS, read_noise
from ecgcore.recording import Recording
from ecgcore.signal.quality import assess
from ecgcore.signal.resample import resample

Array = NDArray[np.float64]

# Noise against the median height of the lead's complexes: still readable, and no longer so.
SPOIL = {
    "em": (0.1, 1.0),
    "ma": (0.05, 0.5),
    "bw": (0.3, 4.0),
    "white": (0.03, 0.25),
    "mains": (0.08, 0.5),
}
# Standard deviation of a trace without any heart, in mV.
NO_HEART_MV = 0.3


def spoilt_leads(
    root: Path, entries: list[Entry], *, n_records: int, seed: int = 0
) -> Iterator[tuple[Recording, bool]]:
    """Return leads of clean recordings with noise added, and whether that spoils them.

    Parameters
    ----------
    entries : list of Entry
        With voltage, from ``train``.
    n_records : int
        So many recordings are drawn; those with any remark of the rules are left out.
    """
    rng = np.random.default_rng(seed)
    recorded = {kind: read_noise(root, kind) for kind in KINDS}
    for at in rng.permutation(len(entries))[:n_records]:
        recording = load_recording(entries[int(at)])
        if assess(recording).reasons:
            continue
        lead = int(rng.integers(recording.n_leads))
        size = min(recording.n_samples, round(10 * recording.fs_hz))
        clean = recording.signal[lead, :size].astype(np.float64)
        for samples, bad in _spoil(clean, recording.fs_hz, recorded, rng):
            rows = samples[None].astype(np.float32)
            yield Recording(rows, recording.fs_hz, (recording.leads[lead],)), bad


def _spoil(
    clean: Array,
    fs_hz: float,
    recorded: dict[str, tuple[NDArray[np.float32], float]],
    rng: np.random.Generator,
) -> Iterator[tuple[Array, bool]]:
    second = round(fs_hz)
    whole = clean[: clean.size // second * second].reshape(-1, second)
    height = float(np.median(np.ptp(whole, axis=1)))
    time_s = np.arange(clean.size) / fs_hz
    noises = {kind: _stretch(*recorded[kind], fs_hz, clean.size, rng) for kind in KINDS}
    noises["white"] = rng.standard_normal(clean.size)
    noises["mains"] = np.sin(2 * np.pi * (rng.choice([50, 60]) * time_s + rng.random()))
    for kind, (readable, unreadable) in SPOIL.items():
        yield clean + readable * height * noises[kind], False
        yield clean + unreadable * height * 2 ** rng.uniform(0, 1.5) * noises[kind], True
    walk = np.cumsum(noises["white"]) / 30
    heartless = (noises["bw"] + 0.02 * noises["white"], walk, noises["white"])[rng.integers(3)]
    for octaves in ((-9, -3), (-3, 2)):
        yield NO_HEART_MV * 2 ** rng.uniform(*octaves) * heartless, True


def _stretch(
    rows: NDArray[np.float32], own_hz: float, fs_hz: float, n: int, rng: np.random.Generator
) -> Array:
    """Return a stretch of recorded noise, mean 0 and standard deviation 1."""
    wanted = int(np.ceil(n * own_hz / fs_hz)) + 1
    start = int(rng.integers(rows.shape[1] - wanted))
    part = rows[[int(rng.integers(2))], start : start + wanted]
    out = resample(part, own_hz, fs_hz)[0, :n].astype(np.float64)
    return np.asarray((out - out.mean()) / max(float(out.std()), 1e-9))
