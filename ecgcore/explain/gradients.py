"""Gradient methods on the samples themselves.

- Saliency: the size of the gradient (Simonyan et al., ICLR 2014 workshop).
- Integrated gradients: Sundararajan et al., ICML 2017, from a flat line (each lead at its mean, the
  black image of an ECG) to the recording, Gauss-Legendre in 32 steps, or 64.
- The same from two baselines, and their mean: the flat line, and the recording as
  nothing but straight lines of 200 ms.  One baseline cannot see what is missing from it as from the
  trace (Sturmfels, Lundberg and Lee, Distill 2020): against the flat line a wave's slow part counts
  as much as the wave.
- Gradient SHAP: see :mod:`ecgcore.explain.expected_gradients`.
"""

import numpy as np
import torch
from captum.attr import IntegratedGradients, Saliency
from numpy.typing import NDArray

from ecgcore.explain.case import Case, Map, allowed_gap
from ecgcore.explain.checks import lines_of
from ecgcore.explain.expected_gradients import expected_gradients
from ecgcore.explain.precision import quick
from ecgcore.turns import pause

# Of the quadrature; more where the map does not sum to what it must.
STEPS = (32, 64)
AT_ONCE = 8
# Draws of a round; another round follows, four at most, until the map sums to what it must.
DRAWS = 24
ROUNDS = 4


def saliency(case: Case) -> Map:
    """Return the size of the gradient at each sample."""
    x = case.x.detach().clone().requires_grad_(True)
    slope = Saliency(case.forward).attribute(x, target=case.output, abs=True)
    return Map(_values(case, slope))


def integrated_gradients(case: Case) -> Map:
    """Return integrated gradients from a flat line: together the logit less that of a flat line."""
    return _from(case, (torch.zeros_like(case.x),))


def two_baseline_gradients(case: Case) -> Map:
    """Return the mean of integrated gradients from a flat line and from lines of 200 ms.

    Together the logit less the mean of those of the two.
    """
    return _from(case, (torch.zeros_like(case.x), lines_of(case)))


def _from(case: Case, bases: tuple[torch.Tensor, ...]) -> Map:
    """Return the mean over baselines, with more steps where too few do not add up."""
    ends = case.logits(torch.cat([case.x, *bases]))
    expected = float(ends[0] - ends[1:].mean())
    for steps in STEPS:
        values = np.mean([_integrated(case, base, steps) for base in bases], axis=0)
        if abs(float(values.sum(dtype=np.float64)) - expected) <= allowed_gap(expected):
            break
    return Map(values.astype(np.float32), expected=expected)


def _integrated(case: Case, base: torch.Tensor, steps: int) -> NDArray[np.float32]:
    def forward(batch: torch.Tensor) -> torch.Tensor:
        pause()
        return case.forward(batch)

    x = case.x.detach().clone().requires_grad_(True)
    with quick(x.device):
        found = IntegratedGradients(forward).attribute(
            x, base, target=case.output, n_steps=steps, internal_batch_size=AT_ONCE
        )
    return _values(case, found)


def gradient_shap(case: Case) -> Map:
    """Return expected gradients: together the logit less the references' mean logit."""
    references = case.around.references()
    values = np.zeros(case.x.shape[1:], dtype=np.float32)
    expected = 0.0
    for number in range(ROUNDS):
        found = expected_gradients(
            case.network,
            case.x,
            case.present,
            case.index,
            output=case.output,
            references=references,
            n_draws=DRAWS,
            seed=number,
            known=case.around.reference_logits,
        )
        values += (found.values - values) / (number + 1)
        expected += (found.expected - expected) / (number + 1)
        if abs(float(values.sum(dtype=np.float64)) - expected) <= allowed_gap(expected):
            break
    return Map(values, expected=expected)


def _values(case: Case, found: torch.Tensor) -> NDArray[np.float32]:
    kept = found.detach()[0] * case.present[0]
    return np.asarray(kept.cpu().numpy(), dtype=np.float32)
