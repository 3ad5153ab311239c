"""The gain of a network whose waveform module is coded by hand: the rule on delineated waves."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from ecgcore.errors import ModelError
from ecgcore.inference.delineate import default_delineator
from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.wave_classes import wave_classes
from ecgcore.inference.windows import Window
from ecgcore.signal.waveform_rules import SEGMENTS, segments, waveform_rules


def coded_gain(rule: str, given: ModelInput) -> Callable[[Sequence[Window]], Tensor]:
    """Return a function of windows of one length to their gain, (n_windows, 1, T).

    The whole recording is delineated here, once.

    Parameters
    ----------
    rule : str
        A disease of the table of rules.
    given : ModelInput

    Raises
    ------
    ModelError
        If the table has no such rule.
    """
    rules = waveform_rules()
    if rule not in rules:
        raise ModelError(
            f"A network coded by hand names the rule {rule!r}; possible are {', '.join(rules)}."
        )
    samples = np.where(given.present.numpy(), given.x.numpy(), np.nan).astype(np.float32)
    classes = wave_classes(default_delineator(), samples, given.fs_hz, given.fs_hz)
    parts = segments(classes, given.fs_hz)
    qrs = SEGMENTS.index("QRS")

    def gain_of(windows: Sequence[Window]) -> Tensor:
        rows = []
        for window in windows:
            own = parts[window.start : window.stop]
            # Without a beat there is nothing to hold on to: the signal stays as it is.
            rows.append(rules[rule].curve(own) if (own == qrs).any() else np.ones(own.size))
        return torch.from_numpy(np.stack(rows).astype(np.float32))[:, None]

    return gain_of
