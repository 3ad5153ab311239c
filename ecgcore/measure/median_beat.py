"""The median beat of every lead, and the deflections in it."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Fiducials, MedianBeat
from ecgcore.signal.quantiles import median, quantile

Array = NDArray[np.float64]

BEFORE_S = 0.36
AFTER_S = 0.64
# The level before QRS: the mean over this long, ending this long before the onset.
LEVEL_S = 0.016
LEVEL_GAP_S = 0.004
# Smaller or shorter deflections of QRS are no waves of their own (CSE: 20 µV and 6 ms).
SMALLEST_MV = 0.02
SHORTEST_S = 0.006
MAX_BEATS = 600
# Of fewer beats a spread cannot be told.
MIN_FOR_ERROR = 3
# From a median deviation to a standard deviation, and from the error of a mean to a median's.
TO_SD, MEDIAN_ERROR = 1.4826, 1.2533
AFTER_J_MS = (40, 60, 80)
ST_S = 0.08
DEFLECTIONS = ("P", "Q", "R", "S", "R'", "J", "J+40", "J+60", "J+80", "T")


def median_beat(
    recording: Recording,
    consensus: Fiducials,
    by_lead: dict[str, Fiducials],
    chosen: NDArray[np.bool_],
) -> MedianBeat | None:
    """Return the median of the chosen beats, each aligned at its R peak and levelled.

    Parameters
    ----------
    recording : Recording
        All leads are used: an unreadable one gives an unreadable median.
    consensus : Fiducials
    by_lead : dict of str to Fiducials
        The readable leads.
    chosen : array of bool, shape (n_beats,)
        The beats of the dominant shape.

    Returns
    -------
    MedianBeat or None
        None without a chosen beat that lies whole in the recording.

    Notes
    -----
    Baseline wander is removed with straight lines through the level before each QRS onset, so
    that ST stays as it was recorded.
    """
    fs_hz = recording.fs_hz
    level = _levelled(recording.signal, fs_hz, consensus)
    before, after = round(BEFORE_S * fs_hz), round(AFTER_S * fs_hz)
    centres = _aligned(level, fs_hz, consensus.r_peak[chosen])
    centres = centres[(centres - before >= 0) & (centres + after < recording.n_samples)]
    if centres.size == 0:
        return None
    if centres.size > MAX_BEATS:
        centres = centres[np.linspace(0, centres.size - 1, MAX_BEATS).round().astype(int)]
    cut = level[:, centres[:, None] + np.arange(-before, after + 1)]
    values = _median(cut)
    error = dict(zip(recording.leads, _error(cut, values), strict=True))
    middle, *of_leads = _relative([consensus, *by_lead.values()], consensus.r_peak, chosen)
    points = dict(zip(by_lead, of_leads, strict=True))
    values = values - _onset_level(values, fs_hz, before, middle["qrs_onset"])
    return MedianBeat(
        values.astype(np.float32),
        recording.leads,
        fs_hz,
        before,
        middle,
        points,
        int(centres.size),
        error,
        dict(zip(recording.leads, _st_error(cut, fs_hz, before, middle), strict=True)),
    )


def _error(cut: Array, values: Array) -> list[float]:
    """Return the standard error of each lead's median, over its samples; infinite for few beats."""
    count = cut.shape[1]
    if count < MIN_FOR_ERROR:
        return [np.inf] * cut.shape[0]
    spread = TO_SD * _median(np.abs(cut - values[:, None]))
    error = MEDIAN_ERROR * np.sqrt(np.square(spread).mean(axis=1) / count)
    return [float(e) if np.isfinite(e) else np.inf for e in error]


def _st_error(cut: Array, fs_hz: float, r_index: int, middle: dict[str, float]) -> list[float]:
    """Return the standard error of each lead's ST level over the beats; infinite for few beats."""
    count, j_s = cut.shape[1], middle["qrs_offset"]
    onset_s = middle["qrs_onset"]
    if count < MIN_FOR_ERROR or not np.isfinite([j_s, onset_s]).all():
        return [np.inf] * cut.shape[0]
    j, stop = (max(0, r_index + round(at * fs_hz)) for at in (j_s, onset_s - LEVEL_GAP_S))
    before = cut[..., max(0, stop - round(LEVEL_S * fs_hz)) : stop + 1].mean(axis=-1)
    level = cut[..., j : j + round(ST_S * fs_hz)].mean(axis=-1) - before
    spread = TO_SD * _median(np.abs(level - _median(level)[:, None]))
    error = MEDIAN_ERROR * spread / np.sqrt(count)
    return [float(e) if np.isfinite(e) else np.inf for e in error]


def _median(cut: Array) -> Array:
    """Return the median over beats, NaN only where every beat is absent."""
    if np.isfinite(cut).all():
        return median(cut, axis=1)
    return quantile(np.moveaxis(cut, 1, 0), 0.5)


def _levelled(signal: NDArray[np.float32], fs_hz: float, beats: Fiducials) -> Array:
    out = signal.astype(np.float64)
    onset = np.where(np.isfinite(beats.qrs_onset), beats.qrs_onset, beats.r_peak - 0.05)
    stop = np.round((onset - LEVEL_GAP_S) * fs_hz).astype(int)
    size = max(1, round(LEVEL_S * fs_hz))
    knots = stop[(stop - size >= 0) & (stop < out.shape[1])]
    if knots.size == 0:
        return out
    at = np.arange(out.shape[1])
    for row in out:
        values = row[knots[:, None] - np.arange(size)].mean(axis=1)
        known = np.isfinite(values)
        if known.any():
            np.subtract(row, np.interp(at, knots[known] - size / 2, values[known]), out=row)
    return out


def _aligned(level: Array, fs_hz: float, r_s: Array) -> NDArray[np.intp]:
    """Return the R peaks' samples, shifted by at most 16 ms onto their common shape."""
    n = level.shape[1]
    centres = np.round(r_s * fs_hz).astype(int)
    play, reach = max(1, round(0.016 * fs_hz)), round(0.06 * fs_hz)
    inside = (centres - reach - play >= 0) & (centres + reach + play < n)
    if inside.sum() < 3:
        return centres
    filled = np.nan_to_num(level)
    window = np.arange(-reach, reach + 1)
    shape = median(filled[:, centres[inside][:, None] + window], axis=1)
    shifts = np.arange(-play, play + 1)
    out = centres.copy()
    wide = np.arange(-reach - play, reach + play + 1)
    for beat in np.flatnonzero(inside):
        near = filled[:, centres[beat] + wide]
        cut = np.lib.stride_tricks.sliding_window_view(near, window.size, axis=1)
        error = np.abs(cut - shape[:, None]).sum(axis=(0, 2))
        out[beat] = centres[beat] + shifts[int(np.argmin(error))]
    return out


def _relative(
    points: list[Fiducials], r_s: Array, chosen: NDArray[np.bool_]
) -> list[dict[str, float]]:
    """Return each set's fiducials from the R peak in s, medians over the chosen beats."""
    from_r = np.stack([each.as_array() for each in points])[..., chosen] - r_s[chosen]
    middle = quantile(np.moveaxis(from_r, -1, 0), 0.5)
    # A wave of fewer than a third of the beats is not part of the median beat.
    rare = 3 * np.isfinite(from_r).sum(axis=-1) < chosen.sum()
    return [
        dict(zip(FIDUCIALS, row, strict=True)) for row in np.where(rare, np.nan, middle).tolist()
    ]


def _onset_level(values: Array, fs_hz: float, r_index: int, onset_s: float) -> Array:
    onset = onset_s if np.isfinite(onset_s) else -0.05
    stop = max(1, round(r_index + (onset - LEVEL_GAP_S) * fs_hz))
    size = max(1, round(LEVEL_S * fs_hz))
    return np.asarray(values[:, max(0, stop - size) : stop].mean(axis=1, keepdims=True))


def amplitudes(beat: MedianBeat) -> dict[str, dict[str, float | None]]:
    """Return each lead's deflections in the recording's unit, against the level at QRS onset.

    Returns
    -------
    dict of str to dict
        Lead -> one value for each of ``DEFLECTIONS``; None where it is not there.  P and T are
        their largest deflection, P against the level at its own onset.  A complex without a
        positive deflection (QS) has its value under Q.
    """
    return {
        lead: _deflections(row.astype(np.float64), beat)
        for lead, row in zip(beat.leads, beat.values, strict=True)
    }


def _deflections(row: Array, beat: MedianBeat) -> dict[str, float | None]:
    out: dict[str, float | None] = dict.fromkeys(DEFLECTIONS)
    point = beat.consensus
    if not np.isfinite(row).all():
        return out
    out["P"] = _largest(row, beat, point["p_onset"], point["p_offset"], from_onset=True)
    out["T"] = _largest(row, beat, point["t_onset"], point["t_offset"])
    if not (np.isfinite(point["qrs_onset"]) and np.isfinite(point["qrs_offset"])):
        return out
    start, stop = (index_of(beat, point[name]) for name in ("qrs_onset", "qrs_offset"))
    out |= _qrs_waves(row[start : stop + 1], beat.fs_hz)
    for name, after_ms in (("J", 0), *((f"J+{ms}", ms) for ms in AFTER_J_MS)):
        at = index_of(beat, point["qrs_offset"] + after_ms / 1e3)
        out[name] = float(row[at]) if at < row.size else None
    return out


def index_of(beat: MedianBeat, at_s: float) -> int:
    """Return the sample of the median beat nearest to a time from its R peak."""
    return max(0, beat.r_index + round(at_s * beat.fs_hz))


def _largest(
    row: Array, beat: MedianBeat, onset_s: float, offset_s: float, *, from_onset: bool = False
) -> float | None:
    if not (np.isfinite(onset_s) and np.isfinite(offset_s)):
        return None
    part = row[index_of(beat, onset_s) : index_of(beat, offset_s) + 1]
    if part.size == 0:
        return None
    if from_onset:
        part = part - part[: max(1, round(0.008 * beat.fs_hz))].mean()
    return float(part[np.argmax(np.abs(part))])


def _qrs_waves(part: Array, fs_hz: float) -> dict[str, float | None]:
    """Name the deflections of one complex in their order: Q, R, S, R'."""
    out: dict[str, float | None] = {}
    for peak in _signed_peaks(part, fs_hz):
        up, down = ("R'", "S") if "R" in out else ("R", "Q")
        name = up if peak > 0 else down
        held = out.get(name)
        # A third positive or a second negative deflection: the larger one keeps the name.
        out[name] = peak if held is None or abs(peak) > abs(held) else held
    return out


def _signed_peaks(part: Array, fs_hz: float) -> list[float]:
    sign = np.sign(part)
    cuts = np.flatnonzero(np.diff(sign)) + 1
    peaks = []
    for piece in np.split(part, cuts):
        if piece.size >= SHORTEST_S * fs_hz:
            peak = float(piece[np.argmax(np.abs(piece))])
            if abs(peak) >= SMALLEST_MV:
                peaks.append(peak)
    return peaks
