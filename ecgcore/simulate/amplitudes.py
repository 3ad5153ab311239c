"""True amplitudes by lead: J, J+60 ms, Q, R, S and T of the basic beat, without noise.

The beat is the one that is not early, at the record's mean QT, between breaths; fibrillatory and
flutter waves are left out.  Every level is taken from that at QRS onset.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ecgcore.simulate.heart import Heart
from ecgcore.simulate.heartbeat import (
    Beats,
    compute_stretch,
    compute_u_size,
    find_atrial_shape,
    find_ventricular_shape,
)
from ecgcore.simulate.person import Person
from ecgcore.simulate.truth import Truth, compute_seen_matrix
from ecgcore.simulate.vector import Array, compute_course, derive_rows

_BEFORE_MS, _AFTER_MS = 300, 900
# What is smaller is no wave.
VISIBLE_MV = 0.02


def find_amplitudes(
    person: Person, beats: Beats, truth: Truth, leads: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """Return ``j_mv``, ``j60_mv``, ``q_mv``, ``r_mv``, ``s_mv`` and ``t_mv`` of each lead.

    Q and S are negative, 0 where there is none; QS counts as Q.  Empty without beats, and a lead
    that is off is left out.
    """
    planned = beats.schedule.beats
    usual = [i for i, b in enumerate(planned) if b.origin != "premature" and b.qrs_s >= 0]
    if not truth.beats or not usual:
        return {}
    name = Counter(planned[i].ventricular for i in usual).most_common(1)[0][0]
    which = [i for i in usual if planned[i].ventricular == name]
    heart = person.heart(find_ventricular_shape(person, name))
    rr_s = np.array([np.median(beats.rr_s[which])])
    stretch = float(compute_stretch(person, heart, rr_s)[0])
    vector = _add_ventricles(heart, stretch, float(compute_u_size(rr_s)[0]))
    if truth.pr_ms is not None:
        atria = person.atria(find_atrial_shape(person, planned[which[0]].atrial))
        parts = (*atria.shape.p, *atria.shape.after)
        vector += compute_course(parts, _GRID_MS + truth.pr_ms + atria.bounds.onset_ms)
    rows = derive_rows(compute_seen_matrix(person) @ vector)
    qrs, t = heart.bounds.qrs, heart.bounds.t
    end_ms = qrs.offset_ms - qrs.onset_ms
    t_ms = tuple(end_ms + stretch * (ms - qrs.offset_ms) for ms in (t.onset_ms, t.offset_ms))
    return {
        lead: _measure(rows[lead].astype(np.float64), end_ms, t_ms)
        for lead in leads
        if lead not in truth.bad_leads
    }


_GRID_MS = np.arange(-_BEFORE_MS, _AFTER_MS, dtype=np.float64)


def _add_ventricles(heart: Heart, stretch: float, u_size: float) -> Array:
    shape, qrs = heart.shape, heart.bounds.qrs
    late = tuple(p.stretched(qrs.offset_ms, stretch) for p in (*shape.st, *shape.t))
    u = tuple(p.stretched(qrs.offset_ms, stretch) for p in shape.u)
    at = _GRID_MS + qrs.onset_ms
    return np.asarray(compute_course((*shape.qrs, *late), at) + u_size * compute_course(u, at))


def _measure(row: Array, end_ms: float, t_ms: tuple[float, ...]) -> dict[str, float]:
    after = row[_BEFORE_MS:] - row[_BEFORE_MS]
    j = round(end_ms)
    t = after[round(t_ms[0]) : round(t_ms[1])]
    found = {"j_mv": after[j], "j60_mv": after[j + 60], **_find_qrs(after[: j + 1])}
    found["t_mv"] = t[np.abs(t).argmax()]
    return {name: round(float(value), 4) for name, value in found.items()}


def _find_qrs(qrs: Array) -> dict[str, float]:
    # A wave has a peak: where QRS only runs into a shifted ST there is none.
    peaks, troughs = (_find_peaks(sign * qrs) for sign in (1.0, -1.0))
    first = peaks[0] if peaks.size else qrs.size
    return {
        "q_mv": min([0.0, *qrs[troughs[troughs < first]]]),
        "r_mv": max([0.0, *qrs[peaks]]),
        "s_mv": min([0.0, *qrs[troughs[troughs > first]]]),
    }


def _find_peaks(values: Array) -> NDArray[np.intp]:
    inner = values[1:-1]
    higher = (inner > values[:-2]) & (inner >= values[2:]) & (inner > VISIBLE_MV)
    return np.flatnonzero(higher) + 1
