"""Features of a recording from a network of statements: what its last layers read."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.inference.predict import network_outputs
from ecgcore.inference.prepare import ModelInput, Window
from ecgcore.models import LeadSetNet, own_copy


def network_features(
    network: nn.Module, given: ModelInput, pieces: list[Window]
) -> NDArray[np.float64]:
    """Return features, shape (n_pieces, d), of a network.

    Those that the network names, or for :class:`~ecgcore.models.LeadSetNet` what its last layer
    takes.
    """
    if not isinstance(network, LeadSetNet):
        found = network_outputs(network, given, pieces)[1]
        return np.empty((len(pieces), 0)) if found is None else found
    network = own_copy(network)
    kept: list[Tensor] = []
    network.head.register_forward_pre_hook(lambda _m, inputs: kept.append(inputs[0].cpu()))
    network_outputs(network, given, pieces)
    return torch.cat(kept).numpy().astype(np.float64)
