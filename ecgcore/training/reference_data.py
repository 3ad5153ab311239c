"""Data of the published system: its windows, its augmentation, its folds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet, data_root, load_index, pack
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.public import open_public
from ecgcore.datasets.public_challenge import CPSC_TASK
from ecgcore.errors import InvalidArgumentError
from ecgcore.training.reference_recipe import SPLITS, ReferenceRecipe, ReferenceTraining

FS_HZ = 500.0
N_FOLDS = 10
CPSC_SET = "cpsc_2018"
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Division:
    """Which rows are learned from, chosen on and measured on; ``name`` tells it from others."""

    name: str
    train: Rows
    val: Rows
    test: Rows


def load_reference_data(recipe: ReferenceRecipe) -> PackedSet:
    """Return the recipe's records at 500 Hz, unfiltered, as long as they are.

    The published data are at 500 Hz throughout; what is not is resampled.  CPSC 2018 comes with
    its nine classes as they are coded, nothing masked.

    Raises
    ------
    DatasetError
        If the recordings are not there or one cannot be read.
    """
    if recipe.data.source == SPLITS:
        entries = load_index(data_root(), datasets=recipe.data.datasets)
        return pack(entries, fs_hz=FS_HZ, high_pass_hz=None, low_pass_hz=None)
    folder = Path(recipe.data.folder).expanduser() if recipe.data.folder else None
    unfiltered = PackParameters(FS_HZ, None, None, None)
    return open_public(CPSC_SET, folder, parameters=unfiltered).for_task(CPSC_TASK)


def divisions(recipe: ReferenceRecipe, data: PackedSet, seed: int) -> Iterator[Division]:
    """Yield the fixed splits, or the wanted rotations of ten folds: 8 learned from, 1, 1."""
    if recipe.data.source == SPLITS:
        yield Division("", data.where("train"), data.where("val"), data.where("test"))
        return
    fold = ten_folds(data.groups, seed)
    for k in recipe.data.folds:
        test, val = fold == k, fold == (k + 1) % N_FOLDS
        yield Division(
            f"fold{k}",
            np.flatnonzero(~test & ~val),
            np.flatnonzero(val),
            np.flatnonzero(test),
        )


def ten_folds(groups: NDArray[np.str_], seed: int) -> NDArray[np.int64]:
    """Return the fold of each record: patients in a seeded random order, dealt out in turn.

    Raises
    ------
    InvalidArgumentError
        If there are fewer patients than folds.
    """
    names, patient = np.unique(groups, return_inverse=True)
    if names.size < N_FOLDS:
        raise InvalidArgumentError(f"There are {names.size} patients for {N_FOLDS} folds.")
    dealt = np.empty(names.size, dtype=np.int64)
    dealt[np.random.default_rng(seed).permutation(names.size)] = np.arange(names.size) % N_FOLDS
    return dealt[patient]


def last_seconds(signal: NDArray[np.float32], training: ReferenceTraining) -> NDArray[np.float32]:
    """Return the end of a recording, shape (12, n_samples), zero where it is absent."""
    kept = signal[:, -round(training.longest_s * FS_HZ) :]
    return np.where(np.isfinite(kept), kept, np.float32(0))


def window_length(n_samples: int, training: ReferenceTraining) -> int:
    """Return how many samples the network sees of a recording of ``n_samples``."""
    longest, shortest = (round(s * FS_HZ) for s in (training.longest_s, training.shortest_s))
    return int(min(max(n_samples, shortest), longest))


def padded(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return a recording with zeros on its left, ``length`` samples in all."""
    out = np.zeros((signal.shape[0], length), dtype=np.float32)
    out[:, length - signal.shape[1] :] = signal
    return out


def augmented(
    signal: NDArray[np.float32], training: ReferenceTraining, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return a recording with the published random gains and offsets, or without.

    It comes before the padding, which stays zero.
    """
    shape = (signal.shape[0], 1)
    if rng.standard_normal() > training.apply_above:
        signal = signal * rng.normal(1.0, training.gain_sd, shape).astype(np.float32)
    if rng.standard_normal() > training.apply_above:
        steps = rng.integers(-training.offset_steps, training.offset_steps, shape)
        signal = signal + (steps / 1000).astype(np.float32)
    return signal


def epoch_batches(
    data: PackedSet, rows: Rows, training: ReferenceTraining, rng: np.random.Generator
) -> list[Rows]:
    """Return the batches of an epoch in random order.

    Records longer than ``shortest_s`` come together, so that the others need no more padding.
    With 30 s, as published, there are none and this is a plain shuffle.
    """
    shortest = round(training.shortest_s * FS_HZ)
    longer = data.signals.lengths[rows] > shortest
    if shortest == round(training.longest_s * FS_HZ):
        longer[:] = False
    batches = []
    for part in (rows[~longer], rows[longer]):
        order = rng.permutation(part)
        batches += [
            order[i : i + training.batch_size] for i in range(0, order.size, training.batch_size)
        ]
    return [batches[i] for i in rng.permutation(len(batches))]


def training_batch(
    data: PackedSet, rows: Rows, training: ReferenceTraining, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return augmented windows of one length, shape (n, 12, n_samples)."""
    length = max(window_length(int(data.signals.lengths[i]), training) for i in rows)
    windows = [
        padded(augmented(last_seconds(data.signal(int(i)), training), training, rng), length)
        for i in rows
    ]
    return np.stack(windows)


def alike(data: PackedSet, rows: Rows, training: ReferenceTraining) -> Iterator[Rows]:
    """Yield places in ``rows`` whose windows have one length, at most a batch at a time.

    So no prediction depends on which records happen to stand beside it.
    """
    lengths = np.array([window_length(int(data.signals.lengths[i]), training) for i in rows])
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        for start in range(0, places.size, training.batch_size):
            yield places[start : start + training.batch_size]


def windows_of(data: PackedSet, rows: Rows, training: ReferenceTraining) -> NDArray[np.float32]:
    """Return the windows of records of one window length, shape (n, 12, n_samples)."""
    length = window_length(int(data.signals.lengths[rows[0]]), training)
    return np.stack([padded(last_seconds(data.signal(int(i)), training), length) for i in rows])
