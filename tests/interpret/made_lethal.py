"""Recordings that must never be called normal, made in code."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Patient, Recording
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import demonstration_case

ADULT = Patient(61.0, "male")


def simulated(case: str, seconds: float, seed: int = 3) -> Recording:
    made = simulate(case, seed=seed, duration_s=seconds, fs_hz=500).recording
    return replace(made, patient=ADULT)


def fibrillation(
    seconds: float, fs_hz: float, *, seed: int = 0
) -> NDArray[np.float32]:
    """Return twelve leads of coarse ventricular fibrillation: waves of 4 to 6.5 Hz."""
    rng = np.random.default_rng(seed)
    n = round(seconds * fs_hz)
    knots = np.arange(0, seconds + 1, 0.5)
    at = np.arange(n) / fs_hz
    hz = np.interp(at, knots, rng.uniform(4.0, 6.5, knots.size))
    phase = 2 * np.pi * np.cumsum(hz) / fs_hz
    out = np.empty((12, n))
    for lead in range(12):
        size = np.interp(at, knots, rng.uniform(0.2, 0.7, knots.size))
        turn = np.interp(at, knots, rng.uniform(0, 2.0, knots.size))
        out[lead] = size * (np.sin(phase + turn) + 0.3 * np.sin(2 * phase + 3 * turn))
    i, ii = out[:2]
    out[2:6] = ii - i, -(i + ii) / 2, i - ii / 2, ii - i / 2
    return (out + 0.001 * rng.standard_normal(out.shape)).astype(np.float32)


def with_stretch(base: Recording, part: NDArray[np.float32], at_s: float) -> Recording:
    """Return a recording in which a part stands in the place of what was there."""
    signal = np.array(base.signal)
    start = round(at_s * base.fs_hz)
    signal[:, start : start + part.shape[1]] = part
    return replace(base, signal=signal)


def sinus_with_fibrillation(seconds: float = 300.0, part_s: float = 60.0) -> Recording:
    base = simulated("normal", seconds)
    part = fibrillation(part_s, base.fs_hz)
    return with_stretch(base, part, (seconds - part_s) / 2)


def block_with_sinus(seconds: float = 130.0, part_s: float = 20.0) -> Recording:
    base = simulated("complete-av-block", seconds)
    part = simulated("normal", part_s).signal
    return with_stretch(base, part, seconds - part_s)


def teaching_case(key: str) -> Recording:
    return demonstration_case(key).recording
