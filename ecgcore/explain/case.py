"""The contract of every method: a :class:`Case` goes in, a :class:`Map` comes out.

A new method is a function ``Case -> Map`` and one line in :data:`ecgcore.explain.table.METHODS`.
Checks, words, the command line and the page take it from there.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.errors import CannotAssessError
from ecgcore.explain.references import References
from ecgcore.models.protocol import ask
from ecgcore.results import Beats, LeadValues


def _no_beats() -> Beats | None:
    return None


def _no_references() -> References:
    raise CannotAssessError("This method compares with reference ECGs, and none were given.")


@dataclass(frozen=True, eq=False)
class Around:
    """What a method may ask for beside the input; each is made when it is first asked for.

    Attributes
    ----------
    beats : callable
        Waves of every beat, in seconds from the start of ``x``; None where none were found.
    references : callable
        ECGs to compare with, none of them a recording.
    reference_logits : mapping
        Row of a reference -> what the network says of it with this input; methods add to it.
    prior : float or None
        The logit before anything is seen: its mean over the training records.
    other : callable or None
        Name of a method -> its map of the same case, made once; None: there is nobody to ask.
    """

    beats: Callable[[], Beats | None] = _no_beats
    references: Callable[[], References] = _no_references
    reference_logits: MutableMapping[int, Tensor] = field(default_factory=dict)
    prior: float | None = None
    other: "Callable[[str], Map] | None" = None


@dataclass(frozen=True, eq=False)
class Case:
    """One network, one input, one output to explain.

    Attributes
    ----------
    network : nn.Module
        In evaluation mode.  Other threads use it too: hooks go on an
        :func:`ecgcore.models.own_copy`.
    x : Tensor, shape (1, L, T)
        Standardised samples.
    present : Tensor of bool, shape (1, L, T)
    index : Tensor of int64, shape (L,)
        Which lead each row is.
    output : int
        Which logit.
    fs_hz : float
        Rate of ``x``.
    around : Around
    scale : Tensor, shape (1, L), or None
        The leads' voltage, for a network that takes it.
    """

    network: nn.Module
    x: Tensor
    present: Tensor
    index: Tensor
    output: int
    fs_hz: float = 100.0
    around: Around = field(default_factory=Around)
    scale: Tensor | None = None

    @property
    def layer(self) -> nn.Module:
        """The layer that the network names for class activation maps: (L, C, T') of one input."""
        layer: nn.Module = self.network.gradcam_layer  # type: ignore[assignment]
        return layer

    @property
    def stride(self) -> int:
        """Samples of the input for one step of the layer."""
        stride: int = self.network.gradcam_stride  # type: ignore[assignment]
        return stride

    @property
    def there(self) -> NDArray[np.bool_]:
        """Which samples exist, shape (L, T)."""
        return np.asarray(self.present[0].cpu().numpy())

    def forward(self, batch: Tensor) -> Tensor:
        """Return all logits (B, n_labels) of samples (B, L, T) in place of ``x``."""
        return self.run(batch, self.present.expand(len(batch), -1, -1))

    def run(self, x: Tensor, present: Tensor) -> Tensor:
        """Return all logits (B, n_labels) of samples and a mask (B, L, T) in place of its own."""
        extra = {} if self.scale is None else {"scale": self.scale.expand(x.shape[0], -1)}
        return ask(self.network, x, present, self.index, **extra)["logits"]

    def logits(self, batch: Tensor) -> NDArray[np.float64]:
        """Return the explained logit of other samples (B, L, T) in place of ``x``."""
        with torch.inference_mode():
            out = self.forward(batch)
        return np.asarray(out[:, self.output].cpu().numpy(), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Map:
    """What a method returns.

    Attributes
    ----------
    values : array of float32, shape (L, T')
        One column for every ``step`` samples of the input; zero where nothing was present.  Above
        zero: speaks for the statement.
    step : int
    expected : float or None
        What ``values`` must sum to (``step`` 1), where the method promises completeness.
    leads : LeadValues or None
        Of a method that values whole leads.
    notes : mapping of str to float
        Further figures of the method's own, by name.
    """

    values: NDArray[np.float32]
    step: int = 1
    expected: float | None = None
    leads: LeadValues | None = None
    notes: Mapping[str, float] = field(default_factory=dict)

    def on_samples(self, n_samples: int) -> NDArray[np.float32]:
        """Return the map on each sample of the input, shape (L, n_samples): linear between."""
        if self.step == 1:
            return self.values
        at = self.step * np.arange(self.values.shape[1])
        rows = [np.interp(np.arange(n_samples), at, row) for row in self.values]
        return np.stack(rows).astype(np.float32)


Method = Callable[[Case], Map]
# Of what a method promises its map to sum to, and of at least one unit of the logit.
MAX_GAP = 0.15


def allowed_gap(expected: float) -> float:
    """Return how far a map's sum may be from what its method promises."""
    return MAX_GAP * max(1.0, abs(expected))


def anywhere(_network: nn.Module) -> str:
    """Return "": a method that asks nothing of a network but to be called."""
    return ""


def needs(*names: str) -> Callable[[nn.Module], str]:
    """Return a test that a network has these attributes; "" or what is missing, in words."""

    def missing(network: nn.Module) -> str:
        lacking = [name for name in names if not hasattr(network, name)]
        return f"{type(network).__name__} has no {lacking[0]}" if lacking else ""

    return missing


# What shares HiResCAM's mechanism is compared with something else.
_CAMS = ("hirescam", "attended_cam")


@dataclass(frozen=True)
class MethodEntry:
    """One line of the table of methods.

    Attributes
    ----------
    run : Method
    name : str
        As a reader knows it.
    words : str
        What it is, in one sentence.
    signed : bool
        Whether values below zero speak against the statement.
    applies : callable
        Network -> "" or why the method has nothing to say of it.
    by_size : bool
        Whether the checks order its values by size instead of by sign.
    whole_leads : bool
        Whether it values leads, not samples.
    """

    run: Method
    name: str
    words: str
    signed: bool = False
    applies: Callable[[nn.Module], str] = anywhere
    by_size: bool = False
    whole_leads: bool = False

    def partner(self, own: str) -> str:
        """Return the method whose map its own is compared with."""
        return "gradient_shap" if self.whole_leads or own in _CAMS else "hirescam"

    def order(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values whose highest are those of the most attribution."""
        return np.abs(values) if self.by_size else values
