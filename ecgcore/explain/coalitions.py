"""What a network says of any subset of the leads it was given, exactly.

A lead that is left out is absent through the mask, as the network was trained to see it.  A network
that offers ``coalitions`` (:mod:`ecgcore.models.protocol`) encodes each lead once; any other is
asked anew about each subset.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.explain.case import Case
from ecgcore.models.protocol import Coalitions
from ecgcore.turns import pause

AT_ONCE = 128
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def coalition_logits(case: Case, keep: Mask) -> Array:
    """Return the explained logit of coalitions of leads.

    Parameters
    ----------
    case : Case
    keep : array of bool, shape (N, L)
        Which rows of the input each coalition holds; at least one.

    Returns
    -------
    array, shape (N,)
        As the network with the other leads masked gives them, to rounding.
    """
    with torch.inference_mode():
        game = game_of(case)
        parts = []
        for start in range(0, len(keep), AT_ONCE):
            pause()
            some = torch.from_numpy(keep[start : start + AT_ONCE])
            parts.append(game.logits(some.to(case.x.device)))
    out = torch.cat(parts)[:, case.output].double()
    return np.asarray(out.cpu().numpy(), dtype=np.float64)


def game_of(case: Case) -> Coalitions:
    """Return the fastest exact way to ask a case's network."""
    make = getattr(case.network, "coalitions", None)
    if make is None:
        return Plain(case)
    found: Coalitions = make(case.x, case.present, case.index, case.scale)
    return found


class Plain:
    """Any network: each coalition goes through all of it."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits of coalitions."""
        case = self.case
        x = case.x.expand(len(keep), -1, -1)
        return case.run(x, case.present & keep[..., None])

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits with other samples in one lead."""
        x = self.case.x.repeat(len(samples), 1, 1)
        x[:, row] = samples
        return self.case.forward(x)
