"""Occlusion: what the logit loses without one wave of one beat in one lead.

Zeiler and Fergus, ECCV 2014, with the patches that a reader would cover: the P wave with its PR
segment, the QRS complex, ST and T together, and the baseline before the P, each replaced by the
straight line between its ends.  Only the covered lead is encoded anew.  The fall of the logit is
spread evenly over the wave's samples; where no beat was found, stretches of 200 ms stand in.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.explain.case import Case, Map
from ecgcore.explain.coalitions import game_of
from ecgcore.explain.waves import WAVES, places
from ecgcore.leads import STANDARD_12
from ecgcore.turns import pause

AT_ONCE = 32
STRETCH_S = 0.2
# What is covered together.
PARTS = {"P": 0, "PR": 0, "QRS": 1, "ST": 2, "T": 2, "baseline": 3}


def occlusion(case: Case) -> Map:
    """Return by how much the logit falls without each wave."""
    values = np.zeros(case.x.shape[1:], dtype=np.float32)
    patches = list(patches_of(case))
    with torch.inference_mode():
        game = game_of(case)
        whole = case.forward(case.x)[0, case.output]
        for row in range(len(values)):
            own = [(first, last) for place, first, last in patches if place == row]
            for start in range(0, len(own), AT_ONCE):
                pause()
                some = own[start : start + AT_ONCE]
                logits = game.replaced(row, _covered(case.x[0, row], some))
                falls = (whole - logits[:, case.output]).cpu().numpy()
                for (first, last), fall in zip(some, falls, strict=True):
                    values[row, first:last] = fall / (last - first)
    return Map(values)


def patches_of(case: Case) -> Iterator[tuple[int, int, int]]:
    """Yield row, first and last sample of everything that is covered once."""
    there = case.there
    key = _keys(case)
    for row in range(len(key)):
        edges = np.flatnonzero(np.diff(key[row])) + 1
        for first, last in zip([0, *edges], [*edges, key.shape[1]], strict=True):
            if there[row, first:last].all():
                yield row, int(first), int(last)


def _keys(case: Case) -> NDArray[np.int64]:
    """Return a number for each sample that changes from one patch to the next."""
    n_leads, n_samples = case.x.shape[1:]
    beats = case.around.beats()
    if beats is None:
        size = max(1, round(STRETCH_S * case.fs_hz))
        return np.tile(np.arange(n_samples) // size, (n_leads, 1))
    names = [STANDARD_12[i] for i in case.index.tolist()]
    found = places(beats, names, n_samples, case.fs_hz)
    part = np.array([PARTS[name] for name in WAVES])[found.wave]
    # What is absent is a patch of its own, and never covered.
    return np.asarray(np.where(case.there, 8 * (found.beat.astype(np.int64) + 1) + part, -1))


def _covered(row: torch.Tensor, spans: list[tuple[int, int]]) -> torch.Tensor:
    batch = row.repeat(len(spans), 1)
    for one, (first, last) in zip(batch, spans, strict=True):
        slope = torch.linspace(0, 1, last - first, device=row.device)
        one[first:last] = one[first] * (1 - slope) + one[last - 1] * slope
    return batch
