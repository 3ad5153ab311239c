"""Exact Shapley values of leads, and of pairs of leads.

Players are the leads that hold something of their own: each chest lead, and the first two limb
leads that are there.  The other limb leads are sums of these two (Einthoven, Goldberger) and are
there only where both are: eight players, 256 coalitions, for a full ECG.  Second view: the limb
plane as one player beside each chest lead, 128 coalitions.

Sources: Shapley (1953); interaction index of pairs: Grabisch and Roubens, Int J Game Theory 28:547
(1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from ecgcore.explain.case import Case, Map
from ecgcore.explain.coalitions import coalition_logits
from ecgcore.explain.precision import quick
from ecgcore.leads import LIMB_6, STANDARD_12
from ecgcore.results import LeadValues

Array = NDArray[np.float64]
LIMB_PLANE = "limb leads"
_TOP = 2


@dataclass(frozen=True)
class Players:
    """Who plays: names, and which rows of the input come with each coalition.

    Attributes
    ----------
    names : tuple of str
    rows : tuple of int
        The input's row of each player.
    followers : tuple of int
        Rows that are there only where the first two players are.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    followers: tuple[int, ...]

    def keep(self, n_leads: int) -> NDArray[np.bool_]:
        """Return the leads of every coalition, (2 ** n_players, n_leads); row k is k in bits."""
        held = bits(len(self.names))
        out = np.zeros((len(held), n_leads), dtype=bool)
        out[:, self.rows] = held
        if self.followers:
            out[:, self.followers] = (held[:, 0] & held[:, 1])[:, None]
        return out


def players_of(leads: Sequence[str]) -> Players:
    """Return the players among an input's leads (standard names, in any order)."""
    limb = [name for name in LIMB_6 if name in leads]
    chest = [name for name in STANDARD_12 if name in leads and name not in LIMB_6]
    names = (*limb[:2], *chest)
    return Players(
        names,
        tuple(leads.index(name) for name in names),
        tuple(leads.index(name) for name in limb[2:]),
    )


def bits(n_players: int) -> NDArray[np.bool_]:
    """Return every coalition of n players, shape (2 ** n, n)."""
    at = np.arange(2**n_players)
    return np.asarray((at[:, None] >> np.arange(n_players)) & 1, dtype=bool)


def shapley_values(values: Array) -> Array:
    """Return the Shapley value of each player.

    Parameters
    ----------
    values : array, shape (2 ** n,)
        Of the coalition whose players are the bits of its place.
    """
    n = len(values).bit_length() - 1
    size = bits(n).sum(axis=1)
    weight = np.array([factorial(s) * factorial(n - s - 1) / factorial(n) for s in range(n)])
    out = np.empty(n)
    for player in range(n):
        without = np.flatnonzero(~bits(n)[:, player])
        gain = values[without + 2**player] - values[without]
        out[player] = float(weight[size[without]] @ gain)
    return out


def interactions(values: Array) -> Array:
    """Return the Shapley interaction index of each pair, (n, n); zero on the diagonal."""
    n = len(values).bit_length() - 1
    held = bits(n)
    size = held.sum(axis=1)
    out = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        base = np.flatnonzero(~held[:, i] & ~held[:, j])
        weight = [factorial(s) * factorial(n - s - 2) / factorial(n - 1) for s in range(n - 1)]
        both = values[base + 2**i + 2**j] - values[base + 2**i] - values[base + 2**j] + values[base]
        out[i, j] = out[j, i] = float(np.array(weight)[size[base]] @ both)
    return out


def lead_shapley(case: Case) -> Map:
    """Return each lead's Shapley value, spread evenly over the lead's samples.

    The value of no lead at all is the mean logit over the training records, or where that is not
    known over the reference ECGs: a network answers nothing sensible to an empty recording.
    """
    leads = [STANDARD_12[i] for i in case.index.tolist()]
    players = players_of(leads)
    keep = players.keep(len(leads))
    empty = empty_value(case)
    values = np.full(len(keep), empty)
    # What holds no sample at all is worth what no lead is worth.
    some = keep @ case.there.any(axis=1)
    with quick(case.x.device):
        values[some] = coalition_logits(case, keep[some])
    whole = case.logits(case.x)[0]
    own = shapley_values(values)
    groups, group_values = _limb_plane(players, values)
    found = LeadValues(
        players=players.names,
        values=own,
        interactions=interactions(values),
        groups=groups,
        group_values=group_values,
        empty=empty,
    )
    return Map(
        _spread(case, players, own),
        expected=float(whole - empty),
        leads=found,
        notes=_removals(values, own),
    )


def empty_value(case: Case) -> float:
    """Return the logit before any lead is seen."""
    if case.around.prior is not None:
        return case.around.prior
    references = case.around.references()
    x = references.drawn(np.arange(len(references.x)), case.index.cpu(), references.x.shape[2])
    there = np.ones(x.shape, dtype=bool)
    blank = type(case)(
        case.network,
        x.to(case.x),
        case.present.new_ones(1, *there.shape[1:]),
        case.index,
        case.output,
        case.fs_hz,
    )
    return float(blank.logits(blank.x).mean())


def _spread(case: Case, players: Players, values: Array) -> NDArray[np.float32]:
    there = case.there
    out = np.zeros(there.shape, dtype=np.float32)
    for row, value in zip(players.rows, values, strict=True):
        count = int(there[row].sum())
        if count:
            out[row, there[row]] = value / count
    return out


def _limb_plane(players: Players, values: Array) -> tuple[tuple[str, ...], Array]:
    """Return the second view's names and values, from the coalitions already asked."""
    limb = [i for i, name in enumerate(players.names) if name in LIMB_6]
    chest = [i for i, name in enumerate(players.names) if name not in LIMB_6]
    units = ([limb] if limb else []) + [[i] for i in chest]
    places = bits(len(units)) @ np.array([sum(2**i for i in unit) for unit in units])
    names = ((LIMB_PLANE,) if limb else ()) + tuple(players.names[i] for i in chest)
    return names, shapley_values(values[places])


def limb_values(case: Case) -> dict[str, float]:
    """Return each limb lead's Shapley value among the limb leads, all chest leads being there.

    A third view, for the picture of the frontal plane: here derived leads count by themselves, as
    the network reads them.  Empty with fewer than two limb leads, or without a chest lead.
    """
    leads = [STANDARD_12[i] for i in case.index.tolist()]
    limb = [i for i, name in enumerate(leads) if name in LIMB_6]
    if len(limb) < 2 or len(limb) == len(leads):
        return {}
    held = bits(len(limb))
    keep = np.ones((len(held), len(leads)), dtype=bool)
    keep[:, limb] = held
    with quick(case.x.device):
        found = shapley_values(coalition_logits(case, keep))
    return {leads[i]: float(value) for i, value in zip(limb, found, strict=True)}


def _removals(values: Array, own: Array) -> dict[str, float]:
    """Return what the logit does without the two highest leads, and without all other pairs."""
    n = len(own)
    if n <= _TOP:
        return {}
    every = len(values) - 1
    pairs = list(combinations(range(n), _TOP))
    falls = np.array([values[every] - values[every - 2**i - 2**j] for i, j in pairs])
    top = tuple(sorted(np.argsort(-own, kind="stable")[:_TOP].tolist()))
    chosen = pairs.index(top)
    others = np.delete(falls, chosen)
    return {
        "top_fall": float(falls[chosen]),
        "other_fall": float(others.mean()),
        "beaten": float((falls[chosen] > others).mean()),
    }
