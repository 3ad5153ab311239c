"""Pauses: what lies between two QRS complexes that are far apart, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.av_block import COMPLETE, HIGH_GRADE, MOBITZ_1, MOBITZ_2, SECOND, TWO_TO_ONE
from ecgcore.interpret.pacing import PACED_CODES
from ecgcore.interpret.stretch import BeatTable, Stretch
from ecgcore.results.interpreted import Episode
from ecgcore.signal.beats import FEATURE_HZ
from ecgcore.study import Study

Array = NDArray[np.float64]

PAUSE, SA_BLOCK = "5609005", "AHA25"
LEAST_S = 2.0
# A pause stands out of the rhythm around: longer than this many times its RR.
STANDS_OUT = 1.6
# RR on either side that count as the rhythm around.
AROUND = 8
# A sinoatrial block is a whole number of cycles long, within this part of one.
WHOLE_CYCLE = 0.10
# What is larger in a pause than this part of the smaller complexes around is looked upon as a
# complex that was not found; T of the beat before and P of the next are left out.
AROUND_S, QRS_S, AFTER_S, BEFORE_S, SILENT_SHARE = 10.0, 0.08, 0.55, 0.32, 0.38
WIDE_WAVE = 0.5
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


def find_pauses(study: Study, rhythms: Sequence[Episode]) -> list[Pause]:
    """Return the pauses of two seconds and longer, each with its likely cause.

    A slow escape rhythm is a rate, not a row of pauses; what is shorter than 3 s and explained by
    AV block is stated as block alone.
    """
    beats = BeatTable.of(study.measured.beats)
    alarms = [(a.start_s, a.end_s) for a in study.measured.alarms if a.kind == "pause"]
    out = []
    for at in np.flatnonzero(beats.rr_s >= LEAST_S):
        usual = _usual(beats.rr_s, int(at))
        if beats.rr_s[at] < STANDS_OUT * usual:
            continue
        start, stop = float(beats.r_s[at - 1]), float(beats.r_s[at])
        if not _is_silent(study, start, stop):
            continue
        out.append(_explain(study, beats, int(at), usual, _rhythm_at(rhythms, start, stop)))
    out += [_edge(a, b) for a, b in alarms if not _known(out, a, b) and _is_edge(beats, a, b)]
    return [pause for pause in out if pause is not None]


def _is_silent(study: Study, start_s: float, stop_s: float) -> bool:
    """Tell whether nothing between two complexes is nearly as large as the small ones around."""
    end_s = study.alone.recording.duration_s
    stretch = Stretch(study, max(0.0, start_s - AROUND_S), min(end_s, stop_s + AROUND_S))
    wave = stretch.search.traces.banded + WIDE_WAVE * stretch.search.traces.low
    wave = wave - np.median(wave, axis=1, keepdims=True)
    at = np.round((stretch.beats.r_s - stretch.start_s) * FEATURE_HZ).astype(int)
    reach = round(QRS_S * FEATURE_HZ)
    index = np.clip(at[:, None] + np.arange(-reach, reach + 1), 0, wave.shape[1] - 1)
    size = np.quantile(np.ptp(wave[:, index], axis=-1), 0.25, axis=1)
    first, last = (
        (t - stretch.start_s) * FEATURE_HZ for t in (start_s + AFTER_S, stop_s - BEFORE_S)
    )
    inside = wave[:, round(first) : round(last)]
    pieces = inside[:, : inside.shape[1] // reach * reach].reshape(len(wave), -1, reach)
    if pieces.shape[1] == 0:
        return False
    share = np.ptp(pieces, axis=-1).max(axis=1) / np.maximum(size, 1e-9)
    return bool(np.median(share) < SILENT_SHARE)


def _usual(rr: Array, at: int) -> float:
    around = np.concatenate((rr[max(0, at - AROUND) : at], rr[at + 1 : at + 1 + AROUND]))
    around = around[np.isfinite(around)]
    return float(np.median(around)) if around.size else float("inf")


def _rhythm_at(rhythms: Sequence[Episode], start_s: float, stop_s: float) -> str:
    middle = (start_s + stop_s) / 2
    return next((e.code for e in rhythms if e.start_s <= middle < e.stop_s), "")


def _known(pauses: Sequence[Pause | None], start_s: float, stop_s: float) -> bool:
    return any(p is not None and p.start_s < stop_s and p.stop_s > start_s for p in pauses)


def _is_edge(beats: BeatTable, start_s: float, stop_s: float) -> bool:
    return not ((beats.r_s < stop_s - 0.1).any() and (beats.r_s > start_s + 0.1).any()) or not (
        (np.abs(beats.r_s - start_s) < 0.1).any() and (np.abs(beats.r_s - stop_s) < 0.1).any()
    )


def _edge(start_s: float, stop_s: float) -> Pause | None:
    return Pause(PAUSE, start_s, stop_s, "No QRS complex at the edge of the recording")


def _explain(study: Study, beats: BeatTable, at: int, usual: float, rhythm: str) -> Pause | None:
    start, stop = float(beats.r_s[at - 1]), float(beats.r_s[at])
    length = stop - start
    if rhythm in PACED_CODES and length <= 3.0:
        return None
    if rhythm == "AF":
        return Pause(PAUSE, start, stop, "Pause in atrial fibrillation")
    if rhythm in BLOCKED:
        return None if length <= 3.0 else Pause(PAUSE, start, stop, "Pause in AV block")
    cycles = length / usual
    if abs(cycles - round(cycles)) < WHOLE_CYCLE and 2 <= round(cycles) <= 3 and length <= 3.0:
        return Pause(SA_BLOCK, start, stop)
    return Pause(PAUSE, start, stop)


def p_waves_between(study: Study, start_s: float, stop_s: float) -> int:
    """Return how many P waves of the train around lie in a pause."""
    stretch = Stretch(study, max(0.0, start_s - 6.0), stop_s + 6.0)
    inside = stretch.p_train.peak_s
    return int(((inside > start_s + 0.3) & (inside < stop_s - 0.3)).sum())
