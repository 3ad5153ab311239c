"""Premature complexes: count, form, couplets, bigeminy, runs."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.pacing import PACED_CODES
from ecgcore.interpret.stretch import BeatTable, Stretch, find_runs
from ecgcore.interpret.supraventricular import FIBRILLATION, FLUTTER
from ecgcore.results.interpreted import Call, Evidence, Ruling, Span

Flags = NDArray[np.bool_]

PVC, COUPLETS, BIGEMINY, TRIGEMINY = "PVC", "251182009", "11157007", "251180001"
PAC, PAC_BIGEMINY = "PAC", "251173003"
BIGEMINAL, TRIGEMINAL = "BIGU", "TRIGU"
# A pattern is named from so many of it in a row.
LEAST_REPEATS = 3
# Forms are compared in recordings of up to this length.
FORMS_S = 120.0
# Atrial prematurity is not told in rhythms without order.
NO_ATRIAL = (FIBRILLATION, FLUTTER, "AHA35", "AHA53", "54016002", "426183003", "2AVB", "AHA87")
PREMATURE = 0.9


def state_ventricular(facts: Facts) -> Iterator[Ruling]:
    """State premature ventricular complexes: how many, their form, and how they stand."""
    beats = BeatTable.of(facts.beats)
    early = _outside_runs(facts, beats.kinds == "ventricular")
    if not early.any():
        return
    count = int(early.sum())
    form = _form(facts, early)
    yield Call(
        code=PVC,
        words=f"{_count_complexes('ventricular', count, facts)}{form}",
        evidence=(Evidence(name="Ventricular premature complexes", value=float(count)),),
        spans=_spans(beats, early),
        decided_by="beats",
    )
    pairs = find_runs(early, 2)
    couplets = [run for run in pairs if run[1] - run[0] == 2]
    if couplets:
        yield Call(
            code=COUPLETS,
            evidence=(Evidence(name="Couplets", value=float(len(couplets))),),
            spans=tuple(
                (float(beats.onset_s[a]), float(beats.offset_s[b - 1])) for a, b in couplets
            ),
            decided_by="beats",
        )
    yield from _patterns(beats, early, BIGEMINY, TRIGEMINY)


def state_atrial(facts: Facts) -> Iterator[Ruling]:
    """State premature supraventricular complexes."""
    if facts.has_rhythm(*NO_ATRIAL):
        return
    beats = BeatTable.of(facts.beats)
    early = _outside_runs(facts, beats.kinds == "supraventricular")
    if not early.any():
        return
    count = int(early.sum())
    yield Call(
        code=PAC,
        words=_count_complexes("atrial", count, facts),
        evidence=(Evidence(name="Supraventricular premature complexes", value=float(count)),),
        spans=_spans(beats, early),
        decided_by="beats",
    )
    yield from _patterns(beats, early, PAC_BIGEMINY, "")


def _outside_runs(facts: Facts, early: Flags) -> Flags:
    """Leave out what is part of a rhythm of its own, or of a paced one."""
    out = early.copy()
    for episode in facts.rhythms:
        own = episode.code in PACED_CODES or episode.code.startswith("AHA7")
        own = own or episode.code in ("164895002", "61277005", "49260003", "81898007", "3AVB")
        if own:
            out[[at for at in episode.beats if at < out.size]] = False
    return out


def _count_complexes(kind: str, count: int, facts: Facts) -> str:
    """Return how many premature complexes there are, in a short recording or an hour."""
    words = f"1 {kind} premature complex" if count == 1 else f"{count} {kind} premature complexes"
    duration_s = facts.recording.duration_s
    if duration_s <= 60.0:
        return f"{words} in {duration_s:.0f} s"
    return f"{words} ({3600 * count / duration_s:.0f}/hour)"


def _form(facts: Facts, early: Flags) -> str:
    """Return whether the complexes are of one form, where that can be compared."""
    duration_s = facts.recording.duration_s
    if early.sum() < 2 or duration_s > FORMS_S:
        return ""
    family = Stretch(facts.study, 0.0, duration_s + 1.0).family[early]
    sizes = np.bincount(family)
    return ", uniform" if sizes.max() >= 0.9 * sizes.sum() else ", multiform"


def _spans(beats: BeatTable, early: Flags) -> tuple[Span, ...]:
    at = np.flatnonzero(early)
    return tuple((float(beats.onset_s[i]), float(beats.offset_s[i])) for i in at)


def _patterns(beats: BeatTable, early: Flags, two: str, three: str) -> Iterator[Call]:
    at = np.flatnonzero(early)
    for period, code in ((2, two), (3, three)):
        runs = find_runs(np.diff(at) == period, LEAST_REPEATS - 1)
        if code and runs:
            spans = tuple(
                (float(beats.onset_s[at[a]]), float(beats.offset_s[at[b]])) for a, b in runs
            )
            longest = max(b - a + 1 for a, b in runs)
            yield Call(
                code=code,
                evidence=(Evidence(name="Repeats in a row", value=float(longest)),),
                spans=spans,
                decided_by="beats",
            )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (state_ventricular, state_atrial)
