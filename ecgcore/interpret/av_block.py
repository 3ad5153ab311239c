"""How P waves and QRS complexes belong together: second-degree to complete block, dissociation."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.dropped import Dropped, find_dropped
from ecgcore.interpret.stretch import Stretch
from ecgcore.results.interpreted import Evidence
from ecgcore.signal.p_train import PTrain
from ecgcore.signal.rr import rr_before

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOBITZ_1, MOBITZ_2, TWO_TO_ONE = "54016002", "426183003", "AHA85"
SECOND, HIGH_GRADE, COMPLETE, DISSOCIATION = "2AVB", "AHA87", "3AVB", "50799005"
# A train is believed from this on (simulation at 15 dB, PTB-XL, CPSC and LUDB train and val).
LEAST_P, LEAST_SHARE, LEAST_CONTRAST, LEAST_LIKENESS, MOST_OTHERS = 4, 0.68, 2.4, 0.87, 0.5
HIGH_CONTRAST, ON_T_LIKENESS, ON_T_RATIO = 6.0, 0.78, 2.5
WHOLE_SHARE, WHOLE_LIKENESS, WHOLE_CONTRAST = 0.9, 0.94, 1.7
# A P is conducted at most this long after its peak, and PR of one relation lie this close.
LONGEST_S, SHORTEST_S, ALIKE_S = 0.55, 0.03, 0.04
# An escape is regular: its RR vary by no more than this part.
ESCAPE_VARIES = 0.10
# RR with a dropped beat, against RR without.
PAUSE = 1.3
# Of complexes, conducted at one distance: from here related, below it by chance.
RELATED, CHANCE = 0.75, 0.6
# PR drifts by so much while RR varies by no more than this part: dissociated.
DRIFT_S, CLOCK_VARIES = 0.08, 0.03
# Pauses are whole PP intervals, within this part of one.
OFF_TIME = 0.35
# PR grows before a dropped P (Mobitz I) by at least, and stays (Mobitz II) within.
GROWS_S, STAYS_S = 0.03, 0.025
# Two P waves in a row not conducted.
HIGH_GRADE_CYCLES = 3
# Above this rate and in a regular rhythm with P before each QRS no dropped P is looked for.
REGULAR_FAST_BPM = 75.0


@dataclass(frozen=True)
class Block:
    """An AV relation that is not one to one.

    Attributes
    ----------
    code : str
    words : str
        As printed; empty: the table's term.
    evidence : tuple of Evidence
    """

    code: str
    evidence: tuple[Evidence, ...]
    words: str = ""


@dataclass(frozen=True, eq=False)
class Relation:
    """P waves and QRS complexes of a stretch.

    Attributes
    ----------
    p_s, onset_s : array
        Peaks of P waves, and QRS onsets.
    clear, own : array of bool
        Of P waves: no noise in a P wave's place; of QRS complexes: not ectopic.
    pr_s : array, shape (n_qrs,)
        From the last P peak before each QRS and after the one before; NaN where there is none.
    conducted : array of bool, shape (n_p,)
        P waves that a QRS follows at the usual distance.
    share : float
        Of QRS complexes, those at the commonest distance.
    is_silent : array of bool, shape (n_qrs - 1,), or None
        Between which nothing can be a QRS complex that was not found.
    """

    p_s: Array
    clear: Flags
    onset_s: Array
    own: Flags
    pr_s: Array
    conducted: Flags
    share: float
    is_silent: Flags | None = None

    @property
    def between(self) -> NDArray[np.intp]:
        """Number of P waves between each QRS and the next, shape (n_qrs - 1,)."""
        p_s = self.p_s[self.clear]
        before = np.searchsorted(p_s, self.onset_s - SHORTEST_S)
        return np.diff(before)

    @property
    def of_rhythm(self) -> Flags:
        """Which of these intervals lie between two complexes that are not ectopic."""
        return self.own[1:] & self.own[:-1]


def is_trusted(train: PTrain) -> bool:
    """Tell whether a train of P waves stands out clearly enough."""
    if train.peak_s.size < LEAST_P or train.others > MOST_OTHERS:
        return False
    # A train without a gap, of waves that hardly differ, may be lower.
    whole = train.share >= WHOLE_SHARE and train.likeness >= WHOLE_LIKENESS
    if train.share >= WHOLE_SHARE and train.contrast >= HIGH_CONTRAST:
        # On T waves they look otherwise.
        return train.likeness >= ON_T_LIKENESS
    return (
        train.share >= LEAST_SHARE
        and train.contrast >= (WHOLE_CONTRAST if whole else LEAST_CONTRAST)
        and train.likeness >= LEAST_LIKENESS
    )


def relate(train: PTrain, onset_s: Array, own: Flags) -> Relation:
    """Return how P waves and QRS complexes follow one another; ectopic ones are not counted."""
    p = train.peak_s
    last = np.searchsorted(p, onset_s - SHORTEST_S) - 1
    before = np.concatenate(([-np.inf], onset_s[:-1]))
    pr = np.where(last >= 0, onset_s - p[np.maximum(last, 0)], np.nan)
    pr[(pr > LONGEST_S) | (onset_s - pr < before)] = np.nan
    known = pr[np.isfinite(pr)]
    conducted = np.zeros(p.size, dtype=bool)
    if known.size == 0:
        return Relation(p, train.clear, onset_s, own, pr, conducted, 0.0)
    near = np.abs(known[:, None] - known) <= ALIKE_S
    usual = float(np.median(known[near[int(np.argmax(near.sum(axis=0)))]]))
    # PR may grow before a dropped beat: what follows a P in time is conducted, if not at once.
    alike = np.abs(pr - usual) <= ALIKE_S
    conducted[last[np.isfinite(pr)]] = True
    share = float((alike & own).sum() / max(1, own.sum()))
    return Relation(p, train.clear, onset_s, own, pr, conducted, share)


def find_block(stretch: Stretch) -> Block | None:
    """Return the AV block of a stretch, or None.

    Parameters
    ----------
    stretch : Stretch
        With two main beats and more.
    """
    dropped = find_dropped(stretch)
    if dropped is not None:
        return _second_degree(stretch, dropped)
    train, rr = stretch.p_train, stretch.own_rr_s
    if not _may_have(stretch) or not is_trusted(train):
        return None
    rate = 60.0 / float(np.median(rr))
    if train.likeness < LEAST_LIKENESS and train.rate_bpm < ON_T_RATIO * rate:
        # A U wave stands half way between P waves too.
        return None
    relation = relate(train, stretch.beats.onset_s, stretch.own)
    relation = replace(relation, is_silent=_find_silent(stretch))
    regular = float(np.std(rr) / rr.mean()) <= ESCAPE_VARIES
    shown = (
        Evidence(name="P rate", value=train.rate_bpm, unit="/min"),
        Evidence(name="Ventricular rate", value=rate, unit="/min"),
    )
    # A P wave at one distance before most complexes, and none more: conducted.
    tied = stretch.has_conducted_p and train.rate_bpm < PAUSE * rate
    rules = (_fixed_ratio, _dropped) if tied else (_dissociated, _fixed_ratio, _dropped)
    for rule in rules:
        found = rule(relation, train, rate, regular)
        if found is not None:
            return Block(found.code, (*shown, *found.evidence), found.words)
    return None


def _second_degree(stretch: Stretch, dropped: Dropped) -> Block:
    """Return the block of P waves that stand at their time in pauses."""
    beats, at = stretch.beats, dropped.before
    rate = stretch.rate_bpm
    count = float(np.sum(dropped.cycles - 1))
    shown = (
        Evidence(name="P rate", value=60.0 / dropped.cycle_s, unit="/min"),
        *(() if rate is None else (Evidence(name="Ventricular rate", value=rate, unit="/min"),)),
        Evidence(name="P waves not conducted", value=count),
    )
    if dropped.cycles.max() >= HIGH_GRADE_CYCLES:
        return Block(HIGH_GRADE, shown)
    pr = beats.onset_s - beats.p_onset_s
    step = float(np.median(pr[at] - pr[at + 1]))
    name = "PR before less PR after the pause"
    shown = (*shown, Evidence(name=name, value=1e3 * step, unit="ms"))
    if step >= GROWS_S:
        return Block(MOBITZ_1, shown)
    return Block(MOBITZ_2 if abs(step) <= STAYS_S else SECOND, shown)


def _find_silent(stretch: Stretch) -> Flags:
    r_s = stretch.beats.r_s
    silent = [stretch.is_silent(float(a), float(b)) for a, b in pairwise(r_s)]
    return np.array(silent, dtype=bool)


def _may_have(stretch: Stretch) -> bool:
    rr = stretch.own_rr_s
    if rr.size < 2:
        return False
    usual = float(np.median(rr))
    paused = bool((rr > PAUSE * usual).any())
    return paused or 60.0 / usual < REGULAR_FAST_BPM or not stretch.has_conducted_p


def _dissociated(relation: Relation, train: PTrain, rate: float, regular: bool) -> Block | None:
    if not regular or relation.own.sum() < 3:
        return None
    pr = relation.pr_s[np.isfinite(relation.pr_s) & relation.own]
    if relation.share >= CHANCE and not _drifts(pr, relation):
        return None
    spread = Evidence(name="P to QRS, varying", value=_span_words(pr), unit="ms")
    if train.rate_bpm > 1.1 * rate and rate < 65.0:
        return Block(COMPLETE, (spread,))
    return Block(DISSOCIATION, (spread,))


def _drifts(pr_s: Array, relation: Relation) -> bool:
    """Tell whether PR changes steadily while RR stays the same: two clocks."""
    rr = rr_before(relation.onset_s)[1:][relation.of_rhythm]
    if pr_s.size < 4 or rr.size < 3 or np.std(rr) > CLOCK_VARIES * rr.mean():
        return False
    low, high = np.quantile(pr_s, [0.1, 0.9])
    return bool(high - low >= DRIFT_S)


def _span_words(seconds: Array) -> str:
    if seconds.size == 0:
        return "not constant"
    return f"{1e3 * seconds.min():.0f} to {1e3 * seconds.max():.0f}"


def _fixed_ratio(relation: Relation, train: PTrain, rate: float, regular: bool) -> Block | None:
    ratio = train.rate_bpm / rate
    if relation.share < RELATED or not regular or ratio < 1.8:
        return None
    number = round(ratio)
    if abs(ratio - number) > 0.12 * number:
        return None
    shown = (Evidence(name="P waves a QRS", value=f"{number}:1"),)
    if number == 2:
        return Block(TWO_TO_ONE, shown)
    return Block(HIGH_GRADE, shown, f"AV block, advanced (high-grade), {number}:1 conduction")


def _dropped(relation: Relation, train: PTrain, rate: float, regular: bool) -> Block | None:
    """Return second-degree or high-grade block by the P waves that no QRS follows."""
    between = relation.between
    rr = rr_before(relation.onset_s)[1:]
    ones = rr[(between == 1) & relation.of_rhythm]
    usual = float(np.median(ones)) if ones.size else float(np.median(rr))
    long = rr > PAUSE * min(usual, 1.25 * train.cycle_s)
    dropped = np.flatnonzero((between >= 2) & long & relation.of_rhythm)
    if relation.is_silent is not None:
        dropped = dropped[relation.is_silent[dropped]]
    if dropped.size == 0 or not _times_fit(rr[dropped], between[dropped], train.cycle_s):
        return None
    most = int(np.round(rr[dropped] / train.cycle_s).max())
    count = Evidence(name="P waves not conducted", value=float(np.sum(between[dropped] - 1)))
    if most >= 3:
        return Block(HIGH_GRADE, (count,)) if relation.share >= CHANCE else None
    before, after = relation.pr_s[dropped], relation.pr_s[dropped + 1]
    change = before - after
    change = change[np.isfinite(change)]
    if change.size == 0:
        return Block(SECOND, (count,))
    step = float(np.median(change))
    shown = (count, Evidence(name="PR before less PR after the pause", value=1e3 * step, unit="ms"))
    code = _by_step(step, relation, dropped)
    if code == MOBITZ_2 and relation.share < RELATED:
        return None
    return Block(code, shown)


def _by_step(step: float, relation: Relation, dropped: NDArray[np.intp]) -> str:
    if step >= GROWS_S:
        return MOBITZ_1
    singles = relation.between.size == dropped.size
    if abs(step) <= STAYS_S and not singles:
        return MOBITZ_2
    return TWO_TO_ONE if singles else SECOND


def _times_fit(rr: Array, between: NDArray[np.intp], cycle_s: float) -> bool:
    """Tell whether pauses are whole PP long, but for a PR that grew, and hold the P waves seen."""
    times = rr / cycle_s
    whole = np.median(np.abs(times - np.round(times))) <= OFF_TIME
    return bool(whole and np.median(times - between) >= -OFF_TIME)
