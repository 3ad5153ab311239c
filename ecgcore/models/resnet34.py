"""The 1-D ResNet-34 of Zhang et al., layer by layer: the published network to compare with.

Source: Zhang, Yang, Yuan and Zhao, "Interpretable deep learning for automatic diagnosis of
12-lead electrocardiogram", iScience 24:102373 (2021).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.protocol import Inputs, place_leads

BLOCKS = (3, 4, 6, 3)
STEM_KERNEL = 15
KERNEL = 7


class _BasicBlock(nn.Module):
    """Two convolutions with dropout between them, around a shortcut."""

    def __init__(self, width_in: int, width: int, stride: int, dropout: float) -> None:
        super().__init__()
        pad = KERNEL // 2
        self.first = nn.Conv1d(width_in, width, KERNEL, stride=stride, padding=pad, bias=False)
        self.norm1 = nn.BatchNorm1d(width)
        self.drop = nn.Dropout(dropout)
        self.second = nn.Conv1d(width, width, KERNEL, padding=pad, bias=False)
        self.norm2 = nn.BatchNorm1d(width)
        self.short: nn.Module = nn.Identity()
        if stride != 1 or width_in != width:
            self.short = nn.Sequential(
                nn.Conv1d(width_in, width, 1, stride=stride, bias=False), nn.BatchNorm1d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        h = self.drop(functional.relu(self.norm1(self.first(x))))
        return functional.relu(self.norm2(self.second(h)) + self.short(x))


class ResNet34(nn.Module):
    """All leads in at once, one logit a statement out.

    A convolution of 15 samples (stride 2), batch norm, ReLU and max-pooling (3, stride 2); basic
    blocks [3, 4, 6, 3] of 64, 128, 256 and 512 channels with kernels of 7 samples, stride 2 at the
    start of stages 2 to 4; global average and global maximum side by side; one linear layer.

    Parameters
    ----------
    n_labels : int
        Statements.
    n_leads : int
        Leads of the input, all of them always present: 12, or 1 as for the paper's
        single-lead networks.
    width : int
        Channels of the first stage; 64 in the paper, and each stage doubles them.
    dropout : float
        Between the two convolutions of each block, while training.

    Raises
    ------
    InvalidArgumentError
        If the arguments make no network.

    Notes
    -----
    With 12 leads and 9 statements it has 16,610,185 parameters.  The input is the trace in
    millivolts at 500 Hz, 15,000 samples in the paper; any length of 32 samples or more runs.
    """

    def __init__(
        self, n_labels: int = 9, *, n_leads: int = 12, width: int = 64, dropout: float = 0.2
    ) -> None:
        super().__init__()
        if min(n_labels, n_leads, width) < 1 or not 0 <= dropout < 1:
            raise InvalidArgumentError(
                f"n_labels is {n_labels}, n_leads {n_leads}, width {width} and dropout {dropout}; "
                "at least 1 of each and a dropout from 0 to under 1 are needed."
            )
        self.n_labels, self.n_leads = n_labels, n_leads
        self.inputs = Inputs(standardised=False, n_leads=n_leads)
        self.stem = nn.Conv1d(
            n_leads, width, STEM_KERNEL, stride=2, padding=STEM_KERNEL // 2, bias=False
        )
        self.norm = nn.BatchNorm1d(width)
        self.pool = nn.MaxPool1d(3, stride=2, padding=1)
        blocks: list[nn.Module] = []
        width_in = width
        for stage, count in enumerate(BLOCKS):
            for place in range(count):
                stride = 2 if stage > 0 and place == 0 else 1
                blocks.append(_BasicBlock(width_in, width * 2**stage, stride, dropout))
                width_in = width * 2**stage
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(2 * width_in, n_labels)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits.

        Parameters
        ----------
        x : Tensor, shape (B, n_leads, n_samples)
            Absent samples are zero.

        Returns
        -------
        Tensor, shape (B, n_labels)

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
        h = self.pool(functional.relu(self.norm(self.stem(x))))
        h = self.blocks(h)
        logits: Tensor = self.head(torch.cat([h.mean(dim=-1), h.amax(dim=-1)], dim=1))
        return logits

    def answers(self, x: Tensor, present: Tensor | None, leads: Tensor) -> dict[str, Tensor]:
        """Return the logits of the leads that are there, each at its own place."""
        return {"logits": self(place_leads(x, present, leads, self.n_leads))}
