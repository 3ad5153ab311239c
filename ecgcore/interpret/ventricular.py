"""Ventricular runs and rhythms, and stretches without organised QRS complexes."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.stretch import (
    VERY_WIDE_MS,
    WIDE_MS,
    BeatTable,
    Stretch,
    find_runs,
    median_or,
)
from ecgcore.results.interpreted import Episode, Evidence
from ecgcore.signal.beats import FEATURE_HZ
from ecgcore.signal.filters import butterworth

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

VT, RUN, POLYMORPHIC, TORSADES = "164895002", "AHA71", "AHA72", "AHA73"
WIDE_TACHYCARDIA, FIBRILLATION, FLUTTER = "AHA76", "164896001", "111288001"
IDIOVENTRICULAR, ACCELERATED, ESCAPE = "49260003", "61277005", "81898007"
# AHA/ACC/HRS 2017 (ventricular arrhythmias): three beats, 100/min; sustained from 30 s on.
LEAST_BEATS, TACHYCARDIA_BPM, SUSTAINED_S = 3, 100.0, 30.0
# Accelerated idioventricular rhythm, down to this rate; below it an escape.
ACCELERATED_BPM = 50.0
# Within a run no RR is longer than this part of the usual one in it.
RUN_GAP = 1.6
# So like the heart's own complexes, a beat is one of them; a run of so many may hold beats of
# unclear kind that are nearly wide.
LIKE_OWN, LONG_RUN, NEARLY_WIDE_MS = 0.82, 6, 105.0
# Edges of QRS were found in most beats of a run; the beats of a short one differ from the heart's
# own by about the same (MIT-BIH DS1).
IN_TURN = 1.8
WELL_SEEN, SHORT_SEEN, ONE_FORM, SHORT_UNLIKE = 0.8, 0.6, 0.36, 0.74
# Complexes of one axis are this alike.
ONE_AXIS = 0.45
WIDE_WORDS = "Wide-QRS tachycardia, ventricular tachycardia until proven otherwise"
# A sine: this part of the power lies within 0.6 Hz of its peak.
SINE_SHARE, SINE_HZ = 0.62, 0.6
FLUTTER_HZ = (3.0, 6.0)
# Waxing and waning: the envelope's quantiles differ by this factor.
TURNING = 2.6


def find_ventricular_runs(beats: BeatTable, *, few_leads: bool) -> list[tuple[int, int]]:
    """Return (start, stop) indices of runs of three and more ventricular beats.

    Short runs are of beats of ventricular kind and another form than the heart's own.  Longer ones
    may hold beats whose kind is not clear, as long as they are wide and of another form too.
    """
    other = beats.likeness < LIKE_OWN
    kind = beats.kinds == "ventricular"
    unlike = kind | (other & (np.nan_to_num(beats.width_ms, nan=0.0) >= NEARLY_WIDE_MS))
    unlike &= ~((beats.kinds == "normal") & (beats.likeness >= LIKE_OWN))
    out: list[tuple[int, int]] = []
    short = kind & other if few_leads else unlike & other & (kind | _touches(kind))
    for marked, least in ((unlike, LONG_RUN), (short, LEAST_BEATS)):
        for start, stop in find_runs(marked, least):
            runs = _cut_at_pauses(beats, start, stop, least)
            out += [
                run
                for run in runs
                if _is_run(beats, *run, few_leads=few_leads) and not _overlaps(out, run)
            ]
    return sorted(out)


def _touches(kind: Flags) -> Flags:
    """Mark the neighbours of ventricular beats."""
    wide = np.concatenate(([False], kind, [False]))
    return np.asarray(wide[:-2] | wide[2:])


def _is_run(beats: BeatTable, start: int, stop: int, *, few_leads: bool) -> bool:
    """Tell whether a run is wide and well seen; a short one in few leads of one form as well."""
    known = np.isfinite(beats.width_ms[start:stop])
    if not _is_wide(beats, start, stop):
        return False
    if stop - start >= LONG_RUN:
        return bool(known.mean() >= WELL_SEEN) and not (
            few_leads and _alternates(beats, start, stop)
        )
    if not few_leads:
        return bool(known.mean() >= SHORT_SEEN)
    likeness, rr = beats.likeness[start:stop], beats.rr_s[start + 1 : stop]
    even = rr.min() >= rr.max() / RUN_GAP
    alike = np.ptp(likeness) <= ONE_FORM and likeness.max() < SHORT_UNLIKE
    return bool(known.all() and even and alike)


def _alternates(beats: BeatTable, start: int, stop: int) -> bool:
    """Tell whether RR is short and long in turn: complexes in between were not found."""
    rr = beats.rr_s[start + 1 : stop]
    step = np.maximum(rr[1:], rr[:-1]) / np.minimum(rr[1:], rr[:-1])
    return bool(np.nanmedian(step) > IN_TURN)


def _overlaps(runs: list[tuple[int, int]], run: tuple[int, int]) -> bool:
    return any(a < run[1] and run[0] < b for a, b in runs)


def _cut_at_pauses(beats: BeatTable, start: int, stop: int, least: int) -> list[tuple[int, int]]:
    rr = beats.rr_s[start + 1 : stop]
    usual = median_or(rr, 1.0)
    apart = np.flatnonzero(~(rr <= RUN_GAP * usual)) + start + 1
    edges = [start, *apart.tolist(), stop]
    return [(a, b) for a, b in pairwise(edges) if b - a >= least]


def _is_wide(beats: BeatTable, start: int, stop: int) -> bool:
    return median_or(beats.width_ms[start:stop], 0.0) >= WIDE_MS


def run_episode(
    beats: BeatTable, start: int, stop: int, *, agreement: float = 1.0
) -> Episode | None:
    """Return the episode of a run: tachycardia or accelerated idioventricular; None if slower.

    ``agreement`` is how alike its complexes are; without it they are polymorphic.
    """
    rr = beats.rr_s[start + 1 : stop]
    rate = 60.0 / median_or(rr, 1.0)
    begin, end = float(beats.onset_s[start]), float(beats.offset_s[stop - 1])
    if rate < ACCELERATED_BPM:
        return None
    shown = (
        Evidence(name="Ventricular beats in a row", value=float(stop - start), limit=">= 3"),
        Evidence(name="Rate", value=rate, unit="/min", limit=f">= {TACHYCARDIA_BPM:.0f}"),
        Evidence(
            name="QRS",
            value=median_or(beats.width_ms[start:stop]),
            unit="ms",
            limit=f">= {WIDE_MS:.0f}",
        ),
    )
    code = ACCELERATED
    if rate >= TACHYCARDIA_BPM:
        code = VT if end - begin >= SUSTAINED_S else RUN
        if agreement < ONE_AXIS and stop - start >= LONG_RUN:
            code = POLYMORPHIC
    return Episode(
        code=code,
        start_s=begin,
        stop_s=end,
        rate_bpm=rate,
        evidence=shown,
        beats=tuple(range(start, stop)),
    )


def wide_rhythm(stretch: Stretch, *, dissociated: bool) -> Episode:
    """Return the rhythm of a stretch of wide QRS complexes to which no P waves are conducted."""
    rate = stretch.rate_bpm or 0.0
    shown = (
        Evidence(name="Rate", value=rate, unit="/min", limit=f">= {TACHYCARDIA_BPM:.0f}"),
        Evidence(name="QRS", value=stretch.width_ms, unit="ms", limit=f">= {WIDE_MS:.0f}"),
    )
    code, words = _name_wide(stretch, rate, dissociated)
    return Episode(
        code=code,
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        rate_bpm=rate,
        words=words,
        evidence=shown,
        beats=tuple(stretch.index.tolist()),
    )


def missed_rhythm(stretch: Stretch, start_s: float, stop_s: float, cycle_s: float) -> Episode:
    """Return the tachycardia of broad waves most of which were not found as QRS complexes."""
    rate = 60.0 / cycle_s
    return Episode(
        code=WIDE_TACHYCARDIA if rate >= TACHYCARDIA_BPM else ACCELERATED,
        start_s=stretch.start_s + start_s,
        stop_s=min(stretch.start_s + stop_s, stretch.stop_s),
        rate_bpm=rate,
        words=WIDE_WORDS,
        evidence=(Evidence(name="Rate of broad waves", value=rate, unit="/min", limit=">= 100"),),
    )


def _name_wide(stretch: Stretch, rate: float, dissociated: bool) -> tuple[str, str]:
    if rate >= TACHYCARDIA_BPM:
        if dissociated or stretch.width_ms >= VERY_WIDE_MS:
            return VT, ""
        if _is_polymorphic(stretch):
            return POLYMORPHIC, ""
        return WIDE_TACHYCARDIA, WIDE_WORDS
    if rate >= ACCELERATED_BPM:
        words = "" if dissociated else "Wide QRS rhythm, origin not determined"
        return ACCELERATED, words
    return (IDIOVENTRICULAR if stretch.n_beats >= 3 else ESCAPE), ""


def _is_polymorphic(stretch: Stretch) -> bool:
    """Tell whether complexes change from beat to beat, and RR with them."""
    family = stretch.family
    if family.size < 5:
        return False
    largest = np.bincount(family).max() / family.size
    return bool(largest < 0.6 and stretch.disorder > 0.05)


def unorganised_episode(stretch: Stretch) -> Episode:
    """Return what a stretch without organised QRS complexes is: fibrillation, flutter, torsades."""
    low = stretch.search.traces.low
    wave = butterworth("bandpass", (1.5, 20.0), FEATURE_HZ).run_both_ways(low, round(FEATURE_HZ))
    hz, share = _dominant(wave)
    shown = (Evidence(name="Dominant frequency", value=hz, unit="Hz"),)
    code = FIBRILLATION
    if share >= SINE_SHARE and FLUTTER_HZ[0] <= hz <= FLUTTER_HZ[1]:
        code = TORSADES if _turns(wave) else FLUTTER
    return Episode(code=code, start_s=stretch.start_s, stop_s=stretch.stop_s, evidence=shown)


def _dominant(wave: Array) -> tuple[float, float]:
    """Return the frequency of most power over the leads, and the part of the power beside it."""
    size = wave.shape[1]
    power = np.square(np.abs(np.fft.rfft(wave * np.hanning(size), axis=1)))
    power /= np.maximum(power.sum(axis=1, keepdims=True), 1e-12)
    joint = power.mean(axis=0)
    hz = np.fft.rfftfreq(size, 1 / FEATURE_HZ)
    peak = float(hz[int(np.argmax(joint))])
    return peak, float(joint[np.abs(hz - peak) <= SINE_HZ].sum())


def _turns(wave: Array) -> bool:
    """Tell whether the waves wax and wane, in most leads."""
    size = round(0.4 * FEATURE_HZ)
    count = wave.shape[1] // size
    if count < 6:
        return False
    pieces = wave[:, : count * size].reshape(len(wave), count, size)
    height = np.ptp(pieces, axis=-1)
    high, low = np.quantile(height, 0.9, axis=1), np.quantile(height, 0.1, axis=1)
    return bool(np.median(high / np.maximum(low, 1e-9)) >= TURNING)
