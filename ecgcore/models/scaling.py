"""Scaling of samples before a network sees them."""

import math

import torch
from torch import Tensor, nn

from ecgcore.models.protocol import inputs_of

# A lead whose spread is below this (in its own unit, after the band-pass) carries no signal:
# 1 microvolt in a recording in millivolts.
FLAT = 1e-3
# Standard deviations; a QRS complex reaches 6 to 10, an electrode artefact far more.
CLIP = 15.0
# Of a lead of a resting ECG after the band-pass.
USUAL_MV = 0.15


def standardise(x: Tensor, present: Tensor) -> Tensor:
    """Centre each lead and divide it by its own standard deviation.

    Parameters
    ----------
    x : Tensor, shape (..., n_samples)
        Any unit; what stands where ``present`` is False is ignored.
    present : Tensor of bool, same shape
        Which samples exist.

    Returns
    -------
    Tensor, same shape
        In standard deviations, limited to +-15; zero where nothing is present, and in a lead
        whose standard deviation is below 0.001 units.
    """
    filled = torch.where(present, x, torch.zeros((), dtype=x.dtype))
    count = present.sum(dim=-1, keepdim=True).clamp(min=1)
    mean = filled.sum(dim=-1, keepdim=True) / count
    centred = torch.where(present, filled - mean, torch.zeros((), dtype=x.dtype))
    spread = (centred.square().sum(dim=-1, keepdim=True) / count).sqrt()
    scaled = torch.where(spread >= FLAT, centred / spread.clamp(min=FLAT), torch.zeros_like(spread))
    return scaled.clamp(-CLIP, CLIP)


def voltage_scale(x: Tensor, present: Tensor) -> Tensor:
    """Return each lead's spread as a network takes it: 0 for a usual one, 1 for e times as much.

    Parameters
    ----------
    x : Tensor, shape (..., n_samples)
        In mV.
    present : Tensor of bool, same shape

    Returns
    -------
    Tensor, shape (...)
        The logarithm of the standard deviation over 0.15 mV, limited to +-3; NaN for a lead that
        is flat or not there, whose voltage says nothing.
    """
    filled = torch.where(present, x, torch.zeros((), dtype=x.dtype))
    count = present.sum(dim=-1).clamp(min=1)
    mean = filled.sum(dim=-1) / count
    centred = torch.where(present, filled - mean[..., None], torch.zeros((), dtype=x.dtype))
    spread = (centred.square().sum(dim=-1) / count).sqrt()
    scale = (spread.clamp(min=FLAT) / USUAL_MV).log().clamp(-3, 3)
    return torch.where(spread >= FLAT, scale, torch.full_like(scale, math.nan))


class WithScale(nn.Module):
    """A network together with the voltage of one input, or of each input of a batch.

    Called like a network that sees none: ``(x, present, leads)``.
    """

    def __init__(self, network: nn.Module, scale: Tensor) -> None:
        super().__init__()
        self.network = network
        self.scale = scale

    @property
    def gradcam_layer(self) -> nn.Module:
        """The network's own."""
        layer: nn.Module = self.network.gradcam_layer  # type: ignore[assignment]
        return layer

    @property
    def gradcam_stride(self) -> int:
        """The network's own."""
        stride: int = self.network.gradcam_stride  # type: ignore[assignment]
        return stride

    def forward(
        self, x: Tensor, present: Tensor | None = None, leads: Tensor | None = None
    ) -> Tensor:
        """Return the network's logits; one input's scale serves a whole batch of variants."""
        out: Tensor = self.network(x, present, leads, self.scale.expand(x.shape[0], -1))
        return out


def with_scale(network: nn.Module, scale: Tensor) -> nn.Module:
    """Return the network as one of ``(x, present, leads)``, whether it takes a scale or not.

    Parameters
    ----------
    scale : Tensor, shape (1, L) or (B, L)
        As from :func:`voltage_scale`.
    """
    if not inputs_of(network).scale:
        return network
    bound = WithScale(network, scale)
    # Only what was made here: the network keeps its own mode.
    bound.training = network.training
    return bound
