"""The rhythm in words: how RR intervals follow one another, and which beats are ectopic.

"Regular" promises little variation: whatever else is seen is said, so that the word and the
standard deviation of RR beside it agree.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

REGULAR = "regular"
# The rate changes from beat to beat by little, over the recording by more, as with breathing.
GRADUAL = "irregular (gradual variation)"
IRREGULAR = "irregular"
NO_P = "irregular without P"
PACED = "paced"
UNKNOWN = "unknown"
# In these each beat has an RR interval of its own: QTc is made beat by beat.
BEATWISE = (NO_P, IRREGULAR)
# What a normal ECG can have: sinus arrhythmia is physiological.
NORMAL_RHYTHMS = (REGULAR, GRADUAL)

ECTOPIC = ("supraventricular", "ventricular")
PATTERNS = {2: "bigeminy", 3: "trigeminy", 4: "quadrigeminy"}
MIN_BEATS = 4
# A pattern is named from so many ectopic beats in a row of it, over this part of the beats.
MIN_REPEATS, MIN_COVER = 3, 0.5
# More ectopic beats than this are a rhythm of their own.
OWN_RHYTHM = 0.7
FREQUENT = 0.25
# Sinus arrhythmia: the longest less the shortest RR is over 120 ms (Chou's Electrocardiography,
# 6th ed., chapter 13), at slow rates over 12 % of the mean.
STEADY_S, STEADY_PART = 0.12, 0.12
# In a long recording, what one interval in twenty may do.
SHORT, QUANTILES = 60, (0.025, 0.975)
# A step from one interval to the next that breathing does not make.
ABRUPT = 0.25
ABRUPT_SHARE = 0.02
# RR alternates: each interval is like the one before the last, and unlike the last.
ALIKE, UNLIKE, ALTERNATING = 0.08, 0.10, 0.8
PAUSE = 1.3
# Beats of a group stand no farther apart than this, against one another.
WITHIN_GROUP = 1.4


def rhythm_words(rhythm: str) -> str:
    """Return a rhythm as it is printed."""
    return "irregularly irregular, no P waves" if rhythm == NO_P else rhythm


def is_steady(rr: Array, limit_s: float = STEADY_S) -> bool:
    """Tell whether RR intervals (s) differ by no more than a limit, or by little of their mean."""
    if rr.size < 2:
        return True
    low, high = np.quantile(rr, QUANTILES) if rr.size > SHORT else (rr.min(), rr.max())
    return bool(high - low <= max(limit_s, STEADY_PART * float(rr.mean())))


def find_rhythm(types: tuple[str, ...], rr_s: Array, *, without_p: bool, paced: bool) -> str:
    """Return the rhythm of a recording, as ``MeasureResult.rhythm``.

    Parameters
    ----------
    types : tuple of str
        The kind of each beat.
    rr_s : array, shape (n_beats,)
        RR before each beat; NaN where it is not known.
    without_p : bool
        Whether RR is irregular and no P belongs to most beats.
    paced : bool
        Whether most beats follow a spike.
    """
    known = np.isfinite(rr_s)
    if paced:
        return PACED if is_steady(rr_s[known]) else f"{PACED}, irregular"
    if len(types) < MIN_BEATS or known.sum() < MIN_BEATS - 1:
        return UNKNOWN
    if without_p:
        return NO_P
    ectopic = np.array([kind in ECTOPIC for kind in types])
    if ectopic.mean() > OWN_RHYTHM:
        ectopic[:] = False
    pattern = _ectopic_pattern(ectopic) or _group_pattern(rr_s[known])
    if pattern:
        return f"regularly irregular ({pattern})"
    if ectopic.any():
        return _with_ectopy(ectopic, rr_s[known])
    return _variation(rr_s[known])


def _ectopic_pattern(ectopic: Flags) -> str:
    """Return bigeminy, trigeminy or quadrigeminy where most beats belong to it."""
    apart = np.diff(np.flatnonzero(ectopic))
    for period, word in PATTERNS.items():
        covered = sum(
            (length + 1) * period
            for length in _run_lengths(apart == period)
            if length + 1 >= MIN_REPEATS
        )
        if covered >= MIN_COVER * ectopic.size:
            return word
    return ""


def _run_lengths(marked: Flags) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marked.astype(int), [0]))))
    return [int(stop - start) for start, stop in edges.reshape(-1, 2)]


def _group_pattern(rr: Array) -> str:
    """Return how RR repeats itself, whatever the kinds of the beats, or an empty string."""
    if rr.size >= MIN_BEATS + 1:
        usual = float(np.median(rr))
        alike = np.abs(rr[2:] - rr[:-2]) < ALIKE * usual
        unlike = np.abs(rr[2:] - rr[1:-1]) > UNLIKE * usual
        if np.mean(alike & unlike) >= ALTERNATING:
            return "alternating RR intervals"
    long = rr > PAUSE * np.median(rr)
    at = np.flatnonzero(long)
    groups = np.diff(at)
    edges = np.array([at[0], rr.size - 1 - at[-1]]) if at.size else np.zeros(0)
    if groups.size == 0 or groups.min() < 2 or np.ptp(groups) > 1:
        return ""
    # Two pauses make one group; what stands before and after must not be longer.
    if edges.max() > groups.max() or groups.max() * 2 > rr.size:
        return ""
    short = rr[~long]
    return "group beating" if short.max() <= WITHIN_GROUP * short.min() else ""


def _with_ectopy(ectopic: Flags, rr: Array) -> str:
    """Return whether ectopic beats leave the rhythm regular, and how they stand."""
    longest = max(_run_lengths(ectopic))
    if longest >= 3:
        words = "runs of ectopic beats"
    elif longest == 2:
        words = "couplets of ectopic beats"
    else:
        words = "frequent ectopic beats" if ectopic.mean() >= FREQUENT else "ectopic beats"
    return f"regular with {words}" if is_steady(rr) else f"irregular ({words})"


def _variation(rr: Array) -> str:
    """Return how RR varies where no pattern and no ectopic beat explains it."""
    if rr.size < 2 or is_steady(rr):
        return REGULAR
    usual = float(np.median(rr))
    steps = np.abs(np.diff(rr)) > ABRUPT * usual
    share = ABRUPT_SHARE if rr.size > SHORT else 0.0
    if steps.mean() > share:
        paused = rr > (1 + ABRUPT) * usual
        few = paused.any() and paused.mean() < FREQUENT and is_steady(rr[~paused])
        return "irregular (pauses)" if few else IRREGULAR
    median_step = float(np.median(np.abs(np.diff(rr))))
    return IRREGULAR if median_step > ALIKE * usual else GRADUAL
