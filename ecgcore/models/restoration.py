"""Masked restoration of any lead set, at several scales, with its uncertainty.

Every lead is read by the same layers at three resolutions; at each of them the leads that are
there tell one another what they found (mean and maximum over leads), and at the coarsest one
attention over time sees the whole stretch.  On the way back every sample of every lead gets three
numbers: what should stand there, how sure that is, and how unusual what is there looks.  Two more
answers belong to the whole: seven attributes of the person and the beat (age, sex, heart rate, PR,
QRS, QT, QTc), so that the features must account for them, and whether anything is unusual at all.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.lead_attention import TimeAttention
from ecgcore.models.lead_set import N_LEADS, checked

ATTRIBUTES = ("age", "sex", "heart_rate", "pr", "qrs", "qt", "qtc")
# The logarithm of the variance is kept within these; inputs have a variance of 1.
_LOG_VAR = (-7.0, 3.0)


@dataclass(frozen=True)
class Restored:
    """What the network makes of a batch.

    Attributes
    ----------
    mean, log_var, unusual : Tensors, shape (B, L, T)
        The restored trace in standard deviations of the lead, the logarithm of its variance, and
        a logit that what stands there is unusual.
    attributes : Tensor, shape (B, 7)
        In the order of ``ATTRIBUTES``, each in standard deviations of the normals.
    record : Tensor, shape (B,)
        A logit that anything in the stretch is unusual.
    features : Tensor, shape (B, 2 * width)
        Mean and maximum of the coarsest features over time and leads.
    """

    mean: Tensor
    log_var: Tensor
    unusual: Tensor
    attributes: Tensor
    record: Tensor
    features: Tensor


class _ChannelNorm(nn.Module):
    """Normalise over channels at each step, so that padding and other records change nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T) -> (N, C, T)."""
        centred = x - x.mean(dim=1, keepdim=True)
        spread = centred.square().mean(dim=1, keepdim=True).add(1e-4).rsqrt()
        return centred * spread * self.weight + self.bias


class _Block(nn.Module):
    """A depth-wise convolution and a perceptron over channels, with a shortcut."""

    def __init__(self, channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        pad = dilation * (kernel // 2)
        self.depth = nn.Conv1d(
            channels, channels, kernel, padding=pad, dilation=dilation, groups=channels
        )
        self.norm = _ChannelNorm(channels)
        self.wide = nn.Conv1d(channels, 2 * channels, 1)
        self.narrow = nn.Conv1d(2 * channels, channels, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``mask`` (N, 1, T); absent steps come out as zero."""
        h = self.narrow(functional.gelu(self.wide(self.norm(self.depth(x)))))
        return (x + h) * mask


class _LeadExchange(nn.Module):
    """Tell every lead the mean and the maximum of what all leads found."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _ChannelNorm(channels)
        self.give = nn.Conv1d(channels, channels, 1)
        self.take = nn.Conv1d(2 * channels, channels, 1)
        nn.init.zeros_(self.take.weight)

    def forward(self, x: Tensor, mask: Tensor, n_leads: int) -> Tensor:
        """(B * L, C, T) with ``mask`` (B * L, 1, T)."""
        given = self.give(self.norm(x)).unflatten(0, (-1, n_leads))
        there = mask.unflatten(0, (-1, n_leads))
        count = there.sum(dim=1).clamp(min=1)
        mean = (given * there).sum(dim=1) / count
        top = given.masked_fill(there == 0, -1e4).amax(dim=1) * (there.amax(dim=1) > 0)
        told = self.take(torch.cat([mean, top.to(mean.dtype)], dim=1))
        return (x + told.repeat_interleave(n_leads, dim=0)) * mask


class _Stage(nn.Module):
    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(channels, kernel, d) for d in dilations)
        self.exchange = _LeadExchange(channels)

    def forward(self, x: Tensor, mask: Tensor, n_leads: int) -> Tensor:
        for block in self.blocks:
            x = block(x, mask)
        return self.exchange(x, mask, n_leads)


class RestorationNet(nn.Module):
    """Restorer of any subset of the twelve leads and any length.

    Parameters
    ----------
    widths : tuple of three ints
        Channels at a quarter, an eighth and a sixteenth of the sampling rate.
    layers : int
        Of attention over time at the coarsest.
    heads, kernel : int
    dropout : float

    Notes
    -----
    Sources of the parts: masked restoration with uncertainty (Jiang et al., arXiv 2308.01639 and
    2404.04935), set networks (Zaheer et al., 2017), depth-wise blocks (Liu et al., ConvNeXt, CVPR
    2022), a head that tells corruptions from normal samples (Zavrtanik et al., DRAEM, ICCV 2021).
    """

    n_labels = 1
    stride = 16

    def __init__(
        self,
        *,
        widths: tuple[int, int, int] = (48, 96, 160),
        layers: int = 2,
        heads: int = 4,
        kernel: int = 9,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if len(widths) != 3 or min(widths) < 1 or kernel % 2 == 0 or widths[2] % heads:
            raise InvalidArgumentError(
                "A restoration network needs three widths, an odd kernel and heads that divide "
                f"the last width; it was given {widths}, kernel {kernel} and {heads} heads."
            )
        fine, middle, coarse = widths
        self.stem = nn.Conv1d(3, fine, 15, 4, 7)
        self.lead = nn.Parameter(torch.zeros(N_LEADS, fine))
        self.voltage = nn.Linear(2, fine)
        self.fine = _Stage(fine, kernel, (1, 2))
        self.to_middle = nn.Conv1d(fine, middle, 4, 2, 1)
        self.middle = _Stage(middle, kernel, (1, 2))
        self.to_coarse = nn.Conv1d(middle, coarse, 4, 2, 1)
        self.coarse = _Stage(coarse, kernel, (1, 2, 4))
        self.time = nn.ModuleList(TimeAttention(coarse, heads, dropout) for _ in range(layers))
        self.after = _LeadExchange(coarse)
        self.up_middle = nn.Conv1d(coarse + middle, middle, 1)
        self.middle_again = _Stage(middle, kernel, (1, 2))
        self.up_fine = nn.Conv1d(middle + fine, fine, 1)
        self.fine_again = _Stage(fine, kernel, (1, 2))
        # The samples themselves come in once more: a stride of 4 is coarser than a QRS onset.
        self.sharp = nn.Conv1d(3, 16, 9, padding=4)
        self.spread = nn.Conv1d(fine, 32 * 4, 1)
        self.out = nn.Sequential(
            nn.Conv1d(48, 48, 7, padding=3), nn.GELU(), nn.Conv1d(48, 3, 7, padding=3)
        )
        self.norm = nn.LayerNorm(2 * coarse)
        self.whole = nn.Sequential(
            nn.Linear(2 * coarse, 128), nn.GELU(), nn.Linear(128, len(ATTRIBUTES) + 1)
        )
        self.width = coarse

    def forward(
        self,
        x: Tensor,
        present: Tensor | None = None,
        leads: Tensor | None = None,
        scale: Tensor | None = None,
        visible: Tensor | None = None,
    ) -> Restored:
        """Restore what is hidden.

        Parameters
        ----------
        x : Tensor, shape (B, L, T)
            Standardised samples (see :func:`ecgcore.models.scaling.standardise`), finite.
        present : Tensor of bool, shape (B, L) or (B, L, T), optional
            Which samples exist; elsewhere ``x`` has no influence.  Default: all.
        leads : Tensor of int64, shape (L,) or (B, L), optional
            Index in the standard order.  Default: ``0 .. L-1``.
        scale : Tensor, shape (B, L), optional
            As :func:`ecgcore.models.scaling.voltage_scale`; NaN where the voltage is lost.
        visible : Tensor of bool, shape (B, 1, T) or (B, L, T), optional
            Samples that the network may see.  Default: all that are present.

        Raises
        ------
        InvalidArgumentError
            If the shapes do not fit, or a lead index is outside 0 to 11.
        """
        mask, index = checked(x, present, leads)
        batch, n_leads, n = x.shape
        there = torch.ones_like(x, dtype=torch.bool) if mask is None else mask
        seen = there if visible is None else there & visible
        shown = torch.stack([torch.where(seen, x, 0.0), seen.to(x.dtype), there.to(x.dtype)], dim=2)
        pad = -n % self.stride
        shown = functional.pad(shown, (0, pad)).flatten(0, 1)
        masks = self._masks(functional.pad(there, (0, pad)).flatten(0, 1)[:, None], x.dtype)
        h = self.stem(shown) + self._identity(index, scale, batch, n_leads).to(x.dtype)
        fine = self.fine(h * masks[0], masks[0], n_leads)
        middle = self.middle(self.to_middle(fine) * masks[1], masks[1], n_leads)
        coarse = self.coarse(self.to_coarse(middle) * masks[2], masks[2], n_leads)
        coarse = self._over_time(coarse, masks[2])
        coarse = self.after(coarse, masks[2], n_leads)
        features = self._features(coarse, masks[2], n_leads)
        h = self.up_middle(torch.cat([_doubled(coarse), middle], dim=1)) * masks[1]
        h = self.middle_again(h, masks[1], n_leads)
        h = self.up_fine(torch.cat([_doubled(h), fine], dim=1)) * masks[0]
        h = self.fine_again(h, masks[0], n_leads)
        dense = self.spread(h).unflatten(1, (32, 4)).transpose(2, 3).flatten(2)
        dense = torch.cat([functional.gelu(dense), functional.gelu(self.sharp(shown))], dim=1)
        out = self.out(dense)[..., :n].float().unflatten(0, (batch, n_leads))
        whole = self.whole(self.norm(features.float()))
        return Restored(
            mean=out[:, :, 0],
            log_var=out[:, :, 1].clamp(*_LOG_VAR),
            unusual=out[:, :, 2],
            attributes=whole[:, :-1].float(),
            record=whole[:, -1].float(),
            features=features.float(),
        )

    def _masks(self, there: Tensor, kind: torch.dtype) -> list[Tensor]:
        """Return which steps of each resolution hold any sample, (N, 1, T / stride)."""
        value = there.to(kind)
        return [functional.max_pool1d(value, size) for size in (4, 8, 16)]

    def _identity(self, index: Tensor, scale: Tensor | None, batch: int, n_leads: int) -> Tensor:
        if index.ndim == 1:
            index = index.expand(batch, n_leads)
        if scale is None:
            scale = torch.full((batch, n_leads), math.nan, device=index.device)
        known = torch.isfinite(scale)
        size = torch.where(known, scale, torch.zeros_like(scale))
        told = self.voltage(torch.stack([size, known.to(size.dtype)], dim=-1))
        return (self.lead[index] + told).flatten(0, 1)[..., None]

    def _over_time(self, coarse: Tensor, mask: Tensor) -> Tensor:
        h, there = coarse.transpose(1, 2), mask[:, 0] > 0
        for layer in self.time:
            h = layer(h, there)
        return h.transpose(1, 2) * mask

    def _features(self, coarse: Tensor, mask: Tensor, n_leads: int) -> Tensor:
        count = mask.sum(dim=2).clamp(min=1)
        mean = (coarse.sum(dim=2) / count).unflatten(0, (-1, n_leads))
        top = coarse.masked_fill(mask == 0, -1e4).amax(dim=2).clamp(min=-1e2)
        here = (mask.amax(dim=2) > 0).unflatten(0, (-1, n_leads)).to(mean.dtype)
        n_here = here.sum(dim=1).clamp(min=1)
        best = top.unflatten(0, (-1, n_leads)) * here
        return torch.cat([(mean * here).sum(dim=1) / n_here, best.sum(dim=1) / n_here], dim=1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="linear", align_corners=False)
