"""Traces made up for SCP-ECG, in steps, and the records that hold them."""

import struct

import numpy as np
import scp_builder as b

from ecgcore.recording import Recording

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def ecg_steps(n_leads: int = 8, n: int = 1500, seed: int = 0) -> np.ndarray:
    """A made-up trace in steps of 2.5 uV, with steep beats, some of them off the 8-bit codes."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 500
    beat = np.exp(-(((t % 0.8) - 0.3) ** 2) / 2 / 0.008**2)
    rows = [(60 * (k + 1)) * beat * (-1) ** k + 20 * np.sin(t + k) for k in range(n_leads)]
    return np.round(np.stack(rows) + rng.normal(0, 1, (n_leads, n))).astype(np.int64)


def steps_of(recording: Recording, names, step_nv: int = 2500) -> np.ndarray:
    rows = np.stack([recording.lead(name) for name in names])
    return rows.astype(np.float64) / (step_nv * 1e-6)


def beat_record(factor: int = 1, coding: str = "default", areas=((141, 180), (541, 580))):
    """Two beats of type 0 and one of another type over a slow, straight ground."""
    n = 1000
    t = np.arange(n)
    template = np.stack([(np.hanning(80) * g).astype(np.int64) for g in (120, 200)])
    zones = b.Zones(
        length_ms=160,
        fiducial=41,
        zones=[(0, 121, 161, 200), (1, 0, 361, 0), (0, 521, 561, 600)],
        areas=[areas[0], (341, 380), areas[1]],
    )
    rows = np.stack([t // 8 - 60, 40 - t // 10]).astype(np.int64)
    for start in (120, 520):
        rows[:, start : start + 80] += 2 * template
    rows[:, 340:380] += np.round(90 * np.hanning(40)).astype(np.int64)
    data = b.with_beat(rows, ("I", "II"), template, zones, factor=factor, coding=coding)
    return data, rows


def longterm(width: int, codes=(1, 2)) -> tuple[bytes, np.ndarray]:
    rows = ecg_steps(len(codes), 300)
    if width == 1:
        rows = np.clip(rows, -128, 127)
    fixed = struct.pack("<IBIB", 250, len(codes), 300, width).ljust(62, b"\0")
    leads = b"".join(struct.pack("<BHB", code, 5000, 0) for code in codes)
    samples = b"".join(int(v).to_bytes(width, "little", signed=True) for v in rows.T.ravel())
    body = fixed + struct.pack("<II", 3, 2) + b"abcde" + leads + samples
    return b.record({1: b.header(*b.patient()), 12: body}, 30), rows


def hand_held(samples: np.ndarray) -> bytes:
    """A single lead as the PC-80B and its kin store it."""
    dummy = struct.pack("<HH", 1, 1) + struct.pack("<BBBhI", 0, 16, 1, 0, 0)
    six = struct.pack("<HHBBH", 806, 6666, 0, 0, 2 * len(samples)) + samples.tobytes()
    bodies = {1: b.header(), 2: dummy, 3: b.lead_table([101], [(1, len(samples))]), 6: six}
    return b.record(bodies, 13)
