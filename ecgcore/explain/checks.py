"""Checks of a map, made on the spot.  Passed means "faithful to the model", never "right".

Region perturbation after Samek et al., IEEE TNNLS 28:2660 (2017): blocks of 200 ms in single leads,
those of the most attribution first, are replaced by the line between their ends (deletion),
or put back into a recording that is nothing but such lines (insertion); 5 % and 15 % of the blocks,
and the mean change of the logit of both.  Compared with blocks drawn at random, and with the blocks
that hold QRS complexes: where most of the voltage is, whatever the model learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor

from ecgcore.explain.case import Case, Map, MethodEntry, allowed_gap
from ecgcore.explain.lead_checks import lead_checks
from ecgcore.explain.waves import places
from ecgcore.leads import STANDARD_12
from ecgcore.results import SelfCheck
from ecgcore.turns import pause

# A QRS complex with its edges, or a P wave: long enough to take a wave out as a whole.
BLOCK_S = 0.2
SHARES = (0.05, 0.15)
RANDOM_DRAWS = 8
# Any fixed number: the same recording must give the same figure each time.
SEED = 7
# Below this, two methods point to different places.
MIN_AGREEMENT = 0.2
EMPTY = "The map is empty: nothing to check."

Array = NDArray[np.float64]
FILLS = ("line", "zero")


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of an input that are wholly present.

    Attributes
    ----------
    size : int
        Samples of a block.
    which : array of int, shape (n,)
        Row by row, block by block.
    shape : tuple of two ints
        Leads and blocks of a lead.
    """

    size: int
    which: NDArray[np.intp]
    shape: tuple[int, int]

    def score(self, values: NDArray[np.floating]) -> Array:
        """Return the mean of a map (L, T) in each block, shape (n,)."""
        n_leads, n_blocks = self.shape
        cut = values[:, : n_blocks * self.size].reshape(n_leads, n_blocks, self.size)
        return np.asarray(cut.mean(axis=2, dtype=np.float64).ravel()[self.which])

    def sets(self, score: Array, shares: Sequence[float] = SHARES) -> NDArray[np.bool_]:
        """Return, for each share, which blocks (leads x blocks) score highest."""
        # Ties are broken at random, or the first lead would win them all.
        shuffled = np.random.default_rng(SEED).permutation(score.size)
        order = shuffled[np.argsort(-score[shuffled], kind="stable")]
        out = np.zeros((len(shares), self.shape[0] * self.shape[1]), dtype=bool)
        for row, share in zip(out, shares, strict=True):
            row[self.which[order[: max(1, round(share * score.size))]]] = True
        return out


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What removals without a map do to a logit: by how much it falls or rises.

    Attributes
    ----------
    whole, empty : float
        The logit of the input, and of nothing but lines.
    random_fall, random_rise : array, shape (RANDOM_DRAWS,)
    qrs_fall, qrs_rise : float or None
        None where no QRS complex was found.
    """

    whole: float
    empty: float
    random_fall: Array
    random_rise: Array
    qrs_fall: float | None
    qrs_rise: float | None


def blocks_of(case: Case) -> Blocks:
    """Return the blocks of a case."""
    size = round(BLOCK_S * case.fs_hz)
    n_leads, n_blocks = case.x.shape[1], case.x.shape[2] // size
    whole = case.there[:, : n_blocks * size].reshape(n_leads * n_blocks, size).all(axis=1)
    return Blocks(size, np.flatnonzero(whole), (n_leads, n_blocks))


def yardstick(case: Case) -> Yardstick:
    """Return what removals at random and of QRS complexes do, under the deletion of lines."""
    blocks = blocks_of(case)
    rng = np.random.default_rng(SEED)
    scores = [rng.permutation(blocks.which.size).astype(float) for _ in range(RANDOM_DRAWS)]
    qrs = qrs_map(case)
    if qrs is not None:
        scores.append(blocks.score(qrs))
    fall, rise = changes(case, blocks, scores)
    ends = case.logits(replaced(case.x, _ends(blocks), blocks.size))
    n = RANDOM_DRAWS
    return Yardstick(
        float(ends[0]),
        float(ends[1]),
        fall[:n],
        rise[:n],
        float(fall[n]) if qrs is not None else None,
        float(rise[n]) if qrs is not None else None,
    )


def qrs_map(case: Case) -> NDArray[np.float32] | None:
    """Return 1 within QRS complexes in every lead, shape (L, T); None where none was found."""
    beats = case.around.beats()
    if beats is None:
        return None
    names = [STANDARD_12[i] for i in case.index.tolist()]
    found = places(beats, names, case.x.shape[2], case.fs_hz).qrs
    return found.astype(np.float32) if found.any() else None


def changes(
    case: Case,
    blocks: Blocks,
    scores: Sequence[Array],
    *,
    shares: Sequence[float] = SHARES,
    fill: str = "line",
) -> tuple[Array, Array]:
    """Return by how much the logit falls without, and rises with, the highest blocks.

    Returns
    -------
    fall, rise : arrays, shape (len(scores),)
        Means over the shares.
    """
    none, every = _ends(blocks)
    sets = np.concatenate([blocks.sets(score, shares) for score in scores])
    batch = np.concatenate([none[None], every[None], sets, every & ~sets])
    logits = []
    for part in np.array_split(batch, -(-len(batch) // 32)):
        pause()
        logits.append(case.logits(replaced(case.x, part, blocks.size, fill=fill)))
    z = np.concatenate(logits)
    n = len(sets)
    fall = (z[0] - z[2 : 2 + n]).reshape(len(scores), -1).mean(axis=1)
    rise = (z[2 + n :] - z[1]).reshape(len(scores), -1).mean(axis=1)
    return fall, rise


def lines_of(case: Case) -> Tensor:
    """Return the input as nothing but lines, block by block: what a deletion ends in."""
    blocks = blocks_of(case)
    return replaced(case.x, _ends(blocks)[1:], blocks.size)


def _ends(blocks: Blocks) -> NDArray[np.bool_]:
    ends = np.zeros((2, blocks.shape[0] * blocks.shape[1]), dtype=bool)
    ends[1, blocks.which] = True
    return ends


def replaced(x: Tensor, removed: NDArray[np.bool_], size: int, *, fill: str = "line") -> Tensor:
    """Return the input with each set of blocks made straight lines, or zero.

    Parameters
    ----------
    x : Tensor, shape (1, L, T)
    removed : array of bool, shape (n_sets, L * n_blocks)
    size : int
        Samples of a block.
    fill : str
        ``"line"`` between a block's ends, or ``"zero"``, the lead's mean.
    """
    n_sets, n_leads = len(removed), x.shape[1]
    n_blocks = removed.shape[1] // n_leads
    batch = x.repeat(n_sets, 1, 1)
    blocks = batch[:, :, : n_blocks * size].unflatten(2, (n_blocks, size))
    if fill == "zero":
        put = torch.zeros_like(blocks)
    else:
        slope = torch.linspace(0, 1, size, device=x.device)
        put = blocks[..., :1] * (1 - slope) + blocks[..., -1:] * slope
    mask = torch.from_numpy(removed).view(n_sets, n_leads, n_blocks, 1).to(x.device)
    batch[:, :, : n_blocks * size] = torch.where(mask, put, blocks).flatten(2)
    return batch


# ---- the checks ----------------------------------------------------------------------------


def checks_of(
    case: Case,
    entry: MethodEntry,
    found: Map,
    stick: Yardstick,
    *,
    second: tuple[MethodEntry, Map] | None = None,
) -> tuple[SelfCheck, ...]:
    """Return the checks of a map.

    Parameters
    ----------
    case : Case
    entry : MethodEntry
    found : Map
    stick : Yardstick
        Of the same case.
    second : tuple of MethodEntry and Map, optional
        Another method's map of the same case.
    """
    dense = found.on_samples(case.x.shape[2]) * case.there
    checks = list(completeness(found))
    if entry.whole_leads:
        checks += lead_checks(found)
    else:
        checks += perturbation(case, entry.order(dense), stick)
    if second is not None:
        other = second[1].on_samples(case.x.shape[2]) * case.there
        checks.append(agreement(case, (entry, dense), (second[0], other)))
    return tuple(checks)


def perturbation(
    case: Case, order: NDArray[np.floating], stick: Yardstick
) -> tuple[SelfCheck, ...]:
    """Return deletion and insertion against random, and deletion against QRS complexes alone.

    Parameters
    ----------
    order : array, shape (L, T)
        Highest where the attribution is.
    """
    blocks = blocks_of(case)
    if not order.any() or blocks.which.size == 0:
        return tuple(SelfCheck(name, 0.0, False, EMPTY) for name in ("deletion", "insertion"))
    falls, rises = changes(case, blocks, [blocks.score(order)])
    fall, rise = float(falls[0]), float(rises[0])
    made = [
        SelfCheck(
            "deletion",
            fall - float(stick.random_fall.mean()),
            fall > max(0.0, float(stick.random_fall.max())),
            f"Without the most attributed stretches the model's logit changes by {-fall:+.2f}, "
            f"without as many at random by {-stick.random_fall.mean():+.2f} "
            f"({-stick.random_fall.max():+.2f} to {-stick.random_fall.min():+.2f}).",
        ),
        SelfCheck(
            "insertion",
            rise - float(stick.random_rise.mean()),
            rise > float(stick.random_rise.max()),
            f"With the most attributed stretches alone it changes by {rise:+.2f}, with as many at "
            f"random by {stick.random_rise.mean():+.2f} "
            f"({stick.random_rise.min():+.2f} to {stick.random_rise.max():+.2f}).",
        ),
    ]
    return (*made, _against_qrs(fall, stick))


def _against_qrs(fall: float, stick: Yardstick) -> SelfCheck:
    if stick.qrs_fall is None:
        return SelfCheck("qrs_only", 0.0, None, "No QRS complex was found to compare with.")
    return SelfCheck(
        "qrs_only",
        fall - stick.qrs_fall,
        fall > stick.qrs_fall,
        f"Without as many stretches of QRS complexes alone it changes by {-stick.qrs_fall:+.2f}.",
    )


def completeness(found: Map) -> tuple[SelfCheck, ...]:
    """Return whether a map's sum is what its method promises; nothing where it promises none."""
    if found.expected is None:
        return ()
    total = float(found.values.sum(dtype=np.float64))
    gap = abs(total - found.expected)
    passed = gap <= allowed_gap(found.expected)
    words = (
        f"The map sums to {total:+.2f}; the logit differs from its reference by "
        f"{found.expected:+.2f}."
    )
    return (SelfCheck("completeness", gap, passed, words),)


def agreement(
    case: Case,
    first: tuple[MethodEntry, NDArray[np.float32]],
    second: tuple[MethodEntry, NDArray[np.float32]],
) -> SelfCheck:
    """Return the rank correlation of two maps (L, T), on blocks or on whole leads."""
    if first[0].whole_leads:
        rho = rank_correlation(first[1].sum(axis=1), second[1].sum(axis=1))
    else:
        blocks = blocks_of(case)
        rho = rank_correlation(*(blocks.score(e.order(v)) for e, v in (first, second)))
    words = f"Rank correlation with {second[0].name}: {rho:.2f} (1: the same order, 0: none)."
    return SelfCheck("agreement", rho, rho >= MIN_AGREEMENT, words)


def rank_correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return Spearman's correlation; 0 where one of both is constant."""
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)


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
