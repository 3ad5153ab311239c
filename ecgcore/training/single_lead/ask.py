"""Scores of networks on records of a pool, from chosen leads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.models import LeadAttentionNet, standardise, voltage_scale
from ecgcore.statements import NETWORK_CODES, SUPERCLASSES
from ecgcore.training.single_lead.data import SinglePool

N_SAID = len(NETWORK_CODES) + len(SUPERCLASSES)
_LONGEST_S = 60
_BATCH = 128
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Said:
    """Logits of records; NaN where a record lacks one of the leads.

    Attributes
    ----------
    statements : array, shape (n, 25)
        Statements, then super-classes.
    handheld : array, shape (n, 4)
    features : array, shape (n, n_features)
    """

    statements: Floats
    handheld: Floats
    features: Floats


@torch.no_grad()
def ask(
    network: LeadAttentionNet,
    pool: SinglePool,
    rows: NDArray[np.int64],
    leads: Sequence[int],
    *,
    fs_hz: float = 100.0,
) -> Said:
    """Ask a network about records as a whole; of more than a minute the first minute is read.

    Parameters
    ----------
    rows : array of int64, shape (n,)
        Of the pool.
    leads : sequence of int
        What the network is shown of each record; -1 alone: the first lead that it has.
    """
    network.to(pool.pool.device).eval()
    index = np.tile(np.asarray(leads, dtype=np.int64), (rows.size, 1))
    if list(leads) == [-1]:
        index = pool.complete[rows].argmax(axis=1)[:, None]
    there = np.take_along_axis(pool.complete[rows], index, axis=1).all(axis=1)
    n_features = 2 * network.query.shape[1]
    made = [np.full((rows.size, k), np.nan, dtype=np.float32) for k in (N_SAID, 4, n_features)]
    lengths = np.minimum(pool.lengths[rows], round(_LONGEST_S * fs_hz))
    for length in np.unique(lengths[there]):
        places = np.flatnonzero(there & (lengths == length))
        for start in range(0, places.size, _BATCH):
            some = places[start : start + _BATCH]
            for array, found in zip(
                made, _ask_batch(network, pool, rows[some], index[some], int(length)), strict=True
            ):
                array[some] = found.float().cpu().numpy()
    return Said(*made)


def _ask_batch(
    network: LeadAttentionNet,
    pool: SinglePool,
    rows: NDArray[np.int64],
    leads: NDArray[np.int64],
    length: int,
) -> tuple[Tensor, Tensor, Tensor]:
    device = pool.pool.device
    at, index = torch.from_numpy(rows).to(device), torch.from_numpy(leads).to(device)
    raw = pool.pool.signals(at, index, torch.zeros_like(at), length)
    everywhere = torch.ones_like(raw, dtype=torch.bool)
    scale = voltage_scale(raw, everywhere)
    scale = torch.where(pool.pool.in_mv[at][:, None], scale, torch.nan)
    with torch.autocast(device.type, torch.bfloat16):
        out = network.outputs(standardise(raw, everywhere), None, index, scale)
    return torch.cat([out.statements, out.superclasses], dim=1), out.handheld, out.features
