"""What is told of each lead's quality, as named figures: what the learned grade looks at.

Sizes of noise are taken against the lead's own complexes and, where there is voltage, in
millivolts too.  Beats, found in all leads together, are compared with one another within a lead:
the heart repeats itself, noise does not (Orphanidou et al., IEEE J Biomed Health Inform 19:832,
2015; Clifford et al., Physiol Meas 33:1419, 2012).
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.filters import butterworth
from ecgcore.signal.quality_windows import MAINS_IN_NOISE, Windows, around, filled, windows_of
from ecgcore.signal.quantiles import median, quantile
from ecgcore.signal.resample import resample

Array = NDArray[np.float64]

# What carries waves; P, QRS and T are seen at this rate.
WAVE_HZ = FEATURE_HZ
WAVE_BAND_HZ = (0.5, 40.0)
# Around each R peak: most of P to most of T at usual rates.
BEFORE_S, AFTER_S = 0.20, 0.36
MIN_BEATS = 2
MAX_BEATS = 40
# Samples on either side of an R peak that belong to QRS: 50 ms.
NEAR = 6
FLOOR = 1e-3
# Mains that nobody sees is no fault: half a small square, and a twelfth of the complexes.
MAINS_FLOOR_MV, MAINS_FLOOR_RELATIVE = 0.05, 0.08

ALONE = (
    "size_relative",
    "weakest_relative",
    "drift_relative",
    "jump_relative",
    "noise_relative",
    "worst_noise_relative",
    "mains_relative",
    "peakiness",
    "kurtosis",
    "rail",
    "still",
    "likeness",
    "residue_relative",
    "beat_energy",
)
IN_MV = (
    "qrs_mv",
    "weakest_mv",
    "extreme_mv",
    "drift_mv",
    "jump_mv",
    "noise_mv",
    "worst_noise_mv",
    "mains_mv",
    "residue_mv",
)
NAMES = (*ALONE, *IN_MV)


def lead_features(search: BeatSearch, *, windows: Windows | None = None) -> dict[str, Array]:
    """Return the figures of every lead of a stretch of about ten seconds.

    Parameters
    ----------
    search : BeatSearch
        Of the stretch.
    windows : Windows, optional
        Of this very stretch, where they are known already.

    Returns
    -------
    dict of str to array, shape (n_leads,)
        One for each of ``NAMES``; sizes as log2, so that one more is twice as much.  Those of
        ``IN_MV`` mean something only where the unit is mV.
    """
    found = windows
    if found is None:
        present = np.isfinite(search.signal)
        found = windows_of(filled(search.signal, present), present, search.fs_hz)
    return _sizes(found) | _shapes(found) | _beats(search)


def _log(values: Array, floor: float = FLOOR) -> Array:
    return np.log2(np.maximum(np.nan_to_num(values, nan=0.0), floor))


def _at(values: Array, q: float) -> Array:
    """Return a quantile over the windows that are there; 0 where none is."""
    return np.nan_to_num(quantile(values.T, q))


def _sizes(w: Windows) -> dict[str, Array]:
    complexes = around(w.qrs_span)
    qrs = _at(complexes, 0.5)
    clean = np.maximum(w.noise - MAINS_IN_NOISE * np.maximum(w.mains, 0), 0)
    step = np.abs(np.diff(w.mean, axis=1))
    sizes = {
        "weakest": _at(complexes, 0.1),
        "drift": _at(w.mean, 0.95) - _at(w.mean, 0.05),
        "jump": np.nan_to_num(step, nan=0.0).max(axis=1, initial=0.0),
        "noise": _at(clean, 0.5),
        "worst_noise": _at(clean, 0.9),
        "mains": _at(w.mains, 0.5),
    }
    out = {f"{name}_mv": _log(values) for name, values in sizes.items()}
    scale = np.maximum(qrs, 1e-9)
    out |= {f"{name}_relative": _log(values / scale) for name, values in sizes.items()}
    out["mains_mv"] = _log(sizes["mains"], MAINS_FLOOR_MV)
    out["mains_relative"] = _log(sizes["mains"] / scale, MAINS_FLOOR_RELATIVE)
    out["qrs_mv"] = _log(qrs)
    out["extreme_mv"] = _log(_at(w.extreme, 1.0))
    out["size_relative"] = _log(_at(w.span, 0.5) / scale)
    return out


def _shapes(w: Windows) -> dict[str, Array]:
    qrs = _at(around(w.qrs_span), 0.5)
    span = around(w.span)
    top = np.maximum(_at(span, 0.9), 1e-9)[:, None]
    still = (span < 0.01 * top) | (span == 0)
    return {
        "peakiness": _log(qrs / np.maximum(_at(w.qrs_median, 0.5), 1e-9)),
        "kurtosis": _log(_at(w.qrs_kurtosis, 0.5)),
        "rail": _at(w.clipped, 0.9),
        "still": np.asarray(still.mean(axis=1), dtype=np.float64),
    }


def _beats(search: BeatSearch) -> dict[str, Array]:
    low = _at_wave_rate(search)
    n_leads = low.shape[0]
    rows = butterworth("bandpass", WAVE_BAND_HZ, WAVE_HZ).run_both_ways(low, round(WAVE_HZ))
    out = {
        "likeness": np.zeros(n_leads),
        "residue_relative": np.zeros(n_leads),
        "residue_mv": _log(median(np.abs(rows))),
        "beat_energy": np.zeros(n_leads),
    }
    before, after = round(BEFORE_S * WAVE_HZ), round(AFTER_S * WAVE_HZ)
    at = np.round(search.r_s * WAVE_HZ).astype(int)[:MAX_BEATS]
    if at.size < MIN_BEATS:
        return out
    # The first and the last beat may lack a part: the edge's value stands for it.
    padded = np.pad(rows, ((0, 0), (before, after)), mode="edge")
    cut = padded[:, at[:, None] + np.arange(before + after)]
    cut = cut - cut.mean(axis=-1, keepdims=True)
    middle = median(cut, axis=1, keepdims=True)
    residue = median(np.abs(cut - middle).reshape(n_leads, -1))
    height = np.maximum(np.ptp(middle[:, 0], axis=-1), 1e-9)
    out["likeness"] = _likeness(cut)
    out["residue_mv"] = _log(residue)
    out["residue_relative"] = _log(residue / height)
    out["beat_energy"] = _beat_energy(rows, at)
    return out


def _at_wave_rate(search: BeatSearch) -> Array:
    """Return the leads at ``WAVE_HZ``; gaps are bridged before, so that no edge is filtered in."""
    present = np.isfinite(search.signal)
    if present.all():
        return search.traces.low
    bridged = filled(search.signal, present).astype(np.float32)
    return resample(bridged, search.fs_hz, WAVE_HZ).astype(np.float64)


def _beat_energy(rows: Array, at: NDArray[np.int_]) -> Array:
    """Return by how much (log2) each lead is steeper at the beats than between them."""
    near = np.zeros(rows.shape[1], dtype=bool)
    within = at[:, None] + np.arange(-NEAR, NEAR + 1)
    near[np.clip(within, 0, rows.shape[1] - 1).ravel()] = True
    if near.all():
        return np.zeros(rows.shape[0])
    slope = np.abs(np.gradient(rows, axis=-1))
    between = np.maximum(median(slope[:, ~near]), 1e-9)
    return _log(median(slope[:, near]) / between)


def _likeness(cut: Array) -> Array:
    """Return how alike beats are: each with the beat most like it, median over beats."""
    size = np.maximum(np.linalg.norm(cut, axis=-1, keepdims=True), 1e-9)
    unit = cut / size
    pairs = unit @ unit.transpose(0, 2, 1)
    diagonal = np.arange(pairs.shape[1])
    pairs[:, diagonal, diagonal] = -1.0
    return median(pairs.max(axis=2))
