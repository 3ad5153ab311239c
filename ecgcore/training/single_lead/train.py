"""Training of the student on any one lead, taught by a network on all of them.

The student is a :class:`ecgcore.models.LeadAttentionNet` that is shown one lead at a time and told
which; the teacher sees all twelve.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.models import LeadAttentionNet, Outputs
from ecgcore.training.diagnostic.train import (
    build_tasks_network,
    forward_batch,
    losses_beside,
    recalibrate,
)
from ecgcore.training.losses import masked_bce
from ecgcore.training.single_lead.data import (
    LONG_KINDS,
    N_LEADS,
    Drawer,
    Drawn,
    Rows,
    SinglePool,
)
from ecgcore.training.single_lead.recipe import SingleRecipe, Steps
from ecgcore.training.trainer import Fitted, Keep, Plan, fit, settling_average
from ecgcore.training.transfer_losses import ContrastiveTransfer, multi_label_transfer

_RECALIBRATION_STEPS = 20
_CLIP_NORM = 5.0
_ROUND = 50


@dataclass(frozen=True, eq=False)
class Answers:
    """What teachers say of the rows of a pool; NaN where none was asked.

    Attributes
    ----------
    logits : Tensor, shape (n_twelve, 25)
        Of the twelve-lead rows: statements, then super-classes.
    features : Tensor, shape (n_twelve, n_features)
        On twelve leads.
    own : Tensor, shape (n, 29), optional
        Of all rows: what is said of the lead that a record of one lead has; then the hand-held
        classes.
    """

    logits: Tensor
    features: Tensor
    own: Tensor | None = None


def hard_loss(recipe: SingleRecipe, out: Outputs, waves: Tensor, drawn: Drawn) -> Tensor:
    """Return the loss by labels: each kind's statements, and the other outputs over all."""
    weights, batch = recipe.weights, drawn.batch
    at, loss = 0, torch.zeros((), device=batch.x.device)
    for kind, count in drawn.counts:
        part = slice(at, at + count)
        found = masked_bce(out.statements[part].float(), batch.statements[part])
        loss = loss + float(getattr(weights, kind)) * found
        at += count
    beside = losses_beside(out, waves, batch, recipe.base.tasks)
    names = ("superclass", "handheld", "beat_kinds", "intervals", "waves")
    for name, found in zip(names, beside, strict=True):
        loss = loss + float(getattr(weights, name)) * found
    return loss


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


def fit_single(
    recipe: SingleRecipe,
    pool: SinglePool,
    rows: Mapping[str, Rows],
    part: Steps,
    *,
    seed: int,
    answers: Callable[[], Answers] | None = None,
    contrast: bool = False,
    start: nn.Module | None = None,
    leads: Sequence[int] = tuple(range(N_LEADS)),
    keep: Keep | None = None,
) -> Fitted:
    """Train a student: by labels alone, or by a teacher's answers too.

    Parameters
    ----------
    rows : mapping of str to array of int64
        See :class:`Drawer`.
    part : Steps
        Of the recipe.
    seed : int
        Of weights, order, crops and disturbances.
    answers : callable, optional
        Returns the teacher's; called if the student has to be trained.
    contrast : bool
        Whether CLT counts.
    start : nn.Module, optional
        Where to go on from; default random weights.
    leads : sequence of int, optional
        Which leads may be shown; default all.
    """
    torch.manual_seed(seed)
    network = build_tasks_network(recipe.arguments)
    if keep is not None and (found := keep.load(network)):
        return found
    if start is not None:
        network.load_state_dict(start.state_dict(), strict=True)
    network.to(pool.pool.device)
    drawer = Drawer(recipe, pool, rows, part, seed=seed, leads=leads)
    said = answers() if answers is not None else None
    pull = _contrast_of(recipe, network, drawer, said) if said is not None and contrast else None

    def losses(_round: int) -> Iterator[Tensor]:
        while True:
            yield student_loss(recipe, network, drawer.draw(), said, pull)

    def settle(averaged: LeadAttentionNet) -> None:
        batches = (drawer.draw().batch for _ in range(_RECALIBRATION_STEPS))
        recalibrate(averaged, batches)

    plan = Plan(
        steps=part.steps,
        every=_ROUND,
        rate=lambda step: part.learning_rate * rise_and_fall(step / part.steps, part.warm_up),
        weight_decay=part.weight_decay,
        clip=_CLIP_NORM,
        averaging=settling_average(part.averaging, lead=9),
    )
    return fit(network, losses, plan, dice=drawer.draws, keep=keep, beside=pull, settle=settle)


def _contrast_of(
    recipe: SingleRecipe, network: LeadAttentionNet, drawer: Drawer, answers: Answers
) -> ContrastiveTransfer:
    """Return CLT over the twelve-lead records, which come first in the pool."""
    pool, n = drawer.pool.pool, len(answers.logits)
    labels = torch.cat([pool.statements, pool.superclasses], dim=1)[:n] == 1
    learned = torch.zeros(n, dtype=torch.bool, device=labels.device)
    learned[torch.from_numpy(drawer.rows["twelve"])] = True
    n_student, n_teacher = 2 * network.query.shape[1], answers.features.shape[1]
    made = ContrastiveTransfer(n_student, n_teacher, labels, recipe.contrast, learned=learned)
    return made.to(pool.device)


def student_loss(
    recipe: SingleRecipe,
    network: LeadAttentionNet,
    drawn: Drawn,
    answers: Answers | None,
    contrast: ContrastiveTransfer | None,
) -> Tensor:
    """Return the loss of a batch, by labels and by what teachers say of it."""
    batch = drawn.batch
    with torch.autocast(batch.x.device.type, torch.bfloat16):
        out, encoded = forward_batch(network, batch)
        waves = network.waves(encoded)
    loss = hard_loss(recipe, out, waves, drawn)
    return loss if answers is None else loss + soft_loss(recipe, out, drawn, answers, contrast)


def rise_and_fall(share: float, warm_up: float) -> float:
    """Return the rate's factor at a share of the training: up to 1 and down to 0, by cosines."""
    if share < warm_up:
        return 0.04 + 0.96 * (1 - cos(pi * share / warm_up)) / 2
    return (1 + cos(pi * (share - warm_up) / (1 - warm_up))) / 2
