"""What a wave is made of, and where it begins, peaks and ends.

The waves themselves are in :mod:`ecgcore.simulate.library`, what disease does to them in
:mod:`ecgcore.simulate.changes`.
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.leads import STANDARD_12
from ecgcore.simulate.vector import (
    DOWER,
    PLATEAU,
    Array,
    Component,
    compute_course,
    derive_limbs,
    derive_twelve,
)

# What a reader can still see: a fifth of a millimetre on paper, in whichever lead shows it first.
QRS_EDGE_MV = 0.02
P_EDGE_MV = 0.018
U_EDGE_MV = 0.018
_STEP_MS = 1.0
_GRID_MS = np.arange(-120.0, 860.0, _STEP_MS)


@dataclass(frozen=True)
class AtrialShape:
    """A P wave: components timed from its nominal onset.

    ``after`` is what the atria add behind it (a shift of PR), and is no part of its bounds.
    """

    name: str
    p: tuple[Component, ...]
    after: tuple[Component, ...] = ()


@dataclass(frozen=True)
class VentricularShape:
    """QRS, ST segment, T and U wave of one kind of beat."""

    name: str
    qrs: tuple[Component, ...]
    st: tuple[Component, ...]
    t: tuple[Component, ...]
    u: tuple[Component, ...] = ()


@dataclass(frozen=True)
class WaveBounds:
    """Onset, peak and offset of one wave, in ms from the shape's own zero."""

    onset_ms: float
    peak_ms: float
    offset_ms: float


@dataclass(frozen=True)
class VentricularBounds:
    """Bounds of QRS, T and U (None where it cannot be seen), before any change of QT."""

    qrs: WaveBounds
    t: WaveBounds
    u: WaveBounds | None = None


def bell(at_ms: float, rise_ms: float, *vector_mv: float, fall_ms: float = 0.0) -> Component:
    """Return a Gaussian component; ``fall_ms`` is its rise where not given."""
    x, y, z = vector_mv
    return Component(at_ms, rise_ms, fall_ms or rise_ms, (x, y, z))


def shift(at_ms: float, hold_ms: float, fall_ms: float, *vector_mv: float) -> Component:
    """Return a plateau: a shift of the ST segment."""
    x, y, z = vector_mv
    return Component(at_ms, 9.0, fall_ms, (x, y, z), hold_ms, PLATEAU)


def _find_crossing(sizes: Array, index: int, step: int, limit: float) -> float:
    """Return when the limit is crossed between ``index`` and the sample before it."""
    outer = index - step
    if not 0 <= outer < sizes.size:
        return float(_GRID_MS[index])
    share = (sizes[index] - limit) / max(float(sizes[index] - sizes[outer]), 1e-12)
    return float(_GRID_MS[index] - step * _STEP_MS * min(max(share, 0.0), 1.0))


def _find_edges(sizes: Array, limit_mv: float) -> WaveBounds | None:
    """Return first and last time above a limit in any lead, and the largest peak."""
    above = np.flatnonzero(sizes > limit_mv)
    if not above.size:
        return None
    return WaveBounds(
        _find_crossing(sizes, int(above[0]), 1, limit_mv),
        float(_GRID_MS[np.argmax(sizes)]),
        _find_crossing(sizes, int(above[-1]), -1, limit_mv),
    )


def _find_largest(components: tuple[Component, ...], matrix: Array) -> Array:
    """Return the largest deflection in any of the twelve leads."""
    independent = matrix @ compute_course(components, _GRID_MS)
    return np.asarray(
        np.maximum(np.abs(independent).max(axis=0), np.abs(derive_limbs(independent)).max(axis=0))
    )


def find_p_bounds(shape: AtrialShape, matrix: Array = DOWER) -> WaveBounds:
    """Return where the P wave begins, peaks and ends, in ms from the shape's own zero.

    Parameters
    ----------
    matrix : array, shape (8, 3)
        From the heart vector to the independent leads of one person.
    """
    sizes = _find_largest(shape.p, matrix)
    # A P too flat to be seen keeps the place of its upper part.
    found = _find_edges(sizes, min(P_EDGE_MV, 0.5 * float(sizes.max())))
    return found or WaveBounds(0.0, 50.0, 100.0)


def find_ventricular_bounds(shape: VentricularShape, matrix: Array = DOWER) -> VentricularBounds:
    """Return where QRS, T and U begin, peak and end, in ms from the shape's own zero.

    T ends where the tangent at its steepest fall meets the baseline (Lepeschkin and Surawicz,
    Circulation 6:378, 1952).
    """
    qrs = _find_edges(_find_largest(shape.qrs, matrix), QRS_EDGE_MV) or WaveBounds(0.0, 40.0, 80.0)
    only_t = _find_largest(shape.t, matrix)
    sizes = _find_largest(shape.t + shape.st, matrix) if shape.st else only_t
    peak = int(np.argmax(only_t))
    fall = np.gradient(sizes, _STEP_MS)
    steepest = peak + int(np.argmin(fall[peak : peak + 200]))
    end = float(_GRID_MS[steepest] - sizes[steepest] / fall[steepest])
    first = int(np.flatnonzero(only_t > 0.08 * only_t[peak])[0])
    onset = max(float(_GRID_MS[first]), qrs.offset_ms)
    t = WaveBounds(onset, float(_GRID_MS[peak]), end)
    return VentricularBounds(qrs, t, _find_u_bounds(shape, matrix, end))


def _find_u_bounds(shape: VentricularShape, matrix: Array, t_end_ms: float) -> WaveBounds | None:
    found = _find_edges(_find_largest(shape.u, matrix), U_EDGE_MV) if shape.u else None
    if found is None or found.peak_ms <= t_end_ms:
        return None
    return WaveBounds(max(found.onset_ms, t_end_ms), found.peak_ms, found.offset_ms)


def compute_template(
    shape: VentricularShape, fs_hz: float = 1000.0, matrix: Array = DOWER
) -> dict[str, Array]:
    """Return one beat of a shape in every standard lead, in mV, without noise or turning.

    Returns
    -------
    dict of str to array, shape (n_samples,)
        From 100 ms before to 700 ms after QRS onset.
    """
    at = np.arange(-100.0, 700.0, 1e3 / fs_hz) + find_ventricular_bounds(shape, matrix).qrs.onset_ms
    leads = derive_twelve(matrix @ compute_course(shape.qrs + shape.st + shape.t + shape.u, at))
    return dict(zip(STANDARD_12, leads.astype(np.float64), strict=True))
