"""Class activation maps at the layer that a network names itself, lead by lead.

- Grad-CAM: Selvaraju et al., ICCV 2017.  The layer's output has one row a lead, so each lead has
  its own weights: the gradient averaged over that lead's time.
- HiResCAM: Draelos and Carin, arXiv 2011.08891 (2020): the gradient is not averaged.  The layer
  comes before the network brings beats and leads together, and what a channel means for a statement
  changes from one beat to the next.  Smoothed over five steps; here without the final ReLU, so that
  what speaks against the statement shows too.
- Guided Grad-CAM: Grad-CAM times guided backpropagation (Springenberg et al., ICLR 2015 workshop),
  in which a ReLU lets through only what is positive on the way back.  Deviation: a GELU has no such
  rule and keeps its own gradient.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ecgcore.explain.case import Case, Map
from ecgcore.models import own_copy

SMOOTHING_STEPS = 5


def gradcam(case: Case) -> Map:
    """Return Grad-CAM: zero or above, what speaks for the statement."""
    case = _hooked(case)
    method = LayerGradCam(case.forward, case.layer)
    cam = method.attribute(_leaf(case.x), target=case.output, relu_attributions=True)
    return Map(_kept(case, cam.detach()[:, 0]), case.stride)


def hirescam(case: Case) -> Map:
    """Return HiResCAM, signed."""
    case = _hooked(case)
    method = LayerGradientXActivation(case.forward, case.layer, multiply_by_inputs=True)
    cam = method.attribute(_leaf(case.x), target=case.output).detach().sum(dim=1, keepdim=True)
    kernel = torch.full((1, 1, SMOOTHING_STEPS), 1 / SMOOTHING_STEPS, device=cam.device)
    smooth = functional.conv1d(cam, kernel, padding=SMOOTHING_STEPS // 2)[:, 0]
    return Map(_kept(case, smooth), case.stride)


def guided_gradcam(case: Case) -> Map:
    """Return Guided Grad-CAM, signed: one value for each sample."""
    cam = gradcam(case).on_samples(case.x.shape[2])
    return Map((cam * guided_gradient(case)).astype(np.float32))


def guided_gradient(case: Case) -> NDArray[np.float32]:
    """Return the gradient of guided backpropagation, shape (L, T)."""
    x = _leaf(case.x)
    # A mode of this thread alone, instead of hooks on a network that others share.
    with torch.enable_grad(), _GuidedMode():
        value = case.forward(x)[0, case.output]
    slope = torch.autograd.grad(value, x)[0][0] * case.present[0]
    return np.asarray(slope.cpu().numpy(), dtype=np.float32)


class _GuidedRelu(torch.autograd.Function):
    """ReLU whose gradient passes only where both input and gradient are positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return slopes[0].clamp(min=0) * (x > 0)


class _GuidedMode(TorchFunctionMode):
    """Within it, every ReLU that this thread computes is a guided one."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in (functional.relu, torch.relu, Tensor.relu):
            return _GuidedRelu.apply(args[0])
        return func(*args, **(kwargs or {}))


def _hooked(case: Case) -> Case:
    # Captum sets hooks on the layer, and other threads run the network meanwhile.
    return replace(case, network=own_copy(case.network))


def _leaf(x: Tensor) -> Tensor:
    # Weights take no gradient here; the input must, or there is no graph to follow.
    return x.detach().clone().requires_grad_(True)


def _kept(case: Case, cam: Tensor) -> NDArray[np.float32]:
    """Return the map without what was carried into absent samples."""
    return np.asarray((cam * case.present[0, :, :: case.stride]).cpu().numpy(), dtype=np.float32)
