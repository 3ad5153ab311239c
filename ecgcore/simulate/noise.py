"""Noise as it enters: at the electrodes, so that every lead shares what its electrodes share.

Sizes follow what resting ECGs show: wander of some hundredths of a millivolt with respiration,
muscle noise of 5 to 10 µV, hardly any mains (Friesen et al., IEEE Trans Biomed Eng 37:85, 1990,
for the kinds of noise).  Spectra follow the MIT-BIH noise stress test recordings (Moody et al.,
Computers in Cardiology 11:381, 1984): wander below 0.6 Hz; muscle above 10 Hz, most of it from 20
to 60 Hz, here with more above, as recorders of 150 Hz show it; electrode motion from 0.05 to 5 Hz.
No sample of theirs is used.
"""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate.planning import Breathing
from ecgcore.simulate.vector import Array

ELECTRODES = ("RA", "LA", "LL", "C1", "C2", "C3", "C4", "C5", "C6")
# Rows as in INDEPENDENT_8, columns as in ELECTRODES: Einthoven, and Wilson's central terminal.
LEADS_FROM_ELECTRODES = np.zeros((8, 9))
LEADS_FROM_ELECTRODES[0, [1, 0]] = 1, -1
LEADS_FROM_ELECTRODES[1, [2, 0]] = 1, -1
LEADS_FROM_ELECTRODES[2:, :3] = -1 / 3
LEADS_FROM_ELECTRODES[2:, 3:] = np.eye(6)


@dataclass(frozen=True)
class Noise:
    """Sizes at one electrode.

    Attributes
    ----------
    wander_mv : float
        Typical peak of the baseline's wander.
    muscle_mv : float
        Root mean square of muscle noise, 15 Hz and above.
    mains_mv : float
        Amplitude of mains interference.
    motion_mv : float
        Typical peak of electrode motion (sudden shifts that decay).
    mains_hz : float
        50 or 60.
    snr_db : float or None
        If given, everything is scaled together until the leads' mean power is so many decibels
        above the noise's.
    """

    wander_mv: float = 0.0
    muscle_mv: float = 0.0
    mains_mv: float = 0.0
    motion_mv: float = 0.0
    mains_hz: float = 50.0
    snr_db: float | None = None

    def __post_init__(self) -> None:
        for name in ("wander_mv", "muscle_mv", "mains_mv", "motion_mv"):
            check_range(name, getattr(self, name), 0, 20, "mV")
        check_range("mains_hz", self.mains_hz, 45, 65, "Hz")
        if self.snr_db is not None:
            check_range("snr_db", self.snr_db, -20, 80, "dB")
            if not (self.wander_mv or self.muscle_mv or self.mains_mv or self.motion_mv):
                raise InvalidArgumentError(
                    "snr_db is given without any noise to scale; give at least one size."
                )


NONE = Noise()
PRESETS = {
    "none": NONE,
    "low": Noise(wander_mv=0.014, muscle_mv=0.0035, mains_mv=0.001),
    "usual": Noise(wander_mv=0.028, muscle_mv=0.0055, mains_mv=0.0015),
    "high": Noise(wander_mv=0.11, muscle_mv=0.026, mains_mv=0.012, motion_mv=0.10),
    "hand-held": Noise(wander_mv=0.045, muscle_mv=0.009, mains_mv=0.004, motion_mv=0.03),
    "wander": Noise(wander_mv=0.5, muscle_mv=0.006, mains_mv=0.0015),
    "monitor": Noise(wander_mv=0.050, muscle_mv=0.006, mains_mv=0.001, motion_mv=0.04),
}


def make_noise(noise: "str | Noise | float") -> Noise:
    """Return a noise from a preset's name, or from a signal-to-noise ratio in dB.

    Raises
    ------
    InvalidArgumentError
        Naming the presets, or the range.
    """
    if isinstance(noise, Noise):
        return noise
    if isinstance(noise, str):
        return PRESETS[check_option("noise", noise, PRESETS)]
    return replace(PRESETS["high"], snr_db=check_range("noise", noise, -20, 80, "dB"))


def draw_electrode_noise(
    noise: Noise,
    weights: Array,
    *,
    time_s: Array,
    fs_hz: float,
    breathing: Breathing,
    rng: np.random.Generator,
) -> Array:
    """Return the noise of some leads.

    Parameters
    ----------
    weights : array, shape (n_leads, 9)
        How each lead is made of :data:`ELECTRODES`.
    time_s : array, shape (n_samples,)

    Returns
    -------
    array, shape (n_leads, n_samples)
        In mV, before any scaling to a signal-to-noise ratio.
    """
    out = np.zeros((weights.shape[0], time_s.size))
    for electrode, column in enumerate(weights.T):
        # Every electrode draws from a generator of its own: leads can be chosen freely.
        (child,) = rng.spawn(1)
        if not column.any():
            continue
        limb = electrode < 3
        potential = np.zeros(time_s.size)
        if noise.wander_mv:
            potential += noise.wander_mv * _draw_wander(time_s, breathing, child)
        if noise.muscle_mv:
            potential += (noise.muscle_mv * (1.0 if limb else 0.8)) * _draw_muscle(
                time_s, fs_hz, child
            )
        if noise.mains_mv and noise.mains_hz < 0.5 * fs_hz:
            potential += noise.mains_mv * _draw_mains(time_s, noise.mains_hz, child)
        if noise.motion_mv:
            potential += noise.motion_mv * _draw_motion(time_s, child)
        out += column[:, None] * potential
    return out


def _draw_wander(time_s: Array, breathing: Breathing, rng: np.random.Generator) -> Array:
    """Respiration and slower changes; peaks of about 1."""
    out = rng.uniform(0.25, 0.7) * np.sin(
        2 * np.pi * breathing.hz * time_s + breathing.phase + rng.uniform(-0.8, 0.8)
    )
    # Frequencies that share no common period: the baseline never repeats itself.
    for hz in rng.uniform(0.02, 0.35, 7):
        size = 0.36 * min(1.0, 0.11 / hz)
        out += size * np.sin(2 * np.pi * (hz * time_s + rng.uniform()))
    return np.asarray(out)


def _draw_muscle(time_s: Array, fs_hz: float, rng: np.random.Generator) -> Array:
    """Motor units: broad above 15 Hz, in slow surges; root mean square 1."""
    n = time_s.size
    white = rng.standard_normal(n)
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(n, 1 / fs_hz)
    # Rises from 15 Hz, largest from 20 to 60 Hz, falls above.
    spectrum *= (hz / 22) ** 2 / (1 + (hz / 22) ** 2) / (1 + (hz / 60) ** 2)
    shaped = np.fft.irfft(spectrum, n)
    knots = np.arange(time_s[0], time_s[-1] + 1.6, 0.8)
    surge = np.interp(time_s, knots, rng.gamma(6.0, 1 / 6.0, knots.size))
    shaped *= surge
    return np.asarray(shaped / max(float(shaped.std()), 1e-9))


def _draw_mains(time_s: Array, mains_hz: float, rng: np.random.Generator) -> Array:
    phase = rng.uniform(-0.5, 0.5)
    size = rng.uniform(0.5, 1.5)
    return np.asarray(size * np.sin(2 * np.pi * mains_hz * time_s + phase))


def _draw_motion(time_s: Array, rng: np.random.Generator) -> Array:
    """Sudden shifts that decay within a second or two, about one in twelve seconds."""
    out = np.zeros(time_s.size)
    span = time_s[-1] - time_s[0]
    fs_hz = (time_s.size - 1) / span if span > 0 else 1.0
    for at in time_s[0] + span * rng.uniform(0, 1, rng.poisson(span / 12)):
        height, decay_s = rng.normal(), rng.uniform(0.12, 0.7)
        start = int((at - time_s[0]) * fs_hz)
        stop = min(time_s.size, start + int(8 * decay_s * fs_hz))
        since = np.maximum(time_s[start:stop] - at, 0.0)
        out[start:stop] += height * (1 - np.exp(-since / 0.04)) * np.exp(-since / decay_s)
    return out


def scale_to_snr(noise: Array, clean: Array, snr_db: float | None) -> Array:
    """Return noise scaled so that the mean power over leads is ``snr_db`` below the signal's."""
    if snr_db is None:
        return noise
    power = float(noise.var(axis=1).mean())
    if power <= 0:
        return noise
    wanted = float(clean.var(axis=1).mean()) / 10 ** (snr_db / 10)
    return noise * np.sqrt(wanted / power)
