"""Losses that leave out what a record cannot tell."""

import torch
from torch import Tensor
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError


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
