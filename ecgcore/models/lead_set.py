"""One network for any subset of the twelve leads.

Every lead goes through the same small convolutional encoder.  What it finds is mixed by a matrix
of that lead's own (an R wave means one thing in V1 and another in V6), and then pooled over the
leads that are there, by mean and by maximum.  A residual convolutional trunk reads the result
over time.  A lead, or a stretch of a lead, that is absent takes no part at any point.

Because the leads stay apart up to the pooling, a class activation map taken at the encoder's
output shows each lead by itself.
"""

from bisect import bisect_right
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.models.protocol import Attended, Coalitions, Inputs

N_LEADS = len(STANDARD_12)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return ``x`` with zeros where the mask is; None: everything is there."""
    # In the features' own precision: a product with float32 would be float32.
    return x if mask is None else x * mask.to(x.dtype)


def every(mask: Tensor | None, stride: int) -> Tensor | None:
    """Follow a mask through a convolution of odd kernel, half-kernel padding and this stride."""
    return None if mask is None else mask[..., ::stride]


def checked(
    x: Tensor, present: Tensor | None, leads: Tensor | None
) -> tuple[Tensor | None, Tensor]:
    """Return the mask, (B, L, T) or None where all is present, and the lead index.

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit, or a lead index is outside 0 to 11.
    """
    if x.ndim != 3 or not 1 <= x.shape[1] <= N_LEADS or x.shape[2] < 1:
        raise InvalidArgumentError(
            f"The input has shape {tuple(x.shape)}; (batch, 1 to 12 leads, samples) is needed."
        )
    if leads is None:
        leads = torch.arange(x.shape[1])
    if leads.shape not in (x.shape[1:2], x.shape[:2]) or leads.is_floating_point():
        raise InvalidArgumentError(
            f"Lead indices have shape {tuple(leads.shape)}; one integer a lead is needed."
        )
    if int(leads.min()) < 0 or int(leads.max()) >= N_LEADS:
        raise InvalidArgumentError("A lead index is outside 0 to 11.")
    if present is None:
        return None, leads.to(x.device)
    if present.dtype != torch.bool or present.shape not in (x.shape[:2], x.shape):
        raise InvalidArgumentError(
            f"The mask has shape {tuple(present.shape)} and type {present.dtype}; booleans of "
            f"shape {tuple(x.shape[:2])} or {tuple(x.shape)} are needed."
        )
    mask = present if present.ndim == 3 else present[..., None].expand(x.shape)
    return (None if bool(mask.all()) else mask), leads.to(x.device)


class LeadCountNorm(nn.Module):
    """Batch normalisation whose running statistics are kept by the number of leads.

    Features joined from one lead and from twelve differ in size, and a batch holds records of one
    number of leads: statistics learned from all of them together would fit none.
    """

    # 1 or 2 leads, 3 to 5, 6 to 9, 10 to 12.
    bounds = (3, 6, 10)
    momentum = 0.1
    epsilon = 1e-5
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        groups = len(self.bounds) + 1
        self.register_buffer("running_mean", torch.zeros(groups, channels))
        self.register_buffer("running_var", torch.ones(groups, channels))

    def forward(self, x: Tensor, count: Tensor | int) -> Tensor:
        """Normalise (N, C, T); ``count``, one for all or (N,), tells of how many leads they are."""
        if isinstance(count, int):
            return self._normalised(x, bisect_right(self.bounds, count))
        bounds = torch.tensor(self.bounds, device=count.device)
        group = torch.bucketize(count, bounds, right=True)
        if self.training:
            return self._normalised(x, int(group.median()))
        gain = self.weight * (self.running_var[group] + self.epsilon).rsqrt()
        shift = self.bias - self.running_mean[group] * gain
        return x * gain[..., None].to(x.dtype) + shift[..., None].to(x.dtype)

    def _normalised(self, x: Tensor, group: int) -> Tensor:
        return functional.batch_norm(
            x,
            self.running_mean[group],
            self.running_var[group],
            self.weight,
            self.bias,
            training=self.training,
            momentum=self.momentum,
            eps=self.epsilon,
        )


def normed(norm: nn.Module, x: Tensor, count: Tensor | int | None) -> Tensor:
    """Apply a normalisation, with the number of leads if it asks for it."""
    out: Tensor = norm(x) if count is None else norm(x, count)
    return out


class Residual(nn.Module):
    """Two normalised convolutions and a shortcut, (B, C, T) -> (B, C', ceil(T/s))."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        stride: int,
        dropout: float,
        *,
        norm: Callable[[int], nn.Module] = nn.BatchNorm1d,
    ) -> None:
        super().__init__()
        pad = kernel // 2
        self.stride = stride
        self.conv1 = nn.Conv1d(n_in, n_out, kernel, stride, pad, bias=False)
        self.norm1 = norm(n_out)
        self.conv2 = nn.Conv1d(n_out, n_out, kernel, 1, pad, bias=False)
        self.norm2 = norm(n_out)
        self.drop = nn.Dropout(dropout)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.Conv1d(n_in, n_out, 1, stride, bias=False), norm(n_out)
            )

    def forward(self, x: Tensor, mask: Tensor | None, count: Tensor | int | None = None) -> Tensor:
        """``mask`` (B, 1, ceil(T/s)) belongs to the output; absent positions come out as zero."""
        h = masked(functional.relu(normed(self.norm1, self.conv1(x), count)), mask)
        h = normed(self.norm2, self.conv2(self.drop(h)), count)
        short = x
        if isinstance(self.shortcut, nn.Sequential):
            short = normed(self.shortcut[1], self.shortcut[0](x), count)
        return masked(functional.relu(h + short), mask)


class LeadEncoder(nn.Module):
    """The encoder that all leads share, (N, 1, T) -> (N, C, ceil(T/4)); N counts leads."""

    stride = 4

    def __init__(
        self,
        widths: tuple[int, int],
        kernel: int,
        *,
        norm: Callable[[int], nn.Module] = nn.BatchNorm1d,
    ) -> None:
        super().__init__()
        first, second = widths
        self.conv1 = nn.Conv1d(1, first, 15, 2, 7, bias=False)
        self.norm1 = norm(first)
        self.conv2 = nn.Conv1d(first, second, kernel, 2, kernel // 2, bias=False)
        self.norm2 = norm(second)
        self.conv3 = nn.Conv1d(second, second, 5, 1, 2, bias=False)
        self.norm3 = norm(second)

    def forward(self, x: Tensor, mask: Tensor | None, count: Tensor | int | None = None) -> Tensor:
        """``mask`` (N, 1, T) of the input's samples, or None where all are present."""
        half, quarter = every(mask, 2), every(mask, 4)
        h = masked(functional.relu(normed(self.norm1, self.conv1(masked(x, mask)), count)), half)
        h = masked(functional.relu(normed(self.norm2, self.conv2(h), count)), quarter)
        return masked(functional.relu(h + normed(self.norm3, self.conv3(h), count)), quarter)


class LeadSetNet(nn.Module):
    """Classifier of any subset of the twelve leads and any length.

    Parameters
    ----------
    n_labels : int
    encoder : tuple of two ints
        Channels of the shared lead encoder.
    mixed : int
        Channels after the lead's own matrix.
    trunk : tuple of int
        Channels of the trunk's stages; each halves the time resolution.
    kernel : int
        Odd; of the encoder's second convolution and of the trunk.
    dropout : float
        Before the last layer; a fifth of it inside the trunk.

    Notes
    -----
    The design follows the shared-encoder idea of permutation-invariant set networks (Zaheer et
    al., Deep Sets, 2017) with residual convolutions as in Strodthoff et al., IEEE JBHI 2021.
    """

    inputs = Inputs()
    sides = ("features",)

    def __init__(
        self,
        *,
        n_labels: int = 9,
        encoder: tuple[int, int] = (32, 64),
        mixed: int = 96,
        trunk: tuple[int, ...] = (128, 256),
        kernel: int = 7,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if n_labels < 1 or kernel < 1 or kernel % 2 == 0 or not trunk:
            raise InvalidArgumentError(
                "A lead-set network needs a label, a trunk stage and an odd kernel; "
                f"it was given {n_labels} labels, {len(trunk)} stages and kernel {kernel}."
            )
        self.n_labels = n_labels
        self.encoder = LeadEncoder(encoder, kernel)
        self.mix = nn.Parameter(torch.empty(N_LEADS, encoder[1], mixed))
        nn.init.normal_(self.mix, std=encoder[1] ** -0.5)
        self.pooled_norm = nn.BatchNorm1d(2 * mixed)
        blocks, width = [], 2 * mixed
        for channels in trunk:
            blocks.append(Residual(width, channels, kernel, 2, dropout / 5))
            blocks.append(Residual(channels, channels, kernel, 1, dropout / 5))
            width = channels
        self.trunk = nn.ModuleList(blocks)
        self._strides = tuple(block.stride for block in blocks)
        self.attention = nn.Conv1d(width, 1, 1)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, n_labels)

    @property
    def gradcam_layer(self) -> nn.Module:
        """The layer whose output, (B * L, C, ceil(T / 4)), Grad-CAM is taken at.

        Row ``b * L + l`` is lead ``l`` of record ``b``; step ``t`` stands at sample ``4 * t``.
        """
        return self.encoder

    @property
    def gradcam_stride(self) -> int:
        """Samples of the input for one step of :attr:`gradcam_layer`."""
        return self.encoder.stride

    def forward(
        self, x: Tensor, present: Tensor | None = None, leads: Tensor | None = None
    ) -> Tensor:
        """Return logits.

        Parameters
        ----------
        x : Tensor, shape (B, L, T)
            Standardised samples (see :func:`ecgcore.models.scaling.standardise`), finite.
        present : Tensor of bool, shape (B, L) or (B, L, T), optional
            Which leads, or which samples of which leads, exist.  What stands in ``x`` elsewhere
            has no influence.  Default: all.
        leads : Tensor of int64, shape (L,) or (B, L), optional
            Index of each row of ``x`` in the standard order I, II, III, aVR, aVL, aVF, V1 to V6.
            Default: ``0 .. L-1``.

        Returns
        -------
        Tensor, shape (B, n_labels)

        Raises
        ------
        InvalidArgumentError
            If the shapes do not fit, or a lead index is outside 0 to 11.
        """
        return self.answers(x, present, leads)["logits"]

    def answers(
        self, x: Tensor, present: Tensor | None = None, leads: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return the logits, and what the last layer takes as ``features``; as :meth:`forward`."""
        mask, index = checked(x, present, leads)
        steps = None if mask is None else mask[..., :: self.encoder.stride]
        pooled, time_mask = self._pool_leads(self.mixed(self.encode(x, mask), index), steps)
        features = self._pool_time(*self._trunk(pooled, time_mask))
        return {"logits": self.head(self.drop(features)), "features": features}

    def encode(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return each lead's features, (B, L, T) -> (B, L, C, ceil(T / 4))."""
        batch, n_leads, n_samples = x.shape
        folded = None
        if mask is not None:
            # 0 * NaN is NaN: what is absent is overwritten, not multiplied.
            x = torch.where(mask, x, torch.zeros((), dtype=x.dtype))
            folded = mask.reshape(batch * n_leads, 1, n_samples).to(x.dtype)
        encoded = self.encoder(x.reshape(batch * n_leads, 1, n_samples), folded)
        return encoded.view(batch, n_leads, *encoded.shape[1:])

    def mixed(self, encoded: Tensor, index: Tensor) -> Tensor:
        """Apply each lead's own matrix, (B, L, C, T') -> (B, L, mixed, T')."""
        equation = "blct,lcd->bldt" if index.ndim == 1 else "blct,blcd->bldt"
        return torch.einsum(equation, encoded, self.mix[index])

    def read(self, pooled: Tensor, time_mask: Tensor | None) -> Tensor:
        """Return logits of what the leads gave together, (B, 2 * mixed, T')."""
        return self.head(self.drop(self._pool_time(*self._trunk(pooled, time_mask))))

    def time_weights(self, x: Tensor, present: Tensor, leads: Tensor) -> Tensor:
        """Return where in time the network looks, shape (B, T''), 1 in sum; as :meth:`forward`."""
        mask, index = checked(x, present, leads)
        steps = None if mask is None else mask[..., :: self.encoder.stride]
        pooled = self._pool_leads(self.mixed(self.encode(x, mask), index), steps)
        return self._weights(*self._trunk(*pooled))[:, 0]

    def attended(
        self, x: Tensor, present: Tensor, leads: Tensor, *, output: int, scale: Tensor | None = None
    ) -> Attended:
        """Return what one input (1, L, T) makes it attend to: the same for every output."""
        weight = self.time_weights(x, present, leads)[0]
        steps = present[0, :, :: self.encoder.stride].float()
        return Attended(weight, (), steps / steps.sum(dim=0).clamp(min=1), 2**self.halvings)

    def coalitions(
        self, x: Tensor, present: Tensor, leads: Tensor, scale: Tensor | None = None
    ) -> Coalitions:
        """Return this network on one input (1, L, T), quick for any subset of its leads."""
        return LeadSetCoalitions(self, x, present, leads)

    @property
    def halvings(self) -> int:
        """How often the trunk halves the encoder's time resolution."""
        return sum(stride == 2 for stride in self._strides)

    def _trunk(self, pooled: Tensor, time_mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        h = masked(self.pooled_norm(pooled), time_mask)
        for stride, block in zip(self._strides, self.trunk, strict=True):
            time_mask = every(time_mask, stride)
            h = block(h, time_mask)
        return h, time_mask

    def _pool_leads(self, mixed: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """(B, L, mixed, T') -> (B, 2 * mixed, T') and which steps hold any lead, (B, 1, T')."""
        if mask is None:
            return torch.cat([mixed.mean(dim=1), mixed.amax(dim=1)], dim=1), None
        steps = mask.unsqueeze(2)
        count = steps.sum(dim=1)
        mean = (mixed * steps).sum(dim=1) / count.clamp(min=1)
        top = mixed.masked_fill(~steps, float("-inf")).amax(dim=1)
        top = torch.where(count > 0, top, torch.zeros((), dtype=top.dtype))
        return torch.cat([mean.to(top.dtype), top], dim=1), (count > 0).to(top.dtype)

    def _pool_time(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, T') -> (B, 2 C): attention-weighted mean, and maximum."""
        weight = self._weights(h, mask).to(h.dtype)
        # The maximum needs no mask: absent steps are zero, and no step is below zero (ReLU).
        return torch.cat([(h * weight).sum(dim=-1), h.amax(dim=-1)], dim=1)

    def _weights(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, T') -> attention over time, (B, 1, T')."""
        score = self.attention(h).float()
        if mask is not None:
            # A record with nothing present keeps finite scores: its answer is finite, not used.
            score = score.masked_fill(mask == 0, -1e4)
        return torch.softmax(score, dim=-1)


class LeadSetCoalitions:
    """:class:`LeadSetNet` on one input: mean and maximum over the leads that are there."""

    def __init__(self, network: LeadSetNet, x: Tensor, present: Tensor, leads: Tensor) -> None:
        self.network, self.present, self.leads = network, present, leads
        mixed = network.mixed(network.encode(x, present), leads)[0]
        self.steps = present[0, :, :: network.encoder.stride]
        self.mixed = mixed * self.steps[:, None]
        self.top = mixed.masked_fill(~self.steps[:, None], float("-inf"))

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits of coalitions."""
        count = keep.float() @ self.steps.float()
        total = (keep.to(self.mixed.dtype) @ self.mixed.flatten(1)).unflatten(
            1, self.mixed.shape[1:]
        )
        return self._read(total, highest(keep, self.top), count)

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits with other samples in one lead."""
        n = len(samples)
        own = self.present[:, row : row + 1].expand(n, -1, -1)
        encoded = self.network.encode(samples[:, None], own)
        mixed = self.network.mixed(encoded, self.leads[row : row + 1])[:, 0]
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


def highest(keep: Tensor, values: Tensor) -> Tensor:
    """Return the maximum over each coalition's leads of values (L, ...), shape (N, ...)."""
    return torch.stack([values[held].amax(dim=0) for held in keep])
