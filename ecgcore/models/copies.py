"""A network's own copy for whoever sets hooks on it."""

import copy
from typing import TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def own_copy(network: Network) -> Network:
    """Return the same network in modules of their own: weights are shared, hooks are not.

    Takes milliseconds and no memory to speak of.
    """
    shared = [*network.parameters(), *network.buffers()]
    return copy.deepcopy(network, {id(tensor): tensor for tensor in shared})
