"""Training of the published detector and of the plain autoencoder beside it.

As published: AdamW 1e-4 with weight decay 1e-5, cosine to zero over 50 epochs, batch 32, 30 % of
each hidden, one random beat a record, three losses of weight 1.  Not as published: the epoch is
chosen on validation records, never on test.
"""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.evaluation import roc_auc
from ecgcore.inference.mcf import EDGE, McfInput, beats_of, mcf_detection, trend_of
from ecgcore.models.mcf import GLOBAL_SAMPLES, LOCAL_SAMPLES, MCF, ConvAutoencoder, McfOutputs

GLOBAL_PATCHES, GLOBAL_HIDDEN = 100, 30
LOCAL_RUN = 144
_SCORED_AT_ONCE = 128


@dataclass(frozen=True)
class McfTraining:
    """How the published detector is trained; the defaults are the published ones."""

    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 1e-4
    weight_decay: float = 1e-5


@dataclass(frozen=True, eq=False)
class McfRecords:
    """Prepared records on one device.

    Attributes
    ----------
    x : Tensor of float16, shape (n, L, 5000)
    beats : Tensor of int64, shape (n, K)
        R peaks, the first ones repeated to fill the row.
    """

    x: Tensor
    beats: Tensor

    def to(self, device: torch.device) -> "McfRecords":
        """Return the same on another device."""
        return McfRecords(self.x.to(device), self.beats.to(device))


@dataclass(frozen=True, eq=False)
class McfFitted:
    """The network of the chosen epoch, with the losses and validation figures of all epochs."""

    network: nn.Module
    losses: tuple[float, ...]
    val_auc: tuple[float, ...]
    best_epoch: int
    seconds: float


def mcf_records(inputs: list[McfInput]) -> McfRecords:
    """Return prepared recordings as one set."""
    most = max(given.beats.size for given in inputs)
    beats = np.stack([np.resize(given.beats, most) for given in inputs])
    x = np.stack([given.x.astype(np.float16) for given in inputs])
    return McfRecords(torch.from_numpy(x), torch.from_numpy(beats))


def fit_mcf(
    training: McfTraining,
    records: McfRecords,
    val: McfRecords,
    val_abnormal: NDArray[np.float64],
    *,
    seed: int,
    plain: bool = False,
    device: torch.device | None = None,
    budget_s: float = math.inf,
    report: Callable[[int, float, float], None] = lambda _epoch, _loss, _auc: None,
) -> McfFitted:
    """Train the published detector, or with ``plain`` the convolutional autoencoder.

    Parameters
    ----------
    records : McfRecords
        Normals.
    val : McfRecords
        Normals and others; ``val_abnormal`` (n,) is 1 for these.
    budget_s : float
        The cosine reaches zero after so many seconds at the latest.
    """
    torch.manual_seed(seed)
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    n_leads = int(records.x.shape[1])
    network: nn.Module = (ConvAutoencoder if plain else MCF)(n_leads=n_leads)
    network = network.to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    records, val = records.to(device), val.to(device)
    started, losses, aucs = time.monotonic(), [], []
    best = copy.deepcopy(network.state_dict())
    for epoch in range(training.epochs):
        spent = time.monotonic() - started
        progress = max(epoch / training.epochs, spent / budget_s)
        # An epoch must fit into what is left.
        if epoch and spent + spent / epoch > budget_s:
            break
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
        losses.append(_epoch(network, optimizer, records, training.batch_size))
        aucs.append(roc_auc(val_abnormal, _scores(network, val)))
        if aucs[-1] >= max(aucs):
            best = copy.deepcopy(network.state_dict())
        report(epoch, losses[-1], aucs[-1])
    network.load_state_dict(best)
    trained = network.cpu().eval().requires_grad_(False)
    chosen = len(aucs) - 1 - int(np.argmax(aucs[::-1]))
    return McfFitted(trained, tuple(losses), tuple(aucs), chosen, time.monotonic() - started)


def _epoch(
    network: nn.Module, optimizer: torch.optim.Optimizer, records: McfRecords, size: int
) -> float:
    network.train()
    device, n = records.x.device, records.x.shape[0]
    order = torch.randperm(n, device=device)
    total, steps = torch.zeros((), device=device), max(1, n // size)
    for step in range(steps):
        rows = order[step * size : (step + 1) * size]
        x = records.x[rows].float()
        pick = torch.randint(records.beats.shape[1], (rows.shape[0], 1), device=device)
        with torch.autocast(device.type, torch.bfloat16):
            loss = _loss(network, x, records.beats[rows].gather(1, pick)[:, 0])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return float(total) / steps


def _loss(network: nn.Module, x: Tensor, r: Tensor) -> Tensor:
    whole = x[..., EDGE : EDGE + GLOBAL_SAMPLES]
    if isinstance(network, ConvAutoencoder):
        return (network(whole).float() - whole).square().mean()
    beat = beats_of(x, r)
    # The same patches for all leads and the whole batch, as published.
    hidden = torch.zeros(GLOBAL_PATCHES, dtype=torch.bool, device=x.device)
    hidden[torch.randperm(GLOBAL_PATCHES, device=x.device)[:GLOBAL_HIDDEN]] = True
    hidden = hidden.repeat_interleave(GLOBAL_SAMPLES // GLOBAL_PATCHES)
    start = int(torch.randint(LOCAL_SAMPLES - LOCAL_RUN + 1, ()))
    shown = beat.clone()
    shown[..., start : start + LOCAL_RUN] = 0
    out = network(whole.masked_fill(hidden, 0), shown, trend_of(whole))
    return mcf_loss(out, whole, beat)


def mcf_loss(out: McfOutputs, whole: Tensor, beat: Tensor) -> Tensor:
    """Return the sum of the three published losses."""
    s_whole, s_beat = out.whole_log_var.float(), out.beat_log_var.float()
    return (
        ((-s_whole).exp() * (whole - out.whole.float()).square()).mean()
        + s_whole.mean()
        + ((-s_beat).exp() * (beat - out.beat.float()).square()).mean()
        + s_beat.mean()
        + (whole - out.from_trend.float()).square().mean()
    )


@torch.inference_mode()
def _scores(network: nn.Module, val: McfRecords) -> NDArray[np.float64]:
    """Return scores with the middle beat of each record: enough to choose an epoch by."""
    network.eval()
    found = []
    for start in range(0, val.x.shape[0], _SCORED_AT_ONCE):
        x = val.x[start : start + _SCORED_AT_ONCE].float()
        r = val.beats[start : start + _SCORED_AT_ONCE, val.beats.shape[1] // 2]
        with torch.autocast(x.device.type, torch.bfloat16):
            if isinstance(network, ConvAutoencoder):
                whole = x[..., EDGE : EDGE + GLOBAL_SAMPLES]
                score = (network(whole).float() - whole).square().mean(dim=(1, 2))
            else:
                score = mcf_detection(network, x, r)  # type: ignore[arg-type]
        found.append(score.float().cpu().numpy().astype(np.float64))
    scores = np.concatenate(found)
    # A network that has not learned yet may overflow in half precision.
    return np.nan_to_num(scores, nan=1e9, posinf=1e9)
