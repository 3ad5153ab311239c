"""What every method and every check works on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Case:
    """One network, one input, one output to explain.

    Attributes
    ----------
    network : nn.Module
        In evaluation mode, with ``gradcam_layer``, whose output has one row a lead,
        (L, C, T'), and ``gradcam_stride``.  No other thread may use it meanwhile.
    x : Tensor, shape (1, L, T)
        Standardised samples.
    present : Tensor of bool, shape (1, L, T)
    index : Tensor of int64, shape (L,)
        Which lead each row is.
    output : int
        Which logit.
    """

    network: nn.Module
    x: Tensor
    present: Tensor
    index: Tensor
    output: int

    @property
    def layer(self) -> nn.Module:
        """The layer that the network names for class activation maps."""
        layer: nn.Module = self.network.gradcam_layer  # type: ignore[assignment]
        return layer

    @property
    def stride(self) -> int:
        """Samples of the input for one step of the layer."""
        stride: int = self.network.gradcam_stride  # type: ignore[assignment]
        return stride

    def logits(self, batch: Tensor) -> NDArray[np.float64]:
        """Return the explained logit of other samples (B, L, T) in place of ``x``."""
        with torch.inference_mode():
            out = self.network(batch, self.present.expand(len(batch), -1, -1), self.index)
        return np.asarray(out[:, self.output].cpu().numpy(), dtype=np.float64)


# Case -> map (L, T'), one column for every ``stride`` samples.
Method = Callable[[Case], NDArray[np.float32]]
