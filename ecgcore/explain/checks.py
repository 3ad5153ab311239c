"""Checks of a map, made on the spot.  Passed means "faithful to the model", never "right"."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.explain.case import Case
from ecgcore.results import SelfCheck

# A QRS complex with its edges, or a P wave: long enough to take a wave out as a whole.
BLOCK_S = 0.2
REMOVED_SHARE = 0.15
RANDOM_DRAWS = 12
# Any fixed number: the same recording must give the same figure each time.
SEED = 7


def deletion(case: Case, cam: NDArray[np.float32], fs_hz: float) -> SelfCheck:
    """Compare removing the most attributed blocks with removing as many at random.

    Parameters
    ----------
    case : Case
    cam : array, shape (L, T)
        The map, at the network's own rate.
    fs_hz : float
        That rate.

    Returns
    -------
    SelfCheck
        ``value``: by how much more the logit falls than on the mean of 12 random removals.
        Passed if it falls by more than on each of them.  Not passed where the map is empty.

    Notes
    -----
    Region perturbation after Samek et al., IEEE TNNLS 28:2660 (2017), with blocks of 200 ms in
    single leads, 15 % of those present, each replaced by the straight line between its ends.
    """
    size = round(BLOCK_S * fs_hz)
    n_leads, n_blocks = case.x.shape[1], case.x.shape[2] // size
    whole = case.present[0, :, : n_blocks * size].reshape(-1, size).all(dim=1)
    candidates = np.flatnonzero(whole.cpu().numpy())
    n_removed = round(REMOVED_SHARE * candidates.size)
    if not cam.any() or n_removed == 0:
        return SelfCheck("deletion", 0.0, False, "The map is empty: nothing to check.")
    score = cam[:, : n_blocks * size].reshape(-1, size).mean(axis=1)[candidates]
    rng = np.random.default_rng(SEED)
    picks = [np.argsort(-score, kind="stable")[:n_removed]]
    picks += [rng.permutation(candidates.size)[:n_removed] for _ in range(RANDOM_DRAWS)]
    removed = np.zeros((len(picks), n_leads * n_blocks), dtype=bool)
    for row, pick in zip(removed, picks, strict=True):
        row[candidates[pick]] = True
    logits = case.logits(_flattened(case.x, torch.from_numpy(removed), size))
    drop = logits[0] - logits[1:]
    value = float(drop[0] - drop[1:].mean())
    passed = bool(drop[0] > max(0.0, drop[1:].max()))
    return SelfCheck("deletion", value, passed, _deletion_words(float(drop[0]), drop[1:]))


def _flattened(x: Tensor, removed: Tensor, size: int) -> Tensor:
    """Return ``x`` as it is (row 0), and with each set of blocks made straight lines."""
    n_sets, n_leads = removed.shape[0], x.shape[1]
    n_blocks = removed.shape[1] // n_leads
    batch = x.repeat(n_sets + 1, 1, 1)
    blocks = batch[1:, :, : n_blocks * size].unflatten(2, (n_blocks, size))
    slope = torch.linspace(0, 1, size, device=x.device)
    line = blocks[..., :1] * (1 - slope) + blocks[..., -1:] * slope
    mask = removed.view(n_sets, n_leads, n_blocks, 1).to(x.device)
    batch[1:, :, : n_blocks * size] = torch.where(mask, line, blocks).flatten(2)
    return batch


def _deletion_words(top: float, at_random: NDArray[np.float64]) -> str:
    return (
        f"Without the {REMOVED_SHARE:.0%} most attributed stretches the model's logit changes by "
        f"{-top:+.2f}; without as many at random by {-at_random.mean():+.2f} "
        f"({-at_random.max():+.2f} to {-at_random.min():+.2f})."
    )


def outside(values: NDArray[np.float32], seen: NDArray[np.bool_]) -> SelfCheck:
    """Return the share of the attribution where the model saw nothing; it must be zero.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
    seen : array of bool, same shape
        Leads and samples that went into the model.
    """
    total = float(np.abs(values).sum(dtype=np.float64))
    share = float(np.abs(values[~seen]).sum(dtype=np.float64)) / total if total else 0.0
    words = "Share of the attribution in leads and samples that the model never saw."
    return SelfCheck("outside", share, share == 0.0, words)
