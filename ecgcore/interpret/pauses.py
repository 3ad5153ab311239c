"""Pauses: what lies between two QRS complexes that are far apart, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.av_block import COMPLETE, HIGH_GRADE, MOBITZ_1, MOBITZ_2, SECOND, TWO_TO_ONE
from ecgcore.interpret.pacing import PACED_CODES
from ecgcore.interpret.stretch import AFTER_S, BEFORE_S, Stretch
from ecgcore.measure.alarms import NO_QRS
from ecgcore.recording import Recording
from ecgcore.results.interpreted import Episode
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.filters import stretches
from ecgcore.signal.marching import AROUND_S as MARCH_S
from ecgcore.signal.marching import count_own
from ecgcore.study import Study

Array = NDArray[np.float64]

PAUSE, SA_BLOCK = "5609005", "AHA25"
ASYSTOLE = "397829000"
NO_SIGNAL_WORDS = "No electrical activity or leads off: check the patient"
LEAST_S, EDGE_LEAST_S, PRESENT, URGENT_S = 2.0, 3.0, 0.98, 3.0
# The complexes on both sides of a gap are no part of it.
EDGE_S = 0.15
# A line that does not move for this part of a silence: what precedes it is the last T wave.
FLAT_SHARE = 0.6
# What the ventricles did last may fade for so long.
LATEST_S = 2.0
# A pause stands out of the rhythm around: longer than this many times its RR.
STANDS_OUT = 1.6
# RR on either side that count as the rhythm around.
AROUND = 8
# A sinoatrial block is a whole number of cycles long, within this part of one.
WHOLE_CYCLE = 0.10
# Complexes this long before and after are what a pause is compared with.
AROUND_S = 10.0
BLOCKED = (COMPLETE, HIGH_GRADE, MOBITZ_1, MOBITZ_2, SECOND, TWO_TO_ONE)


@dataclass(frozen=True)
class Pause:
    """A pause between two QRS complexes.

    Attributes
    ----------
    code : str
    start_s, stop_s : float
    words : str
    """

    code: str
    start_s: float
    stop_s: float
    words: str = ""

    @property
    def length_s(self) -> float:
        """From one QRS complex to the next."""
        return self.stop_s - self.start_s


@dataclass(frozen=True)
class Gap:
    """Silence between two complexes, or between one and the recording's edge.

    Attributes
    ----------
    start_s, stop_s : float
    usual_s : float
        RR around.
    is_edge : bool
    is_flat : bool
        Whether no lead moves in it: no electrical activity, or leads off.
    """

    start_s: float
    stop_s: float
    usual_s: float
    is_edge: bool
    is_flat: bool

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.stop_s - self.start_s


def find_gaps(study: Study) -> list[Gap]:
    """Return the silences of two seconds and longer that stand out of the rhythm around.

    At an edge, where the rest is not seen, they are of three seconds and longer.  The signal is
    looked at as it was recorded: a line that does not move counts, absent samples do not.
    """
    recording, measured = study.alone.recording, study.measured
    r_s = measured.beats.consensus.r_peak
    if r_s.size == 0:
        return []
    marks = np.concatenate(([0.0], r_s, [recording.duration_s]))
    length, out = np.diff(marks), []
    other = [(a.start_s, a.end_s) for a in measured.alarms if a.kind in NO_QRS]
    for at in np.flatnonzero(length >= LEAST_S):
        start, stop = float(marks[at]), float(marks[at + 1])
        edge = at in (0, length.size - 1)
        usual = _usual(length[1:-1], int(at) - 1)
        short = edge and stop - start < EDGE_LEAST_S
        if short or length[at] < STANDS_OUT * usual or _meets(other, start, stop):
            continue
        if _is_absent(recording, start, stop) or _has_complexes(study, start, stop):
            continue
        silent = _silent_from(study, start, stop)
        if silent is not None:
            flat = _is_flat(recording, silent + AFTER_S, stop - BEFORE_S)
            out.append(Gap(silent, stop, usual, edge, flat))
    return out


def _has_complexes(study: Study, start_s: float, stop_s: float) -> bool:
    """Tell whether the heart's own complexes stand in leads that were left out as unreadable."""
    recording = study.alone.recording
    if not study.measured.quality.bad_leads:
        return False
    first_s = max(0.0, start_s - MARCH_S)
    search = BeatSearch(_cut(recording, first_s, stop_s + MARCH_S), recording.fs_hz)
    edges = (start_s + EDGE_S - first_s, stop_s - EDGE_S - first_s)
    return count_own(search.traces.low, FEATURE_HZ, search.r_s, *edges) > 0


def _silent_from(study: Study, start_s: float, stop_s: float) -> float | None:
    """Return from where on there is silence; fibrillation goes out before it ends."""
    for later_s in np.arange(0.0, LATEST_S + 0.1, 0.5):
        if later_s and stop_s - start_s - later_s < EDGE_LEAST_S:
            return None
        if is_pause(study, start_s + later_s, stop_s):
            return float(start_s + later_s)
    return None


def find_pauses(study: Study, rhythms: Sequence[Episode]) -> list[Pause]:
    """Return the pauses of two seconds and longer, each with its likely cause.

    A slow escape rhythm is a rate, not a row of pauses; what is shorter than 3 s and explained by
    AV block is stated as block alone, and what is asystole as that.
    """
    found = []
    for gap in find_gaps(study):
        rhythm = _rhythm_at(rhythms, gap.start_s, gap.stop_s)
        if rhythm != ASYSTOLE:
            found.append(_explain(gap, rhythm))
    return [pause for pause in found if pause is not None]


def is_pause(study: Study, start_s: float, stop_s: float) -> bool:
    """Tell whether there is silence between two complexes, beside those around."""
    end_s = study.alone.recording.duration_s
    stretch = Stretch(study, max(0.0, start_s - AROUND_S), min(end_s, stop_s + AROUND_S))
    return stretch.is_silent(start_s, stop_s)


def _usual(rr: Array, at: int) -> float:
    """Return the median RR around one of them; a second where there is none."""
    around = np.concatenate((rr[max(0, at - AROUND) : max(0, at)], rr[at + 1 : at + 1 + AROUND]))
    return float(np.median(around)) if around.size else 1.0


def _meets(spans: Sequence[tuple[float, float]], start_s: float, stop_s: float) -> bool:
    return any(a < stop_s and b > start_s for a, b in spans)


def _cut(recording: Recording, start_s: float, stop_s: float) -> NDArray[np.float32]:
    first, last = (round(t * recording.fs_hz) for t in (start_s, stop_s))
    return recording.signal[:, first:last]


def _is_absent(recording: Recording, start_s: float, stop_s: float) -> bool:
    present = np.isfinite(_cut(recording, start_s, stop_s)).any(axis=0)
    return bool(present.mean() < PRESENT) if present.size else True


def _is_flat(recording: Recording, start_s: float, stop_s: float) -> bool:
    """Tell whether no lead moves at all for most of a silence."""
    part = _cut(recording, start_s, stop_s)
    if part.shape[1] < 2:
        return False
    still = (np.nan_to_num(np.diff(part, axis=1)) == 0).all(axis=0)
    longest = max((b - a for a, b in stretches(still)), default=0)
    return bool(longest >= FLAT_SHARE * still.size)


def _rhythm_at(rhythms: Sequence[Episode], start_s: float, stop_s: float) -> str:
    middle = (start_s + stop_s) / 2
    return next((e.code for e in rhythms if e.start_s <= middle < e.stop_s), "")


def _explain(gap: Gap, rhythm: str) -> Pause | None:
    explained = rhythm in PACED_CODES or rhythm in BLOCKED
    if explained and gap.length_s <= URGENT_S:
        return None
    cycles = gap.length_s / gap.usual_s
    whole = abs(cycles - round(cycles)) < WHOLE_CYCLE and 2 <= round(cycles) <= 3
    if whole and gap.length_s <= URGENT_S and rhythm != "AF" and not gap.is_edge:
        return Pause(SA_BLOCK, gap.start_s, gap.stop_s)
    return Pause(PAUSE, gap.start_s, gap.stop_s, _word(gap, rhythm))


def _word(gap: Gap, rhythm: str) -> str:
    if gap.is_flat and gap.length_s > URGENT_S:
        return NO_SIGNAL_WORDS
    if gap.is_edge:
        return "No QRS complex at the edge of the recording"
    if rhythm in BLOCKED:
        return "Pause in AV block"
    return "Pause in atrial fibrillation" if rhythm == "AF" else ""
