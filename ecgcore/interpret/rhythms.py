"""The rhythm of each stretch of a recording, from beats and P waves; one rhythm at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ecgcore.interpret.av_block import COMPLETE, DISSOCIATION, Block, find_block
from ecgcore.interpret.pacing import (
    DUAL,
    TRACKING,
    VENTRICULAR,
    find_pacing,
    is_pacing,
    paced_episode,
)
from ecgcore.interpret.pauses import ASYSTOLE, NO_SIGNAL_WORDS, Gap, find_gaps
from ecgcore.interpret.stretch import FEW_LEADS, BeatTable, Stretch
from ecgcore.interpret.supraventricular import (
    PREEXCITED,
    conducted_rhythm,
    is_fibrillation,
    preexcited_fibrillation,
)
from ecgcore.interpret.ventricular import (
    ACCELERATED,
    ESCAPE,
    IDIOVENTRICULAR,
    POLYMORPHIC,
    RUN,
    TORSADES,
    VT,
    find_ventricular_runs,
    missed_rhythm,
    run_episode,
    unorganised_episode,
    wide_rhythm,
)
from ecgcore.measure.alarms import NO_QRS
from ecgcore.measure.rhythm import PACED
from ecgcore.results import RhythmAlarm
from ecgcore.results.interpreted import Episode
from ecgcore.signal.beats import FEATURE_HZ
from ecgcore.signal.broad_waves import find_missed_waves
from ecgcore.study import Study

VENTRICULAR_CODES = (VT, RUN, POLYMORPHIC, TORSADES, IDIOVENTRICULAR, ACCELERATED, ESCAPE)
ALL_PACED = (VENTRICULAR, TRACKING, DUAL)
TWO_CLOCKS = (COMPLETE, DISSOCIATION)
UNORGANISED = "no organised QRS"
STANDSTILL_WORDS = "Ventricular standstill: P waves without QRS complexes"
# A recording of up to this length has one rhythm beside runs; a longer one is read piece by piece.
WHOLE_S, PIECE_S = 60.0, 30.0
# Broad waves that were not found as beats are the rhythm from this part of the stretch on.
MISSED_SHARE = 0.3
# Where such waves begin and end is known to a second.
EDGE_S = 1.0
# Nothing is said of less.
LEAST_S, LEAST_BEATS, LEAST_REST = 1.0, 2, 3
# No QRS complex for so long is asystole.
ASYSTOLE_S = 6.0


def find_rhythms(study: Study) -> tuple[Episode, ...]:
    """Return the rhythms of a recording in order of time, without overlap.

    Parameters
    ----------
    study : Study
    """
    own = study.alone
    measured, duration_s = study.measured, own.recording.duration_s
    arrests = [_arrest(study, alarm) for alarm in measured.alarms if alarm.kind in NO_QRS]
    arrests += [_silence(gap) for gap in find_gaps(study) if gap.length_s >= ASYSTOLE_S]
    arrests = _apart(arrests)
    found, runs = list(arrests), _runs(study)
    apart = [at for run in runs for at in run.beats]
    for start_s, stop_s in _between(arrests, duration_s):
        for first, last in _pieces(start_s, stop_s):
            found += _read_piece(study, first, last, apart)
    ordered = sorted(found, key=lambda each: each.start_s)
    return tuple(_join(_insert_runs(ordered, runs)))


def _silence(gap: Gap) -> Episode:
    words = NO_SIGNAL_WORDS if gap.is_flat else ""
    return Episode(code=ASYSTOLE, start_s=gap.start_s, stop_s=gap.stop_s, words=words)


def _arrest(study: Study, alarm: RhythmAlarm) -> Episode:
    if alarm.kind == UNORGANISED:
        return unorganised_episode(Stretch(study, alarm.start_s, alarm.end_s))
    words = {"no signal": NO_SIGNAL_WORDS, "standstill": STANDSTILL_WORDS}.get(alarm.kind, "")
    return Episode(code=ASYSTOLE, start_s=alarm.start_s, stop_s=alarm.end_s, words=words)


def _apart(arrests: Sequence[Episode]) -> list[Episode]:
    """Return episodes without QRS complexes, silence cut to what nothing else of them fills."""
    moving = [episode for episode in arrests if episode.code != ASYSTOLE]
    out = list(moving)
    for episode in arrests:
        if episode.code == ASYSTOLE:
            out += [
                replace(episode, start_s=max(a, episode.start_s), stop_s=min(b, episode.stop_s))
                for a, b in _between(moving, episode.stop_s)
                if min(b, episode.stop_s) - max(a, episode.start_s) >= LEAST_S
            ]
            moving.append(episode)
    return out


def _between(episodes: Iterable[Episode], duration_s: float) -> list[tuple[float, float]]:
    """Return what lies between episodes."""
    out, at = [], 0.0
    for episode in sorted(episodes, key=lambda each: each.start_s):
        if episode.start_s - at >= LEAST_S:
            out.append((at, episode.start_s))
        at = max(at, episode.stop_s)
    if duration_s - at >= LEAST_S:
        out.append((at, duration_s))
    return out


def _pieces(start_s: float, stop_s: float) -> list[tuple[float, float]]:
    length = stop_s - start_s
    count = 1 if length <= WHOLE_S else round(length / PIECE_S)
    edges = np.linspace(start_s, stop_s, count + 1)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def _read_piece(study: Study, start_s: float, stop_s: float, runs: list[int]) -> list[Episode]:
    """Return the rhythm of a piece beside its ventricular runs."""
    whole = Stretch(study, start_s, stop_s)
    missed = find_missed_waves(whole.search.traces.low, FEATURE_HZ, whole.own_times_s)
    missed = [each for each in missed if not _is_shaking(whole, *each[:2])]
    # Where a run was found its beats were found.
    in_runs = whole.beats.r_s[np.isin(whole.index, runs)] - start_s
    missed = [(a, b, c) for a, b, c in missed if not ((in_runs > a) & (in_runs < b)).any()]
    if missed and sum(b - a for a, b, _ in missed) >= MISSED_SHARE * whole.length_s:
        return [missed_rhythm(whole, *wave) for wave in missed]
    preexcited = preexcited_fibrillation(whole)
    if preexcited is not None:
        return [preexcited]
    rest = Stretch(study, start_s, stop_s, runs) if np.isin(whole.index, runs).any() else whole
    return _read(rest if rest.n_beats >= LEAST_REST else whole)


def _read(stretch: Stretch) -> list[Episode]:
    """Return the rhythm of a stretch that has QRS complexes, or one that cannot be told."""
    if stretch.n_beats < LEAST_BEATS:
        code = ASYSTOLE if stretch.n_beats == 0 and stretch.is_still else ""
        return [Episode(code=code, start_s=stretch.start_s, stop_s=stretch.stop_s)]
    stimuli = find_pacing(stretch)
    if stimuli is not None and not is_pacing(stimuli, stretch):
        stimuli = None
    if stimuli is not None or stretch.measured.rhythm.startswith(PACED):
        return [paced_episode(stretch, stimuli)]
    block = find_block(stretch)
    if block is not None and not (block.code in TWO_CLOCKS and _is_fast(stretch)):
        return [_blocked(stretch, block)]
    if _is_ventricular(stretch):
        return [wide_rhythm(stretch, dissociated=block is not None and block.code == DISSOCIATION)]
    return [conducted_rhythm(stretch)]


def _is_shaking(stretch: Stretch, start_s: float, stop_s: float) -> bool:
    """Tell whether complexes go on through broad waves; those are told in windows of seconds."""
    zero = stretch.start_s
    edges = (zero + start_s, zero + stop_s)
    return stretch.is_artifact(*edges) or stretch.is_artifact(edges[0] + EDGE_S, edges[1] - EDGE_S)


def _is_fast(stretch: Stretch) -> bool:
    """Tell whether dissociated P waves stand beside a tachycardia of wide QRS, not a block."""
    return stretch.is_wide and (stretch.rate_bpm or 0.0) >= 65.0


def _is_ventricular(stretch: Stretch) -> bool:
    """Tell whether wide complexes are not conducted from P waves, nor from fibrillating atria."""
    if not stretch.is_wide or stretch.has_conducted_p or stretch.is_doubled:
        return False
    return not is_fibrillation(stretch)


def _blocked(stretch: Stretch, block: Block) -> Episode:
    words = block.words
    if block.code == COMPLETE:
        origin = "ventricular" if stretch.is_wide else "junctional"
        words = f"AV block, complete (third-degree) with {origin} escape rhythm"
    return Episode(
        code=block.code,
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        rate_bpm=stretch.rate_bpm,
        words=words,
        evidence=block.evidence,
        beats=tuple(stretch.index.tolist()),
    )


def _runs(study: Study) -> list[Episode]:
    if study.measured.rhythm.startswith(PACED):
        return []
    beats = BeatTable.of(study.measured.beats)
    few = study.alone.recording.n_leads <= FEW_LEADS
    runs = [
        run_episode(beats, *run, agreement=_agreement(study, beats, run))
        for run in find_ventricular_runs(beats, few_leads=few)
    ]
    return [run for run in runs if run is not None and not _is_artifact(study, run)]


def _agreement(study: Study, beats: BeatTable, run: tuple[int, int]) -> float:
    first, last = run[0], run[1] - 1
    start_s = max(0.0, beats.onset_s[first] - 0.1)
    return Stretch(study, start_s, beats.offset_s[last] + 0.1).agreement


def _is_artifact(study: Study, run: Episode) -> bool:
    return Stretch.around(study, run.start_s, run.stop_s).is_artifact(run.start_s, run.stop_s)


def _insert_runs(episodes: list[Episode], runs: list[Episode]) -> list[Episode]:
    """Return the episodes with runs in their place: each is cut where a run lies in it."""
    for run in runs:
        if any(_is_preexcited(run, episode) for episode in episodes):
            continue
        cut: list[Episode] = []
        for episode in episodes:
            cut += _cut(episode, run.start_s, run.stop_s)
        episodes = sorted([*cut, run], key=lambda each: each.start_s)
    return episodes


def _is_preexcited(run: Episode, episode: Episode) -> bool:
    """Tell whether a run is a part of preexcited fibrillation, all of which is wide."""
    inside = episode.start_s < run.stop_s and run.start_s < episode.stop_s
    return inside and episode.words.startswith(PREEXCITED)


def _cut(episode: Episode, start_s: float, stop_s: float) -> list[Episode]:
    if episode.stop_s <= start_s or episode.start_s >= stop_s:
        return [episode]
    parts = [
        replace(episode, stop_s=start_s),
        replace(episode, start_s=stop_s),
    ]
    return [part for part in parts if part.stop_s - part.start_s >= LEAST_S / 2]


def _join(episodes: Iterable[Episode]) -> list[Episode]:
    """Return the episodes with neighbours of one rhythm as one; the rate is their mean in time."""
    out: list[Episode] = []
    for episode in episodes:
        last = out[-1] if out else None
        if last is None or last.code != episode.code or _plain(last.words) != _plain(episode.words):
            out.append(episode)
            continue
        out[-1] = replace(
            last,
            stop_s=episode.stop_s,
            rate_bpm=_mean_rate(last, episode),
            beats=(*last.beats, *episode.beats),
        )
    return out


def _plain(words: str) -> str:
    return words.split(", ventricular rate", maxsplit=1)[0]


def _mean_rate(one: Episode, other: Episode) -> float | None:
    if one.rate_bpm is None or other.rate_bpm is None:
        return one.rate_bpm or other.rate_bpm
    first, second = one.stop_s - one.start_s, other.stop_s - other.start_s
    return (one.rate_bpm * first + other.rate_bpm * second) / max(first + second, 1e-9)


def kind_of_rhythm(episode: Episode) -> str:
    """Return the kind of the beats of a rhythm, or an empty string where it has several."""
    if episode.code in VENTRICULAR_CODES or "ventricular escape" in episode.words:
        return "ventricular"
    return "paced" if episode.code in ALL_PACED else ""
