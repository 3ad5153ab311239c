"""Continuous atrial activity: fibrillatory waves and flutter waves, as a heart vector.

Sources
-------
Stridh and Sörnmo, IEEE Trans Biomed Eng 48:105 (2001): f-waves as a sawtooth whose amplitude and
frequency change slowly.  Flutter: Cosío, Arrhythm Electrophysiol Rev 6:55 (2017).
"""

import numpy as np

from ecgcore.simulate.vector import Array

# f-waves are largest in V1 (over the right atrium), next in the inferior leads.
_F_DIRECTIONS = np.array([[-0.50, 0.15, -0.48], [0.05, 0.75, 0.05], [0.30, 0.10, 0.15]])
_F_SIZE_MV = (0.115, 0.052, 0.030)
_F_HZ = (4.8, 8.0)
# How often frequency and size of the f-waves are drawn anew; between, they change smoothly.
_CONTROL_HZ = 2.5
_CLOCK_HZ = 50.0


def _draw_smooth_noise(
    time_s: Array, duration_s: float, rng: np.random.Generator, control_hz: float
) -> Array:
    knots = np.arange(-2 / control_hz, duration_s + 3 / control_hz, 1 / control_hz)
    values = rng.standard_normal(knots.size)
    # Twice smoothed linear interpolation: no corner that an eye would find.
    values = np.convolve(values, [0.25, 0.5, 0.25], mode="same") / 0.61
    return np.interp(time_s, knots, values)


def draw_fibrillatory_waves(
    time_s: Array, duration_s: float, rng: np.random.Generator, size: float = 1.0
) -> Array:
    """Return f-waves that never repeat, shape (3, n_times), in mV.

    Parameters
    ----------
    time_s : array, shape (n_times,)
        From 0 to ``duration_s``.
    duration_s : float
        Decides how many numbers are drawn: the waves are the same at every sampling rate.
    size : float
        1 for waves of about 0.1 mV in V1 (coarse above 1, fine below).
    """
    out = np.zeros((3, time_s.size))
    clock = np.arange(0.0, duration_s + 2 / _CLOCK_HZ, 1 / _CLOCK_HZ)
    base_hz = float(rng.uniform(5.6, 6.9))
    for direction, height in zip(_F_DIRECTIONS, _F_SIZE_MV, strict=True):
        hz = np.clip(
            base_hz + 0.75 * _draw_smooth_noise(clock, duration_s, rng, _CONTROL_HZ), *_F_HZ
        )
        phase = 2 * np.pi * (np.cumsum(hz) / _CLOCK_HZ + float(rng.uniform()))
        at = np.interp(time_s, clock, phase)
        depth = np.clip(
            1 + 0.38 * _draw_smooth_noise(time_s, duration_s, rng, _CONTROL_HZ / 2), 0.15, 2.0
        )
        second = 0.28 * np.clip(
            1 + 0.6 * _draw_smooth_noise(time_s, duration_s, rng, _CONTROL_HZ), 0.0, 2.5
        )
        wave = np.sin(at) + second * np.sin(2 * at + 0.6) + 0.10 * np.sin(3 * at + 1.1)
        out += direction[:, None] * (size * height * depth * wave)
    return out


def draw_flutter_waves(time_s: Array, cycle_s: float, rise_s: float, size: float = 1.0) -> Array:
    """Return typical (counter-clockwise) flutter waves, shape (3, n_times), in mV.

    An unbroken sawtooth, negative in the inferior leads: a slow fall and a steep rise; a small
    upright wave in V1 with the rise.

    Parameters
    ----------
    cycle_s, rise_s : float
        Length of one wave, and the time of one steep rise.
    """
    u = 2 * np.pi * ((time_s - rise_s) / cycle_s)
    # A sawtooth of five harmonics, each reduced (Lanczos) so that no ringing shows.
    harmonics = np.arange(1, 6)
    weights = np.sinc(harmonics / 6.0) / harmonics
    saw = sum(w * np.sin(k * u) for k, w in zip(harmonics, weights, strict=True))
    bump = np.exp(4.0 * (np.cos(u - 0.5) - 1.0))
    bump = bump - bump.mean()
    # Mostly below the line in II, III and aVF: the fall's end is the deepest point.
    inferior = 0.135 * saw - 0.05
    return np.asarray(
        size * np.stack([0.012 * saw, inferior, -0.11 * bump - 0.02 * saw]), dtype=np.float64
    )
