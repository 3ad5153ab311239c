"""Training of teachers on twelve leads and of the student on any one lead.

Both are :class:`ecgcore.models.LeadAttentionNet`.  A teacher is shown all leads, the limb leads,
the chest leads or any others, so that it can be asked from several views.  The student is shown
one lead at a time and told which; a record of twelve leads is twelve of its records.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CHEST_6, LIMB_6, STANDARD_12
from ecgcore.models import LeadAttentionNet, Outputs
from ecgcore.models.lead_set import LeadCountNorm
from ecgcore.training.losses import masked_bce
from ecgcore.training.pools import IGNORED
from ecgcore.training.single_recipe import SingleRecipe, Steps
from ecgcore.training.strips import StripBatch, Strips, strip_batch
from ecgcore.training.transfer_losses import ContrastiveTransfer, multi_label_transfer

N_LEADS = len(STANDARD_12)
VIEWS: dict[str, tuple[int, ...]] = {
    "12 leads": tuple(range(N_LEADS)),
    "limb leads": tuple(STANDARD_12.index(name) for name in LIMB_6),
    "chest leads": tuple(STANDARD_12.index(name) for name in CHEST_6),
}
# How often a teacher is shown each view; else any leads.
_VIEW_SHARES = (0.5, 0.15, 0.15)
# Records with early beats are drawn so many times as often from the set of beats.
_EARLY = 4.0
_RECALIBRATION_STEPS = 60
_CLIP_NORM = 5.0
KINDS = ("twelve", "cpsc", "cinc", "beats", "simulated")


@dataclass(frozen=True, eq=False)
class Material:
    """Where batches are drawn from.

    Attributes
    ----------
    strips : Strips
    rows : dict of str to array of int64
        Rows of each of ``KINDS`` that are learned from; a kind may be missing.
    noise : Tensor or None
    """

    strips: Strips
    rows: dict[str, NDArray[np.int64]]
    noise: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Answers:
    """What teachers say of every row of the strips: NaN where they were not asked.

    Attributes
    ----------
    logits : Tensor, shape (n, 25)
        Statements, then super-classes; of the mean probability over teachers and views.
    features : Tensor, shape (n, n_features)
    """

    logits: Tensor
    features: Tensor


@dataclass(frozen=True)
class Trained:
    """Averaged weights in evaluation mode on the CPU, the losses told, and the time."""

    network: LeadAttentionNet
    losses: tuple[float, ...]
    seconds: float
    steps: int


def network_of(arguments: object) -> LeadAttentionNet:
    """Return an untrained network from a recipe's arguments.

    Raises
    ------
    InvalidArgumentError
        If they are no table.
    """
    if not isinstance(arguments, dict):
        raise InvalidArgumentError("The arguments of a network must be a table.")
    return LeadAttentionNet(**{k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()})


# ---- batches -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A batch, how many of its records are of each kind, and their rows in the strips."""

    batch: StripBatch
    counts: tuple[tuple[str, int], ...]
    rows: Tensor


class Drawer:
    """Draws batches for one network."""

    def __init__(
        self, recipe: SingleRecipe, part: Steps, material: Material, *, teacher: bool, seed: int
    ) -> None:
        self.recipe, self.part, self.material, self.teacher = recipe, part, material, teacher
        self.rng = np.random.default_rng(seed)
        strips = material.strips
        self.rows = {
            kind: rows[self._usable(strips.complete[rows])] for kind, rows in material.rows.items()
        }
        self.odds = {kind: self._odds(kind, rows) for kind, rows in self.rows.items()}
        if not self.rows.get("twelve", np.array([])).size:
            raise InvalidArgumentError("There are no complete twelve-lead records to learn from.")

    def _usable(self, complete: NDArray[np.bool_]) -> NDArray[np.bool_]:
        # A teacher's views need every lead; a student any one.
        return complete.all(axis=1) if self.teacher else complete.any(axis=1)

    def _odds(self, kind: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        odds = np.ones(rows.size)
        if kind == "beats" and rows.size:
            known = self.material.strips.statements[torch.from_numpy(rows)].cpu().numpy()
            odds[(known[:, 5:7] == 1).any(axis=1)] = _EARLY
        return odds

    def __iter__(self) -> Iterator[_Drawn]:
        while True:
            yield self.draw()

    def draw(self) -> _Drawn:
        """Return the next batch."""
        length, kinds = self._plan()
        drawn = [(kind, self._take(kind, length)) for kind in kinds]
        drawn = [(kind, rows) for kind, rows in drawn if rows.size]
        rows = np.concatenate([rows for _, rows in drawn])
        leads = self._teacher_leads(rows.size) if self.teacher else self._student_leads(rows)
        strips = self.material.strips
        on_device = torch.from_numpy(rows).to(strips.device)
        batch = strip_batch(
            strips,
            on_device,
            torch.from_numpy(leads).to(strips.device),
            length,
            disturbing=self.recipe.disturbing,
            noise=self.material.noise,
            fs_hz=self.recipe.input.fs_hz,
        )
        return _Drawn(batch, tuple((kind, len(some)) for kind, some in drawn), on_device)

    def _plan(self) -> tuple[int, tuple[str, ...]]:
        """Return the length of a batch, in samples, and the kinds of its records."""
        fs_hz, share = self.recipe.input.fs_hz, self.rng.random()
        if share < self.part.long_share:
            seconds = self.rng.uniform(10, 30)
            return round(seconds * fs_hz), ("cpsc", "cinc", "beats")
        share -= self.part.long_share
        seconds = self.rng.uniform(5, 10) if share < self.part.short_share else 10.0
        return round(seconds * fs_hz), KINDS

    def _take(self, kind: str, length: int) -> NDArray[np.int64]:
        count = int(getattr(self.part, kind))
        rows = self.rows.get(kind)
        if rows is None or not count:
            return np.zeros(0, dtype=np.int64)
        fits = self.material.strips.lengths[rows] >= length
        some, odds = rows[fits], self.odds[kind][fits]
        if not some.size:
            return np.zeros(0, dtype=np.int64)
        count = min(count, some.size)
        return self.rng.choice(some, count, replace=False, p=odds / odds.sum())

    def _student_leads(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        chance = self.rng.random((rows.size, N_LEADS)) * self.material.strips.complete[rows]
        return chance.argmax(axis=1)[:, None].astype(np.int64)

    def _teacher_leads(self, batch: int) -> NDArray[np.int64]:
        views = [*VIEWS.values(), None]
        chosen = self.rng.choice(len(views), p=(*_VIEW_SHARES, 1 - sum(_VIEW_SHARES)))
        fixed = views[chosen]
        if fixed is not None:
            return np.tile(np.array(fixed, dtype=np.int64), (batch, 1))
        k = int(self.rng.integers(1, N_LEADS))
        order = self.rng.random((batch, N_LEADS)).argsort(axis=1)[:, :k]
        return np.sort(order, axis=1).astype(np.int64)


# ---- the loss ------------------------------------------------------------------------------


def _rest(part: Tensor, known: Tensor) -> Tensor:
    """Return the mean over what is known; zero if nothing is."""
    return part.sum() / known.sum().clamp(min=1)


def hard_loss(recipe: SingleRecipe, out: Outputs, drawn: _Drawn) -> Tensor:
    """Return the loss by labels: each kind's statements, and the other outputs over all."""
    weights, batch = recipe.weights, drawn.batch
    at, loss = 0, torch.zeros((), device=batch.x.device)
    for kind, count in drawn.counts:
        part = slice(at, at + count)
        weight = weights.beats_statements if kind == "beats" else float(getattr(weights, kind))
        loss = loss + weight * masked_bce(out.statements[part].float(), batch.statements[part])
        at += count
    loss = loss + weights.superclass * masked_bce(out.superclasses.float(), batch.superclasses)
    told = functional.cross_entropy(
        out.handheld.float(), batch.handheld, ignore_index=-1, reduction="sum"
    )
    loss = loss + weights.handheld * _rest(told, batch.handheld >= 0)
    share = torch.tensor((0.25, 1.0, 3.0, 2.0), device=batch.x.device)
    told = functional.cross_entropy(
        out.beats.float(), batch.beats, weight=share, ignore_index=IGNORED, reduction="sum"
    )
    return loss + weights.beats * _rest(told, batch.beats != IGNORED)


def wave_loss(network: LeadAttentionNet, encoded: Tensor, batch: StripBatch) -> Tensor:
    """Return the loss of the waves of every lead of a batch."""
    logits = network.waves(encoded)[..., : batch.waves.shape[-1]]
    told = functional.cross_entropy(
        logits.float().transpose(1, 2), batch.waves, ignore_index=IGNORED, reduction="sum"
    )
    return _rest(told, batch.waves != IGNORED)


def soft_loss(
    recipe: SingleRecipe,
    out: Outputs,
    drawn: _Drawn,
    answers: Answers,
    contrast: ContrastiveTransfer | None,
) -> Tensor:
    """Return alpha MKD + beta CLT on the records that have a teacher: those of twelve leads."""
    weights = recipe.weights
    count = dict(drawn.counts).get("twelve", 0)
    if not count:
        return torch.zeros((), device=drawn.rows.device)
    # KINDS begin with them.
    said = torch.cat([out.statements[:count], out.superclasses[:count]], dim=1)
    rows = drawn.rows[:count]
    loss = weights.alpha * multi_label_transfer(
        said, answers.logits[rows], temperature=weights.temperature
    )
    if contrast is not None:
        loss = loss + weights.beta * contrast(
            out.features[:count], answers.features[rows], rows
        )
    return loss


# ---- training ------------------------------------------------------------------------------


def fit_single(
    recipe: SingleRecipe,
    material: Material,
    *,
    teacher: bool,
    seed: int,
    answers: Answers | None = None,
    contrast: bool = False,
    steps: int | None = None,
    deadline: float = math.inf,
    report: Callable[[int, float], None] = lambda _step, _loss: None,
) -> Trained:
    """Train a teacher, or a student: by labels alone, or by ``answers`` too.

    Parameters
    ----------
    seed : int
        Of weights, order, crops and disturbances.
    answers : Answers, optional
        A student's teachers.
    contrast : bool
        Whether CLT counts.
    steps : int, optional
        Default: the recipe's.
    deadline : float
        On ``time.monotonic``.  The rate falls in time: what cannot be finished at the pace of the
        first steps is planned shorter.

    Returns
    -------
    Trained
    """
    part = recipe.teacher if teacher else recipe.student
    arguments = recipe.teacher_arguments if teacher else recipe.student_arguments
    torch.manual_seed(seed)
    strips = material.strips
    network = network_of(arguments).to(strips.device)
    drawer = Drawer(recipe, part, material, teacher=teacher, seed=seed)
    pull = None
    if answers is not None and contrast:
        labels = torch.cat([strips.statements, strips.superclasses], dim=1) == 1
        n_student = 2 * network.query.shape[1]
        pull = ContrastiveTransfer(
            n_student, answers.features.shape[1], labels, recipe.contrast
        ).to(strips.device)
    run = _Fit(recipe, part, network, drawer, answers, pull)
    run.train(steps or part.steps, deadline, report)
    recalibrate_statistics(run.averaged, drawer)
    seconds = time.monotonic() - run.started
    return Trained(run.averaged.cpu().eval(), tuple(run.losses), seconds, run.done)


class _Fit:
    """One training."""

    def __init__(
        self,
        recipe: SingleRecipe,
        part: Steps,
        network: LeadAttentionNet,
        drawer: Drawer,
        answers: Answers | None,
        contrast: ContrastiveTransfer | None,
    ) -> None:
        self.recipe, self.part, self.network, self.drawer = recipe, part, network, drawer
        self.answers, self.contrast = answers, contrast
        self.averaged = copy.deepcopy(network).requires_grad_(False)
        learned = [*network.parameters(), *(contrast.parameters() if contrast else ())]
        fused = drawer.material.strips.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(
            learned, lr=part.learning_rate, weight_decay=part.weight_decay, fused=fused
        )
        self._mean = [v for v in self.averaged.state_dict().values() if v.is_floating_point()]
        self._now = [v for v in network.state_dict().values() if v.is_floating_point()]
        self.losses: list[float] = []
        self.started = time.monotonic()
        self.done = 0

    def train(self, steps: int, deadline: float, report: Callable[[int, float], None]) -> None:
        """Take the steps; every 50 the plan is held against the clock."""
        self.network.train()
        total = torch.zeros((), device=self.drawer.material.strips.device)
        planned = steps
        while self.done < planned:
            for group in self.optimizer.param_groups:
                group["lr"] = self.part.learning_rate * one_cycle(
                    self.done / planned, self.part.warm_up
                )
            total += self._step()
            self.done += 1
            if self.done % 50 == 0 or self.done == planned:
                self.losses.append(float(total) / 50)
                total.zero_()
                report(self.done, self.losses[-1])
                planned = self._planned(steps, deadline)

    def _planned(self, steps: int, deadline: float) -> int:
        now = time.monotonic()
        pace = self.done / max(now - self.started, 1e-9)
        possible = self.done + max(0.0, deadline - now) * pace
        return steps if math.isinf(possible) else max(self.done, min(steps, int(possible)))

    def _step(self) -> Tensor:
        drawn = self.drawer.draw()
        batch, network = drawn.batch, self.network
        with torch.autocast(batch.x.device.type, torch.bfloat16):
            encoded = network.encode(batch.x, None)
            out = network.fuse(encoded, None, batch.leads, batch.scale)
            loss = self.recipe.weights.waves * wave_loss(network, encoded, batch)
        loss = loss + hard_loss(self.recipe, out, drawn)
        if self.answers is not None:
            loss = loss + soft_loss(self.recipe, out, drawn, self.answers, self.contrast)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), _CLIP_NORM)
        self.optimizer.step()
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
            network.outputs(batch.x, None, batch.leads, batch.scale)
    network.eval()


# ---- asking --------------------------------------------------------------------------------


@torch.no_grad()
def ask(
    network: LeadAttentionNet,
    strips: Strips,
    rows: NDArray[np.int64],
    leads: tuple[int, ...],
    *,
    longest: int = 6000,
    batch_size: int = 128,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return statements and super-classes (n, 25), hand-held classes (n, 4) and features, as logits.

    Rows that lack one of the leads get NaN.

    Parameters
    ----------
    leads : tuple of int
        What the network is shown of each record.
    longest : int
        Samples; of a longer record the beginning is read.
    """
    device = strips.device
    network.to(device).eval()
    n_features = 2 * network.query.shape[1]
    out = np.full((rows.size, 25), np.nan, dtype=np.float32)
    hand = np.full((rows.size, 4), np.nan, dtype=np.float32)
    features = np.full((rows.size, n_features), np.nan, dtype=np.float32)
    lengths = np.minimum(strips.lengths[rows], longest)
    whole = strips.complete[rows][:, list(leads)].all(axis=1)
    for length in np.unique(lengths[whole]):
        places = np.flatnonzero(whole & (lengths == length))
        for start in range(0, places.size, batch_size):
            some = places[start : start + batch_size]
            found = _asked(network, strips, rows[some], leads, int(length))
            said = torch.cat([found.statements, found.superclasses], dim=1)
            out[some] = said.float().cpu().numpy()
            hand[some] = found.handheld.float().cpu().numpy()
            features[some] = found.features.float().cpu().numpy()
    return out, hand, features


def _asked(
    network: LeadAttentionNet,
    strips: Strips,
    rows: NDArray[np.int64],
    leads: tuple[int, ...],
    length: int,
) -> Outputs:
    from ecgcore.training.strips import Disturbing  # noqa: PLC0415

    device = strips.device
    index = torch.from_numpy(rows).to(device)
    wanted = torch.tensor(leads, device=device).expand(rows.size, -1)
    batch = strip_batch(
        strips, index, wanted, length, disturbing=Disturbing(0, 0, 0, 0, 0, 0)
    )
    with torch.autocast(device.type, torch.bfloat16):
        return network.outputs(batch.x, None, wanted, batch.scale)
