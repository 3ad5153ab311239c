"""Gradient SHAP: expected gradients against a distribution of reference ECGs.

Source: Erion et al., Nat Mach Intell 3:620 (2021); the ``GradientExplainer`` of Lundberg's SHAP.
Deviation: the positions between reference and record are stratified, one in each of ``n_draws``
equal parts, instead of drawn freely: the same mean with less scatter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.checks import in_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.explain.references import References

# (x (B, L, T), present (B, L, T), index (L,)) -> logits (B, n_labels), with a gradient to x.
Logits = Callable[[Tensor, Tensor, Tensor], Tensor]
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
) -> SignedMap:
    """Return what each sample of each lead adds to a logit, against the references.

    Parameters
    ----------
    logits : callable
        The network, in evaluation mode; no other thread may use it meanwhile.
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

    Raises
    ------
    InvalidArgumentError
        If there is not exactly one record, or ``n_draws`` is out of range.
    """
    in_range("n_draws", n_draws, 1, 10_000)
    if x.ndim != 3 or x.shape[0] != 1 or present.shape != x.shape:
        raise InvalidArgumentError(
            f"Samples have shape {tuple(x.shape)} and their mask {tuple(present.shape)}; "
            "(1, leads, samples) is needed for both."
        )
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, references.x.shape[0], n_draws)
    position = (rng.permutation(n_draws) + rng.random(n_draws)) / n_draws
    total = torch.zeros(x.shape[1:], dtype=torch.float64, device=x.device)
    base = 0.0
    for start in range(0, n_draws, CHUNK):
        part = slice(start, start + CHUNK)
        reference = references.drawn(rows[part], index.cpu(), x.shape[2]).to(x) * present
        difference = x * present - reference
        at = torch.from_numpy(position[part]).to(x)[:, None, None]
        mask = present.expand(len(at), -1, -1)
        slope = _gradient(logits, reference + at * difference, mask, index, output)
        total += (difference * slope).sum(dim=0)
        base += _sum(logits, reference, mask, index, output)
    own = _sum(logits, x * present, present, index, output)
    values = (total / n_draws).cpu().numpy().astype(np.float32)
    return SignedMap(values, own - base / n_draws)


def _gradient(logits: Logits, at: Tensor, mask: Tensor, index: Tensor, output: int) -> Tensor:
    point = at.detach().requires_grad_(True)
    with torch.enable_grad():
        value = logits(point, mask, index)[:, output].sum()
    return torch.autograd.grad(value, point)[0]


def _sum(logits: Logits, x: Tensor, mask: Tensor, index: Tensor, output: int) -> float:
    with torch.no_grad():
        return float(logits(x, mask, index)[:, output].sum())
