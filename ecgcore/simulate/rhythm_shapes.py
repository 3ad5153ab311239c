"""Shapes of beats that only disturbed rhythms have, and beats between two shapes.

Sizes as in :mod:`ecgcore.simulate.library`: broad QRS that begin slowly, T against QRS, after the
places of origin in Josephson's Clinical Cardiac Electrophysiology, 5th ed., chapter 11 (axis, and
right or left bundle branch block pattern), and Milstein et al., Pacing Clin Electrophysiol 10:555
(1987), for the accessory pathway.
"""

from dataclasses import replace
from functools import lru_cache

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate.library import ATRIAL_SHAPES, VENTRICULAR_SHAPES
from ecgcore.simulate.shapes import AtrialShape, VentricularShape, bell, shift
from ecgcore.simulate.vector import Component

# From the lateral left ventricle: right bundle branch block pattern, axis to the right.
VT_LATERAL = VentricularShape(
    "ventricular, left lateral",
    (
        bell(34, 16, -0.30, 0.06, -0.34),
        bell(74, 23, -0.86, 0.34, -0.66),
        bell(108, 21, -0.58, 0.44, -0.16),
        bell(138, 15, -0.12, 0.16, 0.24),
    ),
    (shift(150, 140, 44, 0.120, -0.060, 0.090),),
    (bell(336, 62, 0.400, -0.180, 0.260, fall_ms=42),),
)
# From the border of an old anterior infarct at the apex: very broad, axis to the upper right, R
# lost across the chest.
VT_SCAR = VentricularShape(
    "ventricular, apical scar",
    (
        bell(34, 15, -0.10, -0.20, 0.16),
        bell(73, 21, -0.46, -0.72, 0.56),
        bell(110, 19, -0.34, -0.86, 0.74),
        bell(143, 14, -0.06, -0.26, 0.30),
    ),
    (shift(156, 140, 46, 0.060, 0.130, -0.120),),
    (bell(352, 60, 0.240, 0.400, -0.330, fall_ms=42),),
)
# Torsades de pointes: tall, and hardly a line between QRS and T.
TORSADES = VentricularShape(
    "ventricular, torsades",
    (
        bell(48, 22, 0.30, 0.66, -0.40),
        bell(92, 25, 0.34, 1.10, -0.66),
        bell(132, 20, 0.10, 0.30, -0.24),
    ),
    (),
    (bell(248, 42, -0.200, -0.560, 0.360, fall_ms=40),),
)
# The ventricles activated by an accessory pathway alone, from behind and below (posteroseptal):
# upright across the chest, negative in II, III and aVF.
PREEXCITED = VentricularShape(
    "ventricles through an accessory pathway",
    (
        bell(38, 17, 0.24, -0.24, -0.30),
        bell(80, 23, 0.66, -0.62, -0.70),
        bell(116, 20, 0.54, -0.44, -0.38),
        bell(146, 14, 0.10, -0.06, 0.06),
    ),
    (shift(156, 130, 44, -0.080, 0.060, 0.080),),
    (bell(336, 56, -0.280, 0.240, 0.240, fall_ms=40),),
)
# From the low right atrium, and from the region of the right pulmonary veins.
P_LOW = AtrialShape(
    "ectopic, low atrial", (bell(34, 13, 0.090, -0.120, -0.010), bell(58, 14, 0.080, -0.090, 0.060))
)
P_LEFT_FOCUS = AtrialShape(
    "ectopic, left atrial",
    (bell(36, 14, -0.080, 0.090, -0.090), bell(62, 14, -0.060, 0.070, -0.100)),
)

_ALL = VENTRICULAR_SHAPES | {
    shape.name: shape for shape in (VT_LATERAL, VT_SCAR, TORSADES, PREEXCITED)
}
_ALL_P = ATRIAL_SHAPES | {shape.name: shape for shape in (P_LOW, P_LEFT_FOCUS)}
_BLEND = "% of "
# The usual path still activates its part, a little later than the foreign one.
_OWN_LATER_MS = 28.0


def name_blend(name: str, share: float) -> str:
    """Return the name of a beat of which a share comes from a foreign place, the rest as usual."""
    return f"{round(100 * share)}{_BLEND}{name}"


def get_ventricular_shape(name: str, own: VentricularShape) -> VentricularShape:
    """Return the shape of a name, which may be a blend with a person's own.

    Raises
    ------
    InvalidArgumentError
        Where there is none.
    """
    if name in _ALL:
        return _ALL[name]
    share, found, foreign = name.partition(_BLEND)
    if not found or foreign not in _ALL:
        raise InvalidArgumentError(f"The shape is {name!r}; possible are {', '.join(_ALL)}.")
    return _blend(own, _ALL[foreign], float(share) / 100)


def get_atrial_shape(name: str) -> AtrialShape:
    """Return the P wave of a name."""
    return _ALL_P[name]


@lru_cache(maxsize=256)
def _blend(own: VentricularShape, foreign: VentricularShape, share: float) -> VentricularShape:
    def mix(wave: str, later_ms: float = 0.0) -> tuple[Component, ...]:
        return (
            *_scale(getattr(foreign, wave), share),
            *_scale(getattr(own, wave), 1 - share, later_ms),
        )

    qrs = mix("qrs", _OWN_LATER_MS * share)
    return VentricularShape(name_blend(foreign.name, share), qrs, mix("st"), mix("t"))


def _scale(
    parts: tuple[Component, ...], factor: float, later_ms: float = 0.0
) -> tuple[Component, ...]:
    return tuple(
        replace(
            part,
            at_ms=part.at_ms + later_ms,
            vector_mv=(
                factor * part.vector_mv[0],
                factor * part.vector_mv[1],
                factor * part.vector_mv[2],
            ),
        )
        for part in parts
    )
