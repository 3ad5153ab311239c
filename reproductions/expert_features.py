"""The 636 expert features of the published comparison: 53 a lead, twelve leads.

Eight statistics of the signal; then a db10 wavelet decomposition to level 4, and for each of its
five coefficient arrays an entropy and the same eight statistics.  No scaling, no heart rates (the
published code has them switched off).

Source: as :mod:`ecgcore.models.resnet34`.  What the published code cuts or pads before this is
not established; here it is the end of the recording, as the network sees it, without padding.
"""

import hashlib
import json
import os
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import entropy

from ecgcore.datasets import PackedSet, cache_root
from ecgcore.errors import InvalidArgumentError
from reproductions.needs import load_library
from reproductions.zhang_train import ResNet34Training, last_seconds

WAVELET, LEVEL = "db10", 4
STATISTICS = ("p5", "p25", "p75", "p95", "median", "mean", "sd", "variance")
N_FEATURES_PER_LEAD = len(STATISTICS) + (LEVEL + 1) * (1 + len(STATISTICS))
# Below this many samples a level of the decomposition would be edge alone.
MIN_SAMPLES = 304
# Raise when features would change for the same recordings.
_VERSION = 1


def expert_features(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the features of a recording, shape (53 * n_leads,), lead by lead.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        Finite; at least 304 samples.

    Raises
    ------
    InvalidArgumentError
        If the signal is too short, not finite or not two-dimensional.
    """
    if signal.ndim != 2 or signal.shape[1] < MIN_SAMPLES or not np.isfinite(signal).all():
        raise InvalidArgumentError(
            f"The signal has shape {signal.shape}; finite samples of shape (leads, {MIN_SAMPLES} "
            "or more) are needed."
        )
    samples = signal.astype(np.float64)
    arrays = load_library("pywt").wavedec(samples, WAVELET, level=LEVEL, axis=-1)
    parts = [_statistics(samples)]
    for array in arrays:
        parts += [_value_entropy(array), _statistics(array)]
    return np.concatenate(parts, axis=1).reshape(-1)


def feature_names(leads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the features, in order: ``"V1 cD3 p95"``, ``"V1 signal mean"``."""
    arrays = [f"cA{LEVEL}", *(f"cD{level}" for level in range(LEVEL, 0, -1))]
    one = [f"signal {name}" for name in STATISTICS]
    for array in arrays:
        one += [f"{array} {name}" for name in ("entropy", *STATISTICS)]
    return tuple(f"{lead} {name}" for lead in leads for name in one)


def feature_matrix(data: PackedSet, *, cache: Path | None = None) -> NDArray[np.float64]:
    """Return the features of every record, shape (n, 636), made once and then cached.

    Absent samples count as zero, as for the network.
    """
    folder = cache_root() if cache is None else cache
    path = folder / f"features-{_digest(data)}.npy"
    try:
        if path.is_file():
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (OSError, ValueError, zipfile.BadZipFile):
        sys.stderr.write(f"The cache {path.name} is damaged; it is made again.\n")
    rows = []
    every = max(1, len(data) // 20)
    for i in range(len(data)):
        rows.append(expert_features(last_seconds(data.signal(i), ResNet34Training())))
        if (i + 1) % every == 0 or i + 1 == len(data):
            sys.stderr.write(f"features of {i + 1} of {len(data)} recordings\n")
    found = np.stack(rows)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with part.open("wb") as stream:
        np.save(stream, found)
    part.replace(path)
    return found


def _statistics(arrays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the eight statistics of each row, shape (n_rows, 8)."""
    quantiles = np.percentile(arrays, (5, 25, 75, 95), axis=1)
    rest = (np.median(arrays, axis=1), arrays.mean(axis=1), arrays.std(axis=1), arrays.var(axis=1))
    return np.stack([*quantiles, *rest], axis=1)


def _value_entropy(arrays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a tenth of the Shannon entropy (nats) of each row's value counts, shape (n_rows, 1).

    Nearly every coefficient is a value of its own, so this says little but the array's length
    and how much of it is flat.
    """
    counts = [np.unique(row, return_counts=True)[1] for row in arrays]
    return np.array([[entropy(count) / 10] for count in counts])


def _digest(data: PackedSet) -> str:
    signals = data.signals
    digest = hashlib.sha256(json.dumps([_VERSION, data.fs_hz]).encode())
    for i in range(len(data)):
        digest.update(f"{data.datasets[i]}/{data.records[i]}\0{signals.lengths[i]}\0".encode())
    digest.update(np.nan_to_num(signals.scales).tobytes())
    return digest.hexdigest()[:24]
