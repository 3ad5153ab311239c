"""Beat morphologies as data: each a set of timed components of the heart vector.

QRS and T components are timed from QRS onset, in a heart at 60 beats a minute; P components from
P onset.  The sizes were drawn after published vectorcardiograms (Macfarlane et al., Comprehensive
Electrocardiology, 2nd ed., chapters 11-16) and the AHA/ACCF/HRS 2009 criteria of each statement
(Surawicz et al., Circulation 119:e235, for the conduction defects; Wagner et al., Circulation
119:e262, for ischaemia; Hancock et al., Circulation 119:e251, for hypertrophy).
"""

from dataclasses import dataclass

import numpy as np

from ecgcore.leads import STANDARD_12
from ecgcore.simulate.vector import DOWER, PLATEAU, Array, Component, course, twelve

# What a reader can still see: half a thin line on paper for QRS, less for the smooth P.
QRS_EDGE_MV = 0.03
P_EDGE_MV = 0.018
_GRID_MS = np.arange(-150.0, 900.0, 0.5)


@dataclass(frozen=True)
class AtrialShape:
    """A P wave: components timed from its nominal onset."""

    name: str
    p: tuple[Component, ...]


@dataclass(frozen=True)
class VentricularShape:
    """QRS, ST segment and T wave of one kind of beat."""

    name: str
    qrs: tuple[Component, ...]
    st: tuple[Component, ...]
    t: tuple[Component, ...]


@dataclass(frozen=True)
class WaveBounds:
    """Onset, peak and offset of one wave, in ms from the shape's own zero."""

    onset_ms: float
    peak_ms: float
    offset_ms: float


@dataclass(frozen=True)
class VentricularBounds:
    """Bounds of QRS and T, before any change of QT."""

    qrs: WaveBounds
    t: WaveBounds


def _g(at_ms: float, rise_ms: float, *vector_mv: float, fall_ms: float = 0.0) -> Component:
    x, y, z = vector_mv
    return Component(at_ms, rise_ms, fall_ms or rise_ms, (x, y, z))


def _st(at_ms: float, hold_ms: float, fall_ms: float, *vector_mv: float) -> Component:
    x, y, z = vector_mv
    return Component(at_ms, 9.0, fall_ms, (x, y, z), hold_ms, PLATEAU)


def _edges(sizes: Array, limit_mv: float) -> WaveBounds:
    """Return first and last time above a limit in any lead, and the largest spatial peak."""
    above = np.flatnonzero(sizes > limit_mv)
    return WaveBounds(
        float(_GRID_MS[above[0]]), float(_GRID_MS[np.argmax(sizes)]), float(_GRID_MS[above[-1]])
    )


def _largest(components: tuple[Component, ...], matrix: Array) -> Array:
    leads = twelve(matrix @ course(components, _GRID_MS))
    return np.asarray(np.abs(leads).max(axis=0), dtype=np.float64)


def p_bounds(shape: AtrialShape, matrix: Array = DOWER) -> WaveBounds:
    """Return where the P wave begins, peaks and ends, in ms from the shape's own zero.

    Parameters
    ----------
    matrix : array, shape (8, 3)
        From the heart vector to the independent leads of one person.
    """
    return _edges(_largest(shape.p, matrix), P_EDGE_MV)


def ventricular_bounds(shape: VentricularShape, matrix: Array = DOWER) -> VentricularBounds:
    """Return where QRS and T begin, peak and end, in ms from the shape's own zero.

    T ends where the tangent at its steepest fall meets the baseline (Lepeschkin and Surawicz,
    Circulation 6:378, 1952).
    """
    qrs = _edges(_largest(shape.qrs, matrix), QRS_EDGE_MV)
    only_t = _largest(shape.t, matrix)
    sizes = _largest(shape.t + shape.st, matrix) if shape.st else only_t
    peak = int(np.argmax(only_t))
    fall = np.gradient(sizes, _GRID_MS)
    steepest = peak + int(np.argmin(fall[peak : peak + 400]))
    end = float(_GRID_MS[steepest] - sizes[steepest] / fall[steepest])
    first = int(np.flatnonzero(only_t > 0.08 * only_t[peak])[0])
    onset = max(float(_GRID_MS[first]), qrs.offset_ms)
    return VentricularBounds(qrs, WaveBounds(onset, float(_GRID_MS[peak]), end))


# --- P waves -------------------------------------------------------------------------------
# Right atrium first (down, forwards), then left (left, backwards): biphasic in V1.
P_SINUS = AtrialShape(
    "sinus",
    (_g(44, 18, 0.075, 0.086, -0.062), _g(74, 19, 0.105, 0.052, 0.040)),
)
# From the low left-posterior right atrium: flat or negative in the inferior leads.
P_ECTOPIC = AtrialShape(
    "ectopic",
    (_g(38, 16, 0.050, -0.100, -0.050), _g(66, 17, 0.060, -0.070, 0.030)),
)
# A broad, notched P of an enlarged left atrium, as pressure overload brings.
P_LEFT = AtrialShape(
    "left atrial",
    (_g(36, 15, 0.050, 0.090, -0.050), _g(84, 19, 0.110, 0.080, 0.100)),
)

# --- QRS, ST, T ----------------------------------------------------------------------------
_NORMAL_QRS = (
    _g(15, 6.0, -0.14, -0.06, -0.24),  # septum: q in I, V6; r in V1
    _g(30, 7.8, 0.50, 0.32, -0.42),  # apex, forwards: r grows from V2 to V4
    _g(44, 8.3, 1.10, 0.76, 0.32),  # left free wall
    _g(61, 9.0, 0.08, 0.06, 0.70),  # base, backwards: S in V1 to V3
    _g(77, 6.5, -0.11, -0.06, 0.12),
)
_NORMAL_T = (
    _g(268, 52, 0.090, 0.072, -0.055, fall_ms=40),
    _g(306, 42, 0.280, 0.205, -0.190, fall_ms=31),
)
NORMAL = VentricularShape("normal", _NORMAL_QRS, (), _NORMAL_T)

LBBB = VentricularShape(
    "left bundle branch block",
    (
        _g(19, 9, 0.09, 0.04, -0.11),  # septum from right to left: no q
        _g(53, 17, 0.86, 0.36, 0.64),
        _g(78, 17, 0.40, 0.12, 0.52),
        _g(105, 16, 0.86, 0.06, 0.70),  # second peak: the notch
        _g(126, 13, 0.14, -0.04, 0.22),
    ),
    (_st(138, 188, 45, -0.075, -0.015, -0.150),),
    (_g(316, 58, -0.280, -0.060, -0.330, fall_ms=36),),
)
RBBB = VentricularShape(
    "right bundle branch block",
    (
        *_NORMAL_QRS[:2],
        _g(44, 8.3, 1.12, 0.74, 0.16),
        _g(60, 9.0, 0.22, 0.06, 0.34),
        _g(95, 15, -0.46, -0.06, -0.58, fall_ms=17),  # late right ventricle: rightwards, forwards
        _g(121, 13, -0.18, 0.00, -0.16),
    ),
    (),
    (_g(270, 52, 0.095, 0.070, 0.040, fall_ms=40), _g(312, 42, 0.270, 0.185, 0.120, fall_ms=31)),
)
LVH_STRAIN = VentricularShape(
    "left ventricular hypertrophy with strain",
    (
        _g(16, 6.5, -0.16, -0.08, -0.26),
        _g(31, 8.0, 0.62, 0.22, -0.30),
        _g(47, 9.5, 2.00, 0.72, 0.66),
        _g(65, 9.5, 0.36, 0.04, 1.16),
        _g(81, 7.0, -0.12, -0.10, 0.20),
    ),
    (_st(88, 130, 60, -0.095, -0.030, -0.075),),
    (_g(318, 66, -0.300, -0.080, -0.210, fall_ms=30),),
)
STD_LATERAL = VentricularShape(
    "lateral ST depression",
    _NORMAL_QRS,
    (_st(78, 176, 34, -0.185, -0.080, 0.020),),
    (_g(286, 36, 0.050, 0.060, -0.070, fall_ms=30), _g(314, 32, 0.130, 0.100, -0.085, fall_ms=29)),
)
STE_INFERIOR = VentricularShape(
    "inferior infarction, acute",
    (
        _g(16, 7.0, -0.10, -0.22, -0.22),  # first Q in III and aVF
        _g(31, 7.8, 0.52, 0.16, -0.42),
        _g(45, 8.3, 0.98, 0.76, 0.28),
        _g(61, 9.0, 0.06, 0.10, 0.64),
        _g(77, 7.0, -0.08, -0.03, 0.13),
    ),
    (_st(70, 186, 46, -0.075, 0.230, 0.075),),
    (_g(262, 62, -0.030, 0.160, 0.060, fall_ms=44), _g(300, 42, 0.070, 0.210, 0.000, fall_ms=34)),
)
STE_ANTERIOR = VentricularShape(
    "anterior infarction, acute",
    (
        _g(16, 6.5, -0.06, -0.06, -0.02),  # no forward vector: the r of V2 to V4 is lost
        _g(31, 8.2, 0.34, 0.34, -0.04),
        _g(45, 8.5, 0.98, 0.72, 0.34),
        _g(62, 9.5, 0.08, 0.02, 0.62),
        _g(80, 8.0, -0.08, -0.06, 0.13),
    ),
    (_st(70, 192, 44, 0.135, -0.120, -0.290),),
    (_g(250, 66, 0.130, -0.050, -0.180, fall_ms=46), _g(300, 42, 0.160, 0.010, -0.150, fall_ms=34)),
)
# From the right ventricular outflow tract: like a left bundle branch block with inferior axis.
PVC_OUTFLOW = VentricularShape(
    "ventricular, outflow tract",
    (
        _g(30, 15, 0.06, 0.22, -0.16),
        _g(68, 22, 0.34, 1.08, 0.62),
        _g(98, 20, 0.30, 0.58, 0.74),
        _g(128, 14, -0.06, -0.10, 0.24),
    ),
    (_st(142, 150, 44, -0.050, -0.150, -0.140),),
    (_g(330, 62, -0.120, -0.420, -0.330, fall_ms=42),),
)
# From the inferior left ventricle: like a right bundle branch block with superior axis.
PVC_LEFT = VentricularShape(
    "ventricular, left inferior",
    (
        _g(30, 14, 0.16, -0.24, -0.30),
        _g(66, 21, -0.30, -0.94, -0.66),
        _g(98, 20, -0.62, -0.66, -0.36),
        _g(126, 14, -0.26, 0.10, 0.16),
    ),
    (_st(140, 150, 44, 0.080, 0.130, 0.090),),
    (_g(328, 62, 0.260, 0.360, 0.260, fall_ms=42),),
)

ATRIAL_SHAPES = {shape.name: shape for shape in (P_SINUS, P_ECTOPIC, P_LEFT)}
VENTRICULAR_SHAPES = {
    shape.name: shape
    for shape in (
        NORMAL,
        LBBB,
        RBBB,
        LVH_STRAIN,
        STD_LATERAL,
        STE_INFERIOR,
        STE_ANTERIOR,
        PVC_OUTFLOW,
        PVC_LEFT,
    )
}


def template(shape: VentricularShape, fs_hz: float = 1000.0) -> dict[str, Array]:
    """Return one beat of a shape in every standard lead, in mV, without noise or turning.

    Returns
    -------
    dict of str to array, shape (n_samples,)
        From 100 ms before to 700 ms after QRS onset.
    """
    at = np.arange(-100.0, 700.0, 1e3 / fs_hz) + ventricular_bounds(shape).qrs.onset_ms
    leads = twelve(DOWER @ course(shape.qrs + shape.st + shape.t, at))
    return dict(zip(STANDARD_12, leads.astype(np.float64), strict=True))
