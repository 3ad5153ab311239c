"""Why PR and the P axis are not stated: no P is conducted to each QRS complex, or none is seen.

In atrial fibrillation and flutter, AV dissociation, junctional rhythm, ventricular pacing without P
and tachycardia in which P and T fuse, a PR interval has no meaning, whatever lies before QRS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import Fiducials, Measurement
from ecgcore.signal.rr import rr_intervals

# P waves belong to the rhythm if most beats have one at a steady distance.
P_SHARE = 0.5
P_MOST = 0.8
# In a rhythm that is not regular fewer are what fibrillatory waves look like by chance.
P_UNEVEN = 0.7
P_STEADY_MS = 28.0
P_LOOSE_MS = 34.0
# Above this rate a T wave whose end nobody can tell may hide P, and what looks like P may be T or a
# flutter wave: both flutters of PTB-XL's train and val with a "PR", and 2 of 66 sinus tachycardias.
FAST_BPM = 100.0
SLOW_BPM = 60.0
NO_P_IRREGULAR = (
    "No P wave was identified, and RR intervals are irregular, as in atrial fibrillation."
)
NO_P_RELATION = (
    "No consistent P-QRS relation, and RR intervals are irregular, as in atrial fibrillation."
)
FUSED = (
    "At this rate P waves cannot be distinguished from T or flutter waves: "
    "consider atrial flutter or SVT."
)
OF_P = ("pr", "p_duration")
NEEDS_P = (*OF_P, "p_axis")


def no_conducted_p(
    beats: Fiducials, own: NDArray[np.bool_], irregular: bool, *, uneven: bool = False
) -> str:
    """Return why no PR is stated, or an empty string.

    Parameters
    ----------
    beats : Fiducials
        The consensus.
    own : array of bool, shape (n_beats,)
        Beats of the heart's own shape.
    irregular : bool
        Whether their RR intervals change from beat to beat.
    uneven : bool
        Whether they differ at all by more than those of a regular rhythm.
    """
    pr_ms = 1e3 * (beats.qrs_onset - beats.p_onset)[own]
    seen = pr_ms[np.isfinite(pr_ms)]
    share = seen.size / max(1, pr_ms.size)
    if seen.size == 0:
        return NO_P_IRREGULAR if irregular else _no_p(beats)
    spread = 1.4826 * float(np.median(np.abs(seen - np.median(seen))))
    if irregular and (share < P_SHARE or (share < P_MOST and spread > P_STEADY_MS)):
        return NO_P_RELATION
    if share < P_SHARE / 2 or (uneven and share < P_UNEVEN):
        return f"A P wave was identified before only {seen.size} of {pr_ms.size} QRS complexes."
    if seen.size >= 4 and spread > P_LOOSE_MS:
        low, high = np.percentile(seen, [10, 90])
        return (
            f"Variable PR ({low:.0f} to {high:.0f} ms), no single interval can be stated: "
            "consider AV block or dissociation."
        )
    return ""


def _no_p(beats: Fiducials) -> str:
    """Return that there is no P wave, and which rhythms of this rate have none before QRS."""
    words = "No conducted P wave was identified"
    rr_s = rr_intervals(beats.r_peak).duration_s
    if not rr_s.size:
        return f"{words}."
    rate = 60.0 / float(np.median(rr_s))
    if rate > FAST_BPM:
        return f"{words}: consider SVT or atrial flutter."
    other = "AV block" if rate < SLOW_BPM else "atrial flutter"
    return f"{words}: consider junctional rhythm or {other}."


def fused_p(found: Mapping[str, Measurement]) -> str:
    """Return why what was taken for P may be none, or an empty string.

    Parameters
    ----------
    found : mapping of str to Measurement
        ``heart_rate`` and ``qt``, the latter None where it is too uncertain.
    """
    rate = found["heart_rate"].value
    fast = rate is not None and rate > FAST_BPM
    return FUSED if fast and found["qt"].value is None else ""


def withhold_p(given: Iterable[Measurement], reason: str) -> list[Measurement]:
    """Return measurements; those that need a conducted P lose their value where there is none."""
    if not reason:
        return list(given)
    return [
        replace(m, value=None, uncertainty=None, reason=reason) if m.name in NEEDS_P else m
        for m in given
    ]
