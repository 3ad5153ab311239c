"""Normal records on the device they are learned from, and batches cut and disturbed there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.datasets.normals import Facts, window_beats
from ecgcore.datasets.pools import Pool
from ecgcore.datasets.simulated import SimulatedRecords
from ecgcore.models.restoration import ATTRIBUTES
from ecgcore.models.scaling import CLIP, FLAT, USUAL_MV
from ecgcore.signal.rr import rr_intervals
from ecgcore.training.restoration.pseudo_anomalies import Stretch, corrupt, with_lead_order

MAX_BEATS = 64
# Means and standard deviations of the attributes among normals; targets are in these units.
ATTRIBUTE_MEAN = (49.0, 0.57, 70.0, 161.0, 100.0, 392.0, 410.0)
ATTRIBUTE_SD = (17.0, 0.5, 11.0, 21.0, 10.0, 30.0, 21.0)
# What stands for PR, QRS and QTc (seconds) where they were not measured.
_USUAL = (0.156, 0.092, 0.400)


@dataclass(frozen=True, eq=False)
class Normals:
    """Normal records of one number of leads, row by row, on one device.

    Attributes
    ----------
    x : Tensor of float16, shape (n, L, T)
        In standard deviations of each lead; zero after the end.
    length : Tensor of int64, shape (n,)
    leads : Tensor of int64, shape (n, L)
    there : Tensor of bool, shape (n, L)
        Leads that were recorded.
    scale : Tensor, shape (n, L)
        As ``voltage_scale``; NaN where the voltage is lost.
    beats : Tensor, shape (n, MAX_BEATS)
        R peaks in samples; NaN beyond the last.
    waves : Tensor, shape (n, 6)
        Onset and offset of P, QRS, T in samples from R.
    attributes : Tensor, shape (n, 7)
        In standard deviations of the normals; NaN where unknown.
    """

    x: Tensor
    length: Tensor
    leads: Tensor
    there: Tensor
    scale: Tensor
    beats: Tensor
    waves: Tensor
    attributes: Tensor

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def to(self, device: torch.device) -> "Normals":
        """Return the same on another device."""
        return Normals(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def rows(self, keep: NDArray[np.bool_]) -> "Normals":
        """Return some of the records."""
        chosen = torch.from_numpy(np.flatnonzero(keep))
        return Normals(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def join_normals(parts: Sequence[Normals]) -> Normals:
    """Return several groups of one number of leads as one."""
    longest = max(part.x.shape[2] for part in parts)

    def padded(part: Normals) -> Tensor:
        return torch.nn.functional.pad(part.x, (0, longest - part.x.shape[2]))

    values = {f.name: torch.cat([getattr(p, f.name) for p in parts]) for f in fields(Normals)[1:]}
    return Normals(x=torch.cat([padded(part) for part in parts]), **values)


def pool_normals(
    pool: Pool, rows: NDArray[np.int64], facts: Facts | None, *, n_leads: int, longest_s: float
) -> Normals:
    """Return records of a pool.

    Parameters
    ----------
    facts : Facts or None
        Beats and attributes; None for MIT-BIH windows, whose beats are annotated.
    n_leads : int
        Rows kept: 12, or the first one or two that were recorded.
    longest_s : float
        The rest of a longer record is left out.
    """
    data = pool.data
    signals, beats, attributes = [], [], []
    for row in rows:
        signals.append(data.signal(int(row))[:, : round(longest_s * data.fs_hz)])
        if facts is None:
            beats.append(window_beats(pool, int(row)))
            attributes.append(_by_rate(beats[-1]))
        else:
            r_s, known = facts.of(f"{data.datasets[row]}/{data.records[row]}")
            beats.append(r_s)
            attributes.append(known)
    in_mv = data.has_voltage[rows]
    return _pack_normals(
        signals, beats, np.stack(attributes), in_mv=in_mv, fs_hz=data.fs_hz, n_leads=n_leads
    )


def simulated_normals(records: SimulatedRecords) -> Normals:
    """Return simulated records with their true beats and intervals."""
    data = records.packed
    signals, beats, attributes = [], [], []
    for i in range(len(data)):
        r_s, known = _true(records.waves[i], data.fs_hz)
        signals.append(data.signal(i))
        beats.append(r_s)
        attributes.append(known)
    in_mv = np.ones(len(data), dtype=bool)
    return _pack_normals(
        signals, beats, np.stack(attributes), in_mv=in_mv, fs_hz=data.fs_hz, n_leads=12
    )


def _by_rate(r_s: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.full(len(ATTRIBUTES), np.nan, dtype=np.float32)
    if r_s.size > 2:
        out[2] = 60.0 / float(np.median(rr_intervals(r_s).duration_s))
    return out


def _true(
    waves: NDArray[np.uint8], fs_hz: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return R peaks and attributes from the wave at every sample of a simulated record."""

    def runs(kind: int) -> NDArray[np.int64]:
        edges = np.diff(np.concatenate(([0], (waves == kind).astype(np.int8), [0])))
        return np.stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)], axis=1)

    p, qrs, t = runs(1), runs(2), runs(3)
    r_s = ((0.55 * qrs[:, 0] + 0.45 * qrs[:, 1]) / fs_hz).astype(np.float32)
    out = _by_rate(r_s)
    pr = [on - p[p[:, 0] < on][-1, 0] for on, _ in qrs if (p[:, 0] < on).any()]
    qt = [t[t[:, 0] >= off - 1][0, 1] - on for on, off in qrs if (t[:, 0] >= off - 1).any()]
    ms = 1e3 / fs_hz
    for column, values in ((3, pr), (4, qrs[:, 1] - qrs[:, 0]), (5, qt)):
        if len(values):
            out[column] = float(np.median(values)) * ms
    if np.isfinite(out[2]) and np.isfinite(out[5]):
        out[6] = out[5] / (60.0 / out[2]) ** (1 / 3)
    return r_s, out


def _pack_normals(
    signals: Sequence[NDArray[np.float32]],
    beats: Sequence[NDArray[np.float32]],
    attributes: NDArray[np.float32],
    *,
    in_mv: NDArray[np.bool_],
    fs_hz: float,
    n_leads: int,
) -> Normals:
    n, longest = len(signals), max(s.shape[1] for s in signals)
    x = np.zeros((n, n_leads, longest), dtype=np.float16)
    leads = np.zeros((n, n_leads), dtype=np.int64)
    there = np.zeros((n, n_leads), dtype=bool)
    scale = np.full((n, n_leads), np.nan, dtype=np.float32)
    for i, signal in enumerate(signals):
        rows = np.flatnonzero(np.isfinite(signal).any(axis=1))[:n_leads]
        for at, row in enumerate(rows):
            values = np.nan_to_num(signal[row] - np.nanmean(signal[row]))
            spread = float(values.std())
            if spread < FLAT:
                continue
            x[i, at, : values.size] = np.clip(values / spread, -CLIP, CLIP)
            leads[i, at], there[i, at] = row, True
            if in_mv[i]:
                scale[i, at] = np.clip(math.log(spread / USUAL_MV), -3, 3)
    peaks = np.full((n, MAX_BEATS), np.nan, dtype=np.float32)
    for i, r_s in enumerate(beats):
        some = r_s[:MAX_BEATS] * fs_hz
        peaks[i, : some.size] = np.where(some < signals[i].shape[1], some, np.nan)
    centred = (attributes - np.array(ATTRIBUTE_MEAN)) / np.array(ATTRIBUTE_SD)
    return Normals(
        x=torch.from_numpy(x),
        length=torch.tensor([s.shape[1] for s in signals]),
        leads=torch.from_numpy(leads),
        there=torch.from_numpy(there),
        scale=torch.from_numpy(scale),
        beats=torch.from_numpy(peaks),
        waves=torch.from_numpy(_waves(attributes, fs_hz)),
        attributes=torch.from_numpy(np.clip(centred, -4, 4).astype(np.float32)),
    )


def _waves(attributes: NDArray[np.float32], fs_hz: float) -> NDArray[np.float32]:
    """Return onset and offset of P, QRS and T from R, in samples, shape (n, 6)."""
    rate = np.nan_to_num(attributes[:, 2], nan=70.0).clip(30, 180)
    pr, qrs = (
        np.where(np.isfinite(attributes[:, c]), attributes[:, c] / 1e3, usual)
        for c, usual in ((3, _USUAL[0]), (4, _USUAL[1]))
    )
    qt = np.where(
        np.isfinite(attributes[:, 5]), attributes[:, 5] / 1e3, _USUAL[2] * (60 / rate) ** (1 / 3)
    )
    on, off = -0.45 * qrs, 0.55 * qrs
    p_on, t_off = on - pr, on + qt
    p_off = np.minimum(p_on + 0.11, on - 0.02)
    t_on = np.maximum(t_off - 0.24, off + 0.06)
    return (np.stack([p_on, p_off, on, off, t_on, t_off], axis=1) * fs_hz).astype(np.float32)


@dataclass(frozen=True)
class RestorationBatch:
    """What one step learns from.

    Attributes
    ----------
    x, target : Tensors, shape (B, L, T)
        As the network sees it (changed and noisy), and what stood there unchanged (but as noisy).
    present, visible, mask : Tensors of bool
        (B, L, T), (B, 1, T) and (B, L, T): recorded; not hidden; changed.
    leads, scale, attributes : Tensors
    kind : Tensor of int64, shape (B,)
        Of the change; 0 none.
    """

    x: Tensor
    target: Tensor
    present: Tensor
    visible: Tensor
    mask: Tensor
    leads: Tensor
    scale: Tensor
    attributes: Tensor
    kind: Tensor


def cut(normals: Normals, rows: Tensor, n_samples: int) -> tuple[Stretch, Tensor]:
    """Return random stretches of these rows, and their voltages (B, L)."""
    device = normals.x.device
    length = normals.length[rows]
    room = (length - n_samples).clamp(min=0)
    start = (torch.rand(rows.shape[0], device=device) * (room + 1)).long()
    at = start[:, None] + torch.arange(n_samples, device=device)
    there = normals.there[rows][..., None] & (at < length[:, None])[:, None]
    last = normals.x.shape[2] - 1
    index = at.clamp(max=last)[:, None].expand(-1, normals.x.shape[1], -1)
    x = normals.x[rows].gather(2, index).float() * there
    peaks = normals.beats[rows] - start[:, None]
    inside = (peaks >= 0) & (peaks < n_samples)
    peaks = torch.where(inside, peaks, torch.full_like(peaks, math.nan))
    # NaN sorts to the end; a stretch holds few of a long record's beats.
    peaks = peaks.sort(dim=1).values[:, : max(4, n_samples // 30)]
    stretch = Stretch(x, there, normals.leads[rows], peaks, normals.waves[rows])
    return stretch, normals.scale[rows]


def make_restoration_batch(
    normals: Normals, rows: Tensor, n_samples: int, noise: Tensor, *, scale_dropout: float = 0.3
) -> RestorationBatch:
    """Cut, choose leads, change, disturb, standardise and hide.

    Parameters
    ----------
    noise : Tensor, shape (n_rows, n)
        Recorded noise of spread 1.
    """
    stretch, scale = cut(normals, rows, n_samples)
    device, n_leads = stretch.x.device, stretch.x.shape[1]
    if n_leads > 1 and torch.rand(()).item() < 0.5:
        order = torch.randperm(n_leads, device=device)[: int(torch.randint(1, n_leads + 1, ()))]
        stretch, scale = with_lead_order(stretch, order), scale[:, order]
    changed = corrupt(stretch)
    disturbance = _disturbance(stretch, noise) * stretch.present
    seen = changed.x + disturbance
    mean, spread = _moments(seen, stretch.present)
    present = stretch.present & (spread > 0.05)
    known = torch.isfinite(scale) & (torch.rand(scale.shape[0], 1, device=device) >= scale_dropout)
    jitter = 0.1 * torch.randn(scale.shape[0], 1, device=device)
    scale = scale + jitter + spread[..., 0].clamp(min=0.05).log()
    attributes = normals.attributes[rows]
    plain = changed.kind[:, None] == 0
    return RestorationBatch(
        x=((seen - mean) / spread.clamp(min=0.05)).clamp(-CLIP, CLIP) * present,
        target=((stretch.x + disturbance - mean) / spread.clamp(min=0.05)).clamp(-CLIP, CLIP),
        present=present,
        visible=_visible(rows.shape[0], n_samples, device),
        mask=changed.mask,
        leads=stretch.leads,
        scale=torch.where(known, scale.clamp(-3, 3), torch.full_like(scale, math.nan)),
        attributes=torch.where(plain, attributes, torch.full_like(attributes, math.nan)),
        kind=changed.kind,
    )


def _moments(x: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    count = present.sum(dim=2, keepdim=True).clamp(min=1)
    mean = (x * present).sum(dim=2, keepdim=True) / count
    spread = (((x - mean) * present).square().sum(dim=2, keepdim=True) / count).sqrt()
    return mean, spread


def _visible(size: int, n_samples: int, device: torch.device) -> Tensor:
    """Hide one of four phases of patches of 120, 240 or 480 ms; of one record in eight nothing."""
    patch = torch.tensor([12, 24, 48], device=device)[torch.randint(3, (size,), device=device)]
    start = torch.randint(0, 192, (size,), device=device)
    at = torch.arange(n_samples, device=device) + start[:, None]
    hidden = (at // patch[:, None]) % 4 == 0
    whole = torch.rand(size, 1, device=device) < 0.125
    return (~hidden | whole)[:, None]


def _disturbance(stretch: Stretch, noise: Tensor) -> Tensor:
    """Return noise that is no anomaly: muscle, wander, and recorded noise."""
    size, n_leads, n = stretch.x.shape
    device = stretch.x.device

    def level(share: float, most: float) -> Tensor:
        used = torch.rand(size, 1, 1, device=device) < share
        each = 0.3 + 0.7 * torch.rand(size, n_leads, 1, device=device)
        return used * each * most * torch.rand(size, 1, 1, device=device).square()

    out = level(0.6, 0.4) * torch.randn(size, n_leads, n, device=device)
    at = torch.arange(n, device=device) / 100.0
    for _ in range(2):
        speed = 0.05 + 0.5 * torch.rand(size, 1, 1, device=device)
        phase = 2 * math.pi * (torch.rand(size, n_leads, 1, device=device) + speed * at)
        out = out + level(0.5, 0.8) * torch.sin(phase)
    if noise.numel():
        row = torch.randint(noise.shape[0], (size, n_leads), device=device)
        start = torch.randint(noise.shape[1] - n, (size, n_leads), device=device)
        index = (row * noise.shape[1] + start)[..., None] + torch.arange(n, device=device)
        out = out + level(0.4, 1.0) * noise.flatten()[index]
    return out
