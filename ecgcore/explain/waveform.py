"""Waveform attention as a map: the gain that a network with a waveform module gives each moment.

The module multiplies the signal before the classifier sees it (Jin, DANet, arXiv 2407.18033; a
reconstruction), so the map is what the classifier was given, not an estimate of it.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.errors import CannotAssessError
from ecgcore.explain.case import Case
from ecgcore.models.danet import DANet

NAME = "waveform_attention"
TITLE = "Waveform attention"
WORDS = "What the network's own waveform module lets through to the classifier, one curve for all."


def has_curve(network: nn.Module) -> str:
    """Return "" for a network that has learned a gain curve, else what is missing, in words."""
    if isinstance(network, DANet) and network.curve is not None:
        return ""
    return f"{type(network).__name__} has no waveform module"


def gain_map(case: Case) -> NDArray[np.float32]:
    """Return the learned gain on every sample, shape (L, T); zero where nothing was present.

    Raises
    ------
    CannotAssessError
        If the network has no waveform module.
    """
    network = case.network
    if not isinstance(network, DANet) or network.curve is None:
        raise CannotAssessError(f"{has_curve(network)}; choose a model that has one.")
    with torch.inference_mode():
        gain = network.gain(case.x, case.present, case.index)[0, case.output]
    rows = gain.float().cpu().numpy() * case.present[0].cpu().numpy()
    return np.asarray(rows, dtype=np.float32)
