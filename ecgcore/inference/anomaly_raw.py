"""What the restoration network and the heart's own usual beat say of a recording, uncalibrated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.windows import Window, cut_windows, run_windows
from ecgcore.models.restoration import ATTRIBUTES
from ecgcore.models.scaling import standardise
from ecgcore.signal.own_beat import OwnBeat, own_beat
from ecgcore.turns import Priority

Array = NDArray[np.float64]

# Hidden patches of 240 ms in four phases: every sample is hidden once and seen three times.
PATCH, PHASES = 24, 4
WINDOW_S, STEP_S = 10.0, 8.0
# A recording of up to this length is one window.
WHOLE_S = 15.0
BATCH_ROWS = 96
SMOOTH_S = 0.03
# From before P to after T: a beat's own part of the recording.
BEAT_S = (-0.20, 0.40)
MAPS = ("hidden", "looks", "own", "beat", "timing")


@dataclass(frozen=True, eq=False)
class Raw:
    """Uncalibrated scores of a prepared recording.

    Attributes
    ----------
    maps : dict of str to array, shape (n_leads, n_samples)
        By ``MAPS``: the restoration's error where it was hidden, how unusual the seen samples
        look, the difference to the heart's usual beat sample by sample and beat by beat, and how
        far each beat comes from its time.
    restored, sd : arrays, shape (n_leads, n_samples)
        In the unit of the input.
    beats : OwnBeat
    present : array of bool, shape (n_leads, n_samples)
    features : array, shape (n_windows, d)
    record : array, shape (n_windows,)
        Logits that anything in a window is unusual.
    attributes : array, shape (7,)
        What the network makes of age, sex and intervals, in standard deviations of the normals.
    rate, disorder : float
        Beats a minute and how far RR is from any order; NaN with fewer than three beats.
    """

    maps: dict[str, Array]
    restored: Array
    sd: Array
    beats: OwnBeat
    present: NDArray[np.bool_]
    features: Array
    record: Array
    attributes: Array
    rate: float
    disorder: float


@dataclass(eq=False)
class _Sum:
    """Sums over windows that overlap, weighted so that edges count little."""

    weight: Array
    error: Array
    looks: Array
    mean: Array
    var: Array


def raw_scores(
    network: nn.Module,
    given: ModelInput,
    r_s: Array,
    *,
    report: Callable[[float], None] = lambda _share: None,
) -> Raw:
    """Score a prepared recording with a network.

    Parameters
    ----------
    network : RestorationNet
    given : ModelInput
    r_s : array, shape (n_beats,)
        R peaks in seconds.
    report : callable
        Told the share that is done, 0 to 1.
    """
    x = given.x.numpy()
    present = given.present.numpy()
    masked = np.where(present, x, np.nan).astype(np.float32)
    beats = own_beat(masked, given.fs_hz, r_s)
    total = _Sum(*(np.zeros(x.shape) for _ in range(5)))
    features, record, attributes = zip(
        *run_windows(
            lambda some: _pass(network, given, some, total),
            anomaly_windows(given),
            batch=max(1, BATCH_ROWS // (x.shape[0] * PHASES)),  # bounds the memory
            priority=Priority.MAPS,
            report=report,
        ),
        strict=True,
    )
    weight = np.maximum(total.weight, 1e-6)
    maps = {
        "hidden": _smooth(total.error / weight, present, given.fs_hz),
        "looks": _smooth(total.looks / weight, present, given.fs_hz),
        "own": _smooth(np.log1p(beats.residual), present, given.fs_hz),
        **_beat_maps(beats, x.shape, given.fs_hz),
    }
    rr = beats.rr_s[np.isfinite(beats.rr_s)]
    return Raw(
        maps=maps,
        restored=total.mean / weight,
        sd=np.sqrt(total.var / weight),
        beats=beats,
        present=present,
        features=np.concatenate(features).astype(np.float64),
        record=np.concatenate(record).astype(np.float64),
        attributes=np.concatenate(attributes).astype(np.float64).mean(axis=0),
        rate=60.0 / float(np.median(rr)) if rr.size >= 2 else float("nan"),
        disorder=float(np.median(beats.disorder)) if rr.size >= 3 else float("nan"),
    )


def anomaly_windows(given: ModelInput) -> list[Window]:
    """Return windows of 10 s every 8 s, or one for up to 15 s."""
    size, step, whole = (round(v * given.fs_hz) for v in (WINDOW_S, STEP_S, WHOLE_S))
    return cut_windows(given.n_samples, size, step, whole=whole)


def phase_visibility(n: int) -> Tensor:
    """Return what is seen in each phase, shape (PHASES, n): hidden once in all phases together."""
    at = torch.arange(n) // PATCH
    return torch.stack([at % PHASES != phase for phase in range(PHASES)])


def _pass(
    network: nn.Module, given: ModelInput, windows: Sequence[Window], total: _Sum
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    device = next(network.parameters()).device
    raw, present = given.cut(windows)
    x = standardise(raw, present)
    mean, spread = _moments(raw, present)
    scale = given.scales(windows)
    n_windows, _, n = x.shape
    visible = phase_visibility(n)
    rows = [t.repeat_interleave(PHASES, dim=0).to(device) for t in (x, present, scale)]
    seen = visible.repeat(n_windows, 1)[:, None].to(device)
    index = given.index.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        out = network(rows[0], rows[1], index, rows[2], seen)

    def phases(values: Tensor) -> Tensor:
        return values.float().cpu().unflatten(0, (n_windows, PHASES))

    hidden = (~visible)[None, :, None]
    restored, log_var = phases(out.mean), phases(out.log_var)
    error = torch.log1p((x[:, None] - restored).square() * (-log_var).exp())
    looks = (phases(out.unusual) * ~hidden).sum(dim=1) / (PHASES - 1)
    edge = torch.minimum(torch.arange(1, n + 1), torch.arange(n, 0, -1)).float()
    weight = (edge / 100).clamp(0.05, 1)
    for at, window in enumerate(windows):
        part = (slice(None), slice(window.start, window.stop))
        w = weight.numpy()

        def once(values: Tensor, at: int = at) -> Array:
            picked = (values[at] * hidden[0]).sum(dim=0)
            return np.asarray(picked.numpy(), dtype=np.float64)

        total.weight[part] += w
        total.error[part] += w * once(error)
        total.looks[part] += w * looks[at].numpy()
        total.mean[part] += w * (once(restored) * spread[at].numpy() + mean[at].numpy())
        total.var[part] += w * once(log_var.exp()) * spread[at].square().numpy()
    return (
        phases(out.features).mean(dim=1).numpy(),
        phases(out.record).mean(dim=1).numpy(),
        phases(out.attributes).mean(dim=1).numpy(),
    )


def _moments(x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    count = present.sum(dim=-1, keepdim=True).clamp(min=1)
    filled = torch.where(present, x, 0.0)
    mean = filled.sum(dim=-1, keepdim=True) / count
    spread = (torch.where(present, x - mean, 0.0).square().sum(dim=-1, keepdim=True) / count).sqrt()
    return mean, spread


def _smooth(values: Array, present: NDArray[np.bool_], fs_hz: float) -> Array:
    sigma = SMOOTH_S * fs_hz
    some = ndimage.gaussian_filter1d(np.where(present, values, 0.0), sigma, axis=1)
    share = ndimage.gaussian_filter1d(present.astype(np.float64), sigma, axis=1)
    return np.asarray(np.where(present, some / np.maximum(share, 1e-3), 0.0))


def _beat_maps(beats: OwnBeat, shape: tuple[int, ...], fs_hz: float) -> dict[str, Array]:
    """Return the scores of whole beats, laid on each beat's own part of the recording."""
    beat, timing = np.zeros(shape), np.zeros(shape)
    # One lead may be noisy: what all leads show together counts as much as the lead's own.
    own = np.maximum(np.log(np.maximum(beats.shape, 1e-3)), 0)
    joint = 0.5 * own + 0.5 * own.mean(axis=0)
    late = np.log1p(np.maximum(beats.late - 1.5, 0)) * 0.5
    when = np.log1p(np.maximum(beats.early - 1.0, 0)) + late
    before, after = (round(s * fs_hz) for s in BEAT_S)
    for at, r in enumerate(beats.r):
        part = slice(max(0, r + before), r + after)
        beat[:, part] = np.maximum(beat[:, part], joint[:, at : at + 1])
        timing[:, part] = np.maximum(timing[:, part], when[at])
    return {"beat": beat, "timing": timing}


def attribute_names() -> tuple[str, ...]:
    """Return what the columns of ``Raw.attributes`` stand for."""
    return ATTRIBUTES
