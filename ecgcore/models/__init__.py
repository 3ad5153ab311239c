"""Neural networks: plain ``nn.Module`` classes, one file a system.

:func:`build` is the only way from a model card to a network: a name in :data:`ARCHITECTURES` and
its keyword arguments, nothing else.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from ecgcore.checks import check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.models.copies import own_copy
from ecgcore.models.danet import DANet
from ecgcore.models.delineator import WAVE_LABELS, DelineatorNet
from ecgcore.models.folded import FoldedDelineator
from ecgcore.models.lead_attention import BEATS, HANDHELD, INTERVALS, LeadAttentionNet, Outputs
from ecgcore.models.lead_set import LeadSetNet
from ecgcore.models.mcf import MCF, ConvAutoencoder
from ecgcore.models.resnet34 import ResNet34
from ecgcore.models.restoration import RestorationNet, Restored
from ecgcore.models.scaling import standardise, voltage_scale, with_scale
from ecgcore.models.xresnet1d import XResNet1d

__all__ = [
    "ARCHITECTURES",
    "BEATS",
    "HANDHELD",
    "INTERVALS",
    "MCF",
    "WAVE_LABELS",
    "ConvAutoencoder",
    "DANet",
    "DelineatorNet",
    "FoldedDelineator",
    "LeadAttentionNet",
    "LeadSetNet",
    "Outputs",
    "RestorationNet",
    "Restored",
    "build",
    "own_copy",
    "standardise",
    "voltage_scale",
    "with_scale",
]

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "lead_set": LeadSetNet,
    "lead_attention": LeadAttentionNet,
    "delineator": DelineatorNet,
    "danet": DANet,
    "resnet34": ResNet34,
    "xresnet1d": XResNet1d,
    "restoration": RestorationNet,
    "mcf": MCF,
    "conv_autoencoder": ConvAutoencoder,
}


def build(architecture: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Return an untrained network.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    arguments : mapping
        Keyword arguments of that class; lists (from JSON or TOML) stand for tuples.

    Raises
    ------
    InvalidArgumentError
        If the name or an argument is not known, or an argument's value cannot be used.
    """
    cls = ARCHITECTURES[check_option("architecture", architecture, ARCHITECTURES)]
    tuples: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in arguments.items()
    }
    try:
        return cls(**tuples)
    except TypeError as error:
        raise InvalidArgumentError(f"{architecture} cannot be built: {error}.") from None
