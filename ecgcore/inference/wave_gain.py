"""The gain of a network whose waveform module is coded by hand: the rule on delineated waves."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ecgcore.errors import ModelError
from ecgcore.inference.delineate import default_delineator
from ecgcore.inference.prepare import ModelInput, Window
from ecgcore.inference.wave_classes import wave_classes
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import SEGMENTS, segments, waveform_rules


def coded_gain(
    network: nn.Module, given: ModelInput, pieces: Sequence[Window]
) -> dict[str, Tensor]:
    """Return ``{"gain": (n_pieces, 1, T)}`` for a network coded by hand, and nothing for others.

    Parameters
    ----------
    network : nn.Module
    given : ModelInput
    pieces : sequence of Window
        Of one length.

    Raises
    ------
    ModelError
        If the network names no rule of the table.
    """
    if not isinstance(network, DANet) or network.curve is not None:
        return {}
    rules = waveform_rules()
    if network.rule not in rules:
        raise ModelError(
            f"A network coded by hand names the rule {network.rule!r}; possible are "
            f"{', '.join(rules)}."
        )
    samples = np.where(given.present.numpy(), given.x.numpy(), np.nan).astype(np.float32)
    classes = wave_classes(default_delineator(), samples, given.fs_hz, given.fs_hz)
    parts = segments(classes, given.fs_hz)
    qrs = SEGMENTS.index("QRS")
    rows = []
    for piece in pieces:
        own = parts[piece.start : piece.stop]
        # Without a beat there is nothing to hold on to: the signal stays as it is.
        rows.append(rules[network.rule].curve(own) if (own == qrs).any() else np.ones(own.size))
    gain = torch.from_numpy(np.stack(rows).astype(np.float32))[:, None]
    return {"gain": gain.to(next(network.parameters()).device)}
