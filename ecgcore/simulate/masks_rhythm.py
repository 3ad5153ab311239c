"""Where a disturbed rhythm is visible: spans of time, by code.

============================  ====================================================================
a rhythm of ``rhythms``       its stretches
a run (AHA71, PSVT, AHA100)   the stretch of the tachycardia
LNGQT                         from QRS onset to T offset of beats that the ventricles do not begin
LBBB, RBBB, WPW, fusion       QRS (and of fusion, those beats alone)
2AVB                          from each P that is not conducted to the next QRS
3AVB, 50799005                the P waves that are not conducted, and the QRS of the escape
PAC and 251170000             the early P
PACE and its kinds            every stimulus (40 ms)
failure to capture            the stimuli that nothing follows
failure to sense              the stimuli that come at the wrong time
251143007                     the artifact, in its leads
============================  ====================================================================
"""

from collections.abc import Callable

from ecgcore.simulate.planning import VENTRICULAR
from ecgcore.simulate.truth import Truth

Span = tuple[float | None, float | None]
SPIKE_S = 0.02
ARTIFACT = "251143007"
_STRETCH_OF = {
    "AHA71": "164895002",
    "PSVT": "SVTAC",
    "AHA100": "SVTAC",
}
_CHAMBERS = {"251268003": "atrial", "251266004": "ventricular"}


def find_spans(code: str, truth: Truth) -> list[Span]:
    """Return from when to when a statement is visible, in every lead."""
    wanted = _STRETCH_OF.get(code, code)
    stretches: list[Span] = [(r.start_s, r.end_s) for r in truth.rhythms if r.code == wanted]
    if code in {"PACE", *_CHAMBERS}:
        return _find_spikes(truth, chamber=_CHAMBERS.get(code, ""))
    if stretches:
        return stretches
    return _OTHERS[code](truth)


def _find_spikes(truth: Truth, *, chamber: str = "", fault: str = "") -> list[Span]:
    chosen = [s for s in truth.spikes if chamber in {"", s.chamber}]
    if fault:
        chosen = [s for s in chosen if not (s.captured if fault == "capture" else s.timely)]
    return [(s.time_s - SPIKE_S, s.time_s + SPIKE_S) for s in chosen]


def _find_own_qrs(truth: Truth) -> list[Span]:
    return [(b.qrs_onset, b.qrs_offset) for b in truth.beats if b.type != VENTRICULAR]


def _find_dropped(truth: Truth) -> list[Span]:
    spans: list[Span] = []
    for p in truth.lone_p:
        if p.fate == "blocked":
            after = [b.qrs_onset for b in truth.beats if b.qrs_onset > p.onset]
            spans.append((p.onset, after[0] if after else p.offset))
    return spans


def _find_apart(truth: Truth) -> list[Span]:
    p: list[Span] = [(p.onset, p.offset) for p in truth.lone_p]
    return [*p, *((b.qrs_onset, b.qrs_offset) for b in truth.beats if b.origin == "escape")]


_OTHERS: dict[str, Callable[[Truth], list[Span]]] = {
    "LNGQT": lambda t: [(b.qrs_onset, b.t_offset) for b in t.beats if b.type != VENTRICULAR],
    "LBBB": _find_own_qrs,
    "RBBB": _find_own_qrs,
    "WPW": _find_own_qrs,
    "2AVB": _find_dropped,
    "3AVB": _find_apart,
    "50799005": _find_apart,
    "PAC": lambda t: [(p.onset, p.offset) for p in t.lone_p if p.fate == "premature"],
    "251170000": lambda t: [(p.onset, p.offset) for p in t.lone_p if p.fate == "premature"],
    "13640000": lambda t: [(b.qrs_onset, b.qrs_offset) for b in t.beats if b.origin == "fusion"],
    "AHA185": lambda t: _find_spikes(t, chamber="atrial", fault="capture"),
    "AHA186": lambda t: _find_spikes(t, chamber="ventricular", fault="capture"),
    "AHA187": lambda t: _find_spikes(t, chamber="atrial", fault="sense"),
    "AHA188": lambda t: _find_spikes(t, chamber="ventricular", fault="sense"),
    ARTIFACT: lambda t: [(a.start_s, a.end_s) for a in t.artifacts if a.kind != "off"],
}
