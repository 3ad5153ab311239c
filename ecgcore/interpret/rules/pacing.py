"""Pacing: chambers, failure to capture, failure to sense."""

from collections.abc import Callable, Iterable, Iterator

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.pacing import (
    ATRIAL,
    NO_CAPTURE,
    NO_CAPTURE_ATRIAL,
    NO_SENSING,
    PACED_CODES,
    Stimuli,
    find_pacing,
    is_pacing,
)
from ecgcore.interpret.stretch import Stretch
from ecgcore.results.interpreted import Call, Evidence, Ruling, Span

# So many stimuli without their effect, and this part of all, are no artefact.
LEAST_LOST, LOST_SHARE = 2, 0.1


def state_pacing_faults(facts: Facts) -> Iterator[Ruling]:
    """State stimuli that did not capture, and stimuli that should have been inhibited."""
    for episode in facts.rhythms:
        if episode.code not in PACED_CODES:
            continue
        stretch = Stretch(facts.study, episode.start_s, episode.stop_s)
        stimuli = find_pacing(stretch)
        if stimuli is None or not is_pacing(stimuli, stretch):
            continue
        yield from _faults(episode.code, stimuli)


def _faults(code: str, stimuli: Stimuli) -> Iterator[Call]:
    lost, unsensed = int(stimuli.lost.sum()), int(stimuli.unsensed.sum())
    all_of = stimuli.at_s.size
    if lost >= LEAST_LOST and lost >= LOST_SHARE * all_of:
        atrial = code == ATRIAL
        spans: tuple[Span, ...] = tuple(
            (float(t), float(t) + 0.4) for t in stimuli.at_s[stimuli.lost]
        )
        yield Call(
            code=NO_CAPTURE_ATRIAL if atrial else NO_CAPTURE,
            evidence=(Evidence(name="Stimuli not captured", value=f"{lost} of {all_of}"),),
            spans=spans,
            rule="" if atrial else f"{lost} of {all_of} stimuli are not followed by a QRS complex.",
            urgent=not atrial,
        )
    if unsensed >= LEAST_LOST and unsensed >= LOST_SHARE * all_of:
        yield Call(
            code=NO_SENSING,
            evidence=(
                Evidence(name="Stimuli shortly after a QRS", value=f"{unsensed} of {all_of}"),
            ),
        )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (state_pacing_faults,)
