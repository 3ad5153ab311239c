"""Losses that leave out unknown targets."""

import torch
from torch import Tensor
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.lead_attention import SPREAD_S, USUAL_S


def masked_bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean binary cross-entropy over the known targets.

    Parameters
    ----------
    logits : Tensor, shape (B, n_labels)
    targets : Tensor, shape (B, n_labels)
        From 0 to 1; NaN where the record cannot tell, and then without influence.

    Returns
    -------
    Tensor, scalar
        Zero (with zero gradient) if nothing is known.

    Raises
    ------
    InvalidArgumentError
        If the shapes differ.
    """
    if logits.shape != targets.shape:
        raise InvalidArgumentError(
            f"Logits have shape {tuple(logits.shape)}, targets {tuple(targets.shape)}; "
            "they must be the same."
        )
    known = ~torch.isnan(targets)
    filled = torch.where(known, targets, torch.zeros_like(targets))
    each = functional.binary_cross_entropy_with_logits(logits, filled, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


def class_loss(
    logits: Tensor, target: Tensor, unknown: int, weight: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy over what is known, (B, C, ...) against (B, ...); zero if nothing.

    The mean is weighted by class, as ``torch.nn.functional.cross_entropy`` does.
    """
    known = target != unknown
    classes = torch.where(known, target, 0)
    each = functional.cross_entropy(logits.float(), classes, weight=weight, reduction="none")
    share = known.float() if weight is None else weight[classes] * known
    return (each * known).sum() / share.sum().clamp(min=1)


def interval_loss(found: Tensor, seconds: Tensor) -> Tensor:
    """Return the smooth loss of intervals (B, 4) in seconds, over what is known."""
    usual, spread = (torch.tensor(v, device=found.device) for v in (USUAL_S, SPREAD_S))
    target = ((seconds - usual) / spread).clamp(-5, 5)
    known = torch.isfinite(target)
    each = functional.smooth_l1_loss(found, torch.where(known, target, 0.0), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)
