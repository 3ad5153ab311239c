"""Acute and healed ischaemia as changes of a beat: a current of injury added to the heart vector.

Every vector points where the injured wall lies (left, feet, back); the leads that face it rise and
the opposite ones fall by themselves, so that reciprocal change and Einthoven's equations hold.

Sources
-------
Thygesen et al., Circulation 138:e618 (2018): limits by lead, age and sex, posterior and right
ventricular infarction.  Wagner et al., Circulation 119:e262 (2009): territories, aVR, pericarditis.
de Winter et al., N Engl J Med 359:2071 (2008).  de Zwaan et al., Am Heart J 103:730 (1982), and
Rhinehardt et al., Am J Emerg Med 20:638 (2002): Wellens A and B.  Sgarbossa et al., N Engl J Med
334:481 (1996); Smith et al., Ann Emerg Med 60:766 (2012): ratio of -0.25.  Yamaji et al., J Am Coll
Cardiol 38:1348 (2001): aVR in left main disease.  Smith, Am J Emerg Med 23:279 (2005): aneurysm, T
below .36 of QRS.
"""

from ecgcore.simulate.changes import OLD_ANTERIOR_QRS, make_change
from ecgcore.simulate.shapes import bell, shift
from ecgcore.simulate.vector import PLATEAU, Component

# First diagonal or obtuse marginal: up and to the left; I and aVL rise, III and aVF fall most.
high_lateral_stemi = make_change(
    "acute high lateral infarction",
    qrs=(bell(18, 7.5, -0.10, 0.10, 0.0),),
    st=(shift(70, 188, 46, 0.110, -0.250, 0.0),),
    t=(
        bell(256, 62, 0.130, -0.150, -0.040, fall_ms=44),
        bell(300, 42, 0.220, -0.060, -0.120, fall_ms=34),
    ),
)
# To the back: V1 to V4 fall, most in V2 and V3, and show the Q of the wall as a tall broad R.
_POSTERIOR_R = (
    bell(31, 10.0, -0.12, 0.0, -0.16),
    bell(47, 11.0, -0.16, 0.0, -0.52),
    bell(63, 11.0, -0.06, 0.0, -0.72),
)
_POSTERIOR_T = (
    bell(276, 50, 0.110, 0.060, -0.100, fall_ms=40),
    bell(312, 38, 0.200, 0.120, -0.330, fall_ms=33),
)
posterior_infarct = make_change(
    "acute posterior infarction",
    qrs=_POSTERIOR_R,
    st=(shift(72, 150, 34, 0.030, 0.020, 0.175),),
    t=_POSTERIOR_T,
)
inferoposterior_stemi = make_change(
    "acute inferoposterior infarction",
    qrs=(*_POSTERIOR_R, bell(17, 7.0, 0.04, -0.17, 0.02), bell(32, 8.0, 0.02, -0.15, 0.0)),
    st=(shift(72, 170, 42, -0.030, 0.215, 0.190),),
    t=(
        bell(262, 60, -0.030, 0.160, 0.060, fall_ms=44),
        bell(304, 42, 0.070, 0.220, -0.160, fall_ms=34),
    ),
)
old_posterior_infarct = make_change("old posterior infarction", qrs=_POSTERIOR_R, t=_POSTERIOR_T)
# Proximal right coronary artery: to the right as well as to the feet; III above II, V1 rises.
right_ventricular_infarct = make_change(
    "acute inferior and right ventricular infarction",
    qrs=(bell(17, 7.0, 0.02, -0.17, 0.02), bell(32, 8.0, 0.0, -0.15, 0.02)),
    st=(shift(70, 186, 46, -0.175, 0.235, -0.045),),
    t=(
        bell(262, 62, -0.110, 0.160, -0.020, fall_ms=44),
        bell(300, 42, 0.000, 0.220, -0.080, fall_ms=34),
    ),
)
# J low in V1 to V6, an upsloping ST, then a tall symmetric T; aVR a little high.
de_winter = make_change(
    "de Winter",
    qrs=(bell(30, 8.0, -0.12, 0.0, 0.12),),
    st=(Component(78.0, 8.0, 62.0, (-0.160, -0.050, 0.130), 12.0, PLATEAU),),
    t=(
        bell(296, 48, 0.230, 0.120, -0.330, fall_ms=40),
        bell(306, 36, 0.140, 0.060, -0.200, fall_ms=32),
    ),
)
# Reperfused anterior wall: T rises, then turns steeply negative (A), or is deeply negative (B).
wellens_a = make_change(
    "Wellens type A",
    st=(shift(82, 110, 40, 0.010, 0.0, -0.028),),
    t=(
        bell(228, 42, 0.090, 0.050, -0.150, fall_ms=30),
        bell(310, 26, 0.000, 0.060, 0.240, fall_ms=30),
        bell(290, 40, 0.110, 0.080, 0.020),
    ),
)
wellens_b = make_change(
    "Wellens type B",
    t=(bell(302, 40, -0.010, 0.150, 0.410, fall_ms=38),),
)
# Left main stem or three vessels: the whole subendocardium, away from the left and the apex.
left_main = make_change(
    "diffuse subendocardial ischaemia",
    st=(shift(78, 110, 66, -0.215, -0.170, 0.040),),
    t=(
        bell(286, 38, 0.020, 0.030, -0.040, fall_ms=32),
        bell(314, 34, 0.120, 0.090, -0.080, fall_ms=29),
    ),
)
# The first minutes: broad, symmetric T above R in V2 to V4, J hardly raised.
hyperacute_t = make_change(
    "hyperacute T",
    qrs=(bell(30, 8.5, -0.14, 0.0, 0.18),),
    st=(shift(72, 150, 50, 0.030, -0.020, -0.060),),
    t=(bell(288, 60, 0.340, 0.080, -0.500, fall_ms=50),),
)
old_lateral_infarct = make_change(
    "old lateral infarction",
    qrs=(bell(18, 8.0, -0.34, 0.16, 0.0), bell(31, 8.5, -0.60, 0.16, 0.02)),
    t=(
        bell(268, 50, -0.030, 0.080, -0.070, fall_ms=40),
        bell(306, 40, -0.110, 0.200, -0.170, fall_ms=31),
    ),
)
# QS in V1 to V3 with ST raised for good in a dome, and a small T.
lv_aneurysm = make_change(
    "left ventricular aneurysm",
    qrs=OLD_ANTERIOR_QRS,
    st=(shift(74, 176, 50, 0.040, -0.015, -0.150),),
    t=(
        bell(272, 46, 0.040, 0.070, -0.020, fall_ms=40),
        bell(316, 38, 0.060, 0.140, 0.200, fall_ms=34),
    ),
)

# On a left bundle branch block or a paced beat, whose own ST is opposite to QRS.
concordant_elevation = make_change(
    "concordant elevation", st=(shift(78, 240, 45, 0.300, 0.130, 0.060),)
)
concordant_depression = make_change(
    "concordant depression", st=(shift(78, 240, 45, -0.020, 0.0, 0.340),)
)
excessive_discordance = make_change(
    "excessive discordance", st=(shift(78, 240, 45, 0.020, -0.020, -0.420),)
)
