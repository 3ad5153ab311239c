"""What is unusual about a marked stretch, in words, from measurements.

The map says where and how much; the words say what a reader would look for there.  They are put
together from the measured beats (early, late, wide, no P, kind), the part of the beat that is
marked, and by how much the trace lies above or below what was expected in its place.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import AnomalyMap, AnomalySpan, MeasureResult, RestoredTrace
from ecgcore.units import MV

Array = NDArray[np.float64]

# Limits of a reader, not of the map: AHA/ACC/HRS 2009 Part III for QRS; an early beat as in
# `ecgcore.measure.beat_types`.
WIDE_MS, EARLY, LATE = 120.0, 0.87, 1.4
WIDER_MS = 30.0
# A difference that is read on paper: half a millimetre.
SEEN_MV = 0.05
# A beat's reach where its waves were not found, seconds from R.
REACH_S = (-0.20, 0.40)
UNUSUAL_RATE = 0.99
_KINDS = {"ventricular": "ventricular", "supraventricular": "supraventricular", "paced": "paced"}


@dataclass(frozen=True, eq=False)
class _Waves:
    """Waves of the beats, (n_beats,) each, and the medians of the normal ones."""

    p_on: Array
    p_off: Array
    on: Array
    off: Array
    t_on: Array
    t_off: Array
    r: Array
    rr: Array
    types: tuple[str, ...]
    usual_rr: float
    usual_qrs: float
    has_p: bool


def worded(found: AnomalyMap, measured: MeasureResult, unit: str) -> AnomalyMap:
    """Return a map whose spans say what is unusual.

    Parameters
    ----------
    found : AnomalyMap
    measured : MeasureResult
        Of the same recording.
    unit : str
        Of the recording: without millivolts differences have no number.
    """
    waves = _waves(measured)
    rate = _rate_words(found, measured)
    spans = tuple(
        replace(
            span,
            words=_said(span, waves, rate),
            apart=_apart(span, waves, found.trace, unit),
        )
        for span in found.spans
    )
    return replace(found, spans=spans)


def _waves(measured: MeasureResult) -> _Waves:
    points, types = measured.beats.consensus, measured.beats.types
    rr = measured.beats.rr_s
    normal = np.array([kind == "normal" for kind in types], dtype=bool)
    chosen = normal if normal.any() else np.ones(len(types), dtype=bool)
    qrs_ms = 1e3 * (points.qrs_offset - points.qrs_onset)
    return _Waves(
        p_on=points.p_onset,
        p_off=points.p_offset,
        on=np.where(np.isfinite(points.qrs_onset), points.qrs_onset, points.r_peak - 0.05),
        off=np.where(np.isfinite(points.qrs_offset), points.qrs_offset, points.r_peak + 0.05),
        t_on=points.t_onset,
        t_off=points.t_offset,
        r=points.r_peak,
        rr=rr,
        types=types,
        usual_rr=_median(rr[chosen]),
        usual_qrs=_median(qrs_ms[chosen]),
        has_p=bool(chosen.any() and np.isfinite(points.p_onset[chosen]).mean() >= 0.5),
    )


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _rate_words(found: AnomalyMap, measured: MeasureResult) -> str:
    rate = measured.measurement("heart_rate")
    if found.parts.get("rate", 0.0) < UNUSUAL_RATE or rate is None or rate.value is None:
        return ""
    return f"rate {rate.value:.0f}/min"


def _said(span: AnomalySpan, waves: _Waves, rate: str) -> str:
    beats = _beats_in(span, waves)
    said = []
    if rate and span.end_s - span.start_s > 2.0:
        said.append(rate)
    if not beats.size:
        said.append("between beats" if waves.r.size else "no beat")
    return ", ".join(said + _beat_words(beats, waves))


def _beats_in(span: AnomalySpan, waves: _Waves) -> NDArray[np.intp]:
    first = np.where(np.isfinite(waves.p_on), waves.p_on, waves.r + REACH_S[0])
    last = np.where(np.isfinite(waves.t_off), waves.t_off, waves.r + REACH_S[1])
    return np.flatnonzero((first <= span.end_s) & (last >= span.start_s))


def _beat_words(beats: NDArray[np.intp], waves: _Waves) -> list[str]:
    """Return what most of these beats are: kind, timing, width, P."""
    if not beats.size:
        return []
    # The beat with the most to say stands for a short stretch, the median for a long one.
    kinds = [waves.types[b] for b in beats if waves.types[b] in _KINDS]
    said = [f"{_KINDS[max(set(kinds), key=kinds.count)]} beat"] if kinds else []
    ratio = waves.rr[beats] / waves.usual_rr if np.isfinite(waves.usual_rr) else np.array([np.nan])
    known = ratio[np.isfinite(ratio)]
    if known.size and known.size <= 3:
        shortest, longest = float(known.min()), float(known.max())
        if shortest < EARLY:
            said.append(f"premature, coupling {100 * shortest:.0f} % of RR")
        elif longest > LATE:
            said.append(f"late, coupling {100 * longest:.0f} % of RR")
    width = 1e3 * (waves.off - waves.on)[beats]
    widest = float(np.median(width)) if beats.size > 3 else float(np.max(width))
    if widest >= WIDE_MS or widest >= waves.usual_qrs + WIDER_MS:
        said.append(f"QRS {widest:.0f} ms wide")
    missing = ~np.isfinite(waves.p_on[beats])
    if missing.mean() > 0.5:
        said.append("no P wave" if waves.has_p or beats.size > 2 else "P wave not identified")
    return said


def _part_at(at_s: float, waves: _Waves) -> str:
    """Return which part of a beat stands at a time."""
    parts = (
        ("P", waves.p_on, waves.p_off),
        ("PR", waves.p_off, waves.on),
        ("QRS", waves.on, waves.off),
        ("ST", waves.off, waves.t_on),
        ("T", waves.t_on, waves.t_off),
    )
    # Where an early beat's P stands on a T, both claim it: QRS wins, then P.
    held = {name for name, start, stop in parts if ((start <= at_s) & (at_s <= stop)).any()}
    return next((name for name in ("QRS", "P", "ST", "T", "PR") if name in held), "")


def _apart(span: AnomalySpan, waves: _Waves, trace: RestoredTrace | None, unit: str) -> str:
    """Return by how much the trace lies above or below what was expected, where it does most."""
    if trace is None or span.lead not in trace.leads:
        return ""
    row = trace.leads.index(span.lead)
    first = round(span.start_s * trace.fs_hz)
    part = slice(first, round(span.end_s * trace.fs_hz) + 1)
    difference = np.nan_to_num(trace.recorded[row, part] - trace.restored[row, part])
    if not difference.size:
        return ""
    at = int(np.argmax(np.abs(difference)))
    largest = float(difference[at])
    name = _part_at((first + at) / trace.fs_hz, waves)
    side = f"{'above' if largest > 0 else 'below'} what was expected"
    if unit != MV:
        return f"{name} {side}".strip()
    if abs(largest) < SEEN_MV:
        return ""
    return f"{name} {abs(largest):.2f} mV {side}".strip()
