"""Beat morphologies as data: each a set of timed components of the heart vector.

QRS and T components are timed from QRS onset, in a heart at 60 beats a minute; P components from
P onset.  The sizes were drawn after published vectorcardiograms (Macfarlane et al., Comprehensive
Electrocardiology, 2nd ed., chapters 11-16) and the AHA/ACCF/HRS 2009 criteria of each statement
(Surawicz et al., Circulation 119:e235, for the conduction defects; Wagner et al., Circulation
119:e262, for ischaemia; Hancock et al., Circulation 119:e251, for hypertrophy; Rautaharju et al.,
Circulation 119:e241, for ST, T, U and QT).
"""

from ecgcore.simulate.shapes import AtrialShape, VentricularShape, bell, shift

# --- P waves -------------------------------------------------------------------------------
# Right atrium first (down, forwards), then left (left, backwards): biphasic in V1.
P_SINUS = AtrialShape(
    "sinus",
    (bell(44, 18, 0.075, 0.086, -0.062), bell(74, 19, 0.105, 0.052, 0.040)),
)
# From the low left-posterior right atrium: flat or negative in the inferior leads.
P_ECTOPIC = AtrialShape(
    "ectopic",
    (bell(38, 16, 0.050, -0.100, -0.050), bell(66, 17, 0.060, -0.070, 0.030)),
)
# From the high right atrium: like sinus, but narrower and more pointed.
P_HIGH = AtrialShape(
    "ectopic, high right atrial",
    (bell(32, 12, 0.035, 0.150, -0.050), bell(54, 13, 0.050, 0.080, 0.015)),
)
# A broad, notched P of an enlarged left atrium, as pressure overload brings.
P_LEFT = AtrialShape(
    "left atrial",
    (bell(36, 15, 0.050, 0.090, -0.050), bell(84, 19, 0.110, 0.080, 0.100)),
)
# From the AV node upwards, quickly and in both atria at once.
P_RETROGRADE = AtrialShape("retrograde", (bell(30, 11, -0.020, -0.150, -0.190),))
# From a lead in the right appendage: like sinus, a little flatter and broader.
P_PACED = AtrialShape(
    "paced",
    (bell(42, 19, 0.060, 0.085, -0.045), bell(80, 21, 0.090, 0.040, 0.040)),
)

# --- QRS, ST, T, U -------------------------------------------------------------------------
NORMAL_QRS = (
    bell(15, 6.0, -0.14, -0.06, -0.24),  # septum: q in I, V6; r in V1
    bell(30, 7.8, 0.50, 0.32, -0.42),  # apex, forwards: r grows from V2 to V4
    bell(44, 8.3, 1.10, 0.76, 0.32),  # left free wall
    bell(61, 9.0, 0.08, 0.06, 0.70),  # base, backwards: S in V1 to V3
    bell(77, 6.5, -0.11, -0.06, 0.12),
)
NORMAL_T = (
    bell(268, 52, 0.090, 0.072, -0.055, fall_ms=40),
    bell(306, 42, 0.280, 0.205, -0.190, fall_ms=31),
)
# Largest in V2 and V3, in the direction of T, about a tenth of it.
NORMAL_U = (bell(470, 26, 0.012, 0.014, -0.034, fall_ms=34),)
NORMAL = VentricularShape("normal", NORMAL_QRS, (), NORMAL_T, NORMAL_U)

LBBB = VentricularShape(
    "left bundle branch block",
    (
        bell(19, 9, 0.09, 0.04, -0.11),  # septum from right to left: no q
        bell(53, 17, 0.86, 0.36, 0.64),
        bell(78, 17, 0.40, 0.12, 0.52),
        bell(105, 16, 0.86, 0.06, 0.70),  # second peak: the notch
        bell(126, 13, 0.14, -0.04, 0.22),
    ),
    (shift(138, 188, 45, -0.075, -0.015, -0.150),),
    (bell(316, 58, -0.280, -0.060, -0.330, fall_ms=36),),
)
# Late right ventricle: rightwards and forwards.
RBBB_LATE = (
    bell(95, 15, -0.46, -0.06, -0.58, fall_ms=17),
    bell(121, 13, -0.18, 0.00, -0.16),
)
RBBB_T = (
    bell(270, 52, 0.095, 0.070, 0.040, fall_ms=40),
    bell(312, 42, 0.270, 0.185, 0.120, fall_ms=31),
)
RBBB = VentricularShape(
    "right bundle branch block",
    (
        *NORMAL_QRS[:2],
        bell(44, 8.3, 1.12, 0.74, 0.16),
        bell(60, 9.0, 0.22, 0.06, 0.34),
        *RBBB_LATE,
    ),
    (),
    RBBB_T,
    NORMAL_U,
)
IRBBB = VentricularShape(
    "incomplete right bundle branch block",
    (
        *NORMAL_QRS[:2],
        bell(44, 8.3, 1.10, 0.75, 0.26),
        bell(60, 8.0, 0.14, 0.04, 0.50),
        bell(84, 9.0, -0.24, -0.04, -0.36),
        bell(99, 6.0, -0.09, -0.02, -0.07),
    ),
    (),
    (
        bell(268, 52, 0.095, 0.072, -0.010, fall_ms=40),
        bell(306, 42, 0.280, 0.205, -0.060, fall_ms=31),
    ),
    NORMAL_U,
)
# Down and to the right first (r in II, III, aVF; q in I, aVL), then up and to the left.
LAFB_QRS = (
    bell(15, 6.0, -0.16, 0.22, -0.20),
    bell(31, 8.2, 0.42, 0.18, -0.38),
    bell(50, 9.5, 1.16, -0.86, 0.34),
    bell(70, 9.5, 0.22, -0.56, 0.66),
    bell(87, 7.0, -0.06, -0.14, 0.10),
)
LAFB = VentricularShape(
    "left anterior fascicular block",
    LAFB_QRS,
    (),
    (
        bell(268, 52, 0.080, 0.085, -0.070, fall_ms=40),
        bell(306, 42, 0.235, 0.225, -0.220, fall_ms=31),
    ),
    NORMAL_U,
)
RBBB_LAFB = VentricularShape(
    "right bundle branch block with left anterior fascicular block",
    (
        *LAFB_QRS[:2],
        bell(50, 9.5, 1.14, -0.88, 0.18),
        bell(68, 9.5, 0.36, -0.60, 0.28),
        *RBBB_LATE,
    ),
    (),
    RBBB_T,
    NORMAL_U,
)
LVH_STRAIN = VentricularShape(
    "left ventricular hypertrophy with strain",
    (
        bell(16, 6.5, -0.16, -0.08, -0.26),
        bell(31, 8.0, 0.62, 0.22, -0.30),
        bell(47, 9.5, 2.00, 0.72, 0.66),
        bell(65, 9.5, 0.36, 0.04, 1.16),
        bell(81, 7.0, -0.12, -0.10, 0.20),
    ),
    (shift(88, 130, 60, -0.095, -0.030, -0.075),),
    (bell(318, 66, -0.300, -0.080, -0.210, fall_ms=30),),
)
# The accessory pathway's delta vector, then what the usual path still activates: QRS begins
# early by as much as PR is short, and the J point stays where it was.
WPW_EARLY_MS = 38.0
WPW = VentricularShape(
    "pre-excitation",
    (
        bell(22, 10, 0.13, 0.05, -0.09),
        bell(38, 11, 0.27, 0.12, -0.18),
        bell(55, 11, 0.36, 0.24, -0.24),
        *(
            bell(c.at_ms + WPW_EARLY_MS, c.rise_ms, *(s * v for v in c.vector_mv))
            for c, s in zip(NORMAL_QRS[1:], (0.55, 0.90, 1.0, 1.0), strict=True)
        ),
    ),
    (shift(118, 130, 50, -0.055, -0.030, 0.020),),
    (bell(330, 56, -0.130, -0.075, 0.020, fall_ms=36),),
)
# From a lead at the apex of the right ventricle.
PACED = VentricularShape(
    "paced from the right ventricle",
    (
        bell(24, 11, 0.10, -0.08, -0.04),
        bell(60, 19, 0.66, -0.56, 0.42),
        bell(90, 19, 0.42, -0.66, 0.58),
        bell(122, 17, 0.56, -0.50, 0.60),
        bell(147, 12, 0.10, -0.10, 0.16),
    ),
    (shift(160, 170, 45, -0.070, 0.080, -0.140),),
    (bell(340, 60, -0.220, 0.300, -0.320, fall_ms=38),),
)
# An escape from the left posterior fascicle's network: right bundle branch block, left axis.
ESCAPE = VentricularShape(
    "ventricular escape",
    (
        bell(22, 10, 0.10, 0.16, -0.30),
        bell(54, 15, 0.78, -0.30, -0.24),
        bell(78, 15, 0.46, -0.72, -0.22),
        bell(110, 17, -0.44, -0.42, -0.46),
        bell(138, 13, -0.16, -0.10, -0.12),
    ),
    (shift(150, 150, 48, -0.020, 0.070, 0.080),),
    (bell(330, 58, 0.060, 0.260, 0.260, fall_ms=38),),
)
HYPERKALAEMIA_SEVERE = VentricularShape(
    "hyperkalaemia, severe",
    (
        bell(26, 12, -0.10, 0.06, -0.26),
        bell(60, 19, 0.66, 0.40, -0.10),
        bell(98, 22, 0.52, -0.02, 0.52),
        bell(140, 19, -0.30, -0.26, 0.30),
    ),
    (),
    (bell(312, 42, 0.430, 0.330, -0.520, fall_ms=36),),
)
# From the right ventricular outflow tract: like a left bundle branch block with inferior axis.
PVC_OUTFLOW = VentricularShape(
    "ventricular, outflow tract",
    (
        bell(30, 15, 0.06, 0.22, -0.16),
        bell(68, 22, 0.34, 1.08, 0.62),
        bell(98, 20, 0.30, 0.58, 0.74),
        bell(128, 14, -0.06, -0.10, 0.24),
    ),
    (shift(142, 150, 44, -0.050, -0.150, -0.140),),
    (bell(330, 62, -0.120, -0.420, -0.330, fall_ms=42),),
)
# From the inferior left ventricle: like a right bundle branch block with superior axis.
PVC_LEFT = VentricularShape(
    "ventricular, left inferior",
    (
        bell(30, 14, 0.16, -0.24, -0.30),
        bell(66, 21, -0.30, -0.94, -0.66),
        bell(98, 20, -0.62, -0.66, -0.36),
        bell(126, 14, -0.26, 0.10, 0.16),
    ),
    (shift(140, 150, 44, 0.080, 0.130, 0.090),),
    (bell(328, 62, 0.260, 0.360, 0.260, fall_ms=42),),
)
# From the apex of the right ventricle: left bundle branch block with superior axis.
PVC_APEX = VentricularShape(
    "ventricular, right apical",
    (
        bell(28, 13, 0.18, -0.10, -0.06),
        bell(66, 21, 0.84, -0.62, 0.50),
        bell(98, 20, 0.62, -0.74, 0.76),
        bell(130, 15, 0.18, -0.20, 0.30),
    ),
    (shift(144, 150, 44, -0.100, 0.090, -0.110),),
    (bell(332, 62, -0.330, 0.330, -0.340, fall_ms=42),),
)

ATRIAL_SHAPES = {
    shape.name: shape for shape in (P_SINUS, P_ECTOPIC, P_HIGH, P_LEFT, P_RETROGRADE, P_PACED)
}
VENTRICULAR_SHAPES = {
    shape.name: shape
    for shape in (
        NORMAL,
        LBBB,
        RBBB,
        IRBBB,
        LAFB,
        RBBB_LAFB,
        LVH_STRAIN,
        WPW,
        PACED,
        ESCAPE,
        HYPERKALAEMIA_SEVERE,
        PVC_OUTFLOW,
        PVC_LEFT,
        PVC_APEX,
    )
}
