"""Zero-phase filters that keep what is absent absent.

Every function takes samples of shape (n_leads, n_samples) or (n_samples,), in any unit, and
returns float32 of the same shape.  NaN stays NaN; each unbroken stretch is filtered by itself,
and a stretch too short for the filter is returned as it came, less its mean for high-pass.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal as sps

from ecgcore.checks import check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.quantiles import median

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class DisplayFilter:
    """A filter the reader can choose for the drawing.

    Attributes
    ----------
    key, label : str
        ``label`` is what is printed on the sheet.
    high_pass_hz, low_pass_hz : float or None
    """

    key: str
    label: str
    high_pass_hz: float | None
    low_pass_hz: float | None


# AHA/ACC/HRS 2007 Part I: 0.05-150 Hz is diagnostic in adults; 40 Hz is a monitoring bandwidth.
DISPLAY_FILTERS = (
    DisplayFilter("none", "as recorded", None, None),
    DisplayFilter("diagnostic", "0.05-150 Hz", 0.05, 150.0),
    DisplayFilter("monitor", "0.05-40 Hz", 0.05, 40.0),
)


def display_filter(key: str) -> DisplayFilter:
    """Return the display filter called ``key``.

    Raises
    ------
    InvalidArgumentError
        Naming the possible keys.
    """
    for candidate in DISPLAY_FILTERS:
        if candidate.key == key:
            return candidate
    possible = ", ".join(f.key for f in DISPLAY_FILTERS)
    raise InvalidArgumentError(f"The filter is {key!r}; possible filters are {possible}.")


def band(
    samples: Samples, fs_hz: float, *, high_pass_hz: float | None, low_pass_hz: float | None
) -> Samples:
    """Apply second-order Butterworth filters forward and backward.

    Parameters
    ----------
    samples : array, shape (n_leads, n_samples) or (n_samples,)
    fs_hz : float
    high_pass_hz, low_pass_hz : float or None
        A low-pass at or above 0.45 times the rate has nothing to remove and is left out.

    Raises
    ------
    InvalidArgumentError
        If a corner is not positive, or the high-pass is not below the low-pass.
    """
    out = np.asarray(samples, dtype=np.float64)
    if high_pass_hz is not None:
        check_range("high_pass_hz", high_pass_hz, 1e-3, 0.45 * fs_hz, "Hz")
        if low_pass_hz is not None and high_pass_hz >= low_pass_hz:
            raise InvalidArgumentError(
                f"high_pass_hz is {high_pass_hz:g}; it must be below low_pass_hz, {low_pass_hz:g}."
            )
        sections = butterworth("highpass", (high_pass_hz,), fs_hz)
        out = _per_stretch(out, sections, pad=int(fs_hz / high_pass_hz), centre=True)
    if low_pass_hz is not None and low_pass_hz < 0.45 * fs_hz:
        check_range("low_pass_hz", low_pass_hz, 1e-3, 0.45 * fs_hz, "Hz")
        sections = butterworth("lowpass", (low_pass_hz,), fs_hz)
        out = _per_stretch(out, sections, pad=int(3 * fs_hz / low_pass_hz))
    return out.astype(np.float32)


def notch(samples: Samples, fs_hz: float, mains_hz: float, *, quality: float = 30.0) -> Samples:
    """Remove the mains frequency with a narrow zero-phase notch.

    Parameters
    ----------
    mains_hz : float
        50 or 60; returned unchanged where the rate cannot carry it.
    quality : float
        Centre frequency over bandwidth.
    """
    if mains_hz >= 0.45 * fs_hz:
        return np.asarray(samples, dtype=np.float32)
    b, a = sps.iirnotch(mains_hz, quality, fs=fs_hz)
    sections = Sections(sps.tf2sos(b, a))
    pad = int(3 * quality * fs_hz / mains_hz)
    return _per_stretch(np.asarray(samples, np.float64), sections, pad=pad).astype(np.float32)


class Sections:
    """A filter in second-order sections, with the state it has after a long 1 at its input.

    Attributes
    ----------
    sos : array, shape (n_sections, 6)
    state : array, shape (n_sections, 2)
    """

    def __init__(self, sos: NDArray[np.float64]) -> None:
        self.sos = sos
        self.state = sps.sosfilt_zi(sos)

    def run(
        self, samples: NDArray[np.float64], state: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Filter forward along the last axis; return the result and the state at its end.

        Parameters
        ----------
        samples : array, shape (..., n)
        state : array, shape (n_sections, ..., 2), optional
            Default: as if the first sample had stood there for long.
        """
        if state is None:
            shape = (len(self.sos), *(1,) * (samples.ndim - 1), 2)
            state = self.state.reshape(shape) * samples[None, ..., :1]
        out, after = sps.sosfilt(self.sos, samples, axis=-1, zi=state)
        return np.asarray(out), np.asarray(after)

    def run_both_ways(self, samples: NDArray[np.float64], pad: int) -> NDArray[np.float64]:
        """Filter forward and backward along the last axis: zero phase, twice the attenuation.

        Parameters
        ----------
        samples : array, shape (..., n)
            At least two samples.
        pad : int
            By so many samples, at most ``n - 1``, both ends are extended, turned about their last
            sample.  The result is that of ``scipy.signal.sosfiltfilt``, which finds the state of
            its filter anew at every call.
        """
        pad = min(pad, samples.shape[-1] - 1)
        before = 2 * samples[..., :1] - samples[..., pad:0:-1]
        after = 2 * samples[..., -1:] - samples[..., -2 : -pad - 2 : -1]
        forward, _ = self.run(np.concatenate((before, samples, after), axis=-1))
        backward, _ = self.run(forward[..., ::-1])
        return backward[..., ::-1][..., pad : pad + samples.shape[-1]]


@lru_cache(maxsize=64)
def butterworth(
    kind: Literal["highpass", "lowpass", "bandpass"],
    corners_hz: tuple[float, ...],
    fs_hz: float,
    order: int = 2,
) -> Sections:
    """Return a Butterworth filter of an order, made once for each rate and band."""
    hz = corners_hz[0] if len(corners_hz) == 1 else corners_hz
    return Sections(sps.butter(order, hz, kind, fs=fs_hz, output="sos"))


def _per_stretch(
    samples: NDArray[np.float64], sections: Sections, *, pad: int, centre: bool = False
) -> NDArray[np.float64]:
    if np.isfinite(samples).all():
        return _filtered(samples, sections, pad, centre)
    rows = np.atleast_2d(samples)
    out = np.full_like(rows, np.nan)
    for row, target in zip(rows, out, strict=True):
        for start, stop in stretches(np.isfinite(row)):
            target[start:stop] = _filtered(row[start:stop], sections, pad, centre)
    return out.reshape(samples.shape)


def _filtered(
    samples: NDArray[np.float64], sections: Sections, pad: int, centre: bool
) -> NDArray[np.float64]:
    n = samples.shape[-1]
    if n < 12:
        return samples - samples.mean(axis=-1, keepdims=True) if centre else samples
    if centre:
        # Without its mean the odd extension at both ends starts near zero: shorter transients.
        samples = samples - median(samples, keepdims=True)
    return sections.run_both_ways(samples, pad)


def stretches(present: NDArray[np.bool_], *, least: float = 0.0) -> list[tuple[int, int]]:
    """Return (start, stop) of each unbroken run of True in a 1-D array, of ``least`` samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], present, [False])).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    long = stops - starts >= least
    return list(zip(starts[long].tolist(), stops[long].tolist(), strict=True))
