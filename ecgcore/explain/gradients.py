"""Gradient methods on the samples themselves.

- Saliency: the size of the gradient (Simonyan et al., ICLR 2014 workshop).
- Integrated gradients: Sundararajan et al., ICML 2017, from a flat line (each lead at its mean, the
  black image of an ECG) to the recording, Gauss-Legendre in 32 steps.
- Gradient SHAP: see :mod:`ecgcore.explain.expected_gradients`.
"""

import numpy as np
import torch
from captum.attr import IntegratedGradients, Saliency
from numpy.typing import NDArray

from ecgcore.explain.case import Case, Map, allowed_gap
from ecgcore.explain.expected_gradients import expected_gradients
from ecgcore.explain.precision import quick

STEPS = 32
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
    x = case.x.detach().clone().requires_grad_(True)
    flat = torch.zeros_like(case.x)
    with quick(x.device):
        found = IntegratedGradients(case.forward).attribute(
            x, flat, target=case.output, n_steps=STEPS, internal_batch_size=AT_ONCE
        )
    ends = case.logits(torch.cat([case.x, flat]))
    return Map(_values(case, found), expected=float(ends[0] - ends[1]))


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
        )
        values += (found.values - values) / (number + 1)
        expected += (found.expected - expected) / (number + 1)
        if abs(float(values.sum(dtype=np.float64)) - expected) <= allowed_gap(expected):
            break
    return Map(values, expected=expected)


def _values(case: Case, found: torch.Tensor) -> NDArray[np.float32]:
    kept = found.detach()[0] * case.present[0]
    return np.asarray(kept.cpu().numpy(), dtype=np.float32)
