"""Hearts that stop: pauses, escape rhythms, asystole, P waves alone and fibrillation.

The library's rhythms plan a beat for every part of a strip.  Here waves of a simulated person are
laid down at times of one's own, with silence between, and fibrillation is made as a sum of
drifting oscillations (Clayton et al., Med Eng Phys 17:162, 1995, for its dominant frequencies;
Dessertenne, Arch Mal Coeur 59:263, 1966, for the turning axis of torsades).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.engine import simulate
from ecgcore.simulate.vector import derive_twelve

Array = NDArray[np.float64]

FIBRILLATIONS = ("coarse", "fine", "torsades", "sine")
# Peak to peak in the middle leads (mV): below 0.2 mV fibrillation is called fine.
FIBRILLATION_MV = {"coarse": 0.8, "fine": 0.15, "torsades": 1.2, "sine": 0.8}
FIBRILLATION_HZ = {
    "coarse": (3.5, 7.0),
    "fine": (4.0, 8.5),
    "torsades": (3.3, 4.5),
    "sine": (3.0, 9.0),
}
EDGE_S = 0.02


def lay_beats(
    qrs_s: Sequence[float],
    p_s: Sequence[float] = (),
    *,
    duration_s: float,
    case: str = "normal",
    seed: int = 0,
    fs_hz: float = 500.0,
    noise_uv: float = 5.0,
) -> Recording:
    """Return twelve leads with QRS and T, and P waves, at given times and silence elsewhere.

    Parameters
    ----------
    qrs_s, p_s : sequence of float
        R peaks, and peaks of P waves, in seconds.
    duration_s, fs_hz : float
    case : str
        Whose waves: a name of :data:`ecgcore.simulate.CASES` with P waves.
    seed : int
        Of the person and of the noise.
    noise_uv : float
        White noise in each lead, root mean square.

    Returns
    -------
    Recording
        In mV.
    """
    p, p_at, beat, r_at = _cut_waves(case, seed, fs_hz)
    out = np.zeros((12, round(duration_s * fs_hz)))
    for wave, at, times in ((p, p_at, p_s), (beat, r_at, qrs_s)):
        for time_s in times:
            _lay_wave(out, wave, round(time_s * fs_hz) - at)
    return _make_recording(out, fs_hz, noise_uv, seed)


def fibrillate(
    kind: str,
    *,
    duration_s: float,
    seed: int = 0,
    fs_hz: float = 500.0,
    size: float = 1.0,
    noise_uv: float = 5.0,
) -> Recording:
    """Return twelve leads of ventricular fibrillation.

    Parameters
    ----------
    kind : str
        One of ``FIBRILLATIONS``; ``"sine"`` drifts over 3 to 9 Hz.
    size : float
        Against the usual size of this kind.

    Raises
    ------
    InvalidArgumentError
        For another kind.
    """
    check_option("kind", kind, FIBRILLATIONS)
    rng = np.random.default_rng([seed, 7])
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    axes = _draw_turning(kind, time_s, rng)
    matrix = rng.standard_normal((8, axes.shape[0]))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    leads = derive_twelve(matrix @ axes)
    scale = size * FIBRILLATION_MV[kind] / float(np.median(np.ptp(leads, axis=1)))
    return _make_recording(leads * scale, fs_hz, noise_uv, seed)


def draw_asystole(
    *, duration_s: float, seed: int = 0, fs_hz: float = 500.0, noise_uv: float = 5.0
) -> Recording:
    """Return twelve leads of noise on a slowly wandering line."""
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    rng = np.random.default_rng([seed, 8])
    wander = 0.03 * np.sin(2 * np.pi * (0.25 * time_s + rng.uniform(0, 1, (8, 1))))
    return _make_recording(derive_twelve(wander), fs_hz, noise_uv, seed)


def join_recordings(parts: Sequence[Recording]) -> Recording:
    """Return recordings of the same rate and leads one after the other."""
    first = parts[0]
    return Recording(np.concatenate([p.signal for p in parts], axis=1), first.fs_hz, first.leads)


def _cut_waves(case: str, seed: int, fs_hz: float) -> tuple[Array, int, Array, int]:
    """Return P, its peak's index, QRS and T, and the R peak's index, of one clean beat."""
    made = simulate(find_case(case), seed=seed, fs_hz=fs_hz, noise="none")
    signal = made.recording.signal.astype(np.float64)
    one = made.truth.beats[2]
    if one.p_onset is None or one.p_offset is None or one.t_offset is None:
        raise InvalidArgumentError(f"case is {case!r}; one with P and T waves is needed.")
    edge = round(EDGE_S * fs_hz)
    start, stop = round(one.p_onset * fs_hz) - edge, round(one.p_offset * fs_hz) + edge
    p = _level(signal[:, start : min(stop, round(one.qrs_onset * fs_hz))])
    begin, end = round(one.qrs_onset * fs_hz), round(one.t_offset * fs_hz) + 3 * edge
    beat = _level(signal[:, begin:end])
    return p, p.shape[1] // 2, beat, round(one.r_peak * fs_hz) - begin


def _level(wave: Array) -> Array:
    """Take the straight line between both ends away."""
    line = np.linspace(0, 1, wave.shape[1])
    return wave - wave[:, :1] - (wave[:, -1:] - wave[:, :1]) * line


def _lay_wave(out: Array, wave: Array, start: int) -> None:
    left, right = max(0, -start), min(wave.shape[1], out.shape[1] - start)
    if right > left:
        out[:, start + left : start + right] += wave[:, left:right]


def _draw_turning(kind: str, time_s: Array, rng: np.random.Generator) -> Array:
    """Return oscillations, shape (n, n_samples), whose mixture each lead sees."""
    low, high = FIBRILLATION_HZ[kind]
    count = {"sine": 1, "torsades": 2}.get(kind, 6)
    rows = []
    common = _draw_drift(time_s, low, high, rng)
    for _ in range(count):
        own = common if kind in ("sine", "torsades") else _draw_drift(time_s, low, high, rng)
        phase = 2 * np.pi * (np.cumsum(own) * (time_s[1] - time_s[0]) + rng.uniform())
        wave = np.sin(phase)
        if kind == "torsades":
            wave = wave + 0.35 * np.sin(2 * phase + 0.6)
        elif kind != "sine":
            wave = wave * _draw_drift(time_s, 0.2, 1.0, rng)
        rows.append(wave)
    if kind == "torsades":
        turn = 2 * np.pi * time_s * rng.uniform(0.12, 0.25)
        rows = [rows[0] * np.cos(turn), rows[0] * np.sin(turn)]
    return np.stack(rows)


def _draw_drift(time_s: Array, low: float, high: float, rng: np.random.Generator) -> Array:
    """Return a value that drifts between two limits, about one turn in two seconds."""
    knots = np.arange(time_s[0], time_s[-1] + 2.0, 0.7)
    return np.interp(time_s, knots, rng.uniform(low, high, knots.size))


def _make_recording(leads: NDArray, fs_hz: float, noise_uv: float, seed: int) -> Recording:
    rng = np.random.default_rng([seed, 9])
    noise = 1e-3 * noise_uv * rng.standard_normal(leads.shape)
    return Recording((leads + noise).astype(np.float32), fs_hz, STANDARD_12)
