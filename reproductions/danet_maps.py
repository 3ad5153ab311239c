"""DANet's curve against class activation maps, beat by beat."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets.pools import Pool
from ecgcore.datasets.wave_classes import FlatClasses
from ecgcore.evaluation.waveform_scores import (
    LEARNED,
    RANDOM_SEED,
    Item,
    batches_of,
    gain_of,
    tensors_of,
)
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import WaveformRule, segments
from ecgcore.statements import CORE_CODES
from ecgcore.training.danet.recipe import BEAT_OF

# A beat's span around its marks (s): PAC from its P wave, PVC to the end of its T wave.
SPAN_S = {"PAC": (0.25, 0.10), "PVC": (0.10, 0.35)}


def window_items(
    pool: Pool, classes: FlatClasses, *, seconds: float = 10.0, fs_hz: float = 100.0
) -> list[Item]:
    """Return windows of records whose beats are known; a window's beats decide on its targets.

    Atrial fibrillation, left and right bundle branch block stay those of the longer stretch.
    """
    size = round(seconds * fs_hz)
    out = []
    for i in range(len(pool)):
        signal, parts = pool.data.signal(i), segments(classes.row(i), fs_hz)
        beats = np.asarray(pool.beats[i]) if pool.beats is not None else None
        for start in range(0, signal.shape[1] - size + 1, size):
            part = slice(start, start + size)
            targets = pool.data.targets[i].copy()
            inside = None if beats is None else beats[part]
            for code, kind in BEAT_OF.items():
                column = CORE_CODES.index(code)
                if inside is not None and not np.isnan(targets[column]):
                    targets[column] = float((inside == kind).any())
            group, in_mv = str(pool.data.groups[i]), bool(pool.data.has_voltage[i])
            out.append(Item(signal[:, part], parts[part], targets, group, inside, in_mv))
    return out


def curves_of(network: DANet, items: Sequence[Item]) -> NDArray[np.float64]:
    """Return the learned curve of windows of one length, shape (n, T)."""
    out = np.empty((len(items), items[0].samples.shape[1]))
    with torch.inference_mode():
        for numbers in batches_of(items):
            x, present, index, _ = tensors_of([items[k] for k in numbers])
            out[numbers] = network.gain(x, present, index)[:, 0].numpy()
    return out


def class_maps(
    network: DANet, variant: str, rule: WaveformRule, items: Sequence[Item], *, averaged: bool
) -> NDArray[np.float64]:
    """Return Grad-CAM of the classifier over time, summed over leads, shape (n, T).

    Parameters
    ----------
    averaged : bool
        Grad-CAM (Selvaraju et al., ICCV 2017): gradients averaged over time.  Otherwise each
        step's own gradient (HiResCAM, Draelos and Carin, 2020).
    """
    n = items[0].samples.shape[1]
    out = np.empty((len(items), n))
    generator = torch.Generator().manual_seed(RANDOM_SEED)
    kept: list[Tensor] = []

    def keep(_module: object, _given: object, made: Tensor) -> None:
        made.retain_grad()
        kept.append(made)

    learns = [p.requires_grad for p in network.parameters()]
    network.requires_grad_(True)
    handle = network.gradcam_layer.register_forward_hook(keep)
    try:
        for numbers in batches_of(items):
            x, present, index, parts = tensors_of([items[k] for k in numbers])
            gain = None
            if variant not in LEARNED:
                gain = gain_of(variant, rule, parts, generator)
            kept.clear()
            network(x, present, index, gain)[:, 0].sum().backward()
            out[numbers] = _over_time(kept[0], len(numbers), n, network.gradcam_stride, averaged)
    finally:
        handle.remove()
        network.zero_grad(set_to_none=True)
        for weight, before in zip(network.parameters(), learns, strict=True):
            weight.requires_grad_(before)
    return out


def _over_time(
    made: Tensor, batch: int, n: int, stride: int, averaged: bool
) -> NDArray[np.float64]:
    """Return class activation maps from a layer's output (B * L, C, T') and its gradient."""
    gradient = made.grad
    if gradient is None:  # an unused layer: no map
        return np.zeros((batch, n))
    weight = gradient.mean(dim=-1, keepdim=True) if averaged else gradient
    cam = torch.relu((weight * made).sum(dim=1)).detach()
    rows = cam.view(batch, -1, cam.shape[-1]).sum(dim=1).numpy()
    at = stride * np.arange(rows.shape[1])
    return np.stack([np.interp(np.arange(n), at, row) for row in rows])


def spans_of(disease: str, items: Sequence[Item], fs_hz: float = 100.0) -> NDArray[np.bool_]:
    """Return which samples belong to a beat of the disease, shape (n, T)."""
    before, after = (round(s * fs_hz) for s in SPAN_S[disease])
    rows = []
    for item in items:
        mark = np.zeros(item.samples.shape[1], dtype=bool)
        beats = item.beats if item.beats is not None else np.zeros(0, np.uint8)
        for at in np.flatnonzero(beats == BEAT_OF[disease]):
            mark[max(0, at - before) : at + after + 1] = True
        rows.append(mark)
    return np.stack(rows)
