"""Ventricles without beats, and electrodes that are moved or lost, over time.

Fibrillation is a sum of oscillations whose frequency and size drift, 4 to 7 Hz when coarse, and
which loses size as it lasts (Clayton et al., Med Eng Phys 17:162, 1995; Strohmenger et al., Chest
111:584, 1997).  Ventricular flutter is one regular oscillation of 240 to 300 a minute in which QRS
and T cannot be told apart.  Motion and tremor reach the leads of the electrode that moves and leave
the QRS where it was (Knight et al., N Engl J Med 341:1270, 1999; Llinas and Henderson, N Engl J
Med 341:1275, 1999).
"""

import numpy as np

from ecgcore.leads import STANDARD_12
from ecgcore.simulate.atrial import draw_fibrillatory_waves
from ecgcore.simulate.noise import ELECTRODES, LEADS_FROM_ELECTRODES
from ecgcore.simulate.planning import Artifact, Waves
from ecgcore.simulate.vector import Array, derive_limbs

_CLOCK_HZ = 100.0
_FADE_S = 0.12
# Fibrillation dies away, it does not stop.
_DYING_S = 1.3
_COARSE_HZ, _FINE_HZ = (3.5, 7.2), (4.0, 8.0)
# Fibrillation loses half of its size in about two minutes (Strohmenger 1997).
_DECAY_S = 170.0
# How a lead sees the heart vector, on average: from size asked for to size of the vector.
_LEADS_PER_VECTOR = 1.05


def draw_waves(waves: Waves, time_s: Array, duration_s: float) -> Array:
    """Return the heart vector of activity without beats, shape (3, n_times), in mV."""
    rng = np.random.default_rng([waves.seed, 11])
    window = _make_window(time_s, waves.start_s, waves.end_s)
    if waves.kind == "atrial":
        return window * draw_fibrillatory_waves(time_s, duration_s, rng, waves.size)
    since_s = time_s - waves.start_s
    span_s = waves.end_s - waves.start_s
    if waves.kind == "flutter":
        return window * _draw_flutter(since_s, span_s, waves, rng)
    low, high = _COARSE_HZ if waves.kind == "coarse" else _FINE_HZ
    vector = np.stack([_draw_axis(since_s, span_s, (low, high), rng) for _ in range(3)])
    window *= np.clip((waves.end_s - time_s) / _DYING_S, 0, 1)
    decay = np.exp(-np.maximum(since_s, 0.0) / _DECAY_S)
    return window * decay * vector * (0.5 * waves.size / _LEADS_PER_VECTOR)


def draw_artifacts(artifacts: tuple[Artifact, ...], time_s: Array) -> Array | float:
    """Return what moving electrodes add to the independent leads, shape (8, n_times), or 0."""
    out: Array | float = 0.0
    for one in artifacts:
        if one.kind == "off":
            continue
        weights = sum(LEADS_FROM_ELECTRODES[:, ELECTRODES.index(name)] for name in one.electrodes)
        out = out + np.asarray(weights)[:, None] * _draw_motion(one, time_s)
    return out


def silence_electrodes(leads: Array, artifacts: tuple[Artifact, ...], time_s: Array) -> None:
    """Flatten, in place, every independent lead whose electrode is off, while it is."""
    for one in artifacts:
        if one.kind == "off":
            # The central terminal goes on with the electrodes that are left.
            own = LEADS_FROM_ELECTRODES.copy()
            own[2:, :3] = 0
            chosen = [ELECTRODES.index(name) for name in one.electrodes]
            rows = np.flatnonzero(np.abs(own[:, chosen]).sum(axis=1) > 0)
            columns = np.flatnonzero((time_s >= one.start_s) & (time_s < one.end_s))
            leads[np.ix_(rows, columns)] = 0.0


def find_disturbed(artifact: Artifact) -> tuple[str, ...]:
    """Return the standard leads that an artifact disturbs plainly."""
    rows = LEADS_FROM_ELECTRODES
    weights = np.abs(np.concatenate([rows[:2], derive_limbs(rows), rows[2:]]))
    chosen = [ELECTRODES.index(name) for name in artifact.electrodes]
    reached = weights[:, chosen].max(axis=1) >= 0.5
    return tuple(name for name, hit in zip(STANDARD_12, reached, strict=True) if hit)


def _make_window(time_s: Array, start_s: float, end_s: float) -> Array:
    rise = np.clip((time_s - start_s) / _FADE_S, 0, 1)
    fall = np.clip((end_s - time_s) / _FADE_S, 0, 1)
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 - 0.5 * np.cos(np.pi * fall)))


def _drift(since_s: Array, span_s: float, limits: tuple[float, float], rng: np.random.Generator,
           every_s: float = 0.6) -> Array:  # fmt: skip
    """Return a value that drifts smoothly between two limits, the same at every sampling rate."""
    knots = np.arange(-2 * every_s, span_s + 3 * every_s, every_s)
    values = np.convolve(rng.uniform(*limits, knots.size), [0.2, 0.6, 0.2], mode="same")
    values[[0, -1]] = values[[1, -2]]
    return np.interp(since_s, knots, values)


def _turn(since_s: Array, span_s: float, limits: tuple[float, float], rng: np.random.Generator
          ) -> Array:  # fmt: skip
    """Return the phase of an oscillation whose frequency drifts within limits, in radians."""
    clock = np.arange(0.0, span_s + 2 / _CLOCK_HZ, 1 / _CLOCK_HZ)
    hz = _drift(clock, span_s, limits, rng, 0.4)
    phase = 2 * np.pi * (np.cumsum(hz) / _CLOCK_HZ + float(rng.uniform()))
    return np.interp(since_s, clock, phase)


def _draw_axis(
    since_s: Array, span_s: float, limits: tuple[float, float], rng: np.random.Generator
) -> Array:
    """Return one direction of fibrillation, about 1 in size."""
    out = np.zeros(since_s.size)
    for size in (0.85, 0.6, 0.3):
        phase = _turn(since_s, span_s, limits, rng)
        swell = _drift(since_s, span_s, (0.15, 1.0), rng, 0.45)
        out += size * swell * (np.sin(phase) + 0.22 * np.sin(2 * phase + 0.7))
    return out


def _draw_flutter(since_s: Array, span_s: float, waves: Waves, rng: np.random.Generator) -> Array:
    phase = _turn(since_s, span_s, (0.985 * waves.hz, 1.015 * waves.hz), rng)
    lean = float(rng.uniform(0.15, 0.3))
    one = np.sin(phase + lean * np.sin(phase))
    other = np.sin(phase + float(rng.uniform(0.5, 1.1)) + lean * np.sin(phase))
    swell = _drift(since_s, span_s, (0.92, 1.08), rng, 0.5)
    down = np.array([0.35, 1.0, -0.35]) * rng.uniform(0.85, 1.15, 3)
    across = np.array([0.75, -0.1, 0.9]) * rng.uniform(0.85, 1.15, 3)
    return np.asarray(0.5 * waves.size * swell * (down[:, None] * one + across[:, None] * other))


def _draw_motion(artifact: Artifact, time_s: Array) -> Array:
    """Return the potential of an electrode that is moved."""
    rng = np.random.default_rng([artifact.seed, 12])
    since_s, span_s = time_s - artifact.start_s, artifact.end_s - artifact.start_s
    wide = {"regular": 0.07, "irregular": 0.45, "tremor": 0.04}[artifact.kind]
    limits = ((1 - wide) * artifact.hz, (1 + wide) * artifact.hz)
    phase = _turn(since_s, span_s, limits, rng)
    if artifact.kind == "tremor":
        wave = np.sin(phase) + 0.25 * np.sin(2 * phase + 0.9)
        swell = _drift(since_s, span_s, (0.75, 1.1), rng, 0.8)
    elif artifact.kind == "regular":
        # A stroke forth and back: steeper one way.
        wave = np.sin(phase + 0.45 * np.sin(phase)) + 0.12 * np.sin(3 * phase)
        swell = _drift(since_s, span_s, (0.6, 1.2), rng, 0.35)
    else:
        wave = np.sin(phase) + 0.7 * np.sin(_turn(since_s, span_s, limits, rng))
        swell = _drift(since_s, span_s, (0.1, 1.1), rng, 0.4)
    drift = _drift(since_s, span_s, (-0.35, 0.35), rng, 0.9)
    window = _make_window(time_s, artifact.start_s, artifact.end_s)
    return np.asarray(artifact.size * window * (swell * wave + drift))
