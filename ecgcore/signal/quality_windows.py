"""Figures of every lead in windows of one second: what the rules and the features are made of."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

Array = NDArray[np.float64]

WINDOW_S = 1.0
# In silence nothing is as large as this part of the lead's largest complexes, 5 to 20 Hz.
SILENT_SHARE = 0.25
# A rail: the extreme value itself, held without any change.
CLIPPED_RUN_S = 0.04
MAINS_HZ = (50.0, 60.0)
# The median of a sine's magnitude: what mains of amplitude 1 adds to the noise figure.
MAINS_IN_NOISE = 0.71


@dataclass(frozen=True)
class Windows:
    """Figures of every lead and window, shape (n_leads, n_windows); NaN where samples miss."""

    span: Array
    mean: Array
    qrs_span: Array
    qrs_median: Array
    qrs_kurtosis: Array
    noise: Array
    mains: Array
    mains_hz: Array
    clipped: Array
    extreme: Array


def filled(signal: NDArray[np.floating], present: NDArray[np.bool_]) -> Array:
    """Return samples as float64, gaps bridged by straight lines, each lead's median removed."""
    out = signal.astype(np.float64)
    at = np.arange(signal.shape[1])
    for row, known in zip(out, present, strict=True):
        if not known.any():
            row[:] = 0.0
        elif not known.all():
            row[:] = np.interp(at, at[known], row[known])
    return out - np.median(out, axis=1, keepdims=True)


def windows_of(x: Array, present: NDArray[np.bool_], fs_hz: float) -> Windows:
    """Return the figures of every whole second.

    Parameters
    ----------
    x : array, shape (n_leads, n_samples)
        As :func:`filled` returns it.
    present : array of bool, shape (n_leads, n_samples)
        Where there were samples.
    """
    size = min(max(2, round(WINDOW_S * fs_hz)), x.shape[1])
    qrs = _cut(_sos(x, (5.0, 20.0), fs_hz), size)
    high = _cut(high_passed(x, fs_hz), size)
    mains, mains_hz = _mains(_cut(x, size), fs_hz)
    cut = _cut(x, size)
    # Windows that are mostly bridged say nothing about the signal.
    known = _cut(present, size).mean(axis=-1) > 0.5

    def seen(values: Array) -> Array:
        return np.where(known, values, np.nan)

    return Windows(
        span=seen(np.ptp(cut, axis=-1)),
        mean=seen(cut.mean(axis=-1)),
        qrs_span=seen(np.ptp(qrs, axis=-1)),
        qrs_median=seen(np.median(np.abs(qrs), axis=-1)),
        qrs_kurtosis=seen(_kurtosis(qrs)),
        noise=seen(np.median(np.abs(high), axis=-1)),
        mains=seen(mains),
        mains_hz=mains_hz,
        clipped=seen(_cut(_at_rail(x, fs_hz), size).mean(axis=-1)),
        extreme=seen(np.abs(cut).max(axis=-1)),
    )


def _kurtosis(cut: Array) -> Array:
    square = cut * cut
    return np.asarray((square * square).mean(-1) / np.maximum(square.mean(-1) ** 2, 1e-30))


def cut_windows(x: Array, fs_hz: float) -> Array:
    """Return whole seconds, shape (n_leads, n_windows, n); one shorter one of a short recording."""
    return np.asarray(_cut(x, min(max(2, round(WINDOW_S * fs_hz)), x.shape[1])))


def _cut(values: NDArray, size: int) -> NDArray:
    n = values.shape[1] // size
    return values[:, : n * size].reshape(values.shape[0], n, size)


def high_passed(x: Array, fs_hz: float) -> Array:
    """Return what lies above 40 Hz: fast noise, and little of a heart."""
    return _sos(x, (40.0,), fs_hz)


def _sos(x: Array, corners_hz: tuple[float, ...], fs_hz: float) -> Array:
    """Band-pass between two corners, or high-pass above one, forward only."""
    if max(corners_hz) >= 0.49 * fs_hz:
        # The rate cannot carry this band: nothing of it is there.
        return np.zeros_like(x)
    kind: Literal["bandpass", "highpass"] = "bandpass" if len(corners_hz) > 1 else "highpass"
    sos = sps.butter(2, np.squeeze(corners_hz), kind, fs=fs_hz, output="sos")
    # Started in the steady state of the first sample: no transient from its offset.
    state = sps.sosfilt_zi(sos)[:, None, :] * x[None, :, :1]
    out, _ = sps.sosfilt(sos, x, axis=-1, zi=state)
    return np.asarray(out)


def _mains(cut: Array, fs_hz: float) -> tuple[Array, Array]:
    """Return amplitude (n_leads, n_windows) and frequency (n_leads,) of the stronger mains."""
    best = np.zeros(cut.shape[:2])
    which = np.full(cut.shape[0], MAINS_HZ[0])
    for hz, line in mains_lines(cut, fs_hz).items():
        better = np.median(line, axis=1) > np.median(best, axis=1)
        best[better], which[better] = line[better], hz
    return best, which


def mains_lines(cut: Array, fs_hz: float) -> dict[float, Array]:
    """Return by how much each mains frequency stands out above its neighbours.

    Parameters
    ----------
    cut : array, shape (n_leads, n_windows, n)
        As :func:`cut_windows` gives it.
    fs_hz : float

    Returns
    -------
    dict of float to array, shape (n_leads, n_windows)
        Amplitude in the signal's unit by frequency; those that the rate cannot carry are left out.
    """
    out = {}
    taper = np.hanning(cut.shape[2])
    at = np.arange(cut.shape[2]) / fs_hz
    for hz in MAINS_HZ:
        if hz >= 0.49 * fs_hz or cut.shape[2] < 8:
            continue
        size = [
            2 * np.abs(cut @ (taper * np.exp(2j * np.pi * f * at))) / taper.sum()
            for f in (hz, hz - 5.0, hz + 5.0)
        ]
        # QRS and muscle noise are broad, mains is a line.
        out[hz] = np.asarray(size[0] - np.maximum(size[1], size[2]))
    return out


def _at_rail(x: Array, fs_hz: float) -> NDArray[np.bool_]:
    """Mark runs of the highest or lowest value that do not change for ``CLIPPED_RUN_S``."""
    run = max(3, round(CLIPPED_RUN_S * fs_hz))
    top = x.max(axis=1, keepdims=True)
    low = x.min(axis=1, keepdims=True)
    held = ((x == top) | (x == low)) & (top > low)
    out = np.zeros_like(held)
    for row, target in zip(held, out, strict=True):
        if np.count_nonzero(row) >= run:
            edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
            for start, stop in zip(edges[::2], edges[1::2], strict=True):
                target[start:stop] = stop - start >= run
    return out


def find_silence(w: Windows) -> NDArray[np.bool_]:
    """Mark seconds in which no lead has complexes though leads have them elsewhere, (n_windows,).

    A pause or a slow escape is no bad signal.  A line that does not move at all is no silence:
    nothing is recorded there.
    """
    near = around(w.qrs_span)
    known = np.isfinite(near)
    top = np.where(known, near, 0.0).max(axis=1, keepdims=True)
    weak = (near < SILENT_SHARE * top) | ~known
    return np.asarray(weak.all(axis=0) & known.any(axis=0) & ~(w.span == 0).all(axis=0))


def without_silence(w: Windows, silent: NDArray[np.bool_]) -> Windows:
    """Leave silent seconds out of what is told of the size and shape of complexes."""
    names = ("span", "qrs_span", "qrs_median", "qrs_kurtosis")
    return replace(w, **{name: np.where(silent, np.nan, getattr(w, name)) for name in names})


def around(figures: Array) -> Array:
    """Return the highest of each window and its neighbours: slow beats are two seconds apart."""
    out = figures.copy()
    out[:, 1:] = np.fmax(out[:, 1:], figures[:, :-1])
    out[:, :-1] = np.fmax(out[:, :-1], figures[:, 1:])
    return np.where(np.isfinite(figures), out, np.nan)
