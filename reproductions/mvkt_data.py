"""Data of the published teacher and student: one length, one scale, all in memory."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet, data_root, load_index, pack
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.public import open_public
from ecgcore.datasets.sharded import ShardedSet
from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, SUPERCLASSES
from reproductions.mvkt_recipe import PTBXL, SPLITS, TransferData
from reproductions.mvkt_train import Rows, TransferSet
from reproductions.needs import load_library

# The published band: db6 to level 9, without the approximation and the two finest details.
WAVELET, LEVEL, FINEST = "db6", 9, 2
# A lead whose spread is below this carries nothing.
_FLAT = 1e-3


def load_transfer_data(part: TransferData) -> TransferSet:
    """Return a recipe's records.

    Raises
    ------
    DatasetError
        If the recordings are not there or one cannot be read.
    """
    if part.source == SPLITS:
        entries = load_index(data_root(), datasets=part.datasets)
        data = pack(
            entries,
            fs_hz=part.fs_hz,
            high_pass_hz=part.high_pass_hz or None,
            low_pass_hz=part.low_pass_hz or None,
        )
        return from_packed(data, part)
    parameters = PackParameters(
        part.fs_hz, None, part.high_pass_hz or None, part.low_pass_hz or None
    )
    folder = Path(part.folder).expanduser() if part.folder else None
    found = open_public(
        part.source,
        folder,
        parameters=parameters,
        # PTB-XL's own copy at 100 Hz, as the published code reads it.
        source_hz=100 if part.source == PTBXL and part.fs_hz == 100 else 500,
        test_fold=part.test_fold,
    )
    return from_sharded(found.for_task(part.task), part)


def from_packed(data: PackedSet, part: TransferData) -> TransferSet:
    """Return the project's records: the nine statements and the five super-classes."""
    targets = np.concatenate([data.targets, data.superclasses], axis=1)
    rows = np.flatnonzero((~np.isnan(targets)).any(axis=1))
    return _made(data, rows, targets[rows], (*CORE_CODES, *SUPERCLASSES), part)


def from_sharded(data: ShardedSet, part: TransferData) -> TransferSet:
    """Return the records of one label table of a set in full."""
    rows = np.arange(len(data))
    return _made(data, rows, np.asarray(data.targets), data.codes, part)


def _made(
    data: PackedSet,
    rows: Rows,
    targets: NDArray[np.float32],
    codes: tuple[str, ...],
    part: TransferData,
) -> TransferSet:
    length = round(part.seconds * part.fs_hz)
    x = np.stack([fixed_length(data.signal(int(row)), length) for row in rows])
    if part.wavelet:
        x = wavelet_band(x)
    splits = data.splits[rows]
    return TransferSet(
        x=torch.from_numpy(scale_traces(x, splits == "train", part.scaling)),
        targets=torch.from_numpy(targets.astype(np.float32)),
        codes=codes,
        splits=splits,
        groups=data.groups[rows],
        records=np.array([f"{data.datasets[i]}/{data.records[i]}" for i in rows]),
    )


def fixed_length(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return the middle of a longer record, a shorter one repeated; absent samples stay NaN.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
    length : int
    """
    n = signal.shape[1]
    if n >= length:
        start = (n - length) // 2
        return signal[:, start : start + length]
    return np.tile(signal, -(-length // n))[:, :length]


def wavelet_band(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return traces without the approximation and the two finest details of db6 to level 9.

    At 500 Hz that leaves about 0.5 to 62 Hz.  The published code does it before it cuts; level 9
    needs 5,632 samples, so here it comes after the records have their length.

    Raises
    ------
    InvalidArgumentError
        If the traces are shorter than that.
    """
    pywt = load_library("pywt")
    least = (pywt.Wavelet(WAVELET).dec_len - 1) * 2**LEVEL
    if x.shape[-1] < least:
        raise InvalidArgumentError(
            f"The traces have {x.shape[-1]} samples; {WAVELET} to level {LEVEL} needs {least}."
        )
    parts = pywt.wavedec(np.nan_to_num(x), WAVELET, level=LEVEL, axis=-1)
    parts[0] = np.zeros_like(parts[0])
    for k in range(1, FINEST + 1):
        parts[-k] = np.zeros_like(parts[-k])
    return np.asarray(pywt.waverec(parts, WAVELET, axis=-1)[..., : x.shape[-1]], dtype=np.float32)


def scale_traces(
    x: NDArray[np.float32], learned: NDArray[np.bool_], scaling: str
) -> NDArray[np.float32]:
    """Return traces as the networks see them; absent samples are zero.

    Parameters
    ----------
    x : array, shape (n, n_leads, n_samples)
    learned : array of bool, shape (n,)
        Which records the one mean and standard deviation of ``"dataset"`` come from.
    scaling : str
        See :class:`reproductions.mvkt_recipe.TransferData`.
    """
    if scaling == "dataset":
        mean, spread = np.nanmean(x[learned]), np.nanstd(x[learned])
        out = (x - mean) / max(float(spread), _FLAT)
    elif scaling == "lead":
        known = np.isfinite(x)
        count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
        filled = np.nan_to_num(x)
        centred = np.where(known, filled - filled.sum(axis=-1, keepdims=True) / count, 0)
        spread = np.sqrt((centred**2).sum(axis=-1, keepdims=True) / count)
        out = np.where(spread >= _FLAT, centred / np.maximum(spread, _FLAT), 0)
    else:
        out = np.asarray(x)
    return np.nan_to_num(out).astype(np.float32)
