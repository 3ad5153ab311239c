"""An attribution in words: which waves, of which beats, in which leads hold how much of it.

"V1-V2, QRS, beats 3 and 7: 64 %".  Shares are of the attribution, not of the evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.explain.waves import WAVES, places
from ecgcore.leads import CHEST_6, LIMB_6
from ecgcore.results import Beats

Array = NDArray[np.float64]
MOST_LINES = 3
LEAST_SHARE = 0.08
# Leads are named until they hold this much of a wave's attribution, and no more than so many.
_LEADS_HOLD = 0.7
_MOST_LEADS = 4
# Single beats are named where a third of them, or fewer, holds this much.
_BEATS_HOLD = 0.6
_WAVE_WORDS = {"P": "P", "PR": "PR segment", "QRS": "QRS", "ST": "ST", "T": "T"}


@dataclass(frozen=True, eq=False)
class Shares:
    """An attribution by lead, wave and beat.

    Attributes
    ----------
    values : array, shape (n_leads, n_waves, n_beats)
        Shares of the whole, 1 in sum less what lies before the first beat or after the last.
    even : array, same shape
        What an attribution spread evenly over all present samples would have.
    leads : tuple of str
    types : tuple of str
        Type of each beat.
    """

    values: Array
    even: Array
    leads: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One place with its share."""

    leads: tuple[str, ...]
    wave: str
    beats: tuple[int, ...]
    share: float
    words: str


def shares_of(
    values: NDArray[np.float32],
    leads: Sequence[str],
    fs_hz: float,
    beats: Beats,
    *,
    signed: bool = False,
) -> Shares:
    """Return how an attribution divides among leads, waves and beats.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
    leads : sequence of str
    fs_hz : float
    beats : Beats
        In seconds from the first sample.
    signed : bool
        Count only what supports the statement.
    """
    weight = np.maximum(values, 0) if signed else np.abs(values)
    found = places(beats, leads, values.shape[1], fs_hz)
    total = float(weight.sum(dtype=np.float64))
    used = np.broadcast_to(values.any(axis=1, keepdims=True), values.shape)
    return Shares(
        _cube(weight, found.wave, found.beat, found.n_beats) / (total or 1.0),
        _cube(used.astype(np.float32), found.wave, found.beat, found.n_beats)
        / max(1, int(used.sum())),
        tuple(leads),
        beats.types,
    )


def _cube(
    weight: NDArray[np.float32], wave: NDArray[np.int8], beat: NDArray[np.int32], n_beats: int
) -> Array:
    n_waves = len(WAVES)
    out = np.zeros((len(weight), n_waves, n_beats))
    for row, part in enumerate(weight):
        held = beat[row] >= 0
        at = wave[row, held].astype(np.int64) * n_beats + beat[row, held]
        counted = np.bincount(at, weights=part[held], minlength=n_waves * n_beats)
        out[row] = counted.reshape(n_waves, n_beats)
    return out


def lines_of(shares: Shares) -> tuple[Line, ...]:
    """Return the places that hold most, the largest first, none twice."""
    rest = shares.values.copy()
    lines: list[Line] = []
    while len(lines) < MOST_LINES and rest.size:
        wave = int(rest.sum(axis=(0, 2)).argmax())
        beats = _beats(rest[:, wave].sum(axis=0))
        rows = _rows(rest[:, wave][:, beats].sum(axis=1))
        share = float(rest[np.ix_(rows, [wave], beats)].sum())
        if share < LEAST_SHARE:
            break
        leads = tuple(shares.leads[i] for i in sorted(rows))
        lines.append(_line(leads, WAVES[wave], beats, share, shares))
        rest[np.ix_(rows, [wave], beats)] = 0
    return tuple(lines)


def _beats(share: Array) -> list[int]:
    """Return the beats to be named, or all of them."""
    few = max(1, share.size // 3)
    order = np.argsort(-share, kind="stable")
    reached = np.cumsum(share[order]) >= _BEATS_HOLD * share.sum()
    count = int(reached.argmax()) + 1
    if share.size >= 3 and share.sum() > 0 and count <= few:
        return sorted(order[:count].tolist())
    return list(range(share.size))


def _rows(share: Array) -> list[int]:
    order = np.argsort(-share, kind="stable")
    reached = np.cumsum(share[order]) >= _LEADS_HOLD * share.sum()
    count = min(int(reached.argmax()) + 1, _MOST_LEADS)
    return [int(i) for i in order[:count]]


def _line(
    leads: tuple[str, ...], wave: str, beats: list[int], share: float, shares: Shares
) -> Line:
    where = _WAVE_WORDS.get(wave, "baseline before P" if wave == "baseline" else wave)
    which = beat_words(beats, len(shares.types))
    words = f"{lead_words(leads, shares.leads)}, {where}, {which}: {share * 100:.0f} %"
    return Line(leads, wave, tuple(beats), share, words)


def lead_words(leads: Sequence[str], every: Sequence[str]) -> str:
    """Return leads as a reader writes them: "V1-V3", "limb leads", "all leads"."""
    if len(leads) == len(every):
        return "all leads" if len(leads) > 1 else leads[0]
    parts = []
    rest = list(leads)
    if set(LIMB_6) <= set(rest):
        parts.append("limb leads")
        rest = [lead for lead in rest if lead not in LIMB_6]
    if set(CHEST_6) <= set(rest):
        rest = [lead for lead in rest if lead not in CHEST_6]
        return ", ".join([*parts, *rest, "V1-V6"])
    parts += [lead for lead in rest if lead not in CHEST_6]
    chest = [CHEST_6.index(lead) for lead in rest if lead in CHEST_6]
    return ", ".join([*parts, *_runs(chest)])


def _runs(places_: list[int]) -> list[str]:
    runs: list[list[int]] = []
    for place in sorted(places_):
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return [
        CHEST_6[run[0]] if len(run) == 1 else f"{CHEST_6[run[0]]}-{CHEST_6[run[-1]]}"
        for run in runs
    ]


def beat_words(beats: Sequence[int], n_beats: int) -> str:
    """Return beats as a reader counts them, from 1."""
    if len(beats) == n_beats:
        return "all beats" if n_beats > 1 else "the beat"
    numbers = [str(beat + 1) for beat in beats]
    if len(numbers) == 1:
        return f"beat {numbers[0]}"
    return f"beats {', '.join(numbers[:-1])} and {numbers[-1]}"
