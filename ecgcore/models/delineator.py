"""A dense network that says of every sample of one lead: nothing, P, QRS or T.

An encoder and decoder with skip connections (after Ronneberger et al., MICCAI 2015; first on ECG
waves by Moskalenko et al., 2019), lead-agnostic: one lead goes in, the same weights read each.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError

WAVE_LABELS = ("none", "P", "QRS", "T")


class Block(nn.Module):
    """Two convolutions around a shortcut."""

    def __init__(self, width_in: int, width: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        pad = dilation * (kernel // 2)
        self.first = nn.Conv1d(width_in, width, kernel, padding=pad, dilation=dilation, bias=False)
        self.norm1 = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, kernel, padding=pad, dilation=dilation, bias=False)
        self.norm2 = nn.BatchNorm1d(width)
        self.short = nn.Conv1d(width_in, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, width, T) of (B, width_in, T)."""
        h = functional.relu(self.norm1(self.first(x)))
        return functional.relu(self.norm2(self.second(h)) + self.short(x))


class DelineatorNet(nn.Module):
    """One lead in, four logits a sample out.

    Parameters
    ----------
    n_labels : int
        none, P, QRS, T.
    widths : tuple of int
        Channels at each resolution; the finest is half the input's rate, each step halves it.
        Logits are interpolated back: a boundary lies between samples as probabilities cross.
    kernel : int
        Odd.
    dropout : float
        At the coarsest resolution, while training.

    Raises
    ------
    InvalidArgumentError
        If the arguments make no network.
    """

    def __init__(
        self,
        n_labels: int = 4,
        *,
        widths: tuple[int, ...] = (16, 24, 32, 48, 64),
        kernel: int = 9,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if n_labels < 2 or kernel < 1 or kernel % 2 == 0 or len(widths) < 2:
            raise InvalidArgumentError(
                "A delineator needs two labels, two resolutions and an odd kernel; "
                f"it was given {n_labels} labels, {len(widths)} resolutions and kernel {kernel}."
            )
        self.n_labels = n_labels
        self.stride = 2 ** len(widths)
        self.stem = nn.Conv1d(1, widths[0], kernel, stride=2, padding=kernel // 2)
        self.down = nn.ModuleList(
            Block(a, b, kernel) for a, b in zip((widths[0], *widths[:-1]), widths, strict=True)
        )
        # Twice wider reach at the coarsest rate: the beats before and after.
        self.middle = Block(widths[-1], widths[-1], kernel, dilation=2)
        self.drop = nn.Dropout(dropout)
        self.up = nn.ModuleList(
            Block(coarse + fine, fine, kernel)
            for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv1d(widths[0], n_labels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits.

        Parameters
        ----------
        x : Tensor, shape (B, T)
            Standardised samples of one lead each (:func:`ecgcore.models.scaling.standardise`).

        Returns
        -------
        Tensor, shape (B, n_labels, T)

        Raises
        ------
        InvalidArgumentError
            If ``x`` has another number of dimensions or no samples.
        """
        if x.ndim != 2 or x.shape[1] < 1:
            raise InvalidArgumentError(
                f"The input has shape {tuple(x.shape)}; (batch, samples) is needed."
            )
        n = x.shape[1]
        h = self.stem(functional.pad(x, (0, -n % self.stride))[:, None])
        skips = []
        for level, block in enumerate(self.down):
            h = block(functional.max_pool1d(h, 2) if level else h)
            skips.append(h)
        h = self.drop(self.middle(skips.pop()))
        for block in self.up:
            skip = skips.pop()
            h = functional.interpolate(h, scale_factor=2.0, mode="linear")
            h = block(torch.cat([h, skip], dim=1))
        # The stem's samples stand at 0, 2, 4 ...: interpolated between, the last one held.
        h = self.head(h)
        between = (h + torch.cat([h[..., 1:], h[..., -1:]], dim=-1)) / 2
        return torch.stack([h, between], dim=-1).flatten(-2)[..., :n]
