"""Flutter waves: atrial activity at 200 to 400/min that repeats itself without a pause.

QRS complexes are left out, and what remains is compared with itself one wave later: flutter has no
isoelectric line and is alike at one, two and three waves' distance, and unlike half a wave away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ecgcore.signal.filters import butterworth

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

BAND_HZ = (2.5, 20.0)
# Lengths of one wave: 400 to 180/min.
CYCLE_S = (0.15, 0.33)
# Pairs of samples of which fewer than this part is seen tell nothing.
LEAST_SEEN = 0.08
# Leads that show it best.
BEST = 3


@dataclass(frozen=True)
class Flutter:
    """The most repetitive atrial activity of a stretch.

    Attributes
    ----------
    cycle_s : float
        Length of one wave.
    score : float
        Likeness one and two waves later, less that half a wave later; 1 is a sine.
    """

    cycle_s: float
    score: float


def find_flutter(
    low: Array, hidden: Flags, fs_hz: float, *, cycles_s: Array | None = None
) -> Flutter:
    """Return the most repetitive activity between the QRS complexes.

    Parameters
    ----------
    low : array, shape (n_leads, n)
    hidden : array of bool, shape (n,)
        QRS complexes.
    fs_hz : float
    """
    x = butterworth("bandpass", BAND_HZ, fs_hz).run_both_ways(low, round(fs_hz))
    seen = ~hidden
    x = np.where(seen, x - x[:, seen].mean(axis=1, keepdims=True), 0.0)
    acf = _autocorrelate(x, seen, round(3.2 * CYCLE_S[1] * fs_hz) + 2)
    lags = np.arange(acf.shape[1]) / fs_hz
    cycles = np.arange(CYCLE_S[0], CYCLE_S[1], 0.002) if cycles_s is None else cycles_s
    scores = []
    for row in acf:
        one, two, three, half, late = (
            np.interp(times * cycles, lags, row) for times in (1, 2, 3, 0.5, 1.5)
        )
        scores.append((one + np.minimum(two, three) - half - late) / 4)
    best = np.sort(np.stack(scores), axis=0)[-BEST:].mean(axis=0)
    at = int(np.nanargmax(best)) if np.isfinite(best).any() else 0
    return Flutter(float(cycles[at]), float(np.nan_to_num(best[at])))


def _autocorrelate(x: Array, seen: Flags, n_lags: int) -> Array:
    """Return the correlation of each lead with itself, where both samples are seen."""
    size = fft.next_fast_len(2 * x.shape[1])

    def lagged(a: Array, b: Array) -> Array:
        product = np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size))
        return np.asarray(np.fft.irfft(product, size)[..., :n_lags])

    mask = np.broadcast_to(seen.astype(float), x.shape)
    count = lagged(mask[:1], mask[:1])
    square = np.square(x)
    both = lagged(x, x)
    early, late = lagged(square, mask), lagged(mask, square)
    out = both / np.sqrt(np.maximum(early * late, 1e-12))
    return np.where(count < LEAST_SEEN * x.shape[1], 0.0, out)
