"""How sure each beat is: by how it stands out, and by how alike the others are.

Noise gives peaks that stand out little and do not repeat; a heart repeats itself, if not from beat
to beat then from one premature beat to another.  The weights were fitted by
``ecgcore.training.fits.confidence`` on pieces of MIT-BIH DS1 (first lead and both) with noise of
the Noise Stress Test Database added at -6 to 24 dB.
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.beats import FEATURE_HZ, Traces
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]

NAMES = ("prominence", "likeness", "evenness")
BEFORE_S, AFTER_S = 0.10, 0.14
# What lies between beats is looked at this far on either side of each, but not within the QRS.
AROUND_S = 2.5
QRS_S = 0.12
# A beat is compared with so many around it.
NEIGHBOURS = 12
INTERCEPT = -2.59
WEIGHTS = (2.09, 2.39, 1.83)


def beat_confidence(traces: Traces, r_s: Array) -> Array:
    """Return how likely each beat is one, 0 to 1, shape (n_beats,).

    Parameters
    ----------
    traces : Traces
        Of the leads in which the beats were found.
    r_s : array, shape (n_beats,)
    """
    if r_s.size == 0:
        return np.zeros(0)
    score = INTERCEPT + confidence_features(traces, r_s) @ np.asarray(WEIGHTS)
    return np.asarray(1.0 / (1.0 + np.exp(-score)))


def confidence_features(traces: Traces, r_s: Array) -> Array:
    """Return the figures of each beat, shape (n_beats, 3), columns as in ``NAMES``.

    ``prominence`` is by how much (log2) it is larger than what lies between beats, ``likeness`` how
    alike the beats around are most like it, less what chance gives, ``evenness`` how usual (log2)
    its size is.  The lead that says most for a beat counts.
    """
    at = np.minimum(np.round(r_s * FEATURE_HZ).astype(np.intp), traces.low.shape[1] - 1)
    within = np.arange(-round(BEFORE_S * FEATURE_HZ), round(AFTER_S * FEATURE_HZ) + 1)
    index = np.clip(at[:, None] + within, 0, traces.banded.shape[1] - 1)
    cut = traces.banded[:, index]
    size = np.sqrt(np.square(cut).mean(axis=-1))
    prominence = np.log2(np.maximum(size, 1e-9) / np.maximum(_between(traces, at), 1e-9))
    usual = np.maximum(median(size, axis=1, keepdims=True), 1e-9)
    evenness = -np.abs(np.log2(np.maximum(size, 1e-9) / usual))
    return np.stack(
        [
            np.clip(prominence.max(axis=0), -3, 5),
            _likeness(cut),
            np.clip(evenness.max(axis=0), -3, 0),
        ],
        axis=1,
    )


def _between(traces: Traces, at: NDArray[np.intp]) -> Array:
    """Return the root mean square between the beats around each, shape (n_leads, n_beats)."""
    n = traces.banded.shape[1]
    free = np.ones(n)
    near = round(QRS_S * FEATURE_HZ)
    free[np.clip(at[:, None] + np.arange(-near, near + 1), 0, n - 1).ravel()] = 0
    power = np.concatenate(
        (np.zeros((traces.banded.shape[0], 1)), np.cumsum(traces.banded**2 * free, axis=1)), axis=1
    )
    count = np.concatenate(([0.0], np.cumsum(free)))
    reach = round(AROUND_S * FEATURE_HZ)
    start, stop = np.maximum(at - reach, 0), np.minimum(at + reach, n)
    seen = np.maximum(count[stop] - count[start], 1.0)
    return np.asarray(np.sqrt((power[:, stop] - power[:, start]) / seen))


def _likeness(cut: Array) -> Array:
    """Return how alike the two most like beats of those around are, all leads together."""
    n_beats = cut.shape[1]
    rows = cut.transpose(1, 0, 2).reshape(n_beats, -1)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    best = np.full((n_beats, 2), -1.0)
    for step in range(1, min(NEIGHBOURS, n_beats - 1) + 1):
        alike = (rows[step:] * rows[:-step]).sum(axis=1)
        for part in (slice(step, None), slice(None, -step)):
            three = np.sort(np.column_stack((best[part], alike)), axis=1)
            best[part] = three[:, 1:]
    return np.asarray(best[:, 0] if n_beats > 2 else best[:, 1])
