"""Training of the published teacher and of its students.

The input of a record never changes and the teacher is frozen, so what the teacher says of it is
computed once.
"""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import mean_auc
from ecgcore.models import XResNet1d
from ecgcore.training.losses import masked_bce
from ecgcore.training.transfer_data import Rows, TransferSet
from ecgcore.training.transfer_losses import (
    ContrastiveTransfer,
    ContrastSettings,
    multi_label_transfer,
    pairs_contrast,
)
from ecgcore.training.transfer_recipe import Schedule

_BATCH = 256
Report = Callable[[int, float, float], None]


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


@dataclass(frozen=True, eq=False)
class Chosen:
    """The network of the epoch with the best macro AUC on val, and how it came about.

    Attributes
    ----------
    network : XResNet1d
        In evaluation mode, on the CPU.
    epochs : tuple of dict
        ``loss`` and ``val_auc`` of each.
    best_epoch : int
        From 1.
    seconds : float
    """

    network: XResNet1d
    epochs: tuple[dict[str, float], ...]
    best_epoch: int
    seconds: float


def device_of() -> torch.device:
    """Return where to train: the graphics card if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fit_network(
    network: XResNet1d,
    data: TransferSet,
    leads: tuple[int, ...],
    schedule: Schedule,
    *,
    seed: int,
    train: Rows | None = None,
    val: Rows | None = None,
    taught: Taught | None = None,
    deadline: float = float("inf"),
    report: Report = lambda _epoch, _loss, _auc: None,
) -> Chosen:
    """Train a teacher, or a student where ``taught`` is given.

    Parameters
    ----------
    leads : tuple of int
        Rows of the twelve that the network is given.
    seed : int
        Of the order and the negatives; the caller seeds the weights.
    train, val : arrays of int64, optional
        Default: these splits of the set.
    deadline : float
        On ``time.monotonic``: no epoch begins later, except the first.

    Raises
    ------
    InvalidArgumentError
        If there are fewer records than one batch, or none to choose on.
    """
    rows = data.where("train") if train is None else train
    chosen_on = data.where("val") if val is None else val
    if rows.size < schedule.batch_size or not chosen_on.size:
        raise InvalidArgumentError(
            f"There are {rows.size} records for batches of {schedule.batch_size}, and "
            f"{chosen_on.size} to choose on."
        )
    network.to(device_of())
    run = _Run(network, data, leads, rows=rows, taught=taught)
    optimizer = torch.optim.Adam(
        run.parameters(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    started, told = time.monotonic(), list[dict[str, float]]()
    best, best_state = -1.0, copy.deepcopy(network.state_dict())
    for epoch in range(schedule.epochs):
        if epoch and time.monotonic() > deadline:
            break
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(epoch)
        loss = run.epoch(optimizer, schedule, rng)
        auc = mean_auc(data.targets[chosen_on].numpy(), run.scores(chosen_on).numpy())
        told.append({"loss": loss, "val_auc": auc})
        report(epoch + 1, loss, auc)
        if auc > best:
            best, best_state = auc, copy.deepcopy(network.state_dict())
    network.load_state_dict(best_state, strict=True)
    place = 1 + int(np.argmax([each["val_auc"] for each in told]))
    return Chosen(network.cpu().eval(), tuple(told), place, time.monotonic() - started)


class _Run:
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

    def parameters(self) -> list[nn.Parameter]:
        more = [] if self.contrast is None else list(self.contrast.parameters())
        return [*self.network.parameters(), *more]

    def epoch(
        self, optimizer: torch.optim.Optimizer, schedule: Schedule, rng: np.random.Generator
    ) -> float:
        """Learn once from every record, or from as many drawn evenly; return the mean loss."""
        self.network.train()
        order = rng.permutation(self.rows.size)
        if schedule.balanced:
            order = rng.choice(self.rows.size, self.rows.size, p=self.first)
        n = self.rows.size // schedule.batch_size
        # One transfer an epoch: the device never waits for the order.
        places = torch.from_numpy(order[: n * schedule.batch_size].reshape(n, -1)).to(self.device)
        rows = torch.from_numpy(self.rows).to(self.device)
        total = torch.zeros((), device=self.device)
        for some in places:
            loss = self._loss(rows[some], some)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total) / n

    def _loss(self, rows: Tensor, places: Tensor) -> Tensor:
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
        self.network.eval()
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
    device = device_of()
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
    train: Rows | None = None,
    deadline: float = float("inf"),
) -> list[float]:
    """Give a student on one lead a start without labels; return the mean loss of each epoch.

    The student's own lead and another lead of the same record, drawn anew each time, are made
    alike (CLOCS' "multilead" contrast with NT-Xent).

    Parameters
    ----------
    lead : int
    epochs : int
    seed : int
    """
    rows = data.where("train") if train is None else train
    device = device_of()
    torch.manual_seed(seed)
    project = nn.Linear(network.n_features, 128).to(device)
    network.to(device).train()
    optimizer = torch.optim.Adam(
        [*network.parameters(), *project.parameters()],
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
    )
    x = data.x.to(device)
    n_leads = x.shape[1]
    losses = list[float]()
    for epoch in range(epochs):
        if epoch and time.monotonic() > deadline:
            break
        order = torch.from_numpy(rows).to(device)[torch.randperm(rows.size, device=device)]
        total, n = torch.zeros((), device=device), rows.size // schedule.batch_size
        for some in order[: n * schedule.batch_size].split(schedule.batch_size):
            shift = torch.randint(1, n_leads, some.shape, device=device)
            other = (lead + shift) % n_leads
            views = torch.cat([x[some, lead], x[some, other]])[:, None]
            with torch.autocast(device.type, torch.bfloat16):
                found = project(network.features(views))
            loss = pairs_contrast(*found.chunk(2))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(float(total) / n)
    network.cpu()
    return losses
