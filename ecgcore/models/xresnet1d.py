"""The 1-D xresnet of MVKT-ECG, layer by layer: the published teacher and student.

Source: Qin et al., "MVKT-ECG: Efficient single-lead ECG classification for multi-label arrhythmia
by multi-view knowledge transferring", Comput Biol Med 168:107503 (2023), arXiv 2301.12178; the
tricks of the residual network are those of He et al., "Bag of tricks", CVPR 2019.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.protocol import Inputs, place_leads

# Depth -> blocks of each stage, expansion of a block.
DEPTHS: dict[int, tuple[tuple[int, int, int, int], int]] = {
    18: ((2, 2, 2, 2), 1),
    34: ((3, 4, 6, 3), 1),
    50: ((3, 4, 6, 3), 4),
    101: ((3, 4, 23, 3), 4),
    152: ((3, 8, 36, 3), 4),
}
KERNEL = 3


class _ConvNorm(nn.Sequential):
    """A convolution without bias, batch norm, and ReLU where wanted."""

    def __init__(
        self, n_in: int, n_out: int, kernel: int, stride: int = 1, *, active: bool = True
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv1d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm1d(n_out),
        ]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if active else []))


class _Block(nn.Module):
    """Two convolutions, or a bottleneck of three; the shortcut is average-pooled, then mixed."""

    def __init__(self, n_in: int, hidden: int, stride: int, expansion: int) -> None:
        super().__init__()
        n_out = hidden * expansion
        if expansion == 1:
            parts = [
                _ConvNorm(n_in, hidden, KERNEL, stride),
                _ConvNorm(hidden, n_out, KERNEL, active=False),
            ]
        else:
            parts = [
                _ConvNorm(n_in, hidden, 1),
                _ConvNorm(hidden, hidden, KERNEL, stride),
                _ConvNorm(hidden, n_out, 1, active=False),
            ]
        self.convolutions = nn.Sequential(*parts)
        shortcut: list[nn.Module] = []
        if stride != 1:
            shortcut.append(nn.AvgPool1d(stride, ceil_mode=True))
        if n_in != n_out:
            shortcut.append(_ConvNorm(n_in, n_out, 1, active=False))
        self.shortcut = nn.Sequential(*shortcut)

    @property
    def last_norm(self) -> nn.BatchNorm1d:
        """The normalisation before the sum."""
        last: nn.BatchNorm1d = self.convolutions[-1][1]  # type: ignore[index]
        return last

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.convolutions(x) + self.shortcut(x))


class XResNet1d(nn.Module):
    """All leads in at once, one logit a class out.

    Three convolutions of 3 samples with 32, 64 and 64 channels, the first of stride 2; max-pooling
    (3, stride 2); four stages of 64, 128, 256 and 512 channels (times 4 at the end of a
    bottleneck), stages 2 to 4 beginning with stride 2; average and maximum over time side by side
    (4,096 features for 50 layers and more); one linear layer.

    Parameters
    ----------
    n_labels : int
    n_leads : int
        12 for the teacher, 1 for the student.
    depth : int
        18, 34, 50, 101 or 152; 101 in the paper.
    width : int
        Channels of the first stage, a multiple of 2: 64 in the paper, and everything else in
        proportion.
    zero_last : bool
        Whether each block begins as its shortcut (the last normalisation's weight is 0).  The
        published code sets it so and then sets every normalisation's weight to 1 again: with
        False it is that code, with True what it says it is.

    Raises
    ------
    InvalidArgumentError
        If the arguments make no network.

    Notes
    -----
    The input is the trace as the recipe scales it; absent samples are zero.  Any length of 32
    samples or more runs.
    """

    def __init__(
        self,
        n_labels: int = 9,
        *,
        n_leads: int = 12,
        depth: int = 101,
        width: int = 64,
        zero_last: bool = True,
    ) -> None:
        super().__init__()
        if depth not in DEPTHS or min(n_labels, n_leads) < 1 or width < 2 or width % 2:
            raise InvalidArgumentError(
                f"n_labels is {n_labels}, n_leads {n_leads}, depth {depth} and width {width}; at "
                f"least 1 label and lead, a depth of {', '.join(map(str, DEPTHS))} and an even "
                "width are needed."
            )
        counts, expansion = DEPTHS[depth]
        self.n_labels, self.n_leads = n_labels, n_leads
        self.inputs = Inputs(standardised=False, n_leads=n_leads)
        self.stem = nn.Sequential(
            _ConvNorm(n_leads, width // 2, KERNEL, 2),
            _ConvNorm(width // 2, width, KERNEL),
            _ConvNorm(width, width, KERNEL),
            nn.MaxPool1d(3, stride=2, padding=1),
        )
        blocks: list[nn.Module] = []
        n_in = width
        for stage, count in enumerate(counts):
            hidden = width * 2**stage
            for place in range(count):
                stride = 2 if stage and not place else 1
                blocks.append(_Block(n_in, hidden, stride, expansion))
                n_in = hidden * expansion
        self.blocks = nn.Sequential(*blocks)
        self.n_features = 2 * n_in
        self.head = nn.Linear(self.n_features, n_labels)
        self._initialise(zero_last=zero_last)

    def _initialise(self, *, zero_last: bool) -> None:
        for part in self.modules():
            if isinstance(part, nn.Conv1d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
        if zero_last:
            for block in self.blocks:
                nn.init.zeros_(block.last_norm.weight)  # type: ignore[union-attr,arg-type]

    def features(self, x: Tensor) -> Tensor:
        """Return what stands before the last layer: mean and maximum over time.

        Parameters
        ----------
        x : Tensor, shape (B, n_leads, n_samples)

        Returns
        -------
        Tensor, shape (B, n_features)

        Raises
        ------
        InvalidArgumentError
            If the shape is another.
        """
        if x.ndim != 3 or x.shape[1] != self.n_leads:
            raise InvalidArgumentError(
                f"The input has shape {tuple(x.shape)}; (batch, {self.n_leads} leads, samples) "
                "is needed."
            )
        h = self.blocks(self.stem(x))
        return torch.cat([h.mean(dim=-1), h.amax(dim=-1)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (B, n_labels); ``x`` as for :meth:`features`."""
        logits: Tensor = self.head(self.features(x))
        return logits

    def answers(self, x: Tensor, present: Tensor | None, leads: Tensor) -> dict[str, Tensor]:
        """Return the logits of the leads that are there, each at its own place."""
        return {"logits": self(place_leads(x, present, leads, self.n_leads))}
