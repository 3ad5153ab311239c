"""Shapes of hypertrophy, conduction, lung, pericardium, drugs, electrolytes and normal variants.

Sources
-------
Hancock et al., Circulation 119:e251 (2009): hypertrophy and atrial enlargement.  Surawicz et al.,
Circulation 119:e235 (2009): fascicular and incomplete left bundle branch block.  Rautaharju et al.,
Circulation 119:e241 (2009): T and U.  Macfarlane et al., J Am Coll Cardiol 66:470 (2015): notch and
slur of early repolarisation.  Spodick, Circulation 48:575 (1973): pericarditis.  Bayes de Luna et
al., J Electrocardiol 45:433 (2012): Brugada type 2.  Daniel et al., Chest 120:474 (2001): pulmonary
embolism.  Littmann and Gibbs, J Electrocardiol 51:809 (2018): hyperkalaemia.  Diercks et al., J
Emerg Med 27:153 (2004): hypokalaemia.  Higuchi et al., Circ Arrhythm Electrophysiol 13:e007896
(2020): Osborn wave.  Sharma et al., J Am Coll Cardiol 69:1057 (2017): athletes, juvenile T.
"""

from dataclasses import replace

from ecgcore.simulate.changes import Parts, flat_p, make_change
from ecgcore.simulate.library import LVH_STRAIN, NORMAL_QRS, NORMAL_U, P_SINUS
from ecgcore.simulate.shapes import AtrialShape, VentricularShape, bell, shift
from ecgcore.simulate.vector import PLATEAU, Component

# --- P waves -------------------------------------------------------------------------------
# Right atrium first, then left: each alone is made larger or later than in `library.P_SINUS`.
P_RIGHT = AtrialShape(
    "right atrial", (bell(46, 17, 0.075, 0.215, -0.130), bell(72, 17, 0.080, 0.080, 0.010))
)
P_BOTH = AtrialShape(
    "both atria", (bell(44, 16, 0.060, 0.190, -0.120), bell(90, 20, 0.110, 0.080, 0.125))
)
P_LEFT_LARGE = AtrialShape(
    "left atrial, large", (bell(38, 16, 0.055, 0.080, -0.050), bell(92, 20, 0.120, 0.085, 0.135))
)
# Injury of the atrial wall: PR falls where P is upright, rises in aVR.
P_PERICARDITIS = AtrialShape(
    "sinus, PR depressed",
    P_SINUS.p,
    after=(Component(112.0, 9.0, 26.0, (-0.050, -0.062, 0.020), 70.0, PLATEAU),),
)

# --- conduction and mass -------------------------------------------------------------------
# Up and to the left first, then down and to the right: rS in I and aVL, qR in III and aVF.
LPFB = VentricularShape(
    "left posterior fascicular block",
    (
        bell(15, 6.5, 0.30, -0.26, -0.22),
        bell(31, 8.2, 0.42, 0.22, -0.40),
        bell(50, 10.0, -0.14, 1.20, 0.26),
        bell(69, 9.5, -0.40, 0.46, 0.62),
        bell(86, 7.0, -0.10, 0.02, 0.12),
    ),
    (),
    (
        bell(268, 52, 0.095, 0.050, -0.055, fall_ms=40),
        bell(306, 42, 0.290, 0.110, -0.190, fall_ms=31),
    ),
    NORMAL_U,
)


def _quicken(parts: Parts, factor: float) -> Parts:
    return tuple(part.stretched(0.0, factor) for part in parts)


# As the complete block in its sequence, in less time and without its notch; half of its ST and T.
ILBBB = VentricularShape(
    "incomplete left bundle branch block",
    (
        bell(17, 7.5, 0.10, 0.04, -0.12),
        bell(42, 12.5, 0.82, 0.46, 0.36),
        bell(64, 12.0, 0.64, 0.22, 0.60),
        bell(86, 10.5, 0.16, 0.00, 0.34),
    ),
    (shift(90, 176, 45, -0.035, -0.008, -0.070),),
    (bell(304, 48, 0.080, 0.070, -0.210, fall_ms=36),),
    NORMAL_U,
)
# To the right and forwards: tall R in V1, deep S in V6, strain in V1 to V3 and the inferior leads.
RVH = VentricularShape(
    "right ventricular hypertrophy",
    (
        bell(15, 6.0, 0.06, -0.04, -0.20),
        bell(31, 8.0, 0.26, 0.36, -0.46),
        bell(48, 9.5, -0.42, 0.80, -0.66),
        bell(66, 10.0, -0.72, 0.24, -0.16),
        bell(83, 7.0, -0.20, -0.04, 0.06),
    ),
    (shift(86, 130, 55, 0.060, -0.055, 0.085),),
    (bell(312, 56, 0.230, -0.085, 0.240, fall_ms=33),),
)
# The left ventricle's voltage beside the right one's: large R and S in V2 to V4, axis to the right.
BVH = VentricularShape(
    "biventricular hypertrophy",
    (
        bell(16, 6.5, -0.10, -0.08, -0.40),
        bell(31, 8.5, 0.85, 0.42, -1.40),
        bell(48, 9.5, 1.20, 1.00, 0.40),
        bell(66, 10.0, -0.62, 0.64, 1.40),
        bell(84, 7.5, -0.34, 0.10, 0.16),
    ),
    (shift(88, 130, 58, -0.065, -0.050, 0.010),),
    (bell(316, 62, -0.190, -0.140, 0.050, fall_ms=31),),
)
# Voltage of the left ventricle without a change of ST and T.
LVH_VOLTAGE = VentricularShape(
    "left ventricular voltage",
    LVH_STRAIN.qrs,
    (),
    (
        bell(268, 52, 0.110, 0.080, -0.085, fall_ms=40),
        bell(306, 42, 0.330, 0.200, -0.240, fall_ms=31),
    ),
    NORMAL_U,
)
# Acute pressure in the right ventricle: S in I, Q in III, late r in V1, T negative in III, V1-V4.
pulmonary_embolism = make_change(
    "right ventricular strain",
    qrs=(
        bell(17, 7.5, 0.24, -0.13, 0.0),
        bell(60, 9.0, -0.22, 0.0, -0.12),
        bell(82, 10.0, -0.48, 0.02, -0.38),
    ),
    st=(shift(92, 120, 46, -0.030, -0.020, -0.020),),
    t=(
        bell(272, 50, 0.130, -0.010, 0.120, fall_ms=40),
        bell(306, 40, 0.300, 0.010, 0.340, fall_ms=32),
    ),
)
poor_r_progression = make_change(
    "poor R progression",
    qrs=(bell(30, 8.4, -0.30, 0.0, 0.46), bell(45, 9.0, -0.18, 0.0, 0.26)),
)


def low_limb_voltage(shape: VentricularShape) -> VentricularShape:
    """Leave little of what lies in the frontal plane; the chest leads keep their depth."""
    flat = tuple(
        replace(p, vector_mv=(0.40 * p.vector_mv[0], 0.24 * p.vector_mv[1], 1.30 * p.vector_mv[2]))
        for p in shape.qrs
    )
    return VentricularShape(f"{shape.name}, low limb voltage", flat, shape.st, shape.t, shape.u)


# --- J point and ST ------------------------------------------------------------------------
# A Gaussian at J that is no part of QRS: its onset is where QRS ends (Macfarlane 2015).
_TALL_T = (
    bell(262, 50, 0.150, 0.105, -0.130, fall_ms=40),
    bell(302, 42, 0.380, 0.250, -0.310, fall_ms=31),
)
# The wave at J stands on the end of R, without an S between them.
_NO_LATE_S = (bell(70, 9.0, 0.110, 0.080, -0.060),)
early_repolarisation = make_change(
    "early repolarisation, notch",
    qrs=_NO_LATE_S,
    st=(bell(100, 7.0, 0.125, 0.130, -0.010), shift(84, 120, 60, 0.062, 0.042, -0.070)),
    t=_TALL_T,
)
early_repolarisation_slur = make_change(
    "early repolarisation, slur",
    qrs=_NO_LATE_S,
    st=(bell(84, 13.0, 0.150, 0.160, -0.010), shift(80, 120, 60, 0.050, 0.050, -0.050)),
    t=_TALL_T,
)
pericarditis = make_change(
    "pericarditis",
    st=(shift(78, 140, 60, 0.135, 0.075, -0.055),),
    t=(
        bell(262, 52, 0.100, 0.072, -0.065, fall_ms=40),
        bell(302, 42, 0.250, 0.170, -0.150, fall_ms=31),
    ),
)
osborn = make_change(
    "hypothermia",
    qrs=_NO_LATE_S,
    st=(bell(104, 11.0, 0.280, 0.240, -0.130), shift(96, 120, 60, 0.020, 0.010, -0.020)),
    t=(
        bell(270, 52, 0.060, 0.040, -0.030, fall_ms=42),
        bell(312, 42, 0.140, 0.110, -0.090, fall_ms=36),
    ),
)
# A broad r' high in V1 and V2, a saddle that stays above the baseline, then T upright in V2.
brugada_2 = make_change(
    "Brugada type 2",
    qrs=(bell(84, 10.0, -0.110, -0.020, -0.150),),
    st=(Component(84.0, 8.0, 46.0, (-0.060, -0.030, -0.165), 20.0, PLATEAU),
        shift(84, 150, 50, -0.020, 0.0, -0.055)),
    t=(
        bell(268, 50, 0.080, 0.070, -0.060, fall_ms=40),
        bell(306, 42, 0.250, 0.190, -0.210, fall_ms=31),
    ),
)  # fmt: skip
# Scooped: ST sags in its middle and rises into a small T, as if a finger had pressed it down.
digitalis = make_change(
    "digitalis",
    st=(bell(158, 50, -0.160, -0.125, 0.020),),
    t=(bell(298, 28, 0.110, 0.085, -0.060, fall_ms=25),),
)
nonspecific_st_t = make_change(
    "nonspecific ST-T",
    st=(shift(84, 150, 50, -0.034, -0.026, 0.004),),
    t=(bell(300, 46, 0.045, 0.035, -0.020, fall_ms=36),),
)
# T negative in V1 to V3 as in childhood, shallow and asymmetric, without a shift of ST.
juvenile_t = make_change(
    "persistent juvenile T",
    t=(
        bell(262, 56, 0.100, 0.090, 0.090, fall_ms=42),
        bell(310, 38, 0.205, 0.180, 0.220, fall_ms=29),
    ),
)

# --- electrolytes --------------------------------------------------------------------------
hypokalaemia = make_change(
    "hypokalaemia",
    st=(shift(84, 160, 60, -0.060, -0.050, 0.040),),
    t=(bell(292, 40, 0.085, 0.060, -0.060, fall_ms=32),),
    u=(bell(452, 46, 0.120, 0.110, -0.165, fall_ms=52),),
)
prominent_u = make_change("prominent U", u=(bell(468, 30, 0.045, 0.050, -0.105, fall_ms=36),))
# QRS broad as a whole, P flat and late; T pointed.
HYPERKALAEMIA_MODERATE = VentricularShape(
    "hyperkalaemia, moderate",
    _quicken(NORMAL_QRS, 1.50),
    (),
    (
        bell(322, 34, 0.300, 0.260, -0.380, fall_ms=28),
        bell(324, 18, 0.110, 0.100, -0.140, fall_ms=16),
    ),
)
# QRS and T are one wave.
HYPERKALAEMIA_SINE = VentricularShape(
    "hyperkalaemia, sine wave",
    (
        bell(54, 22, 0.50, 0.34, -0.52),
        bell(122, 33, -0.42, -0.30, 0.60),
    ),
    (),
    (bell(292, 62, 0.40, 0.30, -0.52, fall_ms=62),),
)
P_FLAT = flat_p(flat_p(P_SINUS))
