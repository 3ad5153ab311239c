"""Training of the published network: Adam, a constant rate, the epoch chosen on validation."""

import hashlib
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.training.losses import masked_bce
from ecgcore.training.reference_checkpoint import State, load, save
from ecgcore.training.reference_data import (
    Division,
    Rows,
    alike,
    epoch_batches,
    training_batch,
    windows_of,
)
from ecgcore.training.reference_recipe import RESNET34, ReferenceRecipe
from ecgcore.training.reference_score import choose, macro_f1

CHECKPOINT = "last.safetensors"
TELL_EVERY_S = 60.0


@dataclass(frozen=True)
class Trained:
    """The network of the best epoch, in evaluation mode on the CPU, and how it came about."""

    network: nn.Module
    state: State


def fit_reference(
    recipe: ReferenceRecipe, data: PackedSet, division: Division, *, seed: int, keep: Path
) -> Trained:
    """Train the published network, going on from where ``keep`` stands.

    Every epoch draws from its own seed: a run that was stopped, or is asked for more epochs, goes
    on as if it had never ended.

    Parameters
    ----------
    recipe : ReferenceRecipe
    data : PackedSet
    division : Division
        The rows learned from, and those the epoch is chosen on; ``test`` stays unseen.
    seed : int
    keep : Path
        Folder of the checkpoint.

    Raises
    ------
    InvalidArgumentError
        If there is nothing to learn from or to choose on.
    """
    if not division.train.size or not division.val.size:
        raise InvalidArgumentError("There are no records to learn from, or none to choose on.")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(seed)
    network = build(RESNET34, recipe.arguments or {}).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.training.learning_rate)
    path = keep / CHECKPOINT
    state, best = load(path, _key(recipe, data, division, seed), network, optimizer)
    while len(state.epochs) < recipe.training.epochs:
        number = len(state.epochs) + 1
        started = time.monotonic()
        rng = np.random.default_rng((seed, number))
        torch.manual_seed(int(rng.integers(2**31)))
        batches = epoch_batches(data, division.train, recipe.training, rng)
        drawn = ((rows, training_batch(data, rows, recipe.training, rng)) for rows in batches)
        loss = _epoch(network, optimizer, data.targets, drawn, n_batches=len(batches))
        targets = data.targets[division.val]
        found = macro_f1(choose(targets, probabilities(network, data, division.val, recipe)))
        better = found > state.best_f1()
        state.epochs.append({"loss": loss, "val_macro_f1": found})
        if better:
            state.best_epoch = number
            best = {k: v.detach().cpu().clone() for k, v in network.state_dict().items()}
        state.seconds += time.monotonic() - started
        save(path, state, network, best, optimizer)
        _say(f"epoch {number}: loss {loss:.4f}, validation F1 {found:.3f}, {state.seconds:.0f} s")
    network.load_state_dict(best, strict=True)
    return Trained(network.cpu().eval(), state)


def _epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    targets: NDArray[np.float32],
    drawn: Iterable[tuple[Rows, NDArray[np.float32]]],
    *,
    n_batches: int,
) -> float:
    """Learn from batches of rows and their windows; return the mean loss a record."""
    device = next(network.parameters()).device
    network.train()
    told, total, n = time.monotonic(), 0.0, 0
    for done, (rows, windows) in enumerate(drawn, start=1):
        # bf16 halves the time of 1-D convolutions on processors and on graphics cards alike.
        with torch.autocast(device.type, torch.bfloat16):
            logits = network(torch.from_numpy(windows).to(device))
        loss = masked_bce(logits.float(), torch.from_numpy(targets[rows]).to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * rows.size
        n += rows.size
        if time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            _say(f"  step {done} of {n_batches}, loss {float(loss.detach()):.4f}")
    return total / n


def probabilities(
    network: nn.Module,
    data: PackedSet,
    rows: Rows,
    recipe: ReferenceRecipe,
) -> NDArray[np.float64]:
    """Return probabilities, shape (n, 9), of records."""
    device = next(network.parameters()).device
    out = np.empty((rows.size, data.targets.shape[1]))
    network.eval()
    for places in alike(data, rows, recipe.training):
        x = torch.from_numpy(windows_of(data, rows[places], recipe.training)).to(device)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            out[places] = network(x).float().sigmoid().cpu().numpy()
    return out


def _key(recipe: ReferenceRecipe, data: PackedSet, division: Division, seed: int) -> str:
    parts = [repr(recipe.plain()), str(seed)]
    for rows in (division.train, division.val):
        parts += [f"{data.datasets[i]}/{data.records[i]}" for i in rows]
        parts.append(hashlib.sha256(data.targets[rows].tobytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")
    sys.stderr.flush()
