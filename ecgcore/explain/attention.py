"""Attention maps and attention rollout, read out of the networks that attend.

LeadAttentionNet attends three times: across leads at each step, across time in its transformer
layers, and once more by each statement's own query.

- Attention: the statement's query over time, times the attention across leads.
- Rollout (Abnar and Zuidema, ACL 2020): the query, followed back through the transformer layers as
  ``(A + 1) / 2``, A averaged over the heads, times the attention across leads.

- HiResCAM, and integrated gradients, where it attends (this project's own): the map times the
  square root of the statement's attention over time, as a share of its highest value: what was
  found, when it was read for the answer.  The root keeps beats that are read less; on val both
  pointed better than either part, and HiResCAM better than in the product without it.

LeadSetNet attends over time alone, with one head for all statements: its map is the same in every
lead and for every statement, and rollout, with no layer to follow, is the same as attention.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.explain.case import Case, Map, Method
from ecgcore.explain.gradcam import hirescam
from ecgcore.explain.gradients import two_baseline_gradients
from ecgcore.models.protocol import Attended


def attention(case: Case) -> Map:
    """Return where in time and in which leads the network attends."""
    seen = attended(case)
    return _map(case, seen, seen.time)


def attention_rollout(case: Case) -> Map:
    """Return the same, followed back through the layers across time."""
    seen = attended(case)
    flow = seen.time
    for layer in reversed(seen.layers):
        flow = flow @ (layer + torch.eye(len(layer), device=layer.device)) / 2
    return _map(case, seen, flow)


def attended_cam(case: Case) -> Map:
    """Return HiResCAM, weighted by where in time the statement looks; signed."""
    return _where_read(case, _made(case, "hirescam", hirescam))


def attended_gradients(case: Case) -> Map:
    """Return integrated gradients from two baselines, weighted in the same way; signed."""
    return _where_read(case, _made(case, "two_baseline_gradients", two_baseline_gradients))


def _made(case: Case, name: str, method: Method) -> Map:
    """Return another method's map: the one already made, where somebody keeps it."""
    return method(case) if case.around.other is None else case.around.other(name)


def _where_read(case: Case, found: Map) -> Map:
    seen = attended(case)
    time = _fine(seen, seen.leads.shape[1])
    read = np.sqrt(time / max(float(time.max()), 1e-12))
    n = found.values.shape[1]
    if found.step == 1:
        read = np.interp(np.arange(n), case.stride * np.arange(len(read)), read)
    return Map((found.values * read).astype(np.float32), found.step)


def attends(network: nn.Module) -> str:
    """Return "" for a network whose attention can be read, or why there is none."""
    known = hasattr(network, "attended")
    return "" if known else f"{type(network).__name__} has no attention that could be shown"


def attended(case: Case) -> Attended:
    """Return what the case's network attended to."""
    read: Callable[..., Attended] = getattr(case.network, "attended")  # noqa: B009
    with torch.inference_mode():
        return read(case.x, case.present, case.index, output=case.output, scale=case.scale)


def _map(case: Case, seen: Attended, time: Tensor) -> Map:
    values = _fine(replace(seen, time=time), seen.leads.shape[1]) * seen.leads.cpu().numpy()
    return Map(values.astype(np.float32), case.stride)


def _fine(seen: Attended, n_steps: int) -> NDArray[np.float64]:
    """Return the attention over time at the encoder's steps: linear between."""
    at = seen.stride * np.arange(len(seen.time))
    return np.asarray(np.interp(np.arange(n_steps), at, seen.time.cpu().numpy()))
