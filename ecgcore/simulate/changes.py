"""What disease does to a beat: functions from one ventricular shape to another.

Each change adds to the shape it is given instead of replacing it, so that an infarction can stand
on a right bundle branch block; "the same heart without it" is the shape before the change.

Sources
-------
Thygesen et al., Fourth universal definition of myocardial infarction, Circulation 138:e618
(2018); Wilde et al., Circulation 106:2514 (2002), Brugada type 1; Gollob et al., J Am Coll
Cardiol 57:802 (2011), short QT; Littmann and Gibbs, J Electrocardiol 51:809 (2018),
hyperkalaemia; for the rest see :mod:`ecgcore.simulate.library`.
"""

from collections.abc import Callable
from dataclasses import replace

from ecgcore.simulate.library import NORMAL, NORMAL_T
from ecgcore.simulate.shapes import AtrialShape, VentricularShape, bell, shift
from ecgcore.simulate.vector import Component

Parts = tuple[Component, ...]
ShapeChange = Callable[[VentricularShape], VentricularShape]


def scale_parts(parts: Parts, factor: float) -> Parts:
    """Return components of another size."""
    return tuple(
        replace(
            p, vector_mv=(factor * p.vector_mv[0], factor * p.vector_mv[1], factor * p.vector_mv[2])
        )
        for p in parts
    )


def _change_shape(
    shape: VentricularShape,
    name: str,
    *,
    qrs: Parts = (),
    st: Parts = (),
    t: Parts | None = None,
    u: Parts | None = None,
) -> VentricularShape:
    """Return a shape with more in QRS and ST, and with another T and U.

    What ``shape``'s own T differs from the normal T (a block's secondary change) is kept.
    """
    new_t = shape.t
    if t is not None:
        secondary = () if shape.t == NORMAL_T else (*shape.t, *scale_parts(NORMAL_T, -1.0))
        new_t = (*t, *secondary)
    new_u = shape.u if u is None else u
    return VentricularShape(
        f"{shape.name}, {name}", (*shape.qrs, *qrs), (*shape.st, *st), new_t, new_u
    )


def make_change(
    name: str,
    *,
    qrs: Parts = (),
    st: Parts = (),
    t: Parts | None = None,
    u: Parts | None = None,
) -> ShapeChange:
    """Return the change that adds to QRS and ST, and puts another T and U."""

    def change(shape: VentricularShape) -> VentricularShape:
        return _change_shape(shape, name, qrs=qrs, st=_move_later(st, shape), t=t, u=u)

    return change


def _find_j_ms(shape: VentricularShape) -> float:
    """Return the nominal end of QRS: where its last component has fallen off."""
    return max(part.at_ms + 2.2 * part.fall_ms for part in shape.qrs)


_NORMAL_J_MS = _find_j_ms(NORMAL)


def _move_later(parts: Parts, shape: VentricularShape) -> Parts:
    """Return ST components moved to the end of a broader QRS."""
    late = max(0.0, _find_j_ms(shape) - _NORMAL_J_MS)
    return tuple(
        replace(p, at_ms=p.at_ms + late, hold_ms=max(p.hold_ms - late, 20.0)) for p in parts
    )


def st_depression(shape: VentricularShape) -> VentricularShape:
    """Depress ST horizontally, most in V4 to V6, as subendocardial ischaemia brings."""
    return _change_shape(
        shape,
        "ST depression",
        st=_move_later((shift(78, 176, 34, -0.185, -0.080, 0.020),), shape),
        t=(
            bell(286, 36, 0.050, 0.060, -0.070, fall_ms=30),
            bell(314, 32, 0.130, 0.100, -0.085, fall_ms=29),
        ),
    )


def inferior_stemi(shape: VentricularShape) -> VentricularShape:
    """Elevate ST in II, III and aVF (III above II), depress it in aVL and I; a first Q."""
    return _change_shape(
        shape,
        "acute inferior infarction",
        qrs=(bell(17, 7.0, 0.04, -0.17, 0.02), bell(32, 8.0, 0.02, -0.15, 0.0)),
        st=_move_later((shift(70, 186, 46, -0.075, 0.230, 0.075),), shape),
        t=(
            bell(262, 62, -0.030, 0.160, 0.060, fall_ms=44),
            bell(300, 42, 0.070, 0.210, 0.000, fall_ms=34),
        ),
    )


def anterior_stemi(shape: VentricularShape) -> VentricularShape:
    """Elevate ST in V1 to V5, most in V2 to V4; the r of V1 and V2 is lost."""
    return _change_shape(
        shape,
        "acute anterior infarction",
        qrs=(bell(16, 6.5, 0.08, 0.0, 0.22), bell(31, 8.0, -0.16, 0.02, 0.38)),
        st=_move_later((shift(70, 192, 44, 0.135, -0.120, -0.290),), shape),
        t=(
            bell(250, 66, 0.130, -0.050, -0.180, fall_ms=46),
            bell(300, 42, 0.160, 0.010, -0.150, fall_ms=34),
        ),
    )


def lateral_stemi(shape: VentricularShape) -> VentricularShape:
    """Elevate ST in I, aVL, V5 and V6, depress it in III and aVF."""
    return _change_shape(
        shape,
        "acute lateral infarction",
        qrs=(bell(18, 7.5, -0.10, 0.06, -0.02),),
        st=_move_later((shift(70, 188, 46, 0.235, -0.150, 0.055),), shape),
        t=(
            bell(256, 62, 0.180, -0.080, 0.030, fall_ms=44),
            bell(300, 42, 0.220, -0.020, -0.030, fall_ms=34),
        ),
    )


def old_inferior_infarct(shape: VentricularShape) -> VentricularShape:
    """Leave a Q of 40 ms in II, III and aVF, with a negative T there; ST at the baseline."""
    return _change_shape(
        shape,
        "old inferior infarction",
        qrs=(
            bell(18, 8.0, 0.10, -0.34, 0.00),
            bell(31, 8.0, 0.10, -0.50, 0.00),
            bell(47, 8.0, 0.00, -0.10, 0.00),
        ),
        t=(
            bell(268, 50, 0.100, -0.050, -0.075, fall_ms=40),
            bell(306, 40, 0.270, -0.140, -0.220, fall_ms=31),
        ),
    )


OLD_ANTERIOR_QRS = (
    bell(17, 7.5, 0.00, 0.03, 0.40),
    bell(31, 8.2, -0.54, 0.04, 0.76),
    bell(45, 8.6, -0.24, 0.00, 0.54),
)


def old_anterior_infarct(shape: VentricularShape) -> VentricularShape:
    """Leave QS in V1 to V3 and Q in V4, with a negative T there; ST hardly raised."""
    return _change_shape(
        shape,
        "old anterior infarction",
        qrs=OLD_ANTERIOR_QRS,
        st=_move_later((shift(74, 150, 50, 0.010, -0.010, -0.055),), shape),
        t=(
            bell(272, 46, 0.000, 0.060, 0.070, fall_ms=40),
            bell(312, 38, 0.020, 0.160, 0.200, fall_ms=34),
        ),
    )


def t_inversion(shape: VentricularShape) -> VentricularShape:
    """Invert T deeply and symmetrically in V2 to V6 and I, without a shift of ST."""
    return _change_shape(shape, "inverted T", t=(bell(304, 40, -0.205, -0.030, 0.190, fall_ms=38),))


def brugada(shape: VentricularShape) -> VentricularShape:
    """Raise J by 0.2 mV and more in V1 and V2; a coved ST falls into a negative T."""
    return _change_shape(
        shape,
        "Brugada type 1",
        qrs=(bell(85, 9.0, -0.13, -0.03, -0.17),),
        st=(Component(82.0, 8.0, 82.0, (-0.150, -0.050, -0.300), 18.0, "plateau"),),
        t=(
            bell(268, 50, 0.110, 0.080, 0.090, fall_ms=40),
            bell(306, 42, 0.260, 0.190, 0.270, fall_ms=31),
        ),
    )


def short_qt(shape: VentricularShape) -> VentricularShape:
    """Put a tall, narrow, symmetric T close behind QRS; QT itself is set by the case."""
    return _change_shape(shape, "short QT", t=(bell(292, 42, 0.420, 0.310, -0.330, fall_ms=36),))


def long_qt(shape: VentricularShape) -> VentricularShape:
    """Put a broad T of late onset after a long ST; QT itself is set by the case."""
    return _change_shape(
        shape,
        "long QT",
        t=(
            bell(286, 40, 0.150, 0.105, -0.110, fall_ms=34),
            bell(318, 32, 0.260, 0.190, -0.190, fall_ms=27),
        ),
    )


def hyperkalaemia(shape: VentricularShape) -> VentricularShape:
    """Make T tall and pointed, with a narrow base."""
    return _change_shape(
        shape,
        "hyperkalaemia",
        t=(
            bell(310, 27, 0.330, 0.300, -0.420, fall_ms=24),
            bell(311, 13, 0.130, 0.115, -0.160, fall_ms=12),
        ),
    )


def flat_p(shape: AtrialShape) -> AtrialShape:
    """Return a P that a high potassium has flattened and broadened."""
    return AtrialShape(
        f"{shape.name}, flat",
        tuple(
            replace(p, rise_ms=1.25 * p.rise_ms, fall_ms=1.25 * p.fall_ms)
            for p in scale_parts(shape.p, 0.55)
        ),
    )
