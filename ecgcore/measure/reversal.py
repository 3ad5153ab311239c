"""Electrodes that were exchanged: suspected from how the leads fit one another.

In most hearts the eight independent leads go together in much the same way: their second moments
within P, the three thirds of QRS, and ST-T were learned from correctly recorded ECGs.  A
recording is compared with each possible exchange taken back; where one of them fits clearly
better, it is suspected.  Limits were set so that 1 % of correct recordings are suspected.

Exchanges with the right leg cannot be taken back; they leave one limb lead nearly flat (Kligfield
et al., AHA/ACC/HRS 2007 Part I, Circulation 115:1306).
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import INDEPENDENT_8
from ecgcore.measure.median_beat import index_of
from ecgcore.measure.reversal_figures import LIMITS, PRECISION
from ecgcore.results import MedianBeat, Reversal

Array = NDArray[np.float64]

SEGMENTS = ("P", "QRS 1", "QRS 2", "QRS 3", "ST-T")
MIN_SAMPLES = 3
# A limb lead between two legs shows almost nothing: below this, and this part of the others.
FLAT_MV = 0.12
FLAT_SHARE = 0.10
DEAD_MV = 0.002
# I = LA - RA, II = LL - RA: what the recorded (I, II) are when two electrodes are exchanged.
_LIMB = {
    "RA-LA": ((-1.0, 0.0), (-1.0, 1.0)),
    "RA-LL": ((1.0, -1.0), (0.0, -1.0)),
    "LA-LL": ((0.0, 1.0), (1.0, 0.0)),
}
_CHEST = {
    "V1-V2": (("V1", "V2"),),
    "V2-V3": (("V2", "V3"),),
    "V3-V4": (("V3", "V4"),),
    "V4-V5": (("V4", "V5"),),
    "V5-V6": (("V5", "V6"),),
    "V1-V3": (("V1", "V3"),),
    "V4-V6": (("V4", "V6"),),
    "V1-V6": (("V1", "V6"),),
    "V1 to V6 in reverse": (("V1", "V6"), ("V2", "V5"), ("V3", "V4")),
}
KINDS = (*_LIMB, *_CHEST)
_WORDS = {
    "RA-LA": "right arm and left arm",
    "RA-LL": "right arm and left leg",
    "LA-LL": "left arm and left leg",
}


def exchange(kind: str) -> Array:
    """Return the matrix, shape (8, 8), that makes exchanged leads of correct ones.

    Rows and columns are ``INDEPENDENT_8``.
    """
    out = np.eye(len(INDEPENDENT_8))
    if kind in _LIMB:
        out[:2, :2] = _LIMB[kind]
        return out
    for first, second in _CHEST[kind]:
        i, j = INDEPENDENT_8.index(first), INDEPENDENT_8.index(second)
        out[[i, j]] = out[[j, i]]
    return out


@cache
def _taken_back() -> tuple[tuple[str, Array], ...]:
    return tuple((kind, np.asarray(np.linalg.inv(exchange(kind)), np.float64)) for kind in KINDS)


def second_moments(beat: MedianBeat) -> dict[str, Array]:
    """Return the second moments of the eight leads within each segment that was found.

    Returns
    -------
    dict of str to array, shape (8, 8)
        In mV².  Empty if one of the eight leads is missing or holds an absent sample.
    """
    if not set(INDEPENDENT_8) <= set(beat.leads):
        return {}
    rows = np.stack([beat.values[beat.leads.index(n)] for n in INDEPENDENT_8]).astype(np.float64)
    if not np.isfinite(rows).all():
        return {}
    out = {}
    for name, (start_s, stop_s) in _bounds(beat.consensus).items():
        if not (np.isfinite(start_s) and np.isfinite(stop_s)):
            continue
        part = rows[:, index_of(beat, start_s) : index_of(beat, stop_s) + 1]
        if part.shape[1] < MIN_SAMPLES:
            continue
        if name == "P":
            rise = np.linspace(0.0, 1.0, part.shape[1])
            part = part - part[:, :1] - rise * (part[:, -1:] - part[:, :1])
        out[name] = part @ part.T / part.shape[1]
    return out


def _bounds(point: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    onset, offset = point["qrs_onset"], point["qrs_offset"]
    third = (offset - onset) / 3
    return {
        "P": (point["p_onset"], point["p_offset"]),
        "QRS 1": (onset, onset + third),
        "QRS 2": (onset + third, onset + 2 * third),
        "QRS 3": (onset + 2 * third, offset),
        "ST-T": (offset, point["t_offset"]),
    }


def misfit(
    moments: Mapping[str, Array], correction: Array, precision: Mapping[str, Array]
) -> float:
    """Return how badly leads fit after a correction; lower is better.

    The sum over segments of the log of the mean squared Mahalanobis length.
    """
    return sum(
        float(np.log(np.trace(precision[name] @ correction @ each @ correction.T) + 1e-12))
        for name, each in moments.items()
    )


def margins(moments: Mapping[str, Array], precision: Mapping[str, Array]) -> dict[str, float]:
    """Return by how much taking back each exchange improves the fit (log units)."""
    plain = misfit(moments, np.eye(len(INDEPENDENT_8)), precision)
    return {kind: plain - misfit(moments, back, precision) for kind, back in _taken_back()}


def suspected_reversal(
    beat: MedianBeat | None, *, bad_leads: tuple[str, ...] = ()
) -> Reversal | None:
    """Return the exchange of electrodes that is suspected, with its evidence, or None.

    Parameters
    ----------
    beat : MedianBeat or None
        In millivolts.  Lead I, II and V1 to V6 are needed, all readable (a flat limb lead aside).
    bad_leads : tuple of str
        Leads that are not readable.
    """
    if beat is None:
        return None
    moments = second_moments(beat)
    if len(moments) < 3:
        return None
    # A flat limb lead counts as not readable: it is looked at before those are left out.
    flat = _flat_limb_lead(beat)
    if flat or set(bad_leads) & set(INDEPENDENT_8):
        return flat
    found = margins(moments, _precision())
    over = {kind: found[kind] / LIMITS[kind] for kind in KINDS if found[kind] > LIMITS[kind]}
    if not over:
        return None
    # Of those over their own limit, the one that explains most.
    kind = max(over, key=lambda k: found[k])
    return Reversal(kind, found[kind], LIMITS[kind], _evidence(kind, found[kind], beat))


@cache
def _precision() -> Mapping[str, Array]:
    out = {}
    for name, upper in PRECISION.items():
        square = np.zeros((len(INDEPENDENT_8),) * 2)
        square[np.triu_indices(len(INDEPENDENT_8))] = upper
        out[name] = square + np.triu(square, 1).T
    return out


def _evidence(kind: str, margin: float, beat: MedianBeat) -> str:
    times = np.exp(margin / len(SEGMENTS))
    if kind in _LIMB:
        text = (
            f"With {_WORDS[kind]} reversal corrected, the limb leads fit the chest leads "
            f"{times:.1f} times better."
        )
        sign = _likeness(beat, "I", "V6")
        if kind == "RA-LA" and sign < 0:
            text += f" Leads I and V6, usually concordant, are discordant (correlation {sign:.2f})."
        return text
    named = kind if "to" in kind else " and ".join(kind.split("-"))
    return f"With {named} reversal corrected, the chest leads fit {times:.1f} times better."


def _likeness(beat: MedianBeat, first: str, second: str) -> float:
    start = index_of(beat, beat.consensus["qrs_onset"])
    stop = index_of(beat, beat.consensus["qrs_offset"]) + 1
    a, b = (
        beat.values[beat.leads.index(n)][start:stop].astype(np.float64) for n in (first, second)
    )
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0 else 0.0


def _flat_limb_lead(beat: MedianBeat) -> Reversal | None:
    one, two = (beat.values[beat.leads.index(n)].astype(np.float64) for n in ("I", "II"))
    spans = {"I": np.ptp(one), "II": np.ptp(two), "III": np.ptp(two - one)}
    flat = min(spans, key=lambda k: spans[k])
    rest = max(spans.values())
    # Not a trace at all: the channel is dead, which is no exchange.
    dead = min(float(spans["I"]), float(spans["II"])) < DEAD_MV
    if dead or spans[flat] > FLAT_MV or spans[flat] > FLAT_SHARE * rest:
        return None
    arm = {"I": "both arms and the legs", "II": "right arm", "III": "left arm"}[flat]
    return Reversal(
        f"{flat} flat",
        float(rest / max(spans[flat], 1e-6)),
        1 / FLAT_SHARE,
        f"Lead {flat} is almost flat ({spans[flat]:.2f} mV against {rest:.2f} mV), as in "
        f"reversal of the {arm} and right leg electrodes.",
    )
