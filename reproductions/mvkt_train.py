"""Training of the published teacher and students (MVKT-ECG), and of a start without labels.

The input of a record never changes and the teacher is frozen, so what the teacher says of it is
computed once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.checks import Among, Within, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import mean_auc
from ecgcore.models import XResNet1d
from ecgcore.training.losses import masked_bce
from ecgcore.training.recipe import BatchSize, Epochs, Rate, Share
from ecgcore.training.trainer import Dice, Fitted, Keep, Plan, fit, training_device
from ecgcore.training.transfer_losses import (
    ContrastiveTransfer,
    ContrastSettings,
    multi_label_transfer,
)

Rows = NDArray[np.int64]
_BATCH = 256


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; the defaults are the published teacher's, the warm-up mended.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate, weight_decay : float
        Of Adam.
    warm_up : str
        ``"linear"``: up to the learning rate; ``"published"``: ``warm_up_step`` times the number
        of the epoch, which ends at 15 times the learning rate and then drops.
    warm_up_epochs : int
    warm_up_step : float
        Of the published warm-up alone: its teacher's 1e-3, its students' 1e-4.
    drops : tuple of int
        Epochs from which the rate is a tenth of what it was.
    balanced : bool
        Whether records are drawn evenly over their first label.
    """

    epochs: Epochs = 100
    batch_size: BatchSize = 32
    learning_rate: Rate = 1e-3
    weight_decay: float = 1e-4
    warm_up: Annotated[str, Among(("published", "linear"))] = "linear"
    warm_up_epochs: Annotated[int, Within(0, 10_000)] = 15
    warm_up_step: Share = 0.0
    drops: tuple[int, ...] = (40, 70)
    balanced: bool = False

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        if epoch < self.warm_up_epochs:
            if self.warm_up == "published":
                return self.warm_up_step * (epoch + 1)
            return self.learning_rate * (epoch + 1) / self.warm_up_epochs
        return float(self.learning_rate * 0.1 ** sum(epoch >= at for at in self.drops))

    def check(self) -> None:
        """Raise where the warm-up does not end, or has a step that it does not use."""
        check_range("warm_up_epochs", self.warm_up_epochs, 0, self.epochs)
        if (self.warm_up == "published") != bool(self.warm_up_step):
            raise InvalidArgumentError('warm_up = "published" and warm_up_step go together.')


@dataclass(frozen=True, eq=False)
class TransferSet:
    """Records of one length with their labels.

    Attributes
    ----------
    x : Tensor of float32, shape (n, 12, n_samples)
        Absent samples are zero.
    targets : Tensor of float32, shape (n, n_labels)
        1, 0 or NaN (cannot tell).
    codes : tuple of str
    splits, groups, records : arrays of str, shape (n,)
    """

    x: Tensor
    targets: Tensor
    codes: tuple[str, ...]
    splits: NDArray[np.str_]
    groups: NDArray[np.str_]
    records: NDArray[np.str_]

    def where(self, split: str) -> Rows:
        """Return the rows of a split, ascending."""
        return np.flatnonzero(self.splits == split)

    @property
    def labels(self) -> Tensor:
        """What each record has: bool, shape (n, n_labels)."""
        return self.targets == 1


@dataclass(frozen=True, eq=False)
class Taught:
    """What a frozen teacher says, and how much of it counts: alpha MKD + beta CLT.

    Attributes
    ----------
    logits : Tensor, shape (n, n_labels)
        Of all records of the set.
    features : Tensor, shape (n, n_features)
    alpha, beta, temperature : float
    contrast : ContrastSettings
    """

    logits: Tensor
    features: Tensor
    alpha: float
    beta: float
    temperature: float = 1.0
    contrast: ContrastSettings = field(default_factory=ContrastSettings)


def fit_network(
    network: XResNet1d,
    data: TransferSet,
    leads: tuple[int, ...],
    schedule: Schedule,
    *,
    seed: int,
    taught: Taught | None = None,
    keep: Keep | None = None,
) -> Fitted:
    """Train a teacher, or a student where ``taught`` is given.

    The epoch with the highest macro AUC on val is kept.

    Parameters
    ----------
    leads : tuple of int
        Rows of the twelve that the network is given.
    seed : int
        Of the order and the negatives; the caller seeds the weights.
    keep : Keep, optional
        Where the training is kept.

    Raises
    ------
    InvalidArgumentError
        If there are fewer records than one batch, or none to choose on.
    """
    rows, chosen_on = data.where("train"), data.where("val")
    if rows.size < schedule.batch_size or not chosen_on.size:
        raise InvalidArgumentError(
            f"There are {rows.size} records for batches of {schedule.batch_size}, and "
            f"{chosen_on.size} to choose on."
        )
    device = training_device()
    task = Task(network.to(device), data, leads, rows=rows, taught=taught)
    dice = Dice.seeded(seed, device)
    torch.manual_seed(seed)
    n_batches, targets = rows.size // schedule.batch_size, data.targets[chosen_on].numpy()
    return fit(
        network,
        lambda _epoch: task.losses(schedule, dice.numbers),
        _plan(schedule, schedule.epochs, n_batches),
        dice=dice,
        keep=keep,
        beside=task.contrast,
        figure=lambda: mean_auc(targets, task.scores(chosen_on).numpy()),
    )


def _plan(schedule: Schedule, epochs: int, n_batches: int, *, constant: bool = False) -> Plan:
    def rate(step: int) -> float:
        return schedule.learning_rate if constant else schedule.rate(step // n_batches)

    return Plan(
        steps=epochs * n_batches,
        every=n_batches,
        rate=rate,
        weight_decay=schedule.weight_decay,
        decoupled=False,
    )


class Task:
    """A network with everything on its device."""

    def __init__(
        self,
        network: XResNet1d,
        data: TransferSet,
        leads: tuple[int, ...],
        *,
        rows: Rows,
        taught: Taught | None,
    ) -> None:
        device = next(network.parameters()).device
        self.network, self.rows, self.device = network, rows, device
        self.x = data.x[:, list(leads)].to(device)
        self.targets = data.targets.to(device)
        self.first = _first_labels(data, rows)
        self.taught: Taught | None = None
        self.contrast: ContrastiveTransfer | None = None
        if taught is not None:
            self.taught = replace(
                taught, logits=taught.logits.to(device), features=taught.features.to(device)
            )
            if taught.beta:
                self.contrast = ContrastiveTransfer(
                    network.n_features,
                    taught.features.shape[1],
                    data.labels[torch.from_numpy(rows)],
                    taught.contrast,
                ).to(device)

    def losses(self, schedule: Schedule, rng: np.random.Generator) -> Iterator[Tensor]:
        """Yield the losses of an epoch: every record once, or as many drawn evenly."""
        order = rng.permutation(self.rows.size)
        if schedule.balanced:
            order = rng.choice(self.rows.size, self.rows.size, p=self.first)
        n = self.rows.size // schedule.batch_size
        # One transfer an epoch: the device never waits for the order.
        places = torch.from_numpy(order[: n * schedule.batch_size].reshape(n, -1)).to(self.device)
        rows = torch.from_numpy(self.rows).to(self.device)
        for some in places:
            yield self.loss(rows[some], some)

    def loss(self, rows: Tensor, places: Tensor) -> Tensor:
        """Return the loss of records, by labels and by what the teacher says."""
        with torch.autocast(self.device.type, torch.bfloat16):
            features = self.network.features(self.x[rows])
            logits = self.network.head(features)
        loss = masked_bce(logits.float(), self.targets[rows])
        taught = self.taught
        if taught is None:
            return loss
        if taught.alpha:
            found = multi_label_transfer(
                logits, taught.logits[rows], temperature=taught.temperature
            )
            loss = loss + taught.alpha * found
        if self.contrast is not None:
            loss = loss + taught.beta * self.contrast(features, taught.features[rows], places)
        return loss

    @torch.no_grad()
    def scores(self, rows: Rows) -> Tensor:
        """Return logits of records, on the CPU."""
        index = torch.from_numpy(rows).to(self.device)
        found = []
        for some in index.split(_BATCH):
            with torch.autocast(self.device.type, torch.bfloat16):
                found.append(self.network(self.x[some]).float())
        return torch.cat(found).cpu()


def _first_labels(data: TransferSet, rows: Rows) -> NDArray[np.float64]:
    """Return how likely each record is drawn so that every first label is as frequent."""
    labels = data.labels[torch.from_numpy(rows)].numpy()
    first = np.where(labels.any(axis=1), labels.argmax(axis=1), -1)
    _, place, count = np.unique(first, return_inverse=True, return_counts=True)
    weight = 1 / count[place]
    return np.asarray(weight / weight.sum())


@torch.no_grad()
def answers(
    network: XResNet1d, data: TransferSet, leads: tuple[int, ...], rows: Rows | None = None
) -> tuple[Tensor, Tensor]:
    """Return logits and features of records (default all), in evaluation mode, on the CPU."""
    device = training_device()
    network.to(device).eval()
    index = np.arange(len(data.records)) if rows is None else rows
    logits, features = [], []
    for some in torch.from_numpy(index).split(_BATCH):
        x = data.x[some][:, list(leads)].to(device)
        with torch.autocast(device.type, torch.bfloat16):
            found = network.features(x)
            logits.append(network.head(found).float().cpu())
            features.append(found.float().cpu())
    network.cpu()
    return torch.cat(logits), torch.cat(features)


def mean_of_views(logits: list[Tensor]) -> Tensor:
    """Return the logits of the mean probability of several teachers."""
    p = torch.stack([each.sigmoid() for each in logits]).mean(dim=0)
    return torch.logit(p, eps=1e-6)


def pretrain(
    network: XResNet1d,
    data: TransferSet,
    lead: int,
    schedule: Schedule,
    *,
    epochs: int,
    seed: int,
) -> Fitted:
    """Give a student on one lead a start without labels.

    The student's own lead and another lead of the same record, drawn anew each time, are made
    alike (CLOCS' "multilead" contrast with NT-Xent).
    """
    rows, device = data.where("train"), training_device()
    torch.manual_seed(seed)
    project = nn.Linear(network.n_features, 128).to(device)
    network.to(device)
    x, n_batches = data.x.to(device), rows.size // schedule.batch_size

    def losses(_epoch: int) -> Iterator[Tensor]:
        order = torch.from_numpy(rows).to(device)[torch.randperm(rows.size, device=device)]
        for some in order[: n_batches * schedule.batch_size].split(schedule.batch_size):
            shift = torch.randint(1, x.shape[1], some.shape, device=device)
            other = (lead + shift) % x.shape[1]
            views = torch.cat([x[some, lead], x[some, other]])[:, None]
            with torch.autocast(device.type, torch.bfloat16):
                found = project(network.features(views))
            yield pairs_contrast(*found.chunk(2))

    plan = _plan(schedule, epochs, n_batches, constant=True)
    return fit(network, losses, plan, beside=project)


def pairs_contrast(first: Tensor, second: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Return NT-Xent: the two views of a record are alike, all others of the batch are not.

    Parameters
    ----------
    first, second : Tensors, shape (B, d)
        Row i of both is of one record.

    Notes
    -----
    Chen et al., SimCLR, ICML 2020; with two leads of one record as views it is the CMLC of
    Kiyasseh, Zhu and Clifton, CLOCS, ICML 2021.
    """
    views = functional.normalize(torch.cat([first, second]).float(), dim=1)
    n = first.shape[0]
    alike = views @ views.T / temperature
    alike = alike.masked_fill(torch.eye(2 * n, dtype=torch.bool, device=views.device), -1e9)
    partner = torch.arange(2 * n, device=views.device).roll(n)
    return functional.cross_entropy(alike, partner)
