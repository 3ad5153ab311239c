"""What an attribution says in words, and what a textbook would look at."""

from dataclasses import dataclass

import numpy as np

from ecgcore.explain.explainer import Explainer
from ecgcore.explain.textbook import Overlap, overlap
from ecgcore.explain.words import Line, Shares, lines_of, shares_of
from ecgcore.results import Attribution, Beats
from ecgcore.statements import Place, place_of, statement


@dataclass(frozen=True, eq=False)
class Description:
    """An attribution in words.

    Attributes
    ----------
    sentence : str
        The place of the largest share, or why there is none.
    lines : tuple of Line
        The largest places.
    place : Place or None
        Where the textbook looks; None for a statement about the rate alone.
    overlap : Overlap or None
    beats : Beats or None
        In seconds from the start of the stretch described.
    """

    sentence: str
    lines: tuple[Line, ...]
    place: Place | None
    overlap: Overlap | None
    beats: Beats | None


def describe(explainer: Explainer, found: Attribution) -> Description:
    """Return an attribution in words; of a long recording, the window that was checked.

    Parameters
    ----------
    explainer : Explainer
        Of the same recording.
    found : Attribution
    """
    place = place_of(found.label)
    if found.lead_values is not None:
        return Description(_leads_sentence(found), (), place, _lead_overlap(place, found), None)
    start_s, stop_s = found.window_s or (0.0, explainer.recording.duration_s)
    beats = explainer.beats_of(explainer.window_at((start_s + stop_s) / 2))
    if beats is None:
        words = "No beat found in this stretch: the attribution cannot be described."
        return Description(words, (), place, None, None)
    first, last = (round(edge * found.fs_hz) for edge in (start_s, stop_s))
    shares = shares_of(
        found.values[:, first:last], found.leads, found.fs_hz, beats, signed=found.signed
    )
    lines = lines_of(shares)
    sentence = (
        f"{lines[0].words} of {_what(found)}."
        if lines
        else f"{_what(found).capitalize()} is spread over all waves and leads."
    )
    there = None if place is None else _overlap(place, shares, found)
    return Description(sentence, lines, place, there, beats)


def _overlap(place: Place, shares: Shares, found: Attribution) -> Overlap:
    used = np.flatnonzero(found.values.any(axis=1))
    kept = Shares(
        shares.values[used],
        shares.even[used],
        tuple(shares.leads[i] for i in used),
        shares.types,
    )
    return overlap(place, kept)


def _what(found: Attribution) -> str:
    name = statement(found.label).term
    if found.signed:
        return f"what supports “{name}”"
    return f"the attribution for “{name}”"


def _leads_sentence(found: Attribution) -> str:
    values = found.lead_values
    if values is None or not values.values.max(initial=0) > 0:
        return f"No lead supports “{statement(found.label).term}”."
    positive = np.maximum(values.values, 0)
    order = np.argsort(-positive, kind="stable")
    held = np.cumsum(positive[order]) / positive.sum()
    top = order[: min(3, int((held >= 0.6).argmax()) + 1)]
    names = [values.players[i] for i in top]
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{joined}: {100 * float(held[len(top) - 1]):.0f} % of {_what(found)}."


def _lead_overlap(place: Place | None, found: Attribution) -> Overlap | None:
    values = found.lead_values
    if place is None or values is None:
        return None
    positive = np.maximum(values.values, 0)
    inside = np.array([name in place.leads for name in values.players])
    if not inside.any() or not positive.any():
        return Overlap(None, reason=f"None of {', '.join(place.leads)} has a value of its own.")
    return Overlap(float(positive[inside].sum() / positive.sum()), float(inside.mean()))
