"""What a network says of any subset of the leads it was given, exactly, and cheaply.

A lead that is left out is absent through the mask, as the network was trained to see it.  For the
networks that encode each lead by itself, the leads are encoded once and only their joining and what
follows it is repeated.  LeadAttentionNet's normalisation keeps statistics by the number of leads (1
or 2, 3 to 5, 6 to 9, 10 to 12): its leads are encoded once for each of these groups.  Means and
attention over leads are sums over leads, so all coalitions' come from one matrix product.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.explain.case import Case
from ecgcore.models import LeadAttentionNet, LeadSetNet
from ecgcore.models.lead_set import LeadCountNorm
from ecgcore.turns import pause

AT_ONCE = 128
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Game(Protocol):
    """A case's network as a function of which leads are there, or of one lead's samples."""

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits (N, n_labels) of coalitions (N, L); each must hold a lead."""

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits (N, n_labels) with other samples (N, T) in one lead."""


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


def game_of(case: Case) -> Game:
    """Return the fastest exact way to ask a case's network; the plain one for any other network."""
    make = next((make for kind, make in _GAMES.items() if isinstance(case.inner, kind)), Plain)
    return make(case)


class Plain:
    """Any network: each coalition goes through all of it."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits of coalitions."""
        case = self.case
        x = case.x.expand(len(keep), -1, -1)
        out: Tensor = case.network(x, case.present & keep[..., None], case.index)
        return out

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits with other samples in one lead."""
        x = self.case.x.repeat(len(samples), 1, 1)
        x[:, row] = samples
        return self.case.forward(x)


class LeadSetGame:
    """LeadSetNet: mean and maximum over the leads that are there."""

    def __init__(self, case: Case) -> None:
        network = case.inner
        if not isinstance(network, LeadSetNet):
            raise TypeError(type(network).__name__)
        self.network, self.case = network, case
        mixed = network.mixed(network.encode(case.x, case.present), case.index)[0]
        self.steps = case.present[0, :, :: network.encoder.stride]
        self.mixed = mixed * self.steps[:, None]
        self.top = mixed.masked_fill(~self.steps[:, None], float("-inf"))

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits of coalitions."""
        count = keep.float() @ self.steps.float()
        total = (keep.to(self.mixed.dtype) @ self.mixed.flatten(1)).unflatten(
            1, self.mixed.shape[1:]
        )
        return self._read(total, _highest(keep, self.top), count)

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits with other samples in one lead."""
        n, case = len(samples), self.case
        own = case.present[:, row : row + 1].expand(n, -1, -1)
        encoded = self.network.encode(samples[:, None], own)
        mixed = self.network.mixed(encoded, case.index[row : row + 1])[:, 0]
        others = torch.arange(len(self.mixed), device=mixed.device) != row
        total = self.mixed[others].sum(dim=0) + mixed * self.steps[row]
        top = mixed.masked_fill(~self.steps[row], float("-inf"))
        if bool(others.any()):
            top = torch.maximum(self.top[others].amax(dim=0), top)
        count = self.steps.float().sum(dim=0, keepdim=True).expand(n, -1)
        return self._read(total, top, count)

    def _read(self, total: Tensor, top: Tensor, count: Tensor) -> Tensor:
        there = count[:, None] > 0
        top = torch.where(there, top, torch.zeros((), dtype=top.dtype))
        pooled = torch.cat([total / count.clamp(min=1)[:, None], top], dim=1)
        return self.network.read(pooled, None if bool(there.all()) else there.to(pooled.dtype))


class LeadAttentionGame:
    """LeadAttentionNet: attention and maximum over the leads that are there."""

    def __init__(self, case: Case) -> None:
        network = case.inner
        if not isinstance(network, LeadAttentionNet):
            raise TypeError(type(network).__name__)
        self.network, self.case = network, case
        self.steps = case.present[0, :, :: network.encoder.stride]
        self.samples_there = case.present[0].any(dim=1)
        self.steps_there = self.steps.any(dim=1)
        self._encoded: dict[int, tuple[Tensor, Tensor, Tensor]] = {}

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits of coalitions."""
        count = (keep & self.samples_there).sum(dim=1)
        group = _groups(count)
        out = torch.empty(len(keep), self.network.n_labels, device=keep.device)
        for number in group.unique().tolist():
            pause()
            chosen = group == number
            out[chosen] = self._of_group(keep[chosen], int(count[chosen][0]))
        return out

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits with other samples in one lead."""
        n, case = len(samples), self.case
        count = int(self.samples_there.sum())
        rest, rest_weight, rest_top = self._group(count)
        own = case.present[:, row : row + 1].expand(n, -1, -1)
        weighted, weight, top = self._features(samples[:, None], own, [row], count)
        others = torch.arange(len(rest), device=rest.device) != row
        total, norm = rest[others].sum(dim=0) + weighted, rest_weight[others].sum(dim=0) + weight
        if bool(others.any()):
            top = torch.maximum(rest_top[others].amax(dim=0), top)
        there = self.steps.any(dim=0)[None, None].expand(n, -1, -1)
        return self._read(total, norm, top, there, self.steps_there.sum().repeat(n))

    def _of_group(self, keep: Tensor, count: int) -> Tensor:
        weighted, weight, top = self._group(count)
        held = keep.to(weighted.dtype)
        total = (held @ weighted.flatten(1)).unflatten(1, weighted.shape[1:])
        norm = (held @ weight.flatten(1)).unflatten(1, weight.shape[1:])
        there = (keep.float() @ self.steps.float())[:, None] > 0
        highest = _highest(keep, top)
        return self._read(total, norm, highest, there, (keep & self.steps_there).sum(dim=1))

    def _read(
        self, total: Tensor, norm: Tensor, top: Tensor, there: Tensor, count: Tensor
    ) -> Tensor:
        mean = (total / norm.clamp(min=1e-30)[..., None]).flatten(-2)
        pooled = torch.cat([mean, top], dim=-1).transpose(1, 2)
        mask = None if bool(there.all()) else there.to(pooled.dtype)
        # One number for all, where they share their statistics, is normalised in one step.
        groups = _groups(count).unique()
        number = int(count[0]) if len(groups) == 1 else count
        return self.network.read_statements(pooled, mask, number)

    def _group(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features (L, ...) of all leads, as so many leads' statistics make them."""
        group = int(_groups(torch.tensor(count)))
        if group not in self._encoded:
            case = self.case
            rows = list(range(case.x.shape[1]))
            x, own = case.x[0, :, None], case.present[0, :, None]
            parts = [self._features(x[r : r + 1], own[r : r + 1], [r], count) for r in rows]
            joined = [torch.cat(part) for part in zip(*parts, strict=True)]
            self._encoded[group] = (joined[0], joined[1], joined[2])
        return self._encoded[group]

    def _features(
        self, x: Tensor, present: Tensor, rows: list[int], count: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return weighted features (N, T', heads, d), their weights, and features for the top.

        ``x`` and ``present`` (N, 1, T) are variants of one lead.
        """
        network, case = self.network, self.case
        n = len(x)
        encoded = network.encoder(x, present.to(x.dtype), torch.full((n,), count, device=x.device))
        scale = case.scale
        if scale is None:
            scale = torch.full((1, case.x.shape[1]), torch.nan, device=x.device)
        mixed = network.mixer.mix(encoded[:, None], case.index[rows], scale[:, rows].expand(n, -1))
        mixed, steps = mixed[:, 0], present[:, 0, :: network.encoder.stride, None]
        # Scores are sums of 32 products with a tanh: far from where float32 overflows.
        weight = torch.exp(network.mixer.score(mixed).float().clamp(-60, 60)) * steps
        weighted = mixed.unflatten(-1, (network.mixer.heads, -1)) * weight[..., None]
        return weighted, weight, mixed.masked_fill(~steps, -1e4)


def _groups(count: Tensor) -> Tensor:
    """Return which statistics records of so many leads are normalised with."""
    bounds = torch.tensor(LeadCountNorm.bounds, device=count.device)
    return torch.bucketize(count.contiguous(), bounds, right=True)


def _highest(keep: Tensor, values: Tensor) -> Tensor:
    """Return the maximum over each coalition's leads of values (L, ...), shape (N, ...)."""
    return torch.stack([values[held].amax(dim=0) for held in keep])


_GAMES: dict[type[nn.Module], Callable[[Case], Game]] = {
    LeadSetNet: LeadSetGame,
    LeadAttentionNet: LeadAttentionGame,
}
