"""Training of the student on any one lead, taught by a network on all of them.

The student is a :class:`ecgcore.models.LeadAttentionNet` that is shown one lead at a time and told
which; a record of twelve leads is twelve of its records.  The teacher is asked from several views:
all leads, the limb leads and the chest leads.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CHEST_6, LIMB_6, STANDARD_12
from ecgcore.models import LeadAttentionNet, Outputs
from ecgcore.models.lead_set import LeadCountNorm
from ecgcore.training.device_pool import DevicePool, device_pool
from ecgcore.training.losses import masked_bce
from ecgcore.training.multi_batch import Draws, MultiBatch, make_batch, noise_rows
from ecgcore.training.multi_loop import class_loss, forward_batch, interval_loss
from ecgcore.training.pools import IGNORED, Pool
from ecgcore.training.single_recipe import SingleRecipe, Steps
from ecgcore.training.transfer_losses import ContrastiveTransfer, multi_label_transfer

N_LEADS = len(STANDARD_12)
VIEWS: dict[str, tuple[int, ...]] = {
    "12 leads": tuple(range(N_LEADS)),
    "limb leads": tuple(STANDARD_12.index(name) for name in LIMB_6),
    "chest leads": tuple(STANDARD_12.index(name) for name in CHEST_6),
}
# Records with early beats are drawn so many times as often from the set of beats.
_EARLY = 4.0
_RECALIBRATION_STEPS = 20
_CLIP_NORM = 5.0
_LONG_S = (10.0, 30.0)
_TELL = 50
_ABSENT = -32768
# The twelve-lead records come first in every batch: they are the ones with a teacher.
KINDS = ("twelve", "cpsc", "cinc", "beats", "simulated")
LONG_KINDS = ("cpsc", "cinc", "beats")


@dataclass(frozen=True, eq=False)
class SinglePool:
    """Records of every kind on the device.

    Attributes
    ----------
    pool : DevicePool
    complete : array of bool, shape (n, 12)
        Which leads are there without a gap.
    lengths : array of int64, shape (n,)
    first : dict of str to int
        Row at which each pool begins: ``twelve``, ``single``, ``beats``, ``simulated``.
    noise : Tensor
    """

    pool: DevicePool
    complete: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    first: dict[str, int]
    noise: Tensor


def single_pool(
    pools: Mapping[str, Pool], noise: Sequence[NDArray[np.float32]], device: torch.device
) -> SinglePool:
    """Put pools, by name, onto a device; ``twelve`` must be among them."""
    parts = list(pools.values())
    pool, firsts = device_pool(parts)
    return SinglePool(
        pool=pool.to(device),
        complete=np.concatenate([_complete(part) for part in parts]),
        lengths=np.concatenate([part.data.signals.lengths for part in parts]),
        first=dict(zip(pools, firsts, strict=True)),
        noise=noise_rows(noise).to(device),
    )


def _complete(pool: Pool) -> NDArray[np.bool_]:
    signals = pool.data.signals
    out = np.isfinite(signals.scales)
    for i in range(len(pool)):
        steps = signals.values[signals.starts[i] : signals.starts[i + 1]]
        if (steps == _ABSENT).any():
            whole = (steps.reshape(-1, int(signals.lengths[i])) != _ABSENT).all(axis=1)
            out[i, np.flatnonzero(out[i])] = whole
    return out


@dataclass(frozen=True, eq=False)
class Answers:
    """What teachers say of the rows of a pool; NaN where none was asked.

    Attributes
    ----------
    logits : Tensor, shape (n_twelve, 25)
        Of the twelve-lead rows: statements, then super-classes; of the mean probability over the
        views.
    features : Tensor, shape (n_twelve, n_features)
        On twelve leads.
    own : Tensor, shape (n, 29), optional
        Of all rows: what is said of the lead that a record of one lead has; then the hand-held
        classes.
    """

    logits: Tensor
    features: Tensor
    own: Tensor | None = None


@dataclass(frozen=True)
class Trained:
    """Averaged weights in evaluation mode on the CPU, the losses told, and the time."""

    network: LeadAttentionNet
    losses: tuple[float, ...]
    seconds: float
    steps: int


def network_of(arguments: Mapping[str, Any]) -> LeadAttentionNet:
    """Return an untrained network from a recipe's arguments."""
    tuples: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()
    }
    return LeadAttentionNet(**tuples)


# ---- batches -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch, how many of its records are of each kind, and their rows in the pool."""

    batch: MultiBatch
    counts: tuple[tuple[str, int], ...]
    rows: Tensor


class Drawer:
    """Draws batches of single leads.

    Parameters
    ----------
    rows : mapping of str to array of int64
        Rows of the pool that are learned from, for each of ``KINDS``; a kind may be missing.
    part : Steps
        How many records of each kind.
    leads : sequence of int, optional
        Which leads may be shown; default all.

    Raises
    ------
    InvalidArgumentError
        If no twelve-lead record can be used.
    """

    def __init__(
        self,
        recipe: SingleRecipe,
        pool: SinglePool,
        rows: Mapping[str, NDArray[np.int64]],
        part: Steps,
        *,
        seed: int,
        leads: Sequence[int] = tuple(range(N_LEADS)),
    ) -> None:
        self.part, self.pool = part, pool
        base, device = recipe.base, pool.pool.device
        self.draws = Draws(
            numbers=np.random.default_rng(seed),
            samples=torch.Generator(device).manual_seed(seed),
            augmentation=base.augmentation,
            tasks=base.tasks,
            fs_hz=base.input.fs_hz,
            noise=pool.noise,
        )
        # The teacher is asked from several views, and needs every lead.
        every = np.asarray(pool.complete.all(axis=1))
        self.shown = np.zeros(N_LEADS, dtype=bool)
        self.shown[list(leads)] = True
        some_lead = np.asarray((pool.complete & self.shown).any(axis=1))
        self.rows = {
            kind: some[(every if kind == "twelve" else some_lead)[some]]
            for kind, some in rows.items()
        }
        self.odds = {kind: self._odds(kind, some) for kind, some in self.rows.items()}
        if not self.rows.get("twelve", np.array([])).size:
            raise InvalidArgumentError("There are no complete twelve-lead records to learn from.")

    def _odds(self, kind: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        odds = np.ones(rows.size)
        if kind == "beats" and rows.size:
            there = self.pool.pool.statements.cpu().numpy()[rows]
            odds[(there[:, 5:7] == 1).any(axis=1)] = _EARLY
        return odds

    def draw(self) -> Drawn:
        """Return the next batch."""
        length, kinds = self._plan()
        drawn = self._taken(length, kinds)
        if not drawn:
            # No record is as long: a usual batch.
            length = round(self.draws.augmentation.crop_s * self.draws.fs_hz)
            drawn = self._taken(length, KINDS)
        rows = np.concatenate([rows for _, rows in drawn])
        leads = self._one(rows)
        device = self.pool.pool.device
        batch = make_batch(
            self.pool.pool, rows, torch.from_numpy(leads).to(device), length, self.draws
        )
        counts = tuple((kind, len(some)) for kind, some in drawn)
        return Drawn(batch, counts, torch.from_numpy(rows).to(device))

    def _plan(self) -> tuple[int, tuple[str, ...]]:
        """Return the length of a batch, in samples, and the kinds of its records."""
        rng, config = self.draws.numbers, self.draws.augmentation
        if rng.random() < self.part.long_share:
            return round(rng.uniform(*_LONG_S) * self.draws.fs_hz), LONG_KINDS
        seconds = config.crop_s
        if rng.random() < config.short_share:
            seconds = rng.uniform(config.min_crop_s, config.crop_s)
        return round(seconds * self.draws.fs_hz), KINDS

    def _taken(self, length: int, kinds: tuple[str, ...]) -> list[tuple[str, NDArray[np.int64]]]:
        drawn = [(kind, self._take(kind, length)) for kind in kinds]
        return [(kind, rows) for kind, rows in drawn if rows.size]

    def _take(self, kind: str, length: int) -> NDArray[np.int64]:
        count, rows = int(getattr(self.part, kind)), self.rows.get(kind)
        if rows is None or not count:
            return np.zeros(0, dtype=np.int64)
        # Records that are too short are left out: with no padding there is no mask.
        fits = self.pool.lengths[rows] >= length
        some, odds = rows[fits], self.odds[kind][fits]
        if not some.size:
            return np.zeros(0, dtype=np.int64)
        return self.draws.numbers.choice(
            some, min(count, some.size), replace=False, p=odds / odds.sum()
        )

    def _one(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        shown = self.pool.complete[rows] & self.shown
        chance = self.draws.numbers.random((rows.size, N_LEADS)) * shown
        return np.asarray(chance.argmax(axis=1)[:, None], dtype=np.int64)


# ---- the loss ------------------------------------------------------------------------------


def hard_loss(recipe: SingleRecipe, out: Outputs, waves: Tensor, drawn: Drawn) -> Tensor:
    """Return the loss by labels: each kind's statements, and the other outputs over all."""
    weights, batch = recipe.weights, drawn.batch
    at, loss = 0, torch.zeros((), device=batch.x.device)
    for kind, count in drawn.counts:
        part = slice(at, at + count)
        found = masked_bce(out.statements[part].float(), batch.statements[part])
        loss = loss + float(getattr(weights, kind)) * found
        at += count
    share = torch.tensor(recipe.base.tasks.beat_weights, device=batch.x.device)
    shown = waves[..., : batch.waves.shape[-1]].transpose(1, 2)
    return (
        loss
        + weights.superclass * masked_bce(out.superclasses.float(), batch.superclasses)
        + weights.handheld * class_loss(out.handheld, batch.handheld, -1)
        + weights.beat_kinds * class_loss(out.beats, batch.beats, IGNORED, share)
        + weights.intervals * interval_loss(out.intervals.float(), batch.intervals)
        + weights.waves * class_loss(shown, batch.waves, IGNORED)
    )


def soft_loss(
    recipe: SingleRecipe,
    out: Outputs,
    drawn: Drawn,
    answers: Answers,
    contrast: ContrastiveTransfer | None,
) -> Tensor:
    """Return alpha MKD + beta CLT; MKD also of records of one lead if their teachers were asked."""
    weights = recipe.weights
    loss = torch.zeros((), device=drawn.rows.device)
    if weights.alpha and answers.own is not None:
        loss = loss + weights.alpha * own_loss(recipe, out, drawn, answers.own)
    count = dict(drawn.counts).get("twelve", 0)
    if not count:
        return loss
    rows = drawn.rows[:count]
    said, told = out.statements[:count], answers.logits[rows, : out.statements.shape[1]]
    if weights.alpha:
        found = multi_label_transfer(said, told, temperature=weights.temperature)
        loss = loss + weights.alpha * found
    if contrast is not None:
        found = contrast(out.features[:count], answers.features[rows], rows)
        loss = loss + weights.beta * found
    return loss


def own_loss(recipe: SingleRecipe, out: Outputs, drawn: Drawn, own: Tensor) -> Tensor:
    """Return MKD on the lead that a record has: each kind with the weight of its labels.

    The hand-held classes, of which one is true, are compared as one distribution.
    """
    weights, t = recipe.weights, recipe.weights.temperature
    n, handheld = out.statements.shape[1], out.handheld.shape[1]
    at, loss = 0, torch.zeros((), device=drawn.rows.device)
    for kind, count in drawn.counts:
        part = slice(at, at + count)
        at += count
        if kind not in LONG_KINDS:
            continue
        told = own[drawn.rows[part]]
        found = multi_label_transfer(out.statements[part], told[:, :n], temperature=t)
        loss = loss + float(getattr(weights, kind)) * found
        if kind == "cinc":
            said = functional.log_softmax(out.handheld[part].float() / t, dim=1)
            true = functional.log_softmax(told[:, -handheld:] / t, dim=1)
            apart = functional.kl_div(said, true, reduction="batchmean", log_target=True)
            loss = loss + weights.handheld * apart * t**2
    return loss


# ---- training ------------------------------------------------------------------------------


def fit_single(
    recipe: SingleRecipe,
    pool: SinglePool,
    rows: Mapping[str, NDArray[np.int64]],
    part: Steps,
    *,
    seed: int,
    answers: Answers | None = None,
    contrast: bool = False,
    start: LeadAttentionNet | None = None,
    leads: Sequence[int] = tuple(range(N_LEADS)),
    deadline: float = math.inf,
    report: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Trained:
    """Train a student: by labels alone, or by a teacher's answers too.

    Parameters
    ----------
    rows : mapping of str to array of int64
        See :class:`Drawer`.
    part : Steps
        Of the recipe.
    seed : int
        Of weights, order, crops and disturbances.
    answers : Answers, optional
        The teacher's.
    contrast : bool
        Whether CLT counts.
    start : LeadAttentionNet, optional
        Where to go on from; default random weights.
    leads : sequence of int, optional
        Which leads may be shown; default all.
    deadline : float
        On ``time.monotonic``.  What cannot be finished until then at the pace so far is planned
        shorter, and the rate falls accordingly.
    """
    torch.manual_seed(seed)
    network = network_of(recipe.arguments)
    if start is not None:
        network.load_state_dict(start.state_dict(), strict=True)
    network.to(pool.pool.device)
    drawer = Drawer(recipe, pool, rows, part, seed=seed, leads=leads)
    pull = None
    if answers is not None and contrast:
        # The banks hold the twelve-lead records: they come first in the pool.
        labels = torch.cat([pool.pool.statements, pool.pool.superclasses], dim=1) == 1
        n = len(answers.logits)
        learned = torch.zeros(n, dtype=torch.bool, device=labels.device)
        learned[torch.from_numpy(drawer.rows["twelve"])] = True
        n_student, n_teacher = 2 * network.query.shape[1], answers.features.shape[1]
        pull = ContrastiveTransfer(
            n_student, n_teacher, labels[:n], recipe.contrast, learned=learned
        ).to(pool.pool.device)
    run = _Fit(recipe, network, drawer, answers, pull)
    run.train(deadline, report)
    recalibrate_statistics(run.averaged, drawer)
    seconds = time.monotonic() - run.started
    return Trained(run.averaged.cpu().eval(), tuple(run.losses), seconds, run.done)


class _Fit:
    """One training."""

    def __init__(
        self,
        recipe: SingleRecipe,
        network: LeadAttentionNet,
        drawer: Drawer,
        answers: Answers | None,
        contrast: ContrastiveTransfer | None,
    ) -> None:
        self.recipe, self.network, self.drawer = recipe, network, drawer
        self.answers, self.contrast = answers, contrast
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        self.part = drawer.part
        learned = [*network.parameters(), *(contrast.parameters() if contrast else ())]
        self.optimizer = torch.optim.AdamW(
            learned,
            lr=self.part.learning_rate,
            weight_decay=self.part.weight_decay,
            fused=drawer.pool.pool.device.type == "cuda",
        )
        self._mean = [v for v in self.averaged.state_dict().values() if v.is_floating_point()]
        self._now = [v for v in network.state_dict().values() if v.is_floating_point()]
        self.losses: list[float] = []
        self.started = time.monotonic()
        self.done = 0

    def train(self, deadline: float, report: Callable[[int, float], None]) -> None:
        """Take the steps; now and then the plan is held against the clock."""
        self.network.train()
        total = torch.zeros((), device=self.drawer.pool.pool.device)
        steps = self.part.steps
        planned, told = steps, 0
        while self.done < planned:
            factor = one_cycle(self.done / planned, self.part.warm_up)
            for group in self.optimizer.param_groups:
                group["lr"] = self.part.learning_rate * factor
            total += self._step()
            self.done += 1
            if self.done % _TELL == 0 or self.done == planned:
                self.losses.append(float(total) / (self.done - told))
                total.zero_()
                told = self.done
                report(self.done, self.losses[-1])
                planned = self._planned(steps, deadline)

    def _planned(self, steps: int, deadline: float) -> int:
        if math.isinf(deadline):
            return steps
        now = time.monotonic()
        pace = self.done / max(now - self.started, 1e-9)
        possible = self.done + int(max(0.0, deadline - now) * pace)
        return max(self.done, min(steps, possible))

    def _step(self) -> Tensor:
        drawn = self.drawer.draw()
        batch, network = drawn.batch, self.network
        with torch.autocast(batch.x.device.type, torch.bfloat16):
            out, encoded = forward_batch(network, batch)
            waves = network.waves(encoded)
        loss = hard_loss(self.recipe, out, waves, drawn)
        if self.answers is not None:
            loss = loss + soft_loss(self.recipe, out, drawn, self.answers, self.contrast)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
        self.optimizer.step()
        # Early weights are forgotten sooner.
        decay = min(self.part.averaging, (self.done + 1) / (self.done + 10))
        with torch.no_grad():
            torch._foreach_lerp_(self._mean, self._now, 1 - decay)
        return loss.detach()


def one_cycle(share: float, warm_up: float) -> float:
    """Return the rate's factor at a share of the training: up to 1 and down to 0, by cosines."""
    if share < warm_up:
        return 0.04 + 0.96 * (1 - math.cos(math.pi * share / warm_up)) / 2
    return (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up))) / 2


@torch.no_grad()
def recalibrate_statistics(network: LeadAttentionNet, drawer: Drawer) -> None:
    """Measure the running statistics anew: averaged weights do not have averaged statistics."""
    for part in network.modules():
        part.training = isinstance(part, LeadCountNorm)
    for _ in range(_RECALIBRATION_STEPS):
        batch = drawer.draw().batch
        with torch.autocast(batch.x.device.type, torch.bfloat16):
            forward_batch(network, batch)
    network.eval()
