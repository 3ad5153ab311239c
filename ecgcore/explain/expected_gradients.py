"""Gradient SHAP: expected gradients against a distribution of reference ECGs.

Source: Erion et al., Nat Mach Intell 3:620 (2021); the ``GradientExplainer`` of Lundberg's SHAP.
Deviations, each for the same mean with less scatter: the positions between reference and record are
stratified, one in each of ``n_draws`` equal parts, instead of drawn freely; and no reference is
drawn again before all others were.  Several outputs share each forward pass.
"""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.checks import check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.explain.precision import quick
from ecgcore.explain.references import References
from ecgcore.turns import pause

# (x (B, L, T), present (B, L, T), index (L,)) -> logits (B, n_labels), with a gradient to x.
Logits = Callable[[Tensor, Tensor, Tensor], Tensor]
# Row of a reference -> its logits (n_labels,), with the leads and the voltage of one input.
Known = MutableMapping[int, Tensor]
CHUNK = 8


@dataclass(frozen=True, eq=False)
class SignedMap:
    """An attribution with its check of completeness.

    Attributes
    ----------
    values : array of float32, shape (L, T)
        Above zero: speaks for the statement; in units of the logit; zero where absent.
    expected : float
        The record's logit less the mean logit of the references it was compared with.
    """

    values: NDArray[np.float32]
    expected: float

    @property
    def total(self) -> float:
        """Sum of the map; with many draws it is ``expected``."""
        return float(self.values.sum(dtype=np.float64))


def expected_gradients(
    logits: Logits,
    x: Tensor,
    present: Tensor,
    index: Tensor,
    *,
    output: int,
    references: References,
    n_draws: int = 32,
    seed: int = 0,
    known: Known | None = None,
) -> SignedMap:
    """Return what each sample of each lead adds to a logit, against the references.

    Parameters
    ----------
    logits : callable
        The network, in evaluation mode.
    x : Tensor, shape (1, L, T)
        Standardised samples.
    present : Tensor of bool, shape (1, L, T)
    index : Tensor of int64, shape (L,)
        Which lead each row is.
    output : int
        Which logit.
    references : References
    n_draws : int
        1 to 10,000; each costs a forward and a backward pass.
    seed : int
    known : mapping, optional
        What the network says of references that were asked with this input before; added to.

    Raises
    ------
    InvalidArgumentError
        If there is not exactly one record, or ``n_draws`` is out of range.
    """
    return expected_gradients_of(
        logits,
        x,
        present,
        index,
        outputs=(output,),
        references=references,
        n_draws=n_draws,
        seed=seed,
        known=known,
    )[0]


def expected_gradients_of(
    logits: Logits,
    x: Tensor,
    present: Tensor,
    index: Tensor,
    *,
    outputs: Sequence[int],
    references: References,
    n_draws: int = 32,
    seed: int = 0,
    known: Known | None = None,
) -> list[SignedMap]:
    """Return the maps of several outputs; arguments and errors as :func:`expected_gradients`."""
    check_range("n_draws", n_draws, 1, 10_000)
    if x.ndim != 3 or x.shape[0] != 1 or present.shape != x.shape:
        raise InvalidArgumentError(
            f"Samples have shape {tuple(x.shape)} and their mask {tuple(present.shape)}; "
            "(1, leads, samples) is needed for both."
        )
    rng = np.random.default_rng(seed)
    count = references.x.shape[0]
    decks = [rng.permutation(count) for _ in range(-(-n_draws // count))]
    rows = np.concatenate(decks)[:n_draws]
    position = (rng.permutation(n_draws) + rng.random(n_draws)) / n_draws
    total = torch.zeros(len(outputs), *x.shape[1:], dtype=torch.float64, device=x.device)
    for start in range(0, n_draws, CHUNK):
        pause()
        part = slice(start, start + CHUNK)
        reference = references.drawn(rows[part], index.cpu(), x.shape[2]).to(x) * present
        difference = x * present - reference
        at = torch.from_numpy(position[part]).to(x)[:, None, None]
        mask = present.expand(len(at), -1, -1)
        slopes = _gradients(logits, reference + at * difference, mask, index, outputs)
        total += torch.stack([(difference * slope).sum(dim=0) for slope in slopes])
    own = _logits(logits, x * present, present, index)[0]
    known = {} if known is None else known
    base = _base(logits, references, rows, x, present, index=index, known=known)
    return [
        SignedMap(
            (sum_ / n_draws).cpu().numpy().astype(np.float32), float(own[output] - base[output])
        )
        for sum_, output in zip(total, outputs, strict=True)
    ]


def _base(
    logits: Logits,
    references: References,
    rows: NDArray[np.int64],
    x: Tensor,
    present: Tensor,
    *,
    index: Tensor,
    known: Known,
) -> Tensor:
    """Return the mean logits of the references, each as often as it was drawn."""
    missing = np.array([row for row in np.unique(rows) if row not in known], dtype=np.int64)
    for start in range(0, len(missing), CHUNK):
        which = missing[start : start + CHUNK]
        some = references.drawn(which, index.cpu(), x.shape[2]).to(x)
        said = _logits(logits, some * present, present.expand(len(some), -1, -1), index)
        known.update(zip(which.tolist(), said, strict=True))
    return torch.stack([known[row] for row in rows.tolist()]).mean(dim=0)


def _gradients(
    logits: Logits, at: Tensor, mask: Tensor, index: Tensor, outputs: Sequence[int]
) -> list[Tensor]:
    point = at.detach().requires_grad_(True)
    with torch.enable_grad(), quick(point.device):
        values = logits(point, mask, index).sum(dim=0)
    last = len(outputs) - 1
    return [
        torch.autograd.grad(values[output], point, retain_graph=number < last)[0]
        for number, output in enumerate(outputs)
    ]


def _logits(logits: Logits, x: Tensor, mask: Tensor, index: Tensor) -> Tensor:
    with torch.no_grad():
        return logits(x, mask, index)
