"""What a network says of itself, so that whoever asks it need not know its class.

A network of statements is a plain ``nn.Module`` with

- ``inputs``: what it takes (:class:`Inputs`);
- ``answers(x, present, leads, ...)``: its outputs by name, ``"logits"`` always among them;
- where it has them: ``sides``, the names of its outputs beside the logits; ``gradcam_layer`` and
  ``gradcam_stride`` for class activation maps; ``attended`` for attention maps (:class:`Attended`);
  ``coalitions`` for quick answers about subsets of its leads (:class:`Coalitions`); ``curve`` and
  ``gain`` for a learned waveform module.

A network that says nothing of itself is called as ``network(x, present, leads)``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Inputs:
    """What a network takes beside the samples of the leads that are there.

    Attributes
    ----------
    standardised : bool
        Whether each lead is divided by its own standard deviation; else it takes millivolts.
    scale : bool
        Whether it takes each lead's voltage (:func:`ecgcore.models.voltage_scale`).
    rule : str
        The disease whose rule makes the gain that it must be given; empty where it needs none.
    n_leads : int or None
        The number of leads that it takes all at once, in their order, absent ones as zeros;
        None: any subset.
    """

    standardised: bool = True
    scale: bool = False
    rule: str = ""
    n_leads: int | None = None


@dataclass(frozen=True)
class Attended:
    """What a network attended to.

    Attributes
    ----------
    time : Tensor, shape (T'',)
        Of one output, 1 in sum.
    layers : tuple of Tensor, shape (T'', T'')
        Of each layer across time, averaged over heads, rows 1 in sum.
    leads : Tensor, shape (L, T')
        1 in sum over the leads present at each step.
    stride : int
        Steps T' for one step T''.
    """

    time: Tensor
    layers: tuple[Tensor, ...]
    leads: Tensor
    stride: int


class Coalitions(Protocol):
    """A network on one input, as a function of which leads are there, or of one lead's samples."""

    def logits(self, keep: Tensor) -> Tensor:
        """Return all logits (N, n_labels) of coalitions (N, L); each must hold a lead."""

    def replaced(self, row: int, samples: Tensor) -> Tensor:
        """Return all logits (N, n_labels) with other samples (N, T) in one lead."""


def inputs_of(network: nn.Module) -> Inputs:
    """Return what a network takes."""
    found: Inputs = getattr(network, "inputs", Inputs())
    return found


def side_names(network: nn.Module) -> tuple[str, ...]:
    """Return the names of a network's outputs beside the statements."""
    found: tuple[str, ...] = getattr(network, "sides", ())
    return found


def has_curve(network: nn.Module) -> bool:
    """Return whether a network has learned a gain curve."""
    return getattr(network, "curve", None) is not None


def ask(
    network: nn.Module, x: Tensor, present: Tensor | None, leads: Tensor, **extra: Tensor
) -> Mapping[str, Tensor]:
    """Return a network's outputs by name.

    Parameters
    ----------
    x : Tensor, shape (B, L, T)
        As its ``inputs`` want it.
    present : Tensor of bool, same shape, or None
        None: all is there.
    leads : Tensor of int64, shape (L,)
    extra
        ``scale`` (B, L) and ``gain`` (B, n, T), where its ``inputs`` want them.
    """
    answers: Callable[..., Any] | None = getattr(network, "answers", None)
    if answers is None:
        return {"logits": network(x, present, leads, **extra)}
    found: Mapping[str, Tensor] = answers(x, present, leads, **extra)
    return found


def place_leads(x: Tensor, present: Tensor | None, leads: Tensor, n_leads: int) -> Tensor:
    """Return leads at their places among all ``n_leads``, (B, n_leads, T), zero where absent."""
    out = x.new_zeros((x.shape[0], n_leads, x.shape[2]))
    out[:, leads.to(x.device)] = x if present is None else x * present.to(x.dtype)
    return out
