"""Waveform attention as a map: the gain that a network with a waveform module gives each moment.

The module multiplies the signal before the classifier sees it (Jin, DANet, arXiv 2407.18033; a
reconstruction), so the map is what the classifier was given, not an estimate of it.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.errors import CannotAssessError
from ecgcore.explain.case import Case, Map
from ecgcore.models.protocol import has_curve


def learned_curve(network: nn.Module) -> str:
    """Return "" for a network that has learned a gain curve, else what is missing, in words."""
    return "" if has_curve(network) else f"{type(network).__name__} has no waveform module"


def waveform_attention(case: Case) -> Map:
    """Return the learned gain on every sample; zero where nothing was present.

    Raises
    ------
    CannotAssessError
        If the network has no waveform module.
    """
    missing = learned_curve(case.network)
    if missing:
        raise CannotAssessError(f"{missing}; choose a model that has one.")
    make: Callable[..., Tensor] = getattr(case.network, "gain")  # noqa: B009
    with torch.inference_mode():
        gain = make(case.x, case.present, case.index)[0, case.output]
    return Map(np.asarray(gain.float().cpu().numpy() * case.there, dtype=np.float32))
