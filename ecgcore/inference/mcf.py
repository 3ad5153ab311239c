"""The published detector's own preparation and scores, beside :mod:`ecgcore.models.mcf`.

Source: as there.  Two things are not as in the released code, and counted: R peaks come from
:func:`ecgcore.signal.beats.detect_beats` in place of HeartPy, and where it finds none the beats
are taken every 0.8 s, so that no record is dropped.  Test records are prepared as training ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy import signal as sps
from torch import Tensor
from torch.nn import functional

from ecgcore.errors import CannotAssessError
from ecgcore.inference.windows import run_windows
from ecgcore.models.mcf import GLOBAL_SAMPLES, LOCAL_SAMPLES, MCF, ConvAutoencoder, McfOutputs
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.resample import resample
from ecgcore.turns import Priority

FS_HZ = 500.0
SAMPLES = 5000
EDGE = 100
BEFORE = 140
# R peaks outside are not used: their beat would leave the record.
FIRST_R, LAST_R = 200, 4400
FALLBACK_EVERY = 400
# HeartPy's: order 2, forward and backward; at 500 Hz its notch of quality 0.005 changes nothing.
HIGH_PASS_HZ, NOTCH_HZ, LOW_PASS_HZ, NOTCH_QUALITY = 1.0, 35.0, 25.0, 0.005
PATCH, PERIOD = 48, 160
PHASES = 3
LOCAL_MASK, LOCAL_STARTS = 100, (20, 70, 120)
SMOOTH = 15.0
_MIN_S = 2.5
_SMALL = 1e-6


@dataclass(frozen=True, eq=False)
class McfInput:
    """One recording as the detector takes it.

    Attributes
    ----------
    x : array of float32, shape (n_leads, 5000)
        From -1 to 1, lead by lead.
    beats : array of int64
        R peaks within 200 to 4,400.
    fallback : bool
        Whether no peak was found and beats stand every 0.8 s.
    """

    x: NDArray[np.float32]
    beats: NDArray[np.int64]
    fallback: bool


def mcf_input(
    signal: NDArray[np.float32], fs_hz: float, r_s: NDArray[np.float64] | None = None
) -> McfInput:
    """Prepare the first ten seconds of a recording.

    Parameters
    ----------
    signal : array, shape (n_leads, n_samples)
        NaN where absent: bridged; a lead that is absent is zero.  A shorter recording is
        continued by its last sample.
    r_s : array, optional
        R peaks in seconds, if they are known.

    Raises
    ------
    CannotAssessError
        If there are less than 2.5 s.
    """
    if signal.shape[1] < _MIN_S * fs_hz:
        raise CannotAssessError(
            f"There are {signal.shape[1] / fs_hz:.1f} s of samples; {_MIN_S:g} s are needed."
        )
    part = np.asarray(signal[:, : round(SAMPLES / FS_HZ * fs_hz)], dtype=np.float32)
    if r_s is None:
        r_s = detect_beats(part, fs_hz)
    rows = published_filter(resample(_bridged(part), fs_hz, FS_HZ)[:, :SAMPLES])
    rows = np.pad(rows, ((0, 0), (0, SAMPLES - rows.shape[1])), mode="edge")
    beats = np.round(np.asarray(r_s) * FS_HZ).astype(np.int64)
    beats = beats[(beats >= FIRST_R) & (beats <= LAST_R)]
    fallback = beats.size == 0
    if fallback:
        beats = np.arange(FIRST_R, LAST_R + 1, FALLBACK_EVERY)
    return McfInput(min_max(rows), beats, fallback)


def published_filter(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Apply the published filters to samples at 500 Hz, shape (n_leads, n)."""
    out = rows.astype(np.float64)
    stages = (
        sps.butter(2, HIGH_PASS_HZ, "highpass", fs=FS_HZ),
        sps.iirnotch(NOTCH_HZ, NOTCH_QUALITY, fs=FS_HZ),
        sps.butter(2, LOW_PASS_HZ, "lowpass", fs=FS_HZ),
    )
    for b, a in stages:
        out = sps.filtfilt(b, a, out, axis=-1)
    return np.asarray(out)


def min_max(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return each row from -1 to 1; a flat one is zero."""
    low, high = rows.min(axis=-1, keepdims=True), rows.max(axis=-1, keepdims=True)
    wide = np.maximum(high - low, _SMALL)
    scaled = np.where(high - low > _SMALL, 2 * (rows - low) / wide - 1, 0.0)
    return scaled.astype(np.float32)


def _bridged(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    if np.isfinite(rows).all():
        return rows
    out, at = rows.copy(), np.arange(rows.shape[1])
    for row in out:
        known = np.isfinite(row)
        row[:] = np.interp(at, at[known], row[known]) if known.any() else 0.0
    return out


def trend_of(whole: Tensor) -> Tensor:
    """Return the moving average of 10, then its difference, from -1 to 1 over all leads.

    (B, L, 4800) -> (B, L, 4800), zeros at the end.
    """
    smooth = functional.avg_pool1d(whole, 10, 1)
    slope = smooth[..., 1:] - smooth[..., :-1]
    slope = functional.pad(slope, (0, GLOBAL_SAMPLES - slope.shape[-1]))
    low, high = slope.amin(dim=(1, 2), keepdim=True), slope.amax(dim=(1, 2), keepdim=True)
    return 2 * (slope - low) / (high - low).clamp(min=_SMALL) - 1


def beats_of(x: Tensor, r: Tensor) -> Tensor:
    """Return one beat of each record, (B, L, 5000) and (B,) -> (B, L, 480), each from -1 to 1."""
    at = (r - BEFORE)[:, None] + torch.arange(LOCAL_SAMPLES, device=x.device)
    beat = x.gather(2, at[:, None].expand(-1, x.shape[1], -1))
    low, high = beat.amin(dim=2, keepdim=True), beat.amax(dim=2, keepdim=True)
    scaled = 2 * (beat - low) / (high - low).clamp(min=_SMALL) - 1
    return torch.where(high - low > _SMALL, scaled, torch.zeros_like(beat))


def phase_masks(phase: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return what is hidden of recording (4800,) and beat (480,) in one of the three phases."""
    at = torch.arange(GLOBAL_SAMPLES, device=device) - phase * PATCH
    whole = (at >= 0) & (at % PERIOD < PATCH)
    local = torch.zeros(LOCAL_SAMPLES, dtype=torch.bool, device=device)
    local[LOCAL_STARTS[phase] : LOCAL_STARTS[phase] + LOCAL_MASK] = True
    return whole, local


@torch.inference_mode()
def mcf_errors(network: MCF, x: Tensor, r: Tensor, phase: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the weighted squared errors of recording and beat, and those from the trend.

    Parameters
    ----------
    x : Tensor, shape (B, L, 5000)
    r : Tensor of int64, shape (B,)
    phase : int

    Returns
    -------
    whole, beat, trend : Tensors, shapes (B, L, 4800), (B, L, 480), (B, L, 4800)
    """
    whole, beat = x[..., EDGE : EDGE + GLOBAL_SAMPLES], beats_of(x, r)
    hidden, hidden_beat = phase_masks(phase, x.device)
    out: McfOutputs = network(
        whole.masked_fill(hidden, 0), beat.masked_fill(hidden_beat, 0), trend_of(whole)
    )
    return (
        (-out.whole_log_var).exp() * (whole - out.whole).square(),
        (-out.beat_log_var).exp() * (beat - out.beat).square(),
        (whole - out.from_trend).square(),
    )


def mcf_detection(network: MCF, x: Tensor, r: Tensor) -> Tensor:
    """Return the published score with one beat of each record, shape (B,)."""
    total = torch.zeros(x.shape[0], device=x.device)
    for phase in range(PHASES):
        errors = mcf_errors(network, x, r, phase)
        total = total + sum(e.float().mean(dim=(1, 2)) for e in errors) / PHASES
    return total


def mcf_score(
    network: MCF, given: McfInput, *, batch: int = 16
) -> tuple[float, NDArray[np.float32]]:
    """Return the published detection score of a record, and its localisation map.

    Returns
    -------
    score : float
    map : array, shape (n_leads, 5000)
        At 500 Hz; zero outside samples 100 to 4,900.
    """
    device = next(network.parameters()).device
    x = torch.from_numpy(given.x).to(device)
    found = torch.zeros(x.shape, device=device)
    n_beats = given.beats.size

    def add(beats: Sequence[int]) -> float:
        r = torch.tensor(beats, device=device)
        some = x.expand(r.shape[0], -1, -1)
        total = 0.0
        for phase in range(PHASES):
            whole, beat, trend = mcf_errors(network, some, r, phase)
            total += float(sum(e.mean(dim=(1, 2)).sum() for e in (whole, beat, trend)))
            found[:, EDGE : EDGE + GLOBAL_SAMPLES] += (whole + trend).sum(dim=0) / (3 * n_beats)
            for one, at in zip(beat, r.tolist(), strict=True):
                found[:, at - BEFORE : at - BEFORE + LOCAL_SAMPLES] += one / (3 * n_beats)
        return total

    score = sum(run_windows(add, given.beats.tolist(), batch=batch, priority=Priority.MAPS))
    smooth = ndimage.gaussian_filter1d(found.cpu().numpy(), SMOOTH, axis=1)
    return score / (PHASES * n_beats), smooth.astype(np.float32)


@torch.inference_mode()
def autoencoder_score(
    network: ConvAutoencoder, given: McfInput
) -> tuple[float, NDArray[np.float32]]:
    """Return the control's mean squared error, and its squared errors smoothed as MCF's."""
    device = next(network.parameters()).device
    x = torch.from_numpy(given.x[None, :, EDGE : EDGE + GLOBAL_SAMPLES]).to(device)
    error = (network(x) - x).square()[0].cpu().numpy()
    found = np.zeros_like(given.x)
    found[:, EDGE : EDGE + GLOBAL_SAMPLES] = error
    return float(error.mean()), ndimage.gaussian_filter1d(found, SMOOTH, axis=1)
