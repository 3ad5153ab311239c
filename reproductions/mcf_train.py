"""Training of the published detector and of the plain autoencoder beside it.

As published: AdamW 1e-4 with weight decay 1e-5, cosine to zero over 50 epochs, batch 32, 30 % of
each hidden, one random beat a record, three losses of weight 1.  Not as published: the epoch is
chosen on validation records, never on test.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.evaluation import roc_auc
from ecgcore.inference.mcf import EDGE, McfInput, beats_of, mcf_detection, trend_of
from ecgcore.models.mcf import GLOBAL_SAMPLES, LOCAL_SAMPLES, MCF, ConvAutoencoder, McfOutputs
from ecgcore.training.recipe import BatchSize, Epochs, Rate, Share
from ecgcore.training.trainer import Fitted, Keep, Plan, fit, training_device

GLOBAL_PATCHES, GLOBAL_HIDDEN = 100, 30
LOCAL_RUN = 144
_SCORED_AT_ONCE = 128


@dataclass(frozen=True)
class McfTraining:
    """How the published detector is trained; the defaults are the published ones."""

    epochs: Epochs = 50
    batch_size: BatchSize = 32
    learning_rate: Rate = 1e-4
    weight_decay: Share = 1e-5


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
    keep: Keep | None = None,
) -> Fitted:
    """Train the published detector, or with ``plain`` the convolutional autoencoder.

    Parameters
    ----------
    records : McfRecords
        Normals.
    val : McfRecords
        Normals and others; ``val_abnormal`` (n,) is 1 for these.  The last of the epochs with the
        highest area under the ROC curve is kept.
    keep : Keep, optional
        Where the training is kept.
    """
    torch.manual_seed(seed)
    device, n_leads = training_device(), int(records.x.shape[1])
    network: nn.Module = (ConvAutoencoder if plain else MCF)(n_leads=n_leads)
    network.to(device)
    records, val = records.to(device), val.to(device)
    n_batches = max(1, records.x.shape[0] // training.batch_size)

    def rate(step: int) -> float:
        epoch = step // n_batches
        return training.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / training.epochs))

    plan = Plan(
        steps=n_batches * training.epochs,
        every=n_batches,
        rate=rate,
        weight_decay=training.weight_decay,
        latest=True,
    )
    return fit(
        network,
        lambda _epoch: _losses(network, records, training.batch_size, plain=plain),
        plan,
        keep=keep,
        figure=lambda: roc_auc(val_abnormal, mcf_scores(network, val, plain=plain)),
    )


def _losses(network: nn.Module, records: McfRecords, size: int, *, plain: bool) -> Iterator[Tensor]:
    device, n = records.x.device, records.x.shape[0]
    order = torch.randperm(n, device=device)
    for step in range(max(1, n // size)):
        rows = order[step * size : (step + 1) * size]
        x = records.x[rows].float()
        pick = torch.randint(records.beats.shape[1], (rows.shape[0], 1), device=device)
        with torch.autocast(device.type, torch.bfloat16):
            if plain:
                loss = _restoration_error(network, x).mean()
            else:
                loss = hidden_loss(network, x, records.beats[rows].gather(1, pick)[:, 0])
        yield loss


def _restoration_error(network: nn.Module, x: Tensor) -> Tensor:
    """Return the mean square of what an autoencoder does not restore, shape (B,)."""
    whole = x[..., EDGE : EDGE + GLOBAL_SAMPLES]
    return torch.as_tensor((network(whole).float() - whole).square().mean(dim=(1, 2)))


def hidden_loss(network: nn.Module, x: Tensor, r: Tensor) -> Tensor:
    """Return the published loss of records of which parts are hidden, and of the beats at ``r``."""
    whole = x[..., EDGE : EDGE + GLOBAL_SAMPLES]
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
def mcf_scores(network: nn.Module, val: McfRecords, *, plain: bool) -> NDArray[np.float64]:
    """Return scores with the middle beat of each record: enough to choose an epoch by."""
    found = []
    for start in range(0, val.x.shape[0], _SCORED_AT_ONCE):
        x = val.x[start : start + _SCORED_AT_ONCE].float()
        r = val.beats[start : start + _SCORED_AT_ONCE, val.beats.shape[1] // 2]
        with torch.autocast(x.device.type, torch.bfloat16):
            score = _restoration_error(network, x) if plain else mcf_detection(network, x, r)  # type: ignore[arg-type]
        found.append(score.float().cpu().numpy().astype(np.float64))
    # A network that has not learned yet may overflow in half precision.
    return np.nan_to_num(np.concatenate(found), nan=1e9, posinf=1e9)
