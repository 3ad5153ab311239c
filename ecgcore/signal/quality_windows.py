"""Figures of every lead in windows of one second: what the rules and the features are made of."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ecgcore.signal.filters import Sections, butterworth
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]

WINDOW_S = 1.0
# Blocks in which a burst of noise is looked for.
BLOCK_S = 0.25
# Most of QRS; fast noise and little of a heart.
QRS_HZ, NOISE_HZ = (5.0, 20.0), (40.0,)
# In silence nothing is as large as this part of the lead's largest complexes, 5 to 20 Hz.
SILENT_SHARE = 0.25
# A rail: the extreme value itself, held without any change.
CLIPPED_RUN_S = 0.04
# Of what a lead spans: nearer to zero no amplifier saturates.
AT_ZERO_SHARE = 0.05
MAINS_HZ = (50.0, 60.0)
# The median of a sine's magnitude: what mains of amplitude 1 adds to the noise figure.
MAINS_IN_NOISE = 0.71
# Of a long recording so much is looked at together: memory does not grow with its length.
PIECE_S = 240.0
PIECE_WINDOWS = round(PIECE_S / WINDOW_S)

_Piece = tuple[Array, Array, Array, NDArray[np.bool_]]


@dataclass(frozen=True)
class Windows:
    """Figures of every lead and window, shape (n_leads, n_windows); NaN where samples miss.

    Beside them, of all samples, absent ones bridged: ``lines``, by how much each mains frequency
    stands out, (n_leads, n_windows), and ``block_noise``, the median size of what lies above 40 Hz
    in each block of ``BLOCK_S``, (n_leads, n_blocks).
    """

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
    lines: dict[float, Array]
    block_noise: Array


def filled(signal: NDArray[np.floating], present: NDArray[np.bool_]) -> Array:
    """Return samples as float64, gaps bridged by straight lines, each lead's median removed."""
    out = signal.astype(np.float64)
    for row, known in zip(out, present, strict=True):
        if not known.any():
            row[:] = 0.0
        elif not known.all():
            _bridge(row, known)
    for row in out:  # one lead's copy at a time
        np.subtract(row, median(row), out=row)
    return out


def _bridge(row: Array, known: NDArray[np.bool_]) -> None:
    """Put straight lines into the gaps of a lead; before the first and after the last, a level."""
    edges = known.copy()
    edges[1:-1] &= ~(known[:-2] & known[2:])
    at, gaps = np.flatnonzero(edges), np.flatnonzero(~known)
    row[gaps] = np.interp(gaps, at, row[at])


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
    noise = _BlockNoise(x.shape, fs_hz)
    parts = []
    for part, qrs, high, clipped in _pieces(x, fs_hz, size, _rails(x)):
        size_of_high = np.abs(high)
        noise.add(size_of_high)
        figures = _figures(_cut(part, size), _cut(qrs, size), _cut(size_of_high, size))
        parts.append(figures | {"clipped": _cut(clipped, size).mean(axis=-1)})
    found = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    # Windows that are mostly bridged say nothing about the signal.
    known = _cut(present, size).mean(axis=-1) > 0.5
    lines = mains_lines(_cut(x, size), fs_hz)
    mains, mains_hz = _mains(lines, known.shape)
    figures = {name: np.where(known, values, np.nan) for name, values in found.items()}
    return Windows(
        **figures,
        mains=np.where(known, mains, np.nan),
        mains_hz=mains_hz,
        lines=lines,
        block_noise=noise.medians,
    )


def _pieces(x: Array, fs_hz: float, size: int, rails: tuple[Array, Array]) -> Iterator[_Piece]:
    """Yield samples, QRS band, what lies above 40 Hz, and what is clipped, some windows at a time.

    The filters go on from one piece to the next, so that nothing depends on where one ends.
    """
    step = size * PIECE_WINDOWS
    qrs, high = _Filter(QRS_HZ, fs_hz), _Filter(NOISE_HZ, fs_hz)
    run = max(3, round(CLIPPED_RUN_S * fs_hz))
    for start in range(0, x.shape[1], step):
        part = x[:, start : start + step]
        # A run that crosses the edge is seen whole: so much of both sides decides.
        before = min(start, run)
        around_ = x[:, start - before : start + step + run]
        clipped = _at_rail(around_, rails, run)[:, before : before + part.shape[1]]
        yield part, qrs(part), high(part), clipped


def _figures(cut: Array, qrs: Array, high: Array) -> dict[str, Array]:
    """Return figures of samples, of the QRS band, and of the size of what lies above 40 Hz."""
    return {
        "span": np.ptp(cut, axis=-1),
        "mean": cut.mean(axis=-1),
        "qrs_span": np.ptp(qrs, axis=-1),
        "qrs_median": median(np.abs(qrs)),
        "qrs_kurtosis": _kurtosis(qrs),
        "noise": median(high),
        "extreme": np.abs(cut).max(axis=-1),
    }


def _kurtosis(cut: Array) -> Array:
    square = cut * cut
    return np.asarray((square * square).mean(-1) / np.maximum(square.mean(-1) ** 2, 1e-30))


def cut_windows(x: Array, fs_hz: float) -> Array:
    """Return whole seconds, shape (n_leads, n_windows, n); one shorter one of a short recording."""
    return np.asarray(_cut(x, min(max(2, round(WINDOW_S * fs_hz)), x.shape[1])))


def _cut(values: NDArray, size: int) -> NDArray:
    n = values.shape[1] // size
    return values[:, : n * size].reshape(values.shape[0], n, size)


def block_noise(x: Array, fs_hz: float) -> Array:
    """Return ``Windows.block_noise`` of samples as :func:`filled` returns them."""
    noise, high = _BlockNoise(x.shape, fs_hz), _Filter(NOISE_HZ, fs_hz)
    step = max(1, round(PIECE_S * fs_hz))
    for start in range(0, x.shape[1], step):
        noise.add(np.abs(high(x[:, start : start + step])))
    return noise.medians


class _BlockNoise:
    """The median of each block of noise, which is given piece after piece."""

    def __init__(self, shape: tuple[int, ...], fs_hz: float) -> None:
        self._size = max(2, round(BLOCK_S * fs_hz))
        self._rest = np.empty((shape[0], 0))
        self._done = 0
        self.medians = np.empty((shape[0], shape[1] // self._size))

    def add(self, piece: Array) -> None:
        rest = np.concatenate([self._rest, piece], axis=1) if self._rest.size else piece
        blocks = _cut(rest, self._size)
        n = blocks.shape[1]
        self.medians[:, self._done : self._done + n] = median(blocks)
        self._rest, self._done = rest[:, n * self._size :], self._done + n


class _Filter:
    """A band-pass between two corners, or a high-pass above one; forward, piece after piece."""

    def __init__(self, corners_hz: tuple[float, ...], fs_hz: float) -> None:
        self._sections: Sections | None = None
        # At first that of the first sample: no transient from its offset.
        self._state: Array | None = None
        # Where the rate cannot carry this band, nothing of it is there.
        if max(corners_hz) < 0.49 * fs_hz:
            kind: Literal["bandpass", "highpass"]
            kind = "bandpass" if len(corners_hz) > 1 else "highpass"
            self._sections = butterworth(kind, corners_hz, fs_hz)

    def __call__(self, part: Array) -> Array:
        """Return the next piece, filtered."""
        if self._sections is None:
            return np.zeros_like(part)
        out, self._state = self._sections.run(part, self._state)
        return out


def _mains(lines: dict[float, Array], shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Return amplitude (n_leads, n_windows) and frequency (n_leads,) of the stronger mains."""
    best = np.zeros(shape)
    which = np.full(shape[0], MAINS_HZ[0])
    for hz, line in lines.items():
        better = median(line, axis=1) > median(best, axis=1)
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
        # The frequency itself, and its neighbours on either side.
        turns = 2 * np.pi * np.array([hz, hz - 5.0, hz + 5.0])[:, None] * at
        waves = 2 * taper * np.concatenate((np.cos(turns), np.sin(turns))) / taper.sum()
        size = np.hypot(*np.split(cut @ waves.T, 2, axis=2))
        # QRS and muscle noise are broad, mains is a line.
        out[hz] = size[..., 0] - np.maximum(size[..., 1], size[..., 2])
    return out


def _rails(x: Array) -> tuple[Array, Array]:
    """Return each lead's lowest and highest value, shape (n_leads, 1)."""
    return x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)


def _at_rail(x: Array, rails: tuple[Array, Array], run: int) -> NDArray[np.bool_]:
    """Mark runs of the highest or lowest value that do not change for so many samples."""
    low, top = rails
    # A line at zero beside complexes of one direction is a baseline without noise.
    least = AT_ZERO_SHARE * (top - low)
    held = ((x == top) & (np.abs(top) > least)) | ((x == low) & (np.abs(low) > least))
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
    if not silent.any():
        return w
    span, qrs_span, qrs_median, qrs_kurtosis = (
        np.where(silent, np.nan, figures)
        for figures in (w.span, w.qrs_span, w.qrs_median, w.qrs_kurtosis)
    )
    return replace(
        w, span=span, qrs_span=qrs_span, qrs_median=qrs_median, qrs_kurtosis=qrs_kurtosis
    )


def around(figures: Array) -> Array:
    """Return the highest of each window and its neighbours: slow beats are two seconds apart."""
    out = figures.copy()
    out[:, 1:] = np.fmax(out[:, 1:], figures[:, :-1])
    out[:, :-1] = np.fmax(out[:, :-1], figures[:, 1:])
    return np.where(np.isfinite(figures), out, np.nan)
