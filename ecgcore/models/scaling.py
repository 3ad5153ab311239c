"""Scaling of samples before a network sees them."""

import torch
from torch import Tensor

# A lead whose spread is below this (in its own unit, after the band-pass) carries no signal:
# 1 microvolt in a recording in millivolts.
FLAT = 1e-3
# Standard deviations; a QRS complex reaches 6 to 10, an electrode artefact far more.
CLIP = 15.0


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
