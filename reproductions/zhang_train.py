"""Training of the published ResNet-34: Adam, a constant rate, the epoch chosen on validation.

Its windows are the end of a recording, with zeros on the left of a shorter one.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.checks import Within
from ecgcore.datasets import PackedSet
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.training.losses import masked_bce
from ecgcore.training.recipe import BatchSize, Epochs, Rate, Share
from ecgcore.training.trainer import Fitted, Keep, Plan, fit, training_device

RESNET34 = "resnet34"
FS_HZ = 500.0
Rows = NDArray[np.int64]
Figure = Callable[[NDArray[np.float32], NDArray[np.float64]], float]


@dataclass(frozen=True)
class ResNet34Training:
    """How the network is trained; the defaults are the published ones.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate : float
        Of Adam, constant.
    longest_s, shortest_s : float
        Longer records keep their end; shorter ones are padded with zeros on the left.
    gain_sd : float
        Each lead's random gain is normal around 1.
    offset_steps : int
        Each lead's random offset is -N to N - 1 thousandths of a millivolt.
    apply_above : float
        Gain and offset are each applied where a standard normal draw exceeds this.
    """

    epochs: Epochs = 40
    batch_size: BatchSize = 32
    learning_rate: Rate = 1e-4
    longest_s: Annotated[float, Within(1, 120, "s")] = 30.0
    shortest_s: Annotated[float, Within(1, 120, "s")] = 30.0
    gain_sd: Share = 0.1
    offset_steps: Annotated[int, Within(1, 1000)] = 20
    apply_above: Annotated[float, Within(-10, 10)] = 0.5


@dataclass(frozen=True, eq=False)
class Division:
    """Which rows are learned from, chosen on and measured on; ``name`` tells it from others."""

    name: str
    train: Rows
    val: Rows
    test: Rows


def fit_resnet34(
    arguments: Mapping[str, Any],
    training: ResNet34Training,
    data: PackedSet,
    division: Division,
    *,
    figure: Figure,
    seed: int,
    folder: Path,
) -> Fitted:
    """Train the published network, or take it from a folder.

    Every epoch draws from its own seed.

    Parameters
    ----------
    division : Division
        The rows learned from, and those the epoch is chosen on; ``test`` stays unseen.
    figure : callable
        Targets and probabilities of the records that choose -> what is to be high.
    folder : Path
        Where the training is kept.

    Raises
    ------
    InvalidArgumentError
        If there is nothing to learn from or to choose on.
    """
    if not division.train.size or not division.val.size:
        raise InvalidArgumentError("There are no records to learn from, or none to choose on.")
    device = training_device()
    torch.manual_seed(seed)
    network = build(RESNET34, arguments).to(device)
    n_batches = len(epoch_batches(data, division.train, training, np.random.default_rng()))

    def losses(epoch: int) -> Iterator[Tensor]:
        rng = np.random.default_rng((seed, epoch + 1))
        torch.manual_seed(int(rng.integers(2**31)))
        for rows in epoch_batches(data, division.train, training, rng):
            x = torch.from_numpy(training_batch(data, rows, training, rng)).to(device)
            # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
            with torch.autocast(device.type, torch.bfloat16):
                logits = network(x)
            yield masked_bce(logits.float(), torch.from_numpy(data.targets[rows]).to(device))

    plan = Plan(
        steps=n_batches * training.epochs,
        every=n_batches,
        rate=lambda _step: training.learning_rate,
        decoupled=False,
    )
    targets = data.targets[division.val]
    parts = [repr((dict(arguments), asdict(training), seed))]
    for rows in (division.train, division.val):
        parts += [f"{data.datasets[i]}/{data.records[i]}" for i in rows]
        parts.append(hashlib.sha256(data.targets[rows].tobytes()).hexdigest())
    return fit(
        network,
        losses,
        plan,
        keep=Keep.of(folder, "network", *parts),
        figure=lambda: figure(targets, probabilities(network, data, division.val, training)),
    )


def probabilities(
    network: nn.Module, data: PackedSet, rows: Rows, training: ResNet34Training
) -> NDArray[np.float64]:
    """Return probabilities, shape (n, 9), of records."""
    device = next(network.parameters()).device
    out = np.empty((rows.size, data.targets.shape[1]))
    network.eval()
    for places in alike(data, rows, training):
        x = torch.from_numpy(windows_of(data, rows[places], training)).to(device)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            out[places] = network(x).float().sigmoid().cpu().numpy()
    return out


def last_seconds(signal: NDArray[np.float32], training: ResNet34Training) -> NDArray[np.float32]:
    """Return the end of a recording, shape (12, n_samples), zero where it is absent."""
    kept = signal[:, -round(training.longest_s * FS_HZ) :]
    return np.where(np.isfinite(kept), kept, np.float32(0))


def window_length(n_samples: int, training: ResNet34Training) -> int:
    """Return how many samples the network sees of a recording of ``n_samples``."""
    longest, shortest = (round(s * FS_HZ) for s in (training.longest_s, training.shortest_s))
    return int(min(max(n_samples, shortest), longest))


def pad_left(signal: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return a recording with zeros on its left, ``length`` samples in all."""
    out = np.zeros((signal.shape[0], length), dtype=np.float32)
    out[:, length - signal.shape[1] :] = signal
    return out


def augment(
    signal: NDArray[np.float32], training: ResNet34Training, rng: np.random.Generator
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
    data: PackedSet, rows: Rows, training: ResNet34Training, rng: np.random.Generator
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
    data: PackedSet, rows: Rows, training: ResNet34Training, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return augmented windows of one length, shape (n, 12, n_samples)."""
    length = max(window_length(int(data.signals.lengths[i]), training) for i in rows)
    windows = [
        pad_left(augment(last_seconds(data.signal(int(i)), training), training, rng), length)
        for i in rows
    ]
    return np.stack(windows)


def alike(data: PackedSet, rows: Rows, training: ResNet34Training) -> Iterator[Rows]:
    """Yield places in ``rows`` whose windows have one length, at most a batch at a time.

    So no prediction depends on which records happen to stand beside it.
    """
    lengths = np.array([window_length(int(data.signals.lengths[i]), training) for i in rows])
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        for start in range(0, places.size, training.batch_size):
            yield places[start : start + training.batch_size]


def windows_of(data: PackedSet, rows: Rows, training: ResNet34Training) -> NDArray[np.float32]:
    """Return the windows of records of one window length, shape (n, 12, n_samples)."""
    length = window_length(int(data.signals.lengths[rows[0]]), training)
    return np.stack([pad_left(last_seconds(data.signal(int(i)), training), length) for i in rows])
