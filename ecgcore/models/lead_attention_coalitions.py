"""What a LeadAttentionNet says of any subset of the leads it was given, exactly, and cheaply.

Its normalisation keeps statistics by the number of leads (1 or 2, 3 to 5, 6 to 9, 10 to 12): its
leads are encoded once for each of these groups.  Means and attention over leads are sums over
leads, so all coalitions' come from one matrix product.
"""

from typing import Any

import torch
from torch import Tensor

from ecgcore.models.lead_set import LeadCountNorm, highest
from ecgcore.turns import pause


class LeadAttentionCoalitions:
    """LeadAttentionNet on one input: attention and maximum over the leads that are there."""

    def __init__(
        self,
        network: Any,
        x: Tensor,
        present: Tensor,
        leads: Tensor,
        scale: Tensor | None,
    ) -> None:
        self.network, self.x, self.present, self.leads = network, x, present, leads
        self.scale = torch.full((1, x.shape[1]), torch.nan, device=x.device)
        self.scale = self.scale if scale is None else scale
        self.steps = present[0, :, :: network.encoder.stride]
        self.samples_there = present[0].any(dim=1)
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
        n = len(samples)
        count = int(self.samples_there.sum())
        rest, rest_weight, rest_top = self._group(count)
        own = self.present[:, row : row + 1].expand(n, -1, -1)
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
        top = highest(keep, top)
        return self._read(total, norm, top, there, (keep & self.steps_there).sum(dim=1))

    def _read(
        self, total: Tensor, norm: Tensor, top: Tensor, there: Tensor, count: Tensor
    ) -> Tensor:
        mean = (total / norm.clamp(min=1e-30)[..., None]).flatten(-2)
        pooled = torch.cat([mean, top], dim=-1).transpose(1, 2)
        mask = None if bool(there.all()) else there.to(pooled.dtype)
        # One number for all, where they share their statistics, is normalised in one step.
        groups = _groups(count).unique()
        number = int(count[0]) if len(groups) == 1 else count
        found: Tensor = self.network.read_statements(pooled, mask, number)
        return found

    def _group(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the features (L, ...) of all leads, as so many leads' statistics make them."""
        group = int(_groups(torch.tensor(count)))
        if group not in self._encoded:
            rows = list(range(self.x.shape[1]))
            x, own = self.x[0, :, None], self.present[0, :, None]
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
        network, n = self.network, len(x)
        encoded = network.encoder(x, present.to(x.dtype), torch.full((n,), count, device=x.device))
        scale = self.scale[:, rows].expand(n, -1)
        mixed = network.mixer.mix(encoded[:, None], self.leads[rows], scale)
        mixed, steps = mixed[:, 0], present[:, 0, :: network.encoder.stride, None]
        # Scores are sums of 32 products with a tanh: far from where float32 overflows.
        weight = torch.exp(network.mixer.score(mixed).float().clamp(-60, 60)) * steps
        weighted = mixed.unflatten(-1, (network.mixer.heads, -1)) * weight[..., None]
        return weighted, weight, mixed.masked_fill(~steps, -1e4)


def _groups(count: Tensor) -> Tensor:
    """Return which statistics records of so many leads are normalised with."""
    bounds = torch.tensor(LeadCountNorm.bounds, device=count.device)
    return torch.bucketize(count.contiguous(), bounds, right=True)
