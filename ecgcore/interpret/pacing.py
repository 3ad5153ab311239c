"""Pacing stimuli and what follows them: which chambers, failure to capture, failure to sense."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.stretch import Stretch, median_or
from ecgcore.measure.rhythm import PACED as PACED_RHYTHM
from ecgcore.results.interpreted import Episode, Evidence
from ecgcore.signal.pacing import find_stimuli

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

ATRIAL, VENTRICULAR, TRACKING, DUAL, PACED = "251268003", "251266004", "AHA183", "AHA184", "PACE"
PACED_CODES = (ATRIAL, VENTRICULAR, TRACKING, DUAL, PACED)
NO_CAPTURE, NO_CAPTURE_ATRIAL, NO_SENSING = "AHA186", "AHA185", "AHA188"
LEAST_STIMULI = 3
# Faint ones are a pacemaker's where so many come at one interval, within this part of it.
LEAST_REGULAR, REGULAR, REGULAR_SHARE, CYCLE_S = 5, 0.05, 0.45, (0.35, 1.7)
FILLED_SHARE = 0.75
# From a stimulus to QRS onset: in the ventricle at once, in the atrium after the AV delay.
VENTRICULAR_S, ATRIAL_S = (-0.05, 0.09), (0.09, 0.42)
# A stimulus this soon after QRS onset finds the ventricles refractory: no failure to capture.
REFRACTORY_S = 0.40
# A stimulus this soon after a QRS that it did not make should have been inhibited.
SENSED_S, SENSED_SHARE = (0.09, 0.65), 0.8
# A spike before QRS stands this far before its onset, at least.
EDGE_S = 0.02
# The edge of a broad paced complex is told up to so much before its spike.
LATE_S = 0.05
LEAST_FREE, FREE_SHARE = 2, 0.2
# Paced intervals are alike.
SAME_S, ALIKE_SHARE = 0.03, 0.45


@dataclass(frozen=True, eq=False)
class Stimuli:
    """The stimuli of a stretch and what each did.

    Attributes
    ----------
    at_s : array, shape (n,)
    ventricular, atrial : array of bool, shape (n,)
        Followed at once by QRS, or by QRS after an AV delay.
    lost : array of bool, shape (n,)
        Not followed by QRS although the ventricles could have answered.
    unsensed : array of bool, shape (n,)
        Shortly after a QRS that no stimulus made.
    """

    at_s: Array
    ventricular: Flags
    atrial: Flags
    lost: Flags
    unsensed: Flags


def find_pacing(stretch: Stretch) -> Stimuli | None:
    """Return the pacing stimuli of a stretch, or None where it holds fewer than three."""
    recording = stretch.study.recording
    rows = [name in stretch.leads for name in recording.leads]
    first, last = (round(t * recording.fs_hz) for t in (stretch.start_s, stretch.stop_s))
    part = recording.signal[rows, first:last]
    at_s = _outside_qrs(find_stimuli(part, recording.fs_hz) + stretch.start_s, stretch)
    if not _is_regular(at_s):
        faint = find_stimuli(part, recording.fs_hz, faint=True)
        faint = _outside_qrs(faint + stretch.start_s, stretch)
        regular = _is_regular(faint) and _is_most(faint, stretch)
        at_s = faint if regular and _without_answer(faint, stretch) else at_s
    onset = stretch.beats.onset_s
    if at_s.size < LEAST_STIMULI:
        return None
    following = np.append(onset, np.inf)
    after = following[np.searchsorted(onset, at_s + VENTRICULAR_S[0])] - at_s
    ventricular = (after >= VENTRICULAR_S[0]) & (after < VENTRICULAR_S[1])
    atrial = ~ventricular & (after >= ATRIAL_S[0]) & (after <= ATRIAL_S[1])
    # An atrial stimulus is followed by a ventricular one or by QRS; a late QRS of its own is not.
    since = at_s - np.concatenate(([-np.inf], onset))[np.searchsorted(onset, at_s)]
    whole = at_s < stretch.stop_s - ATRIAL_S[1]
    lost = ~ventricular & ~atrial & (since > REFRACTORY_S) & whole
    made = _paced_beats(onset, at_s[ventricular])
    natural = np.concatenate((onset[~made], [np.inf]))
    gap = at_s[:, None] - natural
    base = median_or(np.diff(at_s), 1.0)
    near = (gap > SENSED_S[0]) & (gap < min(SENSED_S[1], SENSED_SHARE * base))
    unsensed = near.any(axis=1) & ~ventricular
    return Stimuli(at_s, ventricular, atrial, lost & ~unsensed, unsensed)


def _outside_qrs(at_s: Array, stretch: Stretch) -> Array:
    """Leave needles within QRS out: they are its notches."""
    late = at_s[:, None] > stretch.beats.onset_s + LATE_S
    inside = late & (at_s[:, None] < stretch.beats.offset_s)
    return np.asarray(at_s[~inside.any(axis=1)])


def _is_regular(at_s: Array) -> bool:
    """Tell whether stimuli come at one interval, as a pacemaker's do that senses nothing."""
    if at_s.size < LEAST_REGULAR:
        return False
    gaps = np.diff(at_s)
    usual = float(np.median(gaps))
    alike = np.abs(gaps / usual - 1) <= REGULAR
    return bool(CYCLE_S[0] <= usual <= CYCLE_S[1] and alike.mean() >= REGULAR_SHARE)


def _without_answer(at_s: Array, stretch: Stretch) -> bool:
    """Tell whether stimuli stand where no QRS follows: one beside each QRS may be its notch."""
    after = stretch.beats.onset_s - at_s[:, None]
    answered = ((after >= VENTRICULAR_S[0]) & (after <= ATRIAL_S[1])).any(axis=1)
    return int((~answered).sum()) >= LEAST_FREE


def _is_most(at_s: Array, stretch: Stretch) -> bool:
    """Tell whether regular stimuli fill a stretch."""
    return bool(np.median(np.diff(at_s)) * at_s.size >= FILLED_SHARE * stretch.length_s)


def _paced_beats(onset: Array, stimuli: Array) -> Flags:
    if stimuli.size == 0:
        return np.zeros(onset.size, dtype=bool)
    after = onset[:, None] - stimuli
    made = (after >= VENTRICULAR_S[0]) & (after < VENTRICULAR_S[1])
    return np.asarray(made.any(axis=1))


def is_pacing(stimuli: Stimuli, stretch: Stretch) -> bool:
    """Tell whether stimuli are a pacemaker's: beats follow them, or they come at one interval."""
    if stretch.measured.rhythm.startswith(PACED_RHYTHM):
        return True
    # Captured ones stand at QRS onset; those that stand free are at one interval with them.
    near = stimuli.at_s[:, None] - stretch.beats.onset_s
    free = ~((near > -EDGE_S) & (near <= LATE_S)).any(axis=1)
    if free.sum() < max(LEAST_FREE, FREE_SHARE * free.size):
        return False
    gaps = np.diff(stimuli.at_s)
    alike = (np.abs(gaps[:, None] - gaps) < SAME_S).mean(axis=0).max(initial=0.0)
    return bool(gaps.size >= 3 and np.median(gaps) > CYCLE_S[0] and alike >= ALIKE_SHARE)


def paced_episode(stretch: Stretch, stimuli: Stimuli | None) -> Episode:
    """Return the paced rhythm of a stretch."""
    shown: tuple[Evidence, ...] = ()
    if stimuli is not None:
        shown = (
            Evidence(name="Stimuli", value=float(stimuli.at_s.size)),
            Evidence(name="Followed by QRS at once", value=float(stimuli.ventricular.sum())),
            Evidence(name="Not captured", value=float(stimuli.lost.sum())),
        )
    return Episode(
        code=_chambers(stretch, stimuli),
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        rate_bpm=stretch.rate_bpm,
        evidence=shown,
        beats=tuple(stretch.index.tolist()),
    )


def _chambers(stretch: Stretch, stimuli: Stimuli | None) -> str:
    if stimuli is None:
        return PACED
    ventricles = stimuli.ventricular.sum() >= 0.4 * stretch.n_beats
    atria = stimuli.atrial.sum() >= 0.4 * stretch.n_beats
    if ventricles and atria:
        return DUAL
    if atria:
        return ATRIAL
    if not ventricles:
        return PACED
    return TRACKING if stretch.has_conducted_p else VENTRICULAR
