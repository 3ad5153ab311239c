"""One stretch of a recording as its rhythm is read: beats, families, P waves, flutter waves."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.beat_types import group_shapes, scale_leads, shape_agreement
from ecgcore.results import Beats, MeasureResult
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.fibrillatory import compare_waves
from ecgcore.signal.filters import butterworth
from ecgcore.signal.flutter import Flutter, find_flutter
from ecgcore.signal.marching import AROUND_S, is_marching
from ecgcore.signal.p_train import NO_TRAIN, AtrialTrace, PTrain, cancel_qrst, find_p_train
from ecgcore.signal.quantiles import median
from ecgcore.study import Study
from ecgcore.units import MV

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDE_MS = 120.0
# Where the delineator found no edge of QRS, it stands about so far from R.
BEFORE_R_S, AFTER_R_S = 0.05, 0.06
# P waves before QRS belong to it from this share of the beats on, at distances this alike.
CONDUCTED_SHARE, STEADY_S = 0.7, 0.035
# Wider than most bundle branch blocks make it (Wellens et al., Am J Med 64:27, 1978).
VERY_WIDE_MS, WIDE_STEADY_S = 165.0, 0.02
# Every second wave smaller than this part of its neighbours, in this part of a stretch.
MIN_DOUBLED, DOUBLED_SHARE, MIN_DOUBLED_SHARE = 6, 0.5, 0.3
# In silence nothing is larger than this part of the smaller complexes around; of a few leads each
# is looked at, and nothing rises by so many mV within half a QRS.
QRS_S, AFTER_S, BEFORE_S, WIDE_WAVE = 0.08, 0.55, 0.32, 0.5
AWAY_S, AWAY_HZ, AWAY = 4.0, (1.2, 15.0), 0.2
LEAST_STILL_S, STILL_MV = 3.0, 0.15
SILENT_SHARE, FEW_LEADS, SILENT_MV = 0.38, 3, 0.3
# Between T and QRS: so much is left out on either side; T ends no sooner.
AFTER_T_S, BEFORE_ONSET_S, LEAST_QT_S = 0.04, 0.05, 0.36
# Half of a P wave, and the likeness from which two are of one form.
P_HALF_S, SAME_P = 0.055, 0.8


@dataclass(frozen=True, eq=False)
class BeatTable:
    """Every beat of a recording in arrays of shape (n_beats,), times in seconds.

    Attributes
    ----------
    r_s, onset_s, offset_s, t_end_s, p_onset_s, rr_s : array
        NaN where it was not found; ``rr_s`` is before each beat.
    width_ms : array
        QRS duration of each beat; NaN where an edge was not found.
    kinds : array of str
        As ``Beats.types``.
    likeness : array
        Correlation with the commonest of the heart's own complexes; 1 where it is not known.
    """

    r_s: Array
    onset_s: Array
    offset_s: Array
    t_end_s: Array
    p_onset_s: Array
    rr_s: Array
    width_ms: Array
    kinds: NDArray[np.str_]
    likeness: Array

    @classmethod
    def of(cls, beats: Beats) -> "BeatTable":
        """Return the table of what was measured."""
        joint = beats.consensus
        onset = np.where(np.isfinite(joint.qrs_onset), joint.qrs_onset, joint.r_peak - BEFORE_R_S)
        offset = np.where(np.isfinite(joint.qrs_offset), joint.qrs_offset, joint.r_peak + AFTER_R_S)
        return cls(
            joint.r_peak,
            onset,
            offset,
            joint.t_offset,
            joint.p_onset,
            beats.rr_s,
            1e3 * (joint.qrs_offset - joint.qrs_onset),
            np.array(beats.types, dtype=np.str_).reshape(-1),
            np.ones(joint.r_peak.size) if beats.likeness is None else beats.likeness,
        )

    def take(self, index: NDArray[np.intp]) -> "BeatTable":
        """Return the table of some beats."""
        return BeatTable(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


class Stretch:
    """A stretch between two times, and the beats in it.

    Parameters
    ----------
    study : Study
    start_s, stop_s : float
    without : sequence of int, optional
        Numbers of beats that are a rhythm of their own: they are left out, and what lies in them.
    """

    def __init__(
        self, study: Study, start_s: float, stop_s: float, without: Sequence[int] = ()
    ) -> None:
        self.study, self.start_s, self.stop_s = study.alone, start_s, stop_s
        self.measured: MeasureResult = study.measured
        table = BeatTable.of(self.measured.beats)
        inside = (table.r_s >= start_s) & (table.r_s < stop_s)
        other = inside.copy()
        other[[at for at in without if at < other.size]] = False
        self.index = np.flatnonzero(other)
        self.beats = table.take(self.index)
        follows = np.diff(self.index, prepend=-1) == 1
        self.beats.rr_s[~follows & (self.index > 0)] = np.nan
        left = np.flatnonzero(inside & ~other)
        ends = np.minimum(left + 1, table.r_s.size - 1)
        self._left_s = tuple(zip(table.onset_s[left], table.onset_s[ends], strict=True))

    @classmethod
    def around(cls, study: Study, start_s: float, stop_s: float) -> "Stretch":
        """Return a stretch with what lies around it."""
        end_s = study.alone.recording.duration_s
        return cls(study, max(0.0, start_s - AROUND_S), min(end_s, stop_s + AROUND_S))

    # ---- beats ------------------------------------------------------------------------------

    @property
    def n_beats(self) -> int:
        """Number of beats."""
        return int(self.index.size)

    @property
    def length_s(self) -> float:
        """Length in seconds."""
        return self.stop_s - self.start_s

    @property
    def own_times_s(self) -> Array:
        """R peaks from the stretch's start."""
        return self.beats.r_s - self.start_s

    @cached_property
    def rr_s(self) -> Array:
        """RR intervals between beats of this stretch that follow one another, ascending in time."""
        rr = self.beats.rr_s[1:]
        return rr[np.isfinite(rr)]

    @cached_property
    def rate_bpm(self) -> float | None:
        """Mean ventricular rate; None for fewer than two beats."""
        return 60.0 / float(self.rr_s.mean()) if self.rr_s.size else None

    @cached_property
    def family(self) -> NDArray[np.intp]:
        """The number of each beat's QRS family, 0 the largest."""
        if self.n_beats == 0:
            return np.zeros(0, dtype=np.intp)
        group = group_shapes(scale_leads(self.search), self.beats.r_s - self.start_s)
        order = np.argsort(-np.bincount(group), kind="stable")
        rank = np.empty(order.size, dtype=np.intp)
        rank[order] = np.arange(order.size)
        return rank[group]

    @cached_property
    def is_doubled(self) -> bool:
        """Whether large and small waves alternate: P or T waves were taken for QRS complexes."""
        if self.n_beats < MIN_DOUBLED:
            return False
        banded = self.search.traces.banded
        at = np.round(self.own_times_s * FEATURE_HZ).astype(int)
        reach = round(QRS_S * FEATURE_HZ)
        index = np.clip(at[:, None] + np.arange(-reach, reach + 1), 0, banded.shape[1] - 1)
        size = np.ptp(banded[:, index], axis=-1).max(axis=0)
        small = size[1:-1] < DOUBLED_SHARE * np.minimum(size[:-2], size[2:])
        return bool(small.mean() >= MIN_DOUBLED_SHARE)

    @cached_property
    def own(self) -> Flags:
        """Beats that are neither premature nor of ventricular origin: those of the main rhythm."""
        own = ~np.isin(self.beats.kinds, ("ventricular", "supraventricular"))
        return own if own.sum() >= max(2, 0.3 * own.size) else np.ones(own.size, dtype=bool)

    @cached_property
    def width_ms(self) -> float:
        """Median QRS duration of the main beats; NaN where none was measured."""
        widths = self.beats.width_ms[self.own]
        widths = widths[np.isfinite(widths)]
        return float(np.median(widths)) if widths.size else float("nan")

    @property
    def is_wide(self) -> bool:
        """Whether the main beats are wide."""
        return bool(self.width_ms >= WIDE_MS)

    @cached_property
    def own_rr_s(self) -> Array:
        """RR intervals from one main beat to the next."""
        pair = self.own & np.concatenate(([False], self.own[:-1])) & np.isfinite(self.beats.rr_s)
        return self.beats.rr_s[pair]

    @cached_property
    def disorder(self) -> float:
        """Median change of RR from one main beat to the next, as a part of RR."""
        rr = self.own_rr_s
        return float(np.median(np.abs(np.diff(rr))) / np.median(rr)) if rr.size >= 3 else 0.0

    @cached_property
    def pr_s(self) -> Array:
        """P onset to QRS onset of each main beat; NaN where no P was found before it."""
        return (self.beats.onset_s - self.beats.p_onset_s)[self.own]

    @cached_property
    def has_conducted_p(self) -> bool:
        """Whether most main beats follow a P wave at a steady distance."""
        seen = self.pr_s[np.isfinite(self.pr_s)]
        if seen.size < max(1, CONDUCTED_SHARE * self.pr_s.size):
            return False
        # Before wide complexes what looks like P may be the end of T, or a P that drifts.
        play_s = WIDE_STEADY_S if self.width_ms >= VERY_WIDE_MS else STEADY_S
        near = np.abs(seen - np.median(seen)) <= play_s
        return bool(near.sum() >= CONDUCTED_SHARE * self.pr_s.size)

    @cached_property
    def p_forms(self) -> Array:
        """How many main beats have each form of P wave, the commonest first."""
        found = np.isfinite(self.beats.p_onset_s) & self.own
        if found.sum() < 3:
            return np.zeros(0)
        low = scale_leads(self.search)
        middle_s = (self.beats.p_onset_s[found] - self.start_s) + P_HALF_S
        reach = np.arange(-round(P_HALF_S * FEATURE_HZ), round(P_HALF_S * FEATURE_HZ) + 1)
        at = np.round(middle_s * FEATURE_HZ).astype(int)[:, None] + reach
        cut = low[:, np.clip(at, 0, low.shape[1] - 1)].transpose(1, 0, 2)
        cut = cut - cut.mean(axis=2, keepdims=True)
        return count_forms(cut.reshape(cut.shape[0], -1))

    # ---- the signal -------------------------------------------------------------------------

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The readable leads."""
        bad = self.measured.quality.bad_leads
        names = self.study.recording.leads
        return tuple(name for name in names if name not in bad) or names

    @cached_property
    def search(self) -> BeatSearch:
        """The readable leads of this stretch."""
        recording = self.study.recording
        rows = [name in self.leads for name in recording.leads]
        first, last = (round(t * recording.fs_hz) for t in (self.start_s, self.stop_s))
        return BeatSearch(recording.signal[rows, first:last], recording.fs_hz)

    @cached_property
    def atria(self) -> AtrialTrace | None:
        """The leads without QRS and T; None without beats."""
        if self.n_beats < 2:
            return None
        b = self.beats
        zero = self.start_s
        times = (b.onset_s - zero, b.offset_s - zero, b.t_end_s - zero)
        found = cancel_qrst(self.search.traces.low, FEATURE_HZ, times, self.family)
        for first_s, last_s in self._left_s:
            part = slice(*(max(0, round((t - zero) * FEATURE_HZ)) for t in (first_s, last_s)))
            found.hidden[part], found.rows[:, part] = True, 0.0
        return found

    @cached_property
    def agreement(self) -> float:
        """How alike all complexes are, 0 to 1: of one axis, or of any."""
        if self.n_beats < 2:
            return 1.0
        return shape_agreement(scale_leads(self.search), self.own_times_s)

    @cached_property
    def away_share(self) -> float:
        """Part of the time that the leads are away from the baseline: fast and wide complexes."""
        low = self.search.traces.low
        size = round(AWAY_S * FEATURE_HZ)
        count = low.shape[1] // size
        if count == 0:
            return 0.0
        wave = butterworth("bandpass", AWAY_HZ, FEATURE_HZ).run_both_ways(low, round(FEATURE_HZ))
        cut = np.abs(wave[:, : count * size].reshape(len(wave), count, size))
        away = (cut > AWAY * cut.max(axis=-1, keepdims=True)).mean(axis=-1)
        return float(np.median(np.median(away, axis=0)))

    @property
    def is_still(self) -> bool:
        """Whether a stretch in mV holds nothing but a trembling line."""
        if self.study.recording.unit != MV or self.length_s < LEAST_STILL_S:
            return False
        second = round(FEATURE_HZ)
        banded = self.search.traces.banded
        cut = banded[:, : banded.shape[1] // second * second].reshape(len(banded), -1, second)
        return bool(np.median(np.ptp(cut, axis=-1).max(axis=1)) < STILL_MV)

    def is_silent(self, start_s: float, stop_s: float) -> bool:
        """Tell whether nothing between two complexes can be one that was not found.

        T of the complex before and P before the next one are left out.
        """
        if self.n_beats == 0:
            return False
        traces = self.search.traces
        wave = traces.banded + WIDE_WAVE * traces.low
        at = np.round(self.own_times_s * FEATURE_HZ).astype(int)
        reach = round(QRS_S * FEATURE_HZ)
        index = np.clip(at[:, None] + np.arange(-reach, reach + 1), 0, wave.shape[1] - 1)
        size = np.quantile(np.ptp(wave[:, index], axis=-1), 0.25, axis=1)
        times = (start_s + AFTER_S - self.start_s, stop_s - BEFORE_S - self.start_s)
        first, last = (round(t * FEATURE_HZ) for t in times)
        count = (last - first) // reach
        if count < 1:
            return True
        cut = np.stack((wave, traces.low))[:, :, first : first + count * reach]
        high = np.ptp(cut.reshape(2, len(wave), count, reach), axis=-1).max(axis=-1)
        few = len(wave) <= FEW_LEADS
        share = high[0] / np.maximum(size, 1e-9)
        large = few and self.study.recording.unit == MV and high[1].max() > SILENT_MV
        return bool((share.max() if few else np.median(share)) < SILENT_SHARE and not large)

    def is_artifact(self, start_s: float, stop_s: float) -> bool:
        """Tell whether the complexes around go on through what looks like a tachycardia."""
        low, zero = self.search.traces.low, self.start_s
        return is_marching(low, FEATURE_HZ, self.own_times_s, start_s - zero, stop_s - zero)

    @cached_property
    def p_train(self) -> PTrain:
        """P waves found independently of QRS, in seconds from the recording's start."""
        if self.atria is None:
            return NO_TRAIN
        return find_p_train(self.atria).moved(self.start_s)

    @cached_property
    def fibrillatory(self) -> Array:
        """Waves of 4 to 10 Hz between T and QRS against noise and against slower ones."""
        b, zero = self.beats, self.start_s
        stop = b.onset_s[1:] - BEFORE_ONSET_S
        start = np.fmax(b.t_end_s, b.onset_s + LEAST_QT_S)[:-1] + AFTER_T_S
        spans = [(float(a - zero), float(z - zero)) for a, z in zip(start, stop, strict=True)]
        return compare_waves(self.search.traces.low, FEATURE_HZ, spans)

    @cached_property
    def flutter(self) -> Flutter:
        """The most repetitive activity between QRS complexes."""
        if self.atria is None:
            return Flutter(float("nan"), 0.0)
        return find_flutter(self.search.traces.low, self.atria.hidden, FEATURE_HZ)


def count_forms(waves: Array) -> Array:
    """Return the sizes of groups of alike waves, shape (n_waves, m), the largest first."""
    unit = waves / np.maximum(np.linalg.norm(waves, axis=1, keepdims=True), 1e-9)
    left, sizes = np.arange(len(unit)), []
    while left.size:
        like = unit[left] @ unit[left].T >= SAME_P
        first = int(np.argmax(like.sum(axis=0)))
        group = like[first]
        group[first] = True
        sizes.append(int(group.sum()))
        left = left[~group]
    return np.array(sizes)


def median_or(values: Array, default: float = float("nan")) -> float:
    """Return the median of what is finite, or a default."""
    some = values[np.isfinite(values)]
    return float(median(some)) if some.size else default


def find_runs(marked: Sequence[bool] | Flags, least: int = 1) -> list[tuple[int, int]]:
    """Return (start, stop) of each run of marked beats of at least so many."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(marked, int), [0]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= least]
